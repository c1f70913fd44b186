#!/bin/bash
# test_map.sh - what the tensor map looks at for an access does not depend on how many tiles are live.
#
# Counts only: 64 to 1 Mi tiles, in order and at random, tiles, panels and halos.
# ctest-labels: bench
# ctest-timeout: 300
set -euo pipefail
program=${SLIPWAY_BUILD_DIR:?}/bench/map
if [ ! -x "$program" ]; then
    echo "skipped: benchmarks are not built"
    exit 77
fi
"$program" --check
