/*
 * trace_log.c - reading trace files line by line.
 *
 * For `slipway trace`; one thread. A line is taken apart in place: words are ended by NUL and the
 * fields point into the line until they are stored.
 */
#include "trace_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Longest line that is accepted; one of the library's has about 300 characters. */
#define MAX_LINE 65536u

/* Fields of a line, by index. */
enum field_index {
    FIELD_PID,
    FIELD_TID,
    FIELD_RUN,
    FIELD_CALLABLE,
    FIELD_DEPTH,
    FIELD_SPAN,
    FIELD_START,
    FIELD_DUR,
    FIELD_CLOCK,
    FIELD_TASK,
    FIELD_SUBMISSION,
    FIELD_KERNEL,
    FIELD_CORE,
    FIELD_TYPE,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    "pid",    "tid",   "run",  "callable",   "depth",  "span", "start_ns",
    "dur_ns", "clock", "task", "submission", "kernel", "core", "type"};

#define BIT(index) (1u << (index))

/* Fields that the two kinds of line must have. */
#define SPAN_FIELDS                                                                              \
    (BIT(FIELD_PID) | BIT(FIELD_TID) | BIT(FIELD_RUN) | BIT(FIELD_CALLABLE) | BIT(FIELD_DEPTH) | \
     BIT(FIELD_SPAN) | BIT(FIELD_START) | BIT(FIELD_DUR) | BIT(FIELD_CLOCK))
#define TASK_FIELDS                                                              \
    (BIT(FIELD_PID) | BIT(FIELD_RUN) | BIT(FIELD_TASK) | BIT(FIELD_SUBMISSION) | \
     BIT(FIELD_KERNEL) | BIT(FIELD_CORE) | BIT(FIELD_TYPE) | BIT(FIELD_START) | BIT(FIELD_DUR))

/* A line taken apart, and where complaints go. */
typedef struct line_view {
    const char *value[FIELD_COUNT];
    char extra[512];
    uint64_t number;
    char *why;
    size_t why_bytes;
} line_view;

/* Says what is wrong with a field; always false. */
static bool bad_field(line_view *line, uint32_t field, const char *wanted)
{
    snprintf(line->why, line->why_bytes, "line %llu: field %s is '%.64s'; wanted %s",
             (unsigned long long)line->number, field_names[field], line->value[field], wanted);
    return false;
}

/* A field as a number that fits `limit`. */
static bool take_number(line_view *line, uint32_t field, uint64_t limit, uint64_t *out)
{
    if (!slipi_cli_u64(line->value[field], out) || *out > limit) {
        return bad_field(line, field, "a whole number in range");
    }
    return true;
}

/* A field as a 32-bit number. */
static bool take_small(line_view *line, uint32_t field, uint32_t *out)
{
    uint64_t value = 0;
    if (!take_number(line, field, UINT32_MAX, &value)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

/* Stores one key=value word; unknown keys are kept as text. */
static void take_word(line_view *line, char *word, uint32_t *seen)
{
    char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : 0;
    for (uint32_t f = 0; f < FIELD_COUNT && equals != NULL; f++) {
        if (strlen(field_names[f]) == length && strncmp(field_names[f], word, length) == 0 &&
            (*seen & BIT(f)) == 0) {
            line->value[f] = equals + 1;
            *seen |= BIT(f);
            return;
        }
    }
    size_t used = strlen(line->extra);
    snprintf(line->extra + used, sizeof(line->extra) - used, "%s%s", used != 0 ? " " : "", word);
}

/* Takes the words of a line apart and looks whether all fields are there. */
static bool take_words(line_view *line, char *text, uint32_t wanted)
{
    uint32_t seen = 0;
    char *rest = text;
    line->extra[0] = '\0';
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (word[0] != '\0') {
            take_word(line, word, &seen);
        }
    }
    for (uint32_t f = 0; f < FIELD_COUNT; f++) {
        if ((wanted & BIT(f)) != 0 && (seen & BIT(f)) == 0) {
            snprintf(line->why, line->why_bytes, "line %llu: field %s is missing",
                     (unsigned long long)line->number, field_names[f]);
            return false;
        }
    }
    return true;
}

/* Hash of a text (FNV-1a). */
static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* The place of a text in a table: where it is, or where it would be. */
static char **find_text(char **texts, size_t room, const char *text)
{
    size_t at = (size_t)hash_text(text) & (room - 1);
    while (texts[at] != NULL && strcmp(texts[at], text) != 0) {
        at = (at + 1) & (room - 1);
    }
    return &texts[at];
}

/* Doubles the table of texts. */
static bool grow_texts(slipi_trace_log *log)
{
    size_t room = log->text_room == 0 ? 1024 : log->text_room * 2;
    char **texts = calloc(room, sizeof(texts[0]));
    if (texts == NULL) {
        return false;
    }
    for (size_t i = 0; i < log->text_room; i++) {
        if (log->texts[i] != NULL) {
            *find_text(texts, room, log->texts[i]) = log->texts[i];
        }
    }
    free(log->texts);
    log->texts = texts;
    log->text_room = room;
    return true;
}

/* The log's copy of a text; null if memory is not to be had. */
const char *slipi_trace_log_text(slipi_trace_log *log, const char *text)
{
    if (2 * (log->text_count + 1) > log->text_room && !grow_texts(log)) {
        return NULL;
    }
    char **place = find_text(log->texts, log->text_room, text);
    if (*place == NULL) {
        *place = strdup(text);
        log->text_count += *place != NULL ? 1 : 0;
    }
    return *place;
}

/* Room for one more event; null, with a reason, if there is none. */
static slipi_trace_event *next_event(slipi_trace_log *log, line_view *line)
{
    if (log->count == log->room) {
        size_t room = log->room == 0 ? 4096 : log->room * 2;
        slipi_trace_event *events = NULL;
        if (room <= SLIPI_TRACE_LOG_MAX) {
            events = realloc(log->events, room * sizeof(events[0]));
        }
        if (events == NULL) {
            snprintf(line->why, line->why_bytes,
                     "line %llu: memory for more than %zu records is not to be had, or they are "
                     "more than %llu",
                     (unsigned long long)line->number, log->count,
                     (unsigned long long)SLIPI_TRACE_LOG_MAX);
            return NULL;
        }
        log->events = events;
        log->room = room;
    }
    slipi_trace_event *event = &log->events[log->count];
    memset(event, 0, sizeof(*event));
    return event;
}

/* Stores texts; false if memory is not to be had. */
static bool keep_texts(slipi_trace_log *log, line_view *line, slipi_trace_event *event,
                       uint32_t name_field)
{
    const char *callable = line->value[FIELD_CALLABLE];
    event->name = slipi_trace_log_text(log, line->value[name_field]);
    event->callable = slipi_trace_log_text(log, callable != NULL ? callable : "");
    event->extra = slipi_trace_log_text(log, line->extra);
    if (event->name == NULL || event->callable == NULL || event->extra == NULL) {
        snprintf(line->why, line->why_bytes, "line %llu: memory is not to be had",
                 (unsigned long long)line->number);
        return false;
    }
    return true;
}

/* Stores a host trace span. */
static bool take_span(slipi_trace_log *log, line_view *line, char *text)
{
    slipi_trace_event *event = next_event(log, line);
    uint32_t depth = 0;
    if (event == NULL || !take_words(line, text, SPAN_FIELDS)) {
        return false;
    }
    bool good = take_small(line, FIELD_PID, &event->pid) &&
                take_small(line, FIELD_TID, &event->tid) &&
                take_number(line, FIELD_RUN, UINT64_MAX, &event->run) &&
                take_small(line, FIELD_DEPTH, &depth) &&
                take_number(line, FIELD_START, INT64_MAX, &event->start_ns) &&
                take_number(line, FIELD_DUR, INT64_MAX, &event->dur_ns);
    if (!good) {
        return false;
    }
    event->device_clock = strcmp(line->value[FIELD_CLOCK], "device") == 0;
    if (!event->device_clock && strcmp(line->value[FIELD_CLOCK], "host") != 0) {
        return bad_field(line, FIELD_CLOCK, "host or device");
    }
    if (!keep_texts(log, line, event, FIELD_SPAN)) {
        return false;
    }
    log->count++;
    return true;
}

/* The field task=RING.ID. */
static bool take_task_id(line_view *line, slipi_trace_event *event)
{
    char ring[16];
    uint64_t value = 0;
    const char *text = line->value[FIELD_TASK];
    const char *dot = strchr(text, '.');
    if (dot == NULL || (size_t)(dot - text) >= sizeof(ring)) {
        return bad_field(line, FIELD_TASK, "RING.ID");
    }
    snprintf(ring, sizeof(ring), "%.*s", (int)(dot - text), text);
    if (!slipi_cli_u64(ring, &value) || value > UINT32_MAX ||
        !slipi_cli_u64(dot + 1, &event->task)) {
        return bad_field(line, FIELD_TASK, "RING.ID");
    }
    event->ring = (uint32_t)value;
    return true;
}

/* Stores a task record. */
static bool take_task(slipi_trace_log *log, line_view *line, char *text)
{
    slipi_trace_event *event = next_event(log, line);
    if (event == NULL || !take_words(line, text, TASK_FIELDS)) {
        return false;
    }
    bool good = take_small(line, FIELD_PID, &event->pid) &&
                take_number(line, FIELD_RUN, UINT64_MAX, &event->run) &&
                take_task_id(line, event) &&
                take_number(line, FIELD_SUBMISSION, UINT64_MAX, &event->submission) &&
                take_small(line, FIELD_CORE, &event->core) &&
                take_number(line, FIELD_START, INT64_MAX, &event->start_ns) &&
                take_number(line, FIELD_DUR, INT64_MAX, &event->dur_ns);
    if (!good) {
        return false;
    }
    event->is_task = true;
    event->device_clock = true;
    event->aiv = strcmp(line->value[FIELD_TYPE], "aiv") == 0;
    if (!event->aiv && strcmp(line->value[FIELD_TYPE], "aic") != 0) {
        return bad_field(line, FIELD_TYPE, "aic or aiv");
    }
    if (!keep_texts(log, line, event, FIELD_KERNEL)) {
        return false;
    }
    log->count++;
    return true;
}

/* Stores a line, or counts it as one of another form. */
static bool take_line(slipi_trace_log *log, line_view *line, char *text)
{
    static const char span_head[] = "slipway-trace 1 ";
    static const char task_head[] = "slipway-task 1 ";
    memset(line->value, 0, sizeof(line->value));
    if (strncmp(text, span_head, sizeof(span_head) - 1) == 0) {
        return take_span(log, line, text + sizeof(span_head) - 1);
    }
    if (strncmp(text, task_head, sizeof(task_head) - 1) == 0) {
        return take_task(log, line, text + sizeof(task_head) - 1);
    }
    log->skipped++;
    return true;
}

/* Reads all lines of an open file. */
static bool read_lines(FILE *file, slipi_trace_log *log, line_view *line)
{
    char *text = NULL;
    size_t room = 0;
    bool good = true;
    ssize_t length = getline(&text, &room, file);
    while (good && length >= 0) {
        line->number = ++log->lines;
        if (length > (ssize_t)MAX_LINE || strlen(text) != (size_t)length) {
            log->skipped++;
        } else {
            text[strcspn(text, "\r\n")] = '\0';
            good = take_line(log, line, text);
        }
        length = good ? getline(&text, &room, file) : -1;
    }
    free(text);
    if (good && ferror(file)) {
        snprintf(line->why, line->why_bytes, "line %llu: %s", (unsigned long long)log->lines + 1,
                 strerror(errno));
        good = false;
    }
    return good;
}

/* Reads a whole file. On failure `why` says what is wrong in which line. */
bool slipi_trace_log_read(const char *path, slipi_trace_log *log, char *why, size_t why_bytes)
{
    char reason[384] = "";
    line_view line;
    memset(log, 0, sizeof(*log));
    memset(&line, 0, sizeof(line));
    line.why = reason;
    line.why_bytes = sizeof(reason);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        snprintf(why, why_bytes, "%s: %s", path, strerror(errno));
        return false;
    }
    bool good = read_lines(file, log, &line);
    fclose(file);
    if (!good) {
        snprintf(why, why_bytes, "%s: %s", path, reason);
    }
    return good;
}

/* Frees everything; a log of all zeros is fine. */
void slipi_trace_log_fini(slipi_trace_log *log)
{
    for (size_t i = 0; i < log->text_room; i++) {
        free(log->texts[i]);
    }
    free(log->texts);
    free(log->events);
    memset(log, 0, sizeof(*log));
}
