/*
 * test_s1_runner_lifetime.c - the prebuilt image belongs to one runner and lives as long as it.
 *
 * ctest-labels: row S1
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include "row.h"
#include "support/check.h"

static const char *platform;

/* One sizing on two runners: two misses; closing either leaves the other's hits. */
static void closing_one_leaves_the_other(void)
{
    slip_run_config config = row_config(64, 65536, 64);
    for (int order = 0; order < 2; order++) {
        slip_runner *closed = row_open(platform, NULL);
        slip_runner *kept = row_open(platform, NULL);
        if (order != 0) {
            slip_runner *swap = closed;
            closed = kept;
            kept = swap;
        }
        slip_callable in_closed = row_register(closed);
        slip_callable in_kept = row_register(kept);
        CHECK(row_good(closed, in_closed, &config));
        CHECK(row_good(kept, in_kept, &config));
        CHECK_EQ(1, row_stats(closed).misses);
        CHECK_EQ(1, row_stats(kept).misses);
        CHECK(row_good(closed, in_closed, &config));
        CHECK_EQ(1, row_stats(closed).hits);
        slip_runner_close(closed);
        CHECK(row_good(kept, in_kept, &config));
        CHECK(row_good(kept, in_kept, &config));
        slip_stats stats = row_stats(kept);
        CHECK_EQ(1, stats.misses);
        CHECK_EQ(2, stats.hits);
        CHECK_EQ(1, stats.cache_entries);
        slip_runner_close(kept);
    }
}

/* A runner that is opened again starts with nothing. */
static void reopening_is_a_miss(void)
{
    slip_run_config config = row_config(64, 65536, 64);
    for (int i = 0; i < 2; i++) {
        slip_runner *runner = row_open(platform, NULL);
        slip_callable callable = row_register(runner);
        CHECK_EQ(0, row_stats(runner).cache_entries);
        CHECK(row_good(runner, callable, &config));
        CHECK_EQ(1, row_stats(runner).misses);
        CHECK_EQ(0, row_stats(runner).hits);
        slip_runner_close(runner);
    }
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = row_platform(argc, argv);
    CHECK_CASE(closing_one_leaves_the_other);
    CHECK_CASE(reopening_is_a_miss);
    return check_report();
}
