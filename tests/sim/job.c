/* job.c - a hand-made run; see job.h. */
#include "sim/job.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/core_loop.h"

/* The job that a kernel belongs to: its address is the second row of run arguments. */
static job *job_of(const slip_kernel_ctx *ctx)
{
    return (job *)(uintptr_t)ctx->bindings[SLIPI_BIND_ARGS + 1u].address;
}

/* Notes what the kernel sees. */
static void note(const slip_kernel_ctx *ctx)
{
    job_core *c = &job_of(ctx)->core[ctx->core];
    c->core_type = ctx->core_type;
    c->lane = ctx->lane;
    c->kernel = ctx->kernel;
    slipi_add_acq_rel(&c->ran, 1u);
}

/* JOB_KERNEL_COUNT_UP. */
static int32_t kernel_count_up(const slip_kernel_ctx *ctx)
{
    note(ctx);
    return 0;
}

/* JOB_KERNEL_FAIL. */
static int32_t kernel_fail(const slip_kernel_ctx *ctx)
{
    note(ctx);
    return (int32_t)slip_kernel_u64(ctx, 0);
}

/* JOB_KERNEL_COPY. */
static int32_t kernel_copy(const slip_kernel_ctx *ctx)
{
    const uint32_t *in = slip_kernel_data(ctx, 0);
    uint32_t *out = slip_kernel_data(ctx, 1);
    *out = *in + (uint32_t)slip_kernel_u64(ctx, 0);
    return 0;
}

/* JOB_KERNEL_HOLD. */
static int32_t kernel_hold(const slip_kernel_ctx *ctx)
{
    job *j = job_of(ctx);
    note(ctx);
    slipi_add_acq_rel(&j->held, 1u);
    while (slipi_load_acquire(&j->hold) != 0) {
        (void)sched_yield();
    }
    return 0;
}

job *job_create(void)
{
    job *j = calloc(1, sizeof(*j));
    size_t bytes = SLIPI_PAGE + (size_t)JOB_TASKS * SLIPI_SLOT_BYTES;
    uint8_t *sm = aligned_alloc(SLIPI_PAGE, bytes);
    if (j == NULL || sm == NULL) {
        fprintf(stderr, "no memory for a job\n");
        abort();
    }
    memset(sm, 0, bytes);
    static const slip_kernel_fn functions[JOB_KERNELS] = {kernel_count_up, kernel_fail, kernel_copy,
                                                          kernel_hold};
    for (uint32_t k = 0; k < JOB_KERNELS; k++) {
        j->kernels[k].entry = (uint64_t)(uintptr_t)functions[k];
    }
    j->sm = sm;
    j->bindings[SLIPI_BIND_SM] = (slip_binding){(uint64_t)(uintptr_t)sm, bytes};
    j->bindings[SLIPI_BIND_ARGS + 1u] = (slip_binding){(uint64_t)(uintptr_t)j, sizeof(*j)};
    j->launch.magic = SLIPI_LAUNCH_MAGIC;
    j->launch.struct_size = sizeof(j->launch);
    j->launch.bindings = (uint64_t)(uintptr_t)j->bindings;
    j->launch.binding_count = SLIPI_BIND_ARGS + 2u;
    j->launch.kernels = (uint64_t)(uintptr_t)j->kernels;
    j->launch.kernel_count = JOB_KERNELS;
    return j;
}

void job_destroy(job *j)
{
    free(j->sm);
    free(j);
}

uint32_t job_ref(uint32_t index)
{
    return SLIPI_PAGE / SLIPI_SLOT_BYTES + index;
}

uint32_t job_index(uint32_t slot_ref)
{
    return slot_ref - SLIPI_PAGE / SLIPI_SLOT_BYTES;
}

slipi_slot *job_slot(job *j, uint32_t index)
{
    return (slipi_slot *)(j->sm + (uint64_t)job_ref(index) * SLIPI_SLOT_BYTES);
}

slipi_slot *job_add(job *j, uint32_t shape, uint32_t k0, uint32_t k1, uint32_t k2)
{
    if (j->task_count == JOB_TASKS) {
        fprintf(stderr, "a job holds %u tasks\n", JOB_TASKS);
        abort();
    }
    uint32_t index = j->task_count++;
    slipi_slot *slot = job_slot(j, index);
    uint64_t base = (uint64_t)job_ref(index) * SLIPI_SLOT_BYTES;
    memset(slot, 0, sizeof(*slot));
    slot->task = slipi_task_ref(0, index + 1u);
    slot->shape = (uint8_t)shape;
    slot->kernel[0] = (uint16_t)k0;
    slot->kernel[1] = (uint16_t)k1;
    slot->kernel[2] = (uint16_t)k2;
    slot->tensors_ref = (uint32_t)((base + offsetof(slipi_slot, tensors)) / SLIPI_SM_UNIT);
    slot->scalars_ref = (uint32_t)((base + offsetof(slipi_slot, scalars)) / SLIPI_SM_UNIT);
    return slot;
}

void job_rewind(job *j, uint32_t threads)
{
    j->threads = threads;
    j->launch.run_serial++;
    slipi_store_release(&j->next, 0u);
    slipi_store_release(&j->completed, 0u);
    slipi_store_release(&j->errors, 0u);
    slipi_store_release(&j->dropped, 0u);
    slipi_store_release(&j->held, 0u);
    for (uint32_t i = 0; i < JOB_TASKS; i++) {
        slipi_store_release(&j->finished[i], 0u);
    }
    for (uint32_t core = 0; core < JOB_CORES; core++) {
        slipi_store_release(&j->core[core].ran, 0u);
    }
}

/* Collects finished tasks; returns how many there were. */
static uint32_t job_poll(job *j, slipi_dispatcher *d)
{
    slipi_finished done[16];
    uint32_t count = slipi_dispatcher_poll(d, done, 16);
    for (uint32_t i = 0; i < count; i++) {
        slipi_add_acq_rel(&j->finished[job_index(done[i].slot_ref)], 1u);
        if (done[i].code != 0) {
            slipi_add_acq_rel(&j->errors, 1u);
            slipi_store_release(&j->last_code, done[i].code);
        }
    }
    slipi_add_acq_rel(&j->completed, count);
    return count;
}

/* Control program: starts tasks until there are none, then waits for those it started. */
static slip_status job_control(const slip_device_services *services, uint64_t launch_address,
                               uint32_t thread)
{
    job *j = (job *)(uintptr_t)launch_address;
    if (thread >= j->threads) {
        slipi_add_acq_rel(&j->dropped, 1u);
        return SLIP_OK;
    }
    slipi_dispatcher d;
    slipi_dispatcher_init(&d, services, &j->launch, thread, j->threads, j->launch.blocks);
    uint32_t task = slipi_add_acq_rel(&j->next, 1u);
    uint32_t rounds = 0;
    while (task < j->task_count || slipi_dispatcher_busy(&d) != 0) {
        bool started =
            task < j->task_count && slipi_dispatcher_offer(&d, job_slot(j, task), job_ref(task));
        if (started) {
            task = slipi_add_acq_rel(&j->next, 1u);
        }
        uint32_t found = started && j->fill_first != 0 ? 0 : job_poll(j, &d);
        rounds = started || found != 0 ? 0 : rounds + 1u;
        if (rounds != 0) {
            services->idle(services->device, thread, rounds);
        }
    }
    slipi_dispatcher_stop(&d);
    return SLIP_OK;
}

const slip_device_entry job_entry = {
    .struct_size = sizeof(slip_device_entry),
    .control = job_control,
    .core_step = slipi_core_step,
};

slip_platform_device *job_open(const slip_platform_ops *ops, uint32_t device_id, uint32_t players)
{
    slip_platform_open options = {
        .struct_size = sizeof(options), .device_id = device_id, .sim_threads = players};
    slip_platform_device *device = NULL;
    char why[256] = "";
    if (ops->open(&options, &device, why, sizeof(why)) != SLIP_OK) {
        fprintf(stderr, "%s does not open: %s\n", ops->name, why);
        abort();
    }
    return device;
}
