/*
 * platforms.h - which built-in platforms a test of this process's own programs can use.
 *
 * For tests. The accelerators' own platforms take programs from files only, and need a runtime: the
 * conformance suite, tests/onboard and the examples test them.
 */
#ifndef SLIPWAY_TESTS_PLATFORMS_H
#define SLIPWAY_TESTS_PLATFORMS_H

#include <stdbool.h>
#include <string.h>

/* True if the platform's device is this process. */
static inline bool platform_in_process(const char *name)
{
    return strcmp(name, "a2a3") != 0 && strcmp(name, "a5") != 0;
}

#endif
