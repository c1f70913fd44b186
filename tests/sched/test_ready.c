/*
 * test_ready.c - a worker's own chains and the shared queues, on one thread.
 *
 * ctest-labels: unit
 */
#include "check.h"
#include "regions.h"

enum { WINDOW = 64, TASKS = 40 };

static regions r;
static slip_task_handle t[TASKS];
static slipi_worker other; /* a second worker over the same regions */

/* Tasks that nobody has chained yet, and two workers. */
static void begin(void)
{
    regions_options options = {.window = WINDOW, .threads = 2, .dispatch = SLIPI_DISPATCH_NOTHING};
    regions_begin(&r, &options);
    for (uint32_t i = 0; i < TASKS; i++) {
        t[i] = regions_submit(&r, 0, NULL);
    }
    other = r.worker;
    other.thread = 1;
}

/* Takes a task of queue 0; its index, or -1. */
static int take(slipi_worker *w)
{
    const slipi_slot *slot = slipi_ready_take(w, 0);
    return slot != NULL ? (int)slot->submission - 1 : -1;
}

/* The back is first in, first out; the front runs next. */
static void chains_have_two_ends(void)
{
    begin();
    for (uint32_t i = 0; i < 3; i++) {
        slipi_ready_back(&r.worker, regions_slot(&r, t[i]));
    }
    slipi_ready_front(&r.worker, regions_slot(&r, t[9]));
    slipi_ready_back(&r.worker, regions_slot(&r, t[4]));
    CHECK_EQ(r.worker.ready[0].count, 5);
    static const int wanted[] = {9, 0, 1, 2, 4, -1};
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_EQ(take(&r.worker), wanted[i]);
    }
    /* An emptied chain starts anew from either end. */
    slipi_ready_front(&r.worker, regions_slot(&r, t[5]));
    slipi_ready_back(&r.worker, regions_slot(&r, t[6]));
    CHECK_EQ(take(&r.worker), 5);
    CHECK_EQ(take(&r.worker), 6);
    slipi_ready_back(&r.worker, regions_slot(&r, t[7]));
    slipi_ready_front(&r.worker, regions_slot(&r, t[8]));
    CHECK_EQ(take(&r.worker), 8);
    CHECK_EQ(take(&r.worker), 7);
    CHECK_EQ(take(&r.worker), -1);
    regions_fini(&r);
}

/* A shared task is taken by whoever looks first, once. */
static void shared_tasks_go_to_anyone(void)
{
    begin();
    slipi_ready_share(&r.worker, regions_slot(&r, t[3]));
    slipi_ready_share(&r.worker, regions_slot(&r, t[1]));
    CHECK_EQ(r.worker.ready[0].count, 0);
    CHECK_EQ(take(&other), 3);
    CHECK_EQ(take(&r.worker), 1);
    CHECK_EQ(take(&other), -1);
    CHECK_EQ(take(&r.worker), -1);
    regions_fini(&r);
}

static slipi_queue_cell *held;
static uint32_t waits;

/* slip_device_services.idle of a push that waits: the popper gets on at the third wait. */
static void popper_gets_on(slip_platform_device *device, uint32_t thread, uint32_t rounds)
{
    (void)device;
    (void)thread;
    CHECK_EQ(rounds, waits);
    if (++waits == 3) {
        slipi_store_release(&held->turn, 2u);
    }
}

/* A push that meets a popper of the last lap leaves the processor to it. */
static void a_push_waits_for_the_popper_of_the_last_lap(void)
{
    begin();
    for (uint64_t i = 0; i < r.layout.sm.queue_capacity; i++) {
        slipi_ready_share(&r.worker, regions_slot(&r, t[0]));
        CHECK_EQ(take(&other), 0);
    }
    held = r.worker.at.queue_cells[0];
    slipi_store_relaxed(&held->turn, 1u); /* taken, and not yet given back */
    r.services.idle = popper_gets_on;
    slipi_ready_share(&r.worker, regions_slot(&r, t[1]));
    CHECK_EQ(waits, 3);
    CHECK_EQ(take(&other), 1);
    regions_fini(&r);
}

/* A queue goes round many times; nothing is lost or doubled. */
static void queues_wrap_over_many_laps(void)
{
    begin();
    uint64_t capacity = r.layout.sm.queue_capacity;
    CHECK_EQ(capacity, 4 * WINDOW);
    for (uint64_t i = 0; i < capacity * 5 + 3; i++) {
        int a = (int)(i % TASKS);
        int b = (int)((i + 7) % TASKS);
        slipi_ready_share(&r.worker, regions_slot(&r, t[a]));
        slipi_ready_share(&other, regions_slot(&r, t[b]));
        if (!CHECK_EQ(take(&other), a) || !CHECK_EQ(take(&r.worker), b)) {
            break;
        }
    }
    const slipi_queue *queue = &r.worker.at.sm->queue[0];
    CHECK_EQ(slipi_load_relaxed(&queue->push_pos), (capacity * 5 + 3) * 2);
    CHECK_EQ(slipi_load_relaxed(&queue->pop_pos), (capacity * 5 + 3) * 2);
    CHECK_EQ(take(&r.worker), -1);
    regions_fini(&r);
}

/* Short tasks are shared in chains of 16, long ones one by one; `keep` of them stay. */
static void batches_are_shared(void)
{
    for (uint32_t is_long = 0; is_long < 2; is_long++) {
        begin();
        r.worker.long_kernels = is_long;
        for (uint32_t i = 0; i < TASKS; i++) {
            slipi_ready_back(&r.worker, regions_slot(&r, t[i]));
        }
        slipi_ready_share_rest(&r.worker, 0, 5);
        CHECK_EQ(r.worker.ready[0].count, 5);
        CHECK_EQ(slipi_load_relaxed(&r.worker.at.sm->queue[0].push_pos), is_long ? 35 : 3);
        for (int i = 0; i < 35; i++) {
            CHECK_EQ(take(&other), i); /* chains come whole and in order: 16, 16, 3 */
        }
        CHECK_EQ(take(&other), -1);
        for (int i = 35; i < TASKS; i++) {
            CHECK_EQ(take(&r.worker), i);
        }
        slipi_ready_share_rest(&r.worker, 0, 0); /* nothing to share */
        CHECK_EQ(take(&r.worker), -1);
        regions_fini(&r);
    }
}

/* A popped chain can be added to at both ends. */
static void a_popped_chain_is_the_workers_own(void)
{
    begin();
    for (uint32_t i = 0; i < 4; i++) {
        slipi_ready_back(&r.worker, regions_slot(&r, t[i]));
    }
    slipi_ready_share_rest(&r.worker, 0, 0);
    CHECK_EQ(take(&other), 0);
    CHECK_EQ(other.ready[0].count, 3);
    slipi_ready_back(&other, regions_slot(&r, t[8]));
    slipi_ready_front(&other, regions_slot(&r, t[9]));
    static const int wanted[] = {9, 1, 2, 3, 8, -1};
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_EQ(take(&other), wanted[i]);
    }
    regions_fini(&r);
}

/* A single control thread never looks at the shared queues. */
static void one_thread_needs_no_queue(void)
{
    begin();
    slipi_ready_share(&r.worker, regions_slot(&r, t[0]));
    r.worker.thread_count = 1;
    CHECK_EQ(take(&r.worker), -1);
    CHECK_EQ(take(&other), 0);
    regions_fini(&r);
}

/* Threads are called only if nobody looks for work and somebody is outside. */
static void threads_are_called_if_needed(void)
{
    begin();
    slipi_sm *sm = r.worker.at.sm;
    slipi_ready_call(&r.worker, 1);
    CHECK_EQ(r.calls, 1);
    slipi_store_relaxed(&sm->hungry, 1u);
    slipi_ready_call(&r.worker, 1);
    CHECK_EQ(r.calls, 1);
    slipi_store_relaxed(&sm->hungry, 0u);
    slipi_store_relaxed(&sm->inside, 1u);
    slipi_ready_call(&r.worker, 1);
    CHECK_EQ(r.calls, 1);
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(chains_have_two_ends);
    CHECK_CASE(shared_tasks_go_to_anyone);
    CHECK_CASE(a_push_waits_for_the_popper_of_the_last_lap);
    CHECK_CASE(queues_wrap_over_many_laps);
    CHECK_CASE(batches_are_shared);
    CHECK_CASE(a_popped_chain_is_the_workers_own);
    CHECK_CASE(one_thread_needs_no_queue);
    CHECK_CASE(threads_are_called_if_needed);
    return check_report();
}
