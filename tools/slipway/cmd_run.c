/*
 * cmd_run.c - `slipway run`: runs a program of a shared object and checks what it made.
 *
 * For main.c; one thread, and a second one that prints progress.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "run_report.h"

/* Runs that are accepted: three samples of 8 bytes are kept for each. */
#define MAX_RUNS 10000000u

/* Relative difference that --golden accepts when --tol does not say. */
#define DEFAULT_TOLERANCE 1e-5

/* What the command line says besides the shared options. */
typedef struct run_options {
    slipi_session_options session;
    uint32_t runs;
    uint32_t in_flight; /* runs that are submitted at once; 0: one after the other */
    slipi_cli_list outputs;
    slipi_cli_list goldens;
    const char *tolerance;
    bool replay;
    bool prewarm;
    bool prefault;
    bool prefault_heap;
    bool huge_pages;
    bool audit;
    bool quiet;
    bool json;
} run_options;

/* Parses --tol. */
static int parse_tolerance(const run_options *options, double *out)
{
    char *end = NULL;
    *out = DEFAULT_TOLERANCE;
    if (options->tolerance == NULL) {
        return SLIPI_EXIT_OK;
    }
    *out = strtod(options->tolerance, &end);
    if (end == options->tolerance || *end != '\0' || isnan(*out) || *out < 0.0) {
        return slipi_cli_usage("run", "--tol wants a number of at least 0, not '%s'",
                               options->tolerance);
    }
    return SLIPI_EXIT_OK;
}

/* Checks options that depend on each other. */
static int check_options(const run_options *options)
{
    if (options->runs == 0 || options->runs > MAX_RUNS) {
        return slipi_cli_usage("run", "--runs wants a number from 1 to %u, not %u", MAX_RUNS,
                               options->runs);
    }
    if (options->in_flight != 0 && options->replay) {
        return slipi_cli_usage("run", "--in-flight and --replay exclude each other");
    }
    if (options->in_flight > SLIP_MAX_QUEUED) {
        return slipi_cli_usage("run", "--in-flight wants a number from 0 to %u, not %u",
                               SLIP_MAX_QUEUED, options->in_flight);
    }
    if (options->huge_pages && !options->prefault && !options->prefault_heap) {
        return slipi_cli_usage("run", "--huge-pages needs --prefault or --prefault-heap");
    }
    const char *trace = getenv("SLIPWAY_TRACE");
    if (options->session.trace_tasks && options->session.trace == NULL &&
        (trace == NULL || trace[0] == '\0')) {
        return slipi_cli_usage("run", "--trace-tasks needs a trace: --trace FILE or SLIPWAY_TRACE");
    }
    if (options->tolerance != NULL && options->goldens.count == 0) {
        return slipi_cli_usage("run", "--tol needs something to compare: --golden NAME=FILE");
    }
    return SLIPI_EXIT_OK;
}

/* Finds the tensor argument that --out or --golden names; it must be written by the program. */
static int find_output(const slipi_session *session, const char *option, const char *text,
                       uint32_t *out_index, const char **out_path)
{
    int code = slipi_session_param(session, option, text, out_index, out_path);
    if (code != 0) {
        return code;
    }
    const slip_param *param = &session->program->params[*out_index];
    if (param->kind != SLIP_PARAM_TENSOR || param->access == SLIP_ACCESS_IN) {
        return slipi_cli_usage("run", "--%s: '%s' is not an output of program '%s'", option,
                               param->name, session->program->name);
    }
    return SLIPI_EXIT_OK;
}

/* Reads the expected files. */
static int read_goldens(slipi_session *session, const run_options *options,
                        slipi_run_report *report)
{
    for (uint32_t i = 0; i < options->goldens.count; i++) {
        const char *path = NULL;
        char why[512];
        slipi_golden *golden = &report->golden[i];
        int code = find_output(session, "golden", options->goldens.value[i], &golden->param, &path);
        if (code != 0) {
            return code;
        }
        if (!slipi_npy_read(path, &golden->expected, why, sizeof(why))) {
            return slipi_cli_fail("run", "--golden %s: %s",
                                  session->program->params[golden->param].name, why);
        }
        report->golden_count = i + 1;
        code = slipi_session_bind_output(session, golden->param, &golden->expected);
        if (code != 0) {
            return code;
        }
    }
    return SLIPI_EXIT_OK;
}

/* Checks the names of --out before anything runs. */
static int check_outputs(const slipi_session *session, const run_options *options)
{
    for (uint32_t i = 0; i < options->outputs.count; i++) {
        uint32_t index = 0;
        const char *path = NULL;
        int code = find_output(session, "out", options->outputs.value[i], &index, &path);
        if (code != 0) {
            return code;
        }
    }
    return SLIPI_EXIT_OK;
}

/* Takes the samples of the last run; recording for an audit is not part of what is measured. */
static slip_status take_samples(slipi_session *session, slipi_run_report *report)
{
    slip_stats *stats = &report->stats;
    uint64_t misses = stats->misses + stats->dirty;
    stats->struct_size = (uint32_t)sizeof(*stats);
    slip_status status = slip_runner_stats(session->runner, stats);
    if (status != SLIP_OK || (session->config.audit != 0 && report->runs > 1)) {
        return status;
    }
    if (stats->misses + stats->dirty > misses) {
        report->miss_ns[report->miss_count++] = stats->last_bind_ns;
    } else {
        report->hit_ns[report->hit_count++] = stats->last_bind_ns;
    }
    report->run_ns[report->run_count++] = stats->last_run_ns;
    return SLIP_OK;
}

/* Makes the state resident before the first run, with its memory if that is asked for. */
static int prewarm(slipi_session *session, const run_options *options, slipi_run_report *report)
{
    slip_prewarm_options ahead;
    memset(&ahead, 0, sizeof(ahead));
    ahead.struct_size = (uint32_t)sizeof(ahead);
    report->faulted = options->prefault || options->prefault_heap;
    report->prewarmed_before = options->prewarm || report->faulted;
    if (!report->prewarmed_before) {
        return SLIPI_EXIT_OK;
    }
    ahead.flags |= report->faulted ? (uint32_t)SLIP_PREWARM_FAULT : 0;
    ahead.flags |= options->prefault_heap ? (uint32_t)SLIP_PREWARM_HEAP : 0;
    ahead.flags |= options->huge_pages ? (uint32_t)SLIP_PREWARM_HUGE : 0;
    report->prewarmed.struct_size = (uint32_t)sizeof(report->prewarmed);
    report->stats.struct_size = (uint32_t)sizeof(report->stats);
    slip_status status =
        slip_prewarm_all(session->runner, &session->config, 1, &ahead, &report->prewarmed);
    if (status == SLIP_OK) {
        status = slip_runner_stats(session->runner, &report->stats);
    }
    return status == SLIP_OK ? SLIPI_EXIT_OK
                             : slipi_cli_fail_status("run", session->runner, status);
}

/* A run in flight; sub is null when it has ended. */
typedef struct flight {
    slip_submission *sub;
    uint64_t begin_ns; /* when it was submitted */
    bool sampled;
} flight;

/* Waits for a run in flight. Its time is a sample; why it failed goes to *error, if it is the first
 * one to fail. */
static void land(flight *f, slipi_run_report *report, slip_error *error)
{
    slip_status status = slip_submission_wait(f->sub, 0);
    if (status == SLIP_OK && f->sampled) {
        report->run_ns[report->run_count++] = slipi_cli_now_ns() - f->begin_ns;
    }
    if (status != SLIP_OK && error->status == SLIP_OK) {
        status = slip_submission_error(f->sub, error);
        error->status = status == SLIP_OK ? error->status : status;
    }
    slip_submission_release(f->sub);
    f->sub = NULL;
}

/* Makes all runs, so many of them in flight at once, and reads the counters. Everything has ended
 * when it returns. */
static int make_runs_in_flight(slipi_session *session, const run_options *options,
                               slipi_run_report *report, slipi_progress *progress)
{
    flight flights[SLIP_MAX_QUEUED] = {{NULL, 0, false}};
    slip_error error;
    uint32_t room = options->in_flight;
    slip_status status = SLIP_OK;
    uint64_t begin_ns = slipi_cli_now_ns();
    memset(&error, 0, sizeof(error));
    error.struct_size = (uint32_t)sizeof(error);
    for (uint32_t i = 0; i < options->runs + room; i++) {
        flight *f = &flights[i % room];
        if (f->sub != NULL) {
            land(f, report, &error);
            slipi_progress_set(progress, i + 1 - room);
        }
        if (i < options->runs && status == SLIP_OK && error.status == SLIP_OK) {
            bool last = i + 1 == options->runs;
            session->config.audit = options->audit && last ? 1 : 0;
            *f = (flight){NULL, slipi_cli_now_ns(),
                          session->config.audit == 0 || options->runs == 1};
            status = slipi_session_submit(session, &f->sub);
        }
    }
    report->in_flight = room;
    report->all_ns = slipi_cli_now_ns() - begin_ns;
    if (error.status != SLIP_OK) {
        return slipi_cli_fail_error("run", &error);
    }
    report->stats.struct_size = (uint32_t)sizeof(report->stats);
    status = status == SLIP_OK ? slip_runner_stats(session->runner, &report->stats) : status;
    return status == SLIP_OK ? SLIPI_EXIT_OK
                             : slipi_cli_fail_status("run", session->runner, status);
}

/* Runs in flight use the arguments at once: none may have to be set back before each run. */
static int check_in_flight(const slipi_session *session, const run_options *options)
{
    for (uint32_t i = 0; i < session->program->param_count && options->in_flight != 0; i++) {
        if (session->args[i].before.data != NULL) {
            return slipi_cli_usage("run",
                                   "--in-flight: argument '%s' is INOUT and starts from the same "
                                   "contents in every run, so runs must be made one by one",
                                   session->program->params[i].name);
        }
    }
    return SLIPI_EXIT_OK;
}

/* Makes all runs; the last one is recorded if it is to be audited. */
static int make_runs(slipi_session *session, const run_options *options, slipi_run_report *report)
{
    slipi_progress progress;
    slip_status status = SLIP_OK;
    slipi_progress_begin(&progress, "run", options->runs, options->quiet);
    if (options->replay) {
        session->config.audit = options->audit ? 1 : 0;
        status = slipi_session_record(session);
    }
    if (options->in_flight != 0) {
        int code = make_runs_in_flight(session, options, report, &progress);
        slipi_progress_end(&progress);
        return code;
    }
    for (uint32_t i = 0; i < options->runs && status == SLIP_OK; i++) {
        session->config.audit =
            options->audit && (options->replay || i + 1 == options->runs) ? 1 : 0;
        status = slipi_session_run(session);
        if (status == SLIP_OK) {
            status = take_samples(session, report);
        }
        slipi_progress_set(&progress, i + 1);
    }
    slipi_progress_end(&progress);
    return status == SLIP_OK ? SLIPI_EXIT_OK
                             : slipi_cli_fail_status("run", session->runner, status);
}

/* Writes the outputs that --out names. */
static int write_outputs(const slipi_session *session, const run_options *options)
{
    for (uint32_t i = 0; i < options->outputs.count; i++) {
        uint32_t index = 0;
        const char *path = NULL;
        char why[512];
        int code = find_output(session, "out", options->outputs.value[i], &index, &path);
        if (code != 0) {
            return code;
        }
        if (!slipi_npy_write(path, &session->args[index].data, why, sizeof(why))) {
            return slipi_cli_fail("run", "--out %s: %s", session->program->params[index].name, why);
        }
    }
    return SLIPI_EXIT_OK;
}

/* Says how an output differs from the expected one in type or shape. */
static int shape_differs(const slipi_session *session, const slipi_golden *golden,
                         const slipi_array *found)
{
    char wanted[64];
    char made[64];
    slipi_shape_text(golden->expected.ndim, golden->expected.shape, wanted, sizeof(wanted));
    slipi_shape_text(found->ndim, found->shape, made, sizeof(made));
    return slipi_cli_fail(
        "run", "%s (%d): --golden %s: the file has shape %s of %s, the output %s of %s",
        slip_status_name(SLIP_E_MISMATCH), SLIP_E_MISMATCH,
        session->program->params[golden->param].name, wanted,
        slipi_dtype_name(golden->expected.dtype), made, slipi_dtype_name(found->dtype));
}

/* Compares the outputs that --golden names. */
static int compare_goldens(const slipi_session *session, slipi_run_report *report)
{
    int code = SLIPI_EXIT_OK;
    for (uint32_t i = 0; i < report->golden_count; i++) {
        slipi_golden *golden = &report->golden[i];
        const slipi_array *found = &session->args[golden->param].data;
        const slipi_array *expected = &golden->expected;
        slipi_difference *d = &golden->difference;
        if (found->dtype != expected->dtype || found->ndim != expected->ndim ||
            memcmp(found->shape, expected->shape, found->ndim * sizeof(found->shape[0])) != 0) {
            code = shape_differs(session, golden, found);
            continue;
        }
        slipi_array_compare(found, expected, report->tolerance, d);
        golden->good = d->outside == 0;
        if (!golden->good) {
            code = slipi_cli_fail("run",
                                  "%s (%d): --golden %s: %llu elements differ by more than %.3g; "
                                  "the worst is element %llu: %.9g, expected %.9g",
                                  slip_status_name(SLIP_E_MISMATCH), SLIP_E_MISMATCH,
                                  session->program->params[golden->param].name,
                                  (unsigned long long)d->outside, report->tolerance,
                                  (unsigned long long)d->index, d->found, d->expected);
        }
    }
    return code;
}

/* Audits the last run. */
static int audit_run(const slipi_session *session, slipi_run_report *report)
{
    report->audited = true;
    report->audit.struct_size = (uint32_t)sizeof(report->audit);
    report->audit_status = slip_audit(session->runner, &report->audit);
    if (report->audit_status == SLIP_OK) {
        return SLIPI_EXIT_OK;
    }
    int code = slipi_cli_fail_status("run", session->runner, report->audit_status);
    if (report->audit.first_problem[0] != '\0') {
        fprintf(stderr, "  first      %s\n", report->audit.first_problem);
    }
    return code;
}

/* Everything between the open runner and the report. */
static int run_program(slipi_session *session, const run_options *options, slipi_run_report *report)
{
    int code = slipi_session_bind(session, &options->session.args);
    code = code != 0 ? code : read_goldens(session, options, report);
    code = code != 0 ? code : check_outputs(session, options);
    code = code != 0 ? code : slipi_session_check(session);
    code = code != 0 ? code : check_in_flight(session, options);
    code = code != 0 ? code : prewarm(session, options, report);
    code = code != 0 ? code : make_runs(session, options, report);
    code = code != 0 ? code : write_outputs(session, options);
    if (code != 0) {
        return code;
    }
    int compared = compare_goldens(session, report);
    int audited = options->audit ? audit_run(session, report) : SLIPI_EXIT_OK;
    int printed = SLIPI_EXIT_OK;
    if (!options->quiet || options->json) {
        printed = slipi_run_report_print(report, session, options->json);
    }
    return compared != 0 ? compared : audited != 0 ? audited : printed;
}

/* Opens what the options name, runs, closes. */
static int run_with_options(const run_options *options, const char *path)
{
    static slipi_session session; /* too large for the stack */
    static slipi_run_report report;
    double tolerance = 0.0;
    int code = check_options(options);
    code = code != 0 ? code : parse_tolerance(options, &tolerance);
    code = code != 0 ? code : slipi_session_configure(&session, "run", &options->session);
    if (code != 0) {
        return code;
    }
    if (!slipi_run_report_init(&report, options->runs)) {
        code = slipi_cli_fail("run", "memory for %u samples is not to be had", options->runs);
    }
    report.tolerance = tolerance;
    report.outputs = &options->outputs;
    code = code != 0 ? code : slipi_session_open(&session, &options->session);
    code = code != 0 ? code : slipi_session_load(&session, path);
    code = code != 0 ? code : run_program(&session, options, &report);
    slipi_session_close(&session);
    slipi_run_report_fini(&report);
    return code;
}

/* `slipway run`. */
int slipi_cmd_run(int argc, char **argv)
{
    static run_options o; /* holds lists of 256 values */
    const char *path = NULL;
    o.runs = 1;
    const slipi_cli_option options[] = {
        SLIPI_DEVICE_OPTIONS(o.session),
        {"runs", "N", "how often (default 1)", SLIPI_CLI_U32, &o.runs},
        {"replay", NULL, "record the graph once, and replay it in every run", SLIPI_CLI_FLAG,
         &o.replay},
        {"in-flight", "N", "submit the runs, N of them at once; up to 64", SLIPI_CLI_U32,
         &o.in_flight},
        SLIPI_CONFIG_OPTIONS(o.session),
        SLIPI_PROGRAM_OPTIONS(o.session),
        {"out", "NAME=FILE", "write an output as .npy; repeatable", SLIPI_CLI_LIST, &o.outputs},
        {"golden", "NAME=FILE", "compare an output with a .npy; repeatable", SLIPI_CLI_LIST,
         &o.goldens},
        {"tol", "T", "relative difference that --golden accepts (default 1e-5)", SLIPI_CLI_TEXT,
         &o.tolerance},
        {"trace", "FILE", "append host trace spans to a file", SLIPI_CLI_TEXT, &o.session.trace},
        {"trace-tasks", NULL, "trace every task as well", SLIPI_CLI_FLAG, &o.session.trace_tasks},
        {"audit", NULL, "record the last run and check its dependencies", SLIPI_CLI_FLAG, &o.audit},
        {"prewarm", NULL, "make the state before the first run", SLIPI_CLI_FLAG, &o.prewarm},
        {"prefault", NULL, "and give SM and arena their memory then", SLIPI_CLI_FLAG, &o.prefault},
        {"prefault-heap", NULL, "and the GM heap too", SLIPI_CLI_FLAG, &o.prefault_heap},
        {"huge-pages", NULL, "in large pages where there are any", SLIPI_CLI_FLAG, &o.huge_pages},
        {"cache-off", NULL, "every bind builds its state", SLIPI_CLI_FLAG, &o.session.cache_off},
        {"quiet", NULL, "no report and no progress", SLIPI_CLI_FLAG, &o.quiet},
        {"json", NULL, "report as JSON", SLIPI_CLI_FLAG, &o.json},
        {NULL, NULL, NULL, 0, NULL},
    };
    const slipi_cli_command command = {
        "run",
        "PROGRAM.so [options]",
        "Runs the program of a shared object and reports tasks, edges, times and cache hits.",
        SLIPI_ARGUMENT_HELP
        "An output without --arg takes its shape from --golden. INOUT arguments start from the\n"
        "same contents in every run.\n",
        options,
        &path,
        "PROGRAM.so",
        1};
    slipi_cli_parsed parsed = slipi_cli_parse(&command, argc, argv);
    return parsed.leave ? parsed.code : run_with_options(&o, path);
}
