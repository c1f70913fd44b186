/*
 * progress.c - a line on standard error while something takes long.
 *
 * For the subcommands. The thread sleeps on a condition variable and looks at the counters under
 * the mutex; the caller takes the mutex once a run, which costs nothing beside a run.
 */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

/* Seconds before the first line and between lines: chosen, not measured. */
#define LINE_INTERVAL_S 2

/* Prints one line about the state; the mutex is held. */
static void print_line(const slipi_progress *progress, bool terminal)
{
    double seconds = (double)(slipi_cli_now_ns() - progress->start_ns) / 1e9;
    fprintf(stderr, "%s%s %llu of %llu, %.0f s%s", terminal ? "\r" : "", progress->what,
            (unsigned long long)progress->done, (unsigned long long)progress->total, seconds,
            terminal ? "   " : "\n");
    fflush(stderr);
}

/* The progress thread: prints until it is told to stop. */
static void *progress_main(void *argument)
{
    slipi_progress *progress = argument;
    bool terminal = isatty(STDERR_FILENO) == 1;
    bool printed = false;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    pthread_mutex_lock(&progress->mutex);
    while (!progress->stop) {
        until.tv_sec += printed && terminal ? 1 : LINE_INTERVAL_S;
        int waited = 0;
        while (!progress->stop && waited == 0) {
            waited = pthread_cond_timedwait(&progress->changed, &progress->mutex, &until);
        }
        if (!progress->stop) {
            print_line(progress, terminal);
            printed = true;
        }
    }
    pthread_mutex_unlock(&progress->mutex);
    if (printed && terminal) {
        fprintf(stderr, "\r%60s\r", "");
    }
    return NULL;
}

/* Starts; `quiet` makes everything here do nothing. */
void slipi_progress_begin(slipi_progress *progress, const char *what, uint64_t total, bool quiet)
{
    pthread_condattr_t attributes;
    progress->what = what;
    progress->done = 0;
    progress->total = total;
    progress->start_ns = slipi_cli_now_ns();
    progress->stop = false;
    progress->running = false;
    pthread_mutex_init(&progress->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&progress->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!quiet) {
        progress->running = pthread_create(&progress->thread, NULL, progress_main, progress) == 0;
    }
}

/* Says how much is done. */
void slipi_progress_set(slipi_progress *progress, uint64_t done)
{
    pthread_mutex_lock(&progress->mutex);
    progress->done = done;
    pthread_mutex_unlock(&progress->mutex);
}

/* Stops and clears the line. */
void slipi_progress_end(slipi_progress *progress)
{
    pthread_mutex_lock(&progress->mutex);
    progress->stop = true;
    pthread_cond_signal(&progress->changed);
    pthread_mutex_unlock(&progress->mutex);
    if (progress->running) {
        pthread_join(progress->thread, NULL);
        progress->running = false;
    }
    pthread_cond_destroy(&progress->changed);
    pthread_mutex_destroy(&progress->mutex);
}
