/*
 * regions.c - GM heap, SM and runtime arena on the device: set up, grown, given back.
 *
 * For host_api.c and device_runner.c, under the runner's lock. Each cache entry owns its SM and
 * arena. The GM heap is one region that all entries share: much address space is reserved and
 * committed up to the largest sizing, so that its base stays. Only a sizing beyond the reservation
 * moves it, and then every entry that names it is dropped.
 */
#include "runner/runner_int.h"

#include "base/check.h"

/* Address space for the GM heap where it can be had: growing never moves below it. Chosen so that
 * four rings may hold 16 GiB each; only what is committed and touched costs memory. */
#define HEAP_RESERVE_BYTES (UINT64_C(64) << 30)

/* Describes that a region could not be had. */
static slip_status region_fail(slip_runner *runner, slip_status status, const char *name,
                               uint64_t wanted, uint64_t committed)
{
    slip_error *error = &runner->error;
    char words[384];
    slipi_error_begin(error, SLIP_E_OUT_OF_MEMORY);
    slipi_error_resource(error, wanted, committed, committed, "%s", name);
    (void)slipi_platform_words(runner, status, words);
    return slipi_error_end(
        error,
        "%s: wanted %llu bytes, the platform '%s' could not give them (%s; %llu bytes are "
        "committed); use a smaller sizing, or close other runners%s",
        name, (unsigned long long)wanted, runner->ops->name, slip_status_name(status),
        (unsigned long long)committed, words);
}

/* Gives a region back. */
void slipi_region_release(slip_runner *runner, slipi_region *region)
{
    if (region->base != 0) {
        runner->ops->release(runner->device, region->base, region->reserved);
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

/* A region of exactly these bytes; entries of the cache make room if there is not enough. */
static slip_status obtain(slip_runner *runner, slipi_region *out, const char *name, uint64_t bytes)
{
    for (;;) {
        slip_status status = reserve_and_commit(runner, out, bytes, bytes);
        if (status == SLIP_OK) {
            return SLIP_OK;
        }
        if (!slipi_prebuilt_cache_evict(&runner->cache)) {
            return region_fail(runner, status, name, bytes, 0);
        }
    }
}

/* Commits more of the heap where it lies. */
static slip_status heap_commit(slip_runner *runner, uint64_t bytes)
{
    slipi_region *heap = &runner->regions.heap;
    for (;;) {
        slip_status status =
            runner->ops->commit(runner->device, heap->base, heap->committed, bytes);
        if (status == SLIP_OK) {
            heap->committed = bytes;
            return SLIP_OK;
        }
        if (!slipi_prebuilt_cache_evict(&runner->cache)) {
            return region_fail(runner, status, "GM heap", bytes, heap->committed);
        }
    }
}

/* A new heap beyond the old one's reservation; entries that name the old one go with it. */
static slip_status heap_move(slip_runner *runner, uint64_t bytes)
{
    slipi_region *heap = &runner->regions.heap;
    slipi_region fresh;
    uint64_t larger;
    if (runner->info.reserve_is_memory != 0 || !slipi_mul_u64(bytes, 4, &larger)) {
        larger = bytes;
    }
    bool ample = runner->info.reserve_is_memory == 0 && larger < HEAP_RESERVE_BYTES;
    uint64_t sizes[3] = {ample ? HEAP_RESERVE_BYTES : larger, larger, bytes};
    slip_status status = SLIP_E_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < 3 && status != SLIP_OK; i++) {
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
static slip_status heap_grow(slip_runner *runner, uint64_t bytes)
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

/* Runtime arena and SM, zero; those of the last set-up again if they have the same sizes. */
static slip_status obtain_pair(slip_runner *runner, uint64_t sm_bytes, uint64_t arena_bytes)
{
    slipi_regions *regions = &runner->regions;
    uint64_t bytes;
    if (!slipi_add_u64(sm_bytes, arena_bytes, &bytes)) {
        return region_fail(runner, SLIP_E_SIZING, "SM and runtime arena", sm_bytes, 0);
    }
    if (regions->pair.base != 0 && regions->pair.committed == bytes &&
        regions->arena_bytes == arena_bytes) {
        return runner->api.zero(runner, regions->pair.base, bytes);
    }
    release_pair(runner);
    slip_status status =
        obtain(runner, &regions->pair, arena_bytes != 0 ? "SM and runtime arena" : "SM", bytes);
    regions->arena_bytes = status == SLIP_OK ? arena_bytes : 0;
    if (status == SLIP_OK && runner->info.fresh_is_zero == 0) {
        status = runner->api.zero(runner, regions->pair.base, bytes);
    }
    return status;
}

/* Prepares the three regions of one sizing: all or nothing. */
slip_status slipi_regions_setup(slip_runner *runner, uint64_t heap_bytes, uint64_t sm_bytes,
                                uint64_t arena_bytes)
{
    uint64_t sizes[3];
    if (!slipi_align_u64(heap_bytes, SLIPI_PAGE, &sizes[0]) ||
        !slipi_align_u64(sm_bytes, SLIPI_PAGE, &sizes[1]) ||
        !slipi_align_u64(arena_bytes, SLIPI_PAGE, &sizes[2])) {
        return region_fail(runner, SLIP_E_SIZING, "GM heap, SM and runtime arena", heap_bytes, 0);
    }
    slip_status status = obtain_pair(runner, sizes[1], sizes[2]);
    if (status == SLIP_OK) {
        /* Last, for a grown heap is not taken back. */
        status = heap_grow(runner, sizes[0]);
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
    if (runner->cache.count == 0) {
        slipi_region_release(runner, &runner->regions.heap);
    }
}

/* The cache has taken SM and arena over. */
void slipi_regions_handed_over(slip_runner *runner)
{
    runner->regions.pair = (slipi_region){0, 0, 0};
    runner->regions.arena_bytes = 0;
}

/* Gives everything back; at close. */
void slipi_regions_fini(slip_runner *runner)
{
    slipi_prebuilt_cache_fini(&runner->cache);
    slipi_regions_rollback(runner);
}

/* Rounds what was aligned before; it cannot overflow. */
static uint64_t page_aligned(uint64_t bytes)
{
    uint64_t aligned = 0;
    bool good = slipi_align_u64(bytes, SLIPI_PAGE, &aligned);
    SLIPI_ASSERT(good);
    return aligned;
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
    runner->ops->release(runner->device, state->arena_base,
                         state->arena_bytes + page_aligned(state->sm_bytes));
}
