/*
 * prefault.c - gives a prewarmed state its memory before the first run wants it.
 *
 * For prewarm.c, without the runner's lock: runs go on meanwhile. Pages are given a part at a time
 * under the memory gate (runner_int.h), so that who wants to take the memory away waits for one
 * part at most, and this thread then looks again where the memory lies.
 */
#include "base/check.h"
#include "runner/runner_int.h"

/* Largest part: some half a millisecond of page faults (FIGURES: 1.3 us per 4 KiB), and one large
 * page. Parts end at its multiples, so that no large page is cut. */
#define PART_BYTES (UINT64_C(2) << 20)

/* SM and arena are one range, then come the heaps of the rings. */
enum { RANGES = 1 + SLIP_RING_COUNT };

/* Times that memory may move before the rest is left as it is: each of them is another sizing that
 * outgrew the heap, an eviction or a reset. Chosen, not measured. */
enum { MAX_RESTARTS = 16 };

/* A range that is to get memory; bytes 0: none. */
typedef struct range {
    uint64_t base;
    uint64_t bytes;
} range;

/* One pre-fault. */
typedef struct prefault {
    slip_runner *runner;
    const slipi_prebuilt_key *key;
    uint64_t heap_bytes; /* of each ring at most; 0: none */
    uint32_t flags;      /* of populate */
    uint64_t serial;     /* of the gate when the ranges were looked up */
    range ranges[RANGES];
} prefault;

/* Where the memory of the key lies now; false if it is not in the cache. Takes the runner's lock.
 */
static bool look_up(prefault *p)
{
    slip_runner *runner = p->runner;
    slipi_runner_enter(runner);
    const slipi_prebuilt_entry *entry = slipi_prebuilt_cache_peek(&runner->cache, p->key);
    bool there = entry != NULL && runner->broken == 0 && runner->refuses == 0;
    if (there) {
        const slipi_prebuilt_state *state = &entry->state;
        p->ranges[0] = (range){state->arena_base, state->arena_bytes + state->sm_bytes};
        for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
            const slipi_ring_extent *ring = &state->image.sm.ring[r];
            uint64_t bytes = ring->heap_bytes < p->heap_bytes ? ring->heap_bytes : p->heap_bytes;
            p->ranges[1 + r] = (range){state->gm_heap_base + ring->heap_off, bytes};
        }
    }
    p->serial = runner->gate.serial;
    slipi_runner_leave(runner);
    return there;
}

/* One call of the platform if the memory still lies where it was looked up; *moved otherwise. */
static slip_status populate(const prefault *p, const range *part, uint32_t flags,
                            slip_platform_populated *got, bool *moved)
{
    slip_runner *runner = p->runner;
    slip_status status = SLIP_OK;
    pthread_mutex_lock(&runner->gate.lock);
    *moved = runner->gate.serial != p->serial;
    if (!*moved) {
        status = runner->ops->populate(runner->device, part->base, part->bytes, flags, got);
    }
    pthread_mutex_unlock(&runner->gate.lock);
    return status;
}

/* Gives one range memory, part by part. */
static slip_status give_range(const prefault *p, const range *whole, bool *moved)
{
    uint64_t end = whole->base + whole->bytes;
    slip_status status = SLIP_OK;
    *moved = false;
    for (uint64_t at = whole->base; at < end && status == SLIP_OK && !*moved;) {
        uint64_t next = (at / PART_BYTES + 1) * PART_BYTES;
        range part = {at, (next < end ? next : end) - at};
        status = populate(p, &part, p->flags, NULL, moved);
        at += part.bytes;
    }
    return status;
}

/* Gives all ranges memory. */
static slip_status give_all(const prefault *p, bool *moved)
{
    slip_status status = SLIP_OK;
    *moved = false;
    for (uint32_t i = 0; i < RANGES && status == SLIP_OK && !*moved; i++) {
        status = give_range(p, &p->ranges[i], moved);
    }
    return status;
}

/* Counts what is there. */
static slip_status count_all(const prefault *p, slip_prewarmed *out, bool *moved)
{
    slip_status status = SLIP_OK;
    out->state_resident_bytes = 0;
    out->heap_resident_bytes = 0;
    out->huge_bytes = 0;
    for (uint32_t i = 0; i < RANGES && status == SLIP_OK && !*moved; i++) {
        slip_platform_populated got = {.struct_size = (uint32_t)sizeof(got)};
        uint64_t *resident = i == 0 ? &out->state_resident_bytes : &out->heap_resident_bytes;
        if (p->ranges[i].bytes != 0) {
            status = populate(p, &p->ranges[i], SLIP_POPULATE_COUNT, &got, moved);
        }
        *resident += got.bytes;
        out->huge_bytes += got.huge_bytes;
    }
    return status;
}

/* What is to get memory. */
static void count_wanted(const prefault *p, slip_prewarmed *out)
{
    out->state_bytes = p->ranges[0].bytes;
    out->heap_bytes = 0;
    for (uint32_t i = 1; i < RANGES; i++) {
        out->heap_bytes += p->ranges[i].bytes;
    }
}

/* Describes a failure of the platform; takes the runner's lock for it. */
static slip_status fail(prefault *p, slip_status status, uint64_t bytes)
{
    slip_runner *runner = p->runner;
    slipi_runner_enter(runner);
    status = slipi_platform_fail(runner, status, "populate", bytes, "pre-fault of a state");
    slipi_runner_leave(runner);
    return status;
}

/* Gives the entry of a key memory; see the header. */
slip_status slipi_prefault(slip_runner *runner, const slipi_prebuilt_key *key,
                           const slip_prewarm_options *options, slip_prewarmed *out)
{
    uint64_t heap_most = options->heap_bytes != 0 ? options->heap_bytes : UINT64_MAX;
    prefault p = {
        .runner = runner,
        .key = key,
        .heap_bytes = (options->flags & SLIP_PREWARM_HEAP) != 0 ? heap_most : 0,
        .flags = (options->flags & SLIP_PREWARM_HUGE) != 0 ? (uint32_t)SLIP_POPULATE_HUGE : 0,
    };
    bool moved = true;
    slip_status status = SLIP_OK;
    for (uint32_t round = 0; moved && status == SLIP_OK && round <= MAX_RESTARTS; round++) {
        out->restarts = round;
        if (!look_up(&p)) {
            return SLIP_OK; /* somebody else wanted its memory more; *out says that it is gone */
        }
        count_wanted(&p, out);
        if (runner->ops->populate == NULL) {
            /* What is committed has memory. */
            out->state_resident_bytes = out->state_bytes;
            out->heap_resident_bytes = out->heap_bytes;
            return SLIP_OK;
        }
        status = give_all(&p, &moved);
        if (status == SLIP_OK && !moved) {
            status = count_all(&p, out, &moved);
        }
    }
    return status == SLIP_OK ? SLIP_OK : fail(&p, status, out->state_bytes + out->heap_bytes);
}
