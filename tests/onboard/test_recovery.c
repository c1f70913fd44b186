/*
 * test_recovery.c - an onboard device that hangs, is lost or fails a call, over the stand-in
 * runtime: the error names the call, the next run works or the runner refuses with the reason, and
 * nothing stays in the books.
 * ctest-labels: onboard
 * ctest-run: a2a3 a2a3
 * ctest-run: a5 a5
 * ctest-timeout: 300
 */
#include <slipway/slipway.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/library/entry.h"
#include "support/check.h"

#define PROGRAM "tests/programs/runner_one.so"

static const char *arch;
static slip_runner *runner;
static slip_callable callable;

/* Opens a runner. */
static slip_status open_runner(void)
{
    slip_runner_options options = {.struct_size = (uint32_t)sizeof(options), .platform = arch};
    return slip_runner_open(&options, &runner);
}

/* Runs the program; its number is what tells that it ran. */
static slip_status run(uint32_t *number)
{
    const uint32_t shape[1] = {1};
    *number = 0;
    slip_run_arg arg = slip_host_tensor(number, SLIP_U32, SLIP_ACCESS_OUT, 1, shape);
    return slip_run(runner, callable, &arg, 1, NULL);
}

/* Sets the time-outs of what is opened from now on, in milliseconds. */
static void choose_timeouts(const char *scheduler, const char *operation, const char *synchronise)
{
    CHECK_EQ(setenv("SLIPWAY_ONBOARD_SCHEDULER_TIMEOUT_MS", scheduler, 1), 0);
    CHECK_EQ(setenv("SLIPWAY_ONBOARD_OPERATION_TIMEOUT_MS", operation, 1), 0);
    CHECK_EQ(setenv("SLIPWAY_ONBOARD_SYNCHRONISE_TIMEOUT_MS", synchronise, 1), 0);
}

/* Opens, registers and runs once. */
static bool begin(void)
{
    uint32_t number;
    slipway_standin_reset();
    return CHECK_STATUS(SLIP_OK, open_runner()) &&
           CHECK_STATUS(SLIP_OK, slip_register_file(runner, PROGRAM, &callable)) &&
           CHECK_STATUS(SLIP_OK, run(&number)) && CHECK_EQ(number, 1);
}

/* Closes; nothing is left and nothing was done that hardware would punish. */
static void end_with(uint64_t kept)
{
    slipway_standin_books b;
    slip_runner_close(runner);
    runner = NULL;
    slipway_standin_clear_faults();
    slipway_standin_release();
    slipway_standin_get_books(&b);
    CHECK_EQ(b.live_allocations, 0);
    CHECK_EQ(b.live_streams, 0);
    CHECK_EQ(b.live_binaries, 0);
    CHECK_EQ(b.live_devices, kept);
    CHECK_EQ(b.misaligned_uploads, 0);
    CHECK_EQ(b.bad_addresses, 0);
    CHECK_EQ(b.host_pointers, 0);
    CHECK_EQ(b.unbatched_launches, 0);
}

/* The same; nothing is set any more. */
static void end(void)
{
    end_with(0);
}

/* What the runner says of the last failure. */
static const char *message(void)
{
    static slip_error error;
    error = (slip_error){.struct_size = (uint32_t)sizeof(error)};
    CHECK_STATUS(SLIP_OK, slip_last_error(runner, &error));
    return error.message;
}

/* Recoveries of this runner. */
static uint64_t resets(void)
{
    slip_stats stats = {.struct_size = (uint32_t)sizeof(stats)};
    CHECK_STATUS(SLIP_OK, slip_runner_stats(runner, &stats));
    return stats.device_resets;
}

/* One run with a fault that loses the device, which says so; the next one works. */
static void lost_once(const char *fault, const char *says)
{
    uint32_t number;
    printf("  %s\n", fault);
    if (!begin()) {
        return;
    }
    CHECK(slipway_standin_fault(fault, NULL));
    CHECK(run(&number) != SLIP_OK);
    CHECK_CONTAINS(message(), says);
    slipway_standin_clear_faults();
    if (!CHECK_STATUS(SLIP_OK, run(&number))) {
        printf("%s\n", message());
    }
    CHECK_EQ(number, 1);
    CHECK_EQ(resets(), 1);
    end();
}

/* The device or a call of the runtime hangs. */
static void hangs(void)
{
    lost_once("kernel:1:hang", "");
    lost_once("core:5:silent", "core 5");
    lost_once("aclrtSynchronizeStreamWithTimeout:1:hang", "");
    lost_once("aclrtMemcpy:1:hang", "aclrtMemcpy: the call did not come back within");
    lost_once("aclrtLaunchKernelWithHostArgs:1:hang", "aclrtLaunchKernelWithHostArgs");
    lost_once("aclrtLaunchKernelWithHostArgs:2:hang", "aclrtLaunchKernelWithHostArgs");
}

/* A call loses the device. */
static void losses(void)
{
    lost_once("aclrtLaunchKernelWithHostArgs:1:lost", "507899");
    lost_once("aclrtLaunchKernelWithHostArgs:2:fail=207001", "207001");
    lost_once("aclrtSynchronizeStreamWithTimeout:1:lost=507018", "507018");
    lost_once("aclrtSynchronizeStreamWithTimeout:2:fail=507014", "507014");
    lost_once("aclrtMemcpy:1:lost=507901", "507901");
}

/* A call fails and that is all: the next run works without a reset. */
static void plain_failure(void)
{
    uint32_t number;
    if (!begin()) {
        return;
    }
    CHECK(slipway_standin_fault("aclrtLaunchKernelWithHostArgs:1:fail=207005", NULL));
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, run(&number));
    CHECK_CONTAINS(message(), "207005");
    CHECK_STATUS(SLIP_OK, run(&number));
    CHECK_EQ(number, 1);
    CHECK_EQ(resets(), 0);
    end();
}

/* A reset that fails, or succeeds and does not help: the runner refuses and says which call. */
static void refused(void)
{
    static const char *const faults[] = {
        "aclrtMemcpy:1:lost,aclrtResetDeviceForce:1:fail=507000",
        "aclrtMemcpy:1:lost,aclrtResetDeviceForce:1:helpless",
        "aclrtMemcpy:1:lost,aclrtSetDevice:1:fail=507033",
        "aclrtMemcpy:1:lost,aclrtBinaryLoadFromData:1:fail=207001",
        "control:1:hang", /* of the device after the reset too: the probe gets no answer */
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        uint32_t number;
        printf("  %s\n", faults[i]);
        if (!begin()) {
            return;
        }
        CHECK(slipway_standin_fault(faults[i], NULL));
        CHECK(run(&number) != SLIP_OK);
        CHECK_STATUS(SLIP_E_REFUSED, run(&number));
        CHECK_CONTAINS(message(), "was not recovered");
        end();
    }
}

/* Every entry point failed at each of its first calls: an error that names it, or no harm. */
static void every_call(void)
{
    const char *name;
    /* Nothing hangs here, and a machine may be busy. */
    choose_timeouts("2000", "4000", "6000");
    for (uint32_t e = 0; (name = slipway_standin_entry_name(e)) != NULL; e++) {
        for (uint32_t n = 1; n <= 4; n++) {
            char fault[96];
            uint32_t number;
            slipway_standin_reset();
            (void)snprintf(fault, sizeof(fault), "%s:%u:fail=500000", name, n);
            CHECK(slipway_standin_fault(fault, NULL));
            slip_status status = open_runner();
            slip_error error = {.struct_size = (uint32_t)sizeof(error)};
            if (status != SLIP_OK) {
                CHECK_STATUS(SLIP_OK, slip_open_error(&error));
                CHECK_CONTAINS(error.message, name);
                end();
                continue;
            }
            status = slip_register_file(runner, PROGRAM, &callable);
            if (status == SLIP_OK) {
                status = run(&number);
            }
            if (status != SLIP_OK) {
                if (!CHECK_CONTAINS(message(), name)) {
                    printf("%s\n", fault);
                }
                slipway_standin_clear_faults();
                if (!CHECK_STATUS(SLIP_OK, slip_register_file(runner, PROGRAM, &callable)) ||
                    !CHECK_STATUS(SLIP_OK, run(&number))) {
                    printf("%s: %s\n", fault, message());
                }
                CHECK_EQ(number, 1);
            }
            /* A device whose reset fails at the end stays set: there is nothing that helps. */
            bool stays = strcmp(name, "aclrtResetDevice") == 0 && n == 1;
            end_with(stays ? 1 : 0);
            CHECK(!stays || aclrtResetDeviceForce(0) == 0);
        }
    }
}

int main(int argc, char **argv)
{
    char devices[512];
    const char *build = getenv("SLIPWAY_BUILD_DIR");
    arch = argc > 1 ? argv[1] : "a2a3";
    (void)snprintf(devices, sizeof(devices), "%s/device", build != NULL ? build : ".");
    (void)setenv("SLIPWAY_DEVICE_PATH", devices, 1);
    (void)setenv("SLIPWAY_ACL_LIBRARY", slipway_standin_path(), 1);
    choose_timeouts("600", "1500", "3000");
    CHECK(slipway_standin_set_soc(arch));
    slip_log_set_level(0); /* failures are what is wanted here */
    CHECK_CASE(hangs);
    CHECK_CASE(losses);
    CHECK_CASE(plain_failure);
    CHECK_CASE(refused);
    CHECK_CASE(every_call);
    return check_report();
}
