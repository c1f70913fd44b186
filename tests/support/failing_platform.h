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

/* Wraps a platform and returns the table to open; forgets all counts. */
const slip_platform_ops *failing_platform_wrap(const slip_platform_ops *inner);

/* Lets the n-th call that may fail from now on fail, once; 0 = none. */
void failing_platform_fail_at(uint64_t n);

/* Lets every call of this name fail from now on; null = none. */
void failing_platform_fail_always(const char *call);

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
