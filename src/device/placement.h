/*
 * placement.h - which of the launched control threads take part in a run, and under which number.
 *
 * For boot.c, on devices whose control processor is a machine of its own. More threads are launched
 * than take part, because nobody can say on the host which CPUs they will run on: those on a CPU
 * that belongs to the device, one a CPU, come first; the others drop out.
 *
 *     each thread    takes a ticket, notes its CPU [B1], then looks until the gate has opened
 *     one of them    decides [L], does what comes before the run, opens the gate [B2]
 *
 * Invariants:
 *   - A launch is decided about once: `leader` moves to its serial by one compare-and-exchange.
 *   - The gate opens when enough good threads are there, or all that were launched, or, late, when
 *     at least as many as take part. It never waits for a thread that it does not need, for those
 *     may start only after others have left.
 *   - Serials only grow while the state lives, so every word that carries an older one is stale.
 */
#ifndef SLIPI_PLACEMENT_H
#define SLIPI_PLACEMENT_H

#include "abi/boot.h"

/* What a thread is to do. */
enum slipi_placement_part {
    SLIPI_PLACEMENT_OUT = -1,   /* drop out */
    SLIPI_PLACEMENT_DECIDE = -2 /* choose, prepare the run, then open the gate; ask again */
};

/* One thread's view of the gate of one launch. */
typedef struct slipi_placement {
    slipi_boot_state *state;
    uint64_t serial;
    uint32_t launched;
    uint32_t threads; /* that take part */
    uint64_t allowed_cpus;
    uint64_t wait_ns;
    uint32_t ticket;
} slipi_placement;

/* Which threads take part, of those that are there. */
typedef struct slipi_placement_choice {
    uint32_t arrived;
    uint32_t chosen;    /* may be less than wanted */
    uint32_t misplaced; /* of the chosen, on a CPU that is not allowed, or not alone on it */
    int32_t place[SLIPI_BOOT_THREADS];
} slipi_placement_choice;

/*
 * Chooses up to `wanted` of `count` threads: on allowed CPUs, one a CPU, in order of tickets; then
 * on allowed CPUs that are taken; then any. cpu[i] is the CPU of ticket i plus 1, 0 if it is not
 * there. Pure.
 */
void slipi_placement_choose(const uint32_t *cpu, uint32_t count, uint64_t allowed, uint32_t wanted,
                            slipi_placement_choice *out);

/* Takes a ticket for this thread, which runs on `cpu`. False: more came than were launched. */
bool slipi_placement_enter(slipi_placement *p, uint32_t cpu);

/*
 * Waits for the gate, bounded. Returns the thread's number, OUT, or DECIDE with *out filled: at
 * most one thread of a launch is told to decide.
 */
int32_t slipi_placement_wait(slipi_placement *p, slipi_placement_choice *out);

/* Opens the gate for everybody. */
void slipi_placement_open(slipi_placement *p, const slipi_placement_choice *choice);

#endif
