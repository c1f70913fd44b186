/*
 * progress.h - a line on standard error while something takes long.
 *
 * For the subcommands; one progress at a time. The line comes from a thread of its own, because the
 * caller is inside a run: on a terminal it is renewed in place, elsewhere it comes every 2 seconds.
 */
#ifndef SLIPI_PROGRESS_H
#define SLIPI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct slipi_progress {
    pthread_mutex_t mutex; /* guards the fields below */
    pthread_cond_t changed;
    pthread_t thread;
    const char *what; /* "run" */
    uint64_t done;
    uint64_t total;
    uint64_t start_ns;
    bool running; /* the thread exists */
    bool stop;
} slipi_progress;

/* Starts; `quiet` makes everything here do nothing. */
void slipi_progress_begin(slipi_progress *progress, const char *what, uint64_t total, bool quiet);

/* Says how much is done. */
void slipi_progress_set(slipi_progress *progress, uint64_t done);

/* Stops and clears the line. */
void slipi_progress_end(slipi_progress *progress);

#endif
