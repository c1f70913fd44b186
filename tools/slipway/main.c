/*
 * main.c - the command line `slipway`: finds the subcommand and gives it its arguments.
 *
 * For users and scripts; one thread. Exit codes: 0 success, 1 failure, 2 wrong usage.
 */
#include <pthread.h>
#include <string.h>

#include "cli.h"

/* A subcommand: its name, what --help says about it, and the function. */
typedef struct subcommand {
    const char *name;
    const char *help;
    int (*main)(int argc, char **argv);
} subcommand;

static const subcommand subcommands[] = {
    {"info", "version, platforms, defaults, environment, memory", slipi_cmd_info},
    {"run", "run a program from a shared object", slipi_cmd_run},
    {"image", "show the prebuilt runtime-arena image of a sizing", slipi_cmd_image},
    {"deps", "write the dependency graph of a run as JSON or DOT", slipi_cmd_deps},
    {"trace", "summarise a host trace or convert it for a trace viewer", slipi_cmd_trace},
    {"bench", "measure bind and task graphs on this machine", slipi_cmd_bench},
};

#define SUBCOMMAND_COUNT (sizeof(subcommands) / sizeof(subcommands[0]))

/* Prints the help of the whole program. */
static void print_help(void)
{
    printf("usage: slipway COMMAND [arguments]\n\n"
           "Slipway runs accelerator task graphs that start warm.\n\ncommands:\n");
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        printf("  %-10s %s\n", subcommands[i].name, subcommands[i].help);
    }
    printf("\n'slipway COMMAND --help' tells more; 'slipway --version' prints the version.\n"
           "exit codes: 0 success, 1 failure, 2 wrong usage\n");
}

/* Reports a word that is no subcommand, with the nearest one that is. */
static int unknown_subcommand(const char *word)
{
    const char *words[SUBCOMMAND_COUNT + 1];
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        words[i] = subcommands[i].name;
    }
    words[SUBCOMMAND_COUNT] = NULL;
    const char *kind = word[0] == '-' ? "option" : "command";
    const char *near = slipi_cli_nearest(word, words);
    if (near != NULL) {
        return slipi_cli_usage("", "unknown %s '%s'; the nearest is '%s'", kind, word, near);
    }
    return slipi_cli_usage("", "unknown %s '%s'", kind, word);
}

/* Whether a line of the log is the same as the one before; `info` opens several runners, and each
 * says the same about a bad environment. May be called from any thread. */
static bool is_repeated(const char *line)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static char last[1024];
    pthread_mutex_lock(&mutex);
    bool same = strcmp(last, line) == 0;
    snprintf(last, sizeof(last), "%s", line);
    pthread_mutex_unlock(&mutex);
    return same;
}

/* Receives the library's log. A line that starts with a status code is the runner's last error,
 * which the subcommands print themselves, in full. May be called from any thread. */
static void print_log(void *user, uint32_t level, const char *line)
{
    static const char *const levels[] = {"", "error: ", "warning: ", "", "debug: "};
    (void)user;
    bool last_error = level == SLIP_LOG_ERROR && strncmp(line, "SLIP_E_", 7) == 0;
    if (!last_error && !is_repeated(line)) {
        fprintf(stderr, "slipway: %s%s\n", level <= SLIP_LOG_DEBUG ? levels[level] : "", line);
    }
}

/* Runs the subcommand that the first argument names. */
int main(int argc, char **argv)
{
    if (argc < 2) {
        return slipi_cli_usage("", "a command is missing");
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help();
        return SLIPI_EXIT_OK;
    }
    if (strcmp(word, "--version") == 0) {
        printf("slipway %s\n", slip_version());
        return SLIPI_EXIT_OK;
    }
    slip_log_set_sink(print_log, NULL);
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(word, subcommands[i].name) == 0) {
            int code = subcommands[i].main(argc - 2, argv + 2);
            if (fflush(stdout) != 0 || ferror(stdout)) {
                return slipi_cli_fail(word, "standard output cannot be written");
            }
            return code;
        }
    }
    return unknown_subcommand(word);
}
