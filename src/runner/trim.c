/*
 * trim.c - gives memory back: entries, heap, staging, records.
 *
 * Public function of slipway.h, under the runner's lock. What fails last is what may fail: memory
 * that is released whole comes first, so that a failure leaves less than before and no more.
 */
#include "runner/runner_int.h"

/* True if the cache holds more than is to stay. */
static bool exceeds(const slipi_prebuilt_cache *cache, const slip_trim_target *target)
{
    return cache->count > target->keep_entries ||
           (target->keep_bytes != 0 && cache->bytes > target->keep_bytes);
}

/* Drops the least recently used entries until the rest may stay. */
static void drop_entries(slip_runner *runner, const slip_trim_target *target, slip_trimmed *out)
{
    slipi_prebuilt_cache *cache = &runner->cache;
    while (exceeds(cache, target)) {
        const slipi_prebuilt_entry *oldest = slipi_prebuilt_cache_oldest(cache);
        if (oldest == NULL) {
            return;
        }
        out->entries++;
        out->sm_bytes += oldest->state.sm_bytes;
        out->arena_bytes += oldest->state.arena_bytes;
        (void)slipi_prebuilt_cache_evict(cache);
    }
}

/* Gives the staging of runs back; arguments are placed again. That of a prepared call is the
 * call's. */
static uint64_t drop_staging(slip_runner *runner)
{
    slipi_staging *staging = &runner->staging;
    uint64_t bytes = staging->bytes;
    if (staging->base != 0) {
        runner->ops->free(runner->device, staging->base, staging->bytes);
        *staging = (slipi_staging){0, 0};
        runner->memory.epoch++;
    }
    slipi_carriers_trim(runner);
    return bytes;
}

/* Gives back what the target does not keep, under the lock. */
static slip_status trim(slip_runner *runner, const slip_trim_target *target, slip_trimmed *out)
{
    drop_entries(runner, target, out);
    out->staging_bytes = drop_staging(runner);
    out->record_bytes = slipi_records_trim(runner);
    slip_status status = slipi_regions_trim(runner, target->keep_pages != 0, out);
    runner->stats.trims += status == SLIP_OK ? 1u : 0u;
    runner->stats.trimmed_bytes += out->gm_heap_bytes + out->sm_bytes + out->arena_bytes +
                                   out->heap_pages_bytes + out->staging_bytes + out->record_bytes;
    return status;
}

/* Checks what the caller gives. */
static slip_status check(slip_runner *runner, const slip_trim_target *target,
                         const slip_trimmed *out)
{
    if (out != NULL) {
        slip_status status =
            slipi_out_check(runner, out, out->struct_size, sizeof(*out), "slip_trim");
        if (status != SLIP_OK) {
            return status;
        }
    }
    if (target != NULL && (target->struct_size < sizeof(*target) || target->keep_pages > 1 ||
                           target->reserved != 0)) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                          "slip_trim: wanted a target with struct_size %zu, keep_pages 0 or 1 and "
                          "reserved 0, found %u, %u and %u",
                          sizeof(*target), target->struct_size, target->keep_pages,
                          target->reserved);
    }
    return slipi_runner_usable(runner);
}

/* Gives memory back. */
slip_status slip_trim(slip_runner *runner, const slip_trim_target *target, slip_trimmed *out)
{
    static const slip_trim_target nothing = {.struct_size = (uint32_t)sizeof(nothing)};
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_trimmed done = {.struct_size = (uint32_t)sizeof(done)};
    slip_status status = check(runner, target, out);
    if (status == SLIP_OK) {
        status = trim(runner, target != NULL ? target : &nothing, &done);
        if (out != NULL) {
            *out = done;
        }
    }
    slipi_runner_leave(runner);
    return status;
}
