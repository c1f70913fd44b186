/*
 * spans.c - the writer of trace lines; see spans.h. One thread at a time per trace.
 *
 * The file is opened with O_APPEND, and a write always ends at the end of a line, so lines of
 * several processes do not mix. The buffer is allocated at open: emitting allocates nothing.
 */
#include "base/spans.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"

/* Longest line; what a name or an extra adds beyond it is cut. */
#define LINE_BYTES 1024u
#define NAME_BYTES 96u

struct slipi_trace {
    int fd;
    bool failed; /* a write failed: reported once, then silent */
    uint32_t used;
    uint64_t run;
    uint64_t callable_hash;
    long pid; /* of the run that was begun */
    long tid;
    char path[256]; /* for messages */
    char buffer[SLIPI_TRACE_BUFFER_BYTES];
};

slipi_trace *slipi_trace_open(const char *path)
{
    const char *name = path != NULL ? path : getenv("SLIPWAY_TRACE");
    if (name == NULL || name[0] == '\0') {
        return NULL;
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        slipi_log(SLIP_LOG_ERROR, "trace: cannot append to \"%s\": %s; tracing is off", name,
                  strerror(errno));
        return NULL;
    }
    slipi_trace *trace = calloc(1, sizeof(*trace));
    if (trace == NULL) {
        slipi_log(SLIP_LOG_ERROR, "trace: no memory for a buffer of %u bytes; tracing is off",
                  SLIPI_TRACE_BUFFER_BYTES);
        (void)close(fd);
        return NULL;
    }
    trace->fd = fd;
    (void)snprintf(trace->path, sizeof(trace->path), "%s", name);
    return trace;
}

/* Writes the collected lines. After a failure they are dropped. */
static void flush(slipi_trace *trace)
{
    uint32_t done = 0;
    while (done < trace->used && !trace->failed) {
        ssize_t n = write(trace->fd, trace->buffer + done, trace->used - done);
        if (n > 0) {
            done += (uint32_t)n;
        } else if (n == 0 || errno != EINTR) {
            trace->failed = true;
            slipi_log(SLIP_LOG_ERROR, "trace: cannot write to \"%s\": %s; tracing stops",
                      trace->path, n == 0 ? "nothing was taken" : strerror(errno));
        }
    }
    trace->used = 0;
}

void slipi_trace_close(slipi_trace *trace)
{
    if (trace == NULL) {
        return;
    }
    flush(trace);
    (void)close(trace->fd);
    free(trace);
}

void slipi_trace_begin(slipi_trace *trace, uint64_t run, uint64_t callable_hash)
{
    if (trace == NULL) {
        return;
    }
    trace->run = run;
    trace->callable_hash = callable_hash;
    trace->pid = (long)getpid();
    trace->tid = (long)gettid();
}

/* Adds one line, without its newline, to the buffer; makes room first if there is none. */
__attribute__((format(printf, 2, 3))) static void add_line(slipi_trace *trace, const char *fmt, ...)
{
    if (sizeof(trace->buffer) - trace->used < LINE_BYTES) {
        flush(trace);
    }
    char *line = trace->buffer + trace->used;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, LINE_BYTES - 1u, fmt, args);
    va_end(args);
    if (n < 0) {
        return;
    }
    uint32_t length = (uint32_t)n < LINE_BYTES - 2u ? (uint32_t)n : LINE_BYTES - 2u;
    line[length] = '\n';
    trace->used += length + 1u;
    SLIPI_ASSERT(trace->used <= sizeof(trace->buffer));
}

/* Copies a name as one field of a line: no blanks, no '=', bounded. */
static void copy_field(char out[NAME_BYTES], const char *name)
{
    size_t n = 0;
    for (; name != NULL && name[n] != '\0' && n + 1 < NAME_BYTES; n++) {
        unsigned char c = (unsigned char)name[n];
        out[n] = c <= ' ' || c == '=' || c == 127 ? '_' : (char)c;
    }
    if (n == 0) {
        out[n++] = '-';
    }
    out[n] = '\0';
}

/* Nesting depth of a dotted name. */
static unsigned depth_of(const char *name)
{
    unsigned dots = 0;
    for (; *name != '\0'; name++) {
        dots += *name == '.' ? 1u : 0u;
    }
    return dots;
}

/* Adds the line of a span. */
static void add_span(slipi_trace *trace, const char *name, const char *clock,
                     const uint64_t start_and_dur_ns[2], const char *extra)
{
    char field[NAME_BYTES];
    copy_field(field, name);
    add_line(trace,
             "slipway-trace 1 pid=%ld tid=%ld run=%" PRIu64 " callable=%016" PRIx64
             " depth=%u span=%s start_ns=%" PRIu64 " dur_ns=%" PRIu64 " clock=%s%s%s",
             trace->pid, trace->tid, trace->run, trace->callable_hash, depth_of(field), field,
             start_and_dur_ns[0], start_and_dur_ns[1], clock, extra != NULL ? " " : "",
             extra != NULL ? extra : "");
}

void slipi_trace_span(slipi_trace *trace, const char *name, uint64_t start_ns, uint64_t dur_ns,
                      const char *extra)
{
    if (trace != NULL) {
        add_span(trace, name, "host", (const uint64_t[2]){start_ns, dur_ns}, extra);
    }
}

void slipi_trace_device_span(slipi_trace *trace, const char *name, uint64_t start_ns,
                             uint64_t dur_ns, const char *extra)
{
    if (trace != NULL) {
        add_span(trace, name, "device", (const uint64_t[2]){start_ns, dur_ns}, extra);
    }
}

void slipi_trace_task(slipi_trace *trace, const slipi_trace_record *record)
{
    if (trace == NULL) {
        return;
    }
    char kernel[NAME_BYTES];
    copy_field(kernel, record->kernel);
    add_line(trace,
             "slipway-task 1 pid=%ld run=%" PRIu64 " task=%" PRIu32 ".%" PRIu64
             " submission=%" PRIu64 " kernel=%s core=%" PRIu32 " type=%s start_ns=%" PRIu64
             " dur_ns=%" PRIu64,
             trace->pid, trace->run, record->ring, record->task, record->submission, kernel,
             record->core, record->aiv != 0 ? "aiv" : "aic", record->start_ns, record->dur_ns);
}

void slipi_trace_end(slipi_trace *trace)
{
    if (trace != NULL) {
        flush(trace);
    }
}
