# shellcheck shell=bats
load support

@test "create prints the handle that Garden gave" {
	handle=$(gaol create)
	matches "$handle" '^[A-Za-z0-9-]+$'
	equal "$(gaol list)" "$handle"
}

@test "create takes the handle, short and long" {
	equal "$(gaol create -n one)" one
	equal "$(gaol create --handle two)" two
	equal "$(gaol list | sort)" $'one\ntwo'
}

@test "create sets variables of the environment, which run can replace" {
	gaol create -n it -e A=1 --env B=2
	# shellcheck disable=SC2016
	equal "$(gaol run it -a -c 'sh -c "echo $A$B"' -e B=3)" 13
}

@test "create takes each of gaol's flags" {
	equal "$(gaol create -n short -r /rootfs --username me --password secret -g 1h -p --network 10.1.0.0/30 -m /tmp:/tmp/host)" short
	equal "$(gaol create --handle long --rootfs /rootfs --grace 1h --privileged --bind-mount /tmp:/tmp/host:ro)" long
}

@test "create refuses a mode of a bind mount that there is not" {
	status=0
	gaol create -m .:/tmp/host:foo 2>errors || status=$?
	[ "$status" != 0 ]
	matches "$(<errors)" '^error: .*bind.mount'
	equal "$(gaol list)" ""
}

@test "create refuses a handle that is taken" {
	gaol create -n it
	status=0
	gaol create -n it 2>errors || status=$?
	equal "$status" 1
	matches "$(<errors)" '^error: '
}
