/*
 * gen_tasks.c - random tasks for random programs; see gen.h.
 *
 * One thread.
 */
#include <string.h>

#include "gen.h"

/* A new operation. */
rp_op *gen_add_op(gen *g, uint32_t kind)
{
    rp_op *op = &g->p->op[g->p->op_count];
    memset(op, 0, sizeof(*op));
    op->kind = kind;
    op->scope = g->scope[g->depth].serial;
    op->depth = g->depth;
    op->value_from = RP_NONE;
    op->first_arg = g->p->pool_count;
    g->p->op_count++;
    return op;
}

/* A new task. */
static rp_op *add_task(gen *g, uint32_t shape)
{
    rp_op *op = gen_add_op(g, RP_TASK);
    gen_ring *ring = gen_ring_now(g);
    op->shape = shape;
    op->manual = g->scope[g->depth].kind == SLIP_SCOPE_MANUAL;
    op->seed = (uint32_t)rp_next(&g->rng);
    if (rp_chance(&g->rng, 12)) {
        op->spin = rp_below(&g->rng, 400) + (rp_chance(&g->rng, 30) ? RP_SPIN_YIELD : 0);
    }
    if (rp_chance(&g->rng, 5)) {
        op->fillers = rp_between(&g->rng, 1, 12);
    }
    if (g->latest_get != RP_NONE && rp_chance(&g->rng, 50)) {
        op->value_from = g->latest_get;
    }
    ring->tasks++;
    ring->most_tasks = ring->tasks > ring->most_tasks ? ring->tasks : ring->most_tasks;
    g->p->task_count++;
    return op;
}

/* Adds an argument to the latest operation. */
static rp_arg *add_arg(gen *g, rp_op *op, uint8_t access, const rp_view *view)
{
    rp_arg *arg = &g->p->pool[g->p->pool_count];
    memset(arg, 0, sizeof(*arg));
    arg->access = access;
    arg->view = *view;
    g->p->pool_count++;
    op->arg_count++;
    return arg;
}

/* Notes that the latest operation writes a view. */
static void note_write(gen *g, const rp_view *view)
{
    rp_tensor *t = &g->p->tensor[view->tensor];
    t->writers++;
    t->writer = g->p->op_count - 1u;
    rp_mask_add(&g->p->memory[t->memory].defined, view);
}

/* Notes what a task writes in place, once all its arguments are chosen: it reads before that. */
static void note_updates(gen *g, const rp_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const rp_arg *arg = &g->p->pool[op->first_arg + i];
        if (arg->access == SLIP_ACCESS_INOUT || arg->access == SLIP_ACCESS_OUT_EXISTING) {
            note_write(g, &arg->view);
        }
    }
}

/* Adds an explicit edge, once. */
static void add_dep(rp_op *op, uint32_t producer)
{
    for (uint32_t i = 0; i < op->dep_count; i++) {
        if (op->dep[i] == producer) {
            return;
        }
    }
    if (op->dep_count < RP_MAX_DEPS) {
        op->dep[op->dep_count] = producer;
        op->dep_count++;
    }
}

/* Adds a new heap output. `written`: the kernel, or an initial value, fills it. */
static void add_output(gen *g, rp_op *op, bool written)
{
    uint32_t shape[SLIP_MAX_DIMS] = {0};
    uint32_t ndim = gen_shape(g, rp_chance(&g->rng, 10) ? 512u : 96u, shape);
    uint32_t elements = 1;
    for (uint32_t d = 0; d < ndim; d++) {
        elements *= shape[d];
    }
    uint32_t memory = gen_add_memory(g, elements);
    uint32_t tensor = gen_add_tensor(g, memory, 0, ndim, shape);
    g->p->tensor[tensor].creator = (uint32_t)(op - g->p->op);
    rp_view view = rp_view_whole(g->p, tensor);
    rp_arg *arg = add_arg(g, op, SLIP_ACCESS_OUT, &view);
    if (rp_chance(&g->rng, written ? 30 : 50)) {
        arg->has_init = true;
        arg->reads = written;
        arg->init = (uint32_t)rp_next(&g->rng);
    }
    if (written || arg->has_init) {
        note_write(g, &view);
    }
    gen_ring *ring = gen_ring_now(g);
    ring->heap_bytes += (elements * 4u + 63u) / 64u * 64u;
    if (ring->heap_bytes > ring->most_heap_bytes) {
        ring->most_heap_bytes = ring->heap_bytes;
    }
    if (g->manual && g->allowed_count < sizeof(g->allowed) / sizeof(g->allowed[0])) {
        g->allowed[g->allowed_count] = tensor;
        g->allowed_count++;
    }
}

/* True if there is room for another tensor. */
static bool more_tensors(const gen *g)
{
    return g->p->tensor_count + 4u < RP_MAX_TENSORS;
}

/* Adds inputs. */
static void add_inputs(gen *g, rp_op *op, uint32_t count)
{
    rp_view view;
    for (uint32_t i = 0; i < count && op->arg_count + 4u < RP_MAX_ARGS; i++) {
        if (gen_pick_read(g, &view)) {
            (void)add_arg(g, op, SLIP_ACCESS_IN, &view);
        }
    }
}

/* Adds views that are written in place, or overwritten; sometimes an input is one of them too. */
static void add_updates(gen *g, rp_op *op, uint32_t count)
{
    rp_view view;
    for (uint32_t i = 0; i < count; i++) {
        if (!gen_pick_write(g, &view)) {
            continue;
        }
        rp_tensor *t = &g->p->tensor[view.tensor];
        bool known = rp_mask_all(&g->p->memory[t->memory].defined, &view);
        if (known && rp_chance(&g->rng, 8)) {
            (void)add_arg(g, op, SLIP_ACCESS_IN, &view);
        }
        bool update = known && rp_chance(&g->rng, 70);
        (void)add_arg(g, op, update ? SLIP_ACCESS_INOUT : SLIP_ACCESS_OUT_EXISTING, &view);
        t->used = t->used || update;
    }
}

/* Adds a tensor without tracking: one whose only writer is an explicit producer. */
static void add_nodep(gen *g, rp_op *op)
{
    uint32_t first = rp_below(&g->rng, g->p->tensor_count);
    for (uint32_t i = 0; i < g->p->tensor_count; i++) {
        uint32_t tensor = (first + i) % g->p->tensor_count;
        rp_tensor *t = &g->p->tensor[tensor];
        if (!t->alive || t->creator == RP_NONE || t->writers != 1u || t->writer != t->creator ||
            op->dep_count == RP_MAX_DEPS) {
            continue;
        }
        rp_view view = gen_view(g, tensor);
        if (!rp_mask_all(&g->p->memory[t->memory].defined, &view)) {
            continue;
        }
        t->frozen = true;
        t->used = true;
        rp_arg *arg = add_arg(g, op, SLIP_ACCESS_NONE, &view);
        arg->reads = true;
        add_dep(op, t->creator);
        return;
    }
}

/* True if the operation's scope is still open, so that its handle may be used. */
static bool handle_valid(const gen *g, const rp_op *op)
{
    for (uint32_t d = 0; d <= g->depth; d++) {
        if (g->scope[d].serial == op->scope) {
            return true;
        }
    }
    return false;
}

/* True if two operations touch a common element and one writes it. */
static bool conflict(const gen *g, const rp_op *a, const rp_op *b)
{
    for (uint32_t i = 0; i < a->arg_count; i++) {
        const rp_arg *x = &g->p->pool[a->first_arg + i];
        rp_mask mask;
        memset(&mask, 0, sizeof(mask));
        rp_mask_add(&mask, &x->view);
        for (uint32_t j = 0; j < b->arg_count; j++) {
            const rp_arg *y = &g->p->pool[b->first_arg + j];
            bool writes = x->access >= SLIP_ACCESS_OUT || y->access >= SLIP_ACCESS_OUT;
            if (writes &&
                g->p->tensor[x->view.tensor].memory == g->p->tensor[y->view.tensor].memory &&
                rp_mask_any(&mask, &y->view)) {
                return true;
            }
        }
    }
    return false;
}

/* Adds the explicit edges of a task: all that a manual one needs, or a few needless ones. */
static void add_deps(gen *g, rp_op *op)
{
    uint32_t self = (uint32_t)(op - g->p->op);
    if (g->manual) {
        add_dep(op, g->join);
        for (uint32_t i = g->join + 1u; i < self; i++) {
            if (g->p->op[i].kind == RP_TASK && conflict(g, &g->p->op[i], op)) {
                add_dep(op, i);
            }
        }
        return;
    }
    for (uint32_t i = 0; i < 3 && self > 0 && rp_chance(&g->rng, 6); i++) {
        uint32_t other = rp_below(&g->rng, self);
        if (g->p->op[other].kind == RP_TASK && handle_valid(g, &g->p->op[other])) {
            add_dep(op, other);
        }
    }
}

/* An ordinary task on one core. */
uint32_t gen_task(gen *g)
{
    rp_op *op = add_task(g, rp_chance(&g->rng, 50) ? SLIP_TASK_AIV : SLIP_TASK_AIC);
    bool many = rp_chance(&g->rng, 4);
    if (!g->manual && rp_chance(&g->rng, 10)) {
        add_nodep(g, op);
    }
    add_inputs(g, op, many ? rp_between(&g->rng, 6, 14) : rp_below(&g->rng, 4));
    uint32_t outputs = more_tensors(g) && rp_chance(&g->rng, 35) ? rp_between(&g->rng, 1, 2) : 0;
    add_updates(g, op, outputs == 0 || rp_chance(&g->rng, 30) ? rp_between(&g->rng, 1, 2) : 0);
    note_updates(g, op);
    for (uint32_t i = 0; i < outputs; i++) {
        add_output(g, op, true);
    }
    add_deps(g, op);
    return (uint32_t)(op - g->p->op);
}

/* Removes arguments of a mixed task that its lanes could not share: lanes run at once. */
static void keep_apart(gen *g, rp_op *op)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const rp_arg *x = &g->p->pool[op->first_arg + i];
        bool apart = true;
        rp_mask mask;
        memset(&mask, 0, sizeof(mask));
        rp_mask_add(&mask, &x->view);
        for (uint32_t j = 0; j < kept; j++) {
            const rp_arg *y = &g->p->pool[op->first_arg + j];
            bool writes = x->access >= SLIP_ACCESS_OUT || y->access >= SLIP_ACCESS_OUT;
            if (writes &&
                g->p->tensor[x->view.tensor].memory == g->p->tensor[y->view.tensor].memory &&
                rp_mask_any(&mask, &y->view)) {
                apart = false;
            }
        }
        if (apart) {
            g->p->pool[op->first_arg + kept] = *x;
            kept++;
        }
    }
    op->arg_count = kept;
    g->p->pool_count = op->first_arg + kept;
}

/* A task on a whole cluster. */
uint32_t gen_mixed(gen *g)
{
    rp_op *op = add_task(g, SLIP_TASK_MIXED);
    rp_view view;
    for (uint32_t i = 0; i < 2; i++) {
        if (gen_pick_write(g, &view)) {
            const rp_tensor *t = &g->p->tensor[view.tensor];
            bool known = rp_mask_all(&g->p->memory[t->memory].defined, &view);
            (void)add_arg(g, op, known ? SLIP_ACCESS_INOUT : SLIP_ACCESS_OUT_EXISTING, &view);
        }
    }
    add_inputs(g, op, rp_below(&g->rng, 3));
    keep_apart(g, op);
    note_updates(g, op);
    if (more_tensors(g) && rp_chance(&g->rng, 30)) {
        add_output(g, op, true);
    }
    add_deps(g, op);
    return (uint32_t)(op - g->p->op);
}

/* Memory without a kernel, sometimes with an initial value; else its tiles are written later. */
uint32_t gen_alloc(gen *g)
{
    rp_op *op = add_task(g, SLIP_TASK_DUMMY);
    if (more_tensors(g)) {
        add_output(g, op, false);
    }
    add_deps(g, op);
    return (uint32_t)(op - g->p->op);
}

/* A task without a kernel over a few inputs. */
uint32_t gen_join(gen *g)
{
    rp_op *op = add_task(g, SLIP_TASK_DUMMY);
    add_inputs(g, op, rp_between(&g->rng, 1, 6));
    add_deps(g, op);
    return (uint32_t)(op - g->p->op);
}

/* Makes a heap output visible: reads it into a run argument. */
uint32_t gen_sink(gen *g, uint32_t tensor)
{
    rp_op *op = add_task(g, SLIP_TASK_AIV);
    rp_view view = rp_view_whole(g->p, tensor);
    (void)add_arg(g, op, SLIP_ACCESS_IN, &view);
    view = gen_view(g, 0);
    (void)add_arg(g, op, SLIP_ACCESS_INOUT, &view);
    note_write(g, &view);
    g->p->tensor[tensor].used = true;
    return (uint32_t)(op - g->p->op);
}

/* Orders a manual block after everything that touched its tensors. */
uint32_t gen_block_join(gen *g)
{
    rp_op *op = add_task(g, SLIP_TASK_DUMMY);
    for (uint32_t i = 0; i < g->allowed_count; i++) {
        rp_view view = rp_view_whole(g->p, g->allowed[i]);
        const rp_tensor *t = &g->p->tensor[g->allowed[i]];
        (void)add_arg(g, op, t->read_only || t->frozen ? SLIP_ACCESS_IN : SLIP_ACCESS_INOUT, &view);
    }
    return (uint32_t)(op - g->p->op);
}

/* A random element of a view. */
static void pick_element(gen *g, rp_op *op, const rp_view *view)
{
    for (uint32_t d = 0; d < view->ndim; d++) {
        op->index[d] = rp_below(&g->rng, view->shape[d]);
    }
}

/* Reads an element into later scalars. */
void gen_get(gen *g)
{
    rp_view view;
    if (gen_pick_read(g, &view)) {
        rp_op *op = gen_add_op(g, RP_GET);
        (void)add_arg(g, op, SLIP_ACCESS_IN, &view);
        pick_element(g, op, &view);
        g->latest_get = (uint32_t)(op - g->p->op);
    }
}

/* Sets an element. */
void gen_set(gen *g)
{
    rp_view view;
    if (gen_pick_write(g, &view)) {
        rp_op *op = gen_add_op(g, RP_SET);
        (void)add_arg(g, op, SLIP_ACCESS_INOUT, &view);
        pick_element(g, op, &view);
        op->bits = (uint32_t)rp_next(&g->rng);
        uint32_t at = rp_view_at(&view, op->index);
        rp_tensor *t = &g->p->tensor[view.tensor];
        g->p->memory[t->memory].defined.word[at / 64u] |= UINT64_C(1) << (at % 64u);
        t->writers++;
        t->writer = g->p->op_count - 1u;
    }
}
