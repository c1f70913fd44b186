/* ring.c - watermarks and room; see ring.h. Orchestrator thread only. */
#include "task/ring.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hints.h"

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
static inline void advance_done(slipi_rings *rings, slipi_ring_state *s, uint32_t ring)
{
    const slipi_slot *slots = rings->at->slots[ring];
    uint64_t mask = rings->at->slot_mask[ring];
    uint64_t done = s->done;
    for (; done < s->head; done++) {
        const slipi_slot *slot = &slots[done & mask];
        /* [F5] acquire: what the task wrote is visible to whoever relies on done; pairs with [F1].
         */
        if (slipi_load_acquire(&slot->fanout) != SLIPI_FANOUT_CLOSED) {
            break;
        }
        if ((slot->flags & SLIPI_SLOT_TOOK) != 0) {
            s->spill_done = slot->spill_end;
            s->pool_done = slot->pool_end;
        }
    }
    s->done = done;
    if (done == s->head) {
        rings->busy &= ~(1u << ring);
        rings->quiet = rings->busy == 0 && !rings->audited ? rings->at->rt->sequence : rings->quiet;
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

/* Takes over what a task gives back; false if its buffers are still in use. */
static SLIPI_NOINLINE bool give_back(const slipi_runtime *rt, slipi_ring_state *s,
                                     const slipi_slot *slot)
{
    if (!unused(rt, slot)) {
        return false;
    }
    /* The larger each: an end may be 0, and an empty heap may have been moved on meanwhile. */
    s->heap_tail = slot->heap_end > s->heap_tail ? slot->heap_end : s->heap_tail;
    s->buffers_tail = slot->buffers_end > s->buffers_tail ? slot->buffers_end : s->buffers_tail;
    s->cells_tail = slot->cells_end > s->cells_tail ? slot->cells_end : s->cells_tail;
    return true;
}

void slipi_slot_keep(slipi_slot *slot)
{
    if ((slot->flags & SLIPI_SLOT_KEEPS) == 0) {
        slot->flags |= SLIPI_SLOT_KEEPS;
        memset(slot->last_use, 0, sizeof slot->last_use);
        slot->heap_end = 0;
        slot->buffers_end = 0;
        slot->cells_end = 0;
    }
}

/* Moves tail over tasks below done that are older than every open scope and keep nothing in use. */
static inline void advance_tail(slipi_rings *rings, slipi_ring_state *s, uint32_t ring)
{
    const slipi_slot *slots = rings->at->slots[ring];
    uint64_t mask = rings->at->slot_mask[ring];
    const slipi_scope *open = rings->outermost[ring];
    uint64_t limit = open != NULL && open->first < s->done ? open->first : s->done;
    uint64_t tail = s->tail;
    for (; tail < limit; tail++) {
        const slipi_slot *slot = &slots[tail & mask];
        if ((slot->flags & SLIPI_SLOT_KEEPS) != 0 && !give_back(rings->at->rt, s, slot)) {
            break;
        }
    }
    s->tail = tail;
}

/* Moves both. */
static inline void advance(slipi_rings *rings, uint32_t ring)
{
    slipi_ring_state *s = state_of(rings, ring);
    advance_done(rings, s, ring);
    advance_tail(rings, s, ring);
}

void slipi_ring_advance(slipi_rings *rings, uint32_t ring)
{
    advance(rings, ring);
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
        if ((slot->flags & SLIPI_SLOT_KEEPS) == 0 || slot->heap_end <= position) {
            continue; /* it allocated nothing */
        }
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
    uint64_t end = slipi_heap_end(s, need->heap_bytes, e->heap_bytes) - s->heap_head + kept_heap;
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
        slipi_heap_end(s, bytes, e->heap_bytes) - s->heap_tail > e->heap_bytes) {
        s->heap_head += e->heap_bytes - s->heap_head % e->heap_bytes;
        s->heap_tail = s->heap_head;
        if (open != NULL) {
            open->heap_start = s->heap_head;
        }
    }
}

/*
 * One step of help, and what short work is in reach after it: several tasks share the price of a
 * wait. False if waiting has become pointless.
 */
static bool help(const slipi_rings *rings)
{
    enum { BATCH = 16 }; /* measured: 8 is a little slower, 32 no faster */
    if (!slipi_help_step(&rings->help)) {
        return false;
    }
    for (uint32_t i = 1; i < BATCH && rings->help.more != NULL; i++) {
        if (!rings->help.more(rings->help.user)) {
            break;
        }
    }
    return true;
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
        if (slipi_ring_has_room(rings, ring, need)) {
            return SLIP_OK;
        }
        if (!help(rings)) {
            return SLIP_E_HANG;
        }
    }
}

void slipi_rings_begin(slipi_rings *rings, const slipi_attached *at, slipi_help help)
{
    rings->at = at;
    rings->help = help;
    rings->busy = 0;
    rings->audited = at->bindings[SLIPI_BIND_AUDIT].address != 0;
    rings->quiet = 0;
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
        if (!help(rings)) {
            return SLIP_E_HANG;
        }
    }
}
