/*
 * memory.c - memory of the stand-in's device; see device.h. Serving thread only.
 *
 * Addresses start where no process of this machine has its own by itself, and each device has its
 * own range, so an address of one is none of another. Memory is mapped from one file of 0xA5 bytes,
 * private: it reads as garbage, and takes memory only where it is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"

/* The thread sanitizer's shadow lies at the usual address: then a range it leaves to programs. */
#ifdef DEVICE_SANITIZE_THREAD
#define MEMORY_FIRST UINT64_C(0x7E9000000000)
#define MEMORY_SPAN UINT64_C(0x1000000000)
#else
#define MEMORY_FIRST UINT64_C(0x120000000000)
#define MEMORY_SPAN UINT64_C(0x10000000000)
#endif

enum {
    PAGE_BYTES = 4096,
    PATTERN_BYTES = 4 << 20, /* of the file; chosen: few mappings, quickly filled */
    PATTERN = 0xA5,
    ALIGNMENT = 64,          /* what the interface promises */
    BIG_ZERO_BYTES = 1 << 20 /* zeroed by mapping from here on */
};

/* One allocation: the mapping, its last page a guard, and what was given of it. */
typedef struct block {
    uint64_t mapped;
    uint64_t mapped_end;
    uint64_t address;
    uint64_t bytes;
} block;

static struct {
    device_range range;
    uint64_t limit_bytes;
    uint64_t used_bytes;
    uint64_t cursor; /* where the next allocation is looked for */
    block *blocks;   /* by rising address */
    uint32_t count;
    uint32_t room;
    int pattern_fd;
} memory;

bool device_memory_init(uint32_t number, uint64_t limit_bytes)
{
    memory.range.first = MEMORY_FIRST + number * MEMORY_SPAN;
    memory.range.end = memory.range.first + MEMORY_SPAN - DEVICE_REGISTER_ROOM;
    memory.cursor = memory.range.first;
    memory.limit_bytes = limit_bytes;
    memory.pattern_fd = memfd_create("standin-pattern", MFD_CLOEXEC);
    if (memory.pattern_fd < 0 || ftruncate(memory.pattern_fd, PATTERN_BYTES) != 0) {
        return false;
    }
    void *bytes =
        mmap(NULL, PATTERN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory.pattern_fd, 0);
    if (bytes == MAP_FAILED) {
        return false;
    }
    memset(bytes, PATTERN, PATTERN_BYTES);
    return munmap(bytes, PATTERN_BYTES) == 0;
}

device_range device_memory_range(void)
{
    return memory.range;
}

/* First row whose mapping ends above an address. */
static uint32_t row_above(uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = memory.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2u;
        if (memory.blocks[middle].mapped_end > address) {
            high = middle;
        } else {
            low = middle + 1u;
        }
    }
    return low;
}

/* Finds a gap of `bytes` at or above `from`; false if there is none. */
static bool find_gap(uint64_t from, uint64_t bytes, uint64_t *out)
{
    uint64_t at = from;
    for (uint32_t i = row_above(from); i < memory.count; i++) {
        if (memory.blocks[i].mapped >= at && memory.blocks[i].mapped - at >= bytes) {
            break;
        }
        at = memory.blocks[i].mapped_end;
    }
    *out = at;
    return at <= memory.range.end && memory.range.end - at >= bytes;
}

/* Maps the pattern over [address, address + bytes). */
static bool map_pattern(uint64_t address, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes; done += PATTERN_BYTES) {
        uint64_t piece = bytes - done < PATTERN_BYTES ? bytes - done : PATTERN_BYTES;
        void *wanted = (void *)(uintptr_t)(address + done);
        if (mmap(wanted, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                 memory.pattern_fd, 0) != wanted) {
            return false;
        }
    }
    return true;
}

/* Maps a block with its guard page; false, and nothing mapped, if that fails. */
static bool map_block(const block *b)
{
    void *wanted = (void *)(uintptr_t)b->mapped;
    uint64_t bytes = b->mapped_end - b->mapped;
    void *got = mmap(wanted, bytes, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == MAP_FAILED) {
        return false;
    }
    if (got != wanted || !map_pattern(b->mapped, bytes - PAGE_BYTES)) {
        (void)munmap(got, bytes);
        return false;
    }
    return true;
}

/* Makes room for a row at `index`. */
static bool insert_row(uint32_t index, const block *b)
{
    if (memory.count == memory.room) {
        uint32_t room = memory.room != 0 ? 2u * memory.room : 64u;
        block *blocks = realloc(memory.blocks, room * sizeof(*blocks));
        if (blocks == NULL) {
            return false;
        }
        memory.blocks = blocks;
        memory.room = room;
    }
    memmove(&memory.blocks[index + 1u], &memory.blocks[index], (memory.count - index) * sizeof(*b));
    memory.blocks[index] = *b;
    memory.count++;
    return true;
}

int32_t device_memory_alloc(uint64_t bytes, uint64_t *out_address)
{
    if (bytes == 0) {
        return STANDIN_RT_PARAM_INVALID;
    }
    if (bytes > memory.limit_bytes || memory.used_bytes > memory.limit_bytes - bytes) {
        return STANDIN_RT_MEMORY_ALLOCATION;
    }
    uint64_t whole = (bytes + ALIGNMENT - 1u) & ~(uint64_t)(ALIGNMENT - 1);
    uint64_t pages = (whole + ALIGNMENT + PAGE_BYTES - 1u) & ~(uint64_t)(PAGE_BYTES - 1);
    block b = {.bytes = bytes};
    if (!find_gap(memory.cursor, pages + PAGE_BYTES, &b.mapped) &&
        !find_gap(memory.range.first, pages + PAGE_BYTES, &b.mapped)) {
        return STANDIN_RT_MEMORY_ALLOCATION;
    }
    b.mapped_end = b.mapped + pages + PAGE_BYTES;
    /* At the end of its pages, so that a write behind it meets the guard; and aligned to 64 and no
     * more, so that nobody gets used to better. */
    b.address = b.mapped + pages - whole;
    if (b.address % (2u * ALIGNMENT) == 0) {
        b.address -= ALIGNMENT;
    }
    if (!map_block(&b)) {
        return STANDIN_RT_MEMORY_ALLOCATION;
    }
    if (!insert_row(row_above(b.mapped), &b)) {
        (void)munmap((void *)(uintptr_t)b.mapped, b.mapped_end - b.mapped);
        return STANDIN_RT_MEMORY_ALLOCATION;
    }
    memory.cursor = b.mapped_end;
    memory.used_bytes += bytes;
    *out_address = b.address;
    return STANDIN_OK;
}

/* Row of the allocation that an address lies in; null if it lies in none. */
static block *find_block(uint64_t address)
{
    uint32_t i = row_above(address);
    if (i == memory.count || address < memory.blocks[i].address) {
        return NULL;
    }
    return &memory.blocks[i];
}

int32_t device_memory_free(uint64_t address)
{
    block *b = find_block(address);
    if (b == NULL || b->address != address) {
        return STANDIN_RT_PARAM_INVALID;
    }
    (void)munmap((void *)(uintptr_t)b->mapped, b->mapped_end - b->mapped);
    memory.used_bytes -= b->bytes;
    uint32_t index = (uint32_t)(b - memory.blocks);
    memory.count--;
    memmove(b, b + 1, (memory.count - index) * sizeof(*b));
    return STANDIN_OK;
}

bool device_memory_has(uint64_t address, uint64_t bytes)
{
    const block *b = find_block(address);
    return b != NULL && address - b->address <= b->bytes &&
           bytes <= b->bytes - (address - b->address);
}

void device_memory_fill(uint64_t address, uint64_t bytes, uint8_t value)
{
    uint64_t first = (address + PAGE_BYTES - 1u) & ~(uint64_t)(PAGE_BYTES - 1);
    uint64_t end = (address + bytes) & ~(uint64_t)(PAGE_BYTES - 1);
    if (value == 0 && bytes >= BIG_ZERO_BYTES) {
        void *wanted = (void *)(uintptr_t)first;
        if (mmap(wanted, end - first, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == wanted) {
            memset((void *)(uintptr_t)address, 0, first - address);
            memset((void *)(uintptr_t)end, 0, address + bytes - end);
            return;
        }
    }
    memset((void *)(uintptr_t)address, value, bytes);
}

uint64_t device_memory_free_bytes(void)
{
    return memory.limit_bytes - memory.used_bytes;
}

uint64_t device_memory_used(void)
{
    return memory.used_bytes;
}
