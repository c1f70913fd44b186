/*
 * test_submit_failures.c - what becomes of queued runs behind a failure: those whose state is
 * broken end with the reason, the others run; and without a thread nothing is submitted.
 *
 * ctest-labels: unit S5
 * ctest-link: -Wl,--wrap=pthread_create
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <errno.h>
#include <pthread.h>

#include "affine.h"
#include "runner/runner_int.h"
#include "support/check.h"
#include "support/failing_platform.h"

enum { RUNS = 4 };

static const char *platform;
static uint32_t no_thread; /* 1: pthread_create fails */
static float x[AFFINE_ELEMENTS];
static float y[RUNS][AFFINE_ELEMENTS];

/* Names that the linker gives to the wrapped function. */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
                          void *argument);

/* pthread_create */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
                          void *argument)
{
    return no_thread != 0 ? EAGAIN : __real_pthread_create(thread, attr, start, argument);
}

/* Submits run `n`. */
static slip_status submit(slip_runner *runner, slip_callable callable, uint32_t n,
                          const slip_run_config *config, slip_submission **out)
{
    static const uint32_t shape[1] = {AFFINE_ELEMENTS};
    const slip_run_arg args[] = {slip_host_tensor(x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                 slip_host_tensor(y[n], SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                                 slip_scalar_arg(0)};
    y[n][0] = 0.0f;
    return slip_submit(runner, callable, args, 3, config, out);
}

/* A runner on the failing platform that has submitted before, with two sizings resident. */
typedef struct fixture {
    slip_runner *runner;
    slip_callable callable;
    slip_run_config config[2];
    slip_submission *subs[RUNS];
} fixture;

/* Opens it. */
static void begin(fixture *f, enum failing_recovery recovery)
{
    const slip_platform_ops *ops = failing_platform_wrap(slip_platform_find(platform));
    failing_platform_set_recovery(recovery);
    f->runner = affine_open(NULL, ops);
    f->callable = affine_register(f->runner);
    f->config[0] = affine_config(64, 65536, 64);
    f->config[1] = affine_config(128, 65536, 64);
    for (uint32_t n = 0; n < 2; n++) {
        CHECK_STATUS(SLIP_OK, submit(f->runner, f->callable, n, &f->config[n], &f->subs[n]));
        CHECK_STATUS(SLIP_OK, slip_submission_wait(f->subs[n], 0));
        slip_submission_release(f->subs[n]);
    }
}

/* Queues four runs, of sizings 0, 0, 1, 0, and lets the first of them fail in this way. */
static void fail_the_first(fixture *f, enum failing_effect effect)
{
    slipi_turns_enter(&f->runner->turns); /* nothing starts; what is resident is bound */
    for (uint32_t n = 0; n < RUNS; n++) {
        CHECK_STATUS(SLIP_OK,
                     submit(f->runner, f->callable, n, &f->config[n == 2 ? 1 : 0], &f->subs[n]));
        CHECK_EQ(SLIP_SUBMISSION_QUEUED, slip_submission_poll(f->subs[n]));
    }
    failing_platform_set_effect(effect);
    failing_platform_fail_nth("wait", 1);
    slipi_turns_leave(&f->runner->turns);
}

/* Waits for run `n` and gives its error. */
static slip_error end_of(fixture *f, uint32_t n, slip_status wanted)
{
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    CHECK_STATUS(wanted, slip_submission_wait(f->subs[n], 0));
    CHECK_STATUS(SLIP_OK, slip_submission_error(f->subs[n], &error));
    CHECK_EQ(wanted, error.status);
    slip_submission_release(f->subs[n]);
    return error;
}

/* A broken entry takes the runs with it that were bound to it, and no other. */
static void a_broken_entry_takes_its_own(void)
{
    fixture f;
    begin(&f, FAILING_NO_RECOVERY);
    fail_the_first(&f, FAILING_ONCE);
    (void)end_of(&f, 0, SLIP_E_DEVICE);
    slip_error second = end_of(&f, 1, SLIP_E_ABANDONED);
    CHECK_EQ(SLIP_E_ABANDONED, second.status);
    CHECK_EQ(SLIP_E_DEVICE, second.code);
    CHECK_CONTAINS(second.message, "program 'affine'");
    CHECK_CONTAINS(second.message, "SLIP_E_DEVICE");
    CHECK_CONTAINS(second.message, "sizing");
    (void)end_of(&f, 2, SLIP_OK);
    CHECK(y[2][0] == 1.0f && y[1][0] == 0.0f);
    (void)end_of(&f, 3, SLIP_E_ABANDONED);
    CHECK_EQ(0, f.runner->cache.pinned);
    CHECK(affine_good(f.runner, f.callable, &f.config[0]));
    CHECK_EQ(1, affine_stats(f.runner).dirty);
    slip_runner_close(f.runner);
    CHECK_EQ(0, failing_platform_live());
}

/* A device that is lost, or hangs, takes all; after its recovery everything works. */
static void a_lost_device_takes_all(void)
{
    for (uint32_t effect = FAILING_LOSES; effect <= FAILING_HANGS; effect++) {
        fixture f;
        begin(&f, FAILING_RECOVERS);
        fail_the_first(&f, effect);
        (void)end_of(&f, 0, effect == FAILING_LOSES ? SLIP_E_DEVICE : SLIP_E_HANG);
        for (uint32_t n = 1; n < RUNS; n++) {
            slip_error error = end_of(&f, n, SLIP_E_ABANDONED);
            CHECK_CONTAINS(error.message, "broke the device");
        }
        CHECK_EQ(1, failing_platform_recoveries());
        CHECK_EQ(0, failing_platform_late());
        failing_platform_set_effect(FAILING_ONCE);
        CHECK(affine_good(f.runner, f.callable, &f.config[1]));
        CHECK_STATUS(SLIP_OK, submit(f.runner, f.callable, 0, &f.config[0], &f.subs[0]));
        (void)end_of(&f, 0, SLIP_OK);
        CHECK(y[0][0] == 1.0f);
        slip_runner_close(f.runner);
    }
}

/* Without a recovery the runner refuses, submissions too; every handle has ended. */
static void a_runner_that_refuses_takes_nothing(void)
{
    fixture f;
    begin(&f, FAILING_RECOVERY_FAILS);
    fail_the_first(&f, FAILING_LOSES);
    (void)end_of(&f, 0, SLIP_E_DEVICE);
    for (uint32_t n = 1; n < RUNS; n++) {
        (void)end_of(&f, n, SLIP_E_ABANDONED);
    }
    slip_submission *sub = NULL;
    CHECK_STATUS(SLIP_E_REFUSED, submit(f.runner, f.callable, 0, NULL, &sub));
    CHECK(sub == NULL);
    slip_runner_close(f.runner);
}

/* No thread: an error that says so; once there is one, submitting works. */
static void without_a_thread_nothing_is_submitted(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_submission *sub = NULL;
    CHECK(affine_good(runner, callable, NULL)); /* the platform's threads are there */
    no_thread = 1;
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, submit(runner, callable, 0, NULL, &sub));
    no_thread = 0;
    CHECK(sub == NULL);
    CHECK_EQ(EAGAIN, affine_error(runner).code);
    CHECK_CONTAINS(affine_error(runner).message, "thread");
    CHECK(affine_good(runner, callable, NULL));
    CHECK_STATUS(SLIP_OK, submit(runner, callable, 0, NULL, &sub));
    CHECK_STATUS(SLIP_OK, slip_submission_wait(sub, 0));
    slip_submission_release(sub);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(a_broken_entry_takes_its_own);
    CHECK_CASE(a_lost_device_takes_all);
    CHECK_CASE(a_runner_that_refuses_takes_nothing);
    CHECK_CASE(without_a_thread_nothing_is_submitted);
    return check_report();
}
