/*
 * device.c - platforms a2a3 and a5: open, close, describe; see onboard.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "platform/common/arch_info.h"
#include "platform/onboard/onboard_int.h"

/* The device's threads are its own; a number beyond this is a mistake all the same. */
enum { MOST_THREADS = 1024 };

/* Names of the SoCs of each row, by how they begin; from CANN's public platform files. */
static const struct soc_row {
    const char *arch;
    const char *prefix;
} socs[] = {{"a2a3", "Ascend910B"}, {"a2a3", "Ascend910_93"}, {"a5", "Ascend950"}};
enum { SOC_COUNT = sizeof(socs) / sizeof(socs[0]) };

/* Fills the description from the row of data. */
static void fill_info(slip_platform_device *device)
{
    device->info = slipi_arch_info(device->arch);
    device->info.reserve_is_memory = 1;
    device->info.programs_from_files = 1;
}

/* Initialises the runtime and looks at its version, SoC and devices. */
static slip_status meet_runtime(slip_platform_device *device)
{
    slipi_call init = {.code = 0};
    slipi_call version = {.code = 0};
    slipi_call soc = {.code = 0};
    slipi_call count = {.code = 0};
    slip_status status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclInit, &init);
    if (status == SLIP_OK) {
        status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtGetVersion, &version);
    }
    if (status == SLIP_OK && version.out[0] < SLIPI_ACL_MAJOR) {
        return slipi_onboard_fail(device, SLIP_E_PLATFORM_UNAVAILABLE,
                                  "the runtime's interface has version %llu.%llu.%llu, at least "
                                  "%d.0.0 is needed",
                                  (unsigned long long)version.out[0],
                                  (unsigned long long)version.out[1],
                                  (unsigned long long)version.out[2], SLIPI_ACL_MAJOR);
    }
    if (status == SLIP_OK && version.out[0] > SLIPI_ACL_MAJOR) {
        slipi_log(SLIP_LOG_WARN,
                  "%s: the runtime's interface has version %llu.%llu; this build knows %d",
                  device->arch->name, (unsigned long long)version.out[0],
                  (unsigned long long)version.out[1], SLIPI_ACL_MAJOR);
    }
    if (status == SLIP_OK) {
        status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtGetSocName, &soc);
    }
    bool known = false;
    for (int i = 0; i < SOC_COUNT; i++) {
        known = known || (strcmp(socs[i].arch, device->arch->name) == 0 &&
                          strncmp(soc.name, socs[i].prefix, strlen(socs[i].prefix)) == 0);
    }
    if (status == SLIP_OK && !known) {
        return slipi_onboard_fail(device, SLIP_E_PLATFORM_UNAVAILABLE,
                                  "the runtime names the SoC '%s', which is no %s", soc.name,
                                  device->arch->name);
    }
    if (status == SLIP_OK) {
        status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtGetDeviceCount, &count);
    }
    if (status == SLIP_OK && device->id >= count.out[0]) {
        return slipi_onboard_fail(device, SLIP_E_PLATFORM_UNAVAILABLE,
                                  "there is no device %u; the runtime has %llu", device->id,
                                  (unsigned long long)count.out[0]);
    }
    return status;
}

/* Creates the two streams. */
static slip_status make_streams(slip_platform_device *device)
{
    uint64_t *streams[2] = {&device->control_stream, &device->core_stream};
    for (int i = 0; i < 2; i++) {
        slipi_call call = {.in = {0, 0}};
        slip_status status =
            slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtCreateStreamWithConfig, &call);
        if (status != SLIP_OK) {
            return status;
        }
        *streams[i] = call.out[0];
    }
    return SLIP_OK;
}

/* Makes the memory of the device's programs: one allocation, one memset, one copy. */
static slip_status make_state(slip_platform_device *device)
{
    onboard_state *state = &device->state;
    uint64_t cores = 3u * (uint64_t)device->arch->blocks;
    uint64_t *table = calloc(SLIPI_BOOT_CORES, sizeof(*table));
    if (table == NULL) {
        return slipi_onboard_fail(device, SLIP_E_OUT_OF_MEMORY, "no memory for a register table");
    }
    slip_status status = slipi_onboard_find_registers(device, table);
    state->bytes = sizeof(slipi_boot_state) + cores * sizeof(slipi_core_hello) +
                   slipi_dispatch_page_bytes(device->arch->blocks) +
                   SLIPI_BOOT_CORES * sizeof(*table);
    if (status == SLIP_OK) {
        status = slipi_onboard_alloc(device, state->bytes, &state->address);
    }
    if (status == SLIP_OK) {
        state->hello = state->address + sizeof(slipi_boot_state);
        state->dispatch = state->hello + cores * sizeof(slipi_core_hello);
        state->registers = state->dispatch + slipi_dispatch_page_bytes(device->arch->blocks);
        status = slipi_onboard_zero(device, state->address, state->bytes);
    }
    if (status != SLIP_OK) {
        free(table);
        return status;
    }
    return slipi_onboard_upload(device, state->registers, table, SLIPI_BOOT_CORES * sizeof(*table));
}

slip_status slipi_onboard_set_up(slip_platform_device *device)
{
    slipi_call set = {.in = {device->id}};
    slipi_call limit = {.in = {device->timeouts.operation * UINT64_C(1000)}};
    slip_status status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtSetDevice, &set);
    if (status == SLIP_OK) {
        device->is_set = 1;
        status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtSetOpExecuteTimeOutV2, &limit);
    }
    if (status == SLIP_OK) {
        status = make_streams(device);
    }
    return status == SLIP_OK ? make_state(device) : status;
}

/* Gives everything on the device back, as far as calls still come back. */
static void tear_down(slip_platform_device *device)
{
    bool quiet = device->failure.lost == 0 && device->running == 0;
    uint64_t streams[2] = {device->core_stream, device->control_stream};
    if (quiet) {
        slipi_onboard_binaries_fini(device, false);
        slipi_onboard_book_fini(device, false);
    }
    for (int i = 0; quiet && i < 2; i++) {
        slipi_call call = {.in = {streams[i]}};
        if (streams[i] != 0) {
            (void)slipi_onboard_call(device, SLIPI_ENTRY_aclrtDestroyStreamForce, &call);
        }
    }
    /* A counted reset leaves other users of this device in this process alone; one by force does
     * not, and is for what would otherwise go on running. */
    slipi_call call = {.in = {device->id}};
    if (!quiet && (device->is_set != 0 || device->counters.resets != 0)) {
        (void)slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtResetDeviceForce, &call);
    } else if (device->is_set != 0 && device->runtime.aclrtResetDevice != NULL) {
        (void)slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtResetDevice, &call);
    }
}

/* Closes; bounded, since every call is. */
static void onboard_close(slip_platform_device *device)
{
    if (device == NULL) {
        return;
    }
    if (device->calls != NULL) {
        tear_down(device);
    }
    slipi_calls_close(device->calls);
    if (device->kept == 0) {
        slipi_acl_unload(&device->runtime);
    }
    slipi_onboard_book_fini(device, true);
    free(device->callables);
    free(device);
}

/* Everything of open behind the options. */
static slip_status start(slip_platform_device *device, char *why, size_t why_bytes)
{
    slip_status status = slipi_timeouts_from_environment(&device->timeouts, why, why_bytes);
    if (status == SLIP_OK) {
        status = slipi_acl_load(&device->runtime, why, why_bytes);
    }
    if (status != SLIP_OK) {
        return status;
    }
    status = slipi_calls_open(&device->runtime, sizeof(device->runtime), &device->calls);
    if (status != SLIP_OK) {
        (void)slipi_onboard_fail(device, status, "no thread for the device can be had");
    }
    if (status == SLIP_OK) {
        status = meet_runtime(device);
    }
    if (status == SLIP_OK) {
        status = slipi_onboard_set_up(device);
    }
    if (status != SLIP_OK) {
        (void)snprintf(why, why_bytes, "%.60s: %s%s%.160s", device->runtime.path,
                       device->failure.call, device->failure.call[0] != '\0' ? ": " : "",
                       device->failure.text);
    }
    return status;
}

/* Opens a device of an architecture. */
static slip_status open_arch(const char *arch, const slip_platform_open *options,
                             slip_platform_device **out, char *why, size_t why_bytes)
{
    *out = NULL;
    if (options == NULL || options->struct_size < sizeof(*options)) {
        (void)snprintf(why, why_bytes, "the open options are null or smaller than %zu bytes",
                       sizeof(*options));
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (options->threads > MOST_THREADS || options->sim_threads > MOST_THREADS) {
        (void)snprintf(why, why_bytes, "%u threads and %u simulation threads; at most %d of each",
                       options->threads, options->sim_threads, (int)MOST_THREADS);
        return SLIP_E_INVALID_ARGUMENT;
    }
    slip_platform_device *device = calloc(1, sizeof(*device));
    if (device == NULL) {
        (void)snprintf(why, why_bytes, "no memory for the device (%zu bytes)", sizeof(*device));
        return SLIP_E_OUT_OF_MEMORY;
    }
    device->arch = slipi_arch_find(arch);
    device->id = options->device_id;
    SLIPI_ASSERT(device->arch != NULL && 3u * device->arch->blocks <= SLIPI_BOOT_CORES);
    SLIPI_ASSERT(device->arch->control_launch_max <= SLIPI_BOOT_THREADS);
    fill_info(device);
    slip_status status = start(device, why, why_bytes);
    if (status != SLIP_OK) {
        onboard_close(device);
        return status;
    }
    *out = device;
    return SLIP_OK;
}

/* Opens a device of a2a3. */
static slip_status open_a2a3(const slip_platform_open *options, slip_platform_device **out,
                             char *why, size_t why_bytes)
{
    return open_arch("a2a3", options, out, why, why_bytes);
}

/* Opens a device of a5. */
static slip_status open_a5(const slip_platform_open *options, slip_platform_device **out, char *why,
                           size_t why_bytes)
{
    return open_arch("a5", options, out, why, why_bytes);
}

/* Describes it. */
static void onboard_describe(slip_platform_device *device, slip_platform_info *out)
{
    *out = device->info;
}

/* Says more of the call that failed last. */
static void onboard_failure(slip_platform_device *device, slip_platform_failure *out)
{
    *out = device->failure;
    out->struct_size = sizeof(*out);
}

void slipi_onboard_read_counters(const slip_platform_device *device, slipi_onboard_counters *out)
{
    *out = device->counters;
}

/* What a stand-in runtime says of itself. */
static const char *onboard_stand_in(slip_platform_device *device)
{
    return device->runtime.standin != NULL ? device->runtime.standin() : NULL;
}

/* Both tables are alike but for their names and how they are opened. */
#define ONBOARD_OPS(name_text, open_function)                                                     \
    {                                                                                             \
        .struct_size = sizeof(slip_platform_ops), .abi = SLIP_PLATFORM_ABI, .name = name_text,    \
        .open = open_function, .close = onboard_close, .describe = onboard_describe,              \
        .reserve = slipi_onboard_reserve, .commit = slipi_onboard_commit,                         \
        .zero = slipi_onboard_zero, .release = slipi_onboard_free, .alloc = slipi_onboard_alloc,  \
        .free = slipi_onboard_free, .copy_to = slipi_onboard_copy_to,                             \
        .copy_from = slipi_onboard_copy_from, .load_program = slipi_onboard_load_program,         \
        .unload_program = slipi_onboard_unload_program, .launch = slipi_onboard_launch,           \
        .wait = slipi_onboard_wait, .failure = onboard_failure, .recover = slipi_onboard_recover, \
        .stand_in = onboard_stand_in, .available = slipi_onboard_available,                       \
    }

const slip_platform_ops slipi_platform_a2a3 = ONBOARD_OPS("a2a3", open_a2a3);
const slip_platform_ops slipi_platform_a5 = ONBOARD_OPS("a5", open_a5);
