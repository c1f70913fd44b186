/*
 * gen_views.c - random tensors and views for random programs; see gen.h.
 *
 * One thread.
 */
#include <string.h>

#include "gen.h"

/* A random shape. */
uint32_t gen_shape(gen *g, uint32_t most, uint32_t *shape)
{
    uint32_t ndim = rp_chance(&g->rng, 10) ? rp_between(&g->rng, 4, 5) : rp_between(&g->rng, 1, 3);
    uint32_t left = rp_between(&g->rng, most / 4u + 1u, most);
    for (uint32_t d = 0; d < ndim; d++) {
        uint32_t high = d + 1u == ndim ? left : left < 16u ? left : 16u;
        shape[d] = rp_between(&g->rng, d + 1u == ndim ? (high + 1u) / 2u : 1u, high);
        left /= shape[d];
    }
    return ndim;
}

/* Adds a memory. */
uint32_t gen_add_memory(gen *g, uint32_t elements)
{
    rp_memory *memory = &g->p->memory[g->p->memory_count];
    memory->elements = elements;
    memset(&memory->defined, 0, sizeof(memory->defined));
    return g->p->memory_count++;
}

/* Adds a tensor. */
uint32_t gen_add_tensor(gen *g, uint32_t memory, uint32_t offset, uint32_t ndim,
                        const uint32_t *shape)
{
    rp_tensor *t = &g->p->tensor[g->p->tensor_count];
    memset(t, 0, sizeof(*t));
    t->memory = memory;
    t->offset = offset;
    t->ndim = ndim;
    t->count = 1;
    for (uint32_t d = 0; d < ndim; d++) {
        t->shape[d] = shape[d];
        t->tile[d] = rp_between(&g->rng, 1, (shape[d] + 1u) / 2u);
        t->count *= shape[d];
    }
    t->creator = RP_NONE;
    t->alive = true;
    return g->p->tensor_count++;
}

/* Factors the elements of a view into another shape. */
static void reshape(gen *g, rp_view *v)
{
    uint32_t shape[SLIP_MAX_DIMS] = {0};
    uint32_t ndim = rp_between(&g->rng, 1, 4);
    uint32_t left = v->count;
    for (uint32_t d = 0; d + 1u < ndim; d++) {
        uint32_t factor = rp_between(&g->rng, 1, left < 8u ? left : 8u);
        while (left % factor != 0) {
            factor--;
        }
        shape[d] = factor;
        left /= factor;
    }
    shape[ndim - 1u] = left;
    rp_view_reshape(v, ndim, shape);
}

/* Puts the dimensions in a random order. */
static void transpose(gen *g, rp_view *v)
{
    uint32_t perm[SLIP_MAX_DIMS] = {0, 1, 2, 3, 4};
    for (uint32_t d = v->ndim; d > 1; d--) {
        uint32_t other = rp_below(&g->rng, d);
        uint32_t kept = perm[d - 1];
        perm[d - 1] = perm[other];
        perm[other] = kept;
    }
    rp_view_transpose(v, perm);
}

/* Ways to cut a view. */
enum cut { CUT_TILE, CUT_TILES, CUT_PANEL, CUT_IRREGULAR };

/* Cuts a box out of a view; `tile` is the lattice. */
static void slice(gen *g, rp_view *v, enum cut cut, const uint32_t *tile)
{
    uint32_t lo[SLIP_MAX_DIMS] = {0};
    uint32_t len[SLIP_MAX_DIMS] = {0};
    uint32_t full = rp_below(&g->rng, v->ndim);
    for (uint32_t d = 0; d < v->ndim; d++) {
        uint32_t size = v->shape[d];
        uint32_t count = (size + tile[d] - 1u) / tile[d];
        uint32_t first = rp_below(&g->rng, count);
        uint32_t tiles = cut == CUT_TILES ? rp_between(&g->rng, 1, count - first) : 1u;
        lo[d] = first * tile[d];
        len[d] = tiles * tile[d] < size - lo[d] ? tiles * tile[d] : size - lo[d];
        if (cut == CUT_IRREGULAR) {
            lo[d] = rp_below(&g->rng, size);
            len[d] = rp_between(&g->rng, 1, size - lo[d]);
        }
        if (cut == CUT_PANEL && d == full) {
            lo[d] = 0;
            len[d] = size;
        }
    }
    rp_view_slice(v, lo, len);
}

/* A random view. */
rp_view gen_view(gen *g, uint32_t tensor)
{
    static const enum cut cuts[] = {CUT_TILE, CUT_TILE, CUT_TILE, CUT_TILES, CUT_PANEL};
    rp_view v = rp_view_whole(g->p, tensor);
    uint32_t tile[SLIP_MAX_DIMS];
    memcpy(tile, g->p->tensor[tensor].tile, sizeof(tile));
    if (rp_chance(&g->rng, 12)) {
        reshape(g, &v);
        for (uint32_t d = 0; d < v.ndim; d++) {
            tile[d] = rp_between(&g->rng, 1, v.shape[d]);
        }
    }
    if (rp_chance(&g->rng, 75)) {
        bool irregular = rp_chance(&g->rng, 20);
        slice(g, &v, irregular ? CUT_IRREGULAR : cuts[rp_below(&g->rng, 5)], tile);
    }
    if (rp_chance(&g->rng, 12) && rp_view_contiguous(&v)) {
        reshape(g, &v);
    }
    if (rp_chance(&g->rng, 15)) {
        transpose(g, &v);
    }
    if (v.steps < RP_MAX_STEPS && rp_chance(&g->rng, 8)) {
        slice(g, &v, CUT_IRREGULAR, v.shape);
    }
    return v;
}

/* A random tensor that may be used here; RP_NONE if there is none. */
static uint32_t pick_tensor(gen *g)
{
    if (g->manual) {
        return g->allowed_count == 0 ? RP_NONE : g->allowed[rp_below(&g->rng, g->allowed_count)];
    }
    /* The youngest more often than others. */
    uint32_t count = g->p->tensor_count;
    uint32_t t = rp_below(&g->rng, count);
    if (rp_chance(&g->rng, 50) && count > 4u) {
        t = count - 1u - rp_below(&g->rng, 4);
    }
    return g->p->tensor[t].alive ? t : rp_below(&g->rng, g->p->run_tensors);
}

/* A view to read. */
bool gen_pick_read(gen *g, rp_view *out)
{
    for (uint32_t attempt = 0; attempt < 6; attempt++) {
        uint32_t tensor = pick_tensor(g);
        if (tensor == RP_NONE) {
            return false;
        }
        *out = gen_view(g, tensor);
        if (rp_mask_all(&g->p->memory[g->p->tensor[tensor].memory].defined, out)) {
            g->p->tensor[tensor].used = true;
            return true;
        }
    }
    return false;
}

/* A view to write. */
bool gen_pick_write(gen *g, rp_view *out)
{
    for (uint32_t attempt = 0; attempt < 6; attempt++) {
        uint32_t tensor = pick_tensor(g);
        if (tensor == RP_NONE) {
            return false;
        }
        if (!g->p->tensor[tensor].read_only && !g->p->tensor[tensor].frozen) {
            *out = gen_view(g, tensor);
            return true;
        }
    }
    return false;
}
