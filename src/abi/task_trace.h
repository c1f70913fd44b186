/*
 * task_trace.h - per-core task records of a traced run: when each kernel ran, and where.
 *
 * Written by whoever runs a kernel (control threads that run kernels themselves, or the core
 * loop), read by the runner after the run. It lies behind binding SLIPI_BIND_TASK_TRACE:
 *
 *     | header, one line | record 0 | record 1 | ...   each record one line of its own
 *
 * A writer takes an index with one addition to `used` [relaxed: a ticket, orders nothing] and
 * writes its record if the index is below `capacity`; `used` may end above it, which tells how
 * many were lost. The end of the run orders the records before the runner's reading.
 */
#ifndef SLIPI_TASK_TRACE_H
#define SLIPI_TASK_TRACE_H

#include "abi/layout.h"

typedef struct slipi_task_trace {
    uint64_t capacity_records; /* written by the runner before the run */
    slipi_au64 used;           /* records taken, by any writer */
    uint64_t reserved[6];
} slipi_task_trace;
_Static_assert(sizeof(slipi_task_trace) == SLIPI_LINE, "task trace header size");

typedef struct slipi_task_record {
    uint64_t task;        /* ring and id */
    uint64_t submission;  /* from 1 */
    uint64_t start_ticks; /* device clock */
    uint64_t end_ticks;
    uint32_t kernel;    /* index in the kernel table */
    uint32_t core;      /* of the device */
    uint32_t core_type; /* enum slip_core_type */
    uint32_t reserved;
    uint64_t pad[2];
} slipi_task_record;
_Static_assert(sizeof(slipi_task_record) == SLIPI_LINE, "task record size");

/* The records behind a header. */
static inline slipi_task_record *slipi_task_trace_records(slipi_task_trace *trace)
{
    return (slipi_task_record *)(void *)(trace + 1);
}

#endif
