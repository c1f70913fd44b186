/*
 * generate.c - a random program from a seed: run arguments, scopes, sizing; see model.h.
 *
 * One thread. Every ring's window and heap hold what the outermost scope open on it can keep, so
 * that no program can deadlock, and often no more than that.
 */
#include <string.h>

#include "gen.h"

/* Room that must stay in the program for closing scopes. */
#define SPARE_OPS 48u
#define SPARE_POOL 256u

/* True if the program may grow. */
static bool may_grow(const gen *g)
{
    return g->p->op_count + SPARE_OPS < RP_MAX_OPS && g->p->pool_count + SPARE_POOL < RP_MAX_POOL;
}

/* Makes the run arguments: some over common memory. */
static void make_run_tensors(gen *g)
{
    static const uint32_t last[] = {SLIP_ACCESS_INOUT, SLIP_ACCESS_IN, SLIP_ACCESS_OUT};
    rp_program *p = g->p;
    p->run_tensors = rp_between(&g->rng, 1, RP_MAX_RUN_TENSORS);
    p->last_access = p->run_tensors == 1 ? SLIP_ACCESS_INOUT : last[rp_below(&g->rng, 3)];
    for (uint32_t t = 0; t < p->run_tensors; t++) {
        bool is_last = t + 1u == p->run_tensors;
        bool plain = !is_last || p->last_access == SLIP_ACCESS_INOUT;
        uint32_t shape[SLIP_MAX_DIMS] = {0};
        uint32_t ndim = gen_shape(g, 256, shape);
        uint32_t elements = 1;
        for (uint32_t d = 0; d < ndim; d++) {
            elements *= shape[d];
        }
        uint32_t offset = 0;
        uint32_t memory = p->memory_count;
        if (t > 0 && plain && rp_chance(&g->rng, 25)) {
            memory = p->tensor[t - 1u].memory;
            offset = p->tensor[t - 1u].offset + rp_below(&g->rng, p->tensor[t - 1u].count);
            if (offset + elements > p->memory[memory].elements) {
                p->memory[memory].elements = offset + elements;
            }
        } else {
            (void)gen_add_memory(g, elements);
        }
        rp_tensor *added = &p->tensor[gen_add_tensor(g, memory, offset, ndim, shape)];
        added->read_only = is_last && p->last_access == SLIP_ACCESS_IN;
        if (!is_last || p->last_access != SLIP_ACCESS_OUT) {
            rp_view view = rp_view_whole(p, t);
            rp_mask_add(&p->memory[memory].defined, &view);
        }
    }
    for (uint32_t m = 0; m < p->memory_count; m++) {
        for (uint32_t i = 0; i < p->memory[m].elements; i++) {
            p->memory[m].start[i] = (uint32_t)rp_next(&g->rng);
        }
    }
}

/* Opens a scope. */
static void begin_scope(gen *g, uint32_t kind)
{
    rp_op *op = gen_add_op(g, RP_SCOPE_BEGIN);
    op->scope = kind;
    g->depth++;
    if (g->depth < SLIP_RING_COUNT) {
        gen_ring_now(g)->tasks = 0;
        gen_ring_now(g)->heap_bytes = 0;
    }
    g->serials++;
    gen_scope scope = {g->serials, kind, g->p->tensor_count};
    g->scope[g->depth] = scope;
}

/* Reads some of the innermost scope's outputs, so that wrong bytes in them are seen. */
static void drain_scope(gen *g)
{
    for (uint32_t t = g->scope[g->depth].first_tensor; t < g->p->tensor_count; t++) {
        const rp_tensor *tensor = &g->p->tensor[t];
        rp_view view = rp_view_whole(g->p, t);
        if (g->manual || !tensor->alive || tensor->creator == RP_NONE || gen_room(g) == 0 ||
            !rp_mask_all(&g->p->memory[tensor->memory].defined, &view) ||
            g->p->op_count + SPARE_OPS / 2u >= RP_MAX_OPS || !rp_chance(&g->rng, 60)) {
            continue;
        }
        (void)gen_sink(g, t);
    }
}

/* The innermost scope's tensors are gone. */
static void forget_tensors(gen *g)
{
    for (uint32_t t = g->scope[g->depth].first_tensor; t < g->p->tensor_count; t++) {
        if (g->p->tensor[t].creator != RP_NONE) {
            g->p->tensor[t].alive = false;
        }
    }
}

/* Closes the innermost scope. */
static void end_scope(gen *g)
{
    drain_scope(g);
    forget_tensors(g);
    g->depth--;
    (void)gen_add_op(g, RP_SCOPE_END);
}

/* Tasks of a manual block; a nested manual scope comes last, as its handles end with it. */
static void fill_block(gen *g, uint32_t tasks)
{
    begin_scope(g, SLIP_SCOPE_MANUAL);
    for (uint32_t i = 0; i < tasks && gen_room(g) > 0 && may_grow(g); i++) {
        if (rp_chance(&g->rng, 15)) {
            (void)gen_mixed(g);
        } else {
            (void)gen_task(g);
        }
    }
    if (g->depth + 1u < GEN_MAX_DEPTH && rp_chance(&g->rng, 15)) {
        begin_scope(g, SLIP_SCOPE_MANUAL);
        for (uint32_t i = 0; i < 3 && gen_room(g) > 0 && may_grow(g); i++) {
            (void)gen_task(g);
        }
        end_scope(g);
    }
    end_scope(g);
}

/* A manual scope over a few tensors, with a task in front that orders it. */
static void manual_block(gen *g)
{
    if (g->depth + 1u >= GEN_MAX_DEPTH || gen_room(g) == 0) {
        return;
    }
    g->allowed_count = 0;
    uint32_t wanted = rp_between(&g->rng, 1, 3);
    for (uint32_t i = 0; i < 8 && g->allowed_count < wanted; i++) {
        uint32_t tensor = rp_below(&g->rng, g->p->tensor_count);
        bool fresh = g->p->tensor[tensor].alive;
        for (uint32_t k = 0; k < g->allowed_count; k++) {
            fresh = fresh && g->allowed[k] != tensor;
        }
        if (fresh) {
            g->allowed[g->allowed_count] = tensor;
            g->allowed_count++;
        }
    }
    g->join = gen_block_join(g);
    g->manual = true;
    fill_block(g, rp_between(&g->rng, 1, 6));
    g->manual = false;
}

/* One random step. */
static void random_step(gen *g)
{
    uint32_t dice = rp_below(&g->rng, 100);
    bool room = gen_room(g) > 0;
    if (!room || dice < 9) {
        bool deeper = g->depth + 1u < GEN_MAX_DEPTH && (g->depth == 0 || rp_chance(&g->rng, 35));
        if (deeper && (g->depth + 1u < SLIP_RING_COUNT || room)) {
            begin_scope(g, SLIP_SCOPE_AUTO);
        } else if (g->depth > 0) {
            end_scope(g);
        }
    } else if (dice < 15 && g->depth > 0) {
        end_scope(g);
    } else if (dice < 20) {
        manual_block(g);
    } else if (dice < 24) {
        gen_get(g);
    } else if (dice < 27) {
        gen_set(g);
    } else if (dice < 33) {
        (void)gen_alloc(g);
    } else if (dice < 36) {
        (void)gen_join(g);
    } else if (dice < 44) {
        (void)gen_mixed(g);
    } else {
        (void)gen_task(g);
    }
}

/* The smallest power of two that is at least `value`. */
static uint64_t power_of_two(uint64_t value)
{
    uint64_t power = 1;
    while (power < value) {
        power *= 2u;
    }
    return power;
}

/* Sizing that holds the program: twice the heap covers what a lap's end wastes. */
static void make_sizing(gen *g)
{
    uint64_t widest = 4;
    uint64_t largest = 1024;
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        uint64_t window = power_of_two(g->ring[r].most_tasks);
        uint64_t heap = power_of_two(2u * g->ring[r].most_heap_bytes);
        widest = window > widest ? window : widest;
        largest = heap > largest ? heap : largest;
    }
    bool tight = rp_chance(&g->rng, 30);
    static const uint64_t pools[] = {4, 16, 256};
    uint64_t pool = pools[rp_below(&g->rng, 3)];
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        slip_ring_sizing *s = &g->p->sizing.ring[r];
        uint64_t heap = (2u * g->ring[r].most_heap_bytes + 1023u) / 1024u * 1024u;
        uint64_t window = power_of_two(g->ring[r].most_tasks);
        s->task_window = !tight ? widest : window < 4u ? 4u : window;
        s->heap_bytes = !tight ? largest : heap == 0 ? 1024u : heap;
        s->dep_pool = pool;
    }
}

/* Makes the program. */
void rp_generate(rp_program *p, uint64_t seed, uint32_t max_threads)
{
    static const uint32_t limits[] = {4, 4, 8, 16, 64};
    gen g;
    memset(&g, 0, sizeof(g));
    g.rng.state = seed;
    g.p = p;
    g.latest_get = RP_NONE;
    g.limit = limits[rp_below(&g.rng, 5)];
    p->seed = seed;
    p->op_count = p->task_count = p->pool_count = p->tensor_count = p->memory_count = 0;
    memset(&p->sizing, 0, sizeof(p->sizing));
    p->dispatch = rp_below(&g.rng, 4);
    p->threads = rp_between(&g.rng, 1, max_threads);
    g.serials = 1;
    g.scope[0].serial = 1;
    make_run_tensors(&g);
    uint32_t target = rp_between(&g.rng, 5, 60);
    for (uint32_t step = 0; step < 4u * RP_MAX_OPS && p->task_count < target && may_grow(&g);
         step++) {
        random_step(&g);
    }
    while (g.depth > 0) {
        end_scope(&g);
    }
    drain_scope(&g);
    make_sizing(&g);
}
