/* story.c - see story.h. */
#include "story.h"

#include <stdio.h>
#include <string.h>

#include "runner/runner_int.h"

/* Notes a status; a failure must come with its description. True if the call was good. */
static bool note(story *s, slip_status status, const char *call)
{
    if (status == SLIP_OK) {
        return true;
    }
    s->failures++;
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    slip_status asked =
        s->runner != NULL ? slip_last_error(s->runner, &error) : slip_open_error(&error);
    if (asked != SLIP_OK || error.status != status || error.message[0] == '\0') {
        fprintf(stderr, "%s returned %s, its description is of %s: '%s'\n", call,
                slip_status_name(status), slip_status_name(error.status), error.message);
        s->wrong++;
    }
    return false;
}

/* One run with a sizing. */
static void run(story *s, uint64_t window, uint64_t heap)
{
    slip_run_config config = affine_config(window, heap, 64);
    bool right = false;
    slip_status status = affine_run(s->runner, s->callable, &config, 0, &right);
    (void)note(s, status, "slip_run");
    if (!right) {
        fprintf(stderr, "a run with window %u gave a wrong result (%s)\n", (unsigned)window,
                slip_status_name(status));
        s->wrong++;
    }
}

/* Device memory, there and back. */
static void copies(story *s)
{
    slip_device_ptr memory;
    char there[64] = "there and back";
    char back[64] = "";
    if (!note(s, slip_device_malloc(s->runner, sizeof(there), &memory), "slip_device_malloc")) {
        return;
    }
    bool good = note(s, slip_copy_to_device(s->runner, memory, there, sizeof(there)),
                     "slip_copy_to_device") &&
                note(s, slip_copy_from_device(s->runner, back, memory, sizeof(back)),
                     "slip_copy_from_device");
    if (good && strcmp(there, back) != 0) {
        s->wrong++;
    }
    (void)note(s, slip_device_free(s->runner, memory), "slip_device_free");
}

/* A tensor argument over x. */
static slip_run_arg x_arg(story *s)
{
    const uint32_t shape[1] = {AFFINE_ELEMENTS};
    return slip_host_tensor(s->x, SLIP_F32, SLIP_ACCESS_IN, 1, shape);
}

/* Runs the prepared call, with y wiped before. */
static void run_call(story *s)
{
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        s->y[i] = -1.0f;
    }
    bool good = note(s, slip_call_run(s->call), "slip_call_run");
    for (uint32_t i = 0; i < AFFINE_ELEMENTS && good; i++) {
        if (s->y[i] != 2.0f * s->x[i] + 1.0f) {
            fprintf(stderr, "a prepared call gave a wrong result\n");
            s->wrong++;
            return;
        }
    }
}

/* A prepared call: two runs with one tensor, two with another; it stays for later. */
static void call(story *s)
{
    const uint32_t shape[1] = {AFFINE_ELEMENTS};
    slip_run_config config = affine_config(256, 65536, 64);
    float first[AFFINE_ELEMENTS] = {1.0f};
    slip_run_arg args[] = {slip_host_tensor(first, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                           slip_host_tensor(s->y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                           slip_scalar_arg(0)};
    if (!note(s, slip_call_prepare(s->runner, s->callable, args, 3, &config, &s->call),
              "slip_call_prepare")) {
        s->wrong += s->call != NULL ? 1u : 0u;
        return;
    }
    (void)note(s, slip_call_run(s->call), "slip_call_run");
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        s->x[i] = (float)i;
    }
    slip_run_arg changed = x_arg(s);
    changed.flags = SLIP_ARG_CONST;
    if (!note(s, slip_call_set(s->call, 0, &changed), "slip_call_set")) {
        slip_call_destroy(s->call); /* it still names what goes with this function */
        s->call = NULL;
        return;
    }
    run_call(s);
    run_call(s);
}

/* Replays the recorded graph, with y wiped before. */
static void replay(story *s)
{
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        s->y[i] = -1.0f;
    }
    bool good = note(s, slip_graph_replay(s->graph), "slip_graph_replay");
    for (uint32_t i = 0; i < AFFINE_ELEMENTS && good; i++) {
        if (s->y[i] != 2.0f * s->x[i] + 1.0f) {
            fprintf(stderr, "a replay gave a wrong result\n");
            s->wrong++;
            return;
        }
    }
}

/* A recorded graph: two replays and a check; it stays for later. */
static void graph(story *s)
{
    const uint32_t shape[1] = {AFFINE_ELEMENTS};
    slip_run_config config = affine_config(64, 65536, 64);
    float first[AFFINE_ELEMENTS] = {1.0f};
    slip_run_arg args[] = {slip_host_tensor(first, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                           slip_host_tensor(s->y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                           slip_scalar_arg(0)};
    config.audit = 1;
    if (!note(s, slip_graph_record(s->runner, s->callable, args, 3, &config, &s->graph),
              "slip_graph_record")) {
        s->wrong += s->graph != NULL ? 1u : 0u;
        return;
    }
    slip_run_arg changed = x_arg(s);
    if (!note(s, slip_graph_set(s->graph, 0, &changed), "slip_graph_set")) {
        slip_graph_destroy(s->graph); /* it still names what goes with this function */
        s->graph = NULL;
        return;
    }
    replay(s);
    replay(s);
    (void)note(s, slip_graph_check(s->graph), "slip_graph_check");
}

/* True if a submitted run was good; a failure must be described by its own handle. */
static bool note_end(story *s, slip_submission *sub)
{
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    slip_status status = slip_submission_wait(sub, 0);
    s->failures += status != SLIP_OK ? 1u : 0u;
    if (slip_submission_error(sub, &error) != SLIP_OK || error.status != status ||
        (status != SLIP_OK && error.message[0] == '\0')) {
        fprintf(stderr, "a submitted run is described as %s, it ended with %s\n",
                slip_status_name(error.status), slip_status_name(status));
        s->wrong++;
    }
    return status == SLIP_OK;
}

/* Runs in flight: two of one sizing, one of another; waited for in order. */
static void in_flight(story *s)
{
    enum { RUNS = 3 };
    const uint32_t shape[1] = {AFFINE_ELEMENTS};
    float in[AFFINE_ELEMENTS] = {1.0f};
    float out[RUNS][AFFINE_ELEMENTS] = {{0}};
    slip_submission *subs[RUNS] = {NULL};
    for (uint32_t n = 0; n < RUNS; n++) {
        slip_run_config config = affine_config(n == 1 ? 512 : 64, 65536, 64);
        const slip_run_arg args[] = {slip_host_tensor(in, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                     slip_host_tensor(out[n], SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                                     slip_scalar_arg(0)};
        if (!note(s, slip_submit(s->runner, s->callable, args, 3, &config, &subs[n]),
                  "slip_submit")) {
            s->wrong += subs[n] != NULL ? 1u : 0u;
        }
    }
    for (uint32_t n = 0; n < RUNS; n++) {
        if (subs[n] != NULL && note_end(s, subs[n]) && out[n][0] != 3.0f) {
            fprintf(stderr, "a submitted run gave a wrong result\n");
            s->wrong++;
        }
        slip_submission_release(subs[n]);
    }
}

/* Memory that comes and goes: several sizings at once, an entry that is evicted and one that is
 * broken, memory given back in part and whole. */
static void memory(story *s)
{
    slip_run_config configs[2] = {affine_config(32, 65536, 64), affine_config(64, 1 << 21, 64)};
    slip_prewarm_options ahead = {.struct_size = sizeof(ahead),
                                  .flags = SLIP_PREWARM_FAULT | SLIP_PREWARM_HEAP};
    slip_trim_target half = {.struct_size = sizeof(half), .keep_entries = 2};
    (void)note(s, slip_prewarm_all(s->runner, configs, 2, &ahead, NULL), "slip_prewarm_all");
    run(s, 256, 65536); /* one entry more than the cache keeps */
    (void)note(s, slip_trim(s->runner, &half, NULL), "slip_trim");
    run(s, 256, 65536);
    if (s->runner->cache.latest != NULL) {
        slipi_prebuilt_cache_mark_dirty(s->runner->cache.latest);
    }
    run(s, 256, 65536);
    run(s, 64, 1 << 22);
    (void)note(s, slip_trim(s->runner, NULL, NULL), "slip_trim of everything");
    run(s, 64, 65536);
}

/* Tells the story; see the header. */
void story_tell(story *s)
{
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .ops = s->ops, .cache_entries = 4};
    if (!note(s, slip_runner_open(&options, &s->runner), "slip_runner_open")) {
        s->runner = NULL;
        return;
    }
    if (!note(s, slip_register_program(s->runner, &affine_program, &s->callable),
              "slip_register_program")) {
        return;
    }
    copies(s);
    slip_run_config config = affine_config(64, 65536, 64);
    (void)note(s, slip_prewarm(s->runner, &config), "slip_prewarm");
    run(s, 64, 65536);
    run(s, 128, 1 << 20);
    run(s, 64, 65536);
    call(s);
    graph(s);
    config.audit = 1;
    bool right = false;
    (void)note(s, affine_run(s->runner, s->callable, &config, 0, &right), "audited slip_run");
    memory(s);
    in_flight(s);
}

/* Checks that the runner is good; see the header. */
void story_check_usable(story *s)
{
    if (s->runner == NULL) {
        return;
    }
    if (slip_callable_program(s->runner, s->callable) == NULL &&
        slip_register_program(s->runner, &affine_program, &s->callable) != SLIP_OK) {
        s->wrong++;
        return;
    }
    uint32_t before = s->failures;
    for (int i = 0; i < 2; i++) {
        run(s, 64, 65536);
        run(s, 128, 1 << 20);
        run(s, 16, 4096);
        if (s->call != NULL) {
            run_call(s);
        }
        if (s->graph != NULL) {
            replay(s);
        }
    }
    if (s->failures != before) {
        s->wrong++;
    }
}

/* Ends the story; see the header. */
void story_end(story *s)
{
    if (s->runner != NULL) {
        slip_call_destroy(s->call);
        s->call = NULL;
        slip_graph_destroy(s->graph);
        s->graph = NULL;
        if (s->callable.id != 0) {
            (void)note(s, slip_unregister(s->runner, s->callable), "slip_unregister");
        }
        slip_runner_close(s->runner);
        s->runner = NULL;
    }
}
