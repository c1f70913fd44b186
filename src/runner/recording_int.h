/*
 * recording_int.h - a recorded graph as recording.c and replay.c share it; for these two only.
 *
 * Under the runner's lock.
 */
#ifndef SLIPI_RUNNER_RECORDING_INT_H
#define SLIPI_RUNNER_RECORDING_INT_H

#include "graph/instance.h"
#include "graph/recorder.h"
#include "runner/runner_int.h"

/*
 * Like a prepared call it owns its plan of arguments, launch block and staging. Behind the rows of
 * its launch allocation lies a second binding table, in the order of the graph's parameters, which
 * does not depend on the order of their addresses: that is the one which a replay is given.
 */
struct slip_recording {
    slip_runner *runner;
    slip_recording *next; /* of the runner's list */
    slip_callable callable;
    uint32_t arg_count;
    slip_run_config config;
    slipi_prebuilt_key key;
    slipi_launch_place launch; /* address 0: the device has lost it */
    slipi_staging staging;
    slipi_args_plan args;
    slipi_plan *plan;
    slipi_instance_size size;
    slipi_prebuilt_state state; /* of the instance; sm_base 0: it is not on the device */
    uint16_t *kernel_index;     /* in the program's table, of each kernel of the plan */
    uint64_t *scalar_off;       /* in SM, of each patch */
    uint64_t *applied;          /* value of each parameter that the instance has */
    slip_binding bindings[SLIPI_MAX_BINDINGS];
    uint64_t replays;
    uint32_t dirty; /* 1: the last replay left the instance in any state */
};

/* Bytes of the launch allocation. */
static inline uint64_t slipi_recording_launch_bytes(uint32_t arg_count)
{
    return SLIPI_LAUNCH_BYTES_OF(arg_count) + (SLIPI_BIND_ARGS + arg_count) * sizeof(slip_binding);
}

/* Gives a recording its launch block on the device, at first and after the device lost it. */
slip_status slipi_recording_obtain_block(slip_recording *rec);

/* Puts the instance on the device, at first and after the device lost it. */
slip_status slipi_recording_obtain_instance(slip_recording *rec);

/* Checks arguments as they were placed against what the graph depends on. */
slip_status slipi_recording_verify(const slip_recording *rec);

#endif
