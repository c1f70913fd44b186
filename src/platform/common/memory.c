/*
 * memory.c - a book of mappings; see memory.h.
 *
 * Reservations are private anonymous mappings without access and without a claim on swap; commit
 * opens them. Pages get memory when they are first touched, so a large commit costs what is used.
 */
#include "platform/common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE_BYTES UINT64_C(4096)

/* Above this, giving pages back is cheaper than writing zeros: chosen, not measured. */
#define DISCARD_BYTES (UINT64_C(256) * 1024)

/* Address space one mapping may have: the user half of a 48-bit space. */
#define MAPPING_MAX_BYTES (UINT64_C(1) << 47)

/* First row whose address is above `address`. */
static uint32_t upper_row(const slipi_mappings *book, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = book->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2u;
        if (book->rows[middle].address <= address) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The mapping that holds `address`; null if none does. */
static slipi_mapping *find_row(const slipi_mappings *book, uint64_t address)
{
    uint32_t row = upper_row(book, address);
    if (row == 0) {
        return NULL;
    }
    slipi_mapping *m = &book->rows[row - 1u];
    return address - m->address < m->bytes ? m : NULL;
}

/* Makes room for one more row. */
static slip_status grow(slipi_mappings *book)
{
    if (book->count < book->room) {
        return SLIP_OK;
    }
    if (book->room > UINT32_MAX / 2u) {
        return SLIP_E_LIMIT;
    }
    uint32_t room = book->room == 0 ? 32u : book->room * 2u;
    slipi_mapping *rows = realloc(book->rows, (size_t)room * sizeof(*rows));
    if (rows == NULL) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    book->rows = rows;
    book->room = room;
    return SLIP_OK;
}

/* Maps address space and writes it into the book. */
static slip_status map_row(slipi_mappings *book, uint64_t bytes, bool usable, uint64_t *out_address)
{
    *out_address = 0;
    if (bytes == 0 || bytes > MAPPING_MAX_BYTES) {
        return bytes == 0 ? SLIP_E_INVALID_ARGUMENT : SLIP_E_OUT_OF_MEMORY;
    }
    slip_status status = grow(book);
    if (status != SLIP_OK) {
        return status;
    }
    uint64_t whole = (bytes + PAGE_BYTES - 1u) & ~(PAGE_BYTES - 1u);
    void *base = mmap(NULL, (size_t)whole, usable ? PROT_READ | PROT_WRITE : PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    uint64_t address = (uint64_t)(uintptr_t)base;
    uint32_t row = upper_row(book, address);
    memmove(&book->rows[row + 1u], &book->rows[row],
            (size_t)(book->count - row) * sizeof(*book->rows));
    book->rows[row] = (slipi_mapping){address, whole, usable ? whole : 0};
    book->count++;
    *out_address = address;
    return SLIP_OK;
}

slip_status slipi_mappings_reserve(slipi_mappings *book, uint64_t bytes, uint64_t *out_address)
{
    return map_row(book, bytes, false, out_address);
}

slip_status slipi_mappings_alloc(slipi_mappings *book, uint64_t bytes, uint64_t *out_address)
{
    return map_row(book, bytes, true, out_address);
}

slip_status slipi_mappings_commit(slipi_mappings *book, uint64_t address, uint64_t old_bytes,
                                  uint64_t bytes)
{
    slipi_mapping *m = find_row(book, address);
    if (m == NULL || m->address != address || bytes > m->bytes || old_bytes > bytes) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    uint64_t whole = (bytes + PAGE_BYTES - 1u) & ~(PAGE_BYTES - 1u);
    if (whole <= m->usable) {
        return SLIP_OK;
    }
    void *from = (void *)(uintptr_t)(address + m->usable);
    if (mprotect(from, (size_t)(whole - m->usable), PROT_READ | PROT_WRITE) != 0) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    m->usable = whole;
    return SLIP_OK;
}

slip_status slipi_mappings_zero(slipi_mappings *book, uint64_t address, uint64_t bytes)
{
    if (!slipi_mappings_usable(book, address, bytes)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    uint64_t end = address + bytes;
    uint64_t first = (address + PAGE_BYTES - 1u) & ~(PAGE_BYTES - 1u);
    uint64_t last = end & ~(PAGE_BYTES - 1u);
    bool discard = bytes >= DISCARD_BYTES &&
                   madvise((void *)(uintptr_t)first, (size_t)(last - first), MADV_DONTNEED) == 0;
    if (!discard) {
        memset((void *)(uintptr_t)address, 0, (size_t)bytes);
        return SLIP_OK;
    }
    memset((void *)(uintptr_t)address, 0, (size_t)(first - address));
    memset((void *)(uintptr_t)last, 0, (size_t)(end - last));
    return SLIP_OK;
}

slip_status slipi_mappings_resident(const slipi_mappings *book, uint64_t address, uint64_t bytes,
                                    uint64_t *out_bytes)
{
    enum { CHUNK_PAGES = 4096 };
    unsigned char in_core[CHUNK_PAGES];
    *out_bytes = 0;
    if (address % PAGE_BYTES != 0 || !slipi_mappings_usable(book, address, bytes)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    for (uint64_t done = 0; done < bytes; done += CHUNK_PAGES * PAGE_BYTES) {
        uint64_t left = bytes - done;
        uint64_t part = left < CHUNK_PAGES * PAGE_BYTES ? left : CHUNK_PAGES * PAGE_BYTES;
        if (mincore((void *)(uintptr_t)(address + done), (size_t)part, in_core) != 0) {
            return SLIP_E_DEVICE;
        }
        for (uint64_t page = 0; page < (part + PAGE_BYTES - 1u) / PAGE_BYTES; page++) {
            *out_bytes += (in_core[page] & 1u) != 0 ? PAGE_BYTES : 0;
        }
    }
    return SLIP_OK;
}

slip_status slipi_mappings_decommit(slipi_mappings *book, uint64_t address, uint64_t old_bytes,
                                    uint64_t bytes)
{
    slipi_mapping *m = find_row(book, address);
    if (m == NULL || m->address != address || old_bytes > m->usable || bytes > old_bytes ||
        bytes % PAGE_BYTES != 0) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (bytes == m->usable) {
        return SLIP_OK;
    }
    /* Mapped anew in one step: it succeeds whole or changes nothing. */
    void *from = (void *)(uintptr_t)(address + bytes);
    void *fresh = mmap(from, (size_t)(m->usable - bytes), PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (fresh == MAP_FAILED) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    m->usable = bytes;
    return SLIP_OK;
}

slip_status slipi_mappings_relay(slipi_mappings *book, uint64_t address, uint64_t bytes,
                                 uint64_t *out_bytes)
{
    *out_bytes = 0;
    if (!slipi_mappings_usable(book, address, bytes)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    uint64_t end = address + bytes;
    uint64_t first = (address + PAGE_BYTES - 1u) & ~(PAGE_BYTES - 1u);
    uint64_t last = end & ~(PAGE_BYTES - 1u);
    if (first >= last) {
        *out_bytes = bytes;
        return slipi_mappings_zero(book, address, bytes);
    }
    /* Counted before they go. Pages that were swapped out are not counted, but go as well. */
    slip_status status = slipi_mappings_resident(book, first, last - first, out_bytes);
    if (status != SLIP_OK) {
        return status;
    }
    if (madvise((void *)(uintptr_t)first, (size_t)(last - first), MADV_DONTNEED) != 0) {
        *out_bytes = bytes;
        memset((void *)(uintptr_t)address, 0, (size_t)bytes);
        return SLIP_OK;
    }
    memset((void *)(uintptr_t)address, 0, (size_t)(first - address));
    memset((void *)(uintptr_t)last, 0, (size_t)(end - last));
    *out_bytes += first - address + (end - last);
    return SLIP_OK;
}

uint64_t slipi_mappings_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur >= MAPPING_MAX_BYTES) {
        return MAPPING_MAX_BYTES; /* RLIM_INFINITY is above it */
    }
    return limit.rlim_cur;
}

void slipi_mappings_release(slipi_mappings *book, uint64_t address)
{
    slipi_mapping *m = find_row(book, address);
    if (m == NULL || m->address != address) {
        return;
    }
    (void)munmap((void *)(uintptr_t)m->address, (size_t)m->bytes);
    uint32_t row = (uint32_t)(m - book->rows);
    book->count--;
    memmove(m, m + 1, (size_t)(book->count - row) * sizeof(*m));
}

bool slipi_mappings_usable(const slipi_mappings *book, uint64_t address, uint64_t bytes)
{
    const slipi_mapping *m = find_row(book, address);
    if (m == NULL) {
        return false;
    }
    uint64_t from = address - m->address;
    return from <= m->usable && bytes <= m->usable - from;
}

void slipi_mappings_fini(slipi_mappings *book)
{
    for (uint32_t i = 0; i < book->count; i++) {
        (void)munmap((void *)(uintptr_t)book->rows[i].address, (size_t)book->rows[i].bytes);
    }
    free(book->rows);
    *book = (slipi_mappings){0};
}
