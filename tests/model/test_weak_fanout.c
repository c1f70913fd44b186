/*
 * test_weak_fanout.c - submission against completion under weak memory: a task starts once and sees
 * what its producers wrote, and nothing is reused while somebody may still read it.
 *
 * ctest-labels: model unit
 *
 * Mirrors slipi_fanin_push, link_edge, wait_for_chunk and slipi_fanin_end (src/task/edge.c),
 * close_fanout and take_producer (src/sched/complete.c) and advance_done (src/task/ring.c). One
 * worker runs P0, another one or the orchestrator runs P1. The orchestrator, which is thread 0 and
 * the only one that pushes edges, submits D and then C, which wait for both. D has two edges, C has
 * one only: if it needs two, the one to P0 is waited for, and used again for P1. Whoever makes D or
 * C ready runs it. Where the source may help, so may the orchestrator here: before a submission and
 * while it waits. In the end it reuses the slots, edges and outputs of all four.
 *
 * Besides the orders of the labels, the steps themselves are spoiled, one at a time: the flaws.
 */
#include "weak_suite.h"

enum { ORCHESTRATOR, WORKER0, WORKER1, THREADS };
enum { P0, P1, D, C, TASKS };

/* Locations: fan-out lists by task, then fan-ins; data. */
enum { FANOUT, FANIN_D = FANOUT + TASKS, FANIN_C };
enum { OUT0, OUT1, SLOT_D, SLOT_C, EDGES, EDGE_COUNT = 3, DATA = EDGES + EDGE_COUNT };

enum { GUARD = 100, CLOSED = 255 };

enum { F1, F1_OWN, F2, F3, F3_LINK, F4, F4_LOAD, F5, F6, F7, LABELS };
static const weak_label labels[LABELS] = {
    [F1] = {"F1", "src/sched/complete.c", "slipi_exchange_acq_rel(&slot->fanout", NULL},
    [F1_OWN] = {"F1 of thread 0", "src/sched/complete.c", "slipi_store_release(&slot->fanout",
                NULL},
    [F2] = {"F2", "src/task/edge.c", "slipi_cas_acq_rel(&producer->fanout", NULL},
    [F3] = {"F3", "src/task/edge.c", "slipi_load_acquire(&producer->fanout) ==", NULL},
    [F3_LINK] = {"F3", "src/task/edge.c", "slipi_load_acquire(&producer->fanout);", NULL},
    [F4] = {"F4", "src/sched/complete.c", "slipi_sub_acq_rel(&consumer->fanin", NULL},
    [F4_LOAD] = {"F4", "src/sched/complete.c", "slipi_load_acquire(&consumer->fanin", NULL},
    [F5] = {"F5", "src/task/ring.c", "slipi_load_acquire(&slot->fanout", NULL},
    [F6] = {"F6", "src/task/edge.c", "slipi_load_acquire(&in->consumer->fanin", NULL},
    [F7] = {"F7", "src/task/edge.c", "slipi_sub_acq_rel(&in->consumer->fanin", NULL},
};

/*
 * An acq_rel operation without one of its halves is a row of its own. Thread 0 closes a list for
 * itself only: nobody else reads it afterwards.
 */
static const weak_row rows[] = {
    {F1, WEAK_RELAXED, WEAK_CAUGHT},      {F1, WEAK_ACQUIRE, WEAK_CAUGHT},
    {F1, WEAK_RELEASE, WEAK_CAUGHT},      {F1_OWN, WEAK_RELAXED, WEAK_HOLDS},
    {F2, WEAK_RELAXED, WEAK_CAUGHT},      {F2, WEAK_ACQUIRE, WEAK_CAUGHT},
    {F2, WEAK_RELEASE, WEAK_CAUGHT},      {F3, WEAK_RELAXED, WEAK_CAUGHT},
    {F3_LINK, WEAK_RELAXED, WEAK_CAUGHT}, {F4, WEAK_RELAXED, WEAK_CAUGHT},
    {F4, WEAK_ACQUIRE, WEAK_CAUGHT},      {F4, WEAK_RELEASE, WEAK_CAUGHT},
    {F4_LOAD, WEAK_RELAXED, WEAK_CAUGHT}, {F5, WEAK_RELAXED, WEAK_CAUGHT},
    {F6, WEAK_RELAXED, WEAK_CAUGHT},      {F7, WEAK_RELAXED, WEAK_CAUGHT},
    {F7, WEAK_RELEASE, WEAK_CAUGHT},      {F7, WEAK_ACQUIRE, WEAK_CAUGHT},
};

/* X(flaw, what is done instead). */
#define FLAW_TABLE(X)                                                        \
    X(NO_FLAW, "as it is")                                                   \
    X(FIRST_EARLY, "the first edge is pushed at once, without a guard")      \
    X(NO_GUARD, "with two edges the fan-in is 2, and there is no guard")     \
    X(ONE_AFTER, "the only edge is pushed before the fan-in is 1")           \
    X(LOST_LINK, "the only edge was not taken, and the task is not started") \
    X(REUSE_AT_ONCE, "an edge is used again before it was walked")           \
    X(NEXT_AFTER, "the next edge is read after the decrement")               \
    X(STORE_BY_ALL, "every thread closes a list by load and store")          \
    X(ALL_BY_STORE, "every decrement is a load and a store")                 \
    X(LAST_IS_TWO, "who finds 2 takes itself for the last")                  \
    X(TOUCH_AFTER, "a completed producer is touched after a decrement")

enum {
#define FLAW_ENUM(flaw, text) flaw,
    FLAW_TABLE(FLAW_ENUM)
#undef FLAW_ENUM
        FLAWS
};
static const char *const flaw_names[] = {
#define FLAW_NAME(flaw, text) text,
    FLAW_TABLE(FLAW_NAME)
#undef FLAW_NAME
};
static uint32_t flaw;

/* Where the orchestrator is in its program. */
enum {
    O_LOOK0,
    O_LOOK1,
    O_GUARD,
    O_HEAD,
    O_PUSH,
    O_CHUNK,
    O_CHUNK_GUARD,
    O_ONE,
    O_ZERO,
    O_UNGUARD,
    O_DONE,
    O_END
};

/* Where a thread is that completes a producer. */
enum { W_IDLE, W_CLOSE, W_LOAD, W_LAST, W_SUB, W_NEXT };

/* A thread that completes a producer, and walks its edges. */
typedef struct walker {
    uint8_t at;
    uint8_t producer;
    uint8_t ref;  /* the edge at hand, from 1; then the next */
    uint8_t edge; /* the one whose consumer is decremented */
    uint8_t left; /* the consumer's fan-in, as loaded */
} walker;

typedef struct model {
    weak_memory memory;
    uint8_t next[EDGE_COUNT];
    uint8_t starts[2];
    uint8_t ready[THREADS]; /* set of D and C that the thread is to run */
    walker walk[THREADS];
    uint8_t taken; /* set of producers that somebody runs */
    uint8_t place; /* orchestrator */
    uint8_t consumer;
    uint8_t first; /* producer whose edge is kept back, from 1; 0: none */
    uint8_t target;
    uint8_t head; /* what it loaded */
    uint8_t used;
    uint8_t pushed;
    uint8_t done; /* tasks that done has passed */
    uint8_t reserved[4];
} model;

/* Edges that a consumer has, and the first of them. */
static const uint8_t edge_limit[] = {2, 1};
static const uint8_t edge_first[] = {0, 2};

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
    bool closed = a.thread == ORCHESTRATOR
                      ? weak_store(a, FANOUT + D + consumer, weak_order_of(F1_OWN), CLOSED)
                      : weak_update(a, FANOUT + D + consumer, weak_order_of(F1),
                                    (weak_change){WEAK_SET, CLOSED, 0}, &list);
    if (!closed) {
        return EXPLORE_BLOCKED;
    }
    m->ready[a.thread] &= (uint8_t) ~(1u << consumer);
    return EXPLORE_MOVED;
}

/* ---- completion ----------------------------------------------------------------------------- */

/* The next edge, or the end. */
static enum explore_step advance(walker *w)
{
    w->at = w->ref != 0 ? W_LOAD : W_IDLE;
    return EXPLORE_MOVED;
}

/* Writes the output of a producer and closes its list: [F1], or the load of thread 0. */
static enum explore_step complete(model *m, weak_actor a, uint8_t producer)
{
    walker *w = &m->walk[a.thread];
    if (!weak_write(a, OUT0 + producer)) {
        return EXPLORE_BROKEN;
    }
    m->taken |= (uint8_t)(1u << producer);
    w->producer = producer;
    if (a.thread == ORCHESTRATOR || flaw == STORE_BY_ALL) {
        w->at = W_CLOSE;
        return weak_load(a, FANOUT + producer, WEAK_RELAXED, &w->ref) ? EXPLORE_MOVED
                                                                      : EXPLORE_BLOCKED;
    }
    if (!weak_update(a, FANOUT + producer, weak_order_of(F1), (weak_change){WEAK_SET, CLOSED, 0},
                     &w->ref)) {
        return EXPLORE_BLOCKED;
    }
    return advance(w);
}

/* Reads an edge, then loads the consumer's fan-in: [F4]. */
static enum explore_step load_fanin(model *m, weak_actor a, walker *w)
{
    w->edge = (uint8_t)(w->ref - 1u);
    if (!weak_read(a, EDGES + w->edge)) {
        return EXPLORE_BROKEN;
    }
    if (flaw != NEXT_AFTER) {
        w->ref = m->next[w->edge];
    }
    if (!weak_load(a, FANIN_D + (w->edge < 2 ? 0 : 1), weak_order_of(F4_LOAD), &w->left)) {
        return EXPLORE_BLOCKED;
    }
    bool last = w->left == 1 || (flaw == LAST_IS_TWO && w->left == 2) || flaw == ALL_BY_STORE;
    w->at = last ? W_LAST : W_SUB;
    return EXPLORE_MOVED;
}

/* Takes one off: the last by a store, others by [F4]. */
static enum explore_step take_producer(model *m, weak_actor a, walker *w)
{
    uint32_t consumer = w->edge < 2 ? 0 : 1;
    uint8_t old = flaw == LAST_IS_TWO ? 1 : w->left;
    bool made = w->at == W_LAST
                    ? weak_store(a, FANIN_D + consumer, WEAK_RELAXED, (uint8_t)(w->left - 1u))
                    : weak_update(a, FANIN_D + consumer, weak_order_of(F4),
                                  (weak_change){WEAK_ADD, 255, 0}, &old);
    if (!made) {
        return EXPLORE_BLOCKED;
    }
    if (old == 1) {
        make_ready(m, a, consumer);
    }
    if (flaw == TOUCH_AFTER && !weak_read(a, OUT0 + w->producer)) {
        return EXPLORE_BROKEN;
    }
    if (flaw == NEXT_AFTER) {
        w->at = W_NEXT;
        return EXPLORE_MOVED;
    }
    return advance(w);
}

/* One step of a thread that completes a producer. */
static enum explore_step step_walker(model *m, weak_actor a)
{
    walker *w = &m->walk[a.thread];
    switch (w->at) {
    case W_CLOSE:
        if (!weak_store(a, FANOUT + w->producer,
                        weak_order_of(a.thread == ORCHESTRATOR ? F1_OWN : F1), CLOSED)) {
            return EXPLORE_BLOCKED;
        }
        return advance(w);
    case W_LOAD:
        return load_fanin(m, a, w);
    case W_NEXT:
        if (!weak_read(a, EDGES + w->edge)) {
            return EXPLORE_BROKEN;
        }
        w->ref = m->next[w->edge];
        return advance(w);
    default:
        return take_producer(m, a, w);
    }
}

/* One step of the worker that may run producer p. */
static enum explore_step step_worker(model *m, weak_actor a, uint8_t p)
{
    if (m->walk[a.thread].at != W_IDLE) {
        return step_walker(m, a);
    }
    if ((m->taken >> p & 1u) == 0) {
        return complete(m, a, p);
    }
    return m->ready[a.thread] != 0 ? run_ready(m, a) : EXPLORE_BLOCKED;
}

/* ---- orchestrator --------------------------------------------------------------------------- */

/* The consumer is submitted. */
static void submitted(model *m)
{
    m->place = m->consumer == 0 ? O_LOOK0 : O_DONE;
    m->consumer = 1;
    m->first = 0;
    m->target = 0;
    m->head = 0;
    m->used = 0;
    m->pushed = 0;
}

/* What slipi_fanin_end does first. */
static uint8_t finish_place(const model *m)
{
    return m->pushed != 0 ? O_UNGUARD : m->first != 0 ? O_ONE : O_ZERO;
}

/* After a link, made or not. */
static void after_link(model *m, bool linked)
{
    bool single = m->first != 0;
    bool forget = flaw == LOST_LINK || flaw == FIRST_EARLY;
    if (single && flaw == FIRST_EARLY && m->target == P0) {
        m->place = O_LOOK1;
    } else if (single && flaw == ONE_AFTER && linked) {
        m->place = O_ONE;
    } else if (single && (linked || forget)) {
        submitted(m);
    } else if (single) {
        m->place = O_ZERO;
    } else if (m->target == P0) {
        m->target = P1;
        m->place = O_HEAD;
    } else if (flaw == NO_GUARD) {
        submitted(m);
    } else {
        m->place = finish_place(m);
    }
}

/* [F3]: is the producer live? The first that is, is kept back. The slot is filled before. */
static enum explore_step look(model *m, weak_actor a)
{
    uint8_t producer = m->place == O_LOOK0 ? P0 : P1;
    if (producer == P0 && !weak_write(a, SLOT_D + m->consumer)) {
        return EXPLORE_BROKEN;
    }
    if (!weak_load(a, FANOUT + producer, weak_order_of(F3), &m->head)) {
        return EXPLORE_BLOCKED;
    }
    bool live = m->head != CLOSED;
    m->head = 0;
    if (live && m->first != 0) {
        m->place = O_GUARD;
        return EXPLORE_MOVED;
    }
    m->target = live ? producer : m->target;
    m->first = live ? (uint8_t)(producer + 1u) : m->first;
    m->place = producer == P0 ? O_LOOK1 : finish_place(m);
    if (flaw == FIRST_EARLY && live && producer == P0) {
        m->place = O_ONE;
    }
    return EXPLORE_MOVED;
}

/* A relaxed store to the fan-in, and what comes then. */
static enum explore_step set_fanin(model *m, weak_actor a)
{
    uint8_t value = m->place == O_ONE ? 1 : m->place == O_ZERO ? 0 : GUARD;
    if (!weak_store(a, FANIN_D + m->consumer, WEAK_RELAXED,
                    value == GUARD && flaw == NO_GUARD ? 2 : value)) {
        return EXPLORE_BLOCKED;
    }
    switch (m->place) {
    case O_ZERO:
        make_ready(m, a, m->consumer);
        submitted(m);
        return EXPLORE_MOVED;
    case O_ONE:
        if (flaw == ONE_AFTER) {
            submitted(m);
            return EXPLORE_MOVED;
        }
        break;
    case O_GUARD:
        m->target = P0;
        m->first = 0;
        break;
    default: /* O_CHUNK_GUARD */
        m->used = 0;
        m->pushed = 0;
        break;
    }
    m->place = O_HEAD;
    return EXPLORE_MOVED;
}

/* Takes an edge, which may have to be waited for, and loads the list: [F3]. */
static enum explore_step load_head(model *m, weak_actor a)
{
    if (m->used == edge_limit[m->consumer] && flaw != REUSE_AT_ONCE) {
        m->place = O_CHUNK;
        return EXPLORE_MOVED;
    }
    if (!weak_load(a, FANOUT + m->target, weak_order_of(F3_LINK), &m->head)) {
        return EXPLORE_BLOCKED;
    }
    m->used = (uint8_t)(m->used < edge_limit[m->consumer] ? m->used + 1u : m->used);
    m->place = O_PUSH;
    if (m->head == CLOSED) {
        m->head = 0;
        after_link(m, false);
    }
    return EXPLORE_MOVED;
}

/* Writes the edge, then [F2]. */
static enum explore_step push(model *m, weak_actor a)
{
    uint8_t edge = (uint8_t)(edge_first[m->consumer] + m->used - 1u);
    uint8_t head = m->head;
    uint8_t old = 0;
    if (!weak_write(a, EDGES + edge)) {
        return EXPLORE_BROKEN;
    }
    m->next[edge] = head;
    if (!weak_update(a, FANOUT + m->target, weak_order_of(F2),
                     (weak_change){WEAK_SET_IF, (uint8_t)(edge + 1u), head}, &old)) {
        return EXPLORE_BLOCKED;
    }
    m->head = old != head && old != CLOSED ? old : 0;
    if (old == head) {
        m->pushed = (uint8_t)(m->pushed + (m->first == 0 ? 1u : 0u));
        after_link(m, true);
    } else if (old == CLOSED) {
        after_link(m, false);
    }
    return EXPLORE_MOVED;
}

/* [F6]: all that was pushed has been walked. */
static enum explore_step wait_chunk(model *m, weak_actor a)
{
    uint8_t fanin = 0;
    if (!weak_load(a, FANIN_D + m->consumer, weak_order_of(F6), &fanin) ||
        fanin != GUARD - m->pushed) {
        return EXPLORE_BLOCKED;
    }
    m->place = O_CHUNK_GUARD;
    return EXPLORE_MOVED;
}

/* Takes the guard away: [F7]. */
static enum explore_step unguard(model *m, weak_actor a)
{
    uint8_t surplus = (uint8_t)(GUARD - m->pushed);
    uint8_t old = 0;
    if (!weak_update(a, FANIN_D + m->consumer, weak_order_of(F7),
                     (weak_change){WEAK_ADD, (uint8_t)-surplus, 0}, &old)) {
        return EXPLORE_BLOCKED;
    }
    if (old == surplus) {
        make_ready(m, a, m->consumer);
    }
    submitted(m);
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

/* Whether the orchestrator may do others' work here. */
static bool may_help(const model *m)
{
    return m->place == O_LOOK0 || m->place == O_CHUNK || m->place == O_DONE;
}

/* One step of the orchestrator. */
static enum explore_step step_orchestrator(model *m, weak_actor a)
{
    if (m->walk[ORCHESTRATOR].at != W_IDLE) {
        return step_walker(m, a);
    }
    if (m->ready[ORCHESTRATOR] != 0 && may_help(m)) {
        return run_ready(m, a);
    }
    if (a.choice == WEAK_OTHER) {
        a.choice = 0;
        return may_help(m) && (m->taken >> P1 & 1u) == 0 ? complete(m, a, P1) : EXPLORE_BLOCKED;
    }
    switch (m->place) {
    case O_LOOK0:
    case O_LOOK1:
        return look(m, a);
    case O_HEAD:
        return load_head(m, a);
    case O_PUSH:
        return push(m, a);
    case O_CHUNK:
        return wait_chunk(m, a);
    case O_UNGUARD:
        return unguard(m, a);
    case O_DONE:
        return pass_done(m, a);
    case O_END:
        return EXPLORE_BLOCKED;
    default: /* O_GUARD, O_CHUNK_GUARD, O_ONE, O_ZERO */
        return set_fanin(m, a);
    }
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    return a.thread == ORCHESTRATOR ? step_orchestrator(state, a)
                                    : step_worker(state, a, (uint8_t)(a.thread - WORKER0));
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
    .least_states = 5000,
};

/* Each step is needed: the protocol without it fails. */
static void every_step_is_needed(void)
{
    weak_suite spoiled = suite;
    spoiled.outcome = WEAK_CAUGHT;
    for (flaw = NO_FLAW + 1; flaw < FLAWS; flaw++) {
        printf("  flaw: %s\n", flaw_names[flaw]);
        if (!weak_suite_holds(&spoiled)) {
            CHECK_FAIL(flaw_names[flaw]);
        }
    }
    flaw = NO_FLAW;
}

int main(void)
{
    weak_check(&suite);
    CHECK_CASE(every_step_is_needed);
    return check_report();
}
