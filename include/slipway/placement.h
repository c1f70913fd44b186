/*
 * placement.h - where the threads of a runner run, as data.
 *
 * For hosts that choose it themselves, for platforms that carry it out, and for topology.h, which
 * fills it in from the machine. A CPU is what the kernel numbers: a hardware thread of a core.
 */
#ifndef SLIPWAY_PLACEMENT_H
#define SLIPWAY_PLACEMENT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* slip_place.cpu of a thread that is not bound. */
#define SLIP_CPU_ANY (-1)

/* What two threads may share, nearest first. */
enum slip_place_level {
    SLIP_PLACE_CORE = 0,
    SLIP_PLACE_L2 = 1,
    SLIP_PLACE_L3 = 2,
    SLIP_PLACE_NUMA = 3,
    SLIP_PLACE_PACKAGE = 4,
    SLIP_PLACE_LEVELS = 5
};

/* Where one thread runs, and what it shares with others: equal groups share, 0 is not known. */
typedef struct slip_place {
    int32_t cpu;                       /* the kernel's number; SLIP_CPU_ANY */
    uint16_t group[SLIP_PLACE_LEVELS]; /* by enum slip_place_level */
    uint16_t reserved;                 /* zero */
} slip_place;

/*
 * Places of a runner's threads: thread t has place t modulo count, so that more threads than places
 * share them. Thread 0 is whoever calls slip_run; its place says who is near it, and it is bound
 * only if bind_caller is set.
 */
typedef struct slip_placement {
    uint32_t struct_size;
    uint32_t count; /* 0: nobody is bound */
    const slip_place *places;
    uint32_t bind_caller; /* 1: the thread that opens the runner is bound to place 0; close gives it
                             its CPUs back if the same thread calls it */
    uint32_t reserved;    /* zero */
} slip_placement;

#ifdef __cplusplus
}
#endif
#endif
