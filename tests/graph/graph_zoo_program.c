/*
 * graph_zoo_program.c - a program whose graph has one of everything that a recorded graph can hold.
 *
 * Tensors of one to five dimensions and three types, slices, reshapes and transposes; buffers of
 * the graph's heap, with and without an initial value; scalars that follow an argument, one of
 * which the program reads too; explicit edges, some of them to a producer that is found as well;
 * manual scopes, dummy and mixed tasks, a task with more arguments than a slot holds. Every byte
 * that a task writes depends on all that it reads, so that a wrong graph gives wrong results.
 *
 * `rows` is how many rows of x are worked on, 0 to 8: with 0 the graph is empty. The builder makes
 * a graph of its own of the same kernels.
 */
#include <string.h>

#include <slipway/orch.h>

enum { ARG_X, ARG_Y, ARG_Z, ARG_STEP, ARG_ROWS, ARG_BOTH };
enum { BLEND_CUBE, BLEND, MIXED_CUBE, MIXED_FIRST, MIXED_SECOND };
enum { WIDE = 7 };

/* One step of a hash. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x100000001b3) + (hash >> 29);
}

/* Elements of tensor argument t. */
static uint64_t element_count(const slip_kernel_ctx *ctx, uint32_t t)
{
    uint64_t count = 1;
    for (uint32_t d = 0; d < ctx->tensors[t].ndim; d++) {
        count *= slip_kernel_dim(ctx, t, d);
    }
    return count;
}

/* Element `index`, in row-major order, of tensor argument t. */
static uint8_t *element(const slip_kernel_ctx *ctx, uint32_t t, uint64_t index)
{
    int64_t at = 0;
    for (uint32_t d = ctx->tensors[t].ndim; d-- > 0;) {
        at += (int64_t)(index % slip_kernel_dim(ctx, t, d)) * slip_kernel_stride(ctx, t, d);
        index /= slip_kernel_dim(ctx, t, d);
    }
    return (uint8_t *)slip_kernel_data(ctx, t) + at * slip_dtype_bytes(ctx->tensors[t].dtype);
}

/* The hash of everything that the kernel reads: scalars, and tensors of access IN. */
static uint64_t read_all(const slip_kernel_ctx *ctx)
{
    uint64_t hash = ctx->scalar_count;
    for (uint32_t s = 0; s < ctx->scalar_count; s++) {
        hash = mix(hash, slip_kernel_u64(ctx, s));
    }
    for (uint32_t t = 0; t < ctx->tensor_count; t++) {
        uint64_t count = ctx->tensors[t].access == SLIP_ACCESS_IN ? element_count(ctx, t) : 0;
        for (uint64_t i = 0; i < count; i++) {
            uint64_t value = 0;
            memcpy(&value, element(ctx, t, i), slip_dtype_bytes(ctx->tensors[t].dtype));
            hash = mix(hash, value);
        }
    }
    return hash;
}

/* Writes every `step`-th of the tensors that the task writes, from the one of number `first` on. */
static int32_t write_some(const slip_kernel_ctx *ctx, uint32_t first, uint32_t step)
{
    uint64_t hash = read_all(ctx);
    uint32_t number = 0;
    for (uint32_t t = 0; t < ctx->tensor_count; t++) {
        uint32_t access = ctx->tensors[t].access;
        if (access == SLIP_ACCESS_NONE || access == SLIP_ACCESS_IN || number++ % step != first) {
            continue;
        }
        uint32_t bytes = slip_dtype_bytes(ctx->tensors[t].dtype);
        for (uint64_t i = 0; i < element_count(ctx, t); i++) {
            uint64_t value = 0;
            if (access == SLIP_ACCESS_INOUT) {
                memcpy(&value, element(ctx, t, i), bytes);
            }
            value = mix(hash + i, value);
            memcpy(element(ctx, t, i), &value, bytes);
        }
    }
    return 0;
}

/* Kernel: writes everything that its task writes. */
static int32_t blend(const slip_kernel_ctx *ctx)
{
    return write_some(ctx, 0, 1);
}

/* Kernels of a mixed task: each writes its third. */
static int32_t mixed_cube(const slip_kernel_ctx *ctx)
{
    return write_some(ctx, 0, 3);
}
static int32_t mixed_first(const slip_kernel_ctx *ctx)
{
    return write_some(ctx, 1, 3);
}
static int32_t mixed_second(const slip_kernel_ctx *ctx)
{
    return write_some(ctx, 2, 3);
}

/* Submits a task with edges to other tasks. */
static slip_task_handle after(slip_orch *o, uint16_t kernel, uint32_t arg_count,
                              const slip_arg *args, uint32_t dep_count,
                              const slip_task_handle *deps)
{
    slip_task_handle handle = {0};
    uint16_t shape = kernel == BLEND_CUBE ? SLIP_TASK_AIC : SLIP_TASK_AIV;
    slip_task task = {
        (uint32_t)sizeof(slip_task), shape, {kernel, 0, 0}, arg_count, dep_count, args, deps};
    (void)slip_submit_task(o, &task, &handle);
    return handle;
}

/* One row of x: a temporary with an initial value, and a transposed square of x beside it. */
static void work_on_row(slip_orch *o, const slip_tensor *arg, uint32_t index)
{
    const uint32_t row_lo[2] = {index, 0};
    const uint32_t row_len[2] = {1, 12};
    const uint32_t square_lo[2] = {index & 4u, 8};
    const uint32_t square_len[2] = {4, 4};
    const uint32_t swap[2] = {1, 0};
    const uint32_t shape[2] = {3, 5};
    slip_tensor row;
    slip_tensor square;
    slip_tensor part = {0};
    (void)slip_scope_begin(o, SLIP_SCOPE_AUTO);
    (void)slip_slice(o, &arg[ARG_X], row_lo, row_len, &row);
    (void)slip_slice(o, &arg[ARG_X], square_lo, square_len, &square);
    (void)slip_transpose(o, &square, swap, &square);
    const slip_arg first[] = {slip_in(&row), slip_in(&arg[ARG_Y]), slip_scalar_param(ARG_STEP),
                              slip_scalar(index), slip_out_init(&part, SLIP_I16, 2, shape, 0x0102)};
    (void)slip_spawn(o, SLIP_TASK_AIV, BLEND, 5, first);
    const slip_arg second[] = {slip_in(&part), slip_inout(&square), slip_scalar_param(ARG_BOTH)};
    (void)slip_spawn(o, SLIP_TASK_AIC, BLEND_CUBE, 3, second);
    (void)slip_scope_end(o);
}

/* Tasks of a manual scope: two updates of one tensor, ordered by the program alone. */
static void work_by_hand(slip_orch *o, const slip_tensor *t, const slip_tensor *from)
{
    const slip_arg args[] = {slip_in(from), slip_inout(t), slip_scalar(5)};
    (void)slip_scope_begin(o, SLIP_SCOPE_MANUAL);
    slip_task_handle before = after(o, BLEND, 3, args, 0, NULL);
    const slip_task_handle twice[] = {before, before};
    (void)after(o, BLEND_CUBE, 3, args, 2, twice);
    (void)slip_scope_end(o);
}

/* A task with more tensors and scalars than a slot holds, over what a join waits for. */
static void work_wide(slip_orch *o, const slip_tensor *arg, const slip_tensor *cube)
{
    const uint32_t shape[4] = {2, 1, 3, 2};
    slip_tensor t[WIDE] = {{0}};
    slip_arg args[2 * WIDE + 1];
    for (uint32_t i = 0; i < WIDE; i++) {
        (void)slip_alloc(o, &t[i], SLIP_F64, 4, shape);
        args[i] = i == 0 ? slip_in(cube) : i < 3 ? slip_nodep(&t[i]) : slip_out_existing(&t[i]);
        args[WIDE + 1 + i] = i == 2 ? slip_scalar_param(ARG_STEP) : slip_scalar(i);
    }
    args[WIDE] = slip_inout(&arg[ARG_X]);
    slip_task_handle wide = after(o, BLEND, 2 * WIDE + 1, args, 0, NULL);
    const slip_arg join[] = {slip_in(&t[4]), slip_in(&t[5])};
    (void)slip_spawn(o, SLIP_TASK_DUMMY, 0, 2, join);
    const slip_arg last[] = {slip_in(&t[6]), slip_in(&arg[ARG_X]), slip_inout(&arg[ARG_Z])};
    (void)after(o, BLEND_CUBE, 3, last, 1, &wide); /* an edge that is found as well */
}

/* Orchestration. */
static slip_status orchestrate(slip_orch *o)
{
    const uint32_t cube_shape[3] = {2, 3, 4};
    const uint32_t flat_shape[5] = {2, 3, 2, 2, 1};
    slip_tensor arg[3];
    slip_tensor cube = {0};
    slip_tensor flat;
    uint64_t rows = slip_orch_scalar(o, ARG_ROWS);
    uint64_t both = slip_orch_scalar(o, ARG_BOTH);
    for (uint32_t i = 0; i < 3; i++) {
        (void)slip_orch_tensor(o, i, &arg[i]);
    }
    for (uint32_t i = 0; i < rows && i < 8; i++) {
        work_on_row(o, arg, i);
    }
    if (rows == 0 || slip_orch_failed(o) != SLIP_OK) {
        return slip_orch_failed(o);
    }
    const slip_arg make[] = {slip_in(&arg[ARG_X]), slip_scalar(both),
                             slip_out(&cube, SLIP_U32, 3, cube_shape)};
    (void)slip_spawn(o, SLIP_TASK_AIV, BLEND, 3, make);
    (void)slip_reshape(o, &cube, 5, flat_shape, &flat);
    slip_tensor out[2] = {{0}};
    const slip_arg mixed[] = {slip_in(&flat), slip_out_existing(&arg[ARG_Z]),
                              slip_out(&out[0], SLIP_U8, 1, &cube_shape[2]),
                              slip_out(&out[1], SLIP_U64, 3, cube_shape)};
    slip_task task = {(uint32_t)sizeof(slip_task),
                      SLIP_TASK_MIXED,
                      {MIXED_CUBE, MIXED_FIRST, MIXED_SECOND},
                      4,
                      0,
                      mixed,
                      NULL};
    (void)slip_submit_task(o, &task, NULL);
    const slip_arg gather[] = {slip_in(&out[0]), slip_in(&out[1]), slip_inout(&arg[ARG_X])};
    (void)slip_spawn(o, SLIP_TASK_AIV, BLEND, 3, gather);
    work_by_hand(o, &cube, &arg[ARG_Y]);
    work_wide(o, arg, &cube);
    return slip_orch_failed(o);
}

/* Adds a task to a graph that is built by hand. */
static slip_status add(slip_graph *g, uint32_t arg_count, const slip_arg *args, uint32_t deps,
                       const slip_task_handle *before, slip_task_handle *out)
{
    slip_task task = {
        (uint32_t)sizeof(slip_task), SLIP_TASK_AIV, {BLEND, 0, 0}, arg_count, deps, args, before};
    return g->ops->add(g, &task, out);
}

/* Builder: a diamond over x, y and a buffer of the graph. */
static slip_status build(slip_graph *g)
{
    const uint32_t lo[2] = {2, 0};
    const uint32_t len[2] = {3, 12};
    slip_tensor x;
    slip_tensor y;
    slip_tensor z;
    slip_tensor panel;
    slip_tensor part = {0};
    slip_task_handle h[3];
    slip_status status = g->ops->arg_tensor(g, ARG_X, &x);
    status = status != SLIP_OK ? status : g->ops->arg_tensor(g, ARG_Y, &y);
    status = status != SLIP_OK ? status : g->ops->arg_tensor(g, ARG_Z, &z);
    status = status != SLIP_OK ? status : g->ops->slice(g, &x, lo, len, &panel);
    if (status != SLIP_OK) {
        return status;
    }
    const slip_arg first[] = {slip_in(&y), slip_out(&part, SLIP_F32, 2, len),
                              slip_scalar_param(ARG_STEP)};
    status = add(g, 3, first, 0, NULL, &h[0]);
    const slip_arg left[] = {slip_in(&part), slip_inout(&panel)};
    status = status != SLIP_OK ? status : add(g, 2, left, 1, &h[0], &h[1]);
    const slip_arg right[] = {slip_in(&part), slip_out_existing(&z), slip_scalar(7)};
    status = status != SLIP_OK ? status : add(g, 3, right, 1, &h[0], &h[2]);
    const slip_arg last[] = {slip_in(&z), slip_inout(&x)};
    return status != SLIP_OK ? status : add(g, 2, last, 2, &h[1], NULL);
}

static const slip_kernel_entry kernels[] = {{"blend_cube", blend, SLIP_AIC, 0},
                                            {"blend", blend, SLIP_AIV, 0},
                                            {"mixed_cube", mixed_cube, SLIP_AIC, 0},
                                            {"mixed_first", mixed_first, SLIP_AIV, 0},
                                            {"mixed_second", mixed_second, SLIP_AIV, 0}};

static const slip_param params[] = {
    {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U32, 2},
    {"y", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_U8, 1},
    {"z", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_I64, 5},
    {"step", SLIP_PARAM_SCALAR, 0, 0, 0},
    {"rows", SLIP_PARAM_SCALAR, 0, 0, 0},
    {"both", SLIP_PARAM_SCALAR, 0, 0, 0},
};

SLIP_EXPORT_PROGRAM("graph_zoo", orchestrate, build, kernels, 5, 6, params);
