/*
 * cmd_trace.c - `slipway trace`: summarises a trace file or converts it for a trace viewer.
 *
 * For main.c; one thread.
 */
#include "cli.h"
#include "trace_views.h"

/* `slipway trace`. */
int slipi_cmd_trace(int argc, char **argv)
{
    const char *path = NULL;
    const char *out = NULL;
    bool json = false;
    char why[512];
    const slipi_cli_option options[] = {
        {"out", "FILE", "write a Chrome/Perfetto trace instead of the table", SLIPI_CLI_TEXT, &out},
        {"json", NULL, "print the table as JSON", SLIPI_CLI_FLAG, &json},
        {NULL, NULL, NULL, 0, NULL},
    };
    const slipi_cli_command command = {
        "trace",
        "LOG [options]",
        "Prints count, mean and percentiles of the spans of a trace, or converts it.",
        "LOG is a file made with --trace or SLIPWAY_TRACE; lines of another form are skipped.\n",
        options,
        &path,
        "LOG",
        1};
    slipi_cli_parsed parsed = slipi_cli_parse(&command, argc, argv);
    if (parsed.leave) {
        return parsed.code;
    }
    if (out != NULL && json) {
        return slipi_cli_usage("trace", "--json and --out exclude each other");
    }
    slipi_trace_log log;
    if (!slipi_trace_log_read(path, &log, why, sizeof(why))) {
        slipi_trace_log_fini(&log);
        return slipi_cli_fail("trace", "%s", why);
    }
    int code = out != NULL ? slipi_trace_chrome(&log, out) : slipi_trace_summary(&log, json);
    slipi_trace_log_fini(&log);
    return code;
}
