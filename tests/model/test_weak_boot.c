/*
 * test_weak_boot.c - the gate of a launch on a device of its own, under weak memory: one thread
 * prepares the run, those that take part see it prepared, and a core is known before it is used.
 *
 * ctest-labels: model unit
 *
 * Mirrors slipi_placement_enter, look, claim, slipi_placement_wait and slipi_placement_open
 * (src/device/placement.c), say_hello (src/device/boot_core.c) and registers_of
 * (src/device/boot.c). Two control threads come; either of them may find that enough are there. One
 * core says hello.
 */
#include "weak_suite.h"

enum { CONTROLS = 2, CORE = CONTROLS, THREADS };
enum { CPU, LEADER = CPU + CONTROLS, DECIDED, HELLO };
enum { PLACE, RUN, REGISTERS }; /* data */

enum { B1, B1_READ, B2, B2_READ, B3, B4, CLAIM, LABELS };
static const weak_label labels[LABELS] = {
    [B1] = {"B1", "src/device/placement.c", "slipi_store_release(&p->state->cpu[p->ticket]", NULL},
    [B1_READ] = {"B1", "src/device/placement.c", "slipi_load_acquire(&p->state->cpu[i])", NULL},
    [B2] = {"B2", "src/device/placement.c", "slipi_store_release(&p->state->decided", NULL},
    [B2_READ] = {"B2", "src/device/placement.c", "slipi_load_acquire(&p->state->decided)", NULL},
    [B3] = {"B3", "src/device/boot_core.c", "slipi_store_release(&hello->serial", NULL},
    [B4] = {"B4", "src/device/boot.c", "slipi_load_acquire(&hello->serial)", NULL},
    [CLAIM] = {"claim of the gate", "src/device/placement.c", "slipi_cas_acq_rel(&p->state->leader",
               NULL},
};

/* [B1] carries all it tells in its word, and the claim has one winner whatever its order. */
static const weak_row rows[] = {
    {B1, WEAK_RELAXED, WEAK_HOLDS},    {B1_READ, WEAK_RELAXED, WEAK_HOLDS},
    {B2, WEAK_RELAXED, WEAK_CAUGHT},   {B2_READ, WEAK_RELAXED, WEAK_CAUGHT},
    {B3, WEAK_RELAXED, WEAK_CAUGHT},   {B4, WEAK_RELAXED, WEAK_CAUGHT},
    {CLAIM, WEAK_RELAXED, WEAK_HOLDS},
};

/* Where a control thread is. */
enum { T_ENTER, T_WAIT, T_LOOK, T_CLAIM, T_MEET, T_OPEN, T_LOST, T_END };

typedef struct model {
    weak_memory memory;
    uint8_t at[CONTROLS];
    uint8_t said_hello;
    uint8_t winners;
    uint8_t reserved[4];
} model;

/* Waits for the gate, or looks who is there. */
static enum explore_step await_gate(weak_actor a, uint8_t *at)
{
    uint8_t open = 0;
    if (a.choice == WEAK_OTHER) {
        *at = *at == T_WAIT ? T_LOOK : *at;
        return *at == T_LOOK ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    }
    if (!weak_load(a, DECIDED, weak_order_of(B2_READ), &open) || open == 0) {
        return EXPLORE_BLOCKED;
    }
    *at = T_END;
    return weak_read(a, PLACE) && weak_read(a, RUN) ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* The winner meets the core, prepares the run and opens the gate. */
static enum explore_step prepare(weak_actor a, uint8_t *at)
{
    uint8_t hello = 0;
    if (*at == T_MEET) {
        if (!weak_load(a, HELLO, weak_order_of(B4), &hello) || hello == 0) {
            return EXPLORE_BLOCKED;
        }
        *at = T_OPEN;
        return weak_read(a, REGISTERS) ? EXPLORE_MOVED : EXPLORE_BROKEN;
    }
    if (!weak_write(a, RUN) || !weak_write(a, PLACE)) {
        return EXPLORE_BROKEN;
    }
    *at = T_END;
    return weak_store(a, DECIDED, weak_order_of(B2), 1) ? EXPLORE_MOVED : EXPLORE_BLOCKED;
}

/* One step of a control thread. */
static enum explore_step step_control(model *m, weak_actor a, uint8_t *at)
{
    uint8_t value = 0;
    switch (*at) {
    case T_ENTER:
        *at = T_WAIT;
        return weak_store(a, CPU + a.thread, weak_order_of(B1), 1) ? EXPLORE_MOVED
                                                                   : EXPLORE_BLOCKED;
    case T_LOOK:
        *at = T_CLAIM;
        return weak_load(a, CPU + 1u - a.thread, weak_order_of(B1_READ), &value) ? EXPLORE_MOVED
                                                                                 : EXPLORE_BLOCKED;
    case T_CLAIM:
        if (!weak_update(a, LEADER, weak_order_of(CLAIM), (weak_change){WEAK_SET_IF, 1, 0},
                         &value)) {
            return EXPLORE_BLOCKED;
        }
        *at = value == 0 ? T_MEET : T_LOST;
        m->winners = (uint8_t)(m->winners + (value == 0));
        return m->winners > 1 ? EXPLORE_BROKEN : EXPLORE_MOVED;
    case T_MEET:
    case T_OPEN:
        return prepare(a, at);
    case T_WAIT:
    case T_LOST:
        return await_gate(a, at);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a thread; the core notes who it is, then [B3]. */
static enum explore_step step(void *state, weak_actor a)
{
    model *m = state;
    if (a.thread != CORE) {
        return step_control(m, a, &m->at[a.thread]);
    }
    if (m->said_hello != 0) {
        return EXPLORE_BLOCKED;
    }
    m->said_hello = 1;
    if (!weak_write(a, REGISTERS)) {
        return EXPLORE_BROKEN;
    }
    return weak_store(a, HELLO, weak_order_of(B3), 1) ? EXPLORE_MOVED : EXPLORE_BLOCKED;
}

/* Both have passed the gate. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->at[0] == T_END && m->at[1] == T_END && m->winners == 1;
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
        .least_states = 50,
    };
    weak_check(&suite);
    return check_report();
}
