/*
 * vector_program.c - f = (a + b + 1)(a + b + 2) + (a + b), five tasks in two nested scopes.
 *
 * The first program to read. The orchestration function runs on the orchestrator's thread, the
 * kernels on AIV cores. Arguments: a and b in, f out, all f32 vectors of one length.
 */
#include <slipway/orch.h>

enum { KERNEL_ADD, KERNEL_ADD_SCALAR, KERNEL_MULTIPLY, KERNEL_COUNT };
enum { ARG_A, ARG_B, ARG_F, ARG_COUNT };

/* out = x + y. Arguments: x, y, out. */
static int32_t kernel_add(const slip_kernel_ctx *ctx)
{
    const float *x = slip_kernel_data(ctx, 0);
    const float *y = slip_kernel_data(ctx, 1);
    float *out = slip_kernel_data(ctx, 2);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 2, 0); i++) {
        out[i] = x[i] + y[i];
    }
    return 0;
}

/* out = x + c. Arguments: x, out; scalar c. */
static int32_t kernel_add_scalar(const slip_kernel_ctx *ctx)
{
    const float *x = slip_kernel_data(ctx, 0);
    float *out = slip_kernel_data(ctx, 1);
    float c = (float)slip_kernel_f64(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 1, 0); i++) {
        out[i] = x[i] + c;
    }
    return 0;
}

/* out = x * y. Arguments: x, y, out. */
static int32_t kernel_multiply(const slip_kernel_ctx *ctx)
{
    const float *x = slip_kernel_data(ctx, 0);
    const float *y = slip_kernel_data(ctx, 1);
    float *out = slip_kernel_data(ctx, 2);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 2, 0); i++) {
        out[i] = x[i] * y[i];
    }
    return 0;
}

/* Submits out = x + c; `out` becomes a new tensor of the current scope. */
static void submit_add_scalar(slip_orch *o, const slip_tensor *x, double c, slip_tensor *out)
{
    const slip_arg args[] = {slip_in(x), slip_out(out, SLIP_F32, 1, x->shape), slip_scalar_f64(c)};
    slip_spawn(o, SLIP_TASK_AIV, KERNEL_ADD_SCALAR, 3, args);
}

/*
 * The graph. Nothing here says what depends on what: that follows from the tensors. A failed call
 * fails the run and makes the calls after it do nothing, so one test at the end is enough.
 */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor a = {0};
    slip_tensor b = {0};
    slip_tensor f = {0};
    slip_orch_tensor(o, ARG_A, &a);
    slip_orch_tensor(o, ARG_B, &b);
    slip_orch_tensor(o, ARG_F, &f);
    if (slip_orch_failed(o) == SLIP_OK && (a.shape[0] != b.shape[0] || a.shape[0] != f.shape[0])) {
        slip_orch_fail(o, 1, "a, b and f must have the same length");
    }

    slip_scope_begin(o, SLIP_SCOPE_AUTO);
    slip_tensor sum = {0};
    const slip_arg sum_args[] = {slip_in(&a), slip_in(&b), slip_out(&sum, SLIP_F32, 1, a.shape)};
    slip_spawn(o, SLIP_TASK_AIV, KERNEL_ADD, 3, sum_args);

    slip_scope_begin(o, SLIP_SCOPE_AUTO); /* what is made here is freed before `sum` is */
    slip_tensor plus_one = {0};
    slip_tensor plus_two = {0};
    slip_tensor product = {0};
    submit_add_scalar(o, &sum, 1.0, &plus_one);
    submit_add_scalar(o, &sum, 2.0, &plus_two);
    const slip_arg product_args[] = {slip_in(&plus_one), slip_in(&plus_two),
                                     slip_out(&product, SLIP_F32, 1, a.shape)};
    slip_spawn(o, SLIP_TASK_AIV, KERNEL_MULTIPLY, 3, product_args);
    const slip_arg f_args[] = {slip_in(&product), slip_in(&sum), slip_out_existing(&f)};
    slip_spawn(o, SLIP_TASK_AIV, KERNEL_ADD, 3, f_args);
    slip_scope_end(o);

    slip_scope_end(o);
    return slip_orch_failed(o);
}

static const slip_kernel_entry kernels[KERNEL_COUNT] = {
    [KERNEL_ADD] = {"add", kernel_add, SLIP_AIV, 0},
    [KERNEL_ADD_SCALAR] = {"add_scalar", kernel_add_scalar, SLIP_AIV, 0},
    [KERNEL_MULTIPLY] = {"multiply", kernel_multiply, SLIP_AIV, 0}};

static const slip_param params[ARG_COUNT] = {
    [ARG_A] = {"a", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 1},
    [ARG_B] = {"b", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 1},
    [ARG_F] = {"f", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 1}};

SLIP_EXPORT_PROGRAM("vector", orchestrate, NULL, kernels, KERNEL_COUNT, ARG_COUNT, params);
