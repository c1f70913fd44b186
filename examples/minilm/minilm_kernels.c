/*
 * minilm_kernels.c - kernels of the sentence encoder: products by OpenBLAS, the rest in C.
 *
 * Part of the program's shared object; see minilm_kernels.h. OpenBLAS must be its serial flavour:
 * the cores belong to the runtime, and a kernel uses the one that it runs on. blas_lock.h makes it
 * safe there.
 */
#include "minilm_kernels.h"

#include <cblas.h>

#include "bert_math.h"
#include "blas_lock.h"

/* What a kernel returns for a token id outside the vocabulary, and where products are not safe. */
enum { BAD_TOKEN = 1, NO_BLAS_LOCK = 2 };

/* Tensor argument i as floats. */
static float *data(const slip_kernel_ctx *ctx, uint32_t i)
{
    return slip_kernel_data(ctx, i);
}

/* Distance of two rows of tensor argument i. */
static blasint row_stride(const slip_kernel_ctx *ctx, uint32_t i)
{
    return slip_kernel_stride(ctx, i, 0);
}

/* Row r of tensor argument i. */
static float *row(const slip_kernel_ctx *ctx, uint32_t i, uint32_t r)
{
    return data(ctx, i) + (int64_t)r * slip_kernel_stride(ctx, i, 0);
}

/* Word, position and type of each token, added and normalised. Every run starts with it. */
static int32_t embed(const slip_kernel_ctx *ctx)
{
    const int32_t *ids = slip_kernel_data(ctx, 0);
    uint32_t words = slip_kernel_dim(ctx, 1, 0);
    const float *type = data(ctx, 3);
    if (!blas_lock_works()) {
        return NO_BLAS_LOCK;
    }
    for (uint32_t r = 0; r < slip_kernel_dim(ctx, 0, 0); r++) {
        uint32_t id = (uint32_t)ids[r];
        if (id >= words) {
            return BAD_TOKEN;
        }
        const float *word = row(ctx, 1, id);
        const float *position = row(ctx, 2, r);
        float *x = row(ctx, 6, r);
        for (int i = 0; i < MINILM_HIDDEN; i++) {
            x[i] = word[i] + position[i] + type[i];
        }
        bert_norm_row(x, data(ctx, 4), data(ctx, 5));
    }
    return 0;
}

/* y = x * transpose(w), the part that the two linear kernels share. */
static void product(const slip_kernel_ctx *ctx)
{
    blasint rows = (blasint)slip_kernel_dim(ctx, 0, 0);
    blasint inner = (blasint)slip_kernel_dim(ctx, 0, 1);
    blasint columns = (blasint)slip_kernel_dim(ctx, 1, 0);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, columns, inner, 1.0f, data(ctx, 0),
                row_stride(ctx, 0), data(ctx, 1), row_stride(ctx, 1), 0.0f, data(ctx, 3),
                row_stride(ctx, 3));
}

/* A product with a bias. */
static int32_t linear(const slip_kernel_ctx *ctx)
{
    product(ctx);
    for (uint32_t r = 0; r < slip_kernel_dim(ctx, 3, 0); r++) {
        bert_bias_row(row(ctx, 3, r), data(ctx, 2), slip_kernel_dim(ctx, 3, 1));
    }
    return 0;
}

/* A product with a bias, followed by GELU. */
static int32_t linear_gelu(const slip_kernel_ctx *ctx)
{
    product(ctx);
    for (uint32_t r = 0; r < slip_kernel_dim(ctx, 3, 0); r++) {
        bert_gelu_row(row(ctx, 3, r), data(ctx, 2), slip_kernel_dim(ctx, 3, 1));
    }
    return 0;
}

/* Scores of one head: query * transpose(key) / sqrt(width of a head). */
static int32_t scores(const slip_kernel_ctx *ctx)
{
    uint64_t column = slip_kernel_u64(ctx, 0);
    blasint tokens = (blasint)slip_kernel_dim(ctx, 2, 0);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, tokens, tokens, MINILM_HEAD,
                1.0f / sqrtf((float)MINILM_HEAD), data(ctx, 0) + column, row_stride(ctx, 0),
                data(ctx, 1) + column, row_stride(ctx, 1), 0.0f, data(ctx, 2), row_stride(ctx, 2));
    return 0;
}

/* Softmax of every row of one head's scores. */
static int32_t softmax(const slip_kernel_ctx *ctx)
{
    for (uint32_t r = 0; r < slip_kernel_dim(ctx, 0, 0); r++) {
        bert_softmax_row(row(ctx, 0, r), slip_kernel_dim(ctx, 0, 1));
    }
    return 0;
}

/* What one head takes from the values: scores * value. */
static int32_t context(const slip_kernel_ctx *ctx)
{
    blasint tokens = (blasint)slip_kernel_dim(ctx, 0, 0);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, tokens, MINILM_HEAD, tokens, 1.0f,
                data(ctx, 0), row_stride(ctx, 0), data(ctx, 1) + slip_kernel_u64(ctx, 0),
                row_stride(ctx, 1), 0.0f, data(ctx, 2), row_stride(ctx, 2));
    return 0;
}

/* x = normalised (x + add) for a block of rows. */
static int32_t add_norm(const slip_kernel_ctx *ctx)
{
    uint32_t first = (uint32_t)slip_kernel_u64(ctx, 0);
    for (uint32_t r = 0; r < slip_kernel_dim(ctx, 3, 0); r++) {
        bert_add_norm_row(row(ctx, 3, r), row(ctx, 0, first + r), data(ctx, 1), data(ctx, 2));
    }
    return 0;
}

/* Mean of all rows. */
static int32_t pool(const slip_kernel_ctx *ctx)
{
    bert_mean_rows(data(ctx, 0), slip_kernel_dim(ctx, 0, 0),
                   (uint32_t)slip_kernel_stride(ctx, 0, 0), data(ctx, 1));
    return 0;
}

/* The mean scaled to length 1. */
static int32_t unit(const slip_kernel_ctx *ctx)
{
    bert_unit_row(data(ctx, 0), data(ctx, 1));
    return 0;
}

const slip_kernel_entry minilm_kernels[MINILM_KERNELS] = {
    [MINILM_EMBED] = {"embed", embed, SLIP_AIV, 0},
    [MINILM_LINEAR] = {"linear", linear, SLIP_AIC, 0},
    [MINILM_LINEAR_GELU] = {"linear_gelu", linear_gelu, SLIP_AIC, 0},
    [MINILM_SCORES] = {"scores", scores, SLIP_AIC, 0},
    [MINILM_SOFTMAX] = {"softmax", softmax, SLIP_AIV, 0},
    [MINILM_CONTEXT] = {"context", context, SLIP_AIC, 0},
    [MINILM_ADD_NORM] = {"add_norm", add_norm, SLIP_AIV, 0},
    [MINILM_POOL] = {"pool", pool, SLIP_AIV, 0},
    [MINILM_UNIT] = {"unit", unit, SLIP_AIV, 0},
};
