# shellcheck shell=bats
load support

@test "properties prints a line for each, sorted, with a tab" {
	gaol create -n it -g 90s
	gaol properties it >out
	grep -q $'^garden.grace-time\t90000000000$' out
	LC_ALL=C sort -c out
}

@test "properties prints JSON with -j and --json, and no line end behind it" {
	gaol create -n it -g 90s
	gaol properties it -j >out
	grep -q '^  "garden.grace-time": "90000000000",$' out
	equal "$(tail -c 2 out)" $'\n}'
	gaol properties --json it | cmp out
}

@test "set-gracetime sets it, short and long" {
	gaol create -n it
	equal "$(gaol set-gracetime it -g 1h 2>&1)" ""
	equal "$(gaol list -p garden.grace-time=3600000000000)" it
	gaol set-gracetime it --grace 2h
	equal "$(gaol list -p garden.grace-time=7200000000000)" it
}

@test "set-gracetime to nothing needs a yes" {
	gaol create -n it
	status=0
	gaol set-gracetime it -g 0s </dev/null 2>errors || status=$?
	equal "$status" 2
	equal "$(gaol list)" it
	gaol set-gracetime it -g 0s --yes
	until [ -z "$(gaol list)" ]; do :; done
}
