#!/usr/bin/env bash
# Measures the built binaries against the floor and prints the ratios.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${1:?give the directory of the binaries}
go build -trimpath -o "$bin/" ./spec/floor ./spec/bench
"$bin/bench" -bin "$bin"
