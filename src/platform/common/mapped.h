/*
 * mapped.h - the memory members of slip_platform_ops where the device lives in this process.
 *
 * For platforms whose device begins with a book of mappings: `slipi_mappings memory` is the first
 * member of their slip_platform_device. Contracts in platform.h, work in memory.h.
 */
#ifndef SLIPI_PLATFORM_MAPPED_H
#define SLIPI_PLATFORM_MAPPED_H

#include "platform/common/memory.h"

slip_status slipi_mapped_reserve(slip_platform_device *device, uint64_t bytes,
                                 uint64_t *out_address);
slip_status slipi_mapped_commit(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                                uint64_t bytes);
slip_status slipi_mapped_zero(slip_platform_device *device, uint64_t address, uint64_t bytes);
slip_status slipi_mapped_alloc(slip_platform_device *device, uint64_t bytes, uint64_t *out_address);
void slipi_mapped_unmap(slip_platform_device *device, uint64_t address, uint64_t bytes);
slip_status slipi_mapped_resident(slip_platform_device *device, uint64_t address, uint64_t bytes,
                                  uint64_t *out_bytes);
slip_status slipi_mapped_decommit(slip_platform_device *device, uint64_t address,
                                  uint64_t old_bytes, uint64_t bytes);
slip_status slipi_mapped_relay(slip_platform_device *device, uint64_t address, uint64_t bytes,
                               uint64_t *out_bytes);
slip_status slipi_mapped_populate(slip_platform_device *device, uint64_t address, uint64_t bytes,
                                  uint32_t flags, slip_platform_populated *out);
slip_status slipi_mapped_available(slip_platform_device *device, uint64_t *out_bytes);

/* All of them, for a platform's table. */
#define SLIPI_MAPPED_OPS                                                                       \
    .reserve = slipi_mapped_reserve, .commit = slipi_mapped_commit, .zero = slipi_mapped_zero, \
    .alloc = slipi_mapped_alloc, .release = slipi_mapped_unmap, .free = slipi_mapped_unmap,    \
    .resident = slipi_mapped_resident, .decommit = slipi_mapped_decommit,                      \
    .relay = slipi_mapped_relay, .populate = slipi_mapped_populate,                            \
    .available = slipi_mapped_available

#endif
