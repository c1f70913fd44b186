/* complete.c - completion of tasks and the fatal latch; see worker.h. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "sched/worker.h"

/*
 * [F1] One exchange makes the task COMPLETED and takes the list of who waits for it.
 * Release: its outputs, for whoever sees CLOSED ([F3] in task/edge.c, [F5] in task/ring.c).
 * Acquire: the edges that the orchestrator pushed ([F2] in task/edge.c).
 * Only thread 0 pushes edges: when it completes a task itself, nobody changes the list between its
 * load and its store, and no exchange is needed.
 */
static inline uint32_t close_fanout(bool first_thread, slipi_slot *slot)
{
    if (!SLIPI_LIKELY(first_thread)) {
        return slipi_exchange_acq_rel(&slot->fanout, SLIPI_FANOUT_CLOSED);
    }
    uint32_t ref = slipi_load_relaxed(&slot->fanout); /* relaxed: this thread wrote it */
    slipi_store_release(&slot->fanout, SLIPI_FANOUT_CLOSED);
    return ref;
}

/* True for thread 0 in a run that is no graph: two words, looked at as one. */
_Static_assert(offsetof(slipi_worker, graph) == offsetof(slipi_worker, thread) + sizeof(uint32_t),
               "neighbours");
static inline bool is_first_of_run(const slipi_worker *w)
{
    uint64_t both;
    memcpy(&both, &w->thread, sizeof both);
    return both == 0;
}

/*
 * Takes one producer off a consumer's fan-in; true if it was the last. Who finds 1 is the only one
 * left who may change it, so the last one needs no read-modify-write. A guard (task/edge.h) is far
 * larger than 1.
 */
static bool take_producer(const slipi_worker *w, slipi_slot *consumer)
{
    /* [F4] acquire: the last one has all producers' outputs; pairs with the decrements below. */
    int32_t left = slipi_load_acquire(&consumer->fanin);
    if (left == 1 || w->thread_count == 1) {
        slipi_store_relaxed(&consumer->fanin, left - 1); /* relaxed: nobody else is interested */
        return left == 1;
    }
    /* [F4] acq_rel: this producer's outputs, for who comes last. */
    return slipi_sub_acq_rel(&consumer->fanin, 1) == 1;
}

void slipi_complete(slipi_worker *w, slipi_slot *slot)
{
    bool first = is_first_of_run(w);
    if (!SLIPI_LIKELY(first) && w->graph != 0) {
        slipi_complete_in_graph(w, slot);
        return;
    }
    uint32_t ref = close_fanout(first, slot);
    SLIPI_ASSERT(ref != SLIPI_FANOUT_CLOSED); /* a task completes once */
    while (ref != 0) {
        const slipi_edge *edge = slipi_edge_at(&w->at, ref);
        slipi_slot *consumer = slipi_slot_at(&w->at, edge->consumer);
        ref = edge->next; /* before the decrement: the edge is the consumer's to reuse after it */
        if (take_producer(w, consumer)) {
            slipi_ready_front(w, consumer);
        }
    }
}

void slipi_raise(const slipi_attached *at, const slipi_fault *fault)
{
    slipi_sm *sm = at->sm;
    uint32_t free_latch = 0;
    /* The winner alone writes the fault; it is read with slipi_fault_read. */
    if (!slipi_cas_acq_rel(&sm->fatal, &free_latch, 1u)) {
        return;
    }
    sm->fault = *fault;
    slipi_store_relaxed(&sm->fatal_status, (uint32_t)fault->status); /* a hint for submit */
    slipi_store_release(&sm->fatal, 2u); /* [L1] release: the fault is whole */
}

void slipi_fault_read(const slipi_attached *at, slipi_fault *out)
{
    slipi_sm *sm = at->sm;
    /* acquire: pairs with [L1]. After a hang the winner may still be writing; it waits for nobody.
     */
    while (slipi_load_acquire(&sm->fatal) == 1u) {
        slipi_cpu_relax();
    }
    *out = sm->fault;
}

void slipi_raise_kernel(const slipi_attached *at, const slipi_slot *slot, uint32_t kernel,
                        int32_t code, uint32_t core)
{
    slipi_fault fault = {.status = SLIP_E_KERNEL_FAILED,
                         .ring = (int32_t)slipi_task_ring(slot->task),
                         .scope = -1,
                         .kernel = (int32_t)kernel,
                         .code = code,
                         .resource = SLIPI_RESOURCE_KERNEL,
                         .submission = slot->submission};
    (void)snprintf(fault.detail, sizeof fault.detail, "on core %u", core);
    slipi_raise(at, &fault);
}
