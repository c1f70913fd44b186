/*
 * test_s3_hit.c - a hit reuses what is resident: nothing is allocated, zeroed, built or derived;
 * arguments and launch block are still delivered.
 *
 * ctest-labels: row S3
 * ctest-run: cpu --platform cpu
 * ctest-run: a5sim --platform a5sim
 */
#include "row.h"
#include "support/check.h"

static const char *platform;
static const slip_platform_ops *inner;
static uint32_t region_calls;

/* Counts calls of the platform that make, grow or clear memory, and passes them on. */
static slip_status reserve(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    region_calls++;
    return inner->reserve(device, bytes, out_address);
}

/* As reserve. */
static slip_status commit(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                          uint64_t bytes)
{
    region_calls++;
    return inner->commit(device, address, old_bytes, bytes);
}

/* As reserve. */
static slip_status zero(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    region_calls++;
    return inner->zero(device, address, bytes);
}

/* As reserve. */
static slip_status relay(slip_platform_device *device, uint64_t address, uint64_t bytes,
                         uint64_t *out_bytes)
{
    region_calls++;
    return inner->relay(device, address, bytes, out_bytes);
}

/* As reserve. */
static slip_status alloc_memory(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    region_calls++;
    return inner->alloc(device, bytes, out_address);
}

/* Where the state of the only entry lies. */
static slip_cache_entry_info only_entry(slip_runner *runner)
{
    slip_cache_entry_info info = {0};
    uint32_t count = 1;
    CHECK_STATUS(SLIP_OK, slip_cache_info(runner, &info, &count));
    CHECK_EQ(1, count);
    return info;
}

/* Misses once, then only hits, and each hit leaves everything where it is. */
static void hits_reuse(void)
{
    inner = slip_platform_find(platform);
    slip_platform_ops ops = *inner;
    ops.reserve = reserve;
    ops.commit = commit;
    ops.zero = zero;
    ops.relay = relay;
    ops.alloc = alloc_memory;
    slip_runner *runner = row_open(NULL, &ops);
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(64, 65536, 64);
    CHECK(row_good(runner, callable, &config));
    slip_stats miss = row_stats(runner);
    slip_cache_entry_info first = only_entry(runner);
    CHECK(miss.last_image_bytes > 0);
    CHECK(region_calls > 0);
    region_calls = 0;
    for (uint64_t i = 1; i <= 8; i++) {
        CHECK(row_good(runner, callable, &config));
        slip_stats hit = row_stats(runner);
        CHECK_EQ(i, hit.hits);
        CHECK_EQ(0, hit.last_image_bytes);
        CHECK_EQ(miss.image_bytes, hit.image_bytes);
        CHECK_EQ(miss.sizes_derived, hit.sizes_derived);
        CHECK_EQ(miss.region_allocs, hit.region_allocs);
        CHECK(hit.last_launch_bytes > 0);
        CHECK_EQ(miss.launch_bytes + i * hit.last_launch_bytes, hit.launch_bytes);
        slip_cache_entry_info later = only_entry(runner);
        CHECK_EQ(first.gm_heap_base, later.gm_heap_base);
        CHECK_EQ(first.sm_base, later.sm_base);
        CHECK_EQ(first.arena_base, later.arena_base);
    }
    CHECK_EQ(0, region_calls);
    slip_runner_close(runner);
}

/* Two sizings in turn are both hits. */
static void sizings_in_turn(void)
{
    slip_runner *runner = row_open(platform, NULL);
    slip_callable callable = row_register(runner);
    slip_run_config sizings[2] = {row_config(256, 1 << 20, 256), row_config(64, 65536, 64)};
    for (int i = 0; i < 2; i++) {
        CHECK(row_good(runner, callable, &sizings[i]));
    }
    slip_stats before = row_stats(runner);
    for (int i = 0; i < 6; i++) {
        CHECK(row_good(runner, callable, &sizings[i % 2]));
        CHECK_EQ(0, row_stats(runner).last_image_bytes);
    }
    slip_stats after = row_stats(runner);
    CHECK_EQ(before.hits + 6, after.hits);
    CHECK_EQ(before.misses, after.misses);
    CHECK_EQ(before.sizes_derived, after.sizes_derived);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = row_platform(argc, argv);
    CHECK_CASE(hits_reuse);
    CHECK_CASE(sizings_in_turn);
    return check_report();
}
