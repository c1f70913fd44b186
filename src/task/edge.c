/* edge.c - edges between tasks; see edge.h. Orchestrator thread only. */
#include "task/edge.h"

#include <stddef.h>

#include "base/check.h"

void slipi_fanin_begin(slipi_fanin *in, const slipi_attached *at, slipi_help help,
                       slipi_slot *consumer, uint32_t ring_index)
{
    in->at = at;
    in->help = help;
    in->consumer = consumer;
    in->ring = &at->rt->ring[ring_index];
    in->ring_index = ring_index;
    in->used = 0;
    in->pushed = 0;
    in->total = 0;
    in->stuck = false;
    /* Relaxed: published by the first push [F2]. */
    slipi_store_relaxed(&consumer->fanin, SLIPI_FANIN_GUARD);
}

/* Waits until every pushed edge has been walked, so that all can be used again. */
static bool wait_for_chunk(slipi_fanin *in)
{
    int32_t walked = SLIPI_FANIN_GUARD - (int32_t)in->pushed;
    /* [F6] acquire: pairs with [F4]; the walkers have read the edges. */
    while (slipi_load_acquire(&in->consumer->fanin) != walked) {
        if (!slipi_help_step(&in->help)) {
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
    const slipi_ring_extent *extent = &at->sm->ring[in->ring_index];
    slipi_ring_state *ring = in->ring;
    if (ring->pool_head - ring->pool_done == extent->edge_count) {
        in->stuck = !wait_for_chunk(in);
        return in->stuck ? NULL : &in->consumer->edges[in->used++];
    }
    slipi_edge *pool = (slipi_edge *)(void *)(at->sm_base + extent->edges_off);
    slipi_edge *edge = &pool[ring->pool_head++ % extent->edge_count];
    if (ring->pool_head - ring->pool_done > ring->pool_high) {
        ring->pool_high = ring->pool_head - ring->pool_done;
    }
    in->used++;
    return edge;
}

bool slipi_fanin_push(slipi_fanin *in, slipi_slot *producer)
{
    /* [F3] acquire: CLOSED means the producer's outputs are there; pairs with [F1]. */
    uint32_t head = slipi_load_acquire(&producer->fanout);
    if (head == SLIPI_FANOUT_CLOSED) {
        return false;
    }
    const slipi_attached *at = in->at;
    slipi_edge *edge = in->stuck ? NULL : take_edge(in);
    if (edge == NULL) {
        return false;
    }
    uint32_t ref = slipi_edge_ref(at, edge);
    edge->consumer = slipi_slot_ref(at, in->consumer);
    do {
        edge->next = head;
        /* [F2] release: the edge and the consumer's slot; pairs with the acquire of [F1]. */
    } while (!slipi_cas_acq_rel(&producer->fanout, &head, ref) && head != SLIPI_FANOUT_CLOSED);
    if (head == SLIPI_FANOUT_CLOSED) {
        return false; /* the edge stays unused until the task's other edges are reused */
    }
    in->pushed++;
    in->total++;
    return true;
}

bool slipi_fanin_end(slipi_fanin *in)
{
    if (in->pushed == 0) {
        slipi_store_relaxed(&in->consumer->fanin, 0);
        return true;
    }
    int32_t surplus = SLIPI_FANIN_GUARD - (int32_t)in->pushed;
    /* [F7] acquire: as [F4]; whoever takes it to zero starts the task. Release: outputs of
     * producers that were found CLOSED after the first push, which did not tell of them. */
    return slipi_sub_acq_rel(&in->consumer->fanin, surplus) == surplus;
}
