/*
 * oracle_lifetime.c - heap bytes may change hands only behind the last user of the older buffer.
 *
 * Called by oracle.c on the host.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/launch.h"
#include "trace/oracle_int.h"

/* One heap buffer: where it lies, who made it, who touches it last. */
typedef struct heap_buffer {
    uint64_t low; /* bytes from the heap's base */
    uint64_t high;
    uint32_t created;           /* task */
    uint32_t last;              /* youngest task that touches it */
    uint64_t done[SLIPI_RINGS]; /* a watermark at or above these lies behind all its users */
    uint32_t first_place;       /* in by_place */
    uint32_t place_count;
} heap_buffer;

/* Adds one access to its buffer. */
static void add_access(const slipi_oracle *oracle, heap_buffer *buffer,
                       const slipi_oracle_access *access)
{
    uint64_t end = access->set.base + access->set.extent;
    uint64_t ref = oracle->index.entries[access->task].task->task;
    uint32_t ring = slipi_task_ring(ref);
    buffer->low = access->set.base < buffer->low ? access->set.base : buffer->low;
    buffer->high = end > buffer->high ? end : buffer->high;
    buffer->created = access->task < buffer->created ? access->task : buffer->created;
    buffer->last = access->task > buffer->last ? access->task : buffer->last;
    if (slipi_task_id(ref) >= buffer->done[ring]) {
        buffer->done[ring] = slipi_task_id(ref) + 1u;
    }
    buffer->place_count++;
}

/* Lists the heap buffers from the sorted accesses; returns how many. */
static uint32_t list_buffers(const slipi_oracle *oracle, heap_buffer *buffers)
{
    uint32_t count = 0;
    uint64_t name = 0;
    for (uint32_t i = 0; i < oracle->access_count; i++) {
        const slipi_oracle_access *access = oracle->by_place[i];
        if (access->arg->tensor.binding != SLIPI_BIND_HEAP) {
            continue;
        }
        if (count == 0 || access->arg->tensor.buffer != name) {
            memset(&buffers[count], 0, sizeof(buffers[count]));
            buffers[count].low = UINT64_MAX;
            buffers[count].created = UINT32_MAX;
            buffers[count].first_place = i;
            name = access->arg->tensor.buffer;
            count++;
        }
        add_access(oracle, &buffers[count - 1u], access);
    }
    return count;
}

/* Orders buffers by creation. */
static int compare_creation(const void *left, const void *right)
{
    const heap_buffer *a = left;
    const heap_buffer *b = right;
    if (a->created != b->created) {
        return a->created < b->created ? -1 : 1;
    }
    return a->first_place < b->first_place ? -1 : a->first_place > b->first_place;
}

/* True if every user of `older` was complete when `newer` was made. */
static bool over(const slipi_oracle *oracle, const heap_buffer *older, const heap_buffer *newer)
{
    const slipi_audit_watermark *mark = oracle->index.entries[newer->created].mark;
    if (older->last >= newer->created || mark == NULL) {
        return false;
    }
    for (uint32_t ring = 0; ring < SLIPI_RINGS; ring++) {
        if (older->done[ring] > mark->done[ring]) {
            return false;
        }
    }
    return true;
}

/* The access of `newer` by which it was made: the first of its creating task. */
static const slipi_oracle_access *creation(const slipi_oracle *oracle, const heap_buffer *newer)
{
    const slipi_oracle_access *found = oracle->by_place[newer->first_place];
    for (uint32_t i = 0; i < newer->place_count; i++) {
        const slipi_oracle_access *access = oracle->by_place[newer->first_place + i];
        if (access->task == newer->created) {
            found = access;
            break;
        }
    }
    return found;
}

/* Counts and names the users of `older` that `newer` did not wait for. */
static void report_users(slipi_oracle *oracle, const heap_buffer *older, const heap_buffer *newer)
{
    const slipi_audit_watermark *mark = oracle->index.entries[newer->created].mark;
    const slipi_oracle_access *made = creation(oracle, newer);
    uint64_t before = oracle->report->lost;
    for (uint32_t i = 0; i < older->place_count; i++) {
        const slipi_oracle_access *access = oracle->by_place[older->first_place + i];
        uint64_t ref = oracle->index.entries[access->task].task->task;
        bool behind = access->task < newer->created && mark != NULL &&
                      slipi_task_id(ref) < mark->done[slipi_task_ring(ref)];
        if (!behind) {
            oracle->report->lost++;
            slipi_oracle_note(oracle, "lost lifetime: heap bytes are used again between", access,
                              made);
        }
    }
    if (oracle->report->lost == before) {
        oracle->report->lost++; /* the two were made by one task */
    }
}

/* Compares all pairs of heap buffers; see the header. */
slip_status slipi_oracle_check_lifetimes(slipi_oracle *oracle)
{
    heap_buffer *buffers = calloc((size_t)oracle->access_count + 1u, sizeof(*buffers));
    if (buffers == NULL) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    uint32_t count = list_buffers(oracle, buffers);
    qsort(buffers, count, sizeof(*buffers), compare_creation);
    for (uint32_t n = 1; n < count; n++) {
        const heap_buffer *newer = &buffers[n];
        for (uint32_t o = 0; o < n; o++) {
            const heap_buffer *older = &buffers[o];
            if (older->low < newer->high && newer->low < older->high &&
                !over(oracle, older, newer)) {
                report_users(oracle, older, newer);
            }
        }
    }
    free(buffers);
    return SLIP_OK;
}
