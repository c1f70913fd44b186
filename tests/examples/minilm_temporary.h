/*
 * minilm_temporary.h - a temporary file for the tests of the sentence encoder's readers.
 *
 * For tests/examples/test_minilm_*.c, one thread.
 */
#ifndef TESTS_MINILM_TEMPORARY_H
#define TESTS_MINILM_TEMPORARY_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

/* A file with some content; remove it with temporary_remove. */
typedef struct temporary {
    char path[64];
} temporary;

/* Writes a file of its own. */
static inline temporary temporary_write(const void *data, size_t bytes)
{
    temporary file;
    (void)snprintf(file.path, sizeof(file.path), "/tmp/slipway-minilm-XXXXXX");
    int fd = mkstemp(file.path);
    if (!CHECK(fd >= 0)) {
        exit(1);
    }
    size_t at = 0;
    while (at < bytes) {
        ssize_t wrote = write(fd, (const char *)data + at, bytes - at);
        if (!CHECK(wrote > 0)) {
            exit(1);
        }
        at += (size_t)wrote;
    }
    (void)close(fd);
    return file;
}

/* Removes the file. */
static inline void temporary_remove(const temporary *file)
{
    (void)unlink(file->path);
}

#endif
