/*
 * graph_run.c - a run in host-built mode: the program's builder makes an explicit graph, no runtime
 * arena is committed, and the two cache hooks are not called.
 *
 * For run.c, under the runner's lock.
 */
#include "runner/runner_int.h"

#include "graph/build.h"

/* Builds the graph in host memory. */
static slip_status build(slipi_run *run, const slipi_image_layout *layout, slipi_graph_image *out)
{
    slip_runner *runner = run->runner;
    slipi_launch *block = run->request.launch.block;
    const slip_program *program = run->callable->program;
    slipi_graph_spec spec = {
        .program = program,
        .info = &runner->info,
        .sm = &layout->sm,
        .runtime = &layout->runtime,
        .args = slipi_launch_rows(block, run->request.arg_count),
        .bindings = slipi_launch_bindings(block),
        .arg_count = run->request.arg_count,
        .binding_count = run->request.plan->binding_count,
        .run_serial = run->request.run_serial,
    };
    slip_status status = slipi_graph_build(&spec, out);
    if (status == SLIP_OK) {
        return SLIP_OK;
    }
    int32_t k = out->fault.kernel;
    bool known = k >= 0 && (uint32_t)k < program->kernel_count;
    return slipi_error_from_fault(&runner->error, &out->fault, program->name,
                                  known ? program->kernels[k].name : NULL);
}

/* Puts the graph on the device; no runtime arena. */
static slip_status place(slipi_run *run, const slipi_image_layout *layout,
                         const slipi_graph_image *image)
{
    const slip_host_api *api = &run->runner->api;
    slipi_prebuilt_state *state = run->request.scratch;
    state->gm_heap_bytes = layout->heap_bytes;
    state->sm_bytes = layout->sm_bytes;
    state->arena_bytes = 0;
    state->arena_base = 0;
    state->runtime_offset = 0;
    slip_status status =
        api->setup_static_arena(api->ctx, state->gm_heap_bytes, state->sm_bytes, 0);
    if (status != SLIP_OK) {
        return status;
    }
    status = api->acquire_pooled_gm_heap(api->ctx, state->gm_heap_bytes, &state->gm_heap_base);
    if (status == SLIP_OK) {
        status = api->acquire_pooled_gm_sm(api->ctx, state->sm_bytes, &state->sm_base);
    }
    for (uint32_t i = 0; i < SLIPI_GRAPH_PIECES && status == SLIP_OK; i++) {
        const slipi_graph_piece *piece = &image->piece[i];
        if (piece->bytes != 0) {
            status = api->copy_to(api->ctx, state->sm_base + piece->offset,
                                  image->sm + piece->offset, piece->bytes);
            run->bound.image_bytes += piece->bytes;
        }
    }
    if (status != SLIP_OK) {
        api->rollback_static_arena(api->ctx);
    }
    return status;
}

/* Arguments, graph, launch block. */
static slip_status bind_graph(slipi_run *run)
{
    slip_runner *runner = run->runner;
    slipi_image_layout *layout = &run->request.scratch->image;
    slipi_graph_image image;
    slip_status status = slipi_bind_args(&runner->api, &run->request, &run->bound);
    if (status != SLIP_OK) {
        return status;
    }
    status = slipi_bind_derive(&runner->api, run->request.key, layout);
    if (status != SLIP_OK) {
        return status;
    }
    runner->stats.sizes_derived++;
    status = build(run, layout, &image);
    if (status != SLIP_OK) {
        return status;
    }
    run->request.graph_tasks = image.tasks;
    status = place(run, layout, &image);
    slipi_graph_image_fini(&image);
    if (status != SLIP_OK) {
        return status;
    }
    run->bound.entry = NULL;
    run->bound.state = run->request.scratch;
    return slipi_bind_launch(&runner->api, &run->request, &run->bound);
}

/* A run in host-built mode. */
slip_status slipi_run_host_graph(slipi_run *run)
{
    slip_status status =
        slipi_run_check_graph(run->runner, run->callable->program, SLIP_MODE_HOST_GRAPH);
    if (status != SLIP_OK) {
        return status;
    }
    status = bind_graph(run);
    slip_stats *stats = &run->runner->stats;
    run->bind_end_ns = slipi_run_now(run);
    stats->last_bind_ns = run->bind_end_ns - run->begin_ns;
    stats->last_image_bytes = run->bound.image_bytes;
    stats->image_bytes += run->bound.image_bytes;
    slipi_count_delivery(stats, &run->bound);
    return status == SLIP_OK ? slipi_run_launch(run) : status;
}
