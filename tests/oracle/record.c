/*
 * record.c - builds audit records by hand; see record.h.
 *
 * For tests/oracle only; one thread.
 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "abi/launch.h"
#include "base/check.h"

/* First task id of every ring, as after an image with this window. */
#define FIRST_ID 16u

/* An empty record. */
record *record_create(void)
{
    record *r = calloc(1, sizeof(*r));
    SLIPI_ASSERT(r != NULL);
    r->header.capacity = RECORD_BYTES;
    for (uint32_t ring = 0; ring < SLIPI_RINGS; ring++) {
        r->next_id[ring] = FIRST_ID;
    }
    return r;
}

/* Frees a record. */
void record_destroy(record *r)
{
    free(r);
}

/* Room for `bytes` more at the end. */
static void *extend(record *r, size_t bytes)
{
    SLIPI_ASSERT(r->header.used + bytes <= RECORD_BYTES);
    void *place = &r->bytes[r->header.used];
    memset(place, 0, bytes);
    r->header.used += bytes;
    return place;
}

/* Adds a task. */
uint64_t record_task(record *r, uint32_t ring, uint8_t manual)
{
    slipi_audit_task *task = extend(r, sizeof(*task));
    r->submissions++;
    task->head.kind = SLIPI_AUDIT_TASK;
    task->head.bytes = sizeof(*task);
    task->submission = r->submissions;
    task->task = slipi_task_ref(ring, r->next_id[ring]);
    task->shape = SLIP_TASK_AIV;
    task->manual = manual;
    r->next_id[ring]++;
    r->task = task;
    return r->submissions;
}

/* A row-major matrix of u32 elements. */
slipi_audit_arg record_matrix(uint64_t buffer, uint8_t access, uint32_t rows, uint32_t columns)
{
    slipi_audit_arg arg;
    memset(&arg, 0, sizeof(arg));
    arg.tensor.binding = SLIPI_BIND_ARGS;
    arg.tensor.buffer = buffer;
    arg.tensor.dtype = SLIP_U32;
    arg.tensor.access = access;
    arg.tensor.ndim = 2;
    arg.tensor.shape[0] = rows;
    arg.tensor.shape[1] = columns;
    arg.tensor.stride[0] = (int32_t)columns;
    arg.tensor.stride[1] = 1;
    arg.root_ndim = 2;
    arg.root_shape[0] = rows;
    arg.root_shape[1] = columns;
    return arg;
}

/* A box of a matrix. */
slipi_audit_arg record_box(slipi_audit_arg whole, const uint32_t low[2], const uint32_t size[2])
{
    for (uint32_t d = 0; d < 2; d++) {
        whole.tensor.offset += (uint64_t)low[d] * (uint64_t)whole.tensor.stride[d] * 4u;
        whole.tensor.shape[d] = size[d];
    }
    return whole;
}

/* Bytes of the heap. */
slipi_audit_arg record_heap(uint64_t buffer, uint8_t access, uint64_t offset, uint32_t bytes)
{
    slipi_audit_arg arg;
    memset(&arg, 0, sizeof(arg));
    arg.tensor.binding = SLIPI_BIND_HEAP;
    arg.tensor.buffer = buffer;
    arg.tensor.dtype = SLIP_U8;
    arg.tensor.access = access;
    arg.tensor.offset = offset;
    arg.tensor.ndim = 1;
    arg.tensor.shape[0] = bytes;
    arg.tensor.stride[0] = 1;
    arg.root_ndim = 1;
    arg.root_shape[0] = bytes;
    return arg;
}

/* Adds an argument to the latest task; nothing may stand between. */
void record_arg(record *r, const slipi_audit_arg *arg)
{
    slipi_audit_arg *place = extend(r, sizeof(*place));
    *place = *arg;
    r->task->arg_count++;
    r->task->head.bytes += (uint32_t)sizeof(*place);
}

/* Adds an edge record of a kind. */
static void add_edge(record *r, uint32_t kind, uint64_t producer, uint64_t consumer, uint64_t flags)
{
    slipi_audit_edge *edge = extend(r, sizeof(*edge));
    edge->head.kind = kind;
    edge->head.bytes = sizeof(*edge);
    edge->producer = producer;
    edge->consumer = consumer;
    edge->flags = flags;
}

/* Adds an edge to the latest task. */
void record_edge(record *r, uint64_t producer, uint64_t flags)
{
    add_edge(r, SLIPI_AUDIT_EDGE, producer, r->submissions, flags);
}

/* Adds a wait before the next task. */
void record_wait(record *r, uint64_t producer)
{
    add_edge(r, SLIPI_AUDIT_WAIT, producer, r->submissions + 1u, 0);
}

/* Adds a watermark of one ring. */
void record_watermark(record *r, uint32_t ring, uint64_t done)
{
    slipi_audit_watermark *mark = extend(r, sizeof(*mark));
    mark->head.kind = SLIPI_AUDIT_WATERMARK;
    mark->head.bytes = sizeof(*mark);
    mark->done[ring] = done;
}

/* Id of the latest task of a ring. */
uint64_t record_latest_id(const record *r, uint32_t ring)
{
    return r->next_id[ring] - 1u;
}
