/*
 * oracle_int.h - what the parts of the oracle share: accesses, regions, the verdict.
 *
 * For src/trace/oracle*.c only. One thread per oracle.
 */
#ifndef SLIPI_TRACE_ORACLE_INT_H
#define SLIPI_TRACE_ORACLE_INT_H

#include <stdbool.h>

#include "trace/audit_read.h"
#include "trace/byteset.h"
#include "trace/oracle.h"

/* One tensor argument of one task. */
typedef struct slipi_oracle_access {
    const slipi_audit_arg *arg;
    uint32_t task;   /* index of the entry */
    uint32_t region; /* index of the region */
    slipi_byteset set;
} slipi_oracle_access;

/* Distinct byte sets of one buffer; all accesses of one region touch the same bytes. */
typedef struct slipi_oracle_region {
    const slipi_oracle_access *sample;
    uint32_t meet_first; /* in `meetings`: regions that share a byte with this one, itself too */
    uint32_t meet_count;
} slipi_oracle_region;

typedef struct slipi_oracle {
    slipi_audit_index index;
    slip_audit_report *report;
    slipi_oracle_access *accesses;  /* in order of the record; those of one task are adjacent */
    uint32_t *access_first;         /* per task, and one more: its accesses */
    slipi_oracle_access **by_place; /* the same, sorted by buffer, then byte set, then task */
    slipi_oracle_region *regions;   /* sorted by buffer */
    uint32_t *meetings;
    uint32_t access_count;
    uint32_t region_count;
    uint32_t meeting_count;
    uint32_t meeting_room;
} slipi_oracle;

/* True if the argument is written. */
static inline bool slipi_oracle_writes(const slipi_oracle_access *a)
{
    return a->arg->tensor.access >= SLIP_ACCESS_OUT;
}

/* True if the argument is tracked at all. */
static inline bool slipi_oracle_counts(const slipi_oracle_access *a)
{
    return a->arg->tensor.access != SLIP_ACCESS_NONE;
}

/* Notes the first problem: what is wrong between two tasks, and where. */
void slipi_oracle_note(slipi_oracle *oracle, const char *what, const slipi_oracle_access *earlier,
                       const slipi_oracle_access *later);

/* Fills accesses, regions and meetings from the index (oracle_regions.c). */
slip_status slipi_oracle_collect(slipi_oracle *oracle);

/* Checks order, needless edges and lifetimes; each adds to the report. */
slip_status slipi_oracle_check_order(slipi_oracle *oracle);
slip_status slipi_oracle_check_edges(slipi_oracle *oracle);
slip_status slipi_oracle_check_lifetimes(slipi_oracle *oracle);

#endif
