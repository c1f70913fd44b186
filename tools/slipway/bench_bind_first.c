/*
 * bench_bind_first.c - what the first run costs, and what two runners cost each other.
 *
 * For bench_bind.c. The first run is one of a thousand tasks with outputs of a page each, so that
 * it touches task slots and heap for the first time.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bench_bind.h"
#include "bench_programs.h"

/* Samples of one kind of first run. */
typedef struct first_samples {
    uint64_t bind[SLIPI_BIND_MAX_MISSES];
    uint64_t first[SLIPI_BIND_MAX_MISSES];
    uint64_t run[SLIPI_BIND_MAX_MISSES];
} first_samples;

/* Percentiles of some samples that are not the bench's own. */
static slipi_bind_times_ns percentiles_of(slipi_bind_bench *bench, const uint64_t *from)
{
    for (uint32_t i = 0; i < bench->options->misses; i++) {
        bench->samples[i] = from[i];
    }
    return slipi_bind_percentiles(bench, bench->options->misses);
}

/* Fills one row of the report. */
static slipi_bind_first row_of(slipi_bind_bench *bench, const first_samples *samples)
{
    return (slipi_bind_first){percentiles_of(bench, samples->bind),
                              percentiles_of(bench, samples->first),
                              percentiles_of(bench, samples->run)};
}

/* One run, as sample i. */
static int sample(slipi_bind_bench *bench, first_samples *out, uint32_t i)
{
    const slip_run_config config = slipi_bind_config(0);
    const slip_run_arg arg = slip_scalar_arg(SLIPI_BIND_FIRST_TASKS);
    slipi_bench_first_begin();
    uint64_t begin_ns = slipi_cli_now_ns();
    slip_status status = slip_run(bench->runner, bench->callable, &arg, 1, &config);
    out->run[i] = slipi_cli_now_ns() - begin_ns;
    if (status != SLIP_OK) {
        return slipi_bind_fail(bench, status);
    }
    uint64_t first_ns = slipi_bench_first_ns();
    out->first[i] = first_ns > begin_ns ? first_ns - begin_ns : 0;
    int code = slipi_bind_stats(bench);
    out->bind[i] = bench->stats.last_bind_ns;
    return code;
}

/* First runs: on fresh runners, on fresh runners after prewarming, and again. */
int slipi_bind_measure_first(slipi_bind_bench *bench, slipi_bind_report *out)
{
    static first_samples samples[3];
    static uint64_t prewarm_ns[SLIPI_BIND_MAX_MISSES];
    const slip_run_config config = slipi_bind_config(0);
    int code = SLIPI_EXIT_OK;
    for (uint32_t i = 0; i < bench->options->misses && code == 0; i++) {
        code = slipi_bind_open(bench, NULL, &slipi_bench_first);
        code = code != 0 ? code : sample(bench, &samples[0], i);
        code = code != 0 ? code : slipi_bind_open(bench, NULL, &slipi_bench_first);
        if (code != 0) {
            return code;
        }
        uint64_t begin_ns = slipi_cli_now_ns();
        slip_status status = slip_prewarm(bench->runner, &config);
        prewarm_ns[i] = slipi_cli_now_ns() - begin_ns;
        code = status == SLIP_OK ? sample(bench, &samples[1], i) : slipi_bind_fail(bench, status);
    }
    /* A window's worth of runs, so that no slot and no byte of the heap is met for the first time;
     * the samples are the last of them. */
    uint32_t lap = 2u * SLIPI_BIND_FIRST_LAP_RUNS + bench->options->misses;
    for (uint32_t i = 0; i < lap && code == 0; i++) {
        code = sample(bench, &samples[2], i % bench->options->misses);
    }
    out->cold = row_of(bench, &samples[0]);
    out->prewarmed = row_of(bench, &samples[1]);
    out->warm = row_of(bench, &samples[2]);
    out->prewarm = percentiles_of(bench, prewarm_ns);
    return code;
}

/* One of two threads with a runner each. */
typedef struct racer {
    slipi_bind_bench bench; /* with a runner and samples of its own */
    pthread_barrier_t *start;
    int code;
} racer;

/* Hits on a racer's own runner. */
static void race(racer *r)
{
    const slip_run_config config = slipi_bind_config(0);
    uint32_t hits = r->bench.options->hits;
    for (uint32_t i = 0; i < SLIPI_BIND_WARM_UP + hits && r->code == 0; i++) {
        slip_status status = slip_run(r->bench.runner, r->bench.callable, NULL, 0, &config);
        r->code = status == SLIP_OK ? slipi_bind_stats(&r->bench) : SLIPI_EXIT_FAILURE;
        r->bench.samples[i < SLIPI_BIND_WARM_UP ? 0 : i - SLIPI_BIND_WARM_UP] =
            r->bench.stats.last_bind_ns;
    }
}

/* Body of both threads: together. */
static void *race_main(void *argument)
{
    racer *r = argument;
    (void)pthread_barrier_wait(r->start);
    race(r);
    return NULL;
}

/* Opens a racer. */
static int open_racer(racer *r, const slipi_bind_options *options, pthread_barrier_t *start)
{
    r->bench = (slipi_bind_bench){.options = options,
                                  .samples = calloc(SLIPI_BIND_MAX_HITS, sizeof(uint64_t))};
    r->start = start;
    r->code = SLIPI_EXIT_OK;
    return r->bench.samples != NULL ? slipi_bind_open(&r->bench, NULL, &slipi_bench_empty)
                                    : slipi_cli_fail("bench bind", "no memory for samples");
}

/* Lets both run at once. */
static int race_together(racer racers[2])
{
    pthread_t other;
    if (pthread_create(&other, NULL, race_main, &racers[1]) != 0) {
        return slipi_cli_fail("bench bind", "a second thread cannot be started");
    }
    (void)race_main(&racers[0]);
    (void)pthread_join(other, NULL);
    return racers[0].code != 0 ? racers[0].code : racers[1].code;
}

/* Two runners on two threads against one alone; of the two the slower one counts. */
int slipi_bind_measure_threads(slipi_bind_bench *bench, slipi_bind_report *out)
{
    /* A second simulator is another device; a second cpu runner is the same one again. */
    slipi_bind_options options[2] = {*bench->options, *bench->options};
    const char *platform = bench->options->session.platform;
    options[1].session.device += platform != NULL && strcmp(platform, "cpu") != 0 ? 1u : 0u;
    pthread_barrier_t start;
    racer racers[2];
    slipi_bind_close(bench);
    if (pthread_barrier_init(&start, NULL, 2) != 0) {
        return slipi_cli_fail("bench bind", "no barrier");
    }
    int code = open_racer(&racers[0], &options[0], &start);
    int second = open_racer(&racers[1], &options[1], &start);
    code = code != 0 ? code : second;
    if (code == 0) {
        race(&racers[0]);
        code = racers[0].code;
        out->alone = slipi_bind_percentiles(&racers[0].bench, bench->options->hits);
    }
    code = code != 0 ? code : race_together(racers);
    for (uint32_t i = 0; i < 2; i++) {
        slipi_bind_times_ns times = slipi_bind_percentiles(&racers[i].bench, bench->options->hits);
        if (i == 0 || times.p50 > out->together.p50) {
            out->together = times;
        }
        slipi_bind_close(&racers[i].bench);
        free(racers[i].bench.samples);
    }
    (void)pthread_barrier_destroy(&start);
    return code;
}
