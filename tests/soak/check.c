/* check.c - what tasks must find in their cells, and whether they do; see soak.h. */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "soak.h"

soak_state soak;

/* One cell of an argument, while a kernel runs. */
typedef struct place {
    uint64_t *words;
    const soak_note *note;
    uint64_t serial;
    uint32_t access;
} place;

/* Counts a fault and tells of the first few. */
static void fault(const place *p, uint32_t kind, uint64_t found, uint64_t wanted)
{
    static const char *const names[] = {"RAW: input", "WAR: input at the end",
                                        "WAR: reads before a write", "WAW: cell to be written"};
    if (slipi_add_relaxed(&soak.fault[kind], 1u) < 4) {
        fprintf(stderr, "task %llu, cell %u: %s: found %llu, wanted %llu\n",
                (unsigned long long)p->serial, p->note->cell, names[kind],
                (unsigned long long)found, (unsigned long long)wanted);
    }
}

/* Whether a cell holds what it must; all words count, for a writer may be half done. */
static void compare(const place *p, uint32_t kind)
{
    for (uint32_t i = 0; i < SOAK_WORDS; i++) {
        if (p->words[i] != p->note->writer) {
            fault(p, kind, p->words[i], p->note->writer);
            return;
        }
    }
}

/* Before the task does anything. */
static void look_first(const place *p)
{
    if (p->access == SLIP_ACCESS_OUT) {
        return; /* new memory: holds anything */
    }
    if (p->access == SLIP_ACCESS_IN) {
        compare(p, SOAK_RAW);
        return;
    }
    compare(p, SOAK_WAW);
    /* Relaxed, so that the count orders nothing: the runtime's edges alone must. */
    uint32_t ended = slipi_load_relaxed(&soak.ended[p->note->cell]);
    if (ended != p->note->reads) {
        fault(p, SOAK_WAR, ended, p->note->reads);
    }
}

/* Ends the task's use of a cell. */
static void look_last(const place *p)
{
    if (p->access == SLIP_ACCESS_IN) {
        compare(p, SOAK_WAR_LATE);
        slipi_add_relaxed(&soak.ended[p->note->cell], 1u);
        return;
    }
    for (uint32_t i = 0; i < SOAK_WORDS; i++) {
        p->words[i] = p->serial;
    }
}

/* Calls `look` for every cell of every argument. */
static void visit(const slip_kernel_ctx *ctx, const soak_task *task, void (*look)(const place *))
{
    const soak_note *note = &soak.notes[task->note];
    for (uint32_t i = 0; i < ctx->tensor_count; i++) {
        uint64_t *data = slip_kernel_data(ctx, i);
        uint32_t columns = slip_kernel_dim(ctx, i, 1) / SOAK_WORDS;
        for (uint32_t r = 0; r < slip_kernel_dim(ctx, i, 0); r++) {
            uint64_t *row = data + (size_t)r * (size_t)slip_kernel_stride(ctx, i, 0);
            for (uint32_t c = 0; c < columns; c++) {
                const place p = {row + (size_t)c * SOAK_WORDS, note++, task->serial,
                                 ctx->tensors[i].access};
                look(&p);
            }
        }
    }
}

/*
 * Some tasks take longer, and some give their processor away, so that what is behind them overtakes
 * if nothing holds it. How many do is another in every run.
 */
static void spend(uint64_t serial)
{
    uint64_t dice = rp_mix64(serial);
    if (soak.pause == 0 || dice % soak.pause_one_in != 0) {
        return;
    }
    if ((dice >> 32) % 4u == 0) {
        (void)sched_yield();
    }
    slipi_au32 sink;
    slipi_store_relaxed(&sink, 0u);
    for (uint64_t i = (dice >> 8) % soak.pause; i > 0; i--) {
        slipi_add_relaxed(&sink, 1u);
    }
}

/* The scalar that is another one in every round. */
static void look_at_round(const soak_task *task, uint64_t round)
{
    if (round != soak.round && slipi_add_relaxed(&soak.fault[SOAK_OTHER_ROUND], 1u) < 4) {
        fprintf(stderr, "task %llu: of round %llu, wanted %llu\n", (unsigned long long)task->serial,
                (unsigned long long)round, (unsigned long long)soak.round);
    }
}

int32_t soak_kernel(const slip_kernel_ctx *ctx)
{
    soak_task *task = &soak.task[slip_kernel_u64(ctx, 0)];
    look_at_round(task, slip_kernel_u64(ctx, 1));
    visit(ctx, task, look_first);
    spend(task->serial);
    visit(ctx, task, look_last);
    slipi_add_relaxed(&task->ran, 1u);
    return 0;
}

void soak_reset(void)
{
    memset(soak.data, 0, SOAK_GRID_BYTES);
    memset(soak.reads, 0, sizeof(soak.reads));
    memset(soak.writer, 0, sizeof(soak.writer));
    for (uint32_t i = 0; i < SOAK_CELLS + SOAK_TEMPS; i++) {
        slipi_store_relaxed(&soak.ended[i], 0u);
    }
    for (uint32_t i = 0; i < SOAK_FAULTS; i++) {
        slipi_store_relaxed(&soak.fault[i], 0u);
    }
}

void soak_keep(void)
{
    soak_before *b = &soak.before;
    b->serial = soak.serial;
    memcpy(b->writer, soak.writer, sizeof(b->writer));
    memcpy(b->reads, soak.reads, sizeof(b->reads));
    b->reads_checked = soak.reads_checked;
    b->writes_checked = soak.writes_checked;
    b->rng = soak.rng;
}

/* The recorded program is called again: nothing has run, all is as it was. */
static void take_back(void)
{
    const soak_before *b = &soak.before;
    soak.serial = b->serial;
    memcpy(soak.writer, b->writer, sizeof(b->writer));
    memcpy(soak.reads, b->reads, sizeof(b->reads));
    soak.reads_checked = b->reads_checked;
    soak.writes_checked = b->writes_checked;
    soak.rng = b->rng;
}

void soak_begin_run(void)
{
    if (soak.recording) {
        take_back();
    } else {
        soak_check_run();
    }
    soak.unchecked = true;
    soak.pause_one_in = 1u << rp_between(&soak.rng, 2, 8);
    soak.note_count = 0;
    soak.task_count = 0;
    soak.temp_count = 0;
    soak.depth = 0;
    memset(soak.in_ring, 0, sizeof(soak.in_ring));
}

/* Tasks that did not run once. */
static uint64_t check_tasks(void)
{
    uint64_t faults = 0;
    for (uint32_t i = 0; i < soak.task_count; i++) {
        uint32_t ran = slipi_load_relaxed(&soak.task[i].ran);
        if (ran != 1 && faults++ < 4) {
            fprintf(stderr, "task %llu ran %u times\n", (unsigned long long)soak.task[i].serial,
                    ran);
        }
    }
    return faults;
}

/* Cells that are not what the last task left. */
static uint64_t check_cells(void)
{
    uint64_t faults = 0;
    for (uint32_t i = 0; i < SOAK_CELLS; i++) {
        bool right = slipi_load_relaxed(&soak.ended[i]) == soak.reads[i];
        for (uint32_t w = 0; w < SOAK_WORDS; w++) {
            right = right && soak.data[i * SOAK_WORDS + w] == soak.writer[i];
        }
        if (!right && faults++ < 4) {
            fprintf(stderr, "cell %u: not what task %llu left\n", i,
                    (unsigned long long)soak.writer[i]);
        }
    }
    return faults;
}

void soak_check_run(void)
{
    if (!soak.unchecked) {
        return;
    }
    soak.unchecked = false;
    soak.ended_tasks += soak.task_count;
    soak.faults += check_tasks() + check_cells();
    for (uint32_t i = 0; i < SOAK_FAULTS; i++) {
        soak.faults += slipi_load_relaxed(&soak.fault[i]);
        slipi_store_relaxed(&soak.fault[i], 0u);
    }
}

/* What the notes of the graph must say of the next replay. */
static void move_notes(uint64_t shift)
{
    const soak_before *b = &soak.before;
    for (uint32_t i = 0; i < soak.note_count; i++) {
        soak_note *note = &soak.notes[i];
        if (note->cell >= SOAK_CELLS) {
            note->writer += shift; /* a temporary: its reads are counted anew */
            continue;
        }
        /* What was there before the graph is, from the second replay on, what the graph left. */
        note->writer = note->writer > b->serial ? note->writer + shift : soak.writer[note->cell];
        note->reads += soak.reads[note->cell] - b->reads[note->cell];
    }
}

void soak_next_replay(uint64_t round)
{
    soak_before *b = &soak.before;
    uint64_t shift = soak.task_count; /* serials of the graph begin behind b->serial */
    move_notes(shift);
    for (uint32_t i = 0; i < soak.task_count; i++) {
        soak.task[i].serial += shift;
        slipi_store_relaxed(&soak.task[i].ran, 0u);
    }
    for (uint32_t i = 0; i < SOAK_CELLS; i++) {
        uint32_t reads = soak.reads[i] - b->reads[i];
        b->reads[i] += reads;
        soak.reads[i] += reads;
        soak.writer[i] += soak.writer[i] > b->serial ? shift : 0;
    }
    for (uint32_t i = 0; i < soak.temp_count; i++) {
        slipi_store_relaxed(&soak.ended[SOAK_CELLS + i], 0u);
    }
    uint64_t reads = soak.reads_checked - b->reads_checked;
    uint64_t writes = soak.writes_checked - b->writes_checked;
    b->reads_checked += reads;
    soak.reads_checked += reads;
    b->writes_checked += writes;
    soak.writes_checked += writes;
    soak.serial += shift;
    soak.round = round;
    soak.unchecked = true;
}

/* Notes what the task must find in one cell, and what it leaves there. */
static void note_cell(const soak_access *a, uint32_t cell, uint64_t serial)
{
    soak_note *note = &soak.notes[soak.note_count++];
    note->writer = soak.writer[cell];
    note->cell = cell;
    note->reads = soak.reads[cell];
    if (a->kind == SLIP_ACCESS_IN) {
        soak.reads[cell]++;
        soak.reads_checked++;
    } else {
        soak.writer[cell] = serial;
        soak.writes_checked++;
    }
}

/* Notes an argument, and makes the runtime's form of it. */
static slip_arg note_access(const soak_access *a, uint64_t serial)
{
    static const uint32_t temp_shape[2] = {1, SOAK_WORDS};
    for (uint32_t r = 0; r < a->rows; r++) {
        for (uint32_t c = 0; c < a->columns; c++) {
            note_cell(a, a->cell + r * SOAK_COLUMNS + c, serial);
        }
    }
    switch (a->kind) {
    case SLIP_ACCESS_IN:
        return slip_in(a->view);
    case SLIP_ACCESS_INOUT:
        return slip_inout(a->view);
    case SLIP_ACCESS_OUT:
        return slip_out(a->view, SLIP_U64, 2, temp_shape);
    default:
        return slip_out_existing(a->view);
    }
}

void soak_submit(slip_orch *o, const soak_access *access, uint32_t count,
                 const slip_task_handle *deps, uint32_t dep_count, slip_task_handle *out)
{
    slip_arg args[SOAK_ARGS + 2];
    soak_task *t = &soak.task[soak.task_count];
    t->serial = ++soak.serial;
    t->note = soak.note_count;
    slipi_store_relaxed(&t->ran, 0u);
    for (uint32_t i = 0; i < count; i++) {
        args[i] = note_access(&access[i], t->serial);
    }
    args[count] = slip_scalar(soak.task_count++);
    args[count + 1] = slip_scalar_param(SOAK_ARG_ROUND);
    soak.in_ring[soak.depth < SLIP_RING_COUNT ? soak.depth : SLIP_RING_COUNT - 1]++;
    slip_task task = {
        (uint32_t)sizeof(slip_task), SLIP_TASK_AIV, {0, 0, 0}, count + 2, dep_count, args, deps};
    (void)slip_submit_task(o, &task, out);
}

bool soak_more(slip_orch *o)
{
    return slip_orch_failed(o) == SLIP_OK && soak.task_count < soak.tasks &&
           soak.note_count + SOAK_TASK_CELLS < SOAK_RUN_NOTES;
}

void soak_open(slip_orch *o, enum slip_scope_kind kind)
{
    (void)slip_scope_begin(o, kind);
    soak.depth++;
    soak.scope[soak.depth - 1].temps = 0;
    if (soak.depth < SLIP_RING_COUNT) {
        soak.in_ring[soak.depth] = 0;
    }
}

void soak_close(slip_orch *o)
{
    (void)slip_scope_end(o);
    soak.depth--;
}

bool soak_fits(void)
{
    uint32_t ring = soak.depth < SLIP_RING_COUNT ? soak.depth : SLIP_RING_COUNT - 1;
    return soak.in_ring[ring] < soak.window;
}
