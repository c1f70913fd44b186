/*
 * test_s6_null_hooks.c - bind knows only the host API table: with null hooks every bind is a miss
 * and right, and the built-in platforms wire both hooks.
 *
 * ctest-labels: row S6
 */
#include "row.h"
#include "runner/runner_int.h"
#include "support/check.h"
#include "support/platforms.h"

static const slip_platform_ops *inner;

/* Describes the device as one without cache hooks. */
static void describe(slip_platform_device *device, slip_platform_info *out)
{
    inner->describe(device, out);
    out->prebuilt_hooks = 0;
}

/* Every bind of a platform without hooks builds, and every result is right. */
static void without_hooks(const char *platform)
{
    slip_run_config configs[2] = {row_config(64, 65536, 64), row_config(128, 65536, 64)};
    inner = slip_platform_find(platform);
    slip_platform_ops ops = *inner;
    ops.describe = describe;
    slip_runner *runner = row_open(NULL, &ops);
    slip_callable callable = row_register(runner);
    CHECK(runner->api.lookup_prebuilt_runtime_arena == NULL);
    CHECK(runner->api.mark_prebuilt_runtime_arena == NULL);
    for (uint64_t i = 0; i < 6; i++) {
        CHECK(row_good(runner, callable, &configs[i / 2 % 2]));
        slip_stats stats = row_stats(runner);
        CHECK_EQ(i + 1, stats.misses);
        CHECK(stats.last_image_bytes > 0);
        CHECK_EQ(0, stats.hits);
        CHECK_EQ(0, stats.cache_entries);
    }
    slip_runner_close(runner);
}

/* On cpu. */
static void cpu_without_hooks(void)
{
    without_hooks("cpu");
}

/* On a simulated device. */
static void sim_without_hooks(void)
{
    without_hooks("a2a3sim");
}

/* Every built-in platform has both, and bind uses nothing but them. */
static void platforms_wire_both(void)
{
    for (const char *const *name = slip_platform_names(); *name != NULL; name++) {
        if (!platform_in_process(*name)) {
            continue;
        }
        slip_runner *runner = row_open(*name, NULL);
        CHECK(runner->api.lookup_prebuilt_runtime_arena != NULL);
        CHECK(runner->api.mark_prebuilt_runtime_arena != NULL);
        slip_callable callable = row_register(runner);
        slip_run_config config = row_config(64, 65536, 64);
        CHECK(row_good(runner, callable, &config));
        CHECK_EQ(1, row_stats(runner).cache_entries);
        slip_runner_close(runner);
    }
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(cpu_without_hooks);
    CHECK_CASE(sim_without_hooks);
    CHECK_CASE(platforms_wire_both);
    return check_report();
}
