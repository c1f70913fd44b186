/*
 * test_platform_failures.c - every platform call fails in turn: a description each time, nothing
 * left behind, and a runner that is good afterwards.
 *
 * ctest-labels: unit S5
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <slipway/platform.h>

#include "story.h"
#include "support/check.h"
#include "support/failing_platform.h"

/* A story has fewer platform calls than this. */
enum { MAX_CALLS = 800 };

static const char *platform;

/* Log sink: the failures are meant. */
static void drop_lines(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* Without a failure, the story is good and gives everything back. */
static void good_story(void)
{
    story s = {.ops = failing_platform_wrap(slip_platform_find(platform))};
    story_tell(&s);
    story_check_usable(&s);
    story_end(&s);
    CHECK_EQ(0, s.failures);
    CHECK_EQ(0, s.wrong);
    CHECK_EQ(0, failing_platform_live());
}

/* Each call of the story fails once. */
static void each_call_fails_in_turn(void)
{
    uint32_t described = 0;
    for (uint64_t n = 1; n < MAX_CALLS; n++) {
        story s = {.ops = failing_platform_wrap(slip_platform_find(platform))};
        failing_platform_fail_at(n);
        story_tell(&s);
        const char *failed = failing_platform_failed();
        failing_platform_fail_at(0);
        story_check_usable(&s);
        story_end(&s);
        described += s.failures > 0 ? 1u : 0u;
        bool good = CHECK_EQ(0, s.wrong);
        good = CHECK_EQ(0, failing_platform_live()) && good;
        if (!good) {
            fprintf(stderr, "call %u, %s, was made to fail\n", (unsigned)n,
                    failed != NULL ? failed : "none");
        }
        if (failed == NULL) {
            CHECK(n > 10);
            CHECK(described > 10);
            return;
        }
    }
    CHECK_FAIL("the story ends");
}

/* Each call of the story loses the device once: it is reset, and everything works again. */
static void each_call_loses_in_turn(void)
{
    for (uint64_t n = 2; n < MAX_CALLS; n++) { /* the first one opens the device */
        story s = {.ops = failing_platform_wrap(slip_platform_find(platform))};
        failing_platform_set_recovery(FAILING_RECOVERS);
        failing_platform_set_effect(FAILING_LOSES);
        failing_platform_fail_at(n);
        story_tell(&s);
        const char *failed = failing_platform_failed();
        failing_platform_fail_at(0);
        story_check_usable(&s);
        story_end(&s);
        bool good = CHECK_EQ(0, s.wrong);
        good = CHECK_EQ(0, failing_platform_live()) && good;
        if (failed == NULL) {
            CHECK(n > 50);
            return;
        }
        /* A device that is lost while it is opened, or only asked what it has, is not reset yet. */
        good = CHECK(failing_platform_recoveries() == 1 || s.failures == 0 || n < 4) && good;
        if (!good) {
            fprintf(stderr, "call %u, %s, lost the device\n", (unsigned)n, failed);
        }
    }
    CHECK_FAIL("the story ends");
}

/* A kind of call that always fails: every attempt is described, and the end is clean. */
static void each_kind_fails_always(void)
{
    const char *kinds[] = {"reserve", "commit",   "zero",      "relay",        "available",
                           "alloc",   "copy_to",  "copy_from", "load_program", "launch",
                           "wait",    "decommit", "populate"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        story s = {.ops = failing_platform_wrap(slip_platform_find(platform))};
        failing_platform_fail_always(kinds[i]);
        story_tell(&s);
        failing_platform_fail_always(NULL);
        story_check_usable(&s);
        story_end(&s);
        bool good = CHECK_EQ(0, s.wrong);
        good = CHECK_EQ(0, failing_platform_live()) && good;
        if (!good) {
            fprintf(stderr, "%s always failed\n", kinds[i]);
        }
    }
}

/* A set-up that fails rolls back, and names the region. */
static void failed_setup_names_the_region(void)
{
    const struct slip_platform_ops *ops = failing_platform_wrap(slip_platform_find(platform));
    slip_runner *runner = affine_open(NULL, ops);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    uint64_t live = failing_platform_live();
    const char *calls[] = {"reserve", "commit"};
    for (size_t i = 0; i < 2; i++) {
        failing_platform_fail_nth(calls[i], 1);
        CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slip_prewarm(runner, &config));
        CHECK_STR("SM and runtime arena", affine_error(runner).resource);
        CHECK_EQ(live, failing_platform_live());
        CHECK_EQ(0, affine_stats(runner).cache_entries);
    }
    CHECK(affine_good(runner, callable, &config));
    /* The heap of a larger sizing cannot be had: with no other entry to give up, it is named. */
    failing_platform_fail_always("commit");
    slip_run_config large = affine_config(64, 1 << 22, 64);
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slip_prewarm(runner, &large));
    failing_platform_fail_always(NULL);
    CHECK(affine_good(runner, callable, &config));
    CHECK(affine_good(runner, callable, &large));
    slip_runner_close(runner);
    CHECK_EQ(0, failing_platform_live());
}

/* When memory is short, an idle entry gives way to the one that is needed. */
static void short_memory_evicts(void)
{
    const struct slip_platform_ops *ops = failing_platform_wrap(slip_platform_find(platform));
    slip_runner *runner = affine_open(NULL, ops);
    slip_callable callable = affine_register(runner);
    slip_run_config first = affine_config(64, 65536, 64);
    slip_run_config second = affine_config(128, 65536, 64);
    CHECK(affine_good(runner, callable, &first));
    failing_platform_fail_nth("reserve", 1);
    CHECK_STATUS(SLIP_OK, slip_prewarm(runner, &second));
    CHECK_STR("reserve", failing_platform_failed());
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(1, stats.evictions);
    CHECK_EQ(1, stats.cache_entries);
    CHECK(affine_good(runner, callable, &second));
    CHECK(affine_good(runner, callable, &first));
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    slip_log_set_sink(drop_lines, NULL);
    CHECK_CASE(good_story);
    CHECK_CASE(each_call_fails_in_turn);
    CHECK_CASE(each_call_loses_in_turn);
    CHECK_CASE(each_kind_fails_always);
    CHECK_CASE(failed_setup_names_the_region);
    CHECK_CASE(short_memory_evicts);
    return check_report();
}
