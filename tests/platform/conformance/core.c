/*
 * core.c - the conformance suite's core program for devices of their own; called by whatever plays
 * the cores, never twice at once for one core.
 */
#include "../conformance_entry.h"
#include "device/boot.h"

SLIP_API int32_t conformance_core(const void *args, uint32_t core, uint32_t physical);

/* One step of a core; see boot.h. */
SLIP_API int32_t conformance_core(const void *args, uint32_t core, uint32_t physical)
{
    return slipi_boot_core(&conf_entry, args, core, physical);
}
