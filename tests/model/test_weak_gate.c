/*
 * test_weak_gate.c - the gate of a cpu run under weak memory: a helper inside sees the run's
 * values, and nobody is inside, or on the way in, when the owner gives the run's memory back.
 *
 * ctest-labels: model unit
 *
 * Mirrors raise_high, visit, slipi_pool_launch, anyone_inside and slipi_pool_wait
 * (src/platform/cpu/pool.c). The owner runs three times; two helpers visit three times each,
 * whenever they like. To give memory back is what eviction does on this platform: no thread polls a
 * run's memory after the gate.
 */
#include "weak_suite.h"

enum { OWNER, HELPERS = 2, THREADS = 1 + HELPERS, RUNS = 3, VISITS = 3 };
enum { RUN_OPEN, HIGH, ACTIVE }; /* ACTIVE: one for each helper */
enum { VALUES, PIECE };          /* PIECE: what each helper writes inside */

enum { G0, G1, G2, G3, G4_HIGH, G4_ACTIVE, G5, G6, LOOK_HIGH, LABELS };
static const weak_label labels[LABELS] = {
    [G0] = {"G0", "src/platform/cpu/pool.c", "slipi_cas_seq_cst(&pool->high", NULL},
    [G1] = {"G1", "src/platform/cpu/pool.c", "slipi_store_seq_cst(&helper->active, 1u)", NULL},
    [G2] = {"G2", "src/platform/cpu/pool.c", "slipi_load_seq_cst(&pool->run_open)", NULL},
    [G3] = {"G3", "src/platform/cpu/pool.c", "slipi_store_seq_cst(&pool->run_open, 0u)", NULL},
    [G4_HIGH] = {"G4", "src/platform/cpu/pool.c", "slipi_load_seq_cst(&pool->high)", NULL},
    [G4_ACTIVE] = {"G4", "src/platform/cpu/pool.c", "slipi_load_seq_cst(&pool->helpers[i].active)",
                   NULL},
    [G5] = {"G5", "src/platform/cpu/pool.c", "slipi_store_release(&helper->active, 0u)", NULL},
    [G6] = {"G6", "src/platform/cpu/pool.c", "slipi_store_release(&pool->run_open, 1u)", NULL},
    [LOOK_HIGH] = {"high, before G0", "src/platform/cpu/pool.c",
                   "high = slipi_load_seq_cst(&pool->high)", NULL},
};

/* What seq_cst adds to acquire and release is needed wherever it is used. */
static const weak_row rows[] = {
    {G0, WEAK_RELAXED, WEAK_CAUGHT},        {G0, WEAK_ACQ_REL, WEAK_CAUGHT},
    {G1, WEAK_RELAXED, WEAK_CAUGHT},        {G1, WEAK_RELEASE, WEAK_CAUGHT},
    {G2, WEAK_RELAXED, WEAK_CAUGHT},        {G2, WEAK_ACQUIRE, WEAK_CAUGHT},
    {G3, WEAK_RELAXED, WEAK_CAUGHT},        {G3, WEAK_RELEASE, WEAK_CAUGHT},
    {G4_HIGH, WEAK_RELAXED, WEAK_CAUGHT},   {G4_HIGH, WEAK_ACQUIRE, WEAK_CAUGHT},
    {G4_ACTIVE, WEAK_RELAXED, WEAK_CAUGHT}, {G4_ACTIVE, WEAK_ACQUIRE, WEAK_CAUGHT},
    {G5, WEAK_RELAXED, WEAK_CAUGHT},        {G6, WEAK_RELAXED, WEAK_CAUGHT},
    {LOOK_HIGH, WEAK_RELAXED, WEAK_HOLDS},
};

/* Where the owner or a helper is. */
enum { O_OPEN, O_CLOSE, O_HIGH, O_ACTIVE, O_END };
enum { H_LOOK_HIGH, H_RAISE, H_ACTIVE, H_LOOK, H_LEAVE, H_END };

typedef struct model {
    weak_memory memory;
    uint8_t owner;
    uint8_t run;  /* runs begun */
    uint8_t lent; /* 1: the run's memory is not given back */
    uint8_t high; /* as the owner saw it */
    uint8_t next; /* helper that the owner looks at, from 1 */
    uint8_t at[HELPERS];
    uint8_t saw[HELPERS];    /* high */
    uint8_t inside[HELPERS]; /* run that the helper is in */
    uint8_t visits[HELPERS];
    uint8_t reserved[3];
} model;

/* All helpers were found outside: the memory goes back. */
static enum explore_step give_back(model *m, weak_actor a)
{
    m->lent = 0;
    m->owner = m->run == RUNS ? O_END : O_OPEN;
    if (!weak_write(a, PIECE) || !weak_write(a, PIECE + 1)) {
        return EXPLORE_BROKEN;
    }
    return EXPLORE_MOVED;
}

/* [G4], one helper after the other. */
static enum explore_step look_at_helpers(model *m, weak_actor a)
{
    uint8_t value = 0;
    if (m->owner == O_HIGH) {
        if (!weak_load(a, HIGH, weak_order_of(G4_HIGH), &m->high)) {
            return EXPLORE_BLOCKED;
        }
        m->owner = O_ACTIVE;
        m->next = 1;
    } else {
        if (!weak_load(a, ACTIVE + m->next - 1u, weak_order_of(G4_ACTIVE), &value) || value != 0) {
            return EXPLORE_BLOCKED;
        }
        m->next++;
    }
    return m->next >= m->high ? give_back(m, a) : EXPLORE_MOVED;
}

/* One step of the owner. */
static enum explore_step step_owner(model *m, weak_actor a)
{
    switch (m->owner) {
    case O_OPEN:
        if (!weak_write(a, VALUES)) {
            return EXPLORE_BROKEN;
        }
        if (!weak_store(a, RUN_OPEN, weak_order_of(G6), 1)) {
            return EXPLORE_BLOCKED;
        }
        m->run++;
        m->lent = 1;
        m->owner = O_CLOSE;
        return EXPLORE_MOVED;
    case O_CLOSE:
        if (!weak_store(a, RUN_OPEN, weak_order_of(G3), 0)) {
            return EXPLORE_BLOCKED;
        }
        m->owner = O_HIGH;
        return EXPLORE_MOVED;
    case O_HIGH:
    case O_ACTIVE:
        return look_at_helpers(m, a);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* Raises high above the helper's index, h + 1. */
static enum explore_step raise(model *m, weak_actor a, uint32_t h)
{
    uint8_t old = 0;
    weak_change change = {WEAK_SET_IF, (uint8_t)(h + 2u), m->saw[h]};
    if (m->saw[h] > h + 1u) {
        m->at[h] = H_ACTIVE;
        return a.choice == 0 ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    }
    if (!weak_update(a, HIGH, weak_order_of(G0), change, &old)) {
        return EXPLORE_BLOCKED;
    }
    m->at[h] = old == m->saw[h] ? H_ACTIVE : H_RAISE;
    m->saw[h] = old;
    return EXPLORE_MOVED;
}

/* [G2] */
static enum explore_step look(model *m, weak_actor a, uint32_t h)
{
    uint8_t open = 0;
    if (!weak_load(a, RUN_OPEN, weak_order_of(G2), &open)) {
        return EXPLORE_BLOCKED;
    }
    m->at[h] = H_LEAVE;
    m->inside[h] = open != 0 ? m->run : 0;
    return open != 0 && (m->lent == 0 || !weak_read(a, VALUES)) ? EXPLORE_BROKEN : EXPLORE_MOVED;
}

/* Writes inside, if it is inside, then [G5]. */
static enum explore_step leave(model *m, weak_actor a, uint32_t h)
{
    bool inside = m->inside[h] != 0;
    if (inside && (m->lent == 0 || m->inside[h] != m->run || !weak_write(a, PIECE + h))) {
        return EXPLORE_BROKEN;
    }
    if (!weak_store(a, ACTIVE + h, weak_order_of(G5), 0)) {
        return EXPLORE_BLOCKED;
    }
    m->inside[h] = 0;
    m->at[h] = H_ACTIVE;
    if (++m->visits[h] == VISITS) {
        m->at[h] = H_END;
        weak_end(a);
    }
    return EXPLORE_MOVED;
}

/* One step of a helper. */
static enum explore_step step_helper(model *m, weak_actor a, uint32_t h)
{
    switch (m->at[h]) {
    case H_LOOK_HIGH:
        if (!weak_load(a, HIGH, weak_order_of(LOOK_HIGH), &m->saw[h])) {
            return EXPLORE_BLOCKED;
        }
        m->at[h] = H_RAISE;
        return EXPLORE_MOVED;
    case H_RAISE:
        return raise(m, a, h);
    case H_ACTIVE:
        if (!weak_store(a, ACTIVE + h, weak_order_of(G1), 1)) {
            return EXPLORE_BLOCKED;
        }
        m->saw[h] = 0;
        m->at[h] = H_LOOK;
        return EXPLORE_MOVED;
    case H_LOOK:
        return look(m, a, h);
    case H_LEAVE:
        return leave(m, a, h);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    return a.thread == OWNER ? step_owner(state, a) : step_helper(state, a, a.thread - 1u);
}

/* All runs are over and everybody is outside. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->owner == O_END && m->at[0] == H_END && m->at[1] == H_END;
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
        .least_states = 100000,
    };
    weak_check(&suite);
    return check_report();
}
