/*
 * recover.c - an onboard device after a hang or a loss; see onboard_int.h.
 *
 * By public reports nothing but a forced reset helps after an operation timed out
 * (docs/onboard.md), and a reset that "succeeds" may still leave a device that takes no work: so
 * the device is set up again and must answer a probe before it is trusted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/onboard/onboard_int.h"

/* Waits for what still runs, so that a program that was only late ends by itself. */
static void drain(slip_platform_device *device)
{
    uint64_t streams[2] = {device->control_stream, device->core_stream};
    for (int i = 0; i < 2; i++) {
        slipi_call call = {.in = {streams[i], device->timeouts.scheduler}};
        if (streams[i] != 0 && device->calls != NULL &&
            slipi_onboard_call(device, SLIPI_ENTRY_aclrtSynchronizeStreamWithTimeout, &call) !=
                SLIP_OK) {
            return;
        }
    }
}

/* Forgets everything that was on the device: the reset takes it. */
static void forget(slip_platform_device *device)
{
    slipi_onboard_book_fini(device, true);
    slipi_onboard_binaries_fini(device, true);
    for (uint32_t i = 0; i < device->callable_room; i++) {
        device->callables[i].refs = 0;
    }
    device->control_stream = 0;
    device->core_stream = 0;
    device->running = 0;
}

/* A thread for the calls, if the last one was abandoned. */
static slip_status new_thread(slip_platform_device *device)
{
    if (device->calls != NULL) {
        return SLIP_OK;
    }
    slip_status status =
        slipi_calls_open(&device->runtime, sizeof(device->runtime), &device->calls);
    if (status != SLIP_OK) {
        return slipi_onboard_fail(device, status, "no thread for the device can be had");
    }
    /* The runtime's current device belongs to the thread: a reset needs it to be set. */
    slipi_call set = {.in = {device->id}};
    (void)slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtSetDevice, &set);
    return device->calls != NULL ? SLIP_OK : SLIP_E_DEVICE;
}

/* Resets by force, sets up and probes; what was being done is left in *doing. */
static slip_status reset(slip_platform_device *device, const char *names[ONBOARD_MAX_BINARIES],
                         const char **doing)
{
    slipi_call force = {.in = {device->id}};
    slipi_boot_args probe = {.request = SLIPI_BOOT_PROBE};
    *doing = "a thread for it";
    slip_status status = new_thread(device);
    if (status == SLIP_OK) {
        *doing = "the forced reset";
        status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtResetDeviceForce, &force);
    }
    forget(device);
    if (status == SLIP_OK) {
        device->is_set = 0;
        device->failure.lost = 0;
        *doing = "setting it up again";
        status = slipi_onboard_set_up(device);
    }
    for (int i = 0; status == SLIP_OK && i < ONBOARD_MAX_BINARIES; i++) {
        onboard_binary *binary;
        *doing = "loading its programs again";
        status = names[i][0] != '\0' ? slipi_onboard_binary(device, names[i], &binary) : SLIP_OK;
    }
    if (status == SLIP_OK) {
        *doing = "a probe";
        status = slipi_onboard_request(device, &probe);
    }
    return status;
}

slip_status slipi_onboard_recover(slip_platform_device *device, char *why, size_t why_bytes)
{
    char copies[ONBOARD_MAX_BINARIES][sizeof(device->binaries[0].name)];
    const char *names[ONBOARD_MAX_BINARIES];
    const char *doing = "";
    for (int i = 0; i < ONBOARD_MAX_BINARIES; i++) {
        memcpy(copies[i], device->binaries[i].name, sizeof(copies[i]));
        names[i] = copies[i];
    }
    device->counters.resets++;
    device->mending = 1;
    drain(device);
    slip_status status = reset(device, names, &doing);
    device->mending = 0;
    if (status == SLIP_OK) {
        return SLIP_OK;
    }
    device->failure.lost = 1;
    (void)snprintf(why, why_bytes, "device %u was not recovered, %s failed: %s%s%.150s", device->id,
                   doing, device->failure.call, device->failure.call[0] != '\0' ? ": " : "",
                   device->failure.text[0] != '\0' ? device->failure.text
                                                   : slip_status_message(status));
    return SLIP_E_DEVICE;
}
