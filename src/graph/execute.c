/*
 * execute.c - runs the graph that lies in SM; see execute.h. Control thread 0 of the device.
 *
 * There is no arena in this mode. The slots lie in an order in which they may run. If one thread is
 * to run them all, it just does so; else the tasks that wait for nothing are chained and everything
 * goes on as in any other run (sched/replay.c).
 */
#include "graph/execute.h"

#include <string.h>

/* Times of kernels are worth a second thread from here on. Chosen, not measured: a task that is
 * shared costs some line moves, calling a thread some microseconds; see docs/record-replay.md. */
enum { SHARE_TASK_NS = 250, SHARE_RUN_NS = 20000 };

/*
 * True if the kernels are known to be so short that other threads would cost more than they bring,
 * or every task waits for the one before.
 */
static bool is_short(const slipi_worker *w, uint64_t tasks)
{
    const slipi_sm *sm = w->at.sm;
    if (sm->graph_depth == tasks) {
        return true;
    }
    if (sm->graph_uses == 0) {
        return false;
    }
    const slipi_graph_use *uses =
        (const slipi_graph_use *)(const void *)(w->at.sm_base + sm->graph_uses_off);
    uint64_t total = 0;
    for (uint32_t i = 0; i < sm->graph_uses; i++) {
        /* Relaxed: a hint. */
        uint64_t typical = slipi_load_relaxed(&w->at.kernels[uses[i].kernel].typical);
        if (typical == 0) {
            return false; /* never timed: whoever can is to find out */
        }
        total += typical * uses[i].uses;
    }
    return total < SHARE_RUN_NS || total < tasks * SHARE_TASK_NS;
}

/* True if thread 0 runs the whole graph. */
static bool runs_alone(const slipi_worker *w, uint64_t tasks)
{
    if (w->dispatcher != NULL) {
        return false;
    }
    return w->thread_count == 1 || w->dispatch == SLIP_DISPATCH_INLINE ||
           (w->dispatch == SLIP_DISPATCH_AUTO && is_short(w, tasks));
}

/* Chains the tasks that wait for nothing. */
static void chain_roots(slipi_worker *w)
{
    for (uint32_t ref = w->at.sm->graph_roots; ref != 0;) {
        const slipi_edge *edge = slipi_edge_at(&w->at, ref);
        slipi_ready_back(w, slipi_slot_at(&w->at, edge->consumer));
        ref = edge->next;
    }
    if (w->thread_count > 1 && w->dispatcher == NULL) {
        if (w->dispatch == SLIP_DISPATCH_SHARED) {
            slipi_ready_share_rest(w, 0, w->ready[0].count / w->thread_count);
        }
        slipi_ready_call(w, w->thread_count - 1);
    }
}

/* Runs all tasks with whoever helps. */
static slip_status run_shared(slipi_worker *w, uint64_t tasks)
{
    slipi_store_relaxed(&w->at.sm->graph_done,
                        0); /* relaxed: the first shared chain publishes it */
    chain_roots(w);
    /* [Y4] acquire: every task is complete, and what it wrote is here; pairs with [Y3]. */
    while (slipi_load_acquire(&w->at.sm->graph_done) != tasks) {
        if (!slipi_step_or_idle(w)) {
            return SLIP_E_HANG;
        }
    }
    return SLIP_OK;
}

/* What the run leaves in the launch block. */
static void report(const slipi_worker *w, slipi_launch *launch, slip_status status)
{
    slipi_result *result = &launch->result;
    if (status != SLIP_OK) {
        slipi_fault_read(&w->at, &result->fault);
    }
    memset(result->ring, 0, sizeof result->ring);
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        result->ring[r].head = w->at.sm->ring[r].window; /* as in an image: nothing was there */
    }
    result->ring[0].head += launch->graph_tasks;
    result->ring[0].window_high = launch->graph_tasks;
    result->tasks = launch->graph_tasks;
    result->edges = w->at.sm->graph_edges;
    result->status = status;
}

slip_status slipi_graph_execute(slipi_worker *w, slipi_launch *launch)
{
    uint64_t tasks = launch->graph_tasks;
    slip_status status = SLIP_OK;
    if (runs_alone(w, tasks)) {
        slipi_run_in_order(w, w->at.slots[0], tasks);
    } else if (tasks != 0) {
        status = run_shared(w, tasks);
    }
    status = status == SLIP_OK ? slipi_failed(&w->at) : status;
    report(w, launch, status);
    return status;
}
