/*
 * check.h - what a test program needs: checks that go on after a failure, cases, a report.
 *
 * For the programs under tests/. Checks may be made from any thread; cases and the report belong
 * to the main thread. A failed check prints its place and its values; the program goes on.
 *
 *     static void empty_is_zero(void) { CHECK_EQ(0, count()); }
 *     int main(void) { CHECK_CASE(empty_is_zero); return check_report(); }
 */
#ifndef SLIPWAY_TESTS_CHECK_H
#define SLIPWAY_TESTS_CHECK_H

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <slipway/status.h>

#include "base/atomic.h"

/* Exit code of a test that cannot run here; CTest reports it as skipped. */
#define CHECK_SKIP 77

/* Failures printed in full; later ones are only counted. */
#define CHECK_PRINT_LIMIT 100u

/* Counts of this program. Counters order nothing, so relaxed additions are enough. */
typedef struct check_state {
    slipi_au64 failures; /* checks, by any thread */
    uint64_t cases_passed;
    uint64_t cases_failed;
    uint64_t failures_in_cases; /* failures that a case accounts for */
} check_state;

static check_state check_counts;

/* Counts a failure; true if it is to be printed. */
static inline bool check_count_failure(const char *file, int line)
{
    uint64_t before = slipi_add_relaxed(&check_counts.failures, 1u);
    if (before == CHECK_PRINT_LIMIT) {
        fprintf(stderr, "%s:%d: further failures are counted, not printed\n", file, line);
    }
    return before < CHECK_PRINT_LIMIT;
}

/* Implements CHECK. */
static inline bool check_true(bool ok, const char *text, const char *file, int line)
{
    if (!ok && check_count_failure(file, line)) {
        fprintf(stderr, "%s:%d: %s is false\n", file, line, text);
    }
    return ok;
}

/* Implements CHECK_EQ. */
static inline bool check_equal(intmax_t a, intmax_t b, const char *a_text, const char *b_text,
                               const char *file, int line)
{
    if (a != b && check_count_failure(file, line)) {
        fprintf(stderr, "%s:%d: %s is %jd, %s is %jd; wanted equal\n", file, line, a_text, a,
                b_text, b);
    }
    return a == b;
}

/* Implements CHECK_STR. */
static inline bool check_string(const char *a, const char *b, const char *a_text,
                                const char *b_text, const char *file, int line)
{
    bool ok = a != NULL && b != NULL && strcmp(a, b) == 0;
    if (!ok && check_count_failure(file, line)) {
        fprintf(stderr, "%s:%d: %s is \"%s\", %s is \"%s\"; wanted equal\n", file, line, a_text,
                a != NULL ? a : "(null)", b_text, b != NULL ? b : "(null)");
    }
    return ok;
}

/* Implements CHECK_CONTAINS. */
static inline bool check_contains(const char *text, const char *part, const char *file, int line)
{
    bool ok = text != NULL && part != NULL && strstr(text, part) != NULL;
    if (!ok && check_count_failure(file, line)) {
        fprintf(stderr, "%s:%d: \"%s\" does not contain \"%s\"\n", file, line,
                text != NULL ? text : "(null)", part != NULL ? part : "(null)");
    }
    return ok;
}

/* Implements CHECK_NEAR. */
static inline bool check_near(double a, double b, double tolerance, const char *file, int line)
{
    /* Not a number is near nothing. */
    bool ok = fabs(a - b) <= tolerance;
    if (!ok && check_count_failure(file, line)) {
        fprintf(stderr, "%s:%d: %.17g and %.17g differ by %.3g; wanted at most %.3g\n", file, line,
                a, b, fabs(a - b), tolerance);
    }
    return ok;
}

/* Name of a status code, from the table itself so that the library is not needed. */
static inline const char *check_status_name(slip_status status)
{
    switch (status) {
#define CHECK_STATUS_CASE(symbol, value, message) \
    case value:                                   \
        return "SLIP_" #symbol;
        SLIP_STATUS_TABLE(CHECK_STATUS_CASE)
#undef CHECK_STATUS_CASE
    default:
        return "no status";
    }
}

/* Implements CHECK_STATUS. */
static inline bool check_status(slip_status wanted, slip_status found, const char *text,
                                const char *file, int line)
{
    if (wanted != found && check_count_failure(file, line)) {
        fprintf(stderr, "%s:%d: %s returned %s (%d); wanted %s (%d)\n", file, line, text,
                check_status_name(found), (int)found, check_status_name(wanted), (int)wanted);
    }
    return wanted == found;
}

/* Implements CHECK_CASE. */
static inline void check_case(void (*run)(void), const char *name)
{
    uint64_t before = slipi_load_relaxed(&check_counts.failures);
    printf("%s\n", name);
    fflush(stdout);
    run();
    uint64_t failures = slipi_load_relaxed(&check_counts.failures) - before;
    if (failures == 0) {
        check_counts.cases_passed++;
    } else {
        check_counts.cases_failed++;
        check_counts.failures_in_cases += failures;
        fprintf(stderr, "%s: %" PRIu64 " checks failed\n", name, failures);
    }
}

/* Prints "N passed, M failed" (cases; failures outside of cases count as one). Returns main's. */
static inline int check_report(void)
{
    uint64_t failures = slipi_load_relaxed(&check_counts.failures);
    uint64_t failed = check_counts.cases_failed;
    if (failures > check_counts.failures_in_cases) {
        failed++;
    }
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", check_counts.cases_passed, failed);
    return failures == 0 ? 0 : 1;
}

/* Every check is an expression that is true when it holds. */
#define CHECK(cond) check_true((cond) ? true : false, #cond, __FILE__, __LINE__)
/* This place must not be reached. */
#define CHECK_FAIL(text) check_true(false, (text), __FILE__, __LINE__)
/* Equality of two integers. */
#define CHECK_EQ(a, b) check_equal((intmax_t)(a), (intmax_t)(b), #a, #b, __FILE__, __LINE__)
/* Equality of two strings. */
#define CHECK_STR(a, b) check_string((a), (b), #a, #b, __FILE__, __LINE__)
/* `part` occurs in `text`. */
#define CHECK_CONTAINS(text, part) check_contains((text), (part), __FILE__, __LINE__)
/* |a - b| <= tolerance. */
#define CHECK_NEAR(a, b, tolerance) \
    check_near((double)(a), (double)(b), (double)(tolerance), __FILE__, __LINE__)
/* A call returns this status. */
#define CHECK_STATUS(expected, expr) check_status((expected), (expr), #expr, __FILE__, __LINE__)
/* Runs `static void fn(void)` as one case. */
#define CHECK_CASE(fn) check_case((fn), #fn)

#endif
