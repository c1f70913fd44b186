/*
 * core_port.h - what the core loop does with the world: registers, lines, clock, kernels.
 *
 * For core_loop.c alone. Here everything goes through the services that the platform gave. The
 * vendor's compiler builds the same loop with another port: src/device/program/core_main.cce.
 */
#ifndef SLIPI_CORE_PORT
#define SLIPI_CORE_PORT

#include <stddef.h>

#include <slipway/platform.h>

#include "abi/dispatch.h"
#include "abi/launch.h"

/* One core. */
typedef struct slipi_core_port {
    const slip_device_services *services;
    uint32_t core;
} slipi_core_port;

/* The core's lines in the dispatch page. */
static inline SLIP_GM slipi_core_page *slipi_core_lines(const slipi_core_port *p)
{
    return (SLIP_GM slipi_core_page *)(uintptr_t)p->services->dispatch_page + p->core;
}

/* Reads DATA_MAIN_BASE. */
static inline uint32_t slipi_core_command(const slipi_core_port *p)
{
    const slip_device_services *s = p->services;
    return s->reg_read(s->device, p->core, s->info.reg_dispatch);
}

/* Writes COND. */
static inline void slipi_core_answer(const slipi_core_port *p, uint32_t value)
{
    const slip_device_services *s = p->services;
    s->reg_write(s->device, p->core, s->info.reg_status, value);
}

/* Makes this core's writes visible to the others, or drops its stale copies. */
static inline void slipi_core_publish(const slipi_core_port *p, uint64_t address, uint64_t bytes)
{
    p->services->publish(p->services->device, (const void *)(uintptr_t)address, bytes);
}
static inline void slipi_core_acquire(const slipi_core_port *p, uint64_t address, uint64_t bytes)
{
    p->services->acquire(p->services->device, (const void *)(uintptr_t)address, bytes);
}

/* The system counter. */
static inline uint64_t slipi_core_ticks(const slipi_core_port *p)
{
    return p->services->ticks(p->services->device);
}

/* The kernel behind a name. */
static inline slip_kernel_fn slipi_core_kernel(const slipi_core_port *p, uint64_t name)
{
    const slip_device_services *s = p->services;
    return s->kernel != NULL ? s->kernel(s->device, name) : (slip_kernel_fn)(uintptr_t)name;
}

/* Whether the run's fatal latch is set; its line has been acquired. */
static inline bool slipi_core_sees_failure(const slipi_core_port *p, SLIP_GM const slipi_sm *sm)
{
    (void)p;
    /* Pairs with the claim of the latch; a claim that is seen late only costs one kernel. */
    return slipi_load_acquire(&sm->fatal) != 0;
}

#endif
