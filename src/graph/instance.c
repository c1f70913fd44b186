/* instance.c - from a plan to slots and edges; see instance.h. Pure functions, any thread. */
#include "graph/instance.h"

#include <string.h>

#include "base/check.h"
#include "orch/orchestrator.h"

/* Where everything lies in SM. */
typedef struct places {
    uint64_t slots;
    uint64_t edges; /* of each producer together, then the list of roots */
    uint64_t edge_count;
    uint64_t uses;
    uint64_t spill;
    uint64_t spill_bytes;
    uint64_t queues;
    uint64_t capacity; /* cells of a queue */
    uint64_t window;
    uint64_t bytes;
} places;

/* The smallest power of two >= value. */
static uint64_t power_of_two(uint64_t value)
{
    uint64_t power = 1;
    while (power < value) {
        power *= 2;
    }
    return power;
}

/* Takes bytes at *cursor, page-aligned. */
static uint64_t take(uint64_t *cursor, uint64_t bytes)
{
    uint64_t at = (*cursor + SLIPI_PAGE - 1) & ~(uint64_t)(SLIPI_PAGE - 1);
    *cursor = at + bytes;
    return at;
}

/* Bytes of a task's tensors and of its scalars that its slot has no room for. */
static uint64_t tensor_spill(const slipi_plan_task *task)
{
    return task->arg_count > SLIPI_INLINE_TENSORS ? task->arg_count * sizeof(slip_task_tensor) : 0;
}
static uint64_t scalar_spill(const slipi_plan_task *task)
{
    uint64_t bytes = task->scalar_count * sizeof(uint64_t);
    return task->scalar_count > SLIPI_INLINE_SCALARS
               ? (bytes + SLIPI_LINE - 1) & ~(uint64_t)(SLIPI_LINE - 1)
               : 0;
}

/* Places everything. A plan is far too small for these sums to overflow. */
static void place(const slipi_plan *plan, places *p)
{
    const slipi_plan_task *tasks = slipi_plan_tasks(plan);
    uint64_t count = slipi_plan_count(plan, SLIPI_PLAN_TASKS);
    uint64_t cursor = SLIPI_PAGE;
    uint64_t spill = 1;
    for (uint64_t i = 0; i < count; i++) {
        spill += tensor_spill(&tasks[i]) + scalar_spill(&tasks[i]);
    }
    p->window = power_of_two(count);
    p->edge_count = slipi_plan_count(plan, SLIPI_PLAN_EDGES) + plan->roots;
    p->spill_bytes = power_of_two(spill);
    p->capacity = power_of_two(p->window + SLIPI_RINGS);
    p->slots = take(&cursor, p->window * SLIPI_SLOT_BYTES);
    p->edges = take(&cursor, p->edge_count * sizeof(slipi_edge));
    p->uses = take(&cursor, slipi_plan_count(plan, SLIPI_PLAN_KERNELS) * sizeof(slipi_graph_use));
    p->spill = take(&cursor, p->spill_bytes);
    p->queues = take(&cursor, SLIPI_QUEUES * p->capacity * sizeof(slipi_queue_cell));
    p->bytes = take(&cursor, 0);
}

slip_status slipi_instance_measure(const slipi_plan *plan, slipi_instance_size *out)
{
    places p;
    if (slipi_plan_count(plan, SLIPI_PLAN_TASKS) > SLIPI_PLAN_MAX_TASKS) {
        return SLIP_E_LIMIT;
    }
    place(plan, &p);
    out->sm_bytes = p.bytes;
    out->heap_bytes = plan->heap_bytes != 0 ? plan->heap_bytes : SLIPI_LINE;
    return p.bytes <= SLIPI_SM_MAX_BYTES ? SLIP_OK : SLIP_E_LIMIT;
}

/* Fills the header page. Rings 1 to 3 have one slot each, which nothing uses: ring 0's first. */
static void write_header(const slipi_plan *plan, const places *p, slipi_sm *sm)
{
    sm->magic = SLIPI_SM_MAGIC;
    sm->version = SLIPI_LAYOUT_VERSION;
    sm->ring_count = SLIPI_RINGS;
    sm->fingerprint = slipi_layout_fingerprint();
    sm->sm_bytes = p->bytes;
    sm->queue_capacity = p->capacity;
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        slipi_ring_extent *e = &sm->ring[r];
        e->slots_off = p->slots;
        e->window = r == 0 ? p->window : 1;
        e->edges_off = p->edges;
        e->edge_count = r == 0 ? p->edge_count : 0;
        e->spill_off = p->spill;
        e->spill_bytes = r == 0 ? p->spill_bytes : 1;
        e->heap_bytes = r == 0 && plan->heap_bytes != 0 ? plan->heap_bytes : SLIPI_LINE;
    }
    for (uint32_t q = 0; q < SLIPI_QUEUES; q++) {
        sm->queue_cells_off[q] = p->queues + q * p->capacity * sizeof(slipi_queue_cell);
    }
    sm->graph_uses_off = p->uses;
    sm->graph_uses = (uint32_t)slipi_plan_count(plan, SLIPI_PLAN_KERNELS);
    sm->graph_depth = plan->depth;
    sm->graph_edges = slipi_plan_count(plan, SLIPI_PLAN_EDGES);
}

/* Writes one tensor as a kernel sees it. */
static void write_tensor(const slipi_plan *plan, const slipi_plan_arg *from, slip_task_tensor *to)
{
    const slipi_plan_geometry *g = &slipi_plan_geometries(plan)[from->geometry];
    to->offset = from->offset;
    to->binding = from->binding;
    to->dtype = g->dtype;
    to->ndim = g->ndim;
    to->access = from->access;
    memcpy(to->shape, g->shape, sizeof to->shape);
    memcpy(to->stride, g->stride, sizeof to->stride);
    to->buffer =
        from->binding == SLIPI_PLAN_BIND_HEAP ? SLIPI_BUFFER_HEAP | from->buffer : from->buffer;
}

/* Writes the slot of a task and its arguments; returns where its scalars lie in SM. */
static uint64_t write_slot(const slipi_plan *plan, const uint16_t *kernel_index, uint8_t *sm,
                           uint64_t index, uint64_t *inout_spill)
{
    const slipi_sm *header = (const slipi_sm *)(const void *)sm;
    const slipi_plan_task *task = &slipi_plan_tasks(plan)[index];
    uint64_t at = header->ring[0].slots_off + index * SLIPI_SLOT_BYTES;
    slipi_slot *slot = (slipi_slot *)(void *)(sm + at);
    uint64_t tensors = at + offsetof(slipi_slot, tensors);
    uint64_t scalars = at + offsetof(slipi_slot, scalars);
    if (tensor_spill(task) != 0) {
        tensors = *inout_spill;
        *inout_spill += tensor_spill(task);
    }
    if (scalar_spill(task) != 0) {
        scalars = *inout_spill;
        *inout_spill += scalar_spill(task);
    }
    slipi_store_relaxed(&slot->fanin, (int32_t)task->edge_count); /* nobody else is here */
    slot->mark = task->edge_count;
    slot->task = slipi_task_ref(0, header->ring[0].window + index);
    slot->shape = task->shape;
    for (uint32_t lane = 0; task->shape != SLIP_TASK_DUMMY && lane < 3; lane++) {
        slot->kernel[lane] = kernel_index[task->kernel[lane]];
    }
    slot->tensor_count = task->arg_count;
    slot->scalar_count = task->scalar_count;
    slot->tensors_ref = (uint32_t)(tensors / SLIPI_SM_UNIT);
    slot->scalars_ref = (uint32_t)(scalars / SLIPI_SM_UNIT);
    slot->submission = index + 1;
    for (uint32_t i = 0; i < task->arg_count; i++) {
        write_tensor(plan, &slipi_plan_args(plan)[task->first_arg + i],
                     (slip_task_tensor *)(void *)(sm + tensors) + i);
    }
    memcpy(sm + scalars, &slipi_plan_scalars(plan)[task->first_scalar],
           task->scalar_count * sizeof(uint64_t));
    return scalars;
}

/*
 * Writes the fan-out lists: the edges of one producer lie side by side, in the order of its
 * consumers, so that a walk reads one line for eight of them. chain_count counts a producer's edges
 * first and is zero again afterwards; ready_next holds the first one's place.
 */
static void write_edges(const slipi_plan *plan, uint8_t *sm)
{
    slipi_sm *header = (slipi_sm *)(void *)sm;
    slipi_slot *slots = (slipi_slot *)(void *)(sm + header->ring[0].slots_off);
    slipi_edge *edges = (slipi_edge *)(void *)(sm + header->ring[0].edges_off);
    uint32_t first_slot = (uint32_t)(header->ring[0].slots_off / SLIPI_SLOT_BYTES);
    uint32_t first_edge = (uint32_t)(header->ring[0].edges_off / SLIPI_SM_UNIT);
    const slipi_plan_task *tasks = slipi_plan_tasks(plan);
    const slipi_plan_edge *producers = slipi_plan_edges(plan);
    uint64_t count = slipi_plan_count(plan, SLIPI_PLAN_TASKS);
    uint64_t total = slipi_plan_count(plan, SLIPI_PLAN_EDGES);
    uint32_t place = 0;
    for (uint64_t e = 0; e < total; e++) {
        slots[slipi_plan_producer(producers[e])].chain_count++;
    }
    for (uint64_t i = 0; i < count; i++) {
        slots[i].ready_next = place;
        place += slots[i].chain_count;
        slipi_store_relaxed(&slots[i].fanout, /* nobody else is here */
                            slots[i].chain_count != 0 ? first_edge + slots[i].ready_next : 0);
    }
    uint32_t *link = &header->graph_roots;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t self = first_slot + (uint32_t)i;
        for (uint32_t e = 0; e < tasks[i].edge_count; e++) {
            slipi_slot *producer = &slots[slipi_plan_producer(producers[tasks[i].first_edge + e])];
            uint32_t at = producer->ready_next++;
            bool last = --producer->chain_count == 0;
            edges[at] = (slipi_edge){last ? 0 : first_edge + at + 1, self};
        }
        if (tasks[i].edge_count == 0) {
            edges[place] = (slipi_edge){0, self};
            *link = first_edge + place;
            link = &edges[place++].next;
        }
    }
}

void slipi_instance_write(const slipi_plan *plan, const uint16_t *kernel_index, uint8_t *sm,
                          uint64_t *scalar_off)
{
    places p;
    place(plan, &p);
    slipi_sm *header = (slipi_sm *)(void *)sm;
    write_header(plan, &p, header);
    const slipi_plan_task *tasks = slipi_plan_tasks(plan);
    const slipi_plan_patch *patches = slipi_plan_patches(plan);
    const slipi_plan_kernel *kernels = slipi_plan_kernels(plan);
    slipi_graph_use *uses = (slipi_graph_use *)(void *)(sm + p.uses);
    uint64_t patch = 0;
    uint64_t spill = p.spill;
    for (uint64_t i = 0; i < slipi_plan_count(plan, SLIPI_PLAN_TASKS); i++) {
        uint64_t scalars = write_slot(plan, kernel_index, sm, i, &spill);
        uint32_t end = tasks[i].first_scalar + tasks[i].scalar_count;
        for (; patch < slipi_plan_count(plan, SLIPI_PLAN_PATCHES) && patches[patch].scalar < end;
             patch++) {
            scalar_off[patch] =
                scalars + (patches[patch].scalar - tasks[i].first_scalar) * sizeof(uint64_t);
        }
    }
    write_edges(plan, sm);
    for (uint32_t k = 0; k < header->graph_uses; k++) {
        uses[k] = (slipi_graph_use){kernel_index[k], kernels[k].uses};
    }
}
