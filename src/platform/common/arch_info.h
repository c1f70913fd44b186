/*
 * arch_info.h - what a row of the architectures says about a device with registers.
 *
 * For the platforms of accelerators, simulated or not. Any thread.
 */
#ifndef SLIPI_PLATFORM_ARCH_INFO_H
#define SLIPI_PLATFORM_ARCH_INFO_H

#include <slipway/platform.h>

#include "abi/arch.h"

/* The description of a device of the architecture, with the hooks of the prebuilt cache; what the
 * platform adds, such as fresh_is_zero, is 0. */
slip_platform_info slipi_arch_info(const struct slipi_arch_row *arch);

#endif
