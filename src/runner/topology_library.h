/*
 * topology_library.h - the companion library over hwloc, if it is there.
 *
 * For places.c, when a runner is opened. The core links no hwloc: the companion is loaded when
 * somebody asks for what it knows.
 */
#ifndef SLIPI_TOPOLOGY_LIBRARY_H
#define SLIPI_TOPOLOGY_LIBRARY_H

#include <slipway/topology.h>

/* slip_topology_place of the companion, for this machine. SLIP_E_UNSUPPORTED, with what is missing
 * in request->why, if it cannot be loaded. */
slip_status slipi_topology_library_place(slip_topology_request *request);

#endif
