/*
 * errors.h - the last error of a runner, as one whole: numbers, names and a sentence.
 *
 * For src/runner. Whoever finds a failure describes it here once; the status then travels up
 * unchanged. Every description is logged at error level. Under the runner's lock.
 */
#ifndef SLIPI_RUNNER_ERRORS_H
#define SLIPI_RUNNER_ERRORS_H

#include <slipway/slipway.h>

#include "abi/layout.h"

#if defined(__GNUC__)
#define SLIPI_PRINTF(at, first) __attribute__((format(printf, at, first)))
#else
#define SLIPI_PRINTF(at, first)
#endif

/* Forgets what was there and starts the description of a failure: fields are "none". */
void slipi_error_begin(slip_error *error, slip_status status);

/* Names the resource of a failure and its numbers. */
void slipi_error_resource(slip_error *error, uint64_t wanted, uint64_t available, uint64_t capacity,
                          const char *format, ...) SLIPI_PRINTF(5, 6);

/* Ends a description with its sentence, logs it and returns its status. */
slip_status slipi_error_end(slip_error *error, const char *format, ...) SLIPI_PRINTF(2, 3);

/* Ends a description that is no failure: it is not logged. */
void slipi_error_note(slip_error *error, const char *format, ...) SLIPI_PRINTF(2, 3);

/* A description that is a sentence only. */
slip_status slipi_fail(slip_error *error, slip_status status, const char *format, ...)
    SLIPI_PRINTF(3, 4);

/*
 * Describes what the device reported. `program` and `kernel` name what ran; kernel may be null.
 * Returns the fault's status.
 */
slip_status slipi_error_from_fault(slip_error *error, const slipi_fault *fault, const char *program,
                                   const char *kernel);

#endif
