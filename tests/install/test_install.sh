#!/bin/bash
# test_install.sh - installs into a temporary prefix and builds a consumer with it: through the CMake
# package (shared and static) and through pkg-config (shared and static).
#
# ctest-labels: install
set -euo pipefail

if [ -n "${SLIPWAY_SANITIZE:-}" ]; then
    echo "skipped: a consumer would need the sanitizer's runtime"
    exit 77
fi
if ! command -v pkg-config >/dev/null; then
    echo "skipped: pkg-config is not on this machine"
    exit 77
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
prefix=$scratch/prefix
consumer=$SLIPWAY_SOURCE_DIR/tests/install/consumer
cc=${CC:-cc}
passed=0

# Counts a passed step.
ok() {
    echo "ok: $1"
    passed=$((passed + 1))
}

cmake --install "$SLIPWAY_BUILD_DIR" --prefix "$prefix" >/dev/null
[ -x "$prefix/bin/slipway" ]
ok "command line installed"
for header in "$SLIPWAY_SOURCE_DIR"/include/slipway/*.h; do
    cmp "$header" "$prefix/include/slipway/${header##*/}"
done
ok "headers installed"
[ -f "$prefix/share/man/man1/slipway.1" ]
ok "man page installed"
installed=$("$prefix/bin/slipway" --version)
ok "command line runs: $installed"

pc=$(find "$prefix" -name slipway.pc)
export PKG_CONFIG_PATH=${pc%/*}
libdir=$(pkg-config --variable=libdir slipway)
version=$(pkg-config --modversion slipway)

cmake -S "$consumer" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="$cc" >/dev/null
cmake --build "$scratch/cmake" >/dev/null
"$scratch/cmake/consumer_shared" "$version"
ok "find_package, shared"
"$scratch/cmake/consumer_static" "$version"
ok "find_package, static"

if [ -e "$SLIPWAY_BUILD_DIR/libslipway_topology.so" ]; then
    "$scratch/cmake/topology_shared" >/dev/null
    ok "find_package, companion, shared"
    "$scratch/cmake/topology_static" >/dev/null
    ok "find_package, companion, static"
    read -r -a flags <<<"$(pkg-config --cflags --libs slipway_topology)"
    "$cc" -std=c11 "$consumer/topology.c" -o "$scratch/companion" "${flags[@]}"
    LD_LIBRARY_PATH=$libdir "$scratch/companion" >/dev/null
    ok "pkg-config, companion"
    # The command finds it beside its own folder, and the library beside itself.
    "$prefix/bin/slipway" info --placement compact | grep -q "CPUs of the threads, thread 0 first"
    ok "installed command finds the companion"
else
    [ ! -e "$libdir/libslipway_topology.so" ] && [ ! -e "$libdir/pkgconfig/slipway_topology.pc" ]
    ok "no companion without hwloc"
fi

read -r -a flags <<<"$(pkg-config --cflags --libs slipway)"
"$cc" -std=c11 "$consumer/consumer.c" -o "$scratch/shared" "${flags[@]}"
LD_LIBRARY_PATH=$libdir "$scratch/shared" "$version"
ok "pkg-config, shared"
read -r -a flags <<<"$(pkg-config --libs --static slipway)"
"$cc" -std=c11 -I"$prefix/include" "$consumer/consumer.c" -o "$scratch/static" \
    "${flags[@]/#-lslipway/-l:libslipway.a}"
"$scratch/static" "$version"
ok "pkg-config, static"

# The prefix may be moved: the package files are relative.
mv "$prefix" "$scratch/moved"
PKG_CONFIG_PATH=${PKG_CONFIG_PATH/$prefix/$scratch/moved}
[[ $(pkg-config --variable=libdir slipway) != *"$prefix"* ]]
cmake -S "$consumer" -B "$scratch/again" -DCMAKE_PREFIX_PATH="$scratch/moved" \
    -DCMAKE_C_COMPILER="$cc" >/dev/null
ok "prefix can be moved"
echo "$passed passed, 0 failed"
