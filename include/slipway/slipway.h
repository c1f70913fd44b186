/*
 * slipway.h - the host library: device runners, programs, runs.
 *
 * For hosts. A device runner owns one device and everything cached for it; nothing is shared
 * between runners. Functions that take a runner may be called from any thread; calls on one runner
 * are served one after the other in the order in which they come, calls on two runners are not.
 * Structs that start with struct_size are given by the caller, who sets it to sizeof; fields that
 * are zero take their defaults.
 */
#ifndef SLIPWAY_SLIPWAY_H
#define SLIPWAY_SLIPWAY_H

#include <stddef.h>

#include <slipway/orch.h>
#include <slipway/placement.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLIP_VERSION_MAJOR 0
#define SLIP_VERSION_MINOR 1
#define SLIP_VERSION_PATCH 0

#define SLIP_MAX_CALLABLES 1024u /* registered at once on one runner */
#define SLIP_MAX_THREADS 1024u   /* threads of one cpu runner */

/* "MAJOR.MINOR.PATCH" of the library. Static. */
SLIP_API const char *slip_version(void);

/* ---- log ------------------------------------------------------------------------------------ */

enum slip_log_level {
    SLIP_LOG_ERROR = 1,
    SLIP_LOG_WARN = 2, /* the default */
    SLIP_LOG_INFO = 3,
    SLIP_LOG_DEBUG = 4
};

/* Receives one line without its newline. May be called from any thread of the library. */
typedef void (*slip_log_sink)(void *user, uint32_t level, const char *line);

/* Lines above this level (enum slip_log_level; 0 = all) are dropped, for the whole process. */
SLIP_API void slip_log_set_level(uint32_t level);

/* Sets where lines go; null is standard error. Call it while no runner is open. */
SLIP_API void slip_log_set_sink(slip_log_sink sink, void *user);

/* ---- sizing --------------------------------------------------------------------------------- */

/* Per ring; 0 takes the environment's value, else the default (16384, 256 MiB, 16384). */
typedef struct slip_ring_sizing {
    uint64_t task_window; /* tasks: a power of two >= 4 */
    uint64_t heap_bytes;  /* >= 1024 */
    uint64_t dep_pool;    /* edges beyond the eight that each task holds itself; >= 4 */
} slip_ring_sizing;

typedef struct slip_sizing {
    slip_ring_sizing ring[SLIP_RING_COUNT];
} slip_sizing;

/* ---- runner --------------------------------------------------------------------------------- */

typedef struct slip_runner slip_runner;
struct slip_platform_ops; /* platform.h */

typedef struct slip_runner_options {
    uint32_t struct_size;
    uint32_t device_id;   /* 0 .. devices - 1; two sim devices may be open at once */
    const char *platform; /* "cpu" (default), "a2a3", ...; ignored if `ops` is given */
    const struct slip_platform_ops
        *ops;               /* a platform of the caller's own; null for a built-in one */
    uint32_t threads;       /* cpu: threads, the caller included; 0 = processors available */
    uint32_t sim_threads;   /* sims: OS threads that play the cores, at most 64; 0 = automatic */
    uint32_t cache_entries; /* prebuilt-arena entries kept; 0 = 8 */
    uint32_t cache_off;     /* 1: every bind is a miss, as without the two cache hooks */
    uint64_t cache_bytes;   /* bytes of SM and arena kept; 0 = no limit */
    uint64_t progress_deadline_ns; /* no task completing for so long is a hang; 0 = default */
    const char *trace_path; /* host trace spans are appended to this file; null = SLIPWAY_TRACE */
    /* cpu: where threads run. "none" (nobody is bound), "compact" or "scatter" (from the machine's
     * topology; need libslipway_topology), or CPUs such as "0,2,4-7,8-14:2", one a thread;
     * "+caller" behind it binds the thread that opens as well. Null or empty: SLIPWAY_PLACEMENT,
     * else "none". */
    const char *placement;
    const slip_placement *places; /* the same as data, copied; null: as `placement` says */
} slip_runner_options;

/* Opens a runner. On failure *out is null and slip_open_error tells more. */
SLIP_API SLIP_MUST_USE slip_status slip_runner_open(const slip_runner_options *options,
                                                    slip_runner **out);

/* Closes a runner: cancels submitted runs that have not started, waits for the one on the device
 * (its deadlines bound that), ends its threads, for some seconds at most, and frees everything it
 * owns but what a thread that is stuck in a kernel may still touch. No other call may be in it or
 * in a submission of it. Null is fine. */
SLIP_API void slip_runner_close(slip_runner *runner);

/* Names of the built-in platforms, terminated by null. Static. */
SLIP_API const char *const *slip_platform_names(void);

typedef struct slip_runner_info {
    uint32_t struct_size;
    uint32_t device_id;
    char platform[32];
    char arch[16];   /* row of data: "cpu", "a2a3", "a5" */
    uint32_t blocks; /* blocks of 1 AIC + 2 AIV; on cpu one a thread */
    uint32_t aic_count;
    uint32_t aiv_count;
    uint32_t control_active_max; /* AICPU threads that may schedule */
    uint32_t control_launch_max; /* AICPU threads that are launched */
    uint32_t threads;            /* cpu: threads */
    uint64_t counter_hz;         /* device clock */
    uint32_t host_in_place;      /* 1: host buffers are used where they are */
    uint32_t reserved;
    uint32_t programs_from_files; /* 1: the device is not this process: slip_register_file only */
    char stand_in[128]; /* what stands in for the device, to print beside results; else empty */
} slip_runner_info;

/* Describes the device. */
SLIP_API SLIP_MUST_USE slip_status slip_runner_describe(slip_runner *runner, slip_runner_info *out);

/* Where the threads of the runner run: one place a thread, thread 0 first; none if nobody is bound.
 * *inout_count: room in, places out, which may be more than there was room for. */
SLIP_API SLIP_MUST_USE slip_status slip_runner_places(slip_runner *runner, slip_place *places,
                                                      uint32_t *inout_count);

/* ---- programs ------------------------------------------------------------------------------- */

/* A registered program of one runner; 0 is none. */
typedef struct slip_callable {
    uint64_t id;
} slip_callable;

/* Loads a shared object and registers its program. The same content twice gives the same handle. */
SLIP_API SLIP_MUST_USE slip_status slip_register_file(slip_runner *runner, const char *path,
                                                      slip_callable *out);

/* Registers a program of this process; it must outlive the registration. */
SLIP_API SLIP_MUST_USE slip_status slip_register_program(slip_runner *runner,
                                                         const slip_program *program,
                                                         slip_callable *out);

/* Undoes one registration; the last one releases the program. */
SLIP_API SLIP_MUST_USE slip_status slip_unregister(slip_runner *runner, slip_callable callable);

/* The program behind a handle, as long as it is registered; null for a bad handle. */
SLIP_API const slip_program *slip_callable_program(slip_runner *runner, slip_callable callable);

/* ---- device memory -------------------------------------------------------------------------- */

/* An address in the device's address space; opaque to the host except on cpu. 0 is null. */
typedef struct slip_device_ptr {
    uint64_t address;
} slip_device_ptr;

/* Device memory, aligned to 4096; the runner owns it until slip_device_free or its own close. */
SLIP_API SLIP_MUST_USE slip_status slip_device_malloc(slip_runner *runner, uint64_t bytes,
                                                      slip_device_ptr *out);

/* Gives one allocation back; `ptr` is what slip_device_malloc returned. Null is fine. */
SLIP_API SLIP_MUST_USE slip_status slip_device_free(slip_runner *runner, slip_device_ptr ptr);

/* Copies `bytes` to `dst`, which may lie inside an allocation; complete on return. */
SLIP_API SLIP_MUST_USE slip_status slip_copy_to_device(slip_runner *runner, slip_device_ptr dst,
                                                       const void *src, uint64_t bytes);

/* Copies `bytes` from `src`, which may lie inside an allocation; complete on return. */
SLIP_API SLIP_MUST_USE slip_status slip_copy_from_device(slip_runner *runner, void *dst,
                                                         slip_device_ptr src, uint64_t bytes);

/* ---- runs ----------------------------------------------------------------------------------- */

enum slip_memory_space {
    SLIP_MEMORY_HOST = 0,  /* copied in and out as the signature says; on cpu used in place */
    SLIP_MEMORY_DEVICE = 1 /* resident: nothing is copied */
};

enum slip_arg_flags {
    SLIP_ARG_CONST = 1 /* IN tensors: contents do not change; see slip_call_prepare */
};

/* One argument of a run: a row-major tensor or a scalar, as the program's signature says. */
typedef struct slip_run_arg {
    uint8_t kind;   /* enum slip_param_kind */
    uint8_t space;  /* enum slip_memory_space */
    uint8_t dtype;  /* enum slip_dtype */
    uint8_t access; /* IN, OUT or INOUT: must be what the signature says */
    uint32_t ndim;
    uint32_t shape[SLIP_MAX_DIMS]; /* elements */
    uint32_t flags;                /* enum slip_arg_flags */
    void *host;                    /* SLIP_MEMORY_HOST */
    slip_device_ptr device;        /* SLIP_MEMORY_DEVICE; may point into an allocation */
    uint64_t scalar;               /* SLIP_PARAM_SCALAR: bit pattern */
} slip_run_arg;

/* A tensor argument over host memory. */
static inline slip_run_arg slip_host_tensor(void *data, uint8_t dtype, uint8_t access,
                                            uint32_t ndim, const uint32_t *shape)
{
    slip_run_arg a = {
        SLIP_PARAM_TENSOR, SLIP_MEMORY_HOST, dtype, access, ndim, {0}, 0, data, {0}, 0};
    for (uint32_t d = 0; d < ndim && d < SLIP_MAX_DIMS; d++) {
        a.shape[d] = shape[d];
    }
    return a;
}

/* A tensor argument over device memory. */
static inline slip_run_arg slip_device_tensor(slip_device_ptr data, uint8_t dtype, uint8_t access,
                                              uint32_t ndim, const uint32_t *shape)
{
    slip_run_arg a = slip_host_tensor(NULL, dtype, access, ndim, shape);
    a.space = SLIP_MEMORY_DEVICE;
    a.device = data;
    return a;
}

/* A scalar argument. */
static inline slip_run_arg slip_scalar_arg(uint64_t bits)
{
    slip_run_arg a = {SLIP_PARAM_SCALAR, 0, 0, 0, 0, {0}, 0, NULL, {0}, bits};
    return a;
}

enum slip_run_mode {
    SLIP_MODE_DEVICE_ORCH = 0, /* the orchestration function runs on the device */
    SLIP_MODE_HOST_GRAPH = 1   /* the program's builder made an explicit graph; no runtime arena */
};

enum slip_dispatch_mode {
    SLIP_DISPATCH_AUTO = 0,   /* by the measured length of the kernels */
    SLIP_DISPATCH_INLINE = 1, /* cpu: a task without a live producer runs at submission */
    SLIP_DISPATCH_SHARED = 2, /* every ready task is offered to all threads */
    SLIP_DISPATCH_SERIAL = 3, /* orchestrate first (until a ring is full), then schedule */
    SLIP_DISPATCH_HALVES =
        4 /* cpu, to measure moves between threads: of every 32 tasks the second
             sixteen are for the threads besides the first, whatever that costs */
};

typedef struct slip_run_config {
    uint32_t struct_size;
    uint32_t mode;            /* enum slip_run_mode */
    uint32_t dispatch;        /* enum slip_dispatch_mode */
    uint32_t blocks;          /* blocks used; 0 = all */
    uint32_t control_threads; /* AICPU threads (sims) or threads (cpu) used; 0 = automatic */
    uint32_t trace_tasks;     /* 1: per-core task records, as trace lines (needs a trace) */
    uint32_t audit;           /* 1: record every task, region and edge; see slip_audit */
    uint32_t untimed;         /* 1: reads no clock; last_bind_ns and last_run_ns become 0 */
    uint64_t timeout_ns;      /* bound of the whole run; 0 = none besides the progress deadline */
    slip_sizing sizing;
} slip_run_config;

/*
 * Runs a program once and waits for it. `config` may be null. On failure nothing is copied back,
 * slip_last_error tells everything known, and the runner stays usable unless it says otherwise.
 */
SLIP_API SLIP_MUST_USE slip_status slip_run(slip_runner *runner, slip_callable callable,
                                            const slip_run_arg *args, uint32_t arg_count,
                                            const slip_run_config *config);

/*
 * A prepared call: a program with its arguments and its configuration, checked, placed and resolved
 * once, run many times. It belongs to its runner, whose close destroys those that are left. Calls
 * may be used from any thread; they are serialised with everything else on the runner.
 */
typedef struct slip_call slip_call;

/*
 * Prepares a call: checks everything that slip_run would, copies `args` and `config` (which may be
 * null), and gives the call a launch block of its own. Nothing is run, built or copied to the
 * device. On failure *out is null.
 *
 * What a run of it costs on the host does not grow with arguments that stay as they are. Contents
 * of tensors may always change: on devices that do not use host memory in place, every IN and INOUT
 * host tensor is copied in before every run, OUT and INOUT back after it, as slip_run does. An IN
 * tensor with SLIP_ARG_CONST is copied once, and again only after slip_call_set set it, or the
 * runner's device memory changed (an allocation, a free, staging that grew, a device that was
 * recovered). slip_run ignores the flag.
 */
SLIP_API SLIP_MUST_USE slip_status slip_call_prepare(slip_runner *runner, slip_callable callable,
                                                     const slip_run_arg *args, uint32_t arg_count,
                                                     const slip_run_config *config,
                                                     slip_call **out);

/*
 * Changes argument `index`, for the runs that follow. It is checked like an argument of slip_run;
 * on failure, which names the argument, the call keeps the one it had. Its cost does not depend on
 * the other arguments but for a search by address in the next run. Where a tensor then overlaps
 * another one or leaves an overlap, or a copied one takes another size, that run places all of them
 * again. Two arguments may change places.
 */
SLIP_API SLIP_MUST_USE slip_status slip_call_set(slip_call *call, uint32_t index,
                                                 const slip_run_arg *arg);

/*
 * Runs a call once and waits for it; effects, statistics and errors are those of slip_run. Device
 * memory that was freed under it is an error that names the argument, which can be set to another
 * one. If its program was unregistered, SLIP_E_BAD_CALLABLE: the call can only be destroyed.
 */
SLIP_API SLIP_MUST_USE slip_status slip_call_run(slip_call *call);

/* Destroys a call. Null is fine. */
SLIP_API void slip_call_destroy(slip_call *call);

/* ---- recorded graphs ------------------------------------------------------------------------ */

/*
 * A recorded graph: the tasks and edges of a program for given arguments, found once, and memory of
 * its own for what they allocate. It is replayed any number of times without orchestration function
 * or tensor map. It belongs to its runner, whose close destroys those that are left. May be used
 * from any thread; calls are serialised with everything else on the runner. docs/record-replay.md.
 */
typedef struct slip_recording slip_recording;

/*
 * Records a program: runs its orchestration function (SLIP_MODE_DEVICE_ORCH) or its graph builder
 * (SLIP_MODE_HOST_GRAPH) once in this process, with these arguments; no kernel runs and no argument
 * is touched. `args` and `config` (may be null) are copied; replays use that configuration, whose
 * sizing does not matter: a recording takes the room it needs. With config->audit every replay
 * leaves the record of its graph for slip_audit.
 *
 * SLIP_E_NOT_RECORDABLE if the program reads or sets elements, or cannot be called in this process.
 * On failure *out is null.
 */
SLIP_API SLIP_MUST_USE slip_status slip_graph_record(slip_runner *runner, slip_callable callable,
                                                     const slip_run_arg *args, uint32_t arg_count,
                                                     const slip_run_config *config,
                                                     slip_recording **out);

/*
 * Changes argument `index` for the replays that follow. Tensors may lie elsewhere, with the type
 * and shape they were recorded with. Scalars may change that the program hands on by
 * slip_scalar_param and does not read itself. Anything else is SLIP_E_GRAPH_ARGUMENT: record again.
 * That no two tensors overlap which did not is checked by the next replay. On failure nothing has
 * changed.
 */
SLIP_API SLIP_MUST_USE slip_status slip_graph_set(slip_recording *recording, uint32_t index,
                                                  const slip_run_arg *arg);

/*
 * Runs the graph once and waits for it; effects, copies, statistics and errors of kernels are those
 * of slip_run. What a replay allocates lies where it lay in the one before, and replays follow each
 * other. If its program was unregistered, SLIP_E_BAD_CALLABLE: it can only be destroyed.
 */
SLIP_API SLIP_MUST_USE slip_status slip_graph_replay(slip_recording *recording);

/*
 * Checked mode: records the program again with the arguments as they are now, and compares tasks,
 * edges and arguments with the graph. SLIP_E_MISMATCH names the first task and field that differ.
 */
SLIP_API SLIP_MUST_USE slip_status slip_graph_check(slip_recording *recording);

typedef struct slip_graph_info {
    uint32_t struct_size;
    uint32_t built; /* 1: by a graph builder, 0: by an orchestration function */
    uint64_t tasks;
    uint64_t edges;
    uint64_t depth;      /* tasks on the longest path */
    uint64_t roots;      /* tasks that wait for nothing */
    uint64_t arguments;  /* tensors of all tasks */
    uint64_t geometries; /* different ones among them */
    uint64_t patches;    /* scalars of tasks that follow an argument */
    uint64_t heap_bytes; /* allocated by the tasks; reserved for the graph's life */
    uint64_t plan_bytes; /* of the graph as it is recorded, on the host */
    uint64_t sm_bytes;   /* of its tasks on the device */
    uint64_t replays;    /* that started */
} slip_graph_info;

/* Describes a recorded graph. */
SLIP_API SLIP_MUST_USE slip_status slip_graph_describe(slip_recording *recording,
                                                       slip_graph_info *out);

/* Destroys a recorded graph and gives its memory back. Null is fine. */
SLIP_API void slip_graph_destroy(slip_recording *recording);

/* ---- sizings made ready --------------------------------------------------------------------- */
/* ---- runs in flight ------------------------------------------------------------------------- */

/*
 * A run that was submitted. Functions that take one may be called from any thread; the last of them
 * is slip_submission_release. A handle outlives its runner: closing it ends every run first.
 */
typedef struct slip_submission slip_submission;

#define SLIP_MAX_QUEUED 64u /* unfinished submissions of one runner; one more waits for room */

enum slip_submission_state {
    SLIP_SUBMISSION_QUEUED = 0,  /* bound; not started */
    SLIP_SUBMISSION_RUNNING = 1, /* on the device */
    SLIP_SUBMISSION_ENDED = 2    /* its status is known: done, failed, cancelled or abandoned */
};

/*
 * Submits a run and returns: checked, bound and stored as slip_run does it, then queued behind
 * every run that was submitted or started on this runner before, by any thread, and started when
 * the one before it has ended. Arguments and configuration are copied. Memory of host tensors is
 * used from its start to its end, and must stay, and be left alone, until the handle says ENDED; IN
 * tensors are copied in at the start, so that a run may read what the one before it wrote. Device
 * memory that was freed meanwhile is an error of that run, which names the argument.
 *
 * The state that a queued run was bound to is pinned: nothing evicts, trims, moves or relays it.
 * A submission returns while the device runs, but waits for the end of the run that is on it if its
 * state is not resident, or staging has to grow; and for all that are queued if the GM heap has to
 * move. A failed submission has no handle: *out is null, and slip_last_error tells everything.
 *
 * Trim, prewarm, copies and device memory take their turn between two runs and do not wait for
 * those that are queued. Unregistering a program waits for its queued runs.
 */
SLIP_API SLIP_MUST_USE slip_status slip_submit(slip_runner *runner, slip_callable callable,
                                               const slip_run_arg *args, uint32_t arg_count,
                                               const slip_run_config *config,
                                               slip_submission **out);

/* Submits a run of a prepared call with the arguments that it has now: later changes of the call,
 * or its end, do not touch it. A call may be submitted again while runs of it are queued. The run
 * has a launch block of its own: its arguments are compared, and SLIP_ARG_CONST tensors copied, as
 * by slip_run. */
SLIP_API SLIP_MUST_USE slip_status slip_call_submit(slip_call *call, slip_submission **out);

/*
 * Waits until a run has ended and returns its status, at once if it has; with a timeout (0 = none)
 * SLIP_E_TIMEOUT if it has not ended by then. May be called again, and by several threads.
 * SLIP_E_CANCELLED: it never started. SLIP_E_ABANDONED: it never started, because a run before it
 * hung, crashed or lost the device; a kernel that failed in a run before it does not do that.
 */
SLIP_API SLIP_MUST_USE slip_status slip_submission_wait(slip_submission *submission,
                                                        uint64_t timeout_ns);

/* Tells where a run is, without waiting: enum slip_submission_state. */
SLIP_API uint32_t slip_submission_poll(slip_submission *submission);

/* Takes a run back that has not started: it ends with SLIP_E_CANCELLED. SLIP_E_BUSY if it runs or
 * has ended. */
SLIP_API SLIP_MUST_USE slip_status slip_submission_cancel(slip_submission *submission);

/* Gives a handle back. Its run goes on if it has not ended. Null is fine. */
SLIP_API void slip_submission_release(slip_submission *submission);

/* Makes the state for a sizing resident before the first run: the miss path, without a run. */
SLIP_API SLIP_MUST_USE slip_status slip_prewarm(slip_runner *runner, const slip_run_config *config);

enum slip_prewarm_flags {
    SLIP_PREWARM_FAULT = 1, /* give SM and arena memory now: no page fault when they are used */
    SLIP_PREWARM_HEAP = 2,  /* and the GM heap, up to heap_bytes of each ring */
    SLIP_PREWARM_HUGE = 4   /* in large pages where there are any */
};

typedef struct slip_prewarm_options {
    uint32_t struct_size;
    uint32_t flags;      /* enum slip_prewarm_flags */
    uint64_t heap_bytes; /* SLIP_PREWARM_HEAP: of each ring's heap, from its start; 0 = all */
} slip_prewarm_options;

enum slip_prewarm_found {
    SLIP_PREWARM_BUILT = 0,
    SLIP_PREWARM_RESIDENT = 1, /* it was there */
    SLIP_PREWARM_RELAID = 2    /* it was there, and broken */
};

/* What became of one sizing. */
typedef struct slip_prewarmed {
    uint32_t struct_size;
    uint32_t found;       /* enum slip_prewarm_found */
    uint32_t stays;       /* 1: it is in the cache after the call */
    uint32_t restarts;    /* times that its memory went elsewhere during the pre-fault */
    uint64_t state_bytes; /* of SM and arena; 0 without SLIP_PREWARM_FAULT, as all that follows */
    uint64_t state_resident_bytes; /* of these, those with memory when it was done */
    uint64_t heap_bytes;           /* of the GM heap that were to get memory */
    uint64_t heap_resident_bytes;
    uint64_t huge_bytes; /* of both, in large pages, at most */
    uint64_t lock_ns;    /* longest time for which the call kept runs of this runner waiting */
} slip_prewarmed;

/*
 * Makes the states for `count` sizings resident, in order, as slip_prewarm does, and gives them
 * memory if the options (may be null) ask for it. May be called from another thread while runs go
 * on: they wait for building a state, and not for pages. `out` may be null; else it holds `count`
 * rows, and struct_size of the first is read. Entries of both arrays are struct_size of their first
 * apart. More sizings than the cache has entries: SLIP_E_LIMIT, and nothing is done. After another
 * failure what came before stays. What could not get memory is no failure: *out tells.
 */
SLIP_API SLIP_MUST_USE slip_status slip_prewarm_all(slip_runner *runner,
                                                    const slip_run_config *configs, uint32_t count,
                                                    const slip_prewarm_options *options,
                                                    slip_prewarmed *out);

/* ---- errors --------------------------------------------------------------------------------- */

/* Everything known about the last failure of a runner. */
typedef struct slip_error {
    uint32_t struct_size;
    slip_status status;
    char resource[48];  /* "ring 1 task window", "GM heap", a file, a kernel; empty if none */
    int32_t ring;       /* -1 if none */
    int32_t scope;      /* scope depth; -1 if none */
    uint64_t task;      /* submission index within the run, from 1; 0 if none */
    int32_t kernel;     /* index in the kernel table; -1 if none */
    int32_t code;       /* what a kernel, a program or the platform returned; 0 if none */
    uint64_t wanted;    /* of the resource, in its own unit; 0 if none */
    uint64_t available; /* of the resource */
    uint64_t capacity;  /* of the resource */
    char message[512];  /* the whole sentence: what was wanted, what was found, what to change */
} slip_error;

/* The last failure of a runner; status is SLIP_OK if there was none. A run that was submitted is
 * described by its handle instead. Waits for another thread's call to end; not for the run on the
 * device, if the runner has submitted runs. */
SLIP_API SLIP_MUST_USE slip_status slip_last_error(slip_runner *runner, slip_error *out);

/* Why a submitted run failed, its own whatever happened to its runner since. SLIP_E_BUSY while it
 * has not ended; status SLIP_OK if it did not fail. */
SLIP_API SLIP_MUST_USE slip_status slip_submission_error(slip_submission *submission,
                                                         slip_error *out);

/* The last failure of slip_runner_open on this thread. */
SLIP_API SLIP_MUST_USE slip_status slip_open_error(slip_error *out);

/* ---- statistics ----------------------------------------------------------------------------- */

typedef struct slip_ring_stats {
    uint64_t tasks;           /* submitted since open */
    uint64_t window_high;     /* most slots in use at once */
    uint64_t heap_high_bytes; /* most heap bytes in use at once */
    uint64_t pool_high;       /* most pool edges in use at once */
} slip_ring_stats;

typedef struct slip_stats {
    uint32_t struct_size;
    uint32_t cache_entries; /* valid entries now */
    uint64_t runs;          /* that started on the device */
    uint64_t run_failures;
    uint64_t hits;   /* binds whose state was resident */
    uint64_t misses; /* binds that built it, prewarm included */
    uint64_t dirty;  /* binds that relaid a broken entry */
    uint64_t evictions;
    uint64_t invalidations;
    uint64_t image_bytes;      /* total written to the device for images */
    uint64_t last_image_bytes; /* of the last bind: 0 on a hit */
    uint64_t launch_bytes;     /* total of arguments and launch blocks */
    uint64_t last_launch_bytes;
    uint64_t copy_in_bytes; /* run arguments copied to the device */
    uint64_t copy_out_bytes;
    uint64_t resident_gm_heap_bytes; /* committed, per region kind; see slip_residency */
    uint64_t resident_sm_bytes;
    uint64_t resident_arena_bytes;
    uint64_t program_loads;     /* shared objects loaded, at registration only */
    uint64_t sizes_derived;     /* times that a layout was computed */
    uint64_t region_allocs;     /* platform allocations for regions */
    uint64_t last_tasks;        /* tasks of the last run */
    uint64_t last_edges;        /* edges of the last run */
    uint64_t last_bind_ns;      /* host clock, its two reads included; 0 after an untimed run */
    uint64_t last_run_ns;       /* of the whole run, likewise */
    uint64_t device_resets;     /* recoveries that lost everything on the device */
    uint64_t relaid_bytes;      /* total zeroed in used SM and arenas: touched ones, where known */
    uint64_t last_relaid_bytes; /* of the last bind that relaid: dirty, or without the cache */
    uint64_t relay_ns;          /* total time that this zeroing took, host clock */
    uint64_t trims;             /* calls of slip_trim that gave back all that they were asked for */
    uint64_t trimmed_bytes;     /* total that slip_trim gave back, of all kinds */
    slip_ring_stats ring[SLIP_RING_COUNT];
} slip_stats;

/* The counters of a runner as they are now. Waits as slip_last_error does. */
SLIP_API SLIP_MUST_USE slip_status slip_runner_stats(slip_runner *runner, slip_stats *out);

/* Bytes that take memory now. Committed bytes (slip_stats) take memory only once they are touched,
 * where the platform has pages. Slow: asks the platform page by page. */
typedef struct slip_residency {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t gm_heap_bytes;
    uint64_t sm_bytes;
    uint64_t arena_bytes;
    uint64_t gm_heap_committed_bytes; /* of the same regions: what may take memory */
    uint64_t sm_committed_bytes;
    uint64_t arena_committed_bytes;
    uint64_t record_bytes; /* audit record and task records: memory taken now */
    uint64_t record_committed_bytes;
    uint64_t staging_bytes; /* room for host arguments on the device */
    uint64_t launch_bytes;  /* launch block and its rows */
    uint64_t caller_bytes;  /* slip_device_malloc, not given back yet */
    uint64_t graph_bytes;   /* recorded graphs: their tasks and their own memory */
} slip_residency;

/* What of the committed regions takes memory now. */
SLIP_API SLIP_MUST_USE slip_status slip_runner_residency(slip_runner *runner, slip_residency *out);

/* What a sizing would commit, computed without committing it. */
typedef struct slip_footprint {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t gm_heap_bytes;
    uint64_t sm_bytes;
    uint64_t arena_bytes;
    uint64_t image_bytes; /* written per miss */
} slip_footprint;

/* Computes what a run with `config` (null: defaults) would commit. */
SLIP_API SLIP_MUST_USE slip_status slip_footprint_of(slip_runner *runner,
                                                     const slip_run_config *config,
                                                     slip_footprint *out);

/* One part of the prebuilt image, for `slipway image show`. */
typedef struct slip_image_part {
    char name[48];   /* "sm.ring0.slots" */
    uint64_t offset; /* from the base of its region */
    uint64_t bytes;
    uint64_t count; /* elements */
    uint32_t elem_bytes;
    uint32_t region;   /* 0 GM heap, 1 SM, 2 arena */
    uint32_t in_image; /* 1: written by a build; 0: zeros until used */
    uint32_t reserved;
} slip_image_part;

/* Lists the parts of the image for a sizing. *inout_count: room in, parts out. */
SLIP_API SLIP_MUST_USE slip_status slip_image_parts(slip_runner *runner,
                                                    const slip_run_config *config,
                                                    slip_image_part *parts, uint32_t *inout_count);

/* One entry of the prebuilt-arena cache. */
typedef struct slip_cache_entry_info {
    uint64_t key_hash;
    uint64_t layout_fingerprint;
    uint64_t gm_heap_base; /* device addresses; 0 if none */
    uint64_t sm_base;
    uint64_t arena_base;
    uint64_t runtime_offset; /* of the runtime in the arena */
    uint64_t sm_bytes;
    uint64_t arena_bytes;
    uint64_t hits;
    uint32_t valid;
    uint32_t dirty;
    uint32_t mode;
    uint32_t use; /* 1: used last, 2: before that, ...; the largest is the next to be evicted */
    slip_sizing sizing;
    uint64_t gm_heap_bytes;     /* of the shared heap that it uses, from gm_heap_base */
    uint64_t sm_resident_bytes; /* memory that its SM takes now; all where the platform cannot say,
                                   0 while the device waits for a reset */
    uint64_t arena_resident_bytes; /* likewise */
    uint64_t relays;               /* times that it was dirty and laid anew */
} slip_cache_entry_info;

/* Lists the cache. *inout_count: room in, entries out. Slow: asks the platform page by page. */
SLIP_API SLIP_MUST_USE slip_status slip_cache_info(slip_runner *runner,
                                                   slip_cache_entry_info *entries,
                                                   uint32_t *inout_count);

/* What stays when memory is given back. */
typedef struct slip_trim_target {
    uint32_t struct_size;
    uint32_t keep_entries; /* cache entries that stay at most, the most recently used ones */
    uint64_t keep_bytes;   /* of their SM and arena together, at most; 0 = no bound */
    uint32_t keep_pages;   /* 1: the part of the GM heap that they use keeps its memory; 0: it stays
                              committed, and its memory comes back with its first use */
    uint32_t reserved;     /* zero */
} slip_trim_target;

/* What was given back. */
typedef struct slip_trimmed {
    uint32_t struct_size;
    uint32_t entries;          /* dropped; counted as evictions */
    uint64_t gm_heap_bytes;    /* no longer committed */
    uint64_t sm_bytes;         /* no longer committed, with their entries or left from a run */
    uint64_t arena_bytes;      /* likewise */
    uint64_t heap_pages_bytes; /* of the heap that stays committed: memory behind it */
    uint64_t staging_bytes;    /* room for host arguments on the device */
    uint64_t record_bytes;     /* audit record and task records: slip_audit has none then */
} slip_trimmed;

/*
 * Gives memory back: idle cache entries beyond `target` (null: all of them), what of the GM heap no
 * entry needs, staging and record buffers. Device memory of callers and programs stay. Whatever a
 * later run needs is made anew; the entries that stay are hits. `out` may be null; after a failure
 * it holds what was given back until then. Waits for a run or a part of a pre-fault to end.
 */
SLIP_API SLIP_MUST_USE slip_status slip_trim(slip_runner *runner, const slip_trim_target *target,
                                             slip_trimmed *out);

/* ---- audit ---------------------------------------------------------------------------------- */

typedef struct slip_audit_report {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t tasks;
    uint64_t edges;          /* recorded between live tasks */
    uint64_t edges_skipped;  /* needed, but the producer was complete already */
    uint64_t conflicts;      /* conflicting pairs found by the oracle */
    uint64_t lost;           /* conflicting pairs that nothing orders: 0 in a right run */
    uint64_t false_edges;    /* edges between views of one geometry that do not conflict */
    char first_problem[256]; /* empty if none */
} slip_audit_report;

/* Checks the record of the last run with config.audit; SLIP_E_AUDIT if it is not right. */
SLIP_API SLIP_MUST_USE slip_status slip_audit(slip_runner *runner, slip_audit_report *out);

/* Writes the recorded graph of the last audited run as JSON or DOT ("json", "dot"). */
SLIP_API SLIP_MUST_USE slip_status slip_write_deps(slip_runner *runner, const char *format,
                                                   const char *path);

#ifdef __cplusplus
}
#endif
#endif
