/*
 * residency.c - how much memory a runner's regions really take.
 *
 * Public function of slipway.h, under the runner's lock.
 */
#include "runner/runner_int.h"

/* Adds what takes memory in one region; see the header. */
slip_status slipi_add_resident(slip_runner *runner, uint64_t base, uint64_t bytes, uint64_t *total)
{
    uint64_t resident = bytes;
    if (base == 0 || bytes == 0 || runner->broken != 0 || runner->refuses != 0) {
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

/* Adds one pair of arena and SM. */
static slip_status add_pair(slip_runner *runner, uint64_t arena, uint64_t arena_bytes,
                            uint64_t sm_bytes, slip_residency *out)
{
    out->arena_committed_bytes += arena_bytes;
    out->sm_committed_bytes += sm_bytes;
    slip_status status = slipi_add_resident(runner, arena, arena_bytes, &out->arena_bytes);
    if (status == SLIP_OK && arena != 0) {
        status = slipi_add_resident(runner, arena + arena_bytes, sm_bytes, &out->sm_bytes);
    }
    return status;
}

/* Adds what is counted where it lies. */
static void add_others(const slip_runner *runner, slip_residency *out)
{
    out->gm_heap_committed_bytes = runner->regions.heap.committed;
    out->record_committed_bytes =
        runner->audit.region.committed + runner->task_trace.region.committed;
    out->staging_bytes = runner->staging.bytes;
    out->launch_bytes = runner->launch.address != 0 ? SLIPI_LAUNCH_BYTES : 0;
    slipi_calls_count(runner, out);
    slipi_recordings_count(runner, out);
    slipi_carriers_count(runner, out);
    for (uint32_t i = 0; i < runner->memory.count; i++) {
        out->caller_bytes += runner->memory.rows[i].bytes;
    }
}

/* Adds up all regions. */
static slip_status add_all(slip_runner *runner, slip_residency *out)
{
    const slipi_regions *regions = &runner->regions;
    const slipi_prebuilt_cache *cache = &runner->cache;
    const slipi_region *records[2] = {&runner->audit.region, &runner->task_trace.region};
    add_others(runner, out);
    slip_status status = slipi_add_resident(runner, regions->heap.base, regions->heap.committed,
                                            &out->gm_heap_bytes);
    if (status == SLIP_OK) {
        status = add_pair(runner, regions->pair.base, regions->arena_bytes,
                          regions->pair.committed - regions->arena_bytes, out);
    }
    for (uint32_t i = 0; i < 2 && status == SLIP_OK; i++) {
        status =
            slipi_add_resident(runner, records[i]->base, records[i]->committed, &out->record_bytes);
    }
    for (uint32_t i = 0; i < cache->count && status == SLIP_OK; i++) {
        const slipi_prebuilt_state *state = &cache->entries[i]->state;
        status = add_pair(runner, state->arena_base, state->arena_bytes, state->sm_bytes, out);
    }
    return status;
}

/* Memory that the regions take now. */
slip_status slip_runner_residency(slip_runner *runner, slip_residency *out)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = slipi_out_check(runner, out, out != NULL ? out->struct_size : 0,
                                         sizeof(*out), "slip_runner_residency");
    if (status == SLIP_OK) {
        *out = (slip_residency){.struct_size = (uint32_t)sizeof(*out)};
        status = add_all(runner, out);
    }
    slipi_runner_leave(runner);
    return status;
}
