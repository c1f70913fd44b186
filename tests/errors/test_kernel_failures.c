/*
 * test_kernel_failures.c - a kernel that returns an error while the program is at different places:
 * blocked on a full window or heap, waiting for an element, in a large fan-in, at its end; in one
 * kernel of a mixed task. The run ends with the kernel's name and code, tasks behind it are
 * skipped, and the state stays clean: the next run is a hit.
 *
 * ctest-labels: errors unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include "lab.h"

enum { TASKS = 60, CODE = 23 };

static const char *platform;

/* Submits a task that fails and makes a tensor of `count` floats. */
static slip_status fail_one(slip_orch *o, slip_tensor *out, uint32_t count)
{
    const uint32_t shape[1] = {count};
    const slip_arg args[] = {slip_out(out, SLIP_F32, 1, shape), slip_scalar(CODE)};
    return slip_spawn(o, SLIP_TASK_AIV, LAB_REFUSE, 2, args);
}

/* Submits tasks behind `t` in scopes of their own, so that they need room again and again. */
static slip_status follow_in_scopes(slip_orch *o, const slip_tensor *t, uint32_t count)
{
    const uint32_t shape[1] = {count};
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < TASKS && status == SLIP_OK; i++) {
        slip_tensor own;
        const slip_arg args[] = {slip_inout(t), slip_out(&own, SLIP_F32, 1, shape)};
        status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
        status = status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, LAB_COUNT, 2, args) : status;
        status = status == SLIP_OK ? slip_scope_end(o) : status;
    }
    return status;
}

/* Blocked on slots. */
static slip_status in_a_full_window(slip_orch *o)
{
    slip_tensor t;
    slip_status status = fail_one(o, &t, 16);
    return status == SLIP_OK ? follow_in_scopes(o, &t, 16) : status;
}

/* Blocked on heap bytes. */
static slip_status in_a_full_heap(slip_orch *o)
{
    slip_tensor t;
    slip_status status = fail_one(o, &t, 16);
    return status == SLIP_OK ? follow_in_scopes(o, &t, 900) : status;
}

/* Waiting for the failed task's value, which means nothing. */
static slip_status at_an_element(slip_orch *o)
{
    const uint32_t zero = 0;
    uint64_t bits = 0;
    slip_tensor t;
    slip_status status = fail_one(o, &t, 16);
    status = status == SLIP_OK ? slip_get(o, &t, &zero, &bits) : status;
    return status == SLIP_OK ? slip_orch_fail(o, 1, "a value of a failed task") : status;
}

/* In front of a task with many edges. */
static slip_status at_a_fan_in(slip_orch *o)
{
    slip_tensor t[TASKS];
    slip_arg args[TASKS];
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < TASKS && status == SLIP_OK; i++) {
        status = i == TASKS / 2 ? fail_one(o, &t[i], 4) : lab_make(o, &t[i], 4);
        args[i] = slip_in(&t[i]);
    }
    return status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, LAB_COUNT, TASKS, args) : status;
}

/* The last task of the program. */
static slip_status at_the_end(slip_orch *o)
{
    slip_tensor t;
    slip_status status = lab_make(o, &t, 4);
    return status == SLIP_OK ? fail_one(o, &t, 4) : status;
}

/* One of the three kernels of a mixed task; its followers are skipped. */
static slip_status in_a_mixed_task(slip_orch *o)
{
    slip_tensor y;
    slip_status status = slip_orch_tensor(o, 1, &y);
    const slip_arg args[] = {slip_inout(&y), slip_scalar(CODE)};
    const slip_task task = {(uint32_t)sizeof(slip_task),
                            SLIP_TASK_MIXED,
                            {LAB_CUBE, LAB_NOTHING, LAB_REFUSE},
                            2,
                            0,
                            args,
                            NULL};
    status = status == SLIP_OK ? slip_submit_task(o, &task, NULL) : status;
    return status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, LAB_COUNT, 1, args) : status;
}

/* One failure in every dispatch mode. */
static void check_failure(slip_orch_fn fn, uint64_t window, uint64_t submission)
{
    lab l;
    CHECK(lab_open(&l, platform, NULL));
    slip_run_config config = lab_config(window, 4096, 4);
    for (uint32_t mode = SLIP_DISPATCH_AUTO; mode <= SLIP_DISPATCH_SERIAL; mode++) {
        config.dispatch = mode;
        lab_counted();
        CHECK_STATUS(SLIP_E_KERNEL_FAILED, lab_run(&l, fn, &config));
        CHECK_EQ(0, lab_counted());
        slip_error error = lab_error(&l);
        CHECK_EQ(LAB_REFUSE, error.kernel);
        CHECK_EQ(CODE, error.code);
        CHECK_EQ(submission, error.task);
        CHECK_CONTAINS(error.message, "kernel 'refuse' (index 3) returned 23");
        CHECK(lab_good(&l));
    }
    slip_stats stats = {.struct_size = (uint32_t)sizeof(stats)};
    CHECK_STATUS(SLIP_OK, slip_runner_stats(l.runner, &stats));
    CHECK_EQ(0, stats.dirty);
    CHECK_EQ(2, stats.misses); /* this sizing and the good runs' */
    CHECK_EQ(0, stats.last_image_bytes);
    CHECK_EQ(4, stats.run_failures);
    lab_close(&l);
}

/* The program waits for a slot. */
static void failure_in_a_full_window(void)
{
    check_failure(in_a_full_window, 4, 1);
}

/* The program waits for heap bytes. */
static void failure_in_a_full_heap(void)
{
    check_failure(in_a_full_heap, 128, 1);
}

/* The program waits for a value. */
static void failure_at_an_element(void)
{
    check_failure(at_an_element, 16, 1);
}

/* The program waits for edges. */
static void failure_at_a_fan_in(void)
{
    check_failure(at_a_fan_in, 128, TASKS / 2 + 1);
}

/* The program has ended. */
static void failure_at_the_end(void)
{
    check_failure(at_the_end, 16, 2);
}

/* A part of a mixed task fails. */
static void failure_in_a_mixed_task(void)
{
    check_failure(in_a_mixed_task, 16, 1);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = lab_platform(argc, argv);
    CHECK_CASE(failure_in_a_full_window);
    CHECK_CASE(failure_in_a_full_heap);
    CHECK_CASE(failure_at_an_element);
    CHECK_CASE(failure_at_a_fan_in);
    CHECK_CASE(failure_at_the_end);
    CHECK_CASE(failure_in_a_mixed_task);
    return check_report();
}
