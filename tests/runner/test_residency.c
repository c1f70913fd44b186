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
    CHECK_CASE(bad_arguments_are_refused);
    return check_report();
}
