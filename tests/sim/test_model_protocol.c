/*
 * test_model_protocol.c - all interleavings of one control thread and one core that speak the
 * register protocol (src/abi/dispatch.h): every task runs once with its own mailbox, its finish is
 * not taken for another's, a stop reaches the core whenever it comes, run after run.
 *
 * A step is one access to memory or to a register. Sequences wrap after three values here. A stop
 * may overwrite a command that the core has not seen, so the core can be two commands behind: three
 * values are needed, and as only equality is ever asked for, three are as good as 65535.
 * Spoiled variants must be caught, else the model would prove nothing.
 * ctest-labels: sim unit
 */
#include "explore_check.h"

enum { RUNS = 3, TASKS = 2, CONTROL = 0, CORE = 1, PROCESSES = 2, CHOICES = 2 };
enum { RUN = 0x10, STOP = 0x20, ACK = 0x10, FIN = 0x20, STOPPED = 0x40, SEQUENCE = 0x0F };

enum spoil {
    SPOIL_NOTHING,
    SPOIL_ONE_SEQUENCE,           /* the sequence does not change */
    SPOIL_TWO_SEQUENCES,          /* it wraps after two values */
    SPOIL_REGISTER_FIRST,         /* the command is written before the mailbox */
    SPOIL_FINISH_FIRST,           /* FIN is written before the results */
    SPOIL_STOP_IN_MAILBOX,        /* stop changes the mailbox, which a busy core may be reading */
    SPOIL_FINISH_WITHOUT_SEQUENCE /* any FIN is taken for the task's */
};
static enum spoil spoil;

enum { K_COMMAND, K_PAYLOAD, K_REGISTER, K_WAIT, K_STOP, K_STOPPED, K_END };
enum { R_POLL, R_COMMAND, R_PAYLOAD, R_ACK, R_RESULT, R_FIN, R_LEFT };

typedef struct model {
    uint8_t box_command; /* mailbox */
    uint8_t box_payload;
    uint8_t dispatch; /* registers */
    uint8_t status;
    uint8_t seen; /* core line */
    uint8_t result;
    uint8_t control; /* control thread */
    uint8_t command;
    uint8_t task; /* number of the task at hand, from 1 and across runs */
    uint8_t tasks_left;
    uint8_t runs_left;
    uint8_t core; /* core */
    uint8_t got_payload;
} model;

/* The command after this one. */
static uint8_t next_command(const model *m, uint8_t kind)
{
    uint8_t last = spoil == SPOIL_ONE_SEQUENCE ? 1 : spoil == SPOIL_TWO_SEQUENCES ? 2 : 3;
    uint8_t sequence = (uint8_t)((m->command & SEQUENCE) % last + 1u);
    return (uint8_t)(kind | sequence);
}

/* Starts the next task, or stops. */
static void next_task(model *m)
{
    if (m->tasks_left == 0) {
        m->control = K_STOP;
        return;
    }
    m->tasks_left--;
    m->task++;
    m->command = next_command(m, RUN);
    m->control = spoil == SPOIL_REGISTER_FIRST ? K_REGISTER : K_COMMAND;
}

/* Looks at the status register, or gives the run up. */
static enum explore_step step_wait(model *m, uint32_t choice)
{
    if (choice == 1) {
        m->control = K_STOP; /* at any time */
        return EXPLORE_MOVED;
    }
    bool any = spoil == SPOIL_FINISH_WITHOUT_SEQUENCE && (m->status & FIN) != 0;
    if (!any && m->status != (FIN | (m->command & SEQUENCE))) {
        return EXPLORE_BLOCKED;
    }
    if (m->result != m->task) {
        return EXPLORE_BROKEN;
    }
    next_task(m);
    return EXPLORE_MOVED;
}

/* One step of the control thread. */
static enum explore_step step_control(model *m, uint32_t choice)
{
    if (m->control == K_WAIT) {
        return step_wait(m, choice);
    }
    if (choice != 0) {
        return EXPLORE_BLOCKED;
    }
    switch (m->control) {
    case K_COMMAND:
        m->box_command = m->command;
        m->control = K_PAYLOAD;
        break;
    case K_PAYLOAD:
        m->box_payload = m->task;
        m->control = spoil == SPOIL_REGISTER_FIRST ? K_WAIT : K_REGISTER;
        break;
    case K_REGISTER:
        m->dispatch = m->command;
        m->control = spoil == SPOIL_REGISTER_FIRST ? K_COMMAND : K_WAIT;
        break;
    case K_STOP:
        m->command = next_command(m, STOP);
        if (spoil == SPOIL_STOP_IN_MAILBOX) {
            m->box_command = m->command;
        }
        m->dispatch = m->command;
        m->control = K_STOPPED;
        break;
    case K_STOPPED:
        if (m->core != R_LEFT) {
            return EXPLORE_BLOCKED;
        }
        if (m->runs_left == 0) {
            m->control = K_END;
            break;
        }
        m->runs_left--;
        m->tasks_left = TASKS;
        m->core = R_POLL; /* the next launch starts the core again */
        next_task(m);
        break;
    default:
        return EXPLORE_BLOCKED;
    }
    return EXPLORE_MOVED;
}

/* Takes a new command, if there is one. */
static enum explore_step step_poll(model *m)
{
    if (m->dispatch == m->seen) {
        return EXPLORE_BLOCKED;
    }
    m->seen = m->dispatch;
    m->core = R_COMMAND;
    if ((m->seen & STOP) != 0) {
        m->status = (uint8_t)(STOPPED | (m->seen & SEQUENCE));
        m->core = R_LEFT;
    }
    return EXPLORE_MOVED;
}

/* One step of the core. */
static enum explore_step step_core(model *m)
{
    switch (m->core) {
    case R_POLL:
        return step_poll(m);
    case R_COMMAND:
        if (m->box_command != m->seen) {
            return EXPLORE_BROKEN;
        }
        m->core = R_PAYLOAD;
        break;
    case R_PAYLOAD:
        m->got_payload = m->box_payload;
        m->core = R_ACK;
        break;
    case R_ACK:
        m->status = (uint8_t)(ACK | (m->seen & SEQUENCE));
        m->core = spoil == SPOIL_FINISH_FIRST ? R_FIN : R_RESULT;
        break;
    case R_RESULT:
        m->result = m->got_payload;
        m->core = spoil == SPOIL_FINISH_FIRST ? R_POLL : R_FIN;
        break;
    case R_FIN:
        m->status = (uint8_t)(FIN | (m->seen & SEQUENCE));
        m->core = spoil == SPOIL_FINISH_FIRST ? R_RESULT : R_POLL;
        break;
    default:
        return EXPLORE_BLOCKED;
    }
    return EXPLORE_MOVED;
}

/* One step of a process. */
static enum explore_step step(void *state, uint32_t p, uint32_t choice)
{
    if (p == CONTROL) {
        return step_control(state, choice);
    }
    return choice == 0 ? step_core(state) : EXPLORE_BLOCKED;
}

/* All runs over, the core has left. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->control == K_END && m->core == R_LEFT && m->runs_left == 0;
}

/* The initial state of a variant. */
static void begin(void *state, uint32_t variant)
{
    spoil = (enum spoil)variant;
    *(model *)state = (model){.control = K_STOPPED, .core = R_LEFT, .runs_left = RUNS};
}

static const explore_variant variants[] = {
    [SPOIL_NOTHING] = {"as it is", true},
    [SPOIL_ONE_SEQUENCE] = {"one sequence", false},
    [SPOIL_TWO_SEQUENCES] = {"two sequences", false},
    [SPOIL_REGISTER_FIRST] = {"register first", false},
    [SPOIL_FINISH_FIRST] = {"finish first", false},
    [SPOIL_STOP_IN_MAILBOX] = {"stop in mailbox", false},
    [SPOIL_FINISH_WITHOUT_SEQUENCE] = {"finish without sequence", false},
};

int main(void)
{
    static const explore_suite suite = {
        .model = {sizeof(model), PROCESSES, CHOICES, step, ended},
        .begin = begin,
        .variants = variants,
        .variant_count = sizeof(variants) / sizeof(variants[0]),
        .least_states = 100,
    };
    explore_check(&suite);
    return check_report();
}
