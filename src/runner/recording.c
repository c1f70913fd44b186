/*
 * recording.c - recorded graphs: made, changed, checked, destroyed. replay.c runs them.
 *
 * Public functions of slipway.h, under the runner's lock.
 */
#include <stdlib.h>
#include <string.h>

#include "runner/recording_int.h"
#include "runner/sizing.h"

/* A recording's own sizing: heap offsets are only counted, and windows grow until all fits. */
#define RECORD_HEAP_BYTES (UINT64_C(1) << 40)
#define RECORD_AUDIT_BYTES (UINT64_C(4) << 20)
enum { RECORD_GROWTH = 4, RECORD_LEAST = 4096 };

/* Frees what a recording has on the device. */
static void free_device(slip_recording *rec)
{
    slip_runner *runner = rec->runner;
    if (rec->launch.address != 0) {
        runner->ops->free(runner->device, rec->launch.address,
                          slipi_recording_launch_bytes(rec->arg_count));
    }
    if (rec->staging.base != 0) {
        runner->ops->free(runner->device, rec->staging.base, rec->staging.bytes);
    }
    if (rec->state.sm_base != 0) {
        runner->ops->free(runner->device, rec->state.sm_base, rec->size.sm_bytes);
    }
    if (rec->state.gm_heap_base != 0) {
        runner->ops->free(runner->device, rec->state.gm_heap_base, rec->size.heap_bytes);
    }
}

/* Frees a recording that is in no list; what it has on the device only if `device`. */
static void free_recording(slip_recording *rec, bool device)
{
    if (device) {
        free_device(rec);
    }
    if (rec->runner->info.host_in_place == 0) {
        free(rec->launch.block);
    }
    free(rec->applied);
    free(rec->scalar_off);
    free(rec->kernel_index);
    free(rec->plan);
    free(rec);
}

/* Forgets what recordings had on a device that has lost it; the next replay puts it there again. */
void slipi_recordings_forget(slip_runner *runner)
{
    for (slip_recording *rec = runner->recordings; rec != NULL; rec = rec->next) {
        rec->launch.address = 0;
        rec->staging = (slipi_staging){0, 0};
        rec->state.sm_base = 0;
        rec->state.gm_heap_base = 0;
    }
}

/* Adds what recordings have on the device. */
void slipi_recordings_count(const slip_runner *runner, slip_residency *out)
{
    for (const slip_recording *rec = runner->recordings; rec != NULL; rec = rec->next) {
        bool there = rec->launch.address != 0;
        out->launch_bytes += there ? slipi_recording_launch_bytes(rec->arg_count) : 0;
        out->staging_bytes += rec->staging.bytes;
        out->graph_bytes += rec->state.sm_base != 0 ? rec->size.sm_bytes : 0;
        out->graph_bytes += rec->state.gm_heap_base != 0 ? rec->size.heap_bytes : 0;
    }
}

/* Destroys the recordings that are left, at close. */
void slipi_recordings_fini(slip_runner *runner, bool device)
{
    while (runner->recordings != NULL) {
        slip_recording *rec = runner->recordings;
        runner->recordings = rec->next;
        free_recording(rec, device);
    }
}

/* The plan of a recorded graph. */
const slipi_plan *slipi_recording_plan(const slip_recording *recording)
{
    return recording->plan;
}

/* The runner of a recorded graph. */
slip_runner *slipi_recording_runner(const slip_recording *recording)
{
    return recording->runner;
}

/* Gives a recording its launch block; see the header. */
slip_status slipi_recording_obtain_block(slip_recording *rec)
{
    slip_runner *runner = rec->runner;
    uint64_t bytes = slipi_recording_launch_bytes(rec->arg_count);
    slip_status status = runner->ops->alloc(runner->device, bytes, &rec->launch.address);
    if (status != SLIP_OK) {
        rec->launch.address = 0;
        return slipi_platform_fail(runner, status, "alloc", bytes, "launch block of a graph");
    }
    if (runner->info.host_in_place != 0) {
        rec->launch.block = (slipi_launch *)(uintptr_t)rec->launch.address;
    } else if (rec->launch.block == NULL) {
        rec->launch.block = calloc(1, bytes);
        if (rec->launch.block == NULL) {
            runner->ops->free(runner->device, rec->launch.address, bytes);
            rec->launch.address = 0;
            return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                              "no memory for a launch block of %llu bytes",
                              (unsigned long long)bytes);
        }
    }
    slipi_bind_init_block(rec->launch.block);
    rec->args.placed_id = 0; /* its rows are not there yet */
    return SLIP_OK;
}

/* Allocates SM and heap of the instance on the device. */
static slip_status obtain_regions(slip_recording *rec)
{
    slip_runner *runner = rec->runner;
    const slipi_instance_size *size = &rec->size;
    slip_status status = runner->ops->alloc(runner->device, size->sm_bytes, &rec->state.sm_base);
    if (status != SLIP_OK) {
        rec->state.sm_base = 0;
        return slipi_platform_fail(runner, status, "alloc", size->sm_bytes, "tasks of a graph");
    }
    status = runner->ops->alloc(runner->device, size->heap_bytes, &rec->state.gm_heap_base);
    if (status != SLIP_OK) {
        runner->ops->free(runner->device, rec->state.sm_base, size->sm_bytes);
        rec->state.sm_base = 0;
        rec->state.gm_heap_base = 0;
        return slipi_platform_fail(runner, status, "alloc", size->heap_bytes, "heap of a graph");
    }
    return SLIP_OK;
}

/* Puts the instance on the device; see the header. */
slip_status slipi_recording_obtain_instance(slip_recording *rec)
{
    slip_runner *runner = rec->runner;
    uint8_t *sm = calloc(1, rec->size.sm_bytes);
    if (sm == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                          "no memory for the tasks of a graph: %llu bytes",
                          (unsigned long long)rec->size.sm_bytes);
    }
    slipi_instance_write(rec->plan, rec->kernel_index, sm, rec->scalar_off);
    for (uint32_t i = 0; i < rec->arg_count; i++) {
        rec->applied[i] = slipi_plan_params(rec->plan)[i].scalar;
    }
    slip_status status = rec->state.sm_base != 0 ? SLIP_OK : obtain_regions(rec);
    if (status == SLIP_OK) {
        slipi_sm *header = (slipi_sm *)(void *)sm;
        status = runner->api.copy_to(runner, rec->state.sm_base, sm, rec->size.sm_bytes);
        rec->state.sm_bytes = rec->size.sm_bytes;
        rec->state.gm_heap_bytes = rec->size.heap_bytes;
        for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
            rec->state.image.runtime.ring[r].head = header->ring[r].window;
        }
        if (status != SLIP_OK) {
            runner->ops->free(runner->device, rec->state.sm_base, rec->size.sm_bytes);
            runner->ops->free(runner->device, rec->state.gm_heap_base, rec->size.heap_bytes);
            rec->state.sm_base = rec->state.gm_heap_base = 0;
        } else {
            rec->dirty = 0;
        }
    }
    free(sm);
    return status;
}

/* True for a failure that more room may cure. */
static bool wants_room(slip_status status)
{
    return status == SLIP_E_RING_DEADLOCK || status == SLIP_E_HEAP_DEADLOCK;
}

/* Describes why a program could not be recorded. */
static slip_status describe(slip_runner *runner, const slip_program *program,
                            const slipi_fault *fault)
{
    int32_t k = fault->kernel;
    bool known = k >= 0 && (uint32_t)k < program->kernel_count;
    if (fault->status == SLIP_E_OUT_OF_MEMORY) {
        return slipi_fail(&runner->error, fault->status, "program '%s': no memory to record it",
                          program->name);
    }
    return slipi_error_from_fault(&runner->error, fault, program->name,
                                  known ? program->kernels[k].name : NULL);
}

/* One attempt at recording with the rings of `key`. A failure that more room may cure is not
 * described. */
static slip_status record_once(const slipi_run *run, const slipi_prebuilt_key *key,
                               slipi_graph_spec *spec, uint64_t audit_bytes, slipi_plan **out)
{
    slip_runner *runner = run->runner;
    slipi_fault fault;
    slipi_image_layout *layout = calloc(1, sizeof *layout);
    if (layout == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY, "no memory to record a graph");
    }
    slip_status status = slipi_bind_derive(&runner->api, key, layout);
    if (status == SLIP_OK) {
        spec->sm = &layout->sm;
        spec->runtime = &layout->runtime;
        status = slipi_graph_record(spec, audit_bytes, out, &fault);
        if (status != SLIP_OK && !wants_room(status)) {
            status = describe(runner, spec->program, &fault);
        }
    }
    free(layout);
    return status;
}

/* Records a program's plan; see the header. */
slip_status slipi_recording_make_plan(const slipi_run *run, const slipi_launch_arg *rows,
                                      const slip_binding *bindings, slipi_plan **out)
{
    slip_runner *runner = run->runner;
    const slip_program *program = run->callable->program;
    slipi_prebuilt_key key = runner->key;
    uint64_t audit_bytes = RECORD_AUDIT_BYTES;
    slipi_graph_spec spec = {.program = program,
                             .info = &runner->info,
                             .args = rows,
                             .bindings = bindings,
                             .arg_count = run->request.arg_count,
                             .binding_count = run->request.plan->binding_count,
                             .run_serial = ++runner->run_serial,
                             .orchestrated = run->config->mode == SLIP_MODE_DEVICE_ORCH ? 1 : 0};
    for (uint64_t window = RECORD_LEAST;; window *= RECORD_GROWTH) {
        for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
            key.sizing.ring[r] = (slip_ring_sizing){window, RECORD_HEAP_BYTES, window};
        }
        slip_status status = record_once(run, &key, &spec, audit_bytes, out);
        if (!wants_room(status)) {
            return status;
        }
        if (window >= SLIPI_PLAN_MAX_TASKS) {
            return slipi_fail(&runner->error, SLIP_E_LIMIT,
                              "program '%s': a recorded graph has %u tasks and %llu bytes of its "
                              "own memory at most; record it in parts",
                              program->name, SLIPI_PLAN_MAX_TASKS,
                              (unsigned long long)RECORD_HEAP_BYTES);
        }
        audit_bytes *= RECORD_GROWTH;
        spec.run_serial = ++runner->run_serial;
    }
}

/* Finds the plan's kernels in the program's table: where they were recorded, else by name. */
static slip_status map_kernels(slip_recording *rec, const slip_program *program)
{
    const slipi_plan *plan = rec->plan;
    const slipi_plan_kernel *kernels = slipi_plan_kernels(plan);
    for (uint64_t k = 0; k < slipi_plan_count(plan, SLIPI_PLAN_KERNELS); k++) {
        const char *name = slipi_plan_names(plan) + kernels[k].name;
        uint32_t at = kernels[k].index;
        bool there = at < program->kernel_count && strcmp(program->kernels[at].name, name) == 0;
        for (uint32_t i = 0; i < program->kernel_count && !there; i++) {
            there = strcmp(program->kernels[i].name, name) == 0;
            at = there ? i : at;
        }
        if (!there || program->kernels[at].core_type != kernels[k].core_type) {
            return slipi_fail(&rec->runner->error, SLIP_E_MISSING_KERNEL,
                              "the graph runs kernel '%s' on %s; program '%s' has no such kernel",
                              name, kernels[k].core_type == SLIP_AIC ? "AIC" : "AIV",
                              program->name);
        }
        rec->kernel_index[k] = (uint16_t)at;
    }
    return SLIP_OK;
}

/* Gives a recording its plan, which is the recording's to free from here on, and its instance. */
static slip_status take_plan(slip_recording *rec, const slip_program *program, slipi_plan *plan)
{
    rec->plan = plan;
    rec->kernel_index = calloc(slipi_plan_count(plan, SLIPI_PLAN_KERNELS) + 1, sizeof(uint16_t));
    rec->scalar_off = calloc(slipi_plan_count(plan, SLIPI_PLAN_PATCHES) + 1, sizeof(uint64_t));
    rec->applied = calloc(rec->arg_count + 1, sizeof(uint64_t));
    if (rec->kernel_index == NULL || rec->scalar_off == NULL || rec->applied == NULL) {
        return slipi_fail(&rec->runner->error, SLIP_E_OUT_OF_MEMORY, "no memory for a graph");
    }
    slip_status status = slipi_instance_measure(plan, &rec->size);
    if (status != SLIP_OK) {
        return slipi_fail(&rec->runner->error, status,
                          "program '%s': the graph's tasks take more than %llu bytes; record it in "
                          "parts",
                          program->name, (unsigned long long)SLIPI_SM_MAX_BYTES);
    }
    status = map_kernels(rec, program);
    return status == SLIP_OK ? slipi_recording_obtain_instance(rec) : status;
}

/* Makes a recording without a plan: arguments checked and placed. */
static slip_status open_empty(const slipi_run *run, slip_callable callable,
                              const slip_run_arg *args, slip_recording **out)
{
    slip_runner *runner = run->runner;
    const slipi_signature *signature = &run->callable->signature;
    slip_recording *rec = calloc(1, sizeof(*rec));
    if (rec == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY, "no memory for a graph");
    }
    rec->runner = runner;
    rec->callable = callable;
    rec->arg_count = signature->count;
    rec->config = *run->config;
    rec->config.struct_size = (uint32_t)sizeof(rec->config);
    rec->key = runner->key;
    rec->key.mode = SLIP_MODE_HOST_GRAPH;
    slip_status status = slipi_recording_obtain_block(rec);
    if (status == SLIP_OK) {
        memcpy(rec->args.placed, args, rec->arg_count * sizeof(*args));
        rec->args.prepared = 1;
        rec->args.staging = &rec->staging;
        rec->args.args = rec->args.placed;
        rec->args.count = rec->arg_count;
        status = slipi_args_place(&runner->api, signature, &rec->args,
                                  slipi_launch_rows(rec->launch.block, rec->arg_count),
                                  slipi_launch_bindings(rec->launch.block));
    }
    if (status != SLIP_OK) {
        free_recording(rec, runner->broken == 0);
        return status;
    }
    *out = rec;
    return SLIP_OK;
}

/* Ends the making of a recording: it is in the runner's list, or gone. */
static slip_status close_open(slip_recording *rec, slip_status status, slip_recording **out)
{
    slip_runner *runner = rec->runner;
    if (status != SLIP_OK) {
        free_recording(rec, runner->broken == 0);
        return status;
    }
    rec->next = runner->recordings;
    runner->recordings = rec;
    *out = rec;
    return SLIP_OK;
}

/* Makes a recorded graph of a plan; see the header. */
slip_status slipi_recording_open(const slipi_run *run, slip_callable callable, slipi_plan *plan,
                                 const slip_run_arg *args, slip_recording **out)
{
    slip_recording *rec = NULL;
    slip_status status = open_empty(run, callable, args, &rec);
    if (status != SLIP_OK) {
        free(plan);
        return status;
    }
    status = take_plan(rec, run->callable->program, plan);
    if (status == SLIP_OK) {
        status = slipi_recording_verify(rec);
    }
    return close_open(rec, status, out);
}

/* Checks what a caller wants to record; *run has its program and configuration afterwards. */
static slip_status check_record(slipi_run *run, slip_callable callable, const slip_run_arg *args,
                                uint32_t arg_count, const slip_run_config *config)
{
    slip_runner *runner = run->runner;
    slip_status status = slipi_run_find(runner, callable, "slip_graph_record", &run->callable);
    run->config = config != NULL ? config : &slipi_config_defaults;
    if (status == SLIP_OK) {
        status = slipi_config_check(runner, run->config);
    }
    if (status != SLIP_OK) {
        return status;
    }
    const slip_program *program = run->callable->program;
    bool built = run->config->mode == SLIP_MODE_HOST_GRAPH;
    if (built ? program->build == NULL : program->orchestrate == NULL) {
        return slipi_fail(&runner->error, SLIP_E_NOT_RECORDABLE,
                          "program '%s' has no %s that this process can call: record it in mode %s "
                          "if it has the other one",
                          program->name, built ? "graph builder" : "orchestration function",
                          built ? "SLIP_MODE_DEVICE_ORCH" : "SLIP_MODE_HOST_GRAPH");
    }
    const slipi_signature *signature = &run->callable->signature;
    if (arg_count != signature->count || (arg_count != 0 && args == NULL)) {
        return slipi_fail(
            &runner->error,
            arg_count != signature->count ? SLIP_E_SIGNATURE : SLIP_E_INVALID_ARGUMENT,
            "program '%s' takes %u arguments; the recording is given %u%s", signature->program,
            signature->count, arg_count, args == NULL ? ", the array is null" : "");
    }
    return SLIP_OK;
}

/* Makes the plan of a recording's program with its arguments as they were placed. */
static slip_status make_plan(slipi_run *run, slip_recording *rec, slipi_plan **out)
{
    run->request.arg_count = rec->arg_count;
    run->request.plan = &rec->args;
    return slipi_recording_make_plan(run, slipi_launch_rows(rec->launch.block, rec->arg_count),
                                     slipi_launch_bindings(rec->launch.block), out);
}

/* Records a program. */
slip_status slip_graph_record(slip_runner *runner, slip_callable callable, const slip_run_arg *args,
                              uint32_t arg_count, const slip_run_config *config,
                              slip_recording **out)
{
    if (out != NULL) {
        *out = NULL;
    }
    if (runner == NULL || out == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slipi_run run = {.runner = runner};
    slip_recording *rec = NULL;
    slip_status status = check_record(&run, callable, args, arg_count, config);
    if (status == SLIP_OK) {
        status = open_empty(&run, callable, args, &rec);
    }
    if (rec != NULL) {
        slipi_plan *plan = NULL;
        status = make_plan(&run, rec, &plan);
        if (status == SLIP_OK) {
            status = take_plan(rec, run.callable->program, plan);
        }
        status = close_open(rec, status, out);
    }
    slipi_runner_leave(runner);
    return status;
}

/* True if a tensor or scalar is of the kind, type and shape that was recorded. */
static bool same_shape(const slipi_plan_param *param, const slip_run_arg *arg)
{
    if (arg->kind != param->kind || arg->kind == SLIP_PARAM_SCALAR) {
        return arg->kind == param->kind;
    }
    return arg->access == param->access && arg->dtype == param->dtype && arg->ndim == param->ndim &&
           memcmp(arg->shape, param->shape, param->ndim * sizeof(param->shape[0])) == 0;
}

/* Changes one argument, under the lock. */
static slip_status set(slip_recording *rec, uint32_t index, const slip_run_arg *arg)
{
    slip_runner *runner = rec->runner;
    slipi_callable *callable;
    slip_status status = slipi_run_find(runner, rec->callable, "slip_graph_set", &callable);
    if (status != SLIP_OK) {
        return status;
    }
    if (arg == NULL || index >= rec->arg_count) {
        return slipi_fail(
            &runner->error, SLIP_E_INVALID_ARGUMENT,
            "slip_graph_set, program '%s', argument %u: %s; the graph has %u arguments",
            callable->program->name, index, arg == NULL ? "it is null" : "there is none",
            rec->arg_count);
    }
    const slipi_plan_param *param = &slipi_plan_params(rec->plan)[index];
    if (!same_shape(param, arg)) {
        return slipi_fail(&runner->error, SLIP_E_GRAPH_ARGUMENT,
                          "program '%s', argument %u ('%s') has another kind, type or shape than "
                          "when the graph was recorded: record it again",
                          callable->program->name, index,
                          slipi_plan_names(rec->plan) + param->name);
    }
    if ((param->flags & SLIPI_PLAN_PARAM_READ) != 0 && arg->scalar != param->scalar) {
        return slipi_fail(&runner->error, SLIP_E_GRAPH_ARGUMENT,
                          "program '%s', argument %u ('%s'): the program reads this scalar itself, "
                          "so the graph depends on it: record it again, or let the program hand it "
                          "on by slip_scalar_param",
                          callable->program->name, index,
                          slipi_plan_names(rec->plan) + param->name);
    }
    const slipi_args_change change = {index, arg};
    if (rec->launch.address == 0) {
        status = slipi_recording_obtain_block(rec);
    }
    return status != SLIP_OK
               ? status
               : slipi_args_set(&runner->api, &callable->signature, &rec->args,
                                slipi_launch_rows(rec->launch.block, rec->arg_count), &change);
}

/* Changes one argument. */
slip_status slip_graph_set(slip_recording *recording, uint32_t index, const slip_run_arg *arg)
{
    if (recording == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(recording->runner);
    slip_status status = set(recording, index, arg);
    slipi_runner_leave(recording->runner);
    return status;
}

/* Checked mode, under the lock. */
static slip_status check(slipi_run *run, slip_recording *rec)
{
    slip_runner *runner = rec->runner;
    slip_status status = slipi_run_find(runner, rec->callable, "slip_graph_check", &run->callable);
    if (status == SLIP_OK && rec->launch.address == 0) {
        status = slipi_recording_obtain_block(rec);
    }
    if (status == SLIP_OK) {
        status = slipi_args_place(&runner->api, &run->callable->signature, &rec->args,
                                  slipi_launch_rows(rec->launch.block, rec->arg_count),
                                  slipi_launch_bindings(rec->launch.block));
    }
    slipi_plan *now = NULL;
    if (status == SLIP_OK) {
        run->config = &rec->config;
        status = make_plan(run, rec, &now);
    }
    slipi_plan_difference difference;
    if (status == SLIP_OK && !slipi_plan_same(rec->plan, now, &difference)) {
        slipi_error_begin(&runner->error, SLIP_E_MISMATCH);
        runner->error.task = difference.task;
        status = slipi_error_end(&runner->error,
                                 "program '%s': the graph is not what the program submits now: "
                                 "%s; record it again",
                                 run->callable->program->name, difference.what);
    }
    free(now);
    return status;
}

/* Checked mode. */
slip_status slip_graph_check(slip_recording *recording)
{
    if (recording == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(recording->runner);
    slipi_run run = {.runner = recording->runner};
    slip_status status = check(&run, recording);
    slipi_runner_leave(recording->runner);
    return status;
}

/* Describes a recorded graph. */
slip_status slip_graph_describe(slip_recording *recording, slip_graph_info *out)
{
    if (recording == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slip_runner *runner = recording->runner;
    slipi_runner_enter(runner);
    slip_status status = slipi_out_check(runner, out, out != NULL ? out->struct_size : 0,
                                         sizeof(*out), "slip_graph_describe");
    if (status == SLIP_OK) {
        const slipi_plan *plan = recording->plan;
        out->built = (plan->flags & SLIPI_PLAN_BUILT) != 0 ? 1 : 0;
        out->tasks = slipi_plan_count(plan, SLIPI_PLAN_TASKS);
        out->edges = slipi_plan_count(plan, SLIPI_PLAN_EDGES);
        out->depth = plan->depth;
        out->roots = plan->roots;
        out->arguments = slipi_plan_count(plan, SLIPI_PLAN_ARGS);
        out->geometries = slipi_plan_count(plan, SLIPI_PLAN_GEOMETRIES);
        out->patches = slipi_plan_count(plan, SLIPI_PLAN_PATCHES);
        out->heap_bytes = plan->heap_bytes;
        out->plan_bytes = plan->bytes;
        out->sm_bytes = recording->size.sm_bytes;
        out->replays = recording->replays;
    }
    slipi_runner_leave(runner);
    return status;
}

/* Destroys a recorded graph; null is fine. */
void slip_graph_destroy(slip_recording *recording)
{
    if (recording == NULL) {
        return;
    }
    slip_runner *runner = recording->runner;
    slipi_runner_enter(runner);
    if (runner->broken != 0) {
        slipi_runner_recover(runner, NULL); /* its memory may be gone, or must be left alone */
    }
    slip_recording **at = &runner->recordings;
    while (*at != recording) { /* as many steps as there are recordings */
        at = &(*at)->next;
    }
    *at = recording->next;
    free_recording(recording, runner->refuses == 0);
    slipi_runner_leave(runner);
}
