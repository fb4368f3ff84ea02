#!/usr/bin/env bash
# Installs the given programs from Debian, each PROGRAM or, where its package has
# another name, PROGRAM:PACKAGE. Without root it says what is missing and how to
# get it, and lets the caller go on with the rest.
set -euo pipefail

missing=()
for need in "$@"; do
	command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "missing: ${missing[*]}: as root, run: apt-get install ${missing[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q update >/dev/null
apt-get -q install --yes --no-install-recommends "${missing[@]}" >/dev/null
