/*
 * weak_suite.h - a model over weak.h whose orders have the labels of the source, and what becomes
 * of it when one order is weakened.
 *
 * For model tests; one thread. A model asks weak_order_of(label) at each access. The orders are not
 * written down in a model: they are read from the names of the operations in the source, which is
 * looked up under the label, so a source that changes is noticed.
 */
#ifndef SLIPWAY_TESTS_WEAK_SUITE_H
#define SLIPWAY_TESTS_WEAK_SUITE_H

#include "check.h"
#include "weak.h"

/* An operation of the source. */
typedef struct weak_label weak_label;
struct weak_label {
    /* "F1": [F1] stands in the file, shortly before the operation. A name with a space is no label:
     * the operation stands anywhere. */
    const char *name;
    const char *file;      /* from the root */
    const char *operation; /* as it is written there; its name ends with the order */
    /* If it is a call of the platform: the access behind it, whose name ends with the order. */
    const weak_label *access;
};

/* What must become of the model under other orders. */
enum weak_outcome {
    WEAK_HOLDS, /* it is right: the source asks for more than the protocol needs */
    WEAK_CAUGHT /* it fails */
};

/* The order of one label is weakened. */
typedef struct weak_row {
    uint32_t label;
    enum weak_order order;
    enum weak_outcome outcome;
} weak_row;

enum { WEAK_MAX_LABELS = 16 };

typedef struct weak_suite {
    uint32_t state_bytes; /* the state begins with a weak_memory */
    uint32_t threads;
    enum explore_step (*step)(void *state, weak_actor actor);
    bool (*ended)(const void *state);
    void (*begin)(void *state); /* after weak_init */
    const weak_label *labels;
    uint32_t label_count;
    const weak_row *rows; /* each label is relaxed in one of them */
    uint32_t row_count;
    uint64_t least_states;
    enum weak_outcome outcome; /* of the source's orders */
} weak_suite;

/* The order of a label, in the variant at hand. */
enum weak_order weak_order_of(uint32_t label);

/* Reads the orders of the labels from the source; false if one is not there or has moved. */
bool weak_suite_read_source(const weak_suite *suite);

/* Explores the model with the source's orders; true if it came out as the suite says. */
bool weak_suite_holds(const weak_suite *suite);

/* Explores one row; true if it came out as it says. */
bool weak_suite_row_agrees(const weak_suite *suite, uint32_t row);

/* Whether a row makes this label relaxed. */
bool weak_suite_relaxes(const weak_suite *suite, uint32_t label);

static const weak_suite *weak_checked;

/* The source has the operations that the model mirrors. */
static inline void the_source_agrees(void)
{
    CHECK(weak_suite_read_source(weak_checked));
}

/* No execution breaks an invariant or is stuck, or one does where the suite says so. */
static inline void the_protocol_holds(void)
{
    CHECK(weak_suite_holds(weak_checked));
}

/* Each order is as strong as it must be, or the table says that it is stronger. */
static inline void every_order_is_needed(void)
{
    for (uint32_t label = 0; label < weak_checked->label_count; label++) {
        if (!weak_suite_relaxes(weak_checked, label)) {
            CHECK_FAIL(weak_checked->labels[label].name);
        }
    }
    for (uint32_t row = 0; row < weak_checked->row_count; row++) {
        if (!weak_suite_row_agrees(weak_checked, row)) {
            CHECK_FAIL(weak_checked->labels[weak_checked->rows[row].label].name);
        }
    }
}

/* Runs a suite as three cases. */
static inline void weak_check(const weak_suite *suite)
{
    weak_checked = suite;
    CHECK_CASE(the_source_agrees);
    CHECK_CASE(the_protocol_holds);
    CHECK_CASE(every_order_is_needed);
}

#endif
