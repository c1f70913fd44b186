/*
 * json.c - small additions to cJSON: percentiles, addresses, printing.
 *
 * For the subcommands; one thread. A node that cannot be allocated makes the print fail.
 */
#include "json.h"

#include <cjson/cJSON.h>

#include "cli.h"

/* Adds {"p50": .., "p99": ..} of sorted samples. */
void slipi_json_percentiles(cJSON *object, const char *name, const uint64_t *sorted, size_t count)
{
    cJSON *pair = cJSON_AddObjectToObject(object, name);
    slipi_json_count(pair, "p50", slipi_cli_percentile(sorted, count, 50.0));
    slipi_json_count(pair, "p99", slipi_cli_percentile(sorted, count, 99.0));
}

/* Adds "0x..." for an address or a hash. */
void slipi_json_hex(cJSON *object, const char *name, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof(text), "0x%016llx", (unsigned long long)value);
    cJSON_AddStringToObject(object, name, text);
}

/* Adds a counter. */
void slipi_json_count(cJSON *object, const char *name, uint64_t value)
{
    cJSON_AddNumberToObject(object, name, (double)value);
}

/* Prints a document on standard output and deletes it; the exit code. */
int slipi_json_print(const char *command, cJSON *document)
{
    char *text = cJSON_Print(document);
    cJSON_Delete(document);
    if (text == NULL) {
        return slipi_cli_fail(command, "memory for the JSON output is not to be had");
    }
    printf("%s\n", text);
    cJSON_free(text);
    return SLIPI_EXIT_OK;
}

/* Writes a quoted JSON string to a file. */
void slipi_json_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            fprintf(file, "\\%c", *c);
        } else if (*c < 0x20 || *c >= 0x7f) {
            fprintf(file, "\\u%04x", *c);
        } else {
            fputc(*c, file);
        }
    }
    fputc('"', file);
}
