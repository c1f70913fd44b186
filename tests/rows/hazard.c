/* hazard.c - see hazard.h. */
#include "hazard.h"

#include <stdbool.h>
#include <stdio.h>

#include "row.h"

enum { SIDE = 8, KERNEL_NOTHING = 0, KERNEL_SUM, KERNEL_SET, KERNEL_UPDATE };

/* A region of the matrix. All of them hold element (2, 2); only the whole holds the last tile. */
typedef struct geometry {
    const char *name;
    uint32_t lo[2];
    uint32_t len[2];
    bool flat; /* cut from the matrix as one row of 64 elements */
} geometry;

static const geometry geometries[] = {
    {"whole", {0, 0}, {SIDE, SIDE}, false},  {"tile", {2, 2}, {2, 2}, false},
    {"row panel", {2, 0}, {2, SIDE}, false}, {"column panel", {0, 2}, {SIDE, 2}, false},
    {"irregular", {1, 1}, {2, 3}, false},    {"tiles", {2, 2}, {4, 2}, false},
    {"flat row", {2, 0}, {1, SIDE}, true},
};
enum { GEOMETRIES = sizeof(geometries) / sizeof(geometries[0]) };

/* What the two accesses write; a reader's result is the sum of what it saw. */
static const float written[2] = {3.0f, 5.0f};

/* The run under way; the orchestration function reads it. */
static struct {
    const geometry *region[2];
    enum hazard_access access[2];
    uint32_t readers;
    bool seeded;
} now;

/* Kernel: nothing. */
static int32_t nothing(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* Element i, j of tensor argument `index`, which has one or two dimensions. */
static float *element(const slip_kernel_ctx *ctx, uint32_t index, uint32_t i, uint32_t j)
{
    float *base = slip_kernel_data(ctx, index);
    if (ctx->tensors[index].ndim == 1) {
        return base + (int64_t)j * slip_kernel_stride(ctx, index, 0);
    }
    return base + (int64_t)i * slip_kernel_stride(ctx, index, 0) +
           (int64_t)j * slip_kernel_stride(ctx, index, 1);
}

/* Rows and columns of tensor argument 0. */
static void extents(const slip_kernel_ctx *ctx, uint32_t out[2])
{
    bool flat = ctx->tensors[0].ndim == 1;
    out[0] = flat ? 1 : slip_kernel_dim(ctx, 0, 0);
    out[1] = slip_kernel_dim(ctx, 0, flat ? 0 : 1);
}

/* Kernel: result = sum of the region. */
static int32_t sum(const slip_kernel_ctx *ctx)
{
    uint32_t n[2];
    float total = 0;
    extents(ctx, n);
    for (uint32_t i = 0; i < n[0]; i++) {
        for (uint32_t j = 0; j < n[1]; j++) {
            total += *element(ctx, 0, i, j);
        }
    }
    *(float *)slip_kernel_data(ctx, 1) = total;
    return 0;
}

/* Kernel: every element = the scalar. */
static int32_t set(const slip_kernel_ctx *ctx)
{
    uint32_t n[2];
    extents(ctx, n);
    for (uint32_t i = 0; i < n[0]; i++) {
        for (uint32_t j = 0; j < n[1]; j++) {
            *element(ctx, 0, i, j) = (float)slip_kernel_f64(ctx, 0);
        }
    }
    return 0;
}

/* Kernel: every element = 2 element + 1. */
static int32_t update(const slip_kernel_ctx *ctx)
{
    uint32_t n[2];
    extents(ctx, n);
    for (uint32_t i = 0; i < n[0]; i++) {
        for (uint32_t j = 0; j < n[1]; j++) {
            float *v = element(ctx, 0, i, j);
            *v = 2.0f * *v + 1.0f;
        }
    }
    return 0;
}

/* Submits a task with at most one explicit edge. */
static slip_status submit(slip_orch *o, uint16_t kernel, uint32_t arg_count, const slip_arg *args,
                          const slip_task_handle *dep, slip_task_handle *out)
{
    slip_task task = {.struct_size = (uint32_t)sizeof(task),
                      .shape = SLIP_TASK_AIV,
                      .kernel = {kernel, 0, 0},
                      .arg_count = arg_count,
                      .dep_count = dep != NULL ? 1 : 0,
                      .args = args,
                      .deps = dep};
    return slip_submit_task(o, &task, out);
}

/* Cuts a region from the matrix. */
static slip_status cut(slip_orch *o, const slip_tensor *m, const geometry *g, slip_tensor *out)
{
    if (g->len[0] == SIDE && g->len[1] == SIDE) {
        *out = *m;
        return SLIP_OK;
    }
    if (!g->flat) {
        return slip_slice(o, m, g->lo, g->len, out);
    }
    const uint32_t all[1] = {SIDE * SIDE};
    const uint32_t lo[1] = {g->lo[0] * SIDE + g->lo[1]};
    const uint32_t len[1] = {g->len[1]};
    slip_tensor row;
    slip_status status = slip_reshape(o, m, 1, all, &row);
    return status == SLIP_OK ? slip_slice(o, &row, lo, len, out) : status;
}

/* Submits the tasks of one access. */
static slip_status submit_access(slip_orch *o, const slip_tensor *m, const slip_tensor *results,
                                 uint32_t which, const slip_task_handle *dep)
{
    slip_tensor region;
    slip_status status = cut(o, m, now.region[which], &region);
    if (status != SLIP_OK) {
        return status;
    }
    if (now.access[which] == HAZARD_WRITE) {
        slip_arg args[] = {slip_out_existing(&region), slip_scalar_f64((double)written[which])};
        return submit(o, KERNEL_SET, 2, args, dep, NULL);
    }
    if (now.access[which] == HAZARD_UPDATE) {
        slip_arg args[] = {slip_inout(&region)};
        return submit(o, KERNEL_UPDATE, 1, args, dep, NULL);
    }
    for (uint32_t r = 0; r < now.readers && status == SLIP_OK; r++) {
        const uint32_t lo[1] = {r};
        const uint32_t len[1] = {1};
        slip_tensor result;
        status = slip_slice(o, results, lo, len, &result);
        if (status == SLIP_OK) {
            slip_arg args[] = {slip_in(&region), slip_out_existing(&result)};
            status = submit(o, KERNEL_SUM, 2, args, dep, NULL);
        }
    }
    return status;
}

/* Orchestration; see the header. */
static slip_status orchestrate(slip_orch *o)
{
    static const geometry last_tile = {"last tile", {6, 6}, {2, 2}, false};
    slip_tensor m;
    slip_tensor results;
    slip_task_handle early;
    slip_task_handle late;
    slip_status status = slip_orch_tensor(o, 0, &m);
    if (status == SLIP_OK) {
        status = slip_orch_tensor(o, 1, &results);
    }
    if (status == SLIP_OK && now.seeded) {
        slip_tensor tile;
        status = cut(o, &m, &last_tile, &tile);
        slip_arg args[] = {slip_in(&tile)};
        status = status == SLIP_OK ? submit(o, KERNEL_NOTHING, 1, args, NULL, NULL) : status;
    }
    if (status == SLIP_OK) {
        status = submit(o, KERNEL_NOTHING, 0, NULL, NULL, &early);
    }
    if (status == SLIP_OK) {
        status = submit(o, KERNEL_NOTHING, 0, NULL, NULL, &late);
    }
    if (status == SLIP_OK) {
        status = submit_access(o, &m, &results, 0, &late);
    }
    return status == SLIP_OK ? submit_access(o, &m, &results, 1, &early) : status;
}

static const slip_kernel_entry kernels[] = {
    {"nothing", nothing, SLIP_AIV, 0},
    {"sum", sum, SLIP_AIV, 0},
    {"set", set, SLIP_AIV, 0},
    {"update", update, SLIP_AIV, 0},
};

static const slip_param params[] = {
    {"matrix", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 2},
    {"results", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1},
};

static const slip_program program = {
    .magic = SLIP_PROGRAM_MAGIC,
    .abi = SLIP_PROGRAM_ABI,
    .struct_size = (uint32_t)sizeof(slip_program),
    .name = "hazard",
    .orchestrate = orchestrate,
    .kernels = kernels,
    .kernel_count = 4,
    .param_count = 2,
    .params = params,
};

/* Does one access on the host. */
static void expect(uint32_t which, float m[SIDE][SIDE], float *results)
{
    const geometry *g = now.region[which];
    float total = 0;
    for (uint32_t i = g->lo[0]; i < g->lo[0] + g->len[0]; i++) {
        for (uint32_t j = g->lo[1]; j < g->lo[1] + g->len[1]; j++) {
            total += m[i][j];
            m[i][j] = now.access[which] == HAZARD_WRITE    ? written[which]
                      : now.access[which] == HAZARD_UPDATE ? 2.0f * m[i][j] + 1.0f
                                                           : m[i][j];
        }
    }
    for (uint32_t r = 0; r < now.readers && now.access[which] == HAZARD_READ; r++) {
        results[r] = total;
    }
}

/* One run of what is set up; true if result and audit are right. */
static bool run_one(slip_runner *runner, slip_callable callable)
{
    const uint32_t shape[2] = {SIDE, SIDE};
    const uint32_t readers[1] = {HAZARD_MAX_READERS};
    float m[2][SIDE][SIDE];
    float results[2][HAZARD_MAX_READERS] = {{0}};
    for (uint32_t i = 0; i < SIDE * SIDE; i++) {
        m[0][i / SIDE][i % SIDE] = m[1][i / SIDE][i % SIDE] = (float)i;
    }
    expect(0, m[1], results[1]);
    expect(1, m[1], results[1]);
    slip_run_config config = row_config(1024, 65536, 1024);
    config.dispatch = SLIP_DISPATCH_SERIAL;
    config.audit = 1;
    slip_run_arg args[] = {
        slip_host_tensor(m[0], SLIP_F32, SLIP_ACCESS_INOUT, 2, shape),
        slip_host_tensor(results[0], SLIP_F32, SLIP_ACCESS_INOUT, 1, readers),
    };
    slip_audit_report report = {.struct_size = (uint32_t)sizeof(report)};
    bool right = slip_run(runner, callable, args, 2, &config) == SLIP_OK;
    right = right && slip_audit(runner, &report) == SLIP_OK && report.lost == 0 &&
            report.false_edges == 0 && report.conflicts > 0;
    for (uint32_t i = 0; i < SIDE * SIDE; i++) {
        right = right && m[0][i / SIDE][i % SIDE] == m[1][i / SIDE][i % SIDE];
    }
    for (uint32_t r = 0; r < HAZARD_MAX_READERS; r++) {
        right = right && results[0][r] == results[1][r];
    }
    if (!right) {
        fprintf(stderr, "%s, then %s%s: wrong; audit: %s\n", now.region[0]->name,
                now.region[1]->name, now.seeded ? ", seeded" : "", report.first_problem);
    }
    return right;
}

/* Runs the two accesses in every pair of geometries; see the header. */
uint32_t hazard_run_all(enum hazard_access first, enum hazard_access second, uint32_t readers)
{
    uint32_t wrong = 0;
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .platform = "cpu", .threads = 1};
    slip_runner *runner = NULL;
    slip_callable callable = {0};
    if (slip_runner_open(&options, &runner) != SLIP_OK ||
        slip_register_program(runner, &program, &callable) != SLIP_OK) {
        slip_runner_close(runner);
        return 1;
    }
    now.access[0] = first;
    now.access[1] = second;
    now.readers = readers;
    for (uint32_t a = 0; a < GEOMETRIES; a++) {
        for (uint32_t b = 0; b < GEOMETRIES; b++) {
            now.region[0] = &geometries[a];
            now.region[1] = &geometries[b];
            for (uint32_t seeded = 0; seeded < 2; seeded++) {
                now.seeded = seeded != 0;
                bool whole = a == 0 || b == 0; /* the seed would conflict with it */
                wrong += (whole && now.seeded) || run_one(runner, callable) ? 0u : 1u;
            }
        }
    }
    slip_runner_close(runner);
    return wrong;
}
