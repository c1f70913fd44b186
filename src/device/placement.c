/*
 * placement.c - the gate that control threads of a launch pass; see placement.h.
 *
 * Orderings, each named at both ends:
 *
 *   [B1] a thread's CPU noted with its serial -> read by who decides
 *   [B2] choice written, run prepared, gate opened -> seen open, choice and run read
 */
#include "device/placement.h"

#include <sched.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

/* A word that carries a serial, and a count or a number below. */
enum { SERIAL_SHIFT = 16 };
#define LOW_MASK ((UINT64_C(1) << SERIAL_SHIFT) - 1u)

/* True if a CPU belongs to the device; the highest bit stands for all above too. */
static bool is_allowed(uint64_t allowed, uint32_t cpu)
{
    return (allowed >> (cpu < 63u ? cpu : 63u) & 1u) != 0;
}

/* True if an earlier ticket of those that were chosen runs on the same CPU. */
static bool is_shared(const uint32_t *cpu, uint32_t ticket, const slipi_placement_choice *choice)
{
    for (uint32_t i = 0; i < SLIPI_BOOT_THREADS; i++) {
        if (i != ticket && choice->place[i] >= 0 && cpu[i] == cpu[ticket]) {
            return true;
        }
    }
    return false;
}

void slipi_placement_choose(const uint32_t *cpu, uint32_t count, uint64_t allowed, uint32_t wanted,
                            slipi_placement_choice *out)
{
    enum { ALONE, ALLOWED, ANY, ROUNDS };
    memset(out, 0, sizeof(*out));
    memset(out->place, -1, sizeof(out->place));
    for (uint32_t round = ALONE; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < count; i++) {
            out->arrived += round == ALONE && cpu[i] != 0 ? 1u : 0u;
            bool taken = cpu[i] == 0 || out->place[i] >= 0 || out->chosen == wanted;
            if (taken || (round != ANY && !is_allowed(allowed, cpu[i] - 1u)) ||
                (round == ALONE && is_shared(cpu, i, out))) {
                continue;
            }
            out->place[i] = (int32_t)out->chosen++;
            out->misplaced += round != ALONE ? 1u : 0u;
        }
    }
}

bool slipi_placement_enter(slipi_placement *p, uint32_t cpu)
{
    SLIPI_ASSERT(p->launched <= SLIPI_BOOT_THREADS && cpu < LOW_MASK);
    slipi_au64 *tickets = &p->state->tickets;
    uint64_t first = p->serial << SERIAL_SHIFT;
    uint64_t old = slipi_load_relaxed(tickets); /* relaxed, as below: a ticket, orders nothing */
    uint64_t taken;
    do {
        taken = old >> SERIAL_SHIFT == p->serial ? old : first;
    } while (!slipi_cas_relaxed(tickets, &old, taken + 1u));
    p->ticket = (uint32_t)(taken & LOW_MASK);
    if (p->ticket >= p->launched) {
        return false;
    }
    slipi_store_release(&p->state->cpu[p->ticket], first | (cpu + 1u)); /* [B1] */
    return true;
}

/* The choice among who is there now. */
static void look(const slipi_placement *p, slipi_placement_choice *out)
{
    uint32_t cpu[SLIPI_BOOT_THREADS] = {0};
    for (uint32_t i = 0; i < p->launched; i++) {
        uint64_t word = slipi_load_acquire(&p->state->cpu[i]); /* [B1] */
        cpu[i] = word >> SERIAL_SHIFT == p->serial ? (uint32_t)(word & LOW_MASK) : 0;
    }
    slipi_placement_choose(cpu, p->launched, p->allowed_cpus, p->threads, out);
}

/* True if nothing better is worth waiting for. */
static bool is_enough(const slipi_placement *p, const slipi_placement_choice *choice,
                      uint64_t waited_ns)
{
    bool good = choice->chosen == p->threads && choice->misplaced == 0;
    bool late = choice->chosen == p->threads && waited_ns > p->wait_ns / 8u;
    return good || late || choice->arrived == p->launched || waited_ns > p->wait_ns;
}

/* True for the one thread that is to decide. */
static bool claim(slipi_placement *p)
{
    uint64_t old =
        slipi_load_relaxed(&p->state->leader); /* relaxed: [B1] and [B2] order the data */
    return old != p->serial && slipi_cas_acq_rel(&p->state->leader, &old, p->serial);
}

int32_t slipi_placement_wait(slipi_placement *p, slipi_placement_choice *out)
{
    enum { SPIN_ROUNDS = 64 };
    uint64_t begin = slipi_now_ns();
    for (uint32_t round = 0;; round++) {
        if (slipi_load_acquire(&p->state->decided) == p->serial) { /* [B2] */
            return p->state->place[p->ticket];
        }
        uint64_t waited = slipi_now_ns() - begin;
        look(p, out);
        if (is_enough(p, out, waited) && claim(p)) {
            return SLIPI_PLACEMENT_DECIDE;
        }
        if (waited / 2u > p->wait_ns) {
            return SLIPI_PLACEMENT_OUT; /* who decides has had as long again, and is lost */
        }
        if (round < SPIN_ROUNDS) {
            slipi_cpu_relax();
        } else {
            (void)sched_yield();
        }
    }
}

void slipi_placement_open(slipi_placement *p, const slipi_placement_choice *choice)
{
    memcpy(p->state->place, choice->place, sizeof(choice->place));
    slipi_store_release(&p->state->decided, p->serial); /* [B2] */
}
