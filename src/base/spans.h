/*
 * spans.h - trace lines: host trace spans and per-core task records.
 *
 * For the runner, which owns one trace and emits from one thread at a time (under its mutex). A
 * null trace is a trace that is off: every function takes it and returns at once. The form of the
 * lines is in docs/host-trace.md. Lines of a run are collected and written whole, normally with one
 * write, so that several processes may append to one file.
 */
#ifndef SLIPI_SPANS_H
#define SLIPI_SPANS_H

#include <stdint.h>

/* Bytes collected before they are written: some 700 lines. */
#define SLIPI_TRACE_BUFFER_BYTES 131072u

typedef struct slipi_trace slipi_trace;

/* One core's part of one task. */
typedef struct slipi_trace_record {
    uint32_t ring;
    uint32_t core;
    uint64_t task; /* id on its ring */
    uint64_t submission;
    const char *kernel; /* its name */
    uint64_t start_ns;
    uint64_t dur_ns;
    uint32_t aiv; /* 0: AIC, 1: AIV */
} slipi_trace_record;

/*
 * Opens a trace that appends to `path`; null takes SLIPWAY_TRACE. Returns null, which is "off", if
 * there is no path, or (with a line in the log) if the file cannot be opened.
 */
slipi_trace *slipi_trace_open(const char *path);

/* Writes what is left and closes. Null is fine. */
void slipi_trace_close(slipi_trace *trace);

/* Begins the lines of one run (or prewarm): its number on the runner and its callable's hash. */
void slipi_trace_begin(slipi_trace *trace, uint64_t run, uint64_t callable_hash);

/*
 * One span, host clock: dotted name ("run.bind.prebuilt"; its depth is the number of dots), start,
 * duration, and further "key=value key=value" or null.
 */
void slipi_trace_span(slipi_trace *trace, const char *name, uint64_t start_ns, uint64_t dur_ns,
                      const char *extra);

/* One span measured by the device's clock, converted to nanoseconds. */
void slipi_trace_device_span(slipi_trace *trace, const char *name, uint64_t start_ns,
                             uint64_t dur_ns, const char *extra);

/* One task record of the run that was begun. */
void slipi_trace_task(slipi_trace *trace, const slipi_trace_record *record);

/* Ends the run's lines: writes them. */
void slipi_trace_end(slipi_trace *trace);

#endif
