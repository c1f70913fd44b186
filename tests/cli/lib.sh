# lib.sh - what the tests of the command line share. Sourced by tests/cli/test_*.sh.
#
# A test runs the program with `run EXPECTED_CODE arguments...` and then looks at what it printed
# with `out`, `err`, `no_out`, `no_err`, `same`, `exact` and `json`. Failures are printed and
# counted; `finish` ends the test.

set -u
cli=${SLIPWAY_BUILD_DIR:?run this with ctest}/slipway
programs=$SLIPWAY_BUILD_DIR/tests/programs
here=$SLIPWAY_SOURCE_DIR/tests/cli
python=${PYTHON:-python3}
if [ ! -x "$cli" ]; then
    echo "$cli is not there: build the target slipway_cli"
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
last=

# The tests choose their own environment.
for name in $(env | sed -n 's/^\(SLIPWAY_[A-Z_]*\)=.*/\1/p'); do
    unset "$name"
done

# Counts a check; prints it if it failed.
check() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
        echo "  after: slipway $last"
        sed 's/^/  stdout: /' "$work/stdout" | head -20
        sed 's/^/  stderr: /' "$work/stderr" | head -20
    fi
}

# run CODE ARGUMENTS...: runs the program and checks its exit code.
run() {
    local expected=$1 code=0
    shift
    last="$*"
    "$cli" "$@" >"$work/stdout" 2>"$work/stderr" || code=$?
    check $((code == expected ? 0 : 1)) "exit code $code, expected $expected"
}

# out TEXT: standard output contains the text.
out() {
    grep -qF -- "$1" "$work/stdout"
    check $? "standard output lacks '$1'"
}

# err TEXT: standard error contains the text.
err() {
    grep -qF -- "$1" "$work/stderr"
    check $? "standard error lacks '$1'"
}

# no_out: nothing on standard output.
no_out() {
    [ ! -s "$work/stdout" ]
    check $? "standard output is not empty"
}

# no_err: nothing on standard error.
no_err() {
    [ ! -s "$work/stderr" ]
    check $? "standard error is not empty"
}

# same NAME: standard output is expected/NAME.txt once times and sizes are replaced.
same() {
    sed -E -e 's/[0-9]+(\.[0-9]+)? (ns|us|ms|s)([ ,;]|$)/TIME\3/g' \
        -e 's/[0-9]+(\.[0-9]+)? (B|KiB|MiB|GiB)/SIZE/g' \
        -e "s#$work#WORK#g" "$work/stdout" >"$work/normal"
    diff -u "$here/expected/$1.txt" "$work/normal"
    check $? "standard output is not expected/$1.txt"
}

# exact NAME: standard output is expected/NAME.txt as it is.
exact() {
    diff -u "$here/expected/$1.txt" "$work/stdout"
    check $? "standard output is not expected/$1.txt"
}

# json EXPRESSION: standard output is JSON and the Python expression over it (`d`) is true.
json() {
    "$python" - "$work/stdout" "$1" <<'PY'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    d = json.load(file)
value = eval(sys.argv[2])
if not value:
    print("JSON check is false:", sys.argv[2])
sys.exit(0 if value else 1)
PY
    check $? "JSON: $1"
}

# Prints the summary and ends the test.
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit $?
}
