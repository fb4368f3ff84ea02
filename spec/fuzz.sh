#!/usr/bin/env bash
# Runs each fuzz target so many times, one after the other. It takes a duration,
# too, but at its end go test now and then fails with "context deadline exceeded"
# (golang/go#75804).
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?give a number of runs, such as 10000x, or a duration}

grep -rlE --include='*_test.go' '^func Fuzz' . | while read -r file; do
	sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$file" | while read -r target; do
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x "$(dirname "$file")" </dev/null
	done
done
