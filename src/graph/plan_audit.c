/*
 * plan_audit.c - the audit record of a plan: what the oracle judges; see recorder.h. Any thread.
 *
 * Tasks, regions and edges are those of the plan, which are those that a replay follows: an edge
 * that the plan lost is lost in the record too.
 */
#include <string.h>

#include "abi/audit.h"
#include "graph/recorder.h"
#include "orch/orchestrator.h"

uint64_t slipi_plan_audit_bytes(const slipi_plan *plan)
{
    return sizeof(slipi_audit_header) +
           slipi_plan_count(plan, SLIPI_PLAN_TASKS) * sizeof(slipi_audit_task) +
           slipi_plan_count(plan, SLIPI_PLAN_ARGS) * sizeof(slipi_audit_arg) +
           slipi_plan_count(plan, SLIPI_PLAN_EDGES) * sizeof(slipi_audit_edge);
}

/* Writes one tensor of a task. */
static void put_arg(const slipi_plan *plan, const slipi_plan_arg *from, slipi_audit_arg *to)
{
    const slipi_plan_geometry *g = &slipi_plan_geometries(plan)[from->geometry];
    bool heap = from->binding == SLIPI_PLAN_BIND_HEAP;
    to->tensor.offset = from->offset;
    to->tensor.binding = from->binding;
    to->tensor.dtype = g->dtype;
    to->tensor.ndim = g->ndim;
    to->tensor.access = from->access;
    memcpy(to->tensor.shape, g->shape, sizeof to->tensor.shape);
    memcpy(to->tensor.stride, g->stride, sizeof to->tensor.stride);
    to->tensor.buffer = heap ? SLIPI_BUFFER_HEAP | from->buffer : from->buffer;
    to->root_offset = from->root_offset;
    to->root_ndim = g->root_ndim;
    memcpy(to->root_shape, g->root_shape, sizeof to->root_shape);
}

void slipi_plan_audit(const slipi_plan *plan, void *to)
{
    slipi_audit_header *header = to;
    uint64_t capacity = slipi_plan_audit_bytes(plan) - sizeof *header;
    uint64_t count = slipi_plan_count(plan, SLIPI_PLAN_TASKS);
    uint8_t *at = (uint8_t *)(header + 1);
    uint64_t window = 1;
    while (window < count) {
        window *= 2;
    }
    header->capacity = header->used = capacity;
    for (uint64_t i = 0; i < count; i++) {
        const slipi_plan_task *task = &slipi_plan_tasks(plan)[i];
        slipi_audit_task *record = (slipi_audit_task *)(void *)at;
        slipi_audit_arg *args = (slipi_audit_arg *)(void *)(record + 1);
        record->head.kind = SLIPI_AUDIT_TASK;
        record->head.bytes = (uint32_t)(sizeof *record + task->arg_count * sizeof *args);
        record->submission = i + 1;
        record->task = slipi_task_ref(0, window + i);
        record->shape = task->shape;
        record->manual = task->manual;
        record->arg_count = task->arg_count;
        record->depth = task->depth;
        for (uint32_t l = 0; l < 3 && slipi_plan_count(plan, SLIPI_PLAN_KERNELS) != 0; l++) {
            record->kernel[l] = slipi_plan_kernels(plan)[task->kernel[l]].index;
        }
        for (uint32_t a = 0; a < task->arg_count; a++) {
            put_arg(plan, &slipi_plan_args(plan)[task->first_arg + a], &args[a]);
        }
        at += record->head.bytes;
        for (uint32_t e = 0; e < task->edge_count; e++) {
            slipi_audit_edge *edge = (slipi_audit_edge *)(void *)at;
            edge->head = (slipi_audit_head){SLIPI_AUDIT_EDGE, sizeof *edge};
            slipi_plan_edge from = slipi_plan_edges(plan)[task->first_edge + e];
            bool named = (from & SLIPI_PLAN_EDGE_EXPLICIT) != 0;
            edge->producer = slipi_plan_producer(from) + UINT64_C(1);
            edge->flags = named ? SLIPI_AUDIT_EDGE_EXPLICIT : 0;
            edge->consumer = i + 1;
            at += sizeof *edge;
        }
    }
}
