/*
 * test_r2_zero_is_empty.c - an image is one header page a region and zeros, whatever the sizing: a
 * build on fresh memory writes nothing else.
 *
 * The platform is wrapped: its launch looks at SM and arena before the device does.
 * ctest-labels: row R2
 * ctest-run: cpu --platform cpu
 * ctest-run: a5sim --platform a5sim
 */
#include "abi/launch.h"
#include "row.h"
#include "support/check.h"

static const char *platform;
static const slip_platform_ops *inner;
static uint64_t looked_at; /* bytes behind the header pages */
static uint64_t not_zero;

/* Counts the bytes of a region beside its header page, and those that are not zero. */
static void look_at(const slip_binding *row, uint64_t header)
{
    const uint8_t *bytes = (const uint8_t *)(uintptr_t)row->address;
    for (uint64_t i = 0; i < row->bytes; i++) {
        bool beside = i < header || i >= header + SLIPI_PAGE;
        looked_at += beside ? 1 : 0;
        not_zero += beside && bytes[i] != 0 ? 1 : 0;
    }
}

/* Looks at both regions and launches. */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *given)
{
    const slipi_launch *block = row_launch_block(given);
    const slip_binding *rows = row_bindings(block);
    look_at(&rows[SLIPI_BIND_SM], 0);
    look_at(&rows[SLIPI_BIND_ARENA], block->runtime_off);
    return inner->launch(device, given);
}

/* The first run of a sizing finds zeros behind the headers. */
static void fresh_state_is_zero(void)
{
    inner = slip_platform_find(platform);
    slip_platform_ops ops = *inner;
    ops.launch = launch;
    slip_runner *runner = row_open(NULL, &ops);
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(64, 65536, 64);
    CHECK(row_good(runner, callable, &config));
    slip_stats stats = row_stats(runner);
    CHECK_EQ(stats.resident_sm_bytes + stats.resident_arena_bytes - 2 * SLIPI_PAGE, looked_at);
    CHECK_EQ(0, not_zero);
    slip_runner_close(runner);
}

/* What a build writes does not depend on the window. */
static void image_is_two_pages(void)
{
    slip_runner *runner = row_open(platform, NULL);
    for (uint64_t window = 4; window <= 65536; window *= 4) {
        slip_run_config config = row_config(window, 65536, 64);
        CHECK_STATUS(SLIP_OK, slip_prewarm(runner, &config));
        CHECK_EQ(2 * SLIPI_PAGE, row_stats(runner).last_image_bytes);
    }
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = row_platform(argc, argv);
    CHECK_CASE(fresh_state_is_zero);
    CHECK_CASE(image_is_two_pages);
    return check_report();
}
