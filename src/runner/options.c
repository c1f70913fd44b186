/*
 * options.c - checks what callers give: options of a runner, configuration of a run.
 *
 * For device_runner.c, run.c and prewarm.c. A message says what was wanted and what was found.
 */
#include <stdio.h>
#include <string.h>

#include "runner/runner_int.h"

/* Entries that the cache keeps when the caller does not say: chosen, not measured. */
enum { DEFAULT_CACHE_ENTRIES = 8 };

/* The configuration of a caller that gave none. */
const slip_run_config slipi_config_defaults = {.struct_size = (uint32_t)sizeof(slip_run_config)};

/* Name of the first member of a platform's table that is null; null if all are there. */
static const char *missing_member(const slip_platform_ops *ops)
{
    const struct {
        const char *name;
        bool there;
    } members[] = {
        {"name", ops->name != NULL},
        {"open", ops->open != NULL},
        {"close", ops->close != NULL},
        {"describe", ops->describe != NULL},
        {"reserve", ops->reserve != NULL},
        {"commit", ops->commit != NULL},
        {"zero", ops->zero != NULL},
        {"release", ops->release != NULL},
        {"alloc", ops->alloc != NULL},
        {"free", ops->free != NULL},
        {"copy_to", ops->copy_to != NULL},
        {"copy_from", ops->copy_from != NULL},
        {"load_program", ops->load_program != NULL},
        {"unload_program", ops->unload_program != NULL},
        {"launch", ops->launch != NULL},
        {"wait", ops->wait != NULL},
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!members[i].there) {
            return members[i].name;
        }
    }
    return NULL;
}

/* Checks a platform table of the caller's own. */
static slip_status check_ops(const slip_platform_ops *ops, slip_error *error)
{
    if (ops->struct_size < sizeof(*ops) || ops->abi != SLIP_PLATFORM_ABI) {
        return slipi_fail(
            error, SLIP_E_INVALID_ARGUMENT,
            "options.ops: wanted a platform table of version %u with %zu bytes, found "
            "version %u with %u bytes",
            SLIP_PLATFORM_ABI, sizeof(*ops), ops->abi, ops->struct_size);
    }
    const char *missing = missing_member(ops);
    if (missing != NULL) {
        return slipi_fail(error, SLIP_E_INVALID_ARGUMENT,
                          "options.ops: the platform table's member '%s' is null", missing);
    }
    return SLIP_OK;
}

/* Finds the platform by name; a failure lists the names there are. */
static slip_status find_platform(const char *name, slipi_open_plan *out, slip_error *error)
{
    out->name = name != NULL ? name : "cpu";
    out->ops = slip_platform_find(out->name);
    if (out->ops != NULL) {
        return SLIP_OK;
    }
    char known[128] = "";
    size_t used = 0;
    for (const char *const *at = slip_platform_names(); *at != NULL; at++) {
        int more = snprintf(known + used, sizeof(known) - used, "%s%s", used > 0 ? ", " : "", *at);
        used += more > 0 ? (size_t)more : 0;
        if (used >= sizeof(known)) {
            break;
        }
    }
    return slipi_fail(error, SLIP_E_UNKNOWN_PLATFORM,
                      "there is no platform '%.40s'; this build has: %s", out->name, known);
}

/* Checks options and fills in the defaults. */
slip_status slipi_options_check(const slip_runner_options *options, slipi_open_plan *out,
                                slip_error *error)
{
    if (options->struct_size < sizeof(*options)) {
        return slipi_fail(error, SLIP_E_INVALID_ARGUMENT,
                          "options.struct_size is %u: wanted sizeof(slip_runner_options), %zu",
                          options->struct_size, sizeof(*options));
    }
    slip_status status;
    if (options->ops != NULL) {
        status = check_ops(options->ops, error);
        out->ops = options->ops;
        out->name = status == SLIP_OK ? options->ops->name : NULL;
    } else {
        status = find_platform(options->platform, out, error);
    }
    if (status != SLIP_OK) {
        return status;
    }
    if (options->threads > SLIP_MAX_THREADS || options->sim_threads > SLIP_MAX_THREADS) {
        return slipi_fail(error, SLIP_E_INVALID_ARGUMENT,
                          "options.threads is %u and options.sim_threads is %u: at most %u each",
                          options->threads, options->sim_threads, SLIP_MAX_THREADS);
    }
    if (options->cache_entries > SLIPI_PREBUILT_MAX_ENTRIES || options->cache_off > 1) {
        return slipi_fail(error, SLIP_E_INVALID_ARGUMENT,
                          "options.cache_entries is %u and cache_off is %u: at most %u and 1",
                          options->cache_entries, options->cache_off, SLIPI_PREBUILT_MAX_ENTRIES);
    }
    if (options->places != NULL && options->placement != NULL && options->placement[0] != '\0') {
        return slipi_fail(error, SLIP_E_INVALID_ARGUMENT,
                          "options.placement and options.places are both given: wanted one");
    }
    out->open = (slip_platform_open){.struct_size = (uint32_t)sizeof(slip_platform_open),
                                     .device_id = options->device_id,
                                     .threads = options->threads,
                                     .sim_threads = options->sim_threads};
    out->placement = options->placement;
    out->places = options->places;
    out->cache_entries =
        options->cache_entries != 0 ? options->cache_entries : DEFAULT_CACHE_ENTRIES;
    out->cache_off = options->cache_off;
    out->cache_bytes = options->cache_bytes;
    out->progress_deadline_ns = options->progress_deadline_ns;
    out->trace_path = options->trace_path;
    return SLIP_OK;
}

/* Describes a field of a configuration that is out of its range. */
static slip_status config_fail(slip_runner *runner, const char *field, uint32_t found,
                               uint32_t most)
{
    return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                      "config.%s is %u: at most %u on this device", field, found, most);
}

/* Checks a per-run configuration against the device. */
slip_status slipi_config_check(slip_runner *runner, const slip_run_config *config)
{
    const slip_platform_info *info = &runner->info;
    if (config->struct_size < sizeof(*config)) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                          "config.struct_size is %u: wanted sizeof(slip_run_config), %zu",
                          config->struct_size, sizeof(*config));
    }
    if (config->mode > SLIP_MODE_HOST_GRAPH) {
        return config_fail(runner, "mode", config->mode, SLIP_MODE_HOST_GRAPH);
    }
    if (config->dispatch > SLIP_DISPATCH_HALVES) {
        return config_fail(runner, "dispatch", config->dispatch, SLIP_DISPATCH_HALVES);
    }
    if (config->blocks > info->blocks) {
        return config_fail(runner, "blocks", config->blocks, info->blocks);
    }
    if (config->control_threads > info->control_active_max) {
        return config_fail(runner, "control_threads", config->control_threads,
                           info->control_active_max);
    }
    if (config->trace_tasks > 1 || config->audit > 1 || config->untimed > 1) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                          "config: trace_tasks, audit and untimed must be 0 or 1; found %u, "
                          "%u and %u",
                          config->trace_tasks, config->audit, config->untimed);
    }
    return SLIP_OK;
}
