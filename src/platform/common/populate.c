/*
 * populate.c - gives pages memory before they are used; see memory.h.
 *
 * For platforms whose device lives in this process. Reads no book of mappings, so that it may run
 * on a thread of its own while the device is used.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "platform/common/memory.h"

#define PAGE_BYTES UINT64_C(4096)
#define KIB_BYTES UINT64_C(1024)

/* Linux 5.14: like a write to every page, without changing it. Older headers do not name it. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Pages of the range that have memory. */
static uint64_t count_resident(uint64_t address, uint64_t bytes)
{
    enum { CHUNK_PAGES = 4096 };
    unsigned char in_core[CHUNK_PAGES];
    uint64_t resident = 0;
    for (uint64_t done = 0; done < bytes; done += CHUNK_PAGES * PAGE_BYTES) {
        uint64_t left = bytes - done;
        uint64_t part = left < CHUNK_PAGES * PAGE_BYTES ? left : CHUNK_PAGES * PAGE_BYTES;
        if (mincore((void *)(uintptr_t)(address + done), (size_t)part, in_core) != 0) {
            return resident;
        }
        for (uint64_t page = 0; page < part / PAGE_BYTES; page++) {
            resident += (in_core[page] & 1u) != 0 ? PAGE_BYTES : 0;
        }
    }
    return resident;
}

/* The part of [lo, hi) that lies in [from, to). */
static uint64_t overlap(uint64_t lo, uint64_t hi, uint64_t from, uint64_t to)
{
    uint64_t first = lo > from ? lo : from;
    uint64_t last = hi < to ? hi : to;
    return first < last ? last - first : 0;
}

/* Bytes of [lo, hi) in large pages, as the kernel lists them a mapping at a time: no more than the
 * mapping's own number and no more than of the range lies in it. 0 if there is no list. */
static uint64_t count_huge(uint64_t lo, uint64_t hi)
{
    FILE *list = fopen("/proc/self/smaps", "re");
    char line[512];
    uint64_t inside = 0;
    uint64_t huge = 0;
    if (list == NULL) {
        return 0;
    }
    while (fgets(line, sizeof(line), list) != NULL) {
        unsigned long from;
        unsigned long to;
        unsigned long kib;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            inside = overlap(lo, hi, from, to);
        } else if (inside != 0 && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1) {
            huge += kib * KIB_BYTES < inside ? kib * KIB_BYTES : inside;
        }
    }
    (void)fclose(list);
    return huge;
}

slip_status slipi_pages_populate(uint64_t address, uint64_t bytes, uint32_t flags,
                                 slip_platform_populated *out)
{
    uint64_t first = address & ~(PAGE_BYTES - 1u);
    uint64_t last = (address + bytes + PAGE_BYTES - 1u) & ~(PAGE_BYTES - 1u);
    void *at = (void *)(uintptr_t)first;
    if (last < first || last - first < bytes) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    /* Refusals are no failure: a kernel or a machine that cannot do it all gives what it can, and
     * what is there is what counts. */
    if ((flags & SLIP_POPULATE_HUGE) != 0 && bytes != 0) {
        (void)madvise(at, (size_t)(last - first), MADV_HUGEPAGE);
    }
    if ((flags & SLIP_POPULATE_COUNT) == 0 && bytes != 0) {
        (void)madvise(at, (size_t)(last - first), MADV_POPULATE_WRITE);
    }
    if (out != NULL) {
        uint64_t resident = count_resident(first, last - first);
        uint64_t huge = count_huge(first, last);
        out->bytes = resident < bytes ? resident : bytes;
        out->huge_bytes = huge < out->bytes ? huge : out->bytes;
    }
    return SLIP_OK;
}
