#!/usr/bin/env bash
# Measures the built binaries against the budgets, and prints the report.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${1:?give the directory of the binaries, then options of spec/bench}
shift
go build -trimpath -o "$bin/" ./spec/floor ./spec/bench
exec "$bin/bench" -bin "$bin" "$@"
