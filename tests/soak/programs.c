/* programs.c - what the soak submits: the patterns of the benchmarks, and random programs. */
#include <stddef.h>

#include "../../bench/peers/pattern.h"
#include "soak.h"

_Static_assert(SOAK_RANDOM == (int)PEERS_PATTERNS, "the programs follow the patterns");

#define BAND_ROWS 16u /* of the grid, which random programs use: many conflicts */
#define BAND_COLUMNS 8u
#define LINE_TASKS 24u /* of one manual scope */
#define LINE_CELLS 6u

const char *soak_program_name(uint32_t program)
{
    static const char *const own[] = {"random_views", "scopes", "manual"};
    return program < PEERS_PATTERNS ? peers_pattern_names[program] : own[program - PEERS_PATTERNS];
}

/* An access to one cell of the grid. */
static soak_access cell_access(uint32_t cell, uint32_t kind)
{
    return (soak_access){&soak.cell[cell], kind, cell, 1, 1};
}

/* Ends the scope and opens another if it has had its tasks. */
static void turn_scope(slip_orch *o, uint32_t *left)
{
    if (*left == 0) {
        soak_close(o);
        soak_open(o, SLIP_SCOPE_AUTO);
        *left = rp_between(&soak.rng, 1, soak.window < 256 ? soak.window : 256);
    }
    --*left;
}

/* ---- patterns ------------------------------------------------------------------------------- */

/* Submits task (step, x) of a pattern. */
static void pattern_task(slip_orch *o, const peers_graph *g, uint32_t step, uint32_t x)
{
    uint32_t inputs[PEERS_MAX_WIDTH];
    soak_access access[SOAK_ARGS];
    uint32_t count = peers_inputs(g, step, x, inputs);
    for (uint32_t i = 0; i < count; i++) {
        access[i] = cell_access(peers_cell(g, step - 1, inputs[i]), SLIP_ACCESS_IN);
    }
    access[count] = cell_access(peers_cell(g, step, x) % SOAK_CELLS,
                                peers_in_place(g) ? SLIP_ACCESS_INOUT : SLIP_ACCESS_OUT_EXISTING);
    soak_submit(o, access, count + 1, NULL, 0, NULL);
}

/* A pattern until the run has its tasks. */
static void run_pattern(slip_orch *o)
{
    uint32_t left = 0;
    peers_graph g = {soak.program, soak.width, SOAK_RUN_TASKS};
    soak_open(o, SLIP_SCOPE_AUTO);
    for (uint32_t step = 0; soak_more(o); step++) {
        for (uint32_t x = 0; x < g.width && soak_more(o); x++) {
            if (peers_active(&g, step, x)) {
                turn_scope(o, &left);
                pattern_task(o, &g, step, x);
            }
        }
    }
    soak_close(o);
}

/* ---- random views --------------------------------------------------------------------------- */

/* A box of the band: a cell, an aligned tile of 2 x 2, a panel, a box anywhere, or all of it. */
static soak_access random_box(uint32_t kind)
{
    uint32_t dice = rp_below(&soak.rng, 100);
    uint32_t r = rp_below(&soak.rng, BAND_ROWS);
    uint32_t c = rp_below(&soak.rng, BAND_COLUMNS);
    soak_access a = {NULL, kind, 0, 1, 1};
    if (dice >= 99) {
        r = c = 0;
        a.rows = BAND_ROWS;
        a.columns = BAND_COLUMNS;
    } else if (dice >= 95) {
        r = 0;
        a.rows = BAND_ROWS;
    } else if (dice >= 90) {
        c = 0;
        a.columns = BAND_COLUMNS;
    } else if (dice >= 80) {
        a.rows = rp_between(&soak.rng, 1, BAND_ROWS - r < 3 ? BAND_ROWS - r : 3);
        a.columns = rp_between(&soak.rng, 1, BAND_COLUMNS - c < 3 ? BAND_COLUMNS - c : 3);
    } else if (dice >= 50) {
        r &= ~1u;
        c &= ~1u;
        a.rows = a.columns = 2;
    }
    a.cell = r * SOAK_COLUMNS + c;
    return a;
}

/* True if two boxes share a cell. */
static bool overlap(const soak_access *a, const soak_access *b)
{
    uint32_t ar = a->cell / SOAK_COLUMNS;
    uint32_t br = b->cell / SOAK_COLUMNS;
    uint32_t ac = a->cell % SOAK_COLUMNS;
    uint32_t bc = b->cell % SOAK_COLUMNS;
    return ar < br + b->rows && br < ar + a->rows && ac < bc + b->columns && bc < ac + a->columns;
}

/* Cuts the view of a box, unless it is one cell, whose view is there. */
static void cut(slip_orch *o, soak_access *a, slip_tensor *view)
{
    const uint32_t low[2] = {a->cell / SOAK_COLUMNS, a->cell % SOAK_COLUMNS * SOAK_WORDS};
    const uint32_t len[2] = {a->rows, a->columns * SOAK_WORDS};
    a->view = &soak.cell[a->cell];
    if (a->rows * a->columns > 1) {
        (void)slip_slice(o, &soak.all, low, len, view);
        a->view = view;
    }
}

/* Tasks with up to four inputs and two outputs; an input that an output overlaps is left out. */
static void run_random(slip_orch *o)
{
    uint32_t left = 0;
    soak_open(o, SLIP_SCOPE_AUTO);
    while (soak_more(o)) {
        soak_access access[6];
        slip_tensor view[6];
        uint32_t cells = 0;
        uint32_t count = 0;
        uint32_t outputs = rp_chance(&soak.rng, 15) ? 2 : 1;
        uint32_t wanted = outputs + rp_below(&soak.rng, 5);
        for (uint32_t i = 0; i < wanted; i++) {
            uint32_t kind = i >= outputs               ? SLIP_ACCESS_IN
                            : rp_chance(&soak.rng, 50) ? SLIP_ACCESS_INOUT
                                                       : SLIP_ACCESS_OUT_EXISTING;
            soak_access a = random_box(kind);
            bool fits = cells + a.rows * a.columns <= SOAK_TASK_CELLS;
            for (uint32_t k = 0; k < count && k < outputs; k++) {
                fits = fits && !(access[k].kind != SLIP_ACCESS_IN && overlap(&a, &access[k]));
            }
            if (fits) {
                cells += a.rows * a.columns;
                access[count] = a;
                cut(o, &access[count], &view[count]);
                count++;
            }
        }
        turn_scope(o, &left);
        soak_submit(o, access, count, NULL, 0, NULL);
    }
    soak_close(o);
}

/* ---- scopes --------------------------------------------------------------------------------- */

/* A temporary of an open scope; false if there is none. */
static bool pick_temp(soak_access *out)
{
    soak_scope *s = &soak.scope[rp_below(&soak.rng, soak.depth)];
    if (s->temps == 0) {
        return false;
    }
    uint32_t i = rp_below(&soak.rng, s->temps);
    *out = (soak_access){&s->temp[i], SLIP_ACCESS_IN, s->number[i], 1, 1};
    return true;
}

/* A new temporary of the newest scope; false if it has enough. */
static bool make_temp(soak_access *out)
{
    soak_scope *s = &soak.scope[soak.depth - 1];
    if (s->temps == sizeof(s->temp) / sizeof(s->temp[0])) {
        return false;
    }
    uint32_t number = SOAK_CELLS + soak.temp_count++;
    soak.reads[number] = 0;
    slipi_store_relaxed(&soak.ended[number], 0u);
    s->number[s->temps] = number;
    *out = (soak_access){&s->temp[s->temps++], SLIP_ACCESS_OUT, number, 1, 1};
    return true;
}

/* One task: makes or updates a temporary, or writes a cell; reads another of each. */
static void scope_task(slip_orch *o)
{
    soak_access access[3];
    uint32_t count = 1;
    uint32_t to = rp_below(&soak.rng, 32);
    uint32_t from = rp_below(&soak.rng, 32);
    bool read = pick_temp(&access[1]);
    if (rp_chance(&soak.rng, 40) && make_temp(&access[0])) {
        count = read ? 2 : 1;
    } else if (rp_chance(&soak.rng, 30) && pick_temp(&access[0])) {
        access[0].kind = SLIP_ACCESS_INOUT;
        count = read && access[1].cell != access[0].cell ? 2 : 1;
    } else {
        access[0] = cell_access(to, SLIP_ACCESS_OUT_EXISTING);
        count = read ? 2 : 1;
    }
    if (access[0].cell != from) {
        access[count++] = cell_access(from, SLIP_ACCESS_IN);
    }
    soak_submit(o, access, count, NULL, 0, NULL);
}

/* Scopes that open and close at random, so that rings of all depths wrap and heap is used again. */
static void run_scopes(slip_orch *o)
{
    soak_open(o, SLIP_SCOPE_AUTO);
    while (soak_more(o)) {
        uint32_t dice = rp_below(&soak.rng, 100);
        if (!soak_fits() || (dice < 8 && soak.depth > 1)) {
            soak_close(o);
            if (soak.depth == 0) {
                soak_open(o, SLIP_SCOPE_AUTO);
            }
        } else if (dice < 18 && soak.depth < SOAK_DEPTH) {
            soak_open(o, SLIP_SCOPE_AUTO);
        } else {
            scope_task(o);
        }
    }
    while (soak.depth > 0) {
        soak_close(o);
    }
}

/* ---- manual scopes -------------------------------------------------------------------------- */

/* Who used a cell in this manual scope: sets of its tasks. */
typedef struct line {
    slip_task_handle gate;
    slip_task_handle task[LINE_TASKS];
    uint32_t writer[LINE_CELLS]; /* number + 1; 0: the gate */
    uint32_t readers[LINE_CELLS];
} line;

/* Adds the tasks of a set. */
static uint32_t add_deps(const line *l, uint32_t set, slip_task_handle *deps, uint32_t count)
{
    for (uint32_t i = 0; i < LINE_TASKS; i++) {
        if ((set >> i & 1u) != 0) {
            deps[count++] = l->task[i];
        }
    }
    return count;
}

/* Task i of a manual scope: reads a cell and writes one, every edge explicit. */
static void manual_task(slip_orch *o, line *l, uint32_t i)
{
    slip_task_handle deps[LINE_TASKS + 1];
    uint32_t from = rp_below(&soak.rng, LINE_CELLS);
    uint32_t to = (from + rp_between(&soak.rng, 1, LINE_CELLS - 1)) % LINE_CELLS;
    soak_access access[2] = {cell_access(to, SLIP_ACCESS_INOUT), cell_access(from, SLIP_ACCESS_IN)};
    uint32_t set = l->readers[to];
    set |= l->writer[to] != 0 ? 1u << (l->writer[to] - 1) : 0;
    set |= l->writer[from] != 0 ? 1u << (l->writer[from] - 1) : 0;
    deps[0] = l->gate;
    uint32_t count = add_deps(l, set, deps, 1);
    soak_submit(o, access, 2, deps, count, &l->task[i]);
    l->readers[from] |= 1u << i;
    l->readers[to] = 0;
    l->writer[to] = i + 1;
}

/* A gate over all cells, a manual scope behind it, automatic tasks that follow both. */
static void run_manual(slip_orch *o)
{
    while (soak_more(o)) {
        line l = {.gate = {0, 0, 0, 0, 0}};
        slip_tensor view;
        soak_access all = {NULL, SLIP_ACCESS_INOUT, 0, 1, LINE_CELLS};
        soak_open(o, SLIP_SCOPE_AUTO);
        cut(o, &all, &view);
        soak_submit(o, &all, 1, NULL, 0, &l.gate);
        soak_open(o, SLIP_SCOPE_MANUAL);
        for (uint32_t i = 0; i < LINE_TASKS && soak_fits() && soak_more(o); i++) {
            manual_task(o, &l, i);
        }
        soak_close(o);
        for (uint32_t i = 0; i < 6 && soak_fits() && soak_more(o); i++) {
            uint32_t from = rp_below(&soak.rng, LINE_CELLS);
            soak_access access[2] = {cell_access((from + 1) % LINE_CELLS, SLIP_ACCESS_OUT_EXISTING),
                                     cell_access(from, SLIP_ACCESS_IN)};
            soak_submit(o, access, 2, NULL, 0, NULL);
        }
        soak_close(o);
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

slip_status soak_orchestrate(slip_orch *o)
{
    static void (*const own[])(slip_orch *) = {run_random, run_scopes, run_manual};
    soak.tasks = (uint32_t)slip_orch_scalar(o, SOAK_ARG_TASKS);
    soak.width = (uint32_t)slip_orch_scalar(o, SOAK_ARG_WIDTH);
    soak.window = (uint32_t)slip_orch_scalar(o, SOAK_ARG_WINDOW);
    soak_begin_run();
    if (!soak.recording) {
        soak.round = slip_orch_scalar(o, SOAK_ARG_ROUND); /* a graph must not depend on it */
    }
    (void)slip_orch_tensor(o, SOAK_ARG_CELLS, &soak.all);
    for (uint32_t i = 0; i < SOAK_CELLS; i++) {
        const uint32_t low[2] = {i / SOAK_COLUMNS, i % SOAK_COLUMNS * SOAK_WORDS};
        const uint32_t len[2] = {1, SOAK_WORDS};
        (void)slip_slice(o, &soak.all, low, len, &soak.cell[i]);
    }
    if (soak.program < SOAK_RANDOM) {
        run_pattern(o);
    } else {
        own[soak.program - SOAK_RANDOM](o);
    }
    return slip_orch_failed(o);
}
