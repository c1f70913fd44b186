/*
 * test_runs.c - whole runs on the simulated devices: tasks of every shape on any number of blocks,
 * control threads and players give what sequential execution gives; a failing and a hanging kernel
 * are reported by name.
 * ctest-labels: sim concurrency
 */
#include <slipway/slipway.h>

#include <sched.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "support/check.h"

enum { ROWS = 16, COLUMNS = 8, STEPS = 12 };

/* Kernels of the program. */
enum { K_ADD, K_JOIN, K_MIX_CUBE, K_MIX_LEFT, K_MIX_RIGHT, K_FAIL, K_HOLD, KERNELS };

/* K_HOLD stays inside while this is 1. */
static slipi_au32 hold;

/* Adds scalar 0 to every element of row tensor 0. */
static int32_t add(const slip_kernel_ctx *ctx)
{
    uint32_t *row = slip_kernel_data(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 1); i++) {
        row[i] += (uint32_t)slip_kernel_u64(ctx, 0);
    }
    return 0;
}

/* Row 1 becomes 3 x itself + row 0. */
static int32_t join(const slip_kernel_ctx *ctx)
{
    const uint32_t *from = slip_kernel_data(ctx, 0);
    uint32_t *to = slip_kernel_data(ctx, 1);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 1, 1); i++) {
        to[i] = to[i] * 3u + from[i];
    }
    return 0;
}

/* One third of a mixed task: a part of the row, by who it is. */
static void mix(const slip_kernel_ctx *ctx, uint32_t first, uint32_t count, uint32_t factor)
{
    uint32_t *row = slip_kernel_data(ctx, 0);
    for (uint32_t i = first; i < first + count; i++) {
        row[i] = row[i] * factor + 1u;
    }
}

/* Elements 0 and 1. */
static int32_t mix_cube(const slip_kernel_ctx *ctx)
{
    mix(ctx, 0, 2, 5);
    return ctx->core_type == SLIP_AIC ? 0 : 90;
}

/* Elements 2 to 4, on the first AIV. */
static int32_t mix_left(const slip_kernel_ctx *ctx)
{
    mix(ctx, 2, 3, 7);
    return ctx->core_type == SLIP_AIV && ctx->lane == 0 ? 0 : 91;
}

/* Elements 5 to 7, on the second AIV. */
static int32_t mix_right(const slip_kernel_ctx *ctx)
{
    mix(ctx, 5, 3, 9);
    return ctx->core_type == SLIP_AIV && ctx->lane == 1 ? 0 : 92;
}

/* Returns 41. */
static int32_t fail(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 41;
}

/* Stays inside while it is told to. */
static int32_t hold_on(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    while (slipi_load_acquire(&hold) != 0) {
        (void)sched_yield();
    }
    return 0;
}

/* What the steps do, in order of submission, to one row and its neighbour. */
static uint32_t shape_of(uint32_t step, uint32_t row)
{
    return (step * 5u + row) % 3u;
}

/* Submits the steps; scalar 1 says which kernel replaces the last one: 0 = none. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor all;
    slip_tensor row[ROWS];
    slip_status status = slip_orch_tensor(o, 0, &all);
    const uint32_t length[2] = {1, COLUMNS};
    for (uint32_t r = 0; r < ROWS && status == SLIP_OK; r++) {
        const uint32_t first[2] = {r, 0};
        status = slip_slice(o, &all, first, length, &row[r]);
    }
    for (uint32_t step = 0; step < STEPS && status == SLIP_OK; step++) {
        for (uint32_t r = 0; r < ROWS && status == SLIP_OK; r++) {
            slip_arg args[2] = {slip_inout(&row[r]), slip_scalar(step + r)};
            slip_arg pair[2] = {slip_in(&row[(r + 1u) % ROWS]), slip_inout(&row[r])};
            slip_task mixed = {
                sizeof(mixed), SLIP_TASK_MIXED, {K_MIX_CUBE, K_MIX_LEFT, K_MIX_RIGHT}, 1, 0, args,
                NULL};
            uint32_t shape = shape_of(step, r);
            status = shape == 0   ? slip_spawn(o, SLIP_TASK_AIV, K_ADD, 2, args)
                     : shape == 1 ? slip_spawn(o, SLIP_TASK_AIC, K_JOIN, 2, pair)
                                  : slip_submit_task(o, &mixed, NULL);
        }
    }
    uint16_t last = (uint16_t)slip_orch_scalar(o, 1);
    if (last != 0 && status == SLIP_OK) {
        slip_arg arg = slip_inout(&row[3]);
        status = slip_spawn(o, SLIP_TASK_AIV, last, 1, &arg);
    }
    return status;
}

/* The same in order, by hand. */
static void run_reference(uint32_t data[ROWS][COLUMNS])
{
    for (uint32_t step = 0; step < STEPS; step++) {
        for (uint32_t r = 0; r < ROWS; r++) {
            for (uint32_t i = 0; i < COLUMNS; i++) {
                uint32_t factor = i < 2u ? 5u : i < 5u ? 7u : 9u;
                uint32_t shape = shape_of(step, r);
                data[r][i] = shape == 0   ? data[r][i] + step + r
                             : shape == 1 ? data[r][i] * 3u + data[(r + 1u) % ROWS][i]
                                          : data[r][i] * factor + 1u;
            }
        }
    }
}

static const slip_kernel_entry kernels[KERNELS] = {
    {"add", add, SLIP_AIV, 0},
    {"join", join, SLIP_AIC, 0},
    {"mix_cube", mix_cube, SLIP_AIC, 0},
    {"mix_left", mix_left, SLIP_AIV, 0},
    {"mix_right", mix_right, SLIP_AIV, 0},
    {"fails", fail, SLIP_AIV, 0},
    {"holds_on", hold_on, SLIP_AIV, 0},
};

static const slip_param params[] = {
    {"data", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U32, 2},
    {"last", SLIP_PARAM_SCALAR, 0, 0, 0},
};

static const slip_program program = {
    .magic = SLIP_PROGRAM_MAGIC,
    .abi = SLIP_PROGRAM_ABI,
    .struct_size = sizeof(slip_program),
    .name = "sim_runs",
    .orchestrate = orchestrate,
    .kernels = kernels,
    .kernel_count = KERNELS,
    .param_count = 2,
    .params = params,
};

/* An open runner with the program. */
typedef struct bed {
    slip_runner *runner;
    slip_callable callable;
    uint32_t data[ROWS][COLUMNS];
} bed;

/* Opens a runner and registers the program. */
static bool open_bed(bed *b, const char *platform, uint32_t players, uint64_t deadline_ns)
{
    slip_runner_options options = {.struct_size = sizeof(options),
                                   .platform = platform,
                                   .sim_threads = players,
                                   .progress_deadline_ns = deadline_ns};
    return CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &b->runner)) &&
           CHECK_STATUS(SLIP_OK, slip_register_program(b->runner, &program, &b->callable));
}

/* Runs the program once on fresh data. */
static slip_status run_bed(bed *b, uint32_t last, const slip_run_config *config)
{
    const uint32_t shape[2] = {ROWS, COLUMNS};
    for (uint32_t r = 0; r < ROWS; r++) {
        for (uint32_t i = 0; i < COLUMNS; i++) {
            b->data[r][i] = r * 100u + i;
        }
    }
    slip_run_arg args[2] = {
        slip_host_tensor(b->data, SLIP_U32, SLIP_ACCESS_INOUT, 2, shape),
        slip_scalar_arg(last),
    };
    return slip_run(b->runner, b->callable, args, 2, config);
}

/* Runs it and compares every element with sequential execution. */
static void check_run(bed *b, const slip_run_config *config)
{
    uint32_t wanted[ROWS][COLUMNS];
    for (uint32_t r = 0; r < ROWS; r++) {
        for (uint32_t i = 0; i < COLUMNS; i++) {
            wanted[r][i] = r * 100u + i;
        }
    }
    run_reference(wanted);
    if (CHECK_STATUS(SLIP_OK, run_bed(b, 0, config))) {
        CHECK_EQ(memcmp(wanted, b->data, sizeof(wanted)), 0);
    }
}

/* Every number of control threads with several numbers of blocks and modes. */
static void check_platform(const char *platform, uint32_t active_max, uint32_t players)
{
    static const uint32_t blocks[] = {1, 2, 5, 0};
    static const uint32_t modes[] = {SLIP_DISPATCH_AUTO, SLIP_DISPATCH_SHARED,
                                     SLIP_DISPATCH_SERIAL};
    bed b = {0};
    if (!open_bed(&b, platform, players, 0)) {
        return;
    }
    for (uint32_t threads = 1; threads <= active_max; threads++) {
        for (uint32_t i = 0; i < 12u; i++) {
            slip_run_config config = {.struct_size = sizeof(config),
                                      .dispatch = modes[i % 3u],
                                      .blocks = blocks[i / 3u],
                                      .control_threads = threads};
            check_run(&b, &config);
        }
    }
    slip_runner_close(b.runner);
}

/* a2a3: 1 to 4 control threads. */
static void every_shape_on_a2a3(void)
{
    check_platform("a2a3sim", 4, 1);
    check_platform("a2a3sim", 4, 3);
}

/* a5: 1 to 7 control threads. */
static void every_shape_on_a5(void)
{
    check_platform("a5sim", 7, 2);
}

/* A kernel that returns an error is named; the next run is right. */
static void failing_kernel_is_named(void)
{
    bed b = {0};
    slip_error error = {.struct_size = sizeof(error)};
    if (!open_bed(&b, "a2a3sim", 2, 0)) {
        return;
    }
    for (uint32_t i = 0; i < 3u; i++) {
        CHECK_STATUS(SLIP_E_KERNEL_FAILED, run_bed(&b, K_FAIL, NULL));
        CHECK_STATUS(SLIP_OK, slip_last_error(b.runner, &error));
        CHECK_EQ(error.kernel, K_FAIL);
        CHECK_EQ(error.code, 41);
        CHECK_EQ(error.task, ROWS * STEPS + 1);
        CHECK_CONTAINS(error.message, "fails");
        check_run(&b, NULL);
    }
    slip_runner_close(b.runner);
}

/* A kernel that does not return is named after the progress deadline; the runner then refuses. */
static void hanging_kernel_is_named(void)
{
    bed b = {0};
    slip_error error = {.struct_size = sizeof(error)};
    if (!open_bed(&b, "a5sim", 2, UINT64_C(50000000))) {
        return;
    }
    slipi_store_release(&hold, 1u);
    CHECK_STATUS(SLIP_E_HANG, run_bed(&b, K_HOLD, NULL));
    CHECK_STATUS(SLIP_OK, slip_last_error(b.runner, &error));
    CHECK_EQ(error.kernel, K_HOLD);
    CHECK_CONTAINS(error.message, "holds_on");
    CHECK_STATUS(SLIP_E_REFUSED, run_bed(&b, 0, NULL));
    slipi_store_release(&hold, 0u);
    slip_runner_close(b.runner);
}

int main(void)
{
    CHECK_CASE(every_shape_on_a2a3);
    CHECK_CASE(every_shape_on_a5);
    CHECK_CASE(failing_kernel_is_named);
    CHECK_CASE(hanging_kernel_is_named);
    return check_report();
}
