/*
 * test_miss.c - a miss derives sizes, commits or grows regions, builds, uploads and publishes.
 *
 * ctest-labels: unit S4
 */
#include "affine.h"
#include "support/check.h"

/* A footprint that was asked for first is what is committed then. */
static void footprint_comes_true(void)
{
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(128, 1 << 20, 512);
    slip_footprint footprint = {.struct_size = (uint32_t)sizeof(footprint)};
    CHECK_STATUS(SLIP_OK, slip_footprint_of(runner, &config, &footprint));
    slip_stats before = affine_stats(runner);
    CHECK_EQ(0, before.resident_gm_heap_bytes);
    CHECK_EQ(0, before.resident_sm_bytes);
    CHECK_EQ(0, before.region_allocs);
    CHECK(affine_good(runner, callable, &config));
    slip_stats after = affine_stats(runner);
    CHECK_EQ(footprint.gm_heap_bytes, after.resident_gm_heap_bytes);
    CHECK_EQ(footprint.sm_bytes, after.resident_sm_bytes);
    CHECK_EQ(footprint.arena_bytes, after.resident_arena_bytes);
    CHECK_EQ(footprint.image_bytes, after.last_image_bytes);
    CHECK(after.last_image_bytes > 0);
    CHECK_EQ(before.sizes_derived + 1, after.sizes_derived);
    CHECK_EQ(2, after.region_allocs); /* heap, and SM with arena */
    slip_runner_close(runner);
}

/* Prewarming is the same path: the first run is a hit. */
static void prewarm_is_the_miss(void)
{
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(128, 1 << 20, 512);
    CHECK_STATUS(SLIP_OK, slip_prewarm(runner, &config));
    slip_stats warm = affine_stats(runner);
    CHECK_EQ(1, warm.misses);
    CHECK(warm.last_image_bytes > 0);
    CHECK_EQ(0, warm.runs);
    CHECK(affine_good(runner, callable, &config));
    CHECK_EQ(1, affine_stats(runner).misses);
    slip_runner_close(runner);
}

/* A larger sizing grows the heap where it lies, and the smaller one is still a hit. */
static void heap_grows_in_place(void)
{
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config small = affine_config(64, 65536, 64);
    slip_run_config large = affine_config(64, 1 << 22, 64);
    CHECK(affine_good(runner, callable, &small));
    uint64_t before = affine_stats(runner).resident_gm_heap_bytes;
    CHECK(affine_good(runner, callable, &large));
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(4 * 65536, before);
    CHECK_EQ(4 << 22, stats.resident_gm_heap_bytes);
    CHECK_EQ(0, stats.invalidations);
    CHECK(affine_good(runner, callable, &small));
    CHECK_EQ(2, affine_stats(runner).misses);
    slip_runner_close(runner);
}

/* Sizes whose sums do not fit are refused before anything is committed. */
static void sums_are_checked(void)
{
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, UINT64_C(1) << 63, 64);
    bool right = false;
    CHECK_STATUS(SLIP_E_SIZING, affine_run(runner, callable, &config, 0, &right));
    CHECK(affine_error(runner).message[0] != '\0');
    CHECK_EQ(0, affine_stats(runner).region_allocs);
    config = affine_config(64, 65536, 64);
    CHECK(affine_good(runner, callable, &config));
    slip_runner_close(runner);
}

/* The parts of the image lie inside their regions and do not overlap. */
static void parts_fill_their_regions(void)
{
    enum { ROOM = 256 };
    static slip_image_part parts[ROOM];
    slip_runner *runner = affine_open("cpu", NULL);
    slip_run_config config = affine_config(64, 65536, 64);
    slip_footprint footprint = {.struct_size = (uint32_t)sizeof(footprint)};
    uint32_t count = ROOM;
    CHECK_STATUS(SLIP_OK, slip_footprint_of(runner, &config, &footprint));
    CHECK_STATUS(SLIP_OK, slip_image_parts(runner, &config, parts, &count));
    CHECK(count > 0 && count <= ROOM);
    uint64_t bytes[3] = {footprint.gm_heap_bytes, footprint.sm_bytes, footprint.arena_bytes};
    uint64_t image = 0;
    for (uint32_t i = 0; i < count && i < ROOM; i++) {
        CHECK(parts[i].region < 3);
        CHECK(parts[i].offset + parts[i].bytes <= bytes[parts[i].region % 3]);
        image += parts[i].in_image != 0 ? parts[i].bytes : 0;
        for (uint32_t j = 0; j < i; j++) {
            CHECK(parts[i].region != parts[j].region ||
                  parts[i].offset >= parts[j].offset + parts[j].bytes ||
                  parts[j].offset >= parts[i].offset + parts[i].bytes);
        }
    }
    CHECK_EQ(footprint.image_bytes, image);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(footprint_comes_true);
    CHECK_CASE(prewarm_is_the_miss);
    CHECK_CASE(heap_grows_in_place);
    CHECK_CASE(sums_are_checked);
    CHECK_CASE(parts_fill_their_regions);
    return check_report();
}
