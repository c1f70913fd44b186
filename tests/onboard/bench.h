/*
 * bench.h - a runner on a2a3 or a5 over the stand-in runtime, with the vector example on it.
 *
 * For the tests of this folder; main thread of one test program. The device is a process of its own
 * and nothing here says anything of a real one. f = (a + b + 1)(a + b + 2) + (a + b).
 */
#ifndef SLIPWAY_TESTS_ONBOARD_BENCH_H
#define SLIPWAY_TESTS_ONBOARD_BENCH_H

#include <stdbool.h>

#include <slipway/slipway.h>

#include "standin/standin.h"

enum { BENCH_ELEMENTS = 256 };

/* A runner and what is on it. All zeros is none. */
typedef struct bench {
    slip_runner *runner;
    slip_callable vector;
    slip_device_ptr memory; /* a, b, f behind each other */
    uint32_t steps;         /* of bench_set_up that were done */
} bench;

/* Makes the environment: platform `name` on the stand-in. Call it first. */
void bench_choose(const char *name);

/* Value of `--platform P` among the arguments; "a2a3" without it. Chooses it too. */
const char *bench_platform(int argc, char **argv);

/* Opens a runner; `cache_off` leaves the hooks null. */
slip_status bench_open(bench *b, bool cache_off);

/* Registers the program and puts a and b into device memory. */
slip_status bench_load(bench *b);

/* A run over device tensors with one window for all rings. */
slip_status bench_run(bench *b, uint64_t window);

/* Reads f back; *right tells whether it is right. */
slip_status bench_read(bench *b, bool *right);

/* As above, where reading must not fail. */
bool bench_right(bench *b);

/* A run over host tensors, which are copied; *right tells whether f is right. */
slip_status bench_run_host(bench *b, uint64_t window, bool *right);

/* Counters; all zero after a failure. */
slip_stats bench_stats(const bench *b);

/* The last error; all zero after a failure. */
slip_error bench_error(const bench *b);

/* Closes the runner. */
void bench_close(bench *b);

/* The stand-in's books. */
slipway_standin_books bench_books(void);

/* Checks that the stand-in has nothing left and found nothing that hardware would punish. */
void bench_check_clean(void);

#endif
