# example_checks.bash - sourced by the test_*.sh of this folder: runs an example and looks at it.
#
# Every check prints one line; checks_end prints the count and ends with 0 or 1.

examples="${SLIPWAY_BUILD_DIR:?set by ctest}/examples"
output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0
failed=0

# check NAME COMMAND... - passes if the command does.
check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $name"
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
        cat "$output"
    fi
}

# exit_code CODE PROGRAM ARGUMENTS... - true if the example ends with that code.
exit_code() {
    local want=$1 program=$2
    shift 2
    "$examples/$program" "$@" >"$output" 2>&1
    local got=$?
    [ $got -eq "$want" ] || { echo "exit code $got, wanted $want: $program $*"; return 1; }
}

# passes NAME PROGRAM ARGUMENTS... - the example ends with 0.
passes() {
    local name=$1
    shift
    check "$name" exit_code 0 "$@"
}

# prints PATTERN... - what ran last printed lines that match.
prints() {
    local pattern
    for pattern in "$@"; do
        check "prints '$pattern'" grep -q -e "$pattern" "$output"
    done
}

# fails NAME TEXT PROGRAM ARGUMENTS... - the example ends with 1 and says TEXT.
fails() {
    local name=$1 text=$2
    shift 2
    check "$name" exit_code 1 "$@"
    prints "$text"
}

# refuses NAME TEXT PROGRAM ARGUMENTS... - the example ends with 2 and says TEXT.
refuses() {
    local name=$1 text=$2
    shift 2
    check "$name" exit_code 2 "$@"
    prints "$text"
}

# checks_end - prints the count and ends the test.
checks_end() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}
