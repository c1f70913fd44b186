/*
 * zoo.h - a runner with the program graph_zoo and its arguments, for tests of recorded graphs.
 *
 * One thread. A zoo must not move while its runner is open: arguments point into it.
 */
#ifndef SLIPWAY_TESTS_GRAPH_ZOO_H
#define SLIPWAY_TESTS_GRAPH_ZOO_H

#include <stdbool.h>

#include <slipway/slipway.h>

#include "graph/plan.h"

enum { ZOO_ARGS = 6, ZOO_STEP = 3, ZOO_ROWS = 4, ZOO_BOTH = 5 };

/* What the program writes and reads. */
typedef struct zoo_data {
    uint32_t x[8][12];
    uint8_t y[40];
    int64_t z[24];
} zoo_data;

typedef struct zoo {
    slip_runner *runner;
    slip_callable callable;
    slip_run_config config;
    slip_run_arg args[ZOO_ARGS];
    zoo_data data;
} zoo;

/* Opens a runner, registers the program and makes the arguments; aborts if that fails. */
void zoo_open(zoo *z, const char *platform);

/* Points the tensor arguments at other data. */
void zoo_point(zoo *z, zoo_data *data);

/* Fills data from a seed. */
void zoo_fill(zoo_data *data, uint32_t seed);

/* Records the graph for a number of rows with the zoo's arguments and configuration. */
slip_status zoo_record(zoo *z, uint32_t rows, slip_recording **out);

/* What a run makes of data that were filled from a seed, with the zoo's arguments: false if it
 * fails. The arguments point elsewhere afterwards: see zoo_point. */
bool zoo_run(zoo *z, uint32_t seed, zoo_data *out);

/* A sealed copy of a recorded graph's plan, to be freed. */
slipi_plan *zoo_plan(const slip_recording *recording);

/* Closes the runner. */
void zoo_close(zoo *z);

#endif
