/*
 * device_memory.h - the device allocations of a runner, and which addresses lie inside them.
 *
 * For device_runner.c, host_api.c and memory.c, under the runner's lock. Sorted by address, so
 * that a run argument is checked with one binary search.
 */
#ifndef SLIPI_RUNNER_DEVICE_MEMORY_H
#define SLIPI_RUNNER_DEVICE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* One allocation: [address, address + bytes). */
typedef struct slipi_allocation {
    uint64_t address;
    uint64_t bytes;
} slipi_allocation;

/* Allocations by rising address. All zeros is an empty book. */
typedef struct slipi_device_memory {
    slipi_allocation *rows;
    uint32_t count;
    uint32_t room;
    uint64_t epoch; /* grows with every change */
} slipi_device_memory;

/* Makes room for one more; false if there is no memory for it. */
bool slipi_device_memory_grow(slipi_device_memory *memory);

/* Adds an allocation; room was made before. */
void slipi_device_memory_add(slipi_device_memory *memory, uint64_t address, uint64_t bytes);

/* Takes the allocation that starts at `address` out; false if there is none. */
bool slipi_device_memory_take(slipi_device_memory *memory, uint64_t address, uint64_t *out_bytes);

/* True if [address, address + bytes) lies inside one allocation. */
bool slipi_device_memory_owns(const slipi_device_memory *memory, uint64_t address, uint64_t bytes);

#endif
