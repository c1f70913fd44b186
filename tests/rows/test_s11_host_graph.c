/*
 * test_s11_host_graph.c - both run modes give one result; a graph built on the host commits no
 * runtime arena and does not ask the cache.
 *
 * ctest-labels: row S11
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include "row.h"
#include "runner/runner_int.h"
#include "support/check.h"

static const char *platform;
static uint32_t hook_calls;

/* Counts look-ups that must not be made. */
static enum slipi_prebuilt_found lookup(void *ctx, const slipi_prebuilt_key *key,
                                        slipi_prebuilt_entry **out)
{
    (void)ctx;
    (void)key;
    hook_calls++;
    *out = NULL;
    return SLIPI_PREBUILT_MISS;
}

/* Counts marks that must not be made. */
static slipi_prebuilt_entry *mark(void *ctx, const slipi_prebuilt_key *key,
                                  const slipi_prebuilt_state *state)
{
    (void)ctx;
    (void)key;
    (void)state;
    hook_calls++;
    return NULL;
}

/* Only host-built runs: no arena, no cache. */
static void no_arena_and_no_cache(void)
{
    slip_runner *runner = row_open(platform, NULL);
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(64, 65536, 64);
    config.mode = SLIP_MODE_HOST_GRAPH;
    CHECK(runner->api.lookup_prebuilt_runtime_arena != NULL);
    CHECK(runner->api.mark_prebuilt_runtime_arena != NULL);
    runner->api.lookup_prebuilt_runtime_arena = lookup;
    runner->api.mark_prebuilt_runtime_arena = mark;
    for (int i = 0; i < 4; i++) {
        CHECK(row_good(runner, callable, &config));
        slip_stats stats = row_stats(runner);
        CHECK_EQ(0, stats.resident_arena_bytes);
        CHECK(stats.resident_sm_bytes > 0);
        CHECK(stats.last_image_bytes > 0);
        CHECK_EQ(0, stats.hits + stats.misses + stats.dirty);
        CHECK_EQ(0, stats.cache_entries);
        CHECK_EQ(ROW_TASKS, stats.last_tasks);
        CHECK_EQ(ROW_TILES, stats.last_edges);
    }
    CHECK_EQ(0, hook_calls);
    slip_runner_close(runner);
}

/* Both modes in turn on one runner: each right, and the cache sees only one of them. */
static void modes_in_turn(void)
{
    slip_runner *runner = row_open(platform, NULL);
    slip_callable callable = row_register(runner);
    slip_run_config orchestrated = row_config(64, 65536, 64);
    slip_run_config built = orchestrated;
    built.mode = SLIP_MODE_HOST_GRAPH;
    CHECK(row_good(runner, callable, &orchestrated));
    uint64_t arena_bytes = row_stats(runner).resident_arena_bytes;
    CHECK(arena_bytes > 0);
    for (int i = 0; i < 3; i++) {
        CHECK(row_good(runner, callable, &built));
        CHECK(row_good(runner, callable, &orchestrated));
        slip_stats stats = row_stats(runner);
        CHECK_EQ(arena_bytes, stats.resident_arena_bytes);
        CHECK_EQ(i + 2, stats.hits + stats.misses);
    }
    slip_runner_close(runner);
}

/* Bytes of arguments that a run copies to the device. */
static uint64_t copied_in(slip_runner *runner, slip_callable callable,
                          const slip_run_config *config)
{
    uint64_t before = row_stats(runner).copy_in_bytes;
    CHECK(row_good(runner, callable, config));
    return row_stats(runner).copy_in_bytes - before;
}

/* The same arguments are the same bytes in both modes. */
static void arguments_are_counted(void)
{
    slip_runner *runner = row_open(platform, NULL);
    slip_callable callable = row_register(runner);
    slip_run_config orchestrated = row_config(64, 65536, 64);
    slip_run_config built = orchestrated;
    built.mode = SLIP_MODE_HOST_GRAPH;
    uint64_t wanted = copied_in(runner, callable, &orchestrated);
    CHECK(runner->info.host_in_place != 0 || wanted > 0);
    CHECK_EQ(wanted, copied_in(runner, callable, &built));
    slip_runner_close(runner);
}

/* A program that has only one of the two functions runs in that mode only. */
static void mode_that_is_missing(void)
{
    slip_runner *runner = row_open(platform, NULL);
    slip_run_config built = row_config(64, 65536, 64);
    slip_run_config orchestrated = built;
    slip_program only_built = row_program;
    slip_program only_orchestrated = row_program;
    slip_callable callable;
    bool right;
    built.mode = SLIP_MODE_HOST_GRAPH;
    only_built.orchestrate = NULL;
    only_orchestrated.build = NULL;
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &only_built, &callable));
    CHECK(row_good(runner, callable, &built));
    CHECK_STATUS(SLIP_E_UNSUPPORTED, row_run(runner, callable, &orchestrated, &right));
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &only_orchestrated, &callable));
    CHECK(row_good(runner, callable, &orchestrated));
    CHECK_STATUS(SLIP_E_UNSUPPORTED, row_run(runner, callable, &built, &right));
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = row_platform(argc, argv);
    slip_log_set_sink(row_drop_lines, NULL);
    CHECK_CASE(no_arena_and_no_cache);
    CHECK_CASE(modes_in_turn);
    CHECK_CASE(arguments_are_counted);
    CHECK_CASE(mode_that_is_missing);
    return check_report();
}
