/* zoo.c - a runner with the program graph_zoo and its arguments; see zoo.h. */
#include "zoo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/runner_int.h"

#define PROGRAM_FILE "tests/programs/graph_zoo.so"

/* Ends the test: nothing can be tested. */
static void give_up(const char *what, slip_status status)
{
    fprintf(stderr, "%s: %s\n", what, slip_status_name(status));
    exit(1);
}

/* Opens; see the header. */
void zoo_open(zoo *z, const char *platform)
{
    const uint32_t x[2] = {8, 12};
    const uint32_t y[1] = {40};
    const uint32_t last[5] = {2, 1, 3, 2, 2};
    slip_runner_options options = {.struct_size = (uint32_t)sizeof options, .platform = platform};
    memset(z, 0, sizeof *z);
    z->config.struct_size = (uint32_t)sizeof z->config;
    slip_status status = slip_runner_open(&options, &z->runner);
    if (status != SLIP_OK) {
        give_up("slip_runner_open", status);
    }
    status = slip_register_file(z->runner, PROGRAM_FILE, &z->callable);
    if (status != SLIP_OK) {
        give_up(PROGRAM_FILE, status);
    }
    z->args[0] = slip_host_tensor(NULL, SLIP_U32, SLIP_ACCESS_INOUT, 2, x);
    z->args[1] = slip_host_tensor(NULL, SLIP_U8, SLIP_ACCESS_IN, 1, y);
    z->args[2] = slip_host_tensor(NULL, SLIP_I64, SLIP_ACCESS_OUT, 5, last);
    z->args[ZOO_STEP] = slip_scalar_arg(11);
    z->args[ZOO_ROWS] = slip_scalar_arg(0);
    z->args[ZOO_BOTH] = slip_scalar_arg(13);
    zoo_point(z, &z->data);
    zoo_fill(&z->data, 1);
}

/* Points at data; see the header. */
void zoo_point(zoo *z, zoo_data *data)
{
    z->args[0].host = data->x;
    z->args[1].host = data->y;
    z->args[2].host = data->z;
}

/* Fills; see the header. */
void zoo_fill(zoo_data *data, uint32_t seed)
{
    uint8_t *bytes = (uint8_t *)data;
    for (size_t i = 0; i < sizeof *data; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

/* Records; see the header. */
slip_status zoo_record(zoo *z, uint32_t rows, slip_recording **out)
{
    z->args[ZOO_ROWS].scalar = rows;
    return slip_graph_record(z->runner, z->callable, z->args, ZOO_ARGS, &z->config, out);
}

/* Runs; see the header. */
bool zoo_run(zoo *z, uint32_t seed, zoo_data *out)
{
    zoo_fill(out, seed);
    zoo_point(z, out);
    return slip_run(z->runner, z->callable, z->args, ZOO_ARGS, &z->config) == SLIP_OK;
}

/* Copies and seals; see the header. */
slipi_plan *zoo_plan(const slip_recording *recording)
{
    const slipi_plan *from = slipi_recording_plan(recording);
    slipi_plan *plan = malloc(from->bytes);
    if (plan == NULL) {
        give_up("malloc", SLIP_E_OUT_OF_MEMORY);
    }
    memcpy(plan, from, from->bytes);
    plan->checksum = slipi_plan_checksum(plan);
    return plan;
}

/* Closes; see the header. */
void zoo_close(zoo *z)
{
    slip_runner_close(z->runner);
}
