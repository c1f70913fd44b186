/*
 * trace_chrome.c - a trace as a file in the Chrome trace event format.
 *
 * For cmd_trace.c; one thread. Host spans lie on their thread's track; device-clock spans on a
 * track of their own; task records on one track a core. The device's clock may have another origin
 * than the host's: where a run's device times do not lie inside its launch, they are moved so that
 * the first of them begins with it. Phases that a run skipped are left out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "trace_views.h"

/* Track numbers that are no thread ids of the system (at most 4194304). */
#define DEVICE_TRACK 9999999u
#define FIRST_CORE_TRACK 10000000u

/* Tracks that were named already. */
typedef struct track_list {
    uint64_t *keys; /* pid << 32 | track */
    size_t count;
    size_t room;
} track_list;

/* What the writer knows while it goes through the events. */
typedef struct chrome_writer {
    FILE *file;
    const slipi_trace_log *log;
    track_list tracks;
    uint64_t origin_ns; /* subtracted from all times */
    int64_t shift_ns;   /* added to device times of the current run */
    bool first;         /* nothing written yet */
    bool failed;        /* out of memory */
} chrome_writer;

/* Whether two events belong to one run of one process. */
static bool same_run(const slipi_trace_event *a, const slipi_trace_event *b)
{
    return a->pid == b->pid && a->run == b->run;
}

/* Finds how far the device times of the events [first, end) must be moved; keeps *shift if the
 * launch is not among them. */
static void find_shift(const slipi_trace_log *log, size_t first, size_t end, int64_t *shift)
{
    const slipi_trace_event *launch = NULL;
    uint64_t device_start = UINT64_MAX;
    for (size_t i = first; i < end; i++) {
        const slipi_trace_event *e = &log->events[i];
        if (e->device_clock) {
            device_start = e->start_ns < device_start ? e->start_ns : device_start;
        } else if (strcmp(e->name, "run.launch.device_wall") == 0 ||
                   (launch == NULL && strcmp(e->name, "run.launch") == 0)) {
            launch = e;
        }
    }
    if (launch == NULL || device_start == UINT64_MAX) {
        return;
    }
    bool inside =
        device_start >= launch->start_ns && device_start <= launch->start_ns + launch->dur_ns;
    *shift = inside ? 0 : (int64_t)launch->start_ns - (int64_t)device_start;
}

/* Begins an event object. */
static void begin_event(chrome_writer *w)
{
    fputs(w->first ? "\n" : ",\n", w->file);
    w->first = false;
}

/* Notes a track; true if it is new. */
static bool is_new_track(chrome_writer *w, uint32_t pid, uint32_t track)
{
    track_list *list = &w->tracks;
    uint64_t key = (uint64_t)pid << 32 | track;
    for (size_t i = list->count; i > 0; i--) {
        if (list->keys[i - 1] == key) {
            return false;
        }
    }
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 128 : list->room * 2;
        uint64_t *keys = realloc(list->keys, room * sizeof(keys[0]));
        if (keys == NULL) {
            w->failed = true;
            return false;
        }
        list->keys = keys;
        list->room = room;
    }
    list->keys[list->count++] = key;
    return true;
}

/* Names the track of an event, once. */
static void name_track(chrome_writer *w, const slipi_trace_event *e, uint32_t track)
{
    char name[64];
    if (!is_new_track(w, e->pid, track)) {
        return;
    }
    if (e->is_task) {
        snprintf(name, sizeof(name), "core %u (%s)", e->core, e->aiv ? "AIV" : "AIC");
    } else if (e->device_clock) {
        snprintf(name, sizeof(name), "device");
    } else {
        snprintf(name, sizeof(name), "thread %u", e->tid);
    }
    begin_event(w);
    fprintf(w->file,
            "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%u,\"tid\":%u,\"args\":{\"name\":",
            e->pid, track);
    slipi_json_string(w->file, name);
    fputs("}}", w->file);
    begin_event(w);
    fprintf(w->file,
            "{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":%u,\"tid\":%u,"
            "\"args\":{\"sort_index\":%u}}",
            e->pid, track, track);
}

/* Prints nanoseconds as the format's microseconds. */
static void print_us(FILE *file, const char *key, uint64_t ns)
{
    fprintf(file, ",\"%s\":%llu.%03llu", key, (unsigned long long)(ns / 1000),
            (unsigned long long)(ns % 1000));
}

/* Start of an event on the host's clock, from the origin on. */
static uint64_t event_time(const chrome_writer *w, const slipi_trace_event *e)
{
    int64_t start = (int64_t)e->start_ns;
    if (e->device_clock && __builtin_add_overflow(start, w->shift_ns, &start)) {
        start = INT64_MAX; /* only a shift to later times can leave the range */
    }
    return start > (int64_t)w->origin_ns ? (uint64_t)start - w->origin_ns : 0;
}

/* Writes one event. */
static void write_event(chrome_writer *w, const slipi_trace_event *e)
{
    uint32_t track = e->is_task        ? FIRST_CORE_TRACK + e->core
                     : e->device_clock ? DEVICE_TRACK
                                       : e->tid;
    name_track(w, e, track);
    begin_event(w);
    fputs("{\"ph\":\"X\",\"name\":", w->file);
    slipi_json_string(w->file, e->name);
    fprintf(w->file, ",\"cat\":\"%s\",\"pid\":%u,\"tid\":%u",
            e->is_task        ? "task"
            : e->device_clock ? "device"
                              : "host",
            e->pid, track);
    print_us(w->file, "ts", event_time(w, e));
    print_us(w->file, "dur", e->dur_ns);
    fprintf(w->file, ",\"args\":{\"run\":%llu", (unsigned long long)e->run);
    if (e->is_task) {
        fprintf(w->file, ",\"task\":\"%u.%llu\",\"submission\":%llu", e->ring,
                (unsigned long long)e->task, (unsigned long long)e->submission);
    } else {
        fputs(",\"callable\":", w->file);
        slipi_json_string(w->file, e->callable);
    }
    if (e->extra[0] != '\0') {
        fputs(",\"more\":", w->file);
        slipi_json_string(w->file, e->extra);
    }
    fputs("}}", w->file);
}

/* Writes all events, run by run. */
static void write_events(chrome_writer *w)
{
    const slipi_trace_log *log = w->log;
    size_t first = 0;
    while (first < log->count) {
        size_t end = first;
        while (end < log->count && same_run(&log->events[first], &log->events[end])) {
            end++;
        }
        find_shift(log, first, end, &w->shift_ns);
        for (size_t i = first; i < end; i++) {
            if (strstr(log->events[i].extra, "skipped=1") == NULL) {
                write_event(w, &log->events[i]);
            }
        }
        first = end;
    }
}

/* Earliest time of the host's clock; of the device's if there is no other. */
static uint64_t find_origin(const slipi_trace_log *log)
{
    uint64_t host = UINT64_MAX;
    uint64_t device = UINT64_MAX;
    for (size_t i = 0; i < log->count; i++) {
        const slipi_trace_event *e = &log->events[i];
        uint64_t *least = e->device_clock ? &device : &host;
        *least = e->start_ns < *least ? e->start_ns : *least;
    }
    return host != UINT64_MAX ? host : device != UINT64_MAX ? device : 0;
}

/* Writes a file in the Chrome trace event format; the exit code. */
int slipi_trace_chrome(const slipi_trace_log *log, const char *path)
{
    chrome_writer w;
    memset(&w, 0, sizeof(w));
    w.file = fopen(path, "we");
    w.log = log;
    w.first = true;
    if (w.file == NULL) {
        return slipi_cli_fail("trace", "%s: %s", path, strerror(errno));
    }
    w.origin_ns = find_origin(log);
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", w.file);
    write_events(&w);
    fputs("\n]}\n", w.file);
    bool good = ferror(w.file) == 0;
    good = fclose(w.file) == 0 && good;
    free(w.tracks.keys);
    if (!good) {
        return slipi_cli_fail("trace", "%s: %s", path, strerror(errno));
    }
    if (w.failed) {
        return slipi_cli_fail("trace", "memory for the names of the tracks is not to be had");
    }
    printf("%s: %zu records, %llu lines of another form skipped\n", path, log->count,
           (unsigned long long)log->skipped);
    return SLIPI_EXIT_OK;
}
