/* execute.c - runs a graph that the host built; see execute.h. */
#include "graph/execute.h"

slip_status slipi_graph_execute(slipi_worker *w, slipi_launch *launch)
{
    (void)w;
    launch->result.status = SLIP_E_UNSUPPORTED;
    return SLIP_E_UNSUPPORTED;
}
