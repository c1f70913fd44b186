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
