/*
 * boot_core.c - a step of a compute core whose device is not the host's process; see boot.h.
 *
 *   [B3] the core's number and registers written, then the hello's serial: pairs with [B4] in
 * boot.c
 */
#include "base/cache_lines.h"
#include "device/boot.h"
#include "device/boot_int.h"

/* True if the arguments are of this build. */
static bool args_are_good(const slipi_core_args *args)
{
    return args != NULL && args->magic == SLIPI_BOOT_MAGIC && args->version == SLIPI_BOOT_VERSION &&
           args->struct_size == sizeof(*args);
}

/* True if the core has not said hello in this launch. */
static bool is_new(const slipi_core_args *args, uint32_t core)
{
    const slipi_core_hello *hello = (const slipi_core_hello *)(uintptr_t)args->hello + core;
    return slipi_load_relaxed(&hello->serial) != args->serial; /* relaxed: this core wrote it */
}

/*
 * Says which core this is. Nobody has given it a command in this launch, so what its register
 * holds is left over, from another runner perhaps: it is not to be taken, and the control side is
 * told, so that its commands go on from there.
 */
static void say_hello(const slipi_core_args *args, const slip_device_services *services,
                      uint32_t core, uint32_t physical)
{
    slipi_core_hello *hello = (slipi_core_hello *)(uintptr_t)args->hello + core;
    slipi_core_page *page = (slipi_core_page *)(uintptr_t)args->dispatch + core;
    page->line.seen = services->reg_read(services->device, core, args->info.reg_dispatch);
    hello->physical = physical;
    hello->core_type = core < args->info.blocks ? SLIP_AIC : SLIP_AIV;
    hello->command = page->line.seen;
    slipi_store_release(&hello->serial, args->serial); /* [B3] */
    slipi_cache_publish(hello, sizeof(*hello));
}

int32_t slipi_boot_core(const slip_device_entry *entry, const void *args, uint32_t core,
                        uint32_t physical)
{
    const slipi_core_args *a = args;
    if (!args_are_good(a) || core >= SLIPI_BOOT_CORES) {
        return -1;
    }
    /* The core reads and writes its own registers only, so one entry of the table is enough. */
    uint64_t registers[SLIPI_BOOT_CORES];
    registers[core] = ((const uint64_t *)(uintptr_t)a->registers)[physical];
    slip_platform_device device = {
        .state = (slipi_boot_state *)(uintptr_t)a->state,
        .registers = registers,
        .core_count = core + 1u,
        .counter_hz = a->info.counter_hz,
    };
    slip_device_services services;
    slipi_boot_services(&device, &a->info, a->dispatch, &services);
    if (is_new(a, core)) {
        say_hello(a, &services, core, physical);
    }
    return entry->core_step(&services, a->block, core);
}
