/*
 * rng.h - the tests' own source of random numbers: the same numbers for the same seed everywhere.
 *
 * For tests; one generator belongs to one thread.
 */
#ifndef SLIPWAY_TESTS_RNG_H
#define SLIPWAY_TESTS_RNG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct rp_rng {
    uint64_t state;
} rp_rng;

/* Mixes all bits of a number (the finisher of splitmix64). */
static inline uint64_t rp_mix64(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* The next number. */
static inline uint64_t rp_next(rp_rng *rng)
{
    rng->state += UINT64_C(0x9E3779B97F4A7C15);
    return rp_mix64(rng->state);
}

/* A number below `bound`; 0 if the bound is 0. */
static inline uint32_t rp_below(rp_rng *rng, uint32_t bound)
{
    return bound == 0 ? 0 : (uint32_t)((rp_next(rng) >> 32) % bound);
}

/* A number from `low` to `high`, both included. */
static inline uint32_t rp_between(rp_rng *rng, uint32_t low, uint32_t high)
{
    return low + rp_below(rng, high - low + 1u);
}

/* True in `percent` of 100 cases. */
static inline bool rp_chance(rp_rng *rng, uint32_t percent)
{
    return rp_below(rng, 100) < percent;
}

#endif
