/*
 * test_s4_miss.c - a miss derives sizes (checked), commits or grows regions, builds, uploads and
 * publishes.
 *
 * ctest-labels: row S4
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include "row.h"
#include "support/check.h"

static const char *platform;

/* What was announced is committed, written and published. */
static void builds_what_was_announced(void)
{
    slip_runner *runner = row_open(platform, NULL);
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(128, 1 << 20, 512);
    slip_footprint footprint = {.struct_size = (uint32_t)sizeof(footprint)};
    CHECK_STATUS(SLIP_OK, slip_footprint_of(runner, &config, &footprint));
    slip_stats before = row_stats(runner);
    CHECK_EQ(0, before.region_allocs);
    CHECK_EQ(0, before.resident_sm_bytes);
    CHECK(row_good(runner, callable, &config));
    slip_stats after = row_stats(runner);
    CHECK_EQ(1, after.misses);
    CHECK_EQ(1, after.cache_entries);
    CHECK_EQ(before.sizes_derived + 1, after.sizes_derived);
    CHECK_EQ(footprint.image_bytes, after.last_image_bytes);
    CHECK_EQ(footprint.gm_heap_bytes, after.resident_gm_heap_bytes);
    CHECK_EQ(footprint.sm_bytes, after.resident_sm_bytes);
    CHECK_EQ(footprint.arena_bytes, after.resident_arena_bytes);
    slip_runner_close(runner);
}

/* Base of the GM heap of an entry. */
static uint64_t heap_base(slip_runner *runner)
{
    slip_cache_entry_info info[4];
    uint32_t count = 4;
    CHECK_STATUS(SLIP_OK, slip_cache_info(runner, info, &count));
    CHECK(count >= 1 && count <= 4);
    for (uint32_t i = 1; i < count && i < 4; i++) {
        CHECK_EQ(info[0].gm_heap_base, info[i].gm_heap_base);
    }
    return info[0].gm_heap_base;
}

/* A larger heap grows where it is: nothing that names it is dropped. */
static void heap_grows_in_place(void)
{
    slip_runner *runner = row_open(platform, NULL);
    slip_callable callable = row_register(runner);
    CHECK_EQ(0, row_stats(runner).invalidations);
    uint64_t base = 0;
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t heap_bytes = UINT64_C(65536) << 2 * i;
        slip_run_config config = row_config(64, heap_bytes, 64);
        CHECK(row_good(runner, callable, &config));
        slip_stats stats = row_stats(runner);
        CHECK_EQ(i + 1, stats.misses);
        CHECK_EQ(i + 1, stats.cache_entries);
        CHECK_EQ(4 * heap_bytes, stats.resident_gm_heap_bytes);
        CHECK_EQ(0, stats.invalidations);
        base = i == 0 ? heap_base(runner) : base;
        CHECK_EQ(base, heap_base(runner));
    }
    slip_runner_close(runner);
}

/* Sizes whose sums overflow are refused before anything is committed. */
static void sums_are_checked(void)
{
    slip_runner *runner = row_open(platform, NULL);
    slip_callable callable = row_register(runner);
    bool right;
    slip_run_config config = row_config(64, UINT64_C(1) << 63, 64);
    CHECK_STATUS(SLIP_E_SIZING, row_run(runner, callable, &config, &right));
    config = row_config(64, UINT64_MAX, 64);
    CHECK_STATUS(SLIP_E_SIZING, row_run(runner, callable, &config, &right));
    CHECK(row_error(runner).message[0] != '\0');
    CHECK_EQ(0, row_stats(runner).region_allocs);
    config = row_config(64, 65536, 64);
    CHECK(row_good(runner, callable, &config));
    slip_runner_close(runner);
}

/* Prewarming is the same path with the same key. */
static void prewarm_builds(void)
{
    slip_runner *runner = row_open(platform, NULL);
    slip_run_config config = row_config(128, 1 << 20, 512);
    CHECK_STATUS(SLIP_OK, slip_prewarm(runner, &config));
    slip_stats stats = row_stats(runner);
    CHECK_EQ(1, stats.misses);
    CHECK_EQ(1, stats.cache_entries);
    CHECK(stats.last_image_bytes > 0);
    CHECK_EQ(0, stats.runs);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = row_platform(argc, argv);
    slip_log_set_sink(row_drop_lines, NULL);
    CHECK_CASE(builds_what_was_announced);
    CHECK_CASE(heap_grows_in_place);
    CHECK_CASE(sums_are_checked);
    CHECK_CASE(prewarm_builds);
    return check_report();
}
