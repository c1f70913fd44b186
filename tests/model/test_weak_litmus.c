/*
 * test_weak_litmus.c - the weak memory of the models shows what C11 allows in small known programs,
 * and nothing that it forbids.
 *
 * ctest-labels: model unit
 *
 * Each litmus test is a program of at most four threads, an outcome in the registers, and whether
 * some execution ends with it.
 */
#include "check.h"
#include "weak.h"

enum { X, Y, Z, LOCATIONS };
enum { MAX_OPS = 4, REGISTERS = 4, SCRATCH = REGISTERS };

enum op_kind {
    OP_END,
    OP_STORE,
    OP_LOAD,
    OP_ADD,
    OP_CAS,
    OP_AWAIT,
    OP_WRITE,
    OP_READ,
    OP_PUBLISH,
    OP_ACQUIRE
};

/* One operation: of a location (or data) with an order; register or value. */
typedef struct op {
    enum op_kind kind;
    uint8_t location;
    enum weak_order order;
    uint8_t value; /* stored, added, or waited for; of OP_CAS from this to one more */
    uint8_t reg;   /* that takes what was read; SCRATCH is no part of an outcome */
} op;

#define ST(location, order, value)                 \
    {                                              \
        OP_STORE, location, WEAK_##order, value, 0 \
    }
#define LD(location, order, reg)                \
    {                                           \
        OP_LOAD, location, WEAK_##order, 0, reg \
    }
#define ADD(location, order, value, reg)           \
    {                                              \
        OP_ADD, location, WEAK_##order, value, reg \
    }
#define CAS(location, order, value, reg)           \
    {                                              \
        OP_CAS, location, WEAK_##order, value, reg \
    }
#define AWAIT(location, order, value)              \
    {                                              \
        OP_AWAIT, location, WEAK_##order, value, 0 \
    }
#define WRITE(data)                        \
    {                                      \
        OP_WRITE, data, WEAK_RELAXED, 0, 0 \
    }
#define READ(data)                        \
    {                                     \
        OP_READ, data, WEAK_RELAXED, 0, 0 \
    }

#define PUBLISH(data)                        \
    {                                        \
        OP_PUBLISH, data, WEAK_RELAXED, 0, 0 \
    }
#define ACQUIRES(data)                       \
    {                                        \
        OP_ACQUIRE, data, WEAK_RELAXED, 0, 0 \
    }

enum { ALLOWED, FORBIDDEN, RACE, NO_RACE };

typedef struct litmus {
    const char *name;
    uint32_t verdict; /* of the outcome; RACE and NO_RACE look at data only */
    uint8_t outcome[REGISTERS];
    op program[WEAK_THREADS][MAX_OPS];
} litmus;

/* Names as they are used in the literature. */
static const litmus tests[] = {
    {"MP relaxed",
     ALLOWED,
     {1, 0},
     {{ST(X, RELAXED, 1), ST(Y, RELAXED, 1)}, {LD(Y, RELAXED, 0), LD(X, RELAXED, 1)}}},
    {"MP release, acquire",
     FORBIDDEN,
     {1, 0},
     {{ST(X, RELAXED, 1), ST(Y, RELEASE, 1)}, {LD(Y, ACQUIRE, 0), LD(X, RELAXED, 1)}}},
    {"MP release, acquire, seen",
     ALLOWED,
     {1, 1},
     {{ST(X, RELAXED, 1), ST(Y, RELEASE, 1)}, {LD(Y, ACQUIRE, 0), LD(X, RELAXED, 1)}}},
    {"MP release, acquire, too early",
     ALLOWED,
     {0, 1},
     {{ST(X, RELAXED, 1), ST(Y, RELEASE, 1)}, {LD(Y, ACQUIRE, 0), LD(X, RELAXED, 1)}}},
    {"MP release only",
     ALLOWED,
     {1, 0},
     {{ST(X, RELAXED, 1), ST(Y, RELEASE, 1)}, {LD(Y, RELAXED, 0), LD(X, RELAXED, 1)}}},
    {"MP acquire only",
     ALLOWED,
     {1, 0},
     {{ST(X, RELAXED, 1), ST(Y, RELAXED, 1)}, {LD(Y, ACQUIRE, 0), LD(X, RELAXED, 1)}}},
    {"MP seq_cst",
     FORBIDDEN,
     {1, 0},
     {{ST(X, SEQ_CST, 1), ST(Y, SEQ_CST, 1)}, {LD(Y, SEQ_CST, 0), LD(X, SEQ_CST, 1)}}},
    {"SB release, acquire",
     ALLOWED,
     {0, 0},
     {{ST(X, RELEASE, 1), LD(Y, ACQUIRE, 0)}, {ST(Y, RELEASE, 1), LD(X, ACQUIRE, 1)}}},
    {"SB seq_cst",
     FORBIDDEN,
     {0, 0},
     {{ST(X, SEQ_CST, 1), LD(Y, SEQ_CST, 0)}, {ST(Y, SEQ_CST, 1), LD(X, SEQ_CST, 1)}}},
    {"SB seq_cst, one sees",
     ALLOWED,
     {0, 1},
     {{ST(X, SEQ_CST, 1), LD(Y, SEQ_CST, 0)}, {ST(Y, SEQ_CST, 1), LD(X, SEQ_CST, 1)}}},
    {"SB seq_cst, both see",
     ALLOWED,
     {1, 1},
     {{ST(X, SEQ_CST, 1), LD(Y, SEQ_CST, 0)}, {ST(Y, SEQ_CST, 1), LD(X, SEQ_CST, 1)}}},
    {"SB one store weaker",
     ALLOWED,
     {0, 0},
     {{ST(X, SEQ_CST, 1), LD(Y, SEQ_CST, 0)}, {ST(Y, RELEASE, 1), LD(X, SEQ_CST, 1)}}},
    {"SB one load weaker",
     ALLOWED,
     {0, 0},
     {{ST(X, SEQ_CST, 1), LD(Y, SEQ_CST, 0)}, {ST(Y, SEQ_CST, 1), LD(X, ACQUIRE, 1)}}},
    {"SB seq_cst, an older store between",
     FORBIDDEN,
     {0, 2, 1},
     {{ST(X, SEQ_CST, 1), LD(Y, SEQ_CST, 0)},
      {ST(Y, SEQ_CST, 1), LD(X, SEQ_CST, 1), LD(X, RELAXED, 2)},
      {ST(X, RELAXED, 2)}}},
    {"SB acquire, an older store between",
     ALLOWED,
     {0, 2, 1},
     {{ST(X, SEQ_CST, 1), LD(Y, SEQ_CST, 0)},
      {ST(Y, SEQ_CST, 1), LD(X, ACQUIRE, 1), LD(X, RELAXED, 2)},
      {ST(X, RELAXED, 2)}}},
    {"seq_cst, there and back",
     ALLOWED,
     {2},
     {{ST(X, SEQ_CST, 1), AWAIT(Y, SEQ_CST, 1), ST(X, SEQ_CST, 2)},
      {AWAIT(X, SEQ_CST, 1), ST(Y, SEQ_CST, 1), LD(X, SEQ_CST, 0)}}},
    {"SB over one word, updates",
     FORBIDDEN,
     {0, 0},
     {{ST(X, RELAXED, 1), ADD(Z, ACQ_REL, 0, SCRATCH), LD(Y, RELAXED, 0)},
      {ST(Y, RELAXED, 1), ADD(Z, ACQ_REL, 0, SCRATCH), LD(X, RELAXED, 1)}}},
    {"SB over one word, relaxed updates",
     ALLOWED,
     {0, 0},
     {{ST(X, RELAXED, 1), ADD(Z, RELAXED, 0, SCRATCH), LD(Y, RELAXED, 0)},
      {ST(Y, RELAXED, 1), ADD(Z, RELAXED, 0, SCRATCH), LD(X, RELAXED, 1)}}},
    /* C11 allows it, RC11 does not, and it is not explored; see weak.h. */
    {"LB relaxed",
     FORBIDDEN,
     {1, 1},
     {{LD(X, RELAXED, 0), ST(Y, RELAXED, 1)}, {LD(Y, RELAXED, 1), ST(X, RELAXED, 1)}}},
    /* RC11 allows it, and it is not explored: S would contradict what the relaxed load saw. */
    {"seq_cst store, relaxed flag",
     FORBIDDEN,
     {1, 0},
     {{ST(X, SEQ_CST, 1), ST(Y, RELAXED, 1)}, {LD(Y, RELAXED, 0), LD(X, SEQ_CST, 1)}}},
    {"IRIW acquire",
     ALLOWED,
     {1, 0, 1, 0},
     {{ST(X, RELEASE, 1)},
      {ST(Y, RELEASE, 1)},
      {LD(X, ACQUIRE, 0), LD(Y, ACQUIRE, 1)},
      {LD(Y, ACQUIRE, 2), LD(X, ACQUIRE, 3)}}},
    {"IRIW seq_cst",
     FORBIDDEN,
     {1, 0, 1, 0},
     {{ST(X, SEQ_CST, 1)},
      {ST(Y, SEQ_CST, 1)},
      {LD(X, SEQ_CST, 0), LD(Y, SEQ_CST, 1)},
      {LD(Y, SEQ_CST, 2), LD(X, SEQ_CST, 3)}}},
    {"IRIW seq_cst stores, acquire loads",
     ALLOWED,
     {1, 0, 1, 0},
     {{ST(X, SEQ_CST, 1)},
      {ST(Y, SEQ_CST, 1)},
      {LD(X, ACQUIRE, 0), LD(Y, ACQUIRE, 1)},
      {LD(Y, ACQUIRE, 2), LD(X, ACQUIRE, 3)}}},
    {"WRC acquire",
     FORBIDDEN,
     {1, 1, 0},
     {{ST(X, RELAXED, 1)},
      {LD(X, RELAXED, 0), ST(Y, RELEASE, 1)},
      {LD(Y, ACQUIRE, 1), LD(X, RELAXED, 2)}}},
    {"WRC relaxed",
     ALLOWED,
     {1, 1, 0},
     {{ST(X, RELAXED, 1)},
      {LD(X, RELAXED, 0), ST(Y, RELAXED, 1)},
      {LD(Y, ACQUIRE, 1), LD(X, RELAXED, 2)}}},
    {"CoRR", FORBIDDEN, {1, 0}, {{ST(X, RELAXED, 1)}, {LD(X, RELAXED, 0), LD(X, RELAXED, 1)}}},
    {"CoRR, one order for all",
     FORBIDDEN,
     {1, 2, 2, 1},
     {{ST(X, RELAXED, 1)},
      {ST(X, RELAXED, 2)},
      {LD(X, RELAXED, 0), LD(X, RELAXED, 1)},
      {LD(X, RELAXED, 2), LD(X, RELAXED, 3)}}},
    {"CoRR, same order",
     ALLOWED,
     {2, 1, 2, 1},
     {{ST(X, RELAXED, 1)},
      {ST(X, RELAXED, 2)},
      {LD(X, RELAXED, 0), LD(X, RELAXED, 1)},
      {LD(X, RELAXED, 2), LD(X, RELAXED, 3)}}},
    {"CoWR", FORBIDDEN, {0}, {{ST(X, RELAXED, 1), LD(X, RELAXED, 0)}, {ST(Y, RELAXED, 1)}}},
    {"2+2W relaxed",
     ALLOWED,
     {1, 1},
     {{ST(X, RELAXED, 1), ST(Y, RELAXED, 2), AWAIT(Y, RELAXED, 1), LD(Y, RELAXED, 0)},
      {ST(Y, RELAXED, 1), ST(X, RELAXED, 2), AWAIT(X, RELAXED, 1), LD(X, RELAXED, 1)}}},
    {"2+2W seq_cst",
     FORBIDDEN,
     {1, 1},
     {{ST(X, SEQ_CST, 1), ST(Y, SEQ_CST, 2), AWAIT(Y, SEQ_CST, 1), LD(Y, SEQ_CST, 0)},
      {ST(Y, SEQ_CST, 1), ST(X, SEQ_CST, 2), AWAIT(X, SEQ_CST, 1), LD(X, SEQ_CST, 1)}}},
    {"release sequence through an update",
     FORBIDDEN,
     {2, 0},
     {{ST(X, RELAXED, 1), ST(Y, RELEASE, 1)},
      {AWAIT(Y, RELAXED, 1), ADD(Y, RELAXED, 1, SCRATCH)},
      {LD(Y, ACQUIRE, 0), LD(X, RELAXED, 1)}}},
    {"release sequence ends at a store",
     ALLOWED,
     {2, 0},
     {{ST(X, RELAXED, 1), ST(Y, RELEASE, 1)},
      {AWAIT(Y, RELAXED, 1), ST(Y, RELAXED, 2)},
      {LD(Y, ACQUIRE, 0), LD(X, RELAXED, 1)}}},
    {"chain of updates, last one has all",
     FORBIDDEN,
     {2, 0},
     {{ST(X, RELAXED, 1), ADD(Z, RELEASE, 1, SCRATCH)},
      {ADD(Z, RELEASE, 1, SCRATCH)},
      {LD(Z, ACQUIRE, 0), LD(X, RELAXED, 1)}}},
    {"chain of updates, first one relaxed",
     ALLOWED,
     {2, 0},
     {{ST(X, RELAXED, 1), ADD(Z, RELAXED, 1, SCRATCH)},
      {ADD(Z, ACQ_REL, 1, SCRATCH)},
      {LD(Z, ACQUIRE, 0), LD(X, RELAXED, 1)}}},
    {"updates do not meet", FORBIDDEN, {0, 0}, {{ADD(X, RELAXED, 1, 0)}, {ADD(X, RELAXED, 1, 1)}}},
    {"one swap wins", FORBIDDEN, {0, 0}, {{CAS(X, RELAXED, 0, 0)}, {CAS(X, RELAXED, 0, 1)}}},
    {"a failing swap changes nothing",
     FORBIDDEN,
     {2, 1},
     {{ST(X, RELAXED, 2), CAS(X, RELAXED, 0, 0), LD(X, RELAXED, 1)}}},
    {"a failing swap reads",
     ALLOWED,
     {2, 2},
     {{ST(X, RELAXED, 2), CAS(X, RELAXED, 0, 0), LD(X, RELAXED, 1)}}},
    {"a failing swap acquires",
     FORBIDDEN,
     {1, 0},
     {{ST(Y, RELAXED, 1), ST(X, RELEASE, 1)}, {CAS(X, ACQ_REL, 0, 0), LD(Y, RELAXED, 1)}}},
    {"a failing swap without acquire",
     ALLOWED,
     {1, 0},
     {{ST(Y, RELAXED, 1), ST(X, RELEASE, 1)}, {CAS(X, RELEASE, 0, 0), LD(Y, RELAXED, 1)}}},
    {"data, release and acquire",
     NO_RACE,
     {0},
     {{WRITE(0), ST(X, RELEASE, 1)}, {AWAIT(X, ACQUIRE, 1), READ(0)}}},
    {"data, relaxed store",
     RACE,
     {0},
     {{WRITE(0), ST(X, RELAXED, 1)}, {AWAIT(X, ACQUIRE, 1), READ(0)}}},
    {"data, relaxed load",
     RACE,
     {0},
     {{WRITE(0), ST(X, RELEASE, 1)}, {AWAIT(X, RELAXED, 1), READ(0)}}},
    {"data read, then written, in order",
     NO_RACE,
     {0},
     {{READ(0), ST(X, RELEASE, 1)}, {AWAIT(X, ACQUIRE, 1), WRITE(0)}}},
    {"data read, then written",
     RACE,
     {0},
     {{READ(0), ST(X, RELAXED, 1)}, {AWAIT(X, ACQUIRE, 1), WRITE(0)}}},
    {"data read after the release",
     RACE,
     {0},
     {{ST(X, RELEASE, 1), READ(0)}, {AWAIT(X, ACQUIRE, 1), WRITE(0)}}},
    {"data read by two", NO_RACE, {0}, {{READ(0)}, {READ(0)}}},
    {"data written by two", RACE, {0}, {{WRITE(0)}, {WRITE(0)}}},
    {"data handed on twice",
     NO_RACE,
     {0},
     {{WRITE(0), ST(X, RELEASE, 1)},
      {AWAIT(X, ACQUIRE, 1), ST(Y, RELEASE, 1)},
      {AWAIT(Y, ACQUIRE, 1), WRITE(0)}}},
    {"caches, published and acquired",
     NO_RACE,
     {0},
     {{WRITE(0), PUBLISH(0), ST(X, RELEASE, 1)}, {AWAIT(X, ACQUIRE, 1), ACQUIRES(0), READ(0)}}},
    {"caches, not published",
     RACE,
     {0},
     {{WRITE(0), PUBLISH(1), ST(X, RELEASE, 1)}, {AWAIT(X, ACQUIRE, 1), ACQUIRES(0), READ(0)}}},
    {"caches, published too late",
     RACE,
     {0},
     {{WRITE(0), ST(X, RELEASE, 1), PUBLISH(0)}, {AWAIT(X, ACQUIRE, 1), ACQUIRES(0), READ(0)}}},
    {"caches, published too early",
     RACE,
     {0},
     {{PUBLISH(0), WRITE(0), ST(X, RELEASE, 1)}, {AWAIT(X, ACQUIRE, 1), ACQUIRES(0), READ(0)}}},
    {"caches, not acquired",
     RACE,
     {0},
     {{WRITE(0), PUBLISH(0), ST(X, RELEASE, 1)}, {AWAIT(X, ACQUIRE, 1), ACQUIRES(1), READ(0)}}},
    {"caches, acquired too early",
     RACE,
     {0},
     {{WRITE(0), PUBLISH(0), ST(X, RELEASE, 1)}, {ACQUIRES(0), AWAIT(X, ACQUIRE, 1), READ(0)}}},
    {"caches, handed on by one that does not read",
     NO_RACE,
     {0},
     {{WRITE(0), PUBLISH(0), ST(X, RELEASE, 1)},
      {AWAIT(X, ACQUIRE, 1), ST(Y, RELEASE, 1)},
      {AWAIT(Y, ACQUIRE, 1), ACQUIRES(0), READ(0)}}},
};

typedef struct state {
    weak_memory memory;
    uint8_t at[WEAK_THREADS];
    uint8_t registers[REGISTERS + 1]; /* and SCRATCH */
} state;

static const litmus *test;
static uint64_t outcomes_seen;

/* Whether a thread has made all of its operations. */
static bool at_end(const state *s, uint32_t p)
{
    return s->at[p] == MAX_OPS || test->program[p][s->at[p]].kind == OP_END;
}

/* Makes one operation, by the actor's choice. */
static enum explore_step make(state *s, weak_actor a, const op *o)
{
    uint8_t old = 0;
    bool made = true;
    switch (o->kind) {
    case OP_STORE:
        made = weak_store(a, o->location, o->order, o->value);
        return made ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    case OP_LOAD:
        made = weak_load(a, o->location, o->order, &s->registers[o->reg]);
        return made ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    case OP_ADD:
    case OP_CAS: {
        bool add = o->kind == OP_ADD;
        weak_change change = {add ? WEAK_ADD : WEAK_SET_IF, o->value, o->value};
        change.value = (uint8_t)(o->value + !add);
        made = weak_update(a, o->location, o->order, change, &s->registers[o->reg]);
        return made ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    }
    case OP_AWAIT:
        made = weak_load(a, o->location, o->order, &old) && old == o->value;
        return made ? EXPLORE_MOVED : EXPLORE_BLOCKED;
    case OP_WRITE:
        return a.choice != 0                ? EXPLORE_BLOCKED
               : weak_write(a, o->location) ? EXPLORE_MOVED
                                            : EXPLORE_BROKEN;
    case OP_READ:
        return a.choice != 0               ? EXPLORE_BLOCKED
               : weak_read(a, o->location) ? EXPLORE_MOVED
                                           : EXPLORE_BROKEN;
    case OP_PUBLISH:
        weak_publish(a, o->location);
        return a.choice != 0 ? EXPLORE_BLOCKED : EXPLORE_MOVED;
    case OP_ACQUIRE:
        weak_acquire(a, o->location);
        return a.choice != 0 ? EXPLORE_BLOCKED : EXPLORE_MOVED;
    default:
        return EXPLORE_BLOCKED;
    }
}

/* One step of a thread. */
static enum explore_step step(void *memory, uint32_t p, uint32_t choice)
{
    state *s = memory;
    if (at_end(s, p)) {
        return EXPLORE_BLOCKED;
    }
    enum explore_step result =
        make(s, (weak_actor){&s->memory, p, choice}, &test->program[p][s->at[p]]);
    if (result == EXPLORE_MOVED) {
        s->at[p]++;
        if (at_end(s, p)) {
            weak_end((weak_actor){&s->memory, p, 0});
        }
        weak_settle(&s->memory);
    }
    return result;
}

/* Looks at the outcome of an execution; one that hangs in a wait has none, and is no failure. */
static bool ended(const void *memory)
{
    const state *s = memory;
    bool whole = true;
    for (uint32_t p = 0; p < WEAK_THREADS; p++) {
        whole = whole && at_end(s, p);
    }
    uint32_t used = 0;
    for (uint32_t p = 0; p < WEAK_THREADS; p++) {
        for (uint32_t i = 0; i < MAX_OPS; i++) {
            bool reads = test->program[p][i].kind == OP_LOAD ||
                         test->program[p][i].kind == OP_ADD || test->program[p][i].kind == OP_CAS;
            used |= reads ? 1u << test->program[p][i].reg : 0;
        }
    }
    bool same = whole;
    for (uint32_t r = 0; r < REGISTERS; r++) {
        bool counts = (used >> r & 1u) != 0;
        same = same && (!counts || s->registers[r] == test->outcome[r]);
    }
    outcomes_seen += same;
    return true;
}

/* Every test of the table. */
static void programs_behave_as_c11_says(void)
{
    static const explore_model model = {sizeof(state), WEAK_THREADS, WEAK_CHOICES, step, ended};
    for (uint32_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        _Alignas(8) state initial;
        memset(&initial, 0, sizeof(initial));
        test = &tests[i];
        uint32_t threads = 0;
        while (threads < WEAK_THREADS && test->program[threads][0].kind != OP_END) {
            threads++;
        }
        weak_init(&initial.memory, threads);
        initial.memory.incoherent = strncmp(test->name, "caches", 6) == 0;
        outcomes_seen = 0;
        bool data = test->verdict == RACE || test->verdict == NO_RACE;
        explore_result r = explore(&model, &initial, data ? EXPLORE_FIRST_FAILURE : EXPLORE_ALL);
        bool right = data ? (r.broken != 0) == (test->verdict == RACE)
                          : (outcomes_seen != 0) == (test->verdict == ALLOWED);
        printf("  %-36s %s, %llu states\n", test->name,
               data ? (r.broken != 0 ? "race" : "no race")
                    : (outcomes_seen != 0 ? "seen" : "not seen"),
               (unsigned long long)r.states);
        if (!right || r.ends + r.broken == 0) {
            CHECK_FAIL(test->name);
        }
    }
}

int main(void)
{
    CHECK_CASE(programs_behave_as_c11_says);
    return check_report();
}
