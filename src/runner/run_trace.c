/*
 * run_trace.c - the trace spans of one run, emitted when it has ended.
 *
 * For run.c, under the runner's lock; only when a trace is on. The tree is in docs/host-trace.md.
 */
#include <stdio.h>

#include "runner/runner_int.h"

/* Names of the device's phases, in the order of enum slipi_phase_span. */
static const char *const phase_names[SLIPI_SPAN_COUNT] = {
    "preamble", "so_load", "graph_build", "config_validate", "arena_wire",
    "sm_reset", "orch",    "sched",       "post_orch",
};

/* How a bind found the prebuilt state. */
static const char *found_name(enum slipi_prebuilt_found found)
{
    switch (found) {
    case SLIPI_PREBUILT_HIT:
        return "hit";
    case SLIPI_PREBUILT_DIRTY:
        return "dirty";
    default:
        return "miss";
    }
}

/* Nanoseconds of a device time; whole seconds apart, so that nothing overflows. */
uint64_t slipi_ticks_ns(const slip_runner *runner, uint64_t ticks)
{
    uint64_t hz = runner->info.counter_hz;
    if (hz == UINT64_C(1000000000)) {
        return ticks;
    }
    return ticks / hz * UINT64_C(1000000000) + ticks % hz * UINT64_C(1000000000) / hz;
}

/* End minus begin; 0 if the end was not reached. */
static uint64_t since(uint64_t begin, uint64_t end)
{
    return end > begin ? end - begin : 0;
}

/* Emits the device's phases inside the time that they span together. */
static void emit_device(slipi_run *run)
{
    const slip_runner *runner = run->runner;
    const slipi_result *result = &run->request.launch.block->result;
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;
    for (uint32_t i = 0; i < SLIPI_SPAN_COUNT; i++) {
        if (result->span_end[i] != 0) {
            first = result->span_begin[i] < first ? result->span_begin[i] : first;
            last = result->span_end[i] > last ? result->span_end[i] : last;
        }
    }
    if (last == 0) {
        return;
    }
    uint64_t start = slipi_ticks_ns(runner, first);
    slipi_trace_device_span(runner->trace, "run.launch.device_wall", start,
                            since(start, slipi_ticks_ns(runner, last)), NULL);
    for (uint32_t i = 0; i < SLIPI_SPAN_COUNT; i++) {
        char name[64];
        bool taken = result->span_end[i] != 0;
        uint64_t begin = taken ? slipi_ticks_ns(runner, result->span_begin[i]) : start;
        uint64_t end = taken ? slipi_ticks_ns(runner, result->span_end[i]) : start;
        (void)snprintf(name, sizeof(name), "run.launch.device_wall.%s", phase_names[i]);
        slipi_trace_device_span(runner->trace, name, begin, since(begin, end),
                                taken ? NULL : "skipped=1");
    }
}

/* Emits the spans of the bind. */
static void emit_bind(slipi_run *run)
{
    slipi_trace *trace = run->runner->trace;
    const slipi_bind_times *times = &run->bind_times;
    const slipi_bind_result *bound = &run->bound;
    char extra[128];
    (void)snprintf(extra, sizeof(extra), "launch_bytes=%llu",
                   (unsigned long long)bound->launch_bytes);
    slipi_trace_span(trace, "run.bind", run->begin_ns, since(run->begin_ns, run->bind_end_ns),
                     extra);
    (void)snprintf(extra, sizeof(extra), "args=%u copy_in_bytes=%llu", run->request.arg_count,
                   (unsigned long long)bound->copy_in_bytes);
    slipi_trace_span(trace, "run.bind.args", times->args_begin,
                     since(times->args_begin, times->args_end), extra);
    if (times->prebuilt_begin != 0) {
        (void)snprintf(extra, sizeof(extra), "cache=%s image_bytes=%llu", found_name(bound->found),
                       (unsigned long long)bound->image_bytes);
        slipi_trace_span(trace, "run.bind.prebuilt", times->prebuilt_begin,
                         since(times->prebuilt_begin, times->prebuilt_end), extra);
    }
}

/* Emits the spans of a run, good or failed. */
void slipi_run_emit_spans(slipi_run *run, slip_status status)
{
    slipi_trace *trace = run->runner->trace;
    char extra[128];
    slipi_trace_begin(trace, slipi_run_number(run->request.run_serial), run->callable->hash);
    (void)snprintf(extra, sizeof(extra), "status=%s", slip_status_name(status));
    slipi_trace_span(trace, "run", run->begin_ns, since(run->begin_ns, run->end_ns), extra);
    if (run->bind_end_ns != 0) {
        emit_bind(run);
    }
    if (run->launch_end_ns != 0) {
        (void)snprintf(extra, sizeof(extra), "control_threads=%u blocks=%u",
                       run->request.control_threads, run->request.blocks);
        slipi_trace_span(trace, "run.launch", run->bind_end_ns,
                         since(run->bind_end_ns, run->launch_end_ns), extra);
        if (run->runner->broken == 0) {
            emit_device(run);
        }
        (void)snprintf(extra, sizeof(extra), "copy_out_bytes=%llu",
                       (unsigned long long)run->copy_out_bytes);
        slipi_trace_span(trace, "run.validate", run->launch_end_ns,
                         since(run->launch_end_ns, run->end_ns), extra);
    }
    if (run->request.task_trace.address != 0 && run->launch_end_ns != 0 &&
        run->runner->broken == 0) {
        slipi_task_trace_emit(run);
    }
    slipi_trace_end(trace);
}
