/*
 * execute.h - runs a graph that the host built: slots and edges lie ready in SM.
 *
 * For the executor's thread 0.
 */
#ifndef SLIPI_GRAPH_EXECUTE_H
#define SLIPI_GRAPH_EXECUTE_H

#include "sched/worker.h"

/* Runs every task of the graph in SM once and waits for all of them; fills launch->result. */
slip_status slipi_graph_execute(slipi_worker *w, slipi_launch *launch);

#endif
