#!/usr/bin/env bash
# Runs each fuzz target for the given time, one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?give a duration, such as 10s}

grep -rlE --include='*_test.go' '^func Fuzz' . | while read -r file; do
	sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$file" | while read -r target; do
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x "$(dirname "$file")" </dev/null
	done
done
