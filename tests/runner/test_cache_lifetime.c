/*
 * test_cache_lifetime.c - the image lives as long as its runner: two runners, closing, reopening.
 *
 * ctest-labels: unit S1
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include "affine.h"
#include "support/check.h"

static const char *platform;

/* The second run with a sizing is a hit, and so are all later ones. */
static void second_run_is_a_hit(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    for (int i = 0; i < 5; i++) {
        CHECK(affine_good(runner, callable, &config));
    }
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(1, stats.misses);
    CHECK_EQ(4, stats.hits);
    CHECK_EQ(1, stats.cache_entries);
    slip_runner_close(runner);
}

/* One sizing on two runners is two misses; closing one leaves the other's hits. */
static void runners_share_nothing(void)
{
    slip_runner *a = affine_open(platform, NULL);
    slip_runner *b = affine_open(platform, NULL);
    slip_callable in_a = affine_register(a);
    slip_callable in_b = affine_register(b);
    slip_run_config config = affine_config(64, 65536, 64);
    CHECK(affine_good(a, in_a, &config));
    CHECK(affine_good(b, in_b, &config));
    CHECK_EQ(1, affine_stats(a).misses);
    CHECK_EQ(1, affine_stats(b).misses);
    slip_runner_close(a);
    CHECK(affine_good(b, in_b, &config));
    slip_stats stats = affine_stats(b);
    CHECK_EQ(1, stats.misses);
    CHECK_EQ(1, stats.hits);
    slip_runner_close(b);
}

/* A runner that is opened again starts with nothing. */
static void reopening_is_a_miss(void)
{
    slip_run_config config = affine_config(64, 65536, 64);
    for (int i = 0; i < 2; i++) {
        slip_runner *runner = affine_open(platform, NULL);
        slip_callable callable = affine_register(runner);
        CHECK(affine_good(runner, callable, &config));
        slip_stats stats = affine_stats(runner);
        CHECK_EQ(1, stats.misses);
        CHECK_EQ(0, stats.hits);
        slip_runner_close(runner);
    }
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(second_run_is_a_hit);
    CHECK_CASE(runners_share_nothing);
    CHECK_CASE(reopening_is_a_miss);
    return check_report();
}
