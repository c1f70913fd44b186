/*
 * example.h - what the example hosts share: options, random numbers, a runner, timings.
 *
 * For the main programs under examples/, from their main thread. Programs (orchestration functions
 * and kernels) do not use it: they include <slipway/orch.h> only.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdbool.h>

#include <slipway/slipway.h>

/* Exit codes of every example. */
enum { EXAMPLE_OK = 0, EXAMPLE_FAILURE = 1, EXAMPLE_USAGE = 2 };

/* What every example host is told on its command line. */
typedef struct example_options {
    const char *platform; /* --platform */
    const char *program;  /* --program: the shared object; null = beside the executable */
    uint64_t runs;        /* --runs */
    uint64_t threads;     /* --threads; 0 = automatic */
    uint64_t device;      /* --device */
    uint64_t seed;        /* --seed */
    uint64_t audit;       /* --audit: check the dependencies of the last run */
} example_options;

/* An option of one example's own: a number with its range. */
typedef struct example_number {
    const char *name; /* "--tile" */
    uint64_t *value;  /* holds the default */
    uint64_t min;
    uint64_t max;
    const char *help;
} example_number;

/*
 * Reads the command line. Returns true to go on; false with *out_exit set after --help (0) or a
 * wrong argument (2, which is named on standard error). `intro` is printed by --help.
 */
bool example_parse(int argc, char **argv, const char *intro, example_options *options,
                   const example_number *numbers, uint32_t number_count, int *out_exit);

/* A runner with its registered program, and what its runs have shown so far. */
typedef struct example_session {
    slip_runner *runner;
    slip_callable callable;
    slip_run_config config; /* of every run; audit is set by example_run */
    slip_stats stats;       /* after the last run */
    uint64_t *hit_ns;       /* bind times of the runs that found the state resident */
    uint64_t *miss_ns;      /* bind times of the runs that built it */
    uint64_t *run_ns;       /* times of whole runs */
    uint64_t hit_count;
    uint64_t miss_count;
    uint64_t run_count;
    uint64_t capacity; /* runs that the three arrays hold */
} example_session;

/*
 * Opens the platform of the options, with or without the prebuilt-arena cache, and registers the
 * program file `name`.so. On failure prints why and returns false; close the session all the same.
 */
bool example_open(const char *name, const example_options *options, bool cache_off,
                  example_session *out);

/* Frees everything a session owns; a zeroed session is fine. */
void example_close(example_session *session);

/* Runs once and records the timings. On failure prints the last error and returns false. */
bool example_run(example_session *session, const slip_run_arg *args, uint32_t arg_count);

/* Checks the record of the last run if it was audited; prints what it found. */
bool example_audit(example_session *session);

/* Prints a status with the runner's last error; returns false. */
bool example_failed(slip_runner *runner, const char *what, slip_status status);

/* Prints tasks, bind and run times of one session, or of two side by side (`off` may be null). */
void example_print_times(const example_session *on, const example_session *off);

/* The p-th percentile (0 .. 100, nearest rank) of count values, which it sorts; 0 if none. */
uint64_t example_percentile(uint64_t *values, uint64_t count, uint32_t p);

/* Next number of a generator with a 64-bit state (splitmix64). */
uint64_t example_random(uint64_t *state);

/* Next number of the generator, even in [-1, 1). */
float example_random_float(uint64_t *state);

/* Memory for count elements, zeroed; ends the program if there is none. Free it with free. */
void *example_alloc(uint64_t count, uint64_t bytes);

#endif
