/*
 * submit.c - from a task description to a slot with edges.
 *
 * Orchestrator thread only. The order of things matters: check everything, reserve everything
 * (which may wait and move done and tail), and only then look producers up and push edges. Nothing
 * between the first look-up and the last push moves done or tail, so that a producer found live
 * stays on its ring.
 */
#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "orch/orchestrator.h"
#include "orch/tensormap.h"

/* What the first pass over a task's arguments found. */
typedef struct plan {
    slipi_need need;
    uint32_t tensors;
    uint32_t scalars;
    uint32_t ring;
} plan;

/* The submission under way, for the producer callback. */
typedef struct submission {
    slipi_orchestrator *o;
    slipi_slot *slot;
    uint64_t serial; /* of this submission, across runs (R3) */
    uint64_t edge_flags;
    slipi_fanin fanin;
} submission;

/* Rounds up to whole lines. */
static uint64_t round_line(uint64_t bytes)
{
    return (bytes + SLIPI_LINE - 1) & ~(uint64_t)(SLIPI_LINE - 1);
}

/* Says why a kernel cannot run on a core of this type. */
static SLIPI_COLD slip_status refuse_kernel(slipi_orchestrator *o, uint32_t kernel,
                                            uint32_t core_type)
{
    const slipi_attached *at = &o->worker->at;
    const char *core = core_type == SLIP_AIC ? "AIC" : "AIV";
    slipi_fault fault = {.kernel = (int32_t)kernel, .ring = -1, .scope = -1};
    if (kernel >= at->launch->kernel_count) {
        fault.status = SLIP_E_KERNEL_INDEX;
        fault.wanted = kernel;
        fault.capacity = at->launch->kernel_count;
        return slipi_orch_fault(o, &fault, "kernel index %u: the kernel table has %u entries",
                                kernel, at->launch->kernel_count);
    }
    fault.status = SLIP_E_CORE_TYPE;
    if (at->kernels[kernel].core_type != core_type) {
        return slipi_orch_fault(o, &fault, "kernel %u is for %s, the task runs it on %s", kernel,
                                core_type == SLIP_AIC ? "AIV" : "AIC", core);
    }
    return slipi_orch_fault(o, &fault, "kernel %u needs an %s, and the device has none", kernel,
                            core);
}

/* Checks one kernel index and that the kernel is for the core it would run on. */
static inline slip_status check_kernel(slipi_orchestrator *o, uint32_t kernel, uint32_t core_type)
{
    bool fits = kernel < o->kernel_count && o->core_count[core_type] != 0 &&
                o->worker->at.kernels[kernel].core_type == core_type;
    return fits ? SLIP_OK : refuse_kernel(o, kernel, core_type);
}

/* Checks a task's shape and kernels. */
static slip_status check_kernels(slipi_orchestrator *o, const slip_task *task)
{
    slip_status status = SLIP_OK;
    switch (task->shape) {
    case SLIP_TASK_DUMMY:
        return SLIP_OK;
    case SLIP_TASK_AIC:
        return check_kernel(o, task->kernel[0], SLIP_AIC);
    case SLIP_TASK_AIV:
        return check_kernel(o, task->kernel[0], SLIP_AIV);
    case SLIP_TASK_MIXED:
        for (uint32_t lane = 0; lane < 3 && status == SLIP_OK; lane++) {
            status = check_kernel(o, task->kernel[lane], lane == 0 ? SLIP_AIC : SLIP_AIV);
        }
        return status;
    default:
        return slipi_orch_error(o, SLIP_E_INVALID_ARGUMENT,
                                "task shape %u is none of enum slip_task_shape", task->shape);
    }
}

/* Checks a scalar that names a run argument. */
static SLIPI_NOINLINE slip_status check_param(slipi_orchestrator *o, const slip_arg *arg)
{
    const slipi_launch *launch = o->worker->at.launch;
    const slipi_launch_arg *rows = (const slipi_launch_arg *)(uintptr_t)launch->args;
    if (arg->kind != SLIP_ARG_SCALAR_PARAM) {
        return slipi_orch_error(o, SLIP_E_INVALID_ARGUMENT,
                                "argument kind %u: a scalar, or an enum slip_access with a tensor",
                                arg->kind);
    }
    if (arg->bits >= launch->arg_count || rows[arg->bits].kind != SLIP_PARAM_SCALAR) {
        return slipi_orch_error(o, SLIP_E_SIGNATURE,
                                "a scalar follows run argument %llu, which is no scalar of this "
                                "run; it has %u arguments",
                                (unsigned long long)arg->bits, launch->arg_count);
    }
    return SLIP_OK;
}

/* The value of a scalar that names a run argument; a recorder is told. */
static SLIPI_NOINLINE uint64_t take_param(const slipi_orchestrator *o, const slipi_slot *slot,
                                          uint32_t index, const slip_arg *arg)
{
    const slipi_launch_arg *rows = (const slipi_launch_arg *)(uintptr_t)o->worker->at.launch->args;
    if (o->recorder != NULL) {
        o->recorder->follow(o->recorder->user, slot->submission, index, (uint32_t)arg->bits);
    }
    return rows[arg->bits].scalar;
}

/* Checks one argument and adds its needs. */
static slip_status plan_arg(slipi_orchestrator *o, const slip_arg *arg, plan *p)
{
    if (slipi_is_scalar(arg)) {
        p->scalars++;
        return arg->kind == SLIP_ARG_SCALAR ? SLIP_OK : check_param(o, arg);
    }
    p->tensors++;
    if (arg->tensor == NULL || arg->kind > SLIP_ACCESS_OUT_EXISTING) {
        return slipi_orch_error(o, SLIP_E_INVALID_ARGUMENT,
                                "argument kind %u: a scalar, or an enum slip_access with a tensor",
                                arg->kind);
    }
    if (arg->kind == SLIP_ACCESS_OUT) {
        uint64_t bytes;
        slip_status status = slipi_check_shape(o, arg->dtype, arg->ndim, arg->shape, &bytes);
        if (status != SLIP_OK) {
            return status;
        }
        /* Far beyond any heap; the sum of two and its rounding cannot overflow. */
        if (bytes > UINT64_MAX / 4 || p->need.heap_bytes > UINT64_MAX / 4) {
            return slipi_orch_error(o, SLIP_E_BAD_TENSOR, "the task's outputs overflow 64 bits");
        }
        p->need.heap_bytes += round_line(bytes);
        p->need.buffers++;
        return SLIP_OK;
    }
    slip_status status = slipi_check_tensor(o, arg->tensor);
    if (status == SLIP_OK && (arg->tensor->flags & SLIPI_TENSOR_READ_ONLY) != 0 &&
        (arg->kind == SLIP_ACCESS_INOUT || arg->kind == SLIP_ACCESS_OUT_EXISTING)) {
        return slipi_orch_error(o, SLIP_E_SIGNATURE,
                                "a task writes run argument %u, which the signature declares IN: "
                                "declare it OUT or INOUT",
                                (uint32_t)arg->tensor->reserved[0]);
    }
    return status;
}

/* Checks a whole task and sums its needs. */
static slip_status make_plan(slipi_orchestrator *o, const slip_task *task, plan *p)
{
    memset(p, 0, sizeof *p);
    p->ring = slipi_scope_now(o)->ring;
    if (task == NULL || task->struct_size < sizeof *task ||
        (task->arg_count != 0 && task->args == NULL) ||
        (task->dep_count != 0 && task->deps == NULL)) {
        return slipi_orch_error(o, SLIP_E_INVALID_ARGUMENT,
                                "a task needs struct_size (%zu), and arrays for its arguments and "
                                "edges",
                                sizeof *task);
    }
    if (task->arg_count > SLIP_MAX_TASK_ARGS) {
        return slipi_orch_error(o, SLIP_E_TOO_MANY_ARGUMENTS, "%u arguments: a task has %u at most",
                                task->arg_count, SLIP_MAX_TASK_ARGS);
    }
    slip_status status = check_kernels(o, task);
    for (uint32_t i = 0; i < task->arg_count && status == SLIP_OK; i++) {
        status = plan_arg(o, &task->args[i], p);
    }
    p->need.nodes = o->explicit_only ? 0 : (p->tensors - p->need.buffers) * SLIPI_ACCESS_NODES;
    if (p->tensors > SLIPI_INLINE_TENSORS) {
        p->need.spill_bytes += p->tensors * sizeof(slip_task_tensor);
    }
    if (p->scalars > SLIPI_INLINE_SCALARS) {
        p->need.spill_bytes += round_line(p->scalars * sizeof(uint64_t));
    }
    return status;
}

/* Waiting has become pointless: the run hangs, or nothing runs because a graph is only built. */
static SLIPI_COLD slip_status stop_waiting(slipi_orchestrator *o, const char *resource)
{
    if (o->explicit_only || o->recorder != NULL) {
        slipi_fault fault = {.status = SLIP_E_RING_DEADLOCK, .scope = -1, .kernel = -1};
        return slipi_orch_fault(o, &fault,
                                "the graph needs more %s than ring 0 holds: raise "
                                "sizing.ring[0].task_window and dep_pool",
                                resource);
    }
    o->failed = SLIP_E_HANG;
    return SLIP_E_HANG;
}

/* Waits for room; a deadlock becomes a fault with its sentence. */
static SLIPI_NOINLINE slip_status wait_for_room(slipi_orchestrator *o, plan p)
{
    slipi_fault fault;
    memset(&fault, 0, sizeof fault);
    fault.kernel = -1;
    fault.scope = -1;
    slip_status status = slipi_ring_reserve(&o->rings, p.ring, &p.need, &fault);
    if (status == SLIP_OK) {
        return SLIP_OK;
    }
    if (status == SLIP_E_HANG) {
        return stop_waiting(o, "argument bytes");
    }
    const slipi_scope *open = o->rings.outermost[p.ring];
    fault.scope = open != NULL ? (int32_t)(open - o->scopes) : -1;
    static const char *const what[] = {"", "task slots", "heap bytes", "buffer records"};
    return slipi_orch_fault(o, &fault,
                            "%llu %s wanted, %llu left of %llu: the open scopes keep the "
                            "rest; end a scope earlier",
                            (unsigned long long)fault.wanted, what[fault.resource & 3u],
                            (unsigned long long)fault.available,
                            (unsigned long long)fault.capacity);
}

/* Takes `bytes` of the ring's spill; returns their offset in SM. */
static uint64_t take_spill(const slipi_attached *at, uint32_t ring, uint64_t bytes)
{
    const slipi_ring_extent *e = &at->sm->ring[ring];
    slipi_ring_state *s = &at->rt->ring[ring];
    uint64_t start = slipi_place(s->spill_head, bytes, e->spill_bytes);
    s->spill_head = start + bytes;
    return e->spill_off + start % e->spill_bytes;
}

/* Places the arguments that do not fit into the slot. */
static SLIPI_NOINLINE void spill_args(const slipi_attached *at, const plan *p, slipi_slot *slot)
{
    uint64_t off = take_spill(at, p->ring, p->need.spill_bytes);
    if (p->tensors > SLIPI_INLINE_TENSORS) {
        slot->tensors_ref = (uint32_t)(off / SLIPI_SM_UNIT);
        off += p->tensors * sizeof(slip_task_tensor);
    }
    if (p->scalars > SLIPI_INLINE_SCALARS) {
        slot->scalars_ref = (uint32_t)(off / SLIPI_SM_UNIT);
    }
}

/* Initialises line 0 of the slot at the ring's head. */
static slipi_slot *open_slot(slipi_orchestrator *o, const slip_task *task, const plan *p)
{
    const slipi_attached *at = &o->worker->at;
    slipi_ring_state *s = &at->rt->ring[p->ring];
    slipi_slot *slot = &at->slots[p->ring][s->head & at->slot_mask[p->ring]];
    uint32_t first_ref = slipi_slot_ref(at, slot) * (SLIPI_SLOT_BYTES / SLIPI_SM_UNIT);
    slipi_store_relaxed(&slot->fanout, 0u); /* published with the first edge or the ready chain */
    slot->task = slipi_task_ref(p->ring, s->head);
    memcpy(slot->kernel, task->kernel, sizeof slot->kernel);
    slot->shape = (uint8_t)task->shape;
    slot->flags = 0; /* the mark of an earlier life is older than any serial to come */
    slot->tensor_count = (uint16_t)p->tensors;
    slot->scalar_count = (uint16_t)p->scalars;
    slot->tensors_ref = first_ref + offsetof(slipi_slot, tensors) / SLIPI_SM_UNIT;
    slot->scalars_ref = first_ref + offsetof(slipi_slot, scalars) / SLIPI_SM_UNIT;
    slot->submission = o->submissions;
    if (p->need.spill_bytes != 0) {
        spill_args(at, p, slot);
    }
    return slot;
}

/* Fills bytes with an element's bit pattern. */
static void fill(void *to, uint64_t bytes, uint32_t elem, uint64_t bits)
{
    uint8_t *at = to;
    uint64_t done = elem;
    memcpy(at, &bits, elem); /* little-endian: the low bytes */
    while (done < bytes) {
        uint64_t part = done < bytes - done ? done : bytes - done;
        memcpy(at + done, at, part);
        done += part;
    }
}

/*
 * Allocates one output at `offset` of the GM heap and stores it with its task. The program's handle
 * is set later, by set_outputs: until the look-ups are done it may still name an input.
 */
static SLIPI_NOINLINE void make_output(const submission *sub, const slip_arg *arg, uint64_t offset,
                                       slip_task_tensor *to)
{
    slipi_orchestrator *o = sub->o;
    const slipi_attached *at = &o->worker->at;
    uint32_t ring = slipi_task_ring(sub->slot->task);
    uint64_t position = at->rt->ring[ring].buffers_head++;
    const slipi_map_extent *extent = &at->rt->map[ring];
    slipi_buffer *buffers = (slipi_buffer *)(void *)(at->arena_base + extent->buffers_off);
    slipi_buffer *buffer = &buffers[position & (extent->buffer_count - 1)];
    uint64_t elements = 1;
    memset(to, 0, sizeof *to);
    for (uint32_t d = arg->ndim; d-- > 0;) {
        to->shape[d] = arg->shape[d];
        to->stride[d] = (int32_t)elements;
        elements *= arg->shape[d];
    }
    to->offset = offset;
    to->binding = SLIPI_BIND_HEAP;
    to->dtype = arg->dtype;
    to->ndim = arg->ndim;
    to->access = SLIP_ACCESS_OUT;
    to->buffer = slipi_task_ref(ring, SLIPI_BUFFER_HEAP | position);
    buffer->offset = offset;
    buffer->bytes = elements * slip_dtype_bytes(arg->dtype);
    buffer->binding = SLIPI_BIND_HEAP;
    slipi_tensormap_insert(buffer, sub->slot->task, sub->serial);
    if (arg->has_init != 0 && o->recorder != NULL) {
        o->recorder->fill(o->recorder->user, to->buffer, arg->bits);
    } else if (arg->has_init != 0) {
        uint8_t *bytes = at->heap_base + offset;
        fill(bytes, buffer->bytes, slip_dtype_bytes(arg->dtype), arg->bits);
        o->worker->services->publish(o->worker->services->device, bytes, buffer->bytes);
    }
}

/* Sets the program's handles of a task's outputs. */
static SLIPI_NOINLINE void set_outputs(slipi_orchestrator *o, const slip_task *task,
                                       const slipi_slot *slot)
{
    const slip_task_tensor *stored = slipi_tensors_of(&o->worker->at, slot);
    for (uint32_t i = 0; i < task->arg_count; i++) {
        const slip_arg *arg = &task->args[i];
        if (arg->kind == SLIP_ACCESS_OUT) {
            slip_tensor *t = arg->tensor;
            slipi_tensor_init(t, arg->dtype, arg->ndim, stored->shape);
            t->offset = stored->offset;
            t->binding = stored->binding;
            t->buffer = stored->buffer;
            t->creator = slot->task;
            t->depth = o->depth - 1;
            t->scope_serial = slipi_scope_now(o)->serial;
            t->run_serial = o->run_serial;
        }
        stored += slipi_is_scalar(arg) ? 0 : 1;
    }
}

/* Stores a tensor argument with its task. */
static void store_tensor(slip_task_tensor *to, const slip_tensor *from, uint8_t access)
{
    to->offset = from->offset;
    to->binding = from->binding;
    to->dtype = from->dtype;
    to->ndim = from->ndim;
    to->access = access;
    to->reserved = 0;
    memcpy(to->shape, from->shape, sizeof to->shape);
    memcpy(to->stride, from->stride, sizeof to->stride);
    to->buffer = from->buffer;
}

/* Allocates outputs and stores all arguments. */
static void store_args(const submission *sub, const slip_task *task, const plan *p)
{
    const slipi_attached *at = &sub->o->worker->at;
    const slipi_ring_extent *e = &at->sm->ring[p->ring];
    slipi_ring_state *s = &at->rt->ring[p->ring];
    slip_task_tensor *tensors = slipi_tensors_of(at, sub->slot);
    uint64_t *scalars = slipi_scalars_of(at, sub->slot);
    const uint64_t *first = scalars;
    uint64_t heap = 0;
    if (p->need.heap_bytes != 0) {
        heap = slipi_place(s->heap_head, p->need.heap_bytes, e->heap_bytes);
        s->heap_head = heap + p->need.heap_bytes;
    }
    for (uint32_t i = 0; i < task->arg_count; i++) {
        const slip_arg *arg = &task->args[i];
        if (slipi_is_scalar(arg)) {
            *scalars = arg->kind == SLIP_ARG_SCALAR
                           ? arg->bits
                           : take_param(sub->o, sub->slot, (uint32_t)(scalars - first), arg);
            scalars++;
            continue;
        }
        if (arg->kind == SLIP_ACCESS_OUT) {
            make_output(sub, arg, e->heap_off + heap % e->heap_bytes, tensors);
            heap += round_line((uint64_t)tensors->shape[0] * (uint32_t)tensors->stride[0] *
                               slip_dtype_bytes(arg->dtype));
            tensors++;
            continue;
        }
        if (arg->tensor->creator != 0) {
            /* R4: a buffer outlives its last user, whatever kind of argument that is. */
            slipi_slot_of(at, arg->tensor->creator)->last_use[p->ring] = s->head;
        }
        store_tensor(tensors++, arg->tensor, arg->kind);
    }
}

/* Orders the submission after a producer, once. */
static void add_producer(void *user, uint64_t task)
{
    submission *sub = user;
    slipi_orchestrator *o = sub->o;
    const slipi_attached *at = &o->worker->at;
    if (slipi_task_id(task) < o->first_task[slipi_task_ring(task)]) {
        return; /* of an earlier run */
    }
    slipi_slot *producer = slipi_slot_of(at, task);
    if (producer->task != task || producer->mark == sub->serial) {
        return; /* reclaimed (audited runs ask), or ordered already */
    }
    producer->mark = sub->serial;
    uint64_t flags = sub->edge_flags;
    if (slipi_fanin_push(&sub->fanin, producer)) {
        o->edges++;
    } else {
        o->edges_skipped++;
        flags |= SLIPI_AUDIT_EDGE_SKIPPED;
    }
    if (o->audit != NULL) {
        slipi_record_edge(o, SLIPI_AUDIT_EDGE, producer->submission, sub->slot->submission, flags);
    }
}

/* Checks the explicit edges; they are pushed later. */
static slip_status check_deps(slipi_orchestrator *o, const slip_task *task)
{
    for (uint32_t i = 0; i < task->dep_count; i++) {
        const slip_task_handle *dep = &task->deps[i];
        bool ours = dep->task != 0 && dep->run_serial == o->run_serial && dep->depth < o->depth &&
                    o->scopes[dep->depth].serial == dep->scope_serial;
        if (!ours) {
            return slipi_orch_error(o, SLIP_E_BAD_HANDLE,
                                    "explicit edge %u names no task of an open scope of this run",
                                    i);
        }
    }
    return SLIP_OK;
}

/*
 * True if every earlier submission is COMPLETED and this task will be when its submission returns:
 * then it has no producer, and no later task will find it live. The map need not know of it.
 */
static inline bool is_unseen(const submission *sub)
{
    return sub->o->rings.quiet == sub->serial - 1 && slipi_runs_at_once(sub->o->worker, sub->slot);
}

/* Looks every argument up, records it, and pushes the edges. */
static void find_producers(submission *sub, const slip_task *task)
{
    slipi_orchestrator *o = sub->o;
    sub->edge_flags = SLIPI_AUDIT_EDGE_EXPLICIT;
    for (uint32_t i = 0; i < task->dep_count; i++) {
        add_producer(sub, task->deps[i].task);
    }
    sub->edge_flags = 0;
    if (o->explicit_only || is_unseen(sub)) {
        return;
    }
    bool manual = slipi_scope_now(o)->kind == SLIP_SCOPE_MANUAL;
    slipi_access access = {.task = sub->slot->task,
                           .seq = sub->serial,
                           .kind = manual ? SLIPI_ACCESS_MANUAL : SLIPI_ACCESS_AUTO};
    for (uint32_t i = 0; i < task->arg_count; i++) {
        const slip_arg *arg = &task->args[i];
        if (slipi_is_scalar(arg) || arg->kind == SLIP_ACCESS_NONE || arg->kind == SLIP_ACCESS_OUT) {
            continue;
        }
        access.tensor = arg->tensor;
        access.writes = arg->kind != SLIP_ACCESS_IN;
        slipi_tensormap_access(o, &access, add_producer, sub);
    }
}

/* Notes where the ring's positions stand after the task, if it moved them, for its reclamation. */
static void close_slot(slipi_orchestrator *o, const plan *p, slipi_slot *slot, bool took_edges)
{
    slipi_ring_state *s = &o->worker->at.rt->ring[p->ring];
    if (p->need.buffers != 0) {
        slipi_slot_keep(slot);
        slot->heap_end = s->heap_head;
        slot->buffers_end = s->buffers_head;
        uint64_t heap = s->heap_head - s->heap_tail;
        s->heap_high = heap > s->heap_high ? heap : s->heap_high;
    }
    if (p->need.spill_bytes != 0 || took_edges) {
        slot->flags |= SLIPI_SLOT_TOOK;
        slot->spill_end = s->spill_head;
        slot->pool_end = s->pool_head;
    }
    s->head++;
    o->rings.busy |= 1u << p->ring;
    uint64_t used = s->head - s->tail;
    s->window_high = used > s->window_high ? used : s->window_high;
}

slip_status slipi_submit(slip_orch *base, const slip_task *task, slip_task_handle *out)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    slip_status status = slipi_orch_state(o);
    if (status != SLIP_OK) {
        return status;
    }
    plan p;
    o->submissions++;
    status = make_plan(o, task, &p);
    if (status == SLIP_OK) {
        status = check_deps(o, task);
    }
    if (status == SLIP_OK) {
        slipi_ring_advance(&o->rings, p.ring);
        status = slipi_ring_has_room(&o->rings, p.ring, &p.need) ? SLIP_OK : wait_for_room(o, p);
    }
    if (status != SLIP_OK) {
        return status;
    }
    submission sub;
    sub.o = o;
    sub.slot = open_slot(o, task, &p);
    sub.serial = ++o->worker->at.rt->sequence;
    store_args(&sub, task, &p);
    if (o->audit != NULL) {
        slipi_record_watermark(o);
        slipi_record_task(o, sub.slot, task);
    }
    slipi_fanin_begin(&sub.fanin, &o->worker->at, &o->rings.help, sub.slot, p.ring);
    find_producers(&sub, task);
    if (p.need.buffers != 0) {
        set_outputs(o, task, sub.slot);
    }
    close_slot(o, &p, sub.slot, sub.fanin.took_pool);
    if (sub.fanin.stuck) {
        return stop_waiting(o, "edges");
    }
    if (out != NULL) {
        slip_task_handle handle = {sub.slot->task, o->depth - 1, 0, slipi_scope_now(o)->serial,
                                   o->run_serial};
        *out = handle;
    }
    if (slipi_fanin_end(&sub.fanin)) {
        slipi_submit_ready(o->worker, sub.slot);
    }
    if (o->worker->paced != 0) {
        slipi_pace(o->worker);
    }
    return SLIP_OK;
}
