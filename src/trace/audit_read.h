/*
 * audit_read.h - an audit record, checked and indexed: tasks, and what happened between them.
 *
 * For the oracle and the graph writers, on the host. The index points into the record, which must
 * outlive it. One thread per index.
 */
#ifndef SLIPI_TRACE_AUDIT_READ_H
#define SLIPI_TRACE_AUDIT_READ_H

#include "abi/audit.h"

/* Tasks and events of one record at most: what one index keeps in memory. Chosen, not measured. */
#define SLIPI_AUDIT_MAX_TASKS (UINT32_C(1) << 17)
#define SLIPI_AUDIT_MAX_EVENTS (UINT32_C(1) << 24)

/* One task: its record and its tensor arguments. */
typedef struct slipi_audit_entry {
    const slipi_audit_task *task;
    const slipi_audit_arg *args;       /* task->arg_count of them */
    const slipi_audit_watermark *mark; /* the last one before the task; null if none */
} slipi_audit_entry;

/* One record, in order. `task` is an index into the entries. */
typedef struct slipi_audit_event {
    uint32_t kind;                     /* enum slipi_audit_kind */
    uint32_t task;                     /* TASK: itself; EDGE: consumer; else: tasks so far */
    uint32_t producer;                 /* EDGE and WAIT */
    uint32_t flags;                    /* EDGE: SLIPI_AUDIT_EDGE_* */
    const slipi_audit_watermark *mark; /* WATERMARK */
} slipi_audit_event;

typedef struct slipi_audit_index {
    slipi_audit_entry *entries;
    slipi_audit_event *events;
    uint32_t entry_count;
    uint32_t event_count;
    char problem[160]; /* what is wrong with the record; empty if nothing */
} slipi_audit_index;

/*
 * Builds the index. SLIP_E_FORMAT if the record contradicts itself, SLIP_E_LIMIT if it is
 * incomplete or beyond a limit above, SLIP_E_OUT_OF_MEMORY; `problem` then says more, and fini is
 * still fine.
 */
slip_status slipi_audit_index_init(slipi_audit_index *index, const slipi_audit_header *record);

/* Frees what init took. */
void slipi_audit_index_fini(slipi_audit_index *index);

#endif
