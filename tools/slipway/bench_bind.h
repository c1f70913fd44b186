/*
 * bench_bind.h - what the files of `slipway bench bind` share: an open runner, samples, the report.
 *
 * For bench_bind*.c. One thread, but for the part that measures two. A section measures one thing
 * and fills its part of the report; bench_bind_print.c prints it.
 */
#ifndef SLIPI_BENCH_BIND_H
#define SLIPI_BENCH_BIND_H

#include <slipway/platform.h>

#include "session.h"

/* Most samples of one figure, and of those that open a runner or build state for each. */
#define SLIPI_BIND_MAX_HITS 100000u
#define SLIPI_BIND_MAX_MISSES 1000u

/* Runs before the samples of a figure. */
#define SLIPI_BIND_WARM_UP 50u

#define SLIPI_BIND_WINDOWS 6u        /* 64 to 1 Mi */
#define SLIPI_BIND_MAX_SIZINGS 8u    /* as many as a cache keeps by default */
#define SLIPI_BIND_FIRST_TASKS 1024u /* of the run that is run for the first time */

/* Runs after which that run has been round all it touches: slots of a window of 16384, 256 MiB of a
 * heap of which a run takes 4 MiB. */
#define SLIPI_BIND_FIRST_LAP_RUNS 64u

/* What the command line says. */
typedef struct slipi_bind_options {
    slipi_session_options session;
    uint32_t hits;    /* samples of a hit */
    uint32_t misses;  /* samples of a miss */
    uint32_t sizings; /* that are used in turn */
    uint32_t args;    /* of a prepared call ... */
    uint32_t changed; /* ... and how many change between two runs */
    bool json;
} slipi_bind_options;

/* Nanoseconds: percentiles of some samples. */
typedef struct slipi_bind_times_ns {
    uint64_t p50;
    uint64_t p99;
    uint64_t p999;
} slipi_bind_times_ns;

/* One window. */
typedef struct slipi_bind_window {
    uint64_t window;
    slipi_bind_times_ns miss;   /* on a runner that was just opened */
    slipi_bind_times_ns relaid; /* after a run that broke the state */
    slipi_bind_times_ns hit;
    uint64_t miss_image_bytes;
    uint64_t relaid_image_bytes;
    uint64_t hit_image_bytes; /* largest of all hits */
    uint64_t resident_bytes;
} slipi_bind_window;

/* First run of a graph after one kind of preparation. */
typedef struct slipi_bind_first {
    slipi_bind_times_ns bind;
    slipi_bind_times_ns first; /* from the call to the end of the first kernel */
    slipi_bind_times_ns run;
} slipi_bind_first;

/* Everything measured. */
typedef struct slipi_bind_report {
    slipi_bind_window windows[SLIPI_BIND_WINDOWS];
    slipi_bind_times_ns in_turn_hit;   /* several sizings, by slip_run */
    slipi_bind_times_ns in_turn_calls; /* ... by a prepared call each */
    slipi_bind_times_ns args_bind; /* bind of slip_run with many arguments of which some change */
    slipi_bind_times_ns call_bind; /* bind of a prepared call with the same ones */
    slipi_bind_times_ns call_set_run; /* whole: changing them and running the empty graph */
    uint64_t call_launch_bytes;
    slipi_bind_times_ns empty; /* whole runs, one read of the clock included */
    slipi_bind_times_ns empty_untimed;
    slipi_bind_times_ns empty_call; /* a prepared call, untimed */
    slipi_bind_times_ns one;
    slipi_bind_times_ns one_untimed;
    slipi_bind_times_ns one_call;
    slipi_bind_first cold;
    slipi_bind_first prewarmed;
    slipi_bind_first warm;
    slipi_bind_times_ns prewarm;  /* what it costs itself */
    slipi_bind_times_ns alone;    /* hits of one runner, its thread alone */
    slipi_bind_times_ns together; /* ... with another runner on another thread */
    bool from_files;    /* many arguments and first runs are left out: they need to be in process */
    char stand_in[128]; /* what stands in for the device; else empty */
} slipi_bind_report;

/* An open runner and its program. */
typedef struct slipi_bind_bench {
    const slipi_bind_options *options;
    slip_runner *runner; /* null if none is open */
    slip_callable callable;
    slip_stats stats;
    uint64_t *samples;  /* SLIPI_BIND_MAX_HITS of them */
    bool from_files;    /* the device is not this process: programs come from files */
    char stand_in[128]; /* what stands in for the device */
} slipi_bind_bench;

/* Functions below return an exit code and have printed what is wrong. */

/* ---- bench_bind.c --------------------------------------------------------------------------- */

/* Opens a fresh runner (null `ops`: the platform that was asked for) with a program. */
int slipi_bind_open(slipi_bind_bench *bench, const slip_platform_ops *ops,
                    const slip_program *program);

/* Closes it. */
void slipi_bind_close(slipi_bind_bench *bench);

/* Prints what failed. */
int slipi_bind_fail(const slipi_bind_bench *bench, slip_status status);

/* A run configuration with one window on all rings; 0 is the default. */
slip_run_config slipi_bind_config(uint64_t window);

/* Reads the counters. */
int slipi_bind_stats(slipi_bind_bench *bench);

/* Percentiles of the first `count` samples, which are sorted by this. */
slipi_bind_times_ns slipi_bind_percentiles(slipi_bind_bench *bench, uint32_t count);

/* ---- bench_bind_cache.c --------------------------------------------------------------------- */

/* Misses, relaid entries and hits of one window. */
int slipi_bind_measure_window(slipi_bind_bench *bench, uint64_t window, slipi_bind_window *out);

/* Several sizings in turn. */
int slipi_bind_measure_in_turn(slipi_bind_bench *bench, slipi_bind_report *out);

/* ---- bench_bind_runs.c ---------------------------------------------------------------------- */

/* Empty graph and one task. */
int slipi_bind_measure_runs(slipi_bind_bench *bench, slipi_bind_report *out);

/* Many arguments of which some change. */
int slipi_bind_measure_args(slipi_bind_bench *bench, slipi_bind_report *out);

/* ---- bench_bind_first.c --------------------------------------------------------------------- */

/* First runs: cold, prewarmed, warm. */
int slipi_bind_measure_first(slipi_bind_bench *bench, slipi_bind_report *out);

/* Two runners on two threads against one alone. */
int slipi_bind_measure_threads(slipi_bind_bench *bench, slipi_bind_report *out);

/* ---- bench_bind_print.c --------------------------------------------------------------------- */

/* Prints the report as a table or as JSON. */
int slipi_bind_print_table(const slipi_bind_report *report, const slipi_bind_options *options);
int slipi_bind_print_json(const slipi_bind_report *report, const slipi_bind_options *options);

#endif
