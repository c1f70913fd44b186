/*
 * plan.h - a graph's tasks and inputs written out, so that working them out is not measured.
 *
 * For the programs of this folder and tests/bench, C11 and C++17; made before the clock starts by
 * the thread that runs the benchmark, read-only afterwards. Peers that find dependencies use the
 * cells, peers that are given every edge use peers_edge_plan.
 */
#ifndef PEERS_PLAN_H
#define PEERS_PLAN_H

#include "cells.h"

/* Tasks in the order of submission; the inputs of task i are input[first[i]] .. first[i + 1]. */
typedef struct peers_plan {
    uint32_t count;
    uint32_t *id;    /* step * width + x */
    uint32_t *cell;  /* the cell that it writes */
    uint32_t *first; /* count + 1 of them */
    uint32_t *input; /* cells that are read */
    bool in_place;   /* the cell is updated, not overwritten */
} peers_plan;

/* The same graph with every edge: positions in the plan, not ids. */
typedef struct peers_edge_plan {
    uint32_t edges;
    uint32_t *waits; /* direct predecessors of each task */
    uint32_t *first; /* successors of i: next[first[i]] .. first[i + 1] */
    uint32_t *next;
} peers_edge_plan;

/* Gives a plan's memory back. */
static inline void peers_plan_fini(peers_plan *p)
{
    free(p->id);
    free(p->cell);
    free(p->first);
    free(p->input);
    memset(p, 0, sizeof(*p));
}

/* Room for `count` numbers. */
static inline uint32_t *peers_numbers(size_t count)
{
    return (uint32_t *)calloc(count + 1, sizeof(uint32_t));
}

/* Appends one task to a plan; returns the inputs so far. */
static inline uint32_t peers_plan_add(peers_plan *p, const peers_graph *g, uint32_t step,
                                      uint32_t x)
{
    uint32_t i = p->count++;
    p->id[i] = step * g->width + x;
    p->cell[i] = peers_cell(g, step, x);
    uint32_t *into = p->input + p->first[i];
    uint32_t count = peers_inputs(g, step, x, into);
    for (uint32_t k = 0; k < count; k++) {
        into[k] = peers_cell(g, step - 1, into[k]);
    }
    p->first[i + 1] = p->first[i] + count;
    return p->first[i + 1];
}

/* Writes a graph out; false if there is no memory. */
static inline bool peers_plan_init(peers_plan *p, const peers_graph *g)
{
    uint32_t scratch[PEERS_MAX_WIDTH];
    size_t tasks = peers_tasks(g);
    size_t inputs = PEERS_MAX_WIDTH; /* what one more task could write */
    for (uint32_t s = 0; s < g->steps; s++) {
        for (uint32_t x = 0; x < g->width; x++) {
            inputs += peers_active(g, s, x) ? peers_inputs(g, s, x, scratch) : 0;
        }
    }
    memset(p, 0, sizeof(*p));
    p->in_place = peers_in_place(g);
    p->id = peers_numbers(tasks);
    p->cell = peers_numbers(tasks);
    p->first = peers_numbers(tasks + 1);
    p->input = peers_numbers(inputs);
    if (p->id == NULL || p->cell == NULL || p->first == NULL || p->input == NULL) {
        peers_plan_fini(p);
        return false;
    }
    for (uint32_t s = 0; s < g->steps; s++) {
        for (uint32_t x = 0; x < g->width; x++) {
            if (peers_active(g, s, x)) {
                (void)peers_plan_add(p, g, s, x);
            }
        }
    }
    return true;
}

/* Gives the memory of an edge plan back. */
static inline void peers_edge_plan_fini(peers_edge_plan *e)
{
    free(e->waits);
    free(e->first);
    free(e->next);
    memset(e, 0, sizeof(*e));
}

/* Counts (next null) or enters the successors of every task. `place` maps ids to positions. */
static inline void peers_edge_plan_fill(peers_edge_plan *e, const peers_plan *p,
                                        const peers_graph *g, const uint32_t *place, uint32_t *used)
{
    uint32_t before[PEERS_MAX_EDGES];
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t count = peers_edges(g, p->id[i] / g->width, p->id[i] % g->width, before);
        e->waits[i] = count;
        for (uint32_t k = 0; k < count; k++) {
            uint32_t from = place[before[k]];
            if (e->next != NULL) {
                e->next[e->first[from] + used[from]] = i;
            }
            used[from]++;
        }
    }
}

/* Writes the edges of a plan's graph out; false if there is no memory. */
static inline bool peers_edge_plan_init(peers_edge_plan *e, const peers_plan *p,
                                        const peers_graph *g)
{
    memset(e, 0, sizeof(*e));
    uint32_t *place = peers_numbers((size_t)g->steps * g->width);
    uint32_t *used = peers_numbers(p->count);
    e->waits = peers_numbers(p->count);
    e->first = peers_numbers(p->count + 1);
    bool good = place != NULL && used != NULL && e->waits != NULL && e->first != NULL;
    if (good) {
        for (uint32_t i = 0; i < p->count; i++) {
            place[p->id[i]] = i;
        }
        peers_edge_plan_fill(e, p, g, place, used);
        for (uint32_t i = 0; i < p->count; i++) {
            e->first[i + 1] = e->first[i] + used[i];
            used[i] = 0;
        }
        e->edges = e->first[p->count];
        e->next = peers_numbers(e->edges);
        good = e->next != NULL;
    }
    if (good) {
        peers_edge_plan_fill(e, p, g, place, used);
    } else {
        peers_edge_plan_fini(e);
    }
    free(place);
    free(used);
    return good;
}

#endif
