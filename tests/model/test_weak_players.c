/*
 * test_weak_players.c - who plays the simulator's cores and who sleeps, under weak memory: no core
 * with a new command is left while all players sleep.
 *
 * ctest-labels: sim model unit
 *
 * Mirrors announce_core (src/platform/sim/registers.c), player_main, play_claimed and sleep_player
 * (src/platform/sim/threads.c), with the event of src/base/event.c in full. The control thread
 * announces two cores; each of two players takes cores, plays them and sleeps.
 * tests/sim/test_model_play.c explores more of the same without weak memory.
 */
#include "weak_suite.h"

enum { CONTROL, PLAYERS = 2, THREADS = 1 + PLAYERS, CORES = 2 };
enum { PENDING, SEARCHING, SLEEPERS, TICKET };

#define THREADS_C "src/platform/sim/threads.c"
#define REGISTERS_C "src/platform/sim/registers.c"

enum { ANNOUNCE, LEAVE, BIT, LOOK, CLAIM, LAST, BACK, LABELS };
static const weak_label labels[LABELS] = {
    [ANNOUNCE] = {"R4", REGISTERS_C, "slipi_add_acq_rel(&device->searching, 0u)", NULL},
    [LEAVE] = {"R4", THREADS_C, "slipi_sub_acq_rel(&device->searching, 1u);", NULL},
    [BIT] = {"R2", REGISTERS_C, "slipi_add_acq_rel(&device->pending", NULL},
    [LOOK] = {"bits looked at", REGISTERS_C, "slipi_load_acquire(&device->pending[w])", NULL},
    [CLAIM] = {"R2", REGISTERS_C, "slipi_cas_acq_rel(&device->pending[w]", NULL},
    [LAST] = {"last searcher", THREADS_C, "slipi_sub_acq_rel(&device->searching, 1u) == 1u", NULL},
    [BACK] = {"searching again", THREADS_C, "slipi_add_acq_rel(&device->searching, 1u)", NULL},
};

/*
 * [R2] matters for what a core reads: test_weak_evict.c. A last searcher that misses a bit takes it
 * itself when it is back, so its order only lets two cores be played side by side.
 */
static const weak_row rows[] = {
    {ANNOUNCE, WEAK_RELAXED, WEAK_CAUGHT}, {ANNOUNCE, WEAK_ACQUIRE, WEAK_CAUGHT},
    {LEAVE, WEAK_RELAXED, WEAK_CAUGHT},    {LEAVE, WEAK_RELEASE, WEAK_CAUGHT},
    {BIT, WEAK_RELAXED, WEAK_HOLDS},       {LOOK, WEAK_RELAXED, WEAK_HOLDS},
    {CLAIM, WEAK_RELAXED, WEAK_HOLDS},     {LAST, WEAK_RELAXED, WEAK_HOLDS},
    {BACK, WEAK_RELAXED, WEAK_HOLDS},
};

/* Where the control thread or a player is; both use the places of a notify. */
enum { N_LOOK, N_TICKET, N_WAKE, N_END };
enum { C_BIT, C_SEARCHERS, C_NOTIFY };
enum {
    P_CLAIM,
    P_LEAVE,
    P_CHAIN,
    P_NOTIFY,
    P_BACK,
    P_TICKET,
    P_REGISTER,
    P_UNCOUNT,
    P_LOOK,
    P_COMPARE,
    P_ASLEEP,
    P_UNREGISTER
};

typedef struct model {
    weak_memory memory;
    uint8_t control;
    uint8_t announced;
    uint8_t played; /* cores taken */
    uint8_t notify[THREADS];
    uint8_t at[PLAYERS];
    uint8_t held[PLAYERS]; /* ticket */
    uint8_t reserved[6];
} model;

/* One step of slipi_event_notify, as in test_weak_event.c, which has its orders. */
static enum explore_step notify(model *m, weak_actor a)
{
    uint8_t *at = &m->notify[a.thread];
    uint8_t old = 0;
    switch (*at) {
    case N_LOOK:
        if (!weak_update(a, SLEEPERS, WEAK_SEQ_CST, (weak_change){WEAK_ADD, 0, 0}, &old)) {
            return EXPLORE_BLOCKED;
        }
        *at = old != 0 ? N_TICKET : N_END;
        return EXPLORE_MOVED;
    case N_TICKET:
        if (!weak_update(a, TICKET, WEAK_ACQ_REL, (weak_change){WEAK_ADD, 1, 0}, &old)) {
            return EXPLORE_BLOCKED;
        }
        *at = N_WAKE;
        return EXPLORE_MOVED;
    default: /* N_WAKE: one of those asleep, by choice */
        *at = N_END;
        if (a.choice > PLAYERS) {
            return EXPLORE_BLOCKED;
        }
        weak_lock(a);
        if (a.choice == PLAYERS) {
            return m->at[0] == P_ASLEEP || m->at[1] == P_ASLEEP ? EXPLORE_BLOCKED : EXPLORE_MOVED;
        }
        if (m->at[a.choice] != P_ASLEEP) {
            return EXPLORE_BLOCKED;
        }
        m->at[a.choice] = P_UNREGISTER;
        return EXPLORE_MOVED;
    }
}

/* One step of the control thread. */
static enum explore_step step_control(model *m, weak_actor a)
{
    uint8_t old = 0;
    uint8_t bit = (uint8_t)(1u << m->announced);
    switch (m->control) {
    case C_BIT:
        if (m->announced == CORES ||
            !weak_update(a, PENDING, weak_order_of(BIT), (weak_change){WEAK_OR, bit, 0}, &old)) {
            return EXPLORE_BLOCKED;
        }
        m->announced++;
        m->control = C_SEARCHERS;
        return EXPLORE_MOVED;
    case C_SEARCHERS:
        if (!weak_update(a, SEARCHING, weak_order_of(ANNOUNCE), (weak_change){WEAK_ADD, 0, 0},
                         &old)) {
            return EXPLORE_BLOCKED;
        }
        m->control = old == 0 ? C_NOTIFY : C_BIT;
        return EXPLORE_MOVED;
    default: /* C_NOTIFY */
        if (m->notify[CONTROL] == N_END) {
            m->notify[CONTROL] = N_LOOK;
            m->control = C_BIT;
            return a.choice == 0 ? EXPLORE_MOVED : EXPLORE_BLOCKED;
        }
        return notify(m, a);
    }
}

/* Takes the lowest bit of what it sees, or finds none and goes to sleep. */
static enum explore_step claim(model *m, weak_actor a, uint8_t *at)
{
    uint8_t word = 0;
    uint8_t old = 0;
    weak_actor newest = {a.memory, a.thread, 0};
    if (!weak_load(a, PENDING, WEAK_ACQUIRE, &word)) {
        return EXPLORE_BLOCKED;
    }
    if (word == 0) {
        *at = P_TICKET;
        return EXPLORE_MOVED;
    }
    uint8_t rest = (uint8_t)(word & (word - 1u));
    /* The swap succeeds on the newest word only; one that fails is the same as a later claim. */
    if (!weak_update(newest, PENDING, weak_order_of(CLAIM), (weak_change){WEAK_SET_IF, rest, word},
                     &old) ||
        old != word) {
        return EXPLORE_BLOCKED;
    }
    m->played++;
    *at = P_LEAVE;
    return EXPLORE_MOVED;
}

/* One step of a player with a core: it leaves the search, wakes another, plays, and is back. */
static enum explore_step play(model *m, weak_actor a, uint8_t *at)
{
    uint8_t value = 0;
    switch (*at) {
    case P_LEAVE:
        if (!weak_update(a, SEARCHING, weak_order_of(LAST), (weak_change){WEAK_ADD, 255, 0},
                         &value)) {
            return EXPLORE_BLOCKED;
        }
        *at = value == 1 ? P_CHAIN : P_BACK;
        return EXPLORE_MOVED;
    case P_CHAIN:
        if (!weak_load(a, PENDING, weak_order_of(LOOK), &value)) {
            return EXPLORE_BLOCKED;
        }
        *at = value != 0 ? P_NOTIFY : P_BACK;
        return EXPLORE_MOVED;
    case P_NOTIFY:
        if (m->notify[a.thread] == N_END) {
            m->notify[a.thread] = N_LOOK;
            *at = P_BACK;
            return a.choice == 0 ? EXPLORE_MOVED : EXPLORE_BLOCKED;
        }
        return notify(m, a);
    default: /* P_BACK */
        if (!weak_update(a, SEARCHING, weak_order_of(BACK), (weak_change){WEAK_ADD, 1, 0},
                         &value)) {
            return EXPLORE_BLOCKED;
        }
        *at = P_CLAIM;
        return EXPLORE_MOVED;
    }
}

/* The last looks before it sleeps: at the bits, then at the ticket, in the system. */
static enum explore_step last_look(model *m, weak_actor a, uint8_t *at)
{
    uint8_t value = 0;
    if (*at == P_LOOK) {
        if (!weak_load(a, PENDING, weak_order_of(LOOK), &value)) {
            return EXPLORE_BLOCKED;
        }
        *at = value != 0 ? P_UNREGISTER : P_COMPARE;
        return EXPLORE_MOVED;
    }
    weak_lock(a);
    if (!weak_load(a, TICKET, WEAK_RELAXED, &value)) {
        return EXPLORE_BLOCKED;
    }
    weak_lock(a);
    *at = value == m->held[a.thread - 1u] ? P_ASLEEP : P_UNREGISTER;
    return EXPLORE_MOVED;
}

/* One step of a player that goes to sleep or wakes. */
static enum explore_step sleep_or_wake(model *m, weak_actor a, uint8_t *at)
{
    uint8_t *held = &m->held[a.thread - 1u];
    uint8_t old = 0;
    switch (*at) {
    case P_TICKET:
        *at = P_REGISTER;
        return weak_load(a, TICKET, WEAK_ACQUIRE, held) ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    case P_REGISTER:
        *at = P_UNCOUNT;
        return weak_update(a, SLEEPERS, WEAK_SEQ_CST, (weak_change){WEAK_ADD, 1, 0}, &old)
                   ? EXPLORE_MOVED
                   : EXPLORE_BLOCKED;
    case P_UNCOUNT:
        *at = P_LOOK;
        return weak_update(a, SEARCHING, weak_order_of(LEAVE), (weak_change){WEAK_ADD, 255, 0},
                           &old)
                   ? EXPLORE_MOVED
                   : EXPLORE_BLOCKED;
    case P_LOOK:
    case P_COMPARE:
        return last_look(m, a, at);
    case P_UNREGISTER:
        *at = P_BACK;
        *held = 0;
        return weak_update(a, SLEEPERS, WEAK_SEQ_CST, (weak_change){WEAK_ADD, 255, 0}, &old)
                   ? EXPLORE_MOVED
                   : EXPLORE_BLOCKED;
    default: /* P_ASLEEP */
        return EXPLORE_BLOCKED;
    }
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    model *m = state;
    if (a.thread == CONTROL) {
        return step_control(m, a);
    }
    uint8_t *at = &m->at[a.thread - 1u];
    return *at == P_CLAIM  ? claim(m, a, at)
           : *at <= P_BACK ? play(m, a, at)
                           : sleep_or_wake(m, a, at);
}

/* All cores were taken, and everybody sleeps. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->control == C_BIT && m->announced == CORES && m->played == CORES;
}

/* Both players search. */
static void begin(void *state)
{
    model *m = state;
    weak_preset(&m->memory, SEARCHING, PLAYERS);
    weak_watch(&m->memory, SEARCHING, 0);
    weak_watch(&m->memory, SLEEPERS, 0);
    weak_watch(&m->memory, PENDING, 3u << 1);
    weak_watch(&m->memory, TICKET, 3u << 1);
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
        .least_states = 1000,
    };
    weak_check(&suite);
    return check_report();
}
