# shellcheck shell=bats
load support

@test "run --attach shows what the command prints" {
	handle=$(gaol create)
	equal "$(gaol run "$handle" --attach --command "echo Sat 7 Feb")" "Sat 7 Feb"
	equal "$(gaol run -a -c "echo Sat 7 Feb" "$handle")" "Sat 7 Feb"
}

@test "run --attach keeps stdout and stderr apart, and exits as the command does" {
	gaol create -n it
	status=0
	gaol run it -a -c 'sh -c "echo out; echo err >&2; exit 7"' >out 2>errors || status=$?
	equal "$status" 7
	equal "$(<out)" out
	equal "$(<errors)" err
}

@test "run --attach gives stdin to the command" {
	gaol create -n it
	equal "$(printf 'one\ntwo\n' | gaol run it -a -c 'sort -r')" $'two\none'
}

# The variables are those of the container, not of this shell.
# shellcheck disable=SC2016
@test "run takes a directory, a user and variables, short and long" {
	gaol create -n it
	matches "$(gaol run it -a -d /tmp -u "$(id -un)" -e A=1 -c 'sh -c "echo $PWD $A"')" "/tmp 1$"
	matches "$(gaol run it --attach --dir /tmp --user "$(id -un)" --env A=1 --command 'sh -c "echo $PWD $A"')" "/tmp 1$"
}

@test "run prints the process's id, to which attach attaches" {
	gaol create -n it
	process=$(gaol run it --command 'sh -c "until [ -e go ]; do sleep 0.02; done; exit 3"')
	[ -n "$process" ]
	status=0
	gaol attach it --pid "$process" >out &
	attached=$!
	gaol run it -a -c 'touch go'
	wait "$attached" || status=$?
	equal "$status" 3
	status=0
	gaol attach it -p "$process" >/dev/null 2>&1 || status=$?
	[ "$status" != 0 ]
}

@test "attach shows what comes from then on" {
	gaol create -n it
	process=$(gaol run it -c 'sh -c "while [ ! -e stop ]; do echo tick; sleep 0.02; done"')
	gaol attach it -p "$process" >out &
	attached=$!
	until grep -q tick out; do kill -0 "$attached"; done
	gaol run it -a -c 'touch stop'
	wait "$attached"
}

@test "run without a command is a usage error" {
	gaol create -n it
	status=0
	gaol run it 2>errors || status=$?
	equal "$status" 2
	matches "$(<errors)" '^error: .*--command'
}

@test "run in a container that is not there says which may be meant" {
	gaol create -n conabc123
	status=0
	gaol run conabc -a -c date 2>errors || status=$?
	equal "$status" 1
	equal "$(<errors)" "error: unknown handle: conabc: did you mean conabc123?"
}

@test "attach to a process that is not there fails" {
	gaol create -n it
	status=0
	gaol attach it -p nope 2>errors || status=$?
	equal "$status" 1
	matches "$(<errors)" '^error: .*nope'
}

@test "shell without a terminal is a usage error" {
	gaol create -n it
	for user in "-u root" "--user root" ""; do
		status=0
		# shellcheck disable=SC2086
		gaol shell $user it </dev/null 2>errors || status=$?
		equal "$status" 2
		matches "$(<errors)" '^error: .*terminal'
	done
}
