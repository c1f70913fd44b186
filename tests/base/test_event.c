/*
 * test_event.c - sleep and wake: no wake-up is lost, bounds hold, nobody stays registered.
 * ctest-labels: unit concurrency
 */
#include "base/event.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "support/check.h"

#define NO_BOUND 0u
#define ONE_MS UINT64_C(1000000)

/* Number of rounds at SLIPWAY_TEST_SCALE percent. */
static uint32_t scaled(uint32_t rounds)
{
    const char *scale = getenv("SLIPWAY_TEST_SCALE");
    uint32_t percent = scale != NULL ? (uint32_t)atoi(scale) : 100u;
    uint32_t n = rounds / 100u * percent;
    return n > 0 ? n : 1u;
}

/* A notify without sleepers changes nothing; a wait with a stale ticket does not sleep. */
static void without_sleepers(void)
{
    slipi_event e = {0, 0};
    slipi_event_notify(&e, 1u);
    CHECK_EQ(slipi_load_relaxed(&e.ticket), 0);
    (void)slipi_event_prepare(&e);
    CHECK_EQ(slipi_load_relaxed(&e.sleepers), 1);
    slipi_event_cancel(&e);
    CHECK_EQ(slipi_load_relaxed(&e.sleepers), 0);
    uint32_t ticket = slipi_event_prepare(&e);
    slipi_event_notify(&e, 1u);
    CHECK_EQ(slipi_load_relaxed(&e.ticket), ticket + 1u);
    slipi_event_wait(&e, ticket, NO_BOUND);
    CHECK_EQ(slipi_load_relaxed(&e.sleepers), 0);
}

/* A bounded wait ends by itself. */
static void bounded(void)
{
    slipi_event e = {0, 0};
    for (int i = 0; i < 10; i++) {
        uint32_t ticket = slipi_event_prepare(&e);
        slipi_event_wait(&e, ticket, ONE_MS);
    }
    CHECK_EQ(slipi_load_relaxed(&e.sleepers), 0);
}

/* Two threads and whose turn it is; each sleeps on its own event without a bound. */
struct ping_pong {
    slipi_event wake[2];
    slipi_au32 turn;
    uint32_t rounds;
};

/* Waits until it is `me`'s turn. */
static void await_turn(struct ping_pong *p, uint32_t me)
{
    while (slipi_load_acquire(&p->turn) != me) {
        uint32_t ticket = slipi_event_prepare(&p->wake[me]);
        if (slipi_load_acquire(&p->turn) == me) {
            slipi_event_cancel(&p->wake[me]);
        } else {
            slipi_event_wait(&p->wake[me], ticket, NO_BOUND);
        }
    }
}

/* Takes turns: waits for its own, gives it to the other. */
static void take_turns(struct ping_pong *p, uint32_t me)
{
    for (uint32_t i = 0; i < p->rounds; i++) {
        await_turn(p, me);
        slipi_store_release(&p->turn, 1u - me);
        slipi_event_notify(&p->wake[1u - me], 1u);
    }
}

/* The second thread of ping-pong. */
static void *second(void *argument)
{
    take_turns(argument, 1u);
    return NULL;
}

/* A lost wake-up would leave both asleep for ever (the test's time limit). */
static void ping_pong(void)
{
    struct ping_pong p = {.rounds = scaled(20000)};
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, second, &p), 0);
    take_turns(&p, 0u);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(slipi_load_relaxed(&p.wake[0].sleepers), 0);
    CHECK_EQ(slipi_load_relaxed(&p.wake[1].sleepers), 0);
}

/* Many consumers sleep on one event; producers give out tokens one by one. */
struct tokens {
    slipi_event event;
    slipi_ai32 available;
    slipi_au32 taken;
    slipi_au32 closed;
    uint32_t per_producer;
};
enum { CONSUMERS = 8, PRODUCERS = 2 };

/* Takes a token if there is one. */
static bool try_take(struct tokens *t)
{
    int32_t n = slipi_load_acquire(&t->available);
    while (n > 0) {
        if (slipi_cas_acq_rel(&t->available, &n, n - 1)) {
            slipi_add_relaxed(&t->taken, 1u); /* a counter of the test */
            return true;
        }
    }
    return false;
}

/* Takes tokens until all have been given out. */
static void *consumer(void *argument)
{
    struct tokens *t = argument;
    for (;;) {
        if (try_take(t)) {
            continue;
        }
        uint32_t ticket = slipi_event_prepare(&t->event);
        if (slipi_load_acquire(&t->available) > 0 || slipi_load_acquire(&t->closed) != 0) {
            slipi_event_cancel(&t->event);
            if (slipi_load_acquire(&t->available) <= 0 && slipi_load_acquire(&t->closed) != 0) {
                return NULL;
            }
        } else {
            slipi_event_wait(&t->event, ticket, NO_BOUND);
        }
    }
}

/* Gives out tokens. */
static void *producer(void *argument)
{
    struct tokens *t = argument;
    for (uint32_t i = 0; i < t->per_producer; i++) {
        slipi_add_acq_rel(&t->available, 1);
        slipi_event_notify(&t->event, 1u);
        if (i % 64u == 0) {
            (void)sched_yield();
        }
    }
    return NULL;
}

/* Every token is taken once, and closing wakes everybody. */
static void many_sleepers(void)
{
    struct tokens t = {.per_producer = scaled(10000)};
    pthread_t consumers[CONSUMERS];
    pthread_t producers[PRODUCERS];
    for (int i = 0; i < CONSUMERS; i++) {
        CHECK_EQ(pthread_create(&consumers[i], NULL, consumer, &t), 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        CHECK_EQ(pthread_create(&producers[i], NULL, producer, &t), 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        CHECK_EQ(pthread_join(producers[i], NULL), 0);
    }
    slipi_store_release(&t.closed, 1u);
    slipi_event_notify(&t.event, UINT32_MAX);
    for (int i = 0; i < CONSUMERS; i++) {
        CHECK_EQ(pthread_join(consumers[i], NULL), 0);
    }
    CHECK_EQ(slipi_load_relaxed(&t.taken), PRODUCERS * t.per_producer);
    CHECK_EQ(slipi_load_relaxed(&t.available), 0);
    CHECK_EQ(slipi_load_relaxed(&t.event.sleepers), 0);
}

/* Runs the cases. */
int main(void)
{
    CHECK_CASE(without_sleepers);
    CHECK_CASE(bounded);
    CHECK_CASE(ping_pong);
    CHECK_CASE(many_sleepers);
    return check_report();
}
