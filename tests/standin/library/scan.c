/*
 * scan.c - finds pointers of this process among bytes on their way to the device; see state.h.
 *
 * A word counts if it lies in a mapping of /proc/self/maps above 4 GiB: programs and libraries are
 * position independent and lie far above, and small numbers are not addresses. The list is read
 * anew for every buffer that has a word which could be one, so it is never old.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "state.h"

enum { MAX_MAPPINGS = 65536 };
static const uint64_t lowest = UINT64_C(1) << 32;
static const uint64_t highest = UINT64_C(1) << 48;
/* Larger ones are the shadow memory of a sanitizer. */
static const uint64_t largest = UINT64_C(1) << 40;

typedef struct mapping {
    uint64_t first;
    uint64_t end;
} mapping;

static pthread_mutex_t scan_lock = PTHREAD_MUTEX_INITIALIZER;
static mapping mappings[MAX_MAPPINGS]; /* by rising address */
static uint32_t mapping_count;

/* Reads the list. Under the lock. */
static void read_mappings(void)
{
    mapping_count = 0;
    FILE *file = fopen("/proc/self/maps", "re");
    if (file == NULL) {
        return;
    }
    char line[512];
    bool at_start = true;
    while (mapping_count < MAX_MAPPINGS && fgets(line, sizeof(line), file) != NULL) {
        mapping m;
        /* A line longer than the room goes on in the next piece. */
        bool whole = strchr(line, '\n') != NULL;
        if (at_start && sscanf(line, "%" SCNx64 "-%" SCNx64, &m.first, &m.end) == 2 &&
            m.first >= lowest && m.end <= highest && m.end - m.first < largest) {
            mappings[mapping_count++] = m;
        }
        at_start = whole;
    }
    (void)fclose(file);
}

/* Whether a value lies in a mapping. Under the lock. */
static bool is_mapped(uint64_t value)
{
    uint32_t low = 0;
    uint32_t high = mapping_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2u;
        if (mappings[middle].end <= value) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low < mapping_count && mappings[low].first <= value;
}

/* Notes a pointer in the books. */
static void note(const standin_call *call, uint64_t offset, uint64_t value)
{
    (void)pthread_mutex_lock(&standin.lock);
    if (standin.books.host_pointers++ == 0) {
        (void)snprintf(standin.books.first_host_pointer, sizeof(standin.books.first_host_pointer),
                       "%s, call %" PRIu64 ": %#" PRIx64 " at byte %" PRIu64, call->record.entry,
                       call->record.serial, value, offset);
    }
    (void)pthread_mutex_unlock(&standin.lock);
}

void standin_scan(const standin_call *call, const void *data, uint64_t bytes, uint64_t address)
{
    /* Addresses of the device's own are no business of this process. */
    uint64_t own_first = call->device->range_first;
    uint64_t own_end = call->device->register_first + call->device->register_bytes;
    bool fresh = false;
    const uint8_t *at = data;
    /* Words as the device will see them: aligned there. */
    for (uint64_t i = (8u - address % 8u) % 8u; i + 8u <= bytes; i += 8u) {
        uint64_t value;
        memcpy(&value, at + i, sizeof(value));
        if (value < lowest || value >= highest || (value >= own_first && value < own_end)) {
            continue;
        }
        (void)pthread_mutex_lock(&scan_lock);
        if (!fresh) {
            read_mappings();
            fresh = true;
        }
        bool found = is_mapped(value);
        (void)pthread_mutex_unlock(&scan_lock);
        if (found) {
            note(call, i, value);
        }
    }
}
