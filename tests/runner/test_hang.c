/*
 * test_hang.c - a kernel that does not return: the run ends by the progress deadline and names the
 * kernel; the runner refuses everything further and can be closed.
 *
 * ctest-labels: unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <time.h>

#include "affine.h"
#include "base/atomic.h"
#include "support/check.h"

/* Tasks of a run: enough for a second thread to take one. */
enum { TASKS = 64, MAX_RUNS = 400, DEADLINE_MS = 100 };

static const char *platform;
static slipi_au32
    released; /* the test lets the stuck kernels go [relaxed: a flag, orders nothing] */

/* Asked by the leak checker: what a stuck thread may still use is left behind on purpose. */
int __lsan_is_turned_off(void);

/* As above. */
int __lsan_is_turned_off(void)
{
    return 1;
}

/* Waits a little. */
static void sleep_a_little(void)
{
    const struct timespec duration = {0, 200000};
    (void)nanosleep(&duration, NULL);
}

/* Kernel: returns on core 0, which may be the caller's own thread; is stuck on every other. */
static int32_t stuck(const slip_kernel_ctx *ctx)
{
    sleep_a_little();
    while (ctx->core != 0 && slipi_load_relaxed(&released) == 0) {
        sleep_a_little();
    }
    return 0;
}

/* Orchestration: tasks that do not wait for each other. */
static slip_status orchestrate(slip_orch *o)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < TASKS && status == SLIP_OK; i++) {
        status = slip_spawn(o, SLIP_TASK_AIV, 0, 0, NULL);
    }
    return status;
}

static const slip_kernel_entry kernels[] = {{"stuck", stuck, SLIP_AIV, 0}};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "never_ends",
                                     orchestrate,
                                     NULL,
                                     kernels,
                                     1,
                                     0,
                                     NULL};

/* Opens a runner with a short deadline. */
static slip_runner *open_runner(void)
{
    slip_runner_options options = {.struct_size = (uint32_t)sizeof(options),
                                   .platform = platform,
                                   .threads = 2,
                                   .sim_threads = 2,
                                   .progress_deadline_ns = DEADLINE_MS * UINT64_C(1000000)};
    slip_runner *runner = NULL;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    return runner;
}

/* Everything that would touch the device is refused, with the reason. */
static void check_refuses(slip_runner *runner, slip_callable callable)
{
    slip_device_ptr memory;
    slip_callable other;
    CHECK_STATUS(SLIP_E_REFUSED, slip_run(runner, callable, NULL, 0, NULL));
    CHECK_CONTAINS(affine_error(runner).message, "refuses");
    CHECK_STATUS(SLIP_E_REFUSED, slip_prewarm(runner, NULL));
    CHECK_STATUS(SLIP_E_REFUSED, slip_device_malloc(runner, 64, &memory));
    CHECK_STATUS(SLIP_E_REFUSED, slip_register_program(runner, &affine_program, &other));
    CHECK_STATUS(SLIP_E_REFUSED, slip_unregister(runner, callable));
}

/* The whole story of a hang. */
static void hang_is_named_and_refused(void)
{
    slip_runner *runner = open_runner();
    slip_callable callable;
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    slip_run_config config = affine_config(256, 65536, 64);
    config.dispatch = SLIP_DISPATCH_SHARED;
    slip_status status = SLIP_OK;
    for (int i = 0; i < MAX_RUNS && status == SLIP_OK; i++) {
        status = slip_run(runner, callable, NULL, 0, &config);
    }
    CHECK_STATUS(SLIP_E_HANG, status);
    slip_error error = affine_error(runner);
    CHECK_STATUS(SLIP_E_HANG, error.status);
    CHECK_CONTAINS(error.message, "stuck");
    CHECK_EQ(0, error.kernel);
    check_refuses(runner, callable);
    slip_runner_close(runner);
}

/* Another runner is not concerned. */
static void others_go_on(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    CHECK(affine_good(runner, callable, NULL));
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(hang_is_named_and_refused);
    CHECK_CASE(others_go_on);
    slipi_store_relaxed(&released, 1u);
    sleep_a_little();
    return check_report();
}
