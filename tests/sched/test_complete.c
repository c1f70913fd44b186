/*
 * test_complete.c - completion walks the list of who waits; the first failure of a run is kept.
 *
 * ctest-labels: unit
 */
#include <pthread.h>
#include <sched.h>

#include "check.h"
#include "regions.h"

/* A fixture whose tasks do not run by themselves. */
static void begin(regions *r)
{
    regions_options options = {.window = 64, .dispatch = SLIPI_DISPATCH_NOTHING};
    regions_begin(r, &options);
}

/* Everybody on the list loses one producer; who has none left becomes ready. */
static void the_list_is_walked(void)
{
    static regions r;
    begin(&r);
    slip_task_handle p[2] = {regions_submit(&r, 0, NULL), regions_submit(&r, 0, NULL)};
    slip_task_handle one = regions_after(&r, 1, p);
    slip_task_handle both = regions_after(&r, 2, p);
    slip_task_handle other = regions_after(&r, 1, p + 1);
    slipi_complete(&r.worker, regions_slot(&r, p[0]));
    CHECK_EQ(slipi_load_relaxed(&regions_slot(&r, p[0])->fanout), SLIPI_FANOUT_CLOSED);
    CHECK_EQ(r.worker.ready[0].count, 1);
    CHECK(slipi_ready_take(&r.worker, 0) == regions_slot(&r, one));
    CHECK_EQ(regions_fanin(&r, both), 1);
    CHECK_EQ(regions_fanin(&r, other), 1);
    slipi_complete(&r.worker, regions_slot(&r, p[1]));
    CHECK_EQ(r.worker.ready[0].count, 2);
    CHECK_EQ(regions_fanin(&r, both) + regions_fanin(&r, other), 0);
    regions_fini(&r);
}

/* A task without consumers just closes its list. */
static void an_empty_list_is_closed(void)
{
    static regions r;
    begin(&r);
    slip_task_handle t = regions_submit(&r, 0, NULL);
    slipi_complete(&r.worker, regions_slot(&r, t));
    CHECK_EQ(slipi_load_relaxed(&regions_slot(&r, t)->fanout), SLIPI_FANOUT_CLOSED);
    CHECK_EQ(r.worker.ready[0].count, 0);
    slip_task_handle after = regions_after(&r, 1, &t);
    CHECK_EQ(regions_fanin(&r, after), 0);
    CHECK_EQ(r.o.edges_skipped, 1);
    regions_fini(&r);
}

/* A chain of tasks runs in order from one step. */
static void a_chain_runs_in_order(void)
{
    enum { LENGTH = 40 };
    static regions r;
    regions_options options = {.window = 64, .dispatch = SLIP_DISPATCH_SERIAL};
    regions_begin(&r, &options);
    slip_task_handle t[LENGTH];
    t[0] = regions_submit(&r, 0, NULL);
    for (uint32_t i = 1; i < LENGTH; i++) {
        t[i] = regions_after(&r, 1, &t[i - 1]);
    }
    CHECK_EQ(r.o.edges, LENGTH - 1);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    CHECK_EQ(regions_log_count, LENGTH);
    for (uint32_t i = 0; i < LENGTH; i++) {
        CHECK_EQ(regions_log[i], t[i].task);
    }
    regions_fini(&r);
}

/* Of several failures the first is kept whole. */
static void the_first_failure_wins(void)
{
    static regions r;
    begin(&r);
    slipi_fault first = {.status = SLIP_E_KERNEL_FAILED, .code = 1, .detail = "first"};
    slipi_fault second = {.status = SLIP_E_HANG, .code = 2, .detail = "second"};
    CHECK_STATUS(SLIP_OK, slipi_failed(&r.worker.at));
    slipi_raise(&r.worker.at, &first);
    slipi_raise(&r.worker.at, &second);
    CHECK_STATUS(SLIP_E_KERNEL_FAILED, slipi_failed(&r.worker.at));
    CHECK_EQ(regions_fault(&r)->code, 1);
    CHECK_STR(regions_fault(&r)->detail, "first");
    CHECK_EQ(slipi_load_acquire(&r.worker.at.sm->fatal), 2);
    regions_fini(&r);
}

/* A kernel's error names the task; what follows is skipped but completes; the next run is clean. */
static void a_failed_kernel_fails_the_run(void)
{
    static regions r;
    regions_options options = {.dispatch = SLIP_DISPATCH_SERIAL};
    regions_begin(&r, &options);
    slip_task task = {.struct_size = sizeof task, .shape = SLIP_TASK_AIV, .kernel = {REGIONS_FAIL}};
    slip_task_handle failing;
    slip_task_handle before = regions_submit(&r, 0, NULL);
    CHECK_STATUS(SLIP_OK, slipi_submit(&r.o.base, &task, &failing));
    slip_task_handle after = regions_after(&r, 1, &failing);
    CHECK(before.task != 0 && after.task != 0);
    CHECK_STATUS(SLIP_E_KERNEL_FAILED, regions_end(&r));
    CHECK_EQ(regions_log_count, 1);
    const slipi_fault *fault = regions_fault(&r);
    CHECK_EQ(fault->kernel, REGIONS_FAIL);
    CHECK_EQ(fault->code, 7);
    CHECK_EQ(fault->ring, 0);
    CHECK_EQ(fault->submission, 2);
    CHECK_EQ(fault->resource, SLIPI_RESOURCE_KERNEL);
    regions_again(&r);
    CHECK_STATUS(SLIP_OK, slipi_failed(&r.worker.at));
    CHECK(regions_submit(&r, 0, NULL).task != 0);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    CHECK_EQ(regions_log_count, 2);
    regions_fini(&r);
}

/* Waiting for a task that nobody runs ends at the progress deadline and names the task. */
static void a_hang_names_the_oldest_task(void)
{
    static regions r;
    begin(&r);
    slip_task_handle done = regions_submit(&r, 0, NULL);
    slip_task_handle stuck = regions_submit(&r, 0, NULL);
    slip_task_handle waiting = regions_after(&r, 1, &stuck);
    CHECK(waiting.task != 0);
    regions_complete(&r, done);
    CHECK_STATUS(SLIP_E_HANG, regions_end(&r));
    CHECK_EQ(regions_fault(&r)->submission, 2);
    CHECK_EQ(regions_fault(&r)->kernel, REGIONS_NOTE);
    CHECK_EQ(r.worker.hung, 1);
    regions_fini(&r);
}

static slipi_au32 reading;

/* Writes the second half of a failure while somebody waits for it. */
static void *finish_the_fault(void *user)
{
    slipi_sm *sm = user;
    while (slipi_load_acquire(&reading) == 0) {
        (void)sched_yield();
    }
    for (uint32_t i = 0; i < 1000; i++) {
        (void)sched_yield();
    }
    sm->fault.status = SLIP_E_KERNEL_FAILED;
    sm->fault.code = 7;
    slipi_store_release(&sm->fatal, 2u);
    return NULL;
}

/* A failure that is being written is read when it is whole. */
static void half_a_failure_is_not_read(void)
{
    static regions r;
    pthread_t thread;
    slipi_fault fault;
    begin(&r);
    slipi_fault_read(&r.worker.at, &fault);
    CHECK_EQ(fault.status, 0); /* nothing has failed: nothing to wait for */
    slipi_store_relaxed(&r.worker.at.sm->fatal, 1u);
    CHECK_EQ(pthread_create(&thread, NULL, finish_the_fault, r.worker.at.sm), 0);
    slipi_store_release(&reading, 1u);
    slipi_fault_read(&r.worker.at, &fault);
    CHECK_EQ(fault.status, SLIP_E_KERNEL_FAILED);
    CHECK_EQ(fault.code, 7);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(the_list_is_walked);
    CHECK_CASE(an_empty_list_is_closed);
    CHECK_CASE(a_chain_runs_in_order);
    CHECK_CASE(the_first_failure_wins);
    CHECK_CASE(a_failed_kernel_fails_the_run);
    CHECK_CASE(a_hang_names_the_oldest_task);
    CHECK_CASE(half_a_failure_is_not_read);
    return check_report();
}
