/* row.c - see row.h. */
#include "row.h"

#include <stdio.h>
#include <string.h>

/* Elements of one tile. */
enum { TILE = ROW_ELEMENTS / ROW_TILES };

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

/* Kernel: out = in + 1. */
static int32_t plus_one(const slip_kernel_ctx *ctx)
{
    const float *in = slip_kernel_data(ctx, 0);
    float *out = slip_kernel_data(ctx, 1);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        out[i] = in[i] + 1.0f;
    }
    return 0;
}

/* A task of one kernel, with an edge if `dep` is given. */
static slip_task make_task(uint16_t kernel, const slip_arg *args, const slip_task_handle *dep)
{
    slip_task task = {.struct_size = (uint32_t)sizeof(task),
                      .shape = SLIP_TASK_AIV,
                      .kernel = {kernel, 0, 0},
                      .arg_count = 2,
                      .dep_count = dep != NULL ? 1 : 0,
                      .args = args,
                      .deps = dep};
    return task;
}

/* One tile in its own scope. */
static slip_status submit_tile(slip_orch *o, const slip_tensor *x, const slip_tensor *y)
{
    slip_tensor doubled;
    slip_task_handle first;
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    if (status != SLIP_OK) {
        return status;
    }
    slip_arg first_args[] = {slip_in(x), slip_out(&doubled, SLIP_F32, 1, x->shape)};
    slip_task task = make_task(0, first_args, NULL);
    status = slip_submit_task(o, &task, &first);
    if (status != SLIP_OK) {
        return status;
    }
    slip_arg second_args[] = {slip_in(&doubled), slip_out_existing(y)};
    task = make_task(1, second_args, &first);
    status = slip_submit_task(o, &task, NULL);
    return status == SLIP_OK ? slip_scope_end(o) : status;
}

/* Orchestration: all tiles. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor x;
    slip_tensor y;
    slip_status status = slip_orch_tensor(o, 0, &x);
    if (status == SLIP_OK) {
        status = slip_orch_tensor(o, 1, &y);
    }
    for (uint32_t t = 0; t < ROW_TILES && status == SLIP_OK; t++) {
        const uint32_t lo[1] = {t * TILE};
        const uint32_t len[1] = {TILE};
        slip_tensor xt;
        slip_tensor yt;
        status = slip_slice(o, &x, lo, len, &xt);
        if (status == SLIP_OK) {
            status = slip_slice(o, &y, lo, len, &yt);
        }
        if (status == SLIP_OK) {
            status = submit_tile(o, &xt, &yt);
        }
    }
    return status;
}

/* One tile of the graph that is built on the host. */
static slip_status add_tile(slip_graph *g, const slip_tensor *x, const slip_tensor *y)
{
    slip_tensor doubled;
    slip_task_handle first;
    slip_arg first_args[] = {slip_in(x), slip_out(&doubled, SLIP_F32, 1, x->shape)};
    slip_task task = make_task(0, first_args, NULL);
    slip_status status = g->ops->add(g, &task, &first);
    if (status != SLIP_OK) {
        return status;
    }
    slip_arg second_args[] = {slip_in(&doubled), slip_out_existing(y)};
    task = make_task(1, second_args, &first);
    return g->ops->add(g, &task, NULL);
}

/* Graph builder: all tiles. */
static slip_status build(slip_graph *g)
{
    slip_tensor x;
    slip_tensor y;
    slip_status status = g->ops->arg_tensor(g, 0, &x);
    if (status == SLIP_OK) {
        status = g->ops->arg_tensor(g, 1, &y);
    }
    for (uint32_t t = 0; t < ROW_TILES && status == SLIP_OK; t++) {
        const uint32_t lo[1] = {t * TILE};
        const uint32_t len[1] = {TILE};
        slip_tensor xt;
        slip_tensor yt;
        status = g->ops->slice(g, &x, lo, len, &xt);
        if (status == SLIP_OK) {
            status = g->ops->slice(g, &y, lo, len, &yt);
        }
        if (status == SLIP_OK) {
            status = add_tile(g, &xt, &yt);
        }
    }
    return status;
}

static const slip_kernel_entry kernels[] = {
    {"twice", twice, SLIP_AIV, 0},
    {"plus_one", plus_one, SLIP_AIV, 0},
};

static const slip_param params[] = {
    {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 1},
    {"y", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 1},
};

const slip_program row_program = {
    .magic = SLIP_PROGRAM_MAGIC,
    .abi = SLIP_PROGRAM_ABI,
    .struct_size = (uint32_t)sizeof(slip_program),
    .name = "row",
    .orchestrate = orchestrate,
    .build = build,
    .kernels = kernels,
    .kernel_count = 2,
    .param_count = 2,
    .params = params,
};

/* Opens a runner; see the header. */
slip_runner *row_open(const char *platform, const slip_platform_ops *ops)
{
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .platform = platform, .ops = ops, .threads = 2};
    slip_runner *runner = NULL;
    slip_status status = slip_runner_open(&options, &runner);
    if (status != SLIP_OK) {
        fprintf(stderr, "slip_runner_open: %s\n", slip_status_name(status));
    }
    return runner;
}

/* Registers the program; see the header. */
slip_callable row_register(slip_runner *runner)
{
    slip_callable callable = {0};
    slip_status status = slip_register_program(runner, &row_program, &callable);
    if (status != SLIP_OK) {
        callable.id = 0;
    }
    return callable;
}

/* One run; see the header. */
slip_status row_run(slip_runner *runner, slip_callable callable, const slip_run_config *config,
                    bool *right)
{
    const uint32_t shape[1] = {ROW_ELEMENTS};
    float x[ROW_ELEMENTS];
    float y[ROW_ELEMENTS];
    for (uint32_t i = 0; i < ROW_ELEMENTS; i++) {
        x[i] = (float)i;
        y[i] = -1.0f;
    }
    slip_run_arg args[] = {slip_host_tensor(x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                           slip_host_tensor(y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape)};
    slip_status status = slip_run(runner, callable, args, 2, config);
    *right = true;
    for (uint32_t i = 0; i < ROW_ELEMENTS; i++) {
        *right = *right && y[i] == 2.0f * (float)i + 1.0f;
    }
    return status;
}

/* A run that must be good and right; see the header. */
bool row_good(slip_runner *runner, slip_callable callable, const slip_run_config *config)
{
    bool right = false;
    slip_status status = row_run(runner, callable, config, &right);
    if (status != SLIP_OK) {
        fprintf(stderr, "slip_run: %s\n", row_error(runner).message);
    }
    return status == SLIP_OK && right;
}

/* A configuration with one sizing for all rings; see the header. */
slip_run_config row_config(uint64_t window, uint64_t heap_bytes, uint64_t pool)
{
    slip_run_config config = {.struct_size = (uint32_t)sizeof(config)};
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        config.sizing.ring[ring] = (slip_ring_sizing){window, heap_bytes, pool};
    }
    return config;
}

/* Statistics; see the header. */
slip_stats row_stats(slip_runner *runner)
{
    slip_stats stats = {.struct_size = (uint32_t)sizeof(stats)};
    if (slip_runner_stats(runner, &stats) != SLIP_OK) {
        memset(&stats, 0, sizeof(stats));
    }
    return stats;
}

/* The last error; see the header. */
slip_error row_error(slip_runner *runner)
{
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    if (slip_last_error(runner, &error) != SLIP_OK) {
        memset(&error, 0, sizeof(error));
    }
    return error;
}

/* Value of `--platform P`; see the header. */
const char *row_platform(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--platform") == 0) {
            return argv[i + 1];
        }
    }
    return "cpu";
}

/* Log sink that drops every line; see the header. */
void row_drop_lines(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

slipi_launch *row_launch_block(const slip_platform_launch *launch)
{
    uintptr_t at = launch->block != NULL ? (uintptr_t)launch->block : (uintptr_t)launch->address;
    return (slipi_launch *)at;
}

slip_binding *row_bindings(const slipi_launch *block)
{
    /* Right behind the block, wherever that lies at the moment. */
    uintptr_t behind = (uintptr_t)(block + 1);
    return (slip_binding *)behind;
}
