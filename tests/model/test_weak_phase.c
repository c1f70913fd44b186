/*
 * test_weak_phase.c - the phase of a launch, and the fatal latch, under weak memory: who enters a
 * run sees it attached, and who finds a fault reads it whole.
 *
 * ctest-labels: model unit
 *
 * Mirrors run_first, run_other and work (src/device/executor.c), slipi_raise and slipi_fault_read
 * (src/sched/complete.c). Thread 0 attaches or fails to, publishes the phase, and ends the run. Two
 * others wait for the phase, enter, raise a fault each, and work until the phase is another one.
 * Thread 0 reads the fault before it ends the run, once it has found the latch taken.
 */
#include "weak_suite.h"

enum { FIRST, OTHERS = 2, THREADS = 1 + OTHERS };
enum { PHASE, LATCH };
enum { STATE, FAULT }; /* data: what attaching writes; the fault */
enum { PHASE_NONE, PHASE_OPEN, PHASE_ENDED, PHASE_FAILED };
enum { LATCH_FREE, LATCH_CLAIMED, LATCH_WHOLE };

enum { P1, P1_END, P2, P2_WORK, L1, L1_READ, CLAIM, LABELS };
static const weak_label labels[LABELS] = {
    [P1] = {"P1", "src/device/executor.c", "slipi_store_release(&launch->phase, SLIPI_PHASE_OPEN)",
            NULL},
    [P1_END] = {"P1", "src/device/executor.c", "slipi_store_release(&launch->phase, phase)", NULL},
    [P2] = {"P2", "src/device/executor.c", "phase = slipi_load_acquire(&launch->phase)", NULL},
    [P2_WORK] = {"P2", "src/device/executor.c",
                 "slipi_load_acquire(&launch->phase) == SLIPI_PHASE_OPEN", NULL},
    [L1] = {"L1", "src/sched/complete.c", "slipi_store_release(&sm->fatal, 2u)", NULL},
    [L1_READ] = {"L1", "src/sched/complete.c", "slipi_load_acquire(&sm->fatal)", NULL},
    [CLAIM] = {"claim of the latch", "src/sched/complete.c", "slipi_cas_acq_rel(&sm->fatal", NULL},
};

/* A thread that works only compares the phase; the claim of the latch only has one winner. */
static const weak_row rows[] = {
    {P1, WEAK_RELAXED, WEAK_CAUGHT},   {P1_END, WEAK_RELAXED, WEAK_CAUGHT},
    {P2, WEAK_RELAXED, WEAK_CAUGHT},   {P2_WORK, WEAK_RELAXED, WEAK_HOLDS},
    {L1, WEAK_RELAXED, WEAK_CAUGHT},   {L1_READ, WEAK_RELAXED, WEAK_CAUGHT},
    {CLAIM, WEAK_RELAXED, WEAK_HOLDS},
};

/* Where thread 0 or another one is. */
enum { F_ATTACH, F_FAULT, F_END, F_DONE };
enum { N_ENTER, N_CLAIM, N_FAULT, N_WORK, N_DONE };

typedef struct model {
    weak_memory memory;
    uint8_t first;
    uint8_t opened;
    uint8_t winners;
    uint8_t at[OTHERS];
    uint8_t reserved[3];
} model;

/* One step of thread 0. That the set-up fails is one of its ways to go on. */
static enum explore_step step_first(model *m, weak_actor a)
{
    bool fails = a.choice == WEAK_OTHER;
    uint8_t value = 0;
    switch (m->first) {
    case F_ATTACH:
        a.choice = fails ? 0 : a.choice; /* there is one place for the first store */
        if (!weak_write(a, STATE)) {
            return EXPLORE_BROKEN;
        }
        if (fails ? !weak_store(a, PHASE, weak_order_of(P1_END), PHASE_FAILED)
                  : !weak_store(a, PHASE, weak_order_of(P1), PHASE_OPEN)) {
            return EXPLORE_BLOCKED;
        }
        m->opened = !fails;
        m->first = fails ? F_DONE : F_FAULT;
        return EXPLORE_MOVED;
    case F_FAULT:
        if (!weak_load(a, LATCH, weak_order_of(L1_READ), &value) || value == LATCH_CLAIMED) {
            return EXPLORE_BLOCKED;
        }
        m->first = F_END;
        return value == LATCH_FREE || weak_read(a, FAULT) ? EXPLORE_MOVED : EXPLORE_BROKEN;
    case F_END:
        if (!weak_store(a, PHASE, weak_order_of(P1_END), PHASE_ENDED)) {
            return EXPLORE_BLOCKED;
        }
        m->first = F_DONE;
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* Waits for the phase; who enters reads what was attached, also when the run has ended already. */
static enum explore_step enter(model *m, weak_actor a, uint8_t *at)
{
    uint8_t phase = 0;
    (void)m;
    if (!weak_load(a, PHASE, weak_order_of(P2), &phase) || phase == PHASE_NONE) {
        return EXPLORE_BLOCKED;
    }
    *at = phase == PHASE_FAILED ? N_DONE : N_CLAIM;
    return phase == PHASE_FAILED || weak_read(a, STATE) ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* One step of another thread. */
static enum explore_step step_other(model *m, weak_actor a, uint8_t *at)
{
    uint8_t value = 0;
    switch (*at) {
    case N_ENTER:
        return enter(m, a, at);
    case N_CLAIM:
        if (!weak_update(a, LATCH, weak_order_of(CLAIM),
                         (weak_change){WEAK_SET_IF, LATCH_CLAIMED, LATCH_FREE}, &value)) {
            return EXPLORE_BLOCKED;
        }
        m->winners = (uint8_t)(m->winners + (value == LATCH_FREE));
        *at = value == LATCH_FREE ? N_FAULT : N_WORK;
        return m->winners > 1 ? EXPLORE_BROKEN : EXPLORE_MOVED;
    case N_FAULT:
        if (!weak_write(a, FAULT)) {
            return EXPLORE_BROKEN;
        }
        if (!weak_store(a, LATCH, weak_order_of(L1), LATCH_WHOLE)) {
            return EXPLORE_BLOCKED;
        }
        *at = N_WORK;
        return EXPLORE_MOVED;
    case N_WORK:
        if (!weak_load(a, PHASE, weak_order_of(P2_WORK), &value) || value == PHASE_OPEN) {
            return EXPLORE_BLOCKED;
        }
        *at = N_DONE;
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    model *m = state;
    return a.thread == FIRST ? step_first(m, a) : step_other(m, a, &m->at[a.thread - 1u]);
}

/* Everybody has left. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->first == F_DONE && m->at[0] == N_DONE && m->at[1] == N_DONE &&
           (m->opened != 0) == (m->winners == 1);
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
        .least_states = 100,
    };
    weak_check(&suite);
    return check_report();
}
