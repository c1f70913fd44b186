/* places.c - checks of a placement, and the order of neighbours; see places.h. Any thread. */
#include "platform/common/places.h"

#include <stdio.h>
#include <unistd.h>

/* Says what is wrong with the CPU of a place. */
static slip_status bad_cpu(uint32_t place, int32_t cpu, const slipi_cpus *allowed, char *why,
                           size_t why_bytes)
{
    char text[96];
    long there = sysconf(_SC_NPROCESSORS_CONF);
    slipi_cpus_text(allowed, text, sizeof(text));
    if (cpu < 0 || (there > 0 && cpu >= there)) {
        (void)snprintf(why, why_bytes, "place %u names CPU %d, and this machine has %ld (from 0)",
                       place, cpu, there);
    } else {
        (void)snprintf(why, why_bytes, "place %u names CPU %d; this process may use %s", place, cpu,
                       text);
    }
    return SLIP_E_INVALID_ARGUMENT;
}

slip_status slipi_places_check(const slip_placement *placement, const slipi_cpus *allowed,
                               char *why, size_t why_bytes)
{
    if (placement->struct_size < sizeof(*placement)) {
        (void)snprintf(why, why_bytes, "wanted slip_placement of %zu bytes, found %u",
                       sizeof(*placement), placement->struct_size);
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (placement->count > SLIP_MAX_THREADS ||
        (placement->count != 0 && placement->places == NULL)) {
        (void)snprintf(why, why_bytes, "wanted at most %u places, found %u%s", SLIP_MAX_THREADS,
                       placement->count, placement->places == NULL ? " at null" : "");
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (placement->bind_caller > 1 || placement->reserved != 0) {
        (void)snprintf(why, why_bytes, "bind_caller is %u and reserved %u: at most 1 and 0",
                       placement->bind_caller, placement->reserved);
        return SLIP_E_INVALID_ARGUMENT;
    }
    for (uint32_t i = 0; i < placement->count; i++) {
        int32_t cpu = placement->places[i].cpu;
        if (cpu != SLIP_CPU_ANY && (cpu < 0 || !slipi_cpus_has(allowed, (uint32_t)cpu))) {
            return bad_cpu(i, cpu, allowed, why, why_bytes);
        }
    }
    return SLIP_OK;
}

uint32_t slipi_places_level(const slip_place *a, const slip_place *b)
{
    for (uint32_t level = 0; level < SLIP_PLACE_LEVELS; level++) {
        if (a->group[level] != 0 && a->group[level] == b->group[level]) {
            return level;
        }
    }
    return SLIP_PLACE_LEVELS;
}

bool slipi_places_have_groups(const slip_placement *placement)
{
    for (uint32_t i = 0; i < placement->count; i++) {
        for (uint32_t level = 0; level < SLIP_PLACE_LEVELS; level++) {
            if (placement->places[i].group[level] != 0) {
                return true;
            }
        }
    }
    return false;
}

/* Place of a thread. */
static const slip_place *place_of(const slip_placement *placement, uint32_t thread)
{
    return &placement->places[thread % placement->count];
}

/* The i-th other thread seen from `own`, going outwards on both sides at once; 0, which is never
 * called, where there is none. */
static uint32_t outwards(uint32_t threads, uint32_t own, uint32_t i)
{
    uint32_t step = i / 2u + 1u;
    if (i % 2u == 0) {
        return own + step < threads ? own + step : 0;
    }
    return own > step ? own - step : 0;
}

uint32_t slipi_places_order(const slip_placement *placement, uint32_t threads, uint32_t own,
                            uint16_t *out)
{
    /* Sorted by counting: the order is made for every thread, when a runner is opened. */
    uint32_t next[SLIP_PLACE_LEVELS + 2] = {0};
    const slip_place *here = place_of(placement, own);
    for (uint32_t i = 0; i < 2u * threads; i++) {
        uint32_t other = outwards(threads, own, i);
        if (other != 0) {
            next[slipi_places_level(here, place_of(placement, other)) + 1u]++;
        }
    }
    for (uint32_t level = 1; level < SLIP_PLACE_LEVELS + 2; level++) {
        next[level] += next[level - 1u];
    }
    for (uint32_t i = 0; i < 2u * threads; i++) {
        uint32_t other = outwards(threads, own, i);
        if (other != 0) {
            out[next[slipi_places_level(here, place_of(placement, other))]++] = (uint16_t)other;
        }
    }
    return next[SLIP_PLACE_LEVELS];
}
