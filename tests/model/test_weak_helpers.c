/*
 * test_weak_helpers.c - calling and closing the helpers of a cpu device under weak memory: a call
 * is not lost, and a device that is closed while one helper starts another joins who is there.
 *
 * ctest-labels: model unit
 *
 * Mirrors call_helper, start_helper, helper_main, anyone_alive and slipi_pool_fini
 * (src/platform/cpu/pool.c); how a helper sleeps is test_weak_event.c. Three models:
 *
 *   call    a caller publishes work twice, by a relaxed store, and calls each time by [H1]
 *   look    the same with the look at `call` that saves callers an exchange. A call may be lost
 *           here: the look may find the call of the last time, which the helper has taken already.
 *           Nothing depends on it but time: the caller runs what nobody came for.
 *   close   a helper starts another one and stays in its kernel; the device is closed meanwhile
 */
#include "weak_suite.h"

enum { CALLER, HELPER, CALL_THREADS };
enum { CALL, WORK };
enum { ITEMS = 2 };

enum { H1, H2, LOOK, CALL_LABELS };
static const weak_label call_labels[CALL_LABELS] = {
    [H1] = {"H1", "src/platform/cpu/pool.c", "slipi_exchange_acq_rel(&helper->call, run)", NULL},
    [H2] = {"H2", "src/platform/cpu/pool.c", "slipi_exchange_acq_rel(&helper->call, 0u)", NULL},
    [LOOK] = {"look at call", "src/platform/cpu/pool.c", "slipi_load_acquire(&helper->call)", NULL},
};
static const weak_row call_rows[] = {
    {H1, WEAK_RELAXED, WEAK_CAUGHT},  {H1, WEAK_ACQUIRE, WEAK_CAUGHT},
    {H2, WEAK_RELAXED, WEAK_CAUGHT},  {H2, WEAK_RELEASE, WEAK_CAUGHT},
    {LOOK, WEAK_RELAXED, WEAK_HOLDS},
};

/* Where the caller or the helper is. */
enum { C_PUBLISH, C_LOOK, C_CALL, C_END };
enum { A_AWAIT, A_TAKE, A_WORK };

static bool looks_first;

typedef struct call_model {
    weak_memory memory;
    uint8_t caller;
    uint8_t published;
    uint8_t helper;
    uint8_t found; /* items that the helper has found */
    uint8_t reserved[4];
} call_model;

/* One step of the caller. */
static enum explore_step step_caller(call_model *m, weak_actor a)
{
    uint8_t old = 0;
    uint8_t next = m->published < ITEMS ? C_PUBLISH : C_END;
    switch (m->caller) {
    case C_PUBLISH:
        if (!weak_store(a, WORK, WEAK_RELAXED, (uint8_t)(m->published + 1u))) {
            return EXPLORE_BLOCKED;
        }
        m->published++;
        m->caller = looks_first ? C_LOOK : C_CALL;
        return EXPLORE_MOVED;
    case C_LOOK:
        if (!weak_load(a, CALL, weak_order_of(LOOK), &old)) {
            return EXPLORE_BLOCKED;
        }
        m->caller = old != 0 ? next : C_CALL;
        return EXPLORE_MOVED;
    case C_CALL:
        if (!weak_update(a, CALL, weak_order_of(H1), (weak_change){WEAK_SET, 1, 0}, &old)) {
            return EXPLORE_BLOCKED;
        }
        m->caller = next;
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of the helper. */
static enum explore_step step_called(call_model *m, weak_actor a)
{
    uint8_t value = 0;
    switch (m->helper) {
    case A_AWAIT:
        if (!weak_load(a, CALL, WEAK_ACQUIRE, &value) || value == 0) {
            return EXPLORE_BLOCKED;
        }
        m->helper = A_TAKE;
        return EXPLORE_MOVED;
    case A_TAKE:
        if (!weak_update(a, CALL, weak_order_of(H2), (weak_change){WEAK_SET, 0, 0}, &value)) {
            return EXPLORE_BLOCKED;
        }
        m->helper = A_WORK;
        return EXPLORE_MOVED;
    default: /* A_WORK */
        if (!weak_load(a, WORK, WEAK_RELAXED, &value)) {
            return EXPLORE_BLOCKED;
        }
        m->found = value;
        m->helper = A_AWAIT;
        return EXPLORE_MOVED;
    }
}

/* One step of a thread. */
static enum explore_step step_call(void *state, weak_actor a)
{
    return a.thread == CALLER ? step_caller(state, a) : step_called(state, a);
}

/* The helper has found everything. */
static bool call_ended(const void *state)
{
    const call_model *m = state;
    return m->caller == C_END && m->helper == A_AWAIT && m->found == ITEMS;
}

/* ---- close ---------------------------------------------------------------------------------- */

enum { STARTER, STARTED, CLOSER, CLOSE_THREADS };
enum { STATE, STOP, ENDED };
enum { THREAD, MEMORY }; /* data: the thread's id, and the helper's own memory */
enum { NONE, STARTING, RUNNING };

enum { H5, H6, H7, H8, CLOSE_LABELS };
static const weak_label close_labels[CLOSE_LABELS] = {
    [H5] = {"H5", "src/platform/cpu/pool.c",
            "slipi_store_release(&helper->state, SLIPI_HELPER_RUNNING)", NULL},
    [H6] = {"H6", "src/platform/cpu/pool.c", "slipi_load_acquire(&helper->state)", NULL},
    [H7] = {"H7", "src/platform/cpu/pool.c", "slipi_store_release(&helper->ended, 1u)", NULL},
    [H8] = {"H8", "src/platform/cpu/pool.c", "slipi_load_acquire(&helper->ended)", NULL},
};

/* [H7] and [H8] only say that a join will not take long; the join orders the rest. */
static const weak_row close_rows[] = {
    {H5, WEAK_RELAXED, WEAK_CAUGHT},
    {H6, WEAK_RELAXED, WEAK_CAUGHT},
    {H7, WEAK_RELAXED, WEAK_HOLDS},
    {H8, WEAK_RELAXED, WEAK_HOLDS},
};

/* Where the starter, the helper that it starts, or the closer is. */
enum { B_CLAIM, B_CREATE, B_TELL, B_END };
enum { D_WAIT, D_TELL, D_WAKE, D_END };
enum { L_STOP, L_STATE, L_ENDED, L_JOIN, L_DETACH, L_END };

typedef struct close_model {
    weak_memory memory;
    uint8_t starter;
    uint8_t created;
    uint8_t helper;
    uint8_t closer;
    uint8_t reserved[4];
} close_model;

/* One step of who starts the helper; pthread_create writes the id after the thread may run. */
static enum explore_step step_starter(close_model *m, weak_actor a)
{
    uint8_t old = 0;
    switch (m->starter) {
    case B_CLAIM:
        if (!weak_update(a, STATE, WEAK_ACQ_REL, (weak_change){WEAK_SET_IF, STARTING, NONE},
                         &old)) {
            return EXPLORE_BLOCKED;
        }
        m->starter = B_CREATE;
        return EXPLORE_MOVED;
    case B_CREATE:
        if (a.choice != 0) {
            return EXPLORE_BLOCKED;
        }
        weak_start(a, STARTED);
        m->created = 1;
        m->starter = B_TELL;
        return EXPLORE_MOVED;
    case B_TELL:
        if (!weak_write(a, THREAD)) {
            return EXPLORE_BROKEN;
        }
        if (!weak_store(a, STATE, weak_order_of(H5), RUNNING)) {
            return EXPLORE_BLOCKED;
        }
        m->starter = B_END;
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of the helper that was started; its memory is in use until it has ended. */
static enum explore_step step_started(close_model *m, weak_actor a)
{
    uint8_t stop = 0;
    switch (m->created != 0 ? m->helper : D_END) {
    case D_WAIT:
        if (!weak_load(a, STOP, WEAK_ACQUIRE, &stop) || stop == 0) {
            return EXPLORE_BLOCKED;
        }
        m->helper = D_TELL;
        return weak_write(a, MEMORY) ? EXPLORE_MOVED : EXPLORE_BROKEN;
    case D_TELL:
        if (!weak_store(a, ENDED, weak_order_of(H7), 1)) {
            return EXPLORE_BLOCKED;
        }
        m->helper = D_WAKE;
        return EXPLORE_MOVED;
    case D_WAKE:
        if (a.choice != 0) {
            return EXPLORE_BLOCKED;
        }
        m->helper = D_END;
        if (!weak_write(a, MEMORY)) {
            return EXPLORE_BROKEN;
        }
        weak_lock(a); /* the end of a thread is seen by who joins it */
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* Joins the helper, whose memory is then free, or detaches it. */
static enum explore_step part(close_model *m, weak_actor a)
{
    bool join = m->closer == L_JOIN;
    if (a.choice != 0 || (join && m->helper != D_END)) {
        return EXPLORE_BLOCKED;
    }
    m->closer = L_END;
    if (!weak_read(a, THREAD)) {
        return EXPLORE_BROKEN;
    }
    if (join) {
        weak_lock(a);
        return weak_write(a, MEMORY) ? EXPLORE_MOVED : EXPLORE_BROKEN;
    }
    return EXPLORE_MOVED;
}

/* One step of the closer: stop, look, join. */
static enum explore_step step_closer(close_model *m, weak_actor a)
{
    uint8_t value = 0;
    switch (m->closer) {
    case L_STOP:
        if (!weak_store(a, STOP, WEAK_RELEASE, 1)) {
            return EXPLORE_BLOCKED;
        }
        m->closer = L_STATE;
        return EXPLORE_MOVED;
    case L_STATE:
        if (!weak_load(a, STATE, weak_order_of(H6), &value)) {
            return EXPLORE_BLOCKED;
        }
        m->closer = value == RUNNING ? L_ENDED : L_END;
        return EXPLORE_MOVED;
    case L_ENDED:
        if (!weak_load(a, ENDED, weak_order_of(H8), &value)) {
            return EXPLORE_BLOCKED;
        }
        m->closer = value != 0 ? L_JOIN : L_DETACH;
        return EXPLORE_MOVED;
    case L_JOIN:
    case L_DETACH:
        return part(m, a);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a thread. */
static enum explore_step step_close(void *state, weak_actor a)
{
    return a.thread == STARTER   ? step_starter(state, a)
           : a.thread == STARTED ? step_started(state, a)
                                 : step_closer(state, a);
}

/* Everybody is at an end. */
static bool close_ended(const void *state)
{
    const close_model *m = state;
    return m->starter == B_END && m->helper == D_END && m->closer == L_END;
}

/* Nothing to set: all is zero. */
static void begin(void *state)
{
    (void)state;
}

int main(void)
{
    weak_suite call = {
        .state_bytes = sizeof(call_model),
        .threads = CALL_THREADS,
        .step = step_call,
        .ended = call_ended,
        .begin = begin,
        .labels = call_labels,
        .label_count = CALL_LABELS,
        .rows = call_rows,
        .row_count = sizeof(call_rows) / sizeof(call_rows[0]),
        .least_states = 20,
    };
    weak_suite look = call;
    look.row_count = 0;
    look.label_count = 0;
    look.outcome = WEAK_CAUGHT;
    weak_suite close = {
        .state_bytes = sizeof(close_model),
        .threads = CLOSE_THREADS,
        .step = step_close,
        .ended = close_ended,
        .begin = begin,
        .labels = close_labels,
        .label_count = CLOSE_LABELS,
        .rows = close_rows,
        .row_count = sizeof(close_rows) / sizeof(close_rows[0]),
        .least_states = 20,
    };
    printf("call\n");
    weak_check(&call);
    printf("look\n");
    looks_first = true;
    weak_check(&look);
    printf("close\n");
    weak_check(&close);
    return check_report();
}
