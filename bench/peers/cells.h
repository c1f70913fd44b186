/*
 * cells.h - the cells of the peer benchmark's graphs, what a task does, and the checked mode.
 *
 * For the programs of this folder and tests/bench, C11 and C++17. peers_task may be called from any
 * thread, by one thread for each task; the rest belongs to the thread that runs the benchmark. In
 * checked mode a cell says who wrote it last: a task that finds another writer than the graph says
 * in an input, or in the cell that it overwrites, counts an error in its own row. The cells are
 * plain memory on purpose: only the peer's own ordering protects them.
 */
#ifndef PEERS_CELLS_H
#define PEERS_CELLS_H

#include <stdio.h>
#include <stdlib.h>

#include "pattern.h"

/* One line of memory a cell, so that neighbours do not disturb each other. */
typedef struct peers_cell_data {
    uint64_t writer; /* task that wrote it last, plus 1; 0: none */
    uint64_t sum;    /* result of its computation, so that it cannot be left out */
    uint64_t unused[6];
} peers_cell_data;

/* What a task found and did; written by that task only. */
typedef struct peers_record {
    uint8_t ran;    /* times that it ran */
    uint8_t inputs; /* inputs with a wrong writer */
    uint8_t output; /* 1: the cell that it overwrites had a wrong writer */
} peers_record;

/* A graph with its cells: one case of the benchmark. */
typedef struct peers_case {
    peers_graph graph;
    uint64_t iterations; /* of the compute kernel; 0: empty kernel */
    bool checked;
    uint32_t tasks;
    peers_cell_data *cells;
    peers_record *records; /* checked mode: one a task, steps * width */
} peers_case;

/* What the check of a run found. */
typedef struct peers_errors {
    uint64_t not_once; /* tasks that ran not at all or more than once */
    uint64_t inputs;   /* inputs with a wrong writer: an order that was not kept, RAW or WAR */
    uint64_t outputs;  /* cells overwritten out of turn: WAW or WAR */
    uint64_t last;     /* cells that hold something else at the end than the last writer's */
} peers_errors;

/* The one case that runs; tasks reach it without being given it. */
static peers_case peers_now;

/* The compute kernel: a chain of multiply-adds in registers. */
static inline uint64_t peers_compute(uint64_t iterations, uint64_t seed)
{
    uint64_t a = seed | 1;
    for (uint64_t i = 0; i < iterations; i++) {
        a = a * 6364136223846793005u + 1442695040888963407u;
    }
    return a;
}

/* Compares what a task finds with what the graph says, and signs its cell. */
static inline void peers_check_task(peers_case *c, uint32_t step, uint32_t x)
{
    const peers_graph *g = &c->graph;
    uint32_t inputs[PEERS_MAX_WIDTH];
    uint32_t previous = 0;
    peers_record *record = &c->records[step * g->width + x];
    uint32_t count = peers_inputs(g, step, x, inputs);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t writer = c->cells[peers_cell(g, step - 1, inputs[i])].writer;
        if (writer != (uint64_t)(step - 1) * g->width + inputs[i] + 1) {
            record->inputs++;
        }
    }
    bool overwrites = peers_previous(g, step, x, &previous);
    peers_cell_data *own = &c->cells[peers_cell(g, step, x)];
    if (own->writer != (overwrites ? (uint64_t)previous * g->width + x + 1 : 0)) {
        record->output = 1;
    }
    own->writer = (uint64_t)step * g->width + x + 1;
    record->ran++;
}

/* What every peer calls for task `id` (step * width + x). */
static inline void peers_task(uint32_t id)
{
    peers_case *c = &peers_now;
    if (c->iterations == 0 && !c->checked) {
        return;
    }
    uint32_t step = id / c->graph.width;
    uint32_t x = id % c->graph.width;
    if (c->iterations != 0) {
        c->cells[peers_cell(&c->graph, step, x)].sum = peers_compute(c->iterations, id);
    }
    if (c->checked) {
        peers_check_task(c, step, x);
    }
}

/* Cells as before the first task. */
static inline void peers_case_reset(peers_case *c)
{
    memset(c->cells, 0, sizeof(peers_cell_data) * peers_cells(&c->graph));
    if (c->checked) {
        memset(c->records, 0, sizeof(peers_record) * c->graph.steps * c->graph.width);
    }
}

/* Gives the memory of a case back. */
static inline void peers_case_fini(peers_case *c)
{
    free(c->cells);
    free(c->records);
    memset(c, 0, sizeof(*c));
}

/* Makes a case; false if there is no memory. */
static inline bool peers_case_init(peers_case *c, const peers_graph *g, bool checked)
{
    memset(c, 0, sizeof(*c));
    c->graph = *g;
    c->checked = checked;
    c->tasks = peers_tasks(g);
    void *cells = NULL;
    if (posix_memalign(&cells, 4096, sizeof(peers_cell_data) * peers_cells(g)) != 0) {
        return false;
    }
    c->cells = (peers_cell_data *)cells;
    c->records = (peers_record *)calloc((size_t)g->steps * g->width, sizeof(peers_record));
    if (c->records == NULL) {
        peers_case_fini(c);
        return false;
    }
    peers_case_reset(c);
    return true;
}

/* The last task that writes the cell of task (step, x) is that task itself. */
static inline bool peers_is_last(const peers_graph *g, uint32_t step, uint32_t x)
{
    uint32_t ahead = peers_in_place(g) ? 1 : 2;
    for (uint32_t s = step + ahead; s < g->steps && !peers_own_cells(g); s += ahead) {
        if (peers_active(g, s, x)) {
            return false;
        }
    }
    return true;
}

/* After a checked run: what went wrong. All zero if nothing did. */
static inline peers_errors peers_case_errors(const peers_case *c)
{
    peers_errors e = {0, 0, 0, 0};
    const peers_graph *g = &c->graph;
    for (uint32_t s = 0; s < g->steps; s++) {
        for (uint32_t x = 0; x < g->width; x++) {
            const peers_record *r = &c->records[s * g->width + x];
            bool active = peers_active(g, s, x);
            uint64_t writer = c->cells[peers_cell(g, s, x)].writer;
            e.not_once += r->ran != (active ? 1 : 0) ? 1 : 0;
            e.inputs += r->inputs;
            e.outputs += r->output;
            bool last = active && peers_is_last(g, s, x);
            e.last += last && writer != (uint64_t)s * g->width + x + 1 ? 1 : 0;
        }
    }
    return e;
}

/* Sum of all errors. */
static inline uint64_t peers_errors_sum(const peers_errors *e)
{
    return e->not_once + e->inputs + e->outputs + e->last;
}

#endif
