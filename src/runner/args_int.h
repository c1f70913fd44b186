/*
 * args_int.h - what args.c and args_set.c share: the check of one argument, its row.
 *
 * For these two files, under the runner's lock.
 */
#ifndef SLIPI_RUNNER_ARGS_INT_H
#define SLIPI_RUNNER_ARGS_INT_H

#include "runner/args.h"

/* Where a failing argument is described. */
typedef struct slipi_arg_place {
    const slip_host_api *api;
    const slipi_signature *signature;
    uint32_t index;
} slipi_arg_place;

/*
 * Checks one argument against its parameter, the device and its memory. Tensors: *bytes is the size
 * and *address where it lies; scalars: both 0. A failure is described and names the argument.
 */
slip_status slipi_arg_check(const slipi_arg_place *at, const slip_run_arg *arg, uint64_t *bytes,
                            uint64_t *address);

/* Writes what of an argument's row comes from the argument itself: all but binding and offset. */
void slipi_arg_write_row(const slip_run_arg *arg, slipi_launch_arg *row);

/*
 * Gives the tensors of a prepared call that were set since the last placement their new places,
 * without a look at the others but for the neighbours. False if all must be placed again: one of
 * them overlaps another tensor, or did, or takes another size of the staging.
 */
bool slipi_args_move(const slip_host_api *api, slipi_args_plan *plan, slipi_launch_arg *rows,
                     slip_binding *bindings);

/* True if a tensor is copied to a staged place, not used where it lies. */
static inline bool slipi_arg_staged(const slip_host_api *api, const slip_run_arg *arg)
{
    return arg->kind == SLIP_PARAM_TENSOR && arg->space == SLIP_MEMORY_HOST &&
           api->host_in_place == 0;
}

/* Bytes that a staged binding takes: lines of its own. The size was checked to be far from 2^64. */
static inline uint64_t slipi_staged_size(uint64_t bytes)
{
    return (bytes + SLIPI_LINE - 1) & ~(uint64_t)(SLIPI_LINE - 1);
}

#endif
