/*
 * boot_services.c - registers, ordering, clock and waiting on a device of its own; see boot_int.h.
 *
 * Registers are words of the device's address space. Every access of the register protocol goes
 * through the two functions below. Any control thread or core.
 */
#include <sched.h>
#include <stddef.h>
#include <time.h>

#include "base/cache_lines.h"
#include "base/counter.h"
#include "device/boot_int.h"
#include "device/objects.h"

/* The register's word; null if the core has not said where its registers are. */
static slipi_au32 *register_of(const slip_platform_device *device, uint32_t core, uint32_t offset)
{
    uint64_t base = core < device->core_count ? device->registers[core] : 0;
    return base != 0 ? (slipi_au32 *)(uintptr_t)(base + offset) : NULL;
}

/* slip_device_services.reg_write */
static void reg_write(slip_platform_device *device, uint32_t core, uint32_t offset, uint32_t value)
{
    slipi_au32 *word = register_of(device, core, offset);
    if (word != NULL) {
        slipi_store_release(word, value);
    }
}

/* slip_device_services.reg_read */
static uint32_t reg_read(slip_platform_device *device, uint32_t core, uint32_t offset)
{
    slipi_au32 *word = register_of(device, core, offset);
    return word != NULL ? slipi_load_acquire(word) : 0;
}

/* slip_device_services.publish */
static void publish(slip_platform_device *device, const void *address, uint64_t bytes)
{
    (void)device;
    slipi_cache_publish(address, bytes);
}

/* slip_device_services.acquire */
static void acquire(slip_platform_device *device, const void *address, uint64_t bytes)
{
    (void)device;
    slipi_cache_acquire(address, bytes);
}

/* slip_device_services.ticks */
static uint64_t ticks(slip_platform_device *device)
{
    return slipi_counter(device->counter_hz);
}

/* slip_device_services.idle: control threads have their processors to themselves, but not for ever.
 */
static void idle(slip_platform_device *device, uint32_t thread, uint32_t idle_rounds)
{
    enum { SPIN_ROUNDS = 64, YIELD_ROUNDS = 1024, SLEEP_NS = 50000 };
    (void)device;
    (void)thread;
    if (idle_rounds < SPIN_ROUNDS) {
        slipi_cpu_relax();
    } else if (idle_rounds < YIELD_ROUNDS) {
        (void)sched_yield();
    } else {
        const struct timespec pause = {0, SLEEP_NS};
        (void)nanosleep(&pause, NULL);
    }
}

/* slip_device_services.call_threads: all are in the run already, and none sleeps for long. */
static void call_threads(slip_platform_device *device, uint32_t count)
{
    (void)device;
    (void)count;
}

/* slip_device_services.orchestration */
static slip_orch_fn orchestration(slip_platform_device *device, uint64_t name)
{
    return slipi_objects_orchestration(device->state, name);
}

/* slip_device_services.kernel */
static slip_kernel_fn kernel(slip_platform_device *device, uint64_t name)
{
    return slipi_objects_kernel(device->state, name);
}

void slipi_boot_services(slip_platform_device *device, const slip_platform_info *info,
                         uint64_t dispatch, slip_device_services *out)
{
    *out = (slip_device_services){
        .struct_size = sizeof(*out),
        .device = device,
        .info = *info,
        .reg_write = reg_write,
        .reg_read = reg_read,
        .publish = publish,
        .acquire = acquire,
        .ticks = ticks,
        .idle = idle,
        .call_threads = call_threads,
        .dispatch_page = dispatch,
        .orchestration = orchestration,
        .kernel = kernel,
    };
}
