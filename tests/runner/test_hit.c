/*
 * test_hit.c - a hit builds nothing, allocates nothing, copies no image and derives no size, but
 * still delivers arguments and launch block.
 *
 * ctest-labels: unit S3
 */
#include <stdlib.h>

#include <slipway/platform.h>

#include "affine.h"
#include "support/check.h"
#include "support/failing_platform.h"

/* Two sizings in turn: each once built, then only hits. */
static void two_sizings_in_turn(void)
{
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config prefill = affine_config(256, 1 << 20, 256);
    slip_run_config decode = affine_config(64, 65536, 64);
    CHECK(affine_good(runner, callable, &prefill));
    CHECK(affine_good(runner, callable, &decode));
    slip_stats before = affine_stats(runner);
    CHECK_EQ(2, before.misses);
    for (int i = 0; i < 4; i++) {
        CHECK(affine_good(runner, callable, i % 2 == 0 ? &prefill : &decode));
        slip_stats stats = affine_stats(runner);
        CHECK_EQ(0, stats.last_image_bytes);
        CHECK(stats.last_launch_bytes > 0);
    }
    slip_stats after = affine_stats(runner);
    CHECK_EQ(before.misses, after.misses);
    CHECK_EQ(before.hits + 4, after.hits);
    CHECK_EQ(before.image_bytes, after.image_bytes);
    CHECK_EQ(before.sizes_derived, after.sizes_derived);
    CHECK_EQ(before.region_allocs, after.region_allocs);
    CHECK(after.launch_bytes > before.launch_bytes);
    slip_runner_close(runner);
}

/* What a hit asks of a platform with memory of its own: copies of arguments and launch block, the
 * launch itself; no reservation, no commitment, no allocation, no zeroing. */
static void platform_sees_no_build(const char *name)
{
    slip_runner *runner = affine_open(NULL, failing_platform_wrap(slip_platform_find(name)));
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    CHECK(affine_good(runner, callable, &config));
    const char *forbidden[] = {"reserve", "commit",   "zero",        "relay",
                               "alloc",   "decommit", "load_program"};
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        failing_platform_fail_at(0);
        failing_platform_fail_always(forbidden[i]);
        CHECK(affine_good(runner, callable, &config));
        CHECK(failing_platform_failed() == NULL);
    }
    failing_platform_fail_always(NULL);
    uint64_t before = failing_platform_copied_to();
    CHECK(affine_good(runner, callable, &config));
    slip_stats stats = affine_stats(runner);
    uint64_t copied = failing_platform_copied_to() - before;
    if (strcmp(name, "cpu") == 0) {
        CHECK_EQ(0, copied);
    } else {
        CHECK_EQ(stats.last_launch_bytes + AFFINE_ELEMENTS * sizeof(float), copied);
    }
    slip_runner_close(runner);
}

/* On cpu. */
static void cpu_sees_no_build(void)
{
    platform_sees_no_build("cpu");
}

/* On a platform with device memory of its own. */
static void sim_sees_no_build(void)
{
    platform_sees_no_build("a2a3sim");
}

/* A hit finds the same regions again. */
static void regions_stay(void)
{
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    slip_cache_entry_info first;
    slip_cache_entry_info later;
    uint32_t count = 1;
    CHECK(affine_good(runner, callable, &config));
    CHECK_STATUS(SLIP_OK, slip_cache_info(runner, &first, &count));
    CHECK_EQ(1, count);
    CHECK(affine_good(runner, callable, &config));
    count = 1;
    CHECK_STATUS(SLIP_OK, slip_cache_info(runner, &later, &count));
    CHECK_EQ(first.gm_heap_base, later.gm_heap_base);
    CHECK_EQ(first.sm_base, later.sm_base);
    CHECK_EQ(first.arena_base, later.arena_base);
    CHECK_EQ(1, later.hits);
    CHECK_EQ(1, later.valid);
    CHECK_EQ(0, later.dirty);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(two_sizings_in_turn);
    CHECK_CASE(cpu_sees_no_build);
    CHECK_CASE(sim_sees_no_build);
    CHECK_CASE(regions_stay);
    return check_report();
}
