/*
 * graphs.h - the small graphs whose costs the scaling model is made of.
 *
 * For costs.c only, one thread. None of them is a pattern of bench/peers: those validate the model.
 * A graph is a list of tasks, and a task a list of accesses to cells; GATE and LAST are tasks in
 * front of and behind all others.
 */
#ifndef MODEL_GRAPHS_H
#define MODEL_GRAPHS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <slipway/orch.h>

#define GRAPH_MAX_ARGS 40u
#define GRAPH_LANES 16u
#define GRAPH_RING 64u
#define GRAPH_TASKS 4096u /* as many slots as a window of 16384 has in its second-level cache */
#define GRAPH_SHORT \
    128u /* of the graphs whose tasks have cells of their own: the cells stay near */

/* X(name as printed): what `count` means. */
#define GRAPH_TABLE(X)                                                                     \
    X(none)       /* count untracked arguments, no edge */                                 \
    X(own)        /* count cells of its own, updated: looked up, nothing found */          \
    X(own_read)   /* count - 1 cells of its own read, one written */                       \
    X(lane)       /* count cells, all updated by one task before: one edge */              \
    X(ring)       /* count cells, each updated by another task before: count edges */      \
    X(read)       /* count cells read, each of another writer; the writer of the cell that \
                     is overwritten: these tasks have read it, so nothing new is found */  \
    X(read_apart) /* the same, but other tasks have read what is overwritten: 2 count edges */

enum graph_kind {
#define GRAPH_ENUM(name) GRAPH_##name,
    GRAPH_TABLE(GRAPH_ENUM)
#undef GRAPH_ENUM
        GRAPH_KINDS
};

static const char *const graph_names[] = {
#define GRAPH_NAME(name) #name,
    GRAPH_TABLE(GRAPH_NAME)
#undef GRAPH_NAME
};

/* A graph written out. */
typedef struct graph {
    uint32_t tasks;
    uint32_t cells;
    uint32_t args; /* of every task */
    uint32_t *cell;
    uint8_t *access;
    bool has_edges;
} graph;

/* Distances to the producers in a ring: all different, and no two of them make a whole ring. */
static const uint32_t graph_apart[] = {16, 17, 19, 23, 29, 31, 37, 41};
/* The same, but in pairs that make a whole ring: then who reads is who is waited for. */
static const uint32_t graph_paired[] = {29, 35, 27, 37, 25, 39, 23, 41};

/* Enters one access. */
static inline void graph_set(graph *g, uint32_t task, uint32_t arg, uint32_t cell, uint8_t access)
{
    g->cell[task * g->args + arg] = cell;
    g->access[task * g->args + arg] = access;
}

/* Accesses of one task of a ring whose cells are updated: its p-th cell was last updated by the
 * task p-th distance before it. */
static inline void graph_ring_task(graph *g, uint32_t task)
{
    uint32_t at = task;
    for (uint32_t k = 0; k < g->args; k++) {
        graph_set(g, task, k, at % g->cells, SLIP_ACCESS_INOUT);
        at += graph_apart[k];
    }
}

/* Accesses of one task of a ring whose cells are read and then overwritten. */
static inline void graph_read_task(graph *g, uint32_t task, bool apart)
{
    uint32_t count = g->args - 1;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t back = apart ? graph_apart[k] : graph_paired[k];
        back = !apart && count % 2 != 0 && k == count - 1 ? GRAPH_RING / 2 : back;
        graph_set(g, task, k, (task + GRAPH_RING - back) % GRAPH_RING, SLIP_ACCESS_IN);
    }
    graph_set(g, task, count, task % GRAPH_RING, SLIP_ACCESS_OUT_EXISTING);
}

/* Accesses of one task. */
static inline void graph_task(graph *g, enum graph_kind kind, uint32_t task)
{
    if (kind == GRAPH_ring) {
        graph_ring_task(g, task);
        return;
    }
    if (kind == GRAPH_read || kind == GRAPH_read_apart) {
        graph_read_task(g, task, kind == GRAPH_read_apart);
        return;
    }
    for (uint32_t k = 0; k < g->args; k++) {
        uint32_t cell = kind == GRAPH_own || kind == GRAPH_own_read
                            ? task * g->args + k
                            : (task % GRAPH_LANES) * g->args + k;
        uint8_t access = kind == GRAPH_none                          ? SLIP_ACCESS_NONE
                         : kind == GRAPH_own_read && k + 1 < g->args ? SLIP_ACCESS_IN
                                                                     : SLIP_ACCESS_INOUT;
        graph_set(g, task, k, cell, access);
    }
}

/* Cells of a graph. */
static inline uint32_t graph_cells(enum graph_kind kind, uint32_t count)
{
    uint32_t cells = count;
    switch (kind) {
    case GRAPH_own:
    case GRAPH_own_read:
        return GRAPH_SHORT * count;
    case GRAPH_ring:
        /* The first cell comes round again one distance behind the last one. */
        for (uint32_t k = 0; k < count; k++) {
            cells += graph_apart[k];
        }
        return cells - count;
    case GRAPH_read:
    case GRAPH_read_apart:
        return GRAPH_RING;
    default:
        return GRAPH_LANES * count;
    }
}

/* Writes a graph out; false if there is no memory. */
static inline bool graph_init(graph *g, enum graph_kind kind, uint32_t count)
{
    memset(g, 0, sizeof(*g));
    bool own = kind == GRAPH_own || kind == GRAPH_own_read;
    g->tasks = own ? GRAPH_SHORT : count > 8 ? GRAPH_TASKS / 8 : GRAPH_TASKS;
    g->args = count + (kind == GRAPH_read || kind == GRAPH_read_apart ? 1 : 0);
    g->cells = graph_cells(kind, count);
    g->has_edges = !own && kind != GRAPH_none;
    g->cell = calloc((size_t)g->tasks * g->args, sizeof(g->cell[0]));
    g->access = calloc((size_t)g->tasks * g->args, sizeof(g->access[0]));
    for (uint32_t i = 0; g->cell != NULL && g->access != NULL && i < g->tasks; i++) {
        graph_task(g, kind, i);
    }
    return g->cell != NULL && g->access != NULL;
}

/* Gives a graph's memory back. */
static inline void graph_fini(graph *g)
{
    free(g->cell);
    free(g->access);
    memset(g, 0, sizeof(*g));
}

#endif
