/*
 * test_argument_records.c - records of run arguments begin when a program asks for them, once a
 * run: dependencies through an argument that is asked for twice, or that shares its memory with
 * another one, are found; and what the rings needed is counted over runs that differ.
 *
 * ctest-labels: unit RAW
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include "affine.h"
#include "support/check.h"

enum { ELEMENTS = 64 };

static const char *platform;

/* Kernel: every element of the last tensor becomes one more than that of the first. */
static int32_t add_one(const slip_kernel_ctx *ctx)
{
    const float *in = slip_kernel_data(ctx, 0);
    float *out = slip_kernel_data(ctx, ctx->tensor_count - 1);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        out[i] = in[i] + 1.0f;
    }
    return 0;
}

/* Arguments: what is only read, what is written, the result; and what to do. */
enum { ARG_READ, ARG_WRITTEN, ARG_RESULT, ARG_WHAT };
enum { TWICE, SHARED, MANY };

/* Writes `to`, then reads `from` into the result: one edge if they share memory. */
static slip_status write_then_read(slip_orch *o, const slip_tensor *to, uint32_t from_index)
{
    slip_tensor from;
    slip_tensor result;
    const slip_arg first[] = {slip_inout(to)};
    slip_status status = slip_spawn(o, SLIP_TASK_AIV, 0, 1, first);
    status = status != SLIP_OK ? status : slip_orch_tensor(o, from_index, &from);
    status = status != SLIP_OK ? status : slip_orch_tensor(o, ARG_RESULT, &result);
    if (status != SLIP_OK) {
        return status;
    }
    const slip_arg second[] = {slip_in(&from), slip_out_existing(&result)};
    return slip_spawn(o, SLIP_TASK_AIV, 0, 2, second);
}

/* Submits as many tasks as `what` is above MANY, each with an output. */
static slip_status submit_many(slip_orch *o, uint64_t count)
{
    const uint32_t shape[1] = {ELEMENTS};
    slip_status status = SLIP_OK;
    slip_tensor read;
    status = slip_orch_tensor(o, ARG_READ, &read);
    for (uint64_t i = 0; i < count && status == SLIP_OK; i++) {
        slip_tensor out = {0};
        const slip_arg args[] = {slip_in(&read), slip_out(&out, SLIP_F32, 1, shape)};
        status = slip_spawn(o, SLIP_TASK_AIV, 0, 2, args);
    }
    return status;
}

/* Orchestration. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor read;
    slip_tensor written;
    uint64_t what = slip_orch_scalar(o, ARG_WHAT);
    if (what >= MANY) {
        return submit_many(o, what - MANY);
    }
    /* The one that is only read comes first: its record must know of the other. */
    slip_status status = slip_orch_tensor(o, ARG_READ, &read);
    status = status != SLIP_OK ? status : slip_orch_tensor(o, ARG_WRITTEN, &written);
    return status != SLIP_OK ? status
                             : write_then_read(o, &written, what == TWICE ? ARG_WRITTEN : ARG_READ);
}

static const slip_kernel_entry kernels[] = {{"add_one", add_one, SLIP_AIV, 0}};
static const slip_param params[] = {
    {"read", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 1},
    {"written", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1},
    {"result", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 1},
    {"what", SLIP_PARAM_SCALAR, 0, 0, 0},
};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "records",
                                     orchestrate,
                                     NULL,
                                     kernels,
                                     1,
                                     4,
                                     params};

/* A runner with the program, and memory for its arguments. */
typedef struct fixture {
    slip_runner *runner;
    slip_callable callable;
    float memory[2 * ELEMENTS];
    float result[ELEMENTS];
} fixture;

/* Opens. */
static void open_fixture(fixture *f)
{
    f->runner = affine_open(platform, NULL);
    CHECK_STATUS(SLIP_OK, slip_register_program(f->runner, &program, &f->callable));
}

/* One run, everything deferred, so that edges are built; `apart`: the tensors share no memory. */
static slip_stats run(fixture *f, uint64_t what, bool apart)
{
    const uint32_t shape[1] = {ELEMENTS};
    slip_run_config config = affine_config(64, 1 << 20, 64);
    config.dispatch = SLIP_DISPATCH_SERIAL;
    for (uint32_t i = 0; i < 2 * ELEMENTS; i++) {
        f->memory[i] = 1.0f;
    }
    const slip_run_arg args[] = {
        slip_host_tensor(f->memory + (apart ? ELEMENTS : 0), SLIP_F32, SLIP_ACCESS_IN, 1, shape),
        slip_host_tensor(f->memory, SLIP_F32, SLIP_ACCESS_INOUT, 1, shape),
        slip_host_tensor(f->result, SLIP_F32, SLIP_ACCESS_OUT, 1, shape), slip_scalar_arg(what)};
    CHECK_STATUS(SLIP_OK, slip_run(f->runner, f->callable, args, 4, &config));
    return affine_stats(f->runner);
}

/* An argument that is asked for again still knows who wrote it. */
static void asked_for_twice(void)
{
    fixture f;
    open_fixture(&f);
    for (uint32_t n = 0; n < 3; n++) {
        CHECK_EQ(1, run(&f, TWICE, true).last_edges);
        CHECK_NEAR(3, f.result[0], 0);
    }
    slip_runner_close(f.runner);
}

/* An argument that is only read, over memory that another one writes; and the same tensors apart,
 * in turn, so that a record of the run before would be seen. */
static void shared_memory(void)
{
    fixture f;
    open_fixture(&f);
    for (uint32_t n = 0; n < 3; n++) {
        CHECK_EQ(1, run(&f, SHARED, false).last_edges);
        CHECK_NEAR(3, f.result[0], 0);
        CHECK_EQ(0, run(&f, SHARED, true).last_edges);
        CHECK_NEAR(2, f.result[0], 0);
    }
    slip_runner_close(f.runner);
}

/* High-water marks rise with the runs that need more, and stay with those that need nothing. */
static void marks_of_rings(void)
{
    fixture f;
    const uint64_t counts[] = {3, 0, 7, 2, 0, 11};
    uint64_t most = 0;
    uint64_t tasks = 0;
    open_fixture(&f);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        slip_stats stats = run(&f, MANY + counts[i], true);
        most = counts[i] > most ? counts[i] : most;
        tasks += counts[i];
        CHECK_EQ(counts[i], stats.last_tasks);
        CHECK_EQ(tasks, stats.ring[0].tasks);
        CHECK_EQ(most, stats.ring[0].window_high);
        CHECK_EQ(most * ELEMENTS * sizeof(float), stats.ring[0].heap_high_bytes);
        for (uint32_t r = 1; r < SLIP_RING_COUNT; r++) {
            CHECK_EQ(0, stats.ring[r].tasks);
            CHECK_EQ(0, stats.ring[r].window_high);
        }
    }
    slip_runner_close(f.runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(asked_for_twice);
    CHECK_CASE(shared_memory);
    CHECK_CASE(marks_of_rings);
    return check_report();
}
