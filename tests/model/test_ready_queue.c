/*
 * test_ready_queue.c - every interleaving of two pushers and two poppers of a ready queue with two
 * cells, over several laps: nothing is lost or doubled.
 *
 * ctest-labels: model concurrency
 *
 * As sched/ready.c: a position is a ticket, the cell's turn says whose it is. There are as many
 * tasks as cells; a task comes back to the pushers when its popper has left the cell. One step is
 * one access to shared memory.
 */
#include "explore_check.h"

/* What is spoiled, one thing at a time. */
enum spoil {
    SPOIL_NOTHING,
    SPOIL_POP_BY_STORE,      /* the position is taken without comparing */
    SPOIL_PUSH_BY_STORE,     /* the ticket is taken in two steps */
    SPOIL_TURN_BEFORE_CHAIN, /* the cell is called full before it is */
    SPOIL_NO_WAIT,           /* the pusher does not wait for the popper of the last lap */
    SPOIL_FREE_BEFORE_READ   /* the popper calls the cell free before it has read it */
};
static enum spoil spoil;

enum { CELLS = 2, PUSHERS = 2, POPPERS = 2, PROCESSES = PUSHERS + POPPERS, PUSHES = 3 };
enum { TOTAL = PUSHERS * PUSHES };

/* Where a pusher is. */
enum { P_IDLE, P_TICKET, P_TICKET_STORE, P_WAIT, P_CHAIN, P_TURN };

/* Where a popper is. */
enum { Q_LOAD, Q_LOOK, Q_TAKE, Q_READ, Q_FREE };

typedef struct model {
    uint8_t turn[CELLS];
    uint8_t chain[CELLS];
    uint8_t push_pos;
    uint8_t pop_pos;
    uint8_t tokens;          /* tasks that are nowhere */
    uint8_t items;           /* numbers given so far, from 1 */
    uint8_t taken;           /* bit i: item i + 1 was popped */
    uint8_t at[PROCESSES];   /* place */
    uint8_t pos[PROCESSES];  /* position at hand */
    uint8_t item[PROCESSES]; /* item at hand */
    uint8_t pushes_left[PUSHERS];
} model;

/* One step of a pusher. */
static enum explore_step step_push(model *m, uint32_t p)
{
    uint32_t cell = m->pos[p] % CELLS;
    uint8_t free_turn = (uint8_t)(2 * (m->pos[p] / CELLS));
    switch (m->at[p]) {
    case P_IDLE:
        if (m->pushes_left[p] == 0 || m->tokens == 0) {
            return EXPLORE_BLOCKED;
        }
        m->pushes_left[p]--;
        m->tokens--;
        m->item[p] = ++m->items;
        m->at[p] = P_TICKET;
        return EXPLORE_MOVED;
    case P_TICKET:
        m->pos[p] = m->push_pos;
        m->at[p] = P_TICKET_STORE;
        if (spoil != SPOIL_PUSH_BY_STORE) {
            m->push_pos++;
            m->at[p] = P_WAIT;
        }
        return EXPLORE_MOVED;
    case P_TICKET_STORE:
        m->push_pos = (uint8_t)(m->pos[p] + 1);
        m->at[p] = P_WAIT;
        return EXPLORE_MOVED;
    case P_WAIT:
        if (m->turn[cell] != free_turn && spoil != SPOIL_NO_WAIT) {
            return EXPLORE_BLOCKED;
        }
        m->at[p] = spoil == SPOIL_TURN_BEFORE_CHAIN ? P_TURN : P_CHAIN;
        return EXPLORE_MOVED;
    case P_CHAIN:
        m->chain[cell] = m->item[p];
        m->at[p] = spoil == SPOIL_TURN_BEFORE_CHAIN ? P_IDLE : P_TURN;
        return EXPLORE_MOVED;
    default: /* P_TURN */
        m->turn[cell] = (uint8_t)(free_turn + 1);
        m->at[p] = spoil == SPOIL_TURN_BEFORE_CHAIN ? P_CHAIN : P_IDLE;
        return EXPLORE_MOVED;
    }
}

/* Looks at the cell of a position: full, not yet, or taken by another. */
static enum explore_step look(model *m, uint32_t p, uint8_t full_turn)
{
    uint8_t turn = m->turn[m->pos[p] % CELLS];
    if (turn == full_turn) {
        m->at[p] = Q_TAKE;
        return EXPLORE_MOVED;
    }
    if (m->pop_pos == m->pos[p]) {
        return EXPLORE_BLOCKED; /* empty; who looks again finds the same until something moves */
    }
    m->at[p] = Q_LOAD;
    return EXPLORE_MOVED;
}

/* Reads a cell that was taken; broken if the item was popped before, or is none. */
static enum explore_step read_cell(model *m, uint32_t p)
{
    uint8_t item = m->chain[m->pos[p] % CELLS];
    uint8_t bit = (uint8_t)(1u << ((item - 1u) & 7u));
    if (item == 0 || (m->taken & bit) != 0) {
        return EXPLORE_BROKEN;
    }
    m->taken |= bit;
    return EXPLORE_MOVED;
}

/* One step of a popper. */
static enum explore_step step_pop(model *m, uint32_t p)
{
    uint8_t full_turn = (uint8_t)(2 * (m->pos[p] / CELLS) + 1);
    bool free_first = spoil == SPOIL_FREE_BEFORE_READ;
    switch (m->at[p]) {
    case Q_LOAD:
        m->pos[p] = m->pop_pos;
        m->at[p] = Q_LOOK;
        return EXPLORE_MOVED;
    case Q_LOOK:
        return look(m, p, full_turn);
    case Q_TAKE:
        if (m->pop_pos != m->pos[p] && spoil != SPOIL_POP_BY_STORE) {
            m->at[p] = Q_LOAD;
            return EXPLORE_MOVED;
        }
        m->pop_pos = (uint8_t)(m->pos[p] + 1);
        m->at[p] = free_first ? Q_FREE : Q_READ;
        return EXPLORE_MOVED;
    case Q_READ:
        m->at[p] = free_first ? Q_LOAD : Q_FREE;
        m->tokens = (uint8_t)(m->tokens + (free_first ? 1 : 0));
        return read_cell(m, p);
    default: /* Q_FREE */
        m->turn[m->pos[p] % CELLS] = (uint8_t)(full_turn + 1);
        m->at[p] = free_first ? Q_READ : Q_LOAD;
        m->tokens = (uint8_t)(m->tokens + (free_first ? 0 : 1));
        return EXPLORE_MOVED;
    }
}

/* One step of a process. */
static enum explore_step step(void *state, uint32_t p, uint32_t choice)
{
    (void)choice;
    return p < PUSHERS ? step_push(state, p) : step_pop(state, p);
}

/* Everything pushed was popped. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->items == TOTAL && m->taken == (1u << TOTAL) - 1u && m->tokens == CELLS;
}

/* The initial state of a variant. */
static void begin(void *state, uint32_t variant)
{
    spoil = (enum spoil)variant;
    *(model *)state = (model){.tokens = CELLS, .pushes_left = {PUSHES, PUSHES}};
}

static const explore_variant variants[] = {
    [SPOIL_NOTHING] = {"as it is", true},
    [SPOIL_POP_BY_STORE] = {"pop by store", false},
    [SPOIL_PUSH_BY_STORE] = {"push by store", false},
    [SPOIL_TURN_BEFORE_CHAIN] = {"turn before chain", false},
    [SPOIL_NO_WAIT] = {"no wait", false},
    [SPOIL_FREE_BEFORE_READ] = {"free before read", false},
};

int main(void)
{
    static const explore_suite suite = {
        .model = {sizeof(model), PROCESSES, 1, step, ended},
        .begin = begin,
        .variants = variants,
        .variant_count = sizeof(variants) / sizeof(variants[0]),
        .least_states = 1000,
    };
    explore_check(&suite);
    return check_report();
}
