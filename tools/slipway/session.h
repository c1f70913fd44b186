/*
 * session.h - a runner, a program and its arguments as the command line describes them.
 *
 * For the subcommands that open a device; one thread. The option rows below are shared by their
 * tables, so that --platform or --window mean the same everywhere.
 */
#ifndef SLIPI_SESSION_H
#define SLIPI_SESSION_H

#include "cli.h"
#include "npy.h"

/* What the shared options say; all zeros is "nothing said". */
typedef struct slipi_session_options {
    const char *platform;
    const char *mode;
    const char *dispatch;
    const char *window;
    const char *heap;
    const char *dep_pool;
    const char *trace;
    const char *placement;
    uint64_t progress_ns;
    uint64_t timeout_ns;
    uint32_t device;
    uint32_t threads;
    uint32_t sim_threads;
    uint32_t blocks;
    uint32_t control_threads;
    bool trace_tasks;
    bool cache_off;
    slipi_cli_list args;
} slipi_session_options;

/* Row of the option that says where threads run. */
#define SLIPI_PLACEMENT_OPTION(target)                                               \
    {                                                                                \
        "placement", "P", "cpu: none (default), compact, scatter, or CPUs: 0,2,4-7", \
            SLIPI_CLI_TEXT, &(target)                                                \
    }

/* Rows of the options that choose a device. */
#define SLIPI_DEVICE_OPTIONS(s)                                                                    \
    {"platform", "P", "cpu (default), a2a3sim, a5sim, a2a3, a5", SLIPI_CLI_TEXT, &(s).platform},   \
        {"device", "N", "device id (default 0)", SLIPI_CLI_U32, &(s).device},                      \
        {"threads", "T", "cpu: threads, the caller included (default: processors)", SLIPI_CLI_U32, \
         &(s).threads},                                                                            \
        SLIPI_PLACEMENT_OPTION((s).placement),                                                     \
    {                                                                                              \
        "sim-threads", "T", "sims: threads that play the cores (default: automatic)",              \
            SLIPI_CLI_U32, &(s).sim_threads                                                        \
    }

/* Rows of the options that make a run's configuration. */
#define SLIPI_CONFIG_OPTIONS(s)                                                                  \
    {"blocks", "B", "blocks used (default 0: all)", SLIPI_CLI_U32, &(s).blocks},                 \
        {"control-threads", "C", "control threads used (default 0: automatic)", SLIPI_CLI_U32,   \
         &(s).control_threads},                                                                  \
        {"mode", "M", "device (default) or host-graph", SLIPI_CLI_TEXT, &(s).mode},              \
        {"window", "W[,W,W,W]", "tasks a ring holds: one value or one a ring", SLIPI_CLI_TEXT,   \
         &(s).window},                                                                           \
        {"heap", "H[,H,H,H]", "heap bytes a ring (K, M, G)", SLIPI_CLI_TEXT, &(s).heap},         \
    {                                                                                            \
        "dep-pool", "D[,D,D,D]", "dependency-pool entries a ring", SLIPI_CLI_TEXT, &(s).dep_pool \
    }

/* Rows of the options that describe how a program runs. */
#define SLIPI_PROGRAM_OPTIONS(s)                                                                \
    {"dispatch", "D", "auto (default), inline, shared, serial or halves", SLIPI_CLI_TEXT,       \
     &(s).dispatch},                                                                            \
        {"arg", "NAME=VALUE", "an argument: see below; repeatable", SLIPI_CLI_LIST, &(s).args}, \
        {"progress", "TIME", "no task completing for so long is a hang", SLIPI_CLI_TIME,        \
         &(s).progress_ns},                                                                     \
    {                                                                                           \
        "timeout", "TIME", "bound of one run", SLIPI_CLI_TIME, &(s).timeout_ns                  \
    }

/* The part of --help about arguments. */
#define SLIPI_ARGUMENT_HELP                                                        \
    "arguments (--arg NAME=VALUE), by the names of the program's signature:\n"     \
    "  NAME=file.npy               a tensor from a file\n"                         \
    "  NAME=SHAPE[:TYPE[:FILL]]    a generated tensor, such as x=64x64:f32:rand\n" \
    "  NAME=42, NAME=0x2a, NAME=-1 an integer scalar\n"                            \
    "  NAME=1.5f                   a floating-point scalar\n"                      \
    "TYPE: f32 f64 f16 bf16 i8 u8 i16 u16 i32 u32 i64 u64\n"                       \
    "FILL: rand zeros ones range, or a seed (default: rand for inputs, zeros for outputs)\n"

/* A run argument and the memory behind it. */
typedef struct slipi_session_arg {
    bool given;
    slipi_array data;   /* tensors: what the run sees */
    slipi_array before; /* INOUT tensors: contents before every run */
} slipi_session_arg;

/* An open runner, and a program if one is loaded. */
typedef struct slipi_session {
    const char *command; /* for messages */
    slip_runner *runner;
    slip_recording *recorded; /* null: runs are runs */
    slip_callable callable;
    const slip_program *program; /* null until loaded */
    slip_run_config config;
    slipi_session_arg args[SLIP_MAX_RUN_ARGS];
    slip_run_arg run_args[SLIP_MAX_RUN_ARGS];
} slipi_session;

/*
 * All functions below return an exit code, having printed what is wrong; the session may be closed
 * after any of them.
 */

/* Checks the options and makes the run configuration from them. */
int slipi_session_configure(slipi_session *session, const char *command,
                            const slipi_session_options *options);

/* Opens the runner. */
int slipi_session_open(slipi_session *session, const slipi_session_options *options);

/* Registers the program of a shared object. */
int slipi_session_load(slipi_session *session, const char *path);

/* Gives the program its arguments: NAME=VALUE texts. */
int slipi_session_bind(slipi_session *session, const slipi_cli_list *args);

/* Gives an OUT argument that has no --arg the shape of an array. */
int slipi_session_bind_output(slipi_session *session, uint32_t index, const slipi_array *like);

/* Fails if an argument is still missing. */
int slipi_session_check(slipi_session *session);

/* Submits one run; for programs without INOUT arguments, which are not set back. */
slip_status slipi_session_submit(slipi_session *session, slip_submission **out);

/* Runs once; INOUT arguments start from the same contents every time. */
slip_status slipi_session_run(slipi_session *session);

/* Records the program with its arguments: slipi_session_run replays it from then on. */
slip_status slipi_session_record(slipi_session *session);

/* Splits NAME=VALUE and finds the parameter; *out_value points behind the '='. */
int slipi_session_param(const slipi_session *session, const char *option, const char *text,
                        uint32_t *out_index, const char **out_value);

/* Frees everything. */
void slipi_session_close(slipi_session *session);

#endif
