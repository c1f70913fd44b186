/*
 * prewarm.c - the miss path before the first run, and what a sizing would commit.
 *
 * Public functions of slipway.h, each under the runner's lock.
 */
#include "base/clock.h"
#include "runner/runner_int.h"
#include "runner/sizing.h"

/* Checks a configuration that may be null and makes the runner's key of it. */
static slip_status make_key(slip_runner *runner, const slip_run_config *config)
{
    const slip_run_config *given = config != NULL ? config : &slipi_config_defaults;
    slip_status status = slipi_config_check(runner, given);
    if (status != SLIP_OK) {
        return status;
    }
    runner->key.mode = given->mode;
    slipi_sizing_resolve(&given->sizing, &runner->defaults, &runner->key.sizing);
    return SLIP_OK;
}

/* Derives the layout of the runner's key into its scratch state. */
static slip_status derive(slip_runner *runner)
{
    slip_status status = slipi_bind_derive(&runner->api, &runner->key, &runner->scratch.image);
    runner->stats.sizes_derived += status == SLIP_OK ? 1u : 0u;
    return status;
}

/* Makes the state resident, under the lock; *found tells what was there. */
static slip_status prewarm(slip_runner *runner, const slip_run_config *config,
                           enum slipi_prebuilt_found *found)
{
    uint64_t begin_ns = slipi_now_ns();
    slip_status status = make_key(runner, config);
    if (status != SLIP_OK) {
        return status;
    }
    if (runner->key.mode != SLIP_MODE_DEVICE_ORCH) {
        return slipi_fail(&runner->error, SLIP_E_UNSUPPORTED,
                          "slip_prewarm: host-built graphs have no prebuilt arena; only mode "
                          "SLIP_MODE_DEVICE_ORCH can be prewarmed");
    }
    slipi_bind_result bound = {0};
    status = slipi_bind_prebuilt(&runner->api, &runner->key, &runner->scratch, &bound);
    runner->stats.last_bind_ns = slipi_now_ns() - begin_ns;
    slipi_count_state(&runner->stats, &bound);
    *found = bound.found;
    return status;
}

/* Makes the state for a sizing resident before the first run. */
slip_status slip_prewarm(slip_runner *runner, const slip_run_config *config)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    enum slipi_prebuilt_found found;
    slip_status status = slipi_runner_usable(runner);
    if (status == SLIP_OK) {
        status = prewarm(runner, config, &found);
    }
    if (status != SLIP_OK && runner->wants_idle != 0) {
        slipi_runner_idle(runner);
        status = prewarm(runner, config, &found);
    }
    slipi_runner_leave(runner);
    return status;
}

/* The i-th of structs that lie struct_size of the first apart. */
static const slip_run_config *config_at(const slip_run_config *configs, uint32_t i)
{
    return (const void *)((const uint8_t *)configs + (size_t)i * configs->struct_size);
}

/* Likewise. */
static slip_prewarmed *row_at(slip_prewarmed *rows, uint32_t struct_size, uint32_t i)
{
    return rows == NULL ? NULL : (void *)((uint8_t *)rows + (size_t)i * struct_size);
}

/* Checks what the caller of slip_prewarm_all gives. */
static slip_status check_all(slip_runner *runner, const slip_run_config *configs, uint32_t count,
                             const slip_prewarm_options *options, const slip_prewarmed *out)
{
    const uint32_t known = SLIP_PREWARM_FAULT | SLIP_PREWARM_HEAP | SLIP_PREWARM_HUGE;
    if (configs == NULL && count != 0) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                          "slip_prewarm_all: %u configurations are announced, the array is null",
                          count);
    }
    if (options != NULL &&
        (options->struct_size < sizeof(*options) || (options->flags & ~known) != 0)) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                          "slip_prewarm_all: wanted options with struct_size %zu and flags of %#x, "
                          "found %u and %#x",
                          sizeof(*options), known, options->struct_size, options->flags);
    }
    if (count > runner->cache.max_entries) {
        slipi_error_begin(&runner->error, SLIP_E_LIMIT);
        slipi_error_resource(&runner->error, count, runner->cache.max_entries,
                             runner->cache.max_entries, "cache entries");
        return slipi_error_end(&runner->error,
                               "slip_prewarm_all: %u sizings are wanted, the cache keeps %u: open "
                               "the runner with more cache_entries",
                               count, runner->cache.max_entries);
    }
    return out == NULL
               ? SLIP_OK
               : slipi_out_check(runner, out, out->struct_size, sizeof(*out), "slip_prewarm_all");
}

/* One sizing: the state under the lock, its memory without. */
static slip_status prewarm_one(slip_runner *runner, const slip_run_config *config,
                               const slip_prewarm_options *options, slip_prewarmed *out)
{
    enum slipi_prebuilt_found found = SLIPI_PREBUILT_MISS;
    slipi_prebuilt_key key;
    slipi_runner_enter(runner);
    uint64_t begin_ns = slipi_now_ns();
    slip_status status = slipi_runner_usable(runner);
    if (status == SLIP_OK) {
        status = prewarm(runner, config, &found);
    }
    if (status != SLIP_OK && runner->wants_idle != 0) {
        slipi_runner_idle(runner);
        status = prewarm(runner, config, &found);
    }
    key = runner->key;
    out->lock_ns = slipi_now_ns() - begin_ns;
    slipi_runner_leave(runner);
    out->found = found == SLIPI_PREBUILT_HIT     ? SLIP_PREWARM_RESIDENT
                 : found == SLIPI_PREBUILT_DIRTY ? SLIP_PREWARM_RELAID
                                                 : SLIP_PREWARM_BUILT;
    if (status == SLIP_OK && options != NULL &&
        (options->flags & (SLIP_PREWARM_FAULT | SLIP_PREWARM_HEAP)) != 0) {
        status = slipi_prefault(runner, &key, options, out);
    }
    return status;
}

/* Notes which of the sizings are in the cache at the end. */
static void note_stays(slip_runner *runner, const slip_run_config *configs, uint32_t count,
                       slip_prewarmed *out)
{
    uint32_t struct_size = out->struct_size;
    slipi_runner_enter(runner);
    for (uint32_t i = 0; i < count; i++) {
        if (make_key(runner, config_at(configs, i)) == SLIP_OK) {
            row_at(out, struct_size, i)->stays =
                slipi_prebuilt_cache_peek(&runner->cache, &runner->key) != NULL ? 1 : 0;
        }
    }
    slipi_runner_leave(runner);
}

/* Makes the states for several sizings resident. */
slip_status slip_prewarm_all(slip_runner *runner, const slip_run_config *configs, uint32_t count,
                             const slip_prewarm_options *options, slip_prewarmed *out)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = check_all(runner, configs, count, options, out);
    slipi_runner_leave(runner);
    if (status != SLIP_OK) {
        return status;
    }
    uint32_t struct_size = out != NULL ? out->struct_size : 0;
    uint32_t done = 0;
    for (; done < count && status == SLIP_OK; done++) {
        slip_prewarmed row = {.struct_size = struct_size};
        status = prewarm_one(runner, config_at(configs, done), options, &row);
        if (out != NULL) {
            *row_at(out, struct_size, done) = row;
        }
    }
    if (out != NULL && done != 0) {
        note_stays(runner, configs, done, out);
    }
    return status;
}

/* What a sizing would commit. */
slip_status slip_footprint_of(slip_runner *runner, const slip_run_config *config,
                              slip_footprint *out)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = slipi_out_check(runner, out, out != NULL ? out->struct_size : 0,
                                         sizeof(*out), "slip_footprint_of");
    if (status == SLIP_OK) {
        status = make_key(runner, config);
    }
    if (status == SLIP_OK) {
        status = derive(runner);
    }
    if (status == SLIP_OK) {
        const slipi_image_layout *image = &runner->scratch.image;
        bool device = runner->key.mode == SLIP_MODE_DEVICE_ORCH;
        *out = (slip_footprint){
            .struct_size = (uint32_t)sizeof(*out),
            .gm_heap_bytes = image->heap_bytes,
            .sm_bytes = image->sm_bytes,
            .arena_bytes = device ? image->arena_bytes : 0,
            .image_bytes = device ? SLIPI_IMAGE_BYTES : sizeof(slipi_sm),
        };
    }
    slipi_runner_leave(runner);
    return status;
}

/* Lists the parts of the image for a sizing. */
slip_status slip_image_parts(slip_runner *runner, const slip_run_config *config,
                             slip_image_part *parts, uint32_t *inout_count)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = SLIP_OK;
    if (inout_count == NULL || (parts == NULL && *inout_count != 0)) {
        status = slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                            "slip_image_parts: the list or its count is null");
    }
    if (status == SLIP_OK) {
        status = make_key(runner, config);
    }
    if (status == SLIP_OK) {
        status = derive(runner);
    }
    if (status == SLIP_OK) {
        *inout_count = slipi_layout_parts(&runner->scratch.image, parts, *inout_count);
    }
    slipi_runner_leave(runner);
    return status;
}
