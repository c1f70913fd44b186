/*
 * rebind.h - from an image at some address to pointers: attach, verify, rebind.
 *
 * For the device's executor, once per run and control thread. Nothing is written to the regions but
 * the fatal latches; the pointers live in slipi_attached, which belongs to the calling thread.
 */
#ifndef SLIPI_REBIND_H
#define SLIPI_REBIND_H

#include "abi/launch.h"

/* Pointers into the regions of one run, valid in this address space and for this run only. */
typedef struct slipi_attached {
    const slipi_launch *launch;
    const slip_binding *bindings;
    slipi_kernel_row *kernels;
    uint8_t *sm_base;
    uint8_t *heap_base;
    uint8_t *arena_base; /* null in host-built mode */
    slipi_sm *sm;
    slipi_runtime *rt; /* null in host-built mode, and after a failed rebind */
    slipi_slot *slots[SLIPI_RINGS];
    uint64_t slot_mask[SLIPI_RINGS];
    slipi_queue_cell *queue_cells[SLIPI_QUEUES];
    uint64_t queue_mask;
} slipi_attached;

/* What rebind found wrong; names for messages and tests. */
slip_status slipi_attach_sm(slipi_attached *at, const slipi_launch *launch, const char **why);

/*
 * Resolves everything that depends on this address space or this run and clears the fatal latches
 * of the last run. Checks, in this order: the runtime pointer; null SM and heap bases; magic;
 * version; fingerprint; that the three regions are as large as their headers say and every part
 * lies inside (overflow-checked); ring states. On failure `at->rt` is null, *why names the field,
 * and nothing was written.
 */
slip_status slipi_runtime_rebind_device_pointers(slipi_attached *at, const slipi_launch *launch,
                                                 const char **why);

/* Slot of a task that is still on its ring. */
static inline slipi_slot *slipi_slot_of(const slipi_attached *at, uint64_t task)
{
    uint32_t ring = slipi_task_ring(task);
    return &at->slots[ring][task & at->slot_mask[ring]];
}

/* Slot reference: its offset in SM in slots; never 0, for the header comes first. */
static inline uint32_t slipi_slot_ref(const slipi_attached *at, const slipi_slot *slot)
{
    return (uint32_t)((uint64_t)((const uint8_t *)slot - at->sm_base) / SLIPI_SLOT_BYTES);
}

/* The slot behind a reference. */
static inline slipi_slot *slipi_slot_at(const slipi_attached *at, uint32_t ref)
{
    return (slipi_slot *)(void *)(at->sm_base + (uint64_t)ref * SLIPI_SLOT_BYTES);
}

/* The edge behind a reference. */
static inline slipi_edge *slipi_edge_at(const slipi_attached *at, uint32_t ref)
{
    return (slipi_edge *)(void *)(at->sm_base + (uint64_t)ref * SLIPI_SM_UNIT);
}

/* The stored arguments of a task: in its slot, or in its ring's spill. */
static inline slip_task_tensor *slipi_tensors_of(const slipi_attached *at, const slipi_slot *slot)
{
    return (slip_task_tensor *)(void *)(at->sm_base + (uint64_t)slot->tensors_ref * SLIPI_SM_UNIT);
}
static inline uint64_t *slipi_scalars_of(const slipi_attached *at, const slipi_slot *slot)
{
    return (uint64_t *)(void *)(at->sm_base + (uint64_t)slot->scalars_ref * SLIPI_SM_UNIT);
}

/* Reference of an edge. */
static inline uint32_t slipi_edge_ref(const slipi_attached *at, const slipi_edge *edge)
{
    return (uint32_t)((uint64_t)((const uint8_t *)edge - at->sm_base) / SLIPI_SM_UNIT);
}

#endif
