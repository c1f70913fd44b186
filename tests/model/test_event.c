/*
 * test_event.c - every interleaving of two sleepers and a waker of an event: no wake-up is lost.
 *
 * ctest-labels: model concurrency
 *
 * As base/event.c. The waker makes a condition true and notifies, twice; each sleeper waits for the
 * first, then for the second. The system's sleep compares the ticket and falls asleep in one step.
 */
#include "explore_check.h"

/* What is spoiled, one thing at a time. */
enum spoil {
    SPOIL_NOTHING,
    SPOIL_NO_SECOND_LOOK,  /* the sleeper does not look after it has registered */
    SPOIL_LATE_REGISTER,   /* it looks first and registers then */
    SPOIL_LATE_TICKET,     /* it takes its ticket after the look */
    SPOIL_NO_TICKET,       /* the waker wakes who sleeps, without a new ticket */
    SPOIL_NOTIFY_TOO_EARLY /* the waker looks for sleepers before the condition is true */
};
static enum spoil spoil;

enum { WAKER, SLEEPERS = 2, PROCESSES = 1 + SLEEPERS, ROUNDS = 2 };

/* Where the waker is. */
enum { W_CONDITION, W_LOOK, W_TICKET, W_WAKE, W_NEXT, W_END };

/* Where a sleeper is. */
enum { S_CHECK, S_TICKET, S_REGISTER, S_AGAIN, S_LATE_TICKET, S_SLEEP, S_ASLEEP, S_LEAVE, S_END };

typedef struct model {
    uint8_t condition; /* rounds that are true */
    uint8_t ticket;
    uint8_t sleepers;
    uint8_t waker;
    uint8_t round; /* the waker's, from 1 */
    uint8_t seen;  /* sleepers that the waker saw */
    uint8_t at[SLEEPERS];
    uint8_t wants[SLEEPERS]; /* round */
    uint8_t held[SLEEPERS];  /* ticket */
} model;

/* One step of the waker. */
static enum explore_step step_waker(model *m)
{
    bool early = spoil == SPOIL_NOTIFY_TOO_EARLY;
    switch (m->waker) {
    case W_CONDITION:
        m->condition = m->round;
        m->waker = early ? W_TICKET : W_LOOK;
        if (early && m->seen == 0) {
            m->waker = W_NEXT;
        }
        return EXPLORE_MOVED;
    case W_LOOK:
        m->seen = m->sleepers;
        m->waker = early ? W_CONDITION : m->seen == 0 ? W_NEXT : W_TICKET;
        return EXPLORE_MOVED;
    case W_TICKET:
        if (spoil != SPOIL_NO_TICKET) {
            m->ticket++;
        }
        m->waker = W_WAKE;
        return EXPLORE_MOVED;
    case W_WAKE:
        for (uint32_t s = 0; s < SLEEPERS; s++) {
            m->at[s] = m->at[s] == S_ASLEEP ? S_LEAVE : m->at[s];
        }
        m->waker = W_NEXT;
        return EXPLORE_MOVED;
    case W_NEXT:
        m->waker = m->round == ROUNDS ? W_END : early ? W_LOOK : W_CONDITION;
        m->round++;
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* The sleeper has seen its condition: the next round, or the end. */
static void next_round(model *m, uint32_t s)
{
    m->wants[s]++;
    m->at[s] = m->wants[s] > ROUNDS ? S_END : S_CHECK;
}

/* Before it registers: the first look and the ticket. */
static enum explore_step step_prepare(model *m, uint32_t s)
{
    if (m->at[s] == S_CHECK) {
        if (m->condition >= m->wants[s]) {
            next_round(m, s);
        } else {
            m->at[s] = S_TICKET;
        }
    } else {
        m->held[s] = m->ticket;
        m->at[s] = spoil == SPOIL_LATE_REGISTER ? S_AGAIN : S_REGISTER;
    }
    return EXPLORE_MOVED;
}

/* The look after it has registered: cancel, or go on to sleep. */
static void second_look(model *m, uint32_t s)
{
    bool holds = m->condition >= m->wants[s];
    if (spoil == SPOIL_LATE_REGISTER) {
        m->at[s] = S_REGISTER;
        if (holds) {
            next_round(m, s);
        }
    } else if (holds && spoil != SPOIL_NO_SECOND_LOOK) {
        m->sleepers--;
        next_round(m, s);
    } else {
        m->at[s] = spoil == SPOIL_LATE_TICKET ? S_LATE_TICKET : S_SLEEP;
    }
}

/* One step of a sleeper. */
static enum explore_step step_sleeper(model *m, uint32_t s)
{
    switch (m->at[s]) {
    case S_CHECK:
    case S_TICKET:
        return step_prepare(m, s);
    case S_REGISTER:
        m->sleepers++;
        m->at[s] = spoil == SPOIL_LATE_REGISTER ? S_SLEEP : S_AGAIN;
        return EXPLORE_MOVED;
    case S_AGAIN:
        second_look(m, s);
        return EXPLORE_MOVED;
    case S_LATE_TICKET:
        m->held[s] = m->ticket;
        m->at[s] = S_SLEEP;
        return EXPLORE_MOVED;
    case S_SLEEP:
        m->at[s] = m->ticket == m->held[s] ? S_ASLEEP : S_LEAVE;
        return EXPLORE_MOVED;
    case S_LEAVE:
        m->sleepers--;
        m->at[s] = S_CHECK;
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a process. */
static enum explore_step step(void *state, uint32_t p, uint32_t choice)
{
    (void)choice;
    return p == WAKER ? step_waker(state) : step_sleeper(state, p - 1);
}

/* Everybody has seen both rounds, and nobody is registered. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->waker == W_END && m->at[0] == S_END && m->at[1] == S_END && m->sleepers == 0;
}

/* The initial state of a variant. */
static void begin(void *state, uint32_t variant)
{
    model *m = state;
    spoil = (enum spoil)variant;
    *m = (model){.round = 1, .wants = {1, 1}};
    m->waker = spoil == SPOIL_NOTIFY_TOO_EARLY ? W_LOOK : W_CONDITION;
}

static const explore_variant variants[] = {
    [SPOIL_NOTHING] = {"as it is", true},
    [SPOIL_NO_SECOND_LOOK] = {"no second look", false},
    [SPOIL_LATE_REGISTER] = {"late register", false},
    [SPOIL_LATE_TICKET] = {"late ticket", false},
    [SPOIL_NO_TICKET] = {"no ticket", false},
    [SPOIL_NOTIFY_TOO_EARLY] = {"notify too early", false},
};

int main(void)
{
    static const explore_suite suite = {
        .model = {sizeof(model), PROCESSES, 1, step, ended},
        .begin = begin,
        .variants = variants,
        .variant_count = sizeof(variants) / sizeof(variants[0]),
        .least_states = 500,
    };
    explore_check(&suite);
    return check_report();
}
