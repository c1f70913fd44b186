/*
 * cmd_deps.c - `slipway deps`: runs a program once and writes its dependency graph.
 *
 * For main.c; one thread.
 */
#include <string.h>

#include "session.h"

/* What the command line says besides the shared options. */
typedef struct deps_options {
    slipi_session_options session;
    const char *format;
    const char *out;
} deps_options;

/* Checks --format and --out. */
static int check_options(const deps_options *options)
{
    static const char *const formats[] = {"json", "dot", NULL};
    if (options->out == NULL) {
        return slipi_cli_usage("deps", "--out FILE is missing");
    }
    for (size_t i = 0; formats[i] != NULL; i++) {
        if (options->format == NULL || strcmp(options->format, formats[i]) == 0) {
            return SLIPI_EXIT_OK;
        }
    }
    return slipi_cli_usage("deps", "--format: unknown value '%s'; there are json and dot",
                           options->format);
}

/* Runs the program with its record on and writes the graph. */
static int write_graph(slipi_session *session, const deps_options *options)
{
    slip_stats stats;
    memset(&stats, 0, sizeof(stats));
    stats.struct_size = (uint32_t)sizeof(stats);
    session->config.audit = 1;
    slip_status status = slipi_session_run(session);
    if (status == SLIP_OK) {
        const char *format = options->format != NULL ? options->format : "json";
        status = slip_write_deps(session->runner, format, options->out);
    }
    if (status == SLIP_OK) {
        status = slip_runner_stats(session->runner, &stats);
    }
    if (status != SLIP_OK) {
        return slipi_cli_fail_status("deps", session->runner, status);
    }
    printf("%s: %llu tasks\n", options->out, (unsigned long long)stats.last_tasks);
    return SLIPI_EXIT_OK;
}

/* `slipway deps`. */
int slipi_cmd_deps(int argc, char **argv)
{
    static deps_options o;        /* holds lists of 256 values */
    static slipi_session session; /* too large for the stack */
    const char *path = NULL;
    const slipi_cli_option options[] = {
        {"format", "F", "json (default) or dot", SLIPI_CLI_TEXT, &o.format},
        {"out", "FILE", "where the graph is written", SLIPI_CLI_TEXT, &o.out},
        SLIPI_DEVICE_OPTIONS(o.session),
        SLIPI_CONFIG_OPTIONS(o.session),
        SLIPI_PROGRAM_OPTIONS(o.session),
        {NULL, NULL, NULL, 0, NULL},
    };
    const slipi_cli_command command = {
        "deps",
        "PROGRAM.so --out FILE [options]",
        "Runs a program once and writes the tasks and the edges between them.",
        SLIPI_ARGUMENT_HELP,
        options,
        &path,
        "PROGRAM.so",
        1};
    slipi_cli_parsed parsed = slipi_cli_parse(&command, argc, argv);
    if (parsed.leave) {
        return parsed.code;
    }
    int code = check_options(&o);
    code = code != 0 ? code : slipi_session_configure(&session, "deps", &o.session);
    code = code != 0 ? code : slipi_session_open(&session, &o.session);
    code = code != 0 ? code : slipi_session_load(&session, path);
    code = code != 0 ? code : slipi_session_bind(&session, &o.session.args);
    code = code != 0 ? code : slipi_session_check(&session);
    code = code != 0 ? code : write_graph(&session, &o);
    slipi_session_close(&session);
    return code;
}
