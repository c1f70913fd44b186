/*
 * streams.c - launches, in the order in which a stream got them; see device.h.
 *
 * Each stream has a thread that takes its launches one after another, so two streams run at the
 * same time. A control program of n blocks runs on that thread and n - 1 others, its crew. A launch
 * that does not come back keeps its threads; nothing here waits for it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "device.h"

enum {
    MAX_STREAMS = 256,
    MAX_QUEUED = 1024, /* launches of one stream; chosen */
    MAX_BLOCKS = 64,   /* of a control program; more than there are control processors */
    LINE_BYTES = 64,
    ARGS_OFFSET = 8
};

typedef struct launch {
    struct launch *next;
    device_function function;
    uint32_t blocks;
    void *args; /* behind this */
} launch;

/* Everything below `lock` is under it. */
typedef struct stream {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* for the stream's thread and its crew, and for sync */
    launch *first;
    launch *last;
    uint32_t queued;
    bool running;
    bool running_core;
    bool dropped;
    int32_t status;    /* first failure since the last sync */
    uint64_t since_ns; /* begin of the launch that runs */
    /* The crew. */
    uint32_t crew;
    uint64_t generation; /* of launches of control programs */
    launch *crew_launch;
    uint32_t crew_left;
    uint32_t crew_result;
} stream;

static stream *streams[MAX_STREAMS];
static bool left_running; /* a stream was dropped while it ran */
static uint64_t op_timeout_ns;
static int32_t poisoned;

/* What a member of the crew is given. */
typedef struct member {
    stream *stream;
    uint32_t index; /* 1 .. */
    uint64_t generation;
} member;

/* A thread that never comes back. */
static _Noreturn void hang(void)
{
    for (;;) {
        (void)pause();
    }
}

/* Thread of a member: takes part in every launch that has a block for it. */
static void *crew_main(void *argument)
{
    member *m = argument;
    stream *s = m->stream;
    (void)pthread_mutex_lock(&s->lock);
    for (;;) {
        while (s->generation == m->generation) {
            (void)pthread_cond_wait(&s->changed, &s->lock);
        }
        m->generation = s->generation;
        launch *l = s->crew_launch;
        if (l == NULL || m->index >= l->blocks) {
            continue;
        }
        (void)pthread_mutex_unlock(&s->lock);
        uint32_t result = l->function.control(l->args);
        (void)pthread_mutex_lock(&s->lock);
        s->crew_result |= result;
        s->crew_left--;
        (void)pthread_cond_broadcast(&s->changed);
    }
    return NULL;
}

/* Starts a detached thread; false if that fails. */
static bool start_thread(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, argument) != 0) {
        return false;
    }
    return pthread_detach(thread) == 0;
}

/* Makes the crew large enough; false if a thread cannot be had. Under the lock. */
static bool grow_crew(stream *s, uint32_t blocks)
{
    while (s->crew + 1u < blocks) {
        member *m = malloc(sizeof(*m));
        if (m == NULL) {
            return false;
        }
        *m = (member){.stream = s, .index = s->crew + 1u, .generation = s->generation};
        if (!start_thread(crew_main, m)) {
            free(m);
            return false;
        }
        s->crew++;
    }
    return true;
}

/* Runs a control program on the stream's thread and its crew. */
static int32_t run_control(stream *s, launch *l)
{
    slipi_add_relaxed(&counters.control_launches, 1u); /* a counter */
    if (device_fault_control()) {
        hang();
    }
    (void)pthread_mutex_lock(&s->lock);
    bool whole = grow_crew(s, l->blocks);
    if (whole) {
        s->crew_launch = l;
        s->crew_left = l->blocks - 1u;
        s->crew_result = 0;
        s->generation++;
        (void)pthread_cond_broadcast(&s->changed);
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (!whole) {
        return STANDIN_RT_DEVICE_SETUP;
    }
    uint32_t result = l->function.control(l->args);
    (void)pthread_mutex_lock(&s->lock);
    while (s->crew_left != 0) {
        (void)pthread_cond_wait(&s->changed, &s->lock);
    }
    s->crew_launch = NULL;
    result |= s->crew_result;
    (void)pthread_mutex_unlock(&s->lock);
    return result == 0 ? STANDIN_OK : STANDIN_RT_AICPU_EXCEPTION;
}

/* Takes the next launch; null if the stream was dropped. Under the lock. */
static launch *take(stream *s)
{
    while (s->first == NULL && !s->dropped) {
        (void)pthread_cond_wait(&s->changed, &s->lock);
    }
    launch *l = s->first;
    if (l == NULL || s->dropped) {
        return NULL;
    }
    s->first = l->next;
    s->last = s->first == NULL ? NULL : s->last;
    s->queued--;
    s->running = true;
    s->running_core = l->function.control == NULL;
    s->since_ns = slipi_now_ns();
    return l;
}

/* Thread of a stream. One that was dropped keeps its memory: its crew looks at it. */
static void *stream_main(void *argument)
{
    stream *s = argument;
    (void)pthread_mutex_lock(&s->lock);
    for (launch *l = take(s); l != NULL; l = take(s)) {
        (void)pthread_mutex_unlock(&s->lock);
        int32_t status = l->function.control != NULL
                             ? run_control(s, l)
                             : device_cores_run(l->function.step, l->args, l->blocks);
        free(l);
        (void)pthread_mutex_lock(&s->lock);
        s->running = false;
        s->status = s->status != 0 ? s->status : status;
        (void)pthread_cond_broadcast(&s->changed);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Makes a condition that waits by the monotonic clock. */
static bool init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    bool ok = pthread_condattr_init(&attributes) == 0 &&
              pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(condition, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return ok;
}

int32_t device_stream_create(uint64_t *out_stream)
{
    for (uint64_t i = 0; i < MAX_STREAMS; i++) {
        if (streams[i] != NULL) {
            continue;
        }
        stream *s = calloc(1, sizeof(*s));
        if (s == NULL || pthread_mutex_init(&s->lock, NULL) != 0 || !init_condition(&s->changed) ||
            !start_thread(stream_main, s)) {
            free(s);
            return STANDIN_RT_NO_STREAM_RESOURCE;
        }
        streams[i] = s;
        *out_stream = i + 1u;
        return STANDIN_OK;
    }
    return STANDIN_RT_NO_STREAM_RESOURCE;
}

/* Stream of a number; null if there is none. */
static stream *find_stream(uint64_t number)
{
    return number == 0 || number > MAX_STREAMS ? NULL : streams[number - 1u];
}

int32_t device_stream_destroy(uint64_t number)
{
    stream *s = find_stream(number);
    if (s == NULL) {
        return STANDIN_RT_INVALID_HANDLE;
    }
    (void)pthread_mutex_lock(&s->lock);
    s->dropped = true;
    left_running = left_running || s->running;
    while (s->first != NULL) {
        launch *l = s->first;
        s->first = l->next;
        free(l);
    }
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
    streams[number - 1u] = NULL;
    return STANDIN_OK;
}

int32_t device_stream_launch(uint64_t number, const device_function *function, uint32_t blocks,
                             const void *args, uint64_t bytes)
{
    stream *s = find_stream(number);
    if (s == NULL) {
        return STANDIN_RT_INVALID_HANDLE;
    }
    if (blocks == 0 || (function->control != NULL && blocks > MAX_BLOCKS)) {
        return STANDIN_RT_PARAM_INVALID;
    }
    /* The arguments lie 8 behind a line's start: aligned to 8, and to no more. */
    const uint64_t head = (sizeof(launch) + LINE_BYTES - 1u) / LINE_BYTES * LINE_BYTES;
    void *room = NULL;
    if (posix_memalign(&room, LINE_BYTES, head + ARGS_OFFSET + bytes) != 0) {
        return STANDIN_RT_MEMORY_ALLOCATION;
    }
    launch *l = room;
    *l = (launch){.function = *function, .blocks = blocks};
    l->args = (char *)room + head + ARGS_OFFSET;
    memcpy(l->args, args, bytes);
    (void)pthread_mutex_lock(&s->lock);
    bool full = s->queued == MAX_QUEUED;
    if (!full) {
        if (s->last != NULL) {
            s->last->next = l;
        } else {
            s->first = l;
        }
        s->last = l;
        s->queued++;
        (void)pthread_cond_broadcast(&s->changed);
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (full) {
        free(l);
        return STANDIN_RT_STREAM_TASK_FULL;
    }
    return STANDIN_OK;
}

/* Waits for a change until a time of the monotonic clock. */
static void wait_until(stream *s, uint64_t until_ns)
{
    struct timespec until = {(time_t)(until_ns / SLIPI_NS_PER_S),
                             (long)(until_ns % SLIPI_NS_PER_S)};
    (void)pthread_cond_timedwait(&s->changed, &s->lock, &until);
}

int32_t device_stream_sync(uint64_t number, uint64_t wait_ns, bool *out_done)
{
    stream *s = find_stream(number);
    *out_done = false;
    if (s == NULL) {
        return STANDIN_RT_INVALID_HANDLE;
    }
    int32_t status = STANDIN_OK;
    uint64_t deadline = slipi_now_ns() + wait_ns;
    (void)pthread_mutex_lock(&s->lock);
    while (s->running || s->first != NULL) {
        uint64_t now = slipi_now_ns();
        uint64_t limit = s->running && op_timeout_ns != 0 ? s->since_ns + op_timeout_ns : 0;
        if (limit != 0 && now >= limit) {
            poisoned = STANDIN_RT_DRV_INTERNAL;
            status = s->running_core ? STANDIN_RT_AICORE_TIMEOUT : STANDIN_RT_AICPU_TIMEOUT;
            break;
        }
        if (now >= deadline) {
            break;
        }
        wait_until(s, limit != 0 && limit < deadline ? limit : deadline);
    }
    if (!s->running && s->first == NULL) {
        *out_done = true;
        status = s->status;
        s->status = STANDIN_OK;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return status;
}

void device_stream_set_op_timeout(uint64_t op_ns)
{
    op_timeout_ns = op_ns;
}

int32_t device_poisoned(void)
{
    return poisoned;
}

bool device_streams_busy(void)
{
    if (left_running) {
        return true; /* nobody looks whether it has ended since */
    }
    for (uint32_t i = 0; i < MAX_STREAMS; i++) {
        stream *s = streams[i];
        if (s == NULL) {
            continue;
        }
        (void)pthread_mutex_lock(&s->lock);
        bool busy = s->running || s->first != NULL;
        (void)pthread_mutex_unlock(&s->lock);
        if (busy) {
            return true;
        }
    }
    return false;
}

uint32_t device_stream_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MAX_STREAMS; i++) {
        count += streams[i] != NULL;
    }
    return count;
}
