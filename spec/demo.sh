#!/usr/bin/env bash
# Shows weeder's main job on a throw-away worker with the incident of 2016 in
# it. Leaves nothing running and nothing on disk.
set -euo pipefail
bin=$(cd "${1:?give the directory of the binaries}" && pwd)
incident=eb8f2bbf-86e1-4603-4881-548c9133aa62

place=$(mktemp -d)
sandbox=
cleanup() {
	[ -z "$sandbox" ] || { kill "$sandbox" 2>/dev/null && wait "$sandbox"; } || true
	rm -rf "$place"
}
trap cleanup EXIT

"$bin/sandbox" --dir "$place/worker" --ready-file "$place/ready" >"$place/how" &
sandbox=$!
until [ -e "$place/ready" ]; do
	kill -0 "$sandbox" 2>/dev/null || { echo "the sandbox did not start" >&2; exit 1; }
	sleep 0.05
done
# The sandbox prints how to point weeder at it.
eval "$(grep -E '^ *export WEEDER_' "$place/how")"

show() {
	printf '\n$ weeder %s\n' "$*"
	"$bin/weeder" "$@"
}
head -n 1 "$place/how"
show scan
show explain "$incident"
show reap --dry-run
show reap --yes
show scan
