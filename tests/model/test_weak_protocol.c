/*
 * test_weak_protocol.c - the register protocol under weak memory: a core reads the mailbox and the
 * slot of its own command, and the control thread the result of its own task.
 *
 * ctest-labels: sim model unit
 *
 * Mirrors publish_run, start, poll_block, collect and slipi_dispatcher_stop
 * (src/device/dispatch.c), acquire_run, run_task and core_step (src/device/core_loop.c). One
 * control thread gives one core two tasks in each of three runs, or gives a run up at any time.
 * Sequences wrap after three values, as in tests/sim/test_model_protocol.c. A register write is a
 * release and a register read an acquire; the names of the simulator's accesses say so. Control and
 * core have caches of their own. All writes of a register but those with a label are relaxed here.
 * The core leaves a run before the next one begins.
 */
#include "weak_suite.h"

enum { CONTROL, CORE, THREADS };
enum { DISPATCH, STATUS };
enum { BOX, SLOT, LINE, LAUNCH }; /* data */
enum { RUNS = 3, TASKS = 2, SEQUENCES = 3 };
enum { RUN = 0x10, STOP = 0x20, ACK = 0x10, FIN = 0x20, STOPPED = 0x40, SEQUENCE = 0x0F };

static const char registers[] = "src/platform/sim/registers.c";
static const weak_label write_dispatch = {"write of dispatch", registers,
                                          "slipi_store_release(&c->dispatch, value)", NULL};
static const weak_label read_dispatch = {"read of dispatch", registers,
                                         "slipi_load_acquire(&c->dispatch)", NULL};
static const weak_label write_status = {"R1", registers, "slipi_store_release(&c->status, value)",
                                        NULL};
static const weak_label read_status = {"R1", registers, "slipi_load_acquire(&c->status)", NULL};

enum {
    D1,
    C1,
    C2,
    D2,
    PUBLISH_RUN,
    PUBLISH_BOX,
    PUBLISH_SLOT,
    PUBLISH_LINE,
    ACQUIRE_RUN,
    ACQUIRE_BOX,
    ACQUIRE_SLOT,
    ACQUIRE_LINE,
    LABELS
};
static const char dispatch[] = "src/device/dispatch.c";
static const char core_loop[] = "src/device/core_loop.c";
static const weak_label labels[LABELS] = {
    [D1] = {"D1", dispatch, "s->reg_write(s->device, core, s->info.reg_dispatch", &write_dispatch},
    [C1] = {"C1", core_loop, "slipi_core_acquire(&v->port, CORE_ADDRESS(box)", &read_dispatch},
    [C2] = {"C2", core_loop, "slipi_core_answer(&v->port, SLIPI_COND_FIN", &write_status},
    [D2] = {"D2", dispatch, "s->acquire(s->device, &page->line", &read_status},
    [PUBLISH_RUN] = {"D0", dispatch, "s->publish(s->device, launch, sizeof(*launch))", NULL},
    [PUBLISH_BOX] = {"to the core", dispatch, "s->publish(s->device, box, sizeof(*box))", NULL},
    [PUBLISH_SLOT] = {"to the core", dispatch, "s->publish(s->device, slot, sizeof(*slot))", NULL},
    [PUBLISH_LINE] = {"to control", core_loop, "slipi_core_publish(&v->port, CORE_ADDRESS(line)",
                      NULL},
    [ACQUIRE_RUN] = {"C0", core_loop, "slipi_core_acquire(&v->port, CORE_ADDRESS(launch)", NULL},
    [ACQUIRE_BOX] = {"C1", core_loop, "slipi_core_acquire(&v->port, CORE_ADDRESS(box)", NULL},
    [ACQUIRE_SLOT] = {"by the core", core_loop, "slipi_core_acquire(&v->port, CORE_ADDRESS(slot)",
                      NULL},
    [ACQUIRE_LINE] = {"D2", dispatch, "s->acquire(s->device, &page->line", NULL},
};

/* A publish or acquire that is relaxed is one that is left out. */
static const weak_row rows[] = {
    {D1, WEAK_RELAXED, WEAK_CAUGHT},           {C1, WEAK_RELAXED, WEAK_CAUGHT},
    {C2, WEAK_RELAXED, WEAK_CAUGHT},           {D2, WEAK_RELAXED, WEAK_CAUGHT},
    {PUBLISH_BOX, WEAK_RELAXED, WEAK_CAUGHT},  {PUBLISH_SLOT, WEAK_RELAXED, WEAK_CAUGHT},
    {PUBLISH_LINE, WEAK_RELAXED, WEAK_CAUGHT}, {ACQUIRE_BOX, WEAK_RELAXED, WEAK_CAUGHT},
    {ACQUIRE_SLOT, WEAK_RELAXED, WEAK_CAUGHT}, {ACQUIRE_LINE, WEAK_RELAXED, WEAK_CAUGHT},
    {PUBLISH_RUN, WEAK_RELAXED, WEAK_CAUGHT},  {ACQUIRE_RUN, WEAK_RELAXED, WEAK_CAUGHT},
};

/* Where the control thread or the core is. */
enum { K_LAUNCH, K_START, K_WAIT, K_STOP, K_STOPPED, K_END };
enum { R_OUT, R_POLL, R_ACK, R_FIN, R_STOP };

typedef struct model {
    weak_memory memory;
    uint8_t control;
    uint8_t command;
    uint8_t task; /* number of the task at hand, across runs */
    uint8_t runs;
    uint8_t left; /* tasks of this run */
    uint8_t core;
    uint8_t seen;
    uint8_t box_command;
    uint8_t box_task;
    uint8_t result;
    uint8_t box_run;
    uint8_t run_seen; /* by the core */
    uint8_t reserved[4];
} model;

/* The command after this one. */
static uint8_t next_command(const model *m, uint8_t kind)
{
    return (uint8_t)(kind | ((m->command & SEQUENCE) % SEQUENCES + 1u));
}

/* Publishes or acquires data, unless the variant leaves it out. */
static void cross(weak_actor a, uint32_t label, uint32_t data)
{
    if (weak_order_of(label) == WEAK_RELEASE) {
        weak_publish(a, data);
    } else if (weak_order_of(label) == WEAK_ACQUIRE) {
        weak_acquire(a, data);
    }
}

/* Starts a task: slot and mailbox, then [D1]. */
static enum explore_step start(model *m, weak_actor a)
{
    if (!weak_write(a, SLOT) || !weak_write(a, BOX)) {
        return EXPLORE_BROKEN;
    }
    cross(a, PUBLISH_SLOT, SLOT);
    cross(a, PUBLISH_BOX, BOX);
    m->command = next_command(m, RUN);
    m->box_command = m->command;
    m->box_task = ++m->task;
    m->box_run = m->runs;
    m->left--;
    m->control = K_WAIT;
    return weak_store(a, DISPATCH, weak_order_of(D1), m->command) ? EXPLORE_MOVED : EXPLORE_BLOCKED;
}

/* [D2], or gives the run up. */
static enum explore_step poll(model *m, weak_actor a)
{
    uint8_t status = 0;
    if (a.choice == WEAK_OTHER) {
        m->control = K_STOP;
        return EXPLORE_MOVED;
    }
    if (!weak_load(a, STATUS, weak_order_of(D2), &status) ||
        status != (FIN | (m->command & SEQUENCE))) {
        return EXPLORE_BLOCKED;
    }
    m->control = m->left != 0 ? K_START : K_STOP;
    cross(a, ACQUIRE_LINE, LINE);
    return weak_read(a, LINE) && m->result == m->task ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* One step of the control thread. */
static enum explore_step step_control(model *m, weak_actor a)
{
    switch (m->control) {
    case K_LAUNCH:
        m->runs++;
        m->left = TASKS;
        m->core = R_POLL;
        m->control = K_START;
        if (!weak_write(a, LAUNCH)) {
            return EXPLORE_BROKEN;
        }
        cross(a, PUBLISH_RUN, LAUNCH);
        return a.choice == 0 ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    case K_START:
        return start(m, a);
    case K_WAIT:
        return poll(m, a);
    case K_STOP:
        m->command = next_command(m, STOP);
        m->control = K_STOPPED;
        return weak_store(a, DISPATCH, WEAK_RELAXED, m->command) ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    case K_STOPPED:
        if (m->core != R_OUT || a.choice != 0) {
            return EXPLORE_BLOCKED;
        }
        weak_lock(a); /* the end of the run orders the core before the next one */
        m->control = m->runs == RUNS ? K_END : K_LAUNCH;
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* [C1]: a value other than the last one taken; then mailbox and slot. */
static enum explore_step take(model *m, weak_actor a)
{
    uint8_t command = 0;
    if (!weak_load(a, DISPATCH, weak_order_of(C1), &command) || command == m->seen) {
        return EXPLORE_BLOCKED;
    }
    m->seen = command;
    m->core = R_STOP;
    if ((command & STOP) != 0) {
        return EXPLORE_MOVED;
    }
    m->core = R_ACK;
    cross(a, ACQUIRE_BOX, BOX);
    bool valid = weak_read(a, BOX) && m->box_command == command;
    if (m->run_seen != m->box_run) { /* both are read in the core's own memory */
        cross(a, ACQUIRE_RUN, LAUNCH);
        m->run_seen = m->box_run;
    }
    cross(a, ACQUIRE_SLOT, SLOT);
    valid = valid && weak_read(a, LAUNCH) && weak_read(a, SLOT);
    return valid ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* One step of the core. */
static enum explore_step step_core(model *m, weak_actor a)
{
    uint8_t sequence = m->seen & SEQUENCE;
    switch (m->core) {
    case R_POLL:
        return take(m, a);
    case R_ACK:
        m->core = R_FIN;
        return weak_store(a, STATUS, WEAK_RELAXED, ACK | sequence) ? EXPLORE_MOVED
                                                                   : EXPLORE_BLOCKED;
    case R_FIN:
        if (!weak_read(a, SLOT) || !weak_write(a, LINE)) {
            return EXPLORE_BROKEN;
        }
        cross(a, PUBLISH_LINE, LINE);
        m->result = m->box_task;
        m->core = R_POLL;
        return weak_store(a, STATUS, weak_order_of(C2), FIN | sequence) ? EXPLORE_MOVED
                                                                        : EXPLORE_BLOCKED;
    case R_STOP:
        if (!weak_store(a, STATUS, WEAK_RELAXED, STOPPED | sequence)) {
            return EXPLORE_BLOCKED;
        }
        weak_lock(a);
        m->core = R_OUT;
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    return a.thread == CONTROL ? step_control(state, a) : step_core(state, a);
}

/* All runs are over. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->control == K_END;
}

/* Control and core have caches of their own. */
static void begin(void *state)
{
    model *m = state;
    m->memory.incoherent = 1;
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
        .least_states = 200,
    };
    weak_check(&suite);
    return check_report();
}
