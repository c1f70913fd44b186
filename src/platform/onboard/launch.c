/*
 * launch.c - launches on an onboard device and the waits for them; see onboard_int.h.
 *
 * A run launches the core program first, then the control program, which stops the cores in the
 * end. Its status is in the report that control thread 0 leaves in device memory: the launch's own
 * result only says that the program ran.
 */
#include <string.h>

#include "abi/layout.h"
#include "base/check.h"
#include "platform/onboard/errors.h"
#include "platform/onboard/onboard_int.h"

#define NS_PER_MS UINT64_C(1000000)

/* Launches the core program of a run. */
static slip_status launch_cores(slip_platform_device *device, const onboard_binary *binary,
                                uint64_t block)
{
    slipi_core_args *args = slipi_calls_room(device->calls, sizeof(*args));
    if (args == NULL) {
        return slipi_onboard_fail(device, SLIP_E_OUT_OF_MEMORY, "no memory for core arguments");
    }
    memset(args, 0, sizeof(*args));
    args->magic = SLIPI_BOOT_MAGIC;
    args->version = SLIPI_BOOT_VERSION;
    args->struct_size = sizeof(*args);
    args->serial = device->serial;
    args->block = block;
    args->state = device->state.address;
    args->hello = device->state.hello;
    args->dispatch = device->state.dispatch;
    args->registers = device->state.registers;
    args->info = device->info;
    slipi_call call = {.in = {binary->core_function, device->arch->blocks, device->core_stream,
                              (uint64_t)(uintptr_t)args, sizeof(*args), 1}};
    return slipi_onboard_call(device, SLIPI_ENTRY_aclrtLaunchKernelWithHostArgs, &call);
}

/* Fills what is the same in all launches of the control program. */
static void fill_args(const slip_platform_device *device, slipi_boot_args *args)
{
    args->magic = SLIPI_BOOT_MAGIC;
    args->version = SLIPI_BOOT_VERSION;
    args->struct_size = sizeof(*args);
    args->fingerprint = slipi_layout_fingerprint();
    args->serial = device->serial;
    args->state = device->state.address;
    args->hello = device->state.hello;
    args->dispatch = device->state.dispatch;
    args->registers = device->state.registers;
    args->wait_ns = device->timeouts.scheduler * NS_PER_MS;
    args->allowed_cpus = device->state.allowed_cpus;
    args->register_count = device->state.register_count;
    args->info = device->info;
}

/* Launches the control program with these arguments and a launch block behind them. */
static slip_status launch_control(slip_platform_device *device, const onboard_binary *binary,
                                  const slipi_boot_args *args, const void *block)
{
    uint64_t bytes = sizeof(*args) + args->block_bytes;
    uint8_t *room = slipi_calls_room(device->calls, bytes);
    if (room == NULL) {
        return slipi_onboard_fail(device, SLIP_E_OUT_OF_MEMORY,
                                  "no memory for %llu bytes to launch", (unsigned long long)bytes);
    }
    memcpy(room, args, sizeof(*args));
    if (args->block_bytes != 0) {
        memcpy(room + sizeof(*args), block, args->block_bytes);
    }
    device->counters.launches++;
    device->counters.launch_bytes += bytes;
    slipi_call call = {.in = {binary->control_function, args->launched, device->control_stream,
                              (uint64_t)(uintptr_t)room, bytes, 0}};
    return slipi_onboard_call(device, SLIPI_ENTRY_aclrtLaunchKernelWithHostArgs, &call);
}

/* Waits for a stream. A wait that fails, and is not only too long, leaves nobody who knows whether
 * the program still runs: its memory must not be given back before a reset. */
static slip_status synchronise(slip_platform_device *device, uint64_t stream, uint64_t ms)
{
    slipi_call call = {.in = {stream, ms}};
    slip_status status =
        slipi_onboard_call(device, SLIPI_ENTRY_aclrtSynchronizeStreamWithTimeout, &call);
    if (status != SLIP_OK && status != SLIP_E_HANG) {
        device->failure.lost = 1;
    }
    return status;
}

/* Reads the report of the last launch. */
static slip_status read_report(slip_platform_device *device)
{
    void *room = slipi_calls_room(device->calls, sizeof(device->report));
    if (room == NULL) {
        return slipi_onboard_fail(device, SLIP_E_OUT_OF_MEMORY, "no memory for the report");
    }
    slip_status status = slipi_onboard_copy_from(
        device, room, device->state.address + offsetof(slipi_boot_state, report),
        sizeof(device->report));
    if (status != SLIP_OK) {
        return status;
    }
    memcpy(&device->report, room, sizeof(device->report));
    device->report.why[sizeof(device->report.why) - 1u] = '\0';
    if (device->report.serial != device->serial) {
        device->failure.lost = 1;
        return slipi_onboard_fail(
            device, SLIP_E_DEVICE,
            "the control program did not answer launch %llu: it ended without "
            "a report, or refused its arguments as of another build",
            (unsigned long long)device->serial);
    }
    if (device->report.status != SLIP_OK) {
        return slipi_onboard_fail(device, device->report.status, "%s", device->report.why);
    }
    return SLIP_OK;
}

slip_status slipi_onboard_request(slip_platform_device *device, slipi_boot_args *args)
{
    onboard_binary *binary;
    if (device->running != 0) {
        return slipi_onboard_fail(device, SLIP_E_BUSY, "a run has not been waited for");
    }
    slip_status status = slipi_onboard_binary(device, "slipway", &binary);
    if (status == SLIP_OK) {
        device->serial++;
        fill_args(device, args);
        args->launched = 1;
        args->threads = 1;
        status = launch_control(device, binary, args, NULL);
    }
    if (status == SLIP_OK) {
        status = synchronise(device, device->control_stream, device->timeouts.synchronise);
    }
    if (status == SLIP_E_HANG) {
        device->failure.lost = 1; /* the thread is still in it: nothing else may be launched */
        return SLIP_E_DEVICE;
    }
    return status != SLIP_OK ? status : read_report(device);
}

slip_status slipi_onboard_launch(slip_platform_device *device, const slip_platform_launch *launch)
{
    onboard_binary *binary;
    if (device->running != 0) {
        return slipi_onboard_fail(device, SLIP_E_BUSY, "a run has not been waited for");
    }
    if (launch->entry == NULL || launch->address == 0 || launch->threads == 0 ||
        launch->threads > device->info.control_active_max || launch->block_bytes > UINT32_MAX) {
        return slipi_onboard_fail(device, SLIP_E_INVALID_ARGUMENT,
                                  "a launch needs an entry, a place and 1 to %u control threads; "
                                  "found %u",
                                  device->info.control_active_max, launch->threads);
    }
    slip_status status = slipi_onboard_binary(device, launch->entry->name, &binary);
    if (status != SLIP_OK) {
        return status;
    }
    device->serial++;
    slipi_boot_args args = {0};
    fill_args(device, &args);
    args.request = SLIPI_BOOT_RUN;
    args.threads = launch->threads;
    args.launched =
        device->state.launched > launch->threads ? device->state.launched : launch->threads;
    args.block = launch->address;
    args.block_bytes = launch->block != NULL ? (uint32_t)launch->block_bytes : 0;
    status = launch_cores(device, binary, launch->address);
    if (status != SLIP_OK) {
        return status;
    }
    status = launch_control(device, binary, &args, launch->block);
    if (status != SLIP_OK) {
        device->failure.lost = 1; /* the cores wait for it: only a reset ends them */
        return status;
    }
    device->running = 1;
    return SLIP_OK;
}

slip_status slipi_onboard_wait(slip_platform_device *device, uint64_t timeout_ns)
{
    if (device->running == 0) {
        return SLIP_OK;
    }
    uint64_t most = device->timeouts.synchronise;
    uint64_t ms = timeout_ns / NS_PER_MS + (timeout_ns % NS_PER_MS != 0 ? 1u : 0u);
    ms = ms == 0 || ms > most ? most : ms;
    slip_status status = synchronise(device, device->control_stream, ms);
    if (status == SLIP_E_HANG) {
        return status;
    }
    if (status == SLIP_OK) {
        status = read_report(device);
    }
    /* Whatever became of the control program, the cores must have left too; but what came first is
     * what the caller is told. */
    slip_platform_failure first = device->failure;
    slip_status cores = synchronise(device, device->core_stream, ms);
    if (cores == SLIP_E_HANG && status == SLIP_OK) {
        return cores;
    }
    device->running = 0;
    if (status != SLIP_OK && cores != SLIP_OK) {
        device->failure = first;
        device->failure.lost = 1;
    }
    return status != SLIP_OK ? status : cores;
}
