/* calls.c - the beginning and the end of every entry point of the stand-in; see state.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "state.h"

standin_state standin = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .released = PTHREAD_COND_INITIALIZER,
};

static const struct {
    const char *name;
    uint32_t need;
} entries[] = {
#define STANDIN_ENTRY(name, need) {#name, need},
    STANDIN_ENTRIES(STANDIN_ENTRY)
#undef STANDIN_ENTRY
};

/* A thread's number, and the words of its last failure. */
static _Thread_local uint32_t thread_number;
static _Thread_local char words[512];
static _Thread_local char taken_words[512];

const char *standin_entry_name(uint32_t entry)
{
    return entry < ENTRY_COUNT ? entries[entry].name : NULL;
}

uint32_t standin_find_entry(const char *name)
{
    uint32_t i = 0;
    while (i < ENTRY_COUNT && (name == NULL || strcmp(entries[i].name, name) != 0)) {
        i++;
    }
    return i;
}

int32_t standin_fail(standin_call *call, int32_t code, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    (void)snprintf(words, sizeof(words), "stand-in: %s: %s (%d)", standin_entry_name(call->entry),
                   text, (int)code);
    call->record.code = code;
    return code;
}

const char *standin_take_words(void)
{
    if (words[0] == '\0') {
        return NULL;
    }
    memcpy(taken_words, words, sizeof(words));
    words[0] = '\0';
    return taken_words;
}

/* Whether the library is initialised, a device set and not lost, as far as the call needs it. */
static bool has_needs(standin_call *call)
{
    uint32_t need = entries[call->entry].need;
    (void)pthread_mutex_lock(&standin.lock);
    bool initialised = standin.inits != 0;
    (void)pthread_mutex_unlock(&standin.lock);
    if (need >= NEED_INIT && !initialised) {
        (void)standin_fail(call, STANDIN_UNINITIALIZED, "aclInit has not been called");
        return false;
    }
    if (need != NEED_DEVICE) {
        return true;
    }
    if (call->record.device < 0) {
        (void)standin_fail(call, STANDIN_RT_CONTEXT_NULL,
                           "this thread has set no device, or it was reset since");
        return false;
    }
    call->device = &standin.devices[call->record.device];
    (void)pthread_mutex_lock(&standin.lock);
    int32_t lost = call->device->lost;
    (void)pthread_mutex_unlock(&standin.lock);
    if (lost != 0) {
        (void)standin_fail(call, lost, "device %d is lost", (int)call->record.device);
        return false;
    }
    return true;
}

bool standin_enter(standin_call *call, enum standin_entry entry, const uint64_t *args,
                   uint32_t count)
{
    *call = (standin_call){.entry = entry};
    slipway_standin_call *record = &call->record;
    record->entry = standin_entry_name(entry);
    record->device = standin_current_device();
    record->begin_ns = slipi_now_ns();
    for (uint32_t i = 0; i < count && i < sizeof(record->args) / sizeof(args[0]); i++) {
        record->args[i] = args[i];
    }
    (void)pthread_mutex_lock(&standin.lock);
    record->serial = ++standin.serial;
    if (thread_number == 0) {
        thread_number = ++standin.threads;
    }
    (void)pthread_mutex_unlock(&standin.lock);
    record->thread = thread_number;
    return standin_play_faults(call) && has_needs(call);
}

/* Writes the record into the ring. Under the lock. */
static void log_call(const slipway_standin_call *record)
{
    if (standin.log == NULL) {
        standin.log = calloc(SLIPWAY_STANDIN_LOG_CALLS, sizeof(*standin.log));
    }
    if (standin.log != NULL) {
        standin.log[standin.logged % SLIPWAY_STANDIN_LOG_CALLS] = *record;
        standin.logged++;
    }
}

int32_t standin_leave(standin_call *call)
{
    standin_wait_latency(call);
    slipway_standin_call *record = &call->record;
    record->end_ns = slipi_now_ns();
    (void)pthread_mutex_lock(&standin.lock);
    slipway_standin_entry *entry = &standin.entries[call->entry];
    entry->calls++;
    standin.books.calls++;
    if (record->code != 0) {
        entry->failures++;
        standin.books.failures++;
    } else {
        entry->bytes += record->bytes;
    }
    log_call(record);
    (void)pthread_mutex_unlock(&standin.lock);
    return record->code;
}
