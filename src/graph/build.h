/*
 * build.h - a graph built by hand on the host: the same slots and edges as an orchestrated run.
 *
 * For the runner in host-built mode, under its lock. The builder is the orchestrator itself, over
 * regions in host memory, with look-up off and nothing dispatched; because SM is
 * position-independent, what it leaves there is the image that the device runs.
 */
#ifndef SLIPI_GRAPH_BUILD_H
#define SLIPI_GRAPH_BUILD_H

#include <slipway/platform.h>

#include "abi/launch.h"

/* What a build is given. */
typedef struct slipi_graph_spec {
    const slip_program *program;
    const slip_platform_info *info;
    const slipi_sm *sm; /* header pages of the sizing, as built */
    const slipi_runtime *runtime;
    const slipi_launch_arg *args; /* host's view of the run arguments */
    const slip_binding *bindings; /* host's view of the binding table */
    uint32_t arg_count;
    uint32_t binding_count;
    uint64_t run_serial;
    uint32_t orchestrated; /* 1: the orchestration function, not the builder. Recording only */
    slip_binding audit;    /* the recorder's own */
} slipi_graph_spec;

/* A piece of SM that is not zero. */
typedef struct slipi_graph_piece {
    uint64_t offset;
    uint64_t bytes;
} slipi_graph_piece;

enum { SLIPI_GRAPH_PIECES = 4 /* header, slots, edges, spill */ };

/* A built graph. */
typedef struct slipi_graph_image {
    uint8_t *sm; /* the whole of SM, sm->sm_bytes; owned */
    uint64_t tasks;
    uint64_t heap_bytes; /* used by the graph's own buffers */
    slipi_graph_piece piece[SLIPI_GRAPH_PIECES];
    slipi_fault fault; /* of a failed build */
} slipi_graph_image;

/*
 * Runs the program's builder. On failure out->fault says why (status SLIP_E_OUT_OF_MEMORY: host
 * memory). Release a good image with slipi_graph_image_fini.
 */
slip_status slipi_graph_build(const slipi_graph_spec *spec, slipi_graph_image *out);

/* Gives an image's memory back. */
void slipi_graph_image_fini(slipi_graph_image *image);

#endif
