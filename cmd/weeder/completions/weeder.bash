# Completes weeder's command line in bash: source <(weeder completion --shell bash)

_weeder() {
	local line=${COMP_LINE:0:COMP_POINT} rest words=() n=-1 i
	# bash takes words apart at = and : too; blanks alone end one of weeder's.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		rest=${line#"${line%%[![:blank:]]*}"}
		if ((n < 0)) || [[ $rest != "$line" ]]; then
			words[++n]=
		fi
		if ((i == COMP_CWORD)); then
			words[n]+=$rest
		else
			words[n]+=${COMP_WORDS[i]}
			line=${rest#"${COMP_WORDS[i]}"}
		fi
	done
	words=("${words[@]//[\"\'\\]/}")

	local found
	mapfile -t found < <(GO_FLAGS_COMPLETION=1 command weeder "${words[@]:1}" 2>/dev/null)
	COMPREPLY=()
	if [[ ${found[0]-} == :files ]]; then
		compopt -o default
		return
	fi
	# What is before a = stays as it is typed.
	local typed=${words[n]} kept=
	if [[ $COMP_WORDBREAKS == *=* ]]; then
		kept=${typed%"${typed##*=}"}
	fi
	for i in "${found[@]}"; do
		i=${i%%$'\t'*}
		COMPREPLY+=("${i#"$kept"}")
	done
}

complete -F _weeder weeder
# An alias is completed by its own name. A program of that name is another one.
type -P gaol >/dev/null || complete -F _weeder gaol
