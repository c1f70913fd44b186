/*
 * trace_log.h - a trace file in memory: host trace spans and per-core task records.
 *
 * For `slipway trace`; one thread. The form of the lines is in docs/host-trace.md. Lines of another
 * form are skipped and counted; a line of this form with a bad field is an error.
 */
#ifndef SLIPI_TRACE_LOG_H
#define SLIPI_TRACE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Records that are kept: about 5 GiB of memory. Longer traces are cut by whoever made them. */
#define SLIPI_TRACE_LOG_MAX (UINT64_C(1) << 26)

/* A span or a task record. Texts are owned by the log; equal texts are one pointer. */
typedef struct slipi_trace_event {
    const char *name;     /* dotted span name, or the kernel's */
    const char *callable; /* spans: hash of the callable */
    const char *extra;    /* spans: further "key=value" words; may be empty */
    uint64_t run;
    uint64_t start_ns;
    uint64_t dur_ns;
    uint64_t task;       /* tasks: id on its ring */
    uint64_t submission; /* tasks */
    uint32_t pid;
    uint32_t tid;  /* spans */
    uint32_t ring; /* tasks */
    uint32_t core; /* tasks */
    bool is_task;
    bool aiv;          /* tasks: on a vector core */
    bool device_clock; /* tasks, and spans that say so */
} slipi_trace_event;

typedef struct slipi_trace_log {
    slipi_trace_event *events;
    size_t count;
    size_t room;
    uint64_t lines;
    uint64_t skipped; /* lines of another form */
    char **texts;     /* hash table of the texts; room is a power of two */
    size_t text_count;
    size_t text_room;
} slipi_trace_log;

/* Reads a whole file. On failure `why` says what is wrong in which line. */
bool slipi_trace_log_read(const char *path, slipi_trace_log *log, char *why, size_t why_bytes);

/* The log's copy of a text; null if memory is not to be had. */
const char *slipi_trace_log_text(slipi_trace_log *log, const char *text);

/* Frees everything; a log of all zeros is fine. */
void slipi_trace_log_fini(slipi_trace_log *log);

#endif
