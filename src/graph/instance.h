/*
 * instance.h - from a plan to the graph that a device runs: slots and edges in an SM of its own.
 *
 * For the runner, under its lock. The image is position-independent, as every SM; where it lies and
 * where the graph's heap lies is the launch's binding table's business. Tensors of run arguments
 * are in the plan's bindings: row SLIPI_BIND_ARGS + i for the buffer of which parameter i is the
 * first.
 */
#ifndef SLIPI_GRAPH_INSTANCE_H
#define SLIPI_GRAPH_INSTANCE_H

#include "abi/launch.h"
#include "graph/plan.h"

/* How large an instance is. */
typedef struct slipi_instance_size {
    uint64_t sm_bytes;
    uint64_t heap_bytes; /* one line at least: an SM names a heap */
} slipi_instance_size;

/* Sizes of a checked plan's instance; SLIP_E_LIMIT if it cannot be addressed. */
slip_status slipi_instance_measure(const slipi_plan *plan, slipi_instance_size *out);

/*
 * Writes SM, `sm_bytes` that are zero. kernel_index[k] is the place of the plan's kernel k in the
 * kernel table of the program that runs. scalar_off has room for one offset in SM for each patch:
 * where its scalar lies.
 */
void slipi_instance_write(const slipi_plan *plan, const uint16_t *kernel_index, uint8_t *sm,
                          uint64_t *scalar_off);

#endif
