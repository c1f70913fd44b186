/*
 * prebuilt_cache.h - the prebuilt-arena images that are resident on one device runner.
 *
 * For the runner's host API (src/runner/host_api.c), under the runner's lock; one thread at a time.
 * The cache knows keys, places and ages; it owns no memory of the device: what it drops goes to the
 * `release` function that its owner gave. Nothing here is process-global.
 *
 *     absent --publish--> valid --mark_dirty--> dirty --lookup--> invalid (being relaid)
 *                           ^                                        |
 *                           '------------------publish---------------'
 *
 * A lookup that finds a dirty entry takes `valid` back before anything is written over the regions,
 * and only a publish gives it again: an entry whose relay failed in the middle is never a hit.
 */
#ifndef SLIPI_IMAGE_PREBUILT_CACHE_H
#define SLIPI_IMAGE_PREBUILT_CACHE_H

#include <stdbool.h>

#include "image/layout.h"

/* Entries that a runner may be asked to keep: every look-up that is not the latest one walks them.
 * Chosen, not measured. */
#define SLIPI_PREBUILT_MAX_ENTRIES 256u

/*
 * Everything that changes one byte or offset of the image. Compared whole, so it has no padding and
 * unused bytes are zero.
 */
typedef struct slipi_prebuilt_key {
    slip_sizing sizing;        /* resolved: every value set */
    uint64_t fingerprint;      /* slipi_layout_fingerprint() */
    uint32_t mode;             /* enum slip_run_mode */
    uint32_t control_capacity; /* control threads that thread-dependent capacities are made for */
    char arch[16];             /* row of data, padded with zeros */
    char platform[32];         /* padded with zeros */
} slipi_prebuilt_key;
_Static_assert(sizeof(slipi_prebuilt_key) == 96 + 8 + 8 + 16 + 32, "the key has no padding");

/* Where the state for one key lies, and the image it was made from: the value of an entry. */
typedef struct slipi_prebuilt_state {
    uint64_t gm_heap_base; /* device addresses */
    uint64_t gm_heap_bytes;
    uint64_t sm_base;
    uint64_t sm_bytes;
    uint64_t arena_base;
    uint64_t arena_bytes;
    uint64_t runtime_offset; /* of the runtime in the arena */
    slipi_image_layout image;
} slipi_prebuilt_state;

/* One entry: one value, valid first taken back and last given. */
typedef struct slipi_prebuilt_entry {
    slipi_prebuilt_key key;
    uint64_t key_hash;
    slipi_prebuilt_state state;
    uint64_t hits;
    uint64_t relays;                     /* times published over the same regions */
    uint64_t age;                        /* clock of the last use; the smallest is evicted */
    uint64_t ring_head[SLIP_RING_COUNT]; /* next task id of each ring after the last run */
    uint32_t valid;
    uint32_t dirty;
    uint32_t pins; /* queued runs that were bound to it: it stays, and where it is, until 0 */
    uint32_t reserved;
} slipi_prebuilt_entry;

/* Gives the SM and the arena of a dropped entry back. The GM heap is shared and stays. */
typedef void (*slipi_prebuilt_release)(void *user, const slipi_prebuilt_state *state);

typedef struct slipi_prebuilt_cache {
    slipi_prebuilt_entry *entries[SLIPI_PREBUILT_MAX_ENTRIES]; /* `count` of them, any order */
    slipi_prebuilt_entry *latest; /* of the last look-up; null if none */
    uint32_t count;
    uint32_t max_entries;
    uint64_t max_bytes;    /* of SM and arena together; 0 = no limit */
    uint64_t bytes;        /* of SM and arena of all entries */
    uint64_t pinned_bytes; /* of these, of entries with pins */
    uint32_t pinned;       /* entries with pins */
    uint32_t reserved;
    uint64_t clock;
    uint64_t evictions;
    uint64_t invalidations;
    slipi_prebuilt_release release;
    void *user;
} slipi_prebuilt_cache;

/* What a look-up found. */
enum slipi_prebuilt_found {
    SLIPI_PREBUILT_MISS = 0,
    SLIPI_PREBUILT_HIT = 1,
    SLIPI_PREBUILT_DIRTY = 2, /* resident, but must be relaid; `valid` was taken back */
    SLIPI_PREBUILT_UNSEEN = 3 /* a bind failed before it looked */
};

/* Starts an empty cache. */
void slipi_prebuilt_cache_init(slipi_prebuilt_cache *cache, uint32_t max_entries,
                               uint64_t max_bytes, slipi_prebuilt_release release, void *user);

/* Drops every entry without counting an invalidation. */
void slipi_prebuilt_cache_fini(slipi_prebuilt_cache *cache);

/* Hash of a key. It only speeds the look-up; equality is the full key. */
uint64_t slipi_prebuilt_key_hash(const slipi_prebuilt_key *key);

/* Finds the entry of a key; *out is null on a miss. */
enum slipi_prebuilt_found slipi_prebuilt_cache_lookup(slipi_prebuilt_cache *cache,
                                                      const slipi_prebuilt_key *key,
                                                      slipi_prebuilt_entry **out);

/* The entry of a key, used as by a look-up, if that would be a hit; else null, and nothing has
 * changed. */
slipi_prebuilt_entry *slipi_prebuilt_cache_hit(slipi_prebuilt_cache *cache,
                                               const slipi_prebuilt_key *key);

/* The entry of a key as it is, without using it; null if there is none. */
const slipi_prebuilt_entry *slipi_prebuilt_cache_peek(const slipi_prebuilt_cache *cache,
                                                      const slipi_prebuilt_key *key);

/*
 * Publishes the state of a key and returns its entry, evicting the least recently used ones to
 * stay within count and bytes. Null if it cannot be kept (no memory for the entry, or larger than
 * what of the budget is not pinned): the state then stays the caller's, and nothing else has
 * changed.
 */
slipi_prebuilt_entry *slipi_prebuilt_cache_publish(slipi_prebuilt_cache *cache,
                                                   const slipi_prebuilt_key *key,
                                                   const slipi_prebuilt_state *state);

/* Notes that the last run broke the entry's regions. */
void slipi_prebuilt_cache_mark_dirty(slipi_prebuilt_entry *entry);

/* Keeps an entry where it is, once more; takes that back once. */
void slipi_prebuilt_cache_pin(slipi_prebuilt_cache *cache, slipi_prebuilt_entry *entry);
void slipi_prebuilt_cache_unpin(slipi_prebuilt_cache *cache, slipi_prebuilt_entry *entry);

/* The least recently used entry without pins; null if there is none. */
slipi_prebuilt_entry *slipi_prebuilt_cache_oldest(const slipi_prebuilt_cache *cache);

/* Drops the least recently used entry without pins; false if there is none. Counts an eviction. */
bool slipi_prebuilt_cache_evict(slipi_prebuilt_cache *cache);

/* Drops every entry without giving its regions back, which are lost or must be left alone; counts
 * invalidations. */
void slipi_prebuilt_cache_forget(slipi_prebuilt_cache *cache);

/* Drops every entry that names this GM heap; called when it moves. Counts invalidations. */
void slipi_prebuilt_cache_drop_heap(slipi_prebuilt_cache *cache, uint64_t gm_heap_base);

/* Entries that are valid now. */
uint32_t slipi_prebuilt_cache_valid(const slipi_prebuilt_cache *cache);

#endif
