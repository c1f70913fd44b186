/*
 * session.c - a runner, a program and its arguments as the command line describes them.
 *
 * For the subcommands; one thread.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>

/* Reports a platform that is not built in. */
static int bad_platform(const char *command, const char *name)
{
    const char *const *names = slip_platform_names();
    char list[256];
    size_t used = 0;
    list[0] = '\0';
    for (size_t i = 0; names[i] != NULL && used < sizeof(list); i++) {
        int count =
            snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ", names[i]);
        used += count > 0 ? (size_t)count : 0;
    }
    const char *near = slipi_cli_nearest(name, names);
    if (near != NULL) {
        return slipi_cli_usage(command, "unknown platform '%s'; the nearest is '%s' (there are %s)",
                               name, near, list);
    }
    return slipi_cli_usage(command, "unknown platform '%s' (there are %s)", name, list);
}

/* Checks the platform's name. */
static int check_platform(const char *command, const char *name)
{
    const char *const *names = slip_platform_names();
    if (name == NULL) {
        return SLIPI_EXIT_OK;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return SLIPI_EXIT_OK;
        }
    }
    return bad_platform(command, name);
}

/* Finds a word in a list; its index goes to *out. */
static int choose(const char *command, const char *option, const char *text,
                  const char *const *words, uint32_t *out)
{
    if (text == NULL) {
        *out = 0;
        return SLIPI_EXIT_OK;
    }
    for (uint32_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return SLIPI_EXIT_OK;
        }
    }
    const char *near = slipi_cli_nearest(text, words);
    return slipi_cli_usage(command, "--%s: unknown value '%s'; %s '%s'", option, text,
                           near != NULL ? "the nearest is" : "the default is",
                           near != NULL ? near : words[0]);
}

/* Parses the values of one sizing option. */
static int ring_option(const char *command, const char *option, const char *text,
                       uint64_t out[SLIP_RING_COUNT])
{
    memset(out, 0, SLIP_RING_COUNT * sizeof(out[0]));
    if (text == NULL || slipi_cli_ring_values(text, out)) {
        return SLIPI_EXIT_OK;
    }
    return slipi_cli_usage(command, "--%s wants one number, or %u separated by commas, not '%s'",
                           option, SLIP_RING_COUNT, text);
}

/* Makes the sizing of a run from three options. */
static int make_sizing(const char *command, const slipi_session_options *o, slip_sizing *out)
{
    uint64_t window[SLIP_RING_COUNT];
    uint64_t heap[SLIP_RING_COUNT];
    uint64_t pool[SLIP_RING_COUNT];
    int code = ring_option(command, "window", o->window, window);
    code = code != 0 ? code : ring_option(command, "heap", o->heap, heap);
    code = code != 0 ? code : ring_option(command, "dep-pool", o->dep_pool, pool);
    if (code != 0) {
        return code;
    }
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        out->ring[r].task_window = window[r];
        out->ring[r].heap_bytes = heap[r];
        out->ring[r].dep_pool = pool[r];
    }
    return SLIPI_EXIT_OK;
}

/* Checks the options and makes the run configuration from them. */
int slipi_session_configure(slipi_session *session, const char *command,
                            const slipi_session_options *options)
{
    static const char *const modes[] = {"device", "host-graph", NULL};
    static const char *const dispatches[] = {"auto", "inline", "shared", "serial", "halves", NULL};
    slip_run_config *config = &session->config;
    memset(session, 0, sizeof(*session));
    session->command = command;
    config->struct_size = (uint32_t)sizeof(*config);
    config->blocks = options->blocks;
    config->control_threads = options->control_threads;
    config->timeout_ns = options->timeout_ns;
    config->trace_tasks = options->trace_tasks ? 1 : 0;
    int code = check_platform(command, options->platform);
    code = code != 0 ? code : choose(command, "mode", options->mode, modes, &config->mode);
    code = code != 0
               ? code
               : choose(command, "dispatch", options->dispatch, dispatches, &config->dispatch);
    return code != 0 ? code : make_sizing(command, options, &config->sizing);
}

/* Opens the runner. */
int slipi_session_open(slipi_session *session, const slipi_session_options *options)
{
    slip_runner_options open;
    memset(&open, 0, sizeof(open));
    open.struct_size = (uint32_t)sizeof(open);
    open.platform = options->platform;
    open.device_id = options->device;
    open.threads = options->threads;
    open.sim_threads = options->sim_threads;
    open.cache_off = options->cache_off ? 1 : 0;
    open.progress_deadline_ns = options->progress_ns;
    open.trace_path = options->trace;
    open.placement = options->placement;
    slip_status status = slip_runner_open(&open, &session->runner);
    if (status != SLIP_OK) {
        return slipi_cli_fail_status(session->command, NULL, status);
    }
    slip_runner_info info = {.struct_size = (uint32_t)sizeof(info)};
    if (slip_runner_describe(session->runner, &info) == SLIP_OK && info.stand_in[0] != '\0') {
        /* Beside the results, which may be JSON. */
        (void)fprintf(stderr, "slipway %s: on %s: %s\n", session->command, info.platform,
                      info.stand_in);
    }
    return SLIPI_EXIT_OK;
}

/* Registers the program of a shared object. */
int slipi_session_load(slipi_session *session, const char *path)
{
    slip_status status = slip_register_file(session->runner, path, &session->callable);
    if (status != SLIP_OK) {
        return slipi_cli_fail_status(session->command, session->runner, status);
    }
    session->program = slip_callable_program(session->runner, session->callable);
    if (session->program == NULL || session->program->param_count > SLIP_MAX_RUN_ARGS) {
        return slipi_cli_fail(session->command, "%s: the program's signature cannot be read", path);
    }
    for (uint32_t i = 0; i < session->program->param_count; i++) {
        if (session->program->params[i].name == NULL) {
            return slipi_cli_fail(session->command,
                                  "%s: argument %u of program '%s' has no name, and --arg goes by "
                                  "names; name it in the program's signature",
                                  path, i, session->program->name);
        }
    }
    return SLIPI_EXIT_OK;
}

/* Prints the names of a signature into a text, for messages. */
static void param_names(const slip_program *program, char *out, size_t out_bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < program->param_count && used < out_bytes; i++) {
        int count = snprintf(out + used, out_bytes - used, "%s%s", i == 0 ? "" : ", ",
                             program->params[i].name);
        used += count > 0 ? (size_t)count : 0;
    }
}

/* Splits NAME=VALUE and finds the parameter; *out_value points behind the '='. */
int slipi_session_param(const slipi_session *session, const char *option, const char *text,
                        uint32_t *out_index, const char **out_value)
{
    const slip_program *program = session->program;
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || equals[1] == '\0') {
        return slipi_cli_usage(session->command, "--%s wants NAME=VALUE, not '%s'", option, text);
    }
    size_t length = (size_t)(equals - text);
    for (uint32_t i = 0; i < program->param_count; i++) {
        const char *name = program->params[i].name;
        if (strlen(name) == length && strncmp(name, text, length) == 0) {
            *out_index = i;
            *out_value = equals + 1;
            return SLIPI_EXIT_OK;
        }
    }
    char names[512];
    param_names(program, names, sizeof(names));
    return slipi_cli_usage(session->command,
                           "--%s: program '%s' has no argument '%.*s'; it has: %s", option,
                           program->name, (int)length, text, names);
}

/* Frees everything. */
void slipi_session_close(slipi_session *session)
{
    slip_runner_close(session->runner);
    for (uint32_t i = 0; i < SLIP_MAX_RUN_ARGS; i++) {
        slipi_array_fini(&session->args[i].data);
        slipi_array_fini(&session->args[i].before);
    }
    session->runner = NULL;
    session->program = NULL;
}

/* Submits one run. */
slip_status slipi_session_submit(slipi_session *session, slip_submission **out)
{
    return slip_submit(session->runner, session->callable, session->run_args,
                       session->program->param_count, &session->config, out);
}

/* Runs once; INOUT arguments start from the same contents every time. */
slip_status slipi_session_run(slipi_session *session)
{
    uint32_t count = session->program->param_count;
    for (uint32_t i = 0; i < count; i++) {
        slipi_session_arg *arg = &session->args[i];
        if (arg->before.data != NULL) {
            memcpy(arg->data.data, arg->before.data, arg->before.bytes);
        }
    }
    if (session->recorded != NULL) {
        return slip_graph_replay(session->recorded);
    }
    return slip_run(session->runner, session->callable, session->run_args, count, &session->config);
}

/* Records the program: later runs replay it. */
slip_status slipi_session_record(slipi_session *session)
{
    return slip_graph_record(session->runner, session->callable, session->run_args,
                             session->program->param_count, &session->config, &session->recorded);
}
