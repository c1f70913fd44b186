/*
 * test_weak_calls.c - calls that are handed to a device's own thread, under weak memory: a call is
 * read after it was written, its results after they were, and who is last frees.
 *
 * ctest-labels: model unit
 *
 * Mirrors slipi_calls_make, next_call, thread_main and give_up (src/platform/onboard/calls.c). The
 * caller makes two calls; it may give up waiting for the second and leave, as when a call does not
 * come back. Sleeping is the event's, which has a model of its own.
 */
#include "weak_suite.h"

enum { CALLER, WORKER, THREADS };
enum { ASKED, ANSWERED, LEAVE, SHARES };
enum { CALL };      /* data: arguments and results; freeing it is a write */
enum { CALLS = 2 }; /* the caller makes */

enum { K1, K1_SEEN, K2, K2_SEEN, K3, K3_SEEN, K4, LABELS };
static const weak_label labels[LABELS] = {
    [K1] = {"K1", "src/platform/onboard/calls.c", "slipi_store_release(&c->asked, number)", NULL},
    [K1_SEEN] = {"K1", "src/platform/onboard/calls.c",
                 "slipi_load_acquire(&calls->asked) == number", NULL},
    [K2] = {"K2", "src/platform/onboard/calls.c", "slipi_store_release(&calls->answered, number)",
            NULL},
    [K2_SEEN] = {"K2", "src/platform/onboard/calls.c",
                 "slipi_load_acquire(&calls->answered) == number", NULL},
    [K3] = {"K3", "src/platform/onboard/calls.c", "slipi_store_release(&c->leave, 1u)", NULL},
    [K3_SEEN] = {"K3", "src/platform/onboard/calls.c", "slipi_load_acquire(&calls->leave)", NULL},
    [K4] = {"K4", "src/platform/onboard/calls.c", "slipi_sub_acq_rel(&calls->shares, 1u)", NULL},
};

/* After `leave` only the shares are looked at, and they order what is freed. */
static const weak_row rows[] = {
    {K1, WEAK_RELAXED, WEAK_CAUGHT}, {K1_SEEN, WEAK_RELAXED, WEAK_CAUGHT},
    {K2, WEAK_RELAXED, WEAK_CAUGHT}, {K2_SEEN, WEAK_RELAXED, WEAK_CAUGHT},
    {K3, WEAK_RELAXED, WEAK_HOLDS},  {K3_SEEN, WEAK_RELAXED, WEAK_HOLDS},
    {K4, WEAK_RELAXED, WEAK_CAUGHT},
};

/* Where the caller is; where the thread is. */
enum { C_ASK, C_WAIT, C_LEAVE, C_GIVE_UP, C_DONE };
enum { W_LOOK, W_LOOK_LEAVE, W_ANSWER, W_GIVE_UP, W_DONE };

typedef struct model {
    weak_memory memory;
    uint8_t caller;
    uint8_t worker;
    uint8_t asked; /* calls made */
    uint8_t taken; /* calls that the thread has begun */
    uint8_t freed;
    uint8_t reserved[3];
} model;

/* Gives a share up; the last one frees. */
static enum explore_step give_up(model *m, weak_actor a, uint8_t *at, uint8_t done)
{
    uint8_t old = 0;
    if (!weak_update(a, SHARES, weak_order_of(K4), (weak_change){WEAK_ADD, UINT8_MAX, 0}, &old)) {
        return EXPLORE_BLOCKED;
    }
    *at = done;
    if (old != 1u) {
        return EXPLORE_MOVED;
    }
    m->freed++;
    return weak_write(a, CALL) ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* Waits for the answer of the last call, or stops waiting for the last one. */
static enum explore_step wait_answer(model *m, weak_actor a)
{
    uint8_t answered = 0;
    bool last = m->asked == CALLS;
    if (!weak_load(a, ANSWERED, weak_order_of(K2_SEEN), &answered)) {
        return EXPLORE_BLOCKED;
    }
    if (answered != m->asked) {
        if (!last) {
            return EXPLORE_BLOCKED;
        }
        m->caller = C_LEAVE; /* the bound has passed */
        return EXPLORE_MOVED;
    }
    m->caller = last ? C_LEAVE : C_ASK;
    return weak_read(a, CALL) ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* One step of the caller. */
static enum explore_step step_caller(model *m, weak_actor a)
{
    switch (m->caller) {
    case C_ASK:
        if (!weak_write(a, CALL)) {
            return EXPLORE_BROKEN;
        }
        if (!weak_store(a, ASKED, weak_order_of(K1), (uint8_t)(m->asked + 1u))) {
            return EXPLORE_BLOCKED;
        }
        m->asked++;
        m->caller = C_WAIT;
        return EXPLORE_MOVED;
    case C_WAIT:
        return wait_answer(m, a);
    case C_LEAVE:
        if (!weak_store(a, LEAVE, weak_order_of(K3), 1u)) {
            return EXPLORE_BLOCKED;
        }
        m->caller = C_GIVE_UP;
        return EXPLORE_MOVED;
    case C_GIVE_UP:
        return give_up(m, a, &m->caller, C_DONE);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of the device's thread. */
static enum explore_step step_worker(model *m, weak_actor a)
{
    uint8_t value = 0;
    switch (m->worker) {
    case W_LOOK:
        if (!weak_load(a, ASKED, weak_order_of(K1_SEEN), &value)) {
            return EXPLORE_BLOCKED;
        }
        if (value != m->taken + 1u) {
            m->worker = W_LOOK_LEAVE;
            return EXPLORE_MOVED;
        }
        m->taken++;
        m->worker = W_ANSWER;
        return weak_read(a, CALL) ? EXPLORE_MOVED : EXPLORE_BROKEN;
    case W_LOOK_LEAVE:
        if (!weak_load(a, LEAVE, weak_order_of(K3_SEEN), &value)) {
            return EXPLORE_BLOCKED;
        }
        m->worker = value != 0 ? W_GIVE_UP : W_LOOK;
        return EXPLORE_MOVED;
    case W_ANSWER:
        if (!weak_write(a, CALL)) {
            return EXPLORE_BROKEN;
        }
        if (!weak_store(a, ANSWERED, weak_order_of(K2), m->taken)) {
            return EXPLORE_BLOCKED;
        }
        m->worker = W_LOOK;
        return EXPLORE_MOVED;
    case W_GIVE_UP:
        return give_up(m, a, &m->worker, W_DONE);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    model *m = state;
    return a.thread == CALLER ? step_caller(m, a) : step_worker(m, a);
}

/* Both have left, and one of them has freed. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->caller == C_DONE && m->worker == W_DONE && m->freed == 1;
}

/* Two shares. */
static void begin(void *state)
{
    model *m = state;
    weak_preset(&m->memory, SHARES, THREADS);
}

int main(void)
{
    static const weak_suite suite = {
        .state_bytes = sizeof(model),
        .threads = THREADS,
        .step = step,
        .ended = ended,
        .begin = begin,
        .labels = labels,
        .label_count = LABELS,
        .rows = rows,
        .row_count = sizeof(rows) / sizeof(rows[0]),
        .least_states = 40,
    };
    weak_check(&suite);
    return check_report();
}
