/*
 * views.c - where the elements of a view are, by sums of this test's own; see model.h.
 *
 * Any thread; no state.
 */
#include <string.h>

#include "model.h"

/* Gives a view row-major strides for its shape. */
static void row_major(rp_view *v)
{
    uint32_t pitch = 1;
    for (uint32_t d = v->ndim; d > 0; d--) {
        v->stride[d - 1] = (int32_t)pitch;
        pitch *= v->shape[d - 1];
    }
    v->count = pitch;
}

/* Notes a step. */
static rp_step *add_step(rp_view *v, uint32_t kind, uint32_t ndim)
{
    rp_step *step = &v->step[v->steps];
    memset(step, 0, sizeof(*step));
    v->steps++;
    step->kind = kind;
    step->ndim = ndim;
    return step;
}

/* The whole of a tensor. */
rp_view rp_view_whole(const rp_program *p, uint32_t tensor)
{
    rp_view v;
    memset(&v, 0, sizeof(v));
    v.tensor = tensor;
    v.ndim = p->tensor[tensor].ndim;
    v.offset = p->tensor[tensor].offset;
    memcpy(v.shape, p->tensor[tensor].shape, sizeof(v.shape));
    row_major(&v);
    return v;
}

/* A box of the view. */
void rp_view_slice(rp_view *v, const uint32_t *lo, const uint32_t *len)
{
    rp_step *step = add_step(v, RP_SLICE, v->ndim);
    v->count = 1;
    for (uint32_t d = 0; d < v->ndim; d++) {
        step->a[d] = lo[d];
        step->b[d] = len[d];
        v->offset += lo[d] * (uint32_t)v->stride[d];
        v->shape[d] = len[d];
        v->count *= len[d];
    }
}

/* The same elements in another shape. */
void rp_view_reshape(rp_view *v, uint32_t ndim, const uint32_t *shape)
{
    rp_step *step = add_step(v, RP_RESHAPE, ndim);
    memcpy(step->a, shape, ndim * sizeof(*shape));
    memset(v->shape, 0, sizeof(v->shape));
    memset(v->stride, 0, sizeof(v->stride));
    memcpy(v->shape, shape, ndim * sizeof(*shape));
    v->ndim = ndim;
    row_major(v);
}

/* Dimension d of the result is dimension perm[d]. */
void rp_view_transpose(rp_view *v, const uint32_t *perm)
{
    rp_step *step = add_step(v, RP_TRANSPOSE, v->ndim);
    rp_view old = *v;
    for (uint32_t d = 0; d < v->ndim; d++) {
        step->a[d] = perm[d];
        v->shape[d] = old.shape[perm[d]];
        v->stride[d] = old.stride[perm[d]];
    }
}

/* True if the elements are adjacent, in order. */
bool rp_view_contiguous(const rp_view *v)
{
    int32_t pitch = 1;
    for (uint32_t d = v->ndim; d > 0; d--) {
        if (v->shape[d - 1] != 1 && v->stride[d - 1] != pitch) {
            return false;
        }
        pitch *= (int32_t)v->shape[d - 1];
    }
    return true;
}

/* Place of an element. */
uint32_t rp_view_at(const rp_view *v, const uint32_t *index)
{
    uint32_t at = v->offset;
    for (uint32_t d = 0; d < v->ndim; d++) {
        at += index[d] * (uint32_t)v->stride[d];
    }
    return at;
}

/* Moves an index to the next element in row-major order. */
static void step_index(const rp_view *v, uint32_t *index)
{
    for (uint32_t d = v->ndim; d > 0; d--) {
        if (++index[d - 1] < v->shape[d - 1]) {
            break;
        }
        index[d - 1] = 0;
    }
}

/* Adds the elements. */
void rp_mask_add(rp_mask *mask, const rp_view *v)
{
    uint32_t index[SLIP_MAX_DIMS] = {0};
    for (uint32_t i = 0; i < v->count; i++) {
        uint32_t at = rp_view_at(v, index);
        mask->word[at / 64u] |= UINT64_C(1) << (at % 64u);
        step_index(v, index);
    }
}

/* Elements of a view that are in a mask. */
static uint32_t common(const rp_mask *mask, const rp_view *v)
{
    uint32_t index[SLIP_MAX_DIMS] = {0};
    uint32_t found = 0;
    for (uint32_t i = 0; i < v->count; i++) {
        uint32_t at = rp_view_at(v, index);
        found += (uint32_t)(mask->word[at / 64u] >> (at % 64u)) & 1u;
        step_index(v, index);
    }
    return found;
}

/* True if all elements are in the mask. */
bool rp_mask_all(const rp_mask *mask, const rp_view *v)
{
    return common(mask, v) == v->count;
}

/* True if any element is in the mask. */
bool rp_mask_any(const rp_mask *mask, const rp_view *v)
{
    return common(mask, v) != 0;
}
