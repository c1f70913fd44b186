/*
 * test_turns.c - host threads that share a runner are served in the order in which they came, runs
 * and submissions alike; no thread is passed by another that came later. By counting, not timing.
 *
 * ctest-labels: concurrency unit
 */
#include <pthread.h>
#include <time.h>

#include "affine.h"
#include "base/turns.h"
#include "runner/runner_int.h"
#include "support/check.h"

/* One that runs, and as many behind it as the queue has room for from the start. */
enum { THREADS = 5, LOCK_THREADS = 4, LOCK_ROUNDS = 20000 };

static slip_runner *runner;
static slip_callable callable;
static uint64_t order[THREADS];
static uint32_t served;

/* Kernel: notes who runs. Runs of one runner are one after the other. */
static int32_t note(const slip_kernel_ctx *ctx)
{
    order[served++] = slip_kernel_u64(ctx, 0);
    return 0;
}

/* Orchestration: one task. */
static slip_status orchestrate(slip_orch *o)
{
    slip_arg arg = slip_scalar(slip_orch_scalar(o, 0));
    return slip_spawn(o, SLIP_TASK_AIV, 0, 1, &arg);
}

static const slip_kernel_entry kernels[] = {{"note", note, SLIP_AIV, 0}};
static const slip_param params[] = {{"who", SLIP_PARAM_SCALAR, 0, 0, 0}};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "note",
                                     orchestrate,
                                     NULL,
                                     kernels,
                                     1,
                                     1,
                                     params};

/* One thread: runs, or submits and waits, once. */
static void *come(void *argument)
{
    uint64_t who = (uint64_t)(uintptr_t)argument;
    const slip_run_arg arg = slip_scalar_arg(who);
    if (who % 2 == 0) {
        CHECK_STATUS(SLIP_OK, slip_run(runner, callable, &arg, 1, NULL));
        return NULL;
    }
    slip_submission *sub = NULL;
    CHECK_STATUS(SLIP_OK, slip_submit(runner, callable, &arg, 1, NULL, &sub));
    CHECK_STATUS(SLIP_OK, slip_submission_wait(sub, 0));
    slip_submission_release(sub);
    return NULL;
}

/* How many have come: those who wait for a turn of their own, and those whose runs are queued. */
static bool has_come(uint32_t who)
{
    if (who == 0) { /* behind the holder */
        return slipi_load_relaxed(&runner->turns.next) -
                   slipi_load_relaxed(&runner->turns.serving) >=
               2;
    }
    return slipi_load_relaxed(&runner->queue->unfinished) >= who;
}

/* Threads that come one after the other while the turn is held are served in that order. */
static void first_come_first_served(void)
{
    pthread_t threads[THREADS];
    const struct timespec nap = {0, 100000};
    runner = affine_open("cpu", NULL);
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    (void)come((void *)(uintptr_t)1); /* the queue is there */
    for (uint32_t round = 0; round < 20; round++) {
        while (slipi_load_relaxed(&runner->queue->unfinished) != 0) {
            (void)nanosleep(&nap, NULL);
        }
        slipi_turns_enter(&runner->turns);
        served = 0;
        for (uint32_t t = 0; t < THREADS; t++) {
            CHECK_EQ(0, pthread_create(&threads[t], NULL, come, (void *)(uintptr_t)t));
            while (!has_come(t)) {
                (void)nanosleep(&nap, NULL);
            }
        }
        slipi_turns_leave(&runner->turns);
        for (uint32_t t = 0; t < THREADS; t++) {
            CHECK_EQ(0, pthread_join(threads[t], NULL));
        }
        CHECK_EQ(THREADS, served);
        for (uint32_t t = 0; t < THREADS; t++) {
            CHECK_EQ(t, order[t]);
        }
    }
    slip_runner_close(runner);
}

static slipi_turns turns;
static uint32_t inside; /* plain: under the lock */
static uint64_t rounds_done;

/* Takes the lock again and again; counts how many were served between its ticket and its turn. */
static void *contend(void *argument)
{
    for (uint32_t n = 0; n < LOCK_ROUNDS; n++) {
        uint32_t ticket = slipi_turns_take(&turns);
        slipi_turns_await(&turns, ticket);
        CHECK_EQ(ticket, slipi_load_relaxed(&turns.serving));
        CHECK_EQ(0, inside++);
        rounds_done++;
        inside--;
        /* Who is in line now comes before this thread's next ticket. */
        CHECK(slipi_load_relaxed(&turns.next) - ticket <= LOCK_THREADS);
        slipi_turns_leave(&turns);
    }
    return argument;
}

/* One at a time, each ticket in its turn; with more threads than processors they sleep too. */
static void one_at_a_time(void)
{
    pthread_t threads[LOCK_THREADS];
    for (uint32_t t = 0; t < LOCK_THREADS; t++) {
        CHECK_EQ(0, pthread_create(&threads[t], NULL, contend, NULL));
    }
    for (uint32_t t = 0; t < LOCK_THREADS; t++) {
        CHECK_EQ(0, pthread_join(threads[t], NULL));
    }
    CHECK_EQ((uint64_t)LOCK_THREADS * LOCK_ROUNDS, rounds_done);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(one_at_a_time);
    CHECK_CASE(first_come_first_served);
    return check_report();
}
