/*
 * control.c - the conformance suite's control program for devices of their own; called by the
 * device's runtime on every control thread of a launch.
 */
#include "../conformance_entry.h"
#include "device/boot.h"

SLIP_API uint32_t conformance_control(void *args);

/* One control thread of a launch; see boot.h. */
SLIP_API uint32_t conformance_control(void *args)
{
    return slipi_boot_control(&conf_entry, args);
}
