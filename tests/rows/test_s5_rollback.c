/*
 * test_s5_rollback.c - an entry never outlives a region it names; a set-up that fails leaves
 * nothing behind; publishing is best effort; the runner stays usable.
 *
 * ctest-labels: row S5
 */
#include "row.h"
#include "support/check.h"

static const slip_platform_ops *inner;
static slip_platform_ops ops;
static uint64_t reservations;  /* not given back */
static uint64_t reserve_limit; /* larger reservations fail; 0 = no limit */
static uint32_t fail_reserve;  /* from the n-th from now on, reservations fail; 0 = none */
static bool fail_launch;
static bool fail_relay;

/* Reserves unless it is to fail. */
static slip_status reserve(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    if ((reserve_limit != 0 && bytes > reserve_limit) ||
        (fail_reserve != 0 && (fail_reserve == 1 || --fail_reserve == 1))) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    slip_status status = inner->reserve(device, bytes, out_address);
    reservations += status == SLIP_OK ? 1 : 0;
    return status;
}

/* Counts what is given back. */
static void release(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    reservations--;
    inner->release(device, address, bytes);
}

/* Relays unless it is to fail. */
static slip_status relay(slip_platform_device *device, uint64_t address, uint64_t bytes,
                         uint64_t *out_bytes)
{
    return fail_relay ? SLIP_E_DEVICE : inner->relay(device, address, bytes, out_bytes);
}

/* Launches unless it is to fail. */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *given)
{
    return fail_launch ? SLIP_E_DEVICE : inner->launch(device, given);
}

/* Opens a runner on the wrapped platform. */
static slip_runner *open_wrapped(void)
{
    inner = slip_platform_find("cpu");
    ops = *inner;
    ops.reserve = reserve;
    ops.release = release;
    ops.relay = relay;
    ops.launch = launch;
    reservations = 0;
    reserve_limit = 0;
    fail_reserve = 0;
    return row_open(NULL, &ops);
}

/* Each region of a set-up cannot be had in turn: what came before it is given back. */
static void failed_setup_rolls_back(void)
{
    slip_run_config config = row_config(64, 65536, 64);
    for (uint32_t n = 1; n <= 2; n++) {
        slip_runner *runner = open_wrapped();
        slip_callable callable = row_register(runner);
        bool right;
        uint64_t before = reservations;
        fail_reserve = n + 1;
        CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, row_run(runner, callable, &config, &right));
        CHECK_EQ(before, reservations);
        slip_stats stats = row_stats(runner);
        fail_reserve = 0;
        CHECK_EQ(0, stats.cache_entries);
        CHECK_EQ(0, stats.resident_gm_heap_bytes);
        CHECK_EQ(0, stats.resident_sm_bytes);
        CHECK_EQ(0, stats.resident_arena_bytes);
        CHECK(row_good(runner, callable, &config));
        slip_runner_close(runner);
        CHECK_EQ(0, reservations);
    }
}

/* A heap that must move takes every entry that names it along. */
static void moved_heap_drops_entries(void)
{
    slip_runner *runner = open_wrapped();
    slip_callable callable = row_register(runner);
    slip_run_config first = row_config(64, 65536, 64);
    slip_run_config second = row_config(128, 65536, 64);
    slip_run_config larger = row_config(64, 1 << 20, 64);
    reserve_limit = UINT64_C(64) << 20; /* so that the heap is reserved just a little larger */
    CHECK(row_good(runner, callable, &first));
    CHECK(row_good(runner, callable, &second));
    CHECK_EQ(2, row_stats(runner).cache_entries);
    reserve_limit = 0;
    CHECK(row_good(runner, callable, &larger));
    slip_stats stats = row_stats(runner);
    CHECK_EQ(2, stats.invalidations);
    CHECK_EQ(1, stats.cache_entries);
    CHECK_EQ(2, reservations); /* heap, and SM with arena of the one entry */
    slip_cache_entry_info entries[4];
    uint32_t count = 4;
    CHECK(row_good(runner, callable, &first));
    CHECK(row_good(runner, callable, &second));
    CHECK_STATUS(SLIP_OK, slip_cache_info(runner, entries, &count));
    CHECK_EQ(3, count);
    for (uint32_t i = 1; i < 3; i++) {
        CHECK_EQ(entries[0].gm_heap_base, entries[i].gm_heap_base);
    }
    slip_runner_close(runner);
    CHECK_EQ(0, reservations);
}

/* A state that cannot be kept leaves the run good and the entry absent. */
static void publishing_is_best_effort(void)
{
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .platform = "cpu", .cache_bytes = 1};
    slip_runner *runner = NULL;
    slip_run_config config = row_config(64, 65536, 64);
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    slip_callable callable = row_register(runner);
    for (uint64_t i = 1; i <= 3; i++) {
        CHECK(row_good(runner, callable, &config));
        CHECK_EQ(i, row_stats(runner).misses);
        CHECK_EQ(0, row_stats(runner).cache_entries);
    }
    slip_runner_close(runner);
}

/* A broken entry whose repair fails half-way stays invalid until a repair succeeds. */
static void valid_comes_last(void)
{
    slip_runner *runner = open_wrapped();
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(64, 65536, 64);
    bool right;
    CHECK(row_good(runner, callable, &config));
    fail_launch = true;
    CHECK_STATUS(SLIP_E_DEVICE, row_run(runner, callable, &config, &right));
    fail_launch = false;
    CHECK_EQ(0, row_stats(runner).cache_entries);
    fail_relay = true;
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(SLIP_E_DEVICE, row_run(runner, callable, &config, &right));
        CHECK_EQ(0, row_stats(runner).cache_entries);
    }
    fail_relay = false;
    CHECK(row_good(runner, callable, &config));
    CHECK_EQ(1, row_stats(runner).cache_entries);
    CHECK(row_stats(runner).last_image_bytes > 0);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(void)
{
    slip_log_set_sink(row_drop_lines, NULL);
    CHECK_CASE(failed_setup_rolls_back);
    CHECK_CASE(moved_heap_drops_entries);
    CHECK_CASE(publishing_is_best_effort);
    CHECK_CASE(valid_comes_last);
    return check_report();
}
