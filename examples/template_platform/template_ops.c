/*
 * template_ops.c - the table of the smallest platform, member by member; see template_ops.h.
 *
 * The runner calls one member at a time per device. The services are called by the device's
 * program, which here is one thread: the one that waits.
 */
#include "template_ops.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_BYTES UINT64_C(4096)

/* One reservation or allocation. */
struct block {
    struct block *next;
    uint64_t address;
    uint64_t bytes;     /* of the block */
    uint64_t committed; /* usable, from its start */
};

struct slip_platform_device {
    struct block *blocks;
    uint64_t used_bytes;            /* of TEMPLATE_MEMORY_BYTES */
    const slip_device_entry *entry; /* launched and not waited for; null if none */
    uint64_t launch_address;
    slip_device_services services;
};

/* ---- services: what the device's program may call ------------------------------------------- */

/* There are no registers on a platform that executes itself. */
static void no_write(slip_platform_device *device, uint32_t core, uint32_t offset, uint32_t value)
{
    (void)device;
    (void)core;
    (void)offset;
    (void)value;
}

/* As above. */
static uint32_t no_read(slip_platform_device *device, uint32_t core, uint32_t offset)
{
    (void)device;
    (void)core;
    (void)offset;
    return 0;
}

/* Publish and acquire: this memory is coherent. */
static void coherent(slip_platform_device *device, const void *address, uint64_t bytes)
{
    (void)device;
    (void)address;
    (void)bytes;
}

/* The device's clock, in ticks of info.counter_hz. */
static uint64_t ticks(slip_platform_device *device)
{
    struct timespec now;
    (void)device;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* A thread with nothing to do lets others run. */
static void idle(slip_platform_device *device, uint32_t thread, uint32_t idle_rounds)
{
    (void)device;
    (void)thread;
    (void)idle_rounds;
    (void)sched_yield();
}

/* There is nobody else to call. */
static void call_threads(slip_platform_device *device, uint32_t count)
{
    (void)device;
    (void)count;
}

/* ---- open, close, describe ------------------------------------------------------------------ */

/* Says what the device is. prebuilt_hooks = 0: the runner gets no lookup and no mark, every bind
 * is a miss, and the results are the same. host_in_place = 0: arguments are copied. */
static void describe(slip_platform_device *device, slip_platform_info *out)
{
    (void)device;
    *out = (slip_platform_info){.struct_size = (uint32_t)sizeof(*out),
                                .blocks = 1,
                                .aic_count = 1,
                                .aiv_count = 2,
                                .control_active_max = 1,
                                .control_launch_max = 1,
                                .counter_hz = UINT64_C(1000000000),
                                .host_in_place = 0,
                                .self_executing = 1,
                                .prebuilt_hooks = 0,
                                .fresh_is_zero = 1,
                                .reserve_is_memory = 1,
                                .arch = "cpu"};
}

/* Opens a device. A refusal says what was wanted and what was found. */
static slip_status open_device(const slip_platform_open *options, slip_platform_device **out,
                               char *why, size_t why_bytes)
{
    *out = NULL;
    if (options == NULL || options->struct_size < sizeof(*options)) {
        (void)snprintf(why, why_bytes, "template: wanted options of %zu bytes", sizeof(*options));
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (options->device_id != 0) {
        (void)snprintf(why, why_bytes, "template: wanted device 0, the only one, found %u",
                       options->device_id);
        return SLIP_E_PLATFORM_UNAVAILABLE;
    }
    if (options->threads > 1) {
        (void)snprintf(why, why_bytes, "template: wanted 1 thread, found %u", options->threads);
        return SLIP_E_INVALID_ARGUMENT;
    }
    slip_platform_device *device = calloc(1, sizeof(*device));
    if (device == NULL) {
        (void)snprintf(why, why_bytes, "template: no memory for a device");
        return SLIP_E_OUT_OF_MEMORY;
    }
    device->services = (slip_device_services){.struct_size = (uint32_t)sizeof(device->services),
                                              .device = device,
                                              .reg_write = no_write,
                                              .reg_read = no_read,
                                              .publish = coherent,
                                              .acquire = coherent,
                                              .ticks = ticks,
                                              .idle = idle,
                                              .call_threads = call_threads};
    describe(device, &device->services.info);
    *out = device;
    return SLIP_OK;
}

/* Closes a device and frees what was not freed. */
static void close_device(slip_platform_device *device)
{
    if (device == NULL) {
        return;
    }
    while (device->blocks != NULL) {
        struct block *block = device->blocks;
        device->blocks = block->next;
        free((void *)(uintptr_t)block->address);
        free(block);
    }
    free(device);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* The block that holds [address, address + bytes) in its committed part; null if none does. */
static struct block *find(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    for (struct block *b = device->blocks; b != NULL; b = b->next) {
        uint64_t offset = address - b->address;
        if (address >= b->address && offset <= b->committed && bytes <= b->committed - offset) {
            return b;
        }
    }
    return NULL;
}

/* Reserves bytes. This platform has no way to reserve addresses without memory, so it says no
 * beyond its size; the runner then asks for less. */
static slip_status reserve(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    *out_address = 0;
    if (bytes == 0) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (bytes > TEMPLATE_MEMORY_BYTES - device->used_bytes) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    uint64_t rounded = (bytes + PAGE_BYTES - 1u) / PAGE_BYTES * PAGE_BYTES;
    struct block *block = malloc(sizeof(*block));
    void *memory = aligned_alloc((size_t)PAGE_BYTES, (size_t)rounded);
    if (block == NULL || memory == NULL) {
        free(block);
        free(memory);
        return SLIP_E_OUT_OF_MEMORY;
    }
    *block = (struct block){device->blocks, (uint64_t)(uintptr_t)memory, bytes, 0};
    device->blocks = block;
    device->used_bytes += bytes;
    *out_address = block->address;
    return SLIP_OK;
}

/* Makes the first bytes of a reservation usable; new ones read as zero. */
static slip_status commit(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                          uint64_t bytes)
{
    struct block *block = find(device, address, 0);
    if (block == NULL || block->address != address || bytes > block->bytes || bytes < old_bytes) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (bytes > block->committed) {
        memset((void *)(uintptr_t)(address + block->committed), 0,
               (size_t)(bytes - block->committed));
        block->committed = bytes;
    }
    return SLIP_OK;
}

/* Makes committed bytes read as zero again. */
static slip_status zero(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    if (find(device, address, bytes) == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    memset((void *)(uintptr_t)address, 0, (size_t)bytes);
    return SLIP_OK;
}

/* Gives a reservation or an allocation back. */
static void release(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    (void)bytes; /* the block knows */
    for (struct block **link = &device->blocks; *link != NULL; link = &(*link)->next) {
        struct block *block = *link;
        if (block->address == address) {
            *link = block->next;
            device->used_bytes -= block->bytes;
            free((void *)(uintptr_t)block->address);
            free(block);
            return;
        }
    }
}

/* What is left: more than this the runner does not ask for. */
static slip_status available(slip_platform_device *device, uint64_t *out_bytes)
{
    *out_bytes = TEMPLATE_MEMORY_BYTES - device->used_bytes;
    return SLIP_OK;
}

/* Memory of its own: a reservation that is committed whole. */
static slip_status alloc(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    slip_status status = reserve(device, bytes, out_address);
    return status == SLIP_OK ? commit(device, *out_address, 0, bytes) : status;
}

/* Copies host to device; complete on return. */
static slip_status copy_to(slip_platform_device *device, uint64_t dst, const void *src,
                           uint64_t bytes)
{
    if (bytes != 0 && (src == NULL || find(device, dst, bytes) == NULL)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (bytes != 0) {
        memcpy((void *)(uintptr_t)dst, src, (size_t)bytes);
    }
    return SLIP_OK;
}

/* Copies device to host; complete on return. */
static slip_status copy_from(slip_platform_device *device, void *dst, uint64_t src, uint64_t bytes)
{
    if (bytes != 0 && (dst == NULL || find(device, src, bytes) == NULL)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (bytes != 0) {
        memcpy(dst, (const void *)(uintptr_t)src, (size_t)bytes);
    }
    return SLIP_OK;
}

/* ---- running -------------------------------------------------------------------------------- */

/* Names the functions of a program. The device is this process: a name is an address. */
static slip_status load_program(slip_platform_device *device, const slip_program_source *source,
                                slip_loaded_program *out)
{
    (void)device;
    const slip_program *program = source->program;
    if (program == NULL || out->kernel_count < program->kernel_count) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    out->orchestrate = (uint64_t)(uintptr_t)program->orchestrate;
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        out->kernels[k] = (uint64_t)(uintptr_t)program->kernels[k].fn;
    }
    return SLIP_OK;
}

/* Nothing was loaded, so there is nothing to take back. */
static void unload_program(slip_platform_device *device, const slip_loaded_program *program)
{
    (void)device;
    (void)program;
}

/* Delivers the launch block and notes what to run: thread 0 of a platform that executes itself runs
 * in wait. */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *launch)
{
    if (launch->entry == NULL || launch->threads != 1) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (device->entry != NULL) {
        return SLIP_E_BUSY;
    }
    slip_status status = copy_to(device, launch->address, launch->block, launch->block_bytes);
    if (status != SLIP_OK) {
        return status;
    }
    device->entry = launch->entry;
    device->launch_address = launch->address;
    return SLIP_OK;
}

/* Runs the device's program on this thread. Nothing is left to wait for, so the bound is not used.
 */
static slip_status wait_device(slip_platform_device *device, uint64_t timeout_ns)
{
    (void)timeout_ns;
    const slip_device_entry *entry = device->entry;
    device->entry = NULL;
    return entry == NULL ? SLIP_OK : entry->control(&device->services, device->launch_address, 0);
}

const slip_platform_ops template_platform = {
    .struct_size = (uint32_t)sizeof(slip_platform_ops),
    .abi = SLIP_PLATFORM_ABI,
    .name = "template",
    .open = open_device,
    .close = close_device,
    .describe = describe,
    .reserve = reserve,
    .commit = commit,
    .zero = zero,
    .release = release,
    .alloc = alloc,
    .free = release,
    .copy_to = copy_to,
    .copy_from = copy_from,
    .load_program = load_program,
    .unload_program = unload_program,
    .launch = launch,
    .wait = wait_device,
    .available = available,
};
