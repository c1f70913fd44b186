/*
 * byteset.c - exact byte sets of strided views; see byteset.h.
 *
 * Called by the oracle on the host; no state, any thread.
 */
#include "trace/byteset.h"

#include <string.h>

/* One dimension while a set is made. */
typedef struct dimension {
    uint64_t count;
    uint64_t stride; /* bytes, positive */
} dimension;

/* Turns the tensor's dimensions into positive byte strides; returns how many exceed one element. */
static bool collect(const slip_task_tensor *t, dimension *dims, uint32_t *out_dims, int64_t *first)
{
    int64_t bytes = (int64_t)slip_dtype_bytes(t->dtype);
    uint32_t n = 0;
    *first = 0;
    for (uint32_t d = 0; d < t->ndim; d++) {
        if (t->shape[d] == 0) {
            return false;
        }
        if (t->shape[d] == 1) {
            continue;
        }
        int64_t stride = (int64_t)t->stride[d] * bytes;
        if (stride == 0) {
            return false;
        }
        if (stride < 0) {
            int64_t back = 0;
            if (__builtin_mul_overflow(stride, (int64_t)t->shape[d] - 1, &back) ||
                __builtin_add_overflow(*first, back, first)) {
                return false;
            }
            stride = -stride;
        }
        dims[n].count = t->shape[d];
        dims[n].stride = (uint64_t)stride;
        n++;
    }
    *out_dims = n;
    return true;
}

/* Sorts the dimensions by stride, largest first. */
static void sort_dimensions(dimension *dims, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        dimension moving = dims[i];
        uint32_t at = i;
        while (at > 0 && dims[at - 1].stride < moving.stride) {
            dims[at] = dims[at - 1];
            at--;
        }
        dims[at] = moving;
    }
}

/* Folds dimensions that continue each other, innermost first; false if they overlap. */
static bool fold(const dimension *dims, uint32_t n, slipi_byteset *out)
{
    uint64_t extent = out->run;
    uint64_t runs = 1;
    for (uint32_t i = n; i > 0; i--) {
        const dimension *d = &dims[i - 1];
        uint64_t span = 0;
        if (d->stride < extent || __builtin_mul_overflow(d->stride, d->count - 1, &span) ||
            __builtin_add_overflow(span, extent, &extent)) {
            return false;
        }
        if (out->dims == 0 && d->stride == out->run) {
            out->run = extent;
            continue;
        }
        if (out->dims > 0 && d->stride == out->stride[out->dims - 1] * out->count[out->dims - 1]) {
            out->count[out->dims - 1] *= d->count;
            runs *= d->count; /* at most extent, which did not overflow */
            continue;
        }
        if (__builtin_mul_overflow(runs, d->count, &runs)) {
            return false;
        }
        out->count[out->dims] = d->count;
        out->stride[out->dims] = d->stride;
        out->dims++;
    }
    out->extent = extent;
    out->runs = runs;
    return true;
}

/* Reverses the dimensions in place: they were collected innermost first. */
static void outermost_first(slipi_byteset *set)
{
    for (uint32_t i = 0; i < set->dims / 2; i++) {
        uint32_t j = set->dims - 1 - i;
        uint64_t count = set->count[i];
        uint64_t stride = set->stride[i];
        set->count[i] = set->count[j];
        set->stride[i] = set->stride[j];
        set->count[j] = count;
        set->stride[j] = stride;
    }
}

/* Makes the set of a tensor; see the header. */
bool slipi_byteset_make(const slip_task_tensor *tensor, slipi_byteset *out)
{
    memset(out, 0, sizeof(*out));
    dimension dims[SLIP_MAX_DIMS];
    uint32_t n = 0;
    int64_t first = 0;
    out->run = slip_dtype_bytes(tensor->dtype);
    if (out->run == 0 || tensor->ndim == 0 || tensor->ndim > SLIP_MAX_DIMS ||
        !collect(tensor, dims, &n, &first)) {
        return false;
    }
    if (first < 0 && tensor->offset < (uint64_t)-first) {
        return false;
    }
    out->base = tensor->offset + (uint64_t)first;
    sort_dimensions(dims, n);
    if (!fold(dims, n, out)) {
        return false;
    }
    outermost_first(out);
    uint64_t end = 0;
    return !__builtin_add_overflow(out->base, out->extent, &end);
}

/* Compares the folded forms. */
bool slipi_byteset_equal(const slipi_byteset *a, const slipi_byteset *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* Compares the bounding intervals. */
bool slipi_byteset_intervals_meet(const slipi_byteset *a, const slipi_byteset *b)
{
    return a->base < b->base + b->extent && b->base < a->base + a->extent;
}

/*
 * True if the interval [lo, hi) shares a byte with the set. Walks inwards: the first and the last
 * byte of a block are always in the set, so an interval that reaches either end of a block is
 * answered, and any other lies strictly inside one block.
 */
static bool interval_meets(const slipi_byteset *set, uint64_t lo, uint64_t hi)
{
    if (hi <= set->base || lo >= set->base + set->extent) {
        return false;
    }
    if (lo <= set->base || hi >= set->base + set->extent) {
        return true;
    }
    uint64_t from = lo - set->base;
    uint64_t to = hi - set->base;
    uint64_t extent = set->extent;
    for (uint32_t d = 0; d < set->dims; d++) {
        extent -= set->stride[d] * (set->count[d] - 1); /* of one block of this dimension */
        uint64_t block = from / set->stride[d] * set->stride[d];
        if (from >= block + extent) {
            return to > block + set->stride[d]; /* from is in a gap: does it reach the next? */
        }
        if (from == block || to >= block + extent) {
            return true;
        }
        from -= block;
        to -= block;
    }
    return true;
}

/* Tests every run of the set with fewer runs against the other. */
slip_status slipi_byteset_meet(const slipi_byteset *a, const slipi_byteset *b, bool *out_meet)
{
    *out_meet = false;
    if (!slipi_byteset_intervals_meet(a, b)) {
        return SLIP_OK;
    }
    const slipi_byteset *few = a->runs <= b->runs ? a : b;
    const slipi_byteset *many = few == a ? b : a;
    if (few->runs > SLIPI_BYTESET_MAX_RUNS) {
        return SLIP_E_LIMIT;
    }
    uint64_t index[SLIP_MAX_DIMS] = {0};
    uint64_t at = few->base;
    for (uint64_t r = 0; r < few->runs; r++) {
        if (interval_meets(many, at, at + few->run)) {
            *out_meet = true;
            return SLIP_OK;
        }
        for (uint32_t d = few->dims; d > 0; d--) {
            at += few->stride[d - 1];
            if (++index[d - 1] < few->count[d - 1]) {
                break;
            }
            at -= few->stride[d - 1] * few->count[d - 1];
            index[d - 1] = 0;
        }
    }
    return SLIP_OK;
}
