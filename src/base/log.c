/*
 * log.c - level, sink and form of log lines; see log.h.
 *
 * State of the whole process: the level (one atomic word) and the sink (under a mutex that is not
 * held while the sink runs, so a sink may log).
 */
#include "base/log.h"

#include <ctype.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/atomic.h"

/* Level + 1; 0 = SLIPWAY_LOG has not been read yet. Any thread writes and reads [relaxed: the
 * level orders nothing, and every thread that reads the environment finds the same]. */
static slipi_au32 level_plus_one;

static pthread_mutex_t sink_mutex = PTHREAD_MUTEX_INITIALIZER;
static slip_log_sink current_sink; /* null: standard error */
static void *current_user;

static const char *const level_names[] = {"off", "error", "warn", "info", "debug"};
enum { LEVEL_COUNT = sizeof(level_names) / sizeof(level_names[0]) };

/* Replaces control characters, so that one message is one line. */
static void make_one_line(char *line)
{
    for (; *line != '\0'; line++) {
        if (iscntrl((unsigned char)*line)) {
            *line = ' ';
        }
    }
}

/* Hands a finished line to the sink, or to standard error in one write. */
static void deliver(uint32_t level, const char *line)
{
    pthread_mutex_lock(&sink_mutex);
    slip_log_sink sink = current_sink;
    void *user = current_user;
    pthread_mutex_unlock(&sink_mutex);
    if (sink != NULL) {
        sink(user, level, line);
        return;
    }
    char text[SLIPI_LOG_LINE_BYTES + 32];
    int n = snprintf(text, sizeof(text), "slipway: %s: %s\n", level_names[level], line);
    if (n > 0) {
        /* Nothing can be done about a standard error that does not take the line. */
        ssize_t written = write(STDERR_FILENO, text, (size_t)n);
        (void)written;
    }
}

/* Reads SLIPWAY_LOG: a name or a number of a level. Says so once if it is neither. */
static uint32_t level_from_environment(void)
{
    const char *value = getenv("SLIPWAY_LOG");
    if (value == NULL || value[0] == '\0') {
        return SLIP_LOG_WARN;
    }
    for (uint32_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcasecmp(value, level_names[i]) == 0 ||
            (value[0] == (char)('0' + i) && value[1] == '\0')) {
            return i;
        }
    }
    char line[256];
    (void)snprintf(line, sizeof(line),
                   "SLIPWAY_LOG: wanted off, error, warn, info, debug or 0 to 4, found \"%.64s\"; "
                   "using warn",
                   value);
    make_one_line(line);
    deliver(SLIP_LOG_WARN, line);
    return SLIP_LOG_WARN;
}

/* The level in force; reads the environment at the first call. */
static uint32_t current_level(void)
{
    uint32_t plus_one = slipi_load_relaxed(&level_plus_one);
    if (plus_one == 0) {
        uint32_t expected = 0;
        plus_one = level_from_environment() + 1u;
        /* A level set meanwhile by slip_log_set_level wins. */
        while (!slipi_cas_relaxed(&level_plus_one, &expected, plus_one)) {
            if (expected != 0) {
                return expected - 1u;
            }
        }
    }
    return plus_one - 1u;
}

bool slipi_log_enabled(uint32_t level)
{
    return level >= SLIP_LOG_ERROR && level <= current_level();
}

void slipi_log(uint32_t level, const char *fmt, ...)
{
    if (!slipi_log_enabled(level)) {
        return;
    }
    char line[SLIPI_LOG_LINE_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (n < 0) {
        return;
    }
    if ((size_t)n >= sizeof(line)) {
        memcpy(line + sizeof(line) - 4, "...", 4);
    }
    make_one_line(line);
    deliver(level, line);
}

void slip_log_set_level(uint32_t level)
{
    uint32_t bounded = level < LEVEL_COUNT ? level : LEVEL_COUNT - 1u;
    slipi_store_relaxed(&level_plus_one, bounded + 1u);
}

void slip_log_set_sink(slip_log_sink sink, void *user)
{
    pthread_mutex_lock(&sink_mutex);
    current_sink = sink;
    current_user = user;
    pthread_mutex_unlock(&sink_mutex);
}
