# What every file of these specs loads: a throw-away worker for each test.
# CALLED says how gaol is to be had: as the name of weeder itself (then this file
# has no part in it), or as an alias of it.

# shellcheck shell=bash
# shellcheck disable=SC2034  # status and errors are for the tests.

if [ "$CALLED" = alias ]; then
	shopt -s expand_aliases
	alias gaol=weeder
	# With the blank at its end, the word behind xargs is looked up, too.
	alias xargs='xargs '
fi

bats_require_minimum_version 1.5.0

# The options of the sandbox; files set their own after they load this one.
SANDBOX_OPTIONS=(--processes --containers 0 --leaked 0)

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	sandbox "${SANDBOX_OPTIONS[@]}" --ready-file ready.json >sandbox.log 2>&1 3>&- &
	SANDBOX=$!
	until [ -s ready.json ]; do
		kill -0 "$SANDBOX" || { cat sandbox.log >&2 && return 1; }
		sleep 0.02
	done
	# It prints the variables that lead to it.
	eval "$(grep '^ *export WEEDER_' sandbox.log)"
	# The target is given as to gaol.
	export GAOL_TARGET=$WEEDER_TARGET
	unset WEEDER_TARGET
}

teardown() {
	kill -INT "$SANDBOX" && wait "$SANDBOX"
}

# equal GOT WANTED
equal() {
	[ "$1" = "$2" ] || { printf 'got:    %q\nwanted: %q\n' "$1" "$2" >&2 && return 1; }
}

# matches GOT REGEX
matches() {
	[[ $1 =~ $2 ]] || { printf 'got:    %q\nwanted: %s\n' "$1" "$2" >&2 && return 1; }
}
