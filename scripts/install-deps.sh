#!/bin/bash
# install-deps.sh - installs the Debian packages that a task needs and that are missing.
#
# Usage: install-deps.sh build|test|demo|device|lint|format|peer-libomp|peer-tbb|peer-starpu|
#                        peer-plots|topology ...
# Called by the Makefile. Does nothing, and needs no network, when everything is there.
set -euo pipefail

# package:command - a command that is on the path counts, wherever it came from.
BUILD="gcc:gcc libc6-dev:- cmake:cmake ninja-build:ninja make:make libopenblas-serial-dev:-
       libcjson-dev:- libxxhash-dev:-"
TEST="g++:g++ git:git pkg-config:pkg-config python3:python3 python3-numpy:-
      valgrind:valgrind"
DEMO="python3:python3 python3-pip:- ca-certificates:-"
LINT="git:git python3:python3 clang-tidy:clang-tidy"
DEVICE="gcc-aarch64-linux-gnu:aarch64-linux-gnu-gcc libc6-dev-arm64-cross:- qemu-user:qemu-aarch64"
FORMAT="git:git clang-format:clang-format"
# Other task runtimes, for the benchmark only; each alone, so that one may be missing.
PEER_LIBOMP="clang:clang libomp-dev:-"
PEER_TBB="g++:g++ libtbb-dev:-"
PEER_STARPU="pkg-config:pkg-config libstarpu-dev:-"
# For libslipway_topology; without it everything else is built.
TOPOLOGY="libhwloc-dev:-"
PEER_PLOTS="python3:python3 python3-matplotlib:-"

# True if a package, or the command it is wanted for, is on this machine.
present() {
    local package=$1 command=$2 status
    if [ "$command" != "-" ] && command -v "$command" >/dev/null 2>&1; then
        return 0
    fi
    # A numbered libomp (libomp-19-dev) excludes the plain one and does as well.
    if [ "$package" = libomp-dev ] && compgen -G '/usr/lib/llvm-*/lib/libomp.so' >/dev/null; then
        return 0
    fi
    # Not a pipe: grep would end it early, and a dpkg that is still writing would count as failed.
    status=$(dpkg -s "$package" 2>/dev/null) || return 1
    grep -q '^Status: .* installed$' <<<"$status"
}

# Prints what to do by hand and ends.
give_up() {
    echo "install-deps: $1" >&2
    echo "install-deps: needed and missing: ${missing[*]}" >&2
    exit 1
}

wanted=""
for group in "$@"; do
    case $group in
    build) wanted+=" $BUILD" ;;
    test) wanted+=" $TEST" ;;
    demo) wanted+=" $DEMO" ;;
    device) wanted+=" $DEVICE" ;;
    lint) wanted+=" $LINT" ;;
    format) wanted+=" $FORMAT" ;;
    peer-libomp) wanted+=" $PEER_LIBOMP" ;;
    peer-tbb) wanted+=" $PEER_TBB" ;;
    peer-starpu) wanted+=" $PEER_STARPU" ;;
    peer-plots) wanted+=" $PEER_PLOTS" ;;
    topology) wanted+=" $TOPOLOGY" ;;
    *)
        echo "install-deps: unknown group '$group'; wanted build, test, demo, device, lint, format," \
            "topology or peer-*" >&2
        exit 2
        ;;
    esac
done

missing=()
for entry in $wanted; do
    package=${entry%%:*}
    if ! present "$package" "${entry##*:}" && [[ " ${missing[*]} " != *" $package "* ]]; then
        missing+=("$package")
    fi
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

command -v apt-get >/dev/null 2>&1 ||
    give_up "this machine has no apt-get; install the packages (Debian names) by its own means"
root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
        give_up "run this as root, or install sudo, or install the packages yourself"
    # sudo drops the environment, so the variable is set behind it.
    root=(sudo env DEBIAN_FRONTEND=noninteractive)
fi

echo "install-deps: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# A fresh machine may be updating itself: the lock is waited for.
install=("${root[@]}" apt-get install -y -q --no-install-recommends
    -o DPkg::Lock::Timeout=120 "${missing[@]}")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be absent or old: fetch them once, then try again.
if ! "${install[@]}" >"$log" 2>&1; then
    if ! "${root[@]}" apt-get update -q >"$log" 2>&1 || ! "${install[@]}" >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        give_up "the packages could not be installed; is there a network connection?"
    fi
fi
echo "install-deps: done"
