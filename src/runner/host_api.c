/*
 * host_api.c - fills the host API table from the platform's operations and the runner's cache.
 *
 * For device_runner.c. The members run under the runner's lock; ctx is the runner. Each describes
 * its failure before it returns it.
 */
#include "runner/host_api.h"

#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "device/entry.h"
#include "runner/runner_int.h"

/* Smallest staging buffer, so that small arguments do not grow it step by step. */
#define MIN_STAGING_BYTES (UINT64_C(64) << 10)

/* What the platform itself says of the call that failed last, as the end of a sentence. Notes its
 * code, and whether the device must be recovered before anything else. */
const char *slipi_platform_words(slip_runner *runner, slip_status status, char out[384])
{
    slip_platform_failure failure = {.struct_size = (uint32_t)sizeof(failure)};
    runner->error.code = status;
    out[0] = '\0';
    if (runner->ops->failure == NULL || runner->device == NULL) {
        return out;
    }
    runner->ops->failure(runner->device, &failure);
    runner->broken |= failure.lost;
    if (failure.code != 0 || failure.text[0] != '\0') {
        runner->error.code = failure.code != 0 ? failure.code : status;
        (void)snprintf(out, 384, "; %s%s%s", failure.call, failure.call[0] != '\0' ? ": " : "",
                       failure.text);
    }
    return out;
}

/* Describes a failure of a platform call and gives its status. */
slip_status slipi_platform_fail(slip_runner *runner, slip_status status, const char *call,
                                uint64_t bytes, const char *what)
{
    slip_error *error = &runner->error;
    slip_status given = status < 0 ? status : SLIP_E_DEVICE;
    char words[384];
    slipi_error_begin(error, given);
    slipi_error_resource(error, bytes, 0, 0, "%s", what);
    (void)slipi_platform_words(runner, status, words);
    if (bytes == 0) {
        return slipi_error_end(error, "platform '%s', %s (%s): %s%s", runner->ops->name, call, what,
                               slip_status_message(given), words);
    }
    return slipi_error_end(error, "platform '%s', %s of %llu bytes (%s): %s%s", runner->ops->name,
                           call, (unsigned long long)bytes, what, slip_status_message(given),
                           words);
}

/* Copies to the device. */
static slip_status copy_to(void *ctx, uint64_t dst, const void *src, uint64_t bytes)
{
    slip_runner *runner = ctx;
    slip_status status = runner->ops->copy_to(runner->device, dst, src, bytes);
    if (status != SLIP_OK) {
        return slipi_platform_fail(runner, status, "copy_to", bytes, "copy to the device");
    }
    return SLIP_OK;
}

/* Copies from the device. */
static slip_status copy_from(void *ctx, void *dst, uint64_t src, uint64_t bytes)
{
    slip_runner *runner = ctx;
    slip_status status = runner->ops->copy_from(runner->device, dst, src, bytes);
    if (status != SLIP_OK) {
        return slipi_platform_fail(runner, status, "copy_from", bytes, "copy from the device");
    }
    return SLIP_OK;
}

/* Makes resident bytes read as zero again, and counts those that it took work for. */
static slip_status zero(void *ctx, uint64_t address, uint64_t bytes)
{
    slip_runner *runner = ctx;
    const slip_platform_ops *ops = runner->ops;
    uint64_t relaid = bytes;
    uint64_t begin_ns = slipi_now_ns();
    slipi_memory_close(runner);
    slip_status status = ops->relay != NULL ? ops->relay(runner->device, address, bytes, &relaid)
                                            : ops->zero(runner->device, address, bytes);
    slipi_memory_open(runner);
    if (status != SLIP_OK) {
        return slipi_platform_fail(runner, status, ops->relay != NULL ? "relay" : "zero", bytes,
                                   "relaying SM or arena");
    }
    runner->stats.relaid_bytes += relaid;
    runner->stats.last_relaid_bytes = relaid;
    runner->stats.relay_ns += slipi_now_ns() - begin_ns;
    return SLIP_OK;
}

/* True if an address range lies inside one device allocation. */
static bool owns_device_memory(void *ctx, uint64_t address, uint64_t bytes)
{
    const slip_runner *runner = ctx;
    return slipi_device_memory_owns(&runner->memory, address, bytes);
}

/* Bytes to ask for when a staging buffer must grow: the runner's own, which serves every run, by
 * half at least; that of a prepared call as it is needed. */
static uint64_t staging_wanted(const slip_runner *runner, const slipi_staging *staging,
                               uint64_t bytes)
{
    if (staging != &runner->staging) {
        return bytes;
    }
    uint64_t wanted = bytes > MIN_STAGING_BYTES ? bytes : MIN_STAGING_BYTES;
    uint64_t grown = staging->bytes + staging->bytes / 2;
    return wanted > grown ? wanted : grown;
}

/* Makes a device buffer for host arguments large enough. */
static slip_status acquire_staging(void *ctx, slipi_staging *staging, uint64_t bytes)
{
    slip_runner *runner = ctx;
    if (bytes <= staging->bytes) {
        return SLIP_OK;
    }
    if (runner->restricted != 0) {
        runner->wants_turn = 1; /* no failure yet: it is tried again with the turn */
        return SLIP_E_BUSY;
    }
    uint64_t wanted = staging_wanted(runner, staging, bytes);
    if (staging->base != 0) {
        runner->ops->free(runner->device, staging->base, staging->bytes);
    }
    *staging = (slipi_staging){0, 0};
    runner->memory.epoch++;
    uint64_t base = 0;
    slip_status status = runner->ops->alloc(runner->device, wanted, &base);
    if (status != SLIP_OK) {
        return slipi_platform_fail(runner, status, "alloc", wanted, "staging of host arguments");
    }
    *staging = (slipi_staging){base, wanted};
    return SLIP_OK;
}

/* Prepares the regions of one sizing. */
static slip_status setup_static_arena(void *ctx, uint64_t gm_heap_bytes, uint64_t sm_bytes,
                                      uint64_t arena_bytes)
{
    return slipi_regions_setup(ctx, gm_heap_bytes, sm_bytes, arena_bytes);
}

/* Checks that a region that was set up is large enough. */
static slip_status check_set_up(slip_runner *runner, const char *name, uint64_t bytes,
                                uint64_t there)
{
    if (bytes <= there) {
        return SLIP_OK;
    }
    slipi_error_begin(&runner->error, SLIP_E_OUT_OF_MEMORY);
    slipi_error_resource(&runner->error, bytes, there, there, "%s", name);
    return slipi_error_end(&runner->error, "%s: wanted %llu bytes, %llu were set up", name,
                           (unsigned long long)bytes, (unsigned long long)there);
}

/* Base of the GM heap. */
static slip_status acquire_gm_heap(void *ctx, uint64_t bytes, uint64_t *out_base)
{
    slip_runner *runner = ctx;
    *out_base = runner->regions.heap.base;
    return check_set_up(runner, "GM heap", bytes, runner->regions.heap.committed);
}

/* Base of SM. */
static slip_status acquire_gm_sm(void *ctx, uint64_t bytes, uint64_t *out_base)
{
    slip_runner *runner = ctx;
    const slipi_regions *regions = &runner->regions;
    *out_base = regions->pair.base + regions->arena_bytes;
    return check_set_up(runner, "SM", bytes, regions->pair.committed - regions->arena_bytes);
}

/* Base of the runtime arena. */
static slip_status acquire_runtime_arena(void *ctx, uint64_t bytes, uint64_t *out_base)
{
    slip_runner *runner = ctx;
    *out_base = runner->regions.pair.base;
    return check_set_up(runner, "runtime arena", bytes, runner->regions.arena_bytes);
}

/* Gives SM and arena back. */
static void rollback_static_arena(void *ctx)
{
    slipi_regions_rollback(ctx);
}

/* Finds the resident state of a key. */
static enum slipi_prebuilt_found lookup(void *ctx, const slipi_prebuilt_key *key,
                                        slipi_prebuilt_entry **out)
{
    slip_runner *runner = ctx;
    return slipi_prebuilt_cache_lookup(&runner->cache, key, out);
}

/* Publishes a state; what was set up becomes the entry's. */
static slipi_prebuilt_entry *mark(void *ctx, const slipi_prebuilt_key *key,
                                  const slipi_prebuilt_state *state)
{
    slip_runner *runner = ctx;
    slipi_prebuilt_entry *entry = slipi_prebuilt_cache_publish(&runner->cache, key, state);
    if (entry != NULL && state->arena_base == runner->regions.pair.base) {
        slipi_regions_handed_over(runner);
    }
    return entry;
}

/* Starts the device's program. */
static slip_status launch(void *ctx, const slipi_launch_place *place, uint64_t bytes,
                          uint32_t threads)
{
    slip_runner *runner = ctx;
    bool in_place = runner->info.host_in_place != 0;
    slip_platform_launch launch = {
        .struct_size = (uint32_t)sizeof(launch),
        .threads = threads,
        .entry = &slipi_device_entry,
        .address = place->address,
        .block = in_place ? NULL : place->block,
        .block_bytes = in_place ? 0 : bytes,
    };
    return runner->ops->launch(runner->device, &launch);
}

/* Waits for its end. */
static slip_status wait_for_end(void *ctx, uint64_t timeout_ns)
{
    slip_runner *runner = ctx;
    return runner->ops->wait(runner->device, timeout_ns);
}

/* Fills the table; `hooks` wires the two cache hooks. */
void slipi_host_api_init(slip_runner *runner, bool hooks)
{
    runner->api = (slip_host_api){
        .struct_size = (uint32_t)sizeof(slip_host_api),
        .host_in_place = runner->info.host_in_place,
        .ctx = runner,
        .error = &runner->error,
        .memory_epoch = &runner->memory.epoch,
        .copy_to = copy_to,
        .copy_from = copy_from,
        .zero = zero,
        .owns_device_memory = owns_device_memory,
        .acquire_staging = acquire_staging,
        .setup_static_arena = setup_static_arena,
        .acquire_pooled_gm_heap = acquire_gm_heap,
        .acquire_pooled_gm_sm = acquire_gm_sm,
        .acquire_pooled_runtime_arena = acquire_runtime_arena,
        .rollback_static_arena = rollback_static_arena,
        .lookup_prebuilt_runtime_arena = hooks ? lookup : NULL,
        .mark_prebuilt_runtime_arena = hooks ? mark : NULL,
        .launch = launch,
        .wait = wait_for_end,
    };
}
