/*
 * test_weak_turns.c - the first come, first served lock, the queue that a first submission makes,
 * and the handle of a submitted run, under weak memory.
 *
 * ctest-labels: model unit
 *
 * Mirrors src/base/turns.h without its sleep, which test_weak_event.c explores, and of
 * src/runner/queue.c and submit.c the two words that are read without a lock. Three threads take
 * the lock once each and write the same data under it. The first of them then makes the queue and
 * ends a run; the second one sees both and reads what they came with.
 */
#include "weak_suite.h"

enum { MAKER, READER, OTHER, THREADS };
enum { NEXT, SERVING, SUBMITS, STATE };
enum { UNDER_LOCK, QUEUE, RESULT };

enum { W1, W2, S1, S2, S3, S4, TICKET, LABELS };
static const weak_label labels[LABELS] = {
    [W1] = {"W1", "src/base/turns.h", "slipi_store_release(&turns->serving, served)", NULL},
    [W2] = {"W2", "src/base/turns.h", "slipi_load_acquire(&turns->serving) != ticket", NULL},
    [S1] = {"S1", "src/runner/queue.c", "slipi_store_release(&sub->state", NULL},
    [S2] = {"S2", "src/runner/submit.c", "slipi_load_acquire(&sub->state) ==", NULL},
    [S3] = {"S3", "src/runner/queue.c", "slipi_store_release(&runner->submits, 1u)", NULL},
    [S4] = {"S4", "src/runner/queue.c", "slipi_load_acquire(&runner->submits) != 0", NULL},
    [TICKET] = {"a ticket", "src/base/turns.h", "slipi_add_relaxed(&turns->next, 1u)", NULL},
};

static const weak_row rows[] = {
    {W1, WEAK_RELAXED, WEAK_CAUGHT},    {W2, WEAK_RELAXED, WEAK_CAUGHT},
    {S1, WEAK_RELAXED, WEAK_CAUGHT},    {S2, WEAK_RELAXED, WEAK_CAUGHT},
    {S3, WEAK_RELAXED, WEAK_CAUGHT},    {S4, WEAK_RELAXED, WEAK_CAUGHT},
    {TICKET, WEAK_RELAXED, WEAK_HOLDS},
};

/* Where a thread is. */
enum { TAKE, AWAIT, LEAVE, FIRST, SECOND, END };

typedef struct model {
    weak_memory memory;
    uint8_t at[THREADS];
    uint8_t ticket[THREADS];
    uint8_t inside; /* threads under the lock */
    uint8_t reserved;
} model;

/* Stores 1; the data was written before. */
static enum explore_step announce(model *m, weak_actor a, uint32_t word, uint32_t label)
{
    if (!weak_store(a, word, weak_order_of(label), 1)) {
        return EXPLORE_BLOCKED;
    }
    m->at[a.thread]++;
    /* After the queue was announced the result is written: only its own announcement shows it. */
    return word != SUBMITS || weak_write(a, RESULT) ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* Waits for 1, then reads data. */
static enum explore_step see(model *m, weak_actor a, uint32_t data, uint32_t word, uint32_t label)
{
    uint8_t value = 0;
    if (!weak_load(a, word, weak_order_of(label), &value) || value == 0) {
        return EXPLORE_BLOCKED;
    }
    m->at[a.thread]++;
    return weak_read(a, data) ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* The part behind the lock. */
static enum explore_step after(model *m, weak_actor a)
{
    bool first = m->at[a.thread] == FIRST;
    enum explore_step moved =
        a.thread == MAKER
            ? announce(m, a, first ? SUBMITS : STATE, first ? S3 : S1)
            : see(m, a, first ? QUEUE : RESULT, first ? SUBMITS : STATE, first ? S4 : S2);
    if (m->at[a.thread] == END) {
        weak_end(a);
    }
    return moved;
}

/* Under the lock: alone, and what the others wrote there is known. */
static enum explore_step enter(model *m, weak_actor a)
{
    uint8_t serving = 0;
    if (!weak_load(a, SERVING, weak_order_of(W2), &serving) || serving != m->ticket[a.thread]) {
        return EXPLORE_BLOCKED;
    }
    m->at[a.thread] = LEAVE;
    return m->inside++ == 0 && weak_write(a, UNDER_LOCK) ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* Serves the next one. The maker writes the queue behind it. */
static enum explore_step leave(model *m, weak_actor a)
{
    if (!weak_store(a, SERVING, weak_order_of(W1), (uint8_t)(m->ticket[a.thread] + 1u))) {
        return EXPLORE_BLOCKED;
    }
    m->inside--;
    m->at[a.thread] = a.thread == OTHER ? END : FIRST;
    if (a.thread == OTHER) {
        weak_end(a);
    }
    return a.thread != MAKER || weak_write(a, QUEUE) ? EXPLORE_MOVED : EXPLORE_BROKEN;
}

/* One step of a thread. */
static enum explore_step step(void *state, weak_actor a)
{
    model *m = state;
    switch (m->at[a.thread]) {
    case TAKE:
        if (!weak_update(a, NEXT, weak_order_of(TICKET), (weak_change){WEAK_ADD, 1, 0},
                         &m->ticket[a.thread])) {
            return EXPLORE_BLOCKED;
        }
        m->at[a.thread] = AWAIT;
        return EXPLORE_MOVED;
    case AWAIT:
        return enter(m, a);
    case LEAVE:
        return leave(m, a);
    case FIRST:
    case SECOND:
        return after(m, a);
    default:
        return EXPLORE_BLOCKED;
    }
}

/* All have been through. */
static bool ended(const void *state)
{
    const model *m = state;
    return m->at[MAKER] == END && m->at[READER] == END && m->at[OTHER] == END;
}

/* Only read-modify-writes access the tickets. */
static void begin(void *state)
{
    model *m = state;
    weak_watch(&m->memory, NEXT, 0);
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
