# shellcheck shell=bats
load support

@test "ping prints nothing where Garden answers" {
	equal "$(gaol ping 2>&1)" ""
}

@test "ping fails where nothing answers, and says where the target came from" {
	status=0
	gaol -t unix:///nowhere/garden.sock ping 2>errors || status=$?
	equal "$status" 1
	matches "$(<errors)" '^error: ping: no answer from garden at unix:///nowhere/garden.sock \(from --target\): '
	status=0
	GAOL_TARGET=unix:///nowhere/garden.sock gaol ping 2>errors || status=$?
	equal "$status" 1
	matches "$(<errors)" '\(from GAOL_TARGET\)'
}

@test "the target is taken from --target before GAOL_TARGET" {
	target=$GAOL_TARGET
	export GAOL_TARGET=unix:///nowhere/garden.sock
	gaol --target "$target" ping
	gaol ping -t "$target"
}
