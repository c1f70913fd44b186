/*
 * edge.h - edges between tasks: the fan-out lists and the submission's side of fan-in.
 *
 * For the orchestrator only. An edge lies with its consumer: eight in the slot, more from the
 * ring's dependency pool. A fan-in larger than both is pushed in chunks: the orchestrator waits
 * (helping) until the pushed edges have been walked and uses them again.
 *
 * During submission fan-in holds GUARD - (edges walked so far), so that the task cannot start;
 * `slipi_fanin_end` replaces the guard by the number of pushed edges.
 */
#ifndef SLIPI_TASK_EDGE_H
#define SLIPI_TASK_EDGE_H

#include "arena/rebind.h"
#include "task/help.h"

#define SLIPI_FANIN_GUARD (1 << 30)

/* The edges of the task being submitted. */
typedef struct slipi_fanin {
    const slipi_attached *at;
    slipi_help help;
    slipi_slot *consumer;
    slipi_ring_state *ring;
    uint32_t ring_index;
    uint32_t used;   /* edges in use: inline first, then pool */
    uint32_t pushed; /* in producers' lists since the last chunk */
    uint32_t total;  /* edges pushed in all */
    bool took_pool;  /* some edges came from the ring's dependency pool */
    bool stuck;      /* edges ran out and waiting was pointless: the fan-in is not complete */
} slipi_fanin;

/* Starts the fan-in of a task that is not yet published. */
void slipi_fanin_begin(slipi_fanin *in, const slipi_attached *at, slipi_help help,
                       slipi_slot *consumer, uint32_t ring_index);

/* Orders the consumer after a producer; false if the producer is COMPLETED already. */
bool slipi_fanin_push(slipi_fanin *in, slipi_slot *producer);

/* Ends it; true if the consumer is ready now and the caller's to start. */
bool slipi_fanin_end(slipi_fanin *in);

#endif
