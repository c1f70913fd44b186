/*
 * record.h - builds audit records by hand, for the tests of the oracle and of the graph writers.
 *
 * For tests/oracle only; one thread. A record holds up to RECORD_BYTES of records; more is a bug
 * of the test and aborts it.
 */
#ifndef SLIPWAY_TESTS_RECORD_H
#define SLIPWAY_TESTS_RECORD_H

#include "abi/audit.h"

#define RECORD_BYTES (1u << 20)

typedef struct record {
    slipi_audit_header header;
    unsigned char bytes[RECORD_BYTES];
    uint64_t submissions;          /* tasks so far */
    uint64_t next_id[SLIPI_RINGS]; /* next task id of each ring */
    slipi_audit_task *task;        /* the latest, for more arguments */
} record;

/* An empty record on the heap; free it with record_destroy. */
record *record_create(void);

/* Frees a record. */
void record_destroy(record *r);

/* Adds a task without arguments on a ring; returns its submission. */
uint64_t record_task(record *r, uint32_t ring, uint8_t manual);

/* A row-major view of `rows` x `columns` u32 elements of run argument `buffer`. */
slipi_audit_arg record_matrix(uint64_t buffer, uint8_t access, uint32_t rows, uint32_t columns);

/* Cuts the box [row, row + rows) x [column, column + columns) out of such a view. */
slipi_audit_arg record_box(slipi_audit_arg whole, const uint32_t low[2], const uint32_t size[2]);

/* A one-dimensional view of `bytes` bytes at `offset` of the heap, as buffer `buffer`. */
slipi_audit_arg record_heap(uint64_t buffer, uint8_t access, uint64_t offset, uint32_t bytes);

/* Adds an argument to the latest task. */
void record_arg(record *r, const slipi_audit_arg *arg);

/* Adds an edge to the latest task, whose consumer it is. */
void record_edge(record *r, uint64_t producer, uint64_t flags);

/* Adds a wait of the orchestrator for `producer`. */
void record_wait(record *r, uint64_t producer);

/* Adds a watermark: tasks of `ring` with an id below `done` are complete, other rings know none. */
void record_watermark(record *r, uint32_t ring, uint64_t done);

/* Reference of the latest task of a ring. */
uint64_t record_latest_id(const record *r, uint32_t ring);

#endif
