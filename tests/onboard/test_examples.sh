#!/bin/bash
# test_examples.sh - the examples, the command line and the conformance suite on a device of its own,
# over the stand-in runtime. Results are checked by the examples; every print says what it ran over.
# ctest-labels: onboard example S6
# ctest-run: a2a3 a2a3
# ctest-run: a5 a5
# ctest-timeout: 600
set -euo pipefail
platform=$1
build=${SLIPWAY_BUILD_DIR:?}
export SLIPWAY_ACL_LIBRARY=$build/tests/libslipway_standin.so SLIPWAY_STANDIN_SOC=$platform
export SLIPWAY_DEVICE_PATH=$build/device
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "FAILED $*" >&2
    exit 1
}

examples=("vector" "cholesky" "paged_attention")
folder=${SLIPWAY_MODEL_DIR:-${HOME:-}/.cache/slipway}
if [ -x "$build/examples/minilm" ] && [ -f "$folder/model.safetensors" ] && [ -f "$folder/vocab.txt" ]; then
    examples+=("minilm --runs 2")
else
    echo "without minilm: it needs the model (scripts/fetch-model.sh), cJSON and OpenBLAS"
fi
for example in "${examples[@]}"; do
    echo "== $example"
    # shellcheck disable=SC2086 # name and options
    SLIPWAY_STANDIN_BOOKS=$scratch/books \
        "$build/examples/"$example --platform "$platform" >"$scratch/out" 2>&1 ||
        { cat "$scratch/out"; fail "$example"; }
    grep -q "stand-in" "$scratch/out" || { cat "$scratch/out"; fail "$example does not say what it ran over"; }
    for line in live_allocations live_streams live_binaries bad_addresses host_pointers \
        unbatched_launches closed_tasks; do
        grep -q "^$line 0$" "$scratch/books" || fail "$example: $(grep "^$line " "$scratch/books")"
    done
done

echo "== slipway info"
"$build/slipway" info --platform "$platform" >"$scratch/out" 2>&1
grep -q "stand-in" "$scratch/out" || { cat "$scratch/out"; fail "info"; }

echo "== slipway run"
"$build/slipway" run "$build/examples/vector.so" --platform "$platform" --runs 20 \
    --arg a=4096:f32:1 --arg b=4096:f32:2 --arg f=4096 --out f="$scratch/f.npy" \
    >"$scratch/out" 2>&1 || { cat "$scratch/out"; fail "run"; }
grep -q "stand-in" "$scratch/out" || { cat "$scratch/out"; fail "run"; }

echo "== slipway run --in-flight"
"$build/slipway" run "$build/examples/vector.so" --platform "$platform" --runs 40 --in-flight 8 \
    --arg a=4096:f32:1 --arg b=4096:f32:2 --golden f="$scratch/f.npy" --tol 0 \
    >"$scratch/out" 2>&1 || { cat "$scratch/out"; fail "run --in-flight"; }
grep -q "40, 8 in flight" "$scratch/out" || { cat "$scratch/out"; fail "run --in-flight"; }

echo "== slipway bench bind"
"$build/slipway" bench bind --platform "$platform" --hits 20 --misses 2 >"$scratch/out" 2>&1
grep -q "stand-in" "$scratch/out" || { cat "$scratch/out"; fail "bench"; }
cat "$scratch/out"

echo "== conformance"
"$build/tests/platform/test_conformance" "$platform"
