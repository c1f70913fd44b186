#!/bin/bash
# test_minilm.sh - the sentence encoder on the platform that follows --platform.
#
# Skipped without the model: scripts/fetch-model.sh fetches it. The example itself ends with 1 if an
# embedding differs from the stored reference by more than 1e-4, or token ids differ.
#
# ctest-labels: model example
# ctest-run: cpu --platform cpu
# ctest-run: a2a3sim --platform a2a3sim
# ctest-run: a5sim --platform a5sim
# ctest-timeout: 300
. "$(dirname "$0")/example_checks.bash"

folder=${SLIPWAY_MODEL_DIR:-${HOME:-}/.cache/slipway}
if [ ! -f "$folder/model.safetensors" ] || [ ! -f "$folder/vocab.txt" ]; then
    echo "skipped: no model in $folder; fetch it with scripts/fetch-model.sh"
    exit 77
fi
if [ ! -x "$examples/minilm" ]; then
    echo "skipped: examples/minilm is not built; it needs libcjson-dev and libopenblas-serial-dev"
    exit 77
fi

# Evaluates a Python expression over the JSON object `r` that was printed last.
holds() {
    "${PYTHON:-python3}" - "$output" "$1" <<'PYTHON'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    r = json.load(file)
sys.exit(0 if eval(sys.argv[2]) else 1)
PYTHON
}

passes "all lines" minilm "$@" --runs 2 --json
check "all lines are in the reference" holds "r['reference']['lines'] == 12"
check "token ids are equal" holds "r['reference']['token_mismatches'] == 0"
check "embeddings are near" holds "r['reference']['largest_difference'] <= 1e-4"
check "both versions agree" holds "r['largest_difference_sequential'] <= 1e-4"
check "at least 500 tasks a run" holds "all(line['tasks'] >= 500 for line in r['lines'])"
check "two sizings, two misses" holds "r['cache_on']['misses'] == 2"
check "all other runs are hits" holds "r['cache_on']['hits'] == 22"
check "no hit without the cache" holds "r['cache_off']['hits'] == 0"
check "pairs are nearest" holds \
    "all(r['lines'][i ^ 1]['nearest'] == i + 1 for i in (0, 1, 4, 5, 6, 7))"

text=$(mktemp)
trap 'rm -f "$output" "$text"' EXIT
{
    echo "a"
    echo
    for i in $(seq 300); do printf 'word '; done
    echo
    echo "last line, without an end"
} >"$text"
passes "a file of one's own, audited" minilm "$@" --file "$text" --runs 1 --audit 1
prints "^ *1  *3 " "^ *2  *256+" "no line of this file is in the reference" " 0 not ordered, "
passes "only without the cache" minilm "$@" --file "$text" --runs 1 --cache-off
prints "^cache off$"
if [ "$2" = cpu ]; then
    passes "one thread" minilm "$@" --threads 1 --runs 1
    prints "ratio" "cosine similarities"
    passes "three threads" minilm "$@" --threads 3 --runs 1
fi
checks_end
