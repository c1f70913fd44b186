/*
 * program_file.h - loads a program from a shared object: found by content, loaded once.
 *
 * For programs.c, under the runner's lock.
 */
#ifndef SLIPI_RUNNER_PROGRAM_FILE_H
#define SLIPI_RUNNER_PROGRAM_FILE_H

#include <slipway/slipway.h>

/* Names the content of a file: size and a 128-bit hash. */
typedef struct slipi_file_content {
    uint64_t bytes;
    uint64_t hash_low;
    uint64_t hash_high;
} slipi_file_content;

/* A loaded shared object. */
typedef struct slipi_program_file {
    slipi_file_content content;
    void *object; /* of dlopen */
    int copy_fd;  /* of the private copy that was loaded; -1 if it was the file itself */
    const slip_program *program;
} slipi_program_file;

/* Reads the file and names its content; checks that it is a shared object at all. */
slip_status slipi_program_file_content(const char *path, slipi_file_content *out,
                                       slip_error *error);

/* Loads it and finds the descriptor, which is not checked yet. */
slip_status slipi_program_file_load(const char *path, const slipi_file_content *content,
                                    slipi_program_file *out, slip_error *error);

/* Unloads it. */
void slipi_program_file_unload(slipi_program_file *file);

#endif
