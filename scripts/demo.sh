#!/bin/bash
# demo.sh - runs the two main examples: paged attention, then the sentence encoder.
#
# Usage: demo.sh BUILD_FOLDER     (PLATFORM=cpu|a2a3sim|a5sim)
# Called by `make demo`. The first half needs no network; the second fetches its model once.
set -euo pipefail

build=$1
platform=${PLATFORM:-cpu}
cd "$(dirname "$0")/.."

echo "== 1 of 2: paged attention, multi-step decode, on $platform"
"$build/examples/paged_attention" --platform "$platform"

echo
echo "== 2 of 2: all-MiniLM-L6-v2 sentence encoder, on $platform"
if ! scripts/fetch-model.sh; then
    echo "demo: the first half ran; the second half needs the model named above" >&2
    exit 1
fi
"$build/examples/minilm" --platform "$platform"
