/*
 * clock.h - the host's monotonic clock in nanoseconds.
 *
 * For every layer and any thread. It never goes back; its zero means nothing.
 */
#ifndef SLIPI_CLOCK_H
#define SLIPI_CLOCK_H

#include <stdint.h>
#include <time.h>

#define SLIPI_NS_PER_S UINT64_C(1000000000)

/* Now, in nanoseconds of CLOCK_MONOTONIC. No system call where the clock is in the vDSO. */
static inline uint64_t slipi_now_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * SLIPI_NS_PER_S + (uint64_t)ts.tv_nsec;
}

#endif
