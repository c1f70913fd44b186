/*
 * submit.c - submitting runs, and their handles.
 *
 * Public functions of slipway.h. Who submits has the door, so that submissions and runs are served
 * in the order in which they come; see queue.h for the three locks.
 */
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "runner/runner_int.h"
#include "runner/sizing.h"

/* Checks callable, configuration and the array of arguments. */
static slip_status check(slip_runner *runner, const slipi_order *order, slip_submission *sub)
{
    const slip_run_config *config = order->config != NULL ? order->config : &slipi_config_defaults;
    slip_status status = slipi_run_find(runner, order->callable, order->what, &sub->callable);
    if (status == SLIP_OK) {
        status = slipi_config_check(runner, config);
    }
    if (status == SLIP_OK) {
        status = slipi_run_check_mode(runner, sub->callable->program, config->mode);
    }
    if (status == SLIP_OK) {
        status = slipi_run_check_graph(runner, sub->callable->program, config->mode);
    }
    if (status != SLIP_OK) {
        return status;
    }
    const slipi_signature *signature = &sub->callable->signature;
    if (order->arg_count != signature->count || (order->args == NULL && order->arg_count != 0)) {
        bool null = order->arg_count == signature->count;
        return slipi_fail(&runner->error, null ? SLIP_E_INVALID_ARGUMENT : SLIP_E_SIGNATURE,
                          "program '%s' takes %u arguments; the run gives %u%s", signature->program,
                          signature->count, order->arg_count, null ? ", the array is null" : "");
    }
    sub->config = *config;
    sub->config.struct_size = (uint32_t)sizeof(sub->config);
    sub->arg_count = order->arg_count;
    return SLIP_OK;
}

/* Copies the arguments and gives them their places. */
static slip_status store_args(slip_runner *runner, const slipi_order *order, slip_submission *sub)
{
    slipi_carrier *carrier = sub->carrier;
    slipi_launch *block = carrier->launch.block;
    for (uint32_t i = 0; i < order->arg_count; i++) {
        carrier->args[i] = order->args[i];
    }
    carrier->plan.args = carrier->args;
    carrier->plan.count = order->arg_count;
    return slipi_args_place(&runner->api, &sub->callable->signature, &carrier->plan,
                            slipi_launch_rows(block, order->arg_count),
                            slipi_launch_bindings(block));
}

/* A state that cannot be kept is built when the run starts; its heap is there from now on. */
static slip_status reserve_heap(slip_runner *runner, slip_submission *sub)
{
    slipi_image_layout *image = &runner->scratch.image;
    slip_status status = slipi_bind_derive(&runner->api, &sub->key, image);
    if (status != SLIP_OK) {
        return status;
    }
    runner->stats.sizes_derived++;
    sub->heap_bytes = (image->heap_bytes + SLIPI_PAGE - 1) / SLIPI_PAGE * SLIPI_PAGE;
    return slipi_heap_grow(runner, sub->heap_bytes);
}

/* Binds the run to a state that is resident, or makes it so, and pins it. */
static slip_status bind_state(slip_runner *runner, const slipi_order *order, slip_submission *sub)
{
    slipi_bind_result *bound = &sub->bound;
    if (order->key != NULL) {
        sub->key = *order->key;
    } else {
        sub->key = runner->key;
        sub->key.mode = sub->config.mode;
        slipi_sizing_resolve(&sub->config.sizing, &runner->defaults, &sub->key.sizing);
    }
    bool kept = sub->config.mode == SLIP_MODE_DEVICE_ORCH &&
                runner->api.lookup_prebuilt_runtime_arena != NULL;
    bound->entry = kept ? slipi_prebuilt_cache_hit(&runner->cache, &sub->key) : NULL;
    slip_status status = SLIP_OK;
    if (bound->entry != NULL) {
        bound->found = SLIPI_PREBUILT_HIT;
    } else if (runner->restricted != 0) {
        runner->wants_turn = 1;
        return SLIP_E_BUSY;
    } else if (kept) {
        status = slipi_bind_prebuilt(&runner->api, &sub->key, &runner->scratch, bound);
    }
    if (status != SLIP_OK || bound->entry == NULL) {
        *bound = (slipi_bind_result){0};
        return status == SLIP_OK ? reserve_heap(runner, sub) : status;
    }
    sub->entry = bound->entry;
    slipi_prebuilt_cache_pin(&runner->cache, sub->entry);
    slipi_count_state(&runner->stats, bound);
    return SLIP_OK;
}

/* All of a bind, under the queue's lock, and with the turn unless it is restricted. A failure
 * leaves nothing behind. On success the run is queued. */
static slip_status bind_and_push(slip_runner *runner, const slipi_order *order,
                                 slip_submission *sub)
{
    slipi_run_queue *queue = runner->queue;
    slip_status status = check(runner, order, sub);
    if (status != SLIP_OK) {
        return status;
    }
    status = slipi_carrier_take(runner, runner->restricted == 0, &sub->carrier);
    if (status == SLIP_OK) {
        status = store_args(runner, order, sub);
    }
    if (status == SLIP_OK) {
        status = bind_state(runner, order, sub);
    }
    if (status != SLIP_OK) {
        if (sub->carrier != NULL) {
            sub->carrier->busy = 0;
            sub->carrier = NULL;
        }
        return status;
    }
    sub->runner = runner;
    sub->number = ++queue->submitted;
    sub->callable->queued++;
    sub->next = queue->handles;
    if (sub->next != NULL) {
        sub->next->before = sub;
    }
    queue->handles = sub;
    slipi_run_queue_push(queue, sub);
    return SLIP_OK;
}

/* Binds without the turn; *again says that it takes one. */
static slip_status try_restricted(slip_runner *runner, const slipi_order *order,
                                  slip_submission *sub, bool *again)
{
    pthread_mutex_lock(&runner->queue->lock);
    slip_status status = SLIP_E_BUSY;
    *again = runner->broken != 0;
    if (!*again) {
        uint64_t epoch = runner->memory.epoch;
        runner->restricted = 1;
        runner->wants_turn = 0;
        status = bind_and_push(runner, order, sub);
        runner->restricted = 0;
        *again = runner->wants_turn != 0;
        SLIPI_ASSERT(runner->memory.epoch == epoch);
    }
    pthread_mutex_unlock(&runner->queue->lock);
    return status;
}

/* Binds and queues a run: without a turn if that goes, else with one, else when nothing is queued
 * any more that is in its way. The door is the caller's. */
static slip_status submit(slip_runner *runner, const slipi_order *order, slip_submission *sub)
{
    bool again = false;
    slip_status status = try_restricted(runner, order, sub, &again);
    if (!again) {
        return status;
    }
    for (uint32_t round = 0; round < 2 && again; round++) {
        if (round == 1) {
            slipi_run_queue_await(runner->queue, 0);
        }
        slipi_runner_enter(runner);
        status = bind_and_push(runner, order, sub);
        again = status != SLIP_OK && runner->wants_idle != 0;
        slipi_runner_leave(runner);
    }
    return status;
}

/* Describes that there is no memory for a handle. */
static slip_status no_handle(slip_runner *runner)
{
    pthread_mutex_lock(&runner->queue->lock);
    slip_status status =
        slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                   "slip_submit: no memory for a handle of %zu bytes", sizeof(slip_submission));
    pthread_mutex_unlock(&runner->queue->lock);
    return status;
}

/* Submits a run with the door in hand and gives the door back. */
slip_status slipi_submit_inside(slip_runner *runner, const slipi_order *order,
                                slip_submission **out)
{
    slipi_run_queue *queue = runner->queue;
    slip_submission *sub = calloc(1, sizeof(*sub));
    if (sub == NULL) {
        slipi_turns_leave(&queue->door);
        return no_handle(runner);
    }
    slipi_error_begin(&sub->error, SLIP_OK);
    slipi_run_queue_await(queue, SLIP_MAX_QUEUED - 1);
    slip_status status = submit(runner, order, sub);
    slipi_turns_leave(&queue->door);
    if (status != SLIP_OK) {
        free(sub);
        return status;
    }
    *out = sub;
    return SLIP_OK;
}

/* Does what slip_run does behind what is queued, or takes the turn; see the header. */
bool slipi_submit_or_enter(slip_runner *runner, const slipi_order *order, slip_status *status)
{
    slipi_run_queue *queue = runner->queue;
    slipi_turns_enter(&queue->door);
    /* Relaxed: nobody else can add, and 0 is never seen too early. */
    if (slipi_load_relaxed(&queue->unfinished) == 0) {
        uint32_t ticket = slipi_turns_take(&runner->turns); /* its place before the next one's */
        slipi_turns_leave(&queue->door);
        slipi_turns_await(&runner->turns, ticket);
        slipi_runner_begin_turn(runner);
        return false;
    }
    slip_submission *sub;
    *status = slipi_submit_inside(runner, order, &sub);
    if (*status != SLIP_OK) {
        return true;
    }
    *status = slipi_submission_join(sub);
    if (*status != SLIP_OK) {
        pthread_mutex_lock(&queue->lock);
        runner->error = sub->error;
        pthread_mutex_unlock(&queue->lock);
    }
    slip_submission_release(sub);
    return true;
}

/* Lets everything end that is queued, with the turn before and after. */
void slipi_runner_idle(slip_runner *runner)
{
    slipi_run_queue *queue = runner->queue;
    slipi_runner_leave(runner);
    slipi_turns_enter(&queue->door);
    slipi_run_queue_await(queue, 0);
    slipi_runner_enter(runner);
    slipi_turns_leave(&queue->door);
}

/* Submits what is ordered; makes the queue first if there is none. */
static slip_status submit_order(slip_runner *runner, const slipi_order *order,
                                slip_submission **out)
{
    if (out == NULL) {
        slipi_runner_enter(runner);
        slip_status bad =
            slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT, "%s: out is null", order->what);
        slipi_runner_leave(runner);
        return bad;
    }
    *out = NULL;
    slip_status status = slipi_run_queue_open(runner);
    if (status != SLIP_OK) {
        return status;
    }
    slipi_turns_enter(&runner->queue->door);
    return slipi_submit_inside(runner, order, out);
}

/* Submits a run. */
slip_status slip_submit(slip_runner *runner, slip_callable callable, const slip_run_arg *args,
                        uint32_t arg_count, const slip_run_config *config, slip_submission **out)
{
    const slipi_order order = {"slip_submit", callable, args, arg_count, config, NULL};
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    return submit_order(runner, &order, out);
}

/* Submits a run of a prepared call. */
slip_status slip_call_submit(slip_call *call, slip_submission **out)
{
    if (call == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    const slipi_order order = slipi_call_order(call, "slip_call_submit");
    return submit_order(slipi_call_runner(call), &order, out);
}

/* True if a run has ended: its status and error may be read. */
static bool has_ended(slip_submission *sub)
{
    /* [S2] pairs with [S1]. */
    return slipi_load_acquire(&sub->state) == (uint32_t)SLIP_SUBMISSION_ENDED;
}

/* Waits until a time on the host's clock, 0 = without bound; false if it has not ended by then. */
static bool wait_until(slip_submission *sub, uint64_t deadline_ns)
{
    uint32_t rounds = 0;
    while (!has_ended(sub)) {
        uint64_t now_ns = deadline_ns != 0 ? slipi_now_ns() : 0;
        if (deadline_ns != 0 && now_ns >= deadline_ns) {
            return false;
        }
        if (slipi_wait_briefly(&rounds)) {
            continue;
        }
        uint32_t ticket = slipi_event_prepare(&sub->ended);
        if (has_ended(sub)) {
            slipi_event_cancel(&sub->ended);
            return true;
        }
        slipi_event_wait(&sub->ended, ticket, deadline_ns != 0 ? deadline_ns - now_ns : 0);
    }
    return true;
}

/* Waits without bound. */
slip_status slipi_submission_join(slip_submission *sub)
{
    (void)wait_until(sub, 0);
    return sub->status;
}

/* Waits until a run has ended. */
slip_status slip_submission_wait(slip_submission *submission, uint64_t timeout_ns)
{
    if (submission == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (has_ended(submission)) {
        return submission->status;
    }
    uint64_t now_ns = slipi_now_ns();
    uint64_t left_ns = UINT64_MAX - now_ns;
    uint64_t deadline_ns = now_ns + (timeout_ns < left_ns ? timeout_ns : left_ns);
    return wait_until(submission, timeout_ns != 0 ? deadline_ns : 0) ? submission->status
                                                                     : SLIP_E_TIMEOUT;
}

/* Tells where a run is. */
uint32_t slip_submission_poll(slip_submission *submission)
{
    /* [S2] pairs with [S1]. */
    return submission != NULL ? slipi_load_acquire(&submission->state)
                              : (uint32_t)SLIP_SUBMISSION_ENDED;
}

/* Ends a run that has not started, under lock. */
static slip_status cancel(slipi_run_queue *queue, slip_submission *sub)
{
    slip_error error;
    if (slipi_load_relaxed(&sub->state) != (uint32_t)SLIP_SUBMISSION_QUEUED) {
        return SLIP_E_BUSY; /* relaxed: it is written under the lock */
    }
    slipi_error_begin(&error, SLIP_E_CANCELLED);
    slipi_error_note(&error, "program '%s', submission %llu: cancelled before it started",
                     sub->callable->program->name, (unsigned long long)sub->number);
    slipi_run_queue_take_out(queue, sub);
    slipi_run_queue_end(queue, sub, SLIP_E_CANCELLED, &error);
    return SLIP_OK;
}

/* Takes a run back that has not started. */
slip_status slip_submission_cancel(slip_submission *submission)
{
    if (submission == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (has_ended(submission)) {
        return SLIP_E_BUSY;
    }
    slipi_run_queue *queue = submission->runner->queue;
    pthread_mutex_lock(&queue->lock);
    slip_status status = cancel(queue, submission);
    pthread_mutex_unlock(&queue->lock);
    return status;
}

/* Everything known about why a run failed. */
slip_status slip_submission_error(slip_submission *submission, slip_error *out)
{
    if (submission == NULL || out == NULL || out->struct_size < sizeof(*out)) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (!has_ended(submission)) {
        return SLIP_E_BUSY;
    }
    *out = submission->error;
    out->struct_size = (uint32_t)sizeof(*out);
    return SLIP_OK;
}

/* Gives a handle back. */
void slip_submission_release(slip_submission *submission)
{
    if (submission == NULL) {
        return;
    }
    if (submission->runner == NULL) {
        free(submission); /* the runner was closed */
        return;
    }
    slipi_run_queue *queue = submission->runner->queue;
    pthread_mutex_lock(&queue->lock);
    submission->released = 1;
    if (slipi_load_relaxed(&submission->state) == (uint32_t)SLIP_SUBMISSION_ENDED) {
        slipi_run_queue_free(queue, submission); /* relaxed: it is written under the lock */
    }
    pthread_mutex_unlock(&queue->lock);
}
