/*
 * bench_bind.c - `slipway bench bind`: what a run costs before and besides its tasks.
 *
 * For cmd_bench.c. Bind times are the library's own of the last bind (host clock, both clock reads
 * included); times of whole runs are taken around the call and include one read of the clock.
 */
#include "bench_bind.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_programs.h"
#include "progress.h"

/* Samples when the command line does not say: so many that a p99.9 has two above it, and that the
 * misses of all windows stay short on the simulators. */
enum { DEFAULT_HITS = 2000, DEFAULT_MISSES = 24, DEFAULT_ARGS = 150 };

static const uint64_t windows[SLIPI_BIND_WINDOWS] = {64, 1024, 16384, 65536, 262144, 1048576};

/* Prints what failed. */
int slipi_bind_fail(const slipi_bind_bench *bench, slip_status status)
{
    return slipi_cli_fail_status("bench bind", bench->runner, status);
}

/* A run configuration with one window on all rings. */
slip_run_config slipi_bind_config(uint64_t window)
{
    slip_run_config config;
    memset(&config, 0, sizeof(config));
    config.struct_size = (uint32_t)sizeof(config);
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        config.sizing.ring[r].task_window = window;
    }
    return config;
}

/* Closes the runner. */
void slipi_bind_close(slipi_bind_bench *bench)
{
    slip_runner_close(bench->runner);
    bench->runner = NULL;
}

/* Registers a program: this process's or, where the device is another, the file of its name that is
 * beside the command or installed with it. */
static slip_status register_program(slipi_bind_bench *bench, const slip_program *program)
{
    static const char *const folders[] = {"device", "../lib/slipway"};
    char folder[PATH_MAX];
    char path[PATH_MAX + 96];
    slip_runner_info info = {.struct_size = (uint32_t)sizeof(info)};
    slip_status status = slip_runner_describe(bench->runner, &info);
    bench->from_files = info.programs_from_files != 0;
    memcpy(bench->stand_in, info.stand_in, sizeof(bench->stand_in));
    if (status != SLIP_OK || !bench->from_files) {
        return status != SLIP_OK ? status
                                 : slip_register_program(bench->runner, program, &bench->callable);
    }
    ssize_t length = readlink("/proc/self/exe", folder, sizeof(folder) - 1u);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    folder[slash != NULL ? slash - folder : 0] = '\0';
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s/%.48s.so", folder, folders[i], program->name);
        if (access(path, R_OK) == 0) {
            break;
        }
    }
    return slip_register_file(bench->runner, path, &bench->callable);
}

/* Opens a fresh runner with a program. */
int slipi_bind_open(slipi_bind_bench *bench, const slip_platform_ops *ops,
                    const slip_program *program)
{
    const slipi_session_options *o = &bench->options->session;
    const slip_runner_options open = {.struct_size = (uint32_t)sizeof(open),
                                      .device_id = o->device,
                                      .platform = o->platform,
                                      .ops = ops,
                                      .threads = o->threads,
                                      .sim_threads = o->sim_threads,
                                      .placement = o->placement};
    slipi_bind_close(bench);
    slip_status status = slip_runner_open(&open, &bench->runner);
    if (status == SLIP_OK) {
        status = register_program(bench, program);
    }
    memset(&bench->stats, 0, sizeof(bench->stats));
    bench->stats.struct_size = (uint32_t)sizeof(bench->stats);
    return status == SLIP_OK ? SLIPI_EXIT_OK : slipi_bind_fail(bench, status);
}

/* Reads the counters. */
int slipi_bind_stats(slipi_bind_bench *bench)
{
    slip_status status = slip_runner_stats(bench->runner, &bench->stats);
    return status == SLIP_OK ? SLIPI_EXIT_OK : slipi_bind_fail(bench, status);
}

/* Percentiles of the first `count` samples. */
slipi_bind_times_ns slipi_bind_percentiles(slipi_bind_bench *bench, uint32_t count)
{
    slipi_cli_sort(bench->samples, count);
    return (slipi_bind_times_ns){slipi_cli_percentile(bench->samples, count, 50.0),
                                 slipi_cli_percentile(bench->samples, count, 99.0),
                                 slipi_cli_percentile(bench->samples, count, 99.9)};
}

/* Measures everything, section by section. */
static int measure(slipi_bind_bench *bench, slipi_bind_report *report)
{
    static int (*const sections[])(slipi_bind_bench *, slipi_bind_report *) = {
        slipi_bind_measure_in_turn, slipi_bind_measure_args, slipi_bind_measure_runs,
        slipi_bind_measure_first, slipi_bind_measure_threads};
    enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };
    slipi_progress progress;
    int code = SLIPI_EXIT_OK;
    slipi_progress_begin(&progress, "part", SLIPI_BIND_WINDOWS + SECTIONS, false);
    for (uint32_t i = 0; i < SLIPI_BIND_WINDOWS && code == 0; i++) {
        code = slipi_bind_measure_window(bench, windows[i], &report->windows[i]);
        slipi_progress_set(&progress, i + 1u);
    }
    report->from_files = bench->from_files;
    memcpy(report->stand_in, bench->stand_in, sizeof(report->stand_in));
    for (uint32_t i = 0; i < SECTIONS && code == 0; i++) {
        bool in_process =
            sections[i] == slipi_bind_measure_args || sections[i] == slipi_bind_measure_first;
        code = bench->from_files && in_process ? 0 : sections[i](bench, report);
        slipi_progress_set(&progress, SLIPI_BIND_WINDOWS + i + 1u);
    }
    slipi_progress_end(&progress);
    slipi_bind_close(bench);
    return code;
}

/* Checks a number of the command line. */
static int check_range(const char *option, uint32_t value, uint32_t least, uint32_t most)
{
    if (value >= least && value <= most) {
        return SLIPI_EXIT_OK;
    }
    return slipi_cli_usage("bench bind", "--%s wants %u to %u, not %u", option, least, most, value);
}

/* Checks what the command line says. */
static int check_options(const slipi_bind_options *o)
{
    static slipi_session session; /* too large for the stack */
    int code = slipi_session_configure(&session, "bench bind", &o->session);
    code = code != 0 ? code : check_range("hits", o->hits, 1, SLIPI_BIND_MAX_HITS);
    code = code != 0 ? code : check_range("misses", o->misses, 1, SLIPI_BIND_MAX_MISSES);
    code = code != 0 ? code : check_range("sizings", o->sizings, 2, SLIPI_BIND_MAX_SIZINGS);
    code = code != 0 ? code : check_range("args", o->args, 1, SLIP_MAX_RUN_ARGS);
    return code != 0 ? code : check_range("changed", o->changed, 0, o->args);
}

/* `slipway bench bind`. */
int slipi_bench_bind(int argc, char **argv)
{
    static slipi_bind_options o = {.hits = DEFAULT_HITS,
                                   .misses = DEFAULT_MISSES,
                                   .sizings = 2,
                                   .args = DEFAULT_ARGS,
                                   .changed = 2};
    static slipi_bind_report report;
    const slipi_cli_option options[] = {
        SLIPI_DEVICE_OPTIONS(o.session),
        {"hits", "N", "samples of a hit (default 2000)", SLIPI_CLI_U32, &o.hits},
        {"misses", "N", "samples of a miss (default 24)", SLIPI_CLI_U32, &o.misses},
        {"sizings", "K", "sizings used in turn (default 2)", SLIPI_CLI_U32, &o.sizings},
        {"args", "N", "tensors of a prepared call (default 150)", SLIPI_CLI_U32, &o.args},
        {"changed", "M", "of these changed between runs (default 2)", SLIPI_CLI_U32, &o.changed},
        {"json", NULL, "print JSON", SLIPI_CLI_FLAG, &o.json},
        {NULL, NULL, NULL, 0, NULL},
    };
    const slipi_cli_command command = {
        "bench bind",
        "[options]",
        "Measures what a run costs besides its tasks: binds (missed, relaid, hit) for windows of "
        "64\n"
        "to 1048576 tasks, sizings in turn, prepared calls, whole runs of an empty graph and of "
        "one\n"
        "task, first runs (cold, prewarmed, warm), and two runners on two threads.",
        NULL,
        options,
        NULL,
        NULL,
        0};
    slipi_cli_parsed parsed = slipi_cli_parse(&command, argc, argv);
    if (parsed.leave) {
        return parsed.code;
    }
    int code = check_options(&o);
    if (code != 0) {
        return code;
    }
    slipi_bind_bench bench = {.options = &o,
                              .samples = calloc(SLIPI_BIND_MAX_HITS, sizeof(uint64_t))};
    if (bench.samples == NULL) {
        return slipi_cli_fail("bench bind", "no memory for %u samples", SLIPI_BIND_MAX_HITS);
    }
    code = measure(&bench, &report);
    free(bench.samples);
    if (code != 0) {
        return code;
    }
    return o.json ? slipi_bind_print_json(&report, &o) : slipi_bind_print_table(&report, &o);
}
