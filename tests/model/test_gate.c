/*
 * test_gate.c - every interleaving of the gate of a run: two helpers enter and leave while the
 * owner opens, closes and gives the run's memory back; nobody is inside when that happens.
 *
 * ctest-labels: model concurrency
 *
 * As platform/cpu/pool.c: a helper raises `active` and then looks at `run_open`; the owner lowers
 * `run_open` and then looks at every `active` below `high`. A helper inside takes two steps there.
 */
#include "explore_check.h"

/* What is spoiled, one thing at a time. */
enum spoil {
    SPOIL_NOTHING,
    SPOIL_LOOK_FIRST,         /* the helper looks at run_open before it raises active */
    SPOIL_NO_LOOK,            /* the helper enters without looking */
    SPOIL_CHECK_BEFORE_CLOSE, /* the owner looks for helpers before it lowers run_open */
    SPOIL_NO_CHECK,           /* the owner does not look for helpers */
    SPOIL_LATE_HIGH,          /* a new helper raises high after it has entered */
    SPOIL_OPEN_BEFORE_VALUES  /* the run is open before its values are there */
};
static enum spoil spoil;

enum { OWNER, HELPERS = 2, PROCESSES = 1 + HELPERS, RUNS = 2, VISITS = 2 };

/* Where the owner is. */
enum { O_VALUES, O_OPEN, O_CLOSE, O_HIGH, O_ACTIVE0, O_ACTIVE1, O_GIVE_BACK, O_END };

/* Where a helper is. */
enum { H_HIGH, H_ACTIVE, H_LOOK, H_ENTER, H_INSIDE, H_LATE_HIGH, H_LEAVE, H_END };

typedef struct model {
    uint8_t run_open;
    uint8_t values; /* number of the run; 0 = given back */
    uint8_t high;   /* helpers that the owner looks at */
    uint8_t active[HELPERS];
    uint8_t owner;
    uint8_t run;  /* from 1 */
    uint8_t seen; /* high, as the owner saw it */
    uint8_t at[HELPERS];
    uint8_t visits_left[HELPERS];
    uint8_t inside_of[HELPERS]; /* run */
} model;

/* The order of the owner's steps in a run. */
static const uint8_t order_right[] = {O_VALUES,  O_OPEN,    O_CLOSE,    O_HIGH,
                                      O_ACTIVE0, O_ACTIVE1, O_GIVE_BACK};
static const uint8_t order_check[] = {O_VALUES,  O_OPEN,  O_HIGH,     O_ACTIVE0,
                                      O_ACTIVE1, O_CLOSE, O_GIVE_BACK};
static const uint8_t order_values[] = {O_OPEN,    O_VALUES,  O_CLOSE,    O_HIGH,
                                       O_ACTIVE0, O_ACTIVE1, O_GIVE_BACK};
enum { STEPS = sizeof order_right };

/* The order of the variant at hand. */
static const uint8_t *order(void)
{
    return spoil == SPOIL_CHECK_BEFORE_CLOSE   ? order_check
           : spoil == SPOIL_OPEN_BEFORE_VALUES ? order_values
                                               : order_right;
}

/* Gives the run's memory back, which ends it. */
static void give_back(model *m)
{
    m->values = 0;
    m->seen = 0;
    m->run++;
}

/* One step of the owner. */
static enum explore_step step_owner(model *m)
{
    if (m->run > RUNS) {
        return EXPLORE_BLOCKED;
    }
    switch (order()[m->owner]) {
    case O_VALUES:
        m->values = m->run;
        break;
    case O_OPEN:
        m->run_open = 1;
        break;
    case O_CLOSE:
        m->run_open = 0;
        break;
    case O_HIGH:
        m->seen = spoil == SPOIL_NO_CHECK ? 0 : m->high;
        break;
    case O_ACTIVE0:
        if (m->seen > 0 && m->active[0] != 0) {
            return EXPLORE_BLOCKED;
        }
        break;
    case O_ACTIVE1:
        if (m->seen > 1 && m->active[1] != 0) {
            return EXPLORE_BLOCKED;
        }
        break;
    default: /* O_GIVE_BACK */
        give_back(m);
        break;
    }
    m->owner = (uint8_t)((m->owner + 1u) % STEPS);
    return EXPLORE_MOVED;
}

/* Raises high above helper h. */
static void raise_high(model *m, uint32_t h)
{
    m->high = m->high > h ? m->high : (uint8_t)(h + 1u);
}

/* The next visit, or the end. */
static void leave(model *m, uint32_t h)
{
    m->active[h] = 0;
    m->inside_of[h] = 0;
    m->at[h] = H_ACTIVE;
    if (spoil == SPOIL_LOOK_FIRST) {
        m->at[h] = H_LOOK;
    }
    if (--m->visits_left[h] == 0) {
        m->at[h] = H_END;
    }
}

/* Looks whether a run is open. */
static void look(model *m, uint32_t h)
{
    bool open = m->run_open != 0 || spoil == SPOIL_NO_LOOK;
    if (!open) {
        leave(m, h);
    } else {
        m->at[h] = spoil == SPOIL_LOOK_FIRST ? H_ACTIVE : H_ENTER;
    }
}

/* One step of a helper. */
static enum explore_step step_helper(model *m, uint32_t h)
{
    switch (m->at[h]) {
    case H_HIGH:
        if (spoil != SPOIL_LATE_HIGH) {
            raise_high(m, h);
        }
        m->at[h] = spoil == SPOIL_LOOK_FIRST ? H_LOOK : H_ACTIVE;
        return EXPLORE_MOVED;
    case H_ACTIVE:
        m->active[h] = 1;
        m->at[h] = spoil == SPOIL_LOOK_FIRST ? H_ENTER : H_LOOK;
        return EXPLORE_MOVED;
    case H_LOOK:
        look(m, h);
        return EXPLORE_MOVED;
    case H_ENTER:
        m->inside_of[h] = m->values;
        m->at[h] = H_INSIDE;
        return m->values == 0 ? EXPLORE_BROKEN : EXPLORE_MOVED;
    case H_INSIDE:
        m->at[h] = spoil == SPOIL_LATE_HIGH ? H_LATE_HIGH : H_LEAVE;
        return m->values != m->inside_of[h] ? EXPLORE_BROKEN : EXPLORE_MOVED;
    case H_LATE_HIGH:
        raise_high(m, h);
        m->at[h] = H_LEAVE;
        return EXPLORE_MOVED;
    case H_LEAVE:
        leave(m, h);
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a process. */
static enum explore_step step(void *state, uint32_t p, uint32_t choice)
{
    (void)choice;
    return p == OWNER ? step_owner(state) : step_helper(state, p - 1);
}

/* All runs are over and everybody is outside. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->run > RUNS && m->at[0] == H_END && m->at[1] == H_END;
}

/* The initial state of a variant. */
static void begin(void *state, uint32_t variant)
{
    spoil = (enum spoil)variant;
    *(model *)state = (model){.run = 1, .visits_left = {VISITS, VISITS}};
}

static const explore_variant variants[] = {
    [SPOIL_NOTHING] = {"as it is", true},
    [SPOIL_LOOK_FIRST] = {"look first", false},
    [SPOIL_NO_LOOK] = {"no look", false},
    [SPOIL_CHECK_BEFORE_CLOSE] = {"check before close", false},
    [SPOIL_NO_CHECK] = {"no check", false},
    [SPOIL_LATE_HIGH] = {"late high", false},
    [SPOIL_OPEN_BEFORE_VALUES] = {"open before values", false},
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
