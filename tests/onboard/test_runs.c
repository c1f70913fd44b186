/*
 * test_runs.c - runs on a device of its own: what a miss and a hit cost in calls and bytes, sizings
 * side by side, null hooks, host and device tensors, and nothing left behind.
 * ctest-labels: unit onboard S6
 * ctest-run: a2a3 --platform a2a3
 * ctest-run: a5 --platform a5
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "standin/standin.h"
#include "support/check.h"

/* One memset and one copy a miss, none a hit; the launch block travels with the launch. */
static void calls_of_a_bind(void)
{
    bench b;
    CHECK_STATUS(SLIP_OK, bench_open(&b, false));
    CHECK_STATUS(SLIP_OK, bench_load(&b));
    static const uint64_t windows[] = {64, 1024, 16384};
    for (uint32_t i = 0; i < 3; i++) {
        slipway_standin_books before = bench_books();
        CHECK_STATUS(SLIP_OK, bench_run(&b, windows[i]));
        slipway_standin_books miss = bench_books();
        CHECK_EQ(miss.memsets - before.memsets, 1);
        CHECK_EQ(miss.to_device_copies - before.to_device_copies, 1);
        CHECK_EQ(miss.to_device_bytes - before.to_device_bytes, bench_stats(&b).last_image_bytes);
        CHECK(bench_stats(&b).last_image_bytes <= 65536);
        CHECK(bench_right(&b));
        for (uint32_t again = 0; again < 5; again++) {
            slipway_standin_books from = bench_books();
            CHECK_STATUS(SLIP_OK, bench_run(&b, windows[i]));
            slipway_standin_books hit = bench_books();
            CHECK_EQ(hit.memsets - from.memsets, 0);
            CHECK_EQ(hit.to_device_copies - from.to_device_copies, 0);
            CHECK_EQ(hit.launches - from.launches, 2); /* cores, control */
            CHECK_EQ(hit.live_allocations, from.live_allocations);
            CHECK_EQ(bench_stats(&b).last_image_bytes, 0);
            CHECK(bench_stats(&b).last_launch_bytes > 0);
        }
    }
    /* Three sizings in turn: all are hits. */
    slipway_standin_books before = bench_books();
    for (uint32_t i = 0; i < 9; i++) {
        CHECK_STATUS(SLIP_OK, bench_run(&b, windows[i % 3]));
    }
    CHECK_EQ(bench_books().memsets - before.memsets, 0);
    CHECK_EQ(bench_stats(&b).misses, 3);
    CHECK_EQ(bench_stats(&b).hits, 15 + 9);
    CHECK(bench_right(&b));
    bench_close(&b);
    bench_check_clean();
}

/* Without the two hooks every bind is a miss, and every result is right. */
static void null_hooks(void)
{
    bench b;
    CHECK_STATUS(SLIP_OK, bench_open(&b, true));
    CHECK_STATUS(SLIP_OK, bench_load(&b));
    for (uint32_t i = 0; i < 4; i++) {
        bool right = false;
        CHECK_STATUS(SLIP_OK, bench_run(&b, 64));
        CHECK(bench_right(&b));
        CHECK_STATUS(SLIP_OK, bench_run_host(&b, 64, &right));
        CHECK(right);
        CHECK(bench_stats(&b).last_image_bytes > 0);
    }
    CHECK_EQ(bench_stats(&b).hits, 0);
    CHECK_EQ(bench_stats(&b).misses, 8);
    bench_close(&b);
    bench_check_clean();
}

/* Host tensors are copied in and out, and counted. */
static void host_tensors(void)
{
    bench b;
    bool right = false;
    CHECK_STATUS(SLIP_OK, bench_open(&b, false));
    CHECK_STATUS(SLIP_OK, bench_load(&b));
    CHECK_STATUS(SLIP_OK, bench_run_host(&b, 64, &right));
    CHECK(right);
    slip_stats before = bench_stats(&b);
    CHECK_STATUS(SLIP_OK, bench_run_host(&b, 64, &right));
    CHECK(right);
    CHECK_EQ(bench_stats(&b).copy_in_bytes - before.copy_in_bytes, 2 * BENCH_ELEMENTS * 4);
    CHECK_EQ(bench_stats(&b).copy_out_bytes - before.copy_out_bytes, BENCH_ELEMENTS * 4);
    CHECK_EQ(bench_stats(&b).hits, 1);
    bench_close(&b);
    bench_check_clean();
}

/* A sizing that the device cannot hold is refused before anything is asked of it or given up. */
static void memory_is_asked_first(void)
{
    bench b = {0};
    CHECK_EQ(setenv("SLIPWAY_STANDIN_MEMORY", "2147483648", 1), 0);
    CHECK_STATUS(SLIP_OK, bench_open(&b, false));
    CHECK_STATUS(SLIP_OK, bench_load(&b));
    CHECK_STATUS(SLIP_OK, bench_run(&b, 64));
    uint64_t failures = bench_books().failures;
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, bench_run(&b, 1 << 20));
    CHECK_CONTAINS(bench_error(&b).message, "are available");
    CHECK(bench_error(&b).available != 0 && bench_error(&b).available < UINT64_C(2147483648));
    CHECK(bench_error(&b).wanted > bench_error(&b).available);
    CHECK_EQ(bench_books().failures, failures);
    CHECK_EQ(bench_stats(&b).evictions, 0);
    CHECK_STATUS(SLIP_OK, bench_run(&b, 64));
    CHECK_EQ(bench_stats(&b).hits, 1);
    CHECK(bench_right(&b));
    bench_close(&b);
    CHECK_EQ(unsetenv("SLIPWAY_STANDIN_MEMORY"), 0);
    bench_check_clean();
}

/* Two runners on one device in turn: a register that holds the other's last command is no command.
 */
static void two_runners(void)
{
    bench first = {0};
    bench second = {0};
    bool right = false;
    CHECK_STATUS(SLIP_OK, bench_open(&first, false));
    CHECK_STATUS(SLIP_OK, bench_load(&first));
    CHECK_STATUS(SLIP_OK, bench_run(&first, 64));
    CHECK_STATUS(SLIP_OK, bench_open(&second, false));
    CHECK_STATUS(SLIP_OK, bench_load(&second));
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_STATUS(SLIP_OK, bench_run_host(&second, 64, &right));
        CHECK(right);
        CHECK_STATUS(SLIP_OK, bench_run_host(&first, 64, &right));
        CHECK(right);
    }
    bench_close(&first);
    CHECK_STATUS(SLIP_OK, bench_run_host(&second, 64, &right));
    CHECK(right);
    bench_close(&second);
    bench_check_clean();
}

/* A program is uploaded once a content; the last registration that goes takes it off the device. */
static void programs_once(void)
{
    bench b;
    slip_callable again;
    CHECK_STATUS(SLIP_OK, bench_open(&b, false));
    slipway_standin_books empty = bench_books();
    CHECK_STATUS(SLIP_OK, bench_load(&b));
    slipway_standin_books one = bench_books();
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/examples/vector.so", getenv("SLIPWAY_BUILD_DIR"));
    CHECK_STATUS(SLIP_OK, slip_register_file(b.runner, path, &again));
    slipway_standin_books two = bench_books();
    CHECK_EQ(again.id, b.vector.id);
    CHECK_EQ(two.to_device_bytes, one.to_device_bytes);
    CHECK_EQ(two.launches, one.launches);
    CHECK_STATUS(SLIP_OK, slip_unregister(b.runner, again));
    CHECK_STATUS(SLIP_OK, bench_run(&b, 64));
    CHECK(bench_right(&b));
    CHECK_STATUS(SLIP_OK, slip_unregister(b.runner, b.vector));
    CHECK_STATUS(SLIP_OK, slip_device_free(b.runner, b.memory));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, bench_run(&b, 64));
    /* What is left is the state for one sizing: heap, and SM with arena. */
    CHECK_EQ(bench_books().live_allocations, empty.live_allocations + 2);
    bench_close(&b);
    bench_check_clean();
}

/* A program that is part of the host's process cannot be loaded, and the error says what to do. */
static void own_programs_are_refused(void)
{
    static const slip_program program = {.magic = SLIP_PROGRAM_MAGIC,
                                         .abi = SLIP_PROGRAM_ABI,
                                         .struct_size = sizeof(program),
                                         .name = "own",
                                         .orchestrate = (slip_orch_fn)(uintptr_t)1};
    bench b;
    slip_callable callable;
    CHECK_STATUS(SLIP_OK, bench_open(&b, false));
    CHECK_STATUS(SLIP_E_UNSUPPORTED, slip_register_program(b.runner, &program, &callable));
    CHECK_CONTAINS(bench_error(&b).message, "file");
    CHECK_STATUS(SLIP_OK, bench_load(&b));
    CHECK_STATUS(SLIP_OK, bench_run(&b, 64));
    bench_close(&b);
    bench_check_clean();
}

/* Runs every case. */
int main(int argc, char **argv)
{
    (void)bench_platform(argc, argv);
    CHECK_CASE(calls_of_a_bind);
    CHECK_CASE(null_hooks);
    CHECK_CASE(host_tensors);
    CHECK_CASE(memory_is_asked_first);
    CHECK_CASE(two_runners);
    CHECK_CASE(programs_once);
    CHECK_CASE(own_programs_are_refused);
    return check_report();
}
