/*
 * test_device.c - simulated devices: registers that refuse, memory, clock, hangs, closing.
 * ctest-labels: sim unit concurrency
 */
#include <stdlib.h>

#include "base/clock.h"
#include "platform/sim/sim.h"
#include "sim/job.h"
#include "support/check.h"
#include "support/launch.h"

#define RUN_BOUND_NS UINT64_C(60000000000)
#define SHORT_BOUND_NS UINT64_C(20000000)

enum { CORE = 3 };

/* Launches an entry with one control thread and waits for it. */
static slip_status run_entry(const slip_platform_ops *ops, slip_platform_device *device,
                             const slip_device_entry *entry, uint64_t address)
{
    slip_status status = launch_at((launch_on){ops, device}, entry, address, 1);
    return status != SLIP_OK ? status : ops->wait(device, RUN_BOUND_NS);
}

/* A core program that takes nothing and never stops. */
static int32_t lazy_step(const slip_device_services *services, uint64_t address, uint32_t core)
{
    (void)services;
    (void)address;
    (void)core;
    return 0;
}

/* A core program that stops at the first command. */
static int32_t stopping_step(const slip_device_services *services, uint64_t address, uint32_t core)
{
    (void)address;
    services->reg_write(services->device, core, services->info.reg_status, 7);
    return -1;
}

/* Writes the dispatch register before, while and after the fast path is open. */
static slip_status closed_control(const slip_device_services *s, uint64_t address, uint32_t thread)
{
    (void)address;
    if (thread == 0) {
        s->reg_write(s->device, CORE, s->info.reg_dispatch, 11);
        CHECK_EQ(s->reg_read(s->device, CORE, s->info.reg_dispatch), 0);
        s->reg_write(s->device, CORE, s->info.reg_fast_path, s->info.fast_path_open);
        CHECK_EQ(s->reg_read(s->device, CORE, s->info.reg_fast_path), s->info.fast_path_open);
        s->reg_write(s->device, CORE, s->info.reg_dispatch, 12);
        CHECK_EQ(s->reg_read(s->device, CORE, s->info.reg_dispatch), 12);
        s->reg_write(s->device, CORE, s->info.reg_fast_path, s->info.fast_path_close);
        s->reg_write(s->device, CORE, s->info.reg_dispatch, 13);
        CHECK_EQ(s->reg_read(s->device, CORE, s->info.reg_dispatch), 12);
    }
    return SLIP_OK;
}

/* A dispatch while the fast path is closed is dropped and counted. */
static void closed_fast_path_drops_dispatches(void)
{
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    static const slip_device_entry entry = {sizeof(entry), 0, closed_control, lazy_step, NULL};
    slip_platform_device *device = job_open(ops, 0, 1);
    CHECK_STATUS(SLIP_OK, run_entry(ops, device, &entry, 0));
    slipi_sim_counters counters;
    slipi_sim_read_counters(device, &counters);
    CHECK_EQ(counters.closed_writes, 2);
    CHECK_EQ(counters.dispatch_writes, 1);
    CHECK_EQ(counters.unknown_accesses, 0);
    ops->close(device);
}

/* Stops a core and writes to it again; accesses what does not exist. */
static slip_status careless_control(const slip_device_services *s, uint64_t address,
                                    uint32_t thread)
{
    (void)address;
    if (thread != 0) {
        return SLIP_OK;
    }
    uint32_t before = s->reg_read(s->device, CORE, s->info.reg_status);
    s->reg_write(s->device, CORE, s->info.reg_dispatch, before + 1u);
    for (uint32_t round = 1; s->reg_read(s->device, CORE, s->info.reg_status) != 7; round++) {
        s->idle(s->device, 0, round);
    }
    s->reg_write(s->device, 108, s->info.reg_dispatch, 1);
    s->reg_write(s->device, CORE, 0x18, 0xE);
    CHECK_EQ(s->reg_read(s->device, 108, s->info.reg_status), 0);
    CHECK_EQ(s->reg_read(s->device, CORE, 4), 0);
    return SLIP_OK;
}

/* Registers and cores that a5 does not have are refused and counted; a5 needs no fast path. */
static void unknown_registers_are_counted(void)
{
    const slip_platform_ops *ops = &slipi_platform_a5sim;
    static const slip_device_entry entry = {sizeof(entry), 0, careless_control, stopping_step,
                                            NULL};
    slip_platform_device *device = job_open(ops, 0, 1);
    CHECK_STATUS(SLIP_OK, run_entry(ops, device, &entry, 0));
    slipi_sim_counters counters;
    slipi_sim_read_counters(device, &counters);
    CHECK_EQ(counters.unknown_accesses, 4);
    CHECK_EQ(counters.stops, 1);
    CHECK_EQ(counters.closed_writes, 0);
    ops->close(device);
}

/* Gives a core two commands, the second after it has stopped. */
static slip_status insisting_control(const slip_device_services *s, uint64_t address,
                                     uint32_t thread)
{
    slip_status status = careless_control(s, address, thread);
    if (thread == 0) {
        /* The status is seen before the simulator notes the stop: insist until it has. */
        slipi_sim_counters counters = {0};
        for (uint32_t round = 1; counters.stopped_writes == 0; round++) {
            s->reg_write(s->device, CORE, s->info.reg_dispatch, round);
            s->idle(s->device, 0, round);
            slipi_sim_read_counters(s->device, &counters);
        }
    }
    return status;
}

/* A command to a core that has stopped is dropped and counted; the next launch starts it again. */
static void stopped_core_takes_no_command(void)
{
    const slip_platform_ops *ops = &slipi_platform_a5sim;
    static const slip_device_entry entry = {sizeof(entry), 0, insisting_control, stopping_step,
                                            NULL};
    static const slip_device_entry again = {sizeof(again), 0, careless_control, stopping_step,
                                            NULL};
    slip_platform_device *device = job_open(ops, 0, 1);
    CHECK_STATUS(SLIP_OK, run_entry(ops, device, &entry, 0));
    slipi_sim_counters counters;
    slipi_sim_read_counters(device, &counters);
    CHECK(counters.stopped_writes >= 1u);
    CHECK_EQ(counters.stops, 1);
    CHECK_STATUS(SLIP_OK, run_entry(ops, device, &again, 0));
    ops->close(device);
}

/* A description is its row of data. */
static void describes_its_row(void)
{
    slip_platform_info info = {0};
    slip_platform_device *device = job_open(&slipi_platform_a2a3sim, 15, 0);
    slipi_platform_a2a3sim.describe(device, &info);
    CHECK_STR(info.arch, "a2a3");
    CHECK_EQ(info.blocks, 24);
    CHECK_EQ(info.aic_count + info.aiv_count, 72);
    CHECK_EQ(info.control_active_max, 4);
    CHECK_EQ(info.control_launch_max, 6);
    CHECK_EQ(info.counter_hz, 50000000);
    CHECK_EQ(info.reg_fast_path, 0x18);
    CHECK_EQ(info.self_executing + info.host_in_place, 0);
    slipi_platform_a2a3sim.close(device);
    device = job_open(&slipi_platform_a5sim, 0, 0);
    slipi_platform_a5sim.describe(device, &info);
    CHECK_STR(info.arch, "a5");
    CHECK_EQ(info.aic_count + info.aiv_count, 108);
    CHECK_EQ(info.control_launch_max, 14);
    CHECK_EQ(info.reg_fast_path, 0);
    slipi_platform_a5sim.close(device);
}

/* Opening says what is wrong. */
static void open_refuses(void)
{
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    slip_platform_device *device = NULL;
    char why[200] = "";
    slip_platform_open options = {.struct_size = sizeof(options), .device_id = SLIPI_SIM_DEVICES};
    CHECK_STATUS(SLIP_E_PLATFORM_UNAVAILABLE, ops->open(&options, &device, why, sizeof(why)));
    CHECK_CONTAINS(why, "no device 16");
    options.device_id = 0;
    options.sim_threads = 1000;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->open(&options, &device, why, sizeof(why)));
    CHECK_CONTAINS(why, "1000 simulation threads");
    options.struct_size = 4;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->open(&options, &device, why, sizeof(why)));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->open(NULL, &device, why, sizeof(why)));
    CHECK(device == NULL);
    ops->close(NULL);
}

/* Copies stay inside what is committed; committed and zeroed bytes read as zero. */
static void memory_is_checked(void)
{
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    slip_platform_device *device = job_open(ops, 0, 1);
    uint64_t base = 0;
    uint8_t bytes[100];
    CHECK_STATUS(SLIP_OK, ops->reserve(device, UINT64_C(1) << 36, &base));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->copy_from(device, bytes, base, 1));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 0, 5000));
    CHECK_STATUS(SLIP_OK, ops->copy_from(device, bytes, base + 4900, 100));
    CHECK_EQ(bytes[99], 0);
    memset(bytes, 9, sizeof(bytes));
    CHECK_STATUS(SLIP_OK, ops->copy_to(device, base + 4096 - 50, bytes, 100));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 5000, 2000000));
    CHECK_STATUS(SLIP_OK, ops->copy_from(device, bytes, base + 4096 - 50, 100));
    CHECK_EQ(bytes[99], 9);
    CHECK_STATUS(SLIP_OK, ops->zero(device, base + 1, 1999999));
    CHECK_STATUS(SLIP_OK, ops->copy_from(device, bytes, base + 4096 - 50, 100));
    CHECK_EQ(bytes[0] + bytes[99], 0);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->copy_to(device, base + 2000000 + 4000, bytes, 100));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->copy_to(device, base, bytes, UINT64_MAX));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->copy_to(device, 16, bytes, 1));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->commit(device, base + 4096, 0, 4096));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->commit(device, base, 0, UINT64_C(1) << 40));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->reserve(device, 0, &base));
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, ops->reserve(device, UINT64_MAX, &base));
    ops->close(device);
}

/* The clock counts at the architecture's rate. */
static slip_status clock_control(const slip_device_services *s, uint64_t address, uint32_t thread)
{
    if (thread == 0) {
        uint64_t *ticks = (uint64_t *)(uintptr_t)address;
        ticks[0] = s->ticks(s->device);
        ticks[1] = s->ticks(s->device);
    }
    return SLIP_OK;
}

/* Ticks lie between two looks at the host's clock, in their own unit. */
static void clock_has_the_rate_of_its_row(void)
{
    static const slip_device_entry entry = {sizeof(entry), 0, clock_control, lazy_step, NULL};
    const slip_platform_ops *all[2] = {&slipi_platform_a2a3sim, &slipi_platform_a5sim};
    uint64_t ns_a_tick[2] = {20, 1};
    for (uint32_t i = 0; i < 2u; i++) {
        slip_platform_device *device = job_open(all[i], 0, 1);
        uint64_t ticks[2] = {0, 0};
        uint64_t before = slipi_now_ns() / ns_a_tick[i];
        CHECK_STATUS(SLIP_OK, run_entry(all[i], device, &entry, (uint64_t)(uintptr_t)ticks));
        uint64_t after = slipi_now_ns() / ns_a_tick[i];
        CHECK(before <= ticks[0] && ticks[0] <= ticks[1] && ticks[1] <= after);
        all[i]->close(device);
    }
}

/* The second control thread waits for the first one's word; the first then calls it. */
static slip_status calling_control(const slip_device_services *s, uint64_t address, uint32_t thread)
{
    slipi_au32 *turn = (slipi_au32 *)(uintptr_t)address;
    if (thread > 1) {
        return SLIP_OK;
    }
    for (uint32_t i = 0; i < 200u; i++) {
        uint32_t mine = 2u * i + thread;
        for (uint32_t round = 1; slipi_load_acquire(turn) != mine; round++) {
            s->idle(s->device, thread, 1000u + round);
        }
        slipi_store_release(turn, mine + 1u);
        s->call_threads(s->device, 1);
    }
    return thread == 0 ? SLIP_E_ORCH_FAILED : SLIP_OK;
}

/* Sleeping control threads are called; the first control thread's status is the run's. */
static void sleeping_threads_are_called(void)
{
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    static const slip_device_entry entry = {sizeof(entry), 0, calling_control, lazy_step, NULL};
    slip_platform_device *device = job_open(ops, 0, 1);
    slipi_au32 turn = 0;
    CHECK_STATUS(SLIP_OK,
                 launch_at((launch_on){ops, device}, &entry, (uint64_t)(uintptr_t)&turn, 2));
    CHECK_STATUS(SLIP_E_BUSY,
                 launch_at((launch_on){ops, device}, &entry, (uint64_t)(uintptr_t)&turn, 2));
    CHECK_STATUS(SLIP_E_ORCH_FAILED, ops->wait(device, RUN_BOUND_NS));
    CHECK_EQ(slipi_load_acquire(&turn), 400);
    CHECK_STATUS(SLIP_OK, ops->wait(device, RUN_BOUND_NS));
    ops->close(device);
}

/* A job with one task whose kernel holds. */
static job *holding_job(void)
{
    job *j = job_create();
    (void)job_add(j, SLIP_TASK_AIV, JOB_KERNEL_HOLD, 0, 0);
    slipi_store_release(&j->hold, 1u);
    job_rewind(j, 2);
    return j;
}

/* A wait gives up in time, refuses another launch, and may be repeated when the kernel returns. */
static void hang_is_reported(void)
{
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    slip_platform_device *device = job_open(ops, 0, 2);
    job *j = holding_job();
    uint64_t address = (uint64_t)(uintptr_t)j;
    CHECK_STATUS(SLIP_OK, launch_at((launch_on){ops, device}, &job_entry, address, 2));
    CHECK_STATUS(SLIP_E_HANG, ops->wait(device, SHORT_BOUND_NS));
    CHECK_STATUS(SLIP_E_BUSY, launch_at((launch_on){ops, device}, &job_entry, address, 2));
    slipi_store_release(&j->hold, 0u);
    CHECK_STATUS(SLIP_OK, ops->wait(device, RUN_BOUND_NS));
    job_rewind(j, 1);
    CHECK_STATUS(SLIP_OK, launch_at((launch_on){ops, device}, &job_entry, address, 1));
    CHECK_STATUS(SLIP_OK, ops->wait(device, RUN_BOUND_NS));
    CHECK_EQ(slipi_load_acquire(&j->completed), 1);
    job_destroy(j);
    ops->close(device);
}

/* What a close with a kernel inside leaves behind; kept reachable for leak checkers. */
static slip_platform_device *left_device;
static job *left_job;

/* Closing while a kernel is inside ends, and leaves the memory to the kernel. */
static void close_leaves_a_hung_kernel_alone(void)
{
    const slip_platform_ops *ops = &slipi_platform_a5sim;
    left_device = job_open(ops, 0, 1);
    left_job = holding_job();
    CHECK_STATUS(SLIP_OK, launch_at((launch_on){ops, left_device}, &job_entry,
                                    (uint64_t)(uintptr_t)left_job, 2));
    CHECK_STATUS(SLIP_E_HANG, ops->wait(left_device, SHORT_BOUND_NS));
    ops->close(left_device);
    slipi_store_release(&left_job->hold, 0u);
    while (slipi_load_acquire(&left_job->completed) == 0) {
        slipi_cpu_relax();
    }
}

int main(void)
{
    CHECK_CASE(closed_fast_path_drops_dispatches);
    CHECK_CASE(unknown_registers_are_counted);
    CHECK_CASE(stopped_core_takes_no_command);
    CHECK_CASE(describes_its_row);
    CHECK_CASE(open_refuses);
    CHECK_CASE(memory_is_checked);
    CHECK_CASE(clock_has_the_rate_of_its_row);
    CHECK_CASE(sleeping_threads_are_called);
    CHECK_CASE(hang_is_reported);
    CHECK_CASE(close_leaves_a_hung_kernel_alone);
    return check_report();
}
