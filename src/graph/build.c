/* build.c - a graph built by hand on the host; see build.h. */
#include "graph/build_int.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The orchestrator behind a graph. */
static slip_orch *orch_of(slip_graph *g)
{
    return &((slipi_builder *)(void *)g)->o.base;
}

/* slip_graph_ops.arg_tensor */
static slip_status arg_tensor(slip_graph *g, uint32_t index, slip_tensor *out)
{
    return slip_orch_tensor(orch_of(g), index, out);
}

/* slip_graph_ops.arg_scalar */
static slip_status arg_scalar(slip_graph *g, uint32_t index, uint64_t *out_bits)
{
    slip_orch *o = orch_of(g);
    return o->ops->arg_scalar(o, index, out_bits);
}

/* slip_graph_ops.slice */
static slip_status slice(slip_graph *g, const slip_tensor *t, const uint32_t *lo,
                         const uint32_t *len, slip_tensor *out)
{
    return slip_slice(orch_of(g), t, lo, len, out);
}

/* slip_graph_ops.add */
static slip_status add(slip_graph *g, const slip_task *task, slip_task_handle *out)
{
    slipi_builder *b = (slipi_builder *)(void *)g;
    for (uint32_t i = 0;
         b->o.recorder == NULL && task != NULL && task->args != NULL && i < task->arg_count; i++) {
        if (task->args[i].kind == SLIP_ACCESS_OUT && task->args[i].has_init != 0) {
            return slipi_orch_error(&b->o, SLIP_E_UNSUPPORTED,
                                    "argument %u has an initial value: a graph built on the host "
                                    "cannot write device memory; add a task that does",
                                    i);
        }
    }
    return slip_submit_task(orch_of(g), task, out);
}

/* slipi_help.step while a graph is built: nothing runs, so nothing can be waited for. */
static bool nobody_helps(void *user)
{
    (void)user;
    return false;
}

static const slip_graph_ops graph_ops = {
    .struct_size = sizeof(slip_graph_ops),
    .abi = SLIP_PROGRAM_ABI,
    .arg_tensor = arg_tensor,
    .arg_scalar = arg_scalar,
    .slice = slice,
    .add = add,
};

/* Copies the kernel table's core types; entries are the device's business. */
static bool copy_kernels(slipi_builder *b, const slip_program *program)
{
    b->kernels = calloc(program->kernel_count != 0 ? program->kernel_count : 1, sizeof *b->kernels);
    if (b->kernels == NULL) {
        return false;
    }
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        b->kernels[k].core_type = program->kernels[k].core_type;
    }
    return true;
}

slip_status slipi_builder_open(slipi_builder *b, const slipi_graph_spec *spec)
{
    b->base.ops = &graph_ops;
    b->sm = calloc(1, spec->sm->sm_bytes);
    b->arena = calloc(1, spec->runtime->arena_bytes);
    if (b->sm == NULL || b->arena == NULL || !copy_kernels(b, spec->program)) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    memcpy(b->sm, spec->sm, sizeof *spec->sm);
    b->launch.runtime_off = spec->runtime->arena_bytes - SLIPI_PAGE;
    memcpy(b->arena + b->launch.runtime_off, spec->runtime, sizeof *spec->runtime);
    memcpy(b->bindings, spec->bindings, spec->binding_count * sizeof *spec->bindings);
    b->bindings[SLIPI_BIND_HEAP].address = SLIPI_PAGE; /* offsets count, nothing is written */
    b->bindings[SLIPI_BIND_HEAP].bytes = spec->runtime->heap_bytes;
    b->bindings[SLIPI_BIND_SM].address = (uint64_t)(uintptr_t)b->sm;
    b->bindings[SLIPI_BIND_SM].bytes = spec->sm->sm_bytes;
    b->bindings[SLIPI_BIND_ARENA].address = (uint64_t)(uintptr_t)b->arena;
    b->bindings[SLIPI_BIND_ARENA].bytes = spec->runtime->arena_bytes;
    b->bindings[SLIPI_BIND_AUDIT] = spec->audit;
    b->launch.run_serial = spec->run_serial;
    b->launch.binding_count = spec->binding_count;
    b->launch.arg_count = spec->arg_count;
    b->launch.kernel_count = spec->program->kernel_count;
    b->launch.bindings = (uint64_t)(uintptr_t)b->bindings;
    b->launch.args = (uint64_t)(uintptr_t)spec->args;
    b->launch.kernels = (uint64_t)(uintptr_t)b->kernels;
    b->services.info = *spec->info;
    b->worker.services = &b->services;
    b->worker.thread_count = 1;
    b->worker.dispatch = SLIPI_DISPATCH_NOTHING;
    const char *why = NULL;
    return slipi_runtime_rebind_device_pointers(&b->worker.at, &b->launch, &why);
}

void slipi_builder_close(slipi_builder *b)
{
    if (b == NULL) {
        return;
    }
    free(b->kernels);
    free(b->arena);
    free(b->sm);
    free(b);
}

slip_status slipi_builder_run(slipi_builder *b, const slipi_graph_spec *spec,
                              const slipi_recorder *recorder, slipi_fault *fault)
{
    bool orchestrated = spec->orchestrated != 0;
    slipi_orchestrator_begin(&b->o, &b->worker);
    b->o.explicit_only = !orchestrated;
    b->o.recorder = recorder;
    b->o.rings.help = (slipi_help){nobody_helps, NULL, NULL};
    slip_status status =
        orchestrated ? spec->program->orchestrate(&b->o.base) : spec->program->build(&b->base);
    if (status == SLIP_OK && b->o.depth != 1 && slipi_orch_state(&b->o) == SLIP_OK) {
        (void)slipi_orch_error(&b->o, SLIP_E_SCOPE, "%u scopes are still open at the end",
                               b->o.depth - 1);
    }
    if (status != SLIP_OK && slipi_orch_state(&b->o) == SLIP_OK) {
        (void)slipi_orch_error(&b->o, SLIP_E_ORCH_FAILED, "the %s returned %d",
                               orchestrated ? "orchestration function" : "graph builder", status);
    }
    status = slipi_orch_state(&b->o);
    if (status == SLIP_E_HANG) {
        fault->status = status; /* what waiting would be for is nobody's: see stop_waiting */
    } else if (status != SLIP_OK) {
        slipi_fault_read(&b->worker.at, fault);
    }
    return status;
}

/*
 * Makes the slots of a built graph what a run leaves them as (sched/replay.c): the number of
 * producers beside each fan-in, and a list of the tasks that wait for nothing. Such a task has no
 * in-edge, so its first one is free for the list.
 */
static void seal(slipi_builder *b)
{
    const slipi_attached *at = &b->worker.at;
    uint32_t *link = &at->sm->graph_roots;
    for (uint64_t i = 0; i < b->o.submissions; i++) {
        slipi_slot *slot = &at->slots[0][i];
        int32_t fanin = slipi_load_relaxed(&slot->fanin); /* relaxed: nothing runs here */
        slot->mark = (uint64_t)fanin;
        at->sm->graph_edges += (uint64_t)fanin;
        if (fanin == 0) {
            slipi_edge *edge = &slot->edges[0];
            *edge = (slipi_edge){0, slipi_slot_ref(at, slot)};
            *link = slipi_edge_ref(at, edge);
            link = &edge->next;
        }
    }
}

/* Takes the built SM over. */
static void take_image(slipi_builder *b, slipi_graph_image *out)
{
    const slipi_sm *sm = b->worker.at.sm;
    const slipi_ring_state *ring = &b->worker.at.rt->ring[0];
    seal(b);
    out->tasks = b->o.submissions;
    out->heap_bytes = ring->heap_head;
    out->piece[0] = (slipi_graph_piece){0, sizeof *sm};
    out->piece[1] = (slipi_graph_piece){sm->ring[0].slots_off, b->o.submissions * SLIPI_SLOT_BYTES};
    out->piece[2] =
        (slipi_graph_piece){sm->ring[0].edges_off, ring->pool_head * sizeof(slipi_edge)};
    out->piece[3] = (slipi_graph_piece){sm->ring[0].spill_off, ring->spill_head};
    out->sm = b->sm;
    b->sm = NULL;
}

slip_status slipi_graph_build(const slipi_graph_spec *spec, slipi_graph_image *out)
{
    memset(out, 0, sizeof *out);
    out->fault.ring = out->fault.scope = out->fault.kernel = -1;
    slipi_builder *b = calloc(1, sizeof *b);
    slip_status status = b != NULL ? slipi_builder_open(b, spec) : SLIP_E_OUT_OF_MEMORY;
    if (status == SLIP_OK) {
        status = slipi_builder_run(b, spec, NULL, &out->fault);
    }
    if (status == SLIP_OK) {
        take_image(b, out);
    }
    out->fault.status = status;
    slipi_builder_close(b);
    return status;
}

void slipi_graph_image_fini(slipi_graph_image *image)
{
    free(image->sm);
    image->sm = NULL;
}
