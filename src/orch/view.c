/* view.c - tensors and their views: slice, reshape, transpose. Orchestrator thread only. */
#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "orch/orchestrator.h"
#include "orch/tensormap.h"

slip_status slipi_check_shape(slipi_orchestrator *o, uint32_t dtype, uint32_t ndim,
                              const uint32_t *shape, uint64_t *out_bytes)
{
    uint64_t bytes = slip_dtype_bytes(dtype);
    if (bytes == 0) {
        return slipi_orch_error(o, SLIP_E_BAD_TENSOR, "element type %u is none of enum slip_dtype",
                                dtype);
    }
    if (ndim == 0 || ndim > SLIP_MAX_DIMS || shape == NULL) {
        return slipi_orch_error(o, SLIP_E_BAD_TENSOR,
                                "a tensor of %u dimensions: it must have 1 to %d, and a shape",
                                ndim, SLIP_MAX_DIMS);
    }
    uint64_t elements = 1;
    for (uint32_t d = ndim; d-- > 0;) {
        if (elements > INT32_MAX) {
            return slipi_orch_error(o, SLIP_E_LIMIT,
                                    "dimension %u has a stride of %llu elements: at "
                                    "most %d",
                                    d, (unsigned long long)elements, INT32_MAX);
        }
        if (shape[d] == 0 || !slipi_mul_u64(elements, shape[d], &elements)) {
            return slipi_orch_error(o, SLIP_E_BAD_TENSOR,
                                    "dimension %u has size %u: sizes must be "
                                    "at least 1 and their product must fit 64 bits",
                                    d, shape[d]);
        }
    }
    if (!slipi_mul_u64(bytes, elements, out_bytes)) {
        return slipi_orch_error(o, SLIP_E_BAD_TENSOR, "the tensor's bytes overflow 64 bits");
    }
    return SLIP_OK;
}

void slipi_tensor_init(slip_tensor *t, uint8_t dtype, uint32_t ndim, const uint32_t *shape)
{
    memset(t, 0, sizeof *t);
    t->dtype = dtype;
    t->ndim = (uint8_t)ndim;
    t->root_ndim = (uint8_t)ndim;
    t->flags = SLIPI_TENSOR_WHOLE;
    int32_t stride = 1;
    for (uint32_t d = ndim; d-- > 0;) {
        t->shape[d] = t->root_shape[d] = t->box_len[d] = shape[d];
        t->stride[d] = stride;
        t->root_dim[d] = (uint8_t)d;
        stride = d > 0 ? (int32_t)((uint32_t)stride * shape[d]) : stride;
    }
}

slip_status slipi_refuse_tensor(slipi_orchestrator *o, const slip_tensor *t)
{
    if (t == NULL || t->dtype == SLIP_DTYPE_NONE) {
        return slipi_orch_error(
            o, SLIP_E_BAD_HANDLE,
            "a tensor handle that was never set: outputs are set by submission");
    }
    if (t->run_serial >> SLIPI_RUN_NUMBER_BITS != o->run_serial >> SLIPI_RUN_NUMBER_BITS) {
        return slipi_orch_error(o, SLIP_E_BAD_HANDLE, "a tensor handle of another runner");
    }
    if (t->run_serial != o->run_serial) {
        return slipi_orch_error(o, SLIP_E_BAD_HANDLE, "a tensor handle of run %llu in run %llu",
                                (unsigned long long)slipi_run_number(t->run_serial),
                                (unsigned long long)slipi_run_number(o->run_serial));
    }
    return slipi_orch_error(o, SLIP_E_BAD_HANDLE,
                            "a tensor handle whose scope (depth %u) has ended: allocate it in "
                            "an outer scope",
                            t->depth);
}

/* What every view function checks first. */
static inline slip_status begin_view(slipi_orchestrator *o, const slip_tensor *t, const void *spec,
                                     const slip_tensor *out)
{
    slip_status status = slipi_orch_state(o);
    if (status != SLIP_OK) {
        return status;
    }
    if (spec == NULL || out == NULL) {
        return slipi_orch_error(o, SLIP_E_INVALID_ARGUMENT, "a view needs its sizes and a result");
    }
    return slipi_check_tensor(o, t);
}

/*
 * Notes which box of a grid of boxes of its own size the view is, if it lies on that grid: a
 * lattice of this tile size then needs no division to find the cell (lattice.c).
 */
static void find_tile(slip_tensor *t)
{
    uint64_t tile = 0;
    t->flags &= (uint8_t)~SLIPI_TENSOR_TILE;
    for (uint32_t d = 0; d < t->root_ndim; d++) {
        uint32_t lo = t->box_lo[d];
        uint32_t len = t->box_len[d];
        if (len == t->root_shape[d]) {
            continue; /* one box along this dimension */
        }
        uint32_t count = len == 1 ? t->root_shape[d] : (t->root_shape[d] - 1) / len + 1;
        uint32_t at = len == 1 ? lo : lo / len;
        tile = tile * count + at;
        if (at * len != lo || tile > UINT32_MAX) {
            return;
        }
    }
    t->tile = (uint32_t)tile;
    t->flags |= SLIPI_TENSOR_TILE;
}

slip_status slipi_view_slice(slip_orch *base, const slip_tensor *t, const uint32_t *lo,
                             const uint32_t *len, slip_tensor *out)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    slip_status status = begin_view(o, t, lo != NULL ? len : NULL, out);
    if (status != SLIP_OK) {
        return status;
    }
    uint32_t first[SLIP_MAX_DIMS]; /* the caller's arrays may lie in *out */
    uint32_t shape[SLIP_MAX_DIMS];
    for (uint32_t d = 0; d < t->ndim; d++) {
        first[d] = lo[d];
        shape[d] = len[d];
        if (shape[d] == 0 || first[d] >= t->shape[d] || shape[d] > t->shape[d] - first[d]) {
            return slipi_orch_error(o, SLIP_E_BAD_VIEW,
                                    "slice [%u, %u + %u) of dimension %u leaves "
                                    "its %u elements",
                                    first[d], first[d], shape[d], d, t->shape[d]);
        }
    }
    if (out != t) {
        *out = *t;
    }
    int64_t elements = 0;
    for (uint32_t d = 0; d < out->ndim; d++) {
        if (shape[d] == out->shape[d]) {
            continue; /* all of it */
        }
        uint32_t root = out->root_dim[d];
        out->flags &= (uint8_t)~SLIPI_TENSOR_WHOLE;
        out->shape[d] = shape[d];
        out->box_lo[root] += first[d];
        out->box_len[root] = shape[d];
        elements += (int64_t)first[d] * out->stride[d];
    }
    out->offset += (uint64_t)elements * slip_dtype_bytes(out->dtype);
    if ((out->flags & SLIPI_TENSOR_WHOLE) == 0) {
        find_tile(out);
    }
    return SLIP_OK;
}

/* True if the view's elements lie one after the other in row-major order. */
static bool contiguous(const slip_tensor *t)
{
    uint64_t stride = 1;
    for (uint32_t d = t->ndim; d-- > 0;) {
        if (t->shape[d] != 1 && (uint64_t)(uint32_t)t->stride[d] != stride) {
            return false;
        }
        stride *= t->shape[d];
    }
    return true;
}

/* Elements of a shape. */
static uint64_t element_count(uint32_t ndim, const uint32_t *shape)
{
    uint64_t count = 1;
    for (uint32_t d = 0; d < ndim; d++) {
        count *= shape[d];
    }
    return count;
}

slip_status slipi_view_reshape(slip_orch *base, const slip_tensor *t, uint32_t ndim,
                               const uint32_t *shape, slip_tensor *out)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    uint64_t bytes;
    slip_status status = begin_view(o, t, shape, out);
    if (status == SLIP_OK) {
        status = slipi_check_shape(o, t->dtype, ndim, shape, &bytes);
    }
    if (status != SLIP_OK) {
        return status;
    }
    if (element_count(ndim, shape) != element_count(t->ndim, t->shape)) {
        return slipi_orch_error(o, SLIP_E_BAD_VIEW, "a reshape of %llu elements to %llu",
                                (unsigned long long)element_count(t->ndim, t->shape),
                                (unsigned long long)element_count(ndim, shape));
    }
    if (!contiguous(t)) {
        return slipi_orch_error(o, SLIP_E_BAD_VIEW,
                                "a reshape of a view that is not contiguous: slice whole rows, or "
                                "copy it first");
    }
    slip_tensor view;
    slipi_tensor_init(&view, t->dtype, ndim, shape);
    view.flags = t->flags & (uint8_t)~SLIPI_TENSOR_TILE;
    view.root_offset = t->offset - slipi_tensormap_buffer(&o->worker->at, t)->offset;
    view.offset = t->offset;
    view.buffer = t->buffer;
    view.creator = t->creator;
    view.binding = t->binding;
    view.depth = t->depth;
    view.scope_serial = t->scope_serial;
    view.run_serial = t->run_serial;
    *out = view;
    return SLIP_OK;
}

slip_status slipi_view_transpose(slip_orch *base, const slip_tensor *t, const uint32_t *perm,
                                 slip_tensor *out)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    slip_status status = begin_view(o, t, perm, out);
    if (status != SLIP_OK) {
        return status;
    }
    slip_tensor view = *t;
    uint32_t seen = 0;
    for (uint32_t d = 0; d < t->ndim; d++) {
        if (perm[d] >= t->ndim || (seen >> perm[d] & 1u) != 0) {
            return slipi_orch_error(o, SLIP_E_BAD_VIEW,
                                    "a transpose must name each of the %u dimensions once",
                                    t->ndim);
        }
        seen |= 1u << perm[d];
        view.shape[d] = t->shape[perm[d]];
        view.stride[d] = t->stride[perm[d]];
        view.root_dim[d] = t->root_dim[perm[d]];
    }
    *out = view;
    return SLIP_OK;
}
