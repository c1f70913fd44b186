/* topology_int.h - a topology as the files of src/topology see it. */
#ifndef SLIPI_TOPOLOGY_INT_H
#define SLIPI_TOPOLOGY_INT_H

#include <slipway/topology.h>

struct slip_topology {
    slip_topology_info info;
    slip_topology_cpu *cpus; /* those that may be used, neighbours beside each other */
    uint32_t count;
};

#endif
