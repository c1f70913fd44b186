/*
 * memory.h - device memory of platforms whose device lives in this process: mapped, page by page.
 *
 * For the platforms. A book of mappings, so that a range can be checked and what was not freed is
 * given back at the end. Calls on one book come from one thread at a time.
 */
#ifndef SLIPI_PLATFORM_MEMORY_H
#define SLIPI_PLATFORM_MEMORY_H

#include <stdbool.h>

#include <slipway/platform.h>

/* One mapping. `usable` bytes from its start may be read and written. */
typedef struct slipi_mapping {
    uint64_t address;
    uint64_t bytes; /* a multiple of the page size */
    uint64_t usable;
} slipi_mapping;

/* Mappings by rising address; they do not overlap. All zeros is an empty book. */
typedef struct slipi_mappings {
    slipi_mapping *rows;
    uint32_t count;
    uint32_t room;
} slipi_mappings;

/* Reserves address space without memory. */
slip_status slipi_mappings_reserve(slipi_mappings *book, uint64_t bytes, uint64_t *out_address);

/* Makes the first `bytes` of a reservation usable; new bytes read as zero. */
slip_status slipi_mappings_commit(slipi_mappings *book, uint64_t address, uint64_t old_bytes,
                                  uint64_t bytes);

/* Makes usable bytes read as zero. */
slip_status slipi_mappings_zero(slipi_mappings *book, uint64_t address, uint64_t bytes);

/* Takes the memory behind [bytes, old_bytes) of a reservation back; both are whole pages. */
slip_status slipi_mappings_decommit(slipi_mappings *book, uint64_t address, uint64_t old_bytes,
                                    uint64_t bytes);

/* Makes usable bytes read as zero by giving their pages back; *out_bytes: of pages that had memory,
 * and of the parts of pages at both ends. */
slip_status slipi_mappings_relay(slipi_mappings *book, uint64_t address, uint64_t bytes,
                                 uint64_t *out_bytes);

/* Gives a range memory without changing it; see platform.h. Does not look into a book, so that it
 * may run beside changes of one: the caller knows that the range is usable and stays so. */
slip_status slipi_pages_populate(uint64_t address, uint64_t bytes, uint32_t flags,
                                 slip_platform_populated *out);

/* What one process can map at most: its address space, or the limit that it was given. */
uint64_t slipi_mappings_limit(void);

/* Bytes of usable pages in [address, address + bytes) that take memory now. */
slip_status slipi_mappings_resident(const slipi_mappings *book, uint64_t address, uint64_t bytes,
                                    uint64_t *out_bytes);

/* Reserves and commits in one step. */
slip_status slipi_mappings_alloc(slipi_mappings *book, uint64_t bytes, uint64_t *out_address);

/* Gives a whole mapping back; an address that is not in the book is ignored. */
void slipi_mappings_release(slipi_mappings *book, uint64_t address);

/* Whether all of [address, address + bytes) is usable and lies in one mapping. */
bool slipi_mappings_usable(const slipi_mappings *book, uint64_t address, uint64_t bytes);

/* Gives everything back. */
void slipi_mappings_fini(slipi_mappings *book);

#endif
