/*
 * test_placement.c - the gate that control threads of a launch pass: who takes part, one decision a
 * launch, nobody waits for a thread that is not needed.
 * ctest-labels: unit concurrency
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "device/placement.h"
#include "support/check.h"

enum { THREADS = 14, LAUNCHES = 400 };
#define LONG_NS UINT64_C(20000000000)
#define SHORT_NS UINT64_C(40000000)

/* One thread's launches. */
typedef struct walker {
    slipi_boot_state *state;
    uint32_t cpu;
    uint32_t threads;
    slipi_au32 *inside;  /* who is in the run, a bit each; one word a launch */
    slipi_au32 *decided; /* decisions; one word a launch */
    slipi_au32 *left;    /* threads that are done with a launch */
} walker;

/* Takes this thread through the gate of one launch. */
static int32_t pass(const walker *w, uint64_t serial, uint32_t launched, uint64_t wait_ns)
{
    slipi_placement p = {.state = w->state,
                         .serial = serial,
                         .launched = launched,
                         .threads = w->threads,
                         .allowed_cpus = UINT64_MAX,
                         .wait_ns = wait_ns};
    slipi_placement_choice choice;
    if (!slipi_placement_enter(&p, w->cpu)) {
        return SLIPI_PLACEMENT_OUT;
    }
    int32_t place = slipi_placement_wait(&p, &choice);
    if (place != SLIPI_PLACEMENT_DECIDE) {
        return place;
    }
    slipi_add_acq_rel(&w->decided[serial], 1u);
    slipi_placement_open(&p, &choice);
    return choice.place[p.ticket];
}

/* All launches, one after the other: the next one starts when everybody has left. */
static void *walk(void *argument)
{
    const walker *w = argument;
    for (uint64_t serial = 1; serial <= LAUNCHES; serial++) {
        int32_t place = pass(w, serial, THREADS, LONG_NS);
        if (place >= 0) {
            slipi_add_acq_rel(&w->inside[serial], 1u << place);
        }
        slipi_add_acq_rel(&w->left[serial], 1u);
        while (slipi_load_acquire(&w->left[serial]) < THREADS) {
            slipi_cpu_relax();
            (void)sched_yield();
        }
    }
    return NULL;
}

/* 14 threads, 7 of them in the run, in every launch, each place once. */
static void every_place_once(void)
{
    static slipi_au32 inside[LAUNCHES + 1];
    static slipi_au32 decided[LAUNCHES + 1];
    static slipi_au32 left[LAUNCHES + 1];
    slipi_boot_state *state = calloc(1, sizeof(*state));
    walker walkers[THREADS];
    pthread_t threads[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        walkers[i] = (walker){state, i, 7, inside, decided, left};
        CHECK_EQ(pthread_create(&threads[i], NULL, walk, &walkers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
    for (uint32_t serial = 1; serial <= LAUNCHES; serial++) {
        CHECK_EQ(slipi_load_acquire(&inside[serial]), 127);
        CHECK_EQ(slipi_load_acquire(&decided[serial]), 1);
    }
    free(state);
}

/* Allowed CPUs first, one thread a CPU; then shared ones; then any. */
static void the_choice(void)
{
    slipi_placement_choice choice;
    const uint32_t cpu[6] = {1, 5, 5, 6, 0, 8}; /* plus 1: CPUs 0, 4, 4, 5, not there, 7 */
    slipi_placement_choose(cpu, 6, 0xF0, 3, &choice);
    CHECK_EQ(choice.arrived, 5);
    CHECK_EQ(choice.chosen, 3);
    CHECK_EQ(choice.misplaced, 0);
    CHECK_EQ(choice.place[0], -1);
    CHECK_EQ(choice.place[1], 0);
    CHECK_EQ(choice.place[2], -1);
    CHECK_EQ(choice.place[3], 1);
    CHECK_EQ(choice.place[4], -1);
    CHECK_EQ(choice.place[5], 2);
    slipi_placement_choose(cpu, 6, 0xF0, 4, &choice);
    CHECK_EQ(choice.place[2], 3); /* shares CPU 4 */
    CHECK_EQ(choice.misplaced, 1);
    slipi_placement_choose(cpu, 6, 0xF0, 5, &choice);
    CHECK_EQ(choice.place[0], 4); /* CPU 0 is another device's */
    CHECK_EQ(choice.misplaced, 2);
    slipi_placement_choose(cpu, 6, 0xF0, 6, &choice);
    CHECK_EQ(choice.chosen, 5);
    const uint32_t far[2] = {200, 64};
    slipi_placement_choose(far, 2, UINT64_C(1) << 63, 2, &choice);
    CHECK_EQ(choice.misplaced, 0); /* the highest bit stands for all above */
}

/* Threads beyond those that were launched, and late ones, drop out. */
static void too_many_and_late(void)
{
    slipi_boot_state *state = calloc(1, sizeof(*state));
    slipi_au32 counts[3] = {0};
    walker w = {state, 3, 1, counts, counts, counts};
    CHECK_EQ(pass(&w, 1, 2, LONG_NS), 0); /* one good thread is enough: it decides alone */
    CHECK_EQ(pass(&w, 1, 2, LONG_NS), SLIPI_PLACEMENT_OUT);
    CHECK_EQ(pass(&w, 1, 2, LONG_NS), SLIPI_PLACEMENT_OUT); /* ticket 2 of 2 */
    CHECK_EQ(slipi_load_acquire(&counts[1]), 1);
    CHECK_EQ(pass(&w, 2, 2, LONG_NS), 0); /* the next launch */
    free(state);
}

/* Fewer threads than needed: the wait ends, and the choice says how many came. */
static void too_few(void)
{
    slipi_boot_state *state = calloc(1, sizeof(*state));
    slipi_placement p = {.state = state,
                         .serial = 1,
                         .launched = 4,
                         .threads = 2,
                         .allowed_cpus = UINT64_MAX,
                         .wait_ns = SHORT_NS};
    slipi_placement_choice choice;
    CHECK(slipi_placement_enter(&p, 0));
    CHECK_EQ(slipi_placement_wait(&p, &choice), SLIPI_PLACEMENT_DECIDE);
    CHECK_EQ(choice.arrived, 1);
    CHECK_EQ(choice.chosen, 1);
    /* Who decides never opens the gate: another thread gives up all the same. */
    slipi_placement other = p;
    CHECK(slipi_placement_enter(&other, 0));
    CHECK_EQ(slipi_placement_wait(&other, &choice), SLIPI_PLACEMENT_OUT);
    free(state);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(the_choice);
    CHECK_CASE(too_many_and_late);
    CHECK_CASE(too_few);
    CHECK_CASE(every_place_once);
    return check_report();
}
