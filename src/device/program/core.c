/*
 * core.c - the core program where cores run the control processor's instructions: one step.
 *
 * Built as a shared object of its own (slipway_core.so), not as part of the library. Called by
 * whatever plays the cores, never twice at once for one core. The program for real cores is
 * core_main.cce.h, for the vendor's compiler.
 */
#include "device/boot.h"
#include "device/entry.h"

SLIP_API int32_t slipway_core(const void *args, uint32_t core, uint32_t physical);

/* One step of a core; see boot.h. */
SLIP_API int32_t slipway_core(const void *args, uint32_t core, uint32_t physical)
{
    return slipi_boot_core(&slipi_device_entry, args, core, physical);
}
