/*
 * topology.h - the machine's topology and the placements that it suggests, for `slipway info`.
 *
 * For cmd_info.c; one thread. The source behind it is topology_hwloc.c where the companion library
 * is built, else topology_none.c.
 */
#ifndef SLIPI_TOPOLOGY_H
#define SLIPI_TOPOLOGY_H

#include <slipway/placement.h>

#include "cli.h"

struct cJSON;

/* Longest list of CPUs that is printed; a longer one is cut. */
#define SLIPI_CPU_LIST_BYTES 512u

/* The CPUs of places as --placement takes them, such as "0,2,4-7,8-14:2"; "-" for one that is not
 * bound. */
void slipi_places_text(const slip_place *places, uint32_t count, char *out, size_t out_bytes);

/* Adds the CPUs of places to an object as an array. */
void slipi_places_json(struct cJSON *object, const char *name, const slip_place *places,
                       uint32_t count);

/* Prints the topology of this machine, or of one that hwloc is told of (null: this one). Returns an
 * exit code; without the companion it says so, which is a failure only for another machine. */
int slipi_topology_print(const char *machine);

/* Adds "topology" and the suggestions of both policies to "placement". */
int slipi_topology_json(struct cJSON *root, struct cJSON *placement, const char *machine);

#endif
