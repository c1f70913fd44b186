/*
 * test_ready_stress.c - threads share, take and complete tasks at once: each task runs once, after
 * its producers.
 *
 * ctest-labels: unit concurrency stress
 */
#include <pthread.h>
#include <sched.h>

#include "check.h"
#include "regions.h"

enum { WINDOW = 64, TASKS = 60, THREADS = 4, ROUNDS = 200, MANY_TASKS = 3000 };

static regions r;
static slip_task_handle t[TASKS];
static slipi_au32 taken[TASKS];
static slipi_au32 left;

/* One thread of the exchange: takes tasks and puts each back until it was taken ROUNDS times. */
static void *exchange(void *user)
{
    slipi_worker *w = user;
    while (slipi_load_acquire(&left) != 0) {
        slipi_slot *slot = slipi_ready_take(w, 0);
        if (slot == NULL) {
            (void)sched_yield();
            continue;
        }
        uint32_t before = slipi_add_acq_rel(&taken[slot->submission - 1], 1u);
        if (before + 1 == ROUNDS) {
            (void)slipi_sub_acq_rel(&left, 1u);
        } else if (before % 3 == 0) {
            slipi_ready_share(w, slot);
        } else {
            slipi_ready_back(w, slot);
            slipi_ready_share_rest(w, 0, before % 2);
        }
    }
    return NULL;
}

/* Nothing is lost or doubled while four threads exchange sixty tasks over many laps. */
static void nothing_is_lost_or_doubled(void)
{
    static slipi_worker workers[THREADS];
    pthread_t threads[THREADS];
    regions_options options = {
        .window = WINDOW, .threads = THREADS, .dispatch = SLIPI_DISPATCH_NOTHING};
    regions_begin(&r, &options);
    for (uint32_t i = 0; i < TASKS; i++) {
        t[i] = regions_submit(&r, 0, NULL);
        slipi_store_relaxed(&taken[i], 0u);
        slipi_ready_share(&r.worker, regions_slot(&r, t[i]));
    }
    slipi_store_relaxed(&left, (uint32_t)TASKS);
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = r.worker;
        workers[i].thread = i;
        CHECK_EQ(pthread_create(&threads[i], NULL, exchange, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        CHECK_EQ(slipi_load_relaxed(&taken[i]), ROUNDS);
    }
    regions_fini(&r);
}

/* A helper: steps until the run is over. */
static void *help(void *user)
{
    slipi_worker *w = user;
    while (slipi_load_acquire(&left) != 0) {
        if (!slipi_step(w)) {
            (void)sched_yield();
        }
    }
    return NULL;
}

/* Fan-out and fan-in over a window of four while helpers complete: the sums are right. */
static void producers_complete_while_edges_are_pushed(void)
{
    static slipi_worker workers[THREADS];
    pthread_t threads[THREADS];
    regions_options options = {.window = 16,
                               .threads = THREADS,
                               .dispatch = SLIP_DISPATCH_SHARED,
                               .arg_count = 2,
                               .arg_shape = {8}};
    regions_begin(&r, &options);
    r.launch.progress_deadline_ns = 0; /* other threads' time does not tick here */
    slipi_store_relaxed(&left, 1u);
    for (uint32_t i = 1; i < THREADS; i++) {
        workers[i] = r.worker;
        workers[i].thread = i;
        CHECK_EQ(pthread_create(&threads[i], NULL, help, &workers[i]), 0);
    }
    slip_tensor a;
    slip_tensor b;
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &a));
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 1, &b));
    for (uint32_t i = 0; i < MANY_TASKS; i++) {
        const slip_tensor *target = i % 3 == 0 ? &a : &b;
        slip_arg args[2] = {slip_inout(target), slip_scalar(1)};
        slip_task task = {.struct_size = sizeof task,
                          .shape = SLIP_TASK_AIV,
                          .kernel = {REGIONS_ADD},
                          .arg_count = 2,
                          .args = args};
        CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
        CHECK_STATUS(SLIP_OK, slipi_submit(&r.o.base, &task, NULL));
        CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    }
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    slipi_store_release(&left, 0u);
    for (uint32_t i = 1; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
    CHECK_EQ(*(uint32_t *)(void *)r.arg[0], MANY_TASKS / 3);
    CHECK_EQ(*(uint32_t *)(void *)r.arg[1], MANY_TASKS - MANY_TASKS / 3);
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(nothing_is_lost_or_doubled);
    CHECK_CASE(producers_complete_while_edges_are_pushed);
    return check_report();
}
