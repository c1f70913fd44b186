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
 * for it.
 */
static void queue_push(slipi_worker *w, uint32_t q, uint32_t chain)
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
    /* [Q1] release: the chain and its slots are written; pairs with [Q4]. */
    slipi_store_release(&cell->turn, free_turn + 1);
}

/* Pops a chain; 0 if the queue is empty. */
static uint32_t queue_pop(slipi_worker *w, uint32_t q)
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
        uint32_t ref = queue_pop(w, queue);
        if (ref == 0) {
            return NULL;
        }
        chain->head = ref;
        chain->count = slipi_slot_at(&w->at, ref)->chain_count;
        uint32_t last = ref;
        for (uint32_t i = 1; i < chain->count; i++) {
            last = slipi_slot_at(&w->at, last)->ready_next;
        }
        chain->tail = last;
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
    queue_push(w, slipi_queue_of(w, slot), slipi_slot_ref(&w->at, slot));
}

/* Cuts `count` tasks off the front of a chain and returns the first. */
static slipi_slot *cut_front(slipi_worker *w, slipi_chain *chain, uint32_t count)
{
    slipi_slot *first = slipi_slot_at(&w->at, chain->head);
    slipi_slot *last = first;
    for (uint32_t i = 1; i < count; i++) {
        last = slipi_slot_at(&w->at, last->ready_next);
    }
    chain->head = last->ready_next;
    chain->count -= count;
    last->ready_next = 0;
    first->chain_count = count;
    return first;
}

void slipi_ready_share_rest(slipi_worker *w, uint32_t queue, uint32_t keep)
{
    enum { BATCH = 16 }; /* chosen, not measured: a queue operation costs about one short task */
    slipi_chain *chain = &w->ready[queue];
    uint32_t batch = w->long_kernels != 0 ? 1 : BATCH;
    while (chain->count > keep) {
        uint32_t spare = chain->count - keep;
        slipi_slot *first = cut_front(w, chain, spare < batch ? spare : batch);
        queue_push(w, queue, slipi_slot_ref(&w->at, first));
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
