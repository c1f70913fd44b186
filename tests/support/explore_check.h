/*
 * explore_check.h - the body of a model test: the protocol as it is holds, each variant comes out
 * as its table says.
 *
 * For programs of one test, from main.
 */
#ifndef SLIPWAY_TESTS_EXPLORE_CHECK_H
#define SLIPWAY_TESTS_EXPLORE_CHECK_H

#include "check.h"
#include "explore.h"

static const explore_suite *explore_checked;

/* No state of the protocol as it is breaks an invariant or is stuck. */
static inline void the_protocol_holds(void)
{
    CHECK(explore_variant_agrees(explore_checked, 0));
}

/* Spoiled variants are caught, else the model would prove nothing. */
static inline void every_part_is_needed(void)
{
    for (uint32_t i = 1; i < explore_checked->variant_count; i++) {
        if (!explore_variant_agrees(explore_checked, i)) {
            CHECK_FAIL(explore_checked->variants[i].name);
        }
    }
}

/* Runs a suite as two cases. */
static inline void explore_check(const explore_suite *suite)
{
    explore_checked = suite;
    CHECK_CASE(the_protocol_holds);
    CHECK_CASE(every_part_is_needed);
}

#endif
