/*
 * gen.h - what the parts of the generator share: the program so far and its open scopes.
 *
 * For tests/random/gen*.c and generate.c; one thread.
 */
#ifndef SLIPWAY_TESTS_RANDOM_GEN_H
#define SLIPWAY_TESTS_RANDOM_GEN_H

#include "model.h"

#define GEN_MAX_DEPTH 6u /* the program's own scope and five more */

typedef struct gen_scope {
    uint32_t serial;
    uint32_t kind;         /* enum slip_scope_kind */
    uint32_t first_tensor; /* first tensor made in it */
} gen_scope;

/* What the outermost open scope of a ring keeps. */
typedef struct gen_ring {
    uint32_t tasks;
    uint32_t most_tasks;
    uint64_t heap_bytes;
    uint64_t most_heap_bytes;
} gen_ring;

typedef struct gen {
    rp_rng rng;
    rp_program *p;
    gen_scope scope[GEN_MAX_DEPTH];
    uint32_t depth; /* of the innermost scope; the program's own is 0 */
    uint32_t serials;
    uint32_t limit; /* tasks that one scope may keep */
    gen_ring ring[SLIP_RING_COUNT];
    uint32_t latest_get; /* RP_NONE if none */
    /* A manual block: the tensors it may use, and the operation that orders it. */
    bool manual;
    uint32_t allowed[8];
    uint32_t allowed_count;
    uint32_t join;
} gen;

/* Ring of the innermost scope. */
static inline gen_ring *gen_ring_now(gen *g)
{
    return &g->ring[g->depth < SLIP_RING_COUNT ? g->depth : SLIP_RING_COUNT - 1u];
}

/* Tasks that the innermost scope may still take. */
static inline uint32_t gen_room(gen *g)
{
    uint32_t used = gen_ring_now(g)->tasks;
    return used < g->limit ? g->limit - used : 0;
}

/* ---- gen_views.c ---------------------------------------------------------------------------- */

/* A random shape of at most `most` elements; returns the number of dimensions. */
uint32_t gen_shape(gen *g, uint32_t most, uint32_t *shape);

/* Adds a tensor over a memory from element `offset` on; returns its index. */
uint32_t gen_add_tensor(gen *g, uint32_t memory, uint32_t offset, uint32_t ndim,
                        const uint32_t *shape);

/* Adds a memory without any known element; returns its index. */
uint32_t gen_add_memory(gen *g, uint32_t elements);

/* A random view of a tensor: whole, tile, tiles, panel, irregular; reshaped, transposed. */
rp_view gen_view(gen *g, uint32_t tensor);

/* A view to read, all of it known, or to write. False if none was found. */
bool gen_pick_read(gen *g, rp_view *out);
bool gen_pick_write(gen *g, rp_view *out);

/* ---- gen_tasks.c ---------------------------------------------------------------------------- */

/* Each adds one task to the innermost scope and returns its operation. */
uint32_t gen_task(gen *g);
uint32_t gen_mixed(gen *g);
uint32_t gen_alloc(gen *g);
uint32_t gen_join(gen *g);
uint32_t gen_sink(gen *g, uint32_t tensor);

/* A dummy task in front of a manual block, over the tensors that the block may use. */
uint32_t gen_block_join(gen *g);

/* Adds a get or a set of one element, if there is one to be had. */
void gen_get(gen *g);
void gen_set(gen *g);

/* A new operation. */
rp_op *gen_add_op(gen *g, uint32_t kind);

#endif
