/*
 * story.h - everything a caller does with a runner, for tests that let one call of it fail.
 */
#ifndef SLIPWAY_TESTS_RUNNER_STORY_H
#define SLIPWAY_TESTS_RUNNER_STORY_H

#include "affine.h"

/* What happened in one telling. */
typedef struct story {
    const struct slip_platform_ops *ops;
    slip_runner *runner; /* null if it could not be opened, and after story_end */
    slip_callable callable;
    slip_call *call;       /* prepared over x and y; null until it is */
    slip_recording *graph; /* recorded over x and y; null until it is */
    float x[AFFINE_ELEMENTS];
    float y[AFFINE_ELEMENTS];
    uint32_t failures; /* calls that returned a failure */
    uint32_t wrong;    /* results, or errors without a sentence, that were not as they must be */
} story;

/* Opens, registers, allocates and copies device memory, prewarms, runs three sizings, prepares,
 * changes and runs a call, records, changes, replays and checks a graph, audits, then prewarms
 * ahead, evicts, relays, grows, and gives memory back in part and whole. */
void story_tell(story *s);

/* The runner must still be good: runs every sizing again and checks the result. */
void story_check_usable(story *s);

/* Unregisters and closes. */
void story_end(story *s);

#endif
