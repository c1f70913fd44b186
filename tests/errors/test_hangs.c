/*
 * test_hangs.c - a kernel that does not return, seen from every place where a program can wait: the
 * end, a full window, an element, a large fan-in, a graph built on the host. The run ends by the
 * progress deadline, names the kernel, and the runner refuses with the reason. Closing is bounded.
 *
 * On cpu a kernel on the caller's own thread cannot be given up; there the kernels of core 0
 * return.
 *
 * ctest-labels: errors unit concurrency
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 * ctest-timeout: 120
 */
#include <time.h>

#include "lab.h"

enum { TASKS = 64, MAX_RUNS = 400, DEADLINE_MS = 50, LONG_MS = 10000 };

/* A device with a thread inside a kernel is left as it is: the leak is what the rule asks for. */
int __lsan_is_turned_off(void);

/* Asked by the leak checker, where there is one. */
int __lsan_is_turned_off(void)
{
    return 1;
}

static const char *platform;

/* Lets a little time pass. */
static void sleep_a_little(void)
{
    const struct timespec duration = {0, 1000000};
    (void)nanosleep(&duration, NULL);
}

/* Submits `count` stuck tasks that do not wait for each other. */
static slip_status spawn_stuck(slip_orch *o, uint32_t count)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < count && status == SLIP_OK; i++) {
        status = slip_spawn(o, SLIP_TASK_AIV, LAB_STUCK, 0, NULL);
    }
    return status;
}

/* Waits at the end. */
static slip_status at_the_end(slip_orch *o)
{
    return spawn_stuck(o, TASKS);
}

/* Waits for a slot: the scopes before have ended, so it is no deadlock. */
static slip_status in_a_full_window(slip_orch *o)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < TASKS && status == SLIP_OK; i++) {
        status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
        status = status == SLIP_OK ? spawn_stuck(o, 1) : status;
        status = status == SLIP_OK ? slip_scope_end(o) : status;
    }
    return status;
}

/* Waits for the writers of an element. */
static slip_status at_an_element(slip_orch *o)
{
    static const uint32_t shape[1] = {16};
    const uint32_t zero = 0;
    slip_status status = SLIP_OK;
    slip_tensor t[TASKS];
    for (uint32_t i = 0; i < TASKS && status == SLIP_OK; i++) {
        const slip_arg arg = slip_out(&t[i], SLIP_F32, 1, shape);
        status = slip_spawn(o, SLIP_TASK_AIV, LAB_STUCK, 1, &arg);
    }
    for (uint32_t i = 0; i < TASKS && status == SLIP_OK; i++) {
        uint64_t bits;
        status = slip_get(o, &t[i], &zero, &bits);
    }
    return status;
}

/* Waits for edges: a fan-in larger than the pool. */
static slip_status at_a_fan_in(slip_orch *o)
{
    slip_task_handle deps[TASKS];
    slip_status status = SLIP_OK;
    slip_task task = {
        (uint32_t)sizeof(slip_task), SLIP_TASK_AIV, {LAB_STUCK, 0, 0}, 0, 0, NULL, NULL};
    for (uint32_t i = 0; i < TASKS && status == SLIP_OK; i++) {
        status = slip_submit_task(o, &task, &deps[i]);
    }
    task.kernel[0] = LAB_NOTHING;
    task.dep_count = TASKS;
    task.deps = deps;
    return status == SLIP_OK ? slip_submit_task(o, &task, NULL) : status;
}

/* Opens a lab with a progress deadline. */
static void open_with(lab *l, uint64_t deadline_ms)
{
    slip_runner_options options = {.struct_size = (uint32_t)sizeof(options),
                                   .threads = 2,
                                   .sim_threads = 2,
                                   .progress_deadline_ns = deadline_ms * UINT64_C(1000000)};
    CHECK(lab_open(l, platform, &options));
}

/* Everything that would touch the device is refused, with the reason. */
static void check_refuses(lab *l, slip_orch_fn fn)
{
    slip_device_ptr memory;
    CHECK_STATUS(SLIP_E_REFUSED, lab_run(l, fn, NULL));
    CHECK_CONTAINS(lab_error(l).message, "refuses");
    CHECK(!lab_good(l));
    CHECK_STATUS(SLIP_E_REFUSED, slip_prewarm(l->runner, NULL));
    CHECK_STATUS(SLIP_E_REFUSED, slip_device_malloc(l->runner, 64, &memory));
}

/* Lets the stuck kernels return, and waits a little for that. */
static void let_go(void)
{
    lab_release(true);
    for (int i = 0; i < 20; i++) {
        sleep_a_little();
    }
}

/*
 * One hang: on cpu it may take some runs until the second thread takes a task. The runner is closed
 * around the stuck kernel, or after it has returned at last.
 */
static void check_hang(slip_orch_fn fn, uint64_t window, bool close_around_it)
{
    lab l;
    lab_release(false);
    open_with(&l, DEADLINE_MS);
    slip_run_config config = lab_config(window, 65536, 4);
    config.dispatch = SLIP_DISPATCH_SHARED;
    slip_status status = SLIP_OK;
    for (int i = 0; i < MAX_RUNS && status == SLIP_OK; i++) {
        status = lab_run(&l, fn, &config);
    }
    CHECK_STATUS(SLIP_E_HANG, status);
    slip_error error = lab_error(&l);
    CHECK_STATUS(SLIP_E_HANG, error.status);
    CHECK_EQ(LAB_STUCK, error.kernel);
    CHECK(error.task > 0);
    CHECK_CONTAINS(error.message, "kernel 'stuck', index 4");
    CHECK_CONTAINS(error.message, "no task completed for 50 ms");
    check_refuses(&l, fn);
    if (!close_around_it) {
        let_go();
        check_refuses(&l, fn);
    }
    lab_close(&l);
    let_go();
}

/* The program has ended and the run waits. */
static void hang_at_the_end(void)
{
    check_hang(at_the_end, 256, true);
}

/* The program waits for room. */
static void hang_in_a_full_window(void)
{
    check_hang(in_a_full_window, 4, false);
}

/* The program waits for a value. */
static void hang_at_an_element(void)
{
    check_hang(at_an_element, 256, false);
}

/* The program waits for edges. */
static void hang_at_a_fan_in(void)
{
    check_hang(at_a_fan_in, 256, false);
}

/* A run with a bound of its own, shorter than the progress deadline. */
static void bound_of_a_run(void)
{
    lab l;
    lab_release(false);
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .threads = 2, .sim_threads = 2};
    CHECK(lab_open(&l, platform, &options));
    slip_run_config config = lab_config(256, 65536, 64);
    config.dispatch = SLIP_DISPATCH_SHARED;
    config.timeout_ns = DEADLINE_MS * UINT64_C(1000000);
    slip_status status = SLIP_OK;
    for (int i = 0; i < MAX_RUNS && status == SLIP_OK; i++) {
        status = lab_run(&l, at_the_end, &config);
    }
    CHECK_STATUS(SLIP_E_HANG, status);
    CHECK_CONTAINS(lab_error(&l).message, "after its deadline");
    check_refuses(&l, at_the_end);
    let_go();
    lab_close(&l);
}

/* Kernels that take long, but return within the deadline, are no hang. */
static void late_is_no_hang(void)
{
    lab l;
    lab_release(true);
    open_with(&l, LONG_MS);
    for (int i = 0; i < 20; i++) {
        CHECK_STATUS(SLIP_OK, lab_run(&l, at_the_end, NULL));
    }
    CHECK(lab_good(&l));
    lab_close(&l);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = lab_platform(argc, argv);
    CHECK_CASE(late_is_no_hang);
    CHECK_CASE(hang_at_the_end);
    CHECK_CASE(hang_in_a_full_window);
    CHECK_CASE(hang_at_an_element);
    CHECK_CASE(hang_at_a_fan_in);
    CHECK_CASE(bound_of_a_run);
    return check_report();
}
