/*
 * test_s2_full_key.c - every field of the key, changed, makes a run a miss; a hash is not enough.
 *
 * The fields that a caller cannot set (platform, architecture, capacities, fingerprint) are changed
 * in the runner itself.
 * ctest-labels: row S2
 */
#include <stddef.h>

#include "row.h"
#include "runner/runner_int.h"
#include "support/check.h"

/* Runs and tells whether it was a hit; the run must be right. */
static bool is_hit(slip_runner *runner, slip_callable callable, const slip_run_config *config)
{
    uint64_t hits = row_stats(runner).hits;
    uint64_t misses = row_stats(runner).misses;
    CHECK(row_good(runner, callable, config));
    slip_stats stats = row_stats(runner);
    CHECK_EQ(hits + misses + 1, stats.hits + stats.misses);
    return stats.hits == hits + 1;
}

/* Each of the twelve values of the sizing; smaller ones, so that no region has to grow. */
static void every_sizing_value(void)
{
    slip_runner *runner = row_open("cpu", NULL);
    slip_callable callable = row_register(runner);
    const slip_run_config base = row_config(128, 131072, 128);
    CHECK(!is_hit(runner, callable, &base));
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        for (uint32_t value = 0; value < 3; value++) {
            slip_run_config other = base;
            slip_ring_sizing *sizing = &other.sizing.ring[ring];
            uint64_t *at[3] = {&sizing->task_window, &sizing->heap_bytes, &sizing->dep_pool};
            *at[value] /= 2;
            CHECK(is_hit(runner, callable, &base));
            if (!CHECK(!is_hit(runner, callable, &other))) {
                fprintf(stderr, "ring %u, value %u of its sizing\n", ring, value);
            }
        }
    }
    slip_runner_close(runner);
}

/* Each field that is the same for all runs of a runner. */
static void every_fixed_field(void)
{
    slip_runner *runner = row_open("cpu", NULL);
    slip_callable callable = row_register(runner);
    const slip_run_config config = row_config(64, 65536, 64);
    const slipi_prebuilt_key key = runner->key;
    CHECK(!is_hit(runner, callable, &config));
    for (uint32_t field = 0; field < 4; field++) {
        CHECK(is_hit(runner, callable, &config));
        switch (field) {
        case 0:
            runner->key.fingerprint ^= 1;
            break;
        case 1:
            runner->key.control_capacity += 1;
            break;
        case 2:
            runner->key.arch[sizeof(key.arch) - 1] = 'x';
            break;
        default:
            runner->key.platform[sizeof(key.platform) - 1] = 'x';
            break;
        }
        if (!CHECK(!is_hit(runner, callable, &config))) {
            fprintf(stderr, "fixed field %u\n", field);
        }
        runner->key.fingerprint = key.fingerprint;
        runner->key.control_capacity = key.control_capacity;
        memcpy(runner->key.arch, key.arch, sizeof(key.arch));
        memcpy(runner->key.platform, key.platform, sizeof(key.platform));
    }
    slip_runner_close(runner);
}

/* The run mode, and every other bit, asked of the cache itself. */
static void every_bit(void)
{
    slip_runner *runner = row_open("cpu", NULL);
    slip_callable callable = row_register(runner);
    const slip_run_config config = row_config(64, 65536, 64);
    slipi_prebuilt_entry *entry = NULL;
    CHECK(row_good(runner, callable, &config));
    const slipi_prebuilt_key key = runner->key;
    for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
        slipi_prebuilt_key other = key;
        ((unsigned char *)&other)[bit / 8] ^= (unsigned char)(1u << bit % 8);
        CHECK_EQ(SLIPI_PREBUILT_MISS, slipi_prebuilt_cache_lookup(&runner->cache, &other, &entry));
    }
    CHECK_EQ(SLIPI_PREBUILT_HIT, slipi_prebuilt_cache_lookup(&runner->cache, &key, &entry));
    slip_runner_close(runner);
}

/* An entry whose stored hash is another key's is still not that key's. */
static void hash_only_speeds(void)
{
    slip_runner *runner = row_open("cpu", NULL);
    slip_callable callable = row_register(runner);
    const slip_run_config config = row_config(64, 65536, 64);
    slipi_prebuilt_entry *entry = NULL;
    CHECK(row_good(runner, callable, &config));
    slipi_prebuilt_key other = runner->key;
    other.sizing.ring[3].dep_pool = 128;
    CHECK_EQ(1, runner->cache.count);
    runner->cache.entries[0]->key_hash = slipi_prebuilt_key_hash(&other);
    CHECK_EQ(SLIPI_PREBUILT_MISS, slipi_prebuilt_cache_lookup(&runner->cache, &other, &entry));
    slip_runner_close(runner);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(every_sizing_value);
    CHECK_CASE(every_fixed_field);
    CHECK_CASE(every_bit);
    CHECK_CASE(hash_only_speeds);
    return check_report();
}
