/*
 * queue.h - runs that were submitted: bound, stored, and started one after the other by a thread of
 * the runner.
 *
 * For src/runner. The queue is made by the first slip_submit; a runner that never submits has none
 * and pays one comparison. Three locks, always taken in this order:
 *
 *     door   who submits, first come first served; held while one waits for room or for its bind
 *     turns  of the runner: who uses device and regions; the queue's thread holds it for each run
 *     lock   of the queue: everything of the runner that a submission touches. Who has the turn
 *            holds it too, but while the device runs: then other threads bind the next runs
 *
 * So a submission needs no turn unless it must build, relay or allocate; those use the platform,
 * which is one thread's at a time, and wait for the run on the device to end.
 */
#ifndef SLIPI_RUNNER_QUEUE_H
#define SLIPI_RUNNER_QUEUE_H

#include <pthread.h>

#include "base/turns.h"
#include "runner/bind.h"
#include "runner/callables.h"

/* What a queued run lies in: launch block and arguments of its own. Made when so many runs are in
 * flight for the first time, used again after that. Staging is the runner's: contents come there
 * when a run starts and leave it when it ends, one run at a time; if it moved since a run was
 * submitted, the run's arguments are placed again. */
typedef struct slipi_carrier {
    struct slipi_carrier *next; /* of all carriers of the queue */
    uint32_t busy;              /* 1: a run lies in it */
    slipi_launch_place launch;  /* address 0: the device has lost it */
    slipi_args_plan plan;
    slip_run_arg args[SLIP_MAX_RUN_ARGS]; /* the caller's, copied */
} slipi_carrier;

/* A handle. Its own status and error stay readable after its runner was closed. */
struct slip_submission {
    slip_runner *runner;            /* null once the runner is closed */
    struct slip_submission *next;   /* of all handles of the runner */
    struct slip_submission *before; /* likewise */
    struct slip_submission *behind; /* queued after it */
    slipi_carrier *carrier;         /* null when it has ended */
    slipi_callable *callable;       /* stays registered until it has ended */
    slipi_prebuilt_entry *entry;    /* pinned; null: the state is built when the run starts */
    slip_run_config config;
    slipi_prebuilt_key key;
    slipi_bind_result bound; /* what the bind found at submission */
    uint32_t arg_count;
    uint32_t released; /* 1: nobody holds the handle; under lock */
    uint64_t number;   /* of the submissions of its runner, from 1 */
    uint64_t heap_bytes;
    slipi_au32 state;   /* enum slip_submission_state; written under lock, read by anybody */
    slipi_event ended;  /* woken when state becomes ENDED */
    slip_status status; /* valid once ENDED, as error */
    slip_error error;
};

typedef struct slipi_run_queue {
    pthread_mutex_t lock;
    slipi_turns door;
    pthread_t thread;
    slipi_carrier *carriers;
    slip_submission *handles; /* all that are neither freed nor left by close */
    slip_submission *head;    /* next to be started */
    slip_submission *tail;
    slip_submission *running; /* on the device; null if none */
    slip_error kept; /* the callers' last error while a queued run uses the runner's place for it */
    uint64_t submitted;
    slipi_au32 closing;
    slipi_au32 waiting;    /* queued, not started; written under lock */
    slipi_au32 unfinished; /* these and the one that runs; written under lock */
    slipi_event work;      /* the thread sleeps here */
    slipi_event progress;  /* who waits for `unfinished` to fall sleeps here */
} slipi_run_queue;

/* What is submitted. */
typedef struct slipi_order {
    const char *what; /* the function that was called */
    slip_callable callable;
    const slip_run_arg *args;
    uint32_t arg_count;
    const slip_run_config *config;
    const slipi_prebuilt_key *key; /* of a prepared call; null: to be resolved */
} slipi_order;

/* ---- queue.c ---- */

/* Makes the queue and its thread if there is none; takes a turn. */
slip_status slipi_run_queue_open(slip_runner *runner);

/* Cancels what has not started, waits for what runs, ends the thread. At close; null is fine. */
void slipi_run_queue_stop(slip_runner *runner);

/* Frees the queue; memory on the device only if `device`. After stop. */
void slipi_run_queue_fini(slip_runner *runner, bool device);

/* Waits until at most `count` runs are unfinished. The door is the caller's. */
void slipi_run_queue_await(slipi_run_queue *queue, uint32_t count);

/* Puts a bound run at the end, under lock. */
void slipi_run_queue_push(slipi_run_queue *queue, slip_submission *sub);

/* Takes a run out of those that wait, under lock. */
void slipi_run_queue_take_out(slipi_run_queue *queue, slip_submission *sub);

/* Frees a handle that has ended, under lock. */
void slipi_run_queue_free(slipi_run_queue *queue, slip_submission *sub);

/* Ends a run that is in no list any more, under lock: gives its pins up, wakes who waits. `error`
 * says why it failed; null after a good run. */
void slipi_run_queue_end(slipi_run_queue *queue, slip_submission *sub, slip_status status,
                         const slip_error *error);

/* Ends the queued runs that a failure has taken the state from: those bound to `entry`; all if it
 * is null. The runner's error is the reason; `program` was running, or null. */
void slipi_run_queue_abandon(slip_runner *runner, const slipi_prebuilt_entry *entry,
                             const char *program);

/* Bytes of the GM heap that queued runs without an entry will use. */
uint64_t slipi_run_queue_heap(const slip_runner *runner);

/* ---- carriers.c ---- */

/* A carrier that is free and has its launch block, if `make` is false; else one is made, by whom
 * the turn belongs to. */
slip_status slipi_carrier_take(slip_runner *runner, bool make, slipi_carrier **out);

/* Forgets what carriers had on a device that has lost it. */
void slipi_carriers_forget(slip_runner *runner);

/* Adds what carriers have on the device. */
void slipi_carriers_count(const slip_runner *runner, slip_residency *out);

/* Frees carriers that no run lies in. */
void slipi_carriers_trim(slip_runner *runner);

/* Frees all carriers. */
void slipi_carriers_fini(slip_runner *runner, bool device);

/* ---- submit.c ---- */

/* Submits a run with the door in hand and gives the door back. */
slip_status slipi_submit_inside(slip_runner *runner, const slipi_order *order,
                                slip_submission **out);

/* Lets everything end that is queued; the turn is the caller's before and after, and nothing is
 * pinned until the caller gives the lock back. */
void slipi_runner_idle(slip_runner *runner);

/* For a runner that has a queue. If runs are queued: does what slip_run does behind them, and
 * returns true. Else the caller has the turn (and the lock) and runs itself. Instead of
 * slipi_runner_enter. */
bool slipi_submit_or_enter(slip_runner *runner, const slipi_order *order, slip_status *status);

/* Waits without bound. */
slip_status slipi_submission_join(slip_submission *sub);

#endif
