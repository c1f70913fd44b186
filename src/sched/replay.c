/*
 * replay.c - completion of the tasks of a graph, which run again and again; see worker.h.
 *
 * A graph lies in ring 0 of an SM: slots in an order in which they may run, fan-out lists that
 * nobody pushes to, and in every slot the number of its producers beside its fan-in. A run leaves
 * all of it as it found it, so that the next one begins without a sweep: who takes the last
 * producer off a fan-in sets it to that number again, lists are walked and not taken, and
 * completions are counted instead of closed.
 *
 * Any worker. Between two runs nobody touches the graph.
 */
#include <stddef.h>

#include "sched/worker.h"

/*
 * Takes one producer off a consumer's fan-in; true if it was the last, and then the fan-in is as
 * before the run. Nobody looks at it again in this run: all its producers are complete. The next
 * run's completions come after [Y4].
 */
static inline bool take_producer(const slipi_worker *w, slipi_slot *consumer)
{
    /* [Y1] acquire: the last one has all producers' outputs; pairs with the decrements [Y2]. */
    int32_t left = slipi_load_acquire(&consumer->fanin);
    if (left != 1) {
        if (w->thread_count == 1) {
            slipi_store_relaxed(&consumer->fanin, left - 1); /* relaxed: nobody else looks */
            return false;
        }
        /* [Y2] acq_rel: this producer's outputs, for who comes last. */
        if (slipi_sub_acq_rel(&consumer->fanin, 1) != 1) {
            return false;
        }
    }
    /* Relaxed: whose turn is next comes after the end of this run. */
    slipi_store_relaxed(&consumer->fanin, (int32_t)consumer->mark);
    return true;
}

void slipi_complete_in_graph(slipi_worker *w, slipi_slot *slot)
{
    uint32_t ref = slipi_load_relaxed(&slot->fanout); /* relaxed: written before the run only */
    slipi_store_relaxed(&slot->lap, (uint32_t)w->at.launch->run_serial);
    while (ref != 0) {
        const slipi_edge *edge = slipi_edge_at(&w->at, ref);
        slipi_slot *consumer = slipi_slot_at(&w->at, edge->consumer);
        if (take_producer(w, consumer)) {
            slipi_ready_front(w, consumer);
        }
        ref = edge->next;
    }
    w->graph_done++;
    if (w->ready[0].count + w->ready[1].count + w->ready[2].count == 0) {
        slipi_graph_count(w);
    }
}

void slipi_graph_count(slipi_worker *w)
{
    /* [Y3] release: everything up to here, for thread 0, which ends the run at [Y4]. */
    slipi_add_acq_rel(&w->at.sm->graph_done, (uint64_t)w->graph_done);
    w->graph_done = 0;
}
