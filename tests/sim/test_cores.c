/*
 * test_cores.c - simulated devices: every core of a row is really dispatched to, with any number of
 * control threads and players; runs follow each other; nothing breaks the protocol.
 * ctest-labels: sim unit concurrency
 */
#include <stdlib.h>

#include "platform/sim/sim.h"
#include "sim/job.h"
#include "support/check.h"
#include "support/launch.h"

#define RUN_BOUND_NS UINT64_C(60000000000)

/* Number of rounds at SLIPWAY_TEST_SCALE percent. */
static uint32_t scaled(uint32_t rounds)
{
    const char *scale = getenv("SLIPWAY_TEST_SCALE");
    uint32_t percent = scale != NULL ? (uint32_t)atoi(scale) : 100u;
    uint32_t n = rounds * percent / 100u;
    return n > 0 ? n : 1u;
}

/* Launches a job and waits for it. */
static void run_job(const slip_platform_ops *ops, slip_platform_device *device, job *j,
                    uint32_t threads)
{
    job_rewind(j, threads);
    CHECK_STATUS(SLIP_OK,
                 launch_at((launch_on){ops, device}, &job_entry, (uint64_t)(uintptr_t)j, threads));
    CHECK_STATUS(SLIP_OK, ops->wait(device, RUN_BOUND_NS));
    CHECK_EQ(slipi_load_acquire(&j->completed), j->task_count);
    for (uint32_t i = 0; i < j->task_count; i++) {
        CHECK_EQ(slipi_load_acquire(&j->finished[i]), 1);
    }
}

/* No write was lost or forbidden, and every core was stopped once a launch. */
static void check_protocol(slip_platform_device *device, uint32_t cores, uint32_t launches)
{
    slipi_sim_counters counters;
    slipi_sim_read_counters(device, &counters);
    CHECK_EQ(counters.closed_writes, 0);
    CHECK_EQ(counters.stopped_writes, 0);
    CHECK_EQ(counters.unknown_accesses, 0);
    CHECK_EQ(counters.stops, (uint64_t)cores * launches);
    CHECK_EQ(counters.dispatch_writes, counters.steps + counters.stops);
}

/* One task for each core, all started before any is collected: each core runs exactly one. */
static void check_every_core(const slip_platform_ops *ops, uint32_t blocks, uint32_t threads)
{
    slip_platform_device *device = job_open(ops, 0, 2);
    job *j = job_create();
    for (uint32_t i = 0; i < 3u * blocks; i++) {
        (void)job_add(j, i % 3u == 0 ? SLIP_TASK_AIC : SLIP_TASK_AIV, JOB_KERNEL_COUNT_UP, 0, 0);
    }
    j->fill_first = 1;
    run_job(ops, device, j, threads);
    /* With one control thread the tasks fill the device; with more, who takes what is open. */
    for (uint32_t core = 0; core < 3u * blocks && threads == 1; core++) {
        CHECK_EQ(slipi_load_acquire(&j->core[core].ran), 1);
        CHECK_EQ(j->core[core].core_type, core < blocks ? SLIP_AIC : SLIP_AIV);
    }
    check_protocol(device, 3u * blocks, 1);
    job_destroy(j);
    ops->close(device);
}

/* 72 cores of a2a3. */
static void every_core_of_a2a3(void)
{
    check_every_core(&slipi_platform_a2a3sim, 24, 1);
    check_every_core(&slipi_platform_a2a3sim, 24, 4);
}

/* 108 cores of a5. */
static void every_core_of_a5(void)
{
    check_every_core(&slipi_platform_a5sim, 36, 1);
    check_every_core(&slipi_platform_a5sim, 36, 7);
}

/* Threads that are launched beyond the active ones are really called, and drop out. */
static void surplus_threads_drop_out(void)
{
    const slip_platform_ops *ops = &slipi_platform_a5sim;
    slip_platform_device *device = job_open(ops, 0, 1);
    job *j = job_create();
    for (uint32_t threads = 1; threads <= 7; threads++) {
        run_job(ops, device, j, threads);
        CHECK_EQ(slipi_load_acquire(&j->dropped), 14u - threads);
    }
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                 launch_at((launch_on){ops, device}, &job_entry, (uint64_t)(uintptr_t)j, 8));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                 launch_at((launch_on){ops, device}, &job_entry, (uint64_t)(uintptr_t)j, 0));
    job_destroy(j);
    ops->close(device);
}

/* Fewer blocks than the device has: the other cores run nothing, and are stopped all the same. */
static void only_the_blocks_of_the_run(void)
{
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    slip_platform_device *device = job_open(ops, 0, 2);
    job *j = job_create();
    for (uint32_t i = 0; i < 200u; i++) {
        (void)job_add(j, i % 2u, JOB_KERNEL_COUNT_UP, 0, 0);
    }
    j->launch.blocks = 5;
    run_job(ops, device, j, 2);
    for (uint32_t core = 0; core < 72u; core++) {
        bool used = core < 5u || (core >= 24u && core < 34u);
        CHECK(used || slipi_load_acquire(&j->core[core].ran) == 0);
    }
    check_protocol(device, 72, 1);
    job_destroy(j);
    ops->close(device);
}

/* All three kernels of a mixed task run in one block, each on its own part. */
static void mixed_tasks_run_in_one_block(void)
{
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    slip_platform_device *device = job_open(ops, 0, 2);
    job *j = job_create();
    for (uint32_t i = 0; i < 24u; i++) {
        (void)job_add(j, SLIP_TASK_MIXED, JOB_KERNEL_COUNT_UP, JOB_KERNEL_COUNT_UP,
                      JOB_KERNEL_FAIL);
    }
    j->fill_first = 1;
    run_job(ops, device, j, 1);
    for (uint32_t block = 0; block < 24u; block++) {
        const job_core *second = &j->core[24u + 2u * block + 1u];
        CHECK_EQ(slipi_load_acquire(&j->core[block].ran), 1);
        CHECK_EQ(slipi_load_acquire(&j->core[24u + 2u * block].ran), 1);
        CHECK_EQ(slipi_load_acquire(&second->ran), 1);
        CHECK_EQ(second->lane, 1);
        CHECK_EQ(second->kernel, JOB_KERNEL_FAIL);
        CHECK_EQ(j->core[24u + 2u * block].lane, 0);
    }
    job_destroy(j);
    ops->close(device);
}

/* Many runs of many tasks on one device: sequences, sleeping and waking, any thread counts. */
static void runs_follow_each_other(void)
{
    for (uint32_t players = 1; players <= 4; players++) {
        const slip_platform_ops *ops =
            players % 2u != 0 ? &slipi_platform_a2a3sim : &slipi_platform_a5sim;
        uint32_t cores = players % 2u != 0 ? 72u : 108u;
        slip_platform_device *device = job_open(ops, players, players);
        job *j = job_create();
        for (uint32_t i = 0; i < 300u; i++) {
            (void)job_add(j, i % 7u == 0 ? SLIP_TASK_MIXED : i % 2u, JOB_KERNEL_COUNT_UP,
                          JOB_KERNEL_COUNT_UP, JOB_KERNEL_COUNT_UP);
        }
        uint32_t runs = scaled(50);
        for (uint32_t run = 0; run < runs; run++) {
            run_job(ops, device, j, 1u + run % 4u);
        }
        check_protocol(device, cores, runs);
        job_destroy(j);
        ops->close(device);
    }
}

/* Runs of one task and of none: the way in and out, with threads that went to sleep or did not. */
static void short_runs(void)
{
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    slip_platform_device *device = job_open(ops, 0, 0);
    job *none = job_create();
    job *one = job_create();
    (void)job_add(one, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    uint32_t runs = scaled(1000);
    for (uint32_t run = 0; run < runs; run++) {
        run_job(ops, device, run % 3u == 0 ? none : one, 1u + run % 4u);
    }
    check_protocol(device, 72, runs);
    job_destroy(none);
    job_destroy(one);
    ops->close(device);
}

/* A core's sequence goes through its wrap: more tasks on one core than sequences. */
static void sequence_wraps(void)
{
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    slip_platform_device *device = job_open(ops, 0, 1);
    job *j = job_create();
    for (uint32_t i = 0; i < JOB_TASKS; i++) {
        (void)job_add(j, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    }
    j->launch.blocks = 1;
    uint32_t runs = 66;
    for (uint32_t run = 0; run < runs; run++) {
        run_job(ops, device, j, 1);
    }
    slipi_sim_counters counters;
    slipi_sim_read_counters(device, &counters);
    CHECK(counters.steps > 65536u);
    check_protocol(device, 72, runs);
    job_destroy(j);
    ops->close(device);
}

/* Two devices at once do not know of each other. */
static void two_devices_at_once(void)
{
    const slip_platform_ops *a_ops = &slipi_platform_a2a3sim;
    const slip_platform_ops *b_ops = &slipi_platform_a5sim;
    slip_platform_device *a = job_open(a_ops, 0, 1);
    slip_platform_device *b = job_open(b_ops, 1, 1);
    job *ja = job_create();
    job *jb = job_create();
    for (uint32_t i = 0; i < 500u; i++) {
        (void)job_add(ja, SLIP_TASK_AIV, JOB_KERNEL_COUNT_UP, 0, 0);
        (void)job_add(jb, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    }
    job_rewind(ja, 2);
    job_rewind(jb, 2);
    CHECK_STATUS(SLIP_OK, launch_at((launch_on){a_ops, a}, &job_entry, (uint64_t)(uintptr_t)ja, 2));
    CHECK_STATUS(SLIP_OK, launch_at((launch_on){b_ops, b}, &job_entry, (uint64_t)(uintptr_t)jb, 2));
    CHECK_STATUS(SLIP_OK, a_ops->wait(a, RUN_BOUND_NS));
    CHECK_STATUS(SLIP_OK, b_ops->wait(b, RUN_BOUND_NS));
    CHECK_EQ(slipi_load_acquire(&ja->completed), 500);
    CHECK_EQ(slipi_load_acquire(&jb->completed), 500);
    check_protocol(a, 72, 1);
    check_protocol(b, 108, 1);
    a_ops->close(a);
    b_ops->close(b);
    job_destroy(ja);
    job_destroy(jb);
}

int main(void)
{
    CHECK_CASE(every_core_of_a2a3);
    CHECK_CASE(every_core_of_a5);
    CHECK_CASE(surplus_threads_drop_out);
    CHECK_CASE(only_the_blocks_of_the_run);
    CHECK_CASE(mixed_tasks_run_in_one_block);
    CHECK_CASE(runs_follow_each_other);
    CHECK_CASE(short_runs);
    CHECK_CASE(sequence_wraps);
    CHECK_CASE(two_devices_at_once);
    return check_report();
}
