/*
 * core_loop.h - the program of a compute core: one step of its loop.
 *
 * For the device's entry (entry.h); called by whatever plays the core, never twice at once for one
 * core.
 */
#ifndef SLIPI_CORE_LOOP_H
#define SLIPI_CORE_LOOP_H

#include <slipway/platform.h>

/*
 * Takes a new command from the core's dispatch register, if there is one. Returns 1 if it ran a
 * task, 0 if there was nothing new, -1 if the core was told to stop.
 */
int32_t slipi_core_step(const slip_device_services *services, uint64_t launch_address,
                        uint32_t core);

#endif
