/* weak.c - a memory with stale reads; see weak.h. */
#include "weak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bits of weak_view.data. */
enum { DATA_BITS = 1 + WEAK_THREADS };
_Static_assert(WEAK_DATA *DATA_BITS <= 64, "what is known of data fits into a word");
_Static_assert(sizeof(weak_memory) % 8 == 0, "a state has no padding");

/* The bit that says: the last write is known. */
static uint64_t write_bit(uint32_t data)
{
    return UINT64_C(1) << (data * DATA_BITS);
}

/* The bit that says: all reads by a thread are known. */
static uint64_t read_bit(uint32_t data, uint32_t thread)
{
    return UINT64_C(1) << (data * DATA_BITS + 1 + thread);
}

/* Whether an order has an acquire or a release part. */
static bool acquires(enum weak_order order)
{
    return order == WEAK_ACQUIRE || order == WEAK_ACQ_REL || order == WEAK_SEQ_CST;
}
static bool releases(enum weak_order order)
{
    return order == WEAK_RELEASE || order == WEAK_ACQ_REL || order == WEAK_SEQ_CST;
}

/* The bits of all writes. */
static uint64_t all_writes(void)
{
    uint64_t all = 0;
    for (uint32_t d = 0; d < WEAK_DATA; d++) {
        all |= write_bit(d);
    }
    return all;
}

/* Adds what `from` knows to `to`. */
static void join(weak_view *to, const weak_view *from)
{
    to->data |= from->data;
    for (uint32_t i = 0; i < WEAK_LOCATIONS; i++) {
        to->seen[i] = to->seen[i] > from->seen[i] ? to->seen[i] : from->seen[i];
    }
}

/* The thread learns what a view tells; if caches are incoherent, it only hears of new writes. */
static void learn(weak_memory *m, uint32_t thread, const weak_view *from)
{
    weak_view *own = &m->thread[thread];
    uint64_t news = m->incoherent != 0 ? from->data & all_writes() & ~own->data : 0;
    join(own, from);
    own->data &= ~news;
    m->heard[thread] |= news;
}

/* The thread tells what it knows or has heard of, but for writes that it keeps. */
static void tell(const weak_memory *m, uint32_t thread, weak_view *to)
{
    weak_view told = m->thread[thread];
    told.data = (told.data | m->heard[thread]) & ~m->kept;
    join(to, &told);
}

/* Calls a function for every view there is. */
static void for_views(weak_memory *m, void (*change)(weak_view *, const void *), const void *with)
{
    for (uint32_t t = 0; t < m->threads; t++) {
        change(&m->thread[t], with);
    }
    change(&m->lock, with);
    for (uint32_t i = 0; i < WEAK_LOCATIONS; i++) {
        for (uint32_t k = 0; k < m->count[i]; k++) {
            change(&m->message[i][k].view, with);
        }
    }
}

void weak_init(weak_memory *memory, uint32_t threads)
{
    memset(memory, 0, sizeof(*memory));
    memory->threads = (uint8_t)threads;
    for (uint32_t t = 0; t < threads; t++) {
        memory->thread[t].data = UINT64_MAX;
    }
    memset(memory->count, 1, sizeof(memory->count));
    memset(memory->watchers, 0xFF, sizeof(memory->watchers));
}

void weak_watch(weak_memory *memory, uint32_t location, uint32_t threads)
{
    memory->watchers[location] = (uint8_t)threads;
}

void weak_preset(weak_memory *memory, uint32_t location, uint8_t value)
{
    memory->message[location][0].value = value;
}

/* ---- atomics -------------------------------------------------------------------------------- */

/* Number of the oldest message of a location that an access may read or follow. */
static uint32_t oldest(weak_actor a, uint32_t location, enum weak_order order)
{
    const weak_memory *m = a.memory;
    uint32_t seen = m->thread[a.thread].seen[location];
    uint32_t least = order == WEAK_SEQ_CST ? m->seq_cst[location] : 0;
    return seen > least ? seen : least;
}

/* The message that the actor's choice names, from the newest; false if it may not be read. */
static bool choose(weak_actor a, uint32_t location, enum weak_order order, uint32_t *out)
{
    uint32_t count = a.memory->count[location];
    *out = count - 1 - a.choice;
    return a.choice < count && *out >= oldest(a, location, order);
}

/* Takes what a message tells. */
static uint8_t see(weak_actor a, uint32_t location, uint32_t number, bool acquire)
{
    weak_view *own = &a.memory->thread[a.thread];
    const weak_message *message = &a.memory->message[location][number];
    own->seen[location] = (uint8_t)number;
    if (acquire) {
        learn(a.memory, a.thread, &message->view);
    }
    return message->value;
}

bool weak_load(weak_actor a, uint32_t location, enum weak_order order, uint8_t *out_value)
{
    uint32_t number = 0;
    if (!choose(a, location, order, &number)) {
        return false;
    }
    *out_value = see(a, location, number, acquires(order));
    return true;
}

/* Where a message is put. */
typedef struct place {
    uint32_t location;
    uint32_t number;
} place;

/* Messages from a place on have moved by one. */
static void move_on(weak_view *view, const void *with)
{
    const place *at = with;
    if (view->seen[at->location] >= at->number) {
        view->seen[at->location]++;
    }
}

/* Puts an empty message before what was message `number`. */
static weak_message *insert(weak_memory *m, uint32_t location, uint32_t number)
{
    if (m->count[location] == WEAK_MESSAGES) {
        fprintf(stderr, "location %u has more than WEAK_MESSAGES messages\n", location);
        abort();
    }
    place at = {location, number};
    for_views(m, move_on, &at);
    if (m->seq_cst[location] >= number) {
        m->seq_cst[location]++;
    }
    weak_message *messages = m->message[location];
    memmove(&messages[number + 1], &messages[number],
            (m->count[location] - number) * sizeof(*messages));
    memset(&messages[number], 0, sizeof(*messages));
    m->count[location]++;
    return &messages[number];
}

/* Fills an inserted message, which its thread has seen. */
static void fill(weak_actor a, place at, enum weak_order order, uint8_t value)
{
    weak_memory *m = a.memory;
    weak_message *message = &m->message[at.location][at.number];
    weak_view *own = &m->thread[a.thread];
    own->seen[at.location] = (uint8_t)at.number;
    message->value = value;
    if (releases(order)) {
        tell(m, a.thread, &message->view);
    }
    if (order == WEAK_SEQ_CST && m->seq_cst[at.location] < at.number) {
        m->seq_cst[at.location] = (uint8_t)at.number;
    }
}

/* Whether a message may be put behind this one: no read-modify-write of it is there. */
static bool is_open(const weak_memory *m, uint32_t location, uint32_t number)
{
    return number + 1 >= m->count[location] || m->message[location][number + 1].adjacent == 0;
}

bool weak_store(weak_actor a, uint32_t location, enum weak_order order, uint8_t value)
{
    uint32_t before = 0;
    if (!choose(a, location, order, &before) || !is_open(a.memory, location, before)) {
        return false;
    }
    (void)insert(a.memory, location, before + 1);
    fill(a, (place){location, before + 1}, order, value);
    return true;
}

bool weak_update(weak_actor a, uint32_t location, enum weak_order order, weak_change change,
                 uint8_t *out_old)
{
    weak_memory *m = a.memory;
    uint32_t number = 0;
    if (!choose(a, location, order, &number)) {
        return false;
    }
    uint8_t old = m->message[location][number].value;
    bool fails = change.kind == WEAK_SET_IF && old != change.expected;
    if (!fails && !is_open(m, location, number)) {
        return false;
    }
    *out_old = see(a, location, number, acquires(order));
    if (fails) {
        return true;
    }
    weak_message *message = insert(m, location, number + 1);
    message->adjacent = 1;
    message->view = m->message[location][number].view;
    uint8_t value = change.kind == WEAK_ADD  ? (uint8_t)(old + change.value)
                    : change.kind == WEAK_OR ? (uint8_t)(old | change.value)
                                             : change.value;
    fill(a, (place){location, number + 1}, order, value);
    return true;
}

/* ---- data, locks, threads ------------------------------------------------------------------- */

/* A change of bits in every view. */
typedef struct bits {
    uint64_t clear;
    uint64_t set;
} bits;

/* Changes the bits of one view. */
static void change_bits(weak_view *view, const void *with)
{
    const bits *b = with;
    view->data = (view->data & ~b->clear) | b->set;
}

bool weak_read(weak_actor a, uint32_t data)
{
    weak_view *own = &a.memory->thread[a.thread];
    if ((own->data & write_bit(data)) == 0) {
        return false;
    }
    bits news = {read_bit(data, a.thread), 0};
    for_views(a.memory, change_bits, &news);
    own->data |= read_bit(data, a.thread);
    return true;
}

bool weak_write(weak_actor a, uint32_t data)
{
    weak_view *own = &a.memory->thread[a.thread];
    uint64_t all_reads = ((UINT64_C(1) << WEAK_THREADS) - 1) * read_bit(data, 0);
    uint64_t needed = write_bit(data) | all_reads;
    if ((own->data & needed) != needed) {
        return false;
    }
    /* Who knows of this write knows of the reads before it. */
    bits news = {write_bit(data), all_reads};
    for_views(a.memory, change_bits, &news);
    own->data |= write_bit(data);
    for (uint32_t t = 0; t < WEAK_THREADS; t++) {
        a.memory->heard[t] &= ~write_bit(data);
    }
    a.memory->kept |= a.memory->incoherent != 0 ? write_bit(data) : 0;
    return true;
}

void weak_publish(weak_actor a, uint32_t data)
{
    if ((a.memory->thread[a.thread].data & write_bit(data)) != 0) {
        a.memory->kept &= ~write_bit(data);
    }
}

void weak_acquire(weak_actor a, uint32_t data)
{
    uint64_t *heard = &a.memory->heard[a.thread];
    a.memory->thread[a.thread].data |= *heard & write_bit(data);
    *heard &= ~write_bit(data);
}

void weak_lock(weak_actor a)
{
    learn(a.memory, a.thread, &a.memory->lock);
    tell(a.memory, a.thread, &a.memory->lock);
}

void weak_start(weak_actor maker, uint32_t thread)
{
    join(&maker.memory->thread[thread], &maker.memory->thread[maker.thread]);
}

void weak_end(weak_actor a)
{
    a.memory->ended |= (uint8_t)(1u << a.thread);
}

/* ---- canonical form ------------------------------------------------------------------------- */

/* What all threads that go on know: messages need not tell it. */
static weak_view common_view(const weak_memory *m)
{
    weak_view common;
    memset(&common, 0xFF, sizeof(common));
    for (uint32_t t = 0; t < m->threads; t++) {
        if ((m->ended >> t & 1u) != 0) {
            continue;
        }
        common.data &= m->thread[t].data;
        for (uint32_t i = 0; i < WEAK_LOCATIONS; i++) {
            uint8_t seen = (m->watchers[i] >> t & 1u) != 0 ? m->thread[t].seen[i] : UINT8_MAX;
            common.seen[i] = common.seen[i] < seen ? common.seen[i] : seen;
        }
    }
    for (uint32_t i = 0; i < WEAK_LOCATIONS; i++) {
        uint8_t newest = (uint8_t)(m->count[i] - 1u);
        common.seen[i] = common.seen[i] < newest ? common.seen[i] : newest;
    }
    return common;
}

/* Renumbers the messages that a view names. */
static void renumber(weak_view *view, const void *with)
{
    const weak_view *common = with;
    for (uint32_t i = 0; i < WEAK_LOCATIONS; i++) {
        uint8_t seen = view->seen[i];
        view->seen[i] = seen > common->seen[i] ? (uint8_t)(seen - common->seen[i]) : 0;
    }
}

/* Forgets the messages of a location before `first`. */
static void forget(weak_memory *m, uint32_t location, uint8_t first)
{
    weak_message *messages = m->message[location];
    uint32_t left = m->count[location] - (uint32_t)first;
    memmove(messages, messages + first, left * sizeof(*messages));
    memset(messages + left, 0, first * sizeof(*messages));
    messages[0].adjacent = 0;
    m->count[location] = (uint8_t)left;
    uint8_t newest = m->seq_cst[location];
    m->seq_cst[location] = newest > first ? (uint8_t)(newest - first) : 0;
}

void weak_settle(weak_memory *m)
{
    weak_view common = common_view(m);
    for (uint32_t t = 0; t < m->threads; t++) {
        if ((m->ended >> t & 1u) != 0) {
            memset(&m->thread[t], 0, sizeof(m->thread[t]));
        }
    }
    for_views(m, renumber, &common);
    for (uint32_t i = 0; i < WEAK_LOCATIONS; i++) {
        if (common.seen[i] != 0) {
            forget(m, i, common.seen[i]);
        }
        for (uint32_t k = 0; k < m->count[i]; k++) {
            m->message[i][k].view.data &= ~common.data;
        }
    }
    m->lock.data &= ~common.data;
}
