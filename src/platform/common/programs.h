/*
 * programs.h - programs of platforms whose device is this process: a function is called where it
 * lies, and its name is its address.
 *
 * For the platforms' tables. Any thread; no state.
 */
#ifndef SLIPI_PLATFORM_PROGRAMS_H
#define SLIPI_PLATFORM_PROGRAMS_H

#include <slipway/platform.h>

/* slip_platform_ops.load_program */
slip_status slipi_load_in_process(slip_platform_device *device, const slip_program_source *source,
                                  slip_loaded_program *out);

/* slip_platform_ops.unload_program: nothing was loaded. */
void slipi_unload_in_process(slip_platform_device *device, const slip_loaded_program *program);

#endif
