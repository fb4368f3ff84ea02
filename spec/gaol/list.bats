# shellcheck shell=bats
load support

@test "list prints nothing where there is nothing" {
	equal "$(gaol list)" ""
}

@test "list filters by properties, short and long" {
	gaol create -n one -g 1h
	gaol create -n two -g 2h
	equal "$(gaol list -p garden.grace-time=3600000000000)" one
	equal "$(gaol list --properties garden.grace-time=7200000000000)" two
	equal "$(gaol list -p garden.grace-time=3600000000000 -p garden.state=created)" one
	status=0
	gaol list -p garden.grace-time 2>errors || status=$?
	[ "$status" != 0 ]
	equal "$(<errors)" "error: malformed property pair (must be name=value)"
}

@test "list --verbose prints the properties, and the separator behind each" {
	gaol create -n one
	gaol properties one | sed 's/^/  /; s/\t/=/' >lines
	equal "$(gaol list -v --separator $'==\n')" "one"$'\n'"$(<lines)"$'\n=='
	equal "$(gaol list --verbose)" "one"$'\n'"$(<lines)"
}

@test "list | xargs destroy destroys all" {
	gaol create -n one
	gaol create -n two
	gaol list | xargs gaol destroy
	equal "$(gaol list)" ""
}
