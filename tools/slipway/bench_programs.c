/*
 * bench_programs.c - the programs that `slipway bench` measures.
 *
 * For the two bench subcommands; the orchestration functions run on a runner's orchestrator thread.
 * The views of the reused cells are cut once a run; a task then costs its submission only. The
 * independent pattern cuts a view for every task, as a program over large tensors does.
 */
#include "bench_programs.h"

#include <stdbool.h>
#include <string.h>

const char *const slipi_bench_pattern_names[SLIPI_BENCH_PATTERNS] = {
    "independent", "independent_bare", "chain", "stencil", "tree", "random_nearest"};

/* Arguments of the pattern program. */
enum { ARG_DATA = 0, ARG_PATTERN = 1, ARG_TASKS = 2, ARG_SCOPE = 3 };

/* Rows of cells that stencil and random_nearest write in turn. */
#define ROWS 2u

/* How far random_nearest reaches, and how many cells it reads at most. */
#define NEAR_REACH 4u
#define NEAR_READS 5u

/* Does nothing: what is measured is everything around it. */
static int32_t empty_kernel(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

static const slip_kernel_entry kernels[] = {{"empty", empty_kernel, SLIP_AIV, 0}};

/* What a pattern needs while it submits. */
typedef struct pattern_state {
    slip_orch *orch;
    slip_tensor data;
    slip_tensor cells[ROWS][SLIPI_BENCH_CELLS];
    uint64_t tasks; /* still to submit */
    uint64_t scope; /* tasks of one inner scope */
    uint64_t in_scope;
} pattern_state;

/* Submits one task with tensors; opens and ends the inner scopes around the tasks. */
static slip_status submit(pattern_state *s, uint32_t count, const slip_arg *args)
{
    if (s->in_scope == 0) {
        slip_status status = slip_scope_begin(s->orch, SLIP_SCOPE_AUTO);
        if (status != SLIP_OK) {
            return status;
        }
    }
    slip_status status = slip_spawn(s->orch, SLIP_TASK_AIV, 0, count, args);
    s->in_scope++;
    s->tasks--;
    if (status == SLIP_OK && (s->in_scope == s->scope || s->tasks == 0)) {
        s->in_scope = 0;
        status = slip_scope_end(s->orch);
    }
    return status;
}

/* Cuts tile `index` of the data. */
static slip_status cut(pattern_state *s, uint32_t index, slip_tensor *out)
{
    const uint32_t lo[2] = {index, 0};
    const uint32_t len[2] = {1, SLIPI_BENCH_CELL_FLOATS};
    return slip_slice(s->orch, &s->data, lo, len, out);
}

/* Cuts the cells of the patterns that reuse them. */
static slip_status cut_cells(pattern_state *s)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < ROWS * SLIPI_BENCH_CELLS && status == SLIP_OK; i++) {
        status = cut(s, i, &s->cells[i / SLIPI_BENCH_CELLS][i % SLIPI_BENCH_CELLS]);
    }
    return status;
}

/* Every task writes a tile that no live task touches. */
static slip_status run_independent(pattern_state *s)
{
    slip_status status = SLIP_OK;
    uint32_t tile = 0;
    while (s->tasks > 0 && status == SLIP_OK) {
        slip_tensor view;
        status = cut(s, tile, &view);
        if (status == SLIP_OK) {
            const slip_arg arg = slip_out_existing(&view);
            status = submit(s, 1, &arg);
        }
        tile = tile + 1 == s->data.shape[0] ? 0 : tile + 1;
    }
    return status;
}

/* Tasks without tensors. */
static slip_status run_bare(pattern_state *s)
{
    slip_status status = SLIP_OK;
    while (s->tasks > 0 && status == SLIP_OK) {
        status = submit(s, 0, NULL);
    }
    return status;
}

/* Every task updates the same tile. */
static slip_status run_chain(pattern_state *s)
{
    slip_status status = SLIP_OK;
    const slip_arg arg = slip_inout(&s->cells[0][0]);
    while (s->tasks > 0 && status == SLIP_OK) {
        status = submit(s, 1, &arg);
    }
    return status;
}

/* Cell i of the next row from cells i - 1, i and i + 1 of this one. */
static slip_status run_stencil(pattern_state *s)
{
    slip_status status = SLIP_OK;
    uint32_t row = 0;
    uint32_t i = 0;
    while (s->tasks > 0 && status == SLIP_OK) {
        const slip_tensor *from = s->cells[row];
        const slip_arg args[] = {
            slip_out_existing(&s->cells[1 - row][i]),
            slip_in(&from[(i + SLIPI_BENCH_CELLS - 1) % SLIPI_BENCH_CELLS]),
            slip_in(&from[i]),
            slip_in(&from[(i + 1) % SLIPI_BENCH_CELLS]),
        };
        status = submit(s, 4, args);
        i = (i + 1) % SLIPI_BENCH_CELLS;
        row = i == 0 ? 1 - row : row;
    }
    return status;
}

/* Cell i takes in cell i + stride, for strides 1, 2, 4 and so on; then from the start again. */
static slip_status run_tree(pattern_state *s)
{
    slip_status status = SLIP_OK;
    uint32_t stride = 1;
    uint32_t i = 0;
    while (s->tasks > 0 && status == SLIP_OK) {
        const slip_arg args[] = {slip_inout(&s->cells[0][i]), slip_in(&s->cells[0][i + stride])};
        status = submit(s, 2, args);
        i += 2 * stride;
        if (i >= SLIPI_BENCH_CELLS) {
            stride = 2 * stride == SLIPI_BENCH_CELLS ? 1 : 2 * stride;
            i = 0;
        }
    }
    return status;
}

/* Next value of a random sequence (xorshift). */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Cell i of the next row from some of the nine cells around i of this one. */
static slip_status run_random_nearest(pattern_state *s)
{
    slip_status status = SLIP_OK;
    uint64_t random = UINT64_C(88172645463325252);
    uint32_t row = 0;
    uint32_t i = 0;
    while (s->tasks > 0 && status == SLIP_OK) {
        slip_arg args[1 + NEAR_READS];
        uint32_t count = 0;
        uint64_t chosen = next_random(&random);
        args[count++] = slip_out_existing(&s->cells[1 - row][i]);
        for (uint32_t d = 0; d <= 2 * NEAR_REACH && count <= NEAR_READS; d++) {
            uint32_t near = (i + SLIPI_BENCH_CELLS + d - NEAR_REACH) % SLIPI_BENCH_CELLS;
            if ((chosen >> d & 1u) != 0) {
                args[count++] = slip_in(&s->cells[row][near]);
            }
        }
        status = submit(s, count, args);
        i = (i + 1) % SLIPI_BENCH_CELLS;
        row = i == 0 ? 1 - row : row;
    }
    return status;
}

/* Submits the tasks of one pattern. */
static slip_status graph_orchestrate(slip_orch *o)
{
    static slip_status (*const patterns[SLIPI_BENCH_PATTERNS])(pattern_state *) = {
        run_independent, run_bare, run_chain, run_stencil, run_tree, run_random_nearest};
    pattern_state s;
    uint64_t pattern = slip_orch_scalar(o, ARG_PATTERN);
    s.orch = o;
    s.tasks = slip_orch_scalar(o, ARG_TASKS);
    s.scope = slip_orch_scalar(o, ARG_SCOPE);
    s.in_scope = 0;
    if (pattern >= SLIPI_BENCH_PATTERNS || s.scope == 0) {
        return slip_orch_fail(o, (int32_t)pattern, "no such pattern, or scopes of no tasks");
    }
    slip_status status = slip_orch_tensor(o, ARG_DATA, &s.data);
    if (status == SLIP_OK && s.data.shape[0] < ROWS * SLIPI_BENCH_CELLS) {
        return slip_orch_fail(o, 0, "the data has too few tiles");
    }
    if (status == SLIP_OK) {
        status = cut_cells(&s);
    }
    return status == SLIP_OK ? patterns[pattern](&s) : status;
}

/* Submits nothing. */
static slip_status empty_orchestrate(slip_orch *o)
{
    (void)o;
    return SLIP_OK;
}

static const slip_param graph_params[] = {
    {"data", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 2},
    {"pattern", SLIP_PARAM_SCALAR, 0, 0, 0},
    {"tasks", SLIP_PARAM_SCALAR, 0, 0, 0},
    {"scope", SLIP_PARAM_SCALAR, 0, 0, 0},
};

const slip_program slipi_bench_graph_program = {SLIP_PROGRAM_MAGIC,
                                                SLIP_PROGRAM_ABI,
                                                (uint32_t)sizeof(slip_program),
                                                "bench_graph",
                                                graph_orchestrate,
                                                NULL,
                                                kernels,
                                                1,
                                                4,
                                                graph_params};

const slip_program slipi_bench_empty = {SLIP_PROGRAM_MAGIC,
                                        SLIP_PROGRAM_ABI,
                                        (uint32_t)sizeof(slip_program),
                                        "bench_empty",
                                        empty_orchestrate,
                                        NULL,
                                        kernels,
                                        1,
                                        0,
                                        graph_params};
