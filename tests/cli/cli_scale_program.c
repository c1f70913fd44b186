/*
 * cli_scale_program.c - the program that the command-line tests run: y = factor * x, row by row.
 *
 * Every row is a task, and every row is added to `total` by a second task, so a run of r rows has
 * 2 r tasks. `fail` makes the kernel of row fail - 1 return 7.
 */
#include <slipway/orch.h>

enum { ARG_X, ARG_Y, ARG_TOTAL, ARG_FACTOR, ARG_FAIL };

/* One row of y. Scalars: factor, code. */
static int32_t scale_kernel(const slip_kernel_ctx *ctx)
{
    const float *x = slip_kernel_data(ctx, 0);
    float *y = slip_kernel_data(ctx, 1);
    float factor = (float)slip_kernel_f64(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 1); i++) {
        y[i] = factor * x[i];
    }
    return (int32_t)slip_kernel_u64(ctx, 1);
}

/* Adds a row of y to the total. */
static int32_t add_kernel(const slip_kernel_ctx *ctx)
{
    const float *y = slip_kernel_data(ctx, 0);
    double *total = slip_kernel_data(ctx, 1);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 1); i++) {
        *total += (double)y[i];
    }
    return 0;
}

/* Submits the two tasks of one row. */
static slip_status submit_row(slip_orch *o, const slip_tensor *args, uint32_t row)
{
    const uint32_t lo[2] = {row, 0};
    const uint32_t len[2] = {1, args[ARG_X].shape[1]};
    uint64_t fail = slip_orch_scalar(o, ARG_FAIL);
    slip_tensor x;
    slip_tensor y;
    slip_status status = slip_slice(o, &args[ARG_X], lo, len, &x);
    if (status == SLIP_OK) {
        status = slip_slice(o, &args[ARG_Y], lo, len, &y);
    }
    if (status != SLIP_OK) {
        return status;
    }
    const slip_arg scale[] = {slip_in(&x), slip_out_existing(&y),
                              slip_scalar(slip_orch_scalar(o, ARG_FACTOR)),
                              slip_scalar(fail == row + 1u ? 7 : 0)};
    const slip_arg add[] = {slip_in(&y), slip_inout(&args[ARG_TOTAL])};
    status = slip_spawn(o, SLIP_TASK_AIV, 0, 4, scale);
    return status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, 1, 2, add) : status;
}

/* Submits all rows in the outermost scope, which needs a window of 2 r tasks. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor args[3];
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < 3 && status == SLIP_OK; i++) {
        status = slip_orch_tensor(o, i, &args[i]);
    }
    for (uint32_t row = 0; status == SLIP_OK && row < args[ARG_X].shape[0]; row++) {
        status = submit_row(o, args, row);
    }
    return status;
}

static const slip_kernel_entry kernels[] = {{"scale", scale_kernel, SLIP_AIV, 0},
                                            {"add", add_kernel, SLIP_AIV, 0}};

static const slip_param params[] = {
    {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 2},
    {"y", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 2},
    {"total", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F64, 1},
    {"factor", SLIP_PARAM_SCALAR, 0, 0, 0},
    {"fail", SLIP_PARAM_SCALAR, 0, 0, 0},
};

SLIP_EXPORT_PROGRAM("cli_scale", orchestrate, NULL, kernels, 2, 5, params);
