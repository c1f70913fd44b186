#!/bin/bash
# bench.sh - runs the command line's benchmarks, then every program of bench/.
#
# Usage: bench.sh BUILD_FOLDER     (PLATFORM=cpu|a2a3sim|a5sim)
set -euo pipefail

build=$1
platform=${PLATFORM:-cpu}

echo "machine: $(uname -sm), $(nproc) processors,$(grep -m 1 'model name' /proc/cpuinfo |
    cut -d: -f2 || true)"
echo "commit: $(git -C "$(dirname "$0")/.." describe --always --dirty 2>/dev/null || echo unknown)"
"$build/slipway" bench bind --platform "$platform"
for threads in 1 2; do
    "$build/slipway" bench graph --threads "$threads"
done
for program in "$build"/bench/*; do
    if [ -f "$program" ] && [ -x "$program" ]; then
        echo "== ${program##*/}"
        "$program"
    fi
done
