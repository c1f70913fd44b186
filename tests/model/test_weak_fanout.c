/*
 * test_weak_fanout.c - submission against completion under weak memory: a task starts once and sees
 * what its producers wrote, and nothing is reused while somebody may still read it.
 *
 * ctest-labels: model unit
 *
 * Mirrors slipi_fanin_push, wait_for_chunk and slipi_fanin_end (src/task/edge.c), slipi_complete
 * (src/sched/complete.c) and advance_done (src/task/ring.c). Two workers run P0 and P1. The
 * orchestrator submits D and C, which wait for both. D has two edges, C has one only: it is pushed
 * to P0, waited for, and used again for P1. Whoever makes D or C ready runs it. In the end the
 * orchestrator reuses the slots, edges and outputs of all four.
 */
#include "weak_suite.h"

enum { ORCHESTRATOR, WORKER0, WORKER1, THREADS };
enum { P0, P1, D, C, TASKS };

/* Locations: fan-out lists by task, then fan-ins; data. */
enum { FANOUT, FANIN_D = FANOUT + TASKS, FANIN_C };
enum { OUT0, OUT1, SLOT_D, SLOT_C, EDGES, EDGE_COUNT = 3, DATA = EDGES + EDGE_COUNT };

enum { GUARD = 100, CLOSED = 255 };

enum { F1, F2, F3, F4, F5, F6, F7, LABELS };
static const weak_label labels[LABELS] = {
    [F1] = {"F1", "src/sched/complete.c", "slipi_exchange_acq_rel(&slot->fanout", NULL},
    [F2] = {"F2", "src/task/edge.c", "slipi_cas_acq_rel(&producer->fanout", NULL},
    [F3] = {"F3", "src/task/edge.c", "slipi_load_acquire(&producer->fanout", NULL},
    [F4] = {"F4", "src/sched/complete.c", "slipi_sub_acq_rel(&consumer->fanin", NULL},
    [F5] = {"F5", "src/task/ring.c", "slipi_load_acquire(&slot->fanout", NULL},
    [F6] = {"F6", "src/task/edge.c", "slipi_load_acquire(&in->consumer->fanin", NULL},
    [F7] = {"F7", "src/task/edge.c", "slipi_sub_acq_rel(&in->consumer->fanin", NULL},
};

/* An acq_rel operation without one of its halves is a row of its own. */
static const weak_row rows[] = {
    {F1, WEAK_RELAXED, WEAK_CAUGHT}, {F1, WEAK_ACQUIRE, WEAK_CAUGHT},
    {F1, WEAK_RELEASE, WEAK_CAUGHT}, {F2, WEAK_RELAXED, WEAK_CAUGHT},
    {F2, WEAK_ACQUIRE, WEAK_CAUGHT}, {F2, WEAK_RELEASE, WEAK_CAUGHT},
    {F3, WEAK_RELAXED, WEAK_CAUGHT}, {F4, WEAK_RELAXED, WEAK_CAUGHT},
    {F4, WEAK_ACQUIRE, WEAK_CAUGHT}, {F4, WEAK_RELEASE, WEAK_CAUGHT},
    {F5, WEAK_RELAXED, WEAK_CAUGHT}, {F6, WEAK_RELAXED, WEAK_CAUGHT},
    {F7, WEAK_RELAXED, WEAK_CAUGHT}, {F7, WEAK_RELEASE, WEAK_CAUGHT},
    {F7, WEAK_ACQUIRE, WEAK_CAUGHT},
};

/* Where the orchestrator is in its program; places of a push are the same for all three. */
enum { O_GUARD, O_LOOK, O_PUSH, O_CHUNK, O_GUARD_AGAIN, O_FINISH, O_DONE, O_END };

typedef struct model {
    weak_memory memory;
    uint8_t next[EDGE_COUNT];
    uint8_t starts[2];
    uint8_t ready[THREADS]; /* set of D and C that the thread is to run */
    uint8_t place;          /* orchestrator */
    uint8_t push;
    uint8_t head; /* what it loaded */
    uint8_t pushed;
    uint8_t done;         /* tasks that done has passed */
    uint8_t completed[2]; /* workers: 1 after the exchange */
    uint8_t ref[2];       /* the edge at hand */
} model;

/* The pushes in their order: 0 and 1 are of D, 2 and 3 of C, to P0 and P1; the edge, from 1. */
enum { PUSHES = 4 };
static const uint8_t push_edge[PUSHES] = {1, 2, 3, 3};

/* Consumer (0 is D, 1 is C) and producer of a push. */
static uint32_t consumer_of(const model *m)
{
    return m->push / 2u;
}
static uint32_t producer_of(const model *m)
{
    return m->push % 2u == 0 ? P0 : P1;
}

/* Notes that the thread is to run a task. */
static void make_ready(model *m, weak_actor a, uint32_t consumer)
{
    m->ready[a.thread] |= (uint8_t)(1u << consumer);
    m->starts[consumer]++;
}

/* Runs one of the tasks that the thread made ready, and completes it. */
static enum explore_step run_ready(model *m, weak_actor a)
{
    uint32_t consumer = (m->ready[a.thread] & 1u) != 0 ? 0 : 1;
    uint8_t list = 0;
    if (m->starts[consumer] > 1 || !weak_read(a, SLOT_D + consumer) || !weak_read(a, OUT0) ||
        !weak_read(a, OUT1)) {
        return EXPLORE_BROKEN;
    }
    if (!weak_update(a, FANOUT + D + consumer, weak_order_of(F1),
                     (weak_change){WEAK_SET, CLOSED, 0}, &list)) {
        return EXPLORE_BLOCKED;
    }
    m->ready[a.thread] &= (uint8_t) ~(1u << consumer);
    return EXPLORE_MOVED;
}

/* ---- orchestrator --------------------------------------------------------------------------- */

/* What comes after a push, successful or not. */
static void after_push(model *m)
{
    m->head = 0;
    if (m->push % 2u != 0) {
        m->place = O_FINISH;
    } else if (m->push == 2 && m->pushed != 0) {
        m->place = O_CHUNK;
    } else {
        m->place = O_LOOK;
        m->push++;
    }
}

/* Fills the slot and guards the fan-in; both are published by the first push. */
static enum explore_step guard(model *m, weak_actor a)
{
    uint32_t consumer = consumer_of(m);
    if (m->place == O_GUARD && !weak_write(a, SLOT_D + consumer)) {
        return EXPLORE_BROKEN;
    }
    if (!weak_store(a, FANIN_D + consumer, WEAK_RELAXED, GUARD)) {
        return EXPLORE_BLOCKED;
    }
    if (m->place == O_GUARD_AGAIN) {
        m->push++;
        m->pushed = 0;
    }
    m->place = O_LOOK;
    return EXPLORE_MOVED;
}

/* [F3] */
static enum explore_step look(model *m, weak_actor a)
{
    if (!weak_load(a, FANOUT + producer_of(m), weak_order_of(F3), &m->head)) {
        return EXPLORE_BLOCKED;
    }
    if (m->head == CLOSED) {
        after_push(m);
    } else {
        m->place = O_PUSH;
    }
    return EXPLORE_MOVED;
}

/* Writes the edge, then [F2]. */
static enum explore_step push(model *m, weak_actor a)
{
    uint8_t edge = push_edge[m->push];
    uint8_t old = 0;
    if (!weak_write(a, EDGES + edge - 1u)) {
        return EXPLORE_BROKEN;
    }
    m->next[edge - 1] = m->head;
    if (!weak_update(a, FANOUT + producer_of(m), weak_order_of(F2),
                     (weak_change){WEAK_SET_IF, edge, m->head}, &old)) {
        return EXPLORE_BLOCKED;
    }
    if (old == m->head) {
        m->pushed++;
        after_push(m);
    } else if (old == CLOSED) {
        after_push(m);
    } else {
        m->head = old;
    }
    return EXPLORE_MOVED;
}

/* Takes the guard away: a relaxed store if nothing was pushed, else [F7]. */
static enum explore_step finish(model *m, weak_actor a)
{
    uint32_t consumer = consumer_of(m);
    uint8_t surplus = (uint8_t)(GUARD - m->pushed);
    uint8_t old = surplus;
    bool made = m->pushed == 0 ? weak_store(a, FANIN_D + consumer, WEAK_RELAXED, 0)
                               : weak_update(a, FANIN_D + consumer, weak_order_of(F7),
                                             (weak_change){WEAK_ADD, (uint8_t)-surplus, 0}, &old);
    if (!made) {
        return EXPLORE_BLOCKED;
    }
    if (old == surplus) {
        make_ready(m, a, consumer);
    }
    m->pushed = 0;
    m->place = consumer == 0 ? O_GUARD : O_DONE;
    m->push = 2;
    return EXPLORE_MOVED;
}

/* [F5] for one task after the other; then everything is used again. */
static enum explore_step pass_done(model *m, weak_actor a)
{
    uint8_t list = 0;
    if (!weak_load(a, FANOUT + m->done, weak_order_of(F5), &list) || list != CLOSED) {
        return EXPLORE_BLOCKED;
    }
    if (++m->done < TASKS) {
        return EXPLORE_MOVED;
    }
    for (uint32_t data = OUT0; data < DATA; data++) {
        if (!weak_write(a, data)) {
            return EXPLORE_BROKEN;
        }
    }
    m->place = O_END;
    weak_end(a);
    return EXPLORE_MOVED;
}

/* One step of the orchestrator. */
static enum explore_step step_orchestrator(model *m, weak_actor a)
{
    uint8_t fanin = 0;
    switch (m->place) {
    case O_GUARD:
    case O_GUARD_AGAIN:
        return guard(m, a);
    case O_LOOK:
        return look(m, a);
    case O_PUSH:
        return push(m, a);
    case O_CHUNK:
        if (!weak_load(a, FANIN_C, weak_order_of(F6), &fanin) || fanin != GUARD - 1) {
            return EXPLORE_BLOCKED;
        }
        m->place = O_GUARD_AGAIN;
        return EXPLORE_MOVED;
    case O_FINISH:
        return finish(m, a);
    case O_DONE:
        return m->ready[ORCHESTRATOR] != 0 ? run_ready(m, a) : pass_done(m, a);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* ---- workers -------------------------------------------------------------------------------- */

/* Writes the output of producer w, then [F1]. */
static enum explore_step complete(model *m, weak_actor a, uint32_t w)
{
    if (!weak_write(a, OUT0 + w)) {
        return EXPLORE_BROKEN;
    }
    if (!weak_update(a, FANOUT + P0 + w, weak_order_of(F1), (weak_change){WEAK_SET, CLOSED, 0},
                     &m->ref[w])) {
        return EXPLORE_BLOCKED;
    }
    m->completed[w] = 1;
    return EXPLORE_MOVED;
}

/* Reads an edge, then [F4]. */
static enum explore_step walk(model *m, weak_actor a, uint32_t w)
{
    uint32_t edge = m->ref[w] - 1u;
    uint32_t consumer = edge < 2 ? 0 : 1;
    uint8_t old = 0;
    if (!weak_read(a, EDGES + edge)) {
        return EXPLORE_BROKEN;
    }
    m->ref[w] = m->next[edge];
    if (!weak_update(a, FANIN_D + consumer, weak_order_of(F4), (weak_change){WEAK_ADD, 255, 0},
                     &old)) {
        return EXPLORE_BLOCKED;
    }
    if (old == 1) {
        make_ready(m, a, consumer);
    }
    return EXPLORE_MOVED;
}

/* One step of the worker that runs producer w. */
static enum explore_step step_worker(model *m, weak_actor a, uint32_t w)
{
    if (m->completed[w] == 0) {
        return complete(m, a, w);
    }
    if (m->ref[w] != 0) {
        return walk(m, a, w);
    }
    return m->ready[a.thread] != 0 ? run_ready(m, a) : EXPLORE_BLOCKED;
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    return a.thread == ORCHESTRATOR ? step_orchestrator(state, a)
                                    : step_worker(state, a, a.thread - WORKER0);
}

/* All tasks have run once, and everything was used again. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->place == O_END && m->starts[0] == 1 && m->starts[1] == 1;
}

/* Nothing to set: all is zero. */
static void begin(void *state)
{
    (void)state;
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
        .least_states = 500,
    };
    weak_check(&suite);
    return check_report();
}
