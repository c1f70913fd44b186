/*
 * exec_self.h - running tasks on the control thread itself (platforms without compute cores).
 *
 * For step.c. Any control thread of a self-executing platform.
 */
#ifndef SLIPI_EXEC_SELF_H
#define SLIPI_EXEC_SELF_H

#include "sched/worker.h"

/* Kernels at least this long are offered to other threads one by one, and somebody is woken for
 * them; shorter ones run where they become ready. Chosen from the cost of moving a task between
 * cores (a few line moves, 0.1 to 0.7 us) and of waking a thread (2 us): see docs/performance.md.
 */
#define SLIPI_LONG_KERNEL_NS 2000u

/* Runs a task's kernels (none if the run has failed) and completes it. */
void slipi_run_task(slipi_worker *w, slipi_slot *slot);

/* True if the task's first kernel is known to be long. */
bool slipi_is_long(const slipi_worker *w, const slipi_slot *slot);

/* Notes one kernel in the task trace, if there is one. */
void slipi_task_trace_note(const slipi_attached *at, const slipi_slot *slot,
                           const slip_kernel_ctx *ctx, uint64_t begin, uint64_t end);

#endif
