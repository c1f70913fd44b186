/* mapped.c - from a device to its book of mappings; see mapped.h. */
#include "platform/common/mapped.h"

/* The book, which is a device's first member. */
static slipi_mappings *book(slip_platform_device *device)
{
    return (slipi_mappings *)(void *)device;
}

/* Contracts of this and the others: platform.h. */
slip_status slipi_mapped_reserve(slip_platform_device *device, uint64_t bytes,
                                 uint64_t *out_address)
{
    return slipi_mappings_reserve(book(device), bytes, out_address);
}

slip_status slipi_mapped_commit(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                                uint64_t bytes)
{
    return slipi_mappings_commit(book(device), address, old_bytes, bytes);
}

slip_status slipi_mapped_zero(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    return slipi_mappings_zero(book(device), address, bytes);
}

slip_status slipi_mapped_alloc(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    return slipi_mappings_alloc(book(device), bytes, out_address);
}

/* Release and free: a mapping is a mapping, and the book knows its bytes. */
void slipi_mapped_unmap(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    (void)bytes;
    slipi_mappings_release(book(device), address);
}

slip_status slipi_mapped_resident(slip_platform_device *device, uint64_t address, uint64_t bytes,
                                  uint64_t *out_bytes)
{
    return slipi_mappings_resident(book(device), address, bytes, out_bytes);
}

slip_status slipi_mapped_decommit(slip_platform_device *device, uint64_t address,
                                  uint64_t old_bytes, uint64_t bytes)
{
    return slipi_mappings_decommit(book(device), address, old_bytes, bytes);
}

slip_status slipi_mapped_relay(slip_platform_device *device, uint64_t address, uint64_t bytes,
                               uint64_t *out_bytes)
{
    return slipi_mappings_relay(book(device), address, bytes, out_bytes);
}

/* From any thread: it does not look into the book. */
slip_status slipi_mapped_populate(slip_platform_device *device, uint64_t address, uint64_t bytes,
                                  uint32_t flags, slip_platform_populated *out)
{
    (void)device;
    return slipi_pages_populate(address, bytes, flags, out);
}

/* Address space is the only bound: what is committed takes memory when it is touched. */
slip_status slipi_mapped_available(slip_platform_device *device, uint64_t *out_bytes)
{
    (void)device;
    *out_bytes = slipi_mappings_limit();
    return SLIP_OK;
}
