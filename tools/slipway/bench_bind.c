/*
 * bench_bind.c - `slipway bench bind`: what bind costs, cold and warm, for several windows.
 *
 * For cmd_bench.c; one thread. The times are the library's own of the last bind (host clock, both
 * clock reads included) of runs of an empty program. A miss is the first bind of a fresh runner.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "bench_programs.h"
#include "json.h"
#include "progress.h"
#include "session.h"

/* Samples: chosen so that a p99 has some samples above it, and misses stay short on the sims. */
#define MISSES 24u
#define HITS 2000u
#define WARM_UP 50u

static const uint64_t windows[] = {64, 1024, 16384, 65536};
#define WINDOW_COUNT (sizeof(windows) / sizeof(windows[0]))

/* What was measured for one window. */
typedef struct bind_row {
    uint64_t window;
    uint64_t miss_ns[MISSES];
    uint64_t hit_ns[HITS];
    uint64_t miss_image_bytes;
    uint64_t hit_image_bytes; /* largest of all hits */
    uint64_t resident_bytes;
} bind_row;

/* Everything measured. */
typedef struct bind_report {
    bind_row rows[WINDOW_COUNT];
    uint64_t alternating_ns[HITS];
} bind_report;

/* An open runner with the empty program. */
typedef struct bind_bench {
    const slipi_session_options *options;
    slipi_session session;
    slip_callable callable;
    slip_stats stats;
} bind_bench;

/* A run configuration with one window on all rings. */
static slip_run_config config_of(uint64_t window)
{
    slip_run_config config;
    memset(&config, 0, sizeof(config));
    config.struct_size = (uint32_t)sizeof(config);
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        config.sizing.ring[r].task_window = window;
    }
    return config;
}

/* Opens a fresh runner and registers the empty program. */
static int open_fresh(bind_bench *bench)
{
    int code = slipi_session_open(&bench->session, bench->options);
    if (code != 0) {
        return code;
    }
    slip_status status =
        slip_register_program(bench->session.runner, &slipi_bench_empty, &bench->callable);
    memset(&bench->stats, 0, sizeof(bench->stats));
    bench->stats.struct_size = (uint32_t)sizeof(bench->stats);
    return status == SLIP_OK ? SLIPI_EXIT_OK
                             : slipi_cli_fail_status("bench bind", bench->session.runner, status);
}

/* One run with this window; fails if its bind is not the hit or the miss that is wanted. */
static int run_once(bind_bench *bench, uint64_t window, bool want_hit)
{
    slip_run_config config = config_of(window);
    slip_runner *runner = bench->session.runner;
    uint64_t hits = bench->stats.hits;
    slip_status status = slip_run(runner, bench->callable, NULL, 0, &config);
    if (status == SLIP_OK) {
        status = slip_runner_stats(runner, &bench->stats);
    }
    if (status != SLIP_OK) {
        return slipi_cli_fail_status("bench bind", runner, status);
    }
    if ((bench->stats.hits > hits) != want_hit) {
        return slipi_cli_fail("bench bind", "window %llu: wanted a %s, the bind was a %s",
                              (unsigned long long)window, want_hit ? "hit" : "miss",
                              want_hit ? "miss" : "hit");
    }
    return SLIPI_EXIT_OK;
}

/* Misses of one window: every one on a fresh runner; the last runner stays open. */
static int measure_misses(bind_bench *bench, bind_row *row)
{
    int code = SLIPI_EXIT_OK;
    for (uint32_t i = 0; i < MISSES && code == 0; i++) {
        slipi_session_close(&bench->session);
        code = open_fresh(bench);
        code = code != 0 ? code : run_once(bench, row->window, false);
        row->miss_ns[i] = bench->stats.last_bind_ns;
        row->miss_image_bytes = bench->stats.last_image_bytes;
    }
    return code;
}

/* Hits of one window on the open runner. */
static int measure_hits(bind_bench *bench, bind_row *row)
{
    int code = SLIPI_EXIT_OK;
    for (uint32_t i = 0; i < WARM_UP && code == 0; i++) {
        code = run_once(bench, row->window, true);
    }
    for (uint32_t i = 0; i < HITS && code == 0; i++) {
        code = run_once(bench, row->window, true);
        row->hit_ns[i] = bench->stats.last_bind_ns;
        if (bench->stats.last_image_bytes > row->hit_image_bytes) {
            row->hit_image_bytes = bench->stats.last_image_bytes;
        }
    }
    if (code == 0) {
        slip_residency memory = {.struct_size = (uint32_t)sizeof(memory)};
        slip_status status = slip_runner_residency(bench->session.runner, &memory);
        code = status == SLIP_OK
                   ? SLIPI_EXIT_OK
                   : slipi_cli_fail_status("bench bind", bench->session.runner, status);
        row->resident_bytes = memory.gm_heap_bytes + memory.sm_bytes + memory.arena_bytes;
    }
    return code;
}

/* Hits of two sizings in turn on a fresh runner. */
static int measure_alternating(bind_bench *bench, uint64_t *out)
{
    slipi_session_close(&bench->session);
    int code = open_fresh(bench);
    code = code != 0 ? code : run_once(bench, 1024, false);
    code = code != 0 ? code : run_once(bench, 16384, false);
    for (uint32_t i = 0; i < WARM_UP + HITS && code == 0; i++) {
        code = run_once(bench, i % 2 == 0 ? 1024 : 16384, true);
        if (i >= WARM_UP) {
            out[i - WARM_UP] = bench->stats.last_bind_ns;
        }
    }
    return code;
}

/* Prints the report as JSON. */
static int print_json(const bind_report *report, const char *platform)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "platform", platform);
    cJSON *rows = cJSON_AddArrayToObject(root, "rows");
    for (size_t i = 0; i < WINDOW_COUNT; i++) {
        const bind_row *r = &report->rows[i];
        cJSON *row = cJSON_CreateObject();
        slipi_json_count(row, "task_window", r->window);
        slipi_json_percentiles(row, "miss_ns", r->miss_ns, MISSES);
        slipi_json_percentiles(row, "hit_ns", r->hit_ns, HITS);
        slipi_json_count(row, "miss_image_bytes", r->miss_image_bytes);
        slipi_json_count(row, "hit_image_bytes", r->hit_image_bytes);
        slipi_json_count(row, "resident_bytes", r->resident_bytes);
        cJSON_AddItemToArray(rows, row);
    }
    slipi_json_percentiles(root, "alternating_hit_ns", report->alternating_ns, HITS);
    return slipi_json_print("bench bind", root);
}

/* Prints the report as a table. */
static int print_table(const bind_report *report, const char *platform)
{
    printf("bind on %s, ns (%u misses on fresh runners, %u hits)\n"
           "%8s %12s %12s %10s %10s %12s %12s %14s\n",
           platform, MISSES, HITS, "window", "miss p50", "miss p99", "hit p50", "hit p99",
           "miss image", "hit image", "resident");
    for (size_t i = 0; i < WINDOW_COUNT; i++) {
        const bind_row *r = &report->rows[i];
        printf("%8llu %12llu %12llu %10llu %10llu %12llu %12llu %14llu\n",
               (unsigned long long)r->window,
               (unsigned long long)slipi_cli_percentile(r->miss_ns, MISSES, 50.0),
               (unsigned long long)slipi_cli_percentile(r->miss_ns, MISSES, 99.0),
               (unsigned long long)slipi_cli_percentile(r->hit_ns, HITS, 50.0),
               (unsigned long long)slipi_cli_percentile(r->hit_ns, HITS, 99.0),
               (unsigned long long)r->miss_image_bytes, (unsigned long long)r->hit_image_bytes,
               (unsigned long long)r->resident_bytes);
    }
    printf("windows 1024 and 16384 in turn: hit p50 %llu, p99 %llu\n",
           (unsigned long long)slipi_cli_percentile(report->alternating_ns, HITS, 50.0),
           (unsigned long long)slipi_cli_percentile(report->alternating_ns, HITS, 99.0));
    return SLIPI_EXIT_OK;
}

/* Measures everything. */
static int measure(bind_bench *bench, bind_report *report)
{
    slipi_progress progress;
    int code = SLIPI_EXIT_OK;
    slipi_progress_begin(&progress, "window", WINDOW_COUNT, false);
    for (size_t i = 0; i < WINDOW_COUNT && code == 0; i++) {
        bind_row *row = &report->rows[i];
        row->window = windows[i];
        code = measure_misses(bench, row);
        code = code != 0 ? code : measure_hits(bench, row);
        slipi_cli_sort(row->miss_ns, MISSES);
        slipi_cli_sort(row->hit_ns, HITS);
        slipi_progress_set(&progress, i + 1);
    }
    code = code != 0 ? code : measure_alternating(bench, report->alternating_ns);
    slipi_cli_sort(report->alternating_ns, HITS);
    slipi_progress_end(&progress);
    slipi_session_close(&bench->session);
    return code;
}

/* `slipway bench bind`. */
int slipi_bench_bind(int argc, char **argv)
{
    static slipi_session_options o; /* these are too large for the stack */
    static bind_bench bench;
    static bind_report report;
    bool json = false;
    const slipi_cli_option options[] = {
        SLIPI_DEVICE_OPTIONS(o),
        {"json", NULL, "print JSON", SLIPI_CLI_FLAG, &json},
        {NULL, NULL, NULL, 0, NULL},
    };
    const slipi_cli_command command = {
        "bench bind",
        "[options]",
        "Measures bind for windows of 64, 1024, 16384 and 65536 tasks: misses, hits, two in turn.",
        NULL,
        options,
        NULL,
        NULL,
        0};
    slipi_cli_parsed parsed = slipi_cli_parse(&command, argc, argv);
    if (parsed.leave) {
        return parsed.code;
    }
    int code = slipi_session_configure(&bench.session, "bench bind", &o);
    bench.options = &o;
    code = code != 0 ? code : measure(&bench, &report);
    if (code != 0) {
        return code;
    }
    const char *platform = o.platform != NULL ? o.platform : "cpu";
    return json ? print_json(&report, platform) : print_table(&report, platform);
}
