/*
 * processors.h - how many processors this process may use.
 *
 * For the platforms, to choose their number of threads. Any thread.
 */
#ifndef SLIPI_PLATFORM_PROCESSORS_H
#define SLIPI_PLATFORM_PROCESSORS_H

#include <stdint.h>

/* Processors that this process may use: at least 1, at most `most`, which is not 0. */
uint32_t slipi_processors(uint32_t most);

#endif
