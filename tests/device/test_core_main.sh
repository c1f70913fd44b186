#!/bin/bash
# test_core_main.sh - the core program for the vendor's compiler is C++17 and does what it says, over
# played intrinsics, for both kinds of core.
# ctest-labels: unit
set -euo pipefail
source=${SLIPWAY_SOURCE_DIR:?}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for kind in "" -D__DAV_VEC__; do
    # Functions of the headers that a core does not call are there all the same.
    g++ -std=c++17 -O1 -Wall -Wextra -Wno-unused-function -Werror $kind -DSLIPI_CORE_MOCK \
        -I"$source/include" -I"$source/src" -I"$source/tests/device/core" \
        -x c++ "$source/tests/device/core/core_main_test.cc" -o "$scratch/core"
    "$scratch/core"
done
