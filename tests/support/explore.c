/* explore.c - visits every state of a small model; see explore.h. */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room of the table of visited states; models need a small part of it. */
#define TABLE_STATES (UINT64_C(1) << 20)

typedef struct cell {
    uint8_t used;
    uint8_t state[EXPLORE_STATE_BYTES];
} cell;

/* Visited states, and which of them are still to be gone on from. */
typedef struct table {
    cell *cells;
    uint32_t *open; /* stack of cell numbers */
    uint64_t open_count;
    uint64_t count;
} table;

/* FNV-1a over a state. */
static uint64_t hash_state(const void *state, uint32_t bytes)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < bytes; i++) {
        hash = (hash ^ ((const uint8_t *)state)[i]) * UINT64_C(1099511628211);
    }
    return hash ^ (hash >> 29);
}

/* Adds a state to the visited ones; false if the table is three quarters full. */
static bool visit(table *t, const void *state, uint32_t bytes)
{
    uint64_t at = hash_state(state, bytes) % TABLE_STATES;
    while (t->cells[at].used != 0) {
        if (memcmp(t->cells[at].state, state, bytes) == 0) {
            return true;
        }
        at = (at + 1u) % TABLE_STATES;
    }
    if (t->count >= TABLE_STATES / 4u * 3u) {
        return false;
    }
    t->cells[at].used = 1;
    memcpy(t->cells[at].state, state, bytes);
    t->open[t->open_count++] = (uint32_t)at;
    t->count++;
    return true;
}

/* Goes on from one state in every way. */
static void expand(const explore_model *m, table *t, const uint8_t *state, explore_result *result)
{
    bool moved = false;
    for (uint32_t p = 0; p < m->processes; p++) {
        for (uint32_t choice = 0; choice < m->choices; choice++) {
            _Alignas(8) uint8_t next[EXPLORE_STATE_BYTES];
            memcpy(next, state, sizeof(next));
            enum explore_step step = m->step(next, p, choice);
            moved = moved || step != EXPLORE_BLOCKED;
            result->broken += step == EXPLORE_BROKEN;
            if (step == EXPLORE_MOVED && !visit(t, next, m->state_bytes)) {
                result->dropped++;
            }
        }
    }
    if (!moved) {
        bool ended = m->ended(state);
        result->ends += ended;
        result->stuck += !ended;
    }
}

explore_result explore(const explore_model *model, const void *initial)
{
    explore_result result = {0};
    table t = {.cells = calloc(TABLE_STATES, sizeof(cell)),
               .open = calloc(TABLE_STATES, sizeof(uint32_t))};
    if (t.cells == NULL || t.open == NULL || model->state_bytes > EXPLORE_STATE_BYTES) {
        fprintf(stderr, "no memory to explore a model\n");
        abort();
    }
    (void)visit(&t, initial, model->state_bytes);
    while (t.open_count != 0) {
        _Alignas(8) uint8_t state[EXPLORE_STATE_BYTES] = {0};
        memcpy(state, t.cells[t.open[--t.open_count]].state, model->state_bytes);
        expand(model, &t, state, &result);
    }
    result.states = t.count;
    free(t.cells);
    free(t.open);
    return result;
}
