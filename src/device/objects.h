/*
 * objects.h - control objects that are loaded on the device: shared objects with an orchestration
 * function, and, where cores run the same instructions, with kernels.
 *
 * For boot.c: one control thread of a launch of its own, so that no run looks at the table
 * meanwhile. Objects are found again by content and counted.
 */
#ifndef SLIPI_OBJECTS_H
#define SLIPI_OBJECTS_H

#include "abi/boot.h"

/*
 * Loads the control object of a callable image of `bytes` bytes, or counts one more user of it.
 * Fills object, kernel_count and, on failure, why of the report.
 */
slip_status slipi_objects_load(slipi_boot_state *state, const slipi_callable_image *image,
                               uint64_t bytes, slipi_boot_report *report);

/* Drops one user; the last one unloads it. SLIP_E_BAD_CALLABLE if nothing of that name is there. */
slip_status slipi_objects_unload(slipi_boot_state *state, uint64_t object,
                                 slipi_boot_report *report);

/* The orchestration function behind a name; null if there is none. Any control thread. */
slip_orch_fn slipi_objects_orchestration(const slipi_boot_state *state, uint64_t name);

/* The kernel behind a name: in a loaded object, or at its address. Null if there is none. Any core.
 */
slip_kernel_fn slipi_objects_kernel(const slipi_boot_state *state, uint64_t name);

#endif
