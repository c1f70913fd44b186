/* build.c - a graph built by hand on the host; see build.h. */
#include "graph/build.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "orch/orchestrator.h"

/* What a program's builder is given, and everything behind it. */
typedef struct builder {
    slip_graph base; /* first */
    slipi_worker worker;
    slipi_launch launch;
    slip_device_services services;
    slip_binding bindings[SLIPI_MAX_BINDINGS];
    slipi_kernel_row *kernels;
    uint8_t *sm;
    uint8_t *arena;
    slipi_orchestrator o;
} builder;

/* The orchestrator behind a graph. */
static slip_orch *orch_of(slip_graph *g)
{
    return &((builder *)(void *)g)->o.base;
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
    builder *b = (builder *)(void *)g;
    for (uint32_t i = 0; task != NULL && task->args != NULL && i < task->arg_count; i++) {
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
static bool copy_kernels(builder *b, const slip_program *program)
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

/* Makes regions in host memory and attaches the worker to them. */
static slip_status open_builder(builder *b, const slipi_graph_spec *spec)
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
    b->bindings[SLIPI_BIND_AUDIT].address = 0;
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

/* Frees what the builder still owns. */
static void close_builder(builder *b)
{
    free(b->kernels);
    free(b->arena);
    free(b->sm);
    free(b);
}

/* Takes the built SM over. */
static void take_image(builder *b, slipi_graph_image *out)
{
    const slipi_sm *sm = b->worker.at.sm;
    const slipi_ring_state *ring = &b->worker.at.rt->ring[0];
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
    builder *b = calloc(1, sizeof *b);
    slip_status status = b != NULL ? open_builder(b, spec) : SLIP_E_OUT_OF_MEMORY;
    if (status == SLIP_OK) {
        slipi_orchestrator_begin(&b->o, &b->worker);
        b->o.explicit_only = true;
        b->o.rings.help = (slipi_help){nobody_helps, NULL, NULL};
        status = spec->program->build(&b->base);
        if (status != SLIP_OK && slipi_orch_state(&b->o) == SLIP_OK) {
            (void)slipi_orch_error(&b->o, SLIP_E_ORCH_FAILED, "the graph builder returned %d",
                                   status);
        }
        status = slipi_orch_state(&b->o);
        if (status == SLIP_OK) {
            take_image(b, out);
        } else {
            slipi_fault_read(&b->worker.at, &out->fault);
        }
    }
    out->fault.status = status;
    if (b != NULL) {
        close_builder(b);
    }
    return status;
}

void slipi_graph_image_fini(slipi_graph_image *image)
{
    free(image->sm);
    image->sm = NULL;
}
