/*
 * exec_self.h - running tasks on the control thread itself (platforms without compute cores).
 *
 * For step.c. Any control thread of a self-executing platform.
 */
#ifndef SLIPI_EXEC_SELF_H
#define SLIPI_EXEC_SELF_H

#include "sched/worker.h"

/* Kernels at least this long are worth a move between cores: half of those that are ready are
 * offered to the threads in the run. Shorter ones run where they become ready. Measured: with two
 * threads a graph of radix 5 is as fast as with one at 220 ns a kernel, radix 3 below 180; the two
 * looks at the clock are in the measured time. */
#define SLIPI_SHARED_KERNEL_NS 250u

/* Kernel time that another thread could have run before one is woken for it: a wake-up costs the
 * waker 2 us, and 8 us pass until the sleeper runs. */
#define SLIPI_WAKE_NS 8000

/* Kernels at least this long are offered to other threads one by one, and somebody is woken for
 * them; shorter ones run where they become ready. Chosen from the cost of moving a task between
 * cores (a few line moves, 0.1 to 0.7 us) and of waking a thread (2 us): see docs/performance.md.
 */
#define SLIPI_LONG_KERNEL_NS 2000u

/* Runs a task's kernels (none if the run has failed) and completes it. */
void slipi_run_task(slipi_worker *w, slipi_slot *slot);

/* Smoothed time of the task's first kernel in ns; 0 = not measured, or none. */
static inline uint32_t slipi_typical_ns(const slipi_worker *w, const slipi_slot *slot)
{
    /* Relaxed: a hint. */
    return slot->shape == SLIP_TASK_DUMMY
               ? 0
               : slipi_load_relaxed(&w->at.kernels[slot->kernel[0]].typical);
}

/* Notes one kernel in the task trace, if there is one. */
void slipi_task_trace_note(const slipi_attached *at, const slipi_slot *slot,
                           const slip_kernel_ctx *ctx, uint64_t begin, uint64_t end);

#endif
