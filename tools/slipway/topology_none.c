/* topology_none.c - what is said of the topology where hwloc was not found; see topology.h. */
#include <cjson/cJSON.h>

#include "topology.h"

#define MISSING "not known: built without hwloc (libhwloc-dev)"

/* Says what is missing. */
int slipi_topology_print(const char *machine)
{
    if (machine != NULL) {
        return slipi_cli_fail("info", "--machine: topology " MISSING);
    }
    printf("\ntopology\n  " MISSING "\n");
    return SLIPI_EXIT_OK;
}

/* As above. */
int slipi_topology_json(cJSON *root, cJSON *placement, const char *machine)
{
    (void)placement;
    if (machine != NULL) {
        return slipi_cli_fail("info", "--machine: topology " MISSING);
    }
    cJSON *topology = cJSON_AddObjectToObject(root, "topology");
    cJSON_AddStringToObject(topology, "missing", MISSING);
    return SLIPI_EXIT_OK;
}
