/* exec_self.c - runs tasks on the control thread itself; see exec_self.h. */
#include "device/exec_self.h"

#include <stddef.h>

#include "abi/task_trace.h"
#include "base/hints.h"

void slipi_task_trace_note(const slipi_attached *at, const slipi_slot *slot,
                           const slip_kernel_ctx *ctx, uint64_t begin, uint64_t end)
{
    slipi_task_trace *trace =
        (slipi_task_trace *)(uintptr_t)at->bindings[SLIPI_BIND_TASK_TRACE].address;
    if (trace == NULL) {
        return;
    }
    /* Relaxed: a ticket; the end of the run orders the record. */
    uint64_t index = slipi_add_relaxed(&trace->used, 1u);
    if (index < trace->capacity_records) {
        slipi_task_record *record = &slipi_task_trace_records(trace)[index];
        record->task = slot->task;
        record->submission = slot->submission;
        record->start_ticks = begin;
        record->end_ticks = end;
        record->kernel = ctx->kernel;
        record->core = ctx->core;
        record->core_type = ctx->core_type;
    }
}

/*
 * Updates a kernel's typical time with a new one: a quarter of the difference at a time. A sample
 * counts as four times the old value at most: a thread that lost its processor inside a kernel must
 * not make the kernel look long for hundreds of tasks. Every thread reads the row for every task,
 * so it is written only if the value moves.
 */
static void learn(slipi_worker *w, slipi_kernel_row *row, uint64_t ns)
{
    enum { MOST = 4, SMALL = 64 };
    uint64_t old = slipi_load_relaxed(&row->typical);
    uint64_t sample = ns == 0 ? 1u : ns > UINT32_MAX ? UINT32_MAX : ns;
    sample = old != 0 && sample > old * MOST ? old * MOST : sample;
    uint64_t smoothed = old == 0 ? sample : (old * 3 + sample + 3) / 4;
    uint64_t moved = smoothed > old ? smoothed - old : old - smoothed;
    if (moved > old / SMALL) {
        slipi_store_relaxed(&row->typical, smoothed > UINT32_MAX ? UINT32_MAX : (uint32_t)smoothed);
    }
    w->long_kernels = smoothed >= SLIPI_LONG_KERNEL_NS ? 1 : 0;
}

/* Nanoseconds of a span of device ticks. */
static uint64_t ticks_to_ns(const slipi_worker *w, uint64_t ticks)
{
    uint64_t hz = w->services->info.counter_hz;
    return hz == 1000000000u ? ticks : (uint64_t)((double)ticks * 1e9 / (double)hz);
}

/*
 * Whether to time this run of a kernel: the first one, and then one in 64 of the short kernels,
 * where two clock reads cost as much as the task, and one in 4 of the others.
 */
static bool is_sampled(slipi_worker *w, slipi_kernel_row *row)
{
    enum { SHORT_MASK = 63, LONG_MASK = 3, SHORT_NS = 1000 };
    uint32_t typical = slipi_load_relaxed(&row->typical);
    uint32_t mask = typical < SHORT_NS ? SHORT_MASK : LONG_MASK;
    return typical == 0 || (w->sample++ & mask) == 0;
}

/* Runs a kernel between two looks at the clock. */
static SLIPI_NOINLINE int32_t run_timed(slipi_worker *w, const slipi_slot *slot,
                                        slipi_kernel_row *row)
{
    slip_kernel_ctx *ctx = &w->ctx;
    slip_kernel_fn fn = (slip_kernel_fn)(uintptr_t)row->entry;
    uint64_t begin = w->services->ticks(w->services->device);
    int32_t code = fn(ctx);
    uint64_t end = w->services->ticks(w->services->device);
    learn(w, row, ticks_to_ns(w, end - begin));
    slipi_task_trace_note(&w->at, slot, ctx, begin, end);
    return code;
}

/* Runs one kernel of a task. */
static inline void run_kernel(slipi_worker *w, const slipi_slot *slot, uint32_t lane)
{
    slip_kernel_ctx *ctx = &w->ctx;
    uint16_t kernel = slot->kernel[lane];
    slipi_kernel_row *row = &w->at.kernels[kernel];
    ctx->kernel = kernel;
    ctx->core_type = (uint8_t)row->core_type;
    ctx->lane = lane == 2 ? 1 : 0;
    bool traced = w->at.bindings[SLIPI_BIND_TASK_TRACE].address != 0;
    int32_t code = traced || is_sampled(w, row) ? run_timed(w, slot, row)
                                                : ((slip_kernel_fn)(uintptr_t)row->entry)(ctx);
    if (code != 0) {
        slipi_raise_kernel(&w->at, slot, kernel, code, ctx->core);
    }
}

/* Runs a task's kernels; nothing if it has none or the run has failed. */
static inline void run_kernels(slipi_worker *w, const slipi_slot *slot)
{
    if (slot->shape != SLIP_TASK_DUMMY && slipi_failed(&w->at) == SLIP_OK) {
        slip_kernel_ctx *ctx = &w->ctx;
        ctx->tensors = slipi_tensors_of(&w->at, slot);
        ctx->scalars = slipi_scalars_of(&w->at, slot);
        ctx->tensor_count = slot->tensor_count;
        ctx->scalar_count = slot->scalar_count;
        ctx->task = slot->task;
        run_kernel(w, slot, 0);
        if (slot->shape == SLIP_TASK_MIXED) {
            run_kernel(w, slot, 1);
            run_kernel(w, slot, 2);
        }
    }
}

void slipi_run_in_order(slipi_worker *w, slipi_slot *first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        run_kernels(w, &first[i]);
    }
}

void slipi_run_task(slipi_worker *w, slipi_slot *slot)
{
    run_kernels(w, slot);
    slipi_complete(w, slot);
}
