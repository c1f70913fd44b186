/* affine.c - a small program for tests of the runner; see affine.h. */
#include "affine.h"

#include <stdio.h>
#include <string.h>

/* Kernel: out = 2 in. */
static int32_t twice(const slip_kernel_ctx *ctx)
{
    const float *in = slip_kernel_data(ctx, 0);
    float *out = slip_kernel_data(ctx, 1);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        out[i] = 2.0f * in[i];
    }
    return 0;
}

/* Kernel: out = in + 1; returns its scalar. */
static int32_t plus_one(const slip_kernel_ctx *ctx)
{
    const float *in = slip_kernel_data(ctx, 0);
    float *out = slip_kernel_data(ctx, 1);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        out[i] = in[i] + 1.0f;
    }
    return (int32_t)slip_kernel_u64(ctx, 0);
}

/* Orchestration: two tasks. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor x;
    slip_tensor y;
    slip_tensor doubled;
    slip_status status = slip_orch_tensor(o, 0, &x);
    if (status == SLIP_OK) {
        status = slip_orch_tensor(o, 1, &y);
    }
    if (status != SLIP_OK) {
        return status;
    }
    slip_arg first[] = {slip_in(&x), slip_out(&doubled, SLIP_F32, 1, x.shape)};
    status = slip_spawn(o, SLIP_TASK_AIV, 0, 2, first);
    if (status != SLIP_OK) {
        return status;
    }
    slip_arg second[] = {slip_in(&doubled), slip_out_existing(&y),
                         slip_scalar(slip_orch_scalar(o, 2))};
    return slip_spawn(o, SLIP_TASK_AIV, 1, 3, second);
}

static const slip_kernel_entry kernels[] = {
    {"twice", twice, SLIP_AIV, 0},
    {"plus_one", plus_one, SLIP_AIV, 0},
};

static const slip_param params[] = {
    {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 1},
    {"y", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 1},
    {"code", SLIP_PARAM_SCALAR, 0, 0, 0},
};

const slip_program affine_program = {
    SLIP_PROGRAM_MAGIC,
    SLIP_PROGRAM_ABI,
    (uint32_t)sizeof(slip_program),
    "affine",
    orchestrate,
    NULL,
    kernels,
    2,
    3,
    params,
};

/* Opens a runner; see the header. */
slip_runner *affine_open(const char *platform, const struct slip_platform_ops *ops)
{
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .platform = platform, .ops = ops};
    slip_runner *runner = NULL;
    slip_status status = slip_runner_open(&options, &runner);
    if (status != SLIP_OK) {
        fprintf(stderr, "slip_runner_open: %s\n", slip_status_name(status));
    }
    return runner;
}

/* Registers the program; see the header. */
slip_callable affine_register(slip_runner *runner)
{
    slip_callable callable = {0};
    slip_status status = slip_register_program(runner, &affine_program, &callable);
    if (status != SLIP_OK) {
        callable.id = 0;
    }
    return callable;
}

/* True if the device writes into host memory itself. */
static bool writes_in_place(slip_runner *runner)
{
    slip_runner_info info = {.struct_size = (uint32_t)sizeof(info)};
    return slip_runner_describe(runner, &info) == SLIP_OK && info.host_in_place != 0;
}

/* One run; see the header. */
slip_status affine_run(slip_runner *runner, slip_callable callable, const slip_run_config *config,
                       int32_t code, bool *right)
{
    const uint32_t shape[1] = {AFFINE_ELEMENTS};
    float x[AFFINE_ELEMENTS];
    float y[AFFINE_ELEMENTS];
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        x[i] = (float)i;
        y[i] = -1.0f;
    }
    slip_run_arg args[] = {slip_host_tensor(x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                           slip_host_tensor(y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                           slip_scalar_arg((uint64_t)(uint32_t)code)};
    slip_status status = slip_run(runner, callable, args, 3, config);
    *right = true;
    if (status != SLIP_OK && writes_in_place(runner)) {
        return status;
    }
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        float wanted = status == SLIP_OK ? 2.0f * (float)i + 1.0f : -1.0f;
        *right = *right && y[i] == wanted;
    }
    return status;
}

/* A run that must be good and right. */
bool affine_good(slip_runner *runner, slip_callable callable, const slip_run_config *config)
{
    bool right = false;
    slip_status status = affine_run(runner, callable, config, 0, &right);
    return status == SLIP_OK && right;
}

/* A configuration with one sizing for all rings. */
slip_run_config affine_config(uint64_t window, uint64_t heap, uint64_t pool)
{
    slip_run_config config = {.struct_size = (uint32_t)sizeof(config)};
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        config.sizing.ring[ring] = (slip_ring_sizing){window, heap, pool};
    }
    return config;
}

/* Statistics; all zero after a failure. */
slip_stats affine_stats(slip_runner *runner)
{
    slip_stats stats = {.struct_size = (uint32_t)sizeof(stats)};
    if (slip_runner_stats(runner, &stats) != SLIP_OK) {
        memset(&stats, 0, sizeof(stats));
    }
    return stats;
}

/* The last error; all zero after a failure. */
slip_error affine_error(slip_runner *runner)
{
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    if (slip_last_error(runner, &error) != SLIP_OK) {
        memset(&error, 0, sizeof(error));
    }
    return error;
}

/* Value of `--platform P` among the arguments. */
const char *affine_platform(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--platform") == 0) {
            return argv[i + 1];
        }
    }
    return "cpu";
}
