/*
 * test_idle.c - how thread 0 goes to sleep: it registers, lets its caller look once more at what it
 * waits for, and only then sleeps; a registration never outlives the wait or the run.
 *
 * ctest-labels: unit concurrency
 */
#include <pthread.h>
#include <sched.h>

#include "check.h"
#include "device/entry.h"
#include "regions.h"

enum { MANY_ROUNDS = 1024 }; /* idle for long enough to sleep */

static regions r;
static slipi_au32 started;
static slipi_au32 over;

/* Threads in the run that are registered as sleepers. */
static uint32_t sleepers(void)
{
    return slipi_load_relaxed(&r.worker.at.sm->progress.sleepers);
}

/* A run of two threads in which nothing is ready. */
static void begin(void)
{
    regions_options options = {.threads = 2, .dispatch = SLIP_DISPATCH_SERIAL};
    regions_begin(&r, &options);
    r.worker.idle_rounds = MANY_ROUNDS;
}

/* What completes after the caller's look and before the registration is seen by its second look;
 * what completes after the registration wakes. */
static void looks_again_before_it_sleeps(void)
{
    begin();
    slipi_idle(&r.worker);
    CHECK_EQ(sleepers(), 1); /* registered, and back without having slept */
    uint32_t ticket = r.worker.ticket;
    slipi_event_notify(&r.worker.at.sm->progress, 1);
    CHECK(slipi_load_relaxed(&r.worker.at.sm->progress.ticket) != ticket);
    slipi_idle(&r.worker); /* the ticket has changed: no sleep */
    CHECK_EQ(sleepers(), 0);
    CHECK_EQ(r.worker.armed, 0);
    slipi_idle(&r.worker);
    CHECK_EQ(sleepers(), 1); /* the next wait begins in the same way */
    slipi_idle_end(&r.worker);
    CHECK_EQ(sleepers(), 0);
    slipi_idle_end(&r.worker);
    CHECK_EQ(sleepers(), 0);
    regions_fini(&r);
}

/* Who finds work is no sleeper. */
static void work_takes_the_registration_back(void)
{
    begin();
    slipi_idle(&r.worker);
    CHECK_EQ(sleepers(), 1);
    (void)regions_submit(&r, 0, NULL);
    CHECK_EQ(sleepers(), 1);
    CHECK(slipi_step(&r.worker));
    CHECK_EQ(sleepers(), 0);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* Kernel that lasts until thread 0 is about to sleep, if another thread runs it. */
static int32_t until_thread_0_sleeps(const slip_kernel_ctx *ctx)
{
    slipi_store_release(&started, 1u);
    while (ctx->core != 0 && sleepers() == 0) {
        (void)sched_yield();
    }
    return 0;
}

/* Submits one long task and waits until somebody else has begun it. */
static slip_status orchestrate(slip_orch *o)
{
    slip_status status = slip_spawn(o, SLIP_TASK_AIV, REGIONS_NOTE, 0, NULL);
    while (slipi_load_acquire(&started) == 0) {
        (void)sched_yield();
    }
    return status;
}

/* Enters the run again and again, as a helper that is called. */
static void *helper(void *user)
{
    (void)user;
    while (slipi_load_acquire(&over) == 0) {
        CHECK_STATUS(SLIP_OK, slipi_device_entry.control(&r.services, (uintptr_t)&r.launch, 1));
        (void)sched_yield();
    }
    return NULL;
}

/* A run whose thread 0 slept leaves no sleeper behind. */
static void nobody_sleeps_after_a_run(void)
{
    pthread_t thread;
    regions_options options = {.threads = 2, .dispatch = SLIP_DISPATCH_AUTO};
    regions_init(&r, &options);
    r.launch.orchestrate = (uint64_t)(uintptr_t)orchestrate;
    r.launch.dispatch = SLIP_DISPATCH_AUTO;
    r.launch.progress_deadline_ns = 0;
    r.kernels[REGIONS_NOTE].entry = (uint64_t)(uintptr_t)until_thread_0_sleeps;
    slipi_store_relaxed(&r.kernels[REGIONS_NOTE].typical, 1000000u); /* long: shared */
    CHECK_EQ(pthread_create(&thread, NULL, helper, NULL), 0);
    CHECK_STATUS(SLIP_OK, slipi_device_entry.control(&r.services, (uintptr_t)&r.launch, 0));
    slipi_store_release(&over, 1u);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(r.launch.result.tasks, 1);
    CHECK_EQ(sleepers(), 0);
    CHECK_EQ(slipi_load_relaxed(&r.worker.at.sm->hungry), 0);
    CHECK_EQ(slipi_load_relaxed(&r.worker.at.sm->inside), 0);
    regions_fini(&r);
}

/* An orchestration function that ends right after a look at something it waited for. */
static slip_status end_while_registered(slip_orch *o)
{
    slipi_worker *w = slipi_orchestrator_of(o)->worker;
    w->idle_rounds = MANY_ROUNDS;
    slipi_idle(w);
    CHECK_EQ(sleepers(), 1);
    return SLIP_OK;
}

/* A registration that nothing took back is taken back at the end of the run. */
static void the_end_takes_the_registration_back(void)
{
    regions_options options = {.threads = 2, .dispatch = SLIP_DISPATCH_AUTO};
    regions_init(&r, &options);
    r.launch.orchestrate = (uint64_t)(uintptr_t)end_while_registered;
    CHECK_STATUS(SLIP_OK, slipi_device_entry.control(&r.services, (uintptr_t)&r.launch, 0));
    CHECK_EQ(sleepers(), 0);
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(looks_again_before_it_sleeps);
    CHECK_CASE(work_takes_the_registration_back);
    CHECK_CASE(nobody_sleeps_after_a_run);
    CHECK_CASE(the_end_takes_the_registration_back);
    return check_report();
}
