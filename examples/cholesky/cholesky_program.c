/*
 * cholesky_program.c - tiled right-looking Cholesky factorisation of a matrix in place.
 *
 * Arguments: the symmetric matrix a (n x n, f32, lower triangle used), replaced by its factor L,
 * and the tile size. The tiles are slices of the one buffer. For each column k of tiles:
 *
 *   potrf   L[k][k] from a[k][k]
 *   trsm    L[i][k] from a[i][k] and L[k][k]                    for i > k
 *   pack    panel[k % 2][i] = transpose of L[i][k]              for i > k
 *   syrk    a[i][i] -= L[i][k] panel[k % 2][i]                  for i > k
 *   gemm    a[i][j] -= L[i][k] panel[k % 2][j]                  for i > j > k
 *
 * Nothing is ordered by hand. The runtime finds that trsm reads what potrf wrote (RAW), that the
 * updates of one trailing tile follow each other (RAW and WAW), and that packing into a panel that
 * was used two columns ago waits for the updates that still read it (WAR).
 *
 * Each column and each row of updates is a scope, so that the slots of its tasks can be reused when
 * they are complete: a ring's window need not hold the whole graph.
 *
 * The orchestration function runs on the orchestrator's thread, kernels on AIC and AIV cores.
 */
#include <math.h>

#include <slipway/orch.h>

enum { KERNEL_POTRF, KERNEL_TRSM, KERNEL_PACK, KERNEL_SYRK, KERNEL_GEMM, KERNEL_COUNT };
enum { ARG_A, ARG_TILE, ARG_COUNT };
enum { PANELS = 2 }; /* one is read while the next is packed */

/* ---- kernels -------------------------------------------------------------------------------- */

/* A matrix argument of a kernel. */
typedef struct matrix {
    float *data;
    uint32_t rows;
    uint32_t columns;
    size_t ld; /* elements from one row to the next */
} matrix;

/* Tensor argument i as a matrix. */
static matrix matrix_arg(const slip_kernel_ctx *ctx, uint32_t i)
{
    matrix m = {slip_kernel_data(ctx, i), slip_kernel_dim(ctx, i, 0), slip_kernel_dim(ctx, i, 1),
                (size_t)slip_kernel_stride(ctx, i, 0)};
    return m;
}

/*
 * Factors a diagonal tile in place (inout). Returns the number of the first row, from 1, whose
 * pivot is not positive: the matrix is not positive definite.
 */
static int32_t kernel_potrf(const slip_kernel_ctx *ctx)
{
    matrix a = matrix_arg(ctx, 0);
    for (uint32_t j = 0; j < a.rows; j++) {
        const float *row_j = a.data + j * a.ld;
        float pivot = row_j[j];
        for (uint32_t p = 0; p < j; p++) {
            pivot -= row_j[p] * row_j[p];
        }
        if (!(pivot > 0.0F)) {
            return (int32_t)(j + 1);
        }
        pivot = sqrtf(pivot);
        a.data[j * a.ld + j] = pivot;
        for (uint32_t i = j + 1; i < a.rows; i++) {
            float *row_i = a.data + i * a.ld;
            float sum = row_i[j];
            for (uint32_t p = 0; p < j; p++) {
                sum -= row_i[p] * row_j[p];
            }
            row_i[j] = sum / pivot;
        }
    }
    return 0;
}

/* b = b L^-T in place. Arguments: L (lower triangle, in), b (inout). */
static int32_t kernel_trsm(const slip_kernel_ctx *ctx)
{
    matrix l = matrix_arg(ctx, 0);
    matrix b = matrix_arg(ctx, 1);
    for (uint32_t i = 0; i < b.rows; i++) {
        float *row = b.data + i * b.ld;
        for (uint32_t j = 0; j < b.columns; j++) {
            float sum = row[j];
            for (uint32_t p = 0; p < j; p++) {
                sum -= row[p] * l.data[j * l.ld + p];
            }
            row[j] = sum / l.data[j * l.ld + j];
        }
    }
    return 0;
}

/* out = transpose of a. Arguments: a (in), out (existing). */
static int32_t kernel_pack(const slip_kernel_ctx *ctx)
{
    matrix a = matrix_arg(ctx, 0);
    matrix out = matrix_arg(ctx, 1);
    for (uint32_t i = 0; i < a.rows; i++) {
        for (uint32_t p = 0; p < a.columns; p++) {
            out.data[p * out.ld + i] = a.data[i * a.ld + p];
        }
    }
    return 0;
}

/* c -= a bt. Arguments: a (m x k, in), bt (k x n, in), c (m x n, inout). */
static int32_t kernel_gemm(const slip_kernel_ctx *ctx)
{
    matrix a = matrix_arg(ctx, 0);
    matrix bt = matrix_arg(ctx, 1);
    matrix c = matrix_arg(ctx, 2);
    for (uint32_t i = 0; i < c.rows; i++) {
        float *restrict row = c.data + i * c.ld;
        for (uint32_t p = 0; p < a.columns; p++) {
            const float *restrict from = bt.data + p * bt.ld;
            float factor = a.data[i * a.ld + p];
            for (uint32_t j = 0; j < c.columns; j++) {
                row[j] -= factor * from[j];
            }
        }
    }
    return 0;
}

/* As kernel_gemm, for the lower triangle of a diagonal tile only. */
static int32_t kernel_syrk(const slip_kernel_ctx *ctx)
{
    matrix a = matrix_arg(ctx, 0);
    matrix bt = matrix_arg(ctx, 1);
    matrix c = matrix_arg(ctx, 2);
    for (uint32_t i = 0; i < c.rows; i++) {
        float *restrict row = c.data + i * c.ld;
        for (uint32_t p = 0; p < a.columns; p++) {
            const float *restrict from = bt.data + p * bt.ld;
            float factor = a.data[i * a.ld + p];
            for (uint32_t j = 0; j <= i; j++) {
                row[j] -= factor * from[j];
            }
        }
    }
    return 0;
}

/* ---- orchestration -------------------------------------------------------------------------- */

/* What the orchestration hands from function to function. */
typedef struct factor {
    slip_orch *o;
    slip_tensor a;
    slip_tensor panel; /* PANELS * tile rows of n: the transposed tiles of two columns */
    uint32_t n;
    uint32_t tile;
    uint32_t count; /* tiles along a side */
} factor;

/* Rows, or columns, of tile i: the last one may be smaller. */
static uint32_t tile_length(const factor *f, uint32_t i)
{
    uint32_t left = f->n - i * f->tile;
    return left < f->tile ? left : f->tile;
}

/* Tile (i, j) of the matrix. */
static slip_tensor matrix_tile(const factor *f, uint32_t i, uint32_t j)
{
    const uint32_t lo[2] = {i * f->tile, j * f->tile};
    const uint32_t len[2] = {tile_length(f, i), tile_length(f, j)};
    slip_tensor tile = {0};
    slip_slice(f->o, &f->a, lo, len, &tile);
    return tile;
}

/* Where tile i of column k is packed, transposed: whole columns only, the last one needs none. */
static slip_tensor panel_tile(const factor *f, uint32_t k, uint32_t i)
{
    const uint32_t lo[2] = {(k % PANELS) * f->tile, i * f->tile};
    const uint32_t len[2] = {f->tile, tile_length(f, i)};
    slip_tensor tile = {0};
    slip_slice(f->o, &f->panel, lo, len, &tile);
    return tile;
}

/* Submits the tasks of column k: its factor, the panel below it, its packed copies. */
static void submit_panel(const factor *f, uint32_t k)
{
    slip_scope_begin(f->o, SLIP_SCOPE_AUTO);
    slip_tensor diagonal = matrix_tile(f, k, k);
    const slip_arg potrf[] = {slip_inout(&diagonal)};
    slip_spawn(f->o, SLIP_TASK_AIV, KERNEL_POTRF, 1, potrf);
    for (uint32_t i = k + 1; i < f->count; i++) {
        slip_tensor below = matrix_tile(f, i, k);
        slip_tensor packed = panel_tile(f, k, i);
        const slip_arg trsm[] = {slip_in(&diagonal), slip_inout(&below)};
        slip_spawn(f->o, SLIP_TASK_AIV, KERNEL_TRSM, 2, trsm);
        const slip_arg pack[] = {slip_in(&below), slip_out_existing(&packed)};
        slip_spawn(f->o, SLIP_TASK_AIV, KERNEL_PACK, 2, pack);
    }
    slip_scope_end(f->o);
}

/* Submits the updates of the trailing matrix by column k. */
static void submit_updates(const factor *f, uint32_t k)
{
    for (uint32_t i = k + 1; i < f->count; i++) {
        slip_scope_begin(f->o, SLIP_SCOPE_AUTO);
        slip_tensor left = matrix_tile(f, i, k);
        for (uint32_t j = k + 1; j <= i; j++) {
            slip_tensor packed = panel_tile(f, k, j);
            slip_tensor target = matrix_tile(f, i, j);
            const slip_arg args[] = {slip_in(&left), slip_in(&packed), slip_inout(&target)};
            slip_spawn(f->o, SLIP_TASK_AIC, i == j ? KERNEL_SYRK : KERNEL_GEMM, 3, args);
        }
        slip_scope_end(f->o);
    }
}

/* The graph. */
static slip_status orchestrate(slip_orch *o)
{
    factor f = {.o = o};
    slip_orch_tensor(o, ARG_A, &f.a);
    uint64_t tile = slip_orch_scalar(o, ARG_TILE);
    if (slip_orch_failed(o) != SLIP_OK) {
        return slip_orch_failed(o);
    }
    f.n = f.a.shape[0];
    if (f.a.shape[1] != f.n || tile == 0 || tile > f.n) {
        return slip_orch_fail(o, 1, "wanted a square matrix and a tile from 1 to its side");
    }
    f.tile = (uint32_t)tile;
    f.count = (f.n - 1) / f.tile + 1;
    const uint32_t panel_shape[2] = {PANELS * f.tile, f.n};
    slip_alloc(o, &f.panel, SLIP_F32, 2, panel_shape);
    for (uint32_t k = 0; k < f.count && slip_orch_failed(o) == SLIP_OK; k++) {
        submit_panel(&f, k);
        submit_updates(&f, k);
    }
    return slip_orch_failed(o);
}

static const slip_kernel_entry kernels[KERNEL_COUNT] = {
    [KERNEL_POTRF] = {"potrf", kernel_potrf, SLIP_AIV, 0},
    [KERNEL_TRSM] = {"trsm", kernel_trsm, SLIP_AIV, 0},
    [KERNEL_PACK] = {"pack", kernel_pack, SLIP_AIV, 0},
    [KERNEL_SYRK] = {"syrk", kernel_syrk, SLIP_AIC, 0},
    [KERNEL_GEMM] = {"gemm", kernel_gemm, SLIP_AIC, 0}};

static const slip_param params[ARG_COUNT] = {
    [ARG_A] = {"a", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 2},
    [ARG_TILE] = {"tile", SLIP_PARAM_SCALAR, SLIP_ACCESS_NONE, SLIP_DTYPE_NONE, 0}};

SLIP_EXPORT_PROGRAM("cholesky", orchestrate, NULL, kernels, KERNEL_COUNT, ARG_COUNT, params);
