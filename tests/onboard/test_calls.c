/*
 * test_calls.c - a device's own thread: results come back, calls keep their order, late calls are
 * given up and touch nothing of the caller's.
 * ctest-labels: unit onboard concurrency
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/atomic.h"
#include "platform/onboard/calls.h"
#include "support/check.h"

#define SECOND UINT64_C(1000000000)
enum { MANY = 20000 };

/* What the calls call into. */
typedef struct library {
    slipi_au32 *go;    /* a held call leaves when this is 1 */
    slipi_au32 *ended; /* counts held calls that left */
} library;

/* Adds one to in[0]. */
static void add_one(slipi_call *call)
{
    call->code = call->in[0] % 2u == 0 ? 0 : 7;
    call->out[0] = call->in[0] + 1u;
    (void)strcpy(call->text, call->name);
}

/* Stays until it is let go; then writes into what it was given. */
static void hold(slipi_call *call)
{
    const library *l = call->library;
    while (slipi_load_acquire(l->go) == 0) {
        const struct timespec pause = {0, 1000000};
        (void)nanosleep(&pause, NULL);
    }
    call->out[0] = 99;
    if (call->owned != NULL) {
        memset(call->owned, 1, 64);
    }
    slipi_add_acq_rel(l->ended, 1u);
}

static slipi_au32 go;
static slipi_au32 ended;

/* Opens a thread. */
static slipi_calls *open_calls(void)
{
    const library l = {.go = &go, .ended = &ended};
    slipi_calls *calls = NULL;
    slipi_store_release(&go, 0u);
    CHECK_STATUS(SLIP_OK, slipi_calls_open(&l, sizeof(l), &calls));
    CHECK(calls != NULL);
    return calls;
}

/* Many calls in a row: every result belongs to its call. */
static void results(void)
{
    slipi_calls *calls = open_calls();
    for (uint64_t i = 0; i < MANY; i++) {
        slipi_call call = {.run = add_one, .bound_ns = 60u * SECOND, .in = {i}, .name = "words"};
        if (!CHECK(slipi_calls_make(&calls, &call))) {
            return;
        }
        CHECK_EQ(call.out[0], i + 1u);
        CHECK_EQ(call.code, i % 2u == 0 ? 0 : 7);
        CHECK_STR(call.text, "words");
    }
    slipi_calls_close(calls);
}

/* A thread that has slept takes the next call; what is handed over is freed (asan tells). */
static void after_sleep(void)
{
    slipi_calls *calls = open_calls();
    for (int i = 0; i < 3; i++) {
        const struct timespec pause = {0, 30000000};
        (void)nanosleep(&pause, NULL);
        slipi_call call = {.run = add_one, .bound_ns = 60u * SECOND, .owned = malloc(64)};
        CHECK(slipi_calls_make(&calls, &call));
        CHECK(call.owned == NULL);
        CHECK_EQ(call.out[0], 1);
    }
    slipi_calls_close(calls);
}

/* Waits until so many held calls have left. */
static void wait_ended(uint32_t count)
{
    while (slipi_load_acquire(&ended) < count) {
        const struct timespec pause = {0, 1000000};
        (void)nanosleep(&pause, NULL);
    }
}

/* A call that does not come back in time is given up, and the thread with it. */
static void late(void)
{
    slipi_calls *calls = open_calls();
    uint32_t before = slipi_load_acquire(&ended);
    uint64_t *room = slipi_calls_room(calls, 64);
    CHECK(room != NULL);
    slipi_call call = {.run = hold, .bound_ns = SECOND / 50u, .owned = malloc(64)};
    CHECK(!slipi_calls_make(&calls, &call));
    CHECK(calls == NULL);
    CHECK_EQ(call.out[0], 0);
    /* Another thread works meanwhile. */
    slipi_calls *other = open_calls();
    slipi_call next = {.run = add_one, .bound_ns = 60u * SECOND, .in = {4}};
    CHECK(slipi_calls_make(&other, &next));
    CHECK_EQ(next.out[0], 5);
    slipi_calls_close(other);
    /* It comes back late: the caller's call stays as it was. */
    slipi_store_release(&go, 1u);
    wait_ended(before + 1u);
    CHECK_EQ(call.out[0], 0);
}

/* A call that comes back just inside its bound is answered. */
static void slow(void)
{
    slipi_calls *calls = open_calls();
    slipi_store_release(&go, 1u);
    slipi_call call = {.run = hold, .bound_ns = 60u * SECOND};
    CHECK(slipi_calls_make(&calls, &call));
    CHECK_EQ(call.out[0], 99);
    slipi_calls_close(calls);
}

/* Many that are given up while they come back: either outcome, never both (tsan and asan tell). */
static void races(void)
{
    for (uint64_t i = 0; i < 100; i++) {
        slipi_calls *calls = open_calls();
        slipi_store_release(&go, 1u);
        slipi_call call = {.run = hold, .bound_ns = 1u + i * 1500u, .owned = malloc(64)};
        bool back = slipi_calls_make(&calls, &call);
        CHECK(back == (calls != NULL));
        CHECK_EQ(call.out[0], back ? 99 : 0);
        slipi_calls_close(calls);
    }
}

/* The room grows and stays. */
static void room(void)
{
    slipi_calls *calls = open_calls();
    uint8_t *small = slipi_calls_room(calls, 16);
    small[15] = 3;
    CHECK(slipi_calls_room(calls, 8) == (void *)small);
    uint8_t *large = slipi_calls_room(calls, 1u << 20);
    CHECK_EQ(large[15], 3);
    slipi_calls_close(calls);
    slipi_calls_close(NULL);
}

int main(void)
{
    CHECK_CASE(results);
    CHECK_CASE(after_sleep);
    CHECK_CASE(late);
    CHECK_CASE(slow);
    CHECK_CASE(races);
    CHECK_CASE(room);
    return check_report();
}
