/*
 * report.h - prints what the host found, as text or as JSON.
 *
 * For the host, one thread.
 */
#ifndef MINILM_REPORT_H
#define MINILM_REPORT_H

#include "compare.h"
#include "reference.h"

/* Everything that is reported. */
typedef struct minilm_report {
    const char *platform;
    minilm_lines *lines;
    encoder *on;  /* null: not run */
    encoder *off; /* the same with the cache off; null: not run */
    bool has_reference;
    char origin[80];            /* of the reference */
    minilm_agreement agreement; /* with the reference */
    double sequential;          /* largest difference from the sequential version */
    minilm_times times;
} minilm_report;

/* Prints for people. */
void minilm_report_text(const minilm_report *report);

/* Prints one JSON object. */
void minilm_report_json(const minilm_report *report);

#endif
