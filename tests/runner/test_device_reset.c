/*
 * test_device_reset.c - a device that hangs or is lost is reset: what comes back, what is lost and
 * says so, and what the runner does when there is no way back.
 *
 * ctest-labels: unit S5
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include <stdio.h>
#include <string.h>

#include <slipway/platform.h>

#include "affine.h"
#include "runner/runner_int.h"
#include "support/check.h"
#include "support/failing_platform.h"

static const char *platform;

/* A runner with its program, and two sizings. */
typedef struct subject {
    slip_runner *runner;
    slip_callable callable;
    slip_run_config small;
    slip_run_config large;
} subject;

/* Opens a runner on a platform that fails and recovers as told. */
static subject open_subject(enum failing_recovery recovery)
{
    subject s = {.small = affine_config(64, 65536, 64), .large = affine_config(128, 1 << 20, 64)};
    const slip_platform_ops *ops = failing_platform_wrap(slip_platform_find(platform));
    failing_platform_set_recovery(recovery);
    s.runner = affine_open(NULL, ops);
    s.callable = affine_register(s.runner);
    return s;
}

/* Lets the next wait end in a hang, and runs into it. */
static slip_status hang(subject *s)
{
    bool right = false;
    failing_platform_set_effect(FAILING_HANGS);
    failing_platform_fail_nth("wait", 1);
    slip_status status = affine_run(s->runner, s->callable, &s->small, 0, &right);
    failing_platform_set_effect(FAILING_ONCE);
    return status;
}

/* Lets the next call of a name lose the device. */
static void lose_at(const char *call)
{
    failing_platform_set_effect(FAILING_LOSES);
    failing_platform_fail_nth(call, 1);
}

/* Closes; nothing is left, and nobody touched a device that hung. */
static void close_subject(subject *s)
{
    slip_runner_close(s->runner);
    CHECK_EQ(0, failing_platform_live());
    CHECK_EQ(0, failing_platform_late());
}

/* A hang empties the device; the next runs are misses and right, and the error is the hang's. */
static void hang_is_recovered(void)
{
    subject s = open_subject(FAILING_RECOVERS);
    for (uint64_t i = 1; i <= 3; i++) {
        CHECK(affine_good(s.runner, s.callable, &s.small));
        CHECK(affine_good(s.runner, s.callable, &s.large));
        uint64_t serial = s.runner->run_serial;
        CHECK_STATUS(SLIP_E_HANG, hang(&s));
        CHECK_STATUS(SLIP_E_HANG, affine_error(s.runner).status);
        slip_stats stats = affine_stats(s.runner);
        CHECK_EQ(i, stats.device_resets);
        CHECK_EQ(i, failing_platform_recoveries());
        CHECK_EQ(2 * i, stats.invalidations);
        CHECK_EQ(0, stats.cache_entries);
        CHECK_EQ(0, stats.dirty);
        CHECK_EQ(0, stats.evictions);
        CHECK_EQ(0, stats.resident_gm_heap_bytes);
        CHECK_EQ(0, stats.resident_sm_bytes + stats.resident_arena_bytes);
        CHECK(affine_good(s.runner, s.callable, &s.large));
        stats = affine_stats(s.runner);
        CHECK_EQ(i == 1 ? 3 : 3 + 2 * (i - 1), stats.misses);
        CHECK(stats.last_image_bytes > 0);
        CHECK(affine_good(s.runner, s.callable, &s.large));
        CHECK_EQ(0, affine_stats(s.runner).last_image_bytes);
        CHECK(s.runner->run_serial > serial + 1); /* no handle of the time before is good again */
    }
    CHECK(affine_good(s.runner, s.callable, &s.small));
    close_subject(&s);
}

/* A device that is lost in a call is recovered by the next one, whatever call it was. */
static void loss_is_recovered(void)
{
    const char *calls[] = {"reserve", "commit", "copy_to", "launch", "wait", "alloc"};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        subject s = open_subject(FAILING_RECOVERS);
        bool right = false;
        slip_device_ptr memory = {0};
        lose_at(calls[i]);
        slip_status status = strcmp(calls[i], "alloc") == 0
                                 ? slip_device_malloc(s.runner, 100, &memory)
                                 : affine_run(s.runner, s.callable, &s.small, 0, &right);
        bool good = CHECK_STATUS(SLIP_E_DEVICE, status);
        good = CHECK_CONTAINS(affine_error(s.runner).message, "made to fail") && good;
        good = CHECK_EQ(FAILING_CODE, affine_error(s.runner).code) && good;
        failing_platform_set_effect(FAILING_ONCE);
        good = CHECK(affine_good(s.runner, s.callable, &s.small)) && good;
        slip_stats stats = affine_stats(s.runner);
        good = CHECK_EQ(1, stats.device_resets) && good;
        good = CHECK_EQ(0, stats.evictions) && good; /* a lost device is not short of memory */
        good = CHECK_EQ(1, stats.cache_entries) && good;
        if (!good) {
            fprintf(stderr, "lost in %s\n", calls[i]);
        }
        close_subject(&s);
    }
}

/* A reset that fails: nothing further, with its reason; questions and closing still work. */
static void failed_recovery_refuses(void)
{
    subject s = open_subject(FAILING_RECOVERY_FAILS);
    bool right = false;
    slip_device_ptr memory = {0};
    slip_callable again;
    char byte = 0;
    CHECK(affine_good(s.runner, s.callable, &s.small));
    CHECK_STATUS(SLIP_E_HANG, hang(&s));
    CHECK_STATUS(SLIP_E_REFUSED, affine_run(s.runner, s.callable, &s.small, 0, &right));
    CHECK_CONTAINS(affine_error(s.runner).message, "the reset was made to fail");
    CHECK_STATUS(SLIP_E_REFUSED, slip_prewarm(s.runner, &s.large));
    CHECK_STATUS(SLIP_E_REFUSED, slip_device_malloc(s.runner, 8, &memory));
    CHECK_STATUS(SLIP_E_REFUSED, slip_copy_to_device(s.runner, memory, &byte, 1));
    CHECK_STATUS(SLIP_E_REFUSED, slip_register_program(s.runner, &affine_program, &again));
    CHECK_STATUS(SLIP_E_REFUSED, slip_unregister(s.runner, s.callable));
    CHECK_EQ(0, affine_stats(s.runner).device_resets);
    CHECK_EQ(0, failing_platform_recoveries());
    close_subject(&s);
}

/* Without a way to recover it is the same, with the reason that is always true. */
static void no_recovery_refuses(void)
{
    subject s = open_subject(FAILING_NO_RECOVERY);
    CHECK_STATUS(SLIP_E_HANG, hang(&s));
    CHECK_STATUS(SLIP_E_REFUSED, slip_prewarm(s.runner, &s.large));
    CHECK_CONTAINS(affine_error(s.runner).message, "threads still inside a kernel");
    close_subject(&s);
}

/* After the reset something cannot be put there again: refused, and both things are said. */
static void failed_reload_refuses(void)
{
    const char *calls[] = {"alloc", "load_program", "copy_to"};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        subject s = open_subject(FAILING_RECOVERS);
        bool right = false;
        CHECK(affine_good(s.runner, s.callable, &s.small));
        s.runner->broken = 1; /* as after a lost device: the next call recovers first */
        failing_platform_fail_nth(calls[i], 1);
        CHECK_STATUS(SLIP_E_REFUSED, affine_run(s.runner, s.callable, &s.small, 0, &right));
        CHECK_CONTAINS(affine_error(s.runner).message, "the device was reset, then");
        CHECK_CONTAINS(affine_error(s.runner).message, "made to fail");
        CHECK_EQ(1, affine_stats(s.runner).device_resets);
        CHECK_EQ(1, failing_platform_live()); /* nothing half done stays on the device */
        close_subject(&s);
    }
}

/* What callers had on the device is lost, and every use of it says so by name. */
static void callers_memory_is_lost(void)
{
    subject s = open_subject(FAILING_RECOVERS);
    slip_device_ptr memory = {0};
    float values[AFFINE_ELEMENTS] = {0};
    const uint32_t shape[1] = {AFFINE_ELEMENTS};
    CHECK_STATUS(SLIP_OK, slip_device_malloc(s.runner, sizeof(values), &memory));
    slip_run_arg args[] = {slip_device_tensor(memory, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                           slip_host_tensor(values, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                           slip_scalar_arg(0)};
    CHECK_STATUS(SLIP_OK, slip_run(s.runner, s.callable, args, 3, &s.small));
    CHECK_STATUS(SLIP_E_HANG, hang(&s));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                 slip_copy_to_device(s.runner, memory, values, sizeof(values)));
    CHECK_CONTAINS(affine_error(s.runner).message, "the device was reset");
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                 slip_copy_from_device(s.runner, values, memory, sizeof(values)));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_device_free(s.runner, memory));
    CHECK_CONTAINS(affine_error(s.runner).message, "what it held before is lost");
    CHECK_STATUS(SLIP_E_BAD_TENSOR, slip_run(s.runner, s.callable, args, 3, &s.small));
    CHECK_STR("argument 0", affine_error(s.runner).resource);
    CHECK_STATUS(SLIP_OK, slip_device_malloc(s.runner, sizeof(values), &memory));
    args[0].device = memory;
    CHECK_STATUS(SLIP_OK, slip_run(s.runner, s.callable, args, 3, &s.small));
    CHECK_STATUS(SLIP_OK, slip_device_free(s.runner, memory));
    close_subject(&s);
}

/* Programs, kernel tables, staging, launch block and records are there again, the same handle runs,
 * and a record of the time before is not read. */
static void own_things_are_made_anew(void)
{
    subject s = open_subject(FAILING_RECOVERS);
    slip_audit_report report = {.struct_size = sizeof(report)};
    slip_run_config audited = s.small;
    audited.audit = 1;
    CHECK(affine_good(s.runner, s.callable, &audited));
    CHECK_STATUS(SLIP_OK, slip_audit(s.runner, &report));
    uint64_t things = failing_platform_live();
    CHECK_STATUS(SLIP_E_HANG, hang(&s));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_audit(s.runner, &report));
    CHECK(slip_callable_program(s.runner, s.callable) == &affine_program);
    CHECK(failing_platform_live() < things);
    CHECK(affine_good(s.runner, s.callable, &audited));
    CHECK_EQ(things, failing_platform_live());
    CHECK_STATUS(SLIP_OK, slip_audit(s.runner, &report));
    CHECK_EQ(2, report.tasks);
    close_subject(&s);
}

/* Closing at once after a loss or a hang: nothing touches the device, nothing is left of it. */
static void close_after_broken(void)
{
    subject s = open_subject(FAILING_NO_RECOVERY);
    slip_device_ptr memory = {0};
    CHECK(affine_good(s.runner, s.callable, &s.small));
    CHECK_STATUS(SLIP_OK, slip_device_malloc(s.runner, 5000, &memory));
    CHECK_STATUS(SLIP_E_HANG, hang(&s));
    close_subject(&s);
    s = open_subject(FAILING_RECOVERS);
    CHECK(affine_good(s.runner, s.callable, &s.small));
    lose_at("alloc");
    CHECK_STATUS(SLIP_E_DEVICE, slip_device_malloc(s.runner, 5000, &memory));
    CHECK_EQ(1, s.runner->broken);
    close_subject(&s);
    failing_platform_set_effect(FAILING_ONCE);
}

/* Log sink: the failures are meant. */
static void drop_lines(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    slip_log_set_sink(drop_lines, NULL);
    CHECK_CASE(hang_is_recovered);
    CHECK_CASE(loss_is_recovered);
    CHECK_CASE(failed_recovery_refuses);
    CHECK_CASE(no_recovery_refuses);
    CHECK_CASE(failed_reload_refuses);
    CHECK_CASE(callers_memory_is_lost);
    CHECK_CASE(own_things_are_made_anew);
    CHECK_CASE(close_after_broken);
    return check_report();
}
