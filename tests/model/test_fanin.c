/*
 * test_fanin.c - every interleaving of submission and completion: edges are pushed to producers
 * that complete meanwhile, and a task starts once, after all its producers.
 *
 * ctest-labels: model concurrency
 *
 * The orchestrator submits D, which waits for P0, and C, which waits for P0 and P1 but has one edge
 * only: it is pushed to P0, waited for, and used again for P1 (task/edge.c, a chunk of one). Two
 * workers complete P0 and P1 (sched/complete.c). One step is one access to shared memory.
 */
#include "explore_check.h"

/* What is spoiled, one thing at a time. */
enum spoil {
    SPOIL_NOTHING,
    SPOIL_NO_GUARD,             /* fan-in counts up while edges are pushed */
    SPOIL_PUSH_BY_STORE,        /* the push does not compare */
    SPOIL_CLOSE_IN_TWO_STEPS,   /* completion reads the list, then closes it */
    SPOIL_NEXT_AFTER_DECREMENT, /* the edge is read when it is the consumer's again */
    SPOIL_REUSE_WITHOUT_WAITING /* the edge is used again while it is in a list */
};
static enum spoil spoil;

enum { ORCHESTRATOR, WORKER0, WORKER1, PROCESSES };
enum { D, C, TASKS };
enum { GUARD = 100, CLOSED = 255 };

/* Edges, as they are named in lists; 0 is none. */
enum { EDGE_D = 1, EDGE_C = 2 };

/* Where the orchestrator is: the same places for each of three pushes. */
enum { O_LOAD, O_NEXT, O_CAS, O_COUNT, O_WAIT, O_END, O_DONE };

/* Where a worker is. */
enum { W_LIST, W_CLOSE, W_NEXT, W_DECREMENT, W_LATE_NEXT, W_DONE };

typedef struct model {
    uint8_t fanout[2];
    uint8_t fanin[TASKS];
    uint8_t next[3];     /* of each edge */
    uint8_t consumer[3]; /* of each edge */
    uint8_t completed[2];
    uint8_t starts[TASKS];
    uint8_t place; /* orchestrator */
    uint8_t push;  /* 0: D to P0, 1: C to P0, 2: C to P1 */
    uint8_t head;  /* what it has loaded */
    uint8_t pushed;
    uint8_t at[2];  /* workers: place */
    uint8_t ref[2]; /* the edge at hand */
    uint8_t after[2];
} model;

static const uint8_t push_task[3] = {D, C, C};
static const uint8_t push_producer[3] = {0, 0, 1};
static const uint8_t push_edge[3] = {EDGE_D, EDGE_C, EDGE_C};

/* Starts a task; broken if it has started, or a producer has not completed. */
static enum explore_step start(model *m, uint32_t task)
{
    m->starts[task]++;
    bool early = m->completed[0] == 0 || (task == C && m->completed[1] == 0);
    return early || m->starts[task] > 1 ? EXPLORE_BROKEN : EXPLORE_MOVED;
}

/* The next push, or the end of the task's submission. */
static void after_push(model *m)
{
    if (m->push == 1) {
        /* C has a second producer; its edge must come back first. */
        m->place = m->pushed != 0 && spoil != SPOIL_REUSE_WITHOUT_WAITING ? O_WAIT : O_LOAD;
        m->push = m->place == O_LOAD ? 2 : 1;
    } else {
        m->place = O_END;
    }
}

/* Ends a task's submission: replaces the guard by what was pushed. */
static enum explore_step end_submission(model *m)
{
    uint32_t task = push_task[m->push];
    uint8_t surplus = (uint8_t)(GUARD - m->pushed);
    uint8_t before = m->fanin[task];
    m->fanin[task] = (uint8_t)(before - surplus);
    bool ready = before == surplus;
    if (spoil == SPOIL_NO_GUARD) {
        m->fanin[task] = before;
        ready = m->pushed == 0;
    }
    m->pushed = 0;
    m->place = m->push == 2 ? O_DONE : O_LOAD;
    m->push = m->push == 2 ? 2 : 1;
    return ready ? start(m, task) : EXPLORE_MOVED;
}

/* Waits until the edge of the first chunk has been walked. */
static enum explore_step wait_for_chunk(model *m)
{
    uint8_t walked = spoil == SPOIL_NO_GUARD ? 0 : GUARD - 1;
    if (m->fanin[C] != walked) {
        return EXPLORE_BLOCKED;
    }
    m->fanin[C] = spoil == SPOIL_NO_GUARD ? 0 : GUARD;
    m->pushed = 0;
    m->push = 2;
    m->place = O_LOAD;
    return EXPLORE_MOVED;
}

/* One step of the orchestrator. */
static enum explore_step step_orchestrator(model *m)
{
    uint8_t *list = &m->fanout[push_producer[m->push]];
    uint8_t edge = push_edge[m->push];
    switch (m->place) {
    case O_LOAD:
        m->head = *list;
        m->place = O_NEXT;
        if (m->head == CLOSED) {
            after_push(m);
        }
        return EXPLORE_MOVED;
    case O_NEXT:
        m->next[edge] = m->head;
        m->consumer[edge] = push_task[m->push];
        m->place = O_CAS;
        return EXPLORE_MOVED;
    case O_CAS:
        if (*list != m->head && spoil != SPOIL_PUSH_BY_STORE) {
            m->place = O_LOAD;
            return EXPLORE_MOVED;
        }
        *list = edge;
        m->pushed++;
        m->place = O_COUNT;
        return EXPLORE_MOVED;
    case O_COUNT:
        if (spoil == SPOIL_NO_GUARD) {
            m->fanin[push_task[m->push]]++;
        }
        after_push(m);
        return EXPLORE_MOVED;
    case O_WAIT:
        return wait_for_chunk(m);
    case O_END:
        return end_submission(m);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* Goes on to the next edge of a worker's list. */
static void follow(model *m, uint32_t w, uint8_t ref)
{
    m->ref[w] = ref;
    m->at[w] = ref != 0 ? W_NEXT : W_DONE;
}

/* One step of the worker that completes producer w. */
static enum explore_step step_worker(model *m, uint32_t w)
{
    switch (m->at[w]) {
    case W_LIST:
        m->ref[w] = m->fanout[w];
        m->completed[w] = 1;
        if (spoil == SPOIL_CLOSE_IN_TWO_STEPS) {
            m->at[w] = W_CLOSE;
            return EXPLORE_MOVED;
        }
        m->fanout[w] = CLOSED;
        follow(m, w, m->ref[w]);
        return EXPLORE_MOVED;
    case W_CLOSE:
        m->fanout[w] = CLOSED;
        follow(m, w, m->ref[w]);
        return EXPLORE_MOVED;
    case W_NEXT:
        m->after[w] = m->next[m->ref[w]];
        m->at[w] = W_DECREMENT;
        return EXPLORE_MOVED;
    case W_DECREMENT: {
        uint32_t task = m->consumer[m->ref[w]];
        bool last = m->fanin[task]-- == 1;
        if (spoil == SPOIL_NEXT_AFTER_DECREMENT) {
            m->at[w] = W_LATE_NEXT;
        } else {
            follow(m, w, m->after[w]);
        }
        return last ? start(m, task) : EXPLORE_MOVED;
    }
    case W_LATE_NEXT:
        follow(m, w, m->next[m->ref[w]]);
        return EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a process. */
static enum explore_step step(void *state, uint32_t p, uint32_t choice)
{
    (void)choice;
    return p == ORCHESTRATOR ? step_orchestrator(state) : step_worker(state, p - WORKER0);
}

/* Both tasks have started once. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->place == O_DONE && m->at[0] == W_DONE && m->at[1] == W_DONE && m->starts[D] == 1 &&
           m->starts[C] == 1 && m->fanin[C] == 0 && m->fanin[D] == 0;
}

/* The initial state of a variant. */
static void begin(void *state, uint32_t variant)
{
    uint8_t guard = variant == SPOIL_NO_GUARD ? 0 : GUARD;
    spoil = (enum spoil)variant;
    *(model *)state = (model){.fanin = {guard, guard}};
}

static const explore_variant variants[] = {
    [SPOIL_NOTHING] = {"as it is", true},
    [SPOIL_NO_GUARD] = {"no guard", false},
    [SPOIL_PUSH_BY_STORE] = {"push by store", false},
    [SPOIL_CLOSE_IN_TWO_STEPS] = {"close in two steps", false},
    [SPOIL_NEXT_AFTER_DECREMENT] = {"next after decrement", false},
    [SPOIL_REUSE_WITHOUT_WAITING] = {"reuse without waiting", false},
};

int main(void)
{
    static const explore_suite suite = {
        .model = {sizeof(model), PROCESSES, 1, step, ended},
        .begin = begin,
        .variants = variants,
        .variant_count = sizeof(variants) / sizeof(variants[0]),
        .least_states = 100,
    };
    explore_check(&suite);
    return check_report();
}
