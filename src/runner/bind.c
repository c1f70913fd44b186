/*
 * bind.c - arguments, prebuilt state, launch block; see bind.h.
 *
 * For run.c, prewarm.c and graph_run.c, under the runner's lock. On a hit nothing here allocates,
 * derives a size, writes image bytes or makes a system call.
 */
#include "runner/bind.h"

#include <string.h>

#include "base/clock.h"
#include "runner/errors.h"
#include "runner/sizing.h"

_Static_assert(sizeof(slipi_launch) % 16 == 0 && sizeof(slipi_launch_arg) % 16 == 0,
               "argument rows and the binding table behind them are aligned");

/* Starts a launch block: what never changes from run to run. */
void slipi_bind_init_block(slipi_launch *block)
{
    memset(block, 0, sizeof(*block));
    block->magic = SLIPI_LAUNCH_MAGIC;
    block->version = SLIPI_LAYOUT_VERSION;
    block->struct_size = (uint32_t)sizeof(*block);
    block->fingerprint = slipi_layout_fingerprint();
}

/* Writes the two header pages, which are neighbours, over zeros: the whole image. */
static slip_status write_image(const slip_host_api *api, const slipi_prebuilt_state *state,
                               slipi_bind_result *out)
{
    const uint8_t *image = (const uint8_t *)&state->image + offsetof(slipi_image_layout, runtime);
    slip_status status =
        api->copy_to(api->ctx, state->arena_base + state->runtime_offset, image, SLIPI_IMAGE_BYTES);
    if (status == SLIP_OK) {
        out->image_bytes += SLIPI_IMAGE_BYTES;
    }
    return status;
}

/* A dirty entry: arena and SM to zero, the image again. It is invalid until mark. */
static slip_status relay(const slip_host_api *api, const slipi_prebuilt_key *key,
                         slipi_bind_result *out)
{
    const slipi_prebuilt_state *state = &out->entry->state;
    slip_status status =
        api->zero(api->ctx, state->arena_base, state->arena_bytes + state->sm_bytes);
    if (status == SLIP_OK) {
        status = write_image(api, state, out);
    }
    if (status != SLIP_OK) {
        return status;
    }
    out->entry = api->mark_prebuilt_runtime_arena(api->ctx, key, state);
    out->state = &out->entry->state;
    return SLIP_OK;
}

/* Takes the three bases of what was set up. */
static slip_status acquire(const slip_host_api *api, slipi_prebuilt_state *state)
{
    const slipi_image_layout *image = &state->image;
    slip_status status =
        api->acquire_pooled_gm_heap(api->ctx, image->heap_bytes, &state->gm_heap_base);
    if (status == SLIP_OK) {
        status = api->acquire_pooled_gm_sm(api->ctx, image->sm_bytes, &state->sm_base);
    }
    if (status == SLIP_OK) {
        status =
            api->acquire_pooled_runtime_arena(api->ctx, image->arena_bytes, &state->arena_base);
    }
    state->gm_heap_bytes = image->heap_bytes;
    state->sm_bytes = image->sm_bytes;
    state->arena_bytes = image->arena_bytes;
    state->runtime_offset = image->runtime_offset;
    return status;
}

/* Derives the sizes of a key's regions; see the header. */
slip_status slipi_bind_derive(const slip_host_api *api, const slipi_prebuilt_key *key,
                              slipi_image_layout *out)
{
    char why[256] = "";
    slip_status status = slipi_sizing_check(&key->sizing, api->error);
    if (status != SLIP_OK) {
        return status;
    }
    status = slipi_layout_derive(&key->sizing, out, why, sizeof(why));
    if (status != SLIP_OK) {
        return slipi_fail(api->error, status, "%s", why);
    }
    return SLIP_OK;
}

/* A miss: sizes, regions, image, publish. */
static slip_status build(const slip_host_api *api, const slipi_prebuilt_key *key,
                         slipi_prebuilt_state *scratch, slipi_bind_result *out)
{
    slipi_image_layout *image = &scratch->image;
    slip_status status = slipi_bind_derive(api, key, image);
    if (status != SLIP_OK) {
        return status;
    }
    out->sizes_derived++;
    status =
        api->setup_static_arena(api->ctx, image->heap_bytes, image->sm_bytes, image->arena_bytes);
    if (status != SLIP_OK) {
        return status;
    }
    status = acquire(api, scratch);
    if (status == SLIP_OK) {
        status = write_image(api, scratch, out);
    }
    if (status != SLIP_OK) {
        api->rollback_static_arena(api->ctx);
        return status;
    }
    out->state = scratch;
    if (api->mark_prebuilt_runtime_arena != NULL) {
        out->entry = api->mark_prebuilt_runtime_arena(api->ctx, key, scratch);
        out->state = out->entry != NULL ? &out->entry->state : scratch;
    }
    return SLIP_OK;
}

/* Only the prebuilt state; see the header. */
slip_status slipi_bind_prebuilt(const slip_host_api *api, const slipi_prebuilt_key *key,
                                slipi_prebuilt_state *scratch, slipi_bind_result *out)
{
    out->found = SLIPI_PREBUILT_MISS;
    out->entry = NULL;
    if (api->lookup_prebuilt_runtime_arena != NULL) {
        out->found = api->lookup_prebuilt_runtime_arena(api->ctx, key, &out->entry);
    }
    switch (out->found) {
    case SLIPI_PREBUILT_HIT:
        out->state = &out->entry->state;
        return SLIP_OK;
    case SLIPI_PREBUILT_DIRTY:
        return relay(api, key, out);
    default:
        return build(api, key, scratch, out);
    }
}

/* Only the arguments; see the header. */
slip_status slipi_bind_args(const slip_host_api *api, const slipi_bind_request *request,
                            slipi_bind_result *out)
{
    const slipi_signature *signature = request->signature;
    if (request->arg_count != signature->count) {
        return slipi_fail(api->error, SLIP_E_SIGNATURE,
                          "program '%s' takes %u arguments; the run gives %u", signature->program,
                          signature->count, request->arg_count);
    }
    slipi_args_plan *plan = request->plan;
    slipi_launch_arg *rows = slipi_launch_rows(request->launch.block, request->arg_count);
    slip_binding *bindings = slipi_launch_bindings(request->launch.block);
    plan->args = request->args;
    plan->count = request->arg_count;
    slip_status status = slipi_args_place(api, signature, plan, rows, bindings);
    if (status == SLIP_OK && plan->staged_count != 0) {
        status = slipi_args_copy_in(api, plan, rows, bindings, &out->copy_in_bytes);
    }
    return status;
}

/* Writes the rows of the binding table that are always there. */
static void write_bindings(const slipi_bind_request *request, const slipi_prebuilt_state *state,
                           slip_binding *bindings)
{
    const slip_binding none = {0, 0};
    for (uint32_t b = 0; b < SLIPI_BIND_ARGS; b++) {
        bindings[b] = none;
    }
    bindings[SLIPI_BIND_HEAP].address = state->gm_heap_base;
    bindings[SLIPI_BIND_HEAP].bytes = state->gm_heap_bytes;
    bindings[SLIPI_BIND_SM].address = state->sm_base;
    bindings[SLIPI_BIND_SM].bytes = state->sm_bytes;
    bindings[SLIPI_BIND_ARENA].address = state->arena_base;
    bindings[SLIPI_BIND_ARENA].bytes = state->arena_bytes;
    bindings[SLIPI_BIND_AUDIT] = request->audit;
    bindings[SLIPI_BIND_TASK_TRACE] = request->task_trace;
}

/* Presets what the device reports, so that a device that reports nothing is seen. */
static void reset_result(slipi_result *result, uint32_t flags, uint64_t run_serial)
{
    result->status = SLIP_E_DEVICE;
    result->run = (uint32_t)run_serial;
    result->tasks = 0;
    result->edges = 0;
    result->edges_skipped = 0;
    result->fault.status = SLIP_OK;
    if ((flags & SLIPI_LAUNCH_SPANS) != 0) {
        memset(result->span_begin, 0, sizeof(result->span_begin));
        memset(result->span_end, 0, sizeof(result->span_end));
    }
}

/* Copies a part of the launch block to its place on the device; nothing to do in place. */
static slip_status deliver(const slip_host_api *api, const slipi_bind_request *request,
                           const void *part, uint64_t bytes)
{
    uint64_t offset = (uint64_t)((const uint8_t *)part - (const uint8_t *)request->launch.block);
    if (api->host_in_place != 0) {
        return SLIP_OK;
    }
    return api->copy_to(api->ctx, request->launch.address + offset, part, bytes);
}

/* Delivers the rows of a prepared call that have changed, and their bindings. */
static slip_status deliver_changes(const slip_host_api *api, const slipi_bind_request *request,
                                   slipi_bind_result *out)
{
    const slipi_args_plan *plan = request->plan;
    const slip_binding *bindings = slipi_launch_bindings(request->launch.block);
    const slipi_launch_arg *rows = slipi_launch_rows(request->launch.block, request->arg_count);
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < plan->changed_count && status == SLIP_OK; i++) {
        const slipi_launch_arg *row = &rows[plan->changed[i]];
        status = deliver(api, request, row, sizeof(*row));
        out->launch_bytes += sizeof(*row);
        if (status == SLIP_OK && row->binding != SLIPI_BIND_NONE) {
            status = deliver(api, request, &bindings[row->binding], sizeof(*bindings));
            out->launch_bytes += sizeof(*bindings);
        }
    }
    return status;
}

/* Only the launch block; see the header. */
slip_status slipi_bind_launch(const slip_host_api *api, const slipi_bind_request *request,
                              slipi_bind_result *out)
{
    slipi_launch *block = request->launch.block;
    const slipi_args_plan *plan = request->plan;
    uint64_t bindings_at = sizeof(*block);
    uint64_t args_at = bindings_at + (SLIPI_BIND_ARGS + request->arg_count) * sizeof(slip_binding);
    block->run_serial = request->run_serial;
    block->mode = request->key->mode;
    block->dispatch = request->dispatch;
    block->control_threads = request->control_threads;
    block->blocks = request->blocks;
    block->flags = request->flags;
    block->binding_count = request->plan->binding_count;
    block->arg_count = request->arg_count;
    block->kernel_count = request->kernel_count;
    block->args = request->launch.address + args_at;
    block->bindings = request->launch.address + bindings_at;
    block->kernels = request->kernels;
    block->orchestrate = request->orchestrate;
    block->runtime_off = out->state->runtime_offset;
    block->progress_deadline_ns = request->progress_deadline_ns;
    block->graph_tasks = request->graph_tasks;
    slipi_store_relaxed(&block->phase, SLIPI_PHASE_NONE); /* launch publishes it */
    reset_result(&block->result, request->flags, request->run_serial);
    write_bindings(request, out->state, slipi_launch_bindings(block));
    if (plan->prepared != 0 && plan->whole == 0 && plan->changed_count <= SLIPI_MAX_PATCHES) {
        out->block_bytes = SLIPI_LAUNCH_FIXED_BYTES;
        out->launch_bytes = out->block_bytes;
        return deliver_changes(api, request, out);
    }
    out->block_bytes = SLIPI_LAUNCH_BYTES_OF(request->arg_count);
    out->launch_bytes = out->block_bytes;
    return SLIP_OK;
}

/* Takes the time if times are taken. */
static void stamp(const slipi_bind_request *request, uint64_t *out)
{
    if (request->times != NULL) {
        *out = slipi_now_ns();
    }
}

/* The whole bind; see the header. */
slip_status slipi_bind(const slip_host_api *api, const slipi_bind_request *request,
                       slipi_bind_result *out)
{
    slipi_bind_times unused;
    slipi_bind_times *times = request->times != NULL ? request->times : &unused;
    stamp(request, &times->args_begin);
    slip_status status = slipi_bind_args(api, request, out);
    stamp(request, &times->args_end);
    if (status != SLIP_OK) {
        out->found = SLIPI_PREBUILT_UNSEEN; /* it is no miss */
        return status;
    }
    stamp(request, &times->prebuilt_begin);
    if (request->resident != NULL) {
        out->entry = request->resident; /* how it was found stays as it was */
        out->state = &request->resident->state;
    } else {
        status = slipi_bind_prebuilt(api, request->key, request->scratch, out);
    }
    stamp(request, &times->prebuilt_end);
    if (status == SLIP_OK) {
        status = slipi_bind_launch(api, request, out);
    }
    return status;
}
