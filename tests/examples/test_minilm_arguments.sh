#!/bin/bash
# test_minilm_arguments.sh - wrong arguments and wrong model files of the sentence encoder.
#
# Needs no model.
#
# ctest-labels: example
. "$(dirname "$0")/example_checks.bash"

if [ ! -x "$examples/minilm" ]; then
    echo "skipped: examples/minilm is not built; it needs libcjson-dev and libopenblas-serial-dev"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$output" "$folder"' EXIT

passes "help" minilm --help
prints "^usage: " "--platform NAME" "--cache-off"
refuses "an unknown option" "'--sizes' is not an option" minilm --sizes 3
refuses "a value that is missing" "--runs needs a value" minilm --runs
refuses "no run" "--runs: wanted at least 1" minilm --runs 0
refuses "a number that is none" "found '12x'" minilm --runs 12x

fails "no model" "scripts/fetch-model.sh" minilm --model "$folder"
: >"$folder/model.safetensors"
fails "an empty file" "wanted a .safetensors file" minilm --model "$folder"
printf 'this is a text, and not a model' >"$folder/model.safetensors"
fails "a text" "SLIP_E_FORMAT: .*its length field says" minilm --model "$folder"
printf '\x02\0\0\0\0\0\0\0{}' >"$folder/model.safetensors"
fails "a model without tensors" "wanted tensor embeddings.word_embeddings.weight" \
    minilm --model "$folder"
rm "$folder/model.safetensors"
mkdir "$folder/model.safetensors"
fails "a folder" "SLIP_E_FILE: .*wanted a regular file" minilm --model "$folder"
checks_end
