#!/bin/bash
# run-tests.sh - configures, builds and runs tests; ends with one line "N passed, N failed".
#
# Usage: run-tests.sh all      every test, then the concurrency tests under each sanitizer
#        run-tests.sh asan|tsan|ubsan [LABELS]   the tests with a label that matches, under one
#                                  sanitizer; default: unit and concurrency tests
# Called by `make test` and `make check-*`. JOBS bounds the compilers and tests at once. A run goes
# on after a failure and tells all of them at the end.
set -uo pipefail

cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
passed=0
failed=0
names=()
skipped=()

# Adds up the results of one CTest run, from its JUnit file.
count_results() {
    local preset=$1 file=$2 line
    line=$(python3 - "$file" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

good, bad, omitted = [], [], []
for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
    skipped = case.find("skipped")
    if case.get("status") == "run":
        good.append(case.get("name"))
    elif skipped is None or not skipped.get("message", "").startswith("SKIP_RETURN_CODE"):
        bad.append(case.get("name"))  # failed, or could not be started
    else:
        omitted.append(case.get("name"))
print(len(good), len(bad), *bad, *omitted)
PYTHON
    ) || line="0 1 unreadable-results"
    read -r -a words <<<"$line"
    passed=$((passed + words[0]))
    failed=$((failed + words[1]))
    for name in "${words[@]:2:words[1]}"; do
        names+=("$preset:$name")
    done
    for name in "${words[@]:2+words[1]}"; do
        skipped+=("$preset:$name")
    done
}

# Counts a step that is no test, such as a build, as one failure.
step_failed() {
    failed=$((failed + 1))
    names+=("$1")
}

# run_preset PRESET LABELS TARGET... - builds the targets (none: all) and runs tests by label.
run_preset() {
    local preset=$1 labels=$2 folder=build results wrapper=()
    shift 2
    [ "$preset" = default ] || folder=build-$preset
    echo "== $preset"
    cmake --preset "$preset" >/dev/null || {
        step_failed "$preset:configure"
        return
    }
    # What does not build is one failure; the other tests are run all the same.
    cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"} -- -k 0 ||
        step_failed "$preset:build"
    results=$PWD/$folder/results.xml
    rm -f "$results"
    # The thread sanitizer's fixed memory layout can collide with randomized addresses.
    if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then
        wrapper=(setarch -R)
    fi
    "${wrapper[@]}" ctest --test-dir "$folder" --parallel "$jobs" --output-on-failure \
        --no-tests=error --output-junit "$results" ${labels:+-L "$labels"}
    count_results "$preset" "$results"
}

case ${1:-} in
all)
    run_preset default ""
    for sanitizer in asan tsan ubsan; do
        run_preset "$sanitizer" '^concurrency$' tests-concurrency
    done
    ;;
asan | tsan | ubsan)
    if [ -n "${2:-}" ]; then
        run_preset "$1" "$2"
    else
        run_preset "$1" '^(concurrency|unit)$' tests-concurrency tests-unit
    fi
    ;;
*)
    echo "usage: run-tests.sh all|asan|tsan|ubsan [LABELS]" >&2
    exit 2
    ;;
esac

for name in "${skipped[@]}"; do
    echo "skipped: $name"
done
for name in "${names[@]}"; do
    echo "failed: $name"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
