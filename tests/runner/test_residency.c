/*
 * test_residency.c - what the default sizing commits, and what of it takes memory.
 *
 * ctest-labels: unit
 */
#include <slipway/slipway.h>

#include "support/check.h"

/* A prewarmed runner commits a GiB and takes no more memory than its image. */
static void prewarmed_runner_takes_little(void)
{
    slip_runner *runner = NULL;
    slip_runner_options options = {.struct_size = sizeof options};
    slip_stats stats = {.struct_size = sizeof stats};
    slip_residency memory = {.struct_size = sizeof memory};
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    CHECK_STATUS(SLIP_OK, slip_prewarm(runner, NULL));
    CHECK_STATUS(SLIP_OK, slip_runner_stats(runner, &stats));
    CHECK_STATUS(SLIP_OK, slip_runner_residency(runner, &memory));
    CHECK(stats.resident_gm_heap_bytes >= UINT64_C(1) << 30);
    CHECK_EQ(memory.gm_heap_bytes, 0);
    CHECK(memory.sm_bytes > 0 && memory.arena_bytes > 0);
    CHECK(memory.sm_bytes + memory.arena_bytes <= 64 * 1024);
    slip_runner_close(runner);
}

/* Every kind of memory is told apart, committed and taken, and an entry's parts add up to it. */
static void kinds_are_told_apart(void)
{
    slip_runner *runner = NULL;
    slip_runner_options options = {.struct_size = sizeof options};
    slip_stats stats = {.struct_size = sizeof stats};
    slip_residency memory = {.struct_size = sizeof memory};
    slip_cache_entry_info entries[2];
    uint32_t count = 2;
    slip_device_ptr pointer;
    slip_run_config config = {.struct_size = sizeof config};
    config.sizing.ring[0].task_window = 64;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    CHECK_STATUS(SLIP_OK, slip_prewarm(runner, NULL));
    CHECK_STATUS(SLIP_OK, slip_prewarm(runner, &config));
    CHECK_STATUS(SLIP_OK, slip_device_malloc(runner, 12345, &pointer));
    CHECK_STATUS(SLIP_OK, slip_runner_stats(runner, &stats));
    CHECK_STATUS(SLIP_OK, slip_runner_residency(runner, &memory));
    CHECK_STATUS(SLIP_OK, slip_cache_info(runner, entries, &count));
    CHECK_EQ(2, count);
    CHECK_EQ(stats.resident_gm_heap_bytes, memory.gm_heap_committed_bytes);
    CHECK_EQ(stats.resident_sm_bytes, memory.sm_committed_bytes);
    CHECK_EQ(stats.resident_arena_bytes, memory.arena_committed_bytes);
    CHECK_EQ(12345, memory.caller_bytes);
    CHECK(memory.launch_bytes > 0);
    CHECK_EQ(0, memory.record_bytes + memory.record_committed_bytes);
    CHECK_EQ(memory.sm_bytes, entries[0].sm_resident_bytes + entries[1].sm_resident_bytes);
    CHECK_EQ(memory.arena_bytes, entries[0].arena_resident_bytes + entries[1].arena_resident_bytes);
    CHECK(entries[0].sm_resident_bytes > 0 && entries[1].sm_resident_bytes > 0);
    CHECK_EQ(3, entries[0].use + entries[1].use);
    CHECK_EQ(0, entries[0].relays + entries[1].relays);
    slip_runner_close(runner);
}

/* Undersized and null results are refused by name. */
static void bad_arguments_are_refused(void)
{
    slip_runner *runner = NULL;
    slip_runner_options options = {.struct_size = sizeof options};
    slip_residency memory = {.struct_size = 4};
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_residency(runner, &memory));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_residency(runner, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_residency(NULL, &memory));
    slip_runner_close(runner);
}

int main(void)
{
    CHECK_CASE(prewarmed_runner_takes_little);
    CHECK_CASE(kinds_are_told_apart);
    CHECK_CASE(bad_arguments_are_refused);
    return check_report();
}
