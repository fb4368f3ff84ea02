# shellcheck shell=bats
load support

@test "net-in prints where the port of the host listens, short and long" {
	gaol create -n it
	matches "$(gaol net-in it -p 8080)" '^127\.0\.0\.1:[0-9]+$'
	matches "$(gaol net-in it --port 8081)" '^127\.0\.0\.1:[0-9]+$'
}

@test "net-out says that it is applied, short and long" {
	gaol create -n it
	range=(--ip-start 10.0.0.1 --ip-end 10.0.0.9 --port-start 80 --port-end 443)
	equal "$(gaol net-out it -p tcp "${range[@]}")" applied
	equal "$(gaol net-out it --protocol udp "${range[@]}")" applied
}

@test "net-out refuses what is no protocol and what is no address" {
	gaol create -n it
	for wrong in "--protocol icmp --ip-start 10.0.0.1" "--protocol tcp --ip-start here"; do
		status=0
		# shellcheck disable=SC2086
		gaol net-out it $wrong --ip-end 10.0.0.9 --port-start 80 --port-end 80 2>errors || status=$?
		equal "$status" 2
		matches "$(<errors)" '^error: '
	done
}
