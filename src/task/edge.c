/* edge.c - edges between tasks; see edge.h. Orchestrator thread only. */
#include "task/edge.h"

#include <stddef.h>

#include "base/check.h"

/* Waits until every pushed edge has been walked, so that all can be used again. */
static bool wait_for_chunk(slipi_fanin *in)
{
    int32_t walked = SLIPI_FANIN_GUARD - (int32_t)in->pushed;
    /* [F6] acquire: pairs with [F4]; the walkers have read the edges. */
    while (slipi_load_acquire(&in->consumer->fanin) != walked) {
        if (!slipi_help_step(in->help)) {
            return false; /* hung: the run is over and its state is relaid */
        }
    }
    slipi_store_relaxed(&in->consumer->fanin, SLIPI_FANIN_GUARD);
    in->used = 0;
    in->pushed = 0;
    return true;
}

/* An edge of the consumer's: inline, from the pool, or one used again; null if there is none. */
static slipi_edge *take_edge(slipi_fanin *in)
{
    if (in->used < SLIPI_INLINE_EDGES) {
        return &in->consumer->edges[in->used++];
    }
    const slipi_attached *at = in->at;
    const slipi_ring_extent *extent = &at->sm->ring[in->ring];
    slipi_ring_state *ring = &at->rt->ring[in->ring];
    if (ring->pool_head - ring->pool_done == extent->edge_count) {
        in->stuck = !wait_for_chunk(in);
        return in->stuck ? NULL : &in->consumer->edges[in->used++];
    }
    slipi_edge *pool = (slipi_edge *)(void *)(at->sm_base + extent->edges_off);
    slipi_edge *edge = &pool[ring->pool_head++ % extent->edge_count];
    if (ring->pool_head - ring->pool_done > ring->pool_high) {
        ring->pool_high = ring->pool_head - ring->pool_done;
    }
    in->took_pool = true;
    in->used++;
    return edge;
}

/* Links an edge into a producer's list; false if the producer is COMPLETED, or edges ran out. */
static bool link_edge(slipi_fanin *in, slipi_slot *producer)
{
    const slipi_attached *at = in->at;
    slipi_edge *edge = in->stuck ? NULL : take_edge(in);
    if (edge == NULL) {
        return false;
    }
    /* [F3] acquire: as in slipi_fanin_push. */
    uint32_t head = slipi_load_acquire(&producer->fanout);
    uint32_t ref = slipi_edge_ref(at, edge);
    edge->consumer = slipi_slot_ref(at, in->consumer);
    edge->next = head;
    if (in->alone && head != SLIPI_FANOUT_CLOSED) {
        slipi_store_relaxed(&producer->fanout, ref); /* relaxed: read by this thread only */
        in->pushed++;
        return true;
    }
    /* [F2] release: the edge and the consumer's slot; pairs with the acquire of [F1]. */
    while (head != SLIPI_FANOUT_CLOSED && !slipi_cas_acq_rel(&producer->fanout, &head, ref)) {
        edge->next = head;
    }
    if (head == SLIPI_FANOUT_CLOSED) {
        return false; /* the edge stays unused until the task's other edges are reused */
    }
    in->pushed++;
    return true;
}

bool slipi_fanin_push(slipi_fanin *in, slipi_slot *producer)
{
    /* [F3] acquire: CLOSED means the producer's outputs are there; pairs with [F1]. */
    if (slipi_load_acquire(&producer->fanout) == SLIPI_FANOUT_CLOSED) {
        return false;
    }
    if (in->total == 0) {
        in->first = producer;
        in->total = 1;
        return true;
    }
    if (in->first != NULL) {
        /* Relaxed: published by the first link [F2]. */
        slipi_store_relaxed(&in->consumer->fanin, SLIPI_FANIN_GUARD);
        (void)link_edge(in, in->first); /* if it has completed meanwhile, it needs no edge */
        in->first = NULL;
    }
    if (!link_edge(in, producer)) {
        return false;
    }
    in->total++;
    return true;
}

/* Ends a fan-in of which no edge is in a list: it needs no guard. */
static bool end_single(slipi_fanin *in)
{
    if (in->first != NULL) {
        slipi_store_relaxed(&in->consumer->fanin, 1); /* published by the link [F2] */
        if (link_edge(in, in->first)) {
            return false; /* and from here on the task may run */
        }
    }
    slipi_store_relaxed(&in->consumer->fanin, 0);
    return true;
}

bool slipi_fanin_end_edges(slipi_fanin *in)
{
    if (in->pushed == 0) {
        return end_single(in);
    }
    int32_t surplus = SLIPI_FANIN_GUARD - (int32_t)in->pushed;
    if (in->alone) {
        /* Relaxed: this thread alone changes it. */
        int32_t fanin = slipi_load_relaxed(&in->consumer->fanin);
        slipi_store_relaxed(&in->consumer->fanin, fanin - surplus);
        return fanin == surplus;
    }
    /* [F7] acquire: as [F4]; whoever takes it to zero starts the task. Release: outputs of
     * producers that were found CLOSED after the first push, which did not tell of them. */
    return slipi_sub_acq_rel(&in->consumer->fanin, surplus) == surplus;
}
