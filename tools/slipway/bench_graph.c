/*
 * bench_graph.c - `slipway bench graph`: what an empty task costs, by pattern and mode.
 *
 * For cmd_bench.c; one thread of its own. A figure is the median over repetitions of the time of a
 * whole run (host clock around slip_run) divided by its tasks.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "bench_programs.h"
#include "json.h"
#include "progress.h"
#include "session.h"

#define MAX_REPETITIONS 1000u

/* Tasks of one inner scope: a small part of the window, so that slots come back in time. */
#define SCOPE_TASKS 256u

/* Names of the modes in the report, and what they are. */
static const struct {
    const char *name;
    uint32_t dispatch;
    bool replays;
} modes[] = {
    {"inline", SLIP_DISPATCH_INLINE, false}, {"deferred", SLIP_DISPATCH_SERIAL, false},
    {"shared", SLIP_DISPATCH_SHARED, false}, {"halves", SLIP_DISPATCH_HALVES, false},
    {"replay", SLIP_DISPATCH_AUTO, true},    {"replay_shared", SLIP_DISPATCH_SHARED, true}};
#define MODE_COUNT (sizeof(modes) / sizeof(modes[0]))
#define ROW_COUNT (MODE_COUNT * SLIPI_BENCH_PATTERNS)

/* What the command line says. */
typedef struct graph_options {
    slipi_session_options session;
    uint32_t tasks;
    uint32_t repetitions;
    const char *pattern; /* null: all */
    const char *mode;    /* null: all */
    bool json;
} graph_options;

/* One figure. */
typedef struct graph_row {
    const char *pattern;
    const char *mode;
    double ns_per_task;
} graph_row;

/* The open runner and the figures. */
typedef struct graph_bench {
    const graph_options *options;
    slipi_session session;
    slip_callable callable;
    slipi_array data;
    uint64_t samples[MAX_REPETITIONS];
    graph_row rows[ROW_COUNT];
    size_t row_count;
    uint32_t threads; /* of the open runner; on sims as the options say */
} graph_bench;

/*
 * Runs one pattern once; the time goes to *out_ns. In a mode that replays the first run records,
 * which takes no part of the time, and *inout_graph is the caller's to destroy.
 */
static slip_status run_once(graph_bench *bench, uint32_t pattern, size_t mode,
                            slip_recording **inout_graph, uint64_t *out_ns)
{
    slip_status status = SLIP_OK;
    slip_run_config config = bench->session.config;
    const slip_run_arg args[] = {
        slip_host_tensor(bench->data.data, SLIP_F32, SLIP_ACCESS_INOUT, 2, bench->data.shape),
        slip_scalar_arg(pattern),
        slip_scalar_arg(bench->options->tasks),
        slip_scalar_arg(SCOPE_TASKS),
    };
    config.dispatch = modes[mode].dispatch;
    if (modes[mode].replays && *inout_graph == NULL) {
        status = slip_graph_record(bench->session.runner, bench->callable, args, 4, &config,
                                   inout_graph);
    }
    uint64_t start = slipi_cli_now_ns();
    if (status == SLIP_OK) {
        status = *inout_graph != NULL
                     ? slip_graph_replay(*inout_graph)
                     : slip_run(bench->session.runner, bench->callable, args, 4, &config);
    }
    *out_ns = slipi_cli_now_ns() - start;
    return status;
}

/* Measures one pattern in one mode; one repetition more comes first and is not counted. */
static int measure_row(graph_bench *bench, uint32_t pattern, size_t mode)
{
    uint32_t repetitions = bench->options->repetitions;
    slip_status status = SLIP_OK;
    slip_recording *graph = NULL;
    for (uint32_t i = 0; i <= repetitions && status == SLIP_OK; i++) {
        uint64_t ns = 0;
        status = run_once(bench, pattern, mode, &graph, &ns);
        if (i > 0) {
            bench->samples[i - 1] = ns;
        }
    }
    slip_graph_destroy(graph);
    if (status != SLIP_OK) {
        return slipi_cli_fail_status("bench graph", bench->session.runner, status);
    }
    slipi_cli_sort(bench->samples, repetitions);
    graph_row *row = &bench->rows[bench->row_count++];
    row->pattern = slipi_bench_pattern_names[pattern];
    row->mode = modes[mode].name;
    row->ns_per_task = (double)slipi_cli_percentile(bench->samples, repetitions, 50.0) /
                       (double)bench->options->tasks;
    return SLIPI_EXIT_OK;
}

/* True if the command line asks for this name, or for all. */
static bool is_wanted(const char *only, const char *name)
{
    return only == NULL || strcmp(only, name) == 0;
}

/* Measures all rows. */
static int measure(graph_bench *bench)
{
    const graph_options *o = bench->options;
    slipi_progress progress;
    int code = SLIPI_EXIT_OK;
    slipi_progress_begin(&progress, "row", ROW_COUNT, false);
    for (uint32_t p = 0; p < SLIPI_BENCH_PATTERNS && code == 0; p++) {
        for (size_t m = 0; m < MODE_COUNT && code == 0; m++) {
            if (is_wanted(o->pattern, slipi_bench_pattern_names[p]) &&
                is_wanted(o->mode, modes[m].name)) {
                code = measure_row(bench, p, m);
            }
            slipi_progress_set(&progress, p * MODE_COUNT + m + 1);
        }
    }
    slipi_progress_end(&progress);
    return code;
}

/* A figure with one decimal. */
static double round_tenth(double value)
{
    return (double)(uint64_t)(value * 10.0 + 0.5) / 10.0;
}

/* Prints the figures as JSON. */
static int print_json(const graph_bench *bench)
{
    cJSON *root = cJSON_CreateObject();
    slipi_json_count(root, "threads", bench->threads);
    cJSON *rows = cJSON_AddArrayToObject(root, "rows");
    for (size_t i = 0; i < bench->row_count; i++) {
        const graph_row *r = &bench->rows[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "pattern", r->pattern);
        cJSON_AddStringToObject(row, "mode", r->mode);
        slipi_json_count(row, "tasks", bench->options->tasks);
        cJSON_AddNumberToObject(row, "ns_per_task", round_tenth(r->ns_per_task));
        cJSON_AddItemToArray(rows, row);
    }
    return slipi_json_print("bench graph", root);
}

/* Prints the figures as a table. */
static int print_table(const graph_bench *bench)
{
    const graph_options *o = bench->options;
    printf("empty tasks on %s, %u threads, %u tasks a run, ns a task (median of %u runs)\n%-18s",
           o->session.platform, bench->threads, o->tasks, o->repetitions, "pattern");
    size_t columns = o->mode != NULL ? 1 : MODE_COUNT;
    for (size_t m = 0; m < columns; m++) {
        printf(" %13s", bench->rows[m].mode);
    }
    printf("\n");
    for (size_t i = 0; i + columns <= bench->row_count; i += columns) {
        printf("%-18s", bench->rows[i].pattern);
        for (size_t m = 0; m < columns; m++) {
            printf(" %13.1f", bench->rows[i + m].ns_per_task);
        }
        printf("\n");
    }
    return SLIPI_EXIT_OK;
}

/* Checks the numbers and names. */
static int check_options(const graph_options *o)
{
    if (o->tasks == 0) {
        return slipi_cli_usage("bench graph", "--tasks wants a number of at least 1");
    }
    if (o->repetitions == 0 || o->repetitions > MAX_REPETITIONS) {
        return slipi_cli_usage("bench graph", "--repetitions wants a number from 1 to %u",
                               MAX_REPETITIONS);
    }
    bool pattern_is_known = false;
    bool mode_is_known = false;
    for (size_t i = 0; i < SLIPI_BENCH_PATTERNS; i++) {
        pattern_is_known |= is_wanted(o->pattern, slipi_bench_pattern_names[i]);
    }
    for (size_t m = 0; m < MODE_COUNT; m++) {
        mode_is_known |= is_wanted(o->mode, modes[m].name);
    }
    if (!pattern_is_known) {
        return slipi_cli_usage("bench graph", "unknown pattern '%s'", o->pattern);
    }
    return mode_is_known ? SLIPI_EXIT_OK
                         : slipi_cli_usage("bench graph", "unknown mode '%s'", o->mode);
}

/* Registers the program and asks how many threads there are. */
static int prepare(graph_bench *bench)
{
    slip_runner_info info;
    memset(&info, 0, sizeof(info));
    info.struct_size = (uint32_t)sizeof(info);
    slip_runner *runner = bench->session.runner;
    slip_status status =
        slip_register_program(runner, &slipi_bench_graph_program, &bench->callable);
    if (status == SLIP_OK) {
        status = slip_runner_describe(runner, &info);
    }
    bench->threads = info.threads != 0 ? info.threads : bench->options->session.threads;
    return status == SLIP_OK ? SLIPI_EXIT_OK : slipi_cli_fail_status("bench graph", runner, status);
}

/* Opens the runner, measures, prints. */
static int run_bench(graph_bench *bench, const graph_options *o)
{
    char why[256];
    const uint32_t shape[2] = {SLIPI_BENCH_TILES, SLIPI_BENCH_CELL_FLOATS};
    int code = slipi_session_configure(&bench->session, "bench graph", &o->session);
    code = code != 0 ? code : slipi_session_open(&bench->session, &o->session);
    bench->options = o;
    if (code == 0 && !slipi_array_init(&bench->data, SLIP_F32, 2, shape, why, sizeof(why))) {
        code = slipi_cli_fail("bench graph", "%s", why);
    }
    code = code != 0 ? code : prepare(bench);
    code = code != 0 ? code : measure(bench);
    slipi_session_close(&bench->session);
    slipi_array_fini(&bench->data);
    if (code != 0) {
        return code;
    }
    return o->json ? print_json(bench) : print_table(bench);
}

/* `slipway bench graph`. */
int slipi_bench_graph(int argc, char **argv)
{
    static graph_options o; /* these are too large for the stack */
    static graph_bench bench;
    o.session.platform = "cpu";
    o.session.threads = 1;
    o.tasks = 100000;
    o.repetitions = 9;
    const slipi_cli_option options[] = {
        SLIPI_DEVICE_OPTIONS(o.session),
        {"tasks", "N", "tasks a run (default 100000)", SLIPI_CLI_U32, &o.tasks},
        {"repetitions", "N", "runs of each row (default 9)", SLIPI_CLI_U32, &o.repetitions},
        {"pattern", "NAME", "only this pattern", SLIPI_CLI_TEXT, &o.pattern},
        {"mode", "NAME", "only this mode", SLIPI_CLI_TEXT, &o.mode},
        {"window", "W[,W,W,W]", "tasks a ring holds (default 16384)", SLIPI_CLI_TEXT,
         &o.session.window},
        {"json", NULL, "print JSON", SLIPI_CLI_FLAG, &o.json},
        {NULL, NULL, NULL, 0, NULL},
    };
    const slipi_cli_command command = {
        "bench graph",
        "[options]",
        "Measures graphs of empty tasks, in ns a task.",
        "patterns: independent (a tile of its own each), independent_bare (no tensors), chain,\n"
        "  stencil (3-point over 2 x 64 reused cells), tree, random_nearest\n"
        "modes: inline (run at submission where possible), deferred (the window is filled first),\n"
        "  shared (every ready task is offered to all threads), halves (every second sixteen\n"
        "  tasks must run on another thread than the first), replay (of the recorded graph),\n"
        "  replay_shared (the same, every thread takes part)\n"
        "--threads is 1 unless said otherwise.\n",
        options,
        NULL,
        NULL,
        0};
    slipi_cli_parsed parsed = slipi_cli_parse(&command, argc, argv);
    if (parsed.leave) {
        return parsed.code;
    }
    int code = check_options(&o);
    return code != 0 ? code : run_bench(&bench, &o);
}
