/*
 * test_prefault.c - states made resident ahead of time, several at once, with their memory: what
 * the first run then no longer pays, and that runs go on meanwhile.
 *
 * ctest-labels: unit concurrency S4
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include <slipway/platform.h>

#include "affine.h"
#include "base/atomic.h"
#include "support/check.h"
#include "support/failing_platform.h"

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1) << 20)
enum { SIZINGS = 3, WAIT_MS = 20000 };

static const char *platform;

/* Three sizings. */
static void make_configs(slip_run_config configs[SIZINGS])
{
    configs[0] = affine_config(64, 64 * KIB, 64);
    configs[1] = affine_config(1024, MIB, 1024);
    configs[2] = affine_config(256, 4 * MIB, 64);
}

/* One call makes all of them resident; a second one finds them; every run is a hit. */
static void several_at_once(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config configs[SIZINGS];
    slip_prewarmed out[SIZINGS] = {{.struct_size = sizeof(out[0])}};
    make_configs(configs);
    for (uint32_t round = 0; round < 2; round++) {
        out[0].struct_size = sizeof(out[0]);
        CHECK_STATUS(SLIP_OK, slip_prewarm_all(runner, configs, SIZINGS, NULL, out));
        for (uint32_t i = 0; i < SIZINGS; i++) {
            CHECK_EQ(round == 0 ? SLIP_PREWARM_BUILT : SLIP_PREWARM_RESIDENT, out[i].found);
            CHECK_EQ(1, out[i].stays);
            CHECK_EQ(0, out[i].state_bytes + out[i].heap_bytes + out[i].huge_bytes);
        }
    }
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(SIZINGS, stats.misses);
    CHECK_EQ(SIZINGS, stats.hits);
    for (uint32_t i = 0; i < SIZINGS; i++) {
        CHECK(affine_good(runner, callable, &configs[i]));
        CHECK_EQ(0, affine_stats(runner).last_image_bytes);
    }
    slip_runner_close(runner);
}

/* More than the cache keeps is refused; one that a later one drove out is told. */
static void limits(void)
{
    slip_run_config configs[SIZINGS];
    slip_prewarmed out[SIZINGS] = {{.struct_size = sizeof(out[0])}};
    slip_prewarm_options odd = {.struct_size = sizeof(odd), .flags = 64};
    slip_prewarm_options small = {.struct_size = 4};
    slip_runner *runner = NULL;
    make_configs(configs);
    slip_runner_options options = {
        .struct_size = sizeof(options), .platform = platform, .cache_entries = 2};
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    CHECK_STATUS(SLIP_E_LIMIT, slip_prewarm_all(runner, configs, SIZINGS, NULL, out));
    CHECK_STR("cache entries", affine_error(runner).resource);
    CHECK_EQ(0, affine_stats(runner).misses);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_prewarm_all(NULL, configs, 1, NULL, out));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_prewarm_all(runner, NULL, 1, NULL, out));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_prewarm_all(runner, configs, 1, &odd, out));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_prewarm_all(runner, configs, 1, &small, out));
    CHECK_STATUS(SLIP_OK, slip_prewarm_all(runner, NULL, 0, NULL, NULL));
    out[0].struct_size = 4;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_prewarm_all(runner, configs, 1, NULL, out));
    configs[1].struct_size = 4;
    out[0].struct_size = sizeof(out[0]);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_prewarm_all(runner, configs, 2, NULL, out));
    CHECK_EQ(1, affine_stats(runner).cache_entries);
    slip_runner_close(runner);
    make_configs(configs);
    slip_footprint print = {.struct_size = sizeof(print)};
    runner = affine_open(platform, NULL);
    CHECK_STATUS(SLIP_OK, slip_footprint_of(runner, &configs[1], &print));
    slip_runner_close(runner);
    options.cache_bytes = print.sm_bytes + print.arena_bytes;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    out[0].struct_size = sizeof(out[0]);
    CHECK_STATUS(SLIP_OK, slip_prewarm_all(runner, configs, 2, NULL, out));
    CHECK_EQ(0, out[0].stays);
    CHECK_EQ(1, out[1].stays);
    slip_runner_close(runner);
}

/* It says what it got, and that is what takes memory. */
static void says_what_it_got(void)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(1024, 8 * MIB, 1024);
    slip_prewarmed out = {.struct_size = sizeof(out)};
    slip_prewarm_options options = {.struct_size = sizeof(options),
                                    .flags = SLIP_PREWARM_FAULT | SLIP_PREWARM_HEAP,
                                    .heap_bytes = 3 * MIB};
    CHECK_STATUS(SLIP_OK, slip_prewarm_all(runner, &config, 1, &options, &out));
    slip_footprint print = {.struct_size = sizeof(print)};
    slip_residency memory = {.struct_size = sizeof(memory)};
    CHECK_STATUS(SLIP_OK, slip_footprint_of(runner, &config, &print));
    CHECK_STATUS(SLIP_OK, slip_runner_residency(runner, &memory));
    CHECK_EQ(print.sm_bytes + print.arena_bytes, out.state_bytes);
    CHECK_EQ(4 * 3 * MIB, out.heap_bytes);
    CHECK_EQ(memory.sm_bytes + memory.arena_bytes, out.state_resident_bytes);
    CHECK_EQ(memory.gm_heap_bytes, out.heap_resident_bytes);
    CHECK_EQ(0, out.restarts);
    CHECK(affine_good(runner, callable, &config));
    /* Large pages: as the machine has them, and never more than there is memory. */
    slip_run_config large = affine_config(4096, 8 * MIB, 64);
    options.flags |= SLIP_PREWARM_HUGE;
    CHECK_STATUS(SLIP_OK, slip_prewarm_all(runner, &large, 1, &options, &out));
    CHECK(out.huge_bytes <= out.state_resident_bytes + out.heap_resident_bytes);
    printf("in large pages: %" PRIu64 " of %" PRIu64 "\n", out.huge_bytes,
           out.state_resident_bytes + out.heap_resident_bytes);
    CHECK(affine_good(runner, callable, &large));
    slip_runner_close(runner);
}

/* Page faults of this thread so far. */
static long faults(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* Page faults of the first run with a sizing on a thread that has run before. */
static long first_run_faults(const slip_prewarm_options *options, slip_prewarmed *out)
{
    slip_runner_options open = {.struct_size = sizeof(open), .platform = platform, .threads = 1};
    slip_runner *runner = NULL;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&open, &runner));
    slip_callable callable = affine_register(runner);
    slip_run_config other = affine_config(64, 64 * KIB, 64);
    slip_run_config config = affine_config(1024, MIB, 1024);
    for (int i = 0; i < 3; i++) {
        CHECK(affine_good(runner, callable, &other)); /* code and stack are there */
    }
    CHECK_STATUS(SLIP_OK, slip_prewarm_all(runner, &config, 1, options, out));
    (void)faults();
    long before = faults();
    bool good = affine_good(runner, callable, &config);
    long after = faults();
    CHECK(good);
    CHECK_EQ(0, affine_stats(runner).last_image_bytes);
    slip_runner_close(runner);
    return after - before;
}

/* After a pre-fault the first run has no page fault; without, it has. */
static void first_run_without_faults(void)
{
    slip_prewarmed out = {.struct_size = sizeof(out)};
    slip_prewarm_options options = {.struct_size = sizeof(options),
                                    .flags = SLIP_PREWARM_FAULT | SLIP_PREWARM_HEAP};
    if (strcmp(platform, "cpu") != 0) {
        return; /* elsewhere other threads use the memory */
    }
    long without = first_run_faults(NULL, &out);
    long with = first_run_faults(&options, &out);
    printf("page faults of the first run: %ld, after a pre-fault %ld\n", without, with);
    CHECK(without > 0);
    if (out.state_resident_bytes < out.state_bytes || out.heap_resident_bytes < out.heap_bytes) {
        printf("this machine gives no memory ahead of time\n");
        return;
    }
    const char *sanitizer = getenv("SLIPWAY_SANITIZE");
    if (sanitizer != NULL && sanitizer[0] != '\0') {
        CHECK(with < without); /* it has memory of its own for the same addresses */
        return;
    }
    CHECK_EQ(0, with);
}

/* ---- while runs go on ------------------------------------------------------------------------ */

static slip_platform_ops gated; /* a platform whose populate waits for runs */
static const slip_platform_ops *plain;
static slipi_au32 runs_done;
static slipi_au32 runs_wanted; /* populate returns when so many are done */
static slipi_au32 populating;  /* 1: a populate is inside */
static slipi_au32 gave_up;
static slipi_au32 astray; /* parts that were not mapped any more */

/* Sleeps for a millisecond. */
static void nap(void)
{
    const struct timespec ms = {0, 1000000};
    (void)nanosleep(&ms, NULL);
}

/* populate that ends only after runs have ended: a pre-fault under the runner's lock never would.
 */
static slip_status gated_populate(slip_platform_device *device, uint64_t address, uint64_t bytes,
                                  uint32_t flags, slip_platform_populated *out)
{
    slipi_store_release(&populating, 1u);
    uint32_t waited = 0;
    while (slipi_load_acquire(&runs_done) < slipi_load_acquire(&runs_wanted) &&
           waited++ < WAIT_MS) {
        nap();
    }
    if (waited > WAIT_MS) {
        slipi_store_release(&gave_up, 1u);
    }
    /* Device memory is this process's on these platforms: the part must still be mapped. */
    unsigned char page[1];
    if (mincore((void *)(uintptr_t)(address / 4096 * 4096), 4096, page) != 0) {
        slipi_add_acq_rel(&astray, 1u);
    }
    return plain->populate(device, address, bytes, flags, out);
}

/* What the other thread does. */
typedef struct ahead {
    slip_runner *runner;
    slip_run_config configs[SIZINGS];
    slip_prewarmed out[SIZINGS];
    slip_status status;
} ahead;

/* Prewarms everything with its memory. */
static void *prewarm_thread(void *argument)
{
    ahead *a = argument;
    slip_prewarm_options options = {.struct_size = sizeof(options),
                                    .flags = SLIP_PREWARM_FAULT | SLIP_PREWARM_HEAP};
    a->out[0].struct_size = sizeof(a->out[0]);
    a->status = slip_prewarm_all(a->runner, a->configs, SIZINGS, &options, a->out);
    return NULL;
}

/* Opens a runner on the platform whose populate waits. */
static slip_runner *open_gated(slip_callable *callable)
{
    plain = slip_platform_find(platform);
    gated = *plain;
    gated.populate = gated_populate;
    slipi_store_release(&runs_done, 0u);
    slipi_store_release(&runs_wanted, 0u);
    slipi_store_release(&populating, 0u);
    slip_runner *runner = affine_open(NULL, &gated);
    *callable = affine_register(runner);
    return runner;
}

/* Runs end while pages are given: hits, and a miss that evicts nothing. */
static void runs_go_on(void)
{
    slip_callable callable;
    slip_runner *runner = open_gated(&callable);
    slip_run_config mine = affine_config(16, 4 * KIB, 16);
    slip_run_config new = affine_config(32, 4 * KIB, 16);
    ahead a = {.runner = runner};
    pthread_t thread;
    make_configs(a.configs);
    CHECK(affine_good(runner, callable, &mine));
    slipi_store_release(&runs_wanted, 20u);
    CHECK_EQ(0, pthread_create(&thread, NULL, prewarm_thread, &a));
    for (uint32_t i = 0; i < WAIT_MS && slipi_load_acquire(&populating) == 0; i++) {
        nap();
    }
    CHECK_EQ(1, slipi_load_acquire(&populating));
    uint64_t hits = affine_stats(runner).hits;
    for (uint32_t i = 0; i < 20; i++) {
        CHECK(affine_good(runner, callable, i == 10 ? &new : &mine));
        slipi_add_acq_rel(&runs_done, 1u);
    }
    CHECK(affine_stats(runner).hits >= hits + 19);
    CHECK_EQ(0, pthread_join(thread, NULL));
    CHECK_STATUS(SLIP_OK, a.status);
    CHECK_EQ(0, slipi_load_acquire(&gave_up));
    for (uint32_t i = 0; i < SIZINGS; i++) {
        CHECK_EQ(1, a.out[i].stays);
        CHECK(affine_good(runner, callable, &a.configs[i]));
        CHECK_EQ(0, affine_stats(runner).last_image_bytes);
        printf("longest wait of runs: %" PRIu64 " ns\n", a.out[i].lock_ns);
    }
    slip_runner_close(runner);
}

/* Memory that is taken away in the middle: the pre-fault looks again and ends, the runner is good.
 */
static void memory_taken_away(void)
{
    slip_callable callable;
    slip_runner *runner = open_gated(&callable);
    ahead a = {.runner = runner};
    make_configs(a.configs);
    uint64_t trimmed = 0;
    for (uint32_t round = 0; round < 30; round++) {
        pthread_t thread;
        slipi_store_release(&populating, 0u);
        CHECK_EQ(0, pthread_create(&thread, NULL, prewarm_thread, &a));
        for (uint32_t i = 0; i < WAIT_MS && slipi_load_acquire(&populating) == 0; i++) {
            nap();
        }
        slip_trimmed out = {.struct_size = sizeof(out)};
        CHECK_STATUS(SLIP_OK, slip_trim(runner, NULL, &out));
        trimmed += out.entries;
        CHECK(affine_good(runner, callable, &a.configs[round % SIZINGS]));
        CHECK_EQ(0, pthread_join(thread, NULL));
        CHECK_STATUS(SLIP_OK, a.status);
        for (uint32_t i = 0; i < SIZINGS; i++) {
            CHECK(affine_good(runner, callable, &a.configs[i]));
        }
    }
    CHECK(trimmed > 0);
    CHECK_EQ(0, slipi_load_acquire(&astray));
    slip_runner_close(runner);
}

/* A platform that fails to give memory: named; the state is resident all the same. */
static void failures_are_named(void)
{
    slip_runner *runner = affine_open(NULL, failing_platform_wrap(slip_platform_find(platform)));
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 64 * KIB, 64);
    slip_prewarm_options options = {.struct_size = sizeof(options), .flags = SLIP_PREWARM_FAULT};
    slip_prewarmed out = {.struct_size = sizeof(out)};
    failing_platform_fail_always("populate");
    CHECK_STATUS(SLIP_E_DEVICE, slip_prewarm_all(runner, &config, 1, &options, &out));
    CHECK_CONTAINS(affine_error(runner).message, "populate");
    CHECK_EQ(1, out.stays);
    failing_platform_fail_always(NULL);
    CHECK(affine_good(runner, callable, &config));
    CHECK_EQ(0, affine_stats(runner).last_image_bytes);
    slip_runner_close(runner);
}

/* Without such a member, what is committed has memory. */
static void platform_without_pages(void)
{
    slip_platform_ops ops = *slip_platform_find(platform);
    ops.populate = NULL;
    slip_runner *runner = affine_open(NULL, &ops);
    slip_run_config config = affine_config(64, 64 * KIB, 64);
    slip_prewarm_options options = {.struct_size = sizeof(options), .flags = SLIP_PREWARM_HEAP};
    slip_prewarmed out = {.struct_size = sizeof(out)};
    CHECK_STATUS(SLIP_OK, slip_prewarm_all(runner, &config, 1, &options, &out));
    CHECK(out.state_bytes > 0);
    CHECK_EQ(out.state_bytes, out.state_resident_bytes);
    CHECK_EQ(4 * 64 * KIB, out.heap_resident_bytes);
    slip_runner_close(runner);
}

/* Log sink: the failures are meant. */
static void drop_lines(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    slip_log_set_sink(drop_lines, NULL);
    CHECK_CASE(several_at_once);
    CHECK_CASE(limits);
    CHECK_CASE(says_what_it_got);
    CHECK_CASE(first_run_without_faults);
    CHECK_CASE(runs_go_on);
    CHECK_CASE(memory_taken_away);
    CHECK_CASE(failures_are_named);
    CHECK_CASE(platform_without_pages);
    return check_report();
}
