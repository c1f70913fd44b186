/*
 * device_runner.c - opens, describes and closes a device runner; its last error.
 *
 * Public functions of slipway.h. Opening takes no more than it needs at once: regions, staging and
 * record buffers come with the first run that wants them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "runner/runner_int.h"
#include "runner/sizing.h"

/* No task completing for so long is a hang. Chosen, not measured: far above any kernel of the
 * examples, twice as long where threads only play the cores. */
#define DEADLINE_CPU_NS (UINT64_C(30) * 1000000000u)
#define DEADLINE_CORES_NS (UINT64_C(60) * 1000000000u)

/* The last failure of slip_runner_open on this thread. */
static _Thread_local slip_error open_error;

/* SLIP_E_REFUSED with its reason, if the runner takes nothing further. */
slip_status slipi_runner_usable(slip_runner *runner)
{
    if (runner->broken != 0) {
        slipi_runner_recover(runner, NULL);
    }
    if (runner->refuses == 0) {
        return SLIP_OK;
    }
    return slipi_fail(&runner->error, SLIP_E_REFUSED,
                      "the runner refuses further work: %s; close the runner and open another one",
                      runner->refusal);
}

/* Checks the struct of a caller that is written to. */
slip_status slipi_out_check(slip_runner *runner, const void *out, uint32_t struct_size,
                            size_t wanted, const char *what)
{
    if (out != NULL && struct_size >= wanted) {
        return SLIP_OK;
    }
    return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                      "%s: wanted a struct with struct_size %zu, found %s with %u", what, wanted,
                      out == NULL ? "null" : "one", struct_size);
}

/* Opens the device and reads what it is. */
static slip_status open_device(slip_runner *runner, const slipi_open_plan *plan)
{
    char why[256] = "";
    slip_status status = plan->ops->open(&plan->open, &runner->device, why, sizeof(why));
    if (status != SLIP_OK) {
        slipi_error_begin(&runner->error, status);
        slipi_error_resource(&runner->error, 0, 0, 0, "platform %.32s", plan->name);
        runner->error.code = status;
        return slipi_error_end(&runner->error, "platform '%.32s', device %u: %s%s%s", plan->name,
                               plan->open.device_id, slip_status_message(status),
                               why[0] != '\0' ? ": " : "", why);
    }
    runner->info.struct_size = (uint32_t)sizeof(runner->info);
    plan->ops->describe(runner->device, &runner->info);
    if (runner->info.control_active_max == 0 || runner->info.counter_hz == 0) {
        return slipi_fail(&runner->error, SLIP_E_PLATFORM_UNAVAILABLE,
                          "platform '%.32s' describes a device with %u control threads and a clock "
                          "of %llu Hz; at least 1 each are needed",
                          plan->name, runner->info.control_active_max,
                          (unsigned long long)runner->info.counter_hz);
    }
    if (plan->open.placement != NULL && runner->info.placed == 0) {
        return slipi_fail(&runner->error, SLIP_E_UNSUPPORTED,
                          "platform '%.32s' does not bind threads: open it without a placement",
                          plan->name);
    }
    return SLIP_OK;
}

/* Allocates the launch block on the device; see the header. */
slip_status slipi_launch_place_alloc(slip_runner *runner)
{
    slipi_launch_place *place = &runner->launch;
    slip_status status = runner->ops->alloc(runner->device, SLIPI_LAUNCH_BYTES, &place->address);
    if (status != SLIP_OK) {
        place->address = 0;
        return slipi_platform_fail(runner, status, "alloc", SLIPI_LAUNCH_BYTES, "launch block");
    }
    if (runner->info.host_in_place != 0) {
        place->block = (slipi_launch *)(uintptr_t)place->address;
        slipi_bind_init_block(place->block);
    }
    return SLIP_OK;
}

/* Makes the launch block, on the device and, if the host cannot write there, beside it. */
static slip_status make_launch_place(slip_runner *runner)
{
    slipi_launch_place *place = &runner->launch;
    slip_status status = slipi_launch_place_alloc(runner);
    if (status != SLIP_OK) {
        return status;
    }
    if (runner->info.host_in_place == 0) {
        runner->owns_block = 1;
        place->block = calloc(1, SLIPI_LAUNCH_BYTES);
        if (place->block == NULL) {
            return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                              "no memory for a launch block of %zu bytes", SLIPI_LAUNCH_BYTES);
        }
        slipi_bind_init_block(place->block);
    }
    return SLIP_OK;
}

/* Fills what of the key is the same for every run. */
static void init_key(slip_runner *runner)
{
    slipi_prebuilt_key *key = &runner->key;
    memset(key, 0, sizeof(*key));
    key->fingerprint = slipi_layout_fingerprint();
    key->control_capacity = runner->info.control_launch_max;
    memcpy(key->arch, runner->info.arch, sizeof(key->arch));
    (void)snprintf(key->platform, sizeof(key->platform), "%s", runner->ops->name);
}

/* Where the runner's serials begin: a mark in the high bits that differs from other runners'. */
static uint64_t first_serial(const slip_runner *runner)
{
    uint64_t seed = slipi_now_ns() ^ (uint64_t)(uintptr_t)runner;
    uint64_t mixed = seed * UINT64_C(0x9E3779B97F4A7C15); /* spreads the low bits upwards */
    return mixed >> SLIPI_RUN_NUMBER_BITS << SLIPI_RUN_NUMBER_BITS;
}

/* Everything of a runner that needs its device. */
static slip_status set_up(slip_runner *runner, slipi_open_plan *plan)
{
    slip_status status = slipi_places_resolve(runner, plan);
    if (status != SLIP_OK) {
        return status;
    }
    plan->open.placement = runner->placement.count != 0 ? &runner->placement : NULL;
    status = open_device(runner, plan);
    if (status != SLIP_OK) {
        return status;
    }
    uint64_t by_platform = runner->info.self_executing != 0 ? DEADLINE_CPU_NS : DEADLINE_CORES_NS;
    runner->progress_deadline_ns =
        plan->progress_deadline_ns != 0 ? plan->progress_deadline_ns : by_platform;
    slipi_host_api_init(runner, runner->info.prebuilt_hooks != 0 && plan->cache_off == 0);
    init_key(runner);
    slipi_sizing_from_environment(&runner->defaults);
    runner->trace = slipi_trace_open(plan->trace_path);
    return make_launch_place(runner);
}

/* Gives back everything that lies on the device. Not after a hang: threads may still use it. */
static void free_device_memory(slip_runner *runner)
{
    slipi_regions_fini(runner);
    slipi_programs_free_device(runner);
    if (runner->staging.base != 0) {
        runner->ops->free(runner->device, runner->staging.base, runner->staging.bytes);
    }
    if (runner->launch.address != 0) {
        runner->ops->free(runner->device, runner->launch.address, SLIPI_LAUNCH_BYTES);
    }
    for (uint32_t i = 0; i < runner->memory.count; i++) {
        runner->ops->free(runner->device, runner->memory.rows[i].address,
                          runner->memory.rows[i].bytes);
    }
}

/* Closes a runner that was opened as far as it was. */
static void tear_down(slip_runner *runner)
{
    slipi_run_queue_stop(runner);
    bool quiet = runner->device != NULL && runner->refuses == 0 && runner->broken == 0;
    slipi_records_fini(runner, quiet);
    slipi_calls_fini(runner, quiet);
    slipi_recordings_fini(runner, quiet);
    slipi_run_queue_fini(runner, quiet);
    if (quiet) {
        free_device_memory(runner);
    }
    if (!quiet) {
        slipi_prebuilt_cache_forget(&runner->cache);
    }
    if (runner->device != NULL) {
        runner->ops->close(runner->device);
    }
    slipi_programs_fini(runner, runner->refuses == 0);
    slipi_trace_close(runner->trace);
    if (runner->owns_block != 0) {
        free(runner->launch.block);
    }
    free(runner->memory.rows);
    free(runner->places);
    pthread_mutex_destroy(&runner->gate.lock);
    free(runner);
}

/* Opens a runner. */
slip_status slip_runner_open(const slip_runner_options *options, slip_runner **out)
{
    if (out != NULL) {
        *out = NULL;
    }
    if (out == NULL || options == NULL) {
        return slipi_fail(&open_error, SLIP_E_INVALID_ARGUMENT, "slip_runner_open: %s is null",
                          out == NULL ? "out" : "options");
    }
    slipi_open_plan plan = {0};
    slip_status status = slipi_options_check(options, &plan, &open_error);
    if (status != SLIP_OK) {
        return status;
    }
    slip_runner *runner = calloc(1, sizeof(*runner));
    if (runner == NULL) {
        return slipi_fail(&open_error, SLIP_E_OUT_OF_MEMORY,
                          "slip_runner_open: no memory for a runner of %zu bytes", sizeof(*runner));
    }
    if (pthread_mutex_init(&runner->gate.lock, NULL) != 0) {
        free(runner);
        return slipi_fail(&open_error, SLIP_E_OUT_OF_MEMORY, "slip_runner_open: no mutex");
    }
    slipi_error_begin(&runner->error, SLIP_OK);
    runner->ops = plan.ops;
    runner->device_id = plan.open.device_id;
    runner->plan.staging = &runner->staging;
    runner->run_serial = first_serial(runner);
    slipi_prebuilt_cache_init(&runner->cache, plan.cache_entries, plan.cache_bytes,
                              slipi_regions_release_entry, runner);
    status = set_up(runner, &plan);
    if (status != SLIP_OK) {
        open_error = runner->error;
        tear_down(runner);
        return status;
    }
    *out = runner;
    return SLIP_OK;
}

/* Closes a runner; null is fine. */
void slip_runner_close(slip_runner *runner)
{
    if (runner != NULL) {
        tear_down(runner);
    }
}

/* Describes the device. */
slip_status slip_runner_describe(slip_runner *runner, slip_runner_info *out)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = slipi_out_check(runner, out, out != NULL ? out->struct_size : 0,
                                         sizeof(*out), "slip_runner_describe");
    if (status == SLIP_OK) {
        const slip_platform_info *info = &runner->info;
        slip_runner_info result = {
            .struct_size = (uint32_t)sizeof(result),
            .device_id = runner->device_id,
            .blocks = info->blocks,
            .aic_count = info->aic_count,
            .aiv_count = info->aiv_count,
            .control_active_max = info->control_active_max,
            .control_launch_max = info->control_launch_max,
            .threads = info->self_executing != 0 ? info->control_active_max : 0,
            .counter_hz = info->counter_hz,
            .host_in_place = info->host_in_place,
            .programs_from_files = info->programs_from_files,
        };
        (void)snprintf(result.platform, sizeof(result.platform), "%s", runner->ops->name);
        memcpy(result.arch, runner->key.arch, sizeof(result.arch));
        result.arch[sizeof(result.arch) - 1] = '\0';
        const char *stand_in =
            runner->ops->stand_in != NULL ? runner->ops->stand_in(runner->device) : NULL;
        (void)snprintf(result.stand_in, sizeof(result.stand_in), "%s",
                       stand_in != NULL ? stand_in : "");
        *out = result;
    }
    slipi_runner_leave(runner);
    return status;
}

/* The last failure of a runner. Does not count as a failure of its own. */
slip_status slip_last_error(slip_runner *runner, slip_error *out)
{
    if (runner == NULL || out == NULL || out->struct_size < sizeof(*out)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    bool turn = slipi_runner_look(runner);
    *out = runner->error;
    slipi_runner_end_look(runner, turn);
    out->struct_size = (uint32_t)sizeof(*out);
    return SLIP_OK;
}

/* The last failure of slip_runner_open on this thread. */
slip_status slip_open_error(slip_error *out)
{
    if (out == NULL || out->struct_size < sizeof(*out)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    *out = open_error;
    out->struct_size = (uint32_t)sizeof(*out);
    return SLIP_OK;
}
