/*
 * test_room.c - memory is asked for before anything is given up for it: what cannot be had at all
 * is refused by name and evicts nothing; only a want of memory evicts.
 *
 * ctest-labels: unit S5
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <slipway/platform.h>

#include "affine.h"
#include "support/check.h"
#include "support/failing_platform.h"

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1) << 20)

static const char *platform;

/* What a sizing would commit. */
static slip_footprint footprint(slip_runner *runner, const slip_run_config *config)
{
    slip_footprint print = {.struct_size = sizeof(print)};
    CHECK_STATUS(SLIP_OK, slip_footprint_of(runner, config, &print));
    return print;
}

/* A runner with two sizings resident. */
static slip_runner *open_two(slip_callable *callable)
{
    slip_runner *runner = affine_open(NULL, failing_platform_wrap(slip_platform_find(platform)));
    slip_run_config first = affine_config(64, 64 * KIB, 64);
    slip_run_config second = affine_config(128, 64 * KIB, 64);
    *callable = affine_register(runner);
    CHECK(affine_good(runner, *callable, &first));
    CHECK(affine_good(runner, *callable, &second));
    return runner;
}

/* Nothing was given up, and both sizings are still hits. */
static void nothing_given_up(slip_runner *runner, slip_callable callable)
{
    slip_run_config first = affine_config(64, 64 * KIB, 64);
    slip_run_config second = affine_config(128, 64 * KIB, 64);
    slip_stats before = affine_stats(runner);
    CHECK_EQ(0, before.evictions);
    CHECK_EQ(0, before.invalidations);
    CHECK_EQ(2, before.cache_entries);
    CHECK(affine_good(runner, callable, &first));
    CHECK(affine_good(runner, callable, &second));
    CHECK_EQ(before.hits + 2, affine_stats(runner).hits);
}

/* A pair of SM and arena that is larger than all there is names itself, wanted and available. */
static void impossible_pair(void)
{
    slip_callable callable;
    slip_runner *runner = open_two(&callable);
    slip_run_config large = affine_config(8192, 64 * KIB, 64);
    slip_footprint print = footprint(runner, &large);
    failing_platform_set_available(MIB);
    CHECK(print.sm_bytes + print.arena_bytes > 8 * MIB);
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slip_prewarm(runner, &large));
    slip_error error = affine_error(runner);
    CHECK_STR("SM and runtime arena", error.resource);
    CHECK_EQ(print.sm_bytes + print.arena_bytes, error.wanted);
    CHECK_EQ(MIB, error.available);
    CHECK_CONTAINS(error.message, "1048576 are available");
    nothing_given_up(runner, callable);
    slip_runner_close(runner);
    CHECK_EQ(0, failing_platform_live());
}

/* A heap that is, with room for SM and arena, names itself. */
static void impossible_heap(void)
{
    slip_callable callable;
    slip_runner *runner = open_two(&callable);
    slip_run_config large = affine_config(64, 512 * MIB, 64);
    failing_platform_set_available(64 * MIB);
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slip_prewarm(runner, &large));
    slip_error error = affine_error(runner);
    CHECK_STR("GM heap", error.resource);
    CHECK_EQ(2048 * MIB, error.wanted);
    CHECK_EQ(64 * MIB, error.available);
    nothing_given_up(runner, callable);
    failing_platform_set_available(4096 * MIB);
    CHECK(affine_good(runner, callable, &large));
    CHECK_EQ(0, affine_stats(runner).evictions);
    slip_runner_close(runner);
}

/* What fits once idle entries are given up is tried. */
static void possible_after_eviction(void)
{
    slip_callable callable;
    slip_runner *runner = open_two(&callable);
    slip_run_config third = affine_config(16384, 64 * KIB, 64);
    slip_footprint print = footprint(runner, &third);
    slip_stats stats = affine_stats(runner);
    uint64_t idle = stats.resident_sm_bytes + stats.resident_arena_bytes;
    CHECK(print.sm_bytes + print.arena_bytes > idle);
    failing_platform_set_available(print.sm_bytes + print.arena_bytes - idle - 1);
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slip_prewarm(runner, &third));
    nothing_given_up(runner, callable);
    failing_platform_set_available(print.sm_bytes + print.arena_bytes - idle);
    failing_platform_fail_nth("reserve", 1);
    CHECK(affine_good(runner, callable, &third));
    CHECK_EQ(1, affine_stats(runner).evictions);
    slip_runner_close(runner);
}

/* A platform that fails for another reason is not short of memory: nothing is evicted. */
static void other_failures_evict_nothing(void)
{
    slip_callable callable;
    slip_runner *runner = open_two(&callable);
    const char *calls[] = {"reserve", "commit"};
    failing_platform_set_recovery(FAILING_RECOVERS);
    for (uint64_t i = 0; i < 2; i++) {
        slip_run_config next = affine_config(UINT64_C(256) << i, 64 * KIB, 64);
        slip_stats before = affine_stats(runner);
        failing_platform_set_effect(FAILING_LOSES);
        failing_platform_fail_nth(calls[i], 1);
        CHECK_STATUS(SLIP_E_DEVICE, slip_prewarm(runner, &next));
        failing_platform_set_effect(FAILING_ONCE);
        slip_stats stats = affine_stats(runner);
        CHECK_EQ(0, stats.evictions);
        CHECK_EQ(before.cache_entries, stats.cache_entries);
        CHECK(affine_good(runner, callable, &next));
        stats = affine_stats(runner);
        CHECK_EQ(i + 1, stats.device_resets);
        CHECK_EQ(before.invalidations + before.cache_entries, stats.invalidations);
        CHECK_EQ(1, stats.cache_entries);
    }
    slip_runner_close(runner);
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
    CHECK_CASE(impossible_pair);
    CHECK_CASE(impossible_heap);
    CHECK_CASE(possible_after_eviction);
    CHECK_CASE(other_failures_evict_nothing);
    return check_report();
}
