/* irregular.c - accesses that fit no lattice: a list per buffer; see tensormap.h. */
#include <stddef.h>

#include "base/check.h"
#include "orch/tensormap_int.h"

/* The node pool of the arena. */
static slipi_node *pool_of(const slipi_query *q)
{
    return (slipi_node *)(void *)(q->o->worker->at.arena_base + q->rt->nodes_off);
}

slipi_node *slipi_node_new(slipi_query *q, uint64_t *out_pos)
{
    SLIPI_ASSERT(q->rt->node_head - q->rt->node_tail < q->rt->node_count);
    uint64_t pos = q->rt->node_head++;
    slipi_node *node = &pool_of(q)[pos & (q->rt->node_count - 1)];
    node->task = q->access->task;
    node->seq = q->access->seq;
    *out_pos = pos + 1;
    return node;
}

slipi_node *slipi_node_at(const slipi_query *q, uint64_t pos)
{
    /* Older nodes lie at lower positions: the first void one ends a list. */
    return pos <= q->rt->node_tail ? NULL : &pool_of(q)[(pos - 1) & (q->rt->node_count - 1)];
}

void slipi_region_bytes(const slip_tensor *t, uint64_t *out_lo, uint64_t *out_hi)
{
    uint64_t stride = 1;
    uint64_t lo = 0;
    uint64_t hi = 0;
    for (uint32_t d = t->root_ndim; d-- > 0;) {
        lo += stride * t->box_lo[d];
        hi += stride * (t->box_lo[d] + t->box_len[d] - 1u);
        stride *= t->root_shape[d];
    }
    uint64_t elem = slip_dtype_bytes(t->dtype);
    *out_lo = t->root_offset + lo * elem;
    *out_hi = t->root_offset + (hi + 1) * elem;
}

/* True if the node's region overlaps the query's: exact in one geometry, by bytes otherwise. */
static bool overlaps(const slipi_query *q, const slipi_node *node)
{
    const slip_tensor *t = q->access->tensor;
    slipi_geometry from = {node->root_offset, node->root_shape, node->ndim, node->elem_bytes};
    if (slipi_same_geometry(t, from)) {
        for (uint32_t d = 0; d < t->root_ndim; d++) {
            if (node->lo[d] >= t->box_lo[d] + t->box_len[d] ||
                t->box_lo[d] >= node->lo[d] + node->len[d]) {
                return false;
            }
        }
        return true;
    }
    uint64_t lo;
    uint64_t hi;
    slipi_region_bytes(t, &lo, &hi);
    return node->byte_lo < hi && lo < node->byte_hi;
}

/*
 * True if the query's access supersedes the node's: it writes every byte of that region, and comes
 * after it. Whatever conflicts with the node from now on conflicts with the query's task too, which
 * is ordered after the node's; so the node need not be kept. Without this a list of updates in
 * place grows as long as none of them is COMPLETED, and every update is ordered after all earlier
 * ones.
 */
static bool supersedes(const slipi_query *q, const slipi_node *node)
{
    const slip_tensor *t = q->access->tensor;
    if (!q->access->writes || q->access->kind != SLIPI_ACCESS_AUTO) {
        return false;
    }
    slipi_geometry from = {node->root_offset, node->root_shape, node->ndim, node->elem_bytes};
    if (slipi_same_geometry(t, from)) {
        for (uint32_t d = 0; d < t->root_ndim; d++) {
            if (node->lo[d] < t->box_lo[d] ||
                node->lo[d] + node->len[d] > t->box_lo[d] + t->box_len[d]) {
                return false;
            }
        }
        return true;
    }
    uint64_t bytes = slip_dtype_bytes(t->dtype);
    uint64_t lo;
    uint64_t hi;
    for (uint32_t d = 0; d < t->root_ndim; d++) {
        bytes *= t->box_len[d];
    }
    slipi_region_bytes(t, &lo, &hi);
    return bytes == hi - lo && lo <= node->byte_lo && node->byte_hi <= hi;
}

void slipi_irregular_report(slipi_query *q)
{
    uint64_t *link = &q->buffer->irregular;
    for (slipi_node *node = slipi_node_at(q, *link); node != NULL; node = slipi_node_at(q, *link)) {
        SLIPI_COUNT_PROBE;
        if (!slipi_task_live(q->rt, node->task) && q->o->audit == NULL) {
            *link = node->next;
            continue;
        }
        bool conflict = (node->writes != 0 || q->access->writes) && node->seq >= q->covered &&
                        node->task != q->access->task;
        if (conflict && overlaps(q, node)) {
            q->producer(q->user, node->task);
        }
        if (supersedes(q, node)) {
            *link = node->next;
            continue;
        }
        link = &node->next;
    }
    *link = 0; /* what follows is void */
}

void slipi_irregular_record(slipi_query *q)
{
    const slip_tensor *t = q->access->tensor;
    uint64_t pos;
    slipi_node *node = slipi_node_new(q, &pos);
    node->next = q->buffer->irregular;
    node->root_offset = t->root_offset;
    slipi_region_bytes(t, &node->byte_lo, &node->byte_hi);
    node->ndim = t->root_ndim;
    node->elem_bytes = slip_dtype_bytes(t->dtype);
    node->writes = q->access->writes ? 1 : 0;
    for (uint32_t d = 0; d < SLIP_MAX_DIMS; d++) {
        node->root_shape[d] = t->root_shape[d];
        node->lo[d] = t->box_lo[d];
        node->len[d] = t->box_len[d];
    }
    q->buffer->irregular = pos;
}
