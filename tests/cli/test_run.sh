# test_run.sh - `slipway run` and `slipway deps`: arguments, outputs, golden files, failures.
# ctest-labels: cli
. "$SLIPWAY_SOURCE_DIR/tests/cli/lib.sh"
scale=$programs/cli_scale.so
given="--arg total=1:f64:zeros --arg factor=2.5f --arg fail=0"
"$python" "$here/make_npy.py" make "$work"

for platform in cpu a2a3sim a5sim; do
    run 0 run "$scale" --platform $platform $given --arg x=4x8:f32:range --arg y=4x8 \
        --out y="$work/y.npy" --out total="$work/total.npy" --json
    no_err
    json "d['program'] == 'cli_scale' and d['platform'] == '$platform'"
    json 'd["tasks"] == 8 and d["runs"] == 1 and d["hits"] == 0 and d["misses"] == 1'
    json 'd["image_bytes"] > 0 and d["launch_bytes"] > 0'
    json 'd["resident_bytes"]["sm"] > 0 and len(d["rings"]) == 4'
    "$python" "$here/make_npy.py" check "$work/y.npy" '<f4' 4,8 range
    check $? "y.npy is 2.5 times a range"
    "$python" "$here/make_npy.py" check "$work/total.npy" '<f8' 1 sum
    check $? "total.npy is the sum, from the same start in every run"

    # A golden file gives an output its shape; every run after the first is a hit.
    run 0 run "$scale" --platform $platform $given --arg x="$work/good.npy" --runs 20 --audit \
        --golden y="$work/y.npy" --golden total="$work/total.npy" --tol 0 --json
    json 'd["hits"] == 19 and d["misses"] == 1'
    json 'all(g["ok"] and g["max_abs"] == 0 for g in d["golden"]) and len(d["golden"]) == 2'
    json 'd["audit"]["ok"] and d["audit"]["lost"] == 0 and d["audit"]["tasks"] == 8'

    run 0 run "$scale" --platform $platform $given --arg x="$work/good2.npy" --arg y=4x8:f32 \
        --runs 5 --cache-off --json
    json 'd["hits"] == 0 and d["misses"] == 5'

    # State and memory before the first run: no run is a miss.
    run 0 run "$scale" --platform $platform $given --arg x="$work/good.npy" --runs 2 --prefault \
        --prefault-heap --huge-pages --heap 1M --golden y="$work/y.npy" --json
    json 'd["hits"] == 2 and d["misses"] == 1 and d["miss_ns"]["p99"] == 0'
    json 'd["prewarm"]["heap_bytes"] == 4 * 1024 * 1024 and d["prewarm"]["lock_ns"] > 0'
    json '0 < d["prewarm"]["state_resident_bytes"] <= d["prewarm"]["state_bytes"]'
    run 0 run "$scale" --platform $platform $given --arg x="$work/good.npy" --prewarm \
        --golden y="$work/y.npy"
    out "prewarm   built in"

    # A kernel that fails, and a ring that is too small for the open scope.
    run 1 run "$scale" --platform $platform --arg total=1:f64:zeros --arg factor=1.0 --arg fail=3 \
        --arg x=4x8 --arg y=4x8
    err "SLIP_E_KERNEL_FAILED"
    err "scale"
    err "returned   7"
    no_out
    run 1 run "$scale" --platform $platform $given --arg x=16x8 --arg y=16x8 --window 4
    err "SLIP_E_RING_DEADLOCK"
    err "ring       0"
    err "task       submission 5"
    err "capacity   4"
done

run 0 run "$scale" $given --arg x="$work/spaces.npy" --threads 1 --runs 3 \
    --golden y="$work/y.npy" --out y="$work/again.npy"
same run
run 0 run "$scale" $given --arg x=4x8:f32:7 --arg y=4x8 --quiet
no_out
no_err

for dispatch in auto inline shared serial halves; do
    run 0 run "$scale" $given --arg x="$work/good.npy" --golden y="$work/y.npy" --tol 0 \
        --dispatch $dispatch --runs 3 --quiet
done

# Threads on a CPU of their own, or of the tests' own: more threads than CPUs share them.
cpu=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
run 0 run "$scale" $given --arg x="$work/good.npy" --golden y="$work/y.npy" --threads 3 \
    --placement "$cpu" --dispatch shared --runs 3
out "placement CPUs of the threads, thread 0 first: $cpu,$cpu,$cpu"
run 0 run "$scale" $given --arg x=4x8 --arg y=4x8 --placement "$cpu+caller" --json
json "d['placement'] == [$cpu]"
run 0 run "$scale" $given --arg x=4x8 --arg y=4x8 --json
json "d['placement'] == []"
run 1 run "$scale" $given --arg x=4x8 --arg y=4x8 --placement 0,8000
err "SLIP_E_INVALID_ARGUMENT"
err 'options.placement is "0,8000": place 1 names CPU 8000, and this machine has'
run 1 run "$scale" $given --arg x=4x8 --arg y=4x8 --placement "$cpu" --platform a2a3sim
err "platform 'a2a3sim' does not bind threads"
run 0 bench graph --threads 2 --placement "$cpu" --tasks 100 --repetitions 1 --pattern chain
run 1 bench bind --threads 2 --placement 8000
err "place 0 names CPU 8000"

run 2 run "$scale" $given --huge-pages
err "--huge-pages needs --prefault"

# What was computed is not what was expected.
run 1 run "$scale" --arg total=1:f64:zeros --arg factor=2.0 --arg fail=0 \
    --arg x="$work/good.npy" --golden y="$work/y.npy"
err "SLIP_E_MISMATCH (-31): --golden y: 31 elements differ by more than 1e-05"
out "different"
run 1 run "$scale" $given --arg x="$work/good.npy" --arg y=4x8 --golden y="$work/other_shape.npy"
err "SLIP_E_MISMATCH (-31): --golden y: the file has shape 8x4 of f32, the output 4x8 of f32"

# The graph of a run.
run 0 deps "$scale" $given --arg x=4x8 --arg y=4x8 --out "$work/graph.json"
out "graph.json: 8 tasks"
cp "$work/graph.json" "$work/stdout"
json 'len(d["tasks"]) == 8 and len(d["edges"]) >= 7'
run 0 deps "$scale" $given --arg x=4x8 --arg y=4x8 --out "$work/graph.dot" --format dot
cp "$work/graph.dot" "$work/stdout"
out "digraph"
out "->"
run 1 deps "$scale" $given --arg x=4x8 --arg y=4x8 --out "$work/no/such/folder.json"
err "folder.json"

# Arguments that are wrong.
run 2 run "$scale" $given --arg x=4x8
err "argument 'y' of program 'cli_scale' is missing: --arg y=SHAPE:TYPE or FILE"
run 2 run "$scale" $given --arg z=4x8
err "program 'cli_scale' has no argument 'z'; it has: x, y, total, factor, fail"
run 2 run "$scale" $given --arg x
err "--arg wants NAME=VALUE, not 'x'"
run 2 run "$scale" --arg x=4x8 --arg x=4x8
err "--arg x is given twice"
run 2 run "$scale" --arg x=4x8:f31
err "--arg x: unknown type 'f31'; f32"
run 2 run "$scale" --arg x=4x8:f32:purple
err "--arg x: unknown fill 'purple'"
run 2 run "$scale" --arg x=4x0
err "--arg x: wanted a shape"
run 2 run "$scale" --arg x=1x1x1x1x1x1
err "--arg x: wanted a shape of 1 to 5 sizes"
run 1 run "$scale" --arg x=4294967295x4294967295x4294967295
err "--arg x: the shape has more bytes than can be addressed"
run 2 run "$scale" --arg factor=two
err "--arg factor: wanted an integer, or a number such as 1.5f, found 'two'"
run 2 run "$scale" $given --arg x=4x8 --arg y=4x8 --out x="$work/x.npy"
err "--out: 'x' is not an output of program 'cli_scale'"
run 1 run "$scale" $given --arg x=4x8 --arg y=4x8 --out y="$work/no/folder/y.npy"
err "--out y: "
run 1 run "$scale" $given --arg x=4x8x2 --arg y=4x8
err "SLIP_E_SIGNATURE"
run 1 run "$scale" $given --arg x=4x8:f64 --arg y=4x8
err "SLIP_E_SIGNATURE"
run 1 run "$scale" $given --arg x=4x8 --arg y=4x8 --mode host-graph
err "SLIP_E_UNSUPPORTED"
err "has no graph builder"
run 1 run "$scale" $given --arg x=4x8 --arg y=4x8 --threads 4000000000
err "slipway run: SLIP_E_"
run 1 run "$scale" $given --arg x=4x8 --arg y=4x8 --platform a2a3sim --device 4000000000
err "slipway run: SLIP_E_"
run 1 run "$scale" $given --arg x=4x8 --arg y=4x8 --window 12
err "SLIP_E_SIZING"

# Programs that are none.
run 1 run "$work/absent.so"
err "SLIP_E_FILE"
err "absent.so"
echo "int main(void);" >"$work/text.so"
run 1 run "$work/text.so"
err "SLIP_E_NOT_A_PROGRAM"
run 1 run "$programs/cli_nosymbol.so"
err "SLIP_E_NOT_A_PROGRAM"
err "slip_program_descriptor"
run 1 run "$programs/cli_version.so"
err "SLIP_E_PROGRAM_VERSION"
err "42"
run 1 run "$programs/cli_nokernel.so"
err "SLIP_E_MISSING_KERNEL"
err "absent"
run 1 run "$programs/cli_nameless.so" --arg n=1 --arg m=2
err "argument 1 of program 'cli_nameless' has no name"
finish
