# shellcheck shell=bats
load support
# shellcheck disable=SC2034
SANDBOX_OPTIONS=(--containers 12 --leaked 3)

@test "scan tells the leaked from the others" {
	gaol scan --json >out
	grep -q '"orphan": 3' out
	grep -q '"containers": 12' out
	equal "$(gaol scan --only orphan | wc -l)" 3
}

@test "explain shows the evidence, and which handle may be meant" {
	handle=$(gaol scan --only orphan | sed -n '1s/ .*//p')
	matches "$(gaol explain "$handle")" "verdict orphan"
	status=0
	gaol explain "${handle:0:8}" 2>errors || status=$?
	equal "$status" 1
	matches "$(<errors)" "^error: unknown handle: ${handle:0:8}: did you mean .*$handle"
}

@test "reap destroys what is leaked, and history tells it" {
	matches "$(gaol reap --dry-run)" "would destroy"
	gaol reap --yes >out
	equal "$(grep -c destroyed out)" 3
	equal "$(gaol scan --only orphan)" ""
	equal "$(gaol list | wc -l)" 9
	equal "$(gaol history --json | grep -c '"destroyed"')" 3
}

@test "volumes shows those on disk" {
	matches "$(gaol volumes)" "live"
}

@test "leftovers says what is left" {
	matches "$(gaol leftovers --json)" '^\{'
}

@test "capacity shows how many containers fit" {
	matches "$(gaol capacity)" $'max containers +250$'
}

@test "version is one line" {
	equal "$(gaol version | wc -l)" 1
}

@test "completion is a script for each shell" {
	for shell in bash zsh fish; do
		[ -n "$(gaol completion --shell "$shell")" ]
	done
	gaol completion --shell bash | bash -n
}

@test "man is a manual page" {
	gaol man >out
	grep -q '^\.TH' out
}

@test "daemon --check checks the options" {
	gaol daemon --check
	status=0
	gaol daemon --check --interval soon 2>errors || status=$?
	equal "$status" 2
}

@test "help exits 0, for all and for each command" {
	gaol --help >out
	gaol run --help >out
}
