/*
 * executor.c - the device's program: attach, rebind, orchestrate, schedule, end.
 *
 * Every control thread of the device enters slipi_device_entry.control. Thread 0 rebinds the image
 * and orchestrates; the others wait for its word and schedule. That word is launch->phase:
 *
 *   NONE -> OPEN -> ENDED      a run
 *   NONE -> FAILED             "init: failed": nobody waits, cores are shut down
 *
 *   [P1] thread 0 publishes the phase with release: everything it wrote before (latches cleared,
 *        or results complete) is visible to whoever acquires it at [P2].
 */
#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "device/core_loop.h"
#include "device/dispatch.h"
#include "device/entry.h"
#include "graph/execute.h"
#include "orch/orchestrator.h"
#include "sched/worker.h"

/* Device-clock span of a phase of the run, if spans are wanted. */
static void stamp(const slip_device_services *sv, slipi_launch *launch, uint32_t span, bool begin)
{
    if ((launch->flags & SLIPI_LAUNCH_SPANS) != 0) {
        uint64_t now = sv->ticks(sv->device);
        *(begin ? &launch->result.span_begin[span] : &launch->result.span_end[span]) = now;
    }
}

/* Prepares a worker; its regions are attached by the caller. */
static void init_worker(slipi_worker *w, const slip_device_services *sv, const slipi_launch *launch,
                        uint32_t thread)
{
    w->services = sv;
    w->dispatcher = NULL;
    w->thread = thread;
    w->thread_count = launch->control_threads;
    w->dispatch = launch->dispatch;
    bool halves = launch->dispatch == SLIP_DISPATCH_HALVES && launch->control_threads > 1;
    w->queues = sv->info.self_executing == 0 ? SLIPI_QUEUES_BY_SHAPE
                : halves                     ? SLIPI_QUEUES_BY_HALF
                                             : SLIPI_QUEUES_ONE;
    /* Another place in every run: a graph that repeats itself must not hide some of its kernels. */
    w->sample = (uint32_t)launch->run_serial * 13u + thread;
    w->long_kernels = 0;
    w->paced = 0;
    w->offer_end = 0;
    w->missed_ns = 0;
    w->idle_rounds = 0;
    w->hung = 0;
    w->armed = 0;
    w->ticket = 0;
    w->progress_mark = 0;
    w->progress_ns = 0;
    w->graph = launch->mode == SLIP_MODE_HOST_GRAPH ? 1 : 0;
    w->graph_done = 0;
    memset(w->ready, 0, sizeof w->ready);
    memset(&w->ctx, 0, sizeof w->ctx);
    w->ctx.bindings = (const slip_binding *)(uintptr_t)launch->bindings;
    w->ctx.core = thread;
}

/* What thread 0 reports. */
static void report(slipi_launch *launch, const slipi_worker *w, const slipi_orchestrator *o,
                   slip_status status)
{
    slipi_result *result = &launch->result;
    result->tasks = o->submissions;
    result->edges = o->edges;
    result->edges_skipped = o->edges_skipped;
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        const slipi_ring_state *ring = &w->at.rt->ring[r];
        if (ring->head != o->first_task[r]) {
            result->ring[r] = *ring;
        } else {
            result->ring[r].head = ring->head; /* which says that the rest is as it was */
        }
    }
    if (status != SLIP_OK) {
        slipi_fault_read(&w->at, &result->fault);
    }
    result->status = status;
}

/* Orchestrates a run in device mode. */
static slip_status orchestrate(slipi_worker *w, slipi_launch *launch)
{
    const slip_device_services *sv = w->services;
    slipi_orchestrator o;
    slipi_orchestrator_begin(&o, w);
    stamp(sv, launch, SLIPI_SPAN_ORCH, true);
    slip_orch_fn fn = sv->orchestration != NULL ? sv->orchestration(sv->device, launch->orchestrate)
                                                : (slip_orch_fn)(uintptr_t)launch->orchestrate;
    slip_status status = fn(&o.base);
    stamp(sv, launch, SLIPI_SPAN_ORCH, false);
    stamp(sv, launch, SLIPI_SPAN_SCHED, true);
    status = slipi_orchestrator_end(&o, status);
    stamp(sv, launch, SLIPI_SPAN_SCHED, false);
    stamp(sv, launch, SLIPI_SPAN_POST_ORCH, true);
    report(launch, w, &o, status);
    stamp(sv, launch, SLIPI_SPAN_POST_ORCH, false);
    return status;
}

/* Runs a host-built graph. */
static slip_status run_graph(slipi_worker *w, slipi_launch *launch)
{
    stamp(w->services, launch, SLIPI_SPAN_SCHED, true);
    slip_status status = slipi_graph_execute(w, launch);
    stamp(w->services, launch, SLIPI_SPAN_SCHED, false);
    return status;
}

/* What the host promised of a launch block, checked once more where it is relied on. */
static bool config_is_valid(const slipi_launch *launch)
{
    return launch->mode <= SLIP_MODE_HOST_GRAPH && launch->dispatch <= SLIP_DISPATCH_HALVES &&
           launch->control_threads != 0 && launch->bindings != 0 &&
           launch->binding_count >= SLIPI_BIND_ARGS &&
           launch->binding_count <= SLIPI_MAX_BINDINGS && launch->arg_count <= SLIP_MAX_RUN_ARGS &&
           (launch->args != 0 || launch->arg_count == 0);
}

/* Attaches the regions for the run's mode. */
static slip_status attach(slipi_worker *w, slipi_launch *launch)
{
    const char *why = NULL;
    const slip_device_services *sv = w->services;
    slip_status status = SLIP_OK;
    stamp(sv, launch, SLIPI_SPAN_CONFIG_VALIDATE, true);
    if (!config_is_valid(launch)) {
        why = "launch configuration";
        status = SLIP_E_INIT_FAILED;
    }
    stamp(sv, launch, SLIPI_SPAN_CONFIG_VALIDATE, false);
    stamp(sv, launch, SLIPI_SPAN_ARENA_WIRE, true);
    if (status == SLIP_OK) {
        status = launch->mode == SLIP_MODE_HOST_GRAPH
                     ? slipi_attach_sm(&w->at, launch, &why)
                     : slipi_runtime_rebind_device_pointers(&w->at, launch, &why);
    }
    stamp(sv, launch, SLIPI_SPAN_ARENA_WIRE, false);
    if (status == SLIP_OK && launch->mode == SLIP_MODE_HOST_GRAPH) {
        slipi_store_relaxed(&w->at.sm->fatal_status, 0); /* published with the phase */
        slipi_store_relaxed(&w->at.sm->fatal, 0u);
    }
    if (status != SLIP_OK) {
        slipi_fault *fault = &launch->result.fault;
        slipi_log(SLIP_LOG_ERROR, "device: init failed: %s", why);
        memset(fault, 0, sizeof *fault);
        fault->status = status;
        fault->ring = fault->scope = fault->kernel = -1;
        fault->resource = SLIPI_RESOURCE_IMAGE;
        strncpy(fault->detail, why, sizeof fault->detail - 1);
        launch->result.status = status;
    }
    return status;
}

/* Ends the run for everybody. */
static void publish_end(slipi_launch *launch, uint64_t phase)
{
    slipi_store_release(&launch->phase, phase); /* [P1] */
}

/* Control thread 0. */
static slip_status run_first(const slip_device_services *sv, slipi_launch *launch)
{
    slipi_worker w;
    slipi_dispatcher dispatcher;
    stamp(sv, launch, SLIPI_SPAN_PREAMBLE, true);
    init_worker(&w, sv, launch, 0);
    stamp(sv, launch, SLIPI_SPAN_PREAMBLE, false);
    slip_status status = attach(&w, launch);
    bool cores = sv->info.self_executing == 0;
    if (status != SLIP_OK) {
        publish_end(launch, SLIPI_PHASE_FAILED);
        if (cores) {
            slipi_dispatcher_init(&dispatcher, sv, NULL, 0, 1, 0);
            slipi_dispatcher_stop(&dispatcher);
        }
        return status;
    }
    if (cores) {
        slipi_dispatcher_init(&dispatcher, sv, launch, 0, w.thread_count, launch->blocks);
        w.dispatcher = &dispatcher;
    }
    slipi_store_release(&launch->phase, SLIPI_PHASE_OPEN); /* [P1] */
    if (cores) {
        sv->call_threads(sv->device, w.thread_count); /* they may sleep until they see it */
    }
    status = launch->mode == SLIP_MODE_HOST_GRAPH ? run_graph(&w, launch) : orchestrate(&w, launch);
    slipi_idle_end(&w);
    publish_end(launch, SLIPI_PHASE_ENDED);
    if (cores) {
        slipi_dispatcher_stop(&dispatcher);
    }
    return status;
}

/* Works until the run has ended or, on a self-executing platform, nothing was found for a while. */
static void work(slipi_worker *w, slipi_launch *launch)
{
    enum { LEAVE_ROUNDS = 128 };
    slipi_sm *sm = w->at.sm;
    bool hungry = false;
    slipi_add_relaxed(&sm->inside, 1u); /* relaxed, as hungry: hints for who shares work */
    while (slipi_load_acquire(&launch->phase) == SLIPI_PHASE_OPEN) { /* [P2] */
        if (slipi_step(w)) {
            if (hungry) {
                slipi_add_relaxed(&sm->hungry, UINT32_MAX);
                hungry = false;
            }
            continue;
        }
        if (!hungry) {
            slipi_add_relaxed(&sm->hungry, 1u);
            hungry = true;
            slipi_event_notify(&sm->progress, 1); /* what thread 0 waits for may be complete */
        }
        if (w->dispatcher == NULL && w->idle_rounds >= LEAVE_ROUNDS) {
            break;
        }
        slipi_idle(w);
    }
    if (hungry) {
        slipi_add_relaxed(&sm->hungry, UINT32_MAX);
    }
    slipi_add_relaxed(&sm->inside, UINT32_MAX);
}

/* Control threads 1 and up. */
static slip_status run_other(const slip_device_services *sv, slipi_launch *launch, uint32_t thread)
{
    slipi_worker w;
    slipi_dispatcher dispatcher;
    uint64_t phase = slipi_load_acquire(&launch->phase); /* [P2] */
    for (uint32_t rounds = 0; phase == SLIPI_PHASE_NONE; rounds++) {
        sv->idle(sv->device, thread, rounds);
        phase = slipi_load_acquire(&launch->phase);
    }
    if (phase == SLIPI_PHASE_FAILED) {
        return SLIP_E_INIT_FAILED;
    }
    const char *why = NULL;
    init_worker(&w, sv, launch, thread);
    bool cores = sv->info.self_executing == 0;
    if (!cores && phase != SLIPI_PHASE_OPEN) {
        return SLIP_OK;
    }
    slip_status status = slipi_attach_sm(&w.at, launch, &why);
    SLIPI_ASSERT(status == SLIP_OK); /* thread 0 attached the same image */
    if (cores) {
        slipi_dispatcher_init(&dispatcher, sv, launch, thread, w.thread_count, launch->blocks);
        w.dispatcher = &dispatcher;
    }
    work(&w, launch);
    if (cores) {
        slipi_dispatcher_stop(&dispatcher);
    }
    return SLIP_OK;
}

/* slip_device_entry.control */
static slip_status control(const slip_device_services *sv, uint64_t launch_address, uint32_t thread)
{
    slipi_launch *launch = (slipi_launch *)(uintptr_t)launch_address;
    if (launch == NULL || launch->magic != SLIPI_LAUNCH_MAGIC ||
        launch->version != SLIPI_LAYOUT_VERSION || launch->struct_size != sizeof *launch ||
        launch->fingerprint != slipi_layout_fingerprint()) {
        slipi_log(SLIP_LOG_ERROR, "device: the launch block is not one of this build");
        return SLIP_E_INIT_FAILED;
    }
    if (thread >= launch->control_threads) {
        return SLIP_OK; /* over-launched threads drop out */
    }
    return thread == 0 ? run_first(sv, launch) : run_other(sv, launch, thread);
}

const slip_device_entry slipi_device_entry = {
    .struct_size = sizeof(slip_device_entry),
    .name = "slipway",
    .control = control,
    .core_step = slipi_core_step,
};
