/*
 * test_recovery.c - a run after each kind of failure: what leaves the state clean, what makes it
 * dirty, and what the runner refuses.
 *
 * ctest-labels: unit S5
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <slipway/platform.h>

#include "affine.h"
#include "runner/runner_int.h"
#include "support/check.h"
#include "support/failing_platform.h"

static const char *platform;

/* A kernel that fails leaves the state clean: the next run is a hit. */
static void failed_kernel_is_clean(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    bool right = false;
    CHECK(affine_good(runner, callable, &config));
    CHECK_STATUS(SLIP_E_KERNEL_FAILED, affine_run(runner, callable, &config, 42, &right));
    CHECK(right);
    slip_error error = affine_error(runner);
    CHECK_EQ(1, error.kernel);
    CHECK_EQ(42, error.code);
    CHECK_EQ(2, error.task);
    CHECK_CONTAINS(error.message, "plus_one");
    CHECK_STR("kernel plus_one", error.resource);
    CHECK(affine_good(runner, callable, &config));
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(0, stats.dirty);
    CHECK_EQ(2, stats.hits);
    CHECK_EQ(1, stats.run_failures);
    slip_runner_close(runner);
}

/* A device that is lost in a run makes its entry dirty, and no other. */
static void lost_device_is_dirty(void)
{
    slip_runner *runner = affine_open(NULL, failing_platform_wrap(slip_platform_find(platform)));
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    slip_run_config other = affine_config(128, 65536, 64);
    bool right = false;
    CHECK(affine_good(runner, callable, &config));
    CHECK(affine_good(runner, callable, &other));
    failing_platform_fail_always("wait");
    CHECK_STATUS(SLIP_E_DEVICE, affine_run(runner, callable, &config, 0, &right));
    failing_platform_fail_always(NULL);
    CHECK_EQ(1, affine_stats(runner).cache_entries);
    uint64_t serial = runner->run_serial;
    CHECK(affine_good(runner, callable, &config));
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(1, stats.dirty);
    CHECK_EQ(2, stats.misses);
    CHECK(stats.last_image_bytes > 0);
    CHECK_EQ(2, stats.cache_entries);
    CHECK(runner->run_serial > serial); /* a relay restarts ids, never serials */
    CHECK(affine_good(runner, callable, &config));
    CHECK(affine_good(runner, callable, &other));
    CHECK_EQ(1, affine_stats(runner).dirty);
    slip_runner_close(runner);
    CHECK_EQ(0, failing_platform_live());
}

/* An image that was damaged fails the run by name; relaid, it is good again. */
static void damaged_image_is_relaid(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    bool right = false;
    CHECK(affine_good(runner, callable, &config));
    const uint64_t bad = 1;
    CHECK_STATUS(SLIP_OK, runner->api.copy_to(runner, runner->cache.latest->state.sm_base, &bad,
                                              sizeof(bad)));
    CHECK_STATUS(SLIP_E_INIT_FAILED, affine_run(runner, callable, &config, 0, &right));
    CHECK(right);
    CHECK_STR("prebuilt image", affine_error(runner).resource);
    for (int i = 0; i < 3; i++) {
        CHECK(affine_good(runner, callable, &config));
    }
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(1, stats.dirty);
    CHECK_EQ(1, stats.misses);
    slip_runner_close(runner);
}

/* A relay that fails in the middle leaves the entry for another relay. */
static void failed_relay_is_done_again(void)
{
    slip_runner *runner = affine_open(NULL, failing_platform_wrap(slip_platform_find(platform)));
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    bool right = false;
    CHECK(affine_good(runner, callable, &config));
    slipi_prebuilt_cache_mark_dirty(runner->cache.latest);
    failing_platform_fail_always("relay");
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(SLIP_E_DEVICE, affine_run(runner, callable, &config, 0, &right));
        CHECK_EQ(0, affine_stats(runner).cache_entries);
    }
    failing_platform_fail_always(NULL);
    CHECK(affine_good(runner, callable, &config));
    CHECK_EQ(1, affine_stats(runner).cache_entries);
    slip_runner_close(runner);
    CHECK_EQ(0, failing_platform_live());
}

/* A relay costs what was touched, where the platform knows, and all of it where it does not. */
static void relay_counts_what_was_touched(void)
{
    slip_platform_ops ops = *slip_platform_find(platform);
    for (int knows = 1; knows >= 0; knows--) {
        ops.relay = knows != 0 ? ops.relay : NULL;
        slip_runner *runner = affine_open(NULL, &ops);
        slip_callable callable = affine_register(runner);
        slip_run_config config = affine_config(4096, 65536, 64);
        slip_cache_entry_info entry;
        uint32_t count = 1;
        CHECK(affine_good(runner, callable, &config));
        CHECK_STATUS(SLIP_OK, slip_cache_info(runner, &entry, &count));
        uint64_t touched = entry.sm_resident_bytes + entry.arena_resident_bytes;
        uint64_t all = entry.sm_bytes + entry.arena_bytes;
        CHECK(touched > 0 && touched < all / 10);
        CHECK_EQ(0, affine_stats(runner).relaid_bytes);
        slipi_prebuilt_cache_mark_dirty(runner->cache.latest);
        CHECK(affine_good(runner, callable, &config));
        slip_stats stats = affine_stats(runner);
        CHECK_EQ(knows != 0 ? touched : all, stats.last_relaid_bytes);
        CHECK_EQ(stats.last_relaid_bytes, stats.relaid_bytes);
        CHECK(stats.relay_ns > 0);
        CHECK(stats.image_bytes == 2 * stats.last_image_bytes); /* counted apart */
        slip_runner_close(runner);
    }
}

/* A heap that outgrows its reservation moves: entries that name it go, the runs stay right. */
static void moved_heap_drops_entries(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config small = affine_config(64, 65536, 64);
    slip_run_config large = affine_config(64, 1 << 20, 64);
    CHECK(affine_good(runner, callable, &small));
    /* As if the platform could have given no more than this. */
    slipi_region *heap = &runner->regions.heap;
    uint64_t reserved = heap->reserved;
    heap->reserved = heap->committed;
    uint64_t moved_from = heap->base;
    CHECK(affine_good(runner, callable, &large));
    slip_stats stats = affine_stats(runner);
    CHECK(heap->base != moved_from);
    CHECK_EQ(reserved, heap->reserved);
    CHECK_EQ(1, stats.invalidations);
    CHECK_EQ(1, stats.cache_entries);
    CHECK(affine_good(runner, callable, &small));
    CHECK(affine_good(runner, callable, &large));
    CHECK_EQ(3, affine_stats(runner).misses);
    slip_runner_close(runner);
}

/* Orchestration: fails by its own word. */
static slip_status give_up(slip_orch *o)
{
    return slip_orch_fail(o, 17, "no more today");
}

/* An orchestration that fails by its own word is clean, and says its code and message. */
static void failed_orchestration_is_clean(void)
{
    static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                         SLIP_PROGRAM_ABI,
                                         (uint32_t)sizeof(slip_program),
                                         "give_up",
                                         give_up,
                                         NULL,
                                         NULL,
                                         0,
                                         0,
                                         NULL};
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable;
    slip_callable good = affine_register(runner);
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(SLIP_E_ORCH_FAILED, slip_run(runner, callable, NULL, 0, NULL));
        slip_error error = affine_error(runner);
        CHECK_EQ(17, error.code);
        CHECK_CONTAINS(error.message, "no more today");
        CHECK_CONTAINS(error.message, "give_up");
        CHECK(affine_good(runner, good, NULL));
    }
    CHECK_EQ(0, affine_stats(runner).dirty);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(failed_kernel_is_clean);
    CHECK_CASE(lost_device_is_dirty);
    CHECK_CASE(damaged_image_is_relaid);
    CHECK_CASE(failed_relay_is_done_again);
    CHECK_CASE(relay_counts_what_was_touched);
    CHECK_CASE(moved_heap_drops_entries);
    CHECK_CASE(failed_orchestration_is_clean);
    return check_report();
}
