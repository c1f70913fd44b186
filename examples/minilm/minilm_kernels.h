/*
 * minilm_kernels.h - kernels of the sentence encoder and their arguments.
 *
 * For minilm_program.c. Kernels run on any thread that plays a core; they have no state.
 */
#ifndef MINILM_KERNELS_H
#define MINILM_KERNELS_H

#include <slipway/orch.h>

/*
 * Index in the kernel table, and the tensors of a task in their order. `w` has a row for every
 * result column; `y` may be a column block of a wider tensor, `x` a row block of a longer one.
 */
enum minilm_kernel {
    MINILM_EMBED = 0,       /* ids, word, position, type, norm w, norm b, x: one row an id */
    MINILM_LINEAR = 1,      /* x, w, b, y = x * transpose(w) + b */
    MINILM_LINEAR_GELU = 2, /* x, w, b, y = GELU(x * transpose(w) + b) */
    MINILM_SCORES = 3,      /* query, key, s; scalar: first column of the head in query and key */
    MINILM_SOFTMAX = 4,     /* s, in place */
    MINILM_CONTEXT = 5,     /* s, value, context; scalar: first column of the head in value */
    MINILM_ADD_NORM = 6, /* add, norm w, norm b, x; scalar: row of add that belongs to x's first */
    MINILM_POOL = 7,     /* x, mean of its rows */
    MINILM_UNIT = 8,     /* mean, embedding */
    MINILM_KERNELS = 9
};

/* The kernel table. */
extern const slip_kernel_entry minilm_kernels[MINILM_KERNELS];

#endif
