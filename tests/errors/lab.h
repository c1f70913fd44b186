/*
 * lab.h - a program whose orchestration function each test chooses, and what surrounds it.
 *
 * For the tests under tests/errors. A lab is a runner with one registered program over the
 * arguments x (IN, 64 floats), y (INOUT, 64 floats) and n (a scalar). The orchestration function
 * of the next run is a global of lab.c; labs are used by one thread at a time.
 */
#ifndef SLIPWAY_TESTS_ERRORS_LAB_H
#define SLIPWAY_TESTS_ERRORS_LAB_H

#include <stdbool.h>

#include <slipway/platform.h>
#include <slipway/slipway.h>

#include "support/check.h"

#define LAB_ELEMENTS 64u

/* The kernel table. */
enum {
    LAB_PLUS_ONE, /* AIV: tensor 1 = tensor 0 + 1, 64 floats */
    LAB_CUBE,     /* AIC: nothing */
    LAB_NOTHING,  /* AIV: nothing */
    LAB_REFUSE,   /* AIV: returns its first scalar */
    LAB_STUCK,    /* AIV: returns when lab_release is called, on core 0 at once */
    LAB_COUNT,    /* AIV: counts itself; see lab_counted */
    LAB_AFTER,    /* AIV: returns 0 if as many as its first scalar counted themselves, else 1 */
    LAB_KERNELS
};

typedef struct lab {
    slip_runner *runner;
    slip_callable callable;
    float x[LAB_ELEMENTS];
    float y[LAB_ELEMENTS];
} lab;

/* What a bad orchestration function must end in. */
typedef struct lab_case {
    const char *name;
    slip_orch_fn fn;
    slip_status status;
    const char *said; /* part of the message */
    const char *also; /* another part, or null */
} lab_case;

/* Opens a lab; false after a printed failure. Options may be null. */
bool lab_open(lab *l, const char *platform, const slip_runner_options *options);

/* Closes it. */
void lab_close(lab *l);

/* Runs an orchestration function with the scalar n. */
slip_status lab_run_n(lab *l, slip_orch_fn fn, uint64_t n, const slip_run_config *config);

/* As above with n = 0. */
slip_status lab_run(lab *l, slip_orch_fn fn, const slip_run_config *config);

/* A run that must be good: y = x + 2 through a tensor of the ring heap. */
bool lab_good(lab *l);

/* The last error of the runner. */
slip_error lab_error(lab *l);

/* A configuration with one sizing for all rings; 0 leaves a value unset. */
slip_run_config lab_config(uint64_t window, uint64_t heap, uint64_t pool);

/* Value of `--platform P` among the arguments; "cpu" without it. */
const char *lab_platform(int argc, char **argv);

/* Lets stuck kernels go, or holds them again. */
void lab_release(bool go);

/* How often LAB_COUNT ran since the last call. */
uint64_t lab_counted(void);

/* Submits a task of LAB_NOTHING that makes one tensor of `count` floats. */
slip_status lab_make(slip_orch *o, slip_tensor *out, uint32_t elements);

/* Checks that a bad orchestration fails as it should, and that the runner works afterwards. */
static inline void lab_check(lab *l, const lab_case *c, const slip_run_config *config)
{
    slip_status status = lab_run(l, c->fn, config);
    slip_error error = lab_error(l);
    bool ok = CHECK_STATUS(c->status, status);
    ok = CHECK_EQ(c->status, error.status) && ok;
    ok = CHECK_CONTAINS(error.message, c->said) && ok;
    ok = (c->also == NULL || CHECK_CONTAINS(error.message, c->also)) && ok;
    ok = CHECK(lab_good(l)) && ok;
    if (!ok) {
        fprintf(stderr, "  in case '%s'\n", c->name);
    }
}

/* Runs a whole table of bad orchestration functions. */
static inline void lab_check_all(lab *l, const lab_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lab_check(l, &cases[i], NULL);
    }
}

#endif
