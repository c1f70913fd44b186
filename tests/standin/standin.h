/*
 * standin.h - the stand-in runtime for tests: what a test can ask of it and make it do.
 *
 * libslipway_standin.so has the entry points that src/platform/onboard uses of CANN's runtime and
 * driver. Its device is another process (standin_device) that holds the device's memory, runs the
 * control program on threads and plays the cores. It is a test program: nothing that is measured
 * over it says anything of a device.
 *
 * For tests. A test that includes this header is linked with the library, and gets the same one
 * that the platform opens when SLIPWAY_ACL_LIBRARY is slipway_standin_path(). All functions may be
 * called from any thread. Environment, read where it is used:
 *
 *     SLIPWAY_STANDIN_SOC      name of the SoC: "Ascend910B2" (the default), "Ascend950PR_9599",
 *                              or short "a2a3", "a5"; holds while no device is set
 *     SLIPWAY_STANDIN_DEVICES  number of devices, 1 .. 8; default 4
 *     SLIPWAY_STANDIN_DEVICE   command of the device process; default: standin_device beside the
 *                              library
 *     SLIPWAY_STANDIN_MEMORY   bytes of memory of a device; default 64 GiB, taken when touched
 *     SLIPWAY_STANDIN_PLAYERS  threads that play the cores; default 2
 *     SLIPWAY_STANDIN_FAULT    faults, see slipway_standin_fault; read when the library is loaded
 *     SLIPWAY_STANDIN_LATENCY  latencies, see slipway_standin_latency; the same
 *     SLIPWAY_STANDIN_BOOKS    file that gets the books as "name value" lines when the process ends
 */
#ifndef SLIPWAY_TESTS_STANDIN_H
#define SLIPWAY_TESTS_STANDIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLIPWAY_STANDIN_API __attribute__((visibility("default")))

/* A sentence that says what this is; printed beside everything that was found over it. */
SLIPWAY_STANDIN_API const char *slipway_standin_description(void);

/* Path of the library's file, for SLIPWAY_ACL_LIBRARY. */
SLIPWAY_STANDIN_API const char *slipway_standin_path(void);

/* SoC from now on, instead of the environment's; null gives that back. False: a device is set. */
SLIPWAY_STANDIN_API bool slipway_standin_set_soc(const char *name);

/* ---- books -------------------------------------------------------------------------------------
 */

/* What happened since the last slipway_standin_reset; live counts are of now. */
typedef struct slipway_standin_books {
    /* Live: zero when everything was given back. */
    uint64_t live_allocations;
    uint64_t live_bytes;
    uint64_t live_streams;
    uint64_t live_binaries;
    uint64_t live_functions; /* they go with their binary */
    uint64_t live_devices;   /* device processes */
    /* Taken by a reset of their device instead of being given back. */
    uint64_t dropped_allocations;
    uint64_t dropped_streams;
    uint64_t dropped_binaries;
    /* Traffic. */
    uint64_t calls;
    uint64_t failures; /* calls that did not return success */
    uint64_t to_device_copies;
    uint64_t to_device_bytes;
    uint64_t from_device_copies;
    uint64_t from_device_bytes;
    uint64_t memsets;
    uint64_t memset_bytes;
    uint64_t launches;
    uint64_t launch_bytes; /* arguments */
    uint64_t binary_bytes;
    uint64_t peak_bytes; /* of live_bytes */
    /* What hardware would punish. */
    uint64_t misaligned_uploads; /* destination is no multiple of 64 */
    uint64_t bad_addresses;      /* a device address that lies in no allocation */
    uint64_t host_pointers;      /* 8-byte words on the way to the device that point into a mapping
                                    of this process above 4 GiB */
    uint64_t unbatched_launches; /* of core programs, without the schedule mode that starts all
                                    cores together */
    uint64_t closed_tasks;       /* taken by a core whose fast path was closed */
    uint64_t device_failures;    /* device processes that were told to end and did so with another
                                    code than 0: a sanitizer has found something in it */
    char first_host_pointer[192];
    char first_bad_address[192];
    uint64_t faults; /* that happened */
} slipway_standin_books;

SLIPWAY_STANDIN_API void slipway_standin_get_books(slipway_standin_books *out);

/* Of one entry point. */
typedef struct slipway_standin_entry {
    uint64_t calls;
    uint64_t failures;
    uint64_t bytes;
} slipway_standin_entry;

/* False: there is no such entry point. */
SLIPWAY_STANDIN_API bool slipway_standin_get_entry(const char *name, slipway_standin_entry *out);

/* Name of entry point i, from 0; null behind the last. */
SLIPWAY_STANDIN_API const char *slipway_standin_entry_name(uint32_t i);

/* Whether nothing is live and nothing was found that hardware would punish; else why not. */
SLIPWAY_STANDIN_API bool slipway_standin_clean(char *why, size_t why_bytes);

/* Forgets books (not what is live), log, faults and latencies, and releases what hangs. */
SLIPWAY_STANDIN_API void slipway_standin_reset(void);

/* ---- call log ----------------------------------------------------------------------------------
 */

/* Calls that are kept; older ones are forgotten. */
#define SLIPWAY_STANDIN_LOG_CALLS 65536u

/* One call. `args` are the entry point's in order, pointers as numbers, as many as fit. */
typedef struct slipway_standin_call {
    uint64_t serial; /* over all calls, from 1 */
    const char *entry;
    int32_t code;    /* returned; 0 too where another type is returned */
    int32_t device;  /* of the calling thread; -1 = none */
    int32_t fault;   /* 1: a fault made it what it is */
    uint32_t thread; /* number of the calling thread, in order of first calls */
    uint64_t args[8];
    uint64_t bytes; /* copied, set, loaded or launched with */
    uint64_t begin_ns;
    uint64_t end_ns;
    char text[48]; /* name of a function or file; a launch's function */
} slipway_standin_call;

/* Calls in the log, of one entry point or, with null, of all. */
SLIPWAY_STANDIN_API uint64_t slipway_standin_log_count(const char *entry);

/* Call i of these, oldest first; false: there is none. */
SLIPWAY_STANDIN_API bool slipway_standin_log_at(const char *entry, uint64_t i,
                                                slipway_standin_call *out);

/* ---- faults and latencies ----------------------------------------------------------------------
 */

/*
 * Adds faults, separated by commas, each ENTRY:WHEN:WHAT. Calls are counted from now on.
 *
 *     WHEN   n: the n-th call;  n+: it and all later ones;  *: every call
 *     WHAT   fail=CODE     returns CODE and does nothing
 *            delay=MS      waits so many milliseconds first
 *            hang          does not return until slipway_standin_release; then returns success
 *                          without having done anything
 *            hang=MS       the same, at most so many milliseconds
 *            lost          this and all later calls for the device return 507899, until a reset
 *            lost=CODE     the same with another code
 *            helpless      aclrtResetDeviceForce: succeeds, but the device stays lost; use with
 *                          lost
 *
 *     control:n:hang   the n-th launch of a control program never comes back
 *     core:n:silent    core n (from 0) never says hello and takes no step
 *     kernel:n:hang    the n-th task that a core takes is acknowledged and never finished
 *
 * The last three hold for devices that are set and those that are set later, and end with
 * slipway_standin_clear_faults. False: the text is not understood; *why (if not null) says what.
 */
SLIPWAY_STANDIN_API bool slipway_standin_fault(const char *text, const char **why);

/* Takes all faults back; devices that are lost stay so. */
SLIPWAY_STANDIN_API void slipway_standin_clear_faults(void);

/* Lets everything go on that hangs now. */
SLIPWAY_STANDIN_API void slipway_standin_release(void);

/* Calls that hang now. */
SLIPWAY_STANDIN_API uint32_t slipway_standin_hanging(void);

/*
 * Adds latencies, separated by commas, each ENTRY=NS or ENTRY=NS+NS_PER_BYTE (a decimal fraction);
 * ENTRY "*" is all of them. False: not understood.
 */
SLIPWAY_STANDIN_API bool slipway_standin_latency(const char *text);

/* ---- device ------------------------------------------------------------------------------------
 */

/* Process id of a device; 0: it is not set. */
SLIPWAY_STANDIN_API int32_t slipway_standin_device_pid(int32_t device);

/* Reads or writes device memory outside of books and log; false if that fails. */
SLIPWAY_STANDIN_API bool slipway_standin_peek(int32_t device, uint64_t address, void *out,
                                              uint64_t bytes);
SLIPWAY_STANDIN_API bool slipway_standin_poke(int32_t device, uint64_t address, const void *data,
                                              uint64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
