/*
 * test_r1_position_independent.c - GM heap, SM and arena hold no address: they are copied elsewhere
 * between any two runs, what is left behind is spoilt, and every run is right.
 *
 * The platform is wrapped: its launch moves the three regions and changes only the binding table.
 * ctest-labels: row R1
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <stdlib.h>

#include "abi/launch.h"
#include "row.h"
#include "support/check.h"

enum { REGIONS = 3, RUNS = 24, SPOILT = 0xA5 };

static const uint32_t bindings[REGIONS] = {SLIPI_BIND_HEAP, SLIPI_BIND_SM, SLIPI_BIND_ARENA};
static const char *platform;
static const slip_platform_ops *inner;
static uint8_t *copies[REGIONS]; /* where the regions lie now; null = where the runner put them */
static uint32_t moves;

/* Moves one region to fresh memory and spoils the place that it leaves. */
static void move(slip_binding *row, uint32_t region)
{
    uint8_t *from = copies[region];
    if (from == NULL) {
        from = (uint8_t *)(uintptr_t)row->address;
    }
    uint8_t *to = aligned_alloc(SLIPI_PAGE, row->bytes);
    if (!CHECK(to != NULL)) {
        return;
    }
    memcpy(to, from, row->bytes);
    memset(from, SPOILT, row->bytes);
    free(copies[region]);
    copies[region] = to;
    row->address = (uint64_t)(uintptr_t)to;
    moves++;
}

/* Moves all regions and launches. */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *given)
{
    slipi_launch *block = row_launch_block(given);
    slip_binding *rows = row_bindings(block);
    for (uint32_t i = 0; i < REGIONS; i++) {
        move(&rows[bindings[i]], i);
    }
    return inner->launch(device, given);
}

/* Many runs of one sizing; windows and heap wrap around meanwhile. */
static void regions_move_between_runs(void)
{
    inner = slip_platform_find(platform);
    slip_platform_ops ops = *inner;
    ops.launch = launch;
    slip_runner *runner = row_open(NULL, &ops);
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(4, 1024, 4);
    for (uint32_t run = 0; run < RUNS; run++) {
        if (!CHECK(row_good(runner, callable, &config))) {
            fprintf(stderr, "run %u\n", run);
        }
        config.dispatch = run % 4; /* every way of dispatch leaves its traces in SM */
    }
    CHECK_EQ(RUNS * REGIONS, moves);
    CHECK_EQ(1, row_stats(runner).misses);
    slip_runner_close(runner);
    for (uint32_t i = 0; i < REGIONS; i++) {
        free(copies[i]);
        copies[i] = NULL;
    }
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = row_platform(argc, argv);
    CHECK_CASE(regions_move_between_runs);
    return check_report();
}
