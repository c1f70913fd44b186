/*
 * core_loop.c - what a compute core does with a command; see core_loop.h for who calls it and
 * abi/dispatch.h for the protocol.
 *
 * A core keeps its only memory, the last command it took and the run it has acquired, in its own
 * line of the dispatch page. The three crossings, each named at both ends:
 *
 *   [C0] a mailbox of a new run read, then launch block, binding table and kernel table acquired:
 *        pairs with [D0] in dispatch.c
 *   [C1] DATA_MAIN_BASE read, then mailbox and slot acquired: pairs with [D1] in dispatch.c
 *   [C2] results and core line published, then COND written: pairs with [D2] in dispatch.c
 *
 * The source is C11 and C++17, and names the address space of every pointer into device memory: the
 * vendor's compiler for cores takes it as it is (program/core_main.cce).
 */
#ifndef SLIPI_CORE_PORT
#include "device/core_loop.h"
#include "device/core_port.h"
#endif

/* Address of something in device memory. */
#define CORE_ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

/* One run, as a core sees it. */
typedef struct core_view {
    slipi_core_port port;
    SLIP_GM const slipi_launch *launch;
    SLIP_GM const slip_binding *bindings;
    SLIP_GM const uint8_t *sm;
    SLIP_GM slipi_core_page *page; /* this core's */
} core_view;

/* Publishes or acquires the bytes that a tensor spans. */
static SLIP_CORE void cross_tensor(const core_view *v, SLIP_GM const slip_task_tensor *t,
                                   bool publish)
{
    int64_t low = 0;
    int64_t high = 0;
    for (uint32_t d = 0; d < t->ndim; d++) {
        int64_t reach = ((int64_t)t->shape[d] - 1) * t->stride[d];
        low += reach < 0 ? reach : 0;
        high += reach > 0 ? reach : 0;
    }
    int64_t element = (int64_t)slip_dtype_bytes(t->dtype);
    uint64_t base = v->bindings[t->binding].address + t->offset;
    uint64_t first = base + (uint64_t)(low * element);
    uint64_t bytes = (uint64_t)((high - low + 1) * element);
    if (publish) {
        slipi_core_publish(&v->port, first, bytes);
    } else {
        slipi_core_acquire(&v->port, first, bytes);
    }
}

/* Tensors of a task: in its slot, or in the ring's spill. */
static SLIP_CORE SLIP_GM const slip_task_tensor *tensors_of(const core_view *v,
                                                            SLIP_GM const slipi_slot *slot)
{
    return (SLIP_GM const slip_task_tensor *)(v->sm + (uint64_t)slot->tensors_ref * SLIPI_SM_UNIT);
}

/* Scalars of a task, likewise. */
static SLIP_CORE SLIP_GM const uint64_t *scalars_of(const core_view *v,
                                                    SLIP_GM const slipi_slot *slot)
{
    return (SLIP_GM const uint64_t *)(v->sm + (uint64_t)slot->scalars_ref * SLIPI_SM_UNIT);
}

/* Drops this core's stale copies of what the task reads: slot, spilled arguments, tensors. */
static SLIP_CORE void acquire_task(const core_view *v, SLIP_GM const slipi_slot *slot)
{
    slipi_core_acquire(&v->port, CORE_ADDRESS(slot), sizeof(*slot));
    SLIP_GM const slip_task_tensor *tensors = tensors_of(v, slot);
    if (slot->tensor_count > SLIPI_INLINE_TENSORS) {
        slipi_core_acquire(&v->port, CORE_ADDRESS(tensors), slot->tensor_count * sizeof(*tensors));
    }
    if (slot->scalar_count > SLIPI_INLINE_SCALARS) {
        slipi_core_acquire(&v->port, CORE_ADDRESS(scalars_of(v, slot)),
                           slot->scalar_count * sizeof(uint64_t));
    }
    /* Outputs too: their memory may have been another task's, whose lines must not come back. */
    for (uint32_t i = 0; i < slot->tensor_count; i++) {
        cross_tensor(v, &tensors[i], false);
    }
}

/* Makes what the task wrote visible to the other cores. */
static SLIP_CORE void publish_results(const core_view *v, SLIP_GM const slipi_slot *slot)
{
    SLIP_GM const slip_task_tensor *tensors = tensors_of(v, slot);
    for (uint32_t i = 0; i < slot->tensor_count; i++) {
        if (tensors[i].access != SLIP_ACCESS_IN) {
            cross_tensor(v, &tensors[i], true);
        }
    }
}

/* Calls the kernel that the mailbox names with the arguments in the slot; returns its code. */
static SLIP_CORE int32_t call_kernel(const core_view *v, SLIP_GM const slipi_slot *slot)
{
    SLIP_GM const struct slip_dispatch *box = &v->page->mailbox;
    SLIP_GM const slipi_kernel_row *rows =
        (SLIP_GM const slipi_kernel_row *)(uintptr_t)v->launch->kernels;
    slip_kernel_ctx ctx;
    ctx.tensors = tensors_of(v, slot);
    ctx.scalars = scalars_of(v, slot);
    ctx.bindings = v->bindings;
    ctx.tensor_count = slot->tensor_count;
    ctx.scalar_count = slot->scalar_count;
    ctx.core = v->port.core;
    ctx.core_type = box->core_type;
    ctx.lane = box->lane;
    ctx.kernel = box->kernel;
    ctx.task = slot->task;
    ctx.dispatch = box;
    slip_kernel_fn kernel = slipi_core_kernel(&v->port, rows[box->kernel].entry);
    return kernel(&ctx);
}

/* Whether the run has failed, so that its remaining kernels are skipped. */
static SLIP_CORE bool run_failed(const core_view *v)
{
    SLIP_GM const slipi_sm *sm = (SLIP_GM const slipi_sm *)v->sm;
    slipi_core_acquire(&v->port, CORE_ADDRESS(&sm->fatal), SLIPI_LINE);
    return slipi_core_sees_failure(&v->port, sm);
}

/* Drops this core's stale copies of what describes the run, once a run. */
static SLIP_CORE void acquire_run(const core_view *v)
{
    SLIP_GM slipi_core_line *line = &v->page->line;
    SLIP_GM const slipi_launch *launch = v->launch;
    if (line->run_serial == v->page->mailbox.run_serial) {
        return;
    }
    /* [C0] the block first: it tells where the tables are and how long. */
    slipi_core_acquire(&v->port, CORE_ADDRESS(launch), sizeof(*launch));
    slipi_core_acquire(&v->port, launch->bindings, launch->binding_count * sizeof(slip_binding));
    slipi_core_acquire(&v->port, launch->kernels, launch->kernel_count * sizeof(slipi_kernel_row));
    line->run_serial = v->page->mailbox.run_serial;
}

/* Runs the task of a RUN command between its ACK and its FIN. */
static SLIP_CORE void run_task(core_view *v, uint32_t command)
{
    SLIP_GM const struct slip_dispatch *box = &v->page->mailbox;
    SLIP_GM slipi_core_line *line = &v->page->line;
    uint32_t sequence = command & SLIPI_SEQUENCE_MASK;
    /* [C1] the control side published the mailbox and the slot before it wrote the command. */
    slipi_core_acquire(&v->port, CORE_ADDRESS(box), sizeof(*box));
    acquire_run(v);
    v->bindings = (SLIP_GM const slip_binding *)(uintptr_t)v->launch->bindings;
    v->sm = (SLIP_GM const uint8_t *)(uintptr_t)v->bindings[SLIPI_BIND_SM].address;
    SLIP_GM const slipi_slot *slot =
        (SLIP_GM const slipi_slot *)(v->sm + (uint64_t)box->slot * SLIPI_SLOT_BYTES);
    bool valid = box->command == command && box->kernel < v->launch->kernel_count &&
                 box->run_serial == v->launch->run_serial;
    if (valid) {
        acquire_task(v, slot);
    }
    slipi_core_answer(&v->port, SLIPI_COND_ACK | sequence);
    bool stamp = (box->flags & SLIPI_DISPATCH_STAMP) != 0;
    line->begin_ticks = stamp ? slipi_core_ticks(&v->port) : 0;
    line->code = valid ? 0 : SLIP_E_DEVICE;
    if (valid && !run_failed(v)) {
        line->code = call_kernel(v, slot);
        publish_results(v, slot);
    }
    line->end_ticks = stamp ? slipi_core_ticks(&v->port) : 0;
    uint32_t error = line->code != 0 ? SLIPI_COND_ERROR : 0;
    slipi_core_publish(&v->port, CORE_ADDRESS(line), sizeof(*line));
    /* [C2] the control side sees the results and the line when it sees this value. */
    slipi_core_answer(&v->port, SLIPI_COND_FIN | error | sequence);
}

/* One step of a core behind a port; see core_loop.h. */
static SLIP_CORE int32_t core_step(const slipi_core_port *port, uint64_t launch_address)
{
    core_view v;
    v.port = *port;
    v.launch = (SLIP_GM const slipi_launch *)(uintptr_t)launch_address;
    v.bindings = 0;
    v.sm = 0;
    v.page = slipi_core_lines(port);
    uint32_t command = slipi_core_command(port);
    if (command == v.page->line.seen) {
        return 0;
    }
    v.page->line.seen = command;
    switch (command & SLIPI_COMMAND_MASK) {
    case SLIPI_COMMAND_RUN:
        run_task(&v, command);
        return 1;
    case SLIPI_COMMAND_STOP:
        slipi_core_answer(port, SLIPI_COND_STOPPED | (command & SLIPI_SEQUENCE_MASK));
        return -1;
    default:
        /* The value that a register holds after a reset of the device; not a command. */
        return 0;
    }
}

#ifndef SLIPI_CORE_VENDOR
int32_t slipi_core_step(const slip_device_services *services, uint64_t launch_address,
                        uint32_t core)
{
    const slipi_core_port port = {services, core};
    return core_step(&port, launch_address);
}
#endif
