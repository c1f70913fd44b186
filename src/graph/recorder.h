/*
 * recorder.h - from a program and its arguments to a plan; from a plan to records.
 *
 * For the runner, under its lock. Nothing runs: the orchestration function, or the graph builder,
 * is called once over regions in host memory in which no task ever completes, so that every
 * dependency is an edge.
 */
#ifndef SLIPI_GRAPH_RECORDER_H
#define SLIPI_GRAPH_RECORDER_H

#include "graph/build.h"
#include "graph/plan.h"

/*
 * Records. `audit_bytes` is the room for what is recorded on the way. Statuses of a program's own
 * failure; SLIP_E_RING_DEADLOCK or SLIP_E_HEAP_DEADLOCK where the sizing of spec->sm or the room is
 * too small: the caller tries again with more. *fault says why. The plan is the caller's to free().
 */
slip_status slipi_graph_record(const slipi_graph_spec *spec, uint64_t audit_bytes, slipi_plan **out,
                               slipi_fault *fault);

/* The first difference between two plans. */
typedef struct slipi_plan_difference {
    uint64_t task;  /* submission, from 1; 0: not in a task */
    char what[128]; /* the field and both values */
} slipi_plan_difference;

/* True if two checked plans describe the same graph, values of scalar parameters aside. */
bool slipi_plan_same(const slipi_plan *a, const slipi_plan *b, slipi_plan_difference *out);

/* Bytes of the audit record of a plan, its header included. */
uint64_t slipi_plan_audit_bytes(const slipi_plan *plan);

/* Writes the audit record of a plan: its tasks, regions and edges as an audited run would. `to` has
 * slipi_plan_audit_bytes. */
void slipi_plan_audit(const slipi_plan *plan, void *to);

#endif
