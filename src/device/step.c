/*
 * step.c - one step of useful work on a control thread, and what it does when there is none.
 *
 * The two kinds of platform meet here: a self-executing thread runs a ready task; a thread with
 * compute cores retires finished tasks and starts ready ones. See worker.h for the callers.
 */
#include <stddef.h>
#include <stdio.h>

#include "device/dispatch.h"
#include "device/exec_self.h"
#include "device/halves.h"
#include "sched/worker.h"

/* Offers spare ready tasks of a queue to the others, and sees that somebody comes for them. */
static void share_spare(slipi_worker *w, uint32_t queue, uint32_t keep)
{
    uint32_t spare = w->ready[queue].count - keep;
    slipi_ready_share_rest(w, queue, keep);
    if (w->thread != 0) {
        slipi_event_notify(&w->at.sm->progress, 1);
    }
    slipi_ready_call(w, spare);
}

/*
 * Offers half of the ready tasks of a kernel that is worth a move between cores, if somebody is in
 * the run to take it and has taken the last offer: so an offer is there before anybody asks for it,
 * and nothing is offered twice. If nobody looks for work, another thread is called as soon as the
 * kernel time that it missed, and that waits for it now, is worth a wake-up: a short run wakes
 * nobody, and a long one has lost no more before the call than the call costs.
 */
static void offer_half(slipi_worker *w, uint32_t typical_ns)
{
    slipi_sm *sm = w->at.sm;
    uint32_t spare = w->ready[0].count;
    int64_t waits_ns = (int64_t)spare * typical_ns;
    /* Relaxed: hints. Who is missed here finds the work when it looks, or is called next time. */
    uint32_t inside = slipi_load_relaxed(&sm->inside);
    if (inside + 1 == w->thread_count || slipi_load_relaxed(&sm->hungry) != 0) {
        w->missed_ns = 0;
    } else if (w->missed_ns + waits_ns >= SLIPI_WAKE_NS) {
        w->missed_ns = -waits_ns; /* who was called is on the way */
        w->services->call_threads(w->services->device, 1);
    }
    if ((w->thread == 0 && inside == 0) || slipi_ready_offered(w, 0)) {
        return;
    }
    slipi_ready_offer(w, 0, spare / 2);
    if (w->thread != 0) {
        slipi_event_notify(&sm->progress, 1); /* thread 0 may sleep */
    }
}

/* A self-executing thread: runs one ready task, after sharing what others could run. */
static bool step_self(slipi_worker *w)
{
    if (w->queues == SLIPI_QUEUES_BY_HALF) {
        return slipi_step_halves(w);
    }
    slipi_slot *slot = slipi_ready_take(w, 0);
    if (slot == NULL) {
        return false;
    }
    uint32_t typical_ns = slipi_typical_ns(w, slot);
    bool is_long = typical_ns >= SLIPI_LONG_KERNEL_NS;
    w->long_kernels = is_long ? 1 : 0;
    if (w->thread_count > 1 && w->ready[0].count > 0) {
        /* Relaxed: a hint whether anybody looks for work. */
        bool wanted = slipi_load_relaxed(&w->at.sm->hungry) != 0;
        uint32_t worth = w->dispatch == SLIP_DISPATCH_SHARED ? 2 : 8;
        if (is_long) {
            share_spare(w, 0, 0);
        } else if (typical_ns >= SLIPI_SHARED_KERNEL_NS) {
            w->missed_ns += typical_ns;
            offer_half(w, typical_ns);
        } else if (wanted && w->ready[0].count >= worth) {
            share_spare(w, 0, w->ready[0].count / 2); /* not all: a chain that was taken is kept */
        }
    }
    slipi_run_task(w, slot);
    if (is_long && w->thread != 0) {
        slipi_event_notify(&w->at.sm->progress, 1); /* thread 0 may wait for this one */
    }
    return true;
}

/* Retires a finished task of a core. */
static void retire(slipi_worker *w, const slipi_finished *done)
{
    slipi_slot *slot = slipi_slot_at(&w->at, done->slot_ref);
    if (done->code != 0) {
        slipi_raise_kernel(&w->at, slot, done->kernel, done->code, done->core);
    }
    if (done->end_ticks != 0) {
        slip_kernel_ctx ctx = {.core = done->core, .kernel = (uint16_t)done->kernel};
        ctx.core_type = (uint8_t)w->at.kernels[done->kernel].core_type;
        slipi_task_trace_note(&w->at, slot, &ctx, done->begin_ticks, done->end_ticks);
    }
    slipi_complete(w, slot);
}

/* Offers a ready task to all control threads of a device with cores, and wakes one. */
static void share_with_cores(slipi_worker *w, slipi_slot *slot)
{
    slipi_ready_share(w, slot);
    w->services->call_threads(w->services->device, 1);
}

/*
 * Starts ready tasks of one queue while there are idle cores for them. A mixed task is offered even
 * if no block is whole: the dispatcher then keeps one free until it is.
 */
static bool start_ready(slipi_worker *w, uint32_t queue)
{
    bool started = false;
    while (queue == SLIP_TASK_MIXED || slipi_dispatcher_idle(w->dispatcher, queue) > 0) {
        slipi_slot *slot = slipi_ready_take(w, queue);
        if (slot == NULL) {
            return started;
        }
        if (slot->shape == SLIP_TASK_DUMMY) {
            slipi_complete(w, slot);
        } else if (!slipi_dispatcher_offer(w->dispatcher, slot, slipi_slot_ref(&w->at, slot))) {
            slipi_ready_front(w, slot);
            break;
        }
        started = true;
    }
    /* What this thread's cores cannot take now, another thread's may. */
    if (w->thread_count > 1 && w->ready[queue].count > 0) {
        slipi_ready_share_rest(w, queue, 0);
        w->services->call_threads(w->services->device, 1);
    }
    return started;
}

/* A thread with compute cores: retires what is finished, starts what is ready. */
static bool step_cores(slipi_worker *w)
{
    enum { ROOM = 16 };
    slipi_finished done[ROOM];
    uint32_t count = slipi_dispatcher_poll(w->dispatcher, done, ROOM);
    for (uint32_t i = 0; i < count; i++) {
        retire(w, &done[i]);
    }
    bool started = start_ready(w, SLIP_TASK_MIXED);
    started = start_ready(w, SLIP_TASK_AIC) || started;
    started = start_ready(w, SLIP_TASK_AIV) || started;
    return count > 0 || started;
}

void slipi_idle_end(slipi_worker *w)
{
    if (w->armed != 0) {
        w->armed = 0;
        slipi_event_cancel(&w->at.sm->progress);
    }
}

bool slipi_step(slipi_worker *w)
{
    bool did = w->dispatcher == NULL ? step_self(w) : step_cores(w);
    if (did) {
        w->idle_rounds = 0;
        w->progress_ns = 0;
        slipi_idle_end(w);
    } else if (w->graph_done != 0) {
        slipi_graph_count(w);
    }
    return did;
}

/* Runs a task at its submission, and whatever that made ready. */
static void run_inline(slipi_worker *w, slipi_slot *slot)
{
    slipi_run_task(w, slot);
    while (w->ready[0].count > 0) {
        (void)slipi_step(w);
    }
}

bool slipi_runs_at_once(const slipi_worker *w, const slipi_slot *slot)
{
    if (slot->shape == SLIP_TASK_DUMMY) {
        return w->dispatch != SLIPI_DISPATCH_NOTHING;
    }
    if (w->dispatcher != NULL) {
        return false;
    }
    switch (w->dispatch) {
    case SLIP_DISPATCH_INLINE:
        return true;
    case SLIP_DISPATCH_SHARED:
        return w->thread_count == 1;
    case SLIP_DISPATCH_AUTO:
        return w->thread_count == 1 || slipi_typical_ns(w, slot) < SLIPI_SHARED_KERNEL_NS;
    case SLIP_DISPATCH_HALVES:
        return slipi_queue_of(w, slot) == SLIPI_HALF_FIRST;
    default:
        return false;
    }
}

/* A task without a live producer on a self-executing platform. */
static void submit_self(slipi_worker *w, slipi_slot *slot)
{
    enum { SHARE_BATCH = 16 };
    if (slipi_runs_at_once(w, slot)) {
        run_inline(w, slot);
    } else if (w->queues == SLIPI_QUEUES_BY_HALF) {
        slipi_submit_halves(w, slot);
    } else if (w->dispatch == SLIP_DISPATCH_AUTO &&
               slipi_typical_ns(w, slot) >= SLIPI_LONG_KERNEL_NS) {
        slipi_ready_share(w, slot);
        slipi_ready_call(w, 1);
    } else {
        slipi_ready_back(w, slot);
        w->paced = w->dispatch == SLIP_DISPATCH_AUTO ? 1 : 0;
        if (w->dispatch == SLIP_DISPATCH_SHARED && w->ready[0].count >= SHARE_BATCH) {
            share_spare(w, 0, 0);
        }
    }
}

void slipi_pace(slipi_worker *w)
{
    enum { ENOUGH = 16 }; /* measured: 1 to 4 are slower, 64 no faster */
    const slipi_chain *chain = &w->ready[0];
    if (chain->count != 0 && !slipi_ready_offered(w, 0)) {
        offer_half(w, slipi_typical_ns(w, slipi_slot_at(&w->at, chain->head)));
    }
    if (chain->count >= ENOUGH) {
        (void)slipi_step(w);
    }
}

/* A task without a live producer on a platform with cores. */
static void submit_cores(slipi_worker *w, slipi_slot *slot)
{
    enum { POLL_MASK = 7 };
    if (w->dispatch == SLIP_DISPATCH_SERIAL) {
        slipi_ready_back(w, slot);
        return;
    }
    if (!slipi_dispatcher_offer(w->dispatcher, slot, slipi_slot_ref(&w->at, slot))) {
        if (w->thread_count > 1) {
            share_with_cores(w, slot);
        } else {
            slipi_ready_back(w, slot);
        }
    }
    if ((w->sample++ & POLL_MASK) == 0) {
        (void)slipi_step(w); /* cores that finish while the program submits get more to do */
    }
}

void slipi_submit_ready(slipi_worker *w, slipi_slot *slot)
{
    if (w->dispatch == SLIPI_DISPATCH_NOTHING) {
        return;
    }
    if (slot->shape == SLIP_TASK_DUMMY) {
        slipi_complete(w, slot); /* nobody can wait for it yet */
    } else if (w->dispatcher != NULL) {
        submit_cores(w, slot);
    } else {
        submit_self(w, slot);
    }
}

/* The oldest task of a graph that this run has not completed; null if there is none. `out_count`
 * may be null: how many it has completed. */
static const slipi_slot *look_at_graph(const slipi_worker *w, uint64_t *out_count)
{
    const slipi_slot *oldest = NULL;
    uint64_t count = 0;
    uint32_t lap = (uint32_t)w->at.launch->run_serial;
    for (uint64_t i = 0; i < w->at.launch->graph_tasks; i++) {
        /* Relaxed: only reported. */
        bool complete = slipi_load_relaxed(&w->at.slots[0][i].lap) == lap;
        count += complete ? 1 : 0;
        oldest = !complete && oldest == NULL ? &w->at.slots[0][i] : oldest;
    }
    if (out_count != NULL) {
        *out_count = count;
    }
    return oldest;
}

/* Completions so far: COMPLETED tasks among those not yet done, and done itself. */
static uint64_t count_completed(const slipi_worker *w)
{
    uint64_t count = 0;
    if (w->graph != 0) {
        (void)look_at_graph(w, &count);
        return count;
    }
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        const slipi_ring_state *s = &w->at.rt->ring[r];
        count += s->done;
        for (uint64_t id = s->done; id < s->head; id++) {
            /* Relaxed: only counted. */
            const slipi_slot *slot = &w->at.slots[r][id & w->at.slot_mask[r]];
            count += slipi_load_relaxed(&slot->fanout) == SLIPI_FANOUT_CLOSED ? 1 : 0;
        }
    }
    return count;
}

/* The oldest task that is inside a kernel or could be: not waiting, not COMPLETED. */
static const slipi_slot *find_stuck(const slipi_worker *w)
{
    const slipi_slot *oldest = NULL;
    if (w->graph != 0) {
        return look_at_graph(w, NULL);
    }
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        const slipi_ring_state *s = &w->at.rt->ring[r];
        for (uint64_t id = s->done; id < s->head; id++) {
            const slipi_slot *slot = &w->at.slots[r][id & w->at.slot_mask[r]];
            if (slipi_load_relaxed(&slot->fanout) != SLIPI_FANOUT_CLOSED &&
                slipi_load_relaxed(&slot->fanin) == 0 &&
                (oldest == NULL || slot->submission < oldest->submission)) {
                oldest = slot;
            }
        }
    }
    return oldest;
}

/* Ends all waiting: the progress deadline has passed. */
static void declare_hang(slipi_worker *w)
{
    const slipi_slot *slot = find_stuck(w);
    slipi_fault fault = {.status = SLIP_E_HANG, .ring = -1, .scope = -1, .kernel = -1};
    if (slot != NULL) {
        fault.ring = (int32_t)slipi_task_ring(slot->task);
        fault.kernel = slot->shape == SLIP_TASK_DUMMY ? -1 : slot->kernel[0];
        fault.submission = slot->submission;
        fault.resource = SLIPI_RESOURCE_KERNEL;
    }
    (void)snprintf(fault.detail, sizeof fault.detail, "no task completed for %llu ms",
                   (unsigned long long)(w->at.launch->progress_deadline_ns / 1000000u));
    slipi_raise(&w->at, &fault);
    w->hung = 1;
}

/* Looks whether anything completed since the last look. */
static void check_progress(slipi_worker *w)
{
    const slip_device_services *sv = w->services;
    uint64_t ticks = sv->ticks(sv->device);
    uint64_t now = (uint64_t)((double)ticks * 1e9 / (double)sv->info.counter_hz) | 1u;
    uint64_t deadline = w->at.launch->progress_deadline_ns;
    uint64_t completed = w->progress_ns != 0 && now - w->progress_ns < deadline / 4
                             ? w->progress_mark
                             : count_completed(w);
    if (w->progress_ns == 0 || completed != w->progress_mark) {
        w->progress_ns = now;
        w->progress_mark = completed;
    } else if (deadline != 0 && now - w->progress_ns > deadline) {
        declare_hang(w);
    }
}

void slipi_idle(slipi_worker *w)
{
    enum { SPIN_ROUNDS = 128, CHECK_MASK = 63, SLEEP_NS = 1000000 };
    const slip_device_services *sv = w->services;
    uint32_t rounds = w->idle_rounds++;
    if (w->thread == 0 && (rounds & CHECK_MASK) == CHECK_MASK &&
        (w->at.rt != NULL || w->graph != 0)) {
        check_progress(w);
    }
    if (w->thread != 0 || w->dispatcher != NULL || rounds < SPIN_ROUNDS) {
        sv->idle(sv->device, w->thread, rounds);
        return;
    }
    slipi_event *event = &w->at.sm->progress;
    if (w->armed == 0) {
        w->armed = 1;
        w->ticket = slipi_event_prepare(event);
        return; /* the caller's second look, as event.h asks for */
    }
    slipi_add_relaxed(&w->at.sm->hungry, 1u); /* a hint: share with me */
    slipi_event_wait(event, w->ticket, SLEEP_NS);
    slipi_add_relaxed(&w->at.sm->hungry, UINT32_MAX);
    w->armed = 0; /* the wait took the registration back */
    if (w->at.rt != NULL || w->graph != 0) {
        check_progress(w);
    }
}
