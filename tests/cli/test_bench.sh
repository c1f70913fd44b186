# test_bench.sh - `slipway bench`: the form of the reports and what is promised besides times.
# ctest-labels: cli S3
# ctest-serial: yes
. "$SLIPWAY_SOURCE_DIR/tests/cli/lib.sh"

few='--hits 200 --misses 3'
for platform in cpu a2a3sim a5sim; do
    run 0 bench bind --json --platform $platform $few
    json "d['platform'] == '$platform' and d['hits'] == 200 and d['misses'] == 3"
    json 'set(d) == {"platform", "hits", "misses", "rows", "in_turn", "arguments", "runs", "first_run", "two_runners"}'
    json '[r["task_window"] for r in d["rows"]] == [64, 1024, 16384, 65536, 262144, 1048576]'
    json 'all(r["hit_image_bytes"] == 0 and 0 < r["miss_image_bytes"] <= 65536 for r in d["rows"])'
    json 'all(r["relaid_image_bytes"] == r["miss_image_bytes"] for r in d["rows"])'
    json 'all(set(r) == {"task_window", "miss_ns", "relaid_ns", "hit_ns", "miss_image_bytes", "relaid_image_bytes", "hit_image_bytes", "resident_bytes"} for r in d["rows"])'
    json 'all(0 < r[k]["p50"] <= r[k]["p99"] <= r[k]["p999"] for r in d["rows"] for k in ("miss_ns", "relaid_ns", "hit_ns"))'
    json 'all(r["resident_bytes"] > 0 for r in d["rows"])'
    json 'd["in_turn"]["sizings"] == 2 and d["in_turn"]["run_bind_ns"]["p50"] > 0 and d["in_turn"]["call_bind_ns"]["p50"] > 0'
    json 'd["arguments"]["tensors"] == 150 and d["arguments"]["changed"] == 2'
    json 'all(d["arguments"][k]["p50"] > 0 for k in ("run_bind_ns", "call_bind_ns", "call_set_and_run_ns"))'
    json 'set(d["runs"]) == {n + k for n in ("empty", "one_task") for k in ("_ns", "_untimed_ns", "_call_ns")}'
    json 'all(0 < t["p50"] <= t["p99"] <= t["p999"] for t in d["runs"].values())'
    json 'd["first_run"]["tasks"] == 1024 and d["first_run"]["prewarm_ns"]["p50"] > 0'
    json 'all(0 < r["bind_ns"]["p50"] < r["first_completion_ns"]["p50"] < r["run_ns"]["p50"] for r in (d["first_run"][k] for k in ("cold", "prewarmed", "warm")))'
    json 'all(d["two_runners"][k]["p50"] > 0 for k in ("alone_hit_ns", "together_hit_ns"))'
done
# What a call delivers depends on what changes, not on how many tensors there are.
for words in '--args 2 --changed 2' '--args 256 --changed 2'; do
    run 0 bench bind --json --hits 20 --misses 1 --sizings 8 $words
    json 'd["arguments"]["call_launch_bytes"] == 1136 + 2 * 64 and d["in_turn"]["sizings"] == 8'
done
run 0 bench bind --hits 20 --misses 1 --args 3 --changed 0
out "3 tensors of which 0 change (a call delivers 1136 bytes)"
out "hits of 2 sizings in turn"
out "prewarmed"
run 2 bench bind --sizings 9
err "--sizings wants 2 to 8, not 9"
run 2 bench bind --args 4 --changed 5
err "--changed wants 0 to 4, not 5"
run 2 bench bind --hits 0
err "--hits wants 1 to"
for threads in 1 2; do
    run 0 bench graph --json --threads $threads --tasks 3000 --repetitions 3
    json "d['threads'] == $threads and set(d) == {'threads', 'rows'}"
    json '{(r["pattern"], r["mode"]) for r in d["rows"]} >= {(p, m) for p in ("independent", "chain", "stencil", "tree", "random_nearest") for m in ("inline", "deferred", "shared", "halves")}'
    json 'all(set(r) == {"pattern", "mode", "tasks", "ns_per_task"} for r in d["rows"])'
    json 'all(r["tasks"] == 3000 and r["ns_per_task"] > 0 for r in d["rows"])'
done
run 0 bench graph --pattern stencil --tasks 1000 --repetitions 1
out "stencil"
run 0 bench graph --json --pattern chain --mode halves --threads 2 --tasks 1000 --repetitions 1
json '[(r["pattern"], r["mode"]) for r in d["rows"]] == [("chain", "halves")]'
finish
