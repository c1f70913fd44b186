/*
 * sim.h - the simulated accelerators: the structure of the real ones, played by threads.
 *
 * For slip_platform_find and tests. One source; the two platforms differ in their row of data only.
 * Control threads and cores run the device's own program; registers, clock and waiting are real
 * protocol steps between them.
 */
#ifndef SLIPI_PLATFORM_SIM_H
#define SLIPI_PLATFORM_SIM_H

#include <slipway/platform.h>

extern const slip_platform_ops slipi_platform_a2a3sim;
extern const slip_platform_ops slipi_platform_a5sim;

/* Device ids that can be opened: 0 .. SLIPI_SIM_DEVICES - 1, any number of them at once. */
#define SLIPI_SIM_DEVICES 16u

/* What a simulated device has seen since it was opened. */
typedef struct slipi_sim_counters {
    uint64_t dispatch_writes;  /* writes to dispatch registers that were taken */
    uint64_t steps;            /* core steps that ran a task */
    uint64_t stops;            /* core steps that ended a core */
    uint64_t closed_writes;    /* dispatch writes dropped: the core's fast path was closed */
    uint64_t stopped_writes;   /* dispatch writes dropped: the core had stopped in this launch */
    uint64_t unknown_accesses; /* accesses to a core or an offset that does not exist */
} slipi_sim_counters;

/* Reads the counters; any thread. */
void slipi_sim_read_counters(slip_platform_device *device, slipi_sim_counters *out);

#endif
