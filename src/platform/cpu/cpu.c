/*
 * cpu.c - the platform "cpu": open, describe and the table; see cpu.h.
 *
 * One thread at a time per device, as platform.h says; the services are called by every thread of
 * a run. Memory is in platform/common/memory.c, threads are in pool.c.
 */
#include "platform/cpu/cpu.h"

#include <slipway/slipway.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/arch.h"
#include "base/check.h"
#include "base/clock.h"
#include "platform/common/mapped.h"
#include "platform/common/places.h"
#include "platform/common/processors.h"
#include "platform/common/programs.h"
#include "platform/cpu/pool.h"

struct slip_platform_device {
    slipi_mappings memory; /* first: see mapped.h */
    slipi_pool pool;
};
_Static_assert(offsetof(struct slip_platform_device, memory) == 0, "mapped.h");

/* ---- services ------------------------------------------------------------------------------- */

/* There are no registers: threads run kernels themselves. */
static void reg_write(slip_platform_device *device, uint32_t core, uint32_t offset, uint32_t value)
{
    (void)device;
    (void)core;
    (void)offset;
    (void)value;
}

/* Reads 0: there are no registers. */
static uint32_t reg_read(slip_platform_device *device, uint32_t core, uint32_t offset)
{
    (void)device;
    (void)core;
    (void)offset;
    return 0;
}

/* Publish and acquire: memory is coherent here. */
static void coherent(slip_platform_device *device, const void *address, uint64_t bytes)
{
    (void)device;
    (void)address;
    (void)bytes;
}

/* The device's clock is the host's, in nanoseconds. */
static uint64_t ticks(slip_platform_device *device)
{
    (void)device;
    return slipi_now_ns();
}

/* Waits a little; see pool.c. */
static void idle(slip_platform_device *device, uint32_t thread, uint32_t idle_rounds)
{
    (void)thread;
    slipi_pool_idle(&device->pool, idle_rounds);
}

/* Wakes or starts helpers; see pool.c. */
static void call_threads(slip_platform_device *device, uint32_t count)
{
    slipi_pool_call(&device->pool, count);
}

/* ---- device --------------------------------------------------------------------------------- */

/* The row "cpu" of the architectures, with as many blocks as there are threads. */
static void describe(slip_platform_device *device, slip_platform_info *out)
{
    const struct slipi_arch_row *row = slipi_arch_find("cpu");
    uint32_t threads = device->pool.threads;
    *out = (slip_platform_info){
        .struct_size = (uint32_t)sizeof(*out),
        .blocks = threads,
        .aic_count = threads,
        .aiv_count = 2u * threads,
        .control_active_max = threads,
        .control_launch_max = threads,
        .counter_hz = row->counter_hz,
        .host_in_place = 1,
        .self_executing = 1,
        .prebuilt_hooks = 1,
        .fresh_is_zero = 1,
        .placed = 1,
    };
    (void)snprintf(out->arch, sizeof(out->arch), "%s", row->name);
}

/* Says no, with a reason. */
static slip_status check_options(const slip_platform_open *options, char *why, size_t why_bytes)
{
    if (options == NULL || options->struct_size < sizeof(*options)) {
        (void)snprintf(why, why_bytes, "cpu: wanted slip_platform_open of %zu bytes, found %u",
                       sizeof(*options), options != NULL ? options->struct_size : 0u);
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (options->device_id != 0) {
        (void)snprintf(why, why_bytes, "cpu: wanted device id 0, the only one, found %u",
                       options->device_id);
        return SLIP_E_PLATFORM_UNAVAILABLE;
    }
    if (options->threads > SLIP_MAX_THREADS) {
        (void)snprintf(why, why_bytes, "cpu: wanted at most %u threads (0 = automatic), found %u",
                       SLIP_MAX_THREADS, options->threads);
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (options->placement == NULL) {
        return SLIP_OK;
    }
    slipi_cpus allowed;
    (void)slipi_cpus_allowed(&allowed);
    return slipi_places_check(options->placement, &allowed, why, why_bytes);
}

/* Threads of a device: as many as are wanted; else one a processor, and not more than places. */
static uint32_t choose_threads(const slip_platform_open *options)
{
    if (options->threads != 0) {
        return options->threads;
    }
    const slip_placement *placement = options->placement;
    uint32_t most =
        placement != NULL && placement->count != 0 ? placement->count : SLIP_MAX_THREADS;
    return slipi_processors(most);
}

/* Opens a device: no thread is started, no memory mapped. */
static slip_status open_device(const slip_platform_open *options, slip_platform_device **out,
                               char *why, size_t why_bytes)
{
    *out = NULL;
    slip_status status = check_options(options, why, why_bytes);
    if (status != SLIP_OK) {
        return status;
    }
    uint32_t threads = choose_threads(options);
    void *memory = NULL;
    if (posix_memalign(&memory, 64, sizeof(slip_platform_device)) != 0) {
        (void)snprintf(why, why_bytes, "cpu: no memory for a device of %zu bytes",
                       sizeof(slip_platform_device));
        return SLIP_E_OUT_OF_MEMORY;
    }
    slip_platform_device *device = memory;
    memset(device, 0, sizeof(*device));
    status = slipi_pool_init(&device->pool, threads, options->placement);
    if (status != SLIP_OK) {
        (void)snprintf(why, why_bytes, "cpu: no memory for %u threads", threads);
        free(device);
        return status;
    }
    slip_device_services *services = &device->pool.services;
    *services = (slip_device_services){.struct_size = (uint32_t)sizeof(*services),
                                       .device = device,
                                       .reg_write = reg_write,
                                       .reg_read = reg_read,
                                       .publish = coherent,
                                       .acquire = coherent,
                                       .ticks = ticks,
                                       .idle = idle,
                                       .call_threads = call_threads};
    describe(device, &services->info);
    *out = device;
    return SLIP_OK;
}

/* Closes a device. If a kernel holds a thread, the device and its memory stay where they are. */
static void close_device(slip_platform_device *device)
{
    if (device != NULL && slipi_pool_fini(&device->pool)) {
        slipi_mappings_fini(&device->memory);
        free(device);
    }
}

/* ---- copies --------------------------------------------------------------------------------- */

/* Host and device share memory: any of it may be a side of a copy. */
static slip_status copy_bytes(uint64_t dst, uint64_t src, uint64_t bytes)
{
    uint64_t end;
    if (bytes == 0) {
        return SLIP_OK;
    }
    if (dst == 0 || src == 0 || !slipi_add_u64(dst, bytes, &end) ||
        !slipi_add_u64(src, bytes, &end)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    memmove((void *)(uintptr_t)dst, (const void *)(uintptr_t)src, (size_t)bytes);
    return SLIP_OK;
}

/* Copies host to device. */
static slip_status copy_to(slip_platform_device *device, uint64_t dst, const void *src,
                           uint64_t bytes)
{
    (void)device;
    return copy_bytes(dst, (uint64_t)(uintptr_t)src, bytes);
}

/* Copies device to host. */
static slip_status copy_from(slip_platform_device *device, void *dst, uint64_t src, uint64_t bytes)
{
    (void)device;
    return copy_bytes((uint64_t)(uintptr_t)dst, src, bytes);
}

/* ---- running -------------------------------------------------------------------------------- */

/* Opens the gate of a run; see pool.c. */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *launch)
{
    return slipi_pool_launch(&device->pool, launch);
}

/* Runs control thread 0 here, then closes the gate; see pool.c. */
static slip_status wait_device(slip_platform_device *device, uint64_t timeout_ns)
{
    return slipi_pool_wait(&device->pool, timeout_ns);
}

const slip_platform_ops slipi_platform_cpu = {
    .struct_size = (uint32_t)sizeof(slip_platform_ops),
    .abi = SLIP_PLATFORM_ABI,
    .name = "cpu",
    .open = open_device,
    .close = close_device,
    .describe = describe,
    SLIPI_MAPPED_OPS,
    .copy_to = copy_to,
    .copy_from = copy_from,
    .load_program = slipi_load_in_process,
    .unload_program = slipi_unload_in_process,
    .launch = launch,
    .wait = wait_device,
};
