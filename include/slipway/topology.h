/*
 * topology.h - the companion library libslipway_topology: where to run threads on a machine.
 *
 * For hosts that look at the topology themselves; a runner loads the library by itself when its
 * placement says "compact" or "scatter". It is built where hwloc is found and links hwloc and
 * nothing of Slipway. Functions may be called from any thread; one topology by one at a time, or by
 * several if none of them closes it.
 */
#ifndef SLIPWAY_TOPOLOGY_H
#define SLIPWAY_TOPOLOGY_H

#include <stdint.h>

#include <slipway/placement.h>
#include <slipway/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLIP_TOPOLOGY_API __attribute__((visibility("default"), warn_unused_result))
#define SLIP_TOPOLOGY_CALL __attribute__((visibility("default")))

/* A topology that was looked at; it does not change. */
typedef struct slip_topology slip_topology;

typedef struct slip_topology_options {
    uint32_t struct_size;
    uint32_t reserved;     /* zero */
    const char *synthetic; /* hwloc's description of a machine that is not this one, such as
                              "pack:2 l3:1 core:18 pu:2"; null: this machine */
    const char *allowed;   /* CPUs that may be used, such as "0-3,8"; null: those of the calling
                              thread, or all of a synthetic machine */
} slip_topology_options;

/*
 * Looks at a machine; a null `options` is this one. On failure *out is null and `why`, which may be
 * null, holds a sentence: SLIP_E_INVALID_ARGUMENT for a bad description or CPU list, SLIP_E_DEVICE
 * if hwloc fails, SLIP_E_OUT_OF_MEMORY.
 */
SLIP_TOPOLOGY_API slip_status slip_topology_open(const slip_topology_options *options,
                                                 slip_topology **out, char *why,
                                                 uint32_t why_bytes);

/* Frees it; null is fine. */
SLIP_TOPOLOGY_CALL void slip_topology_close(slip_topology *topology);

/* What a machine has, whether this process may use it or not. */
typedef struct slip_topology_info {
    uint32_t struct_size;
    uint32_t packages;
    uint32_t numa_nodes;
    uint32_t l3_caches;
    uint32_t l2_caches;
    uint32_t l1_caches;
    uint32_t cores;
    uint32_t cpus;
    uint32_t allowed;  /* CPUs that this process may use */
    uint32_t reserved; /* zero */
    uint64_t l3_bytes; /* of the first one; 0 = not known */
    uint64_t l2_bytes;
    uint64_t l1_bytes;
} slip_topology_info;

/* Counts what there is. */
SLIP_TOPOLOGY_API slip_status slip_topology_describe(const slip_topology *topology,
                                                     slip_topology_info *out);

/* One CPU that this process may use: the numbers, from 0, of what it is part of; -1 = not known. */
typedef struct slip_topology_cpu {
    int32_t cpu; /* the kernel's number */
    int32_t core;
    int32_t l2;
    int32_t l3;
    int32_t numa;
    int32_t package;
    int32_t sibling; /* 0 for the first allowed CPU of its core, 1 for the next one ... */
    int32_t reserved;
} slip_topology_cpu;

/* Lists them, neighbours beside each other. *inout_count: room in, CPUs out. */
SLIP_TOPOLOGY_API slip_status slip_topology_cpus(const slip_topology *topology,
                                                 slip_topology_cpu *cpus, uint32_t *inout_count);

/* What is asked of slip_topology_place, and what it says. */
typedef struct slip_topology_request {
    uint32_t struct_size;
    uint32_t place_bytes; /* sizeof(slip_place) */
    const char *policy;   /* "compact", "scatter"; null: the places have their CPUs already, and
                             only their groups are filled in */
    slip_place *places;
    uint32_t capacity; /* places that there is room for */
    uint32_t count;    /* places: in for a null policy, else out */
    char why[256];     /* out: a sentence on failure */
} slip_topology_request;

/*
 * Fills in places, one a CPU that may be used, in the order in which threads are to take them.
 * Both policies use one CPU of every core before a second one of any. "compact": neighbours in
 * cache follow each other, NUMA nodes and packages are filled one after the other. "scatter":
 * packages take turns, in each its NUMA nodes, in each its L3 caches. A null `topology` looks at
 * this machine. With a null policy a CPU that is not allowed or not there has no groups.
 */
SLIP_TOPOLOGY_API slip_status slip_topology_place(const slip_topology *topology,
                                                  slip_topology_request *request);

#ifdef __cplusplus
}
#endif
#endif
