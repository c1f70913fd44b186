/*
 * audit_read.c - checks an audit record and indexes it; see audit_read.h.
 *
 * Called by the oracle and the graph writers on the host; no state beyond the index.
 */
#include "trace/audit_read.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Notes what is wrong and returns the status. */
__attribute__((format(printf, 3, 4))) static slip_status
refuse(slipi_audit_index *index, slip_status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(index->problem, sizeof(index->problem), format, list);
    va_end(list);
    return status;
}

/* Bytes that a record of a kind has at least; 0 for an unknown kind. */
static uint64_t least_bytes(uint32_t kind)
{
    switch (kind) {
    case SLIPI_AUDIT_TASK:
        return sizeof(slipi_audit_task);
    case SLIPI_AUDIT_EDGE:
    case SLIPI_AUDIT_WAIT:
        return sizeof(slipi_audit_edge);
    case SLIPI_AUDIT_WATERMARK:
        return sizeof(slipi_audit_watermark);
    default:
        return 0;
    }
}

/* The record at `offset`, or null if there is none that fits; the offset then stays. */
static const slipi_audit_head *head_at(const slipi_audit_header *record, uint64_t offset)
{
    const unsigned char *bytes = (const unsigned char *)(record + 1);
    uint64_t left = record->used - offset;
    if (left < sizeof(slipi_audit_head)) {
        return NULL;
    }
    const slipi_audit_head *head = (const slipi_audit_head *)(const void *)(bytes + offset);
    uint64_t least = least_bytes(head->kind);
    if (least == 0 || head->bytes < least || head->bytes % 8 != 0 || head->bytes > left) {
        return NULL;
    }
    if (head->kind == SLIPI_AUDIT_TASK) {
        const slipi_audit_task *task = (const slipi_audit_task *)(const void *)head;
        if (task->arg_count > SLIP_MAX_TASK_ARGS ||
            head->bytes < least + task->arg_count * sizeof(slipi_audit_arg)) {
            return NULL;
        }
    }
    return head;
}

/* Counts tasks and records, checking every head. */
static slip_status count_records(slipi_audit_index *index, const slipi_audit_header *record)
{
    if (record->used > record->capacity || record->used % 8 != 0) {
        return refuse(index, SLIP_E_FORMAT, "%llu bytes used of a capacity of %llu",
                      (unsigned long long)record->used, (unsigned long long)record->capacity);
    }
    if (record->overflow != 0) {
        return refuse(index, SLIP_E_LIMIT,
                      "the record is incomplete: the run needs more than %llu bytes of it",
                      (unsigned long long)record->capacity);
    }
    const slipi_audit_head *head = NULL;
    for (uint64_t offset = 0; offset < record->used; offset += head->bytes) {
        head = head_at(record, offset);
        if (head == NULL) {
            return refuse(index, SLIP_E_FORMAT, "no record begins at byte %llu of %llu",
                          (unsigned long long)offset, (unsigned long long)record->used);
        }
        index->event_count++;
        index->entry_count += head->kind == SLIPI_AUDIT_TASK ? 1u : 0u;
        if (index->event_count > SLIPI_AUDIT_MAX_EVENTS ||
            index->entry_count > SLIPI_AUDIT_MAX_TASKS) {
            return refuse(index, SLIP_E_LIMIT, "more than %u tasks or %u records in one audit",
                          SLIPI_AUDIT_MAX_TASKS, SLIPI_AUDIT_MAX_EVENTS);
        }
    }
    return SLIP_OK;
}

/* Index of the task with a submission number among the first `count`; `count` if there is none. */
static uint32_t find_task(const slipi_audit_index *index, uint32_t count, uint64_t submission)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (index->entries[middle].task->submission < submission) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && index->entries[low].task->submission == submission ? low : count;
}

/* Takes an edge or a wait: its producer is an earlier task, an edge's consumer the latest one. */
static slip_status take_edge(slipi_audit_index *index, uint32_t tasks, const slipi_audit_edge *edge,
                             slipi_audit_event *event)
{
    bool is_edge = edge->head.kind == SLIPI_AUDIT_EDGE;
    uint32_t earlier = is_edge && tasks > 0 ? tasks - 1 : tasks;
    event->producer = find_task(index, earlier, edge->producer);
    event->task = earlier;
    event->flags = (uint32_t)edge->flags;
    if (event->producer == earlier ||
        (is_edge && index->entries[earlier].task->submission != edge->consumer)) {
        return refuse(index, SLIP_E_FORMAT,
                      "the edge from task %llu to task %llu does not lead from an earlier task to "
                      "the latest one",
                      (unsigned long long)edge->producer, (unsigned long long)edge->consumer);
    }
    return SLIP_OK;
}

/* Takes a task: submissions grow. */
static slip_status take_task(slipi_audit_index *index, uint32_t tasks, const slipi_audit_task *task,
                             const slipi_audit_watermark *mark)
{
    if (tasks > 0 && index->entries[tasks - 1].task->submission >= task->submission) {
        return refuse(index, SLIP_E_FORMAT, "task %llu is recorded after task %llu",
                      (unsigned long long)task->submission,
                      (unsigned long long)index->entries[tasks - 1].task->submission);
    }
    index->entries[tasks].task = task;
    index->entries[tasks].args = (const slipi_audit_arg *)(const void *)(task + 1);
    index->entries[tasks].mark = mark;
    return SLIP_OK;
}

/* Fills entries and events; count_records has checked every head. */
static slip_status fill(slipi_audit_index *index, const slipi_audit_header *record)
{
    const unsigned char *bytes = (const unsigned char *)(record + 1);
    const slipi_audit_watermark *mark = NULL;
    uint32_t tasks = 0;
    for (uint32_t i = 0; i < index->event_count; i++) {
        const slipi_audit_head *head = (const slipi_audit_head *)(const void *)bytes;
        slipi_audit_event *event = &index->events[i];
        slip_status status = SLIP_OK;
        event->kind = head->kind;
        if (head->kind == SLIPI_AUDIT_TASK) {
            event->task = tasks;
            status = take_task(index, tasks, (const slipi_audit_task *)(const void *)head, mark);
            tasks++;
        } else if (head->kind == SLIPI_AUDIT_WATERMARK) {
            mark = (const slipi_audit_watermark *)(const void *)head;
            event->mark = mark;
            event->task = tasks;
        } else {
            status = take_edge(index, tasks, (const slipi_audit_edge *)(const void *)head, event);
        }
        if (status != SLIP_OK) {
            return status;
        }
        bytes += head->bytes;
    }
    return SLIP_OK;
}

/* Builds the index; see the header. */
slip_status slipi_audit_index_init(slipi_audit_index *index, const slipi_audit_header *record)
{
    memset(index, 0, sizeof(*index));
    slip_status status = count_records(index, record);
    if (status != SLIP_OK) {
        return status;
    }
    index->entries = calloc((size_t)index->entry_count + 1u, sizeof(*index->entries));
    index->events = calloc((size_t)index->event_count + 1u, sizeof(*index->events));
    if (index->entries == NULL || index->events == NULL) {
        return refuse(index, SLIP_E_OUT_OF_MEMORY, "no memory for an index of %u tasks",
                      index->entry_count);
    }
    return fill(index, record);
}

/* Frees the index. */
void slipi_audit_index_fini(slipi_audit_index *index)
{
    free(index->entries);
    free(index->events);
    memset(index, 0, sizeof(*index));
}
