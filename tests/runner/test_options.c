/*
 * test_options.c - what callers give wrong: null and undersized structs, unknown platforms, values
 * out of range. Each has its own error, and the runner works afterwards.
 *
 * ctest-labels: unit
 */
#include <slipway/platform.h>

#include "affine.h"
#include "support/check.h"

/* Options that are good until a case spoils them. */
static slip_runner_options good_options(void)
{
    slip_runner_options options = {.struct_size = (uint32_t)sizeof(options)};
    return options;
}

/* Opens with these options; the failure must be described. */
static void check_open(const slip_runner_options *options, slip_status wanted, const char *said)
{
    slip_runner *runner = (slip_runner *)(uintptr_t)&wanted;
    CHECK_STATUS(wanted, slip_runner_open(options, &runner));
    CHECK(runner == NULL);
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    CHECK_STATUS(SLIP_OK, slip_open_error(&error));
    CHECK_EQ(wanted, error.status);
    CHECK_CONTAINS(error.message, said);
}

/* Options of a runner. */
static void bad_options(void)
{
    slip_runner_options o = good_options();
    slip_runner *runner = NULL;
    check_open(NULL, SLIP_E_INVALID_ARGUMENT, "options is null");
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_open(&o, NULL));
    o.struct_size = 8;
    check_open(&o, SLIP_E_INVALID_ARGUMENT, "struct_size is 8");
    o = good_options();
    o.platform = "abacus";
    check_open(&o, SLIP_E_UNKNOWN_PLATFORM, "no platform 'abacus'; this build has: cpu");
    o = good_options();
    o.threads = SLIP_MAX_THREADS + 1;
    check_open(&o, SLIP_E_INVALID_ARGUMENT, "at most 1024");
    o = good_options();
    o.cache_entries = 100000;
    check_open(&o, SLIP_E_INVALID_ARGUMENT, "cache_entries is 100000");
    o = good_options();
    o.platform = "a2a3sim";
    o.device_id = 9999;
    runner = NULL;
    CHECK(slip_runner_open(&o, &runner) != SLIP_OK);
    CHECK(runner == NULL);
    slip_runner_close(NULL);
}

/* Platform tables of the caller's own. */
static void bad_platform_tables(void)
{
    slip_runner_options o = good_options();
    slip_platform_ops ops = *slip_platform_find("cpu");
    o.ops = &ops;
    ops.abi = SLIP_PLATFORM_ABI + 1;
    check_open(&o, SLIP_E_INVALID_ARGUMENT, "platform table of version");
    ops = *slip_platform_find("cpu");
    ops.struct_size = 16;
    check_open(&o, SLIP_E_INVALID_ARGUMENT, "16 bytes");
    ops = *slip_platform_find("cpu");
    ops.copy_from = NULL;
    check_open(&o, SLIP_E_INVALID_ARGUMENT, "'copy_from' is null");
}

/* Configurations of a run. */
static void bad_configurations(void)
{
    slip_runner *runner = affine_open("a2a3sim", NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config good = affine_config(64, 65536, 64);
    slip_run_config bad[8];
    const char *said[8] = {"struct_size is 4",
                           "mode is 2",
                           "dispatch is 5",
                           "blocks is 25",
                           "threads is 5",
                           "trace_tasks, audit and untimed",
                           "trace_tasks, audit and untimed",
                           "untimed must be 0 or 1"};
    for (size_t i = 0; i < 8; i++) {
        bad[i] = good;
    }
    bad[0].struct_size = 4;
    bad[1].mode = 2;
    bad[2].dispatch = 5;
    bad[3].blocks = 25;
    bad[4].control_threads = 5;
    bad[5].trace_tasks = 2;
    bad[6].audit = 2;
    bad[7].untimed = 2;
    for (size_t i = 0; i < 8; i++) {
        bool right = false;
        CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, affine_run(runner, callable, &bad[i], 0, &right));
        CHECK_CONTAINS(affine_error(runner).message, said[i]);
        CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_prewarm(runner, &bad[i]));
    }
    good.blocks = 24;
    good.control_threads = 4;
    CHECK(affine_good(runner, callable, &good));
    good.blocks = 1;
    good.control_threads = 1;
    CHECK(affine_good(runner, callable, &good));
    slip_runner_close(runner);
}

/* A program without a builder has no host-built mode. */
static void mode_that_is_not_there(void)
{
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    config.mode = SLIP_MODE_HOST_GRAPH;
    bool right = false;
    CHECK_STATUS(SLIP_E_UNSUPPORTED, affine_run(runner, callable, &config, 0, &right));
    CHECK_CONTAINS(affine_error(runner).message, "no graph builder");
    CHECK_STATUS(SLIP_E_UNSUPPORTED, slip_prewarm(runner, &config));
    config.mode = SLIP_MODE_DEVICE_ORCH;
    CHECK(affine_good(runner, callable, &config));
    slip_runner_close(runner);
}

/* Structs that are written to: null and undersized. */
static void bad_out_structs(void)
{
    slip_runner *runner = affine_open("cpu", NULL);
    slip_stats stats = {.struct_size = 8};
    slip_runner_info info = {.struct_size = 8};
    slip_footprint footprint = {.struct_size = 8};
    slip_error error = {.struct_size = 8};
    slip_audit_report report = {.struct_size = 8};
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_stats(runner, &stats));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_stats(runner, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_describe(runner, &info));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_footprint_of(runner, NULL, &footprint));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_last_error(runner, &error));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_open_error(&error));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_audit(runner, &report));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_image_parts(runner, NULL, NULL, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_cache_info(runner, NULL, NULL));
    report.struct_size = (uint32_t)sizeof(report);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_audit(runner, &report));
    CHECK_CONTAINS(affine_error(runner).message, "audit = 1");
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_write_deps(runner, "json", "/tmp/never"));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_write_deps(runner, NULL, NULL));
    slip_callable callable = affine_register(runner);
    CHECK(affine_good(runner, callable, NULL));
    slip_runner_close(runner);
}

/* Without a runner there is nothing but the status. */
static void null_runner(void)
{
    slip_callable callable = {0};
    slip_device_ptr memory = {0};
    uint32_t count = 0;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_run(NULL, callable, NULL, 0, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_prewarm(NULL, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_register_file(NULL, "x", &callable));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_register_program(NULL, &affine_program, &callable));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_unregister(NULL, callable));
    CHECK(slip_callable_program(NULL, callable) == NULL);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_device_malloc(NULL, 1, &memory));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_device_free(NULL, memory));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_copy_to_device(NULL, memory, NULL, 1));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_copy_from_device(NULL, NULL, memory, 1));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_cache_info(NULL, NULL, &count));
}

/* What the device says of itself arrives. */
static void description(void)
{
    slip_runner *runner = affine_open("a5sim", NULL);
    slip_runner_info info = {.struct_size = (uint32_t)sizeof(info)};
    CHECK_STATUS(SLIP_OK, slip_runner_describe(runner, &info));
    CHECK_STR("a5sim", info.platform);
    CHECK_STR("a5", info.arch);
    CHECK_EQ(36, info.blocks);
    CHECK_EQ(36, info.aic_count);
    CHECK_EQ(72, info.aiv_count);
    CHECK_EQ(7, info.control_active_max);
    CHECK_EQ(0, info.host_in_place);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(bad_options);
    CHECK_CASE(bad_platform_tables);
    CHECK_CASE(bad_configurations);
    CHECK_CASE(mode_that_is_not_there);
    CHECK_CASE(bad_out_structs);
    CHECK_CASE(null_runner);
    CHECK_CASE(description);
    return check_report();
}
