/* processors.c - how many processors this process may use; see processors.h. Any thread. */
#include "platform/common/processors.h"

#include <sched.h>
#include <unistd.h>

uint32_t slipi_processors(uint32_t most)
{
    cpu_set_t set;
    long count;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        count = CPU_COUNT(&set);
    } else {
        /* More processors than the set has room for: all that are online then. */
        count = sysconf(_SC_NPROCESSORS_ONLN);
    }
    if (count < 1) {
        return 1;
    }
    return count < (long)most ? (uint32_t)count : most;
}
