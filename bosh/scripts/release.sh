#!/usr/bin/env bash
# Fills src/ with the binary, so that this directory is a release that
# `bosh create-release` takes as it is. Where the bosh CLI is on the path, makes
# the tarball too.
#
# release.sh VERSION: the version that the binary tells.
set -euo pipefail

version=${1:?which version?}
release=$(cd "$(dirname "$0")/.." && pwd)
module=$(dirname "$release")
into=$release/src/weeder
target=(env CGO_ENABLED=0 GOOS=linux GOARCH=amd64)
tags=grpcnotrace

rm -rf "$into"
mkdir -p "$into"
cd "$module"
"${target[@]}" go build -trimpath -tags "$tags" -ldflags "-s -w -X main.version=$version" -o "$into/weeder" ./cmd/weeder
cp LICENSE "$into/LICENSE"
echo "$version" >"$into/VERSION"

# The licences of what is linked in want to go with it.
listed='{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{"\t"}}{{.Dir}}{{end}}{{end}}'
modules=$("${target[@]}" go list -deps -tags "$tags" -f "$listed" ./cmd/weeder | sort -u)
goroot=$(go env GOROOT)
modules+=$'\n'"Go $(go env GOVERSION)"$'\t'"$goroot"
while IFS=$'\t' read -r name dir; do
	[ -n "$name" ] || continue
	found=$(find "$dir" -maxdepth 1 -type f \( -iname 'LICEN[CS]E*' -o -iname 'COPYING*' -o -iname 'NOTICE*' \) | sort)
	if [ -z "$found" ]; then
		echo "no licence in $dir, of $name" >&2
		# Distributions put Go's elsewhere.
		[ "$dir" = "$goroot" ] && continue
		exit 1
	fi
	while read -r file; do
		printf '==== %s: %s\n\n' "$name" "$(basename "$file")"
		cat "$file"
		echo
	done <<<"$found"
done <<<"$modules" >"$into/THIRD-PARTY-LICENSES"

if command -v bosh >/dev/null; then
	bosh create-release --dir "$release" --force --tarball="$release/weeder-$version.tgz"
else
	echo "$release is a release: run bosh create-release --dir $release --force (no bosh CLI on the path)"
fi
