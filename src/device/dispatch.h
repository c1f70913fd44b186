/*
 * dispatch.h - the scheduler's hand on platforms with compute cores.
 *
 * For the executor. Each control thread has one dispatcher and owns the blocks b with
 * b % thread_count == thread: it alone writes their dispatch registers and mailboxes and reads
 * their status registers, so a dispatcher needs no lock and no atomic. A dispatcher lives for one
 * run; nothing here allocates or waits.
 */
#ifndef SLIPI_DISPATCH_H
#define SLIPI_DISPATCH_H

#include <slipway/platform.h>

#include "abi/dispatch.h"
#include "abi/launch.h"

/* Blocks of a device at most: one bit each in the dispatcher's sets. */
#define SLIPI_MAX_BLOCKS 64u

/* Parts of a block, in the order of a mixed task's kernels. */
enum { SLIPI_PART_AIC = 0, SLIPI_PART_AIV0 = 1, SLIPI_PART_AIV1 = 2, SLIPI_PARTS = 3 };

/* What one core is doing. */
typedef struct slipi_core_work {
    uint32_t slot_ref; /* slot's offset in SM in units of 512 bytes */
    uint32_t command;  /* value in its dispatch register */
} slipi_core_work;

/*
 * Bit i of a set stands for the i-th owned block, thread + i * thread_count.
 *   used is a subset of owned, idle[p] of used; a part that is in `used` and not in idle[p] is
 * busy. mixed, a subset of used: blocks whose busy parts belong to one mixed task. draining: empty
 * or one block that a mixed task waits for: singles go elsewhere.
 */
typedef struct slipi_dispatcher {
    const slip_device_services *services;
    const slipi_launch *launch;
    uint8_t *sm;           /* base of SM */
    slipi_core_page *page; /* mailboxes of all cores */
    uint32_t thread;
    uint32_t thread_count;
    uint32_t owned_count; /* blocks owned, used or not: all of them are stopped at the end */
    uint32_t busy_count;  /* cores */
    uint32_t flags;       /* SLIPI_DISPATCH_* of every dispatch */
    uint32_t poll_from;   /* block at which the next poll starts */
    uint64_t used;
    uint64_t idle[SLIPI_PARTS];
    uint64_t mixed;
    uint64_t draining;
    slipi_core_work work[SLIPI_MAX_BLOCKS][SLIPI_PARTS];
    uint64_t dispatched;                     /* commands to run, this run */
    uint32_t mixed_parts[SLIPI_MAX_BLOCKS];  /* parts of the mixed task that still run */
    uint16_t mixed_kernel[SLIPI_MAX_BLOCKS]; /* its kernel that failed first ... */
    int32_t mixed_code[SLIPI_MAX_BLOCKS];    /* ... and what that returned; 0 = none yet */
} slipi_dispatcher;

/* A task whose kernels are all done. */
typedef struct slipi_finished {
    uint32_t slot_ref;
    int32_t code;         /* first non-zero value that a kernel returned; 0 = success */
    uint32_t kernel;      /* index in the kernel table: the failed one, else the last one */
    uint32_t core;        /* that it ran on */
    uint64_t begin_ticks; /* of that kernel; 0 without SLIPI_DISPATCH_STAMP */
    uint64_t end_ticks;
} slipi_finished;

/* A core that has not finished, for messages about hangs. */
typedef struct slipi_busy_core {
    uint32_t core;
    uint32_t slot_ref;
    uint32_t kernel;       /* index in the kernel table */
    uint32_t acknowledged; /* 1: the core is inside the kernel; 0: it did not take the command */
} slipi_busy_core;

/*
 * Starts a run: takes the blocks b < `blocks` (0 = all) with b % thread_count == thread and opens
 * the fast path of every owned core. Every thread of the run must call it exactly once and stop
 * its dispatcher at the end. With a null launch the dispatcher can only be stopped: thread 0 of 1
 * does that to shut the cores down when set-up failed.
 */
void slipi_dispatcher_init(slipi_dispatcher *d, const slip_device_services *services,
                           const slipi_launch *launch, uint32_t thread, uint32_t thread_count,
                           uint32_t blocks);

/*
 * Starts a ready task with kernels if this thread owns an idle core of its type, or a wholly idle
 * block for a mixed task. False: nothing was started, offer it again after a poll.
 */
bool slipi_dispatcher_offer(slipi_dispatcher *d, const slipi_slot *slot, uint32_t slot_ref);

/*
 * Looks at the status registers of the busy cores and puts the finished tasks in `out`; returns how
 * many. `room` is at least SLIPI_PARTS.
 */
uint32_t slipi_dispatcher_poll(slipi_dispatcher *d, slipi_finished *out, uint32_t room);

/* Tasks of a shape (enum slip_task_shape, not dummy) that could start now. */
uint32_t slipi_dispatcher_idle(const slipi_dispatcher *d, uint32_t shape);

/* Cores of this thread that have not finished. */
uint32_t slipi_dispatcher_busy(const slipi_dispatcher *d);

/* First busy core of this thread; false if there is none. Prefers one inside a kernel. */
bool slipi_dispatcher_find_busy(const slipi_dispatcher *d, slipi_busy_core *out);

/* Ends the run for every owned core: stop command, fast path closed. A busy core stops after its
 * kernel. Does not wait. */
void slipi_dispatcher_stop(slipi_dispatcher *d);

#endif
