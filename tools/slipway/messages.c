/*
 * messages.c - what `slipway` says when a command line is wrong or something failed.
 *
 * For the subcommands; one thread. Everything goes to standard error, so that standard output holds
 * results only.
 */
#include <stdarg.h>
#include <string.h>

#include "cli.h"

/* Says what is wrong with the command line; returns SLIPI_EXIT_USAGE. */
int slipi_cli_usage(const char *command, const char *format, ...)
{
    const char *space = command[0] != '\0' ? " " : "";
    va_list list;
    fflush(stdout);
    fprintf(stderr, "slipway%s%s: ", space, command);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "\ntry 'slipway%s%s --help'\n", space, command);
    return SLIPI_EXIT_USAGE;
}

/* Says what failed; returns SLIPI_EXIT_FAILURE. */
int slipi_cli_fail(const char *command, const char *format, ...)
{
    va_list list;
    fflush(stdout);
    fprintf(stderr, "slipway %s: ", command);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    return SLIPI_EXIT_FAILURE;
}

/* Prints the place of an error: only what is known. */
static void print_place(const slip_error *error)
{
    if (error->resource[0] != '\0') {
        fprintf(stderr, "  resource   %s\n", error->resource);
    }
    if (error->ring >= 0) {
        fprintf(stderr, "  ring       %d\n", error->ring);
    }
    if (error->scope >= 0) {
        fprintf(stderr, "  scope      depth %d\n", error->scope);
    }
    if (error->task != 0) {
        fprintf(stderr, "  task       submission %llu\n", (unsigned long long)error->task);
    }
    if (error->kernel >= 0) {
        fprintf(stderr, "  kernel     index %d\n", error->kernel);
    }
    if (error->code != 0) {
        fprintf(stderr, "  returned   %d\n", error->code);
    }
}

/* Prints the numbers of an error, if it has any. */
static void print_numbers(const slip_error *error)
{
    if (error->wanted == 0 && error->available == 0 && error->capacity == 0) {
        return;
    }
    fprintf(stderr, "  wanted     %llu\n  available  %llu\n  capacity   %llu\n",
            (unsigned long long)error->wanted, (unsigned long long)error->available,
            (unsigned long long)error->capacity);
}

/* Prints what a status is. */
static void print_status(const char *command, slip_status status)
{
    fflush(stdout);
    fprintf(stderr, "slipway %s: %s (%d): %s\n", command, slip_status_name(status), status,
            slip_status_message(status));
}

/* Prints an error in full; SLIPI_EXIT_FAILURE. */
int slipi_cli_fail_error(const char *command, const slip_error *error)
{
    print_status(command, error->status);
    if (error->message[0] != '\0') {
        fprintf(stderr, "  %s\n", error->message);
    }
    print_place(error);
    print_numbers(error);
    return SLIPI_EXIT_FAILURE;
}

/* Prints the last error of a runner in full (null: of the failed open); SLIPI_EXIT_FAILURE. */
int slipi_cli_fail_status(const char *command, slip_runner *runner, slip_status status)
{
    slip_error error;
    memset(&error, 0, sizeof(error));
    error.struct_size = (uint32_t)sizeof(error);
    slip_status asked = runner != NULL ? slip_last_error(runner, &error) : slip_open_error(&error);
    if (asked == SLIP_OK && error.status == status) {
        return slipi_cli_fail_error(command, &error);
    }
    print_status(command, status);
    return SLIPI_EXIT_FAILURE;
}
