/*
 * ring.h - the watermarks of the rings, and room for the next task.
 *
 * For the orchestrator only; nobody else writes what is here. Per ring tail <= done <= head:
 *
 *     ... reclaimed | kept: buffers may be in use | running | free ...
 *                 tail                          done      head      tail + window
 *
 *   done  passes a task when it is COMPLETED.
 *   tail  passes task t when t < done, t is older than the first task of any scope still open on
 *         the ring, and t.last_use[q] < done[q] for every ring q.
 */
#ifndef SLIPI_TASK_RING_H
#define SLIPI_TASK_RING_H

#include "arena/rebind.h"
#include "task/help.h"

/* An open scope, on the orchestrator's stack. */
typedef struct slipi_scope {
    uint64_t serial;
    uint64_t first;      /* head of its ring when it began */
    uint64_t heap_start; /* ... and the ring's positions */
    uint64_t buffers_start;
    uint32_t kind; /* enum slip_scope_kind */
    uint32_t ring;
} slipi_scope;

typedef struct slipi_rings {
    const slipi_attached *at;
    slipi_help help;
    slipi_scope *outermost[SLIPI_RINGS]; /* first open scope of each ring; null if none */
    uint64_t heap_begin[SLIPI_RINGS];    /* heap positions at the start of the run */
} slipi_rings;

/* What a task needs from its ring. */
typedef struct slipi_need {
    uint64_t heap_bytes;  /* in one piece; a multiple of 64 */
    uint64_t spill_bytes; /* in one piece; a multiple of 64 */
    uint64_t buffers;
    uint64_t nodes;
} slipi_need;

/* Moves done and tail of a ring as far as they go. */
void slipi_ring_advance(slipi_rings *rings, uint32_t ring);

/* True while a task may still run. */
static inline bool slipi_task_live(const slipi_runtime *rt, uint64_t task)
{
    return slipi_task_id(task) >= rt->ring[slipi_task_ring(task)].done;
}

/* True if the ring has room for one task with these needs now. */
bool slipi_ring_try_reserve(slipi_rings *rings, uint32_t ring, const slipi_need *need);

/*
 * Waits (helping) until the ring has room for one task with these needs. If no completion can ever
 * make room, fails at once with SLIP_E_RING_DEADLOCK or SLIP_E_HEAP_DEADLOCK and fills the fault:
 * deadlock is proved, not timed. SLIP_E_HANG if waiting became pointless.
 */
slip_status slipi_ring_reserve(slipi_rings *rings, uint32_t ring, const slipi_need *need,
                               slipi_fault *fault);

/* Where `bytes` in one piece start, at or after `head` in a ring of `capacity` bytes. */
static inline uint64_t slipi_place(uint64_t head, uint64_t bytes, uint64_t capacity)
{
    uint64_t pos = head % capacity;
    return pos + bytes > capacity ? head + (capacity - pos) : head;
}

/* Starts a run: heap rings at a lap boundary, so that what fits does not depend on history. */
void slipi_rings_begin(slipi_rings *rings, const slipi_attached *at, slipi_help help);

/* Waits until every submitted task is COMPLETED and reclaims everything; scopes are closed. */
slip_status slipi_rings_drain(slipi_rings *rings);

#endif
