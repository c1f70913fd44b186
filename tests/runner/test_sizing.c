/*
 * test_sizing.c - per-run value > environment > default; bad variables; bad values.
 *
 * ctest-labels: unit S8
 */
#include <stdlib.h>

#include "affine.h"
#include "runner/sizing.h"
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
        if (values[i] == NULL) {
            (void)unsetenv(names[i]);
        } else {
            (void)setenv(names[i], values[i], 1);
        }
    }
}

/* Without anything else, the documented defaults. */
static void defaults_without_environment(void)
{
    slip_sizing sizing;
    set_environment(NULL, NULL, NULL);
    slipi_sizing_from_environment(&sizing);
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        CHECK_EQ(16384, sizing.ring[ring].task_window);
        CHECK_EQ(256 << 20, sizing.ring[ring].heap_bytes);
        CHECK_EQ(16384, sizing.ring[ring].dep_pool);
    }
}

/* One value is for all rings; the heap takes suffixes. */
static void one_value_for_all_rings(void)
{
    slip_sizing sizing;
    set_environment("64", "3M", " 100 ");
    slipi_sizing_from_environment(&sizing);
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        CHECK_EQ(64, sizing.ring[ring].task_window);
        CHECK_EQ(3 << 20, sizing.ring[ring].heap_bytes);
        CHECK_EQ(100, sizing.ring[ring].dep_pool);
    }
}

/* Four values are one a ring. */
static void four_values(void)
{
    slip_sizing sizing;
    set_environment("4,8,16,32", "1024,2k,1G,4096", "4, 5, 6, 7");
    slipi_sizing_from_environment(&sizing);
    CHECK_EQ(4, sizing.ring[0].task_window);
    CHECK_EQ(32, sizing.ring[3].task_window);
    CHECK_EQ(1024, sizing.ring[0].heap_bytes);
    CHECK_EQ(2048, sizing.ring[1].heap_bytes);
    CHECK_EQ(1 << 30, sizing.ring[2].heap_bytes);
    CHECK_EQ(5, sizing.ring[1].dep_pool);
    CHECK_EQ(7, sizing.ring[3].dep_pool);
}

/* A bad value rejects its variable whole, with one warning, and no other variable. */
static void bad_variables_are_left_aside(void)
{
    const char *bad_windows[] = {"0",
                                 "3",
                                 "6",
                                 "-4",
                                 "4,8",
                                 "4,8,16",
                                 "4,8,16,32,64",
                                 "4,8,16,x",
                                 "4,8,,16",
                                 "4294967296",
                                 "8K",
                                 "12a",
                                 "",
                                 "4,8,16,",
                                 "99999999999999999999999"};
    slip_sizing sizing;
    slip_log_set_sink(count_warnings, NULL);
    for (size_t i = 0; i < sizeof(bad_windows) / sizeof(bad_windows[0]); i++) {
        warnings = 0;
        set_environment(bad_windows[i], "2048", NULL);
        slipi_sizing_from_environment(&sizing);
        /* An empty variable is one that is not set. */
        CHECK_EQ(bad_windows[i][0] == '\0' ? 0 : 1, warnings);
        for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
            CHECK_EQ(16384, sizing.ring[ring].task_window);
            CHECK_EQ(2048, sizing.ring[ring].heap_bytes);
        }
    }
    warnings = 0;
    set_environment(NULL, "1023", "3");
    slipi_sizing_from_environment(&sizing);
    CHECK_EQ(2, warnings);
    CHECK_EQ(256 << 20, sizing.ring[0].heap_bytes);
    CHECK_EQ(16384, sizing.ring[0].dep_pool);
    warnings = 0;
    set_environment(NULL, "18446744073709551615G", NULL);
    slipi_sizing_from_environment(&sizing);
    CHECK_EQ(1, warnings);
    slip_log_set_sink(NULL, NULL);
}

/* Per ring and resource, a value of the run goes before the environment's. */
static void run_before_environment(void)
{
    slip_sizing base;
    slip_sizing asked = {0};
    slip_sizing out;
    set_environment("64", NULL, NULL);
    slipi_sizing_from_environment(&base);
    asked.ring[1].task_window = 128;
    asked.ring[2].heap_bytes = 4096;
    slipi_sizing_resolve(&asked, &base, &out);
    CHECK_EQ(64, out.ring[0].task_window);
    CHECK_EQ(128, out.ring[1].task_window);
    CHECK_EQ(256 << 20, out.ring[1].heap_bytes);
    CHECK_EQ(4096, out.ring[2].heap_bytes);
    slipi_sizing_resolve(NULL, &base, &out);
    CHECK_EQ(64, out.ring[1].task_window);
}

/* Asks for the footprint of a sizing and returns the status. */
static slip_status footprint(slip_runner *runner, const slip_run_config *config,
                             slip_footprint *out)
{
    *out = (slip_footprint){.struct_size = (uint32_t)sizeof(*out)};
    return slip_footprint_of(runner, config, out);
}

/* The environment is read when a runner is opened, and not again. */
static void environment_is_read_at_open(void)
{
    slip_footprint small;
    slip_footprint later;
    slip_run_config config = affine_config(0, 0, 0);
    set_environment("64", "4096", "64");
    slip_runner *runner = affine_open("cpu", NULL);
    CHECK(runner != NULL);
    CHECK_STATUS(SLIP_OK, footprint(runner, &config, &small));
    CHECK_EQ(4 * 4096, small.gm_heap_bytes);
    set_environment(NULL, NULL, NULL);
    CHECK_STATUS(SLIP_OK, footprint(runner, NULL, &later));
    CHECK_EQ(small.gm_heap_bytes, later.gm_heap_bytes);
    CHECK_EQ(small.sm_bytes, later.sm_bytes);
    slip_runner_close(runner);
}

/* Values of a run out of range are errors that name the ring and the value. */
static void bad_values_of_a_run(void)
{
    const struct {
        uint64_t window, heap, pool;
        const char *resource;
        uint64_t found;
    } cases[] = {
        {3, 0, 0, "task window", 3},     {2, 0, 0, "task window", 2},
        {48, 0, 0, "task window", 48},   {UINT64_C(1) << 31, 0, 0, "task window", 1u << 31},
        {0, 1023, 0, "heap", 1023},      {0, 1, 0, "heap", 1},
        {0, 0, 3, "dependency pool", 3}, {0, 0, UINT64_C(1) << 31, "dependency pool", 1u << 31},
    };
    set_environment(NULL, NULL, NULL);
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable callable = affine_register(runner);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool right = false;
        slip_run_config config = {.struct_size = (uint32_t)sizeof(config)};
        config.sizing.ring[2] = (slip_ring_sizing){cases[i].window, cases[i].heap, cases[i].pool};
        CHECK_STATUS(SLIP_E_SIZING, affine_run(runner, callable, &config, 0, &right));
        slip_error error = affine_error(runner);
        CHECK_EQ(2, error.ring);
        CHECK_EQ(cases[i].found, error.wanted);
        CHECK_CONTAINS(error.resource, "ring 2");
        CHECK_CONTAINS(error.resource, cases[i].resource);
        CHECK_CONTAINS(error.message, "must be");
        CHECK_STATUS(SLIP_E_SIZING, slip_prewarm(runner, &config));
    }
    slip_run_config good = affine_config(4, 1024, 4);
    CHECK(affine_good(runner, callable, &good));
    slip_runner_close(runner);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(defaults_without_environment);
    CHECK_CASE(one_value_for_all_rings);
    CHECK_CASE(four_values);
    CHECK_CASE(bad_variables_are_left_aside);
    CHECK_CASE(run_before_environment);
    CHECK_CASE(environment_is_read_at_open);
    CHECK_CASE(bad_values_of_a_run);
    return check_report();
}
