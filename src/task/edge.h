/*
 * edge.h - edges between tasks: the fan-out lists and the submission's side of fan-in.
 *
 * For the orchestrator only. An edge lies with its consumer: eight in the slot, more from the
 * ring's dependency pool. A fan-in larger than both is pushed in chunks: the orchestrator waits
 * (helping) until the pushed edges have been walked and uses them again.
 *
 * The first live edge is kept back: if it stays the only one, it is pushed at the end, and needs no
 * guard. With a second one fan-in holds GUARD - (edges walked so far) from there on, so that the
 * task cannot start; `slipi_fanin_end` replaces the guard by the number of pushed edges.
 */
#ifndef SLIPI_TASK_EDGE_H
#define SLIPI_TASK_EDGE_H

#include <stddef.h>

#include "arena/rebind.h"
#include "task/help.h"

#define SLIPI_FANIN_GUARD (1 << 30)

/* The edges of the task being submitted. */
typedef struct slipi_fanin {
    const slipi_attached *at;
    const slipi_help *help;
    slipi_slot *consumer;
    slipi_slot *first; /* the producer of the edge that is kept back; null if none is */
    uint32_t ring;
    uint32_t used;   /* edges in use: inline first, then pool */
    uint32_t pushed; /* in producers' lists since the last chunk */
    uint32_t total;  /* edges to live producers, the one kept back included */
    bool alone;      /* the run has one control thread: nobody walks a list meanwhile */
    bool took_pool;  /* some edges came from the ring's dependency pool */
    bool stuck;      /* edges ran out and waiting was pointless: the fan-in is not complete */
} slipi_fanin;

/* Starts the fan-in of a task that is not yet published. */
static inline void slipi_fanin_begin(slipi_fanin *in, const slipi_attached *at,
                                     const slipi_help *help, slipi_slot *consumer, uint32_t ring)
{
    in->at = at;
    in->help = help;
    in->consumer = consumer;
    in->first = NULL;
    in->ring = ring;
    in->used = 0;
    in->pushed = 0;
    in->total = 0;
    in->alone = at->launch->control_threads == 1;
    in->took_pool = false;
    in->stuck = false;
}

/* Orders the consumer after a producer; false if the producer is COMPLETED already. */
bool slipi_fanin_push(slipi_fanin *in, slipi_slot *producer);

/* Ends a fan-in of one edge or more. */
bool slipi_fanin_end_edges(slipi_fanin *in);

/* Ends it; true if the consumer is ready now and the caller's to start. */
static inline bool slipi_fanin_end(slipi_fanin *in)
{
    if (in->total == 0) {
        slipi_store_relaxed(&in->consumer->fanin, 0); /* relaxed: nobody waits, nobody counts */
        return true;
    }
    return slipi_fanin_end_edges(in);
}

#endif
