/*
 * encoder.c - opens a runner with the program and the weights, and runs lines; see encoder.h.
 *
 * Called by the host, one thread at a time.
 */
#include "encoder.h"

#include <string.h>

/*
 * Sizings of the two classes of lines. Ring 0 holds the state of all tokens, ring 1 what one half
 * of a layer makes (1536 + 384 numbers a token at most, or 5 * 384), ring 2 the scores of single
 * heads (tokens * tokens numbers). Rings 1 and 2 have room for about two of them, so that the next
 * one may start while the last one ends, and no more: small rings stay in the caches.
 */
static const slip_sizing short_sizing = {{
    {.task_window = 64, .heap_bytes = 128 << 10, .dep_pool = 1024},
    {.task_window = 256, .heap_bytes = 512 << 10, .dep_pool = 8192},
    {.task_window = 64, .heap_bytes = 64 << 10, .dep_pool = 256},
    {.task_window = 4, .heap_bytes = 1024, .dep_pool = 4},
}};
static const slip_sizing long_sizing = {{
    {.task_window = 64, .heap_bytes = 1 << 20, .dep_pool = 1024},
    {.task_window = 256, .heap_bytes = 4 << 20, .dep_pool = 8192},
    {.task_window = 64, .heap_bytes = 2 << 20, .dep_pool = 256},
    {.task_window = 4, .heap_bytes = 1024, .dep_pool = 4},
}};

/* Puts the weights on the device and makes them run arguments. */
static bool upload(encoder *e, const minilm_weights *weights)
{
    slip_runner *runner = e->session.runner;
    slip_status status = slip_device_malloc(runner, weights->block_bytes, &e->weights);
    if (status == SLIP_OK) {
        status = slip_copy_to_device(runner, e->weights, weights->block, weights->block_bytes);
    }
    if (status != SLIP_OK) {
        return example_failed(runner, "putting the weights on the device", status);
    }
    for (uint32_t i = 0; i < MINILM_WEIGHTS; i++) {
        slip_device_ptr at = {e->weights.address + weights->offset[i]};
        e->args[MINILM_ARG_WEIGHTS + i] = slip_device_tensor(
            at, SLIP_F32, SLIP_ACCESS_IN, weights->want[i].ndim, weights->want[i].shape);
    }
    return true;
}

bool encoder_open(const example_options *options, bool cache_off, const minilm_weights *weights,
                  encoder *out)
{
    memset(out, 0, sizeof(*out));
    bool ok = example_open("minilm", options, cache_off, &out->session) && upload(out, weights);
    /* Nearly all kernels run for many times as long as a task takes to change threads. */
    out->session.config.dispatch = SLIP_DISPATCH_SHARED;
    return ok;
}

void encoder_close(encoder *e)
{
    if (e->session.runner != NULL && e->weights.address != 0) {
        slip_status status = slip_device_free(e->session.runner, e->weights);
        if (status != SLIP_OK) {
            (void)example_failed(e->session.runner, "freeing the weights", status);
        }
    }
    example_close(&e->session);
    memset(e, 0, sizeof(*e));
}

bool encoder_run(encoder *e, minilm_line *line)
{
    uint32_t tokens = line->ids.count;
    uint32_t width = MINILM_HIDDEN;
    e->args[MINILM_ARG_IDS] = slip_host_tensor(line->ids.id, SLIP_I32, SLIP_ACCESS_IN, 1, &tokens);
    e->args[MINILM_ARG_EMBEDDING] =
        slip_host_tensor(line->embedding, SLIP_F32, SLIP_ACCESS_OUT, 1, &width);
    e->session.config.sizing = tokens <= ENCODER_SHORT_TOKENS ? short_sizing : long_sizing;
    if (!example_run(&e->session, e->args, MINILM_ARGS)) {
        return false;
    }
    line->tasks = (uint32_t)e->session.stats.last_tasks;
    return true;
}
