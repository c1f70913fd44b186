# test_usage.sh - help, versions and wrong command lines of every subcommand.
# ctest-labels: cli
. "$SLIPWAY_SOURCE_DIR/tests/cli/lib.sh"

run 0 --help
same help
no_err
run 0 --version
out "slipway 0."
for command in info run image deps trace; do
    run 0 $command --help
    same "help_$command"
    no_err
done
run 0 bench --help
same help_bench
run 0 bench bind --help
same help_bench_bind
run 0 bench graph --help
same help_bench_graph

run 2
err "a command is missing"
err "try 'slipway --help'"
run 2 rum
err "unknown command 'rum'; the nearest is 'run'"
run 2 xyzzy
err "unknown command 'xyzzy'"
run 2 --jsn
err "unknown option '--jsn'"
run 2 info --jsn
err "slipway info: unknown option '--jsn'; the nearest is '--json'"
err "try 'slipway info --help'"
no_out
run 2 run program.so --platfrom cpu
err "unknown option '--platfrom'; the nearest is '--platform'"
run 2 run program.so -x
err "unknown option '-x'"
run 2 info --json=yes
err "--json takes no value"
run 2 run program.so --runs
err "--runs wants a value: --runs N"
run 2 run program.so --runs ten
err "--runs wants a whole number from 0 to 4294967295, not 'ten'"
run 2 run program.so --runs 0
err "--runs wants a number from 1 to"
run 2 run program.so --runs -1
err "not '-1'"
run 2 run
err "PROGRAM.so is missing"
run 2 run one.so two.so
err "'two.so' is one argument too many"
run 2 info --platform cpy
err "unknown platform 'cpy'; the nearest is 'cpu' (there are cpu, "
run 2 run program.so --platform nowhere
err "unknown platform 'nowhere' (there are cpu, "
run 0 info --platform a2a3
out "default sizing: not to be had: platform 'a2a3'"
run 1 run program.so --platform a2a3
err "no CANN runtime: looked for libascendcl.so"
run 2 run program.so --mode hostgraph
err "--mode: unknown value 'hostgraph'; the nearest is 'host-graph'"
run 2 run program.so --dispatch quick
err "--dispatch: unknown value 'quick'"
run 2 run program.so --window 64,64
err "--window wants one number, or 4 separated by commas, not '64,64'"
run 2 run program.so --heap 1Q
err "--heap wants one number"
run 2 run program.so --dep-pool ,
err "--dep-pool wants one number"
run 2 run program.so --progress soon
err "--progress wants a time such as 500ms or 2s, not 'soon'"
run 2 run program.so --trace-tasks
err "--trace-tasks needs a trace"
run 2 run program.so --tol 1e-3
err "--tol needs something to compare"
run 2 run program.so --golden y=y.npy --tol -1
err "--tol wants a number of at least 0, not '-1'"
run 2 image
err "show is missing"
run 2 image shwo
err "unknown action 'shwo'; there is 'show'"
run 2 deps program.so
err "--out FILE is missing"
run 2 deps program.so --out g --format xml
err "--format: unknown value 'xml'; there are json and dot"
run 2 trace
err "LOG is missing"
run 2 trace log --json --out x
err "exclude each other"
run 2 bench
err "wanted 'bind' or 'graph'"
run 2 bench grpah
err "unknown measurement 'grpah'"
run 2 bench graph --tasks 0
err "--tasks wants a number of at least 1"
run 2 bench graph --pattern spiral
err "unknown pattern 'spiral'"
run 2 bench graph --mode upside-down
err "unknown mode 'upside-down'"
finish
