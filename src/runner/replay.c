/*
 * replay.c - one replay of a recorded graph: arguments, what has changed since the last one,
 * launch.
 *
 * Public function slip_graph_replay, under the runner's lock. What a replay writes are the launch
 * block, the binding table, scalars that have changed and buffers with an initial value; tasks and
 * edges stay on the device.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "runner/recording_int.h"

/* Name of a parameter, for messages. */
static const char *name_of(const slip_recording *rec, uint32_t index)
{
    return slipi_plan_names(rec->plan) + slipi_plan_params(rec->plan)[index].name;
}

/* Checks arguments as they were placed; see the header. */
slip_status slipi_recording_verify(const slip_recording *rec)
{
    slip_error *error = &rec->runner->error;
    const slipi_plan_param *params = slipi_plan_params(rec->plan);
    const slipi_launch_arg *rows = slipi_launch_rows(rec->launch.block, rec->arg_count);
    const slip_binding *bindings = slipi_launch_bindings(rec->launch.block);
    uint32_t buffers = SLIPI_BIND_ARGS;
    for (uint32_t i = 0; i < rec->arg_count; i++) {
        if (params[i].kind != SLIP_PARAM_TENSOR) {
            continue;
        }
        uint32_t first = params[i].binding - SLIPI_PLAN_BIND_ARGS;
        buffers += first == i ? 1 : 0;
        const slip_binding *binding = &bindings[rows[i].binding];
        if (rows[i].binding != rows[first].binding || rows[i].offset != params[i].offset ||
            binding->bytes != slipi_plan_bindings(rec->plan)[first]) {
            return slipi_fail(error, SLIP_E_GRAPH_ARGUMENT,
                              "argument %u ('%s') of the graph shares its memory with other "
                              "arguments in another way than when the graph was recorded: give it "
                              "memory that lies likewise, or record again",
                              i, name_of(rec, i));
        }
    }
    if (buffers != rec->args.binding_count) {
        return slipi_fail(error, SLIP_E_GRAPH_ARGUMENT,
                          "arguments of the graph share memory that did not when it was recorded: "
                          "record again");
    }
    return SLIP_OK;
}

/* Makes the binding table of the graph, and delivers it where the device cannot look. */
static slip_status bind_buffers(slip_recording *rec)
{
    const slipi_plan_param *params = slipi_plan_params(rec->plan);
    slipi_launch *block = rec->launch.block;
    const slipi_launch_arg *rows = slipi_launch_rows(block, rec->arg_count);
    const slip_binding *from = slipi_launch_bindings(block);
    uint64_t offset = SLIPI_LAUNCH_BYTES_OF(rec->arg_count);
    slip_binding *to = (slip_binding *)(void *)((uint8_t *)block + offset);
    memcpy(rec->bindings, from, SLIPI_BIND_ARGS * sizeof(*from));
    for (uint32_t i = 0; i < rec->arg_count; i++) {
        bool first = params[i].binding == SLIPI_PLAN_BIND_ARGS + i;
        rec->bindings[SLIPI_BIND_ARGS + i] = first ? from[rows[i].binding] : (slip_binding){0, 0};
    }
    uint64_t bytes = (SLIPI_BIND_ARGS + rec->arg_count) * sizeof(*to);
    block->bindings = rec->launch.address + offset;
    block->binding_count = SLIPI_BIND_ARGS + rec->arg_count;
    if (memcmp(to, rec->bindings, bytes) == 0 && rec->replays != 0) {
        return SLIP_OK; /* it is there */
    }
    memcpy(to, rec->bindings, bytes);
    return rec->runner->info.host_in_place != 0
               ? SLIP_OK
               : rec->runner->api.copy_to(rec->runner, block->bindings, to, bytes);
}

/* Writes the scalars that follow a parameter which has changed. */
static slip_status patch_scalars(slip_recording *rec)
{
    slip_runner *runner = rec->runner;
    const slipi_launch_arg *rows = slipi_launch_rows(rec->launch.block, rec->arg_count);
    const slipi_plan_param *params = slipi_plan_params(rec->plan);
    const slipi_plan_patch *patches = slipi_plan_patches(rec->plan);
    bool changed = false;
    for (uint32_t i = 0; i < rec->arg_count; i++) {
        changed =
            changed || (params[i].kind == SLIP_PARAM_SCALAR && rows[i].scalar != rec->applied[i]);
    }
    slip_status status = SLIP_OK;
    uint64_t count = changed ? slipi_plan_count(rec->plan, SLIPI_PLAN_PATCHES) : 0;
    for (uint64_t p = 0; p < count && status == SLIP_OK; p++) {
        const uint64_t *value = &rows[patches[p].param].scalar;
        if (*value != rec->applied[patches[p].param]) {
            status = runner->api.copy_to(runner, rec->state.sm_base + rec->scalar_off[p], value,
                                         sizeof(*value));
        }
    }
    for (uint32_t i = 0; changed && i < rec->arg_count && status == SLIP_OK; i++) {
        rec->applied[i] = rows[i].scalar;
    }
    return status;
}

/* Gives every buffer with an initial value that value. */
static slip_status fill_buffers(slip_recording *rec)
{
    enum { PIECE = 4096 };
    slip_runner *runner = rec->runner;
    const slipi_plan_buffer *buffers = slipi_plan_buffers(rec->plan);
    slip_status status = SLIP_OK;
    for (uint64_t i = 0; i < slipi_plan_count(rec->plan, SLIPI_PLAN_BUFFERS); i++) {
        uint8_t piece[PIECE];
        if (buffers[i].has_init == 0) {
            continue;
        }
        for (uint32_t at = 0; at < PIECE; at += buffers[i].elem_bytes) {
            memcpy(piece + at, &buffers[i].bits, buffers[i].elem_bytes); /* little-endian */
        }
        for (uint64_t at = 0; at < buffers[i].bytes && status == SLIP_OK; at += PIECE) {
            uint64_t left = buffers[i].bytes - at;
            status = runner->api.copy_to(runner, rec->state.gm_heap_base + buffers[i].offset + at,
                                         piece, left < PIECE ? left : PIECE);
        }
    }
    return status;
}

/* Leaves the record of the graph as an audited run leaves its own. */
static slip_status write_audit(slipi_run *run)
{
    slip_runner *runner = run->runner;
    const slipi_plan *plan = run->recording->plan;
    uint64_t bytes = slipi_plan_audit_bytes(plan);
    if (bytes > run->request.audit.bytes) {
        return slipi_fail(&runner->error, SLIP_E_LIMIT,
                          "audit record: the graph's record takes %llu bytes, the buffer has %llu",
                          (unsigned long long)bytes, (unsigned long long)run->request.audit.bytes);
    }
    void *record = calloc(1, bytes);
    if (record == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                          "audit record: no host memory for %llu bytes", (unsigned long long)bytes);
    }
    slipi_plan_audit(plan, record);
    slip_status status = runner->api.copy_to(runner, run->request.audit.address, record, bytes);
    free(record);
    return status;
}

/* Everything before the launch. */
static slip_status bind_replay(slipi_run *run)
{
    slip_recording *rec = run->recording;
    slip_status status = slipi_bind_args(&run->runner->api, &run->request, &run->bound);
    if (status == SLIP_OK) {
        status = slipi_recording_verify(rec);
    }
    if (status == SLIP_OK && (rec->state.sm_base == 0 || rec->dirty != 0)) {
        status = slipi_recording_obtain_instance(rec);
    }
    if (status == SLIP_OK) {
        status = patch_scalars(rec);
    }
    if (status == SLIP_OK) {
        status = fill_buffers(rec);
    }
    if (status == SLIP_OK && run->request.audit.address != 0) {
        status = write_audit(run);
    }
    if (status != SLIP_OK) {
        return status;
    }
    run->bound.found = SLIPI_PREBUILT_UNSEEN; /* the cache is not asked */
    run->bound.state = &rec->state;
    run->request.graph_tasks = slipi_plan_count(rec->plan, SLIPI_PLAN_TASKS);
    status = slipi_bind_launch(&run->runner->api, &run->request, &run->bound);
    return status == SLIP_OK ? bind_buffers(rec) : status;
}

/* A replay, from the arguments on. */
slip_status slipi_run_replay(slipi_run *run)
{
    slip_recording *rec = run->recording;
    slip_stats *stats = &run->runner->stats;
    slip_status status = bind_replay(run);
    run->bind_end_ns = slipi_run_now(run);
    stats->last_bind_ns = run->bind_end_ns - run->begin_ns;
    stats->last_image_bytes = 0;
    slipi_count_delivery(stats, &run->bound);
    if (status != SLIP_OK) {
        return status;
    }
    rec->replays++;
    status = slipi_run_launch(run);
    if (status == SLIP_E_HANG || status == SLIP_E_DEVICE || status == SLIP_E_INIT_FAILED) {
        rec->dirty = 1; /* its counts may be anything: written anew before they are used */
    }
    return status;
}

/* A replay, under the lock. */
static slip_status replay(slipi_run *run, slip_recording *rec)
{
    slipi_bind_request *request = &run->request;
    slip_status status =
        slipi_run_find(run->runner, rec->callable, "slip_graph_replay", &run->callable);
    if (status == SLIP_OK && rec->launch.address == 0) {
        status = slipi_recording_obtain_block(rec);
    }
    if (status != SLIP_OK) {
        return status;
    }
    run->recording = rec;
    run->config = &rec->config;
    request->key = &rec->key;
    request->args = rec->args.placed;
    request->arg_count = rec->arg_count;
    request->launch = rec->launch;
    request->plan = &rec->args;
    slipi_run_request(run);
    return slipi_run_perform(run);
}

/* Runs a recorded graph once and waits for it. */
slip_status slip_graph_replay(slip_recording *recording)
{
    if (recording == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slip_runner *runner = recording->runner;
    slipi_runner_enter(runner);
    slipi_run run;
    slipi_run_begin(&run, runner, &recording->config);
    slip_status status = replay(&run, recording);
    slipi_run_finish(&run, status);
    slipi_runner_leave(runner);
    return status;
}
