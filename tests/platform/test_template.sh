#!/bin/sh
# test_template.sh - the template platform runs one kernel; without cache hooks every bind misses.
# ctest-labels: example S6
set -eu
program="$SLIPWAY_BUILD_DIR/examples/template_platform"

out=$("$program" --runs 4)
echo "$out"
case "$out" in
*"4 runs, 4 misses, 0 hits, largest error 0"*"as expected"*) ;;
*) echo "wanted 4 misses, no hits and no error"; exit 1 ;;
esac

if "$program" --runs 0 >/dev/null; then
    echo "wanted a usage error"
    exit 1
fi
echo "2 passed, 0 failed"
