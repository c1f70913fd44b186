/*
 * affine.h - a small program for tests of the runner: y = 2 x + 1, over a ring-heap tensor.
 *
 * Two tasks on AIV: double x into a tensor of the ring heap, then add one into y. The scalar `code`
 * is what the second kernel returns, so that a test can let a kernel fail.
 */
#ifndef SLIPWAY_TESTS_RUNNER_AFFINE_H
#define SLIPWAY_TESTS_RUNNER_AFFINE_H

#include <stdbool.h>

#include <slipway/slipway.h>

#define AFFINE_ELEMENTS 64u

/* The program. */
extern const slip_program affine_program;

/* Opens a runner on a platform, or on a table of the test's own; null after a printed failure. */
slip_runner *affine_open(const char *platform, const struct slip_platform_ops *ops);

/* Registers the program; id 0 after a failure. */
slip_callable affine_register(slip_runner *runner);

/*
 * One run of 64 elements with a scalar `code`; *right tells whether y is what it must be. After a
 * failed run it is right if y was left alone, where the device does not write y itself.
 */
slip_status affine_run(slip_runner *runner, slip_callable callable, const slip_run_config *config,
                       int32_t code, bool *right);

/* A run that must be good and right; true if it is. */
bool affine_good(slip_runner *runner, slip_callable callable, const slip_run_config *config);

/* A configuration with one sizing for all rings; 0 leaves a value unset. */
slip_run_config affine_config(uint64_t window, uint64_t heap, uint64_t pool);

/* Statistics; all zero after a failure. */
slip_stats affine_stats(slip_runner *runner);

/* The last error; all zero after a failure. */
slip_error affine_error(slip_runner *runner);

/* Value of `--platform P` among the arguments; "cpu" without it. */
const char *affine_platform(int argc, char **argv);

#endif
