/*
 * host_api.h - the table that bind is written against: memory, copies, regions, cache, launch.
 *
 * For bind.c and args.c, which know nothing else of a runner; filled by host_api.c from the
 * platform's operations and the runner's prebuilt-arena cache. Under the runner's lock.
 *
 * The two cache hooks may be null: then every bind is a miss, and still a right result.
 */
#ifndef SLIPI_RUNNER_HOST_API_H
#define SLIPI_RUNNER_HOST_API_H

#include <slipway/platform.h>

#include "abi/launch.h"
#include "image/prebuilt_cache.h"

/* The launch block as the host writes it. */
typedef struct slipi_launch_place {
    slipi_launch *block; /* host's view of SLIPI_LAUNCH_BYTES; the memory itself if in place */
    uint64_t address;    /* in the device's address space */
} slipi_launch_place;

/* A device buffer for host arguments, of the runner itself or of one prepared call. */
typedef struct slipi_staging {
    uint64_t base; /* 0 = none yet */
    uint64_t bytes;
} slipi_staging;

typedef struct slip_host_api {
    uint32_t struct_size;
    uint32_t host_in_place;       /* 1: device addresses are host addresses; nothing is copied */
    void *ctx;                    /* first argument of every member */
    slip_error *error;            /* where failures are described */
    const uint64_t *memory_epoch; /* changes when device memory or staging is had or given back */

    /* Copies between host and device; complete on return. */
    slip_status (*copy_to)(void *ctx, uint64_t dst, const void *src, uint64_t bytes);
    slip_status (*copy_from)(void *ctx, void *dst, uint64_t src, uint64_t bytes);
    /* Makes resident bytes of a region read as zero again. */
    slip_status (*zero)(void *ctx, uint64_t address, uint64_t bytes);
    /* True if [address, address + bytes) lies inside one device allocation of this runner. */
    bool (*owns_device_memory)(void *ctx, uint64_t address, uint64_t bytes);
    /* Makes a staging buffer large enough; kept and reused, contents undefined if it had to grow,
     * 4096-aligned. */
    slip_status (*acquire_staging)(void *ctx, slipi_staging *staging, uint64_t bytes);

    /*
     * Makes the three regions of one sizing resident: GM heap (shared, grown if too small), SM and
     * arena (zero; arena_bytes 0 commits none). All or nothing. They belong to the run until mark
     * takes SM and arena into the cache, or the next set-up replaces them.
     */
    slip_status (*setup_static_arena)(void *ctx, uint64_t gm_heap_bytes, uint64_t sm_bytes,
                                      uint64_t arena_bytes);
    /* Bases of what was set up; an error if it is smaller than `bytes`. */
    slip_status (*acquire_pooled_gm_heap)(void *ctx, uint64_t bytes, uint64_t *out_base);
    slip_status (*acquire_pooled_gm_sm)(void *ctx, uint64_t bytes, uint64_t *out_base);
    slip_status (*acquire_pooled_runtime_arena)(void *ctx, uint64_t bytes, uint64_t *out_base);
    /* Gives SM and arena of a set-up that failed later back. */
    void (*rollback_static_arena)(void *ctx);

    /* Finds the resident state of a key. May be null. */
    enum slipi_prebuilt_found (*lookup_prebuilt_runtime_arena)(void *ctx,
                                                               const slipi_prebuilt_key *key,
                                                               slipi_prebuilt_entry **out);
    /* Publishes a state, best effort: null means that the run goes on without. May be null. */
    slipi_prebuilt_entry *(*mark_prebuilt_runtime_arena)(void *ctx, const slipi_prebuilt_key *key,
                                                         const slipi_prebuilt_state *state);

    /* Delivers the first `bytes` of the launch block and starts the device's program with `threads`
     * control threads; waits for its end. */
    slip_status (*launch)(void *ctx, const slipi_launch_place *place, uint64_t bytes,
                          uint32_t threads);
    slip_status (*wait)(void *ctx, uint64_t timeout_ns);
} slip_host_api;

#endif
