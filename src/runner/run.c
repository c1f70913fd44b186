/*
 * run.c - one run: configuration, bind, launch, wait, result, outputs.
 *
 * Public function slip_run, under the runner's lock. Nothing allocates between the launch and the
 * end of the device's program.
 */
#include "base/clock.h"
#include "runner/runner_int.h"
#include "runner/sizing.h"

/* Finds the program of a handle on a usable runner; see the header. */
slip_status slipi_run_find(slip_runner *runner, slip_callable handle, const char *what,
                           slipi_callable **out)
{
    slip_status status = slipi_runner_usable(runner);
    if (status != SLIP_OK) {
        return status;
    }
    *out = slipi_callables_find(&runner->callables, handle);
    if (*out == NULL) {
        return slipi_fail(&runner->error, SLIP_E_BAD_CALLABLE,
                          "%s: handle %#llx is not registered on this runner", what,
                          (unsigned long long)handle.id);
    }
    return SLIP_OK;
}

/* Checks that a program can run in a mode. */
slip_status slipi_run_check_mode(slip_runner *runner, const slip_program *program, uint32_t mode)
{
    if (mode == SLIP_MODE_DEVICE_ORCH && program->orchestrate == NULL) {
        return slipi_fail(&runner->error, SLIP_E_UNSUPPORTED,
                          "program '%s' has no orchestration function; run it with mode "
                          "SLIP_MODE_HOST_GRAPH",
                          program->name);
    }
    return SLIP_OK;
}

/* Checks that a program can make a graph; see the header. */
slip_status slipi_run_check_graph(slip_runner *runner, const slip_program *program, uint32_t mode)
{
    if (mode == SLIP_MODE_HOST_GRAPH && program->build == NULL) {
        return slipi_fail(&runner->error, SLIP_E_UNSUPPORTED,
                          "program '%s' has no graph builder; run it with mode "
                          "SLIP_MODE_DEVICE_ORCH, or give it one",
                          program->name);
    }
    return SLIP_OK;
}

/* Gives a run its callable and configuration; describes what is wrong with them. */
static slip_status check_run(slipi_run *run, slip_callable handle, const slip_run_config *config)
{
    slip_status status = slipi_run_find(run->runner, handle, "slip_run", &run->callable);
    if (status != SLIP_OK) {
        return status;
    }
    run->config = &slipi_config_defaults;
    if (config != NULL) {
        status = slipi_config_check(run->runner, config);
        run->config = config;
    }
    return status == SLIP_OK
               ? slipi_run_check_mode(run->runner, run->callable->program, run->config->mode)
               : status;
}

/* Makes record buffers ready that this run asks for. */
static slip_status begin_records(slipi_run *run)
{
    slip_runner *runner = run->runner;
    slip_status status = SLIP_OK;
    if (run->config->audit != 0) {
        status = slipi_audit_begin(runner, &run->request.audit);
    }
    if (status == SLIP_OK && run->config->trace_tasks != 0 && runner->trace != NULL) {
        status = slipi_task_trace_begin(runner, &run->request.task_trace);
    }
    return status;
}

/* Fills what of a request comes from callable, configuration and runner; see the header. */
void slipi_run_request(slipi_run *run)
{
    slip_runner *runner = run->runner;
    const slipi_callable *callable = run->callable;
    const slip_run_config *config = run->config;
    slipi_bind_request *request = &run->request;
    request->signature = &callable->signature;
    request->run_serial = ++runner->run_serial;
    request->dispatch = config->dispatch;
    request->control_threads =
        config->control_threads != 0 ? config->control_threads : runner->info.control_active_max;
    request->blocks = config->blocks != 0 ? config->blocks : runner->info.blocks;
    request->kernel_count = callable->program->kernel_count;
    request->kernels = callable->kernel_rows;
    request->orchestrate = callable->device.orchestrate;
    request->progress_deadline_ns = runner->progress_deadline_ns;
    if (config->timeout_ns != 0 && config->timeout_ns < request->progress_deadline_ns) {
        /* The caller's own thread may be the one that waits: it knows only this deadline. */
        request->progress_deadline_ns = config->timeout_ns;
    }
    request->scratch = &runner->scratch;
    if (runner->trace != NULL) {
        request->flags = SLIPI_LAUNCH_SPANS;
        request->times = &run->bind_times;
    }
}

/* Fills what bind is given for slip_run. */
static void make_request(slipi_run *run, const slip_run_arg *args, uint32_t arg_count)
{
    slip_runner *runner = run->runner;
    slipi_bind_request *request = &run->request;
    runner->key.mode = run->config->mode;
    slipi_sizing_resolve(&run->config->sizing, &runner->defaults, &runner->key.sizing);
    request->key = &runner->key;
    request->args = args;
    request->arg_count = arg_count;
    request->launch = runner->launch;
    request->plan = &runner->plan;
    slipi_run_request(run);
}

/* Adds how a bind found its state, and what it built; see the header. */
void slipi_count_state(slip_stats *stats, const slipi_bind_result *bound)
{
    stats->hits += bound->found == SLIPI_PREBUILT_HIT ? 1u : 0u;
    stats->misses += bound->found == SLIPI_PREBUILT_MISS ? 1u : 0u;
    stats->dirty += bound->found == SLIPI_PREBUILT_DIRTY ? 1u : 0u;
    stats->image_bytes += bound->image_bytes;
    stats->last_image_bytes = bound->image_bytes;
    stats->sizes_derived += bound->sizes_derived;
}

/* Adds what a bind delivered besides the state; see the header. */
void slipi_count_delivery(slip_stats *stats, const slipi_bind_result *bound)
{
    stats->launch_bytes += bound->launch_bytes;
    stats->last_launch_bytes = bound->launch_bytes;
    stats->copy_in_bytes += bound->copy_in_bytes;
}

/* Adds what the device reports to the counters. */
static void count_result(slipi_run *run, const slipi_result *result)
{
    slip_stats *stats = &run->runner->stats;
    stats->last_tasks = result->tasks;
    stats->last_edges = result->edges;
    slipi_prebuilt_entry *entry = run->bound.entry;
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        const slipi_ring_state *ring = &result->ring[r];
        slip_ring_stats *out = &stats->ring[r];
        uint64_t before =
            entry != NULL ? entry->ring_head[r] : run->bound.state->image.runtime.ring[r].head;
        if (ring->head == before) {
            continue; /* nothing was submitted there: no mark has moved */
        }
        out->tasks += ring->head - before;
        out->window_high =
            ring->window_high > out->window_high ? ring->window_high : out->window_high;
        out->heap_high_bytes =
            ring->heap_high > out->heap_high_bytes ? ring->heap_high : out->heap_high_bytes;
        out->pool_high = ring->pool_high > out->pool_high ? ring->pool_high : out->pool_high;
        if (entry != NULL) {
            entry->ring_head[r] = ring->head;
        }
    }
}

/* Describes what the device reported as the reason of a failed run. */
static slip_status describe_fault(slipi_run *run, const slipi_result *result)
{
    const slip_program *program = run->callable->program;
    const slipi_fault *fault = &result->fault;
    if (fault->status >= 0) {
        return slipi_fail(&run->runner->error, result->status < 0 ? result->status : SLIP_E_DEVICE,
                          "program '%s': the device reported status %d without a reason: %s",
                          program->name, result->status, slip_status_message(result->status));
    }
    bool known = fault->kernel >= 0 && (uint32_t)fault->kernel < program->kernel_count;
    return slipi_error_from_fault(&run->runner->error, fault, program->name,
                                  known ? program->kernels[fault->kernel].name : NULL);
}

/* Failures after which the regions may hold anything. User mistakes leave them clean. */
static bool breaks_state(slip_status status)
{
    return status == SLIP_E_HANG || status == SLIP_E_DEVICE || status == SLIP_E_INIT_FAILED;
}

/* Notes that the run's regions must be laid again before they are used. */
static void mark_dirty(slipi_run *run)
{
    if (run->bound.entry != NULL) {
        slipi_prebuilt_cache_mark_dirty(run->bound.entry);
    }
}

/* Copies the device's report to the host's view of the launch block. */
static slip_status fetch_result(slipi_run *run)
{
    slip_runner *runner = run->runner;
    if (runner->info.host_in_place != 0) {
        return SLIP_OK;
    }
    slipi_result *result = &run->request.launch.block->result;
    uint64_t from = run->request.launch.address + offsetof(slipi_launch, result);
    slip_status status = runner->api.copy_from(runner, result, from, sizeof(*result));
    if (status == SLIP_OK && result->run != (uint32_t)run->request.run_serial) {
        /* The launch block never came to its place: this is of another run, or of nobody. */
        result->status = SLIP_E_DEVICE;
        result->fault.status = SLIP_OK;
    }
    return status;
}

/* Describes a run whose threads did not all leave: nothing is started before the device recovers.
 */
static slip_status quarantine(slipi_run *run)
{
    slip_runner *runner = run->runner;
    const slipi_result *result = &run->request.launch.block->result;
    runner->broken = 1;
    /* The fault names the kernel. After a timeout of the whole run it may still be written to. */
    if (run->config->timeout_ns == 0 && fetch_result(run) == SLIP_OK &&
        result->status == SLIP_E_HANG) {
        return describe_fault(run, result);
    }
    return slipi_fail(&runner->error, SLIP_E_HANG,
                      "program '%s': threads are still inside the run after its deadline; until "
                      "the device recovers, its memory is left alone",
                      run->callable->program->name);
}

/*
 * Reads the device's report and gives the run's status. `waited` is what the platform returned: the
 * device's program passes its own status through it, and the report says more.
 */
static slip_status read_result(slipi_run *run, slip_status waited)
{
    const slipi_result *result = &run->request.launch.block->result;
    slip_status status = fetch_result(run);
    if (status != SLIP_OK) {
        mark_dirty(run);
        return status;
    }
    if (result->status == SLIP_OK && waited == SLIP_OK) {
        count_result(run, result);
        return SLIP_OK;
    }
    if (waited != SLIP_OK && result->fault.status == SLIP_OK &&
        (result->status == SLIP_E_DEVICE || result->status == SLIP_OK)) {
        /* The device's program reported nothing, or nothing bad: it is the platform's word. */
        mark_dirty(run);
        return slipi_platform_fail(run->runner, waited, "wait", 0, "the device's program");
    }
    status = describe_fault(run, result);
    if (breaks_state(status)) {
        mark_dirty(run);
    } else {
        count_result(run, result);
    }
    return status;
}

/* Launches what was bound, waits, and reads the result back. */
slip_status slipi_run_launch(slipi_run *run)
{
    slip_runner *runner = run->runner;
    const slip_host_api *api = &runner->api;
    slip_status status = api->launch(api->ctx, &run->request.launch, run->bound.block_bytes,
                                     run->request.control_threads);
    slipi_bind_delivered(run->request.plan, status == SLIP_OK);
    if (status != SLIP_OK) {
        mark_dirty(run);
        return slipi_platform_fail(runner, status, "launch", 0, "the device's program");
    }
    runner->stats.runs++;
    if (runner->queue == NULL) {
        status = api->wait(api->ctx, run->config->timeout_ns);
    } else {
        /* Meanwhile others bind what they submit. */
        pthread_mutex_unlock(&runner->queue->lock);
        status = api->wait(api->ctx, run->config->timeout_ns);
        pthread_mutex_lock(&runner->queue->lock);
        runner->queue->kept = runner->error; /* of a submission that failed meanwhile */
    }
    run->launch_end_ns = runner->trace != NULL ? slipi_now_ns() : 0;
    if (status == SLIP_E_HANG) {
        return quarantine(run);
    }
    status = read_result(run, status);
    if (status == SLIP_OK && run->request.plan->staged_count != 0) {
        slipi_launch *block = run->request.launch.block;
        status = slipi_args_copy_out(api, run->request.plan,
                                     slipi_launch_rows(block, run->request.arg_count),
                                     slipi_launch_bindings(block), &run->copy_out_bytes);
        runner->stats.copy_out_bytes += run->copy_out_bytes;
    }
    return status;
}

/* Bind and launch with the orchestration on the device. */
static slip_status run_device_orch(slipi_run *run)
{
    slip_status status = slipi_bind(&run->runner->api, &run->request, &run->bound);
    run->bind_end_ns = slipi_run_now(run);
    run->runner->stats.last_bind_ns = run->bind_end_ns - run->begin_ns;
    if (run->request.resident == NULL) { /* else it was counted when it was submitted */
        slipi_count_state(&run->runner->stats, &run->bound);
    }
    slipi_count_delivery(&run->runner->stats, &run->bound);
    return status == SLIP_OK ? slipi_run_launch(run) : status;
}

/* What a run leaves behind besides its result: records and trace lines. */
static slip_status end_records(slipi_run *run, slip_status status)
{
    slip_runner *runner = run->runner;
    if (run->request.audit.address != 0 && runner->broken == 0) {
        slip_status fetched = slipi_audit_fetch(runner);
        status = status == SLIP_OK ? fetched : status;
    }
    if (runner->trace != NULL) {
        slipi_run_emit_spans(run, status);
    }
    return status;
}

/* All of a run after its request is filled; see the header. */
slip_status slipi_run_perform(slipi_run *run)
{
    slip_status status;
    if ((run->config->audit | run->config->trace_tasks) != 0) {
        status = begin_records(run);
        if (status != SLIP_OK) {
            return status;
        }
    }
    if (run->recording != NULL) {
        status = slipi_run_replay(run);
    } else {
        status = run->config->mode == SLIP_MODE_HOST_GRAPH ? slipi_run_host_graph(run)
                                                           : run_device_orch(run);
    }
    run->end_ns = slipi_run_now(run);
    if (run->request.audit.address != 0 || run->runner->trace != NULL) {
        status = end_records(run, status);
    }
    return status;
}

/* Counts the end of a run, good or failed, and recovers a broken device. */
void slipi_run_finish(slipi_run *run, slip_status status)
{
    slip_runner *runner = run->runner;
    if (status != SLIP_OK) {
        runner->stats.run_failures++;
        const char *program = run->callable != NULL ? run->callable->program->name : NULL;
        const slipi_prebuilt_entry *entry = run->bound.entry;
        if (runner->broken != 0) {
            slipi_runner_recover(runner, program); /* nothing that is queued survives that */
        } else if (runner->queue != NULL && entry != NULL && entry->dirty != 0) {
            slipi_run_queue_abandon(runner, entry, program);
        }
    }
    runner->stats.last_run_ns = run->end_ns > run->begin_ns ? run->end_ns - run->begin_ns : 0;
}

/* A run, under the lock. */
static slip_status run_locked(slipi_run *run, slip_callable callable, const slip_run_arg *args,
                              uint32_t arg_count, const slip_run_config *config)
{
    slip_status status = check_run(run, callable, config);
    if (status != SLIP_OK) {
        return status;
    }
    if (arg_count != 0 && args == NULL) {
        return slipi_fail(&run->runner->error, SLIP_E_INVALID_ARGUMENT,
                          "slip_run: %u arguments are announced, the array is null", arg_count);
    }
    make_request(run, args, arg_count);
    return slipi_run_perform(run);
}
/* Now, if the run is timed; see the header. */
uint64_t slipi_run_now(const slipi_run *run)
{
    return run->timed ? slipi_now_ns() : 0;
}

/* Starts a run: nothing is bound, asked for or measured. Member by member, for the whole of it is
 * as long as all else that a hit writes. */
void slipi_run_begin(slipi_run *run, slip_runner *runner, const slip_run_config *config)
{
    bool said = config != NULL && config->struct_size >= sizeof(*config);
    run->timed = !said || config->untimed == 0 || runner->trace != NULL;
    run->runner = runner;
    run->callable = NULL;
    run->recording = NULL;
    run->request.flags = 0;
    run->request.graph_tasks = 0;
    run->request.audit = (slip_binding){0, 0};
    run->request.task_trace = (slip_binding){0, 0};
    run->request.times = NULL;
    run->request.resident = NULL;
    run->bound = (slipi_bind_result){0};
    run->bind_times.prebuilt_begin = 0;
    run->begin_ns = slipi_run_now(run);
    run->bind_end_ns = 0;
    run->launch_end_ns = 0;
    run->end_ns = 0;
    run->copy_out_bytes = 0;
}

/* Runs a program once and waits for it. */
slip_status slip_run(slip_runner *runner, slip_callable callable, const slip_run_arg *args,
                     uint32_t arg_count, const slip_run_config *config)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slip_status status;
    /* [S4] pairs with [S3]. */
    if (slipi_load_acquire(&runner->submits) == 0) {
        slipi_runner_enter(runner);
    } else {
        const slipi_order order = {"slip_run", callable, args, arg_count, config, NULL};
        if (slipi_submit_or_enter(runner, &order, &status)) {
            return status;
        }
    }
    slipi_run run;
    slipi_run_begin(&run, runner, config);
    status = run_locked(&run, callable, args, arg_count, config);
    if (status != SLIP_OK && runner->wants_idle != 0) {
        slipi_runner_idle(runner);
        slipi_run_begin(&run, runner, config);
        status = run_locked(&run, callable, args, arg_count, config);
    }
    slipi_run_finish(&run, status);
    slipi_runner_leave(runner);
    return status;
}
