/* interface.c - what tests ask of the stand-in: books, log, reset; see standin/standin.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

const char *slipway_standin_description(void)
{
    return "stand-in runtime for tests, no device: memory, control program and cores are another "
           "process of this machine";
}

/* Tasks that were taken while the fast path was closed, of devices that are set. */
static uint64_t ask_closed_tasks(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < STANDIN_MAX_DEVICES; i++) {
        standin_device *device = &standin.devices[i];
        (void)pthread_mutex_lock(&standin.lock);
        bool works = device->client != NULL && device->lost == 0;
        (void)pthread_mutex_unlock(&standin.lock);
        slipi_remote_request ask = {.op = STANDIN_COUNTERS};
        if (works && standin_ask(device, &ask) == STANDIN_OK) {
            sum += ask.args[STANDIN_COUNT_CLOSED_TASKS];
        }
    }
    return sum;
}

/* Reads the books without asking a device. */
static void read_books(slipway_standin_books *out)
{
    (void)pthread_mutex_lock(&standin.lock);
    *out = standin.books;
    standin_count_live(out);
    (void)pthread_mutex_unlock(&standin.lock);
}

void slipway_standin_get_books(slipway_standin_books *out)
{
    uint64_t closed = ask_closed_tasks();
    read_books(out);
    out->closed_tasks += closed;
}

bool slipway_standin_get_entry(const char *name, slipway_standin_entry *out)
{
    uint32_t entry = standin_find_entry(name);
    if (entry == ENTRY_COUNT) {
        return false;
    }
    (void)pthread_mutex_lock(&standin.lock);
    *out = standin.entries[entry];
    (void)pthread_mutex_unlock(&standin.lock);
    return true;
}

const char *slipway_standin_entry_name(uint32_t i)
{
    return standin_entry_name(i);
}

/* The books as names and values. */
#define LINE(name)                                   \
    {                                                \
#name, offsetof(slipway_standin_books, name) \
    }
static const struct {
    const char *name;
    size_t offset;
} book_lines[] = {
    LINE(live_allocations),
    LINE(live_bytes),
    LINE(live_streams),
    LINE(live_binaries),
    LINE(live_functions),
    LINE(live_devices),
    LINE(dropped_allocations),
    LINE(dropped_streams),
    LINE(dropped_binaries),
    LINE(calls),
    LINE(failures),
    LINE(to_device_copies),
    LINE(to_device_bytes),
    LINE(from_device_copies),
    LINE(from_device_bytes),
    LINE(memsets),
    LINE(memset_bytes),
    LINE(launches),
    LINE(launch_bytes),
    LINE(binary_bytes),
    LINE(peak_bytes),
    LINE(misaligned_uploads),
    LINE(bad_addresses),
    LINE(host_pointers),
    LINE(unbatched_launches),
    LINE(closed_tasks),
    LINE(device_failures),
    LINE(faults),
};
#undef LINE

bool slipway_standin_clean(char *why, size_t why_bytes)
{
    slipway_standin_books b;
    slipway_standin_get_books(&b);
    const struct {
        const char *what;
        uint64_t count;
        const char *words;
    } wrong[] = {
        {"allocations are live", b.live_allocations, ""},
        {"streams are live", b.live_streams, ""},
        {"binaries are live", b.live_binaries, ""},
        {"functions are live", b.live_functions, ""},
        {"devices are set", b.live_devices, ""},
        {"allocations were left to a reset", b.dropped_allocations, ""},
        {"streams were left to a reset", b.dropped_streams, ""},
        {"binaries were left to a reset", b.dropped_binaries, ""},
        {"uploads are not aligned to 64", b.misaligned_uploads, ""},
        {"device addresses lie in no allocation", b.bad_addresses, b.first_bad_address},
        {"host pointers were uploaded", b.host_pointers, b.first_host_pointer},
        {"core programs were launched without the batch mode", b.unbatched_launches, ""},
        {"tasks ran while the fast path was closed", b.closed_tasks, ""},
        {"device processes ended with a failure", b.device_failures, ""},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (wrong[i].count != 0) {
            (void)snprintf(why, why_bytes, "%" PRIu64 " %s%s%s", wrong[i].count, wrong[i].what,
                           wrong[i].words[0] != '\0' ? "; the first: " : "", wrong[i].words);
            return false;
        }
    }
    return true;
}

void slipway_standin_reset(void)
{
    slipway_standin_clear_faults();
    slipway_standin_release();
    (void)pthread_mutex_lock(&standin.lock);
    standin.books = (slipway_standin_books){0};
    memset(standin.entries, 0, sizeof(standin.entries));
    memset(standin.latencies, 0, sizeof(standin.latencies));
    standin.logged = 0;
    (void)pthread_mutex_unlock(&standin.lock);
}

/* Calls of the log that are kept: from which on. Under the lock. */
static uint64_t log_begin(void)
{
    return standin.logged > SLIPWAY_STANDIN_LOG_CALLS ? standin.logged - SLIPWAY_STANDIN_LOG_CALLS
                                                      : 0;
}

/* Goes through the log for call `wanted` of an entry point; returns how many there are before. */
static uint64_t find_in_log(const char *entry, uint64_t wanted, slipway_standin_call *out)
{
    uint64_t seen = 0;
    (void)pthread_mutex_lock(&standin.lock);
    for (uint64_t i = log_begin(); i < standin.logged; i++) {
        const slipway_standin_call *call = &standin.log[i % SLIPWAY_STANDIN_LOG_CALLS];
        if (entry != NULL && strcmp(call->entry, entry) != 0) {
            continue;
        }
        if (seen == wanted) {
            *out = *call;
            break;
        }
        seen++;
    }
    (void)pthread_mutex_unlock(&standin.lock);
    return seen;
}

uint64_t slipway_standin_log_count(const char *entry)
{
    slipway_standin_call unused;
    return find_in_log(entry, UINT64_MAX, &unused);
}

bool slipway_standin_log_at(const char *entry, uint64_t i, slipway_standin_call *out)
{
    slipway_standin_call found = {0};
    if (i == UINT64_MAX || find_in_log(entry, i, &found) != i || found.serial == 0) {
        return false;
    }
    *out = found;
    return true;
}

/* Reads the environment when the library is loaded. */
__attribute__((constructor)) static void read_environment(void)
{
    const char *faults = getenv("SLIPWAY_STANDIN_FAULT");
    const char *latency = getenv("SLIPWAY_STANDIN_LATENCY");
    const char *why = NULL;
    if (faults != NULL && !slipway_standin_fault(faults, &why)) {
        (void)snprintf(standin.bad_environment, sizeof(standin.bad_environment),
                       "SLIPWAY_STANDIN_FAULT is '%.80s': %s", faults, why);
    } else if (latency != NULL && !slipway_standin_latency(latency)) {
        (void)snprintf(
            standin.bad_environment, sizeof(standin.bad_environment),
            "SLIPWAY_STANDIN_LATENCY is '%.80s'; wanted ENTRY=NS or ENTRY=NS+NS_PER_BYTE", latency);
    }
}

/* Writes the books to the file that the environment names, and ends what still runs. */
__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("SLIPWAY_STANDIN_BOOKS");
    FILE *file = path != NULL && path[0] != '\0' ? fopen(path, "we") : NULL;
    if (file != NULL) {
        slipway_standin_books b;
        slipway_standin_get_books(&b);
        for (size_t i = 0; i < sizeof(book_lines) / sizeof(book_lines[0]); i++) {
            uint64_t value;
            memcpy(&value, (const char *)&b + book_lines[i].offset, sizeof(value));
            (void)fprintf(file, "%s %" PRIu64 "\n", book_lines[i].name, value);
        }
        for (uint32_t i = 0; i < ENTRY_COUNT; i++) {
            (void)fprintf(file, "%s %" PRIu64 "\n", standin_entry_name(i),
                          standin.entries[i].calls);
        }
        (void)fclose(file);
    }
    for (int32_t i = 0; i < STANDIN_MAX_DEVICES; i++) {
        if (standin.devices[i].client != NULL) {
            standin_reset_device(i);
        }
    }
    free(standin.log);
    standin.log = NULL;
    free(standin.blocks);
    standin.blocks = NULL;
    standin.block_count = 0;
    standin.block_room = 0;
}
