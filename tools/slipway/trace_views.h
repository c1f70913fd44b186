/*
 * trace_views.h - what a trace is turned into: a table of times, or a file for a trace viewer.
 *
 * For cmd_trace.c; one thread.
 */
#ifndef SLIPI_TRACE_VIEWS_H
#define SLIPI_TRACE_VIEWS_H

#include "trace_log.h"

/* Prints count, mean and percentiles of every span name and kernel; returns the exit code. */
int slipi_trace_summary(slipi_trace_log *log, bool json);

/* Writes a file in the Chrome trace event format (Perfetto reads it too); the exit code. */
int slipi_trace_chrome(const slipi_trace_log *log, const char *path);

#endif
