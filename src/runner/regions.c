/*
 * regions.c - GM heap, SM and runtime arena on the device: set up, grown, given back.
 *
 * For host_api.c and device_runner.c, under the runner's lock. Each cache entry owns its SM and
 * arena. The GM heap is one region that all entries share: much address space is reserved and
 * committed up to the largest sizing, so that its base stays. Only a sizing beyond the reservation
 * moves it, and then every entry that names it is dropped.
 */
#include "runner/runner_int.h"

#include <stdio.h>

#include "base/check.h"

/* Address space for the GM heap where it can be had: growing never moves below it. Chosen so that
 * four rings may hold 16 GiB each; only what is committed and touched costs memory. */
#define HEAP_RESERVE_BYTES (UINT64_C(64) << 30)

/* What can be had besides what is committed, and by giving everything idle up. */
typedef struct room {
    uint64_t free_bytes; /* UINT64_MAX: the platform does not say */
    uint64_t idle_bytes;
} room;

/* Asks what there is. A platform that does not answer is taken at its word when it is asked for
 * memory. */
static room look(slip_runner *runner)
{
    uint64_t idle = runner->cache.bytes - runner->cache.pinned_bytes;
    room there = {UINT64_MAX, idle + runner->regions.pair.committed};
    if (runner->ops->available != NULL &&
        runner->ops->available(runner->device, &there.free_bytes) != SLIP_OK) {
        there.free_bytes = UINT64_MAX;
    }
    return there;
}

/* True if these bytes cannot be had even when everything idle is given up. */
static bool impossible(const room *there, uint64_t bytes)
{
    uint64_t most;
    return slipi_add_u64(there->free_bytes, there->idle_bytes, &most) && bytes > most;
}

/* Describes that a region could not be had. A device that failed has not just run out. */
static slip_status region_fail(slip_runner *runner, slip_status status, const char *name,
                               uint64_t wanted, uint64_t committed)
{
    slip_error *error = &runner->error;
    char words[384];
    char there[96] = "";
    (void)slipi_platform_words(runner, status, words); /* first: of the call that failed last */
    int32_t code = error->code;
    room known = look(runner);
    bool bounded = known.free_bytes != UINT64_MAX;
    slipi_error_begin(error, status == SLIP_E_DEVICE ? SLIP_E_DEVICE : SLIP_E_OUT_OF_MEMORY);
    slipi_error_resource(error, wanted, bounded ? known.free_bytes : 0, committed, "%s", name);
    error->code = code;
    if (bounded) {
        (void)snprintf(there, sizeof(there), ", %llu are available",
                       (unsigned long long)known.free_bytes);
    }
    return slipi_error_end(
        error,
        "%s: wanted %llu bytes%s; the platform '%s' could not give them (%s; %llu bytes are "
        "committed); use a smaller sizing, or close other runners%s",
        name, (unsigned long long)wanted, there, runner->ops->name, slip_status_name(status),
        (unsigned long long)committed, words);
}

/* Closes the gate: nobody gives pages to memory that is about to go. */
void slipi_memory_close(slip_runner *runner)
{
    pthread_mutex_lock(&runner->gate.lock);
    runner->gate.serial++;
}

/* Opens it again. */
void slipi_memory_open(slip_runner *runner)
{
    pthread_mutex_unlock(&runner->gate.lock);
}

/* Gives a region back. */
void slipi_region_release(slip_runner *runner, slipi_region *region)
{
    if (region->base != 0) {
        slipi_memory_close(runner);
        runner->ops->release(runner->device, region->base, region->reserved);
        slipi_memory_open(runner);
    }
    *region = (slipi_region){0, 0, 0};
}

/* Reserves and commits a new region; nothing is left behind on failure. */
static slip_status reserve_and_commit(slip_runner *runner, slipi_region *out, uint64_t reserved,
                                      uint64_t committed)
{
    slipi_region region = {0, reserved, committed};
    slip_status status = runner->ops->reserve(runner->device, reserved, &region.base);
    if (status != SLIP_OK) {
        return status;
    }
    status = runner->ops->commit(runner->device, region.base, 0, committed);
    if (status != SLIP_OK) {
        runner->ops->release(runner->device, region.base, reserved);
        return status;
    }
    runner->stats.region_allocs++;
    *out = region;
    return SLIP_OK;
}

/* True if an idle entry was given up, so that what failed for want of memory may be tried again. */
static bool make_room(slip_runner *runner, slip_status status)
{
    if (status != SLIP_E_OUT_OF_MEMORY) {
        return false;
    }
    if (slipi_prebuilt_cache_evict(&runner->cache)) {
        return true;
    }
    runner->wants_idle |= runner->cache.pinned != 0 ? 1u : 0u;
    return false;
}

/* A region of exactly these bytes; entries of the cache make room if there is not enough. */
static slip_status obtain(slip_runner *runner, slipi_region *out, const char *name, uint64_t bytes)
{
    slip_status status;
    do {
        status = reserve_and_commit(runner, out, bytes, bytes);
    } while (status != SLIP_OK && make_room(runner, status));
    return status == SLIP_OK ? SLIP_OK : region_fail(runner, status, name, bytes, 0);
}

/* Commits more of the heap where it lies. */
static slip_status heap_commit(slip_runner *runner, uint64_t bytes)
{
    slipi_region *heap = &runner->regions.heap;
    slip_status status;
    do {
        status = runner->ops->commit(runner->device, heap->base, heap->committed, bytes);
    } while (status != SLIP_OK && make_room(runner, status));
    if (status != SLIP_OK) {
        return region_fail(runner, status, "GM heap", bytes, heap->committed);
    }
    heap->committed = bytes;
    return SLIP_OK;
}

/* A new heap beyond the old one's reservation; entries that name the old one go with it. */
static slip_status heap_move(slip_runner *runner, uint64_t bytes)
{
    slipi_region *heap = &runner->regions.heap;
    slipi_region fresh;
    uint64_t larger;
    if (runner->cache.pinned != 0) {
        runner->wants_idle = 1;
        slipi_error_begin(&runner->error, SLIP_E_BUSY);
        slipi_error_note(&runner->error,
                         "GM heap: %llu bytes are wanted, and queued runs keep it "
                         "from moving; wait for them",
                         (unsigned long long)bytes);
        return SLIP_E_BUSY;
    }
    if (runner->info.reserve_is_memory != 0 || !slipi_mul_u64(bytes, 4, &larger)) {
        larger = bytes;
    }
    bool ample = runner->info.reserve_is_memory == 0 && larger < HEAP_RESERVE_BYTES;
    uint64_t sizes[3] = {ample ? HEAP_RESERVE_BYTES : larger, larger, bytes};
    slip_status status = SLIP_E_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < 3 && status == SLIP_E_OUT_OF_MEMORY; i++) {
        status = reserve_and_commit(runner, &fresh, sizes[i], bytes);
    }
    if (status != SLIP_OK) {
        return region_fail(runner, status, "GM heap", bytes, heap->committed);
    }
    if (heap->base != 0) {
        slipi_prebuilt_cache_drop_heap(&runner->cache, heap->base);
        slipi_region_release(runner, heap);
    }
    *heap = fresh;
    return SLIP_OK;
}

/* Makes the shared heap at least this large. */
slip_status slipi_heap_grow(slip_runner *runner, uint64_t bytes)
{
    const slipi_region *heap = &runner->regions.heap;
    if (bytes <= heap->committed) {
        return SLIP_OK;
    }
    return bytes <= heap->reserved ? heap_commit(runner, bytes) : heap_move(runner, bytes);
}

/* Gives the pair of the last set-up back. */
static void release_pair(slip_runner *runner)
{
    slipi_region_release(runner, &runner->regions.pair);
    runner->regions.arena_bytes = 0;
}

/* What the pair is called in messages. */
static const char *pair_name(uint64_t arena_bytes)
{
    return arena_bytes != 0 ? "SM and runtime arena" : "SM";
}

/* True if the pair of the last set-up has these sizes. */
static bool pair_fits(const slipi_regions *regions, uint64_t bytes, uint64_t arena_bytes)
{
    return regions->pair.base != 0 && regions->pair.committed == bytes &&
           regions->arena_bytes == arena_bytes;
}

/* Refuses what cannot be had at all, before anything is given up for it. */
static slip_status check_room(slip_runner *runner, uint64_t heap_bytes, uint64_t pair_bytes,
                              uint64_t arena_bytes)
{
    const slipi_regions *regions = &runner->regions;
    const slipi_region *heap = &regions->heap;
    uint64_t pair_more = pair_fits(regions, pair_bytes, arena_bytes) ? 0 : pair_bytes;
    uint64_t heap_more = heap_bytes > heap->committed ? heap_bytes - heap->committed : 0;
    if ((pair_more | heap_more) == 0) {
        return SLIP_OK;
    }
    heap_more = heap_bytes > heap->reserved ? heap_bytes : heap_more; /* it moves */
    room there = look(runner);
    uint64_t both;
    bool fits = slipi_add_u64(pair_more, heap_more, &both) && !impossible(&there, both);
    runner->wants_idle |= !fits && runner->cache.pinned != 0 ? 1u : 0u;
    if (impossible(&there, pair_more)) {
        return region_fail(runner, SLIP_E_OUT_OF_MEMORY, pair_name(arena_bytes), pair_bytes, 0);
    }
    if (!fits) {
        return region_fail(runner, SLIP_E_OUT_OF_MEMORY, "GM heap", heap_bytes, heap->committed);
    }
    return SLIP_OK;
}

/* Runtime arena and SM, zero; those of the last set-up again if they have the same sizes. */
static slip_status obtain_pair(slip_runner *runner, uint64_t bytes, uint64_t arena_bytes)
{
    slipi_regions *regions = &runner->regions;
    if (pair_fits(regions, bytes, arena_bytes)) {
        return runner->api.zero(runner, regions->pair.base, bytes);
    }
    release_pair(runner);
    slip_status status = obtain(runner, &regions->pair, pair_name(arena_bytes), bytes);
    regions->arena_bytes = status == SLIP_OK ? arena_bytes : 0;
    if (status == SLIP_OK && runner->info.fresh_is_zero == 0) {
        status = runner->ops->zero(runner->device, regions->pair.base, bytes);
        if (status != SLIP_OK) {
            return slipi_platform_fail(runner, status, "zero", bytes, pair_name(arena_bytes));
        }
    }
    return status;
}

/* Prepares the three regions of one sizing: all or nothing. */
slip_status slipi_regions_setup(slip_runner *runner, uint64_t heap_bytes, uint64_t sm_bytes,
                                uint64_t arena_bytes)
{
    uint64_t sizes[3];
    uint64_t pair;
    if (!slipi_align_u64(heap_bytes, SLIPI_PAGE, &sizes[0]) ||
        !slipi_align_u64(sm_bytes, SLIPI_PAGE, &sizes[1]) ||
        !slipi_align_u64(arena_bytes, SLIPI_PAGE, &sizes[2]) ||
        !slipi_add_u64(sizes[1], sizes[2], &pair)) {
        return region_fail(runner, SLIP_E_SIZING, "GM heap, SM and runtime arena", heap_bytes, 0);
    }
    slip_status status = check_room(runner, sizes[0], pair, sizes[2]);
    if (status != SLIP_OK) {
        return status;
    }
    status = obtain_pair(runner, pair, sizes[2]);
    if (status == SLIP_OK) {
        /* Last, for a grown heap is not taken back. */
        status = slipi_heap_grow(runner, sizes[0]);
    }
    if (status != SLIP_OK) {
        slipi_regions_rollback(runner);
    }
    return status;
}

/* Gives SM and arena back, and the heap if no entry is left that could use it. */
void slipi_regions_rollback(slip_runner *runner)
{
    release_pair(runner);
    if (runner->cache.count == 0 && slipi_run_queue_heap(runner) == 0) {
        slipi_region_release(runner, &runner->regions.heap);
    }
}

/* The cache has taken SM and arena over. */
void slipi_regions_handed_over(slip_runner *runner)
{
    runner->regions.pair = (slipi_region){0, 0, 0};
    runner->regions.arena_bytes = 0;
}

/* Rounds what was aligned before; it cannot overflow. */
static uint64_t page_aligned(uint64_t bytes)
{
    uint64_t aligned = 0;
    bool good = slipi_align_u64(bytes, SLIPI_PAGE, &aligned);
    SLIPI_ASSERT(good);
    return aligned;
}

/* Bytes of the heap that the entries which are there may use. */
static uint64_t heap_needed(const slipi_prebuilt_cache *cache)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < cache->count; i++) {
        uint64_t bytes = cache->entries[i]->state.gm_heap_bytes;
        most = bytes > most ? bytes : most;
    }
    return page_aligned(most);
}

/* Gives the end of the heap back that no entry needs. */
static slip_status heap_shrink(slip_runner *runner, uint64_t *out_bytes)
{
    slipi_region *heap = &runner->regions.heap;
    uint64_t queued = page_aligned(slipi_run_queue_heap(runner));
    uint64_t needed = heap_needed(&runner->cache);
    needed = needed > queued ? needed : queued;
    if (needed >= heap->committed) {
        return SLIP_OK;
    }
    if (needed == 0) {
        *out_bytes = heap->committed;
        slipi_region_release(runner, heap);
        return SLIP_OK;
    }
    if (runner->ops->decommit == NULL) {
        return SLIP_OK;
    }
    slip_status status = runner->ops->decommit(runner->device, heap->base, heap->committed, needed);
    if (status != SLIP_OK) {
        return slipi_platform_fail(runner, status, "decommit", heap->committed - needed, "GM heap");
    }
    *out_bytes = heap->committed - needed;
    heap->committed = needed;
    return SLIP_OK;
}

/* Gives back what no entry needs; see the header. */
slip_status slipi_regions_trim(slip_runner *runner, bool keep_pages, slip_trimmed *out)
{
    slipi_regions *regions = &runner->regions;
    slipi_region *heap = &regions->heap;
    out->sm_bytes += regions->pair.committed - regions->arena_bytes;
    out->arena_bytes += regions->arena_bytes;
    release_pair(runner);
    slip_status status = heap_shrink(runner, &out->gm_heap_bytes);
    /* Nothing in the heap outlives a run. Without relay, zeroing would take memory, not give it. */
    if (status != SLIP_OK || keep_pages || heap->base == 0 || runner->ops->relay == NULL) {
        return status;
    }
    slipi_memory_close(runner);
    status =
        runner->ops->relay(runner->device, heap->base, heap->committed, &out->heap_pages_bytes);
    slipi_memory_open(runner);
    if (status != SLIP_OK) {
        out->heap_pages_bytes = 0;
        return slipi_platform_fail(runner, status, "relay", heap->committed, "GM heap");
    }
    return SLIP_OK;
}

/* Gives everything back; at close. */
void slipi_regions_fini(slip_runner *runner)
{
    slipi_prebuilt_cache_fini(&runner->cache);
    slipi_regions_rollback(runner);
}

/* Forgets all regions without giving them back; see the header. */
void slipi_regions_forget(slip_runner *runner)
{
    runner->regions = (slipi_regions){0};
}

/* The cache's release function; user is the runner. */
void slipi_regions_release_entry(void *user, const slipi_prebuilt_state *state)
{
    slip_runner *runner = user;
    /* The arena begins the pair; its size is a multiple of the page. */
    slipi_memory_close(runner);
    runner->ops->release(runner->device, state->arena_base,
                         state->arena_bytes + page_aligned(state->sm_bytes));
    slipi_memory_open(runner);
}
