/*
 * explore.h - visits every state of a small model, whatever order its processes take their steps.
 *
 * For model tests. A model is a state without padding, all bytes defined, and a function that makes
 * one step of one process. States are visited once; the order of visits is depth first.
 */
#ifndef SLIPWAY_TESTS_EXPLORE_H
#define SLIPWAY_TESTS_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#define EXPLORE_STATE_BYTES 64u

/* What one process can do in a state. */
enum explore_step {
    EXPLORE_BLOCKED, /* nothing now: it waits for another process, or it has ended */
    EXPLORE_MOVED,   /* the state was changed */
    EXPLORE_BROKEN   /* an invariant does not hold */
};

typedef struct explore_model {
    uint32_t state_bytes; /* <= EXPLORE_STATE_BYTES */
    uint32_t processes;
    uint32_t choices; /* a process may have this many ways to go on; tried in turn */
    /* Makes a step of process p by way `choice`; BLOCKED leaves the state as it was. */
    enum explore_step (*step)(void *state, uint32_t p, uint32_t choice);
    /* Whether a state in which no process can move is a proper end. */
    bool (*ended)(const void *state);
} explore_model;

typedef struct explore_result {
    uint64_t states;
    uint64_t ends;    /* proper ends */
    uint64_t stuck;   /* states that are no proper end and from which nothing goes on */
    uint64_t broken;  /* steps that broke an invariant */
    uint64_t dropped; /* states beyond the room of the table: the exploration is not complete */
} explore_result;

/* Explores a model from an initial state. */
explore_result explore(const explore_model *model, const void *initial);

#endif
