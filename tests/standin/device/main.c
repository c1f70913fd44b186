/*
 * main.c - the device process of the stand-in: answers its host's requests; see standin/wire.h.
 *
 * Started by libslipway_standin.so with a socket as descriptor SLIPI_REMOTE_FD. The main thread
 * serves; when the host is gone it ends the process, whatever other threads do.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "platform/remote/server.h"

static const struct slipi_arch_row *row;
static char words[512]; /* of the loader, for the host */

#ifdef DEVICE_SANITIZE_THREAD
/* Asked by the sanitizer: it would sleep for a second at every end. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "atexit_sleep_ms=0";
}
#endif

/* Processors that control programs run on: a bit each, and bit 63 for all above. */
static uint64_t processors(void)
{
    cpu_set_t set;
    uint64_t mask = 0;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0) {
        return UINT64_MAX;
    }
    for (unsigned i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &set)) {
            mask |= UINT64_C(1) << (i < 63u ? i : 63u);
        }
    }
    return mask;
}

/* STANDIN_START */
static int32_t start(void *device, slipi_remote_served *r)
{
    (void)device;
    uint32_t row_number = (uint32_t)r->args[0];
    if (row != NULL || row_number > 1u) {
        return STANDIN_RT_PARAM_INVALID;
    }
    row = slipi_arch_find(row_number == 0 ? "a2a3" : "a5");
    if (row == NULL || !device_memory_init((uint32_t)r->args[1], r->args[2]) ||
        !device_cores_init(row, row_number, (uint32_t)r->args[3])) {
        return STANDIN_RT_DEVICE_SETUP;
    }
    device_range registers = device_cores_registers();
    r->args[0] = registers.first;
    r->args[1] = registers.end - registers.first;
    r->args[2] = processors();
    r->args[3] = device_memory_range().first;
    r->args[4] = device_memory_range().end;
    return STANDIN_OK;
}

/* STANDIN_ALLOC */
static int32_t alloc(void *device, slipi_remote_served *r)
{
    (void)device;
    return device_memory_alloc(r->args[0], &r->args[0]);
}

/* STANDIN_FREE */
static int32_t release(void *device, slipi_remote_served *r)
{
    (void)device;
    return device_memory_free(r->args[0]);
}

/* Whether the first two arguments are memory; the registers count too. */
static bool is_memory(const uint64_t *args)
{
    device_range registers = device_cores_registers();
    return device_memory_has(args[0], args[1]) ||
           (args[0] >= registers.first && args[0] <= registers.end &&
            args[1] <= registers.end - args[0]);
}

/* STANDIN_FILL */
static int32_t fill(void *device, slipi_remote_served *r)
{
    (void)device;
    if (!device_memory_has(r->args[0], r->args[1])) {
        return STANDIN_RT_PARAM_INVALID;
    }
    device_memory_fill(r->args[0], r->args[1], (uint8_t)r->args[2]);
    return STANDIN_OK;
}

/* STANDIN_WRITE */
static int32_t write_memory(void *device, slipi_remote_served *r)
{
    (void)device;
    if (!is_memory(r->args) || r->payload_bytes != r->args[1]) {
        return STANDIN_RT_PARAM_INVALID;
    }
    uint32_t word;
    if (r->payload_bytes == sizeof(word) && r->args[0] % sizeof(word) == 0) {
        /* A word arrives whole: a program may be waiting for it. */
        memcpy(&word, r->payload, sizeof(word));
        slipi_store_release((slipi_au32 *)(uintptr_t)r->args[0], word);
    } else {
        memcpy((void *)(uintptr_t)r->args[0], r->payload, r->payload_bytes);
    }
    return STANDIN_OK;
}

/* STANDIN_READ */
static int32_t read_memory(void *device, slipi_remote_served *r)
{
    (void)device;
    if (!is_memory(r->args) || r->args[1] > SLIPI_REMOTE_PIECE_BYTES) {
        return STANDIN_RT_PARAM_INVALID;
    }
    r->answer = (const void *)(uintptr_t)r->args[0];
    r->answer_bytes = r->args[1];
    return STANDIN_OK;
}

/* STANDIN_LOAD_BEGIN */
static int32_t load_begin(void *device, slipi_remote_served *r)
{
    (void)device;
    return device_object_begin(r->args[0], &r->args[0]);
}

/* STANDIN_LOAD_PIECE */
static int32_t load_piece(void *device, slipi_remote_served *r)
{
    (void)device;
    uint64_t offset = r->args[0] & ((UINT64_C(1) << STANDIN_LOAD_SHIFT) - 1u);
    return device_object_piece(r->args[0] >> STANDIN_LOAD_SHIFT, offset, r->payload,
                               r->payload_bytes);
}

/* STANDIN_LOAD_END */
static int32_t load_end(void *device, slipi_remote_served *r)
{
    (void)device;
    words[0] = '\0';
    int32_t status = device_object_end(r->args[0], r->args[1] != 0, words, sizeof(words));
    r->answer = words;
    r->answer_bytes = strlen(words);
    return status;
}

/* STANDIN_UNLOAD */
static int32_t unload(void *device, slipi_remote_served *r)
{
    (void)device;
    return device_object_unload(r->args[0], device_streams_busy());
}

/* STANDIN_FUNCTION */
static int32_t find_function(void *device, slipi_remote_served *r)
{
    (void)device;
    char name[256];
    if (r->payload_bytes >= sizeof(name)) {
        return STANDIN_RT_PARAM_INVALID;
    }
    memcpy(name, r->payload, r->payload_bytes);
    name[r->payload_bytes] = '\0';
    return device_object_function(r->args[0], name, &r->args[0]);
}

/* STANDIN_STREAM_CREATE */
static int32_t stream_create(void *device, slipi_remote_served *r)
{
    (void)device;
    return device_stream_create(&r->args[0]);
}

/* STANDIN_STREAM_DESTROY */
static int32_t stream_destroy(void *device, slipi_remote_served *r)
{
    (void)device;
    return device_stream_destroy(r->args[0]);
}

/* STANDIN_LAUNCH */
static int32_t launch(void *device, slipi_remote_served *r)
{
    (void)device;
    device_function function;
    if (!device_object_find(r->args[0], &function)) {
        return STANDIN_RT_INVALID_HANDLE;
    }
    if (function.step != NULL && r->args[1] > row->blocks) {
        return STANDIN_RT_PARAM_INVALID;
    }
    return device_stream_launch(r->args[2], &function, (uint32_t)r->args[1], r->payload,
                                r->payload_bytes);
}

/* STANDIN_SYNC */
static int32_t sync_stream(void *device, slipi_remote_served *r)
{
    (void)device;
    bool done = false;
    int32_t status = device_stream_sync(r->args[0], r->args[1], &done);
    r->args[0] = done;
    return status;
}

/* STANDIN_OP_TIMEOUT */
static int32_t op_timeout(void *device, slipi_remote_served *r)
{
    (void)device;
    device_stream_set_op_timeout(r->args[0]);
    return STANDIN_OK;
}

/* STANDIN_FAULT */
static int32_t set_fault(void *device, slipi_remote_served *r)
{
    (void)device;
    device_fault_set((uint32_t)r->args[0], r->args[1]);
    return STANDIN_OK;
}

/* STANDIN_COUNTERS; counters order nothing. */
static int32_t tell_counters(void *device, slipi_remote_served *r)
{
    (void)device;
    r->args[STANDIN_COUNT_CONTROL_LAUNCHES] = slipi_load_relaxed(&counters.control_launches);
    r->args[STANDIN_COUNT_CORE_LAUNCHES] = slipi_load_relaxed(&counters.core_launches);
    r->args[STANDIN_COUNT_STEPS] = slipi_load_relaxed(&counters.steps);
    r->args[STANDIN_COUNT_TASKS] = slipi_load_relaxed(&counters.tasks);
    r->args[STANDIN_COUNT_CLOSED_TASKS] = slipi_load_relaxed(&counters.closed_tasks);
    r->args[STANDIN_COUNT_BYTES] = device_memory_used();
    r->args[STANDIN_COUNT_STREAMS] = device_stream_count();
    r->args[STANDIN_COUNT_FREE_BYTES] = device_memory_free_bytes();
    r->args[STANDIN_COUNT_BINARIES] = device_object_count();
    return STANDIN_OK;
}

#define REQUEST(op, function) [(op)-SLIPI_REMOTE_FIRST] = (function)
static const slipi_remote_fn table[] = {
    REQUEST(STANDIN_START, start),
    REQUEST(STANDIN_ALLOC, alloc),
    REQUEST(STANDIN_FREE, release),
    REQUEST(STANDIN_FILL, fill),
    REQUEST(STANDIN_WRITE, write_memory),
    REQUEST(STANDIN_READ, read_memory),
    REQUEST(STANDIN_LOAD_BEGIN, load_begin),
    REQUEST(STANDIN_LOAD_PIECE, load_piece),
    REQUEST(STANDIN_LOAD_END, load_end),
    REQUEST(STANDIN_UNLOAD, unload),
    REQUEST(STANDIN_FUNCTION, find_function),
    REQUEST(STANDIN_STREAM_CREATE, stream_create),
    REQUEST(STANDIN_STREAM_DESTROY, stream_destroy),
    REQUEST(STANDIN_LAUNCH, launch),
    REQUEST(STANDIN_SYNC, sync_stream),
    REQUEST(STANDIN_OP_TIMEOUT, op_timeout),
    REQUEST(STANDIN_FAULT, set_fault),
    REQUEST(STANDIN_COUNTERS, tell_counters),
};
_Static_assert(sizeof(table) / sizeof(table[0]) == STANDIN_OP_END - SLIPI_REMOTE_FIRST,
               "every request has its function");

/* Answers a request, unless it comes before the start or the device is poisoned. */
static int32_t guarded(void *device, slipi_remote_served *r)
{
    uint32_t op = r->op;
    if ((row == NULL) != (op == STANDIN_START)) {
        return STANDIN_RT_PARAM_INVALID;
    }
    if (device_poisoned() != 0 && op != STANDIN_COUNTERS) {
        return device_poisoned();
    }
    return table[op - SLIPI_REMOTE_FIRST](device, r);
}

int main(void)
{
    slipi_remote_fn guards[sizeof(table) / sizeof(table[0])];
    for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
        guards[i] = guarded;
    }
    const slipi_remote_server server = {
        .requests = STANDIN_REQUESTS,
        .table = guards,
        .count = sizeof(guards) / sizeof(guards[0]),
        .fd = SLIPI_REMOTE_FD,
    };
    slip_status status = slipi_remote_serve(&server);
    if (status != SLIP_OK) {
        (void)fprintf(stderr, "standin_device: the host sent what is no request (%d)\n",
                      (int)status);
    }
    /* At once: other threads may be in programs that never return. */
    _exit(status == SLIP_OK ? 0 : 1);
}
