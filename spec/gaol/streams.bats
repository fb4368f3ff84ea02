# shellcheck shell=bats
load support

@test "stream-in and stream-out carry files there and back" {
	handle=$(gaol create)
	head -c 300000 /dev/urandom >file.bin
	tar c file.bin | gaol stream-in "$handle" --destination /etc/there
	mkdir back
	gaol stream-out "$handle" --source /etc/there/file.bin | tar xC back
	cmp file.bin back/file.bin
}

@test "stream-in and stream-out carry files from one container to another" {
	gaol create -n abc
	gaol create -n def
	echo hello >file.txt
	tar c file.txt | gaol stream-in abc -d ./foo
	gaol stream-out abc -s ./foo/ | gaol stream-in def -d ./foo
	equal "$(gaol stream-out def -s ./foo/file.txt | tar xO)" hello
}

@test "stream-in and stream-out take a user, short and long" {
	gaol create -n it
	echo hello >file.txt
	user=$(id -un)
	tar c file.txt | gaol stream-in it -d /foo -u "$user"
	tar c file.txt | gaol stream-in it -d /foo --user "$user"
	equal "$(gaol stream-out it -s /foo/file.txt -u "$user" | tar xO)" hello
	equal "$(gaol stream-out it -s /foo/file.txt --user "$user" | tar xO)" hello
}

@test "stream-out of what is not there fails" {
	gaol create -n it
	status=0
	gaol stream-out it -s /nowhere/file >out 2>errors || status=$?
	equal "$status" 1
	matches "$(<errors)" '^error: '
}

@test "stream-in of what is no tar stream fails" {
	gaol create -n it
	status=0
	head -c 2000 /dev/urandom | gaol stream-in it -d /foo 2>errors || status=$?
	equal "$status" 1
	matches "$(<errors)" '^error: '
}
