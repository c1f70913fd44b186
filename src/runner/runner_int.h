/*
 * runner_int.h - the device runner itself and what its parts share; for src/runner only.
 *
 * A runner owns one device and everything cached for it; nothing is process-global. Every public
 * function waits for its turn, first come first served, so that everything below is used by one
 * thread at a time; what a submission touches while the device runs is in queue.h.
 */
#ifndef SLIPI_RUNNER_INT_H
#define SLIPI_RUNNER_INT_H

#include <pthread.h>

#include "abi/audit.h"
#include "abi/launch.h"
#include "abi/task_trace.h"
#include "base/spans.h"
#include "base/turns.h"
#include "image/prebuilt_cache.h"
#include "runner/bind.h"
#include "runner/callables.h"
#include "runner/device_memory.h"
#include "runner/errors.h"
#include "runner/host_api.h"
#include "runner/queue.h"

/* A region: reserved address space, committed from its base on. base 0 is none. */
typedef struct slipi_region {
    uint64_t base;
    uint64_t reserved;
    uint64_t committed;
} slipi_region;

/*
 * The regions outside the cache: the GM heap that all entries share, and the runtime arena and SM
 * of the last set-up until the cache takes them over. These two are one reservation, the arena
 * first, so that their header pages are neighbours and one copy delivers an image.
 */
typedef struct slipi_regions {
    slipi_region heap;
    slipi_region pair;
    uint64_t arena_bytes; /* of the pair; the rest is SM */
} slipi_regions;

/* A buffer that the device writes records to, and the host's copy where it cannot look itself. */
typedef struct slipi_record {
    slipi_region region;
    void *host; /* null if the device's memory is the host's */
    uint64_t host_bytes;
} slipi_record;

/*
 * Keeps memory where it is while a thread gives it pages without the runner's lock. Who gives
 * memory of a region back, moves or relays it takes this lock too, second, and changes the serial:
 * the other thread then looks again where its memory lies. Held for one part of a pre-fault at
 * most.
 */
typedef struct slipi_memory_gate {
    pthread_mutex_t lock;
    uint64_t serial; /* changed under both locks, read under either */
} slipi_memory_gate;

struct slip_runner {
    slipi_turns turns;      /* whose turn it is: "the runner's lock" */
    slipi_au32 submits;     /* 1: there is a queue; for who has no turn yet */
    slipi_run_queue *queue; /* made by the first slip_submit; null before. Read with the turn */
    slipi_memory_gate gate;
    const slip_platform_ops *ops;
    slip_platform_device *device;
    slip_platform_info info;
    slip_placement placement; /* count 0: nobody is bound. Its places are the runner's */
    slip_place *places;
    uint32_t device_id;
    uint32_t owns_block; /* 1: launch.block is host memory of its own */
    uint64_t progress_deadline_ns;
    slip_sizing defaults;
    slipi_prebuilt_key key; /* of the current call; all but sizing and mode is constant */
    slip_host_api api;
    slipi_prebuilt_cache cache;
    slipi_regions regions;
    slipi_staging staging; /* host arguments of runs on the device */
    slipi_launch_place launch;
    slipi_device_memory memory;
    slip_call *calls;           /* prepared calls, a list */
    slip_recording *recordings; /* recorded graphs, a list */
    slipi_callables callables;
    slipi_record audit;
    slipi_record task_trace;
    uint32_t audited;    /* 1: `audit` holds the record of a run */
    uint32_t restricted; /* 1: a bind without the turn, which must not use the platform */
    uint32_t wants_turn; /* 1: a restricted bind would have had to */
    uint32_t wants_idle; /* 1: something failed only because queued runs pin what is in the way */
    uint32_t broken;     /* 1: nothing works on the device before it is recovered */
    uint32_t
        refuses; /* 1: it could not be: threads may still be inside a run. Nothing is started */
    char refusal[256]; /* why */
    slipi_trace *trace;
    uint64_t run_serial; /* of the newest run; never reused */
    slip_stats stats;
    slip_error error; /* the last failure */
    slipi_args_plan plan;
    slipi_prebuilt_state scratch;
};

/* What comes with a turn: the lock of the queue, if there is one. */
static inline void slipi_runner_begin_turn(slip_runner *runner)
{
    if (runner->queue != NULL) {
        pthread_mutex_lock(&runner->queue->lock);
        runner->wants_idle = 0;
    }
}

/* Waits for the caller's turn. */
static inline void slipi_runner_enter(slip_runner *runner)
{
    slipi_turns_enter(&runner->turns);
    slipi_runner_begin_turn(runner);
}

/* Ends it. */
static inline void slipi_runner_leave(slip_runner *runner)
{
    if (runner->queue != NULL) {
        pthread_mutex_unlock(&runner->queue->lock);
    }
    slipi_turns_leave(&runner->turns);
}

/* Takes what a look at the counters or at the last error needs; true if that is a turn. Where there
 * is a queue its lock will do: who has the turn gives that up while the device runs, so who looks
 * does not wait for the run. */
static inline bool slipi_runner_look(slip_runner *runner)
{
    /* [S4] pairs with [S3]. */
    if (slipi_load_acquire(&runner->submits) == 0) {
        slipi_runner_enter(runner);
        return true;
    }
    pthread_mutex_lock(&runner->queue->lock);
    return false;
}

/* Gives back what slipi_runner_look took. */
static inline void slipi_runner_end_look(slip_runner *runner, bool turn)
{
    if (turn) {
        slipi_runner_leave(runner);
    } else {
        pthread_mutex_unlock(&runner->queue->lock);
    }
}

/* One run in progress. */
typedef struct slipi_run {
    slip_runner *runner;
    slip_recording *recording; /* what is replayed; null in any other run */
    slipi_callable *callable;
    const slip_run_config *config; /* never null */
    slipi_bind_request request;
    slipi_bind_result bound;
    slipi_bind_times bind_times;
    bool timed; /* the clock is read: unless the configuration says otherwise and nobody traces */
    uint64_t begin_ns;
    uint64_t bind_end_ns;
    uint64_t launch_end_ns;
    uint64_t end_ns;
    uint64_t copy_out_bytes;
} slipi_run;

/* ---- options.c ---- */

/* What slip_runner_open makes of its options. */
typedef struct slipi_open_plan {
    const slip_platform_ops *ops;
    const char *name; /* of the platform */
    slip_platform_open open;
    uint32_t cache_entries;
    uint32_t cache_off;
    uint64_t cache_bytes;
    uint64_t progress_deadline_ns; /* 0 = by platform */
    const char *trace_path;
    const char *placement;        /* text, or null */
    const slip_placement *places; /* the caller's, or null */
} slipi_open_plan;

/* Checks options and fills in the defaults. */
slip_status slipi_options_check(const slip_runner_options *options, slipi_open_plan *out,
                                slip_error *error);

/* Checks a per-run configuration against the device. */
slip_status slipi_config_check(slip_runner *runner, const slip_run_config *config);

/* ---- places.c ---- */

/* Resolves where threads run: options > SLIPWAY_PLACEMENT > nobody is bound. Fills
 * runner->placement. A bad option is an error, a bad variable is reported and set aside. */
slip_status slipi_places_resolve(slip_runner *runner, const slipi_open_plan *plan);

/* ---- options.c ---- */

/* The configuration of a caller that gave none. */
extern const slip_run_config slipi_config_defaults;

/* ---- device_runner.c ---- */

/* SLIP_E_REFUSED with its reason, if the runner takes nothing further. */
slip_status slipi_runner_usable(slip_runner *runner);

/* Checks the struct of a caller that is written to; SLIP_E_INVALID_ARGUMENT if it is too small. */
slip_status slipi_out_check(slip_runner *runner, const void *out, uint32_t struct_size,
                            size_t wanted, const char *what);

/* ---- host_api.c ---- */

/* Fills the table; `hooks` wires the two cache hooks. */
void slipi_host_api_init(slip_runner *runner, bool hooks);

/* What the platform says of the call that failed last: "" or "; aclrtMalloc: ...". Notes its code
 * in the runner's error, and whether the device must be recovered. */
const char *slipi_platform_words(slip_runner *runner, slip_status status, char out[384]);

/* Describes a failure of a platform call and gives its status. */
slip_status slipi_platform_fail(slip_runner *runner, slip_status status, const char *call,
                                uint64_t bytes, const char *what);

/* ---- recovery.c ---- */

/* Recovers a broken device; afterwards it is empty and usable, or the runner refuses. The runner's
 * error stays that of the failure. Queued runs are abandoned: `program` broke it, null if no run
 * did. */
void slipi_runner_recover(slip_runner *runner, const char *program);

/* ---- regions.c ---- */

/* Forgets all regions without giving them back: the device has lost them. */
void slipi_regions_forget(slip_runner *runner);

/* Prepares the three regions of one sizing; see host_api.h. */
slip_status slipi_regions_setup(slip_runner *runner, uint64_t heap_bytes, uint64_t sm_bytes,
                                uint64_t arena_bytes);

/* Makes the shared heap at least this large, a multiple of a page. */
slip_status slipi_heap_grow(slip_runner *runner, uint64_t bytes);

/* Gives SM and arena back, and the heap if no entry is left that could use it. */
void slipi_regions_rollback(slip_runner *runner);

/* The cache has taken SM and arena over. */
void slipi_regions_handed_over(slip_runner *runner);

/* Gives everything back; at close. */
void slipi_regions_fini(slip_runner *runner);

/* Gives back the pair of the last set-up and what of the heap no entry needs; adds to *out. */
slip_status slipi_regions_trim(slip_runner *runner, bool keep_pages, slip_trimmed *out);

/* The cache's release function; user is the runner. */
void slipi_regions_release_entry(void *user, const slipi_prebuilt_state *state);

/* Gives a region back. */
void slipi_region_release(slip_runner *runner, slipi_region *region);

/* Around everything that takes memory away from a region or zeroes it, under the runner's lock. */
void slipi_memory_close(slip_runner *runner);
void slipi_memory_open(slip_runner *runner);

/* ---- residency.c ---- */

/* Adds what takes memory in a region; all of it where the platform cannot say, nothing while the
 * device must be left alone. */
slip_status slipi_add_resident(slip_runner *runner, uint64_t base, uint64_t bytes, uint64_t *total);

/* ---- prefault.c ---- */

/* Gives the entry of a key memory as the options say, without the runner's lock; fills *out. */
slip_status slipi_prefault(slip_runner *runner, const slipi_prebuilt_key *key,
                           const slip_prewarm_options *options, slip_prewarmed *out);

/* ---- programs.c ---- */

/* Unloads every program; after the device was closed. */
void slipi_programs_fini(slip_runner *runner, bool unload);

/* Takes every program off the device; before the device is closed. */
void slipi_programs_free_device(slip_runner *runner);

/* Forgets what of every program was on the device, which has lost it. */
void slipi_programs_forget(slip_runner *runner);

/* Puts every program on the device again, after they were forgotten. */
slip_status slipi_programs_reload(slip_runner *runner);

/* ---- device_runner.c ---- */

/* Allocates the launch block on the device. */
slip_status slipi_launch_place_alloc(slip_runner *runner);

/* ---- records.c ---- */

/* Makes the audit record ready for a run and gives its binding. */
slip_status slipi_audit_begin(slip_runner *runner, slip_binding *out);

/* Makes the record of the last run readable by the host. */
slip_status slipi_audit_fetch(slip_runner *runner);

/* The audit record as the host reads it. */
const slipi_audit_header *slipi_audit_record(const slip_runner *runner);

/* Makes the task trace ready for a run and gives its binding. */
slip_status slipi_task_trace_begin(slip_runner *runner, slip_binding *out);

/* Emits the records of the last run as trace lines. */
void slipi_task_trace_emit(slipi_run *run);

/* Gives both buffers back while the runner stays open; returns their bytes on the device. */
uint64_t slipi_records_trim(slip_runner *runner);

/* Gives both buffers back; the device's part only if nothing can write to it any more. */
void slipi_records_fini(slip_runner *runner, bool device);

/* ---- run_trace.c ---- */

/* Nanoseconds of a device time. */
uint64_t slipi_ticks_ns(const slip_runner *runner, uint64_t ticks);

/* Emits the spans of a run, good or failed. */
void slipi_run_emit_spans(slipi_run *run, slip_status status);

/* ---- call.c ---- */

/* What a call would run now, for the queue. */
slipi_order slipi_call_order(const slip_call *call, const char *what);

/* The runner of a call. */
slip_runner *slipi_call_runner(const slip_call *call);

/* Forgets what prepared calls had on a device that has lost it. */
void slipi_calls_forget(slip_runner *runner);

/* Adds what prepared calls have on the device: launch blocks and staging. */
void slipi_calls_count(const slip_runner *runner, slip_residency *out);

/* Destroys the calls that are left, at close; their device memory only if `device`. */
void slipi_calls_fini(slip_runner *runner, bool device);

/* ---- recording.c ---- */

struct slipi_plan;

/*
 * Makes a recorded graph of a checked plan, which it takes over and frees whatever happens, for a
 * program with the same parameters and kernels. run->{runner, callable, config} are set.
 */
slip_status slipi_recording_open(const slipi_run *run, slip_callable callable,
                                 struct slipi_plan *plan, const slip_run_arg *args,
                                 slip_recording **out);

/* The plan of a recorded graph. */
const struct slipi_plan *slipi_recording_plan(const slip_recording *recording);

/* The runner of a recorded graph. */
slip_runner *slipi_recording_runner(const slip_recording *recording);

/* Records a program's plan; the caller's to free(). */
slip_status slipi_recording_make_plan(const slipi_run *run, const slipi_launch_arg *rows,
                                      const slip_binding *bindings, struct slipi_plan **out);

/* A replay, from the arguments on. */
slip_status slipi_run_replay(slipi_run *run);

/* As the functions of call.c. */
void slipi_recordings_forget(slip_runner *runner);
void slipi_recordings_count(const slip_runner *runner, slip_residency *out);
void slipi_recordings_fini(slip_runner *runner, bool device);

/* ---- run.c and graph_run.c ---- */

/* Starts a run, and its time if `config`, which is not checked yet, leaves that on. */
void slipi_run_begin(slipi_run *run, slip_runner *runner, const slip_run_config *config);

/* Now, if the run is timed; else 0. */
uint64_t slipi_run_now(const slipi_run *run);

/* Fills what of a request comes from callable, configuration and runner; key, arguments, plan and
 * launch place are the caller's. */
void slipi_run_request(slipi_run *run);

/* Finds the program of a handle on a usable runner; `what` is the function that was called. */
slip_status slipi_run_find(slip_runner *runner, slip_callable handle, const char *what,
                           slipi_callable **out);

/* Checks that a program can run in a mode. */
slip_status slipi_run_check_mode(slip_runner *runner, const slip_program *program, uint32_t mode);

/* Checks that a program that is to run in host-built mode can build its graph. */
slip_status slipi_run_check_graph(slip_runner *runner, const slip_program *program, uint32_t mode);

/* Binds, launches, waits, reads the result back: all of a run after its request is filled. */
slip_status slipi_run_perform(slipi_run *run);

/* Counts the end of a run, good or failed, and recovers a broken device. */
void slipi_run_finish(slipi_run *run, slip_status status);

/* Adds to the counters how a bind found its state, and what it built. */
void slipi_count_state(slip_stats *stats, const slipi_bind_result *bound);

/* Adds to the counters what a bind delivered besides the state: arguments and launch block. */
void slipi_count_delivery(slip_stats *stats, const slipi_bind_result *bound);

/* Launches what was bound, waits, and reads the result back; both modes end here. */
slip_status slipi_run_launch(slipi_run *run);

/* A run in host-built mode: arguments, graph, launch. */
slip_status slipi_run_host_graph(slipi_run *run);

#endif
