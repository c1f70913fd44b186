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

/* Bytes of the launch allocation: the block, then argument rows, then the binding table. */
#define SLIPI_LAUNCH_BYTES                                                 \
    (sizeof(slipi_launch) + SLIP_MAX_RUN_ARGS * sizeof(slipi_launch_arg) + \
     SLIPI_MAX_BINDINGS * sizeof(slip_binding))

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
    slipi_prebuilt_state *scratch; /* room for a state that is being built */
    slipi_bind_times *times;       /* null: do not take them */
} slipi_bind_request;

/* What a bind did. */
typedef struct slipi_bind_result {
    enum slipi_prebuilt_found found;
    slipi_prebuilt_entry *entry;       /* null: the state is not in the cache */
    const slipi_prebuilt_state *state; /* where the run's regions lie */
    uint64_t image_bytes;              /* 0 on a hit */
    uint64_t launch_bytes;
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

/* Only the launch block, for a state that is resident. launch delivers it. */
void slipi_bind_launch(const slipi_bind_request *request, slipi_bind_result *out);

/* The argument rows and the binding table behind a launch block. */
static inline slipi_launch_arg *slipi_launch_rows(slipi_launch *block)
{
    return (slipi_launch_arg *)(void *)(block + 1);
}
static inline slip_binding *slipi_launch_bindings(slipi_launch *block, uint32_t arg_count)
{
    return (slip_binding *)(void *)(slipi_launch_rows(block) + arg_count);
}

#endif
