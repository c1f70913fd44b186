/*
 * pool.h - the threads of one cpu device.
 *
 * For cpu.c. The thread that waits for a run is control thread 0; helpers are threads 1 and up,
 * started when they are first called, and asleep between runs. Open, launch, wait and close are
 * called by one thread at a time; call_threads and idle by every thread inside a run.
 *
 * Invariants of the gate, per helper h:
 *   inside(h)  =>  h.active != 0
 *   run_open == 0 and h.active == 0, read in this order  =>  h is not inside and cannot enter
 * The run's values (entry, launch_address, limit, run) change only while run_open == 0 and no
 * helper is active; a helper reads them only after it has seen run_open == 1 with its own active
 * raised.
 */
#ifndef SLIPI_PLATFORM_POOL_H
#define SLIPI_PLATFORM_POOL_H

#include <slipway/platform.h>

#include <pthread.h>

#include "base/event.h"
#include "platform/common/places.h"

/* Whether a helper's thread exists. */
enum slipi_helper_state {
    SLIPI_HELPER_NONE = 0,
    SLIPI_HELPER_STARTING = 1, /* claimed by the thread that starts it */
    SLIPI_HELPER_RUNNING = 2,  /* `thread` is set */
    SLIPI_HELPER_FAILED = 3    /* could not be started; not tried again */
};

struct slipi_pool;

/* One helper. Line 0 is written by those who call it, line 1 by itself. */
typedef struct slipi_helper {
    slipi_au32 call;  /* the run it was asked to enter; 0 = none. Set by callers, cleared by the
                         helper before it looks for work, so that a call during its last look is
                         seen [H1/H2]; one that came too late is void in the next run */
    slipi_au32 state; /* enum slipi_helper_state. Claimed by one caller [H5/H6] */
    slipi_event wake; /* the helper sleeps here between runs */
    pthread_t thread; /* set by who starts it, before RUNNING; read by close */
    struct slipi_pool *pool;
    uint32_t index; /* control thread, 1 .. threads - 1 */
    uint8_t pad0[64 - 36];
    slipi_au32 active; /* 1: looking whether it is called for the open run; 2: inside it [G1..G4] */
    slipi_au32 ended;  /* 1: its thread does nothing more. Set by itself [H7/H8] */
    uint8_t pad1[56];
} slipi_helper;
_Static_assert(sizeof(slipi_helper) == 128, "a helper is two lines");

typedef struct slipi_pool {
    slip_device_services services; /* handed to the entry; constant after open */
    uint32_t threads;              /* constant after open */
    /* The open run: written by launch, read by helpers inside. */
    uint32_t limit; /* control threads of this run */
    uint32_t run;   /* its number, from 1 */
    const slip_device_entry *entry;
    uint64_t launch_address;
    slipi_au32 run_open;   /* 1 between launch and the end of thread 0's entry [G2/G3] */
    slipi_au32 high;       /* 1 + largest index of a helper that ever ran. Raised by helpers [G0] */
    slipi_au32 stop;       /* 1: helpers leave for good */
    uint32_t launched;     /* launch was called and wait was not. Caller's thread only */
    uint32_t stuck;        /* a helper stayed in a run beyond the bound. Caller's thread only */
    slipi_au32 started;    /* 1: a helper was started. Set from inside a run [relaxed: see
                              slipi_pool_wait] */
    slipi_event left;      /* the waiting or closing thread sleeps here until helpers have left */
    slipi_event idle;      /* threads inside that have nothing to do */
    slipi_helper *helpers; /* helpers[1] .. helpers[threads - 1]; helpers[0] is not used */
    /* The placement, constant after open; null where nobody is bound or nothing is known. */
    int32_t *cpu;          /* of every thread; SLIP_CPU_ANY */
    uint16_t *order;       /* of every thread, threads - 1 entries: whom to call, nearest first */
    pthread_t opener;      /* the thread that opened the device */
    uint32_t caller_bound; /* 1: it was bound, and gets `allowed` back */
    slipi_cpus allowed;    /* that it might use before */
} slipi_pool;

/* Prepares a pool of `threads`, 1 .. SLIP_MAX_THREADS; starts none. `placement`, which is checked,
 * may be null; only here the thread that calls is bound, if it says so. */
slip_status slipi_pool_init(slipi_pool *pool, uint32_t threads, const slip_placement *placement);

/*
 * Ends all helpers, bounded. Returns true if all have ended; false if one is stuck in a kernel: the
 * pool's memory must then be left alone for ever.
 */
bool slipi_pool_fini(slipi_pool *pool);

/* Contracts of slip_platform_ops. */
slip_status slipi_pool_launch(slipi_pool *pool, const slip_platform_launch *launch);
slip_status slipi_pool_wait(slipi_pool *pool, uint64_t timeout_ns);

/* Contracts of slip_device_services. */
void slipi_pool_call(slipi_pool *pool, uint32_t count);
void slipi_pool_idle(slipi_pool *pool, uint32_t idle_rounds);

#endif
