#!/bin/bash
# test_paged_attention.sh - the paged attention example on the platform that follows --platform.
#
# ctest-labels: example
# ctest-run: cpu --platform cpu
# ctest-run: a2a3sim --platform a2a3sim
# ctest-run: a5sim --platform a5sim
. "$(dirname "$0")/example_checks.bash"

passes "a decode of 20 tokens" paged_attention "$@" --runs 20 --audit 1
prints "right" "the same bytes" "bind, hit p99"
smallest=$(sed -n 's/.* \([0-9]*\) in the smallest$/\1/p' "$output")
check "at least 100 tasks a run, found ${smallest:-none}" test "${smallest:-0}" -ge 100
passes "blocks of 3 tokens, no groups, contexts from 1" paged_attention "$@" --runs 16 \
    --sequences 3 --heads 4 --kv-heads 4 --head-size 5 --block 3 --context 1
passes "one sequence, one head" paged_attention "$@" --runs 16 --sequences 1 --heads 1 \
    --kv-heads 1 --context 40
passes "one thread" paged_attention "$@" --runs 16 --sequences 2 --context 33 --threads 1 --seed 3
passes "four threads" paged_attention "$@" --runs 16 --sequences 2 --context 33 --threads 4 --seed 3

if [ "$2" = cpu ]; then
    refuses "heads that do not divide" "--heads: wanted a multiple" paged_attention --heads 3
fi
checks_end
