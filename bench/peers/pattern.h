/*
 * pattern.h - the graphs of the peer benchmark, described once for every peer.
 *
 * For the programs of this folder and tests/bench, C11 and C++17; pure functions, any thread. A
 * graph has `width` points and `steps` steps. Task (step, x) reads cells that tasks of step - 1
 * wrote and writes a cell of its own. Cells are reused: double-buffered patterns have two rows of
 * `width` cells, and a task overwrites the cell that its point wrote two steps ago; so it also
 * comes after that cell's readers (WAR). Chains update one cell a point in place. Independent tasks
 * have a cell each, which nobody else touches.
 */
#ifndef PEERS_PATTERN_H
#define PEERS_PATTERN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PEERS_MAX_WIDTH 64u
#define PEERS_MAX_EDGES (2u * PEERS_MAX_WIDTH + 1u)
#define PEERS_RADIX 5u /* of nearest, spread and random_nearest */

/* X(name as printed). */
#define PEERS_PATTERN_TABLE(X) \
    X(independent)             \
    X(chain)                   \
    X(stencil_1d)              \
    X(stencil_1d_periodic)     \
    X(nearest)                 \
    X(fft)                     \
    X(tree)                    \
    X(dom)                     \
    X(spread)                  \
    X(random_nearest)          \
    X(all_to_all)

enum peers_pattern {
#define PEERS_PATTERN_ENUM(name) PEERS_##name,
    PEERS_PATTERN_TABLE(PEERS_PATTERN_ENUM)
#undef PEERS_PATTERN_ENUM
        PEERS_PATTERNS
};

static const char *const peers_pattern_names[] = {
#define PEERS_PATTERN_NAME(name) #name,
    PEERS_PATTERN_TABLE(PEERS_PATTERN_NAME)
#undef PEERS_PATTERN_NAME
};

/* A graph: what is run. `width` is a power of two of at most PEERS_MAX_WIDTH. */
typedef struct peers_graph {
    uint32_t pattern; /* enum peers_pattern */
    uint32_t width;
    uint32_t steps;
} peers_graph;

/* Index of a pattern's name; PEERS_PATTERNS if there is none. */
static inline uint32_t peers_pattern_find(const char *name)
{
    uint32_t p = 0;
    while (p < PEERS_PATTERNS && strcmp(peers_pattern_names[p], name) != 0) {
        p++;
    }
    return p;
}

/* True if a point updates its cell in place. */
static inline bool peers_in_place(const peers_graph *g)
{
    return g->pattern == PEERS_chain;
}

/* True if every task has a cell of its own. */
static inline bool peers_own_cells(const peers_graph *g)
{
    return g->pattern == PEERS_independent;
}

/* Number of levels of a binary tree over `width` points. */
static inline uint32_t peers_levels(uint32_t width)
{
    uint32_t levels = 0;
    while ((1u << levels) < width) {
        levels++;
    }
    return levels;
}

/*
 * Where a step of the tree pattern stands. The tree is reduced level by level to point 0 and spread
 * again, over and over: steps 0 .. L - 1 of a round are reductions over distance 1, 2, 4, ..., the
 * next L spread over ..., 4, 2, 1. *out_down tells which.
 */
static inline uint32_t peers_tree_distance(const peers_graph *g, uint32_t step, bool *out_down)
{
    uint32_t levels = peers_levels(g->width);
    uint32_t place = step % (2 * levels);
    *out_down = place >= levels;
    return 1u << (*out_down ? 2 * levels - 1 - place : place);
}

/* True if a point has a task in a step; only trees have points that rest. */
static inline bool peers_active(const peers_graph *g, uint32_t step, uint32_t x)
{
    bool down = false;
    if (g->pattern != PEERS_tree || g->width == 1) {
        return true;
    }
    uint32_t distance = peers_tree_distance(g, step, &down);
    return x % (down ? distance : 2 * distance) == 0;
}

/* A number that looks random, from a step and two points; the same on every machine. */
static inline uint32_t peers_mix(uint32_t step, uint32_t x, uint32_t y)
{
    uint64_t h = ((uint64_t)step << 32) ^ ((uint64_t)x << 16) ^ y;
    h = (h ^ (h >> 31)) * 0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9u;
    return (uint32_t)(h >> 33);
}

/* The points from x - left to x + right that exist; of random_nearest every second one, by chance.
 */
static inline uint32_t peers_range(const peers_graph *g, uint32_t step, uint32_t x,
                                   const uint32_t reach[2], uint32_t *out)
{
    uint32_t first = x < reach[0] ? 0 : x - reach[0];
    uint32_t last = x + reach[1] < g->width ? x + reach[1] : g->width - 1;
    uint32_t count = 0;
    for (uint32_t y = first; y <= last; y++) {
        if (g->pattern != PEERS_random_nearest || peers_mix(step, x, y) % 2 == 0) {
            out[count++] = y;
        }
    }
    return count;
}

/* Points x + k * stride, modulo the width, each once. */
static inline uint32_t peers_ring(const peers_graph *g, uint32_t x, uint32_t stride, uint32_t count,
                                  uint32_t *out)
{
    uint32_t found = 0;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t y = (x + k * stride) % g->width;
        bool known = false;
        for (uint32_t i = 0; i < found; i++) {
            known = known || out[i] == y;
        }
        if (!known) {
            out[found++] = y;
        }
    }
    return found;
}

/* The butterfly of a step: x and its neighbours at a distance that doubles from step to step. */
static inline uint32_t peers_fft(const peers_graph *g, uint32_t step, uint32_t x, uint32_t *out)
{
    uint32_t levels = peers_levels(g->width);
    uint32_t distance = 1u << (levels == 0 ? 0 : (step - 1) % levels);
    uint32_t count = 0;
    if (x >= distance) {
        out[count++] = x - distance;
    }
    out[count++] = x;
    if (x + distance < g->width) {
        out[count++] = x + distance;
    }
    return count;
}

/* Both halves in a reduction, the parent while the result is spread. */
static inline uint32_t peers_tree(const peers_graph *g, uint32_t step, uint32_t x, uint32_t *out)
{
    bool down = false;
    if (g->width == 1) {
        out[0] = 0;
        return 1;
    }
    uint32_t distance = peers_tree_distance(g, step, &down);
    out[0] = down ? x - x % (2 * distance) : x;
    out[1] = x + distance;
    return down ? 1 : 2;
}

/*
 * The points whose cells task (step, x) reads, as step - 1 left them; ascending is not promised.
 * `out` holds PEERS_MAX_WIDTH. Returns how many. A chain's own cell is not an input: it is updated.
 */
static inline uint32_t peers_inputs(const peers_graph *g, uint32_t step, uint32_t x, uint32_t *out)
{
    static const uint32_t reach[PEERS_PATTERNS][2] = {
        {0, 0}, {0, 0}, {1, 1}, {0, 0}, {2, 2}, {0, 0}, {0, 0}, {1, 0}, {0, 0}, {2, 2}, {64, 64}};
    uint32_t count = PEERS_RADIX < g->width ? PEERS_RADIX : g->width;
    if (step == 0) {
        return 0;
    }
    switch (g->pattern) {
    case PEERS_independent:
    case PEERS_chain:
        return 0;
    case PEERS_stencil_1d_periodic:
        return peers_ring(g, x + g->width - 1, 1, 3, out);
    case PEERS_fft:
        return peers_fft(g, step, x, out);
    case PEERS_tree:
        return peers_tree(g, step, x, out);
    case PEERS_spread:
        return peers_ring(g, x + step, g->width / count, count, out);
    default:
        return peers_range(g, step, x, reach[g->pattern], out);
    }
}

/* Number of cells that a graph needs. */
static inline uint32_t peers_cells(const peers_graph *g)
{
    return peers_own_cells(g) ? g->width * g->steps : peers_in_place(g) ? g->width : 2 * g->width;
}

/* The cell that task (step, x) writes. */
static inline uint32_t peers_cell(const peers_graph *g, uint32_t step, uint32_t x)
{
    return (peers_own_cells(g) ? step : peers_in_place(g) ? 0 : step % 2) * g->width + x;
}

/* The step that wrote the cell of (step, x) before; false if none did. */
static inline bool peers_previous(const peers_graph *g, uint32_t step, uint32_t x, uint32_t *out)
{
    uint32_t back = peers_in_place(g) ? 1 : 2;
    if (peers_own_cells(g)) {
        return false;
    }
    for (uint32_t s = step; s >= back; s -= back) {
        if (peers_active(g, s - back, x)) {
            *out = s - back;
            return true;
        }
    }
    return false;
}

/* Adds a task to a list unless it is there. */
static inline uint32_t peers_add(uint32_t *list, uint32_t count, uint32_t task)
{
    for (uint32_t i = 0; i < count; i++) {
        if (list[i] == task) {
            return count;
        }
    }
    list[count] = task;
    return count + 1;
}

/*
 * The tasks (step * width + x) that must come directly before (step, x): writers of its inputs
 * (RAW), readers of the cell that it overwrites (WAR), and that cell's writer where nobody read it
 * (WAW). For peers that are given every edge. `out` holds PEERS_MAX_EDGES. Returns how many.
 */
static inline uint32_t peers_edges(const peers_graph *g, uint32_t step, uint32_t x, uint32_t *out)
{
    uint32_t inputs[PEERS_MAX_WIDTH];
    uint32_t previous = 0;
    uint32_t count = 0;
    uint32_t found = peers_inputs(g, step, x, inputs);
    for (uint32_t i = 0; i < found; i++) {
        count = peers_add(out, count, (step - 1) * g->width + inputs[i]);
    }
    if (!peers_previous(g, step, x, &previous)) {
        return count;
    }
    bool read = false;
    for (uint32_t y = 0; y < g->width && !peers_in_place(g); y++) {
        found = peers_active(g, previous + 1, y) ? peers_inputs(g, previous + 1, y, inputs) : 0;
        for (uint32_t i = 0; i < found; i++) {
            if (inputs[i] == x) {
                count = peers_add(out, count, (previous + 1) * g->width + y);
                read = true;
            }
        }
    }
    return read ? count : peers_add(out, count, previous * g->width + x);
}

/* Number of tasks of a graph. */
static inline uint32_t peers_tasks(const peers_graph *g)
{
    uint32_t tasks = 0;
    for (uint32_t s = 0; s < g->steps; s++) {
        for (uint32_t x = 0; x < g->width; x++) {
            tasks += peers_active(g, s, x) ? 1 : 0;
        }
    }
    return tasks;
}

#endif
