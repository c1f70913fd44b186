/*
 * test_share.c - which kernels are shared between threads, how many each thread runs, and when
 * somebody is woken for them.
 *
 * Two workers over the same regions, driven in turn by one thread: everything that depends on time
 * in a real run (how long a kernel takes, who is asleep) is a value here.
 *
 * ctest-labels: unit
 */
#include "check.h"
#include "device/exec_self.h"
#include "regions.h"

enum { WINDOW = 256, WIDTH = 16, STEPS = 32, TASKS = WIDTH * STEPS };

static regions r;
static slipi_worker other;
static uint32_t ran[2]; /* tasks that each thread ran */
static uint64_t now_ns; /* of the fake device */
static uint32_t kernel_ns;

/* A kernel: counts who ran it. */
static int32_t count_core(const slip_kernel_ctx *ctx)
{
    ran[ctx->core]++;
    return 0;
}

/* slip_device_services.ticks: between two looks a kernel has run. */
static uint64_t ticks(slip_platform_device *device)
{
    (void)device;
    now_ns += kernel_ns;
    return now_ns;
}

/* A run of `threads` threads whose kernel is known to take `ns`. */
static void begin(uint32_t threads, uint32_t ns)
{
    regions_options options = {
        .window = WINDOW, .threads = threads, .dispatch = SLIP_DISPATCH_AUTO};
    regions_begin(&r, &options);
    kernel_ns = ns;
    r.services.ticks = ticks;
    r.kernels[REGIONS_NOTE].entry = (uint64_t)(uintptr_t)count_core;
    slipi_store_relaxed(&r.kernels[REGIONS_NOTE].typical, ns);
    other = r.worker;
    other.thread = 1;
    other.ctx.core = 1;
    ran[0] = ran[1] = 0;
}

/* The other thread is in the run. */
static void enter(void)
{
    slipi_store_relaxed(&r.worker.at.sm->inside, 1u);
}

/* Chains that were ever offered. */
static uint64_t offers(void)
{
    return slipi_load_relaxed(&r.worker.at.sm->queue[0].push_pos);
}

/* The other thread goes on while thread 0 ran a kernel, or submitted four times: a submission takes
 * a quarter of a kernel's time here. */
static void keep_pace(uint32_t submissions, uint32_t before)
{
    if (ran[0] != before || submissions % 4 == 0) {
        (void)slipi_step(&other);
    }
}

/* Submits a stencil of 16 points while the other thread works; then both end it in turn. */
static void run_stencil(void)
{
    slip_task_handle last[2][WIDTH];
    slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO);
    for (uint32_t i = 0; i < TASKS; i++) {
        uint32_t step = i / WIDTH;
        uint32_t x = i % WIDTH;
        const slip_task_handle *before = last[(step + 1) % 2];
        uint32_t low = x == 0 ? 0 : x - 1;
        uint32_t high = x == WIDTH - 1 ? x : x + 1;
        if (x == 0 && step != 0 && step % 8 == 0) { /* handles end with their scope */
            slip_scope_end(&r.o.base);
            slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO);
        }
        uint32_t mine = ran[0];
        last[step % 2][x] = regions_after(&r, step % 8 == 0 ? 0 : high - low + 1, &before[low]);
        keep_pace(i, mine);
    }
    slip_scope_end(&r.o.base);
    for (uint32_t i = 0; i < 2 * TASKS; i++) {
        (void)slipi_step(&r.worker);
        (void)slipi_step(&other);
    }
    CHECK_EQ(ran[0] + ran[1], TASKS);
}

/* Kernels of 1 us: each of the two threads runs two fifths of them at least. */
static void kernels_of_a_microsecond_are_shared_fairly(void)
{
    begin(2, 1000);
    enter();
    run_stencil();
    CHECK(ran[0] >= TASKS * 2 / 5);
    CHECK(ran[1] >= TASKS * 2 / 5);
    CHECK(offers() < TASKS / 2); /* in batches */
    CHECK_EQ(r.calls, 0);        /* the other thread was there */
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* Empty kernels stay where they become ready, even if somebody looks for work. */
static void empty_kernels_stay_on_one_thread(void)
{
    begin(2, 25);
    enter();
    slipi_store_relaxed(&r.worker.at.sm->hungry, 1u);
    run_stencil();
    CHECK_EQ(ran[0], TASKS);
    CHECK_EQ(offers(), 0);
    CHECK_EQ(r.calls, 0);
    slipi_store_relaxed(&r.worker.at.sm->hungry, 0u);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* A thread keeps half, and offers again only when that was taken. */
static void an_offer_is_renewed_when_it_is_taken(void)
{
    begin(2, 500);
    enter();
    for (uint32_t i = 0; i < 5; i++) {
        (void)regions_submit(&r, 0, NULL);
    }
    CHECK_EQ(offers(), 1); /* the first task; the other four wait until somebody has taken it */
    CHECK_EQ(r.worker.ready[0].count, 4);
    CHECK(slipi_step(&other));
    CHECK_EQ(ran[1], 1);
    (void)regions_submit(&r, 0, NULL);
    CHECK_EQ(offers(), 2);
    CHECK_EQ(r.worker.ready[0].count, 2);
    (void)regions_submit(&r, 0, NULL);
    CHECK_EQ(offers(), 2);
    CHECK_EQ(r.worker.ready[0].count, 3);
    CHECK(slipi_step(&other)); /* three tasks: runs one, offers the older of the others */
    CHECK_EQ(offers(), 3);
    CHECK_EQ(other.ready[0].count, 1);
    (void)slipi_step(&other);               /* its own last one */
    CHECK_STATUS(SLIP_OK, regions_end(&r)); /* the rest, offered or not, is in thread 0's reach */
    CHECK_EQ(ran[0] + ran[1], 7);
    regions_fini(&r);
}

/* Thread 0 submits ahead until it has sixteen ready tasks, and then runs one a submission. */
static void submission_goes_ahead_by_sixteen(void)
{
    begin(2, 500);
    enter();
    for (uint32_t i = 0; i < 16; i++) {
        (void)regions_submit(&r, 0, NULL);
    }
    CHECK_EQ(ran[0], 0);
    for (uint32_t i = 0; i < 8; i++) {
        (void)regions_submit(&r, 0, NULL);
    }
    CHECK_EQ(ran[0], 8);
    CHECK_EQ(r.worker.ready[0].count, 15);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    CHECK_EQ(ran[0], 24);
    regions_fini(&r);
}

/* Nobody is woken for a short task, nor for few; then one thread is, for 8 us of kernels. */
static void a_wake_up_is_for_enough_work(void)
{
    begin(2, 500);
    for (uint32_t i = 0; i < 15; i++) {
        (void)regions_submit(&r, 0, NULL);
        CHECK_EQ(r.calls, 0);
    }
    CHECK_EQ(offers(), 0);             /* nobody would take it */
    (void)regions_submit(&r, 0, NULL); /* 16 tasks of 0.5 us */
    CHECK_EQ(r.calls, 1);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
    begin(2, 500);
    slip_task_handle t = regions_submit(&r, 0, NULL);
    for (uint32_t i = 0; i < 40; i++) {
        t = regions_after(&r, 1, &t); /* a chain: nothing to do for anybody else */
    }
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    CHECK_EQ(r.calls, 0);
    CHECK_EQ(ran[0], 41);
    regions_fini(&r);
}

/* Two tasks ready at a time: what the other thread misses adds up to a wake-up. */
static void what_is_missed_adds_up(void)
{
    begin(2, 500);
    slip_task_handle t[2];
    t[0] = regions_submit(&r, 0, NULL);
    t[1] = regions_submit(&r, 0, NULL);
    for (uint32_t i = 0; i < 10; i++) {
        t[0] = regions_after(&r, 1, &t[0]);
        t[1] = regions_after(&r, 1, &t[1]);
    }
    CHECK_EQ(r.calls, 0);
    regions_run(&r);
    CHECK_EQ(ran[0], 22);
    CHECK_EQ(r.calls, 0); /* 11 tasks ran while another one was ready: 5.5 us */
    for (uint32_t i = 0; i < 10; i++) {
        t[0] = regions_after(&r, 1, &t[0]);
        (void)regions_submit(&r, 0, NULL);
        regions_run(&r);
    }
    CHECK_EQ(r.calls, 1);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* A kernel that once took a thousand times as long does not look long. */
static void one_slow_run_is_not_believed(void)
{
    begin(2, 40);
    slipi_worker *w = &r.worker;
    slipi_kernel_row *row = &r.kernels[REGIONS_NOTE];
    kernel_ns = 40000;
    w->sample = 0; /* the next one is timed */
    (void)regions_submit(&r, 0, NULL);
    CHECK_EQ(slipi_load_relaxed(&row->typical), 70);
    kernel_ns = 800;
    for (uint32_t i = 0; i < 64 * 16; i++) {
        slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO);
        (void)regions_submit(&r, 0, NULL);
        slip_scope_end(&r.o.base);
        regions_run(&r);
    }
    CHECK(slipi_load_relaxed(&row->typical) > 700); /* but what stays, is */
    CHECK(slipi_load_relaxed(&row->typical) <= 800);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* Mode halves: sixteen tasks each in turn, whoever makes them ready; and if nobody comes for the
 * others' half, thread 0 ends the run alone. */
static void halves_are_halves(void)
{
    for (uint32_t alone = 0; alone < 2; alone++) {
        begin(2, 25);
        r.worker.dispatch = other.dispatch = SLIP_DISPATCH_HALVES;
        r.worker.queues = other.queues = SLIPI_QUEUES_BY_HALF;
        for (uint32_t i = 0; i < WINDOW; i++) {
            slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO);
            (void)regions_submit(&r, 0, NULL);
            slip_scope_end(&r.o.base);
            while (alone == 0 && slipi_step(&other)) {
            }
        }
        CHECK_EQ(ran[0], WINDOW / 2);
        CHECK_EQ(ran[1], alone != 0 ? 0 : WINDOW / 2);
        CHECK_STATUS(SLIP_OK, regions_end(&r));
        CHECK_EQ(ran[0] + ran[1], WINDOW);
        CHECK(alone == 0 || r.calls != 0);
        regions_fini(&r);
    }
}

int main(void)
{
    CHECK_CASE(kernels_of_a_microsecond_are_shared_fairly);
    CHECK_CASE(empty_kernels_stay_on_one_thread);
    CHECK_CASE(an_offer_is_renewed_when_it_is_taken);
    CHECK_CASE(submission_goes_ahead_by_sixteen);
    CHECK_CASE(a_wake_up_is_for_enough_work);
    CHECK_CASE(what_is_missed_adds_up);
    CHECK_CASE(one_slow_run_is_not_believed);
    CHECK_CASE(halves_are_halves);
    return check_report();
}
