/* processors.c - CPU sets, and how many processors this process may use; see processors.h. */
#include "platform/common/processors.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/common/quota.h"

/* Bits of a word of the set. */
#define WORD_BITS (8u * (uint32_t)sizeof(unsigned long))

bool slipi_cpus_has(const slipi_cpus *set, uint32_t cpu)
{
    return cpu < SLIPI_MAX_CPUS && (set->word[cpu / WORD_BITS] >> (cpu % WORD_BITS) & 1u) != 0;
}

void slipi_cpus_add(slipi_cpus *set, uint32_t cpu)
{
    if (cpu < SLIPI_MAX_CPUS) {
        set->word[cpu / WORD_BITS] |= 1ul << (cpu % WORD_BITS);
    }
}

uint32_t slipi_cpus_count(const slipi_cpus *set)
{
    uint32_t count = 0;
    for (uint32_t cpu = 0; cpu < SLIPI_MAX_CPUS; cpu++) {
        count += slipi_cpus_has(set, cpu) ? 1u : 0u;
    }
    return count;
}

void slipi_cpus_text(const slipi_cpus *set, char *out, size_t out_bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t cpu = 0; cpu < SLIPI_MAX_CPUS && used < out_bytes; cpu++) {
        if (!slipi_cpus_has(set, cpu)) {
            continue;
        }
        uint32_t last = cpu;
        while (slipi_cpus_has(set, last + 1u)) {
            last++;
        }
        const char *comma = used > 0 ? "," : "";
        int more = last == cpu
                       ? snprintf(out + used, out_bytes - used, "%s%u", comma, cpu)
                       : snprintf(out + used, out_bytes - used, "%s%u-%u", comma, cpu, last);
        used += more > 0 ? (size_t)more : 0;
        cpu = last;
    }
}

bool slipi_cpus_allowed(slipi_cpus *out)
{
    /* The set is larger than any kernel's, so that this fails for other reasons only. */
    memset(out, 0, sizeof(*out));
    return sched_getaffinity(0, sizeof(*out), (cpu_set_t *)(void *)out->word) == 0;
}

int slipi_cpus_bind(const slipi_cpus *set)
{
    return sched_setaffinity(0, sizeof(*set), (const cpu_set_t *)(const void *)set->word) == 0
               ? 0
               : errno;
}

uint32_t slipi_processors(uint32_t most)
{
    slipi_cpus set;
    uint32_t count = most;
    if (slipi_cpus_allowed(&set)) {
        count = slipi_cpus_count(&set);
    } else {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 ? (uint32_t)online : 1u;
    }
    uint32_t granted = slipi_quota_processors("/proc/self/cgroup", "/sys/fs/cgroup");
    if (granted != 0 && granted < count) {
        count = granted; /* more threads would only be stopped in turn */
    }
    if (count < 1) {
        return 1;
    }
    return count < most ? count : most;
}
