/*
 * sizing.h - which sizing a run gets: its own value, else the environment's, else the default.
 *
 * For src/runner. The environment is read once, when a runner is opened. Any thread.
 */
#ifndef SLIPI_RUNNER_SIZING_H
#define SLIPI_RUNNER_SIZING_H

#include <slipway/slipway.h>

/* Defaults of every ring. */
#define SLIPI_DEFAULT_TASK_WINDOW UINT64_C(16384)
#define SLIPI_DEFAULT_HEAP_BYTES (UINT64_C(256) << 20)
#define SLIPI_DEFAULT_DEP_POOL UINT64_C(16384)

/* Bounds of a sizing. */
#define SLIPI_MIN_TASK_WINDOW UINT64_C(4)
#define SLIPI_MIN_HEAP_BYTES UINT64_C(1024)
#define SLIPI_MIN_DEP_POOL UINT64_C(4)

/* The defaults, without the environment. */
void slipi_sizing_defaults(slip_sizing *out);

/*
 * The defaults with SLIPWAY_RING_TASK_WINDOW, SLIPWAY_RING_HEAP and SLIPWAY_RING_DEP_POOL over
 * them. A variable with one bad value is left aside whole, and reported once in the log.
 */
void slipi_sizing_from_environment(slip_sizing *out);

/* Takes `asked` where it is set, else `base`; `asked` may be null. */
void slipi_sizing_resolve(const slip_sizing *asked, const slip_sizing *base, slip_sizing *out);

/* Checks every value of a resolved sizing; on failure *error says which, and its bounds. */
slip_status slipi_sizing_check(const slip_sizing *sizing, slip_error *error);

#endif
