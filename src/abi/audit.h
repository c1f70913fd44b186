/*
 * audit.h - the record of an audited run: every task, region and edge, in order of submission.
 *
 * Written by the orchestrator (src/orch/record.c), read by the oracle (src/trace/oracle.c) and the
 * graph writers on the host. One header, then records back to back, each a multiple of 8 bytes.
 */
#ifndef SLIPI_AUDIT_H
#define SLIPI_AUDIT_H

#include "abi/layout.h"

typedef struct slipi_audit_header {
    uint64_t capacity; /* bytes after this header */
    uint64_t used;     /* bytes of records; only the orchestrator writes it */
    uint64_t overflow; /* 1: the record is incomplete */
    uint64_t reserved[5];
} slipi_audit_header;
_Static_assert(sizeof(slipi_audit_header) == 64, "audit header size");

enum slipi_audit_kind {
    SLIPI_AUDIT_TASK = 1, /* slipi_audit_task, then arg_count slipi_audit_arg */
    SLIPI_AUDIT_EDGE = 2, /* slipi_audit_edge; follows its consumer's task record */
    SLIPI_AUDIT_WATERMARK =
        3,               /* slipi_audit_watermark: precedes the submission that relies on it */
    SLIPI_AUDIT_WAIT = 4 /* slipi_audit_edge: the orchestrator itself waited for `producer`
                            (element get or set) before submission `consumer` */
};

typedef struct slipi_audit_head {
    uint32_t kind;
    uint32_t bytes; /* of the whole record */
} slipi_audit_head;
_Static_assert(sizeof(slipi_audit_head) == 8, "audit head size");

/* One tensor argument. The exact byte set follows from tensor.{offset,shape,stride,dtype}. */
typedef struct slipi_audit_arg {
    slip_task_tensor tensor; /* access: enum slip_access; buffer: name of the buffer in this run */
    uint64_t root_offset;    /* geometry that the view was cut from: bytes in the buffer ... */
    uint32_t root_ndim;      /* ... 0 = no common geometry, byte intervals count */
    uint32_t root_shape[SLIP_MAX_DIMS];
} slipi_audit_arg;
_Static_assert(sizeof(slipi_audit_arg) == 96, "audit arg size");

typedef struct slipi_audit_task {
    slipi_audit_head head;
    uint64_t submission; /* from 1 */
    uint64_t task;       /* ring and id */
    uint16_t kernel[3];
    uint8_t shape;      /* enum slip_task_shape */
    uint8_t manual;     /* 1: submitted in a manual scope: not ordered after earlier tasks */
    uint32_t arg_count; /* tensors */
    uint32_t depth;
} slipi_audit_task;
_Static_assert(sizeof(slipi_audit_task) == 40, "audit task size");

enum { SLIPI_AUDIT_EDGE_SKIPPED = 1u, SLIPI_AUDIT_EDGE_EXPLICIT = 2u };

typedef struct slipi_audit_edge {
    slipi_audit_head head;
    uint64_t producer; /* submission */
    uint64_t consumer; /* submission */
    uint64_t flags;
} slipi_audit_edge;
_Static_assert(sizeof(slipi_audit_edge) == 32, "audit edge size");

/* All tasks of `ring` with id < done were COMPLETED at this point of the record. */
typedef struct slipi_audit_watermark {
    slipi_audit_head head;
    uint64_t done[SLIPI_RINGS];
} slipi_audit_watermark;
_Static_assert(sizeof(slipi_audit_watermark) == 40, "audit watermark size");

#endif
