/*
 * failure.h - the text of a failure: what was wanted, what was found, what to change.
 *
 * For the host side of the example; no state, any thread.
 */
#ifndef MINILM_FAILURE_H
#define MINILM_FAILURE_H

#include <stdarg.h>
#include <stdio.h>

#include <slipway/status.h>

/* One failure. Always terminated; a longer text is cut. */
typedef struct minilm_error {
    char text[1024];
} minilm_error;

/* Writes the text of a failure; returns the status, so that a caller can return it on. */
static inline slip_status minilm_fail(minilm_error *error, slip_status status, const char *format,
                                      ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return status;
}

#endif
