/*
 * inspect.c - what a runner knows of itself: statistics, the cache, the audit record.
 *
 * Public functions of slipway.h, each under the runner's lock.
 */
#include "runner/runner_int.h"
#include "trace/deps.h"
#include "trace/oracle.h"

/* Fills in what is counted where it lies. */
static void complete_stats(const slip_runner *runner, slip_stats *out)
{
    const slipi_prebuilt_cache *cache = &runner->cache;
    out->struct_size = (uint32_t)sizeof(*out);
    out->cache_entries = slipi_prebuilt_cache_valid(cache);
    out->evictions = cache->evictions;
    out->invalidations = cache->invalidations;
    out->resident_gm_heap_bytes = runner->regions.heap.committed;
    out->resident_sm_bytes = runner->regions.pair.committed - runner->regions.arena_bytes;
    out->resident_arena_bytes = runner->regions.arena_bytes;
    for (uint32_t i = 0; i < cache->count; i++) {
        out->resident_sm_bytes += cache->entries[i]->state.sm_bytes;
        out->resident_arena_bytes += cache->entries[i]->state.arena_bytes;
    }
}

/* Statistics of a runner. */
slip_status slip_runner_stats(slip_runner *runner, slip_stats *out)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    bool turn = slipi_runner_look(runner);
    slip_status status = slipi_out_check(runner, out, out != NULL ? out->struct_size : 0,
                                         sizeof(*out), "slip_runner_stats");
    if (status == SLIP_OK) {
        *out = runner->stats;
        complete_stats(runner, out);
    }
    slipi_runner_end_look(runner, turn);
    return status;
}

/* How many entries were used after this one, and it. */
static uint32_t use_rank(const slipi_prebuilt_cache *cache, const slipi_prebuilt_entry *entry)
{
    uint32_t rank = 0;
    for (uint32_t i = 0; i < cache->count; i++) {
        rank += cache->entries[i]->age >= entry->age ? 1u : 0u;
    }
    return rank;
}

/* One entry of the cache as callers see it. */
static slip_status entry_info(slip_runner *runner, const slipi_prebuilt_entry *entry,
                              slip_cache_entry_info *out)
{
    const slipi_prebuilt_state *state = &entry->state;
    *out = (slip_cache_entry_info){
        .key_hash = entry->key_hash,
        .layout_fingerprint = entry->key.fingerprint,
        .gm_heap_base = state->gm_heap_base,
        .sm_base = state->sm_base,
        .arena_base = state->arena_base,
        .runtime_offset = state->runtime_offset,
        .sm_bytes = state->sm_bytes,
        .arena_bytes = state->arena_bytes,
        .hits = entry->hits,
        .valid = entry->valid,
        .dirty = entry->dirty,
        .mode = entry->key.mode,
        .use = use_rank(&runner->cache, entry),
        .sizing = entry->key.sizing,
        .gm_heap_bytes = state->gm_heap_bytes,
        .relays = entry->relays,
    };
    slip_status status =
        slipi_add_resident(runner, state->sm_base, state->sm_bytes, &out->sm_resident_bytes);
    return status != SLIP_OK ? status
                             : slipi_add_resident(runner, state->arena_base, state->arena_bytes,
                                                  &out->arena_resident_bytes);
}

/* Lists the cache. */
slip_status slip_cache_info(slip_runner *runner, slip_cache_entry_info *entries,
                            uint32_t *inout_count)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = SLIP_OK;
    if (inout_count == NULL || (entries == NULL && *inout_count != 0)) {
        status = slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                            "slip_cache_info: the list or its count is null");
    } else {
        const slipi_prebuilt_cache *cache = &runner->cache;
        for (uint32_t i = 0; i < cache->count && i < *inout_count && status == SLIP_OK; i++) {
            status = entry_info(runner, cache->entries[i], &entries[i]);
        }
        *inout_count = cache->count;
    }
    slipi_runner_leave(runner);
    return status;
}

/* Checks that there is a record. */
static slip_status need_record(slip_runner *runner, const char *call)
{
    if (runner->audited != 0) {
        return SLIP_OK;
    }
    return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                      "%s: there is no record; run with config.audit = 1 first", call);
}

/* Checks the record of the last audited run. */
slip_status slip_audit(slip_runner *runner, slip_audit_report *out)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = slipi_out_check(runner, out, out != NULL ? out->struct_size : 0,
                                         sizeof(*out), "slip_audit");
    if (status == SLIP_OK) {
        status = need_record(runner, "slip_audit");
    }
    if (status == SLIP_OK) {
        status = slipi_oracle_check(slipi_audit_record(runner), out);
        out->struct_size = (uint32_t)sizeof(*out);
        if (status != SLIP_OK) {
            (void)slipi_fail(&runner->error, status, "slip_audit: %s", out->first_problem);
        }
    }
    slipi_runner_leave(runner);
    return status;
}

/* Writes the recorded graph of the last audited run. */
slip_status slip_write_deps(slip_runner *runner, const char *format, const char *path)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = SLIP_OK;
    if (format == NULL || path == NULL) {
        status = slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                            "slip_write_deps: the format or the path is null");
    }
    if (status == SLIP_OK) {
        status = need_record(runner, "slip_write_deps");
    }
    if (status == SLIP_OK) {
        status = slipi_deps_write(slipi_audit_record(runner), format, path);
        if (status != SLIP_OK) {
            (void)slipi_fail(&runner->error, status,
                             "slip_write_deps: format '%.16s' (json or dot), file '%.200s': %s",
                             format, path, slip_status_message(status));
        }
    }
    slipi_runner_leave(runner);
    return status;
}
