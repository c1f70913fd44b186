# test_in_flight.sh - `slipway run --in-flight`: runs that are submitted, several at once.
# ctest-labels: cli
. "$SLIPWAY_SOURCE_DIR/tests/cli/lib.sh"
double=$programs/cli_double.so
scale=$programs/cli_scale.so
"$python" "$here/make_npy.py" make "$work"
given="--arg x=$work/good.npy --arg fail=0"

run 0 run "$double" $given --arg y=4x8 --out y="$work/y.npy" --quiet
for platform in cpu a2a3sim a5sim; do
    for flight in 1 3 64; do
        run 0 run "$double" $given --platform $platform --golden y="$work/y.npy" --tol 0 \
            --runs 40 --in-flight $flight --audit --json
        no_err
        json "d['runs'] == 40 and d['in_flight'] == $flight and d['ns_per_run'] > 0"
        json 'd["hits"] == 39 and d["misses"] == 1 and d["tasks"] == 4'
        json 'd["golden"][0]["ok"] and d["golden"][0]["max_abs"] == 0 and d["audit"]["ok"]'
        # A run beside others has no bind time of its own; its own time is from submission to end.
        json 'd["hit_ns"]["p50"] == 0 and d["miss_ns"]["p50"] == 0 and 0 < d["run_ns"]["p50"]'
    done
    # Fewer runs than may be in flight, and no cache.
    run 0 run "$double" $given --platform $platform --golden y="$work/y.npy" --tol 0 --runs 2 \
        --in-flight 8 --cache-off --json
    json 'd["hits"] == 0 and d["misses"] == 2 and d["golden"][0]["ok"]'
    # What failed is told in full, and only once.
    run 1 run "$double" --platform $platform --arg x="$work/good.npy" --arg y=4x8 --arg fail=2 \
        --runs 10 --in-flight 4
    no_out
    err "SLIP_E_KERNEL_FAILED"
    err "kernel 'double' (index 0) returned 7"
    err "returned   7"
    err "task       submission 2"
    [ "$(grep -c SLIP_E_ "$work/stderr")" -eq 1 ]
    check $? "one failure is told"
    run 1 run "$double" $given --platform $platform --arg y=4x8 --in-flight 4 --window 12
    err "SLIP_E_SIZING"
done
run 0 run "$double" $given --golden y="$work/y.npy" --runs 5 --in-flight 4
out "runs      5, 4 in flight: one every "
out "run       p50 "
! grep -q "^bind" "$work/stdout"
check $? "no bind times beside runs"
run 0 run "$double" $given --golden y="$work/y.npy" --runs 5 --in-flight 0 --json
json '"in_flight" not in d and d["hit_ns"]["p50"] > 0'

run 2 run "$double" $given --in-flight 4 --replay
err "--in-flight and --replay exclude each other"
run 2 run "$double" $given --in-flight 65
err "--in-flight wants a number from 0 to 64, not 65"
run 2 run "$double" $given --in-flight some
err "--in-flight wants"
run 2 run "$double" $given --in-flight -1
err "--in-flight wants"
run 2 run "$double" $given --in-flight
err "--in-flight"
# An argument that is set back before each run cannot be in flight.
run 2 run "$scale" --arg total=1:f64:zeros --arg factor=1.0 --arg fail=0 --arg x=4x8 --arg y=4x8 \
    --in-flight 2
err "argument 'total' is INOUT"
finish
