/* plan_compare.c - the first difference between two plans, for the checked mode; see recorder.h. */
#include <stdio.h>
#include <string.h>

#include "graph/recorder.h"

/* Two plans and where what differs is described. */
typedef struct comparison {
    const slipi_plan *a;
    const slipi_plan *b;
    slipi_plan_difference *out;
} comparison;

/* Compares one number; describes it if it differs. */
static bool same(const comparison *c, const char *what, uint64_t a, uint64_t b)
{
    if (a != b) {
        (void)snprintf(c->out->what, sizeof c->out->what, "%s was %llu and is %llu", what,
                       (unsigned long long)a, (unsigned long long)b);
    }
    return a == b;
}

/* Compares a numbered field of a task. */
static bool same_in(const comparison *c, const char *what, uint32_t index, const uint64_t value[2])
{
    char name[64];
    if (value[0] == value[1]) {
        return true;
    }
    (void)snprintf(name, sizeof name, "%s %u", what, index);
    return same(c, name, value[0], value[1]);
}

/* Compares the geometries of two arguments. */
static bool same_geometry(const comparison *c, uint32_t i, uint32_t a, uint32_t b)
{
    const slipi_plan_geometry *x = &slipi_plan_geometries(c->a)[a];
    const slipi_plan_geometry *y = &slipi_plan_geometries(c->b)[b];
    if (memcmp(x, y, sizeof *x) == 0) {
        return true;
    }
    (void)snprintf(c->out->what, sizeof c->out->what,
                   "tensor %u had type %u, %u dimensions of %u x %u ... and has type %u, %u of "
                   "%u x %u ...",
                   i, x->dtype, x->ndim, x->shape[0], x->shape[1], y->dtype, y->ndim, y->shape[0],
                   y->shape[1]);
    return false;
}

/* Compares the tensors of a task. */
static bool same_tensors(const comparison *c, const slipi_plan_task *x, const slipi_plan_task *y)
{
    for (uint32_t i = 0; i < x->arg_count; i++) {
        const slipi_plan_arg *p = &slipi_plan_args(c->a)[x->first_arg + i];
        const slipi_plan_arg *q = &slipi_plan_args(c->b)[y->first_arg + i];
        if (!same_in(c, "access of tensor", i, (uint64_t[2]){p->access, q->access}) ||
            !same_in(c, "binding of tensor", i, (uint64_t[2]){p->binding, q->binding}) ||
            !same_in(c, "offset of tensor", i, (uint64_t[2]){p->offset, q->offset}) ||
            !same_in(c, "buffer of tensor", i, (uint64_t[2]){p->buffer, q->buffer}) ||
            !same_in(c, "root of tensor", i, (uint64_t[2]){p->root_offset, q->root_offset}) ||
            !same_geometry(c, i, p->geometry, q->geometry)) {
            return false;
        }
    }
    return true;
}

/* The parameter that a scalar follows, + 1; 0 if none. Patches ascend by scalar. */
static uint64_t followed(const slipi_plan *plan, uint32_t scalar)
{
    const slipi_plan_patch *patches = slipi_plan_patches(plan);
    uint64_t low = 0;
    uint64_t high = slipi_plan_count(plan, SLIPI_PLAN_PATCHES);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (patches[middle].scalar == scalar) {
            return (uint64_t)patches[middle].param + 1;
        }
        if (patches[middle].scalar < scalar) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return 0;
}

/* Compares the scalars of a task: what they follow, or their values. */
static bool same_scalars(const comparison *c, const slipi_plan_task *x, const slipi_plan_task *y)
{
    for (uint32_t i = 0; i < x->scalar_count; i++) {
        uint64_t p = followed(c->a, x->first_scalar + i);
        uint64_t q = followed(c->b, y->first_scalar + i);
        if (!same_in(c, "argument + 1 behind scalar", i, (uint64_t[2]){p, q})) {
            return false;
        }
        uint64_t a = slipi_plan_scalars(c->a)[x->first_scalar + i];
        uint64_t b = slipi_plan_scalars(c->b)[y->first_scalar + i];
        if (p == 0 && !same_in(c, "scalar", i, (uint64_t[2]){a, b})) {
            return false;
        }
    }
    return true;
}

/* Compares one task. */
static bool same_task(const comparison *c, uint64_t index)
{
    const slipi_plan_task *x = &slipi_plan_tasks(c->a)[index];
    const slipi_plan_task *y = &slipi_plan_tasks(c->b)[index];
    if (!same(c, "shape", x->shape, y->shape) || !same(c, "manual scope", x->manual, y->manual) ||
        !same(c, "scope depth", x->depth, y->depth) ||
        !same(c, "number of tensors", x->arg_count, y->arg_count) ||
        !same(c, "number of scalars", x->scalar_count, y->scalar_count)) {
        return false;
    }
    uint32_t lanes = x->shape == SLIP_TASK_DUMMY ? 0 : x->shape == SLIP_TASK_MIXED ? 3 : 1;
    for (uint32_t l = 0; l < lanes; l++) {
        uint64_t kernels[2] = {slipi_plan_kernels(c->a)[x->kernel[l]].index,
                               slipi_plan_kernels(c->b)[y->kernel[l]].index};
        if (!same_in(c, "kernel of lane", l, kernels)) {
            return false;
        }
    }
    if (!same_tensors(c, x, y) || !same_scalars(c, x, y) ||
        !same(c, "number of producers", x->edge_count, y->edge_count)) {
        return false;
    }
    for (uint32_t e = 0; e < x->edge_count; e++) {
        slipi_plan_edge a = slipi_plan_edges(c->a)[x->first_edge + e];
        slipi_plan_edge b = slipi_plan_edges(c->b)[y->first_edge + e];
        uint64_t producers[2] = {slipi_plan_producer(a) + UINT64_C(1),
                                 slipi_plan_producer(b) + UINT64_C(1)};
        if (!same_in(c, "producer", e, producers)) {
            return false;
        }
    }
    return true;
}

bool slipi_plan_same(const slipi_plan *a, const slipi_plan *b, slipi_plan_difference *out)
{
    const comparison c = {a, b, out};
    memset(out, 0, sizeof *out);
    uint64_t count = slipi_plan_count(a, SLIPI_PLAN_TASKS);
    uint64_t other = slipi_plan_count(b, SLIPI_PLAN_TASKS);
    for (uint64_t i = 0; i < count && i < other; i++) {
        if (!same_task(&c, i)) {
            out->task = i + 1;
            return false;
        }
    }
    if (!same(&c, "number of tasks", count, other)) {
        out->task = (count < other ? count : other) + 1;
        return false;
    }
    uint64_t buffers = slipi_plan_count(a, SLIPI_PLAN_BUFFERS);
    for (uint64_t i = 0; i < buffers; i++) { /* as many in both: every buffer is a task's tensor */
        const slipi_plan_buffer *x = &slipi_plan_buffers(a)[i];
        const slipi_plan_buffer *y = &slipi_plan_buffers(b)[i];
        if (!same(&c, "initial value set", x->has_init, y->has_init) ||
            !same(&c, "initial value", x->bits, y->bits)) {
            out->task = (uint64_t)x->task + 1;
            return false;
        }
    }
    return true;
}
