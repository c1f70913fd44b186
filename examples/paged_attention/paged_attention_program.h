/*
 * paged_attention_program.h - arguments and kernels of the paged attention program.
 *
 * For its orchestration (paged_attention_program.c), its kernels (paged_attention_kernels.c) and,
 * for the order of the run arguments, its host. No state.
 *
 * Shapes: S sequences, H query heads in K groups that share one key/value head (H = K G), head
 * size D, blocks of B tokens, N blocks in the cache, M blocks a sequence at most. All f32 but the
 * two tables, which are i32.
 */
#ifndef PAGED_ATTENTION_PROGRAM_H
#define PAGED_ATTENTION_PROGRAM_H

#include <slipway/orch.h>

/* Run arguments, in this order. */
enum paged_arg {
    PAGED_ARG_QUERY,       /* in, S x H x D: the new token's queries */
    PAGED_ARG_KEY,         /* in, S x K x D: the new token's keys */
    PAGED_ARG_VALUE,       /* in, S x K x D: the new token's values */
    PAGED_ARG_KEY_CACHE,   /* inout, N x K x B x D: resident */
    PAGED_ARG_VALUE_CACHE, /* inout, N x K x B x D: resident */
    PAGED_ARG_TABLE,       /* in, S x M: block that holds tokens B m .. B m + B - 1 */
    PAGED_ARG_LENGTHS,     /* in, S: tokens of each sequence, the new one included */
    PAGED_ARG_OUT,         /* out, S x H x D */
    PAGED_ARG_COUNT
};

enum paged_kernel {
    PAGED_APPEND,
    PAGED_SCORES,
    PAGED_BIAS,
    PAGED_SOFTMAX,
    PAGED_WEIGHTED_SUM,
    PAGED_UPDATE,
    PAGED_FINISH,
    PAGED_KERNEL_COUNT
};

/* The kernel table of the program. */
extern const slip_kernel_entry paged_kernels[PAGED_KERNEL_COUNT];

#endif
