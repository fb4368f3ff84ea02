#!/usr/bin/env bash
# What an operator does without weeder: lists the handles, reads each container's
# properties or bundle for its volumes, looks for these on disk, reads their
# ttl.json, and compares the time. Prints the handles of what is leaked. GARDEN is
# a Garden command line, such as gaol, with its options up to the command.
set -euo pipefail
if [ $# -lt 3 ]; then
	echo "usage: operator.sh VOLUMES-DIR DEPOT GARDEN..." >&2
	exit 2
fi
volumes=$1 depot=$2
shift 2

# gaol prints a property a line: its name, a tab, its value.
volumes_of() {
	local named
	named=$("$@" | sed -n 's/^concourse:volumes\t//p')
	if [ -n "$named" ]; then
		jq -r '.[]' <<<"$named"
	else
		jq -r '.root.path, .mounts[].source' "$depot/${*: -1}/config.json" | sed -n "s|^$volumes/live/\([^/]*\)/.*|\1|p"
	fi
}

is_leaked() {
	local expires_at
	if stat "$volumes/init/$1" >/dev/null 2>&1; then
		return 1
	fi
	if ! stat "$volumes/live/$1" >/dev/null 2>&1; then
		return 0
	fi
	# Bytes may follow the value: then jq prints it and fails.
	expires_at=$(jq 'select(.ttl > 0) | .expires_at' "$volumes/live/$1/ttl.json" 2>/dev/null) || true
	[ -n "$expires_at" ] && [ "$expires_at" -lt "$(date +%s)" ]
}

for handle in $("$@" list); do
	for volume in $(volumes_of "$@" properties "$handle"); do
		if is_leaked "$volume"; then
			echo "$handle"
			break
		fi
	done
done
