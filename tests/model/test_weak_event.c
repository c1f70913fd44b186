/*
 * test_weak_event.c - sleep and wake under weak memory: no wake-up is lost, though the condition
 * itself is written and read relaxed.
 *
 * ctest-labels: model unit
 *
 * Mirrors the four functions of src/base/event.c. A waker makes a condition true and notifies,
 * three times; each of two sleepers waits for each. The system's sleep takes
 * its own lock, compares the ticket and falls asleep in one step; its wake takes the lock too.
 */
#include "weak_suite.h"

enum { WAKER, SLEEPERS = 2, THREADS = 1 + SLEEPERS, ROUNDS = 3 };
enum { CONDITION, TICKET, REGISTERED };

enum { E1, E2, PREPARE_TICKET, WAIT_TICKET, NOTIFY_TICKET, CANCEL, LABELS };
static const weak_label labels[LABELS] = {
    [E1] = {"E1", "src/base/event.c", "slipi_add_seq_cst(&event->sleepers, 1u)", NULL},
    [E2] = {"E2", "src/base/event.c", "slipi_add_seq_cst(&event->sleepers, 0u)", NULL},
    [PREPARE_TICKET] = {"ticket before it", "src/base/event.c",
                        "slipi_load_acquire(&event->ticket)", NULL},
    [WAIT_TICKET] = {"ticket in wait", "src/base/event.c",
                     "slipi_load_acquire(&event->ticket) == ticket", NULL},
    [NOTIFY_TICKET] = {"ticket in notify", "src/base/event.c", "slipi_add_acq_rel(&event->ticket",
                       NULL},
    [CANCEL] = {"taking it back", "src/base/event.c", "slipi_sub_seq_cst(&event->sleepers", NULL},
};

/*
 * Both sides update one word, so acq_rel would do where seq_cst stands: the two orders differ for
 * accesses of several words only. The ticket needs no order of its own: who reads a new one looks
 * at the condition after [E1], and the system's lock orders who sleeps.
 */
static const weak_row rows[] = {
    {E1, WEAK_RELAXED, WEAK_CAUGHT},
    {E2, WEAK_RELAXED, WEAK_CAUGHT},
    {E1, WEAK_RELEASE, WEAK_CAUGHT},
    {E2, WEAK_ACQUIRE, WEAK_CAUGHT},
    {E1, WEAK_ACQ_REL, WEAK_HOLDS},
    {E2, WEAK_ACQ_REL, WEAK_HOLDS},
    {PREPARE_TICKET, WEAK_RELAXED, WEAK_HOLDS},
    {WAIT_TICKET, WEAK_RELAXED, WEAK_HOLDS},
    {NOTIFY_TICKET, WEAK_RELAXED, WEAK_HOLDS},
    {CANCEL, WEAK_RELAXED, WEAK_HOLDS},
};

/* Where the waker or a sleeper is. */
enum { W_CONDITION, W_LOOK, W_TICKET, W_WAKE, W_END };
enum { S_TICKET, S_REGISTER, S_LOOK, S_COMPARE, S_SLEEP, S_ASLEEP, S_LEAVE, S_CANCEL, S_END };

typedef struct model {
    weak_memory memory;
    uint8_t waker;
    uint8_t round; /* that the waker has made true */
    uint8_t at[SLEEPERS];
    uint8_t seen[SLEEPERS]; /* rounds that a sleeper has seen */
    uint8_t held[SLEEPERS]; /* ticket */
} model;

/* One step of the waker. */
static enum explore_step step_waker(model *m, weak_actor a)
{
    uint8_t old = 0;
    switch (m->waker) {
    case W_CONDITION:
        if (!weak_store(a, CONDITION, WEAK_RELAXED, (uint8_t)(m->round + 1u))) {
            return EXPLORE_BLOCKED;
        }
        m->round++;
        m->waker = W_LOOK;
        return EXPLORE_MOVED;
    case W_LOOK:
        if (!weak_update(a, REGISTERED, weak_order_of(E2), (weak_change){WEAK_ADD, 0, 0}, &old)) {
            return EXPLORE_BLOCKED;
        }
        m->waker = old != 0 ? W_TICKET : m->round < ROUNDS ? W_CONDITION : W_END;
        return EXPLORE_MOVED;
    case W_TICKET:
        if (!weak_update(a, TICKET, weak_order_of(NOTIFY_TICKET), (weak_change){WEAK_ADD, 1, 0},
                         &old)) {
            return EXPLORE_BLOCKED;
        }
        m->waker = W_WAKE;
        return EXPLORE_MOVED;
    case W_WAKE:
        if (a.choice != 0) {
            return EXPLORE_BLOCKED;
        }
        weak_lock(a);
        for (uint32_t s = 0; s < SLEEPERS; s++) {
            m->at[s] = m->at[s] == S_ASLEEP ? S_LEAVE : m->at[s];
        }
        m->waker = m->round < ROUNDS ? W_CONDITION : W_END;
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* The sleeper's look at its condition, registered: cancel, or go on to sleep. */
static enum explore_step look(model *m, weak_actor a, uint32_t s)
{
    uint8_t condition = 0;
    if (!weak_load(a, CONDITION, WEAK_RELAXED, &condition)) {
        return EXPLORE_BLOCKED;
    }
    m->at[s] = condition > m->seen[s] ? S_CANCEL : S_COMPARE;
    return EXPLORE_MOVED;
}

/* Compares the ticket, outside of the system and in it. */
static enum explore_step compare(model *m, weak_actor a, uint32_t s)
{
    uint8_t ticket = 0;
    bool in_system = m->at[s] == S_SLEEP;
    if (in_system) {
        weak_lock(a);
    }
    if (!weak_load(a, TICKET, in_system ? WEAK_RELAXED : weak_order_of(WAIT_TICKET), &ticket)) {
        return EXPLORE_BLOCKED;
    }
    if (in_system) {
        weak_lock(a);
    }
    m->at[s] = ticket != m->held[s] ? S_LEAVE : in_system ? S_ASLEEP : S_SLEEP;
    return EXPLORE_MOVED;
}

/* Takes the registration back; by S_CANCEL the condition was seen. */
static enum explore_step leave(model *m, weak_actor a, uint32_t s)
{
    uint8_t old = 0;
    if (!weak_update(a, REGISTERED, weak_order_of(CANCEL), (weak_change){WEAK_ADD, 255, 0}, &old)) {
        return EXPLORE_BLOCKED;
    }
    m->seen[s] = (uint8_t)(m->seen[s] + (m->at[s] == S_CANCEL));
    m->held[s] = 0;
    m->at[s] = S_TICKET;
    if (m->seen[s] == ROUNDS) {
        m->at[s] = S_END;
        weak_end(a);
    }
    return EXPLORE_MOVED;
}

/* One step of a sleeper. */
static enum explore_step step_sleeper(model *m, weak_actor a, uint32_t s)
{
    uint8_t old = 0;
    switch (m->at[s]) {
    case S_TICKET:
        if (!weak_load(a, TICKET, weak_order_of(PREPARE_TICKET), &m->held[s])) {
            return EXPLORE_BLOCKED;
        }
        m->at[s] = S_REGISTER;
        return EXPLORE_MOVED;
    case S_REGISTER:
        if (!weak_update(a, REGISTERED, weak_order_of(E1), (weak_change){WEAK_ADD, 1, 0}, &old)) {
            return EXPLORE_BLOCKED;
        }
        m->at[s] = S_LOOK;
        return EXPLORE_MOVED;
    case S_LOOK:
        return look(m, a, s);
    case S_COMPARE:
    case S_SLEEP:
        return compare(m, a, s);
    case S_LEAVE:
    case S_CANCEL:
        return leave(m, a, s);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    return a.thread == WAKER ? step_waker(state, a) : step_sleeper(state, a, a.thread - 1u);
}

/* Everybody has seen all rounds. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->waker == W_END && m->at[0] == S_END && m->at[1] == S_END;
}

/* Only read-modify-writes access the count of sleepers. */
static void begin(void *state)
{
    model *m = state;
    weak_watch(&m->memory, REGISTERED, 0);
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
        .least_states = 50000,
    };
    weak_check(&suite);
    return check_report();
}
