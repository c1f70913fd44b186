/*
 * test_spans.c - trace lines: exact form, off when off, whole when several processes append.
 * ctest-labels: unit S9
 */
#include "base/spans.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include <slipway/slipway.h>

enum { PROCESSES = 4, RUNS = 100, TASKS = 20 };

static char path[64];

/* Names a fresh file for a case. */
static void fresh_path(void)
{
    (void)snprintf(path, sizeof(path), "/tmp/slipway-spans-XXXXXX");
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
}

/* Reads the whole file; the caller frees it. */
static char *read_all(void)
{
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    CHECK_EQ(fseek(f, 0, SEEK_END), 0);
    size_t bytes = (size_t)ftell(f);
    rewind(f);
    char *text = calloc(1, bytes + 1u);
    CHECK_EQ(fread(text, 1, bytes, f), bytes);
    (void)fclose(f);
    return text;
}

/* A trace that is off takes every call. */
static void off(void)
{
    CHECK_EQ(unsetenv("SLIPWAY_TRACE"), 0);
    slipi_trace *trace = slipi_trace_open(NULL);
    CHECK(trace == NULL);
    CHECK(slipi_trace_open("") == NULL);
    slipi_trace_begin(trace, 1, 2);
    slipi_trace_span(trace, "run", 1, 2, NULL);
    slipi_trace_device_span(trace, "run", 1, 2, NULL);
    slipi_trace_task(trace, NULL);
    slipi_trace_end(trace);
    slipi_trace_close(trace);
}

/* A file that cannot be opened is reported, and the trace is off. */
static void cannot_open(void)
{
    slip_log_set_level(0);
    CHECK(slipi_trace_open("/nonexistent/folder/trace") == NULL);
    slip_log_set_level(SLIP_LOG_WARN);
}

/* The lines are what docs/host-trace.md says, to the letter. */
static void form(void)
{
    char wanted[1024];
    fresh_path();
    CHECK_EQ(setenv("SLIPWAY_TRACE", path, 1), 0);
    slipi_trace *trace = slipi_trace_open(NULL);
    CHECK(trace != NULL);
    slipi_trace_begin(trace, 7, UINT64_C(0xabc));
    slipi_trace_span(trace, "run.bind.prebuilt", 100, 20, "cache=hit");
    slipi_trace_device_span(trace, "run.launch.device_wall.orch", 110, 3, NULL);
    slipi_trace_task(trace, &(slipi_trace_record){.ring = 1,
                                                  .core = 5,
                                                  .task = 16384,
                                                  .submission = 9,
                                                  .kernel = "add one=1",
                                                  .start_ns = 111,
                                                  .dur_ns = 2,
                                                  .aiv = 1});
    slipi_trace_end(trace);
    slipi_trace_close(trace);
    CHECK_EQ(unsetenv("SLIPWAY_TRACE"), 0);
    char *text = read_all();
    long pid = (long)getpid();
    (void)snprintf(wanted, sizeof(wanted),
                   "slipway-trace 1 pid=%ld tid=%ld run=7 callable=0000000000000abc depth=2 "
                   "span=run.bind.prebuilt start_ns=100 dur_ns=20 clock=host cache=hit\n"
                   "slipway-trace 1 pid=%ld tid=%ld run=7 callable=0000000000000abc depth=3 "
                   "span=run.launch.device_wall.orch start_ns=110 dur_ns=3 clock=device\n"
                   "slipway-task 1 pid=%ld run=7 task=1.16384 submission=9 kernel=add_one_1 "
                   "core=5 type=aiv start_ns=111 dur_ns=2\n",
                   pid, (long)gettid(), pid, (long)gettid(), pid);
    CHECK_STR(text, wanted);
    free(text);
    (void)unlink(path);
}

/* More lines than the buffer holds, and lines that are too long, all end in one newline. */
static void long_lines(void)
{
    static char extra[4096];
    fresh_path();
    slipi_trace *trace = slipi_trace_open(path);
    memset(extra, 'e', sizeof(extra) - 1u);
    slipi_trace_begin(trace, 1, 1);
    for (int i = 0; i < 1000; i++) {
        slipi_trace_span(trace, "run.bind", 1, 1, extra);
    }
    slipi_trace_close(trace);
    char *text = read_all();
    int lines = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        lines++;
        CHECK(strncmp(line, "slipway-trace 1 pid=", 20) == 0);
        CHECK(strlen(line) < 1024u);
    }
    CHECK_EQ(lines, 1000);
    free(text);
    (void)unlink(path);
}

/* Emits runs of tasks, as one of several processes. */
static void emit(void)
{
    slipi_trace *trace = slipi_trace_open(path);
    for (uint64_t run = 1; run <= RUNS; run++) {
        slipi_trace_begin(trace, run, 1);
        for (uint64_t i = 1; i <= TASKS; i++) {
            slipi_trace_task(trace, &(slipi_trace_record){.submission = i, .kernel = "k"});
        }
        slipi_trace_end(trace);
    }
    slipi_trace_close(trace);
}

/* Lines of several processes do not mix, and a run's lines stay together. */
static void several_processes(void)
{
    fresh_path();
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            emit();
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int how = 0;
        CHECK(wait(&how) > 0);
        CHECK_EQ(how, 0);
    }
    char *text = read_all();
    uint64_t lines = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        uint64_t submission = 0;
        int end = 0;
        CHECK_EQ(sscanf(line,
                        "slipway-task 1 pid=%*d run=%*d task=0.0 submission=%" SCNu64
                        " kernel=k core=0 type=aic start_ns=0 dur_ns=0%n",
                        &submission, &end),
                 1);
        CHECK_EQ(line[end], '\0');
        CHECK_EQ(submission, lines % TASKS + 1u);
        lines++;
    }
    CHECK_EQ(lines, PROCESSES * RUNS * TASKS);
    free(text);
    (void)unlink(path);
}

/* A full disk is reported once and the runs go on. */
static void write_failure(void)
{
    slip_log_set_level(0);
    slipi_trace *trace = slipi_trace_open("/dev/full");
    if (trace != NULL) {
        for (uint64_t run = 1; run <= 3; run++) {
            slipi_trace_begin(trace, run, 1);
            slipi_trace_span(trace, "run", 1, 1, NULL);
            slipi_trace_end(trace);
        }
        slipi_trace_close(trace);
    }
    slip_log_set_level(SLIP_LOG_WARN);
}

/* Runs the cases. */
int main(void)
{
    CHECK_CASE(off);
    CHECK_CASE(cannot_open);
    CHECK_CASE(form);
    CHECK_CASE(long_lines);
    CHECK_CASE(several_processes);
    CHECK_CASE(write_failure);
    return check_report();
}
