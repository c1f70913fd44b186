/*
 * options.c - the option parser of `slipway`: one table gives parsing, --help and near misses.
 *
 * For the subcommands; one thread. An option is --name VALUE or --name=VALUE; after -- everything
 * is an operand. Names are not abbreviated, so that a script means tomorrow what it means today.
 */
#include <string.h>

#include "cli.h"

/* Longest word that is compared for nearness; longer ones are near to nothing. */
#define NEAR_MAX 40u

/* Smallest of three. */
static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edit distance of two words of at most NEAR_MAX characters. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[2][NEAR_MAX + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len > NEAR_MAX || b_len > NEAR_MAX) {
        return NEAR_MAX;
    }
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        const size_t *above = rows[(i - 1) & 1];
        size_t *row = rows[i & 1];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = smallest(above[j] + 1, row[j - 1] + 1, change);
        }
    }
    return rows[a_len & 1][b_len];
}

/* Whether `word` is near enough to `text` to be suggested, and how far it is. */
static bool is_near(const char *text, const char *word, size_t *out_distance)
{
    size_t length = strlen(text);
    size_t distance = edit_distance(text, word);
    size_t allowed = length <= 3 ? 1 : length <= 6 ? 2 : 3;
    if (length >= 3 && strncmp(text, word, length) == 0) {
        distance = 1;
    }
    *out_distance = distance;
    return distance <= allowed && distance < strlen(word);
}

/* The word of a null-terminated list that is nearest to `text`; null if none is near. */
const char *slipi_cli_nearest(const char *text, const char *const *words)
{
    const char *best = NULL;
    size_t best_distance = SIZE_MAX;
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t distance = 0;
        if (is_near(text, words[i], &distance) && distance < best_distance) {
            best = words[i];
            best_distance = distance;
        }
    }
    return best;
}

/* Prints one line of --help for an option. */
static void help_option(FILE *file, const char *name, const char *metavar, const char *help)
{
    char left[64];
    snprintf(left, sizeof(left), "--%s%s%s", name, metavar != NULL ? " " : "",
             metavar != NULL ? metavar : "");
    if (strlen(left) > 27) {
        fprintf(file, "  %s\n  %-27s %s\n", left, "", help);
    } else {
        fprintf(file, "  %-27s %s\n", left, help);
    }
}

/* Prints the help of a subcommand. */
void slipi_cli_help(FILE *file, const slipi_cli_command *command)
{
    fprintf(file, "usage: slipway %s %s\n\n%s\n\noptions:\n", command->name, command->synopsis,
            command->summary);
    for (const slipi_cli_option *o = command->options; o->name != NULL; o++) {
        help_option(file, o->name, o->metavar, o->help);
    }
    help_option(file, "help", NULL, "print this text");
    if (command->details != NULL) {
        fprintf(file, "\n%s", command->details);
    }
    fprintf(file, "\nexit codes: 0 success, 1 failure, 2 wrong usage\n");
}

/* Reports an option that is not in the table, with the nearest one that is. */
static int unknown_option(const slipi_cli_command *command, const char *argument, const char *name)
{
    const char *words[64];
    size_t count = 0;
    for (const slipi_cli_option *o = command->options; o->name != NULL && count < 62; o++) {
        words[count++] = o->name;
    }
    words[count++] = "help";
    words[count] = NULL;
    const char *near = slipi_cli_nearest(name, words);
    if (near != NULL) {
        return slipi_cli_usage(command->name, "unknown option '%s'; the nearest is '--%s'",
                               argument, near);
    }
    return slipi_cli_usage(command->name, "unknown option '%s'", argument);
}

/* Stores the value of an option; false after printing what is wrong with it. */
static bool store_value(const slipi_cli_command *command, const slipi_cli_option *option,
                        const char *value)
{
    uint64_t number = 0;
    slipi_cli_list *list = option->target;
    switch (option->kind) {
    case SLIPI_CLI_TEXT:
        *(const char **)option->target = value;
        return true;
    case SLIPI_CLI_U32:
        if (!slipi_cli_u64(value, &number) || number > UINT32_MAX) {
            slipi_cli_usage(command->name, "--%s wants a whole number from 0 to %u, not '%s'",
                            option->name, UINT32_MAX, value);
            return false;
        }
        *(uint32_t *)option->target = (uint32_t)number;
        return true;
    case SLIPI_CLI_TIME:
        if (!slipi_cli_duration(value, (uint64_t *)option->target)) {
            slipi_cli_usage(command->name, "--%s wants a time such as 500ms or 2s, not '%s'",
                            option->name, value);
            return false;
        }
        return true;
    default:
        if (list->count == SLIPI_CLI_MAX_VALUES) {
            slipi_cli_usage(command->name, "--%s is given more than %u times", option->name,
                            SLIPI_CLI_MAX_VALUES);
            return false;
        }
        list->value[list->count++] = value;
        return true;
    }
}

/* The option called `name` (of `length` characters); null if there is none. */
static const slipi_cli_option *find_option(const slipi_cli_command *command, const char *name,
                                           size_t length)
{
    for (const slipi_cli_option *o = command->options; o->name != NULL; o++) {
        if (strlen(o->name) == length && strncmp(o->name, name, length) == 0) {
            return o;
        }
    }
    return NULL;
}

/* Handles the option at argv[*index]; returns 0, or the exit code after printing an error. */
static int take_option(const slipi_cli_command *command, int argc, char **argv, int *index)
{
    const char *argument = argv[*index];
    const char *name = argument + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const slipi_cli_option *option = find_option(command, name, length);
    if (argument[1] != '-' || option == NULL) {
        char bare[NEAR_MAX + 1];
        snprintf(bare, sizeof(bare), "%.*s", (int)(length < NEAR_MAX ? length : NEAR_MAX), name);
        return unknown_option(command, argument, argument[1] == '-' ? bare : argument + 1);
    }
    if (option->kind == SLIPI_CLI_FLAG) {
        if (equals != NULL) {
            return slipi_cli_usage(command->name, "--%s takes no value", option->name);
        }
        *(bool *)option->target = true;
        return 0;
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (value == NULL && *index + 1 < argc) {
        *index += 1;
        value = argv[*index];
    }
    if (value == NULL) {
        return slipi_cli_usage(command->name, "--%s wants a value: --%s %s", option->name,
                               option->name, option->metavar);
    }
    return store_value(command, option, value) ? 0 : SLIPI_EXIT_USAGE;
}

/* Stores an operand; returns 0, or the exit code after printing an error. */
static int take_operand(const slipi_cli_command *command, const char *argument, uint32_t *count)
{
    if (*count >= command->operand_count) {
        return slipi_cli_usage(command->name, "'%s' is one argument too many", argument);
    }
    command->operands[*count] = argument;
    *count += 1;
    return 0;
}

/* Parses the arguments after the subcommand's name. Prints help or the error itself. */
slipi_cli_parsed slipi_cli_parse(const slipi_cli_command *command, int argc, char **argv)
{
    uint32_t operands = 0;
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        const char *argument = argv[i];
        int code = 0;
        if (!only_operands && strcmp(argument, "--") == 0) {
            only_operands = true;
        } else if (!only_operands &&
                   (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)) {
            slipi_cli_help(stdout, command);
            return (slipi_cli_parsed){true, SLIPI_EXIT_OK};
        } else if (!only_operands && argument[0] == '-' && argument[1] != '\0') {
            code = take_option(command, argc, argv, &i);
        } else {
            code = take_operand(command, argument, &operands);
        }
        if (code != 0) {
            return (slipi_cli_parsed){true, code};
        }
    }
    if (operands < command->operand_count) {
        int code = slipi_cli_usage(command->name, "%s is missing", command->operand_name);
        return (slipi_cli_parsed){true, code};
    }
    return (slipi_cli_parsed){false, SLIPI_EXIT_OK};
}
