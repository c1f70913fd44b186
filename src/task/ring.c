/* ring.c - watermarks and room; see ring.h. Orchestrator thread only. */
#include "task/ring.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* Extent and state of one ring. */
static const slipi_ring_extent *extent_of(const slipi_rings *rings, uint32_t ring)
{
    return &rings->at->sm->ring[ring];
}
static slipi_ring_state *state_of(const slipi_rings *rings, uint32_t ring)
{
    return &rings->at->rt->ring[ring];
}

/* Moves done over COMPLETED tasks. */
static void advance_done(slipi_rings *rings, slipi_ring_state *s, uint32_t ring)
{
    const slipi_attached *at = rings->at;
    while (s->done < s->head) {
        const slipi_slot *slot = &at->slots[ring][s->done & at->slot_mask[ring]];
        /* [F5] acquire: what the task wrote is visible to whoever relies on done; pairs with [F1].
         */
        if (slipi_load_acquire(&slot->fanout) != SLIPI_FANOUT_CLOSED) {
            break;
        }
        s->spill_done = slot->spill_end;
        s->pool_done = slot->pool_end;
        s->done++;
    }
}

/* True if nothing that is still running uses a buffer that this task made. */
static bool unused(const slipi_runtime *rt, const slipi_slot *slot)
{
    for (uint32_t q = 0; q < SLIPI_RINGS; q++) {
        if (slot->last_use[q] >= rt->ring[q].done) {
            return false;
        }
    }
    return true;
}

void slipi_ring_advance(slipi_rings *rings, uint32_t ring)
{
    const slipi_attached *at = rings->at;
    slipi_ring_state *s = state_of(rings, ring);
    advance_done(rings, s, ring);
    const slipi_scope *open = rings->outermost[ring];
    uint64_t limit = open != NULL && open->first < s->done ? open->first : s->done;
    while (s->tail < limit) {
        const slipi_slot *slot = &at->slots[ring][s->tail & at->slot_mask[ring]];
        if (!unused(at->rt, slot)) {
            break;
        }
        /* The larger: an empty heap may have been moved on to a lap boundary meanwhile. */
        s->heap_tail = slot->heap_end > s->heap_tail ? slot->heap_end : s->heap_tail;
        s->buffers_tail = slot->buffers_end;
        s->cells_tail = slot->cells_end;
        s->tail++;
    }
}

/* Moves the node pool's tail over accesses of COMPLETED tasks. */
static void advance_nodes(slipi_rings *rings)
{
    slipi_runtime *rt = rings->at->rt;
    const slipi_node *nodes =
        (const slipi_node *)(const void *)(rings->at->arena_base + rt->nodes_off);
    while (rt->node_tail < rt->node_head &&
           !slipi_task_live(rt, nodes[rt->node_tail & (rt->node_count - 1)].task)) {
        rt->node_tail++;
    }
}

/* End of a heap allocation at the ring's current position. */
static uint64_t heap_end(const slipi_ring_state *s, uint64_t bytes, uint64_t capacity)
{
    return slipi_place(s->heap_head, bytes, capacity) + bytes;
}

/* Fills what every deadlock fault has in common. */
static slip_status deadlock(slipi_fault *fault, slip_status status, uint32_t resource,
                            uint32_t ring)
{
    fault->status = status;
    fault->resource = resource;
    fault->ring = (int32_t)ring;
    return status;
}

/*
 * The heap that lets a request pass beside what the open scopes keep. What was allocated since the
 * start of the run lies without gaps. Elsewhere one lap boundary may fall among it, and what did
 * not fit in front of the boundary leaves a gap smaller than itself.
 */
static uint64_t heap_remedy(const slipi_rings *rings, uint32_t ring, uint64_t wanted)
{
    const slipi_attached *at = rings->at;
    const slipi_ring_state *s = state_of(rings, ring);
    const slipi_scope *open = rings->outermost[ring];
    uint64_t capacity = extent_of(rings, ring)->heap_bytes;
    if (open == NULL) {
        return wanted;
    }
    uint64_t position = open->heap_start;
    uint64_t largest = wanted;
    uint64_t sum = wanted;
    for (uint64_t id = open->first; id < s->head; id++) {
        const slipi_slot *slot = &at->slots[ring][id & at->slot_mask[ring]];
        uint64_t taken = slot->heap_end - position;
        uint64_t to_boundary = capacity - position % capacity;
        taken -= taken > to_boundary ? to_boundary : 0;
        largest = taken > largest ? taken : largest;
        sum += taken;
        position = slot->heap_end;
    }
    bool from_start = open->heap_start == rings->heap_begin[ring] || sum == wanted;
    return from_start ? sum : sum + largest - SLIPI_LINE;
}

/* The window that gives a ring this many buffer records. */
static uint64_t window_for_buffers(uint64_t window, uint64_t buffers)
{
    while (window * SLIPI_BUFFERS_PER_SLOT < buffers) {
        window *= 2;
    }
    return window;
}

/*
 * Only slots, heap and buffer records can deadlock; everything else is freed by completion. Let L
 * be the first task of the outermost scope open on the ring, else head. If the request does not
 * fit even with tail = L, only this orchestrator could free space, and it waits here: fail now.
 */
static slip_status prove_room(slipi_rings *rings, uint32_t ring, const slipi_need *need,
                              slipi_fault *fault)
{
    const slipi_ring_extent *e = extent_of(rings, ring);
    const slipi_ring_state *s = state_of(rings, ring);
    const slipi_scope *open = rings->outermost[ring];
    uint64_t kept = open != NULL ? s->head - open->first : 0;
    uint64_t kept_heap = open != NULL ? s->heap_head - open->heap_start : 0;
    uint64_t kept_buffers = open != NULL ? s->buffers_head - open->buffers_start : 0;
    uint64_t buffer_count = rings->at->rt->map[ring].buffer_count;
    if (kept >= e->window) {
        fault->wanted = 1;
        fault->available = 0;
        fault->capacity = e->window;
        fault->remedy = e->window * 2;
        return deadlock(fault, SLIP_E_RING_DEADLOCK, SLIPI_RESOURCE_TASK_WINDOW, ring);
    }
    uint64_t end = heap_end(s, need->heap_bytes, e->heap_bytes) - s->heap_head + kept_heap;
    bool fits = kept_heap == 0 ? need->heap_bytes <= e->heap_bytes : end <= e->heap_bytes;
    if (need->heap_bytes != 0 && !fits) {
        fault->wanted = need->heap_bytes;
        fault->available = e->heap_bytes - kept_heap;
        fault->capacity = e->heap_bytes;
        fault->remedy = heap_remedy(rings, ring, need->heap_bytes);
        return deadlock(fault, SLIP_E_HEAP_DEADLOCK, SLIPI_RESOURCE_HEAP, ring);
    }
    if (kept_buffers + need->buffers > buffer_count) {
        fault->wanted = need->buffers;
        fault->available = buffer_count - kept_buffers;
        fault->capacity = buffer_count;
        fault->remedy = window_for_buffers(e->window, kept_buffers + need->buffers);
        return deadlock(fault, SLIP_E_RING_DEADLOCK, SLIPI_RESOURCE_BUFFERS, ring);
    }
    return SLIP_OK;
}

/* An empty heap that is too fragmented at its position starts again at a lap boundary. */
static void restart_empty_heap(slipi_rings *rings, uint32_t ring, uint64_t bytes)
{
    const slipi_ring_extent *e = extent_of(rings, ring);
    slipi_ring_state *s = state_of(rings, ring);
    slipi_scope *open = rings->outermost[ring];
    bool nothing_kept = open == NULL || open->heap_start == s->heap_head;
    if (nothing_kept && s->heap_tail == s->heap_head && s->heap_head % e->heap_bytes != 0 &&
        heap_end(s, bytes, e->heap_bytes) - s->heap_tail > e->heap_bytes) {
        s->heap_head += e->heap_bytes - s->heap_head % e->heap_bytes;
        s->heap_tail = s->heap_head;
        if (open != NULL) {
            open->heap_start = s->heap_head;
        }
    }
}

/* True if the ring has room now. */
static bool has_room(slipi_rings *rings, uint32_t ring, const slipi_need *need)
{
    const slipi_ring_extent *e = extent_of(rings, ring);
    const slipi_ring_state *s = state_of(rings, ring);
    const slipi_runtime *rt = rings->at->rt;
    if (s->head - s->tail >= e->window) {
        return false;
    }
    if (need->heap_bytes != 0 &&
        heap_end(s, need->heap_bytes, e->heap_bytes) - s->heap_tail > e->heap_bytes) {
        return false;
    }
    if (s->buffers_head + need->buffers - s->buffers_tail > rt->map[ring].buffer_count) {
        return false;
    }
    if (need->spill_bytes != 0 && slipi_place(s->spill_head, need->spill_bytes, e->spill_bytes) +
                                          need->spill_bytes - s->spill_done >
                                      e->spill_bytes) {
        return false;
    }
    return need->nodes == 0 || rt->node_head + need->nodes - rt->node_tail <= rt->node_count;
}

bool slipi_ring_try_reserve(slipi_rings *rings, uint32_t ring, const slipi_need *need)
{
    slipi_ring_advance(rings, ring);
    return has_room(rings, ring, need);
}

slip_status slipi_ring_reserve(slipi_rings *rings, uint32_t ring, const slipi_need *need,
                               slipi_fault *fault)
{
    slip_status status = prove_room(rings, ring, need, fault);
    if (status != SLIP_OK) {
        return status;
    }
    for (;;) {
        for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
            slipi_ring_advance(rings, r); /* last uses may be on any ring */
        }
        slipi_ring_advance(rings, ring);
        advance_nodes(rings);
        restart_empty_heap(rings, ring, need->heap_bytes);
        if (has_room(rings, ring, need)) {
            return SLIP_OK;
        }
        if (!slipi_help_step(&rings->help)) {
            return SLIP_E_HANG;
        }
    }
}

void slipi_rings_begin(slipi_rings *rings, const slipi_attached *at, slipi_help help)
{
    rings->at = at;
    rings->help = help;
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        rings->outermost[r] = NULL;
        slipi_ring_state *s = state_of(rings, r);
        uint64_t capacity = extent_of(rings, r)->heap_bytes;
        SLIPI_ASSERT(s->tail == s->head && s->heap_tail == s->heap_head);
        if (s->heap_head % capacity != 0) {
            s->heap_head += capacity - s->heap_head % capacity;
            s->heap_tail = s->heap_head;
        }
        rings->heap_begin[r] = s->heap_head;
    }
}

/* Moves every ring that is not empty as far as it goes; true if all are empty then. */
static bool advance_all(slipi_rings *rings)
{
    bool empty = true;
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        const slipi_ring_state *s = state_of(rings, r);
        if (s->tail != s->head) {
            slipi_ring_advance(rings, r);
            empty = empty && s->tail == s->head;
        }
    }
    return empty;
}

slip_status slipi_rings_drain(slipi_rings *rings)
{
    for (;;) {
        /* Twice: a task may wait for last uses on a ring that comes after its own. */
        if (advance_all(rings) || advance_all(rings)) {
            return SLIP_OK;
        }
        if (!slipi_help_step(&rings->help)) {
            return SLIP_E_HANG;
        }
    }
}
