/*
 * control.c - the control program of an accelerator: what its loader calls.
 *
 * Built as a shared object of its own (slipway_control.so), not as part of the library. Called by
 * the device's runtime on every control thread of a launch.
 */
#include "device/boot.h"
#include "device/entry.h"

SLIP_API uint32_t slipway_control(void *args);

/* One control thread of a launch; see boot.h. */
SLIP_API uint32_t slipway_control(void *args)
{
    return slipi_boot_control(&slipi_device_entry, args);
}
