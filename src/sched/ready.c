/* ready.c - ready tasks: a worker's own chains and the shared queues; see worker.h. */
#include <stddef.h>

#include "base/check.h"
#include "sched/worker.h"

void slipi_ready_front(slipi_worker *w, slipi_slot *slot)
{
    slipi_chain *chain = &w->ready[slipi_queue_of(w, slot)];
    uint32_t ref = slipi_slot_ref(&w->at, slot);
    slot->ready_next = chain->head;
    chain->head = ref;
    if (chain->count++ == 0) {
        chain->tail = ref;
    }
}

void slipi_ready_back(slipi_worker *w, slipi_slot *slot)
{
    slipi_chain *chain = &w->ready[slipi_queue_of(w, slot)];
    uint32_t ref = slipi_slot_ref(&w->at, slot);
    slot->ready_next = 0;
    if (chain->count++ == 0) {
        chain->head = ref;
    } else {
        slipi_slot_at(&w->at, chain->tail)->ready_next = ref;
    }
    chain->tail = ref;
}

/* Lap of a queue position: how often the queue went round before it. */
static uint64_t lap_of(const slipi_worker *w, uint64_t pos)
{
    return pos / (w->at.queue_mask + 1);
}

/*
 * Pushes a chain. The queue is never full: it has a cell for every slot, and a chain holds one at
 * least. A cell may still be in the hands of a popper of the last lap for a moment; the push waits
 * for it. Returns the chain's position.
 */
static uint64_t queue_push(slipi_worker *w, uint32_t q, uint32_t chain, uint32_t last)
{
    slipi_queue *queue = &w->at.sm->queue[q];
    /* Relaxed: the position is a ticket; the cell's turn orders the data. */
    uint64_t pos = slipi_add_relaxed(&queue->push_pos, 1u);
    slipi_queue_cell *cell = &w->at.queue_cells[q][pos & w->at.queue_mask];
    uint64_t free_turn = 2 * lap_of(w, pos);
    uint32_t rounds = 0;
    /* [Q2] acquire: the popper of the last lap has read the cell; pairs with [Q3]. */
    while (slipi_load_acquire(&cell->turn) != free_turn) {
        w->services->idle(w->services->device, w->thread,
                          rounds++); /* it may need this processor */
    }
    cell->chain = chain;
    cell->last = last;
    /* [Q1] release: the chain and its slots are written; pairs with [Q4]. */
    slipi_store_release(&cell->turn, free_turn + 1);
    return pos;
}

/* Pops a chain: its first task, or 0 if the queue is empty, and its last. */
static uint32_t queue_pop(slipi_worker *w, uint32_t q, uint32_t *out_last)
{
    slipi_queue *queue = &w->at.sm->queue[q];
    uint64_t pos = slipi_load_relaxed(&queue->pop_pos);
    for (;;) {
        slipi_queue_cell *cell = &w->at.queue_cells[q][pos & w->at.queue_mask];
        uint64_t full_turn = 2 * lap_of(w, pos) + 1;
        /* [Q4] acquire: pairs with [Q1]. */
        uint64_t turn = slipi_load_acquire(&cell->turn);
        if (turn < full_turn) {
            return 0;
        }
        if (turn == full_turn && slipi_cas_relaxed(&queue->pop_pos, &pos, pos + 1)) {
            uint32_t chain = cell->chain;
            *out_last = cell->last;
            /* [Q3] release: the cell may be written again; pairs with [Q2]. */
            slipi_store_release(&cell->turn, full_turn + 1);
            return chain;
        }
        if (turn != full_turn) {
            pos = slipi_load_relaxed(&queue->pop_pos); /* someone else took it */
        }
    }
}

slipi_slot *slipi_ready_take(slipi_worker *w, uint32_t queue)
{
    slipi_chain *chain = &w->ready[queue];
    if (chain->count == 0) {
        if (w->thread_count == 1) {
            return NULL;
        }
        uint32_t ref = queue_pop(w, queue, &chain->tail);
        if (ref == 0) {
            return NULL;
        }
        chain->head = ref;
        chain->count = slipi_slot_at(&w->at, ref)->chain_count;
    }
    slipi_slot *slot = slipi_slot_at(&w->at, chain->head);
    chain->head = slot->ready_next;
    chain->count--;
    return slot;
}

void slipi_ready_share(slipi_worker *w, slipi_slot *slot)
{
    slot->ready_next = 0;
    slot->chain_count = 1;
    uint32_t ref = slipi_slot_ref(&w->at, slot);
    (void)queue_push(w, slipi_queue_of(w, slot), ref, ref);
}

/* The task `steps` behind a chain's first. */
static slipi_slot *walk(const slipi_worker *w, const slipi_chain *chain, uint32_t steps)
{
    slipi_slot *slot = slipi_slot_at(&w->at, chain->head);
    for (uint32_t i = 0; i < steps; i++) {
        slot = slipi_slot_at(&w->at, slot->ready_next);
    }
    return slot;
}

/* Offers the first `count` tasks of a chain to every thread, as one chain. */
static void push_front(slipi_worker *w, uint32_t queue, uint32_t count)
{
    slipi_chain *chain = &w->ready[queue];
    uint32_t first = chain->head;
    slipi_slot *last = walk(w, chain, count - 1);
    chain->head = last->ready_next;
    chain->count -= count;
    last->ready_next = 0;
    slipi_slot_at(&w->at, first)->chain_count = count;
    (void)queue_push(w, queue, first, slipi_slot_ref(&w->at, last));
}

void slipi_ready_offer(slipi_worker *w, uint32_t queue, uint32_t keep)
{
    slipi_chain *chain = &w->ready[queue];
    uint32_t first = chain->head;
    uint32_t last = chain->tail;
    uint32_t count = chain->count - keep;
    SLIPI_ASSERT(chain->count > keep);
    if (keep != 0) {
        slipi_slot *mine = walk(w, chain, keep - 1);
        first = mine->ready_next;
        mine->ready_next = 0;
        chain->tail = slipi_slot_ref(&w->at, mine);
    } else {
        chain->head = 0;
    }
    chain->count = keep;
    slipi_slot_at(&w->at, first)->chain_count = count;
    w->offer_end = queue_push(w, queue, first, last) + 1;
}

bool slipi_ready_offered(const slipi_worker *w, uint32_t queue)
{
    /* Relaxed: a hint; an offer that was taken meanwhile is renewed at the next look. */
    return slipi_load_relaxed(&w->at.sm->queue[queue].pop_pos) < w->offer_end;
}

void slipi_ready_share_rest(slipi_worker *w, uint32_t queue, uint32_t keep)
{
    enum { BATCH = 16 }; /* chosen, not measured: a queue operation costs about one short task */
    slipi_chain *chain = &w->ready[queue];
    uint32_t batch = w->long_kernels != 0 ? 1 : BATCH;
    while (chain->count > keep) {
        uint32_t spare = chain->count - keep;
        push_front(w, queue, spare < batch ? spare : batch);
    }
}

void slipi_ready_call(slipi_worker *w, uint32_t count)
{
    slipi_sm *sm = w->at.sm;
    /* Relaxed: a hint. Who is missed here finds the work when it looks, or is called next time. */
    if (slipi_load_relaxed(&sm->hungry) == 0 &&
        slipi_load_relaxed(&sm->inside) + 1 < w->thread_count) {
        w->services->call_threads(w->services->device, count);
    }
}
