/*
 * processors.h - which processors this process may use, and how many threads are worth starting.
 *
 * For the platforms and the runner, when a device is opened. Any thread. "CPU" is what the kernel
 * numbers: a processor, or one of the hardware threads of a core.
 */
#ifndef SLIPI_PLATFORM_PROCESSORS_H
#define SLIPI_PLATFORM_PROCESSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CPUs that are looked at: what the largest configuration of the kernel can have. */
#define SLIPI_MAX_CPUS 8192u

/* A set of CPUs in the kernel's own form, whatever their number; all zeros is empty. */
typedef struct slipi_cpus {
    unsigned long word[SLIPI_MAX_CPUS / (8u * sizeof(unsigned long))];
} slipi_cpus;

/* Whether a CPU is in the set. */
bool slipi_cpus_has(const slipi_cpus *set, uint32_t cpu);

/* Adds a CPU, which is less than SLIPI_MAX_CPUS. */
void slipi_cpus_add(slipi_cpus *set, uint32_t cpu);

/* Number of CPUs in the set. */
uint32_t slipi_cpus_count(const slipi_cpus *set);

/* Prints the set as "0-3,8"; cut where there is no room. */
void slipi_cpus_text(const slipi_cpus *set, char *out, size_t out_bytes);

/* The CPUs that the calling thread may use: what the process was given, unless the thread was bound
 * to less. False, and *out empty, if the kernel does not say. */
bool slipi_cpus_allowed(slipi_cpus *out);

/* Binds the calling thread to a set; 0 or an errno. */
int slipi_cpus_bind(const slipi_cpus *set);

/* Processors that this process may use, the time that its control group grants it included: at
 * least 1, at most `most`, which is not 0. */
uint32_t slipi_processors(uint32_t most);

#endif
