/*
 * paged_attention_kernels.c - the kernels of the paged attention program, in plain C.
 *
 * Called by the runtime on AIC and AIV cores, many at a time; each touches its arguments only. A
 * group is the G query heads that share one key/value head; a block is B tokens of the cache.
 */
#include "paged_attention_program.h"

#include <math.h>

/* The last two dimensions of a tensor argument, as a matrix. */
typedef struct matrix {
    float *data;
    uint32_t rows;
    uint32_t columns;
    size_t ld; /* elements from one row to the next */
} matrix;

/* Tensor argument i, whose dimensions but the last two have one element, as a matrix. */
static matrix matrix_arg(const slip_kernel_ctx *ctx, uint32_t i)
{
    uint32_t last = ctx->tensors[i].ndim - 1u;
    matrix m = {slip_kernel_data(ctx, i), slip_kernel_dim(ctx, i, last - 1),
                slip_kernel_dim(ctx, i, last), (size_t)slip_kernel_stride(ctx, i, last - 1)};
    return m;
}

/*
 * Writes the new token's key and value into its block. AIV. Arguments: key, value (in), key block,
 * value block (inout); scalar: the token's row in the block.
 */
static int32_t kernel_append(const slip_kernel_ctx *ctx)
{
    uint64_t row = slip_kernel_u64(ctx, 0);
    for (uint32_t i = 0; i < 2; i++) {
        const float *from = slip_kernel_data(ctx, i);
        matrix block = matrix_arg(ctx, i + 2);
        if (row >= block.rows) {
            return 1;
        }
        for (uint32_t d = 0; d < block.columns; d++) {
            block.data[row * block.ld + d] = from[d];
        }
    }
    return 0;
}

/*
 * scores = queries keys^T. AIC of a mixed task. Arguments: queries (G x D, in), key block (B x D,
 * in), scores (G x B, out), bias low, bias high (both the AIVs').
 */
static int32_t kernel_scores(const slip_kernel_ctx *ctx)
{
    matrix query = matrix_arg(ctx, 0);
    matrix key = matrix_arg(ctx, 1);
    matrix scores = matrix_arg(ctx, 2);
    for (uint32_t g = 0; g < scores.rows; g++) {
        const float *q = query.data + g * query.ld;
        for (uint32_t b = 0; b < scores.columns; b++) {
            const float *k = key.data + b * key.ld;
            float sum = 0.0F;
            for (uint32_t d = 0; d < key.columns; d++) {
                sum += q[d] * k[d];
            }
            scores.data[g * scores.ld + b] = sum;
        }
    }
    return 0;
}

/*
 * What is added to the scores: a penalty linear in the distance (ALiBi), and minus infinity where
 * the sequence has no token. Both AIVs of a mixed task, which share the arguments of
 * kernel_scores: lane 0 writes the columns of `bias low`, lane 1 those of `bias high`. Scalars:
 * length of the sequence, first token of the block, first query head of the group, query heads.
 */
static int32_t kernel_bias(const slip_kernel_ctx *ctx)
{
    matrix bias = matrix_arg(ctx, 3u + ctx->lane);
    uint32_t skipped = ctx->lane == 0 ? 0 : slip_kernel_dim(ctx, 3, 1);
    uint64_t length = slip_kernel_u64(ctx, 0);
    uint64_t first = slip_kernel_u64(ctx, 1) + skipped;
    uint64_t head = slip_kernel_u64(ctx, 2);
    double heads = (double)slip_kernel_u64(ctx, 3);
    for (uint32_t g = 0; g < bias.rows; g++) {
        float slope = (float)exp2(-8.0 * (double)(head + g + 1) / heads);
        for (uint32_t b = 0; b < bias.columns; b++) {
            uint64_t token = first + b;
            float penalty = token < length ? -slope * (float)(length - 1 - token) : -INFINITY;
            bias.data[g * bias.ld + b] = penalty;
        }
    }
    return 0;
}

/* Bias of column b, from the two halves. */
static float bias_at(const matrix *low, const matrix *high, uint32_t g, uint32_t b)
{
    return b < low->columns ? low->data[g * low->ld + b]
                            : high->data[g * high->ld + (b - low->columns)];
}

/*
 * Softmax of one block, not yet normalised: weights = exp(scale scores + bias - maximum). AIV.
 * Arguments: scores, replaced by the weights (G x B, inout), bias low, bias high (in), maximum,
 * sum of the weights (G, out); scalar: scale. Scores of absent tokens are not looked at.
 */
static int32_t kernel_softmax(const slip_kernel_ctx *ctx)
{
    matrix scores = matrix_arg(ctx, 0);
    matrix low = matrix_arg(ctx, 1);
    matrix high = matrix_arg(ctx, 2);
    float *maximum = slip_kernel_data(ctx, 3);
    float *sum = slip_kernel_data(ctx, 4);
    float scale = (float)slip_kernel_f64(ctx, 0);
    for (uint32_t g = 0; g < scores.rows; g++) {
        float *row = scores.data + g * scores.ld;
        maximum[g] = -INFINITY;
        for (uint32_t b = 0; b < scores.columns; b++) {
            float bias = bias_at(&low, &high, g, b);
            row[b] = isinf(bias) ? -INFINITY : row[b] * scale + bias;
            maximum[g] = fmaxf(maximum[g], row[b]);
        }
        sum[g] = 0.0F;
        for (uint32_t b = 0; b < scores.columns; b++) {
            row[b] = expf(row[b] - maximum[g]);
            sum[g] += row[b];
        }
    }
    return 0;
}

/*
 * out = weights values. AIC. Arguments: weights (G x B, in), value block (B x D, in), out (G x D);
 * scalar: tokens of the block that are there. The rows behind them are not read.
 */
static int32_t kernel_weighted_sum(const slip_kernel_ctx *ctx)
{
    matrix weights = matrix_arg(ctx, 0);
    matrix value = matrix_arg(ctx, 1);
    matrix out = matrix_arg(ctx, 2);
    uint64_t tokens = slip_kernel_u64(ctx, 0);
    if (tokens > value.rows) {
        return 1;
    }
    for (uint32_t g = 0; g < out.rows; g++) {
        float *restrict row = out.data + g * out.ld;
        for (uint32_t d = 0; d < out.columns; d++) {
            row[d] = 0.0F;
        }
        for (uint32_t b = 0; b < tokens; b++) {
            const float *restrict from = value.data + b * value.ld;
            float weight = weights.data[g * weights.ld + b];
            for (uint32_t d = 0; d < out.columns; d++) {
                row[d] += weight * from[d];
            }
        }
    }
    return 0;
}

/*
 * Merges one block into the running softmax. AIV. Arguments: maximum, sum (G, inout), accumulator
 * (G x D, inout) of the blocks so far; maximum, sum (G, in), weighted values (G x D, in) of the
 * block.
 */
static int32_t kernel_update(const slip_kernel_ctx *ctx)
{
    float *maximum = slip_kernel_data(ctx, 0);
    float *sum = slip_kernel_data(ctx, 1);
    matrix total = matrix_arg(ctx, 2);
    const float *block_maximum = slip_kernel_data(ctx, 3);
    const float *block_sum = slip_kernel_data(ctx, 4);
    matrix block = matrix_arg(ctx, 5);
    for (uint32_t g = 0; g < total.rows; g++) {
        float larger = fmaxf(maximum[g], block_maximum[g]);
        float keep = expf(maximum[g] - larger); /* 0 at the first block: its maximum is -inf */
        float add = expf(block_maximum[g] - larger);
        maximum[g] = larger;
        sum[g] = sum[g] * keep + block_sum[g] * add;
        for (uint32_t d = 0; d < total.columns; d++) {
            float *entry = &total.data[g * total.ld + d];
            *entry = *entry * keep + block.data[g * block.ld + d] * add;
        }
    }
    return 0;
}

/* out = accumulator / sum. AIV. Arguments: sum (G, in), accumulator (G x D, in), out (G x D). */
static int32_t kernel_finish(const slip_kernel_ctx *ctx)
{
    const float *sum = slip_kernel_data(ctx, 0);
    matrix total = matrix_arg(ctx, 1);
    matrix out = matrix_arg(ctx, 2);
    for (uint32_t g = 0; g < total.rows; g++) {
        for (uint32_t d = 0; d < total.columns; d++) {
            out.data[g * out.ld + d] = total.data[g * total.ld + d] / sum[g];
        }
    }
    return 0;
}

const slip_kernel_entry paged_kernels[PAGED_KERNEL_COUNT] = {
    [PAGED_APPEND] = {"append", kernel_append, SLIP_AIV, 0},
    [PAGED_SCORES] = {"qk", kernel_scores, SLIP_AIC, 0},
    [PAGED_BIAS] = {"bias", kernel_bias, SLIP_AIV, 0},
    [PAGED_SOFTMAX] = {"softmax", kernel_softmax, SLIP_AIV, 0},
    [PAGED_WEIGHTED_SUM] = {"pv", kernel_weighted_sum, SLIP_AIC, 0},
    [PAGED_UPDATE] = {"update", kernel_update, SLIP_AIV, 0},
    [PAGED_FINISH] = {"finish", kernel_finish, SLIP_AIV, 0}};
