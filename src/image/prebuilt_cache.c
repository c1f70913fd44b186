/*
 * prebuilt_cache.c - look-up, publishing, eviction of resident prebuilt-arena images.
 *
 * For the runner's host API, under the runner's lock. Host only. The look-up of the entry used last
 * is one comparison of the full key; others go by hash first.
 */
#include "image/prebuilt_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* Mixes one word into a hash: multiply and fold, so that every bit of the key moves many. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ (hash >> 32);
}

/* Hash of a key; see the header. */
uint64_t slipi_prebuilt_key_hash(const slipi_prebuilt_key *key)
{
    uint64_t words[sizeof(*key) / sizeof(uint64_t)];
    memcpy(words, key, sizeof(words));
    uint64_t hash = UINT64_C(0x243F6A8885A308D3); /* fraction of pi: any odd start does */
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        hash = mix(hash, words[i]);
    }
    return hash;
}

/* True if both keys are equal in every byte. */
static bool key_equal(const slipi_prebuilt_key *a, const slipi_prebuilt_key *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* Bytes that an entry counts against the budget. */
static uint64_t state_bytes(const slipi_prebuilt_state *state)
{
    return state->sm_bytes + state->arena_bytes;
}

/* Starts an empty cache. */
void slipi_prebuilt_cache_init(slipi_prebuilt_cache *cache, uint32_t max_entries,
                               uint64_t max_bytes, slipi_prebuilt_release release, void *user)
{
    SLIPI_ASSERT(max_entries >= 1 && max_entries <= SLIPI_PREBUILT_MAX_ENTRIES);
    memset(cache, 0, sizeof(*cache));
    cache->max_entries = max_entries;
    cache->max_bytes = max_bytes;
    cache->release = release;
    cache->user = user;
}

/* Takes entry `index` out. */
static slipi_prebuilt_entry *take_out(slipi_prebuilt_cache *cache, uint32_t index)
{
    SLIPI_ASSERT(index < cache->count && cache->entries[index]->pins == 0);
    slipi_prebuilt_entry *entry = cache->entries[index];
    entry->valid = 0;
    cache->count--;
    cache->entries[index] = cache->entries[cache->count];
    cache->entries[cache->count] = NULL;
    if (cache->latest == entry) {
        cache->latest = NULL;
    }
    cache->bytes -= state_bytes(&entry->state);
    return entry;
}

/* Takes entry `index` out and gives its regions back. */
static void drop(slipi_prebuilt_cache *cache, uint32_t index)
{
    slipi_prebuilt_entry *entry = take_out(cache, index);
    cache->release(cache->user, &entry->state);
    free(entry);
}

/* Drops every entry without giving its regions back; see the header. */
void slipi_prebuilt_cache_forget(slipi_prebuilt_cache *cache)
{
    while (cache->count > 0) {
        cache->invalidations++;
        free(take_out(cache, cache->count - 1));
    }
}

/* Drops every entry without counting an invalidation. */
void slipi_prebuilt_cache_fini(slipi_prebuilt_cache *cache)
{
    while (cache->count > 0) {
        drop(cache, cache->count - 1);
    }
}

/* Finds an entry by hash and full key; null if there is none. */
static slipi_prebuilt_entry *find(const slipi_prebuilt_cache *cache, const slipi_prebuilt_key *key)
{
    uint64_t hash = slipi_prebuilt_key_hash(key);
    for (uint32_t i = 0; i < cache->count; i++) {
        slipi_prebuilt_entry *entry = cache->entries[i];
        if (entry->key_hash == hash && key_equal(&entry->key, key)) {
            return entry;
        }
    }
    return NULL;
}

/* The entry of a key as it is; see the header. */
const slipi_prebuilt_entry *slipi_prebuilt_cache_peek(const slipi_prebuilt_cache *cache,
                                                      const slipi_prebuilt_key *key)
{
    return find(cache, key);
}

/* Finds the entry of a key; *out is null on a miss. */
enum slipi_prebuilt_found slipi_prebuilt_cache_lookup(slipi_prebuilt_cache *cache,
                                                      const slipi_prebuilt_key *key,
                                                      slipi_prebuilt_entry **out)
{
    slipi_prebuilt_entry *entry = cache->latest;
    if (entry == NULL || !key_equal(&entry->key, key)) {
        entry = find(cache, key);
    }
    *out = entry;
    if (entry == NULL) {
        return SLIPI_PREBUILT_MISS;
    }
    cache->latest = entry;
    entry->age = ++cache->clock;
    if (entry->valid == 0 || entry->dirty != 0) {
        entry->valid = 0;
        return SLIPI_PREBUILT_DIRTY;
    }
    entry->hits++;
    return SLIPI_PREBUILT_HIT;
}

/* Keeps an entry where it is. */
void slipi_prebuilt_cache_pin(slipi_prebuilt_cache *cache, slipi_prebuilt_entry *entry)
{
    if (entry->pins++ == 0) {
        cache->pinned++;
        cache->pinned_bytes += state_bytes(&entry->state);
    }
}

/* Takes a pin back. */
void slipi_prebuilt_cache_unpin(slipi_prebuilt_cache *cache, slipi_prebuilt_entry *entry)
{
    SLIPI_ASSERT(entry->pins != 0);
    if (--entry->pins == 0) {
        cache->pinned--;
        cache->pinned_bytes -= state_bytes(&entry->state);
    }
}

/* The entry of a key if it is a hit; see the header. */
slipi_prebuilt_entry *slipi_prebuilt_cache_hit(slipi_prebuilt_cache *cache,
                                               const slipi_prebuilt_key *key)
{
    slipi_prebuilt_entry *entry = cache->latest;
    if (entry == NULL || !key_equal(&entry->key, key)) {
        entry = find(cache, key);
    }
    if (entry == NULL || entry->valid == 0 || entry->dirty != 0) {
        return NULL;
    }
    cache->latest = entry;
    entry->age = ++cache->clock;
    entry->hits++;
    return entry;
}

/* Index of the least recently used of the entries without pins; `count` if there is none. */
static uint32_t oldest_index(const slipi_prebuilt_cache *cache)
{
    uint32_t oldest = cache->count;
    for (uint32_t i = 0; i < cache->count; i++) {
        const slipi_prebuilt_entry *entry = cache->entries[i];
        if (entry->pins == 0 &&
            (oldest == cache->count || entry->age < cache->entries[oldest]->age)) {
            oldest = i;
        }
    }
    return oldest;
}

/* The least recently used entry without pins; null if there is none. */
slipi_prebuilt_entry *slipi_prebuilt_cache_oldest(const slipi_prebuilt_cache *cache)
{
    return cache->count == cache->pinned ? NULL : cache->entries[oldest_index(cache)];
}

/* Drops the least recently used entry without pins; false if there is none. */
bool slipi_prebuilt_cache_evict(slipi_prebuilt_cache *cache)
{
    if (cache->count == cache->pinned) {
        return false;
    }
    cache->evictions++;
    drop(cache, oldest_index(cache));
    return true;
}

/* Writes the value of an entry: invalid first, valid last. */
static void fill(slipi_prebuilt_cache *cache, slipi_prebuilt_entry *entry,
                 const slipi_prebuilt_key *key, const slipi_prebuilt_state *state)
{
    entry->valid = 0;
    entry->key = *key;
    entry->key_hash = slipi_prebuilt_key_hash(key);
    if (state != &entry->state) {
        entry->state = *state;
    }
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        entry->ring_head[r] = entry->state.image.runtime.ring[r].head;
    }
    entry->age = ++cache->clock;
    entry->dirty = 0;
    entry->valid = 1;
    cache->latest = entry;
}

/* True if the state cannot be kept even when everything else that has no pins is dropped. */
static bool exceeds_budget(const slipi_prebuilt_cache *cache, const slipi_prebuilt_state *state)
{
    return cache->pinned >= cache->max_entries ||
           (cache->max_bytes != 0 && cache->pinned_bytes + state_bytes(state) > cache->max_bytes);
}

/* Publishes the state of a key; see the header. */
slipi_prebuilt_entry *slipi_prebuilt_cache_publish(slipi_prebuilt_cache *cache,
                                                   const slipi_prebuilt_key *key,
                                                   const slipi_prebuilt_state *state)
{
    slipi_prebuilt_entry *entry = find(cache, key);
    if (entry != NULL) {
        /* Only a relay publishes a key that is there, and it writes where the entry lies. */
        SLIPI_ASSERT(entry->state.sm_base == state->sm_base &&
                     entry->state.arena_base == state->arena_base);
        fill(cache, entry, key, state);
        entry->relays++;
        return entry;
    }
    if (exceeds_budget(cache, state)) {
        return NULL;
    }
    entry = calloc(1, sizeof(*entry));
    if (entry == NULL) {
        return NULL;
    }
    while (cache->count >= cache->max_entries ||
           (cache->max_bytes != 0 && cache->bytes + state_bytes(state) > cache->max_bytes)) {
        if (!slipi_prebuilt_cache_evict(cache)) {
            break;
        }
    }
    fill(cache, entry, key, state);
    cache->entries[cache->count++] = entry;
    cache->bytes += state_bytes(state);
    return entry;
}

/* Notes that the last run broke the entry's regions. */
void slipi_prebuilt_cache_mark_dirty(slipi_prebuilt_entry *entry)
{
    entry->dirty = 1;
}

/* Drops every entry that names this GM heap. */
void slipi_prebuilt_cache_drop_heap(slipi_prebuilt_cache *cache, uint64_t gm_heap_base)
{
    uint32_t i = 0;
    while (i < cache->count) {
        if (cache->entries[i]->state.gm_heap_base == gm_heap_base) {
            cache->invalidations++;
            drop(cache, i);
        } else {
            i++;
        }
    }
}

/* Entries that are valid now. */
uint32_t slipi_prebuilt_cache_valid(const slipi_prebuilt_cache *cache)
{
    uint32_t valid = 0;
    for (uint32_t i = 0; i < cache->count; i++) {
        valid += cache->entries[i]->valid != 0 && cache->entries[i]->dirty == 0 ? 1u : 0u;
    }
    return valid;
}
