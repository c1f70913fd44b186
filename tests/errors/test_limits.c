/*
 * test_limits.c - what is large and allowed: fan-ins beyond the dependency pool, 256 arguments,
 * more than a thousand kernels, a hundred programs, graphs of one window. Each at its limit, and
 * one beyond where that is an error.
 *
 * ctest-labels: errors unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include "lab.h"

enum { PRODUCERS = 1000, KERNELS = 1500, PROGRAMS = 100 };

static const char *platform;

/* Submits a task that checks how many have counted themselves. */
static slip_status spawn_after(slip_orch *o, uint32_t count, slip_arg *args, uint32_t tensors,
                               const slip_task_handle *deps, uint32_t dep_count)
{
    args[tensors] = slip_scalar(count);
    slip_task task = {(uint32_t)sizeof(slip_task),
                      SLIP_TASK_AIV,
                      {LAB_AFTER, 0, 0},
                      tensors + 1,
                      dep_count,
                      args,
                      deps};
    return slip_submit_task(o, &task, NULL);
}

/* A task with a thousand explicit edges. */
static slip_status many_edges(slip_orch *o)
{
    static slip_task_handle deps[PRODUCERS];
    slip_arg arg;
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < PRODUCERS && status == SLIP_OK; i++) {
        slip_task task = {
            (uint32_t)sizeof(slip_task), SLIP_TASK_AIV, {LAB_COUNT, 0, 0}, 0, 0, NULL, NULL};
        status = slip_submit_task(o, &task, &deps[i]);
    }
    return status == SLIP_OK ? spawn_after(o, PRODUCERS, &arg, 0, deps, PRODUCERS) : status;
}

/* A task that reads 255 tensors of 255 tasks, and has a scalar: 256 arguments. */
static slip_status many_arguments(slip_orch *o)
{
    static slip_tensor t[SLIP_MAX_TASK_ARGS];
    static const uint32_t shape[1] = {3};
    slip_arg args[SLIP_MAX_TASK_ARGS];
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i + 1 < SLIP_MAX_TASK_ARGS && status == SLIP_OK; i++) {
        const slip_arg out = slip_out(&t[i], SLIP_F32, 1, shape);
        status = slip_spawn(o, SLIP_TASK_AIV, LAB_COUNT, 1, &out);
        args[i] = slip_in(&t[i]);
    }
    const uint32_t tensors = SLIP_MAX_TASK_ARGS - 1;
    return status == SLIP_OK ? spawn_after(o, tensors, args, tensors, NULL, 0) : status;
}

/* One write after a thousand reads of the same cell. */
static slip_status many_readers(slip_orch *o)
{
    slip_tensor y;
    slip_arg args[2];
    slip_status status = slip_orch_tensor(o, 1, &y);
    for (uint32_t i = 0; i < PRODUCERS && status == SLIP_OK; i++) {
        const slip_arg in = slip_in(&y);
        status = slip_spawn(o, SLIP_TASK_AIV, LAB_COUNT, 1, &in);
    }
    args[0] = slip_out_existing(&y);
    return status == SLIP_OK ? spawn_after(o, PRODUCERS, args, 1, NULL, 0) : status;
}

/* Runs a wide graph with the smallest dependency pool, in every dispatch mode. */
static void check_wide(slip_orch_fn fn, uint64_t window)
{
    lab l;
    CHECK(lab_open(&l, platform, NULL));
    slip_run_config config = lab_config(window, 1 << 20, 4);
    for (uint32_t mode = SLIP_DISPATCH_AUTO; mode <= SLIP_DISPATCH_SERIAL; mode++) {
        config.dispatch = mode;
        for (int round = 0; round < 2; round++) {
            lab_counted();
            CHECK_STATUS(SLIP_OK, lab_run(&l, fn, &config));
        }
    }
    CHECK(lab_good(&l));
    lab_close(&l);
}

/* A fan-in of explicit edges that is larger than the pool. */
static void edges_beyond_the_pool(void)
{
    check_wide(many_edges, 1024);
}

/* A fan-in of read tensors that is larger than the pool, with as many arguments as a task has. */
static void arguments_at_the_limit(void)
{
    check_wide(many_arguments, 256);
}

/* A fan-in of readers that is larger than the pool. */
static void readers_beyond_the_pool(void)
{
    check_wide(many_readers, 1024);
}

static slip_kernel_entry table[SLIP_MAX_KERNELS + 1];
static slipi_au64 ran; /* scalars of the kernels below, added up [relaxed: a counter] */

/* Kernel: adds its index in the table. */
static int32_t add_index(const slip_kernel_ctx *ctx)
{
    slipi_add_relaxed(&ran, ctx->kernel);
    return 0;
}

/* Runs every kernel of a large table once. */
static slip_status run_table(slip_orch *o)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < KERNELS && status == SLIP_OK; i++) {
        slip_status begun = slip_scope_begin(o, SLIP_SCOPE_AUTO);
        status = begun == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, (uint16_t)i, 0, NULL) : begun;
        status = status == SLIP_OK ? slip_scope_end(o) : status;
    }
    return status;
}

/* A program over `count` kernels of the table. */
static slip_program table_program(uint32_t count)
{
    slip_program program = {SLIP_PROGRAM_MAGIC,
                            SLIP_PROGRAM_ABI,
                            (uint32_t)sizeof(slip_program),
                            "table",
                            run_table,
                            NULL,
                            table,
                            count,
                            0,
                            NULL};
    return program;
}

/* More than a thousand kernels in one program; one more than the limit. */
static void kernels_at_the_limit(void)
{
    lab l;
    slip_callable callable;
    CHECK(lab_open(&l, platform, NULL));
    for (uint32_t i = 0; i <= SLIP_MAX_KERNELS; i++) {
        table[i] = (slip_kernel_entry){"entry", add_index, SLIP_AIV, 0};
    }
    slip_program program = table_program(KERNELS);
    slip_run_config config = lab_config(64, 1024, 4);
    CHECK_STATUS(SLIP_OK, slip_register_program(l.runner, &program, &callable));
    slipi_store_relaxed(&ran, 0u);
    CHECK_STATUS(SLIP_OK, slip_run(l.runner, callable, NULL, 0, &config));
    CHECK_EQ(KERNELS * (KERNELS - 1) / 2, slipi_load_relaxed(&ran));
    slip_program most = table_program(SLIP_MAX_KERNELS);
    CHECK_STATUS(SLIP_OK, slip_register_program(l.runner, &most, &callable));
    CHECK_STATUS(SLIP_OK, slip_run(l.runner, callable, NULL, 0, &config));
    slip_program beyond = table_program(SLIP_MAX_KERNELS + 1);
    CHECK_STATUS(SLIP_E_LIMIT, slip_register_program(l.runner, &beyond, &callable));
    CHECK_CONTAINS(lab_error(&l).message, "4097");
    CHECK(lab_good(&l));
    lab_close(&l);
}

static slipi_au32 last_number; /* of the program that ran [relaxed: one run at a time] */

/* Kernel: says which program ran. */
static int32_t say_number(const slip_kernel_ctx *ctx)
{
    slipi_store_relaxed(&last_number, (uint32_t)slip_kernel_u64(ctx, 0));
    return 0;
}

/* Passes the run's scalar to the kernel. */
static slip_status run_number(slip_orch *o)
{
    const slip_arg arg = slip_scalar(slip_orch_scalar(o, 0));
    return slip_spawn(o, SLIP_TASK_AIV, 0, 1, &arg);
}

/* A hundred programs on one runner; a handle that is gone; a handle of nothing. */
static void many_programs(void)
{
    static const slip_kernel_entry kernel[] = {{"say_number", say_number, SLIP_AIV, 0}};
    static const slip_param params[] = {{"number", SLIP_PARAM_SCALAR, 0, 0, 0}};
    static slip_program programs[PROGRAMS];
    slip_callable handles[PROGRAMS];
    lab l;
    CHECK(lab_open(&l, platform, NULL));
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        programs[i] = table_program(1);
        programs[i].name = "number";
        programs[i].orchestrate = run_number;
        programs[i].kernels = kernel;
        programs[i].param_count = 1;
        programs[i].params = params;
        CHECK_STATUS(SLIP_OK, slip_register_program(l.runner, &programs[i], &handles[i]));
    }
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        const slip_run_arg arg = slip_scalar_arg(i + 1);
        CHECK_STATUS(SLIP_OK, slip_run(l.runner, handles[i], &arg, 1, NULL));
        CHECK_EQ(i + 1, slipi_load_relaxed(&last_number));
    }
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        CHECK_STATUS(SLIP_OK, slip_unregister(l.runner, handles[i]));
    }
    const slip_run_arg arg = slip_scalar_arg(1);
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slip_run(l.runner, handles[0], &arg, 1, NULL));
    CHECK_CONTAINS(lab_error(&l).message, "not registered");
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slip_run(l.runner, (slip_callable){0}, &arg, 1, NULL));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slip_unregister(l.runner, handles[0]));
    CHECK(lab_good(&l));
    lab_close(&l);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = lab_platform(argc, argv);
    CHECK_CASE(edges_beyond_the_pool);
    CHECK_CASE(arguments_at_the_limit);
    CHECK_CASE(readers_beyond_the_pool);
    CHECK_CASE(kernels_at_the_limit);
    CHECK_CASE(many_programs);
    return check_report();
}
