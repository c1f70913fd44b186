/*
 * test_weak_replay.c - two runs of one graph under weak memory: a task starts once a run, sees what
 * its producers wrote, and the second run finds the counts as the first one did.
 *
 * ctest-labels: model unit
 *
 * Mirrors take_producer and slipi_complete_in_graph (src/sched/replay.c) and run_shared
 * (src/graph/execute.c). C waits for P0 and P1. Thread 0 starts a run, runs P0, and waits for the
 * end. P1 is run by worker 1 in the first run and by worker 2 in the second. Who takes the last
 * producer off C resets its fan-in and runs C. How a worker gets its task is not modelled here
 * (test_weak_queue.c): a word with release and acquire stands for it.
 */
#include "weak_suite.h"

enum { MAIN, WORKER1, WORKER2, THREADS };

/* Locations and data. */
enum { FANIN, DONE, START };
enum { OUT0, OUT1, OUTC };

enum { RUNS = 2, PRODUCERS = 2, ALL = 3 /* tasks of a run */ };

enum { Y1, Y2, Y3, Y4, LABELS };
static const weak_label labels[LABELS] = {
    [Y1] = {"Y1", "src/sched/replay.c", "slipi_load_acquire(&consumer->fanin", NULL},
    [Y2] = {"Y2", "src/sched/replay.c", "slipi_sub_acq_rel(&consumer->fanin", NULL},
    [Y3] = {"Y3", "src/sched/replay.c", "slipi_add_acq_rel(&w->at.sm->graph_done", NULL},
    [Y4] = {"Y4", "src/graph/execute.c", "slipi_load_acquire(&w->at.sm->graph_done", NULL},
};

/* [Y3] needs release only; there is no addition with that order alone. */
static const weak_row rows[] = {
    {Y1, WEAK_RELAXED, WEAK_CAUGHT}, {Y2, WEAK_RELAXED, WEAK_CAUGHT},
    {Y2, WEAK_ACQUIRE, WEAK_CAUGHT}, {Y2, WEAK_RELEASE, WEAK_CAUGHT},
    {Y3, WEAK_RELAXED, WEAK_CAUGHT}, {Y3, WEAK_ACQUIRE, WEAK_CAUGHT},
    {Y3, WEAK_RELEASE, WEAK_HOLDS},  {Y4, WEAK_RELAXED, WEAK_CAUGHT},
};

/* Where a thread is in its program. */
enum { CLEAR, BEGIN, PRODUCE, LOOK, TAKE, RESET, COUNT, WAIT, LEFT };

typedef struct model {
    weak_memory memory;
    uint8_t place[THREADS];
    uint8_t count[THREADS]; /* tasks completed and not counted yet */
    uint8_t run;            /* of thread 0, from 1 */
    uint8_t starts;         /* of C, in all */
} model;

/* Clears the count and starts a run. */
static enum explore_step begin_run(model *m, weak_actor a)
{
    if (m->place[MAIN] == CLEAR) {
        if (!weak_store(a, DONE, WEAK_RELAXED, 0)) {
            return EXPLORE_BLOCKED;
        }
        m->place[MAIN] = BEGIN;
        m->run++;
        return EXPLORE_MOVED;
    }
    if (!weak_store(a, START, WEAK_RELEASE, m->run)) {
        return EXPLORE_BLOCKED;
    }
    m->place[MAIN] = PRODUCE;
    return EXPLORE_MOVED;
}

/* A worker takes its task. */
static enum explore_step take_task(model *m, weak_actor a)
{
    uint8_t run = 0;
    if (!weak_load(a, START, WEAK_ACQUIRE, &run) || run != a.thread) {
        return EXPLORE_BLOCKED;
    }
    m->place[a.thread] = PRODUCE;
    return EXPLORE_MOVED;
}

/* [Y1], with what comes before: the producer's output, its fan-out list. */
static enum explore_step look(model *m, weak_actor a)
{
    uint8_t left = 0;
    if (m->place[a.thread] == PRODUCE) {
        m->place[a.thread] = LOOK;
        if (!weak_write(a, a.thread == MAIN ? OUT0 : OUT1)) {
            return EXPLORE_BROKEN;
        }
    }
    if (!weak_load(a, FANIN, weak_order_of(Y1), &left)) {
        return EXPLORE_BLOCKED;
    }
    m->count[a.thread]++;
    m->place[a.thread] = left == 1 ? RESET : TAKE;
    return EXPLORE_MOVED;
}

/* [Y2] */
static enum explore_step take(model *m, weak_actor a)
{
    uint8_t old = 0;
    if (!weak_update(a, FANIN, weak_order_of(Y2), (weak_change){WEAK_ADD, 255, 0}, &old)) {
        return EXPLORE_BLOCKED;
    }
    m->place[a.thread] = old == 1 ? RESET : COUNT;
    return EXPLORE_MOVED;
}

/* The fan-in as before the run; then C runs. */
static enum explore_step reset(model *m, weak_actor a)
{
    if (!weak_store(a, FANIN, WEAK_RELAXED, PRODUCERS)) {
        return EXPLORE_BLOCKED;
    }
    m->starts++;
    if (!weak_read(a, OUT0) || !weak_read(a, OUT1) || !weak_write(a, OUTC)) {
        return EXPLORE_BROKEN;
    }
    m->count[a.thread]++;
    m->place[a.thread] = COUNT;
    return EXPLORE_MOVED;
}

/* [Y3] */
static enum explore_step count(model *m, weak_actor a)
{
    uint8_t old = 0;
    if (!weak_update(a, DONE, weak_order_of(Y3), (weak_change){WEAK_ADD, m->count[a.thread], 0},
                     &old)) {
        return EXPLORE_BLOCKED;
    }
    m->count[a.thread] = 0;
    m->place[a.thread] = a.thread == MAIN ? WAIT : LEFT;
    if (a.thread != MAIN) {
        weak_end(a);
    }
    return EXPLORE_MOVED;
}

/* [Y4]: the run is over, or the count is not complete. */
static enum explore_step wait_for_end(model *m, weak_actor a)
{
    uint8_t done = 0;
    if (!weak_load(a, DONE, weak_order_of(Y4), &done) || done != ALL) {
        return EXPLORE_BLOCKED;
    }
    if (m->starts != m->run || !weak_read(a, OUTC) || !weak_write(a, OUTC)) {
        return EXPLORE_BROKEN; /* the caller reads the result and may change it */
    }
    m->place[MAIN] = m->run == RUNS ? LEFT : CLEAR;
    if (m->run == RUNS) {
        weak_end(a);
    }
    return EXPLORE_MOVED;
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    model *m = state;
    switch (m->place[a.thread]) {
    case CLEAR:
    case BEGIN:
        return a.thread == MAIN ? begin_run(m, a) : take_task(m, a);
    case PRODUCE:
    case LOOK:
        return look(m, a);
    case TAKE:
        return take(m, a);
    case RESET:
        return reset(m, a);
    case COUNT:
        return count(m, a);
    case WAIT:
        return wait_for_end(m, a);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* Both runs are over, and C ran once in each. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->place[MAIN] == LEFT && m->starts == RUNS;
}

/* C waits for its producers. */
static void begin(void *state)
{
    model *m = state;
    weak_preset(&m->memory, FANIN, PRODUCERS);
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
        .least_states = 60,
    };
    weak_check(&suite);
    return check_report();
}
