/*
 * cache_model.h - what a runner must count and answer, written down a second time and simply.
 *
 * For test_cache_property.c. The model knows sizes and platform calls, no memory and no runner: an
 * ordered list of sizings stands for the cache, two numbers for the heap. It is told of an
 * operation and of the platform call that will fail in it, and says what the status and every
 * counter must be.
 */
#ifndef SLIPWAY_TESTS_RUNNER_CACHE_MODEL_H
#define SLIPWAY_TESTS_RUNNER_CACHE_MODEL_H

#include <stdbool.h>

#include <slipway/slipway.h>

enum { MODEL_SIZINGS = 8, MODEL_ENTRIES = 8 };

/* What one sizing takes. */
typedef struct model_size {
    uint64_t heap_bytes;
    uint64_t sm_bytes;
    uint64_t arena_bytes;
} model_size;

/* What is to go wrong in the next operation, once. */
typedef struct model_fault {
    const char *call; /* of the platform; null: none */
    uint64_t nth;     /* of the calls of this name */
    bool loses;       /* the device is lost with it */
    bool hangs;       /* a wait says that threads are still inside */
    bool no_entry;    /* the host has no memory for a cache entry */
    int32_t kernel;   /* what the kernel returns; 0: it is good */
} model_fault;

/* One entry of the cache. */
typedef struct model_entry {
    uint32_t sizing;
    bool valid;
    bool dirty;
    uint64_t hits;
    uint64_t relays;
} model_entry;

/* A runner as it must be. */
typedef struct model {
    /* What it was opened with. */
    const model_size *sizes;
    bool in_place;
    bool cache_off;
    bool recovery_fails;
    uint32_t max_entries;
    uint64_t max_bytes;
    /* What it holds. */
    model_entry entries[MODEL_ENTRIES]; /* the one used last comes first */
    uint32_t count;
    uint64_t heap_committed;
    uint64_t heap_reserved;
    uint64_t pair_sm; /* of a state that is not in the cache */
    uint64_t pair_arena;
    uint64_t staging_bytes;
    uint64_t record_bytes;
    uint32_t allocations; /* of callers */
    bool broken;
    bool refuses;
    bool empty; /* refuses since the device was reset */
    bool lost;  /* no call works before recover */
    /* What goes wrong in this operation. */
    model_fault fault;
    /* What it must count: the members that the model fills. */
    slip_stats stats;
    uint64_t ring_tasks;
    uint64_t launch_block_bytes; /* of one launch of the test's program */
} model;

/* One run with a sizing, prewarmed only or audited too. */
slip_status model_run(model *m, uint32_t sizing, bool audit);
slip_status model_prewarm(model *m, uint32_t sizing);

/* Gives memory back; the bytes of pages behind the heap cannot be known. */
slip_status model_trim(model *m, const slip_trim_target *target, slip_trimmed *out);

/* Device memory of callers. */
slip_status model_malloc(model *m);
slip_status model_free(model *m);
slip_status model_free_lost(model *m);

/* Entries that are hits now. */
uint32_t model_valid(const model *m);

/* Committed bytes of SM and of the arena. */
uint64_t model_sm(const model *m);
uint64_t model_arena(const model *m);

/* Things that lie on the platform: devices, reservations, allocations, programs. */
uint64_t model_things(const model *m);

#endif
