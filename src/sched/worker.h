/*
 * worker.h - what one control thread works with: its view of the regions and its ready tasks.
 *
 * For the scheduler, the orchestrator and the executor. A worker belongs to one thread; what
 * threads share lies in SM. Ready tasks are chained through their slots: a worker's own chain
 * needs no atomics, and a chain moves between threads as one cell of a ready queue.
 *
 * Invariants, for every task of a run:
 *   - it is in exactly one of: waiting (fan-in > 0), one worker's chain, one queue cell's chain, a
 *     core or a thread that runs it, COMPLETED;
 *   - it enters a chain once: by the thread that takes its fan-in to zero, or by the orchestrator
 *     if it had no live producer at submission.
 */
#ifndef SLIPI_WORKER_H
#define SLIPI_WORKER_H

#include <slipway/platform.h>

#include "arena/rebind.h"
#include "base/hints.h"

struct slipi_dispatcher;

/* Ready tasks of one worker, linked through slot.ready_next; zero is empty. */
typedef struct slipi_chain {
    uint32_t head;
    uint32_t tail;
    uint32_t count;
} slipi_chain;

typedef struct slipi_worker {
    slipi_attached at;
    const slip_device_services *services;
    struct slipi_dispatcher *dispatcher; /* null where control threads run kernels themselves */
    uint32_t thread;
    uint32_t graph; /* 1: what runs is a graph that lies in SM (replay.c) */
    uint32_t thread_count;
    uint32_t dispatch;     /* enum slip_dispatch_mode */
    uint32_t queues;       /* how ready tasks are kept apart: enum slipi_queues */
    uint32_t sample;       /* counts kernels, to time one in many */
    uint32_t long_kernels; /* 1: the last timed kernel was long: ready tasks are shared singly */
    uint32_t paced;       /* thread 0: kernels are worth sharing, so it looks at every submission */
    uint32_t idle_rounds; /* looks for work in a row that found none */
    uint32_t hung;        /* thread 0: the progress deadline passed; stop waiting */
    uint32_t armed;       /* thread 0: registered as a sleeper, looks once more before it sleeps */
    uint32_t ticket;      /* ... with this ticket of sm->progress */
    uint64_t progress_mark; /* thread 0: completions seen at the last look ... */
    uint64_t progress_ns;   /* ... and when; 0 = not waiting */
    uint32_t graph_done;    /* tasks completed that sm->graph_done does not count yet */
    uint64_t offer_end;     /* queue position behind this worker's last offer */
    int64_t missed_ns;      /* kernel time that another thread could have run, had one been there */
    slipi_chain ready[SLIPI_QUEUES];
    slip_kernel_ctx ctx;
} slipi_worker;

/* A worker's dispatch mode when a graph is only built: ready tasks stay where they are. */
#define SLIPI_DISPATCH_NOTHING UINT32_MAX

/* How ready tasks are kept apart. */
enum slipi_queues {
    SLIPI_QUEUES_ONE = 0,      /* they are not: every thread runs any task */
    SLIPI_QUEUES_BY_SHAPE = 1, /* there are compute cores */
    SLIPI_QUEUES_BY_HALF = 2   /* dispatch mode HALVES, and there are threads besides thread 0 */
};

/* The queues of the two halves: thread 0's, and that of the threads besides it. */
enum { SLIPI_HALF_FIRST = 0, SLIPI_HALF_OTHERS = 1 };

/* Which ready queue a task belongs to. */
static inline uint32_t slipi_queue_of(const slipi_worker *w, const slipi_slot *slot)
{
    if (w->queues == SLIPI_QUEUES_ONE) {
        return 0;
    }
    if (w->queues == SLIPI_QUEUES_BY_HALF) {
        return (uint32_t)(slot->task >> 4) & 1u; /* sixteen tasks each in turn */
    }
    return slot->shape == SLIP_TASK_DUMMY ? 0u : slot->shape;
}

/* ---- ready.c -------------------------------------------------------------------------------- */

/* Puts a ready task at the front (it runs next) or the back of the worker's own chain. */
void slipi_ready_front(slipi_worker *w, slipi_slot *slot);
void slipi_ready_back(slipi_worker *w, slipi_slot *slot);

/* Takes the first ready task of a queue: the worker's own, else a shared chain. Null if none. */
slipi_slot *slipi_ready_take(slipi_worker *w, uint32_t queue);

/* Offers one ready task to every thread. */
void slipi_ready_share(slipi_worker *w, slipi_slot *slot);

/* Offers all but `keep` of the worker's own ready tasks to every thread, one by one if they are
 * long, as one chain if they are short. */
void slipi_ready_share_rest(slipi_worker *w, uint32_t queue, uint32_t keep);

/* Offers all but the first `keep` of the worker's own ready tasks to every thread, as one chain:
 * the oldest, while what it has just made ready stays. */
void slipi_ready_offer(slipi_worker *w, uint32_t queue, uint32_t keep);

/* True while nobody has taken the worker's last offer. */
bool slipi_ready_offered(const slipi_worker *w, uint32_t queue);

/* Calls threads into the run if none is looking for work. */
void slipi_ready_call(slipi_worker *w, uint32_t count);

/* ---- complete.c ----------------------------------------------------------------------------- */

/*
 * Completes a task: closes its fan-out list and makes ready whoever waited for it last. After the
 * close the slot is not touched again.
 */
void slipi_complete(slipi_worker *w, slipi_slot *slot);

/* ---- replay.c ------------------------------------------------------------------------------- */

/*
 * Completes a task of a graph: makes ready whoever waited for it last, and what it changes is as
 * before the run again once the run is over. For slipi_complete.
 */
void slipi_complete_in_graph(slipi_worker *w, slipi_slot *slot);

/* Tells thread 0 of the completions that it does not know of yet: when the worker's chains are
 * empty, and when it finds nothing to do. */
void slipi_graph_count(slipi_worker *w);

/* Latches the first failure of a run; later ones are dropped. Any thread. */
SLIPI_COLD void slipi_raise(const slipi_attached *at, const slipi_fault *fault);

/* Copies the first failure, as soon as whoever latched it has written all of it. */
void slipi_fault_read(const slipi_attached *at, slipi_fault *out);

/* Latches that a task's kernel returned `code`. */
SLIPI_COLD void slipi_raise_kernel(const slipi_attached *at, const slipi_slot *slot,
                                   uint32_t kernel, int32_t code, uint32_t core);

/* SLIP_OK while nothing has failed. */
static inline slip_status slipi_failed(const slipi_attached *at)
{
    /* Relaxed: only whether to go on depends on it; the fault is read with slipi_fault_read. */
    return (slip_status)slipi_load_relaxed(&at->sm->fatal_status);
}

/* ---- device/step.c -------------------------------------------------------------------------- */

/* One step of useful work: runs, starts or retires tasks. False if there was nothing in reach. */
bool slipi_step(slipi_worker *w);

/*
 * True if slipi_submit_ready would run the task (or complete it, if it has no kernel) before it
 * returns. Then nobody ever waits for the task.
 */
bool slipi_runs_at_once(const slipi_worker *w, const slipi_slot *slot);

/* Takes a task that is ready at submission: runs it, keeps it or shares it (dispatch mode). */
void slipi_submit_ready(slipi_worker *w, slipi_slot *slot);

/* What thread 0 does between two submissions while it has ready tasks that are worth sharing. */
void slipi_pace(slipi_worker *w);

/*
 * Runs the kernels of a graph's tasks one after the other in the order of the slots, which is an
 * order in which they may run, and completes nothing. For thread 0 of a self-executing platform.
 */
void slipi_run_in_order(slipi_worker *w, slipi_slot *first, uint64_t count);

/*
 * Waits a little after `slipi_step` found nothing. Thread 0 sleeps until there is progress, and
 * sets w->hung (with the fault) when there was none before the deadline. Only the caller knows what
 * it waits for; so the call before a sleep registers thread 0 as a sleeper and returns, the caller
 * looks again, and the next call sleeps: no completion falls between the look and the sleep.
 */
void slipi_idle(slipi_worker *w);

/* Takes thread 0's registration as a sleeper back, if there is one. */
void slipi_idle_end(slipi_worker *w);

/* Steps, or waits a little. False if waiting has become pointless (w->hung). */
static inline bool slipi_step_or_idle(slipi_worker *w)
{
    if (!slipi_step(w)) {
        slipi_idle(w);
    }
    return w->hung == 0;
}

#endif
