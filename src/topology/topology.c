/*
 * topology.c - looks at a machine through hwloc and keeps what placements need; see
 * slipway/topology.h.
 *
 * Part of libslipway_topology, which links hwloc and nothing of Slipway. hwloc's own form of the
 * topology is given back before slip_topology_open returns.
 */
#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/topology_int.h"

/* CPUs of the largest configuration of the kernel. */
#define MAX_CPUS 8192u

/* What is at hand while a machine is looked at. */
typedef struct look {
    const slip_topology_options *options;
    hwloc_topology_t hwloc;
    hwloc_bitmap_t allowed;
    slip_topology *out;
    char *why;
    uint32_t why_bytes;
} look;

/* Says why it failed, and passes the status on. */
static slip_status fail(look *l, slip_status status, const char *what, const char *detail)
{
    if (l->why != NULL && l->why_bytes != 0) {
        (void)snprintf(l->why, l->why_bytes, "%s%s%s", what, detail[0] != '\0' ? ": " : "", detail);
    }
    return status;
}

/* hwloc's topology of this machine or of a described one. */
static slip_status load(look *l)
{
    if (hwloc_topology_init(&l->hwloc) != 0) {
        l->hwloc = NULL;
        return fail(l, SLIP_E_DEVICE, "hwloc_topology_init failed", strerror(errno));
    }
    if (l->options->synthetic != NULL &&
        hwloc_topology_set_synthetic(l->hwloc, l->options->synthetic) != 0) {
        return fail(l, SLIP_E_INVALID_ARGUMENT, "hwloc does not understand this machine",
                    l->options->synthetic);
    }
    if (hwloc_topology_load(l->hwloc) != 0) {
        return fail(l, SLIP_E_DEVICE, "hwloc_topology_load failed", strerror(errno));
    }
    return SLIP_OK;
}

/* Leaves only the CPUs of the calling thread's set. */
static slip_status keep_own(look *l)
{
    unsigned long words[MAX_CPUS / (8u * sizeof(unsigned long))] = {0};
    if (sched_getaffinity(0, sizeof(words), (cpu_set_t *)(void *)words) != 0) {
        return fail(l, SLIP_E_DEVICE, "sched_getaffinity failed", strerror(errno));
    }
    hwloc_bitmap_t own = hwloc_bitmap_alloc();
    if (own == NULL) {
        return fail(l, SLIP_E_OUT_OF_MEMORY, "no memory for a CPU set", "");
    }
    int failed = hwloc_bitmap_from_ulongs(own, sizeof(words) / sizeof(words[0]), words) != 0 ||
                 hwloc_bitmap_and(l->allowed, l->allowed, own) != 0;
    hwloc_bitmap_free(own);
    return failed ? fail(l, SLIP_E_OUT_OF_MEMORY, "no memory for a CPU set", "") : SLIP_OK;
}

/* Leaves only the CPUs of a list. */
static slip_status keep_listed(look *l, const char *list)
{
    hwloc_bitmap_t named = hwloc_bitmap_alloc();
    slip_status status = SLIP_OK;
    if (named == NULL) {
        return fail(l, SLIP_E_OUT_OF_MEMORY, "no memory for a CPU set", "");
    }
    if (hwloc_bitmap_list_sscanf(named, list) != 0 || hwloc_bitmap_weight(named) < 0) {
        status = fail(l, SLIP_E_INVALID_ARGUMENT, "no list of CPUs such as 0-3,8", list);
    } else if (hwloc_bitmap_and(l->allowed, l->allowed, named) != 0) {
        status = fail(l, SLIP_E_OUT_OF_MEMORY, "no memory for a CPU set", "");
    }
    hwloc_bitmap_free(named);
    return status;
}

/* Finds the CPUs that may be used: those of hwloc, which knows control groups, and of the thread.
 */
static slip_status find_allowed(look *l)
{
    l->allowed = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(l->hwloc));
    slip_status status = SLIP_OK;
    if (l->allowed == NULL) {
        return fail(l, SLIP_E_OUT_OF_MEMORY, "no memory for a CPU set", "");
    }
    if (l->options->allowed != NULL) {
        status = keep_listed(l, l->options->allowed);
    } else if (l->options->synthetic == NULL) {
        status = keep_own(l);
    }
    if (status == SLIP_OK && hwloc_bitmap_iszero(l->allowed)) {
        status = fail(l, SLIP_E_INVALID_ARGUMENT, "no CPU of this machine may be used",
                      l->options->allowed != NULL ? l->options->allowed : "");
    }
    return status;
}

/* Number of the object of a type around a CPU; -1 if there is none. */
static int32_t around(look *l, hwloc_obj_type_t type, hwloc_obj_t cpu)
{
    hwloc_obj_t parent = hwloc_get_ancestor_obj_by_type(l->hwloc, type, cpu);
    return parent != NULL ? (int32_t)parent->logical_index : -1;
}

/* Number of the smallest NUMA node with a CPU; the first of equal ones. Memory hangs beside the
 * tree of CPUs, so that a node is no ancestor. */
static int32_t numa_of(look *l, hwloc_obj_t cpu)
{
    hwloc_obj_t best = NULL;
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(l->hwloc, HWLOC_OBJ_NUMANODE, node)) != NULL) {
        if (hwloc_bitmap_isset(node->cpuset, cpu->os_index) &&
            (best == NULL ||
             hwloc_bitmap_weight(node->cpuset) < hwloc_bitmap_weight(best->cpuset))) {
            best = node;
        }
    }
    return best != NULL ? (int32_t)best->logical_index : -1;
}

/* Lists the CPUs that may be used in hwloc's order, which goes through the machine depth first. */
static slip_status list_cpus(look *l)
{
    slip_topology *t = l->out;
    int room = hwloc_bitmap_weight(l->allowed);
    t->cpus = room > 0 ? calloc((size_t)room, sizeof(t->cpus[0])) : NULL;
    if (t->cpus == NULL) {
        return fail(l, SLIP_E_OUT_OF_MEMORY, "no memory for the list of CPUs", "");
    }
    hwloc_obj_t pu = NULL;
    while ((pu = hwloc_get_next_obj_by_type(l->hwloc, HWLOC_OBJ_PU, pu)) != NULL) {
        if (!hwloc_bitmap_isset(l->allowed, pu->os_index) || t->count == (uint32_t)room) {
            continue;
        }
        slip_topology_cpu *c = &t->cpus[t->count];
        *c = (slip_topology_cpu){.cpu = (int32_t)pu->os_index,
                                 .core = around(l, HWLOC_OBJ_CORE, pu),
                                 .l2 = around(l, HWLOC_OBJ_L2CACHE, pu),
                                 .l3 = around(l, HWLOC_OBJ_L3CACHE, pu),
                                 .numa = numa_of(l, pu),
                                 .package = around(l, HWLOC_OBJ_PACKAGE, pu)};
        /* CPUs of one core follow each other. */
        const slip_topology_cpu *before = t->count > 0 ? c - 1 : NULL;
        bool same = before != NULL && c->core >= 0 && before->core == c->core;
        c->sibling = same ? before->sibling + 1 : 0;
        t->count++;
    }
    return t->count > 0
               ? SLIP_OK
               : fail(l, SLIP_E_INVALID_ARGUMENT, "no CPU of this machine may be used", "");
}

/* How many objects of a type there are. */
static uint32_t count_of(look *l, hwloc_obj_type_t type)
{
    int count = hwloc_get_nbobjs_by_type(l->hwloc, type);
    return count > 0 ? (uint32_t)count : 0;
}

/* Size of the first cache of a type; 0 if there is none. */
static uint64_t cache_bytes(look *l, hwloc_obj_type_t type)
{
    hwloc_obj_t cache = hwloc_get_obj_by_type(l->hwloc, type, 0);
    return cache != NULL && cache->attr != NULL ? cache->attr->cache.size : 0;
}

/* Counts what the machine has. */
static void count_all(look *l)
{
    l->out->info = (slip_topology_info){.struct_size = (uint32_t)sizeof(slip_topology_info),
                                        .packages = count_of(l, HWLOC_OBJ_PACKAGE),
                                        .numa_nodes = count_of(l, HWLOC_OBJ_NUMANODE),
                                        .l3_caches = count_of(l, HWLOC_OBJ_L3CACHE),
                                        .l2_caches = count_of(l, HWLOC_OBJ_L2CACHE),
                                        .l1_caches = count_of(l, HWLOC_OBJ_L1CACHE),
                                        .cores = count_of(l, HWLOC_OBJ_CORE),
                                        .cpus = count_of(l, HWLOC_OBJ_PU),
                                        .allowed = l->out->count,
                                        .l3_bytes = cache_bytes(l, HWLOC_OBJ_L3CACHE),
                                        .l2_bytes = cache_bytes(l, HWLOC_OBJ_L2CACHE),
                                        .l1_bytes = cache_bytes(l, HWLOC_OBJ_L1CACHE)};
}

slip_status slip_topology_open(const slip_topology_options *options, slip_topology **out, char *why,
                               uint32_t why_bytes)
{
    static const slip_topology_options defaults = {.struct_size = (uint32_t)sizeof(defaults)};
    look l = {.options = options != NULL ? options : &defaults, .why = why, .why_bytes = why_bytes};
    if (out == NULL) {
        return fail(&l, SLIP_E_INVALID_ARGUMENT, "slip_topology_open: out is null", "");
    }
    *out = NULL;
    if (l.options->struct_size < sizeof(*options) || l.options->reserved != 0) {
        return fail(&l, SLIP_E_INVALID_ARGUMENT,
                    "slip_topology_open: options.struct_size is too small, or reserved is set", "");
    }
    l.out = calloc(1, sizeof(*l.out));
    if (l.out == NULL) {
        return fail(&l, SLIP_E_OUT_OF_MEMORY, "no memory for a topology", "");
    }
    slip_status status = load(&l);
    status = status == SLIP_OK ? find_allowed(&l) : status;
    status = status == SLIP_OK ? list_cpus(&l) : status;
    if (status == SLIP_OK) {
        count_all(&l);
        *out = l.out;
    } else {
        slip_topology_close(l.out);
    }
    hwloc_bitmap_free(l.allowed);
    if (l.hwloc != NULL) {
        hwloc_topology_destroy(l.hwloc);
    }
    return status;
}

void slip_topology_close(slip_topology *topology)
{
    if (topology != NULL) {
        free(topology->cpus);
        free(topology);
    }
}

slip_status slip_topology_describe(const slip_topology *topology, slip_topology_info *out)
{
    if (topology == NULL || out == NULL || out->struct_size < sizeof(*out)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    *out = topology->info;
    return SLIP_OK;
}

slip_status slip_topology_cpus(const slip_topology *topology, slip_topology_cpu *cpus,
                               uint32_t *inout_count)
{
    if (topology == NULL || inout_count == NULL || (cpus == NULL && *inout_count != 0)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    for (uint32_t i = 0; i < topology->count && i < *inout_count; i++) {
        cpus[i] = topology->cpus[i];
    }
    *inout_count = topology->count;
    return SLIP_OK;
}
