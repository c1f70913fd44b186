/* record.c - writes the record of an audited run; see abi/audit.h. Orchestrator thread only. */
#include <stddef.h>
#include <string.h>

#include "orch/orchestrator.h"

/* Room for a record of `bytes`; null if there is none, and the record is marked incomplete. */
static void *take(slipi_orchestrator *o, uint32_t kind, uint64_t bytes)
{
    slipi_audit_header *audit = o->audit;
    if (audit == NULL) {
        return NULL;
    }
    if (audit->capacity - audit->used < bytes) {
        audit->overflow = 1;
        return NULL;
    }
    slipi_audit_head *head = (slipi_audit_head *)(void *)((uint8_t *)(audit + 1) + audit->used);
    head->kind = kind;
    head->bytes = (uint32_t)bytes;
    audit->used += bytes;
    return head;
}

void slipi_record_task(slipi_orchestrator *o, const slipi_slot *slot, const slip_task *task)
{
    uint64_t bytes = sizeof(slipi_audit_task) + slot->tensor_count * sizeof(slipi_audit_arg);
    slipi_audit_task *record = take(o, SLIPI_AUDIT_TASK, bytes);
    if (record == NULL) {
        return;
    }
    record->submission = slot->submission;
    record->task = slot->task;
    memcpy(record->kernel, slot->kernel, sizeof record->kernel);
    record->shape = slot->shape;
    record->manual = slipi_scope_now(o)->kind == SLIP_SCOPE_MANUAL ? 1 : 0;
    record->arg_count = slot->tensor_count;
    record->depth = o->depth - 1;
    slipi_audit_arg *arg = (slipi_audit_arg *)(void *)(record + 1);
    const slip_task_tensor *tensors = slipi_tensors_of(&o->worker->at, slot);
    for (uint32_t i = 0, n = 0; i < task->arg_count; i++) {
        const slip_arg *from = &task->args[i];
        if (slipi_is_scalar(from)) {
            continue;
        }
        bool fresh = from->kind == SLIP_ACCESS_OUT; /* its handle is not set yet */
        arg[n].tensor = tensors[n];
        arg[n].root_offset = fresh ? 0 : from->tensor->root_offset;
        arg[n].root_ndim = fresh ? from->ndim : from->tensor->root_ndim;
        memcpy(arg[n].root_shape, fresh ? tensors[n].shape : from->tensor->root_shape,
               sizeof arg[n].root_shape);
        n++;
    }
}

void slipi_record_edge(slipi_orchestrator *o, uint32_t kind, uint64_t producer, uint64_t consumer,
                       uint64_t flags)
{
    slipi_audit_edge *record = take(o, kind, sizeof *record);
    if (record != NULL) {
        record->producer = producer;
        record->consumer = consumer;
        record->flags = flags;
    }
}

void slipi_record_watermark(slipi_orchestrator *o)
{
    slipi_audit_watermark *record = take(o, SLIPI_AUDIT_WATERMARK, sizeof *record);
    if (record != NULL) {
        for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
            record->done[r] = o->worker->at.rt->ring[r].done;
        }
    }
}
