#compdef weeder
# Completes weeder's command line in zsh: source <(weeder completion --shell zsh)
# after compinit, or as the file _weeder in a directory of $fpath.

_weeder() {
	local -a found
	found=("${(@f)$(GO_FLAGS_COMPLETION=1 command weeder "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
	if [[ $found[1] == :files ]]; then
		[[ $PREFIX == --*=* ]] && compset -P '*='
		_files
		return
	fi
	# Each WORD:MEANING, as _describe has it.
	found=("${(@)found/$'\t'/:}")
	_describe weeder found
}

if [[ $funcstack[1] == _weeder ]]; then
	_weeder "$@"
else
	compdef _weeder weeder
fi
