/*
 * test_r3_monotonic.c - task ids, ring positions and serials never go back across runs; after a run
 * everything is quiescent, and the next one starts where it stopped.
 *
 * The platform is wrapped: it reads the runtime before and after each run.
 * ctest-labels: row R3
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include "abi/launch.h"
#include "row.h"
#include "support/check.h"

enum { WINDOW = 4, RUNS = 12 };

static const char *platform;
static const slip_platform_ops *inner;
static const slipi_launch *block;
static slipi_runtime before;
static slipi_runtime after;
static bool fail_launch;

/* The runtime as it lies in the arena; device memory is in reach on these platforms. */
static const slipi_runtime *runtime_now(void)
{
    const slip_binding *rows = row_bindings(block);
    return (const slipi_runtime *)(uintptr_t)(rows[SLIPI_BIND_ARENA].address + block->runtime_off);
}

/* Reads the runtime and launches. */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *given)
{
    block = row_launch_block(given);
    before = *runtime_now();
    return fail_launch ? SLIP_E_DEVICE : inner->launch(device, given);
}

/* Waits and reads the runtime. */
static slip_status wait_device(slip_platform_device *device, uint64_t timeout_ns)
{
    slip_status status = inner->wait(device, timeout_ns);
    after = *runtime_now();
    return status;
}

/* Opens a runner on the wrapped platform. */
static slip_runner *open_wrapped(slip_platform_ops *ops)
{
    inner = slip_platform_find(platform);
    *ops = *inner;
    ops->launch = launch;
    ops->wait = wait_device;
    return row_open(NULL, ops);
}

/* One ring before and after a run: it went on, and is quiet again. */
static void check_ring(const slipi_ring_state *from, const slipi_ring_state *to, uint64_t tasks)
{
    CHECK_EQ(from->head + tasks, to->head);
    CHECK_EQ(to->head, to->done);
    CHECK_EQ(to->head, to->tail);
    CHECK(to->heap_head >= from->heap_head && to->heap_tail == to->heap_head);
    CHECK(to->buffers_head >= from->buffers_head && to->buffers_tail == to->buffers_head);
    CHECK(to->spill_head >= from->spill_head);
    CHECK(to->pool_head >= from->pool_head);
}

/* Many runs of one sizing, of more tasks than its windows hold. */
static void positions_go_on(void)
{
    slip_platform_ops ops;
    slip_runner *runner = open_wrapped(&ops);
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(WINDOW, 1024, 4);
    slipi_runtime last = {0};
    for (uint32_t run = 0; run < RUNS; run++) {
        CHECK(row_good(runner, callable, &config));
        for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
            /* The first id is one window, so that 0 is never a task. */
            CHECK_EQ(run == 0 ? WINDOW : last.ring[r].head, before.ring[r].head);
            check_ring(&before.ring[r], &after.ring[r], r == 1 ? ROW_TASKS : 0);
        }
        CHECK(after.sequence > before.sequence);
        CHECK(after.scope_serial > before.scope_serial);
        CHECK(before.sequence >= last.sequence);
        last = after;
    }
    slip_runner_close(runner);
}

/* Laying an entry again starts its ids again, but the serials of runs go on. */
static void relay_keeps_serials(void)
{
    slip_platform_ops ops;
    slip_runner *runner = open_wrapped(&ops);
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(WINDOW, 1024, 4);
    bool right;
    CHECK(row_good(runner, callable, &config));
    uint64_t serial = block->run_serial;
    fail_launch = true;
    CHECK_STATUS(SLIP_E_DEVICE, row_run(runner, callable, &config, &right));
    fail_launch = false;
    CHECK(row_good(runner, callable, &config));
    CHECK_EQ(1, row_stats(runner).dirty);
    CHECK_EQ(WINDOW, before.ring[1].head);
    CHECK(block->run_serial > serial);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = row_platform(argc, argv);
    slip_log_set_sink(row_drop_lines, NULL);
    CHECK_CASE(positions_go_on);
    CHECK_CASE(relay_keeps_serials);
    return check_report();
}
