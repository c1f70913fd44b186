/*
 * cli.h - what the subcommands of `slipway` share: exit codes, options, messages, numbers.
 *
 * For tools/slipway only; one thread. A subcommand describes its options in a table; the parser
 * fills the values, and the same table makes the text of --help.
 */
#ifndef SLIPI_CLI_H
#define SLIPI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <slipway/slipway.h>

/* Exit codes of every subcommand. */
enum { SLIPI_EXIT_OK = 0, SLIPI_EXIT_FAILURE = 1, SLIPI_EXIT_USAGE = 2 };

/* How often an option that collects values may be given. */
#define SLIPI_CLI_MAX_VALUES 256u

/* Values of an option that may be given several times, in the order given. */
typedef struct slipi_cli_list {
    const char *value[SLIPI_CLI_MAX_VALUES];
    uint32_t count;
} slipi_cli_list;

enum slipi_cli_kind {
    SLIPI_CLI_FLAG = 0, /* target: bool */
    SLIPI_CLI_TEXT = 1, /* target: const char * */
    SLIPI_CLI_U32 = 2,  /* target: uint32_t */
    SLIPI_CLI_LIST = 3, /* target: slipi_cli_list */
    SLIPI_CLI_TIME = 4  /* target: uint64_t, nanoseconds */
};

/* One long option. A table ends with a row without a name. */
typedef struct slipi_cli_option {
    const char *name;    /* without the two dashes */
    const char *metavar; /* of the value, for --help; null for flags */
    const char *help;    /* one line */
    uint32_t kind;       /* enum slipi_cli_kind */
    void *target;
} slipi_cli_option;

/* A subcommand as --help tells it, and what stands on its command line without dashes. */
typedef struct slipi_cli_command {
    const char *name;     /* "run" */
    const char *synopsis; /* "PROGRAM.so [options]" */
    const char *summary;  /* one line */
    const char *details;  /* further lines of --help; may be null */
    const slipi_cli_option *options;
    const char **operands; /* room for operand_count of them */
    const char *operand_name;
    uint32_t operand_count; /* all are required */
} slipi_cli_command;

/* What the parser says: go on, or leave with this code. */
typedef struct slipi_cli_parsed {
    bool leave;
    int code;
} slipi_cli_parsed;

/* Parses the arguments after the subcommand's name. Prints help or the error itself. */
slipi_cli_parsed slipi_cli_parse(const slipi_cli_command *command, int argc, char **argv);

/* Prints the help of a subcommand. */
void slipi_cli_help(FILE *file, const slipi_cli_command *command);

/* The word of a null-terminated list that is nearest to `text`; null if none is near. */
const char *slipi_cli_nearest(const char *text, const char *const *words);

/* Says what is wrong with the command line; returns SLIPI_EXIT_USAGE. */
int slipi_cli_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says what failed; returns SLIPI_EXIT_FAILURE. */
int slipi_cli_fail(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints an error in full; SLIPI_EXIT_FAILURE. */
int slipi_cli_fail_error(const char *command, const slip_error *error);

/* Prints the last error of a runner in full (null: of the failed open); SLIPI_EXIT_FAILURE. */
int slipi_cli_fail_status(const char *command, slip_runner *runner, slip_status status);

/* ---- numbers -------------------------------------------------------------------------------- */

/* A whole decimal or 0x number with nothing after it. */
bool slipi_cli_u64(const char *text, uint64_t *out);

/* As above with an optional K, M, G or T (powers of 1024). */
bool slipi_cli_bytes(const char *text, uint64_t *out);

/* A time with ns, us, ms or s; a bare number is seconds. In nanoseconds. */
bool slipi_cli_duration(const char *text, uint64_t *out_ns);

/* One value for all rings, or one a ring, comma-separated. */
bool slipi_cli_ring_values(const char *text, uint64_t out[SLIP_RING_COUNT]);

/* ---- timing --------------------------------------------------------------------------------- */

/* Monotonic host clock. */
uint64_t slipi_cli_now_ns(void);

/* Sorts the samples; used before the two below. */
void slipi_cli_sort(uint64_t *samples, size_t count);

/* Nearest-rank percentile of sorted samples; 0 of none. */
uint64_t slipi_cli_percentile(const uint64_t *sorted, size_t count, double percent);

/* "417 ns", "12.4 us", "3.1 ms", "2.0 s". */
void slipi_cli_time_text(uint64_t ns, char *out, size_t out_bytes);

/* "512 B", "64.0 KiB", "1.0 GiB". */
void slipi_cli_bytes_text(uint64_t bytes, char *out, size_t out_bytes);

/* ---- subcommands ---------------------------------------------------------------------------- */

/* Each takes the arguments after its own name and returns the exit code. */
int slipi_cmd_info(int argc, char **argv);
int slipi_cmd_run(int argc, char **argv);
int slipi_cmd_image(int argc, char **argv);
int slipi_cmd_deps(int argc, char **argv);
int slipi_cmd_trace(int argc, char **argv);
int slipi_cmd_bench(int argc, char **argv);
int slipi_bench_bind(int argc, char **argv);
int slipi_bench_graph(int argc, char **argv);

#endif
