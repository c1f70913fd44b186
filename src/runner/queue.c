/*
 * queue.c - the thread that starts queued runs, and what becomes of runs behind a failure.
 *
 * For submit.c, run.c and recovery.c; see queue.h for who holds which lock.
 */
#include "runner/queue.h"

#include <stdlib.h>

#include "runner/runner_int.h"

/* Changes a count that is written under the lock and read by anybody. */
static void count(slipi_au32 *word, int change)
{
    /* Relaxed: who acts on it takes the lock, or is woken by an event after it. */
    slipi_store_relaxed(word, slipi_load_relaxed(word) + (uint32_t)change);
}

/* Puts a bound run at the end, under lock. */
void slipi_run_queue_push(slipi_run_queue *queue, slip_submission *sub)
{
    sub->behind = NULL;
    if (queue->tail != NULL) {
        queue->tail->behind = sub;
    } else {
        queue->head = sub;
    }
    queue->tail = sub;
    count(&queue->waiting, 1);
    count(&queue->unfinished, 1);
    slipi_event_notify(&queue->work, 1);
}

/* Takes a run out of those that wait, under lock. */
void slipi_run_queue_take_out(slipi_run_queue *queue, slip_submission *sub)
{
    slip_submission *before = NULL;
    for (slip_submission *at = queue->head; at != sub; at = at->behind) {
        before = at; /* as many steps as runs are queued */
    }
    if (before == NULL) {
        queue->head = sub->behind;
    } else {
        before->behind = sub->behind;
    }
    if (queue->tail == sub) {
        queue->tail = before;
    }
    count(&queue->waiting, -1);
}

/* Takes a handle out of the runner's list and frees it, under lock. */
void slipi_run_queue_free(slipi_run_queue *queue, slip_submission *sub)
{
    if (sub->before != NULL) {
        sub->before->next = sub->next;
    } else {
        queue->handles = sub->next;
    }
    if (sub->next != NULL) {
        sub->next->before = sub->before;
    }
    free(sub);
}

/* Lets the entry of a run go. */
static void give_pin_up(slip_submission *sub)
{
    if (sub->entry != NULL) {
        slipi_prebuilt_cache_unpin(&sub->runner->cache, sub->entry);
        sub->entry = NULL;
    }
}

/* Ends a run that is in no list any more, under lock; see the header. */
void slipi_run_queue_end(slipi_run_queue *queue, slip_submission *sub, slip_status status,
                         const slip_error *error)
{
    give_pin_up(sub);
    sub->callable->queued--;
    sub->carrier->busy = 0;
    sub->carrier = NULL;
    sub->status = status;
    if (error != NULL) {
        sub->error = *error;
    }
    count(&queue->unfinished, -1);
    slipi_event_notify(&queue->progress, UINT32_MAX);
    if (sub->released != 0) {
        slipi_run_queue_free(queue, sub);
        return;
    }
    /* [S1] pairs with [S2]: status, error and the run's outputs come first. Whoever frees the
     * handle takes the lock first, so it is still there when its sleepers are woken. */
    slipi_store_release(&sub->state, (uint32_t)SLIP_SUBMISSION_ENDED);
    slipi_event_notify(&sub->ended, UINT32_MAX);
}

/* Ends the queued runs that a failure has taken the state from; see the header. */
void slipi_run_queue_abandon(slip_runner *runner, const slipi_prebuilt_entry *entry,
                             const char *program)
{
    slipi_run_queue *queue = runner->queue;
    slip_error reason = runner->error;
    slip_submission *next = NULL;
    if (queue != NULL && queue->running != NULL && entry == NULL) {
        give_pin_up(queue->running); /* the entry goes with the device */
    }
    for (slip_submission *sub = queue != NULL ? queue->head : NULL; sub != NULL; sub = next) {
        next = sub->behind;
        if (entry != NULL && sub->entry != entry) {
            continue;
        }
        slip_error error;
        slipi_error_begin(&error, SLIP_E_ABANDONED);
        error.code = reason.status;
        const char *broken = entry != NULL ? "the state of its sizing" : "the device";
        slip_status status = slipi_error_end(
            &error, "program '%s', submission %llu: not started: %s%s%s broke %s: %s: %.200s",
            sub->callable->program->name, (unsigned long long)sub->number,
            program != NULL ? "a run of program '" : "an earlier call",
            program != NULL ? program : "", program != NULL ? "' before it" : "", broken,
            slip_status_name(reason.status), reason.message);
        slipi_run_queue_take_out(queue, sub);
        slipi_run_queue_end(queue, sub, status, &error);
        runner->stats.run_failures++;
    }
}

/* Bytes of the GM heap that queued runs without an entry will use. */
uint64_t slipi_run_queue_heap(const slip_runner *runner)
{
    uint64_t most = 0;
    const slip_submission *sub = runner->queue != NULL ? runner->queue->head : NULL;
    for (; sub != NULL; sub = sub->behind) {
        most = sub->heap_bytes > most ? sub->heap_bytes : most;
    }
    return most;
}

/* Fills a run from what was stored when it was submitted. */
static void prepare(slipi_run *run, slip_submission *sub)
{
    slipi_carrier *carrier = sub->carrier;
    run->callable = sub->callable;
    run->config = &sub->config;
    run->request.key = &sub->key;
    run->request.args = carrier->args;
    run->request.arg_count = sub->arg_count;
    run->request.launch = carrier->launch;
    run->request.plan = &carrier->plan;
    slipi_run_request(run);
    run->request.resident = sub->entry;
    run->bound = sub->bound;
}

/* Runs the oldest one that waits, if there is one. Turn and lock are the caller's. */
static void run_next(slip_runner *runner)
{
    slipi_run_queue *queue = runner->queue;
    slip_submission *sub = queue->head;
    if (sub == NULL) {
        return; /* it was cancelled */
    }
    slipi_run_queue_take_out(queue, sub);
    queue->running = sub;
    queue->kept = runner->error;
    /* Relaxed: it tells no more than itself. */
    slipi_store_relaxed(&sub->state, (uint32_t)SLIP_SUBMISSION_RUNNING);
    slipi_run run;
    slipi_run_begin(&run, runner, &sub->config);
    slip_status status = slipi_runner_usable(runner);
    if (status == SLIP_OK) {
        prepare(&run, sub);
        status = slipi_run_perform(&run);
    }
    slipi_run_finish(&run, status);
    queue->running = NULL;
    slipi_run_queue_end(queue, sub, status, status != SLIP_OK ? &runner->error : NULL);
    runner->error = queue->kept; /* how this run failed is its handle's: nobody here asked */
}

/* Waits until there is something to do. */
static void await_work(slipi_run_queue *queue)
{
    uint32_t rounds = 0;
    while ((slipi_load_relaxed(&queue->waiting) | slipi_load_relaxed(&queue->closing)) == 0) {
        if (slipi_wait_briefly(&rounds)) {
            continue;
        }
        uint32_t ticket = slipi_event_prepare(&queue->work);
        if ((slipi_load_relaxed(&queue->waiting) | slipi_load_relaxed(&queue->closing)) != 0) {
            slipi_event_cancel(&queue->work);
            return;
        }
        slipi_event_wait(&queue->work, ticket, 0);
    }
}

/* The queue's thread: one run a turn, so that others come to their turn in between. */
static void *work(void *argument)
{
    slip_runner *runner = argument;
    slipi_run_queue *queue = runner->queue;
    for (;;) {
        await_work(queue);
        if (slipi_load_relaxed(&queue->waiting) == 0) {
            return NULL; /* closing, which has cancelled what waited */
        }
        slipi_runner_enter(runner);
        run_next(runner);
        slipi_runner_leave(runner);
    }
}

/* Waits until at most `most` runs are unfinished; see the header. */
void slipi_run_queue_await(slipi_run_queue *queue, uint32_t most)
{
    uint32_t rounds = 0;
    while (slipi_load_relaxed(&queue->unfinished) > most) {
        if (slipi_wait_briefly(&rounds)) {
            continue;
        }
        uint32_t ticket = slipi_event_prepare(&queue->progress);
        if (slipi_load_relaxed(&queue->unfinished) <= most) {
            slipi_event_cancel(&queue->progress);
            return;
        }
        slipi_event_wait(&queue->progress, ticket, 0);
    }
}

/* Makes the queue, with the turn. It is seen by its thread when that is given a turn. */
static slip_status make(slip_runner *runner)
{
    slipi_run_queue *queue = calloc(1, sizeof(*queue));
    if (queue == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                          "slip_submit: no memory for a queue of %zu bytes", sizeof(*queue));
    }
    if (pthread_mutex_init(&queue->lock, NULL) != 0) {
        free(queue);
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY, "slip_submit: no mutex");
    }
    runner->queue = queue;
    int code = pthread_create(&queue->thread, NULL, work, runner);
    if (code != 0) {
        runner->queue = NULL;
        pthread_mutex_destroy(&queue->lock);
        free(queue);
        slip_status status =
            slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                       "slip_submit: no thread to start queued runs (error %d)", code);
        runner->error.code = code;
        return status;
    }
    /* [S3] pairs with [S4]: the queue is there. */
    slipi_store_release(&runner->submits, 1u);
    return SLIP_OK;
}

/* Makes the queue and its thread if there is none. */
slip_status slipi_run_queue_open(slip_runner *runner)
{
    /* [S4] pairs with [S3]. */
    if (slipi_load_acquire(&runner->submits) != 0) {
        return SLIP_OK;
    }
    slipi_turns_enter(&runner->turns);
    slip_status status = runner->queue == NULL ? make(runner) : SLIP_OK;
    slipi_turns_leave(&runner->turns);
    return status;
}

/* Ends everything that has not started. */
static void cancel_all(slipi_run_queue *queue)
{
    while (queue->head != NULL) {
        slip_submission *sub = queue->head;
        slip_error error;
        slipi_error_begin(&error, SLIP_E_CANCELLED);
        slipi_error_note(&error,
                         "program '%s', submission %llu: not started: its runner was closed",
                         sub->callable->program->name, (unsigned long long)sub->number);
        slipi_run_queue_take_out(queue, sub);
        slipi_run_queue_end(queue, sub, SLIP_E_CANCELLED, &error);
    }
}

/* Cancels what has not started, waits for what runs, ends the thread. */
void slipi_run_queue_stop(slip_runner *runner)
{
    slipi_run_queue *queue = runner->queue;
    if (queue == NULL) {
        return;
    }
    pthread_mutex_lock(&queue->lock);
    cancel_all(queue);
    /* Relaxed: the event orders nothing else, and the thread is joined. */
    slipi_store_relaxed(&queue->closing, 1u);
    slipi_event_notify(&queue->work, 1);
    pthread_mutex_unlock(&queue->lock);
    (void)pthread_join(queue->thread, NULL);
    for (slip_submission *sub = queue->handles; sub != NULL; sub = sub->next) {
        sub->runner = NULL; /* it stays with who holds it */
    }
}

/* Frees the queue. */
void slipi_run_queue_fini(slip_runner *runner, bool device)
{
    if (runner->queue != NULL) {
        slipi_carriers_fini(runner, device);
        pthread_mutex_destroy(&runner->queue->lock);
        free(runner->queue);
        runner->queue = NULL;
    }
}
