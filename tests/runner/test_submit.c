/*
 * test_submit.c - runs in flight: order, results, wait, poll, cancel, release, failures, close.
 *
 * ctest-labels: concurrency unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "gated.h"
#include "support/check.h"

enum { CHAIN = 20, MS = 1000000 };

static const char *platform;
static const uint32_t shape[1] = {AFFINE_ELEMENTS};

/* Arguments of the affine program. */
typedef struct call_args {
    slip_run_arg args[3];
} call_args;

/* From x to y with a code. */
static call_args args_of(float *x, float *y, int32_t code)
{
    call_args a = {{slip_host_tensor(x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                    slip_host_tensor(y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                    slip_scalar_arg((uint64_t)(uint32_t)code)}};
    return a;
}

/* Submits one run; null after a failure. */
static slip_submission *submit(slip_runner *runner, slip_callable callable, const call_args *a,
                               const slip_run_config *config)
{
    slip_submission *out = NULL;
    CHECK_STATUS(SLIP_OK, slip_submit(runner, callable, a->args, 3, config, &out));
    return out;
}

/* The error of a handle that has ended. */
static slip_error error_of(slip_submission *sub)
{
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    CHECK_STATUS(SLIP_OK, slip_submission_error(sub, &error));
    return error;
}

/* Each run reads what the one before it wrote; arguments are copied when it is submitted. */
static void a_chain_of_runs_is_in_order(void)
{
    static float rows[CHAIN + 1][AFFINE_ELEMENTS];
    slip_submission *subs[CHAIN];
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    float wanted = 1.0f;
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        rows[0][i] = 1.0f;
    }
    for (uint32_t n = 0; n < CHAIN; n++) {
        call_args a = args_of(rows[n], rows[n + 1], 0);
        subs[n] = submit(runner, callable, &a, NULL);
        memset(&a, 0xA5, sizeof(a));
    }
    for (uint32_t n = 0; n < CHAIN; n++) {
        CHECK_STATUS(SLIP_OK, slip_submission_wait(subs[n], 0));
        CHECK_STATUS(SLIP_OK, slip_submission_wait(subs[n], 1));
        CHECK_EQ(SLIP_SUBMISSION_ENDED, slip_submission_poll(subs[n]));
        CHECK_STATUS(SLIP_E_BUSY, slip_submission_cancel(subs[n]));
        CHECK_EQ(SLIP_OK, error_of(subs[n]).status);
        wanted = 2.0f * wanted + 1.0f;
        CHECK(rows[n + 1][7] == wanted);
        slip_submission_release(subs[n]);
    }
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(CHAIN, stats.runs);
    CHECK_EQ(1, stats.misses);
    CHECK_EQ(CHAIN - 1, stats.hits);
    slip_runner_close(runner);
}

/* A prepared call is submitted with what it has then; setting or destroying it changes nothing. */
static void a_call_is_submitted_as_it_is(void)
{
    float x[2][AFFINE_ELEMENTS];
    float y[2][AFFINE_ELEMENTS] = {{0}};
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        x[0][i] = 5.0f;
        x[1][i] = 9.0f;
    }
    call_args first = args_of(x[0], y[0], 0);
    call_args second = args_of(x[1], y[1], 0);
    slip_call *call = NULL;
    slip_submission *subs[2] = {NULL, NULL};
    CHECK_STATUS(SLIP_OK, slip_call_prepare(runner, callable, first.args, 3, NULL, &call));
    CHECK_STATUS(SLIP_OK, slip_call_submit(call, &subs[0]));
    CHECK_STATUS(SLIP_OK, slip_call_set(call, 0, &second.args[0]));
    CHECK_STATUS(SLIP_OK, slip_call_set(call, 1, &second.args[1]));
    CHECK_STATUS(SLIP_OK, slip_call_submit(call, &subs[1]));
    slip_call_destroy(call);
    for (uint32_t n = 0; n < 2; n++) {
        CHECK_STATUS(SLIP_OK, slip_submission_wait(subs[n], 0));
        CHECK(y[n][3] == (n == 0 ? 11.0f : 19.0f));
        slip_submission_release(subs[n]);
    }
    slip_runner_close(runner);
}

/* While a run is on the device: poll, timeout, cancel, bind of the next ones, unregistering. */
static void what_waits_can_be_cancelled(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_callable gate = gated_register(runner);
    slip_submission *held = NULL;
    slip_submission *subs[3];
    static float x[AFFINE_ELEMENTS];
    static float y[3][AFFINE_ELEMENTS];
    CHECK(affine_good(runner, callable, NULL));
    call_args warm[3] = {args_of(x, y[0], 0), args_of(x, y[1], 0), args_of(x, y[2], 0)};
    for (uint32_t n = 0; n < 3; n++) { /* carriers and staging are there afterwards */
        subs[n] = submit(runner, callable, &warm[n], NULL);
    }
    for (uint32_t n = 0; n < 3; n++) {
        CHECK_STATUS(SLIP_OK, slip_submission_wait(subs[n], 0));
        slip_submission_release(subs[n]);
        memset(y[n], 0, sizeof(y[n]));
    }
    gated_close();
    CHECK_STATUS(SLIP_OK, slip_submit(runner, gate, NULL, 0, NULL, &held));
    gated_await(1);
    CHECK_EQ(SLIP_SUBMISSION_RUNNING, slip_submission_poll(held));
    for (uint32_t n = 0; n < 2; n++) { /* bound while the device runs */
        subs[n] = submit(runner, callable, &warm[n], NULL);
        CHECK_EQ(SLIP_SUBMISSION_QUEUED, slip_submission_poll(subs[n]));
    }
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    CHECK_STATUS(SLIP_E_TIMEOUT, slip_submission_wait(subs[0], MS));
    CHECK_STATUS(SLIP_E_BUSY, slip_submission_error(subs[0], &error));
    CHECK_STATUS(SLIP_E_BUSY, slip_submission_cancel(held));
    CHECK_STATUS(SLIP_OK, slip_submission_cancel(subs[0]));
    CHECK_STATUS(SLIP_E_CANCELLED, slip_submission_wait(subs[0], 0));
    CHECK_EQ(SLIP_E_CANCELLED, error_of(subs[0]).status);
    CHECK_CONTAINS(error_of(subs[0]).message, "cancelled");
    gated_open();
    CHECK_STATUS(SLIP_OK, slip_unregister(runner, callable)); /* waits for the queued one */
    CHECK_EQ(SLIP_SUBMISSION_ENDED, slip_submission_poll(subs[1]));
    CHECK_STATUS(SLIP_OK, slip_submission_wait(held, 0));
    CHECK_STATUS(SLIP_OK, slip_submission_wait(subs[1], 0));
    CHECK(y[0][0] == 0.0f && y[1][0] == 1.0f);
    slip_submission_release(held);
    slip_submission_release(subs[0]);
    slip_submission_release(subs[1]);
    slip_runner_close(runner);
}

/* Counters and the last error are told while a run is on the device, by whoever it was started. */
static void looking_waits_for_no_run(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable gate = gated_register(runner);
    slip_submission *held = NULL;
    slip_submission *none = NULL;
    gated_close();
    CHECK_STATUS(SLIP_OK, slip_submit(runner, gate, NULL, 0, NULL, &held));
    gated_await(1);
    /* If it waited, the gate would stay closed for ever. */
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(1, stats.runs);
    CHECK_EQ(1, stats.misses);
    CHECK_STATUS(SLIP_OK, affine_error(runner).status);
    CHECK_STATUS(SLIP_E_BAD_CALLABLE,
                 slip_submit(runner, (slip_callable){0}, NULL, 0, NULL, &none));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, affine_error(runner).status);
    CHECK_EQ(SLIP_SUBMISSION_RUNNING, slip_submission_poll(held));
    gated_open();
    CHECK_STATUS(SLIP_OK, slip_submission_wait(held, 0));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, affine_error(runner).status);
    slip_submission_release(held);
    slip_runner_close(runner);
}

/* A kernel that fails fails its own run; the handle keeps its own error. */
static void a_failed_kernel_fails_its_run_only(void)
{
    static float x[AFFINE_ELEMENTS];
    static float y[4][AFFINE_ELEMENTS];
    slip_submission *subs[4];
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    for (uint32_t n = 0; n < 4; n++) {
        call_args a = args_of(x, y[n], n == 1 ? 77 : n == 2 ? 78 : 0);
        subs[n] = submit(runner, callable, &a, NULL);
    }
    for (uint32_t n = 0; n < 4; n++) {
        bool fails = n == 1 || n == 2;
        CHECK_STATUS(fails ? SLIP_E_KERNEL_FAILED : SLIP_OK, slip_submission_wait(subs[n], 0));
        slip_error error = error_of(subs[n]);
        CHECK_EQ(fails ? 76 + (int32_t)n : 0, error.code);
        CHECK(fails || y[n][0] == 1.0f);
        slip_submission_release(subs[n]);
    }
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(2, stats.run_failures);
    CHECK_EQ(0, stats.dirty);
    CHECK_EQ(1, stats.misses);
    slip_runner_close(runner);
}

/* What cannot be submitted is an error of the call; out stays null. */
static void mistakes_are_found_when_submitted(void)
{
    static float x[AFFINE_ELEMENTS];
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    call_args a = args_of(x, x, 0);
    slip_submission *sub = (slip_submission *)(void *)x;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_submit(NULL, callable, NULL, 0, NULL, &sub));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_submit(runner, callable, a.args, 3, NULL, NULL));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE,
                 slip_submit(runner, (slip_callable){0}, a.args, 3, NULL, &sub));
    CHECK(sub == NULL);
    CHECK_STATUS(SLIP_E_SIGNATURE, slip_submit(runner, callable, a.args, 2, NULL, &sub));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_submit(runner, callable, NULL, 3, NULL, &sub));
    a.args[0].dtype = SLIP_I32;
    CHECK(slip_submit(runner, callable, a.args, 3, NULL, &sub) != SLIP_OK);
    CHECK_CONTAINS(affine_error(runner).message, "argument 0");
    slip_run_config config = affine_config(6, 65536, 64);
    a = args_of(x, x, 0);
    CHECK_STATUS(SLIP_E_SIZING, slip_submit(runner, callable, a.args, 3, &config, &sub));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_call_submit(NULL, &sub));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_submission_wait(NULL, 0));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_submission_cancel(NULL));
    slip_submission_release(NULL);
    CHECK(affine_good(runner, callable, NULL));
    slip_runner_close(runner);
}

/* Closing cancels what has not started; the handles stay readable. */
static void closing_ends_every_handle(void)
{
    static float x[AFFINE_ELEMENTS];
    static float y[3][AFFINE_ELEMENTS];
    slip_submission *subs[3];
    slip_submission *held = NULL;
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_callable gate = gated_register(runner);
    gated_close();
    for (uint32_t n = 0; n < 3; n++) {
        call_args a = args_of(x, y[n], 0);
        subs[n] = submit(runner, callable, &a, NULL);
    }
    for (uint32_t n = 0; n < 3; n++) {
        CHECK_STATUS(SLIP_OK, slip_submission_wait(subs[n], 0));
        slip_submission_release(subs[n]);
    }
    CHECK_STATUS(SLIP_OK, slip_submit(runner, gate, NULL, 0, NULL, &held));
    gated_await(1);
    for (uint32_t n = 0; n < 3; n++) {
        call_args a = args_of(x, y[n], 0);
        subs[n] = submit(runner, callable, &a, NULL);
    }
    slip_submission_release(subs[2]); /* nobody waits for it */
    gated_open_later();
    slip_runner_close(runner);
    CHECK_STATUS(SLIP_OK, slip_submission_wait(held, 0));
    for (uint32_t n = 0; n < 2; n++) {
        CHECK_EQ(SLIP_SUBMISSION_ENDED, slip_submission_poll(subs[n]));
        CHECK_STATUS(SLIP_E_CANCELLED, slip_submission_wait(subs[n], 0));
        CHECK_STATUS(SLIP_E_BUSY, slip_submission_cancel(subs[n]));
        CHECK_CONTAINS(error_of(subs[n]).message, "closed");
        slip_submission_release(subs[n]);
    }
    slip_submission_release(held);
    gated_join();
}

/* More than the queue holds: who submits waits for room; nothing is lost, whoever runs between. */
static void a_full_queue_waits_for_room(void)
{
    enum { RUNS = 3 * SLIP_MAX_QUEUED };
    static float x[AFFINE_ELEMENTS];
    static float y[RUNS][AFFINE_ELEMENTS];
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_submission *last = NULL;
    for (uint32_t n = 0; n < RUNS; n++) {
        call_args a = args_of(x, y[n], 0);
        slip_submission_release(last);
        last = submit(runner, callable, &a, NULL);
    }
    CHECK(affine_good(runner, callable, NULL)); /* behind all of them */
    CHECK_EQ(SLIP_SUBMISSION_ENDED, slip_submission_poll(last));
    bool right = true;
    for (uint32_t n = 0; n < RUNS; n++) {
        right = right && y[n][AFFINE_ELEMENTS - 1] == 1.0f;
    }
    CHECK(right);
    CHECK_EQ(RUNS + 1, affine_stats(runner).runs);
    slip_submission_release(last);
    slip_runner_close(runner);
}

/* Prewarms a sizing that the cache has no room for. */
static void *prewarm_another(void *argument)
{
    slip_runner *runner = argument;
    slip_run_config other = affine_config(128, 65536, 64);
    CHECK_STATUS(SLIP_OK, slip_prewarm(runner, &other));
    return NULL;
}

/* Gives back all that is idle. */
static void *trim_all(void *argument)
{
    CHECK_STATUS(SLIP_OK, slip_trim(argument, NULL, NULL));
    return NULL;
}

/* What a queued run names stays, though others have their turn between two runs and want it. */
static void queued_state_is_pinned(void)
{
    static float x[AFFINE_ELEMENTS];
    static float y[AFFINE_ELEMENTS];
    static void *(*const wants[2])(void *) = {prewarm_another, trim_all};
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .platform = platform, .cache_entries = 1};
    slip_run_config small = affine_config(64, 65536, 64);
    slip_runner *runner = NULL;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    slip_callable callable = affine_register(runner);
    slip_callable gate = gated_register(runner);
    call_args a = args_of(x, y, 0);
    slip_submission *held = NULL;
    slip_submission *both[2];
    for (uint32_t n = 0; n < 2; n++) { /* two carriers */
        both[n] = submit(runner, callable, &a, &small);
    }
    for (uint32_t n = 0; n < 2; n++) {
        CHECK_STATUS(SLIP_OK, slip_submission_wait(both[n], 0));
        slip_submission_release(both[n]);
    }
    for (uint32_t n = 0; n < 2; n++) {
        pthread_t thread;
        y[0] = 0.0f;
        gated_close();
        CHECK_STATUS(SLIP_OK, slip_submit(runner, gate, NULL, 0, &small, &held));
        gated_await(1);
        slip_submission *sub = submit(runner, callable, &a, &small);
        CHECK_EQ(0, pthread_create(&thread, NULL, wants[n], runner));
        gated_await_turns(runner, 2); /* it is before the queued run */
        gated_open();
        CHECK_EQ(0, pthread_join(thread, NULL));
        CHECK_STATUS(SLIP_OK, slip_submission_wait(sub, 0));
        CHECK_STATUS(SLIP_OK, slip_submission_wait(held, 0));
        CHECK(y[0] == 1.0f);
        slip_stats stats = affine_stats(runner);
        CHECK_EQ(0, stats.evictions);
        CHECK_EQ(0, stats.invalidations);
        CHECK_EQ(2, stats.misses); /* of the small one and of the one that could not be kept */
        slip_submission_release(sub);
        slip_submission_release(held);
    }
    CHECK_STATUS(SLIP_OK, slip_trim(runner, NULL, NULL)); /* nothing is queued: now it goes */
    CHECK_EQ(1, affine_stats(runner).evictions);
    CHECK(affine_good(runner, callable, &small));
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(a_chain_of_runs_is_in_order);
    CHECK_CASE(a_call_is_submitted_as_it_is);
    CHECK_CASE(what_waits_can_be_cancelled);
    CHECK_CASE(looking_waits_for_no_run);
    CHECK_CASE(a_failed_kernel_fails_its_run_only);
    CHECK_CASE(mistakes_are_found_when_submitted);
    CHECK_CASE(closing_ends_every_handle);
    CHECK_CASE(a_full_queue_waits_for_room);
    CHECK_CASE(queued_state_is_pinned);
    return check_report();
}
