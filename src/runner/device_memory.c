/*
 * device_memory.c - the book of device allocations; see device_memory.h. Under the runner's lock.
 */
#include "runner/device_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* Makes room for one more; false if there is no memory for it. */
bool slipi_device_memory_grow(slipi_device_memory *memory)
{
    if (memory->count < memory->room) {
        return true;
    }
    if (memory->room > UINT32_MAX / 2) {
        return false;
    }
    uint32_t room = memory->room == 0 ? 16 : memory->room * 2;
    slipi_allocation *rows = realloc(memory->rows, room * sizeof(*rows));
    if (rows == NULL) {
        return false;
    }
    memory->rows = rows;
    memory->room = room;
    return true;
}

/* Index of the first allocation that starts above `address`. */
static uint32_t first_above(const slipi_device_memory *memory, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = memory->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memory->rows[middle].address > address) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Adds an allocation; room was made before. */
void slipi_device_memory_add(slipi_device_memory *memory, uint64_t address, uint64_t bytes)
{
    SLIPI_ASSERT(memory->count < memory->room);
    uint32_t at = first_above(memory, address);
    memmove(&memory->rows[at + 1], &memory->rows[at],
            (memory->count - at) * sizeof(memory->rows[0]));
    memory->rows[at] = (slipi_allocation){address, bytes};
    memory->count++;
    memory->epoch++;
}

/* Takes the allocation that starts at `address` out; false if there is none. */
bool slipi_device_memory_take(slipi_device_memory *memory, uint64_t address, uint64_t *out_bytes)
{
    uint32_t above = first_above(memory, address);
    if (above == 0 || memory->rows[above - 1].address != address) {
        return false;
    }
    *out_bytes = memory->rows[above - 1].bytes;
    memmove(&memory->rows[above - 1], &memory->rows[above],
            (memory->count - above) * sizeof(memory->rows[0]));
    memory->count--;
    memory->epoch++;
    return true;
}

/* True if [address, address + bytes) lies inside one allocation. */
bool slipi_device_memory_owns(const slipi_device_memory *memory, uint64_t address, uint64_t bytes)
{
    uint32_t above = first_above(memory, address);
    if (above == 0) {
        return false;
    }
    const slipi_allocation *row = &memory->rows[above - 1];
    uint64_t from = address - row->address;
    return from <= row->bytes && bytes <= row->bytes - from;
}
