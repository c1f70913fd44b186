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

/* Makes the state resident, under the lock. */
static slip_status prewarm(slip_runner *runner, const slip_run_config *config)
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
    return status;
}

/* Makes the state for a sizing resident before the first run. */
slip_status slip_prewarm(slip_runner *runner, const slip_run_config *config)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&runner->lock);
    slip_status status = slipi_runner_usable(runner);
    if (status == SLIP_OK) {
        status = prewarm(runner, config);
    }
    pthread_mutex_unlock(&runner->lock);
    return status;
}

/* What a sizing would commit. */
slip_status slip_footprint_of(slip_runner *runner, const slip_run_config *config,
                              slip_footprint *out)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&runner->lock);
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
    pthread_mutex_unlock(&runner->lock);
    return status;
}

/* Lists the parts of the image for a sizing. */
slip_status slip_image_parts(slip_runner *runner, const slip_run_config *config,
                             slip_image_part *parts, uint32_t *inout_count)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&runner->lock);
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
    pthread_mutex_unlock(&runner->lock);
    return status;
}
