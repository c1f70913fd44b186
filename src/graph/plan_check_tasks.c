/*
 * plan_check_tasks.c - the tasks of a plan with their edges and arguments; see plan.h. Any thread.
 *
 * The tables are checked already. Tasks are taken in their order, so that everything of them
 * follows what came before without a gap, and every producer is known before its consumer.
 */
#include "base/check.h"
#include "graph/plan_check_int.h"

/* How much of each section the tasks before have taken. */
typedef struct taken {
    uint64_t edges;
    uint64_t args;
    uint64_t scalars;
    uint64_t roots;
    uint64_t depth;
} taken;

/* Checks that a task's part of a section follows what came before and lies inside. */
static bool check_part(const slipi_plan_checker *c, const uint32_t *first, uint64_t count,
                       uint32_t section, uint64_t *inout_taken)
{
    uint64_t total = slipi_plan_count(c->plan, section);
    if (*first != *inout_taken || count > total - *inout_taken) {
        return slipi_plan_wrong(c, first,
                                "a task has %llu elements of section %u from %u on, "
                                "wanted from %llu on to at most %llu",
                                (unsigned long long)count, section, *first,
                                (unsigned long long)*inout_taken, (unsigned long long)total);
    }
    *inout_taken += count;
    return true;
}

/* Checks the kernels of a task's lanes, and counts them. */
static bool check_lanes(const slipi_plan_checker *c, const slipi_plan_task *task)
{
    const slipi_plan_kernel *kernels = slipi_plan_kernels(c->plan);
    uint32_t lanes = task->shape == SLIP_TASK_DUMMY ? 0 : task->shape == SLIP_TASK_MIXED ? 3 : 1;
    for (uint32_t lane = 0; lane < 3; lane++) {
        const uint16_t *kernel = &task->kernel[lane];
        uint32_t core = task->shape == SLIP_TASK_AIV || lane != 0 ? SLIP_AIV : SLIP_AIC;
        if (lane >= lanes) {
            if (*kernel != 0) {
                return slipi_plan_wrong(c, kernel,
                                        "kernel %u of lane %u, which a task of shape %u "
                                        "has not",
                                        *kernel, lane, task->shape);
            }
            continue;
        }
        if (*kernel >= slipi_plan_count(c->plan, SLIPI_PLAN_KERNELS) ||
            kernels[*kernel].core_type != core) {
            return slipi_plan_wrong(c, kernel,
                                    "lane %u of a task of shape %u runs kernel %u, "
                                    "wanted one for %s",
                                    lane, task->shape, *kernel, core == SLIP_AIC ? "AIC" : "AIV");
        }
        c->uses[*kernel]++;
    }
    return true;
}

/* Checks the producers of a task, and finds its place on the longest path. */
static bool check_edges(const slipi_plan_checker *c, uint32_t index, taken *t)
{
    const slipi_plan_task *task = &slipi_plan_tasks(c->plan)[index];
    const slipi_plan_edge *edges = slipi_plan_edges(c->plan) + task->first_edge;
    uint32_t next = 0; /* least producer that may follow */
    c->longest[index] = 1;
    for (uint32_t e = 0; e < task->edge_count; e++) {
        uint32_t producer = slipi_plan_producer(edges[e]);
        if (producer < next || producer >= index) {
            return slipi_plan_wrong(c, &edges[e],
                                    "task %u waits for task %u, wanted one from %u "
                                    "to below itself",
                                    index, producer, next);
        }
        if (c->longest[producer] >= c->longest[index]) {
            c->longest[index] = c->longest[producer] + 1;
        }
        next = producer + 1;
    }
    t->roots += task->edge_count == 0 ? 1 : 0;
    t->depth = c->longest[index] > t->depth ? c->longest[index] : t->depth;
    return true;
}

/* *out_below, *out_end = bytes in front of a tensor's first element, and to the end of its last
 * one; false if they do not fit 64 bits. */
static bool tensor_span(const slipi_plan_geometry *g, uint64_t *out_below, uint64_t *out_end)
{
    uint64_t bytes = slip_dtype_bytes(g->dtype);
    uint64_t below = 0;
    uint64_t above = 1;
    for (uint32_t d = 0; d < g->ndim; d++) {
        bool back = g->stride[d] < 0;
        uint64_t stride = (uint64_t)(back ? -(int64_t)g->stride[d] : g->stride[d]);
        uint64_t *side = back ? &below : &above;
        uint64_t steps = g->shape[d] - 1u;
        if (!slipi_mul_u64(steps, stride, &steps) || !slipi_add_u64(*side, steps, side)) {
            return false;
        }
    }
    return slipi_mul_u64(below, bytes, out_below) && slipi_mul_u64(above, bytes, out_end);
}

/* Checks that a tensor, and its root, lie inside a buffer at `base` of its binding. */
static bool check_inside(const slipi_plan_checker *c, const slipi_plan_arg *arg, uint64_t base,
                         uint64_t bytes)
{
    const slipi_plan_geometry *g = &slipi_plan_geometries(c->plan)[arg->geometry];
    uint64_t below;
    uint64_t end;
    if (arg->offset < base || !tensor_span(g, &below, &end) || arg->offset - base < below ||
        !slipi_add_u64(arg->offset - base, end, &end) || end > bytes) {
        return slipi_plan_wrong(c, &arg->offset,
                                "a tensor at byte %llu leaves its buffer of %llu "
                                "bytes at %llu",
                                (unsigned long long)arg->offset, (unsigned long long)bytes,
                                (unsigned long long)base);
    }
    uint64_t root = 0;
    if ((g->root_ndim != 0 &&
         !slipi_plan_tensor_bytes(g->root_shape, g->root_ndim, g->dtype, &root)) ||
        !slipi_add_u64(arg->root_offset, root, &root) || root > bytes) {
        return slipi_plan_wrong(c, &arg->root_offset,
                                "a tensor's root at byte %llu of its buffer "
                                "leaves the buffer's %llu bytes",
                                (unsigned long long)arg->root_offset, (unsigned long long)bytes);
    }
    return true;
}

/* Checks a tensor in the graph's heap. */
static bool check_heap_arg(const slipi_plan_checker *c, const slipi_plan_arg *arg, uint32_t task)
{
    if (arg->buffer >= slipi_plan_count(c->plan, SLIPI_PLAN_BUFFERS)) {
        return slipi_plan_wrong(c, &arg->buffer, "a tensor in buffer %u of %llu", arg->buffer,
                                (unsigned long long)slipi_plan_count(c->plan, SLIPI_PLAN_BUFFERS));
    }
    const slipi_plan_buffer *buffer = &slipi_plan_buffers(c->plan)[arg->buffer];
    bool made = arg->access == SLIP_ACCESS_OUT;
    if (made ? buffer->task != task : buffer->task >= task) {
        return slipi_plan_wrong(c, &arg->buffer, "task %u %s buffer %u, which task %u makes", task,
                                made ? "makes" : "uses", arg->buffer, buffer->task);
    }
    return check_inside(c, arg, buffer->offset, buffer->bytes);
}

/* Checks a tensor in a run argument. */
static bool check_param_arg(const slipi_plan_checker *c, const slipi_plan_arg *arg)
{
    uint64_t first = (uint64_t)arg->binding - SLIPI_PLAN_BIND_ARGS; /* below: wraps, too far */
    if (first >= slipi_plan_count(c->plan, SLIPI_PLAN_PARAMS) ||
        slipi_plan_bindings(c->plan)[first] == 0) {
        return slipi_plan_wrong(c, &arg->binding, "a tensor in binding %u, which has no bytes",
                                arg->binding);
    }
    if (arg->buffer != first) {
        return slipi_plan_wrong(c, &arg->buffer, "a tensor in binding %u and buffer %u",
                                arg->binding, arg->buffer);
    }
    bool writes = arg->access == SLIP_ACCESS_INOUT || arg->access == SLIP_ACCESS_OUT_EXISTING;
    if (arg->access == SLIP_ACCESS_OUT ||
        (writes && slipi_plan_params(c->plan)[first].written == 0)) {
        return slipi_plan_wrong(c, &arg->access,
                                "access %u of a tensor in parameter %u, which is "
                                "only read",
                                arg->access, arg->buffer);
    }
    return check_inside(c, arg, 0, slipi_plan_bindings(c->plan)[first]);
}

/* Checks the tensors of a task. */
static bool check_args(const slipi_plan_checker *c, uint32_t index)
{
    const slipi_plan_task *task = &slipi_plan_tasks(c->plan)[index];
    for (uint32_t i = 0; i < task->arg_count; i++) {
        const slipi_plan_arg *arg = &slipi_plan_args(c->plan)[task->first_arg + i];
        if (arg->geometry >= slipi_plan_count(c->plan, SLIPI_PLAN_GEOMETRIES)) {
            return slipi_plan_wrong(
                c, &arg->geometry, "geometry %u of %llu", arg->geometry,
                (unsigned long long)slipi_plan_count(c->plan, SLIPI_PLAN_GEOMETRIES));
        }
        if (arg->access > SLIP_ACCESS_OUT_EXISTING) {
            return slipi_plan_wrong(c, &arg->access, "access %u of a tensor", arg->access);
        }
        if (!slipi_plan_zero(c, arg->reserved, sizeof arg->reserved, "reserved of a tensor")) {
            return false;
        }
        bool good = arg->binding == SLIPI_PLAN_BIND_HEAP ? check_heap_arg(c, arg, index)
                                                         : check_param_arg(c, arg);
        if (!good) {
            return false;
        }
    }
    return true;
}

/* Checks one task. */
static bool check_task(const slipi_plan_checker *c, uint32_t index, taken *t)
{
    const slipi_plan_task *task = &slipi_plan_tasks(c->plan)[index];
    if (task->shape > SLIP_TASK_DUMMY) {
        return slipi_plan_wrong(c, &task->shape, "task %u has shape %u", index, task->shape);
    }
    if (task->manual > 1 || task->depth >= SLIP_MAX_SCOPE_DEPTH) {
        return slipi_plan_wrong(c, &task->manual, "task %u: manual scope %u, depth %u of %u", index,
                                task->manual, task->depth, SLIP_MAX_SCOPE_DEPTH);
    }
    if ((uint32_t)task->arg_count + task->scalar_count > SLIP_MAX_TASK_ARGS) {
        return slipi_plan_wrong(c, &task->arg_count,
                                "task %u has %u tensors and %u scalars, at "
                                "most %u together",
                                index, task->arg_count, task->scalar_count, SLIP_MAX_TASK_ARGS);
    }
    return check_part(c, &task->first_edge, task->edge_count, SLIPI_PLAN_EDGES, &t->edges) &&
           check_part(c, &task->first_arg, task->arg_count, SLIPI_PLAN_ARGS, &t->args) &&
           check_part(c, &task->first_scalar, task->scalar_count, SLIPI_PLAN_SCALARS,
                      &t->scalars) &&
           check_lanes(c, task) && check_edges(c, index, t) && check_args(c, index);
}

/* Checks that the tasks have used a section, or a table, up. */
static bool check_total(const slipi_plan_checker *c, const void *at, const char *what,
                        uint64_t found, uint64_t said)
{
    return found == said ||
           slipi_plan_wrong(c, at, "%s: the tasks have %llu, the graph says %llu", what,
                            (unsigned long long)found, (unsigned long long)said);
}

bool slipi_plan_check_tasks(const slipi_plan_checker *c)
{
    const slipi_plan *plan = c->plan;
    const slipi_plan_section *section = plan->section;
    taken t = {0, 0, 0, 0, 0};
    for (uint32_t i = 0; i < section[SLIPI_PLAN_TASKS].count; i++) {
        if (!check_task(c, i, &t)) {
            return false;
        }
    }
    for (uint64_t k = 0; k < section[SLIPI_PLAN_KERNELS].count; k++) {
        const uint32_t *uses = &slipi_plan_kernels(plan)[k].uses;
        if (!check_total(c, uses, "uses of a kernel", c->uses[k], *uses)) {
            return false;
        }
    }
    return check_total(c, &section[SLIPI_PLAN_EDGES], "edges", t.edges,
                       section[SLIPI_PLAN_EDGES].count) &&
           check_total(c, &section[SLIPI_PLAN_ARGS], "tensors", t.args,
                       section[SLIPI_PLAN_ARGS].count) &&
           check_total(c, &section[SLIPI_PLAN_SCALARS], "scalars", t.scalars,
                       section[SLIPI_PLAN_SCALARS].count) &&
           check_total(c, &plan->depth, "longest path", t.depth, plan->depth) &&
           check_total(c, &plan->roots, "tasks without a producer", t.roots, plan->roots);
}
