/*
 * execute.c - runs a graph that the host built; see execute.h. Control thread 0 of the device.
 *
 * There is no arena in this mode. The ring states that idling and hang messages look at live on
 * this thread's stack, in a runtime page of their own.
 */
#include "graph/execute.h"

#include <string.h>

/*
 * Chains every task that waits for nothing, before any of them starts: a task that becomes ready
 * later is chained by whoever completes its last producer, and must not be chained twice. Returns
 * the number of edges.
 */
static uint64_t chain_ready(slipi_worker *w, uint64_t tasks)
{
    uint64_t edges = 0;
    for (uint64_t i = 0; i < tasks; i++) {
        slipi_slot *slot = &w->at.slots[0][i];
        int32_t fanin = slipi_load_relaxed(&slot->fanin); /* nothing runs yet */
        edges += (uint64_t)fanin;
        if (fanin == 0) {
            slipi_ready_back(w, slot);
        }
    }
    return edges;
}

slip_status slipi_graph_execute(slipi_worker *w, slipi_launch *launch)
{
    slipi_runtime runtime;
    memset(&runtime, 0, sizeof runtime);
    slipi_ring_state *ring = &runtime.ring[0];
    uint64_t window = w->at.sm->ring[0].window;
    slip_status status = SLIP_OK;
    ring->tail = ring->done = window;
    ring->head = window + launch->graph_tasks;
    w->at.rt = &runtime;
    launch->result.tasks = launch->graph_tasks;
    launch->result.edges = chain_ready(w, launch->graph_tasks);
    while (ring->done < ring->head) {
        /* [F5] acquire: as in task/ring.c. */
        if (slipi_load_acquire(&w->at.slots[0][ring->done - window].fanout) ==
            SLIPI_FANOUT_CLOSED) {
            ring->done++;
        } else if (!slipi_step_or_idle(w)) {
            status = SLIP_E_HANG;
            break;
        }
    }
    status = status == SLIP_OK ? slipi_failed(&w->at) : status;
    if (status != SLIP_OK) {
        slipi_fault_read(&w->at, &launch->result.fault);
    }
    ring->tail = ring->done;
    ring->window_high = launch->graph_tasks;
    memcpy(launch->result.ring, runtime.ring, sizeof launch->result.ring);
    launch->result.status = status;
    w->at.rt = NULL;
    return status;
}
