/*
 * errors.c - describes failures: fills slip_error, makes the sentence, logs it.
 *
 * For src/runner; see errors.h. Nothing here allocates: a failure for want of memory is described
 * as well as any other.
 */
#include "runner/errors.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* Forgets what was there and starts the description of a failure. */
void slipi_error_begin(slip_error *error, slip_status status)
{
    memset(error, 0, sizeof(*error));
    error->struct_size = (uint32_t)sizeof(*error);
    error->status = status;
    error->ring = -1;
    error->scope = -1;
    error->kernel = -1;
}

/* Names the resource of a failure and its numbers. */
void slipi_error_resource(slip_error *error, uint64_t wanted, uint64_t available, uint64_t capacity,
                          const char *format, ...)
{
    error->wanted = wanted;
    error->available = available;
    error->capacity = capacity;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(error->resource, sizeof(error->resource), format, list);
    va_end(list);
}

/* Logs a finished description; returns its status. */
static slip_status finish(const slip_error *error)
{
    slipi_log(SLIP_LOG_ERROR, "%s: %s", slip_status_name(error->status), error->message);
    return error->status;
}

/* Ends a description with its sentence, logs it and returns its status. */
slip_status slipi_error_end(slip_error *error, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(error->message, sizeof(error->message), format, list);
    va_end(list);
    return finish(error);
}

/* Ends a description that is no failure. */
void slipi_error_note(slip_error *error, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(error->message, sizeof(error->message), format, list);
    va_end(list);
}

/* A description that is a sentence only. */
slip_status slipi_fail(slip_error *error, slip_status status, const char *format, ...)
{
    slipi_error_begin(error, status);
    va_list list;
    va_start(list, format);
    (void)vsnprintf(error->message, sizeof(error->message), format, list);
    va_end(list);
    return finish(error);
}

/* Text that grows inside the message of an error. */
typedef struct sentence {
    char *text;
    size_t room;
    size_t used;
} sentence;

/* Appends to a sentence; what does not fit is cut. */
static void say(sentence *s, const char *format, ...) SLIPI_PRINTF(2, 3);

/* Appends to a sentence; see above. */
static void say(sentence *s, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsnprintf(s->text + s->used, s->room - s->used, format, list);
    va_end(list);
    if (length > 0) {
        size_t more = (size_t)length;
        s->used = more < s->room - s->used ? s->used + more : s->room - 1;
    }
}

/* How a ring resource is called, its unit and the setting that enlarges it. */
typedef struct resource_words {
    const char *name;
    const char *unit;
    const char *field;
    const char *variable;
} resource_words;

/* Words for a resource of a fault; name is null for one that is no ring resource. */
static resource_words words_of(uint32_t resource)
{
    static const resource_words none = {NULL, NULL, NULL, NULL};
    static const resource_words window = {"task window", "slots", "task_window",
                                          "SLIPWAY_RING_TASK_WINDOW"};
    static const resource_words heap = {"heap", "bytes", "heap_bytes", "SLIPWAY_RING_HEAP"};
    static const resource_words buffers = {"buffer records", "records", "task_window",
                                           "SLIPWAY_RING_TASK_WINDOW"};
    switch (resource) {
    case SLIPI_RESOURCE_TASK_WINDOW:
        return window;
    case SLIPI_RESOURCE_HEAP:
        return heap;
    case SLIPI_RESOURCE_BUFFERS:
        return buffers;
    default:
        return none;
    }
}

/* Says which program, submission and scope failed. */
static void say_where(sentence *s, const slipi_fault *fault, const char *program)
{
    say(s, "program '%s'", program);
    if (fault->submission != 0) {
        say(s, ", submission %" PRIu64, fault->submission);
    }
    if (fault->scope >= 0) {
        say(s, ", scope depth %d", fault->scope);
    }
    say(s, ": ");
}

/* Says what a ring lacked and what would do. */
static void say_resource(sentence *s, const slipi_fault *fault, const resource_words *words)
{
    bool kept = fault->available < fault->capacity;
    say(s, "ring %d %s: wanted %" PRIu64 " %s, %" PRIu64 " of %" PRIu64 " can become available",
        fault->ring, words->name, fault->wanted, words->unit, fault->available, fault->capacity);
    say(s, "%sset sizing.ring[%d].%s or %s to ",
        kept ? ", the open scopes keep the rest; end a scope earlier, or " : "; ", fault->ring,
        words->field, words->variable);
    if (fault->remedy != 0) {
        say(s, "at least %" PRIu64, fault->remedy);
    } else {
        say(s, "more");
    }
}

/* Names the resource of a fault in the error. */
static void name_resource(slip_error *error, const slipi_fault *fault, const resource_words *words,
                          const char *kernel)
{
    if (words->name != NULL) {
        (void)snprintf(error->resource, sizeof(error->resource), "ring %d %s", fault->ring,
                       words->name);
    } else if (fault->resource == SLIPI_RESOURCE_IMAGE) {
        (void)snprintf(error->resource, sizeof(error->resource), "prebuilt image");
    } else if (kernel != NULL) {
        (void)snprintf(error->resource, sizeof(error->resource), "kernel %s", kernel);
    }
}

/* Describes what the device reported; see the header. */
slip_status slipi_error_from_fault(slip_error *error, const slipi_fault *fault, const char *program,
                                   const char *kernel)
{
    resource_words words = words_of(fault->resource);
    slipi_error_begin(error, fault->status);
    error->ring = fault->ring;
    error->scope = fault->scope;
    error->task = fault->submission;
    error->kernel = fault->kernel;
    error->code = fault->code;
    error->wanted = fault->wanted;
    error->available = fault->available;
    error->capacity = fault->capacity;
    name_resource(error, fault, &words, kernel);

    sentence s = {error->message, sizeof(error->message), 0};
    say_where(&s, fault, program);
    if (words.name != NULL && fault->ring >= 0) {
        say_resource(&s, fault, &words);
        return finish(error); /* the detail says no more */
    }
    if (fault->status == SLIP_E_KERNEL_FAILED) {
        say(&s, "kernel '%s' (index %d) returned %d; 0 is success", kernel != NULL ? kernel : "?",
            fault->kernel, fault->code);
    } else {
        say(&s, "%s", slip_status_message(fault->status));
        if (kernel != NULL) {
            say(&s, " (kernel '%s', index %d)", kernel, fault->kernel);
        }
        if (fault->code != 0) {
            say(&s, " (code %d)", fault->code);
        }
    }
    char detail[sizeof(fault->detail)];
    memcpy(detail, fault->detail, sizeof(detail));
    detail[sizeof(detail) - 1] = '\0';
    if (detail[0] != '\0') {
        say(&s, "; %s", detail);
    }
    return finish(error);
}
