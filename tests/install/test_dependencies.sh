#!/bin/bash
# test_dependencies.sh - scripts/install-deps.sh and fetch-model.sh with faked tools: nothing is done
# when everything is there, what is missing is named and installed, no network ends in a clear
# message.
#
# ctest-labels: install
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
scripts=$SLIPWAY_SOURCE_DIR/scripts
bin=$scratch/bin
mkdir "$bin"
passed=0
failed=0

# The tools that the scripts themselves need; compilers and the like are not among them.
for tool in bash cat cut env grep head mktemp mkdir mv rm sha256sum tail; do
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$(command -v $tool)" >"$bin/$tool"
    chmod +x "$bin/$tool"
done

# fake NAME TEXT - writes a fake tool, in place of the real one if there is one.
fake() {
    rm -f "$bin/$1"
    printf '#!/bin/bash\n%s\n' "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}

# expect NAME STATUS WORD COMMAND... - runs a command and compares exit code and output.
expect() {
    local name=$1 status=$2 word=$3 output found=0
    shift 3
    output=$(env -i PATH="$bin" HOME="$scratch" LOG="$scratch/log" \
        SLIPWAY_MODEL_DIR="$scratch/model" "$@" 2>&1) || found=$?
    if [ "$found" -eq "$status" ] && [[ $output == *"$word"* ]]; then
        echo "ok: $name"
        passed=$((passed + 1))
    else
        echo "FAILED: $name: exit code $found (wanted $status), wanted '$word' in: $output"
        failed=$((failed + 1))
    fi
}

fake id 'echo 0'
fake dpkg 'echo "Status: install ok installed"'
fake apt-get 'echo "$*" >>"$LOG"; exit 1'
expect "all there: nothing to do" 0 "" "$scripts/install-deps.sh" build test demo lint format \
    peer-libomp peer-tbb peer-starpu peer-plots
expect "hwloc is there" 0 "" "$scripts/install-deps.sh" topology
expect "unknown group" 2 "unknown group 'everything'" "$scripts/install-deps.sh" everything
fake dpkg 'echo "Status: install ok installed"; printf "%0200000d\n" 0 2>/dev/null || exit 1'
expect "all there, in a long description" 0 "" "$scripts/install-deps.sh" build
[ ! -e "$scratch/log" ] || failed=$((failed + 1))

fake dpkg 'case $2 in libcjson-dev) exit 1 ;; *) echo "Status: install ok installed" ;; esac'
expect "no network" 1 "is there a network connection?" "$scripts/install-deps.sh" build
expect "no network: names the package" 1 "needed and missing: libcjson-dev" \
    "$scripts/install-deps.sh" build
fake apt-get 'echo "$*" >>"$LOG"'
rm -f "$scratch/log"
expect "installs what is missing" 0 "installing libcjson-dev" "$scripts/install-deps.sh" build
grep -q '^install .*libcjson-dev$' "$scratch/log" || failed=$((failed + 1))

rm -f "$scratch/log"
fake dpkg 'case $2 in libtbb-dev) exit 1 ;; *) echo "Status: install ok installed" ;; esac'
expect "a peer is not needed by the tests" 0 "" "$scripts/install-deps.sh" build test
[ ! -e "$scratch/log" ] || failed=$((failed + 1))
fake dpkg 'case $2 in libhwloc-dev) exit 1 ;; *) echo "Status: install ok installed" ;; esac'
expect "hwloc is not needed by a build" 0 "" "$scripts/install-deps.sh" build test
[ ! -e "$scratch/log" ] || failed=$((failed + 1))
expect "hwloc is installed alone" 0 "installing libhwloc-dev" "$scripts/install-deps.sh" topology
rm -f "$scratch/log"
fake dpkg 'case $2 in libtbb-dev) exit 1 ;; *) echo "Status: install ok installed" ;; esac'
expect "a peer is installed alone" 0 "installing libtbb-dev" "$scripts/install-deps.sh" peer-tbb

fake dpkg 'echo "Status: deinstall ok config-files"'
expect "a removed package is missing" 0 "gcc" "$scripts/install-deps.sh" build
for tool in gcc cmake ninja make; do
    fake $tool 'exit 0'
done
expect "a tool from elsewhere counts" 0 "installing libc6-dev libopenblas-serial-dev" \
    "$scripts/install-deps.sh" build
fake id 'echo 1000'
expect "no root and no sudo" 1 "run this as root" "$scripts/install-deps.sh" build
fake sudo 'echo "sudo $*" >>"$LOG"; exec "$@"'
rm -f "$scratch/log"
expect "installs through sudo" 0 "installing libc6-dev" "$scripts/install-deps.sh" build
grep -q '^sudo env DEBIAN_FRONTEND=noninteractive apt-get install ' "$scratch/log" ||
    failed=$((failed + 1))
rm "$bin/apt-get"
expect "no apt-get" 1 "no apt-get" "$scripts/install-deps.sh" build

fake python3 'exit 1'
expect "model without pip: names it" 1 "missing: python3-pip" "$scripts/fetch-model.sh"
expect "model without pip: says where to put it" 1 "$scratch/model" "$scripts/fetch-model.sh"
fake python3 '[[ $* == *--version ]] && exit 0; echo "could not connect" >&2; exit 1'
expect "model without network" 1 "is there a network connection?" "$scripts/fetch-model.sh"
expect "model without network: says where to put it" 1 "$scratch/model" "$scripts/fetch-model.sh"
mkdir -p "$scratch/model"
echo wrong >"$scratch/model/model.safetensors"
echo wrong >"$scratch/model/vocab.txt"
expect "files with other content do not count" 1 "network" "$scripts/fetch-model.sh"
# A fetch that delivers something else keeps nothing.
fake python3 'if [ "$1" = - ]; then echo other >"$2/model.safetensors"; echo other >"$2/vocab.txt"; fi'
expect "wrong content is refused" 1 "SHA-256" "$scripts/fetch-model.sh"
# It reads what it is given: a pipe that nobody reads would fail the writer now and then.
fake sha256sum 'cat >/dev/null; exit 0'
expect "model is there" 0 "" "$scripts/fetch-model.sh"
grep -q wrong "$scratch/model/vocab.txt" || failed=$((failed + 1))
left=$(find "$scratch/model" -name 'fetch.*')
[ -z "$left" ] || failed=$((failed + 1))

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
