/*
 * hints.h - what the compiler cannot know about how often code runs.
 *
 * For every layer. A hint changes no behaviour, only where code lies and what is inlined.
 */
#ifndef SLIPI_HINTS_H
#define SLIPI_HINTS_H

/* A function of failures and waits: kept apart, and calls of it are taken to be rare. */
#define SLIPI_COLD __attribute__((cold, noinline))

/* A longer way beside a short one: inlined, it would make the short one save registers for it. */
#define SLIPI_NOINLINE __attribute__((noinline))

/* A condition that holds nearly always. */
#define SLIPI_LIKELY(condition) __builtin_expect((condition), 1)

#endif
