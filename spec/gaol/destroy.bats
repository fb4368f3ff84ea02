# shellcheck shell=bats
load support

@test "destroy prints nothing" {
	gaol create -n one
	gaol create -n two
	gaol create -n three
	equal "$(gaol destroy one two 2>&1)" ""
	equal "$(gaol list)" three
}

@test "destroy goes on after a failure, and exits 1" {
	gaol create -n one
	status=0
	gaol destroy nobody one 2>errors || status=$?
	equal "$status" 1
	matches "$(<errors)" '^error: unknown handle: nobody'
	equal "$(gaol list)" ""
}

@test "destroy - takes the handles from stdin" {
	gaol create -n one
	gaol create -n two
	gaol list | gaol destroy -
	equal "$(gaol list)" ""
}
