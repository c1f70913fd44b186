#!/bin/bash
# test_vector.sh - the vector example and the minimal one, on the platform that follows --platform.
#
# ctest-labels: example
# ctest-run: cpu --platform cpu
# ctest-run: a2a3sim --platform a2a3sim
# ctest-run: a5sim --platform a5sim
. "$(dirname "$0")/example_checks.bash"

runs=20
passes "a vector" vector "$@" --runs $runs --audit 1
prints "right" "^tasks, last run *5$"
passes "one element" vector "$@" --runs 2 --n 1
passes "a length that is no multiple of anything" vector "$@" --runs 2 --n 100003
passes "one thread" vector "$@" --runs $runs --threads 1
passes "three threads" vector "$@" --runs $runs --threads 3

if [ "$2" = cpu ]; then
    passes "the minimal program" minimal
    prints "^success: 4 8 12$"
    passes "help" vector --help
    prints "^usage: " "--platform NAME"
    refuses "an unknown option" "'--sizes' is not an option" vector --sizes 3
    refuses "a value that is missing" "--runs needs a value" vector --runs
    refuses "no run" "--runs: wanted a whole number from 1 to" vector --runs 0
    refuses "a number that is none" "found '12x'" vector --n 12x
    fails "an unknown platform" "SLIP_E_UNKNOWN_PLATFORM" vector --platform abacus
    fails "a program file that is missing" "SLIP_E_FILE" vector --program /nonexistent.so
fi
checks_end
