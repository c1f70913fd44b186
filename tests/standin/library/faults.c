/* faults.c - faults and latencies of the stand-in's entry points; see state.h and standin.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "state.h"

enum { TEXT_BYTES = 2048, MAX_MS = 3600000 };

/* Reads a number up to the end of the text. */
static bool read_number(const char *text, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *out = value;
    return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

/* Reads WHEN: "n", "n+" or "*". */
static bool read_when(char *text, standin_fault *fault)
{
    size_t length = strlen(text);
    fault->last = 0;
    if (strcmp(text, "*") == 0) {
        fault->first = 1;
        fault->last = UINT64_MAX;
        return true;
    }
    if (length > 1 && text[length - 1u] == '+') {
        text[length - 1u] = '\0';
        fault->last = UINT64_MAX;
    }
    if (!read_number(text, &fault->first)) {
        return false;
    }
    fault->last = fault->last != 0 ? fault->last : fault->first;
    return true;
}

/* Reads the value behind a WHAT; `usual` if there is none. */
static bool read_value(const char *text, uint64_t usual, uint64_t *out)
{
    *out = usual;
    return text == NULL || read_number(text, out);
}

/* Reads WHAT, which may have a value behind '='. */
static bool read_what(char *text, standin_fault *fault)
{
    char *value = strchr(text, '=');
    if (value != NULL) {
        *value++ = '\0';
    }
    if (strcmp(text, "fail") == 0) {
        fault->what = WHAT_FAIL;
        return value != NULL && read_number(value, &fault->value) && fault->value != 0 &&
               fault->value <= INT32_MAX;
    }
    if (strcmp(text, "delay") == 0) {
        fault->what = WHAT_DELAY;
        return value != NULL && read_number(value, &fault->value) && fault->value <= MAX_MS;
    }
    if (strcmp(text, "hang") == 0) {
        fault->what = WHAT_HANG;
        return read_value(value, 0, &fault->value) && fault->value <= MAX_MS;
    }
    if (strcmp(text, "lost") == 0) {
        fault->what = WHAT_LOST;
        return read_value(value, STANDIN_RT_DRV_INTERNAL, &fault->value) && fault->value != 0 &&
               fault->value <= INT32_MAX;
    }
    if (strcmp(text, "helpless") == 0 && value == NULL) {
        fault->what = WHAT_HELPLESS;
        return fault->entry == ENTRY_aclrtResetDeviceForce;
    }
    return false;
}

/* Reads a fault that the device process plays. */
static bool read_device_fault(const char *who, const char *when, const char *what,
                              standin_fault *fault)
{
    static const struct {
        const char *who;
        const char *what;
        uint32_t kind;
    } kinds[] = {
        {"control", "hang", WHAT_CONTROL},
        {"core", "silent", WHAT_CORE},
        {"kernel", "hang", WHAT_KERNEL},
    };
    fault->entry = ENTRY_COUNT;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(who, kinds[i].who) == 0 && strcmp(what, kinds[i].what) == 0) {
            fault->what = kinds[i].kind;
            return read_number(when, &fault->first) &&
                   (fault->what == WHAT_CORE || fault->first != 0);
        }
    }
    return false;
}

/* Reads one fault, ENTRY:WHEN:WHAT. */
static bool read_fault(char *text, standin_fault *fault)
{
    char *rest = NULL;
    char *who = strtok_r(text, ":", &rest);
    char *when = strtok_r(NULL, ":", &rest);
    char *what = strtok_r(NULL, ":", &rest);
    if (who == NULL || when == NULL || what == NULL || strtok_r(NULL, ":", &rest) != NULL) {
        return false;
    }
    *fault = (standin_fault){0};
    if (read_device_fault(who, when, what, fault)) {
        return true;
    }
    fault->entry = standin_find_entry(who);
    return fault->entry != ENTRY_COUNT && read_when(when, fault) && fault->first != 0 &&
           read_what(what, fault);
}

bool slipway_standin_fault(const char *text, const char **why)
{
    static const char *const sentences[] = {
        "faults are ENTRY:WHEN:WHAT, separated by commas; see tests/standin/standin.h",
        "there are more faults than are kept (64), or the text is too long",
    };
    char copy[TEXT_BYTES];
    standin_fault found[STANDIN_MAX_FAULTS];
    uint32_t count = 0;
    const char *wrong = text == NULL || strlen(text) >= sizeof(copy) ? sentences[1] : NULL;
    if (wrong == NULL) {
        (void)snprintf(copy, sizeof(copy), "%s", text);
        char *rest = NULL;
        for (char *one = strtok_r(copy, ",", &rest); one != NULL && wrong == NULL;
             one = strtok_r(NULL, ",", &rest)) {
            if (count == STANDIN_MAX_FAULTS) {
                wrong = sentences[1];
            } else if (!read_fault(one, &found[count++])) {
                wrong = sentences[0];
            }
        }
    }
    (void)pthread_mutex_lock(&standin.lock);
    if (wrong == NULL && count > STANDIN_MAX_FAULTS - standin.fault_count) {
        wrong = sentences[1];
    }
    if (wrong == NULL) {
        memcpy(&standin.faults[standin.fault_count], found, count * sizeof(found[0]));
        standin.fault_count += count;
    }
    (void)pthread_mutex_unlock(&standin.lock);
    for (int32_t i = 0; wrong == NULL && i < STANDIN_MAX_DEVICES; i++) {
        standin_send_faults(&standin.devices[i]);
    }
    if (why != NULL) {
        *why = wrong;
    }
    return wrong == NULL;
}

void standin_send_faults(standin_device *device)
{
    standin_fault own[STANDIN_MAX_FAULTS];
    (void)pthread_mutex_lock(&standin.lock);
    uint32_t count = device->client != NULL && device->lost == 0 ? standin.fault_count : 0;
    memcpy(own, standin.faults, count * sizeof(own[0]));
    (void)pthread_mutex_unlock(&standin.lock);
    for (uint32_t i = 0; i < count; i++) {
        if (own[i].entry == ENTRY_COUNT) {
            slipi_remote_request set = {
                .op = STANDIN_FAULT,
                .args = {own[i].what - WHAT_CONTROL + STANDIN_FAULT_CONTROL, own[i].first},
            };
            (void)standin_ask(device, &set);
        }
    }
}

void slipway_standin_clear_faults(void)
{
    (void)pthread_mutex_lock(&standin.lock);
    standin.fault_count = 0;
    (void)pthread_mutex_unlock(&standin.lock);
    for (int32_t i = 0; i < STANDIN_MAX_DEVICES; i++) {
        standin_device *device = &standin.devices[i];
        (void)pthread_mutex_lock(&standin.lock);
        bool works = device->client != NULL && device->lost == 0;
        (void)pthread_mutex_unlock(&standin.lock);
        if (works) {
            slipi_remote_request none = {.op = STANDIN_FAULT, .args = {STANDIN_FAULT_NONE}};
            (void)standin_ask(device, &none);
        }
    }
}

void slipway_standin_release(void)
{
    (void)pthread_mutex_lock(&standin.lock);
    standin.releases++;
    (void)pthread_cond_broadcast(&standin.released);
    (void)pthread_mutex_unlock(&standin.lock);
}

uint32_t slipway_standin_hanging(void)
{
    (void)pthread_mutex_lock(&standin.lock);
    uint32_t count = standin.hanging;
    (void)pthread_mutex_unlock(&standin.lock);
    return count;
}

/* Waits until a release, or for some milliseconds if they are not 0. Under the lock. */
static void hang(uint64_t ms)
{
    uint64_t seen = standin.releases;
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000u);
    until.tv_nsec += (long)(ms % 1000u) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    standin.hanging++;
    int error = 0;
    while (standin.releases == seen && error != ETIMEDOUT) {
        error = ms == 0 ? pthread_cond_wait(&standin.released, &standin.lock)
                        : pthread_cond_timedwait(&standin.released, &standin.lock, &until);
    }
    standin.hanging--;
}

/* Sleeps. */
static void sleep_ns(uint64_t ns)
{
    struct timespec pause = {(time_t)(ns / SLIPI_NS_PER_S), (long)(ns % SLIPI_NS_PER_S)};
    while (nanosleep(&pause, &pause) != 0) {
    }
}

/* Plays one fault; false: the call goes no further. */
static bool play(standin_call *call, const standin_fault *fault)
{
    switch (fault->what) {
    case WHAT_DELAY:
        sleep_ns(fault->value * 1000000u);
        return true;
    case WHAT_HANG:
        (void)pthread_mutex_lock(&standin.lock);
        hang(fault->value);
        (void)pthread_mutex_unlock(&standin.lock);
        call->hung = true;
        return false;
    case WHAT_HELPLESS:
        call->helpless = true;
        return true;
    case WHAT_LOST:
        (void)pthread_mutex_lock(&standin.lock);
        if (call->record.device >= 0) {
            standin.devices[call->record.device].lost = (int32_t)fault->value;
        }
        (void)pthread_mutex_unlock(&standin.lock);
        (void)standin_fail(call, (int32_t)fault->value, "a fault was asked for: device lost");
        return false;
    default:
        (void)standin_fail(call, (int32_t)fault->value, "a fault was asked for");
        return false;
    }
}

bool standin_play_faults(standin_call *call)
{
    standin_fault due[STANDIN_MAX_FAULTS];
    uint32_t count = 0;
    (void)pthread_mutex_lock(&standin.lock);
    for (uint32_t i = 0; i < standin.fault_count; i++) {
        standin_fault *fault = &standin.faults[i];
        if (fault->entry == (uint32_t)call->entry) {
            fault->seen++;
            if (fault->seen >= fault->first && fault->seen <= fault->last) {
                due[count++] = *fault;
            }
        }
    }
    standin.books.faults += count;
    (void)pthread_mutex_unlock(&standin.lock);
    call->record.fault = count != 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!play(call, &due[i])) {
            return false;
        }
    }
    return true;
}

/* Reads one latency, ENTRY=NS or ENTRY=NS+NS_PER_BYTE. */
static bool read_latency(char *text, uint32_t *out_entry, standin_latency *out)
{
    char *value = strchr(text, '=');
    if (value == NULL) {
        return false;
    }
    *value++ = '\0';
    *out_entry = strcmp(text, "*") == 0 ? (uint32_t)ENTRY_COUNT : standin_find_entry(text);
    if (*out_entry == ENTRY_COUNT && strcmp(text, "*") != 0) {
        return false;
    }
    char *end = NULL;
    out->call_ns = strtod(value, &end);
    bool ok = end != value;
    out->byte_ns = 0;
    if (ok && *end == '+') {
        value = end + 1;
        out->byte_ns = strtod(value, &end);
        ok = end != value;
    }
    return ok && *end == '\0' && out->call_ns >= 0 && out->call_ns < 1e12 && out->byte_ns >= 0 &&
           out->byte_ns < 1e6;
}

bool slipway_standin_latency(const char *text)
{
    char copy[TEXT_BYTES];
    if (text == NULL || strlen(text) >= sizeof(copy)) {
        return false;
    }
    (void)snprintf(copy, sizeof(copy), "%s", text);
    char *rest = NULL;
    for (char *one = strtok_r(copy, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest)) {
        uint32_t entry = 0;
        standin_latency latency;
        if (!read_latency(one, &entry, &latency)) {
            return false;
        }
        (void)pthread_mutex_lock(&standin.lock);
        for (uint32_t i = 0; i < ENTRY_COUNT; i++) {
            if (entry == ENTRY_COUNT || entry == i) {
                standin.latencies[i] = latency;
            }
        }
        (void)pthread_mutex_unlock(&standin.lock);
    }
    return true;
}

void standin_wait_latency(const standin_call *call)
{
    (void)pthread_mutex_lock(&standin.lock);
    standin_latency latency = standin.latencies[call->entry];
    (void)pthread_mutex_unlock(&standin.lock);
    uint64_t ns = (uint64_t)(latency.call_ns + latency.byte_ns * (double)call->record.bytes);
    uint64_t until = slipi_now_ns() + ns;
    /* A sleep takes some 60 us at least: shorter ones are waited for awake. */
    const uint64_t shortest_sleep_ns = 100000;
    if (ns > shortest_sleep_ns) {
        sleep_ns(ns - shortest_sleep_ns);
    }
    while (ns != 0 && slipi_now_ns() < until) {
    }
}
