/*
 * core_loop.c - what a compute core does with a command; see core_loop.h for who calls it and
 * abi/dispatch.h for the protocol.
 *
 * A core keeps its only memory, the last command it took, in its own line of the dispatch page.
 * The three crossings, each named at both ends:
 *
 *   [C0] a mailbox of a new run read, then launch block, binding table and kernel table acquired:
 *        pairs with [D0] in dispatch.c
 *   [C1] DATA_MAIN_BASE read, then mailbox and slot acquired: pairs with [D1] in dispatch.c
 *   [C2] results and core line published, then COND written: pairs with [D2] in dispatch.c
 */
#include "device/core_loop.h"

#include "abi/dispatch.h"
#include "abi/launch.h"

/* Calls publish or acquire for the bytes that a tensor spans. */
static void cross_tensor(const slip_device_services *s, const slip_binding *bindings,
                         const slip_task_tensor *t,
                         void (*cross)(slip_platform_device *, const void *, uint64_t))
{
    int64_t low = 0;
    int64_t high = 0;
    for (uint32_t d = 0; d < t->ndim; d++) {
        int64_t reach = ((int64_t)t->shape[d] - 1) * t->stride[d];
        low += reach < 0 ? reach : 0;
        high += reach > 0 ? reach : 0;
    }
    int64_t element = (int64_t)slip_dtype_bytes(t->dtype);
    uint64_t base = bindings[t->binding].address + t->offset;
    uint64_t first = base + (uint64_t)(low * element);
    cross(s->device, (const void *)(uintptr_t)first, (uint64_t)((high - low + 1) * element));
}

/* Drops this core's stale copies of what the task reads: slot, spilled arguments, tensors. */
static void acquire_task(const slip_device_services *s, const slip_binding *bindings,
                         const slipi_slot *slot, const uint8_t *sm)
{
    s->acquire(s->device, slot, sizeof(*slot));
    const slip_task_tensor *tensors = (const slip_task_tensor *)(sm + slot->tensors_off);
    if (slot->tensor_count > SLIPI_INLINE_TENSORS) {
        s->acquire(s->device, tensors, slot->tensor_count * sizeof(*tensors));
    }
    if (slot->scalar_count > SLIPI_INLINE_SCALARS) {
        s->acquire(s->device, sm + slot->scalars_off, slot->scalar_count * sizeof(uint64_t));
    }
    /* Outputs too: their memory may have been another task's, whose lines must not come back. */
    for (uint32_t i = 0; i < slot->tensor_count; i++) {
        cross_tensor(s, bindings, &tensors[i], s->acquire);
    }
}

/* Makes what the task wrote visible to the other cores. */
static void publish_results(const slip_device_services *s, const slip_binding *bindings,
                            const slipi_slot *slot, const uint8_t *sm)
{
    const slip_task_tensor *tensors = (const slip_task_tensor *)(sm + slot->tensors_off);
    for (uint32_t i = 0; i < slot->tensor_count; i++) {
        if (tensors[i].access != SLIP_ACCESS_IN) {
            cross_tensor(s, bindings, &tensors[i], s->publish);
        }
    }
}

/* Calls the kernel that the mailbox names with the arguments in the slot; returns its code. */
static int32_t call_kernel(const slip_device_services *s, const slipi_launch *launch,
                           const slipi_slot *slot, uint32_t core)
{
    const struct slip_dispatch *box =
        &((const slipi_core_page *)(uintptr_t)s->dispatch_page + core)->mailbox;
    const slip_binding *bindings = (const slip_binding *)(uintptr_t)launch->bindings;
    const uint8_t *sm = (const uint8_t *)(uintptr_t)bindings[SLIPI_BIND_SM].address;
    const slipi_kernel_row *row = (const slipi_kernel_row *)(uintptr_t)launch->kernels;
    slip_kernel_ctx ctx = {
        .tensors = (const slip_task_tensor *)(sm + slot->tensors_off),
        .scalars = (const uint64_t *)(sm + slot->scalars_off),
        .bindings = bindings,
        .tensor_count = slot->tensor_count,
        .scalar_count = slot->scalar_count,
        .core = core,
        .core_type = box->core_type,
        .lane = box->lane,
        .kernel = box->kernel,
        .task = slot->task,
        .dispatch = box,
    };
    uint64_t name = row[box->kernel].entry;
    slip_kernel_fn kernel =
        s->kernel != NULL ? s->kernel(s->device, name) : (slip_kernel_fn)(uintptr_t)name;
    return kernel(&ctx);
}

/* Whether the run has failed, so that its remaining kernels are skipped. */
static bool run_failed(const slip_device_services *s, const uint8_t *sm_base)
{
    const slipi_sm *sm = (const slipi_sm *)sm_base;
    s->acquire(s->device, &sm->fatal, SLIPI_LINE);
    /* Pairs with the claim of the latch; a claim that is seen late only costs one kernel. */
    return slipi_load_acquire(&sm->fatal) != 0;
}

/* Drops this core's stale copies of what describes the run, once a run. */
static void acquire_run(const slip_device_services *s, const slipi_launch *launch,
                        uint64_t run_serial, slipi_core_line *line)
{
    if (line->run_serial == run_serial) {
        return;
    }
    /* [C0] the block first: it tells where the tables are and how long. */
    s->acquire(s->device, launch, sizeof(*launch));
    s->acquire(s->device, (const void *)(uintptr_t)launch->bindings,
               launch->binding_count * sizeof(slip_binding));
    s->acquire(s->device, (const void *)(uintptr_t)launch->kernels,
               launch->kernel_count * sizeof(slipi_kernel_row));
    line->run_serial = run_serial;
}

/* Runs the task of a RUN command between its ACK and its FIN. */
static void run_task(const slip_device_services *s, const slipi_launch *launch, uint32_t core,
                     uint32_t command)
{
    slipi_core_page *page = (slipi_core_page *)(uintptr_t)s->dispatch_page + core;
    const struct slip_dispatch *box = &page->mailbox;
    slipi_core_line *line = &page->line;
    uint32_t sequence = command & SLIPI_SEQUENCE_MASK;
    /* [C1] the control side published the mailbox and the slot before it wrote the command. */
    s->acquire(s->device, box, sizeof(*box));
    acquire_run(s, launch, box->run_serial, line);
    const slip_binding *bindings = (const slip_binding *)(uintptr_t)launch->bindings;
    const uint8_t *sm = (const uint8_t *)(uintptr_t)bindings[SLIPI_BIND_SM].address;
    const slipi_slot *slot = (const slipi_slot *)(sm + (uint64_t)box->slot * SLIPI_SLOT_BYTES);
    bool valid = box->command == command && box->kernel < launch->kernel_count &&
                 box->run_serial == launch->run_serial;
    if (valid) {
        acquire_task(s, bindings, slot, sm);
    }
    s->reg_write(s->device, core, s->info.reg_status, SLIPI_COND_ACK | sequence);
    bool stamp = (box->flags & SLIPI_DISPATCH_STAMP) != 0;
    line->begin_ticks = stamp ? s->ticks(s->device) : 0;
    line->code = valid ? 0 : SLIP_E_DEVICE;
    if (valid && !run_failed(s, sm)) {
        line->code = call_kernel(s, launch, slot, core);
        publish_results(s, bindings, slot, sm);
    }
    line->end_ticks = stamp ? s->ticks(s->device) : 0;
    uint32_t error = line->code != 0 ? SLIPI_COND_ERROR : 0;
    s->publish(s->device, line, sizeof(*line));
    /* [C2] the control side sees the results and the line when it sees this value. */
    s->reg_write(s->device, core, s->info.reg_status, SLIPI_COND_FIN | error | sequence);
}

int32_t slipi_core_step(const slip_device_services *services, uint64_t launch_address,
                        uint32_t core)
{
    const slip_device_services *s = services;
    slipi_core_page *page = (slipi_core_page *)(uintptr_t)s->dispatch_page + core;
    uint32_t command = s->reg_read(s->device, core, s->info.reg_dispatch);
    if (command == page->line.seen) {
        return 0;
    }
    page->line.seen = command;
    switch (command & SLIPI_COMMAND_MASK) {
    case SLIPI_COMMAND_RUN:
        run_task(s, (const slipi_launch *)(uintptr_t)launch_address, core, command);
        return 1;
    case SLIPI_COMMAND_STOP:
        s->reg_write(s->device, core, s->info.reg_status,
                     SLIPI_COND_STOPPED | (command & SLIPI_SEQUENCE_MASK));
        return -1;
    default:
        /* The value that a register holds after a reset of the device; not a command. */
        return 0;
    }
}
