/*
 * test_every_failure.c - every call to the runtime fails in turn, in every phase of a runner's
 * life: the error says which call and with what code, nothing is left behind, and the runner works
 * again or refuses with a reason.
 *
 * A story is a whole life: open, program, miss, hit, another sizing, relay of a dirty state,
 * unregistering, close. For each entry point the n-th call fails, for n = 1, 2, ... until the story
 * ends without meeting the fault.
 * ctest-labels: unit onboard S5
 * ctest-run: a2a3 --platform a2a3
 * ctest-run: a5 --platform a5
 * ctest-timeout: 600
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "standin/standin.h"
#include "support/check.h"

/* What a story came to. */
typedef struct story {
    uint32_t failures; /* public calls that failed */
    bool refused;      /* one of them with SLIP_E_REFUSED */
    bool named;        /* one of the errors names the entry point */
    char first[600];   /* message of the first failure */
} story;

/* CANN's entry point, of the stand-in that this test is linked to. */
int32_t aclrtResetDeviceForce(int32_t device);

static const char *entry_point; /* that fails in this story */

/* Notes how a call ended. */
static bool took(story *s, bench *b, slip_status status)
{
    if (status == SLIP_OK) {
        return true;
    }
    slip_error error = bench_error(b);
    if (s->failures++ == 0) {
        (void)snprintf(s->first, sizeof(s->first), "%s", error.message);
    }
    s->refused = s->refused || status == SLIP_E_REFUSED;
    s->named = s->named || strstr(error.message, entry_point) != NULL;
    CHECK_EQ(error.status, status);
    CHECK(error.message[0] != '\0');
    return false;
}

/* A run, tried up to three times: after a failure the runner works again, or refuses. */
static void run_until_right(story *s, bench *b, uint64_t window)
{
    for (uint32_t attempt = 0; attempt < 3; attempt++) {
        bool loaded = b->vector.id != 0 && b->memory.address != 0;
        bool right = false;
        if (loaded && took(s, b, bench_run(b, window)) && took(s, b, bench_read(b, &right))) {
            CHECK(right);
            return;
        }
        if (s->refused) {
            return;
        }
        if (!loaded || bench_stats(b).device_resets != b->steps) {
            /* What was on the device is lost: callers put it there again. */
            b->steps = (uint32_t)bench_stats(b).device_resets;
            b->memory.address = 0;
            (void)took(s, b, bench_load(b));
        }
    }
    CHECK(false);
}

/* A whole life. */
static story live(void)
{
    story s = {0};
    bench b;
    slip_status opened = bench_open(&b, false);
    if (!took(&s, &b, opened)) {
        opened = bench_open(&b, false); /* the fault was met once */
        if (opened != SLIP_OK) {
            return s;
        }
    }
    if (!took(&s, &b, bench_load(&b))) {
        (void)bench_load(&b);
    }
    run_until_right(&s, &b, 64);
    run_until_right(&s, &b, 64);
    run_until_right(&s, &b, 256);
    if (!s.refused && b.vector.id != 0) {
        (void)took(&s, &b, slip_unregister(b.runner, b.vector));
    }
    bench_close(&b);
    return s;
}

/* Nothing is live, and nothing was done that hardware would punish. What a lost device had goes
 * with its reset. A device whose last call, the counted reset of close, fails stays set: by force
 * it would be taken from everybody in the process. */
static void check_left(const char *fault)
{
    slipway_standin_books books = bench_books();
    bool set = strcmp(entry_point, "aclrtResetDevice") == 0;
    uint64_t live = books.live_allocations + books.live_streams + books.live_binaries;
    uint64_t punished =
        books.bad_addresses + books.host_pointers + books.unbatched_launches + books.closed_tasks;
    bool good = (set || (live == 0 && books.live_devices == 0)) && punished == 0;
    if (!CHECK(good)) {
        printf("  %s leaves %llu things and %llu devices; %llu findings\n", fault,
               (unsigned long long)live, (unsigned long long)books.live_devices,
               (unsigned long long)punished);
    }
    if (set && books.live_devices != 0) {
        CHECK_EQ(aclrtResetDeviceForce(0), 0); /* the next story begins with its own */
    }
}

/* The n-th call of one entry point fails, for every n. */
static void fail_in_turn(const char *name, const char *what)
{
    enum { MOST = 64 };
    entry_point = name;
    uint32_t n = 1;
    for (; n <= MOST; n++) {
        char fault[96];
        const char *why = NULL;
        slipway_standin_reset();
        (void)snprintf(fault, sizeof(fault), "%s:%u:%s", name, n, what);
        if (!CHECK(slipway_standin_fault(fault, &why))) {
            printf("  %s: %s\n", fault, why != NULL ? why : "");
            return;
        }
        story s = live();
        slipway_standin_release();
        if (bench_books().faults == 0) {
            break;
        }
        if (s.failures != 0 && !s.named) {
            printf("  %s: %s\n", fault, s.first);
        }
        CHECK(s.failures == 0 || s.named);
        slipway_standin_clear_faults();
        check_left(fault);
    }
    printf("  %s, %s: %u calls\n", name, what, n - 1u);
    CHECK(n <= MOST);
    slipway_standin_reset();
}

/* Every entry point returns an error: one that leaves the device lost, and one that does not. */
static void calls_fail(void)
{
    for (uint32_t i = 0; slipway_standin_entry_name(i) != NULL; i++) {
        fail_in_turn(slipway_standin_entry_name(i), "fail=507899");
    }
}
static void calls_fail_softly(void)
{
    for (uint32_t i = 0; slipway_standin_entry_name(i) != NULL; i++) {
        fail_in_turn(slipway_standin_entry_name(i), "fail=207001");
    }
}

/* The device is lost and a reset does not bring it back: the runner refuses, and says why. */
static void reset_does_not_help(void)
{
    bench b;
    entry_point = "aclrtMemset";
    slipway_standin_reset();
    CHECK_STATUS(SLIP_OK, bench_open(&b, false));
    CHECK_STATUS(SLIP_OK, bench_load(&b));
    CHECK(slipway_standin_fault("aclrtMemset:1:lost,aclrtResetDeviceForce:*:helpless", NULL));
    CHECK_STATUS(SLIP_E_DEVICE, bench_run(&b, 64));
    CHECK_CONTAINS(bench_error(&b).message, entry_point);
    CHECK_CONTAINS(bench_error(&b).message, "507899");
    CHECK_STATUS(SLIP_E_REFUSED, bench_run(&b, 64));
    CHECK_CONTAINS(bench_error(&b).message, "was not recovered");
    CHECK_CONTAINS(bench_error(&b).message, "507899");
    bench_close(&b);
    slipway_standin_reset();
}

/* The device is lost at every call; a reset helps. */
static void device_lost(void)
{
    static const char *const names[] = {"aclrtMalloc", "aclrtMemset", "aclrtMemcpy",
                                        "aclrtLaunchKernelWithHostArgs",
                                        "aclrtSynchronizeStreamWithTimeout"};
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        fail_in_turn(names[i], "lost");
    }
}

/* Runs every case. */
int main(int argc, char **argv)
{
    (void)bench_platform(argc, argv);
    slip_log_set_level(0);
    CHECK_CASE(calls_fail);
    CHECK_CASE(calls_fail_softly);
    CHECK_CASE(device_lost);
    CHECK_CASE(reset_does_not_help);
    return check_report();
}
