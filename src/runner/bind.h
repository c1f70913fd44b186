/*
 * bind.h - what a run does on the host before launch: arguments, prebuilt state, launch block.
 *
 * For run.c, prewarm.c and graph_run.c, under the runner's lock. Written only against the host API
 * table: a platform without the two cache hooks goes through the same lines.
 */
#ifndef SLIPI_RUNNER_BIND_H
#define SLIPI_RUNNER_BIND_H

#include "abi/launch.h"
#include "runner/args.h"
#include "runner/host_api.h"

/*
 * The launch allocation: the block, the binding table, the argument rows. What every run writes
 * comes first, so that one copy delivers it where the rest is on the device already.
 *
 *     | launch block | bindings: 8 fixed, then as many as arguments | rows of the arguments |
 *     '---- delivered by every run --------'
 */
#define SLIPI_LAUNCH_BYTES_OF(arg_count)                                             \
    (sizeof(slipi_launch) + (SLIPI_BIND_ARGS + (arg_count)) * sizeof(slip_binding) + \
     (arg_count) * sizeof(slipi_launch_arg))
#define SLIPI_LAUNCH_BYTES SLIPI_LAUNCH_BYTES_OF(SLIP_MAX_RUN_ARGS)
#define SLIPI_LAUNCH_FIXED_BYTES (sizeof(slipi_launch) + SLIPI_BIND_ARGS * sizeof(slip_binding))

/* Host times of the parts of a bind, for the trace. */
typedef struct slipi_bind_times {
    uint64_t args_begin;
    uint64_t args_end;
    uint64_t prebuilt_begin;
    uint64_t prebuilt_end;
} slipi_bind_times;

/* Everything a bind is given. */
typedef struct slipi_bind_request {
    const slipi_prebuilt_key *key;
    const slipi_signature *signature;
    const slip_run_arg *args;
    uint32_t arg_count;
    uint32_t flags; /* SLIPI_LAUNCH_* */
    slipi_launch_place launch;
    uint64_t run_serial;
    uint32_t dispatch;
    uint32_t control_threads;
    uint32_t blocks;
    uint32_t kernel_count;
    uint64_t kernels; /* device address of the kernel rows */
    uint64_t orchestrate;
    uint64_t progress_deadline_ns;
    uint64_t graph_tasks; /* host-built mode */
    slip_binding audit;   /* address 0 = off */
    slip_binding task_trace;
    slipi_args_plan *plan;
    slipi_prebuilt_entry *resident; /* of a queued run: bound and pinned before; else null */
    slipi_prebuilt_state *scratch;  /* room for a state that is being built */
    slipi_bind_times *times;        /* null: do not take them */
} slipi_bind_request;

/* What a bind did. */
typedef struct slipi_bind_result {
    enum slipi_prebuilt_found found;
    slipi_prebuilt_entry *entry;       /* null: the state is not in the cache */
    const slipi_prebuilt_state *state; /* where the run's regions lie */
    uint64_t image_bytes;              /* 0 on a hit */
    uint64_t launch_bytes;             /* of block, bindings and rows, in all */
    uint64_t block_bytes;              /* of these, what the launch itself delivers */
    uint64_t copy_in_bytes;
    uint32_t sizes_derived;
} slipi_bind_result;

/* Starts a launch block: what never changes from run to run. */
void slipi_bind_init_block(slipi_launch *block);

/* The whole bind. On success the run may be launched at request->launch.address. */
slip_status slipi_bind(const slip_host_api *api, const slipi_bind_request *request,
                       slipi_bind_result *out);

/* Only the prebuilt state: look-up, and what a miss or a dirty entry needs. For prewarm. */
slip_status slipi_bind_prebuilt(const slip_host_api *api, const slipi_prebuilt_key *key,
                                slipi_prebuilt_state *scratch, slipi_bind_result *out);

/* Derives the layout of a key's sizing; describes what is wrong with a value. */
slip_status slipi_bind_derive(const slip_host_api *api, const slipi_prebuilt_key *key,
                              slipi_image_layout *out);

/* Only the arguments. For host-built mode, which has its own state. */
slip_status slipi_bind_args(const slip_host_api *api, const slipi_bind_request *request,
                            slipi_bind_result *out);

/* Only the launch block, for a state that is resident. launch delivers it; rows that changed since
 * a prepared call was launched last are delivered here. */
slip_status slipi_bind_launch(const slip_host_api *api, const slipi_bind_request *request,
                              slipi_bind_result *out);

/* Notes that the device has the rows and bindings of a launch, or that it may not have them. */
static inline void slipi_bind_delivered(slipi_args_plan *plan, bool good)
{
    plan->whole = good ? 0 : 1;
    plan->changed_count = 0;
}

/* The binding table and the argument rows behind a launch block. */
static inline slip_binding *slipi_launch_bindings(slipi_launch *block)
{
    return (slip_binding *)(void *)(block + 1);
}
static inline slipi_launch_arg *slipi_launch_rows(slipi_launch *block, uint32_t arg_count)
{
    return (slipi_launch_arg *)(void *)(slipi_launch_bindings(block) + SLIPI_BIND_ARGS + arg_count);
}

#endif
