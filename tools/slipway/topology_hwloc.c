/*
 * topology_hwloc.c - the machine's topology and the placements that it suggests; see topology.h.
 *
 * Built where the companion library is, which it is linked with. One thread.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include <slipway/topology.h>

#include "json.h"
#include "topology.h"

/* CPUs that are shown: those of the kernel's largest configuration. */
#define MOST_CPUS 8192u

/* Policies that are shown. */
static const char *const policies[] = {"compact", "scatter"};

/* What is shown. */
typedef struct topology_view {
    slip_topology_info info;
    slip_topology_cpu cpus[MOST_CPUS];
    uint32_t cpu_count;
    slip_place places[2][MOST_CPUS]; /* by policy */
    uint32_t place_count[2];
    char why[256];
} topology_view;

/* Fills in the view; false, and why, if it fails. */
static bool look(const char *machine, topology_view *view)
{
    slip_topology *topology = NULL;
    const slip_topology_options options = {.struct_size = (uint32_t)sizeof(options),
                                           .synthetic = machine};
    memset(view, 0, sizeof(*view));
    slip_status status = slip_topology_open(&options, &topology, view->why, sizeof(view->why));
    if (status != SLIP_OK) {
        return false;
    }
    view->info.struct_size = (uint32_t)sizeof(view->info);
    view->cpu_count = MOST_CPUS;
    status = slip_topology_describe(topology, &view->info);
    status =
        status == SLIP_OK ? slip_topology_cpus(topology, view->cpus, &view->cpu_count) : status;
    view->cpu_count = view->cpu_count < MOST_CPUS ? view->cpu_count : MOST_CPUS;
    for (uint32_t i = 0; i < 2 && status == SLIP_OK; i++) {
        slip_topology_request request = {.struct_size = (uint32_t)sizeof(request),
                                         .place_bytes = (uint32_t)sizeof(slip_place),
                                         .policy = policies[i],
                                         .places = view->places[i],
                                         .capacity = MOST_CPUS};
        status = slip_topology_place(topology, &request);
        view->place_count[i] = request.count;
        memcpy(view->why, request.why, sizeof(view->why));
    }
    slip_topology_close(topology);
    return status == SLIP_OK;
}

/* Prints "3 things, " or "1 thing (32.0 MiB), "; nothing of none. */
static void print_count(uint32_t count, const char *one, const char *many, uint64_t bytes)
{
    char size[32];
    if (count == 0) {
        return;
    }
    printf("%u %s", count, count == 1 ? one : many);
    if (bytes != 0) {
        slipi_cli_bytes_text(bytes, size, sizeof(size));
        printf(" of %s", size);
    }
    printf(", ");
}

/* Whether two CPUs belong on one line. */
static bool same_group(const slip_topology_cpu *a, const slip_topology_cpu *b)
{
    return a->package == b->package && a->numa == b->numa && a->l3 == b->l3;
}

/* Orders places by CPU. */
static int by_cpu(const void *a, const void *b)
{
    int32_t x = ((const slip_place *)a)->cpu;
    int32_t y = ((const slip_place *)b)->cpu;
    return x < y ? -1 : x > y ? 1 : 0;
}

/* Prints one line a cache or, where none is known, a NUMA node. */
static void print_groups(const topology_view *view)
{
    static slip_place members[MOST_CPUS];
    for (uint32_t first = 0; first < view->cpu_count;) {
        const slip_topology_cpu *c = &view->cpus[first];
        uint32_t count = 0;
        char text[SLIPI_CPU_LIST_BYTES];
        while (first + count < view->cpu_count && same_group(c, &view->cpus[first + count])) {
            members[count] = (slip_place){.cpu = view->cpus[first + count].cpu};
            count++;
        }
        qsort(members, count, sizeof(members[0]), by_cpu);
        slipi_places_text(members, count, text, sizeof(text));
        printf("  package %d, NUMA node %d", c->package < 0 ? 0 : c->package,
               c->numa < 0 ? 0 : c->numa);
        if (c->l3 >= 0) {
            printf(", L3 %d", c->l3);
        }
        printf(": CPUs %s\n", text);
        first += count;
    }
}

/* Prints the topology and what both policies suggest. */
int slipi_topology_print(const char *machine)
{
    static topology_view view; /* too large for the stack */
    if (!look(machine, &view)) {
        if (machine != NULL) {
            return slipi_cli_fail("info", "--machine: %s", view.why);
        }
        printf("\ntopology\n  not known: %s\n", view.why);
        return SLIPI_EXIT_OK;
    }
    const slip_topology_info *i = &view.info;
    printf("\ntopology%s%s\n  ", machine != NULL ? " of " : "", machine != NULL ? machine : "");
    print_count(i->packages, "package", "packages", 0);
    print_count(i->numa_nodes, "NUMA node", "NUMA nodes", 0);
    print_count(i->l3_caches, "L3", "L3", i->l3_bytes);
    print_count(i->l2_caches, "L2", "L2", i->l2_bytes);
    print_count(i->l1_caches, "L1", "L1", i->l1_bytes);
    print_count(i->cores, "core", "cores", 0);
    printf("%u %s, %u usable\n", i->cpus, i->cpus == 1 ? "CPU" : "CPUs", i->allowed);
    print_groups(&view);
    for (uint32_t p = 0; p < 2; p++) {
        char text[SLIPI_CPU_LIST_BYTES];
        slipi_places_text(view.places[p], view.place_count[p], text, sizeof(text));
        printf("  %s placement, thread 0 first: %s\n", policies[p], text);
    }
    return SLIPI_EXIT_OK;
}

/* Adds the counts and the CPUs. */
static void add_topology(cJSON *topology, const topology_view *view)
{
    const slip_topology_info *i = &view->info;
    slipi_json_count(topology, "packages", i->packages);
    slipi_json_count(topology, "numa_nodes", i->numa_nodes);
    slipi_json_count(topology, "l3_caches", i->l3_caches);
    slipi_json_count(topology, "l3_bytes", i->l3_bytes);
    slipi_json_count(topology, "l2_caches", i->l2_caches);
    slipi_json_count(topology, "l2_bytes", i->l2_bytes);
    slipi_json_count(topology, "l1_caches", i->l1_caches);
    slipi_json_count(topology, "l1_bytes", i->l1_bytes);
    slipi_json_count(topology, "cores", i->cores);
    slipi_json_count(topology, "cpus", i->cpus);
    slipi_json_count(topology, "usable", i->allowed);
    cJSON *list = cJSON_AddArrayToObject(topology, "usable_cpus");
    for (uint32_t n = 0; n < view->cpu_count; n++) {
        const slip_topology_cpu *c = &view->cpus[n];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddNumberToObject(row, "cpu", c->cpu);
        cJSON_AddNumberToObject(row, "core", c->core);
        cJSON_AddNumberToObject(row, "l2", c->l2);
        cJSON_AddNumberToObject(row, "l3", c->l3);
        cJSON_AddNumberToObject(row, "numa", c->numa);
        cJSON_AddNumberToObject(row, "package", c->package);
        cJSON_AddNumberToObject(row, "sibling", c->sibling);
        cJSON_AddItemToArray(list, row);
    }
}

/* Adds "topology" and the suggestions of both policies. */
int slipi_topology_json(cJSON *root, cJSON *placement, const char *machine)
{
    static topology_view view; /* too large for the stack */
    bool good = look(machine, &view);
    if (!good && machine != NULL) {
        return slipi_cli_fail("info", "--machine: %s", view.why);
    }
    cJSON *topology = cJSON_AddObjectToObject(root, "topology");
    if (!good) {
        cJSON_AddStringToObject(topology, "missing", view.why);
        return SLIPI_EXIT_OK;
    }
    add_topology(topology, &view);
    for (uint32_t p = 0; p < 2; p++) {
        slipi_places_json(placement, policies[p], view.places[p], view.place_count[p]);
    }
    return SLIPI_EXIT_OK;
}
