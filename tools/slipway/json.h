/*
 * json.h - small additions to cJSON: percentiles, addresses, printing.
 *
 * For the subcommands; one thread. Numbers above 2^53 are written as hexadecimal strings.
 */
#ifndef SLIPI_JSON_H
#define SLIPI_JSON_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Adds {"p50": .., "p99": ..} of sorted samples. */
void slipi_json_percentiles(cJSON *object, const char *name, const uint64_t *sorted, size_t count);

/* Adds "0x..." for an address or a hash. */
void slipi_json_hex(cJSON *object, const char *name, uint64_t value);

/* Adds a counter. */
void slipi_json_count(cJSON *object, const char *name, uint64_t value);

/* Prints a document on standard output and deletes it; the exit code. */
int slipi_json_print(const char *command, cJSON *document);

/* Writes a quoted JSON string to a file. */
void slipi_json_string(FILE *file, const char *text);

#endif
