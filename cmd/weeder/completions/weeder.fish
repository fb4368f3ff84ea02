# Completes weeder's command line in fish: weeder completion --shell fish | source

function __weeder_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l last (commandline -ct)
    set -l found (GO_FLAGS_COMPLETION=1 command weeder $words "$last" 2>/dev/null)
    if test "$found[1]" = :files
        set -l option (string match -r -- '^--[^=]*=' "$last")
        set -l paths (__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$last"))
        string join \n -- "$option"$paths
        return
    end
    string join \n -- $found
end

complete -c weeder -f -a '(__weeder_complete)'
