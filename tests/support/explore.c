/* explore.c - visits every state of a small model; see explore.h. */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A visited state: its fingerprint, and its number from 1; 0 is a free cell. */
typedef struct cell {
    uint64_t first;
    uint64_t second;
    uint64_t number;
} cell;

/* How a state was come to. */
typedef struct origin {
    uint32_t parent; /* number */
    uint16_t process;
    uint16_t choice;
} origin;

/* Visited states, and those that are still to be gone on from. */
typedef struct search {
    const explore_model *model;
    cell *cells; /* a power of two of them */
    uint64_t cell_count;
    origin *origins; /* by number - 1; as many as cells */
    uint8_t *open;   /* stack of states, each behind its number */
    uint64_t open_count;
    uint64_t open_room;
    bool report;
    explore_result result;
} search;

/* Memory, or the end of the test. */
static void *must(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "no memory to explore a model\n");
        abort();
    }
    return memory;
}

/* Mixes a word into a fingerprint: multiply and fold. */
static uint64_t mix(uint64_t hash, uint64_t word, uint64_t factor)
{
    hash = (hash ^ word) * factor;
    return hash ^ (hash >> 31);
}

/* Fingerprint of a state: two hashes with different factors and starts. */
static cell fingerprint(const uint8_t *state, uint32_t bytes)
{
    cell c = {UINT64_C(0x243F6A8885A308D3), UINT64_C(0x13198A2E03707344), 0};
    for (uint32_t i = 0; i < bytes; i += 8) {
        uint64_t word = 0;
        memcpy(&word, state + i, bytes - i < 8 ? bytes - i : 8);
        c.first = mix(c.first, word, UINT64_C(0x9E3779B97F4A7C15));
        c.second = mix(c.second, word + i, UINT64_C(0xD6E8FEB86659FD93));
    }
    return c;
}

/* The cell of a fingerprint, or the free one where it belongs. */
static cell *find(const search *s, const cell *wanted)
{
    uint64_t at = wanted->first & (s->cell_count - 1);
    while (s->cells[at].number != 0 &&
           (s->cells[at].first != wanted->first || s->cells[at].second != wanted->second)) {
        at = (at + 1) & (s->cell_count - 1);
    }
    return &s->cells[at];
}

/* Makes room for twice as many visited states. */
static void grow(search *s)
{
    cell *old = s->cells;
    uint64_t old_count = s->cell_count;
    s->cell_count = old_count == 0 ? UINT64_C(1) << 14 : old_count * 2;
    s->cells = must(calloc(s->cell_count, sizeof(cell)));
    s->origins = must(realloc(s->origins, s->cell_count * sizeof(origin)));
    for (uint64_t i = 0; i < old_count; i++) {
        if (old[i].number != 0) {
            *find(s, &old[i]) = old[i];
        }
    }
    free(old);
}

/* Puts a state on the stack. */
static void push_open(search *s, uint64_t number, const uint8_t *state)
{
    uint64_t bytes = sizeof(number) + s->model->state_bytes;
    if (s->open_count == s->open_room) {
        s->open_room = s->open_room == 0 ? 1024 : s->open_room * 2;
        s->open = must(realloc(s->open, s->open_room * bytes));
    }
    uint8_t *top = s->open + s->open_count++ * bytes;
    memcpy(top, &number, sizeof(number));
    memcpy(top + sizeof(number), state, s->model->state_bytes);
}

/* Adds a state to the visited ones, unless it is one of them. */
static void visit(search *s, const uint8_t *state, origin from)
{
    if (s->result.states * 4 >= s->cell_count * 3) {
        grow(s);
    }
    cell wanted = fingerprint(state, s->model->state_bytes);
    cell *found = find(s, &wanted);
    if (found->number != 0) {
        return;
    }
    if (s->result.states == EXPLORE_MAX_STATES) {
        s->result.dropped++;
        return;
    }
    wanted.number = ++s->result.states;
    *found = wanted;
    s->origins[wanted.number - 1] = from;
    push_open(s, wanted.number, state);
}

/* Prints how a state was come to, as process or process.choice, and where it failed. */
static void print_path(search *s, uint64_t number, const char *end)
{
    static origin path[1024];
    uint32_t length = 0;
    while (number > 1 && length < 1024) {
        path[length++] = s->origins[number - 1];
        number = s->origins[number - 1].parent;
    }
    printf("  path:");
    while (length > 0) {
        const origin *step = &path[--length];
        printf(step->choice != 0 ? " %u.%u" : " %u", step->process, step->choice);
    }
    printf(" %s\n", end);
}

/* Counts a failure; the first one's path is printed if none was expected. */
static void fail(search *s, uint64_t number, uint64_t *count, const char *end)
{
    if (s->report && s->result.broken + s->result.stuck == 0) {
        print_path(s, number, end);
    }
    (*count)++;
}

/* Goes on from one state in every way. */
static void expand(search *s, uint64_t number, const uint8_t *state)
{
    const explore_model *m = s->model;
    bool moved = false;
    for (uint32_t p = 0; p < m->processes; p++) {
        for (uint32_t choice = 0; choice < m->choices; choice++) {
            _Alignas(8) uint8_t next[EXPLORE_STATE_BYTES];
            memcpy(next, state, m->state_bytes);
            enum explore_step step = m->step(next, p, choice);
            moved = moved || step != EXPLORE_BLOCKED;
            if (step == EXPLORE_BROKEN) {
                char end[48];
                (void)snprintf(end, sizeof(end), "%u.%u broken", p, choice);
                fail(s, number, &s->result.broken, end);
            } else if (step == EXPLORE_MOVED) {
                visit(s, next, (origin){(uint32_t)number, (uint16_t)p, (uint16_t)choice});
            }
        }
    }
    if (!moved && m->ended(state)) {
        s->result.ends++;
    } else if (!moved) {
        fail(s, number, &s->result.stuck, "stuck");
    }
}

explore_result explore(const explore_model *model, const void *initial, enum explore_until until)
{
    search s = {.model = model, .report = until == EXPLORE_ALL};
    if (model->state_bytes > EXPLORE_STATE_BYTES) {
        fprintf(stderr, "a model's state is larger than EXPLORE_STATE_BYTES\n");
        abort();
    }
    grow(&s);
    visit(&s, initial, (origin){0, 0, 0});
    uint64_t bytes = sizeof(uint64_t) + model->state_bytes;
    while (s.open_count != 0 && (until == EXPLORE_ALL || s.result.broken + s.result.stuck == 0)) {
        _Alignas(8) uint8_t state[EXPLORE_STATE_BYTES];
        uint64_t number = 0;
        const uint8_t *top = s.open + --s.open_count * bytes;
        memcpy(&number, top, sizeof(number));
        memcpy(state, top + sizeof(number), model->state_bytes);
        expand(&s, number, state);
    }
    free(s.cells);
    free(s.origins);
    free(s.open);
    return s.result;
}

bool explore_variant_agrees(const explore_suite *suite, uint32_t variant)
{
    _Alignas(8) uint8_t initial[EXPLORE_STATE_BYTES] = {0};
    bool holds = variant == 0 || suite->variants[variant].holds;
    suite->begin(initial, variant);
    explore_result r = explore(&suite->model, initial, holds ? EXPLORE_ALL : EXPLORE_FIRST_FAILURE);
    bool failed = r.broken + r.stuck != 0;
    printf("  %-66s %s: %llu states, %llu ends, %llu broken, %llu stuck\n",
           suite->variants[variant].name, failed ? "caught" : "holds", (unsigned long long)r.states,
           (unsigned long long)r.ends, (unsigned long long)r.broken, (unsigned long long)r.stuck);
    fflush(stdout);
    if (r.dropped != 0) {
        fprintf(stderr, "the model has more than %u states\n", EXPLORE_MAX_STATES);
        return false;
    }
    uint64_t least = variant == 0 ? suite->least_states : 0;
    return holds ? !failed && r.ends != 0 && r.states >= least : failed;
}
