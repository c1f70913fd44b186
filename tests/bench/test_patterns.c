/*
 * test_patterns.c - the graphs of the peer benchmark: inputs against another description of each
 * pattern, edges against the oldest definition of a dependency, and the checked mode against orders
 * that are right and orders that are wrong in one place.
 *
 * ctest-labels: unit bench
 */
#include <inttypes.h>

#include "../../bench/peers/plan.h"
#include "check.h"

#define STEPS 13u

/* Wanted inputs, from the definition: is the cell of point y read by (step, x)? */
static bool reads(const peers_graph *g, uint32_t step, uint32_t x, uint32_t y)
{
    int32_t d = (int32_t)y - (int32_t)x;
    uint32_t w = g->width;
    uint32_t levels = peers_levels(w);
    uint32_t far = 1u << (levels == 0 ? 0 : (step - 1) % levels);
    switch (g->pattern) {
    case PEERS_stencil_1d:
        return d >= -1 && d <= 1;
    case PEERS_stencil_1d_periodic:
        return y == (x + w - 1) % w || y == x || y == (x + 1) % w;
    case PEERS_nearest:
        return d >= -2 && d <= 2;
    case PEERS_fft:
        return d == 0 || d == (int32_t)far || d == -(int32_t)far;
    case PEERS_dom:
        return d == 0 || d == -1;
    case PEERS_all_to_all:
        return true;
    default:
        return false;
    }
}

/* True if a list holds a number. */
static bool holds(const uint32_t *list, uint32_t count, uint32_t value)
{
    for (uint32_t i = 0; i < count; i++) {
        if (list[i] == value) {
            return true;
        }
    }
    return false;
}

/* Inputs are what the definition says; those of every pattern are points that ran in the step
 * before, each once. */
static void test_inputs(const peers_graph *g)
{
    uint32_t in[PEERS_MAX_WIDTH];
    bool defined = g->pattern != PEERS_tree && g->pattern != PEERS_spread &&
                   g->pattern != PEERS_random_nearest;
    for (uint32_t s = 0; s < g->steps; s++) {
        for (uint32_t x = 0; x < g->width; x++) {
            uint32_t count = peers_active(g, s, x) ? peers_inputs(g, s, x, in) : 0;
            CHECK(s > 0 || count == 0);
            for (uint32_t i = 0; i < count; i++) {
                CHECK(in[i] < g->width && peers_active(g, s - 1, in[i]));
                CHECK(!holds(in, i, in[i]));
            }
            for (uint32_t y = 0; y < g->width && defined && s > 0; y++) {
                CHECK_EQ(holds(in, count, y), reads(g, s, x, y));
            }
        }
    }
}

/* How many inputs the patterns without a simple definition have. */
static void test_counts(void)
{
    uint32_t in[PEERS_MAX_WIDTH];
    const peers_graph spread = {PEERS_spread, 64, STEPS};
    const peers_graph near = {PEERS_random_nearest, 64, 400};
    const peers_graph tree = {PEERS_tree, 8, 7};
    uint32_t sum = 0;
    CHECK_EQ(peers_inputs(&spread, 3, 10, in), PEERS_RADIX);
    for (uint32_t s = 1; s < near.steps; s++) {
        sum += peers_inputs(&near, s, 30, in);
    }
    /* Half of five, by chance: within a fifth over 399 steps. */
    CHECK(sum > 399 * 2 && sum < 399 * 3);
    /* 8 points: 4 + 2 + 1 merges, then 2 + 4 + 8 copies (one of them in place), then 4 merges. */
    CHECK_EQ(peers_tasks(&tree), 4 + 2 + 1 + 2 + 4 + 8 + 4);
    CHECK_EQ(peers_inputs(&tree, 1, 4, in), 2);
    CHECK_EQ(peers_inputs(&tree, 3, 4, in), 1);
    CHECK_EQ(in[0], 0);
}

/* Fills reach[a * n + b]: task a comes before b by edges, straight or through others. */
static void close_edges(const peers_graph *g, bool *reach, uint32_t n)
{
    uint32_t before[PEERS_MAX_EDGES];
    for (uint32_t b = 0; b < n; b++) {
        if (!peers_active(g, b / g->width, b % g->width)) {
            continue;
        }
        uint32_t count = peers_edges(g, b / g->width, b % g->width, before);
        for (uint32_t i = 0; i < count; i++) {
            CHECK(before[i] < b);
            reach[before[i] * n + b] = true;
            for (uint32_t a = 0; a < n; a++) {
                reach[a * n + b] = reach[a * n + b] || reach[a * n + before[i]];
            }
        }
    }
}

/* True if task `id` touches a cell; *out_writes tells whether it writes it. */
static bool touches(const peers_graph *g, uint32_t id, uint32_t cell, bool *out_writes)
{
    uint32_t in[PEERS_MAX_WIDTH];
    uint32_t step = id / g->width;
    uint32_t count = peers_inputs(g, step, id % g->width, in);
    *out_writes = peers_cell(g, step, id % g->width) == cell;
    bool read = false;
    for (uint32_t i = 0; i < count; i++) {
        read = read || peers_cell(g, step - 1, in[i]) == cell;
    }
    return *out_writes || read;
}

/* Every two tasks that touch one cell, one of them writing, are ordered by edges. */
static void test_edges(const peers_graph *g)
{
    uint32_t n = g->width * g->steps;
    bool *reach = calloc((size_t)n * n, sizeof(bool));
    CHECK(reach != NULL);
    close_edges(g, reach, n);
    for (uint32_t cell = 0; cell < peers_cells(g); cell++) {
        for (uint32_t b = 0; b < n; b++) {
            bool b_writes = false;
            if (!peers_active(g, b / g->width, b % g->width) || !touches(g, b, cell, &b_writes)) {
                continue;
            }
            for (uint32_t a = 0; a < b; a++) {
                bool a_writes = false;
                if (peers_active(g, a / g->width, a % g->width) && touches(g, a, cell, &a_writes) &&
                    (a_writes || b_writes)) {
                    CHECK(reach[a * n + b]);
                }
            }
        }
    }
    free(reach);
}

/* Runs a plan with two tasks exchanged (equal positions: none); the sum of errors. */
static uint64_t errors_of(const peers_plan *p, uint32_t first, uint32_t second)
{
    peers_case_reset(&peers_now);
    for (uint32_t i = 0; i < p->count; i++) {
        peers_task(p->id[i == first ? second : i == second ? first : i]);
    }
    peers_errors e = peers_case_errors(&peers_now);
    return peers_errors_sum(&e);
}

/* The plan's order has no error; a task before one of its direct predecessors has, whichever. */
static void test_checked(const peers_graph *g)
{
    peers_plan plan;
    peers_edge_plan edges;
    CHECK(peers_case_init(&peers_now, g, true));
    CHECK(peers_plan_init(&plan, g));
    CHECK(peers_edge_plan_init(&edges, &plan, g));
    CHECK_EQ(plan.count, peers_tasks(g));
    CHECK_EQ(errors_of(&plan, 0, 0), 0);
    for (uint32_t i = 0; i < plan.count; i++) {
        for (uint32_t k = edges.first[i]; k < edges.first[i + 1]; k++) {
            CHECK(errors_of(&plan, i, edges.next[k]) > 0);
        }
    }
    /* A task that is lost, and one that runs twice. */
    peers_case_reset(&peers_now);
    for (uint32_t i = 1; i < plan.count; i++) {
        peers_task(plan.id[i]);
    }
    peers_errors e = peers_case_errors(&peers_now);
    CHECK_EQ(e.not_once, 1);
    peers_task(plan.id[1]);
    e = peers_case_errors(&peers_now);
    CHECK_EQ(e.not_once, 2);
    peers_edge_plan_fini(&edges);
    peers_plan_fini(&plan);
    peers_case_fini(&peers_now);
}

/* Every pattern is found by its name, nothing else is. */
static void test_names(void)
{
    for (uint32_t p = 0; p < PEERS_PATTERNS; p++) {
        CHECK_EQ(peers_pattern_find(peers_pattern_names[p]), p);
    }
    CHECK_EQ(peers_pattern_find("nonsense"), PEERS_PATTERNS);
}

/* Calls a test with every pattern in some widths. */
static void with_all(void (*test)(const peers_graph *g))
{
    for (uint32_t p = 0; p < PEERS_PATTERNS; p++) {
        for (uint32_t width = 1; width <= 16; width *= 2) {
            const peers_graph g = {p, width, STEPS};
            test(&g);
        }
        const peers_graph wide = {p, PEERS_MAX_WIDTH, 5};
        test(&wide);
    }
}

/* Inputs of all patterns. */
static void all_inputs(void)
{
    with_all(test_inputs);
}

/* Edges of all patterns. */
static void all_edges(void)
{
    with_all(test_edges);
}

/* The checked mode over all patterns. */
static void all_checked(void)
{
    with_all(test_checked);
}

/* The cases. */
int main(void)
{
    CHECK_CASE(test_names);
    CHECK_CASE(test_counts);
    CHECK_CASE(all_inputs);
    CHECK_CASE(all_edges);
    CHECK_CASE(all_checked);
    return check_report();
}
