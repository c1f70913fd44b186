/*
 * build_int.h - the orchestrator over regions in host memory; for build.c and recorder.c only.
 *
 * One builder belongs to one thread.
 */
#ifndef SLIPI_GRAPH_BUILD_INT_H
#define SLIPI_GRAPH_BUILD_INT_H

#include "graph/build.h"
#include "orch/orchestrator.h"

/* What a program's builder is given, and everything behind it. */
typedef struct slipi_builder {
    slip_graph base; /* first */
    slipi_worker worker;
    slipi_launch launch;
    slip_device_services services;
    slip_binding bindings[SLIPI_MAX_BINDINGS];
    slipi_kernel_row *kernels;
    uint8_t *sm;
    uint8_t *arena;
    slipi_orchestrator o;
} slipi_builder;

/* Makes regions in host memory and attaches the worker to them; SLIP_E_OUT_OF_MEMORY. */
slip_status slipi_builder_open(slipi_builder *b, const slipi_graph_spec *spec);

/*
 * Runs the program's builder, or its orchestration function if spec->orchestrated. With a recorder
 * tasks are looked up and recorded, none runs. On failure *fault says why.
 */
slip_status slipi_builder_run(slipi_builder *b, const slipi_graph_spec *spec,
                              const slipi_recorder *recorder, slipi_fault *fault);

/* Frees what the builder still owns, and itself. Null is fine. */
void slipi_builder_close(slipi_builder *b);

#endif
