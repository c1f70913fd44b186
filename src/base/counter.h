/*
 * counter.h - the system counter, as control processors and compute cores both see it.
 *
 * For the device's program. On aarch64 the generic timer's virtual count, which programs may read;
 * elsewhere the monotonic clock. Any thread; never back.
 */
#ifndef SLIPI_COUNTER_H
#define SLIPI_COUNTER_H

#include "base/clock.h"

/* `value` of a clock with from_hz in ticks of one with to_hz. */
static inline uint64_t slipi_counter_scale(uint64_t value, uint64_t from_hz, uint64_t to_hz)
{
    if (from_hz == to_hz || from_hz == 0) {
        return value;
    }
    return value / from_hz * to_hz + value % from_hz * to_hz / from_hz;
}

/* Now, in ticks of `hz`, the rate that the device's description gives. */
static inline uint64_t slipi_counter(uint64_t hz)
{
#if defined(__aarch64__)
    uint64_t count;
    uint64_t frequency;
    __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(count));
    __asm__ __volatile__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return slipi_counter_scale(count, frequency, hz);
#else
    return slipi_counter_scale(slipi_now_ns(), SLIPI_NS_PER_S, hz);
#endif
}

#endif
