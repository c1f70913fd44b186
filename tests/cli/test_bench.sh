# test_bench.sh - `slipway bench`: the form of the reports and what is promised besides times.
# ctest-labels: cli S3
# ctest-serial: yes
. "$SLIPWAY_SOURCE_DIR/tests/cli/lib.sh"

for platform in cpu a2a3sim a5sim; do
    run 0 bench bind --json --platform $platform
    json "d['platform'] == '$platform' and set(d) == {'platform', 'rows', 'alternating_hit_ns'}"
    json '[r["task_window"] for r in d["rows"]] == [64, 1024, 16384, 65536]'
    json 'all(r["hit_image_bytes"] == 0 and r["miss_image_bytes"] > 0 for r in d["rows"])'
    json 'all(set(r) == {"task_window", "miss_ns", "hit_ns", "miss_image_bytes", "hit_image_bytes", "resident_bytes"} for r in d["rows"])'
    json 'all(set(r[k]) == {"p50", "p99"} for r in d["rows"] for k in ("miss_ns", "hit_ns"))'
    json 'all(r["resident_bytes"] > 0 for r in d["rows"]) and d["alternating_hit_ns"]["p50"] > 0'
done
for threads in 1 2; do
    run 0 bench graph --json --threads $threads --tasks 3000 --repetitions 3
    json "d['threads'] == $threads and set(d) == {'threads', 'rows'}"
    json '{(r["pattern"], r["mode"]) for r in d["rows"]} >= {(p, m) for p in ("independent", "chain", "stencil", "tree", "random_nearest") for m in ("inline", "deferred", "shared")}'
    json 'all(set(r) == {"pattern", "mode", "tasks", "ns_per_task"} for r in d["rows"])'
    json 'all(r["tasks"] == 3000 and r["ns_per_task"] > 0 for r in d["rows"])'
done
run 0 bench graph --pattern stencil --tasks 1000 --repetitions 1
out "stencil"
finish
