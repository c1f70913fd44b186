/*
 * wide.h - a prepared call of a program with many tensors in device memory, for tests.
 *
 * One task reads them all: element i of `out` becomes the first element of tensor i.
 */
#ifndef SLIPWAY_TESTS_RUNNER_WIDE_H
#define SLIPWAY_TESTS_RUNNER_WIDE_H

#include <stdbool.h>

#include <slipway/slipway.h>

enum { WIDE_MOST = 150, WIDE_ELEMENTS = 16 };

typedef struct wide {
    slip_runner *runner;
    slip_call *call;
    uint32_t count;                    /* tensors */
    slip_device_ptr memory[WIDE_MOST]; /* all in one allocation */
    slip_device_ptr out;
    uint32_t holds[WIDE_MOST]; /* which memory tensor i lies in now */
} wide;

/* Opens a runner and prepares a call with `count` tensors; memory m holds the value m + 1. */
void wide_open(wide *w, const char *platform, const struct slip_platform_ops *ops, uint32_t count);

/* Lets two tensors change places, by two slip_call_set. */
void wide_exchange(wide *w, uint32_t first, uint32_t second);

/* Runs the call; true if it was good and `out` is what it must be. */
bool wide_right(wide *w);

/* Closes the runner. */
void wide_close(wide *w);

#endif
