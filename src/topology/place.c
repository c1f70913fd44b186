/*
 * place.c - from a topology to places: the policies, and who is near whom; see slipway/topology.h.
 *
 * Part of libslipway_topology. Pure but for one array, and for looking at this machine when no
 * topology is given.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/topology_int.h"

/* Numbers that a policy sorts by, first to last. */
enum { KEYS = 6 };

/* A CPU and where a policy puts it. */
typedef struct ranked {
    uint32_t key[KEYS];
    uint32_t index; /* in the topology's list */
} ranked;

/* Orders two CPUs. */
static int compare(const void *a, const void *b)
{
    const ranked *x = a;
    const ranked *y = b;
    for (uint32_t k = 0; k < KEYS; k++) {
        if (x->key[k] != y->key[k]) {
            return x->key[k] < y->key[k] ? -1 : 1;
        }
    }
    return x->index < y->index ? -1 : x->index > y->index ? 1 : 0;
}

/* How far two CPUs beside each other in the list are apart: 0 package, 1 NUMA node, 2 L3 cache,
 * 3 core, 4 the same core. */
static uint32_t apart(const slip_topology_cpu *a, const slip_topology_cpu *b)
{
    return a->package != b->package            ? 0u
           : a->numa != b->numa                ? 1u
           : a->l3 != b->l3                    ? 2u
           : a->core != b->core || a->core < 0 ? 3u
                                               : 4u;
}

/*
 * Ranks the CPUs. rank[0] is the package's number, rank[1] the NUMA node's in its package, rank[2]
 * the cache's in its node, rank[3] the core's under its cache; only what may be used counts. The
 * list goes through the machine depth first, so that equal ones follow each other.
 */
static void rank_all(const slip_topology *t, bool scatter, ranked *out)
{
    uint32_t rank[4] = {0, 0, 0, 0};
    for (uint32_t i = 0; i < t->count; i++) {
        const slip_topology_cpu *c = &t->cpus[i];
        uint32_t level = i > 0 ? apart(c - 1, c) : 4u;
        for (uint32_t r = 0; r < 4; r++) {
            rank[r] = r == level ? rank[r] + 1u : r > level ? 0u : rank[r];
        }
        out[i] = (ranked){.index = i};
        out[i].key[0] = (uint32_t)c->sibling;
        for (uint32_t r = 0; r < 4; r++) {
            /* Compact keeps the list's order, which `index` holds. */
            out[i].key[1 + r] = scatter ? rank[3 - r] : 0u;
        }
    }
}

/* Group of a number that may be unknown. */
static uint16_t group_of(int32_t number)
{
    return number >= 0 && number < UINT16_MAX ? (uint16_t)(number + 1) : 0;
}

/* The place of a CPU. */
static slip_place place_of(const slip_topology_cpu *c)
{
    slip_place place = {.cpu = c->cpu};
    place.group[SLIP_PLACE_CORE] = group_of(c->core);
    place.group[SLIP_PLACE_L2] = group_of(c->l2);
    place.group[SLIP_PLACE_L3] = group_of(c->l3);
    place.group[SLIP_PLACE_NUMA] = group_of(c->numa);
    place.group[SLIP_PLACE_PACKAGE] = group_of(c->package);
    return place;
}

/* Fills places by a policy. */
static slip_status by_policy(const slip_topology *t, bool scatter, slip_topology_request *r)
{
    ranked *order = malloc(t->count * sizeof(order[0]));
    if (order == NULL) {
        (void)snprintf(r->why, sizeof(r->why), "no memory to order %u CPUs", t->count);
        return SLIP_E_OUT_OF_MEMORY;
    }
    rank_all(t, scatter, order);
    qsort(order, t->count, sizeof(order[0]), compare);
    r->count = t->count < r->capacity ? t->count : r->capacity;
    for (uint32_t i = 0; i < r->count; i++) {
        r->places[i] = place_of(&t->cpus[order[i].index]);
    }
    free(order);
    return SLIP_OK;
}

/* Fills in the groups of places that have their CPUs. */
static void by_cpu(const slip_topology *t, slip_topology_request *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        slip_place *place = &r->places[i];
        memset(place->group, 0, sizeof(place->group));
        for (uint32_t c = 0; c < t->count; c++) {
            if (t->cpus[c].cpu == place->cpu) {
                *place = place_of(&t->cpus[c]);
                break;
            }
        }
    }
}

/* Checks a request; its sentence is cleared. */
static slip_status check(slip_topology_request *r)
{
    r->why[0] = '\0';
    if (r->place_bytes != sizeof(slip_place)) {
        (void)snprintf(r->why, sizeof(r->why),
                       "wanted places of %zu bytes, found %u: this library is of another version",
                       sizeof(slip_place), r->place_bytes);
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (r->places == NULL || (r->policy == NULL && r->count > r->capacity)) {
        (void)snprintf(r->why, sizeof(r->why), "there is no room for the places");
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (r->policy != NULL && strcmp(r->policy, "compact") != 0 &&
        strcmp(r->policy, "scatter") != 0) {
        (void)snprintf(r->why, sizeof(r->why),
                       "there is no policy '%.40s': wanted compact or scatter", r->policy);
        return SLIP_E_INVALID_ARGUMENT;
    }
    return SLIP_OK;
}

slip_status slip_topology_place(const slip_topology *topology, slip_topology_request *request)
{
    slip_topology *own = NULL;
    if (request == NULL || request->struct_size < sizeof(*request)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slip_status status = check(request);
    if (status == SLIP_OK && topology == NULL) {
        status = slip_topology_open(NULL, &own, request->why, sizeof(request->why));
        topology = own;
    }
    if (status == SLIP_OK && request->policy != NULL) {
        status = by_policy(topology, strcmp(request->policy, "scatter") == 0, request);
    } else if (status == SLIP_OK) {
        by_cpu(topology, request);
    }
    slip_topology_close(own);
    return status;
}
