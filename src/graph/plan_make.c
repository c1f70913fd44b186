/*
 * plan_make.c - from the record of an orchestration to a plan; see recorder.h. One thread.
 *
 * The audit record of the recording has tasks, regions and edges in order of submission; scalars
 * lie in the slots; the recorder's notes say which scalars follow a parameter and which buffers are
 * to be filled. Everything is counted first, so that the plan is allocated once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/recorder_int.h"

typedef struct maker {
    const slipi_builder *b;
    const slipi_graph_spec *spec;
    const slipi_notes *notes;
    const slipi_audit_header *audit;
    uint64_t count[SLIPI_PLAN_SECTIONS];
    uint64_t heap_bytes;
    slipi_plan_geometry *geometries;
    uint32_t *geometry_table; /* hash: index + 1; 0 = free */
    uint64_t geometry_mask;
    uint32_t *buffers[SLIPI_RINGS]; /* plan's index + 1 of a ring's buffer at a position */
    uint64_t *buffer_at;            /* where a buffer of the plan was in the recording's heap */
    uint32_t *kernels;              /* plan's index + 1 of a program's kernel */
    uint32_t *depth;                /* of each task: tasks on the longest path that ends there */
    slipi_plan *plan;
} maker;

/* The record after `record`, or the first one; null at the end. */
static const slipi_audit_head *next_record(const maker *m, const slipi_audit_head *record)
{
    const uint8_t *first = (const uint8_t *)(m->audit + 1);
    const uint8_t *next = record == NULL ? first : (const uint8_t *)record + record->bytes;
    return next < first + m->audit->used ? (const slipi_audit_head *)(const void *)next : NULL;
}

/* The tensors behind a task's record. */
static const slipi_audit_arg *args_of(const slipi_audit_task *task)
{
    return (const slipi_audit_arg *)(const void *)(task + 1);
}

/* Lanes of a shape: the kernels that a task has. */
static uint32_t lanes_of(uint32_t shape)
{
    return shape == SLIP_TASK_DUMMY ? 0 : shape == SLIP_TASK_MIXED ? 3 : 1;
}

/* Counts what one task needs. */
static void count_task(maker *m, const slipi_audit_task *task)
{
    const slipi_audit_arg *args = args_of(task);
    m->count[SLIPI_PLAN_TASKS]++;
    m->count[SLIPI_PLAN_ARGS] += task->arg_count;
    m->count[SLIPI_PLAN_SCALARS] += slipi_slot_of(&m->b->worker.at, task->task)->scalar_count;
    for (uint32_t i = 0; i < task->arg_count; i++) {
        m->count[SLIPI_PLAN_BUFFERS] += args[i].tensor.access == SLIP_ACCESS_OUT ? 1 : 0;
    }
    for (uint32_t lane = 0; lane < lanes_of(task->shape); lane++) {
        uint32_t *known = &m->kernels[task->kernel[lane]];
        if (*known == 0) {
            *known = (uint32_t)++m->count[SLIPI_PLAN_KERNELS];
        }
    }
}

/* Bytes of a name with its end. */
static uint64_t name_bytes(const char *name)
{
    return (name != NULL ? strlen(name) : 0) + 1;
}

/* Counts everything but geometries. */
static void count_all(maker *m)
{
    const slip_program *program = m->spec->program;
    for (const slipi_audit_head *r = next_record(m, NULL); r != NULL; r = next_record(m, r)) {
        if (r->kind == SLIPI_AUDIT_TASK) {
            count_task(m, (const slipi_audit_task *)(const void *)r);
        } else if (r->kind == SLIPI_AUDIT_EDGE) {
            m->count[SLIPI_PLAN_EDGES]++;
        }
    }
    m->count[SLIPI_PLAN_PATCHES] = m->notes->follow_count;
    m->count[SLIPI_PLAN_PARAMS] = m->spec->arg_count;
    m->count[SLIPI_PLAN_BINDINGS] = m->spec->arg_count;
    m->count[SLIPI_PLAN_NAMES] = name_bytes(program->name);
    for (uint32_t i = 0; i < m->spec->arg_count; i++) {
        m->count[SLIPI_PLAN_NAMES] += name_bytes(program->params[i].name);
    }
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        m->count[SLIPI_PLAN_NAMES] += m->kernels[k] != 0 ? name_bytes(program->kernels[k].name) : 0;
    }
}

/* The geometry of a tensor, the same index for the same one. */
static uint32_t intern(maker *m, const slipi_audit_arg *arg)
{
    slipi_plan_geometry g;
    memset(&g, 0, sizeof g);
    g.dtype = arg->tensor.dtype;
    g.ndim = arg->tensor.ndim;
    g.root_ndim = (uint8_t)arg->root_ndim;
    for (uint32_t d = 0; d < SLIP_MAX_DIMS; d++) {
        g.shape[d] = d < g.ndim ? arg->tensor.shape[d] : 0;
        g.stride[d] = d < g.ndim ? arg->tensor.stride[d] : 0;
        g.root_shape[d] = d < g.root_ndim ? arg->root_shape[d] : 0;
    }
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 0; i < sizeof g; i++) {
        hash = (hash ^ ((const uint8_t *)&g)[i]) * UINT64_C(0x100000001b3);
    }
    for (uint64_t at = hash;; at++) {
        uint32_t *cell = &m->geometry_table[at & m->geometry_mask];
        if (*cell == 0) {
            *cell = (uint32_t)++m->count[SLIPI_PLAN_GEOMETRIES];
            m->geometries[*cell - 1] = g;
            return *cell - 1;
        }
        if (memcmp(&m->geometries[*cell - 1], &g, sizeof g) == 0) {
            return *cell - 1;
        }
    }
}

/* Finds every geometry, so that the plan's size is known. */
static void intern_all(maker *m)
{
    for (const slipi_audit_head *r = next_record(m, NULL); r != NULL; r = next_record(m, r)) {
        const slipi_audit_task *task = (const slipi_audit_task *)(const void *)r;
        for (uint32_t i = 0; r->kind == SLIPI_AUDIT_TASK && i < task->arg_count; i++) {
            (void)intern(m, &args_of(task)[i]);
        }
    }
}

/* Allocates what is needed on the way. */
static bool open_maker(maker *m)
{
    const slipi_runtime *rt = m->b->worker.at.rt;
    uint64_t table = 16;
    while (table < 2 * m->count[SLIPI_PLAN_ARGS]) {
        table *= 2;
    }
    m->geometry_mask = table - 1;
    m->geometry_table = calloc(table, sizeof *m->geometry_table);
    m->geometries = calloc(m->count[SLIPI_PLAN_ARGS] + 1, sizeof *m->geometries);
    m->buffer_at = calloc(m->count[SLIPI_PLAN_BUFFERS] + 1, sizeof *m->buffer_at);
    m->depth = calloc(m->count[SLIPI_PLAN_TASKS] + 1, sizeof *m->depth);
    bool good = m->geometry_table != NULL && m->geometries != NULL && m->buffer_at != NULL &&
                m->depth != NULL;
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        m->buffers[r] = calloc(rt->ring[r].buffers_head + 1, sizeof *m->buffers[r]);
        good = good && m->buffers[r] != NULL;
    }
    return good;
}

/* Frees it. */
static void close_maker(maker *m)
{
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        free(m->buffers[r]);
    }
    free(m->depth);
    free(m->buffer_at);
    free(m->geometries);
    free(m->geometry_table);
    free(m->kernels);
}

/* Allocates the plan and places its sections. */
static bool place_sections(maker *m)
{
    static const uint64_t element[SLIPI_PLAN_SECTIONS] = SLIPI_PLAN_ELEMENT_BYTES;
    slipi_plan header;
    memset(&header, 0, sizeof header);
    uint64_t at = sizeof header;
    for (uint32_t s = 0; s < SLIPI_PLAN_SECTIONS; s++) {
        header.section[s] = (slipi_plan_section){at, m->count[s]};
        at = (at + m->count[s] * element[s] + 7) & ~UINT64_C(7);
    }
    header.magic = SLIPI_PLAN_MAGIC;
    header.version = SLIPI_PLAN_VERSION;
    header.header_bytes = sizeof header;
    header.fingerprint = slipi_layout_fingerprint();
    header.bytes = at;
    header.flags = m->spec->orchestrated != 0 ? 0 : SLIPI_PLAN_BUILT;
    m->plan = calloc(1, at);
    if (m->plan != NULL) {
        *m->plan = header;
    }
    return m->plan != NULL;
}

/* A section of the plan that is being made. */
static void *section(const maker *m, uint32_t s)
{
    return (uint8_t *)m->plan + m->plan->section[s].offset;
}

/* The plan's index of the buffer behind a heap tensor of the recording. */
static uint32_t *buffer_of(const maker *m, uint64_t name)
{
    return &m->buffers[slipi_task_ring(name)][slipi_task_id(name) & ~SLIPI_BUFFER_HEAP];
}

/* Notes a new buffer: each one has its own place for the graph's life. */
static void make_buffer(maker *m, const slip_task_tensor *t, uint64_t task, uint32_t *inout_next)
{
    slipi_plan_buffer *buffer = (slipi_plan_buffer *)section(m, SLIPI_PLAN_BUFFERS) + *inout_next;
    m->buffer_at[*inout_next] = t->offset;
    buffer->offset = m->heap_bytes;
    buffer->bytes = (uint64_t)t->shape[0] * (uint32_t)t->stride[0] * slip_dtype_bytes(t->dtype);
    buffer->task = (uint32_t)task;
    buffer->elem_bytes = (uint8_t)slip_dtype_bytes(t->dtype);
    m->heap_bytes += (buffer->bytes + SLIPI_LINE - 1) & ~(uint64_t)(SLIPI_LINE - 1);
    *buffer_of(m, t->buffer) = ++*inout_next;
}

/* First parameter of the buffer that the recording's binding names. */
static uint32_t first_of(const maker *m, uint32_t binding)
{
    uint32_t first = 0;
    while (m->spec->args[first].kind != SLIP_PARAM_TENSOR ||
           m->spec->args[first].binding != binding) {
        first++;
    }
    return first;
}

/* Writes one tensor of a task. */
static void put_arg(maker *m, const slipi_audit_arg *from, slipi_plan_arg *to)
{
    to->geometry = intern(m, from);
    to->access = from->tensor.access;
    to->root_offset = from->root_offset;
    if (from->tensor.binding == SLIPI_BIND_HEAP) {
        to->buffer = *buffer_of(m, from->tensor.buffer) - 1;
        const slipi_plan_buffer *buffer =
            (const slipi_plan_buffer *)section(m, SLIPI_PLAN_BUFFERS) + to->buffer;
        to->binding = SLIPI_PLAN_BIND_HEAP;
        to->offset = from->tensor.offset - m->buffer_at[to->buffer] + buffer->offset;
    } else {
        to->buffer = first_of(m, from->tensor.binding);
        to->binding = SLIPI_PLAN_BIND_ARGS + to->buffer;
        to->offset = from->tensor.offset;
    }
}

/* Where the next element of each section goes. */
typedef struct cursor {
    uint32_t task;
    uint32_t edge;
    uint32_t arg;
    uint32_t scalar;
    uint32_t buffer;
    uint64_t follow;
} cursor;

/* Writes a task, its tensors, scalars and patches; edges follow. */
static void put_task(maker *m, const slipi_audit_task *from, cursor *c)
{
    const slipi_attached *at = &m->b->worker.at;
    const slipi_slot *slot = slipi_slot_of(at, from->task);
    slipi_plan_task *to = (slipi_plan_task *)section(m, SLIPI_PLAN_TASKS) + c->task;
    slipi_plan_kernel *kernels = section(m, SLIPI_PLAN_KERNELS);
    slipi_plan_patch *patches = section(m, SLIPI_PLAN_PATCHES);
    slipi_plan_arg *args = (slipi_plan_arg *)section(m, SLIPI_PLAN_ARGS) + c->arg;
    *to = (slipi_plan_task){c->edge,
                            0,
                            c->arg,
                            c->scalar,
                            (uint16_t)from->arg_count,
                            slot->scalar_count,
                            {0, 0, 0},
                            from->shape,
                            from->manual,
                            from->depth};
    for (uint32_t lane = 0; lane < lanes_of(from->shape); lane++) {
        to->kernel[lane] = (uint16_t)(m->kernels[from->kernel[lane]] - 1);
        kernels[to->kernel[lane]].uses++;
    }
    for (uint32_t i = 0; i < from->arg_count; i++) {
        if (args_of(from)[i].tensor.access == SLIP_ACCESS_OUT) {
            make_buffer(m, &args_of(from)[i].tensor, c->task, &c->buffer);
        }
        put_arg(m, &args_of(from)[i], &args[i]);
    }
    memcpy((uint64_t *)section(m, SLIPI_PLAN_SCALARS) + c->scalar, slipi_scalars_of(at, slot),
           slot->scalar_count * sizeof(uint64_t));
    while (c->follow < m->notes->follow_count &&
           m->notes->follows[c->follow].submission == from->submission) {
        const slipi_note_follow *note = &m->notes->follows[c->follow];
        patches[c->follow++] = (slipi_plan_patch){c->scalar + note->index, note->param};
    }
    m->depth[c->task] = 1;
    c->task++;
    c->arg += from->arg_count;
    c->scalar += slot->scalar_count;
}

/* Adds a producer to the last task, ascending. */
static void put_edge(maker *m, const slipi_audit_edge *from, cursor *c)
{
    slipi_plan_task *task = (slipi_plan_task *)section(m, SLIPI_PLAN_TASKS) + (c->task - 1);
    slipi_plan_edge *edges = (slipi_plan_edge *)section(m, SLIPI_PLAN_EDGES) + task->first_edge;
    uint32_t producer = (uint32_t)from->producer - 1;
    bool named = (from->flags & SLIPI_AUDIT_EDGE_EXPLICIT) != 0;
    uint32_t i = task->edge_count++;
    for (; i > 0 && slipi_plan_producer(edges[i - 1]) > producer; i--) {
        edges[i] = edges[i - 1];
    }
    edges[i] = producer | (named ? SLIPI_PLAN_EDGE_EXPLICIT : 0);
    c->edge++;
    if (m->depth[producer] >= m->depth[c->task - 1]) {
        m->depth[c->task - 1] = m->depth[producer] + 1;
    }
}

/* Puts a name behind the others and returns its offset. */
static uint32_t put_name(maker *m, const char *name, uint32_t *inout_at)
{
    uint32_t at = *inout_at;
    uint32_t bytes = (uint32_t)name_bytes(name);
    memcpy((char *)section(m, SLIPI_PLAN_NAMES) + at, name != NULL ? name : "", bytes);
    *inout_at += bytes;
    return at;
}

/* Writes parameters, their buffers, kernels and names. */
static void put_tables(maker *m)
{
    const slip_program *program = m->spec->program;
    slipi_plan_param *params = section(m, SLIPI_PLAN_PARAMS);
    slipi_plan_binding *bindings = section(m, SLIPI_PLAN_BINDINGS);
    slipi_plan_kernel *kernels = section(m, SLIPI_PLAN_KERNELS);
    uint32_t names = 0;
    m->plan->program = put_name(m, program->name, &names);
    for (uint32_t i = 0; i < m->spec->arg_count; i++) {
        const slipi_launch_arg *from = &m->spec->args[i];
        slipi_plan_param *to = &params[i];
        to->kind = from->kind;
        to->name = put_name(m, program->params[i].name, &names);
        if (from->kind != SLIP_PARAM_TENSOR) {
            to->scalar = from->scalar;
            to->flags = m->notes->read[i] != 0 ? SLIPI_PLAN_PARAM_READ : 0;
            continue;
        }
        to->access = from->access;
        to->dtype = from->dtype;
        to->ndim = from->ndim;
        to->offset = from->offset;
        to->written = from->written;
        memcpy(to->shape, from->shape, from->ndim * sizeof to->shape[0]);
        uint32_t first = first_of(m, from->binding);
        to->binding = SLIPI_PLAN_BIND_ARGS + first;
        bindings[first] = m->spec->bindings[from->binding].bytes;
    }
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        if (m->kernels[k] != 0) {
            slipi_plan_kernel *to = &kernels[m->kernels[k] - 1];
            to->name = put_name(m, program->kernels[k].name, &names);
            to->index = (uint16_t)k;
            to->core_type = (uint8_t)program->kernels[k].core_type;
        }
    }
}

/* Writes everything into the placed plan. */
static void fill_plan(maker *m)
{
    cursor c;
    memset(&c, 0, sizeof c);
    for (const slipi_audit_head *r = next_record(m, NULL); r != NULL; r = next_record(m, r)) {
        if (r->kind == SLIPI_AUDIT_TASK) {
            put_task(m, (const slipi_audit_task *)(const void *)r, &c);
        } else if (r->kind == SLIPI_AUDIT_EDGE) {
            put_edge(m, (const slipi_audit_edge *)(const void *)r, &c);
        }
    }
    slipi_plan_buffer *buffers = section(m, SLIPI_PLAN_BUFFERS);
    for (uint64_t i = 0; i < m->notes->fill_count; i++) {
        slipi_plan_buffer *buffer = &buffers[*buffer_of(m, m->notes->fills[i].buffer) - 1];
        buffer->has_init = 1;
        buffer->bits = m->notes->fills[i].bits;
    }
    memcpy(section(m, SLIPI_PLAN_GEOMETRIES), m->geometries,
           m->count[SLIPI_PLAN_GEOMETRIES] * sizeof *m->geometries);
    put_tables(m);
    m->plan->heap_bytes = m->heap_bytes;
    const slipi_plan_task *tasks = section(m, SLIPI_PLAN_TASKS);
    for (uint64_t i = 0; i < m->count[SLIPI_PLAN_TASKS]; i++) {
        m->plan->roots += tasks[i].edge_count == 0 ? 1 : 0;
        m->plan->depth = m->depth[i] > m->plan->depth ? m->depth[i] : m->plan->depth;
    }
}

slip_status slipi_plan_make(const slipi_builder *b, const slipi_graph_spec *spec,
                            const slipi_notes *notes, slipi_plan **out)
{
    maker m;
    memset(&m, 0, sizeof m);
    m.b = b;
    m.spec = spec;
    m.notes = notes;
    m.audit = b->o.audit;
    m.kernels = calloc(spec->program->kernel_count + 1, sizeof *m.kernels);
    bool good = m.kernels != NULL;
    if (good) {
        count_all(&m);
        good = open_maker(&m);
    }
    if (good) {
        intern_all(&m);
        good = place_sections(&m);
    }
    if (good) {
        fill_plan(&m);
        *out = m.plan;
    }
    close_maker(&m);
    return good ? SLIP_OK : SLIP_E_OUT_OF_MEMORY;
}
