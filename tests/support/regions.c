/* regions.c - the regions of one small runtime in plain memory; see regions.h. */
#include "regions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

uint64_t regions_log[REGIONS_LOG];
uint64_t regions_log_count;

/* Kernel NOTE. */
static int32_t note(const slip_kernel_ctx *ctx)
{
    regions_log[regions_log_count++ % REGIONS_LOG] = ctx->task;
    return 0;
}

/* Kernel FAIL. */
static int32_t fail(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 7;
}

/* Kernel ADD. */
static int32_t add(const slip_kernel_ctx *ctx)
{
    uint32_t *value = slip_kernel_data(ctx, 0);
    *value += (uint32_t)slip_kernel_u64(ctx, 0);
    return 0;
}

/* The fixture behind a fake device. */
static regions *regions_of(slip_platform_device *device)
{
    return (regions *)(void *)device;
}

/* slip_device_services.ticks */
static uint64_t ticks(slip_platform_device *device)
{
    /* Relaxed, as below: they order nothing. */
    return slipi_add_relaxed(&regions_of(device)->ticks, 1000000u) + 1000000u;
}

/* slip_device_services.idle */
static void idle(slip_platform_device *device, uint32_t thread, uint32_t rounds)
{
    (void)thread;
    (void)rounds;
    slipi_add_relaxed(&regions_of(device)->idles, 1u);
}

/* slip_device_services.call_threads */
static void call_threads(slip_platform_device *device, uint32_t count)
{
    (void)count;
    slipi_add_relaxed(&regions_of(device)->calls, 1u);
}

/* slip_device_services.publish and acquire */
static void coherent(slip_platform_device *device, const void *address, uint64_t bytes)
{
    (void)device;
    (void)address;
    (void)bytes;
}

/* Zeroed memory at a page boundary. */
static uint8_t *pages(uint64_t bytes)
{
    uint64_t whole = (bytes + SLIPI_PAGE) & ~(uint64_t)(SLIPI_PAGE - 1);
    uint8_t *memory = aligned_alloc(SLIPI_PAGE, whole);
    SLIPI_ASSERT(memory != NULL);
    memset(memory, 0, whole);
    return memory;
}

/* A value, or what it is when it is not given. */
static uint64_t either(uint64_t value, uint64_t absent)
{
    return value != 0 ? value : absent;
}

/* Names a region in the binding table. */
static void bind(regions *r, uint32_t index, const void *address, uint64_t bytes)
{
    r->bindings[index].address = (uint64_t)(uintptr_t)address;
    r->bindings[index].bytes = bytes;
}

/* Derives the layout and makes the three regions. */
static void make_regions(regions *r, const regions_options *options)
{
    slip_sizing sizing;
    char why[256];
    for (uint32_t i = 0; i < SLIPI_RINGS; i++) {
        sizing.ring[i] =
            (slip_ring_sizing){either(options->window, 16), either(options->heap_bytes, 65536),
                               either(options->dep_pool, 4)};
    }
    slip_status status = slipi_layout_derive(&sizing, &r->layout, why, sizeof why);
    SLIPI_ASSERT(status == SLIP_OK);
    r->heap = pages(r->layout.heap_bytes);
    r->sm = pages(r->layout.sm_bytes);
    r->arena = pages(r->layout.arena_bytes);
    memcpy(r->sm, &r->layout.sm, sizeof r->layout.sm);
    memcpy(r->arena + r->layout.runtime_offset, &r->layout.runtime, sizeof r->layout.runtime);
    bind(r, SLIPI_BIND_HEAP, r->heap, r->layout.heap_bytes);
    bind(r, SLIPI_BIND_SM, r->sm, r->layout.sm_bytes);
    bind(r, SLIPI_BIND_ARENA, r->arena, r->layout.arena_bytes);
}

/* Makes the run arguments. */
static void make_args(regions *r, const regions_options *options)
{
    for (uint32_t i = 0; i < options->arg_count; i++) {
        slipi_launch_arg *arg = &r->args[i];
        uint64_t bytes = 4;
        arg->kind = SLIP_PARAM_TENSOR;
        arg->access = (uint8_t)either(options->arg_access, SLIP_ACCESS_INOUT);
        arg->written = arg->access != SLIP_ACCESS_IN ? 1 : 0;
        arg->dtype = SLIP_F32;
        arg->ndim = (uint8_t)either(options->arg_dims, 1);
        arg->binding = SLIPI_BIND_ARGS + i;
        for (uint32_t d = 0; d < arg->ndim; d++) {
            arg->shape[d] = options->arg_shape[d];
            bytes *= arg->shape[d];
        }
        r->arg[i] = pages(bytes);
        bind(r, arg->binding, r->arg[i], bytes);
    }
}

/* Fills the kernel table. */
static void make_kernels(regions *r)
{
    static const slip_kernel_fn fn[REGIONS_KERNELS] = {note, fail, note, add};
    for (uint32_t k = 0; k < REGIONS_KERNELS; k++) {
        r->kernels[k].entry = (uint64_t)(uintptr_t)fn[k];
        r->kernels[k].core_type = k == REGIONS_NOTE_AIC ? SLIP_AIC : SLIP_AIV;
        slipi_store_relaxed(&r->kernels[k].typical, 1u);
    }
}

/* Fills the launch block and the fake services. */
static void make_launch(regions *r, const regions_options *options)
{
    slipi_launch *launch = &r->launch;
    launch->magic = SLIPI_LAUNCH_MAGIC;
    launch->version = SLIPI_LAYOUT_VERSION;
    launch->struct_size = sizeof *launch;
    launch->fingerprint = slipi_layout_fingerprint();
    launch->run_serial = 1;
    launch->control_threads = (uint32_t)either(options->threads, 1);
    launch->binding_count = SLIPI_BIND_ARGS + options->arg_count;
    launch->arg_count = options->arg_count;
    launch->kernel_count = REGIONS_KERNELS;
    launch->bindings = (uint64_t)(uintptr_t)r->bindings;
    launch->args = (uint64_t)(uintptr_t)r->args;
    launch->kernels = (uint64_t)(uintptr_t)r->kernels;
    launch->runtime_off = r->layout.runtime_offset;
    launch->progress_deadline_ns = 20000000;
    slip_device_services *sv = &r->services;
    sv->struct_size = sizeof *sv;
    sv->device = (slip_platform_device *)(void *)r;
    sv->info.self_executing = 1;
    sv->info.aic_count = sv->info.aiv_count = 4;
    sv->info.counter_hz = 1000000000u;
    sv->publish = coherent;
    sv->acquire = coherent;
    sv->ticks = ticks;
    sv->idle = idle;
    sv->call_threads = call_threads;
    r->worker.services = sv;
    r->worker.thread_count = launch->control_threads;
    r->worker.dispatch = options->dispatch;
    r->worker.ctx.bindings = r->bindings;
}

void regions_init(regions *r, const regions_options *options)
{
    const char *why = NULL;
    SLIPI_ASSERT(options->arg_count <= REGIONS_ARGS);
    memset(r, 0, sizeof *r);
    regions_log_count = 0;
    make_regions(r, options);
    make_args(r, options);
    make_kernels(r);
    make_launch(r, options);
    slip_status status = slipi_runtime_rebind_device_pointers(&r->worker.at, &r->launch, &why);
    SLIPI_ASSERT(status == SLIP_OK);
}

void regions_begin(regions *r, const regions_options *options)
{
    regions_init(r, options);
    slipi_orchestrator_begin(&r->o, &r->worker);
}

slip_status regions_end(regions *r)
{
    return slipi_orchestrator_end(&r->o, SLIP_OK);
}

void regions_again(regions *r)
{
    const char *why = NULL;
    r->launch.run_serial++;
    r->worker.hung = 0;
    slip_status status = slipi_runtime_rebind_device_pointers(&r->worker.at, &r->launch, &why);
    SLIPI_ASSERT(status == SLIP_OK);
    slipi_orchestrator_begin(&r->o, &r->worker);
}

void regions_fini(regions *r)
{
    for (uint32_t i = 0; i < REGIONS_ARGS; i++) {
        free(r->arg[i]);
    }
    free(r->arena);
    free(r->sm);
    free(r->heap);
}

slip_task_handle regions_submit(regions *r, uint32_t arg_count, const slip_arg *args)
{
    slip_task_handle handle = {0};
    slip_task task = {.struct_size = sizeof task,
                      .shape = SLIP_TASK_AIV,
                      .kernel = {REGIONS_NOTE},
                      .arg_count = arg_count,
                      .args = args};
    return slipi_submit(&r->o.base, &task, &handle) == SLIP_OK ? handle : (slip_task_handle){0};
}

slip_task_handle regions_after(regions *r, uint32_t dep_count, const slip_task_handle *deps)
{
    slip_task_handle handle = {0};
    slip_task task = {.struct_size = sizeof task,
                      .shape = SLIP_TASK_AIV,
                      .kernel = {REGIONS_NOTE},
                      .dep_count = dep_count,
                      .deps = deps};
    return slipi_submit(&r->o.base, &task, &handle) == SLIP_OK ? handle : (slip_task_handle){0};
}

slip_tensor regions_alloc(regions *r, uint32_t rows, uint32_t columns)
{
    slip_tensor t;
    uint32_t shape[2] = {rows, columns};
    memset(&t, 0, sizeof t);
    (void)slip_alloc(&r->o.base, &t, SLIP_F32, columns != 0 ? 2 : 1, shape);
    return t;
}

slipi_slot *regions_slot(regions *r, slip_task_handle task)
{
    SLIPI_ASSERT(task.task != 0);
    return slipi_slot_of(&r->worker.at, task.task);
}

bool regions_edge(regions *r, slip_task_handle producer, slip_task_handle consumer)
{
    uint32_t wanted = slipi_slot_ref(&r->worker.at, regions_slot(r, consumer));
    uint32_t ref = slipi_load_relaxed(&regions_slot(r, producer)->fanout);
    while (ref != 0 && ref != SLIPI_FANOUT_CLOSED) {
        const slipi_edge *edge = slipi_edge_at(&r->worker.at, ref);
        if (edge->consumer == wanted) {
            return true;
        }
        ref = edge->next;
    }
    return false;
}

int32_t regions_fanin(regions *r, slip_task_handle task)
{
    return slipi_load_relaxed(&regions_slot(r, task)->fanin);
}

void regions_complete(regions *r, slip_task_handle task)
{
    slipi_complete(&r->worker, regions_slot(r, task));
    memset(r->worker.ready, 0, sizeof r->worker.ready);
}

void regions_run(regions *r)
{
    bool did = true;
    while (did) {
        did = slipi_step(&r->worker);
    }
}

const slipi_fault *regions_fault(const regions *r)
{
    return &r->worker.at.sm->fault;
}

slip_tensor regions_box(regions *r, const slip_tensor *t, uint32_t row, uint32_t rows,
                        uint32_t column, uint32_t columns)
{
    uint32_t lo[2] = {row, column};
    uint32_t len[2] = {rows, columns};
    slip_tensor out;
    slip_status status = slip_slice(&r->o.base, t, lo, len, &out);
    SLIPI_ASSERT(status == SLIP_OK);
    return out;
}

uint64_t regions_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
