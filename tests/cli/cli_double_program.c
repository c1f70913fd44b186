/*
 * cli_double_program.c - a program that may be in flight several times: y = 2 x, row by row.
 *
 * It only reads x and only writes y. `fail` makes the kernel of row fail - 1 return 7.
 */
#include <slipway/orch.h>

enum { ARG_X, ARG_Y, ARG_FAIL };

/* One row of y. Scalar: what the kernel returns. */
static int32_t double_kernel(const slip_kernel_ctx *ctx)
{
    const float *x = slip_kernel_data(ctx, 0);
    float *y = slip_kernel_data(ctx, 1);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 1); i++) {
        y[i] = 2.0f * x[i];
    }
    return (int32_t)slip_kernel_u64(ctx, 0);
}

/* Submits a task a row. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor x;
    slip_tensor y;
    slip_status status = slip_orch_tensor(o, ARG_X, &x);
    status = status == SLIP_OK ? slip_orch_tensor(o, ARG_Y, &y) : status;
    for (uint32_t row = 0; status == SLIP_OK && row < x.shape[0]; row++) {
        const uint32_t lo[2] = {row, 0};
        const uint32_t len[2] = {1, x.shape[1]};
        slip_tensor from;
        slip_tensor to;
        status = slip_slice(o, &x, lo, len, &from);
        status = status == SLIP_OK ? slip_slice(o, &y, lo, len, &to) : status;
        if (status == SLIP_OK) {
            const slip_arg args[] = {
                slip_in(&from), slip_out_existing(&to),
                slip_scalar(slip_orch_scalar(o, ARG_FAIL) == row + 1u ? 7 : 0)};
            status = slip_spawn(o, SLIP_TASK_AIV, 0, 3, args);
        }
    }
    return status;
}

static const slip_kernel_entry kernels[] = {{"double", double_kernel, SLIP_AIV, 0}};

static const slip_param params[] = {
    {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 2},
    {"y", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 2},
    {"fail", SLIP_PARAM_SCALAR, 0, 0, 0},
};

SLIP_EXPORT_PROGRAM("cli_double", orchestrate, NULL, kernels, 1, 3, params);
