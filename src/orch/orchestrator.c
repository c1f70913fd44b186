/* orchestrator.c - one orchestrated run: its table, its beginning and its end. */
#include "orch/orchestrator.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "orch/tensormap.h"

/* Latches a fault with its sentence. */
static slip_status raise_fault(slipi_orchestrator *o, slipi_fault *fault, const char *format,
                               va_list args)
{
    (void)vsnprintf(fault->detail, sizeof fault->detail, format, args);
    if (fault->scope < 0 && o->depth > 0) {
        fault->scope = (int32_t)o->depth - 1;
    }
    fault->submission = o->submissions;
    slipi_raise(&o->worker->at, fault);
    if (o->failed == SLIP_OK) {
        o->failed = fault->status;
    }
    return fault->status;
}

slip_status slipi_orch_fault(slipi_orchestrator *o, slipi_fault *fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    slip_status status = raise_fault(o, fault, format, args);
    va_end(args);
    return status;
}

slip_status slipi_orch_error(slipi_orchestrator *o, slip_status status, const char *format, ...)
{
    slipi_fault fault = {.status = status, .ring = -1, .scope = -1, .kernel = -1};
    va_list args;
    va_start(args, format);
    (void)raise_fault(o, &fault, format, args);
    va_end(args);
    return status;
}

/* Run argument `index`, if it is of the wanted kind; null and a failed run otherwise. */
static const slipi_launch_arg *find_arg(slipi_orchestrator *o, uint32_t index, uint32_t kind,
                                        const void *out)
{
    const slipi_launch *launch = o->worker->at.launch;
    const slipi_launch_arg *args = (const slipi_launch_arg *)(uintptr_t)launch->args;
    if (slipi_orch_state(o) != SLIP_OK) {
        return NULL;
    }
    if (out == NULL || index >= launch->arg_count || args[index].kind != kind) {
        (void)slipi_orch_error(o, SLIP_E_SIGNATURE,
                               "run argument %u is asked for as a %s; the run "
                               "has %u arguments%s",
                               index, kind == SLIP_PARAM_TENSOR ? "tensor" : "scalar",
                               launch->arg_count,
                               index < launch->arg_count ? ", this one of the other kind" : "");
        return NULL;
    }
    return &args[index];
}

/*
 * Makes the record of an argument's buffer one of this run, if it is still of an earlier one. What
 * a program does not ask for costs it nothing.
 */
static void begin_buffer(slipi_orchestrator *o, const slipi_launch_arg *arg)
{
    const slipi_attached *at = &o->worker->at;
    slipi_buffer *buffers =
        (slipi_buffer *)(void *)(at->arena_base + at->rt->map[SLIPI_RINGS].buffers_off);
    slipi_buffer *buffer = &buffers[arg->binding - SLIPI_BIND_ARGS];
    if (buffer->birth == o->args_seq) {
        return; /* it was asked for before, or shares its memory with one that was */
    }
    slipi_tensormap_insert(buffer, 0, o->args_seq);
    buffer->offset = 0;
    buffer->bytes = at->bindings[arg->binding].bytes;
    buffer->binding = arg->binding;
    buffer->untracked = arg->written != 0 ? 0 : 1;
}

/* slip_orch_ops.arg_tensor */
static slip_status arg_tensor(slip_orch *base, uint32_t index, slip_tensor *out)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    const slipi_launch_arg *arg = find_arg(o, index, SLIP_PARAM_TENSOR, out);
    if (arg == NULL) {
        return o->failed;
    }
    uint64_t bytes;
    slip_status status = slipi_check_shape(o, arg->dtype, arg->ndim, arg->shape, &bytes);
    if (status != SLIP_OK) {
        return status;
    }
    begin_buffer(o, arg);
    slipi_tensor_init(out, arg->dtype, arg->ndim, arg->shape);
    if (bytes != o->worker->at.bindings[arg->binding].bytes) {
        out->flags = 0; /* a part of a larger buffer: several arguments overlap */
    }
    if (arg->access == SLIP_ACCESS_IN) {
        out->flags |= SLIPI_TENSOR_READ_ONLY;
    }
    out->reserved[0] = (uint8_t)index;
    out->root_offset = arg->offset;
    out->offset = arg->offset;
    out->buffer = arg->binding - SLIPI_BIND_ARGS;
    out->binding = arg->binding;
    out->scope_serial = o->scopes[0].serial;
    out->run_serial = o->run_serial;
    return SLIP_OK;
}

/* slip_orch_ops.arg_scalar */
static slip_status arg_scalar(slip_orch *base, uint32_t index, uint64_t *out_bits)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    const slipi_launch_arg *arg = find_arg(o, index, SLIP_PARAM_SCALAR, out_bits);
    if (arg == NULL) {
        return o->failed;
    }
    if (o->recorder != NULL) {
        o->recorder->read(o->recorder->user, index);
    }
    *out_bits = arg->scalar;
    return SLIP_OK;
}

/* slip_orch_ops.fail */
static slip_status fail(slip_orch *base, int32_t code, const char *message)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    slipi_fault fault = {
        .status = SLIP_E_ORCH_FAILED, .ring = -1, .scope = -1, .kernel = -1, .code = code};
    return slipi_orch_fault(o, &fault, "%s", message != NULL ? message : "no message");
}

/* slip_orch_ops.failed */
static slip_status failed(const slip_orch *base)
{
    return slipi_orch_state(slipi_orchestrator_of((slip_orch *)(uintptr_t)base));
}

/* slip_orch_ops.log */
static void log_line(slip_orch *base, uint32_t level, const char *message)
{
    (void)base;
    slipi_log(level, "orchestration: %s", message != NULL ? message : "");
}

static const slip_orch_ops orch_ops = {
    .struct_size = sizeof(slip_orch_ops),
    .abi = SLIP_PROGRAM_ABI,
    .arg_tensor = arg_tensor,
    .arg_scalar = arg_scalar,
    .slice = slipi_view_slice,
    .reshape = slipi_view_reshape,
    .transpose = slipi_view_transpose,
    .submit = slipi_submit,
    .scope_begin = slipi_scope_begin,
    .scope_end = slipi_scope_end,
    .get = slipi_element_get,
    .set = slipi_element_set,
    .fail = fail,
    .failed = failed,
    .log = log_line,
};

/* Lets the run arguments' buffers begin anew: none of their records is of this run yet. */
static void begin_args(slipi_orchestrator *o)
{
    slipi_runtime *rt = o->worker->at.rt;
    o->args_seq = ++rt->sequence;
    rt->args_cells_head = 0;
}

/* slipi_help.step: the orchestrator's own worker runs tasks. */
static bool help_worker(void *user)
{
    return slipi_step_or_idle(user);
}

/* slipi_help.more: a ready task, unless tasks are long: then submission goes on at once. */
static bool help_more(void *user)
{
    slipi_worker *w = user;
    return w->long_kernels == 0 && slipi_step(w);
}

void slipi_orchestrator_begin(slipi_orchestrator *o, slipi_worker *w)
{
    o->base.ops = &orch_ops;
    o->worker = w;
    o->explicit_only = false;
    o->recorder = NULL;
    o->failed = SLIP_OK;
    o->depth = 0;
    o->submissions = 0;
    o->edges = 0;
    o->edges_skipped = 0;
    o->run_serial = w->at.launch->run_serial;
    o->kernel_count = w->at.launch->kernel_count;
    o->core_count[SLIP_AIC] = w->services->info.aic_count;
    o->core_count[SLIP_AIV] = w->services->info.aiv_count;
    o->audit = (slipi_audit_header *)(uintptr_t)w->at.bindings[SLIPI_BIND_AUDIT].address;
    slipi_help help = {help_worker, w, help_more};
    slipi_rings_begin(&o->rings, &w->at, help);
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        o->first_task[r] = w->at.rt->ring[r].head;
    }
    begin_args(o);
    slip_status status = slipi_scope_begin(&o->base, SLIP_SCOPE_AUTO); /* the program's own */
    SLIPI_ASSERT(status == SLIP_OK);
}

slip_status slipi_orchestrator_end(slipi_orchestrator *o, slip_status status)
{
    if (status == SLIP_OK && o->depth != 1 && slipi_orch_state(o) == SLIP_OK) {
        status =
            slipi_orch_error(o, SLIP_E_SCOPE, "%u scopes are still open at the end", o->depth - 1);
    }
    if (status != SLIP_OK && slipi_orch_state(o) == SLIP_OK) {
        (void)slipi_orch_error(o, SLIP_E_ORCH_FAILED, "the orchestration function returned %d",
                               status);
    }
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        o->rings.outermost[r] = NULL;
    }
    status = slipi_rings_drain(&o->rings);
    o->depth = 0;
    return status == SLIP_OK ? slipi_orch_state(o) : status;
}
