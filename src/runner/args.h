/*
 * args.h - the arguments of a run: checked against the signature, grouped into buffers, copied.
 *
 * For bind.c and run.c, under the runner's lock. Nothing here allocates: a plan has room for as
 * many arguments as a run may have.
 *
 * Arguments that overlap in memory are one buffer: the device finds dependencies between them.
 * Tensors in host memory are used where they are (in-place platforms) or get a place in the
 * staging buffer; then IN and INOUT are copied there, OUT and INOUT back after a good run.
 */
#ifndef SLIPI_RUNNER_ARGS_H
#define SLIPI_RUNNER_ARGS_H

#include "abi/launch.h"
#include "runner/host_api.h"

/* What a program expects. */
typedef struct slipi_signature {
    const char *program; /* its name, for messages */
    const slip_param *params;
    uint64_t id; /* of the registration: never the same for two */
    uint32_t count;
    uint32_t reserved;
} slipi_signature;

/* Where the tensors of one run lie. */
typedef struct slipi_args_plan {
    const slip_run_arg *args; /* the caller's; valid during the run */
    uint32_t count;
    uint32_t device_count; /* used entries of device_order */
    uint32_t staged_count; /* used entries of staged_order */
    uint32_t binding_count;
    uint64_t staged_bytes;
    uint16_t device_order[SLIP_MAX_RUN_ARGS]; /* tensors at device addresses, by address */
    uint16_t staged_order[SLIP_MAX_RUN_ARGS]; /* tensors to be staged, by host address */
    uint64_t address[SLIP_MAX_RUN_ARGS];      /* of tensor i: device or host address */
    uint64_t bytes[SLIP_MAX_RUN_ARGS];        /* of tensor i; 0 for a scalar */

    /* What was placed last: the same tensors again need no second look. id 0 = nothing. */
    uint64_t placed_id;
    uint64_t placed_epoch; /* of the device's memory */
    slip_run_arg placed[SLIP_MAX_RUN_ARGS];
} slipi_args_plan;

/*
 * Checks the arguments and writes their rows and bindings; rows[count] and bindings[from
 * SLIPI_BIND_ARGS on] belong to the launch block, which nobody else writes, so that they are still
 * there when the same tensors come again. plan->binding_count counts all bindings.
 */
slip_status slipi_args_place(const slip_host_api *api, const slipi_signature *signature,
                             slipi_args_plan *plan, slipi_launch_arg *rows, slip_binding *bindings);

/* Copies IN and INOUT tensors to their staged places; adds to *out_bytes. */
slip_status slipi_args_copy_in(const slip_host_api *api, const slipi_args_plan *plan,
                               const slipi_launch_arg *rows, const slip_binding *bindings,
                               uint64_t *out_bytes);

/* Copies OUT and INOUT tensors back after a good run; adds to *out_bytes. */
slip_status slipi_args_copy_out(const slip_host_api *api, const slipi_args_plan *plan,
                                const slipi_launch_arg *rows, const slip_binding *bindings,
                                uint64_t *out_bytes);

#endif
