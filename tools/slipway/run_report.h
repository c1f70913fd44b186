/*
 * run_report.h - what `slipway run` found out, and how it is printed.
 *
 * For cmd_run.c only.
 */
#ifndef SLIPI_RUN_REPORT_H
#define SLIPI_RUN_REPORT_H

#include "elements.h"
#include "session.h"

/* An output that was compared with an expected file. */
typedef struct slipi_golden {
    uint32_t param;
    slipi_array expected;
    slipi_difference difference;
    bool good;
} slipi_golden;

/* What is known after the runs. */
typedef struct slipi_run_report {
    uint32_t runs;
    uint32_t in_flight; /* runs submitted at once; 0: one was made after the other */
    uint64_t all_ns;    /* time of all runs in flight */
    uint64_t *hit_ns;   /* samples; sorted before printing */
    uint64_t *miss_ns;
    uint64_t *run_ns; /* in flight: from submission to its end as the caller sees it */
    size_t hit_count;
    size_t miss_count;
    size_t run_count;
    slip_stats stats;
    bool prewarmed_before; /* the state was made before the first run: */
    bool faulted;          /* with memory */
    slip_prewarmed prewarmed;
    slipi_golden golden[SLIP_MAX_RUN_ARGS];
    uint32_t golden_count;
    double tolerance;
    bool audited;
    slip_status audit_status;
    slip_audit_report audit;
    const slipi_cli_list *outputs; /* NAME=FILE, written already */
} slipi_run_report;

/* Makes room for the samples of `runs` runs. */
bool slipi_run_report_init(slipi_run_report *report, uint32_t runs);

/* Frees the samples and the expected arrays. */
void slipi_run_report_fini(slipi_run_report *report);

/* Prints the report as text, or as JSON; returns the exit code of the printing. */
int slipi_run_report_print(slipi_run_report *report, const slipi_session *session, bool json);

#endif
