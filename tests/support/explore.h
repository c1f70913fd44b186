/*
 * explore.h - visits every state of a small model, whatever order its processes take their steps.
 *
 * For model tests; one thread. A model is a state without padding, all bytes defined, and a
 * function that makes one step of one process. States are visited once, depth first. A visited
 * state is remembered by a fingerprint of 128 bits: among n states two are taken for one with a
 * probability of about n * n / 2^129, less than 10^-24 for the models here.
 */
#ifndef SLIPWAY_TESTS_EXPLORE_H
#define SLIPWAY_TESTS_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#define EXPLORE_STATE_BYTES 2048u

/* States beyond which an exploration is given up: a model that grew by accident. */
#define EXPLORE_MAX_STATES (UINT32_C(1) << 24)

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
    /* Makes a step of process p by way `choice`; BLOCKED leaves the state as it was, or not used.
     */
    enum explore_step (*step)(void *state, uint32_t p, uint32_t choice);
    /* Whether a state in which no process can move is a proper end. */
    bool (*ended)(const void *state);
} explore_model;

typedef struct explore_result {
    uint64_t states;
    uint64_t ends;    /* proper ends */
    uint64_t stuck;   /* states that are no proper end and from which nothing goes on */
    uint64_t broken;  /* steps that broke an invariant */
    uint64_t dropped; /* states beyond EXPLORE_MAX_STATES: the exploration is not complete */
} explore_result;

/* When to stop before all states are visited. */
enum explore_until { EXPLORE_ALL, EXPLORE_FIRST_FAILURE };

/* Explores a model from an initial state. The first failure's path is printed if all are wanted:
 * then none was expected. */
explore_result explore(const explore_model *model, const void *initial, enum explore_until until);

/* A way in which a model can be spoiled, or another way to be right. */
typedef struct explore_variant {
    const char *name;
    bool holds; /* it must hold; else it must be caught */
} explore_variant;

/* A model and its variants; the first is the protocol as it is. */
typedef struct explore_suite {
    explore_model model;
    /* Makes the initial state of a variant, from zeros, and chooses the variant. */
    void (*begin)(void *state, uint32_t variant);
    const explore_variant *variants;
    uint32_t variant_count;
    uint64_t least_states; /* of the first variant: fewer would mean that the model does nothing */
} explore_suite;

/* Explores one variant, prints a line, and returns whether it came out as the suite says. */
bool explore_variant_agrees(const explore_suite *suite, uint32_t variant);

#endif
