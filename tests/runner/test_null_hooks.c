/*
 * test_null_hooks.c - bind needs no cache hooks: without them every bind is a miss and right; with
 * them it goes through the table and nothing else.
 *
 * ctest-labels: unit S6
 */
#include <slipway/platform.h>

#include "affine.h"
#include "runner/runner_int.h"
#include "support/check.h"
#include "support/failing_platform.h"
#include "support/platforms.h"

/* A platform that wires no hooks: right results, never a hit. */
static void platform_without_hooks(const char *name)
{
    slip_run_config config = affine_config(64, 65536, 64);
    slip_run_config other = affine_config(128, 65536, 64);
    const slip_platform_ops *ops = failing_platform_wrap(slip_platform_find(name));
    failing_platform_hide_hooks(true);
    slip_runner *runner = affine_open(NULL, ops);
    slip_callable callable = affine_register(runner);
    CHECK(runner->api.lookup_prebuilt_runtime_arena == NULL);
    CHECK(runner->api.mark_prebuilt_runtime_arena == NULL);
    for (int i = 0; i < 6; i++) {
        CHECK(affine_good(runner, callable, i % 3 == 2 ? &other : &config));
        CHECK(affine_stats(runner).last_image_bytes > 0);
    }
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(6, stats.misses);
    CHECK_EQ(0, stats.hits);
    CHECK_EQ(0, stats.cache_entries);
    slip_runner_close(runner);
    CHECK_EQ(0, failing_platform_live());
}

/* On cpu. */
static void cpu_without_hooks(void)
{
    platform_without_hooks("cpu");
}

/* On a simulated device. */
static void sim_without_hooks(void)
{
    platform_without_hooks("a5sim");
}

/* The built-in platforms wire both hooks, unless the cache is off. */
static void platforms_wire_both_hooks(void)
{
    for (const char *const *name = slip_platform_names(); *name != NULL; name++) {
        if (!platform_in_process(*name)) {
            continue;
        }
        for (uint32_t off = 0; off < 2; off++) {
            slip_runner_options options = {
                .struct_size = (uint32_t)sizeof(options), .platform = *name, .cache_off = off};
            slip_runner *runner = NULL;
            CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
            CHECK((runner->api.lookup_prebuilt_runtime_arena != NULL) == (off == 0));
            CHECK((runner->api.mark_prebuilt_runtime_arena != NULL) == (off == 0));
            slip_callable callable = affine_register(runner);
            CHECK(affine_good(runner, callable, NULL));
            CHECK(affine_good(runner, callable, NULL));
            CHECK_EQ(off == 0 ? 1 : 0, affine_stats(runner).hits);
            slip_runner_close(runner);
        }
    }
}

static enum slipi_prebuilt_found (*real_lookup)(void *, const slipi_prebuilt_key *,
                                                slipi_prebuilt_entry **);
static slipi_prebuilt_entry *(*real_mark)(void *, const slipi_prebuilt_key *,
                                          const slipi_prebuilt_state *);
static uint32_t lookups;
static uint32_t marks;
static bool forget;

/* Counts look-ups; finds nothing if told so. */
static enum slipi_prebuilt_found counting_lookup(void *ctx, const slipi_prebuilt_key *key,
                                                 slipi_prebuilt_entry **out)
{
    lookups++;
    if (forget) {
        *out = NULL;
        return SLIPI_PREBUILT_MISS;
    }
    return real_lookup(ctx, key, out);
}

/* Counts marks; keeps nothing if told so. */
static slipi_prebuilt_entry *counting_mark(void *ctx, const slipi_prebuilt_key *key,
                                           const slipi_prebuilt_state *state)
{
    marks++;
    return forget ? NULL : real_mark(ctx, key, state);
}

/* Bind asks the table, once a run, and marks once a miss. */
static void bind_goes_through_the_table(void)
{
    slip_run_config config = affine_config(64, 65536, 64);
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable callable = affine_register(runner);
    real_lookup = runner->api.lookup_prebuilt_runtime_arena;
    real_mark = runner->api.mark_prebuilt_runtime_arena;
    runner->api.lookup_prebuilt_runtime_arena = counting_lookup;
    runner->api.mark_prebuilt_runtime_arena = counting_mark;
    forget = true;
    for (uint32_t i = 1; i <= 3; i++) {
        CHECK(affine_good(runner, callable, &config));
        CHECK_EQ(i, lookups);
        CHECK_EQ(i, marks);
    }
    forget = false;
    CHECK(affine_good(runner, callable, &config));
    CHECK(affine_good(runner, callable, &config));
    CHECK_EQ(5, lookups);
    CHECK_EQ(4, marks);
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(4, stats.misses);
    CHECK_EQ(1, stats.hits);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(cpu_without_hooks);
    CHECK_CASE(sim_without_hooks);
    CHECK_CASE(platforms_wire_both_hooks);
    CHECK_CASE(bind_goes_through_the_table);
    return check_report();
}
