/*
 * halves.h - a dispatch mode for measurements: half of the tasks must run on another thread.
 *
 * For step.c; control threads of a self-executing platform. Of every 32 tasks of a ring the second
 * sixteen are for the threads besides thread 0. What a move between cores costs is seen only when
 * it has to be made: every other mode avoids it.
 */
#ifndef SLIPI_HALVES_H
#define SLIPI_HALVES_H

#include "sched/worker.h"

/* A task that is ready at submission, if it is not thread 0's to run at once: it waits for a batch.
 */
void slipi_submit_halves(slipi_worker *w, slipi_slot *slot);

/* One step of a thread: runs a task of its own half. */
bool slipi_step_halves(slipi_worker *w);

#endif
