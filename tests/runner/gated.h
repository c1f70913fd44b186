/*
 * gated.h - a program whose only kernel waits until the test lets it go: a run that stays on the
 * device for as long as a test wants, by counting and not by timing.
 *
 * For tests of runs in flight, on platforms that run kernels in this process. One gate a process.
 */
#ifndef SLIPWAY_TESTS_RUNNER_GATED_H
#define SLIPWAY_TESTS_RUNNER_GATED_H

#include "affine.h"

/* Registers the program, which takes no arguments. */
slip_callable gated_register(slip_runner *runner);

/* Closes the gate and forgets who came. */
void gated_close(void);

/* Opens it. */
void gated_open(void);

/* Opens it from another thread after a while; gated_join ends that thread. */
void gated_open_later(void);
void gated_join(void);

/* Waits until so many kernels have come since the gate was closed. */
void gated_await(uint32_t kernels);

/* Waits until so many threads are at or in the turn of a runner. */
void gated_await_turns(slip_runner *runner, uint32_t threads);

#endif
