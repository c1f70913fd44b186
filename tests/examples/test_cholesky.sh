#!/bin/bash
# test_cholesky.sh - the Cholesky example on the platform that follows --platform.
#
# ctest-labels: example
# ctest-run: cpu --platform cpu
# ctest-run: a2a3sim --platform a2a3sim
# ctest-run: a5sim --platform a5sim
. "$(dirname "$0")/example_checks.bash"

passes "256 in tiles of 32" cholesky "$@" --runs 3 --audit 1
prints "right" "^tasks, last run *149$"
passes "a tile that does not divide the matrix" cholesky "$@" --n 100 --tile 32 --runs 3 --audit 1
prints "right"
passes "small tiles, many dependencies" cholesky "$@" --n 96 --tile 8 --runs 5 --seed 7
passes "more tasks than a ring's window holds" cholesky "$@" --n 384 --tile 8 --runs 2
passes "one tile" cholesky "$@" --n 40 --tile 40 --runs 2
passes "one element" cholesky "$@" --n 1 --tile 1 --runs 2
passes "one thread" cholesky "$@" --n 128 --tile 16 --runs 3 --threads 1
passes "four threads" cholesky "$@" --n 128 --tile 16 --runs 10 --threads 4
passes "a run after a kernel that failed" cholesky "$@" --n 100 --tile 16 --runs 3 --indefinite 1
prints "^indefinite: SLIP_E_KERNEL_FAILED" "right"

if [ "$2" = cpu ]; then
    refuses "a tile larger than the matrix" "--tile: wanted at most --n" cholesky --n 3 --tile 4
fi
checks_end
