/*
 * test_model_play.c - all interleavings of who plays a core and who sleeps (src/platform/sim):
 * no command is missed, no core is played twice at once, nobody sleeps while there is work.
 *
 * The model follows registers.c and threads.c step by step; a step is one atomic operation. Memory
 * is sequentially consistent here: where that is more than C11 gives, the sources use a
 * read-modify-write of the same word on both sides and say so.
 *
 * Spoiled variants of the protocol must be caught, else the model would prove nothing.
 * ctest-labels: sim unit
 */
#include "explore_check.h"

enum { CORES = 2, PLAYERS = 2, CONTROL = PLAYERS, PROCESSES = PLAYERS + 1 };
enum { COMMANDS = 4 };
enum { IDLE, PENDING, PLAYED, PLAYED_PENDING };

/* Ways to spoil the protocol. */
enum spoil {
    SPOIL_NOTHING,
    SPOIL_SLEEP_WITHOUT_LOOK,  /* a player goes to sleep without one more look */
    SPOIL_LOOK_BEFORE_LEAVING, /* it looks while it still counts as searching */
    SPOIL_NO_WAKE,             /* a writer relies on players being awake */
    SPOIL_NO_PLAYED_PENDING,   /* a write to a core that is played is not marked */
    SPOIL_ALWAYS_ANNOUNCE      /* a write sets the bit whoever plays the core */
};
static enum spoil spoil;

/* Places of a player. */
enum {
    P_SEARCH,
    P_LEAVE,
    P_CHAIN,
    P_PLAY,
    P_STEP,
    P_DONE,
    P_GONE,
    P_BACK,
    P_PREPARE,
    P_UNCOUNT,
    P_LOOK,
    P_ASLEEP,
    P_RETURN
};
/* Places of the control thread. */
enum { C_WRITE, C_MARK, C_COUNT, C_BIT, C_SEARCHERS, C_NOTIFY, C_NEXT, C_END };

typedef struct model {
    uint8_t dispatch[CORES]; /* last command, counted from 1 */
    uint8_t seen[CORES];
    uint8_t play[CORES];
    uint8_t players_of[CORES]; /* players between P_PLAY and P_GONE */
    uint8_t pending;           /* set of cores */
    uint8_t searching;
    uint8_t active;
    uint8_t sleepers;
    uint8_t ticket;
    uint8_t control;
    uint8_t command; /* commands given so far */
    uint8_t core;    /* of the command at hand */
    uint8_t old;     /* what mark_pending found */
    uint8_t place[PLAYERS];
    uint8_t holds[PLAYERS];
    uint8_t last[PLAYERS]; /* 1: was the last searcher */
    uint8_t saved[PLAYERS];
} model;

/* A wake-up of the players' event. */
static void notify(model *m)
{
    m->ticket = (uint8_t)(m->ticket + (m->sleepers != 0));
}

/* One step of the control thread: commands go to the cores in turn, without waiting for them. */
static enum explore_step step_control(model *m)
{
    switch (m->control) {
    case C_WRITE:
        m->core = m->command % CORES;
        m->dispatch[m->core] = ++m->command;
        m->control = C_MARK;
        break;
    case C_MARK:
        m->old = m->play[m->core];
        if (spoil != SPOIL_NO_PLAYED_PENDING || m->old == IDLE) {
            m->play[m->core] |= PENDING;
        }
        m->control = m->old == IDLE || spoil == SPOIL_ALWAYS_ANNOUNCE ? C_COUNT : C_NEXT;
        break;
    case C_COUNT:
        m->active++;
        m->control = C_BIT;
        break;
    case C_BIT:
        m->pending |= (uint8_t)(1u << m->core);
        m->control = C_SEARCHERS;
        break;
    case C_SEARCHERS:
        m->control = m->searching == 0 && spoil != SPOIL_NO_WAKE ? C_NOTIFY : C_NEXT;
        break;
    case C_NOTIFY:
        notify(m);
        m->control = C_NEXT;
        break;
    case C_NEXT:
        m->old = 0;
        m->core = 0;
        m->control = m->command == COMMANDS ? C_END : C_WRITE;
        break;
    default:
        return EXPLORE_BLOCKED;
    }
    return EXPLORE_MOVED;
}

/* Steps of a player that has no core. `choice` is which pending core it takes. */
static enum explore_step step_search(model *m, uint32_t p, uint32_t choice)
{
    switch (m->place[p]) {
    case P_SEARCH:
        if ((m->pending >> choice & 1u) != 0) {
            m->pending &= (uint8_t) ~(1u << choice);
            m->holds[p] = (uint8_t)choice;
            m->place[p] = P_LEAVE;
        } else if (m->pending == 0 && choice == 0) {
            m->place[p] = P_PREPARE;
        } else {
            return EXPLORE_BLOCKED;
        }
        return EXPLORE_MOVED;
    case P_PREPARE:
        m->saved[p] = m->ticket;
        m->sleepers++;
        m->place[p] = spoil == SPOIL_LOOK_BEFORE_LEAVING ? P_LOOK : P_UNCOUNT;
        break;
    case P_UNCOUNT:
        m->searching--;
        m->place[p] =
            spoil == SPOIL_NOTHING || spoil > SPOIL_LOOK_BEFORE_LEAVING ? P_LOOK : P_ASLEEP;
        break;
    case P_LOOK:
        if (m->pending != 0) {
            m->place[p] = P_RETURN;
            m->sleepers--;
            m->searching = (uint8_t)(m->searching - (spoil == SPOIL_LOOK_BEFORE_LEAVING));
        } else {
            m->place[p] = spoil == SPOIL_LOOK_BEFORE_LEAVING ? P_UNCOUNT : P_ASLEEP;
        }
        break;
    case P_ASLEEP:
        if (m->saved[p] == m->ticket) {
            return EXPLORE_BLOCKED;
        }
        m->sleepers--;
        m->place[p] = P_RETURN;
        break;
    default: /* P_RETURN */
        m->searching++;
        m->saved[p] = 0;
        m->place[p] = P_SEARCH;
        break;
    }
    return choice == 0 ? EXPLORE_MOVED : EXPLORE_BLOCKED;
}

/* Steps of a player that has claimed a core. */
static enum explore_step step_play(model *m, uint32_t p)
{
    uint8_t core = m->holds[p];
    switch (m->place[p]) {
    case P_LEAVE:
        m->last[p] = m->searching == 1u;
        m->searching--;
        m->place[p] = P_CHAIN;
        break;
    case P_CHAIN:
        if (m->last[p] != 0 && m->pending != 0) {
            notify(m);
        }
        m->last[p] = 0;
        m->place[p] = P_PLAY;
        break;
    case P_PLAY:
        if ((m->play[core] & PENDING) == 0 || m->players_of[core] != 0) {
            return EXPLORE_BROKEN;
        }
        m->players_of[core] = 1;
        m->play[core] = PLAYED;
        m->place[p] = P_STEP;
        break;
    case P_STEP:
        m->seen[core] = m->dispatch[core];
        m->place[p] = P_DONE;
        break;
    case P_DONE:
        if (m->play[core] == PLAYED_PENDING) {
            m->play[core] = PLAYED;
            m->place[p] = P_STEP;
        } else {
            m->play[core] = IDLE;
            m->players_of[core] = 0;
            m->place[p] = P_GONE;
        }
        break;
    case P_GONE:
        m->active--;
        m->holds[p] = 0;
        m->place[p] = P_BACK;
        break;
    default: /* P_BACK */
        m->searching++;
        m->place[p] = P_SEARCH;
        break;
    }
    return EXPLORE_MOVED;
}

/* One step of a process. */
static enum explore_step step(void *state, uint32_t p, uint32_t choice)
{
    model *m = state;
    if (p == CONTROL) {
        return choice == 0 ? step_control(m) : EXPLORE_BLOCKED;
    }
    if (m->place[p] == P_SEARCH || m->place[p] >= P_PREPARE) {
        model before = *m;
        enum explore_step result = step_search(m, p, choice);
        if (result == EXPLORE_BLOCKED) {
            *m = before;
        }
        return result;
    }
    return choice == 0 ? step_play(m, p) : EXPLORE_BLOCKED;
}

/* All commands given, the last one of each core taken, everybody asleep, the counts at zero. */
static bool ended(const void *state)
{
    const model *m = state;
    bool taken = true;
    for (uint32_t core = 0; core < CORES; core++) {
        taken = taken && m->seen[core] == m->dispatch[core] && m->play[core] == IDLE;
    }
    return taken && m->control == C_END && m->active == 0 && m->searching == 0 &&
           m->sleepers == PLAYERS;
}

/* The initial state of a variant. */
static void begin(void *state, uint32_t variant)
{
    spoil = (enum spoil)variant;
    *(model *)state = (model){.searching = PLAYERS};
}

static const explore_variant variants[] = {
    [SPOIL_NOTHING] = {"as it is", true},
    [SPOIL_SLEEP_WITHOUT_LOOK] = {"sleep without look", false},
    [SPOIL_LOOK_BEFORE_LEAVING] = {"look before leaving", false},
    [SPOIL_NO_WAKE] = {"no wake", false},
    [SPOIL_NO_PLAYED_PENDING] = {"no played pending", false},
    [SPOIL_ALWAYS_ANNOUNCE] = {"always announce", false},
};

int main(void)
{
    static const explore_suite suite = {
        .model = {sizeof(model), PROCESSES, CORES, step, ended},
        .begin = begin,
        .variants = variants,
        .variant_count = sizeof(variants) / sizeof(variants[0]),
        .least_states = 1000,
    };
    explore_check(&suite);
    return check_report();
}
