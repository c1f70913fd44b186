/*
 * residency.c - how much memory a runner's regions really take.
 *
 * Public function of slipway.h, under the runner's lock.
 */
#include "runner/runner_int.h"

/* Adds what takes memory in one region. */
static slip_status add_region(slip_runner *runner, uint64_t base, uint64_t bytes, uint64_t *total)
{
    uint64_t resident = bytes;
    if (base == 0 || bytes == 0) {
        return SLIP_OK;
    }
    if (runner->ops->resident != NULL) {
        slip_status status = runner->ops->resident(runner->device, base, bytes, &resident);
        if (status != SLIP_OK) {
            return slipi_platform_fail(runner, status, "resident", bytes, "a region");
        }
    }
    *total += resident;
    return SLIP_OK;
}

/* Adds up all regions. */
static slip_status add_all(slip_runner *runner, slip_residency *out)
{
    const slipi_regions *regions = &runner->regions;
    const slipi_prebuilt_cache *cache = &runner->cache;
    slip_status status =
        add_region(runner, regions->heap.base, regions->heap.committed, &out->gm_heap_bytes);
    if (status == SLIP_OK) {
        status = add_region(runner, regions->pair.base, regions->arena_bytes, &out->arena_bytes);
    }
    if (status == SLIP_OK) {
        status = add_region(runner, regions->pair.base + regions->arena_bytes,
                            regions->pair.committed - regions->arena_bytes, &out->sm_bytes);
    }
    for (uint32_t i = 0; i < cache->count && status == SLIP_OK; i++) {
        const slipi_prebuilt_state *state = &cache->entries[i]->state;
        status = add_region(runner, state->sm_base, state->sm_bytes, &out->sm_bytes);
        if (status == SLIP_OK) {
            status = add_region(runner, state->arena_base, state->arena_bytes, &out->arena_bytes);
        }
    }
    return status;
}

/* Memory that the regions take now. */
slip_status slip_runner_residency(slip_runner *runner, slip_residency *out)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&runner->lock);
    slip_status status = slipi_out_check(runner, out, out != NULL ? out->struct_size : 0,
                                         sizeof(*out), "slip_runner_residency");
    if (status == SLIP_OK) {
        *out = (slip_residency){.struct_size = (uint32_t)sizeof(*out)};
        status = add_all(runner, out);
    }
    pthread_mutex_unlock(&runner->lock);
    return status;
}
