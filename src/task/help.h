/*
 * help.h - what the orchestrator does instead of waiting: somebody else's work.
 *
 * The rings and edges know that completion makes room, but not how tasks are run; the scheduler
 * above them supplies that as a value.
 */
#ifndef SLIPI_TASK_HELP_H
#define SLIPI_TASK_HELP_H

#include <stdbool.h>

typedef struct slipi_help {
    /* Does a piece of useful work, or waits a little. False if waiting has become pointless. */
    bool (*step)(void *user);
    void *user;
    /* Does a short piece of useful work if there is one in reach; never waits. May be null. */
    bool (*more)(void *user);
} slipi_help;

/* One step of help. */
static inline bool slipi_help_step(const slipi_help *help)
{
    return help->step(help->user);
}

#endif
