/*
 * test_weak_evict.c - the end of a simulator's run under weak memory: when the host frees or reuses
 * the memory of a cache entry, every control thread and every core that polled it has left.
 *
 * ctest-labels: sim model unit
 *
 * An entry is evicted between runs only (src/image/prebuilt_cache.c, under the runner's lock), and
 * nothing polls its memory after a run: wait returns when no control thread is inside and no core
 * is active. Mirrors slipi_sim_launch, await_order, control_main and run_over
 * (src/platform/sim/threads.c), write_dispatch, mark_pending, announce_core, claim_bit and
 * slipi_sim_play_core (src/platform/sim/registers.c). Three times the host launches, waits, and
 * writes all that a run uses. The control thread gives its core two commands in a run and leaves at
 * once; two players play it. On `cpu` the gate does this: test_weak_gate.c.
 */
#include "weak_suite.h"

enum { HOST, CONTROL, PLAYERS = 2, THREADS = 2 + PLAYERS };
enum { ORDER, INSIDE, ACTIVE, PENDING, PLAY, DISPATCH };
enum { LAUNCH, SM, CORE }; /* data: the run's values, what control writes, the core's own line */
enum { RUNS = 3, COMMANDS = 2 };
enum { IDLE, WAITING, PLAYED, PLAYED_WAITING };

#define THREADS_C "src/platform/sim/threads.c"
#define REGISTERS_C "src/platform/sim/registers.c"

enum {
    T1,
    T1_READ,
    T2,
    T2_READ,
    ACTIVE_READ,
    ACTIVE_END,
    MARK,
    BIT,
    CLAIM,
    MOVE,
    WRITE,
    READ,
    LABELS
};
static const weak_label move_play = {"move of play", REGISTERS_C,
                                     "slipi_cas_acq_rel(&c->play, &expected", NULL};
static const weak_label labels[LABELS] = {
    [T1] = {"T1", THREADS_C, "slipi_store_release(&device->control[i].order", NULL},
    [T1_READ] = {"T1", THREADS_C, "slipi_load_acquire(&c->order)", NULL},
    [T2] = {"T2", THREADS_C, "slipi_sub_acq_rel(&device->inside", NULL},
    [T2_READ] = {"T2", THREADS_C, "slipi_load_acquire(&device->inside) == 0", NULL},
    [ACTIVE_READ] = {"T2", THREADS_C, "slipi_load_acquire(&device->active) == 0", NULL},
    [ACTIVE_END] = {"core no longer active", REGISTERS_C, "slipi_sub_acq_rel(&device->active",
                    NULL},
    [MARK] = {"R2", REGISTERS_C, "slipi_cas_acq_rel(&c->play, &old", NULL},
    [BIT] = {"R2", REGISTERS_C, "slipi_add_acq_rel(&device->pending", NULL},
    [CLAIM] = {"R2", REGISTERS_C, "slipi_cas_acq_rel(&device->pending[w]", NULL},
    [MOVE] = {"R3", REGISTERS_C, "move_play(c, SIM_PLAY_PLAYED, SIM_PLAY_IDLE)", &move_play},
    [WRITE] = {"write of dispatch", REGISTERS_C, "slipi_store_release(&c->dispatch", NULL},
    [READ] = {"read of dispatch", REGISTERS_C, "slipi_load_acquire(&c->dispatch)", NULL},
};

/*
 * Three are stronger than this needs: the play word, which the writer marks before the bit and the
 * player moves after the claim, orders command and registers too.
 */
static const weak_row rows[] = {
    {T1, WEAK_RELAXED, WEAK_CAUGHT},          {T1_READ, WEAK_RELAXED, WEAK_CAUGHT},
    {T2, WEAK_RELAXED, WEAK_CAUGHT},          {T2_READ, WEAK_RELAXED, WEAK_CAUGHT},
    {ACTIVE_READ, WEAK_RELAXED, WEAK_CAUGHT}, {ACTIVE_END, WEAK_RELAXED, WEAK_CAUGHT},
    {MARK, WEAK_RELAXED, WEAK_CAUGHT},        {BIT, WEAK_RELAXED, WEAK_CAUGHT},
    {CLAIM, WEAK_RELAXED, WEAK_HOLDS},        {MOVE, WEAK_RELAXED, WEAK_CAUGHT},
    {WRITE, WEAK_RELAXED, WEAK_HOLDS},        {READ, WEAK_RELAXED, WEAK_HOLDS},
};

/* Where the host, the control thread or a player is. */
enum { A_INSIDE, A_ORDER, A_WAIT_INSIDE, A_WAIT_ACTIVE, A_END };
enum { B_AWAIT, B_COMMAND, B_MARK, B_COUNT, B_BIT, B_COUNT_LATE, B_LEAVE, B_END };
enum { C_CLAIM, C_PLAY, C_STEP, C_DONE, C_AGAIN, C_GONE };

typedef struct model {
    weak_memory memory;
    uint8_t host;
    uint8_t run;  /* launches */
    uint8_t lent; /* 1: the run's memory is in use */
    uint8_t control;
    uint8_t taken;    /* launches that the control thread took part in */
    uint8_t commands; /* given so far */
    uint8_t seen;     /* last command that the core has taken */
    uint8_t at[PLAYERS];
    uint8_t reserved[7];
} model;

/* ---- host ----------------------------------------------------------------------------------- */

/* All are outside: the memory is freed, or the next run's. */
static enum explore_step evict(model *m, weak_actor a)
{
    m->lent = 0;
    m->host = m->run == RUNS ? A_END : A_INSIDE;
    bool whole = m->seen == m->commands && m->commands == m->run * COMMANDS;
    bool alone = weak_write(a, LAUNCH) && weak_write(a, SM) && weak_write(a, CORE);
    return whole && alone ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* One step of the host. */
static enum explore_step step_host(model *m, weak_actor a)
{
    uint8_t value = 0;
    switch (m->host) {
    case A_INSIDE:
        if (!weak_write(a, LAUNCH)) {
            return EXPLORE_BROKEN;
        }
        m->host = A_ORDER;
        m->lent = 1;
        return weak_store(a, INSIDE, WEAK_RELEASE, 1) ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    case A_ORDER:
        m->run++;
        m->host = A_WAIT_INSIDE;
        return weak_store(a, ORDER, weak_order_of(T1), m->run) ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    case A_WAIT_INSIDE:
        if (!weak_load(a, INSIDE, weak_order_of(T2_READ), &value) || value != 0) {
            return EXPLORE_BLOCKED;
        }
        m->host = A_WAIT_ACTIVE;
        return EXPLORE_MOVED;
    case A_WAIT_ACTIVE:
        if (!weak_load(a, ACTIVE, weak_order_of(ACTIVE_READ), &value) || value != 0) {
            return EXPLORE_BLOCKED;
        }
        return evict(m, a);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* ---- control thread ------------------------------------------------------------------------- */

/* The next command of this run, or its end. */
static void after_command(model *m)
{
    m->control = m->commands == m->taken * COMMANDS ? B_LEAVE : B_COMMAND;
}

/* Marks the core: a read-modify-write also if it is marked already. The loop of the source is one
 * step here; only the swap that succeeds counts. */
static enum explore_step mark(model *m, weak_actor a)
{
    uint8_t old = 0;
    if (!weak_update(a, PLAY, weak_order_of(MARK), (weak_change){WEAK_OR, WAITING, 0}, &old)) {
        return EXPLORE_BLOCKED;
    }
    if (old == IDLE) {
        m->control = B_COUNT;
    } else {
        after_command(m);
    }
    return EXPLORE_MOVED;
}

/* Starts or ends the stay in a run. */
static enum explore_step come_or_go(model *m, weak_actor a)
{
    uint8_t value = 0;
    if (m->control == B_AWAIT) {
        if (!weak_load(a, ORDER, weak_order_of(T1_READ), &value) || value == m->taken) {
            return EXPLORE_BLOCKED;
        }
        m->taken = value;
        m->control = B_COMMAND;
        return m->lent != 0 && weak_read(a, LAUNCH) ? EXPLORE_MOVED : EXPLORE_BROKEN;
    }
    if (m->lent == 0 || !weak_write(a, SM)) {
        return EXPLORE_BROKEN;
    }
    if (!weak_update(a, INSIDE, weak_order_of(T2), (weak_change){WEAK_ADD, 255, 0}, &value)) {
        return EXPLORE_BLOCKED;
    }
    m->control = m->taken == RUNS ? B_END : B_AWAIT;
    return EXPLORE_MOVED;
}

/*
 * Counts the core, then sets its bit. The addition's result is not used, so hardware may let the
 * bit overtake it unless the bit is a release; weak.h does not explore that, so it is spelled out.
 */
static enum explore_step announce(model *m, weak_actor a)
{
    bool overtakes = m->control == B_COUNT && a.choice == WEAK_OTHER;
    uint32_t location = m->control == B_BIT || overtakes ? PENDING : ACTIVE;
    enum weak_order order = location == PENDING ? weak_order_of(BIT) : WEAK_RELAXED;
    uint8_t old = 0;
    if (overtakes && order != WEAK_RELAXED) {
        return EXPLORE_BLOCKED;
    }
    a.choice = overtakes ? 0 : a.choice;
    if (!weak_update(a, location, order, (weak_change){WEAK_ADD, 1, 0}, &old)) {
        return EXPLORE_BLOCKED;
    }
    if (m->control == B_COUNT) {
        m->control = overtakes ? B_COUNT_LATE : B_BIT;
    } else {
        after_command(m);
    }
    return EXPLORE_MOVED;
}

/* One step of the control thread. */
static enum explore_step step_control(model *m, weak_actor a)
{
    switch (m->control) {
    case B_COMMAND:
        m->commands++;
        m->control = B_MARK;
        return weak_store(a, DISPATCH, weak_order_of(WRITE), m->commands) ? EXPLORE_MOVED
                                                                          : EXPLORE_BLOCKED;
    case B_MARK:
        return mark(m, a);
    case B_COUNT:
    case B_BIT:
    case B_COUNT_LATE:
        return announce(m, a);
    case B_END:
        return EXPLORE_BLOCKED;
    default: /* B_AWAIT, B_LEAVE */
        return come_or_go(m, a);
    }
}

/* ---- players -------------------------------------------------------------------------------- */

/* Moves the play word of the core that the player owns. */
static enum explore_step move(model *m, weak_actor a, uint8_t *at)
{
    uint8_t old = 0;
    uint8_t from = *at == C_PLAY ? WAITING : *at == C_DONE ? PLAYED : PLAYED_WAITING;
    weak_change change = {WEAK_SET_IF, *at == C_DONE ? IDLE : PLAYED, from};
    if (!weak_update(a, PLAY, weak_order_of(MOVE), change, &old)) {
        return EXPLORE_BLOCKED;
    }
    if (*at == C_DONE) {
        *at = old == from ? C_GONE : C_AGAIN;
        return EXPLORE_MOVED;
    }
    *at = C_STEP;
    (void)m;
    return old == from ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* One step of the core's program: its own line, and the command. */
static enum explore_step step_core(model *m, weak_actor a, uint8_t *at)
{
    uint8_t command = 0;
    if (m->lent == 0 || !weak_read(a, LAUNCH) || !weak_write(a, CORE)) {
        return EXPLORE_BROKEN;
    }
    if (!weak_load(a, DISPATCH, weak_order_of(READ), &command)) {
        return EXPLORE_BLOCKED;
    }
    *at = C_DONE;
    m->seen = command;
    return EXPLORE_MOVED;
}

/* One step of a player. */
static enum explore_step step_player(model *m, weak_actor a, uint8_t *at)
{
    uint8_t old = 0;
    switch (*at) {
    case C_CLAIM:
        if (!weak_update(a, PENDING, weak_order_of(CLAIM), (weak_change){WEAK_SET_IF, 0, 1},
                         &old) ||
            old != 1) {
            return EXPLORE_BLOCKED;
        }
        *at = C_PLAY;
        return EXPLORE_MOVED;
    case C_STEP:
        return step_core(m, a, at);
    case C_GONE:
        if (!weak_update(a, ACTIVE, weak_order_of(ACTIVE_END), (weak_change){WEAK_ADD, 255, 0},
                         &old)) {
            return EXPLORE_BLOCKED;
        }
        *at = C_CLAIM;
        return old != 0 ? EXPLORE_MOVED : EXPLORE_BROKEN; /* who takes it to 0 ends the run */
    default:                                              /* C_PLAY, C_DONE, C_AGAIN */
        return move(m, a, at);
    }
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    model *m = state;
    return a.thread == HOST      ? step_host(m, a)
           : a.thread == CONTROL ? step_control(m, a)
                                 : step_player(m, a, &m->at[a.thread - 2u]);
}

/* All runs are over. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->host == A_END && m->control == B_END;
}

/* Who loads or stores what; the rest are read-modify-writes. */
static void begin(void *state)
{
    enum { BY_HOST = 1u << HOST, BY_CONTROL = 1u << CONTROL, BY_PLAYERS = 3u << 2 };
    static const uint8_t watchers[] = {
        [ORDER] = BY_HOST | BY_CONTROL,
        [INSIDE] = BY_HOST | BY_CONTROL,
        [ACTIVE] = BY_HOST,
        [PENDING] = 0,
        [PLAY] = 0,
        [DISPATCH] = BY_CONTROL | BY_PLAYERS,
    };
    model *m = state;
    for (uint32_t location = ORDER; location <= DISPATCH; location++) {
        weak_watch(&m->memory, location, watchers[location]);
    }
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
