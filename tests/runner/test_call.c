/*
 * test_call.c - prepared calls: hits, changed arguments, what is refused and how, what is
 * delivered.
 *
 * ctest-labels: unit S3
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <slipway/platform.h>

#include "affine.h"
#include "support/check.h"
#include "support/failing_platform.h"
#include "wide.h"

static const char *platform;
static const uint32_t shape[1] = {AFFINE_ELEMENTS};

/* A runner with a call of the affine program over two host tensors. */
typedef struct fixture {
    slip_runner *runner;
    slip_callable callable;
    slip_call *call;
    float x[AFFINE_ELEMENTS];
    float y[AFFINE_ELEMENTS];
} fixture;

/* Opens and prepares, with one window for all rings. */
static void open_fixture(fixture *f, const struct slip_platform_ops *ops, uint64_t window)
{
    slip_run_config config = affine_config(window, 65536, 64);
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        f->x[i] = (float)i;
        f->y[i] = -1.0f;
    }
    f->runner = affine_open(platform, ops);
    f->callable = affine_register(f->runner);
    f->call = NULL;
    const slip_run_arg args[] = {slip_host_tensor(f->x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                 slip_host_tensor(f->y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                                 slip_scalar_arg(0)};
    CHECK_STATUS(SLIP_OK, slip_call_prepare(f->runner, f->callable, args, 3, &config, &f->call));
}

/* Closes; the call goes with its runner. */
static void close_fixture(fixture *f)
{
    slip_runner_close(f->runner);
}

/* Runs; true if it was good and y is 2 x + 1 for x = i + from. */
static bool right(fixture *f, float from)
{
    if (!CHECK_STATUS(SLIP_OK, slip_call_run(f->call))) {
        return false;
    }
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        if (f->y[i] != 2.0f * ((float)i + from) + 1.0f) {
            return false;
        }
    }
    return true;
}

/* The first run is a miss, the others are hits; contents may change between them. */
static void miss_then_hits(void)
{
    fixture f;
    open_fixture(&f, NULL, 64);
    CHECK_EQ(0, affine_stats(f.runner).misses);
    CHECK(right(&f, 0));
    for (uint32_t n = 1; n <= 20; n++) {
        for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
            f.x[i] += 1.0f;
        }
        CHECK(right(&f, (float)n));
        CHECK_EQ(0, affine_stats(f.runner).last_image_bytes);
    }
    slip_stats stats = affine_stats(f.runner);
    CHECK_EQ(1, stats.misses);
    CHECK_EQ(20, stats.hits);
    CHECK_EQ(21, stats.runs);
    CHECK_EQ(1, stats.sizes_derived);
    slip_call_destroy(f.call);
    CHECK(affine_good(f.runner, f.callable, NULL));
    close_fixture(&f);
}

/* A changed tensor and a changed scalar count from the next run on. */
static void changed_arguments(void)
{
    fixture f;
    float other[AFFINE_ELEMENTS];
    open_fixture(&f, NULL, 64);
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        other[i] = (float)i + 100.0f;
    }
    CHECK(right(&f, 0));
    slip_run_arg arg = slip_host_tensor(other, SLIP_F32, SLIP_ACCESS_IN, 1, shape);
    CHECK_STATUS(SLIP_OK, slip_call_set(f.call, 0, &arg));
    CHECK(right(&f, 100.0f));
    slip_run_arg code = slip_scalar_arg(17); /* what the second kernel returns */
    CHECK_STATUS(SLIP_OK, slip_call_set(f.call, 2, &code));
    CHECK_STATUS(SLIP_E_KERNEL_FAILED, slip_call_run(f.call));
    CHECK_EQ(17, affine_error(f.runner).code);
    code = slip_scalar_arg(0);
    CHECK_STATUS(SLIP_OK, slip_call_set(f.call, 2, &code));
    CHECK(right(&f, 100.0f));
    close_fixture(&f);
}

/* Two calls of different sizings in turn, between runs of a third: all of them hits. */
static void calls_in_turn(void)
{
    fixture f;
    open_fixture(&f, NULL, 64);
    slip_run_config config = affine_config(128, 65536, 64);
    const slip_run_arg args[] = {slip_host_tensor(f.x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                 slip_host_tensor(f.y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                                 slip_scalar_arg(0)};
    slip_call *second = NULL;
    CHECK_STATUS(SLIP_OK, slip_call_prepare(f.runner, f.callable, args, 3, &config, &second));
    for (uint32_t n = 0; n < 10; n++) {
        CHECK(right(&f, 0));
        CHECK_STATUS(SLIP_OK, slip_call_run(second));
        CHECK(affine_good(f.runner, f.callable, NULL));
    }
    CHECK_EQ(3, affine_stats(f.runner).misses);
    CHECK_EQ(27, affine_stats(f.runner).hits);
    slip_call_destroy(second);
    CHECK(right(&f, 0));
    close_fixture(&f);
}

/* An entry that was evicted is a miss again, one that is there a hit: exactly. */
static void evicted_entry(void)
{
    fixture f;
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .platform = platform, .cache_entries = 1};
    open_fixture(&f, NULL, 64);
    slip_runner_close(f.runner);
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &f.runner));
    f.callable = affine_register(f.runner);
    slip_run_config config = affine_config(64, 65536, 64);
    slip_run_config other = affine_config(128, 65536, 64);
    const slip_run_arg args[] = {slip_host_tensor(f.x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                 slip_host_tensor(f.y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                                 slip_scalar_arg(0)};
    CHECK_STATUS(SLIP_OK, slip_call_prepare(f.runner, f.callable, args, 3, &config, &f.call));
    for (uint32_t n = 0; n < 5; n++) {
        CHECK(right(&f, 0)); /* a miss: evicted by the run below */
        CHECK(right(&f, 0));
        CHECK(affine_good(f.runner, f.callable, &other));
    }
    slip_stats stats = affine_stats(f.runner);
    CHECK_EQ(10, stats.misses);
    CHECK_EQ(5, stats.hits);
    CHECK_EQ(9, stats.evictions);
    close_fixture(&f);
}

/* A heap that moves drops every entry: the call's next run is a miss, the one after it a hit. */
static void dropped_entry(void)
{
    fixture f;
    open_fixture(&f, NULL, 64);
    CHECK(right(&f, 0));
    slip_run_config huge = affine_config(64, UINT64_C(20) << 30, 64);
    slip_status status = slip_prewarm(f.runner, &huge);
    slip_stats before = affine_stats(f.runner);
    CHECK(right(&f, 0));
    CHECK(right(&f, 0));
    slip_stats after = affine_stats(f.runner);
    if (status == SLIP_OK && before.invalidations != 0) {
        CHECK_EQ(before.misses + 1, after.misses);
        CHECK_EQ(before.hits + 1, after.hits);
    } else {
        CHECK_EQ(before.hits + 2, after.hits + after.misses - before.misses);
    }
    close_fixture(&f);
}

/* What is wrong is refused and named, and the call stays as it was. */
static void refused_changes(void)
{
    fixture f;
    open_fixture(&f, NULL, 64);
    slip_run_arg scalar = slip_scalar_arg(1);
    slip_run_arg out = slip_host_tensor(f.x, SLIP_F32, SLIP_ACCESS_OUT, 1, shape);
    slip_run_arg type = slip_host_tensor(f.x, SLIP_I32, SLIP_ACCESS_IN, 1, shape);
    slip_run_arg null = slip_host_tensor(NULL, SLIP_F32, SLIP_ACCESS_IN, 1, shape);
    slip_run_arg flags = slip_host_tensor(f.x, SLIP_F32, SLIP_ACCESS_IN, 1, shape);
    flags.flags = 6;
    slip_run_arg constant_out = slip_host_tensor(f.y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape);
    constant_out.flags = SLIP_ARG_CONST;
    const struct {
        uint32_t index;
        const slip_run_arg *arg;
        slip_status status;
        const char *words;
    } cases[] = {
        {0, &scalar, SLIP_E_SIGNATURE, "argument 0 'x': wanted a tensor, found a scalar"},
        {2, &out, SLIP_E_SIGNATURE, "argument 2 'code': wanted a scalar, found a tensor"},
        {0, &out, SLIP_E_SIGNATURE, "argument 0 'x': wanted IN, found OUT"},
        {0, &type, SLIP_E_SIGNATURE, "argument 0 'x': wanted f4, found i4"},
        {0, &null, SLIP_E_BAD_TENSOR, "argument 0 'x': wanted memory, found a null pointer"},
        {0, &flags, SLIP_E_INVALID_ARGUMENT, "argument 0 'x': flags"},
        {1, &constant_out, SLIP_E_INVALID_ARGUMENT, "argument 1 'y': wanted SLIP_ARG_CONST on"},
        {3, &scalar, SLIP_E_INVALID_ARGUMENT, "argument 3: there is none"},
        {0, NULL, SLIP_E_INVALID_ARGUMENT, "argument 0: it is null"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_STATUS(cases[i].status, slip_call_set(f.call, cases[i].index, cases[i].arg));
        CHECK_CONTAINS(affine_error(f.runner).message, cases[i].words);
        CHECK(right(&f, 0));
    }
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_call_set(NULL, 0, &scalar));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_call_run(NULL));
    slip_call_destroy(NULL);
    close_fixture(&f);
}

/* What cannot be prepared is refused as a run would be. */
static void refused_preparations(void)
{
    fixture f;
    open_fixture(&f, NULL, 64);
    slip_call *call = f.call;
    slip_callable none = {12345};
    slip_run_config odd = affine_config(100, 65536, 64);
    slip_run_config graph = affine_config(64, 65536, 64);
    graph.mode = SLIP_MODE_HOST_GRAPH;
    slip_run_arg args[] = {slip_host_tensor(f.x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                           slip_host_tensor(f.y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                           slip_scalar_arg(0)};
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slip_call_prepare(f.runner, none, args, 3, NULL, &call));
    CHECK(call == NULL);
    CHECK_STATUS(SLIP_E_SIGNATURE, slip_call_prepare(f.runner, f.callable, args, 2, NULL, &call));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                 slip_call_prepare(f.runner, f.callable, NULL, 3, NULL, &call));
    CHECK_STATUS(SLIP_E_SIZING, slip_call_prepare(f.runner, f.callable, args, 3, &odd, &call));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                 slip_call_prepare(f.runner, f.callable, args, 3, NULL, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                 slip_call_prepare(NULL, f.callable, args, 3, NULL, &call));
    args[1].host = NULL;
    CHECK_STATUS(SLIP_E_BAD_TENSOR, slip_call_prepare(f.runner, f.callable, args, 3, NULL, &call));
    CHECK_CONTAINS(affine_error(f.runner).message, "argument 1 'y'");
    args[1].host = f.y;
    CHECK_STATUS(SLIP_OK, slip_call_prepare(f.runner, f.callable, args, 3, &graph, &call));
    CHECK_STATUS(SLIP_E_UNSUPPORTED, slip_call_run(call)); /* as slip_run: no builder */
    CHECK(right(&f, 0));
    close_fixture(&f);
}

/* A program that was unregistered cannot be run; the call can still be destroyed. */
static void unregistered_program(void)
{
    fixture f;
    open_fixture(&f, NULL, 64);
    slip_run_arg scalar = slip_scalar_arg(0);
    CHECK(right(&f, 0));
    CHECK_STATUS(SLIP_OK, slip_unregister(f.runner, f.callable));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slip_call_run(f.call));
    CHECK_CONTAINS(affine_error(f.runner).message, "slip_call_run");
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slip_call_set(f.call, 2, &scalar));
    f.callable = affine_register(f.runner); /* another registration is another handle */
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slip_call_run(f.call));
    slip_call_destroy(f.call);
    CHECK(affine_good(f.runner, f.callable, NULL));
    close_fixture(&f);
}

/* Device memory that was freed under a call is an error that names the argument. */
static void freed_memory(void)
{
    fixture f;
    slip_device_ptr memory[2];
    open_fixture(&f, NULL, 64);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_STATUS(SLIP_OK, slip_device_malloc(f.runner, sizeof(f.x), &memory[i]));
        CHECK_STATUS(SLIP_OK, slip_copy_to_device(f.runner, memory[i], f.x, sizeof(f.x)));
    }
    slip_run_arg arg = slip_device_tensor(memory[0], SLIP_F32, SLIP_ACCESS_IN, 1, shape);
    CHECK_STATUS(SLIP_OK, slip_call_set(f.call, 0, &arg));
    CHECK(right(&f, 0));
    CHECK_STATUS(SLIP_OK, slip_device_free(f.runner, memory[0]));
    for (uint32_t n = 0; n < 2; n++) {
        CHECK_STATUS(SLIP_E_BAD_TENSOR, slip_call_run(f.call));
        CHECK_CONTAINS(affine_error(f.runner).message, "argument 0 'x'");
        CHECK_CONTAINS(affine_error(f.runner).message, "freed");
    }
    arg.device = memory[1];
    CHECK_STATUS(SLIP_OK, slip_call_set(f.call, 0, &arg));
    f.y[0] = -1.0f;
    CHECK(right(&f, 0));
    close_fixture(&f);
}

/* True if the platform's device uses host memory where it is. */
static bool in_place(slip_runner *runner)
{
    slip_runner_info info = {.struct_size = (uint32_t)sizeof(info)};
    return slip_runner_describe(runner, &info) == SLIP_OK && info.host_in_place != 0;
}

/* Contents that are promised not to change are copied once; others at every run. */
static void constant_contents(void)
{
    fixture f;
    slip_device_ptr memory;
    open_fixture(&f, NULL, 64);
    uint64_t once = in_place(f.runner) ? 0 : sizeof(f.x);
    slip_run_arg arg = slip_host_tensor(f.x, SLIP_F32, SLIP_ACCESS_IN, 1, shape);
    CHECK(right(&f, 0));
    CHECK_EQ(once, affine_stats(f.runner).copy_in_bytes);
    CHECK(right(&f, 0));
    CHECK_EQ(2 * once, affine_stats(f.runner).copy_in_bytes);
    arg.flags = SLIP_ARG_CONST;
    CHECK_STATUS(SLIP_OK, slip_call_set(f.call, 0, &arg));
    CHECK(right(&f, 0)); /* another kind of argument: once more */
    CHECK_EQ(3 * once, affine_stats(f.runner).copy_in_bytes);
    CHECK(right(&f, 0));
    CHECK_EQ(3 * once, affine_stats(f.runner).copy_in_bytes);
    CHECK(affine_good(f.runner, f.callable, NULL));
    uint64_t before = affine_stats(f.runner).copy_in_bytes;
    CHECK(right(&f, 0)); /* the runner's staging is new: once more */
    uint64_t after = affine_stats(f.runner).copy_in_bytes;
    CHECK_EQ(before + once, after);
    CHECK(affine_good(f.runner, f.callable, NULL));
    before = affine_stats(f.runner).copy_in_bytes;
    CHECK(right(&f, 0)); /* another run's tensors do not lie over these */
    CHECK_EQ(before, affine_stats(f.runner).copy_in_bytes);
    CHECK_STATUS(SLIP_OK, slip_call_set(f.call, 0, &arg));
    CHECK(right(&f, 0));
    CHECK_EQ(before + once, affine_stats(f.runner).copy_in_bytes);
    CHECK_STATUS(SLIP_OK, slip_device_malloc(f.runner, 4096, &memory));
    CHECK(right(&f, 0));
    CHECK_EQ(before + 2 * once, affine_stats(f.runner).copy_in_bytes);
    close_fixture(&f);
}

/* slip_run promises nothing: it copies what a call would not. */
static void constant_is_for_calls(void)
{
    fixture f;
    open_fixture(&f, NULL, 64);
    slip_run_arg args[] = {slip_host_tensor(f.x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                           slip_host_tensor(f.y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                           slip_scalar_arg(0)};
    args[0].flags = SLIP_ARG_CONST;
    for (uint32_t n = 0; n < 3; n++) {
        f.x[0] = (float)n;
        CHECK_STATUS(SLIP_OK, slip_run(f.runner, f.callable, args, 3, NULL));
        CHECK_NEAR(2 * n + 1, f.y[0], 0);
    }
    close_fixture(&f);
}

/* 150 tensors of which two change: two rows are delivered, whatever the number of tensors. */
static void two_of_many(void)
{
    wide w;
    uint64_t fixed = 0;
    const uint32_t counts[] = {4, 150};
    for (uint32_t c = 0; c < 2; c++) {
        wide_open(&w, platform, failing_platform_wrap(slip_platform_find(platform)), counts[c]);
        CHECK(wide_right(&w));
        uint64_t copied = failing_platform_copied_to();
        CHECK(wide_right(&w));
        slip_stats stats = affine_stats(w.runner);
        fixed = c == 0 ? stats.last_launch_bytes : fixed;
        CHECK_EQ(fixed, stats.last_launch_bytes); /* with nothing changed */
        CHECK_EQ(in_place(w.runner) ? 0 : fixed, failing_platform_copied_to() - copied);
        for (uint32_t n = 0; n < 50; n++) {
            wide_exchange(&w, n % w.count, (n + 1) % w.count);
            copied = failing_platform_copied_to();
            CHECK(wide_right(&w));
            stats = affine_stats(w.runner);
            /* a row of 48 bytes and a binding of 16 for each of the two */
            CHECK_EQ(fixed + 2 * 64, stats.last_launch_bytes);
            CHECK_EQ(in_place(w.runner) ? 0 : fixed + 2 * 64,
                     failing_platform_copied_to() - copied);
        }
        for (uint32_t n = 0; n < 3; n++) { /* six: more than go one by one */
            wide_exchange(&w, n, w.count - 1 - n);
        }
        CHECK(wide_right(&w));
        CHECK(affine_stats(w.runner).last_launch_bytes >= fixed + (c == 0 ? 1u : 150u * 64u));
        CHECK(wide_right(&w));
        CHECK_EQ(fixed, affine_stats(w.runner).last_launch_bytes);
        wide_close(&w);
        CHECK_EQ(0, failing_platform_live());
    }
}

static const slip_platform_ops *inner;
static uint32_t lose;   /* 1: the next run loses the device */
static uint32_t allocs; /* of device memory */

/* Waits, and says that the device was lost if it is to be. */
static slip_status losing_wait(slip_platform_device *device, uint64_t timeout_ns)
{
    slip_status status = inner->wait(device, timeout_ns);
    return lose != 0 ? SLIP_E_DEVICE : status;
}

/* What is to be said of it. */
static void losing_failure(slip_platform_device *device, slip_platform_failure *out)
{
    (void)device;
    out->lost = lose;
    out->code = lose != 0 ? 507015 : 0;
}

/* Gives the device back empty: what was on it stays where it is, and nobody uses it again. */
static slip_status recover(slip_platform_device *device, char *why, size_t why_bytes)
{
    (void)device;
    (void)why;
    (void)why_bytes;
    lose = 0;
    return SLIP_OK;
}

/* Counts allocations. */
static slip_status counting_alloc(slip_platform_device *device, uint64_t bytes, uint64_t *out)
{
    allocs++;
    return inner->alloc(device, bytes, out);
}

/* A device that was lost and recovered is empty: the call puts itself there again. */
static void lost_device(void)
{
    fixture f;
    inner = slip_platform_find(platform);
    slip_platform_ops ops = *inner;
    ops.wait = losing_wait;
    ops.failure = losing_failure;
    ops.recover = recover;
    ops.alloc = counting_alloc;
    open_fixture(&f, &ops, 64);
    slip_run_arg arg = slip_host_tensor(f.x, SLIP_F32, SLIP_ACCESS_IN, 1, shape);
    arg.flags = SLIP_ARG_CONST;
    CHECK_STATUS(SLIP_OK, slip_call_set(f.call, 0, &arg));
    CHECK(right(&f, 0));
    uint32_t before = allocs;
    lose = 1;
    CHECK(slip_call_run(f.call) != SLIP_OK);
    CHECK_EQ(1, affine_stats(f.runner).device_resets);
    CHECK(right(&f, 0));
    CHECK(right(&f, 0));
    CHECK(allocs >= before + 2); /* the runner's launch block, the call's, and staging */
    CHECK_EQ(2, affine_stats(f.runner).misses);
    slip_call_destroy(f.call);
    close_fixture(&f);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    slip_log_set_level(SLIP_LOG_ERROR);
    CHECK_CASE(miss_then_hits);
    CHECK_CASE(changed_arguments);
    CHECK_CASE(calls_in_turn);
    CHECK_CASE(evicted_entry);
    CHECK_CASE(dropped_entry);
    CHECK_CASE(refused_changes);
    CHECK_CASE(refused_preparations);
    CHECK_CASE(unregistered_program);
    CHECK_CASE(freed_memory);
    CHECK_CASE(constant_contents);
    CHECK_CASE(constant_is_for_calls);
    CHECK_CASE(lost_device);
    CHECK_CASE(two_of_many);
    return check_report();
}
