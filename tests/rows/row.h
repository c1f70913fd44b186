/*
 * row.h - what the row tests share: a program that depends on no behaviour but its own row's.
 *
 * y = 2 x + 1, tile by tile, each tile in a scope of its own: one task doubles the tile into a
 * tensor of the ring heap, the next adds one into y. The tasks are ordered by explicit edges, so
 * that a lost dependency is noticed by the tests of dependencies and by no other. The same graph
 * can be built on the host. For the main thread of one test program.
 */
#ifndef SLIPWAY_TESTS_ROWS_ROW_H
#define SLIPWAY_TESTS_ROWS_ROW_H

#include <stdbool.h>

#include <slipway/platform.h>
#include <slipway/slipway.h>

#include "abi/launch.h"

enum { ROW_ELEMENTS = 64, ROW_TILES = 4, ROW_TASKS = 2 * ROW_TILES };

/* The program, with an orchestration function and a graph builder. */
extern const slip_program row_program;

/* Opens a runner on a platform, or on a table of the test's own, with two threads where the
 * platform runs tasks itself; null after a printed failure. */
slip_runner *row_open(const char *platform, const slip_platform_ops *ops);

/* Registers the program; id 0 after a failure. */
slip_callable row_register(slip_runner *runner);

/* One run; *right tells whether y holds the result. */
slip_status row_run(slip_runner *runner, slip_callable callable, const slip_run_config *config,
                    bool *right);

/* A run that must be good and right; true if it is. */
bool row_good(slip_runner *runner, slip_callable callable, const slip_run_config *config);

/* A configuration with one sizing for all rings; 0 leaves a value unset. */
slip_run_config row_config(uint64_t window, uint64_t heap_bytes, uint64_t pool);

/* Statistics; all zero after a failure. */
slip_stats row_stats(slip_runner *runner);

/* The last error; all zero after a failure. */
slip_error row_error(slip_runner *runner);

/* The launch block of a launch that has not been made, where it can still be changed. */
slipi_launch *row_launch_block(const slip_platform_launch *launch);

/* Its binding table. */
slip_binding *row_bindings(const slipi_launch *block);

/* Value of `--platform P` among the arguments; "cpu" without it. */
const char *row_platform(int argc, char **argv);

/* Log sink that drops every line: for failures that are meant. */
void row_drop_lines(void *user, uint32_t level, const char *line);

#endif
