# test_info.sh - `slipway info` and `slipway image show`.
# ctest-labels: cli
. "$SLIPWAY_SOURCE_DIR/tests/cli/lib.sh"

run 0 info
out "slipway 0."
out "cpu "
out "a2a3sim "
out "a5sim "
out "no CANN runtime: looked for libascendcl.so"
out "window 16384, heap 256.0 MiB, dependency pool 16384"
out "none of SLIPWAY_* is set"
out "page size"
out "huge pages"

run 0 info --json
json 'd["version"].count(".") == 2'
json 'len([p for p in d["platforms"] if p["available"]]) >= 3'
json '[p["blocks"] for p in d["platforms"] if p["name"] == "a2a3sim"] == [24]'
json '[(p["aic"], p["aiv"]) for p in d["platforms"] if p["name"] == "a5sim"] == [(36, 72)]'
json '[p["counter_hz"] for p in d["platforms"] if p["name"] == "a2a3sim"] == [50000000]'
json '"CANN" in [p["missing"] for p in d["platforms"] if p["name"] == "a2a3"][0]'
json 'all(r == {"task_window": 16384, "heap_bytes": 1 << 28, "dep_pool": 16384} for r in d["default_sizing"])'
json 'len(d["default_sizing"]) == 4'
json 'd["machine"]["page_bytes"] >= 4096'

export SLIPWAY_RING_TASK_WINDOW=64,128,256,512
export SLIPWAY_RING_HAEP=1M
run 0 info
out "SLIPWAY_RING_TASK_WINDOW=64,128,256,512"
out "SLIPWAY_RING_HAEP=1M   (not read by the library)"
out "ring 1   window 128,"
run 0 info --json --platform a5sim
json '[r["task_window"] for r in d["default_sizing"]] == [64, 128, 256, 512]'
json 'd["environment"]["SLIPWAY_RING_HAEP"] == "1M"'
unset SLIPWAY_RING_TASK_WINDOW SLIPWAY_RING_HAEP

export SLIPWAY_RING_HEAP=8
run 0 info
err 'warning: SLIPWAY_RING_HEAP="8" is ignored'
check $(($(wc -l <"$work/stderr") == 1 ? 0 : 1)) "said once, though three platforms are opened"
out "heap 256.0 MiB"
unset SLIPWAY_RING_HEAP

# Where threads run. This machine's CPUs are whatever they are; the first one is enough.
cpu=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
run 0 info
out "no thread is bound"
out "topology"
run 0 info --placement "$cpu"
out "CPUs of the threads, thread 0 first: $cpu"
run 0 info --placement 0,8000 --json
json '"place 1 names CPU 8000" in [p["missing"] for p in d["platforms"] if p["name"] == "cpu"][0]'
run 0 info --placement 8000
out "placement: not to be had: options.placement is"
export SLIPWAY_PLACEMENT=$cpu
run 0 info --json
json "d['placement']['cpu'] == [$cpu] and d['environment']['SLIPWAY_PLACEMENT'] == '$cpu'"
export SLIPWAY_PLACEMENT=nearby
run 0 info
err 'warning: SLIPWAY_PLACEMENT="nearby" is ignored'
check $(($(wc -l <"$work/stderr") == 1 ? 0 : 1)) "said once, though three platforms are opened"
out "no thread is bound"
unset SLIPWAY_PLACEMENT
if [ -e "${cli%/slipway}/libslipway_topology.so" ]; then
    run 0 info --machine "pack:2 l3:2 core:3 pu:2"
    out "2 packages, 1 NUMA node, 4 L3 of"
    out "12 cores, 24 CPUs, 24 usable"
    out "package 1, NUMA node 0, L3 2: CPUs 12-17"
    out "compact placement, thread 0 first: 0-22:2,1-23:2"
    out "scatter placement, thread 0 first: 0,12,6,18,2,14,8,20,4,16,10,22,1,13,"
    run 0 info --machine "pack:2 core:2 pu:2" --json
    json 'd["placement"]["compact"] == [0, 2, 4, 6, 1, 3, 5, 7]'
    json 'd["placement"]["scatter"] == [0, 4, 2, 6, 1, 5, 3, 7]'
    json 'd["topology"]["cores"] == 4 and d["topology"]["usable"] == 8'
    json '[c["package"] for c in d["topology"]["usable_cpus"]] == [0] * 4 + [1] * 4'
    run 1 info --machine "pack:x"
    err "slipway info: --machine: hwloc does not understand this machine: pack:x"
    run 1 info --machine "pack:x" --json
    run 0 info --placement compact --json
    json 'd["placement"]["cpu"] == d["placement"]["compact"][: len(d["placement"]["cpu"])]'
    json 'len(d["placement"]["cpu"]) >= 1'
else
    run 0 info
    out "not known: built without hwloc (libhwloc-dev)"
    run 0 info --json
    json '"hwloc" in d["topology"]["missing"]'
    run 1 info --machine "pu:2"
    err "built without hwloc"
    run 1 info --machine "pu:2" --json
    run 0 info --placement compact
    out "libslipway_topology.so.0 is missing, which is built where hwloc (libhwloc-dev) is found"
fi
export SLIPWAY_LOG=loud
run 1 image show --window 5
err "SLIPWAY_LOG: wanted off, error, warn, info, debug or 0 to 4"
unset SLIPWAY_LOG

for platform in cpu a2a3sim a5sim; do
    run 0 image show --platform $platform --window 64,64,128,128 --heap 64K --json
    no_err
    json "d['key']['platform'] == '$platform'"
    json '[r["task_window"] for r in d["key"]["rings"]] == [64, 64, 128, 128]'
    json 'all(r["heap_bytes"] == 65536 for r in d["key"]["rings"])'
    json 'int(d["key"]["hash"], 16) != 0 and int(d["key"]["layout_fingerprint"], 16) != 0'
    json 'all(int(r["base"], 16) % 4096 == 0 and r["bytes"] > 0 for r in d["regions"].values())'
    json '0 < d["image_bytes"] <= 65536'
    json 'd["regions"]["heap"]["resident_bytes"] == 0'
    json 'all(0 < d["regions"][r]["resident_bytes"] <= 65536 for r in ("sm", "arena"))'
    json 'all(p["offset"] + p["bytes"] <= d["regions"][p["region"]]["bytes"] for p in d["parts"])'
    json 'any(p["in_image"] for p in d["parts"]) and any(not p["in_image"] for p in d["parts"])'
    json 'any("slots" in p["name"] for p in d["parts"])'
done
run 0 image show
out "layout fingerprint"
out "ring 3              window 16384"
out "image "
out "memory taken"
out "written"
run 1 image show --window 5
err "SLIP_E_SIZING"
err "5"
run 1 image show --heap 8
err "SLIP_E_SIZING"
finish
