/*
 * test_weak_queue.c - a ready queue under weak memory: what is popped is whole, nothing is lost or
 * doubled, and no cell is written while a popper of the last lap still reads it.
 *
 * ctest-labels: model unit
 *
 * Mirrors queue_push and queue_pop (src/sched/ready.c), with two cells and three laps. Each of two
 * pushers has one task, which it pushes again when a popper has run it; that a run is seen stands
 * for completion and submission, and is not what is tested here. Two poppers run what they pop.
 */
#include "weak_suite.h"

enum { PUSHERS = 2, POPPERS = 2, THREADS = PUSHERS + POPPERS, CELLS = 2, PUSHES = 3 };
enum { TOTAL = PUSHERS * PUSHES };

/* Locations: turns by cell, positions, runs by task; data: chains by cell, slots by task. */
enum { TURN, PUSH_POS = TURN + CELLS, POP_POS, RUNS };
enum { CHAIN, SLOT = CHAIN + CELLS };

enum { Q1, Q2, Q3, Q4, LABELS };
static const weak_label labels[LABELS] = {
    [Q1] = {"Q1", "src/sched/ready.c", "slipi_store_release(&cell->turn, free_turn + 1)", NULL},
    [Q2] = {"Q2", "src/sched/ready.c", "slipi_load_acquire(&cell->turn) != free_turn", NULL},
    [Q3] = {"Q3", "src/sched/ready.c", "slipi_store_release(&cell->turn, full_turn + 1)", NULL},
    [Q4] = {"Q4", "src/sched/ready.c", "turn = slipi_load_acquire(&cell->turn)", NULL},
};
static const weak_row rows[] = {
    {Q1, WEAK_RELAXED, WEAK_CAUGHT},
    {Q2, WEAK_RELAXED, WEAK_CAUGHT},
    {Q3, WEAK_RELAXED, WEAK_CAUGHT},
    {Q4, WEAK_RELAXED, WEAK_CAUGHT},
};

/* Where a pusher or popper is. */
enum { P_FILL, P_TICKET, P_WAIT, P_FULL, P_END };
enum { T_POS, T_LOOK, T_TAKE, T_FREE, T_RUN };

typedef struct model {
    weak_memory memory;
    uint8_t at[THREADS];
    uint8_t pos[THREADS];  /* position at hand */
    uint8_t task[THREADS]; /* task at hand, from 1 */
    uint8_t chain[CELLS];
    uint8_t pushes[PUSHERS];
    uint8_t runs[PUSHERS];
    uint8_t reserved[4];
} model;

/* The turn at which a position's cell is free for it. */
static uint8_t free_turn(uint8_t pos)
{
    return (uint8_t)(2 * (pos / CELLS));
}

/* One step of a pusher. */
static enum explore_step step_push(model *m, weak_actor a)
{
    uint32_t p = a.thread;
    uint32_t cell = m->pos[p] % CELLS;
    uint8_t value = 0;
    switch (m->at[p]) {
    case P_FILL:
        if (!weak_load(a, RUNS + p, WEAK_ACQUIRE, &value) || value != m->pushes[p]) {
            return EXPLORE_BLOCKED;
        }
        m->at[p] = P_TICKET;
        return weak_write(a, SLOT + p) ? EXPLORE_MOVED : EXPLORE_BROKEN;
    case P_TICKET:
        if (!weak_update(a, PUSH_POS, WEAK_RELAXED, (weak_change){WEAK_ADD, 1, 0}, &m->pos[p])) {
            return EXPLORE_BLOCKED;
        }
        m->at[p] = P_WAIT;
        return EXPLORE_MOVED;
    case P_WAIT:
        if (!weak_load(a, TURN + cell, weak_order_of(Q2), &value) ||
            value != free_turn(m->pos[p])) {
            return EXPLORE_BLOCKED;
        }
        m->at[p] = P_FULL;
        m->chain[cell] = (uint8_t)(p + 1u);
        return weak_write(a, CHAIN + cell) ? EXPLORE_MOVED : EXPLORE_BROKEN;
    case P_FULL:
        value = (uint8_t)(free_turn(m->pos[p]) + 1u);
        if (!weak_store(a, TURN + cell, weak_order_of(Q1), value)) {
            return EXPLORE_BLOCKED;
        }
        m->at[p] = P_FILL;
        if (++m->pushes[p] == PUSHES) {
            m->at[p] = P_END;
            weak_end(a);
        }
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* Looks at the cell of a position. A cell that is not full yet is looked at again later. */
static enum explore_step look(model *m, weak_actor a)
{
    uint32_t p = a.thread;
    uint8_t full_turn = (uint8_t)(free_turn(m->pos[p]) + 1u);
    uint8_t turn = 0;
    if (m->pos[p] == TOTAL || !weak_load(a, TURN + m->pos[p] % CELLS, weak_order_of(Q4), &turn) ||
        turn < full_turn) {
        return EXPLORE_BLOCKED;
    }
    m->at[p] = turn == full_turn ? T_TAKE : T_POS;
    return EXPLORE_MOVED;
}

/* Reads the slot of the task that was popped, and tells its pusher. */
static enum explore_step run(model *m, weak_actor a)
{
    uint32_t task = m->task[a.thread] - 1u;
    uint8_t runs = (uint8_t)(m->runs[task] + 1u);
    if (!weak_store(a, RUNS + task, WEAK_RELEASE, runs)) {
        return EXPLORE_BLOCKED;
    }
    m->runs[task] = runs;
    m->at[a.thread] = T_POS;
    m->task[a.thread] = 0;
    return EXPLORE_MOVED;
}

/* One step of a popper. */
static enum explore_step step_pop(model *m, weak_actor a)
{
    uint32_t p = a.thread;
    uint32_t cell = m->pos[p] % CELLS;
    uint8_t old = 0;
    weak_change take = {WEAK_SET_IF, (uint8_t)(m->pos[p] + 1u), m->pos[p]};
    switch (m->at[p]) {
    case T_POS:
        if (!weak_load(a, POP_POS, WEAK_RELAXED, &m->pos[p])) {
            return EXPLORE_BLOCKED;
        }
        m->at[p] = T_LOOK;
        return EXPLORE_MOVED;
    case T_LOOK:
        return look(m, a);
    case T_TAKE:
        if (!weak_update(a, POP_POS, WEAK_RELAXED, take, &old)) {
            return EXPLORE_BLOCKED;
        }
        m->at[p] = old == m->pos[p] ? T_FREE : T_LOOK;
        m->pos[p] = old;
        return EXPLORE_MOVED;
    case T_FREE:
        if (!weak_read(a, CHAIN + cell)) {
            return EXPLORE_BROKEN;
        }
        m->task[p] = m->chain[cell];
        if (!weak_store(a, TURN + cell, weak_order_of(Q3), (uint8_t)(free_turn(m->pos[p]) + 2u))) {
            return EXPLORE_BLOCKED;
        }
        m->at[p] = T_RUN;
        return weak_read(a, SLOT + m->task[p] - 1u) ? EXPLORE_MOVED : EXPLORE_BROKEN;
    default: /* T_RUN */
        return run(m, a);
    }
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    return a.thread < PUSHERS ? step_push(state, a) : step_pop(state, a);
}

/* Everything that was pushed has run. */
static bool ended(const void *state)
{
    const model *m = state;
    bool all = true;
    for (uint32_t p = 0; p < PUSHERS; p++) {
        all = all && m->at[p] == P_END && m->runs[p] == PUSHES;
    }
    return all;
}

/* Only read-modify-writes access the position of pushes. */
static void begin(void *state)
{
    model *m = state;
    weak_watch(&m->memory, PUSH_POS, 0);
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
        .least_states = 100000,
    };
    weak_check(&suite);
    return check_report();
}
