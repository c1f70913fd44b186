/*
 * bench_bind_cache.c - binds that miss, relay or hit, and several sizings in turn.
 *
 * For bench_bind.c; one thread. An entry becomes dirty when a run loses its device: the platform's
 * table is copied, and its wait says so when it is told to.
 */
#include <string.h>

#include "bench_bind.h"
#include "bench_programs.h"

static const slip_platform_ops *inner; /* whose wait is replaced */
static bool lose_device;               /* the next wait reports a lost device */

/* Waits, and then says that the device was lost if it is to be. */
static slip_status losing_wait(slip_platform_device *device, uint64_t timeout_ns)
{
    slip_status status = inner->wait(device, timeout_ns);
    if (lose_device) {
        lose_device = false;
        return SLIP_E_DEVICE;
    }
    return status;
}

/* Log sink: the lost devices are meant. */
static void drop_line(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* One run; fails if its bind is not what is wanted, counted by `counter`. */
static int run_once(slipi_bind_bench *bench, uint64_t window, const uint64_t *counter)
{
    slip_run_config config = slipi_bind_config(window);
    uint64_t before = *counter;
    slip_status status = slip_run(bench->runner, bench->callable, NULL, 0, &config);
    if (status != SLIP_OK) {
        return slipi_bind_fail(bench, status);
    }
    int code = slipi_bind_stats(bench);
    if (code == 0 && *counter != before + 1) {
        const slip_stats *s = &bench->stats;
        code = slipi_cli_fail("bench bind",
                              "window %llu: the bind was not what it should be (%llu hits, %llu "
                              "misses, %llu relaid in all)",
                              (unsigned long long)window, (unsigned long long)s->hits,
                              (unsigned long long)s->misses, (unsigned long long)s->dirty);
    }
    return code;
}

/* Misses: every one on a fresh runner. */
static int measure_misses(slipi_bind_bench *bench, slipi_bind_window *out)
{
    int code = SLIPI_EXIT_OK;
    for (uint32_t i = 0; i < bench->options->misses && code == 0; i++) {
        code = slipi_bind_open(bench, NULL, &slipi_bench_empty);
        code = code != 0 ? code : run_once(bench, out->window, &bench->stats.misses);
        bench->samples[i] = bench->stats.last_bind_ns;
        out->miss_image_bytes = bench->stats.last_image_bytes;
    }
    out->miss = slipi_bind_percentiles(bench, bench->options->misses);
    return code;
}

/* Hits on the open runner. */
static int measure_hits(slipi_bind_bench *bench, slipi_bind_window *out)
{
    int code = SLIPI_EXIT_OK;
    uint32_t hits = bench->options->hits;
    for (uint32_t i = 0; i < SLIPI_BIND_WARM_UP + hits && code == 0; i++) {
        code = run_once(bench, out->window, &bench->stats.hits);
        if (i >= SLIPI_BIND_WARM_UP) {
            bench->samples[i - SLIPI_BIND_WARM_UP] = bench->stats.last_bind_ns;
        }
        if (bench->stats.last_image_bytes > out->hit_image_bytes) {
            out->hit_image_bytes = bench->stats.last_image_bytes;
        }
    }
    out->hit = slipi_bind_percentiles(bench, hits);
    if (code == 0) {
        slip_residency memory = {.struct_size = (uint32_t)sizeof(memory)};
        slip_status status = slip_runner_residency(bench->runner, &memory);
        code = status == SLIP_OK ? SLIPI_EXIT_OK : slipi_bind_fail(bench, status);
        out->resident_bytes = memory.gm_heap_bytes + memory.sm_bytes + memory.arena_bytes;
    }
    return code;
}

/* Entries that are relaid, each after a run that broke it. */
static int measure_relaid(slipi_bind_bench *bench, slipi_bind_window *out)
{
    const char *name = bench->options->session.platform;
    inner = slip_platform_find(name != NULL ? name : "cpu");
    slip_platform_ops ops = *inner;
    slip_run_config config = slipi_bind_config(out->window);
    ops.wait = losing_wait;
    int code = slipi_bind_open(bench, &ops, &slipi_bench_empty);
    code = code != 0 ? code : run_once(bench, out->window, &bench->stats.misses);
    for (uint32_t i = 0; i < bench->options->misses && code == 0; i++) {
        slip_log_set_sink(drop_line, NULL);
        lose_device = true;
        slip_status status = slip_run(bench->runner, bench->callable, NULL, 0, &config);
        slip_log_set_sink(NULL, NULL);
        if (status != SLIP_E_DEVICE) {
            code = slipi_cli_fail("bench bind", "a lost device went unnoticed: %s",
                                  slip_status_name(status));
            break;
        }
        code = run_once(bench, out->window, &bench->stats.dirty);
        bench->samples[i] = bench->stats.last_bind_ns;
        out->relaid_image_bytes = bench->stats.last_image_bytes;
    }
    slipi_bind_close(bench); /* its table goes with this function */
    out->relaid = slipi_bind_percentiles(bench, bench->options->misses);
    return code;
}

/* Misses, relaid entries and hits of one window. */
int slipi_bind_measure_window(slipi_bind_bench *bench, uint64_t window, slipi_bind_window *out)
{
    out->window = window;
    int code = measure_misses(bench, out);
    code = code != 0 ? code : measure_hits(bench, out);
    return code != 0 ? code : measure_relaid(bench, out);
}

/* Windows of the sizings in turn. */
static const uint64_t turn_windows[SLIPI_BIND_MAX_SIZINGS] = {1024, 16384, 64,     256,
                                                              4096, 65536, 262144, 1048576};

/* Several sizings in turn on a fresh runner: first by slip_run, then by a prepared call each. */
int slipi_bind_measure_in_turn(slipi_bind_bench *bench, slipi_bind_report *out)
{
    uint32_t count = bench->options->sizings;
    uint32_t hits = bench->options->hits;
    slip_call *calls[SLIPI_BIND_MAX_SIZINGS] = {0};
    int code = slipi_bind_open(bench, NULL, &slipi_bench_empty);
    for (uint32_t i = 0; i < count && code == 0; i++) {
        code = run_once(bench, turn_windows[i], &bench->stats.misses);
    }
    for (uint32_t i = 0; i < SLIPI_BIND_WARM_UP + hits && code == 0; i++) {
        code = run_once(bench, turn_windows[i % count], &bench->stats.hits);
        bench->samples[i < SLIPI_BIND_WARM_UP ? 0 : i - SLIPI_BIND_WARM_UP] =
            bench->stats.last_bind_ns;
    }
    out->in_turn_hit = slipi_bind_percentiles(bench, hits);
    for (uint32_t i = 0; i < count && code == 0; i++) {
        slip_run_config config = slipi_bind_config(turn_windows[i]);
        slip_status status =
            slip_call_prepare(bench->runner, bench->callable, NULL, 0, &config, &calls[i]);
        code = status == SLIP_OK ? SLIPI_EXIT_OK : slipi_bind_fail(bench, status);
    }
    for (uint32_t i = 0; i < SLIPI_BIND_WARM_UP + hits && code == 0; i++) {
        slip_status status = slip_call_run(calls[i % count]);
        code = status == SLIP_OK ? slipi_bind_stats(bench) : slipi_bind_fail(bench, status);
        bench->samples[i < SLIPI_BIND_WARM_UP ? 0 : i - SLIPI_BIND_WARM_UP] =
            bench->stats.last_bind_ns;
    }
    out->in_turn_calls = slipi_bind_percentiles(bench, hits);
    if (code == 0 && bench->stats.misses != count) {
        code = slipi_cli_fail("bench bind", "%u sizings in turn: %llu misses", count,
                              (unsigned long long)bench->stats.misses);
    }
    return code;
}
