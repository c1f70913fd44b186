/*
 * platform.h - what a back end supplies: one table, one contract per member.
 *
 * For authors of platforms. A platform owns memory, threads and registers; it knows nothing of
 * tasks. The runner gives it the device's entry as a value; the platform decides where that runs.
 * A table is passed in slip_runner_options.ops, or built in. See docs/platforms.md and
 * examples/template_platform.
 */
#ifndef SLIPWAY_PLATFORM_H
#define SLIPWAY_PLATFORM_H

#include <stddef.h>

#include <slipway/orch.h>
#include <slipway/placement.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLIP_PLATFORM_ABI 2u

/* An open device of a platform; the platform defines it. */
typedef struct slip_platform_device slip_platform_device;

typedef struct slip_platform_open {
    uint32_t struct_size;
    uint32_t device_id;
    uint32_t threads;                /* cpu: threads wanted, the caller included; 0 = automatic */
    uint32_t sim_threads;            /* sims: OS threads that play the cores; 0 = automatic */
    const slip_placement *placement; /* where threads run; read by open. Null: nobody is bound. With
                                        threads = 0 there are no more threads than places */
} slip_platform_open;

/* What a device is. */
typedef struct slip_platform_info {
    uint32_t struct_size;
    uint32_t blocks;             /* blocks of 1 AIC + 2 AIV; core numbers: see below */
    uint32_t aic_count;          /* AIC b is core b, 0 <= b < blocks */
    uint32_t aiv_count;          /* AIV l of block b is core blocks + 2 b + l */
    uint32_t control_active_max; /* control threads that may schedule */
    uint32_t control_launch_max; /* control threads that are launched */
    uint64_t counter_hz;         /* of the device clock; 1000000000 where it is the host's */
    uint32_t host_in_place;  /* 1: device and host share memory, host buffers are used in place */
    uint32_t self_executing; /* 1: control threads run kernels themselves; no cores, no registers */
    uint32_t reg_dispatch;   /* register offset of DATA_MAIN_BASE; 0 if self_executing */
    uint32_t reg_status;     /* register offset of COND; 0 if self_executing */
    uint32_t reg_fast_path;  /* fast-path enable register; 0 = none */
    uint32_t fast_path_open; /* its value when open */
    uint32_t fast_path_close; /* its value when closed */
    uint32_t prebuilt_hooks;  /* 1: the runner wires lookup and mark; 0: every bind is a miss */
    uint32_t fresh_is_zero;   /* 1: memory that was just committed or allocated reads as zero; 0: it
                                 may hold anything, and the runner zeroes what must be */
    uint32_t reserve_is_memory;   /* 1: a reservation takes memory at once, so that none is made
                                     larger than what will be committed; 0: it is address space */
    uint32_t programs_from_files; /* 1: the device is not this process; programs come from files */
    char arch[16];                /* row of data: "cpu", "a2a3", "a5" */
    uint32_t placed; /* 1: the threads are where the placement that open was given says; the runner
                        refuses a placement that would have no effect */
} slip_platform_info;

/*
 * What the platform gives to the device's program: registers, ordering, waiting. `device` is
 * passed back as the first argument. All members are set; they may be called from every control
 * and core thread at once.
 */
typedef struct slip_device_services {
    uint32_t struct_size;
    uint32_t reserved;
    slip_platform_device *device;
    slip_platform_info info;
    /* Writes or reads a 32-bit register of a core. A write is seen in order, after all memory
     * published before it; a read is followed by nothing that was ordered before it. */
    void (*reg_write)(slip_platform_device *device, uint32_t core, uint32_t offset, uint32_t value);
    uint32_t (*reg_read)(slip_platform_device *device, uint32_t core, uint32_t offset);
    /* Makes this thread's writes to [address, address + bytes) visible to the other side of the
     * control/core boundary, or drops this side's stale copies of it. Nothing where it is coherent.
     */
    void (*publish)(slip_platform_device *device, const void *address, uint64_t bytes);
    void (*acquire)(slip_platform_device *device, const void *address, uint64_t bytes);
    /* Device clock in its own ticks (info.counter_hz). */
    uint64_t (*ticks)(slip_platform_device *device);
    /* Called by a control thread that has found nothing to do `idle_rounds` times in a row: pauses,
     * yields or sleeps, for at most about a millisecond. */
    void (*idle)(slip_platform_device *device, uint32_t thread, uint32_t idle_rounds);
    /* Asks up to `count` more control threads to enter the run; returns at once. Nothing where all
     * are in it already. */
    void (*call_threads)(slip_platform_device *device, uint32_t count);
    /* Device memory for the mailboxes of the register protocol: 192 bytes for each core, aligned
     * to 64, zero at open, kept between launches; the device's program owns it. 0 if
     * self_executing. */
    uint64_t dispatch_page;
    /* The function behind what load_program named it. Null: the name is the function's address. */
    slip_orch_fn (*orchestration)(slip_platform_device *device, uint64_t name);
    slip_kernel_fn (*kernel)(slip_platform_device *device, uint64_t name);
} slip_device_services;

/* The device's program, given to launch as a value. */
typedef struct slip_device_entry {
    uint32_t struct_size;
    uint32_t reserved;
    /* Program of control thread `thread`, 0 .. threads - 1. Thread 0 orchestrates and returns when
     * the run has ended; others return when the run has ended or, on self-executing platforms,
     * when there is nothing to do (they may be called again). */
    slip_status (*control)(const slip_device_services *services, uint64_t launch_address,
                           uint32_t thread);
    /* One step of compute core `core`: takes a task from its dispatch register, if there is one,
     * and runs it. Returns 1 if it ran one, 0 if not, -1 if the core was told to stop. */
    int32_t (*core_step)(const slip_device_services *services, uint64_t launch_address,
                         uint32_t core);
    /* Name of the program where a device cannot call the functions below, because it is not this
     * process: the platform finds the program built for the device by this name. Null: none is. */
    const char *name;
} slip_device_entry;

/* A program as load_program is given it. */
typedef struct slip_program_source {
    uint32_t struct_size;
    uint32_t reserved;
    const slip_program *program; /* checked; stays valid until unload_program */
    const char *path;    /* of the file that it came from; null: it is part of this process */
    uint64_t content[2]; /* hash of the file's bytes; 0 without a file */
} slip_program_source;

/* How the device calls a program that was loaded; see slip_device_services. */
typedef struct slip_loaded_program {
    uint32_t struct_size;
    uint32_t kernel_count;
    uint64_t id;          /* the platform's own, for unload_program */
    uint64_t orchestrate; /* name of the orchestration function; 0 if there is none */
    uint64_t *kernels;    /* names of the kernels, not 0; the caller's, room for kernel_count */
} slip_loaded_program;

/* A launch. */
typedef struct slip_platform_launch {
    uint32_t struct_size;
    uint32_t threads; /* control threads, 1 .. control_active_max */
    const slip_device_entry *entry;
    uint64_t address;  /* of the launch block, in device memory */
    const void *block; /* its content, to be delivered before the entry runs; null: it is there */
    uint64_t block_bytes; /* of the content */
} slip_platform_launch;

/* What a platform says of the call that failed last. */
typedef struct slip_platform_failure {
    uint32_t struct_size;
    uint32_t lost; /* 1: nothing will work before recover */
    int32_t code;  /* of the library or driver behind the platform; 0 = none */
    char call[48]; /* its function */
    char text[256];
} slip_platform_failure;

/* How populate is to give memory. */
enum slip_populate_flags {
    SLIP_POPULATE_HUGE = 1, /* in large pages where there are any */
    SLIP_POPULATE_COUNT = 2 /* gives nothing, only fills *out */
};

/* What populate gave. */
typedef struct slip_platform_populated {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t bytes;      /* of the range that have memory now */
    uint64_t huge_bytes; /* of these in large pages, at most; 0 if the platform cannot tell */
} slip_platform_populated;

/*
 * A platform. Append-only; struct_size says how much of it is there. Members may be called from
 * one thread at a time per device unless it says otherwise; `why` receives a sentence on failure.
 */
typedef struct slip_platform_ops {
    uint32_t struct_size;
    uint32_t abi; /* SLIP_PLATFORM_ABI */
    const char *name;
    /* Opens device options->device_id. On failure *out is null and nothing is left behind. */
    slip_status (*open)(const slip_platform_open *options, slip_platform_device **out, char *why,
                        size_t why_bytes);
    /* Closes it; bounded; frees what was not freed. */
    void (*close)(slip_platform_device *device);
    /* Describes it; constant for its lifetime. */
    void (*describe)(slip_platform_device *device, slip_platform_info *out);
    /* Reserves `bytes` of device address space, aligned to 4096; nothing may be read yet. */
    slip_status (*reserve)(slip_platform_device *device, uint64_t bytes, uint64_t *out_address);
    /* Makes the first `bytes` of a reservation usable; see info.fresh_is_zero. Grows only. This,
     * reserve and alloc return SLIP_E_OUT_OF_MEMORY if there is not enough now: then, and only
     * then, the runner gives idle entries of its cache up and asks again. */
    slip_status (*commit)(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                          uint64_t bytes);
    /* Makes committed bytes read as zero again, by whatever is cheapest. */
    slip_status (*zero)(slip_platform_device *device, uint64_t address, uint64_t bytes);
    /* Gives a whole reservation back. */
    void (*release)(slip_platform_device *device, uint64_t address, uint64_t bytes);
    /* Device memory of its own, aligned to 4096. */
    slip_status (*alloc)(slip_platform_device *device, uint64_t bytes, uint64_t *out_address);
    void (*free)(slip_platform_device *device, uint64_t address, uint64_t bytes);
    /* Copies between host and device; complete on return. */
    slip_status (*copy_to)(slip_platform_device *device, uint64_t dst, const void *src,
                           uint64_t bytes);
    slip_status (*copy_from)(slip_platform_device *device, void *dst, uint64_t src, uint64_t bytes);
    /* Makes a program known to the device and fills *out. SLIP_E_UNSUPPORTED if the device cannot
     * have it. */
    slip_status (*load_program)(slip_platform_device *device, const slip_program_source *source,
                                slip_loaded_program *out);
    /* Takes it back; no run uses it. */
    void (*unload_program)(slip_platform_device *device, const slip_loaded_program *program);
    /* Delivers the launch block and starts the entry with launch->threads control threads (the
     * platform may launch more, numbered from `threads` on: they drop out). *launch->entry stays
     * valid until wait returns, *launch during the call. On self-executing platforms thread 0 is
     * the caller's and runs in wait. */
    slip_status (*launch)(slip_platform_device *device, const slip_platform_launch *launch);
    /* Waits until every thread has left the entry. 0 = no bound of the caller's. On SLIP_E_HANG
     * threads may still be inside: before recover the runner launches nothing more and leaves the
     * device's memory alone. */
    slip_status (*wait)(slip_platform_device *device, uint64_t timeout_ns);
    /* Bytes of [address, address + bytes), committed, that take memory now. May be null: all do. */
    slip_status (*resident)(slip_platform_device *device, uint64_t address, uint64_t bytes,
                            uint64_t *out_bytes);
    /* Says more of the call that failed last on this device. May be null. */
    void (*failure)(slip_platform_device *device, slip_platform_failure *out);
    /* After a hang or a lost device: ends what still runs, by force if need be, bounded in time.
     * SLIP_OK: the device is as just opened, everything that was on it is gone and is not given
     * back. Otherwise it stays unusable and `why` says so. May be null: nothing helps. */
    slip_status (*recover)(slip_platform_device *device, char *why, size_t why_bytes);
    /* What stands in for the device, if it is not what the name says: a sentence to print beside
     * results; null if it is. Static. May be null: it is. */
    const char *(*stand_in)(slip_platform_device *device);
    /* Takes the memory behind [bytes, old_bytes) of a reservation back; both are multiples of 4096.
     * The address space stays; what is committed again later is fresh. On failure nothing has
     * changed. May be null: memory comes back with release only. */
    slip_status (*decommit)(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                            uint64_t bytes);
    /* As zero, and tells for how many bytes it took work: those touched since they were committed,
     * where the platform knows. Memory behind the range may go. May be null: zero, and all. */
    slip_status (*relay)(slip_platform_device *device, uint64_t address, uint64_t bytes,
                         uint64_t *out_bytes);
    /* Gives committed bytes memory now, so that no later access waits for it; their content stays.
     * What it could not give is no failure, *out, which may be null, says what is there. Called
     * from any thread while other members run or a run uses the range; not during a release, free,
     * decommit or relay of it, recover or close. `flags`: enum slip_populate_flags. May be null:
     * what is committed has memory. */
    slip_status (*populate)(slip_platform_device *device, uint64_t address, uint64_t bytes,
                            uint32_t flags, slip_platform_populated *out);
    /* A bound of the bytes that could be committed now, what is committed not counted: more than
     * this plus what it gives back itself the runner does not ask for. May be null: not known. */
    slip_status (*available)(slip_platform_device *device, uint64_t *out_bytes);
} slip_platform_ops;

/* A built-in platform by name; null if there is none. Static. */
SLIP_API const slip_platform_ops *slip_platform_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
