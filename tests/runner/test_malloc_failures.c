/*
 * test_malloc_failures.c - every allocation on the host fails in turn, through the same story.
 *
 * ctest-labels: unit S5
 * ctest-link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <stdlib.h>

#include <slipway/platform.h>

#include "story.h"
#include "support/check.h"
#include "support/failing_platform.h"

/* A story has fewer allocations than this. */
enum { MAX_ALLOCATIONS = 800 };

static const char *platform;
static uint64_t allocations; /* since the count was set; this thread only */
static uint64_t fail_at;     /* 0 = none */
static uint32_t counting;    /* 1: this is the story's time */
static _Thread_local uint32_t on_test_thread;

/* Names that the linker gives to the wrapped functions. */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

/* True if this allocation is to fail. Threads of the platform are left alone. */
static bool fails(void)
{
    return on_test_thread != 0 && counting != 0 && ++allocations == fail_at;
}

/* malloc */
void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

/* calloc */
void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

/* realloc */
void *__wrap_realloc(void *old, size_t bytes)
{
    return fails() ? NULL : __real_realloc(old, bytes);
}

/* Log sink: the failures are meant. */
static void drop_lines(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* Each allocation of the story fails once. */
static void each_allocation_fails_in_turn(void)
{
    uint32_t described = 0;
    for (uint64_t n = 1; n < MAX_ALLOCATIONS; n++) {
        story s = {.ops = failing_platform_wrap(slip_platform_find(platform))};
        allocations = 0;
        fail_at = n;
        counting = 1;
        story_tell(&s);
        counting = 0;
        story_check_usable(&s);
        story_end(&s);
        described += s.failures > 0 ? 1u : 0u;
        bool good = CHECK_EQ(0, s.wrong);
        good = CHECK_EQ(0, failing_platform_live()) && good;
        if (!good) {
            fprintf(stderr, "allocation %u was made to fail\n", (unsigned)n);
        }
        if (allocations < n) {
            CHECK(n > 5);
            CHECK(described >= 5);
            return;
        }
    }
    CHECK_FAIL("the story ends");
}

/* Without memory for an entry, the run is good and the entry absent: publishing is best effort. */
static void publishing_is_best_effort(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    slip_run_config other = affine_config(128, 65536, 64);
    CHECK(affine_good(runner, callable, &other)); /* launches once, so threads are there */
    allocations = 0;
    fail_at = 1;
    uint64_t entry = 0;
    for (uint64_t n = 1; n < MAX_ALLOCATIONS && entry == 0; n++) {
        allocations = 0;
        fail_at = n;
        counting = 1;
        bool right = false;
        slip_status status = affine_run(runner, callable, &config, 0, &right);
        counting = 0;
        if (status == SLIP_OK && affine_stats(runner).cache_entries == 1 && allocations >= n) {
            entry = n;
            CHECK(right);
        }
    }
    CHECK(entry != 0);
    CHECK(affine_good(runner, callable, &config));
    CHECK_EQ(2, affine_stats(runner).cache_entries);
    CHECK_EQ(SLIP_OK, slip_prewarm(runner, &config));
    CHECK_EQ(0, affine_stats(runner).last_image_bytes);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    on_test_thread = 1;
    slip_log_set_sink(drop_lines, NULL);
    CHECK_CASE(each_allocation_fails_in_turn);
    CHECK_CASE(publishing_is_best_effort);
    return check_report();
}
