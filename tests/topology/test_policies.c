/*
 * test_policies.c - placements of described machines: which CPU each thread takes, and who is near
 * whom, as tables; sets of CPUs that may not be used; one CPU and more than a thousand.
 *
 * One thread. hwloc's synthetic machines number their CPUs in tree order.
 *
 * ctest-labels: unit topology
 */
#include <stdlib.h>

#include <slipway/slipway.h>
#include <slipway/topology.h>

#include "check.h"
#include "platform/common/places.h"

enum { ROOM = 2048 };

/* Opens a described machine. */
static slip_topology *machine(const char *synthetic, const char *allowed)
{
    char why[256] = "";
    slip_topology *t = NULL;
    const slip_topology_options options = {
        .struct_size = sizeof(options), .synthetic = synthetic, .allowed = allowed};
    if (!CHECK_STATUS(SLIP_OK, slip_topology_open(&options, &t, why, sizeof(why)))) {
        fprintf(stderr, "%s: %s\n", synthetic, why);
    }
    return t;
}

/* Places of a machine; returns how many. */
static uint32_t places_of(const slip_topology *t, const char *policy, slip_place *out)
{
    slip_topology_request request = {.struct_size = sizeof(request),
                                     .place_bytes = sizeof(slip_place),
                                     .policy = policy,
                                     .places = out,
                                     .capacity = ROOM};
    CHECK_STATUS(SLIP_OK, slip_topology_place(t, &request));
    CHECK_STR("", request.why);
    return request.count;
}

/* The CPUs of places as "0,2,1". */
static void cpus_text(const slip_place *places, uint32_t count, char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < count && used < bytes; i++) {
        int more = snprintf(out + used, bytes - used, "%s%d", i > 0 ? "," : "", places[i].cpu);
        used += more > 0 ? (size_t)more : 0;
    }
}

/* One machine, what may be used of it, and the CPUs in the order in which threads take them. */
typedef struct expectation {
    const char *synthetic;
    const char *allowed;
    const char *compact;
    const char *scatter;
} expectation;

static const expectation table[] = {
    /* One CPU. */
    {"core:1 pu:1", NULL, "0", "0"},
    {"pu:1", NULL, "0", "0"},
    /* Without hardware threads; without packages and caches there is nothing to spread over. */
    {"core:4 pu:1", NULL, "0,1,2,3", "0,1,2,3"},
    {"pu:3", NULL, "0,1,2", "0,1,2"},
    /* Hardware threads: every core once before a second one of any. */
    {"core:2 pu:2", NULL, "0,2,1,3", "0,2,1,3"},
    {"core:2 pu:4", NULL, "0,4,1,5,2,6,3,7", "0,4,1,5,2,6,3,7"},
    /* Two packages. */
    {"pack:2 core:2 pu:2", NULL, "0,2,4,6,1,3,5,7", "0,4,2,6,1,5,3,7"},
    /* Two caches in one package. */
    {"pack:1 l3:2 core:2 pu:1", NULL, "0,1,2,3", "0,2,1,3"},
    /* Packages take turns, then their nodes, then their caches. */
    {"pack:2 numa:2 l3:2 core:2 pu:1", NULL, "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
     "0,8,4,12,2,10,6,14,1,9,5,13,3,11,7,15"},
    /* NUMA nodes above the caches and inside of packages, in order. */
    {"pack:2 numa:2 core:1 pu:2", NULL, "0,2,4,6,1,3,5,7", "0,4,2,6,1,5,3,7"},
    /* Not everything may be used: a core with one thread left has no second one... */
    {"pack:2 core:2 pu:2", "1,2,3,6", "1,2,6,3", "1,6,2,3"},
    /* ...and a package that is left out takes no turns. */
    {"pack:3 core:2 pu:1", "0-1,4-5", "0,1,4,5", "0,4,1,5"},
    {"pack:2 core:2 pu:2", "5", "5", "5"},
    /* Names that are not there do no harm beside some that are. */
    {"core:2 pu:1", "1,77", "1", "1"},
};

/* Every row of the table. */
static void tables(void)
{
    static slip_place places[ROOM];
    char text[256];
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const expectation *e = &table[i];
        slip_topology *t = machine(e->synthetic, e->allowed);
        cpus_text(places, places_of(t, "compact", places), text, sizeof(text));
        CHECK_STR(e->compact, text);
        cpus_text(places, places_of(t, "scatter", places), text, sizeof(text));
        CHECK_STR(e->scatter, text);
        slip_topology_close(t);
    }
}

/* Whether each CPU of a machine has exactly one place. */
static void check_all_once(const slip_place *places, uint32_t count)
{
    static uint32_t seen[ROOM];
    memset(seen, 0, sizeof(seen));
    for (uint32_t i = 0; i < count; i++) {
        if (CHECK(places[i].cpu >= 0 && places[i].cpu < (int32_t)count)) {
            CHECK_EQ(1, ++seen[places[i].cpu]);
        }
    }
}

/* Two packages of 18 cores on two nodes each: what the figures for 72 cores are about. */
static void cores_72(void)
{
    static slip_place places[ROOM];
    slip_topology *t = machine("pack:2 numa:2 l3:1 core:18 pu:2", NULL);
    slip_topology_info info = {.struct_size = sizeof(info)};
    CHECK_STATUS(SLIP_OK, slip_topology_describe(t, &info));
    CHECK_EQ(2, info.packages);
    CHECK_EQ(4, info.numa_nodes);
    CHECK_EQ(4, info.l3_caches);
    CHECK_EQ(72, info.cores);
    CHECK_EQ(144, info.cpus);
    CHECK_EQ(144, info.allowed);
    CHECK_EQ(144, places_of(t, "compact", places));
    check_all_once(places, 144);
    for (uint32_t i = 0; i < 144; i++) {
        /* Cores in order, then the siblings in the same order; a node has 18 cores. */
        CHECK_EQ(i < 72 ? 2 * i : 2 * (i - 72) + 1, places[i].cpu);
        CHECK_EQ(i % 72 + 1, places[i].group[SLIP_PLACE_CORE]);
        CHECK_EQ(i % 72 / 18 + 1, places[i].group[SLIP_PLACE_NUMA]);
        CHECK_EQ(i % 72 / 36 + 1, places[i].group[SLIP_PLACE_PACKAGE]);
    }
    CHECK_EQ(144, places_of(t, "scatter", places));
    check_all_once(places, 144);
    for (uint32_t i = 0; i < 72; i++) {
        static const uint32_t nodes[] = {1, 3, 2, 4};
        CHECK_EQ(nodes[i % 4], places[i].group[SLIP_PLACE_NUMA]);
        CHECK_EQ(0, places[i].cpu % 2);
    }
    slip_topology_close(t);
}

/* 128 CPUs, and more than a runner can have threads: who asks for less gets the first ones. */
static void many(void)
{
    static slip_place places[ROOM];
    slip_topology *t = machine("pack:1 l3:16 core:8 pu:1", NULL);
    CHECK_EQ(128, places_of(t, "compact", places));
    check_all_once(places, 128);
    CHECK_EQ(1, slipi_places_level(&places[0], &places[7]) == SLIP_PLACE_L3);
    CHECK_EQ(1, slipi_places_level(&places[7], &places[8]) > SLIP_PLACE_L3);
    CHECK_EQ(128, places_of(t, "scatter", places));
    check_all_once(places, 128);
    for (uint32_t i = 0; i < 128; i++) {
        CHECK_EQ(i % 16 + 1, places[i].group[SLIP_PLACE_L3]);
    }
    slip_topology_close(t);
    t = machine("pack:4 core:200 pu:2", NULL);
    CHECK_EQ(1600, places_of(t, "compact", places));
    check_all_once(places, 1600);
    slip_topology_request few = {.struct_size = sizeof(few),
                                 .place_bytes = sizeof(slip_place),
                                 .policy = "scatter",
                                 .places = places,
                                 .capacity = 3};
    CHECK_STATUS(SLIP_OK, slip_topology_place(t, &few));
    CHECK_EQ(3, few.count);
    CHECK_EQ(0, places[0].cpu);
    CHECK_EQ(400, places[1].cpu);
    CHECK_EQ(800, places[2].cpu);
    slip_topology_close(t);
}

/* A list keeps its CPUs and learns who is near whom; what is not there has no groups. */
static void lists(void)
{
    slip_place places[4] = {{.cpu = 5}, {.cpu = 4}, {.cpu = 99}, {.cpu = SLIP_CPU_ANY}};
    slip_topology *t = machine("pack:2 l2:2 core:1 pu:2", NULL);
    slip_topology_request request = {.struct_size = sizeof(request),
                                     .place_bytes = sizeof(slip_place),
                                     .places = places,
                                     .capacity = 4,
                                     .count = 4};
    CHECK_STATUS(SLIP_OK, slip_topology_place(t, &request));
    CHECK_EQ(4, request.count);
    CHECK_EQ(5, places[0].cpu);
    CHECK_EQ(SLIP_PLACE_CORE, slipi_places_level(&places[0], &places[1]));
    CHECK_EQ(3, places[0].group[SLIP_PLACE_CORE]);
    CHECK_EQ(3, places[0].group[SLIP_PLACE_L2]);
    CHECK_EQ(0, places[0].group[SLIP_PLACE_L3]);
    CHECK_EQ(2, places[0].group[SLIP_PLACE_PACKAGE]);
    CHECK_EQ(99, places[2].cpu);
    CHECK_EQ(SLIP_CPU_ANY, places[3].cpu);
    for (uint32_t level = 0; level < SLIP_PLACE_LEVELS; level++) {
        CHECK_EQ(0, places[2].group[level]);
        CHECK_EQ(0, places[3].group[level]);
    }
    slip_topology_close(t);
}

/* The CPUs with all that they are part of. */
static void cpu_rows(void)
{
    slip_topology_cpu rows[8];
    slip_topology *t = machine("pack:2 l3:1 core:2 pu:2", "1-7");
    uint32_t count = 8;
    CHECK_STATUS(SLIP_OK, slip_topology_cpus(t, rows, &count));
    CHECK_EQ(7, count);
    CHECK_EQ(1, rows[0].cpu);
    CHECK_EQ(0, rows[0].sibling); /* the first of its core that may be used */
    CHECK_EQ(-1, rows[0].l2);
    CHECK_EQ(0, rows[0].numa); /* hwloc gives every machine one node */
    CHECK_EQ(2, rows[1].cpu);
    CHECK_EQ(1, rows[2].sibling);
    CHECK_EQ(3, rows[6].core);
    CHECK_EQ(1, rows[6].l3);
    CHECK_EQ(1, rows[6].package);
    count = 2;
    CHECK_STATUS(SLIP_OK, slip_topology_cpus(t, rows, &count));
    CHECK_EQ(7, count);
    count = 0;
    CHECK_STATUS(SLIP_OK, slip_topology_cpus(t, NULL, &count));
    CHECK_EQ(7, count);
    slip_topology_close(t);
}

/* Whom a thread calls first: its core, then its cache, then its node. */
static void order(void)
{
    static slip_place places[ROOM];
    uint16_t near[16];
    slip_topology *t = machine("numa:2 l3:2 core:2 pu:1", NULL);
    const uint32_t count = places_of(t, "scatter", places);
    const slip_placement p = {.struct_size = sizeof(p), .count = count, .places = places};
    /* CPUs 0,4,2,6,1,5,3,7: thread 4 shares the cache of thread 0, thread 2 and 6 its node. */
    static const uint16_t of_0[] = {4, 2, 6, 1, 3, 5, 7};
    CHECK_EQ(7, slipi_places_order(&p, 8, 0, near));
    CHECK_EQ(0, memcmp(of_0, near, sizeof(of_0)));
    /* Thread 3 (CPU 6): 7 (CPU 7), then 1 and 5 (CPUs 4 and 5), then the other node. */
    static const uint16_t of_3[] = {7, 5, 1, 4, 2, 6};
    CHECK_EQ(6, slipi_places_order(&p, 8, 3, near));
    CHECK_EQ(0, memcmp(of_3, near, sizeof(of_3)));
    /* Twice as many threads as places: those on the same CPU are nearest. */
    CHECK_EQ(14, slipi_places_order(&p, 16, 1, near));
    CHECK_EQ(9, near[0]);
    CHECK_EQ(15, slipi_places_order(&p, 16, 0, near));
    CHECK_EQ(8, near[0]);
    CHECK_EQ(0, slipi_places_order(&p, 1, 0, near));
    slip_topology_close(t);
}

/* This machine: only the CPUs of the calling thread's set are offered. */
static void own_cpus(void)
{
    static slip_place places[ROOM];
    slipi_cpus all;
    slipi_cpus one = {{0}};
    uint32_t last = 0;
    slip_topology *t = NULL;
    CHECK(slipi_cpus_allowed(&all));
    CHECK_STATUS(SLIP_OK, slip_topology_open(NULL, &t, NULL, 0));
    CHECK_EQ(slipi_cpus_count(&all), places_of(t, "compact", places));
    slip_topology_close(t);
    for (uint32_t cpu = 0; cpu < SLIPI_MAX_CPUS; cpu++) {
        last = slipi_cpus_has(&all, cpu) ? cpu : last;
    }
    slipi_cpus_add(&one, last);
    CHECK_EQ(0, slipi_cpus_bind(&one));
    CHECK_EQ(1, places_of(NULL, "scatter", places));
    CHECK_EQ(last, places[0].cpu);
    CHECK_EQ(0, slipi_cpus_bind(&all));
}

/* All cases. */
int main(void)
{
    CHECK_CASE(tables);
    CHECK_CASE(cores_72);
    CHECK_CASE(many);
    CHECK_CASE(lists);
    CHECK_CASE(cpu_rows);
    CHECK_CASE(order);
    CHECK_CASE(own_cpus);
    return check_report();
}
