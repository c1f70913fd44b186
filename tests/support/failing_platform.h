/*
 * failing_platform.h - a platform around another one that fails at a chosen call and keeps a book.
 *
 * For tests of what happens when the platform fails. One wrapped platform at a time in a process;
 * calls come from the test's thread (the wrapped platform's own threads never come through here).
 */
#ifndef SLIPWAY_TESTS_FAILING_PLATFORM_H
#define SLIPWAY_TESTS_FAILING_PLATFORM_H

#include <stdbool.h>

#include <slipway/platform.h>

/* What a call that is made to fail does besides. */
enum failing_effect {
    FAILING_ONCE = 0,  /* nothing */
    FAILING_LOSES = 1, /* the device is lost: every call fails before it is recovered */
    FAILING_HANGS = 2  /* a failing wait says that threads are still inside */
};

/* What recover does. */
enum failing_recovery {
    FAILING_NO_RECOVERY = 0, /* the table has no such member */
    FAILING_RECOVERS = 1,    /* empties the device */
    FAILING_RECOVERY_FAILS = 2
};

/* What failure gives as the code of a call that was made to fail. */
enum { FAILING_CODE = -77 };

/* Wraps a platform and returns the table to open; forgets all counts. */
const slip_platform_ops *failing_platform_wrap(const slip_platform_ops *inner);

/* Lets the n-th call that may fail from now on fail, once; 0 = none. */
void failing_platform_fail_at(uint64_t n);

/* Lets every call of this name fail from now on; null = none. */
void failing_platform_fail_always(const char *call);

/* Lets the n-th call of this name from now on fail, once; null = none. */
void failing_platform_fail_nth(const char *call, uint64_t n);

/* Sets what failures do besides; FAILING_ONCE after the wrap. */
void failing_platform_set_effect(enum failing_effect effect);

/* Sets what recover does; before a runner is opened, for the table changes. */
void failing_platform_set_recovery(enum failing_recovery recovery);

/* Recoveries that were good. */
uint64_t failing_platform_recoveries(void);

/* Calls that came to a device between a hang and its recovery, when it is to be left alone. */
uint64_t failing_platform_late(void);

/* What `available` says; 0 = what the wrapped platform says. */
void failing_platform_set_available(uint64_t bytes);

/* Calls since the last failing_platform_fail_at that might have failed. */
uint64_t failing_platform_calls(void);

/* Name of the call that failed last; null if none did since the last failing_platform_fail_at. */
const char *failing_platform_failed(void);

/* Devices, reservations, allocations and programs that were not given back. */
uint64_t failing_platform_live(void);

/* Describes the device without cache hooks from the next open on. */
void failing_platform_hide_hooks(bool hide);

/* Bytes written by copy_to, or delivered by launch, since the wrap. */
uint64_t failing_platform_copied_to(void);

#endif
