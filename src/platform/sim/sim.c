/*
 * sim.c - platforms a2a3sim and a5sim: open, close, describe and memory; see sim.h.
 *
 * Device memory lies in this process, but the host reaches it by the copies only: it is not
 * host_in_place, and every copy is checked against the book of mappings.
 */
#include "platform/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/dispatch.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "platform/common/arch_info.h"
#include "platform/common/processors.h"
#include "platform/common/programs.h"
#include "platform/sim/sim_int.h"

/* Players of cores unless the options say otherwise: more only help on a quiet large machine. */
enum { AUTO_PLAYERS_MAX = 4 };

/* Nothing to do: control threads and cores of the simulation see the same memory. */
static void cross_nothing(slip_platform_device *device, const void *address, uint64_t bytes)
{
    (void)device;
    (void)address;
    (void)bytes;
}

/* The system counter of the architecture, derived from the host's clock. */
static uint64_t sim_ticks(slip_platform_device *device)
{
    uint64_t now = slipi_now_ns();
    uint64_t hz = device->arch->counter_hz;
    return now / SLIPI_NS_PER_S * hz + now % SLIPI_NS_PER_S * hz / SLIPI_NS_PER_S;
}

/* Fills the description from the row of data. */
static void sim_describe(slip_platform_device *device, slip_platform_info *out)
{
    *out = slipi_arch_info(device->arch);
    out->fresh_is_zero = 1;
}

/* Sets what the device's program is given. */
static void fill_services(slip_platform_device *device, uint64_t dispatch_page)
{
    device->services = (slip_device_services){
        .struct_size = sizeof(device->services),
        .device = device,
        .reg_write = slipi_sim_reg_write,
        .reg_read = slipi_sim_reg_read,
        .publish = cross_nothing,
        .acquire = cross_nothing,
        .ticks = sim_ticks,
        .idle = slipi_sim_idle,
        .call_threads = slipi_sim_call_threads,
        .dispatch_page = dispatch_page,
    };
    sim_describe(device, &device->services.info);
}

/* Checks the options of open; the sentence names what was wanted and what was found. */
static slip_status check_options(const slip_platform_open *options, const char *name, char *why,
                                 size_t why_bytes)
{
    if (options == NULL || options->struct_size < sizeof(*options)) {
        (void)snprintf(why, why_bytes, "%s: the open options are null or smaller than %zu bytes",
                       name, sizeof(*options));
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (options->device_id >= SLIPI_SIM_DEVICES) {
        (void)snprintf(why, why_bytes, "%s: there is no device %u; use one of 0 to %u", name,
                       options->device_id, SLIPI_SIM_DEVICES - 1u);
        return SLIP_E_PLATFORM_UNAVAILABLE;
    }
    if (options->sim_threads > SIM_MAX_PLAYERS) {
        (void)snprintf(why, why_bytes, "%s: %u simulation threads are wanted, at most %u work",
                       name, options->sim_threads, SIM_MAX_PLAYERS);
        return SLIP_E_INVALID_ARGUMENT;
    }
    return SLIP_OK;
}

/* Opens a device of an architecture. */
static slip_status open_arch(const char *arch_name, const char *name,
                             const slip_platform_open *options, slip_platform_device **out,
                             char *why, size_t why_bytes)
{
    *out = NULL;
    slip_status status = check_options(options, name, why, why_bytes);
    if (status != SLIP_OK) {
        return status;
    }
    const struct slipi_arch_row *arch = slipi_arch_find(arch_name);
    SLIPI_ASSERT(arch != NULL && arch->blocks <= SIM_MAX_BLOCKS);
    SLIPI_ASSERT(arch->control_active_max <= SIM_MAX_CONTROL);
    slip_platform_device *device = aligned_alloc(_Alignof(slip_platform_device), sizeof(*device));
    if (device == NULL) {
        (void)snprintf(why, why_bytes, "%s: no memory for the device (%zu bytes)", name,
                       sizeof(*device));
        return SLIP_E_OUT_OF_MEMORY;
    }
    memset(device, 0, sizeof(*device));
    device->arch = arch;
    device->device_id = options->device_id;
    device->core_count = 3u * arch->blocks;
    device->player_count =
        options->sim_threads != 0 ? options->sim_threads : slipi_processors(AUTO_PLAYERS_MAX);
    uint64_t page = 0;
    uint64_t page_bytes = slipi_dispatch_page_bytes(arch->blocks);
    status = slipi_mappings_alloc(&device->memory, page_bytes, &page);
    if (status != SLIP_OK) {
        (void)snprintf(why, why_bytes, "%s: no memory for the mailboxes (%llu bytes)", name,
                       (unsigned long long)page_bytes);
        free(device);
        return status;
    }
    fill_services(device, page);
    *out = device;
    return SLIP_OK;
}

/* Opens a device of a2a3sim. */
static slip_status open_a2a3(const slip_platform_open *options, slip_platform_device **out,
                             char *why, size_t why_bytes)
{
    return open_arch("a2a3", "a2a3sim", options, out, why, why_bytes);
}

/* Opens a device of a5sim. */
static slip_status open_a5(const slip_platform_open *options, slip_platform_device **out, char *why,
                           size_t why_bytes)
{
    return open_arch("a5", "a5sim", options, out, why, why_bytes);
}

_Static_assert(offsetof(struct slip_platform_device, memory) == 0, "mapped.h");

/* Closes a device; one whose threads do not leave keeps its memory, because they may use it. */
static void sim_close(slip_platform_device *device)
{
    if (device == NULL) {
        return;
    }
    if (!slipi_sim_end_threads(device)) {
        slipi_log(SLIP_LOG_WARN,
                  "%ssim device %u: threads are still inside a kernel; its memory is left alone",
                  device->arch->name, device->device_id);
        return;
    }
    slipi_mappings_fini(&device->memory);
    free(device);
}

/* Copies to the device. */
static slip_status sim_copy_to(slip_platform_device *device, uint64_t dst, const void *src,
                               uint64_t bytes)
{
    if (bytes != 0 && (src == NULL || !slipi_mappings_usable(&device->memory, dst, bytes))) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (bytes != 0) {
        memcpy((void *)(uintptr_t)dst, src, (size_t)bytes);
    }
    return SLIP_OK;
}

/* Copies from the device. */
static slip_status sim_copy_from(slip_platform_device *device, void *dst, uint64_t src,
                                 uint64_t bytes)
{
    if (bytes != 0 && (dst == NULL || !slipi_mappings_usable(&device->memory, src, bytes))) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (bytes != 0) {
        memcpy(dst, (const void *)(uintptr_t)src, (size_t)bytes);
    }
    return SLIP_OK;
}

/* Delivers the launch block and starts the threads; see threads.c. */
static slip_status sim_launch(slip_platform_device *device, const slip_platform_launch *launch)
{
    if (device->running != 0) {
        return SLIP_E_BUSY; /* the block of the run that is on its way stays as it is */
    }
    slip_status status = sim_copy_to(device, launch->address, launch->block, launch->block_bytes);
    return status == SLIP_OK ? slipi_sim_launch(device, launch) : status;
}

void slipi_sim_read_counters(slip_platform_device *device, slipi_sim_counters *out)
{
    /* Relaxed: counters order nothing; they are exact once the run has been waited for. */
    *out = (slipi_sim_counters){
        .dispatch_writes = slipi_load_relaxed(&device->dispatch_writes),
        .steps = slipi_load_relaxed(&device->steps),
        .stops = slipi_load_relaxed(&device->stops),
        .closed_writes = slipi_load_relaxed(&device->closed_writes),
        .stopped_writes = slipi_load_relaxed(&device->stopped_writes),
        .unknown_accesses = slipi_load_relaxed(&device->unknown_accesses),
    };
}

/* One platform's table; the two differ in name and open only. */
#define SIM_OPS(platform_name, open_function)                                                    \
    {                                                                                            \
        .struct_size = sizeof(slip_platform_ops), .abi = SLIP_PLATFORM_ABI,                      \
        .name = (platform_name), .open = (open_function), .close = sim_close,                    \
        .describe = sim_describe, SLIPI_MAPPED_OPS, .copy_to = sim_copy_to,                      \
        .copy_from = sim_copy_from, .load_program = slipi_load_in_process,                       \
        .unload_program = slipi_unload_in_process, .launch = sim_launch, .wait = slipi_sim_wait, \
    }

const slip_platform_ops slipi_platform_a2a3sim = SIM_OPS("a2a3sim", open_a2a3);
const slip_platform_ops slipi_platform_a5sim = SIM_OPS("a5sim", open_a5);
