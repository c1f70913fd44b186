/*
 * test_s8_sizing.c - sizing: per-run value, else environment, else default; bad variables are
 * rejected whole and reported once; bad values of a run are errors.
 *
 * ctest-labels: row S8
 */
#include <stdlib.h>

#include "row.h"
#include "support/check.h"

static uint32_t warnings;

/* Log sink: counts warnings. */
static void count_warnings(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)line;
    warnings += level == SLIP_LOG_WARN ? 1u : 0u;
}

/* Sets the three variables; null unsets. */
static void set_environment(const char *window, const char *heap, const char *pool)
{
    const char *names[3] = {"SLIPWAY_RING_TASK_WINDOW", "SLIPWAY_RING_HEAP",
                            "SLIPWAY_RING_DEP_POOL"};
    const char *values[3] = {window, heap, pool};
    for (int i = 0; i < 3; i++) {
        int failed = values[i] != NULL ? setenv(names[i], values[i], 1) : unsetenv(names[i]);
        CHECK_EQ(0, failed);
    }
}

/* The sizing that a run resolves to: what its entry in the cache says. */
static slip_sizing resolved(slip_runner *runner, const slip_run_config *config)
{
    slip_cache_entry_info info = {0};
    uint32_t count = 1;
    CHECK_STATUS(SLIP_OK, slip_prewarm(runner, config));
    CHECK_STATUS(SLIP_OK, slip_cache_info(runner, &info, &count));
    CHECK_EQ(1, count);
    return info.sizing;
}

/* The same, on a runner of its own. */
static slip_sizing resolved_now(const slip_run_config *config)
{
    slip_runner *runner = row_open("cpu", NULL);
    slip_sizing sizing = resolved(runner, config);
    slip_runner_close(runner);
    return sizing;
}

/* Defaults, environment and per-run values, each ring and resource for itself. */
static void order_of_sources(void)
{
    slip_run_config config = row_config(0, 0, 0);
    set_environment(NULL, NULL, NULL);
    slip_sizing sizing = resolved_now(&config);
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        CHECK_EQ(16384, sizing.ring[r].task_window);
        CHECK_EQ(256 << 20, sizing.ring[r].heap_bytes);
        CHECK_EQ(16384, sizing.ring[r].dep_pool);
    }
    set_environment("4,8,16,32", "65536", "4,5,6,7");
    config.sizing.ring[1].task_window = 128;
    config.sizing.ring[2].heap_bytes = 4096;
    config.sizing.ring[3].dep_pool = 99;
    sizing = resolved_now(&config);
    const uint64_t windows[] = {4, 128, 16, 32};
    const uint64_t heaps[] = {65536, 65536, 4096, 65536};
    const uint64_t pools[] = {4, 5, 6, 99};
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        CHECK_EQ(windows[r], sizing.ring[r].task_window);
        CHECK_EQ(heaps[r], sizing.ring[r].heap_bytes);
        CHECK_EQ(pools[r], sizing.ring[r].dep_pool);
    }
}

/* The environment is read when a runner is opened, and not again. */
static void environment_is_read_once(void)
{
    slip_run_config config = row_config(0, 0, 0);
    set_environment("8", "65536", "64");
    slip_runner *runner = row_open("cpu", NULL);
    set_environment("16", NULL, "x");
    slip_sizing sizing = resolved(runner, &config);
    CHECK_EQ(8, sizing.ring[0].task_window);
    CHECK_EQ(65536, sizing.ring[0].heap_bytes);
    CHECK_EQ(64, sizing.ring[0].dep_pool);
    slip_runner_close(runner);
}

/* One bad value, or a wrong number of values, rejects the variable: one report, the others hold. */
static void bad_variables(void)
{
    const char *bad[] = {"4,8,16,6", "4,8", "4,8,16", "4,8,16,32,64", "4,8,,16",   "2",
                         "12",       "-4",  "8x",     "4 8",          "2147483648"};
    slip_run_config config = row_config(0, 0, 0);
    slip_log_set_sink(count_warnings, NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set_environment(bad[i], "65536", "64");
        warnings = 0;
        slip_runner *runner = row_open("cpu", NULL);
        slip_sizing sizing = resolved(runner, &config);
        slip_callable callable = row_register(runner);
        CHECK(row_good(runner, callable, &config));
        slip_runner_close(runner);
        bool good = CHECK_EQ(1, warnings);
        for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
            good = CHECK_EQ(16384, sizing.ring[r].task_window) && good;
            good = CHECK_EQ(65536, sizing.ring[r].heap_bytes) && good;
            good = CHECK_EQ(64, sizing.ring[r].dep_pool) && good;
        }
        if (!good) {
            fprintf(stderr, "the variable was \"%s\"\n", bad[i]);
        }
    }
    slip_log_set_sink(row_drop_lines, NULL);
}

/* Values of a run out of range: an error that names ring and value; the limits themselves pass. */
static void bad_values_of_a_run(void)
{
    const struct {
        uint64_t window, heap, pool;
    } bad[] = {
        {2, 0, 0},
        {5, 0, 0},
        {48, 0, 0},
        {UINT64_C(1) << 31, 0, 0},
        {0, 1023, 0},
        {0, 0, 3},
        {0, 0, UINT64_C(1) << 31},
    };
    set_environment(NULL, NULL, NULL);
    slip_runner *runner = row_open("cpu", NULL);
    slip_callable callable = row_register(runner);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool right;
        slip_run_config config = row_config(64, 65536, 64);
        slip_ring_sizing *ring = &config.sizing.ring[1];
        ring->task_window = bad[i].window != 0 ? bad[i].window : ring->task_window;
        ring->heap_bytes = bad[i].heap != 0 ? bad[i].heap : ring->heap_bytes;
        ring->dep_pool = bad[i].pool != 0 ? bad[i].pool : ring->dep_pool;
        CHECK_STATUS(SLIP_E_SIZING, row_run(runner, callable, &config, &right));
        slip_error error = row_error(runner);
        CHECK_EQ(1, error.ring);
        CHECK_EQ(bad[i].window + bad[i].heap + bad[i].pool, error.wanted);
    }
    slip_run_config least = row_config(4, 1024, 4);
    CHECK(row_good(runner, callable, &least));
    slip_runner_close(runner);
}

/* Runs every case. */
int main(void)
{
    slip_log_set_sink(row_drop_lines, NULL);
    CHECK_CASE(order_of_sources);
    CHECK_CASE(environment_is_read_once);
    CHECK_CASE(bad_variables);
    CHECK_CASE(bad_values_of_a_run);
    return check_report();
}
