/*
 * entry.h - the device's program as one value for slip_platform_ops.launch.
 *
 * For the runner. The control program attaches the image, rebinds, orchestrates and schedules
 * (executor.c); the core program runs kernels (core_loop.c).
 */
#ifndef SLIPI_ENTRY_H
#define SLIPI_ENTRY_H

#include <slipway/platform.h>

#include "abi/launch.h"

/* The device's program. Static. */
extern const slip_device_entry slipi_device_entry;

#endif
