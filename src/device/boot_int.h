/*
 * boot_int.h - what the two sides of the boot share: the device as its own program sees it.
 *
 * For boot.c, boot_core.c and boot_services.c. One of these lives on the stack of each thread or
 * core for the length of a launch, or of a step.
 */
#ifndef SLIPI_BOOT_INT_H
#define SLIPI_BOOT_INT_H

#include "abi/boot.h"

struct slip_platform_device {
    slipi_boot_state *state;
    const uint64_t *registers; /* base of each core's registers, by the number the program uses */
    uint32_t core_count;
    uint64_t counter_hz;
};

/* Fills the services of a control thread or of a core. */
void slipi_boot_services(slip_platform_device *device, const slip_platform_info *info,
                         uint64_t dispatch, slip_device_services *out);

#endif
