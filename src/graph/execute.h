/*
 * execute.h - runs a graph that lies in SM, built on the host or recorded.
 *
 * For the executor's thread 0.
 */
#ifndef SLIPI_GRAPH_EXECUTE_H
#define SLIPI_GRAPH_EXECUTE_H

#include "sched/worker.h"

/* Runs every task of the graph in SM once and waits for all of them; fills launch->result. The
 * graph is then as it was: the next run may follow at once. */
slip_status slipi_graph_execute(slipi_worker *w, slipi_launch *launch);

#endif
