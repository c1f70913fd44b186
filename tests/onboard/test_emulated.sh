#!/bin/bash
# test_emulated.sh - the control program cross-built for aarch64, under user-mode emulation: a host
# of this machine's kind, a device process of the control processors' kind, programs for both. It
# proves build and logic, not the order of memory.
# ctest-labels: onboard
# ctest-run: a2a3 a2a3
# ctest-run: a5 a5
# ctest-timeout: 900
# ctest-serial: yes
set -euo pipefail
platform=$1
source=${SLIPWAY_SOURCE_DIR:?}
build=${SLIPWAY_BUILD_DIR:?}
device=$source/build-device
if ! command -v qemu-aarch64 >/dev/null || [ ! -e "$device/tests/standin_device" ]; then
    echo "skipped: no qemu-aarch64, or no $device: make device installs and builds them"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# A program for both sides: the host's object, and the device's beside it under the row's name.
for example in vector cholesky; do
    cp "$build/examples/$example.so" "$scratch/$example.so"
    cp "$device/examples/$example.so" "$scratch/$example.$platform.so"
done
export SLIPWAY_ACL_LIBRARY=$build/tests/libslipway_standin.so SLIPWAY_STANDIN_SOC=$platform
export SLIPWAY_STANDIN_DEVICE="qemu-aarch64 -L /usr/aarch64-linux-gnu $device/tests/standin_device"
export SLIPWAY_DEVICE_PATH=$device/device

inputs=(--arg a=64:f32:1 --arg b=64:f32:2)
"$build/slipway" run "$scratch/vector.so" "${inputs[@]}" --arg f=64 --out "f=$scratch/f.npy" --quiet

echo "== vector on emulated aarch64"
"$build/slipway" run "$scratch/vector.so" --platform "$platform" --runs 3 "${inputs[@]}" \
    --golden "f=$scratch/f.npy" >"$scratch/out" 2>&1 || { cat "$scratch/out"; exit 1; }
cat "$scratch/out"

echo "== a program without an object for the device"
rm "$scratch/cholesky.$platform.so"
if "$build/slipway" run "$scratch/cholesky.so" --platform "$platform" >"$scratch/out" 2>&1; then
    cat "$scratch/out"
    echo "FAILED: it was taken" >&2
    exit 1
fi
grep -q "build its .$platform.so beside it" "$scratch/out" || { cat "$scratch/out"; exit 1; }
