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

/* Changed rows of a prepared call that are delivered one by one; more go with the whole block. A
 * copy has a cost of its own, so a few are the limit. Chosen, not measured. */
#define SLIPI_MAX_PATCHES 4u

/* One argument that is to be changed. */
typedef struct slipi_args_change {
    uint32_t index;
    const slip_run_arg *arg;
} slipi_args_change;

/*
 * Where the tensors of one run lie. A prepared call owns its plan: `args` is `placed`, which
 * slipi_args_set changes one by one, and the second half says what of the rows and contents the
 * device does not have yet. The plan of slip_run serves every run: it compares what comes with what
 * came last.
 */
typedef struct slipi_args_plan {
    const slip_run_arg *args; /* the caller's, valid during the run; or `placed` */
    uint32_t count;
    uint32_t device_count; /* used entries of device_order */
    uint32_t staged_count; /* used entries of staged_order */
    uint32_t binding_count;
    uint64_t staged_bytes;
    uint16_t device_order[SLIP_MAX_RUN_ARGS]; /* tensors at device addresses, by address */
    uint16_t staged_order[SLIP_MAX_RUN_ARGS]; /* tensors to be staged, by host address */
    uint64_t address[SLIP_MAX_RUN_ARGS];      /* of tensor i: device or host address */
    uint64_t bytes[SLIP_MAX_RUN_ARGS];        /* of tensor i; 0 for a scalar */
    slipi_staging *staging;                   /* where staged tensors go */

    /* What was placed last: the same tensors again need no second look. id 0 = nothing. */
    uint64_t placed_id;
    uint64_t placed_epoch; /* of the device's memory */
    slip_run_arg placed[SLIP_MAX_RUN_ARGS];

    /* Staged tensors to copy. Those that are promised not to change (SLIP_ARG_CONST) leave the
     * second list once they are copied. */
    uint32_t in_count;
    uint32_t once_count;
    uint32_t out_count;
    uint16_t in_order[SLIP_MAX_RUN_ARGS];   /* in every run */
    uint16_t once_order[SLIP_MAX_RUN_ARGS]; /* in the next run */
    uint16_t out_order[SLIP_MAX_RUN_ARGS];  /* back after every good run */

    /* Prepared calls only: tensors that were set since they were placed, and what the device does
     * not have yet. */
    uint32_t prepared; /* 1: the plan of a prepared call */
    uint32_t pending_count;
    uint16_t pending[SLIP_MAX_RUN_ARGS];      /* tensors, each once, in the order they were set */
    uint8_t is_pending[SLIP_MAX_RUN_ARGS];    /* 1: tensor i is in the list */
    uint64_t next_address[SLIP_MAX_RUN_ARGS]; /* of a pending tensor i */
    uint64_t next_bytes[SLIP_MAX_RUN_ARGS];
    uint32_t whole;         /* 1: all rows and bindings must be delivered */
    uint32_t changed_count; /* rows changed since the last launch; may exceed the array by one */
    uint16_t changed[SLIPI_MAX_PATCHES];
} slipi_args_plan;

/*
 * Changes one argument of a prepared call after checking it; on failure nothing has changed. The
 * row of a scalar is written; a tensor is given its place by the next slipi_args_place.
 */
slip_status slipi_args_set(const slip_host_api *api, const slipi_signature *signature,
                           slipi_args_plan *plan, slipi_launch_arg *rows,
                           const slipi_args_change *change);

/*
 * Checks the arguments and writes their rows and bindings; rows[count] and bindings[from
 * SLIPI_BIND_ARGS on] belong to the launch block, which nobody else writes, so that they are still
 * there when the same tensors come again. plan->binding_count counts all bindings.
 */
slip_status slipi_args_place(const slip_host_api *api, const slipi_signature *signature,
                             slipi_args_plan *plan, slipi_launch_arg *rows, slip_binding *bindings);

/* Copies IN and INOUT tensors to their staged places; adds to *out_bytes. */
slip_status slipi_args_copy_in(const slip_host_api *api, slipi_args_plan *plan,
                               const slipi_launch_arg *rows, const slip_binding *bindings,
                               uint64_t *out_bytes);

/* Copies OUT and INOUT tensors back after a good run; adds to *out_bytes. */
slip_status slipi_args_copy_out(const slip_host_api *api, const slipi_args_plan *plan,
                                const slipi_launch_arg *rows, const slip_binding *bindings,
                                uint64_t *out_bytes);

#endif
