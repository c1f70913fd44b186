/*
 * cache_lines.h - moving cache lines to and from memory by address, where caches are not coherent.
 *
 * For the device's program on its control processors (aarch64), whose caches the compute cores do
 * not see. Elsewhere nothing is done: the caches of one machine are coherent. Any thread.
 *
 * The completion barrier is part of each operation: what follows it, a register write say, comes
 * after the lines have moved. It orders nothing between threads that atomic.h does not.
 */
#ifndef SLIPI_CACHE_LINES_H
#define SLIPI_CACHE_LINES_H

#include <stdint.h>

#define SLIPI_CACHE_LINE_BYTES UINT64_C(64)

#if defined(__aarch64__)

/* Writes the lines that hold [address, address + bytes) back to memory. */
static inline void slipi_cache_publish(const void *address, uint64_t bytes)
{
    uint64_t line = (uint64_t)(uintptr_t)address & ~(SLIPI_CACHE_LINE_BYTES - 1u);
    uint64_t end = (uint64_t)(uintptr_t)address + bytes;
    for (; line < end; line += SLIPI_CACHE_LINE_BYTES) {
        __asm__ __volatile__("dc cvac, %0" : : "r"(line) : "memory");
    }
    __asm__ __volatile__("dsb sy" : : : "memory");
}

/* Drops the lines that hold [address, address + bytes); what this side wrote there goes to memory
 * first, for the other instruction is not allowed to programs. */
static inline void slipi_cache_acquire(const void *address, uint64_t bytes)
{
    uint64_t line = (uint64_t)(uintptr_t)address & ~(SLIPI_CACHE_LINE_BYTES - 1u);
    uint64_t end = (uint64_t)(uintptr_t)address + bytes;
    for (; line < end; line += SLIPI_CACHE_LINE_BYTES) {
        __asm__ __volatile__("dc civac, %0" : : "r"(line) : "memory");
    }
    __asm__ __volatile__("dsb sy" : : : "memory");
}

#else

/* Nothing: caches are coherent. */
static inline void slipi_cache_publish(const void *address, uint64_t bytes)
{
    (void)address;
    (void)bytes;
}

/* As above. */
static inline void slipi_cache_acquire(const void *address, uint64_t bytes)
{
    (void)address;
    (void)bytes;
}

#endif
#endif
