# test_trace.sh - `slipway trace`: tables, conversion, bad logs; traces of real runs.
# ctest-labels: cli S9
. "$SLIPWAY_SOURCE_DIR/tests/cli/lib.sh"
scale=$programs/cli_scale.so

cat >"$work/log" <<'LOG'
a line of something else
slipway-trace 1 pid=7 tid=8 run=1 callable=00000000000000aa depth=0 span=run start_ns=1000 dur_ns=900 clock=host
slipway-trace 1 pid=7 tid=8 run=1 callable=00000000000000aa depth=2 span=run.bind.prebuilt start_ns=1010 dur_ns=300 clock=host cache=miss image_bytes=8192
slipway-trace 1 pid=7 tid=8 run=1 callable=00000000000000aa depth=1 span=run.launch start_ns=1400 dur_ns=400 clock=host
slipway-trace 1 pid=7 tid=8 run=1 callable=00000000000000aa depth=3 span=run.launch.device_wall.orch start_ns=5 dur_ns=100 clock=device
slipway-task 1 pid=7 run=1 task=0.16384 submission=1 kernel=scale"x core=30 type=aiv start_ns=25 dur_ns=40
slipway-trace 1 pid=7 tid=8 run=2 callable=00000000000000aa depth=0 span=run start_ns=3000 dur_ns=100 clock=host
slipway-trace 1 pid=7 tid=8 run=2 callable=00000000000000aa depth=2 span=run.bind.prebuilt start_ns=3010 dur_ns=10 clock=host cache=hit image_bytes=0
slipway-trace 9 something of a later version
LOG
run 0 trace "$work/log"
exact trace
run 0 trace "$work/log" --json
json 'd["lines"] == 9 and d["records"] == 7 and d["skipped"] == 2'
json '{s["name"]: s for s in d["spans"]}["run"] == {"name": "run", "count": 2, "mean_ns": 500, "p50_ns": 100, "p90_ns": 900, "p99_ns": 900, "max_ns": 900}'
json '"run.bind.prebuilt [cache=hit]" in [s["name"] for s in d["spans"]]'
run 0 trace "$work/log" --out "$work/t.json"
out "7 records, 2 lines of another form skipped"
cp "$work/t.json" "$work/stdout"
json 'len([e for e in d["traceEvents"] if e["ph"] == "X"]) == 7'
json '[(e["ts"], e["dur"]) for e in d["traceEvents"] if e["name"] == "run"] == [(0, 0.9), (2, 0.1)]'
# The device's clock starts elsewhere: its first time is put at the start of the launch.
json '[e["ts"] for e in d["traceEvents"] if e.get("cat") == "device"] == [0.4]'
json '[(e["ts"], e["args"]["task"]) for e in d["traceEvents"] if e.get("cat") == "task"] == [(0.42, "0.16384")]'
json '"core 30 (AIV)" in [e["args"].get("name") for e in d["traceEvents"]]'

run 1 trace "$work/absent"
err "absent: No such file or directory"
: >"$work/empty"
run 0 trace "$work/empty"
out "0 records in 0 lines"
span="slipway-trace 1 pid=7 tid=8 run=1 callable=aa depth=0 span=run start_ns=1 dur_ns=2 clock=host"
task="slipway-task 1 pid=7 run=1 task=0.4 submission=1 kernel=k core=0 type=aic start_ns=1 dur_ns=2"

# bad SED TEXT: a good line changed in one place is refused with the line's number.
bad() {
    { echo "$span"; echo "$task"; } | sed "$1" >"$work/bad"
    run 1 trace "$work/bad"
    err "$2"
}
bad '1s/start_ns=1/start_ns=1x/' "bad: line 1: field start_ns is '1x'; wanted a whole number in range"
bad '1s/dur_ns=2/dur_ns=99999999999999999999/' "line 1: field dur_ns is '99999999999999999999'"
bad '1s/ dur_ns=2//' "line 1: field dur_ns is missing"
bad '1s/clock=host/clock=wall/' "line 1: field clock is 'wall'; wanted host or device"
bad '1s/pid=7/pid=-7/' "line 1: field pid is '-7'"
bad '2s/task=0.4/task=4/' "line 2: field task is '4'; wanted RING.ID"
bad '2s/task=0.4/task=0./' "line 2: field task is '0.'"
bad '2s/type=aic/type=gpu/' "line 2: field type is 'gpu'; wanted aic or aiv"
bad '2s/core=0/core=4294967296/' "line 2: field core is '4294967296'"

# Real runs: the spans nest, and every task has its record.
for platform in cpu a2a3sim a5sim; do
    rm -f "$work/real"
    run 0 run "$scale" --platform $platform --arg total=1 --arg factor=1.0 --arg fail=0 \
        --arg x=4x8 --arg y=4x8 --runs 3 --trace "$work/real" --trace-tasks --quiet
    run 0 trace "$work/real" --json
    json 'd["skipped"] == 0 and {s["name"]: s["count"] for s in d["spans"]}["run"] == 3'
    json '{s["name"]: s["count"] for s in d["spans"]}["run.bind.prebuilt [cache=hit]"] == 2'
    json '{s["name"]: s["count"] for s in d["spans"]}["run.bind.prebuilt [cache=miss]"] == 1'
    json '{s["name"]: s["count"] for s in d["spans"]}["task scale"] == 12'
    run 0 trace "$work/real" --out "$work/t.json"
    cp "$work/t.json" "$work/stdout"
    json 'len([e for e in d["traceEvents"] if e.get("cat") == "task"]) == 24'
    json 'all(e["ts"] >= 0 and e["dur"] >= 0 for e in d["traceEvents"] if e["ph"] == "X")'
done
finish
