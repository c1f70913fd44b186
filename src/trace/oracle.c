/*
 * oracle.c - the verdict on a recorded run: lost order and needless edges; see oracle.h.
 *
 * Called by the runner, the command line and tests on the host; no state of its own.
 *
 * Order is checked for a block of earlier tasks at a time. Every task has one row of bits, one bit
 * for each task of the block that is ordered before it; the record is replayed in order, so that a
 * producer's row is final when a consumer takes it. Memory is a few words a task, whatever the
 * length of the record.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/oracle_int.h"

/* Words of a row at most: a block of 4096 tasks. Chosen, not measured. */
#define MAX_WORDS 64u

/* Work space for one block of earlier tasks. */
typedef struct block {
    uint32_t first;     /* first task of the block */
    uint32_t words;     /* of a row */
    uint64_t *rows;     /* per task: who of the block is ordered before it */
    uint64_t *writers;  /* per region: who of the block writes it */
    uint64_t *touchers; /* per region: who of the block reads or writes it */
    uint64_t *complete; /* one row: complete at this point of the record */
    uint64_t *needed;   /* one row: who conflicts with the task at hand */
    uint32_t *by_ring;  /* tasks, ring by ring, in order of their ids */
} block;

/* The record of the task of an access. */
static const slipi_audit_task *task_of(const slipi_oracle *oracle,
                                       const slipi_oracle_access *access)
{
    return oracle->index.entries[access->task].task;
}

/* Notes the first problem; see the header. */
void slipi_oracle_note(slipi_oracle *oracle, const char *what, const slipi_oracle_access *earlier,
                       const slipi_oracle_access *later)
{
    slip_audit_report *report = oracle->report;
    if (report->first_problem[0] != '\0') {
        return;
    }
    const slipi_audit_task *a = task_of(oracle, earlier);
    const slipi_audit_task *b = task_of(oracle, later);
    const slipi_byteset *left = &earlier->set;
    const slipi_byteset *right = &later->set;
    (void)snprintf(report->first_problem, sizeof(report->first_problem),
                   "%s task %" PRIu64 " (kernel %u) and task %" PRIu64
                   " (kernel %u): buffers %" PRIx64 " and %" PRIx64 ", bytes %" PRIu64 "..%" PRIu64
                   " and %" PRIu64 "..%" PRIu64,
                   what, a->submission, a->kernel[0], b->submission, b->kernel[0],
                   earlier->arg->tensor.buffer, later->arg->tensor.buffer, left->base,
                   left->base + left->extent, right->base, right->base + right->extent);
}

/* True if an edge between the tasks of two accesses is justified by them. */
static bool justifies(const slipi_oracle_access *a, const slipi_oracle_access *b,
                      slip_status *status)
{
    const slipi_audit_arg *x = a->arg;
    const slipi_audit_arg *y = b->arg;
    if (x->tensor.buffer != y->tensor.buffer || x->tensor.binding != y->tensor.binding ||
        !slipi_oracle_counts(a) || !slipi_oracle_counts(b) ||
        (!slipi_oracle_writes(a) && !slipi_oracle_writes(b))) {
        return false;
    }
    bool one_geometry = x->root_ndim != 0 && x->root_ndim == y->root_ndim &&
                        x->root_offset == y->root_offset &&
                        slip_dtype_bytes(x->tensor.dtype) == slip_dtype_bytes(y->tensor.dtype);
    for (uint32_t d = 0; one_geometry && d < x->root_ndim && d < SLIP_MAX_DIMS; d++) {
        one_geometry = x->root_shape[d] == y->root_shape[d];
    }
    if (!one_geometry) {
        return slipi_byteset_intervals_meet(&a->set, &b->set);
    }
    bool meet = false;
    *status = slipi_byteset_meet(&a->set, &b->set, &meet);
    return meet;
}

/* Checks one automatic edge: some pair of arguments must need it. */
static slip_status check_edge(slipi_oracle *oracle, const slipi_audit_event *edge)
{
    slip_status status = SLIP_OK;
    const uint32_t *first = oracle->access_first;
    for (uint32_t i = first[edge->producer]; i < first[edge->producer + 1u]; i++) {
        for (uint32_t j = first[edge->task]; j < first[edge->task + 1u]; j++) {
            bool needed = justifies(&oracle->accesses[i], &oracle->accesses[j], &status);
            if (needed || status != SLIP_OK) {
                return status;
            }
        }
    }
    slip_audit_report *report = oracle->report;
    report->false_edges++;
    if (report->first_problem[0] == '\0') {
        (void)snprintf(report->first_problem, sizeof(report->first_problem),
                       "false edge from task %" PRIu64 " (kernel %u) to task %" PRIu64
                       " (kernel %u): no two of their arguments conflict",
                       oracle->index.entries[edge->producer].task->submission,
                       oracle->index.entries[edge->producer].task->kernel[0],
                       oracle->index.entries[edge->task].task->submission,
                       oracle->index.entries[edge->task].task->kernel[0]);
    }
    return SLIP_OK;
}

/* Counts the edges and checks the automatic ones; see the header. */
slip_status slipi_oracle_check_edges(slipi_oracle *oracle)
{
    for (uint32_t i = 0; i < oracle->index.event_count; i++) {
        const slipi_audit_event *event = &oracle->index.events[i];
        if (event->kind != SLIPI_AUDIT_EDGE) {
            continue;
        }
        if ((event->flags & SLIPI_AUDIT_EDGE_SKIPPED) != 0) {
            oracle->report->edges_skipped++;
        } else {
            oracle->report->edges++;
        }
        if ((event->flags & SLIPI_AUDIT_EDGE_EXPLICIT) == 0) {
            slip_status status = check_edge(oracle, event);
            if (status != SLIP_OK) {
                return status;
            }
        }
    }
    return SLIP_OK;
}

/* Adds the bits of one row to another. */
static void add_row(uint64_t *to, const uint64_t *from, uint32_t words)
{
    for (uint32_t w = 0; w < words; w++) {
        to[w] |= from[w];
    }
}

/* Sets the bit of a task in a row, if the task belongs to the block. */
static void add_task(const block *b, uint64_t *row, uint32_t task)
{
    uint32_t bit = task - b->first;
    if (task >= b->first && bit < b->words * 64u) {
        row[bit / 64u] |= UINT64_C(1) << (bit % 64u);
    }
}

/* Adds a task and all that is ordered before it to a row. */
static void add_producer(const block *b, uint64_t *row, uint32_t producer)
{
    if (producer >= b->first) {
        add_row(row, &b->rows[(size_t)(producer - b->first) * b->words], b->words);
        add_task(b, row, producer);
    }
}

/* Lists the tasks ring by ring; start[r] is where ring r begins. */
static void list_by_ring(const slipi_oracle *oracle, block *b, uint32_t *start)
{
    uint32_t n = 0;
    for (uint32_t ring = 0; ring < SLIPI_RINGS; ring++) {
        start[ring] = n;
        for (uint32_t t = 0; t < oracle->index.entry_count; t++) {
            if (slipi_task_ring(oracle->index.entries[t].task->task) == ring) {
                b->by_ring[n] = t;
                n++;
            }
        }
    }
    start[SLIPI_RINGS] = n;
}

/* Takes a watermark: tasks of a ring below it are complete. cursor[r] moves up to end[r]. */
static void pass_watermark(const slipi_oracle *oracle, const block *b, uint32_t *cursor,
                           const uint32_t *end, const slipi_audit_event *event)
{
    for (uint32_t ring = 0; ring < SLIPI_RINGS; ring++) {
        while (cursor[ring] < end[ring]) {
            uint32_t t = b->by_ring[cursor[ring]];
            uint64_t ref = oracle->index.entries[t].task->task;
            if (t >= event->task || slipi_task_id(ref) >= event->mark->done[ring]) {
                break;
            }
            add_producer(b, b->complete, t);
            cursor[ring]++;
        }
    }
}

/* Replays the record and fills the rows of all tasks from the block's first on. */
static void replay(const slipi_oracle *oracle, block *b, const uint32_t *start)
{
    uint32_t cursor[SLIPI_RINGS];
    memcpy(cursor, start, sizeof(cursor));
    memset(b->complete, 0, b->words * sizeof(uint64_t));
    for (uint32_t i = 0; i < oracle->index.event_count; i++) {
        const slipi_audit_event *event = &oracle->index.events[i];
        uint64_t *row =
            event->task < b->first ? NULL : &b->rows[(size_t)(event->task - b->first) * b->words];
        if (event->kind == SLIPI_AUDIT_WATERMARK) {
            pass_watermark(oracle, b, cursor, start + 1, event);
        } else if (event->kind == SLIPI_AUDIT_WAIT) {
            add_producer(b, b->complete, event->producer);
        } else if (row != NULL && event->kind == SLIPI_AUDIT_TASK) {
            memcpy(row, b->complete, b->words * sizeof(uint64_t));
        } else if (row != NULL) {
            add_producer(b, row, event->producer);
        }
    }
}

/* Notes for every region who of the block writes and touches it. */
static void mark_regions(const slipi_oracle *oracle, block *b)
{
    size_t bytes = (size_t)oracle->region_count * b->words * sizeof(uint64_t);
    memset(b->writers, 0, bytes);
    memset(b->touchers, 0, bytes);
    uint32_t last = b->first + b->words * 64u;
    last = last < oracle->index.entry_count ? last : oracle->index.entry_count;
    for (uint32_t i = oracle->access_first[b->first]; i < oracle->access_first[last]; i++) {
        const slipi_oracle_access *access = &oracle->accesses[i];
        size_t at = (size_t)access->region * b->words;
        if (slipi_oracle_counts(access)) {
            add_task(b, &b->touchers[at], access->task);
        }
        if (slipi_oracle_writes(access)) {
            add_task(b, &b->writers[at], access->task);
        }
    }
}

/* Fills `needed`: earlier tasks of the block that conflict with `task`. */
static void find_conflicts(const slipi_oracle *oracle, block *b, uint32_t task)
{
    memset(b->needed, 0, b->words * sizeof(uint64_t));
    for (uint32_t i = oracle->access_first[task]; i < oracle->access_first[task + 1u]; i++) {
        const slipi_oracle_access *access = &oracle->accesses[i];
        if (!slipi_oracle_counts(access)) {
            continue;
        }
        const uint64_t *who = slipi_oracle_writes(access) ? b->touchers : b->writers;
        const slipi_oracle_region *region = &oracle->regions[access->region];
        for (uint32_t m = 0; m < region->meet_count; m++) {
            uint32_t other = oracle->meetings[region->meet_first + m];
            add_row(b->needed, &who[(size_t)other * b->words], b->words);
        }
    }
    uint32_t room = task - b->first; /* only tasks before this one */
    for (uint32_t w = 0; w < b->words; w++) {
        if (room < (w + 1u) * 64u) {
            uint32_t keep = room > w * 64u ? room - w * 64u : 0;
            b->needed[w] &= (UINT64_C(1) << keep) - 1u;
        }
    }
}

/* Notes a lost pair: finds the arguments that conflict. */
static void note_lost(slipi_oracle *oracle, uint32_t earlier, uint32_t later)
{
    const uint32_t *first = oracle->access_first;
    for (uint32_t i = first[earlier]; i < first[earlier + 1u]; i++) {
        for (uint32_t j = first[later]; j < first[later + 1u]; j++) {
            const slipi_oracle_access *a = &oracle->accesses[i];
            const slipi_oracle_access *b = &oracle->accesses[j];
            bool meet = false;
            if (a->arg->tensor.buffer != b->arg->tensor.buffer || !slipi_oracle_counts(a) ||
                !slipi_oracle_counts(b) || (!slipi_oracle_writes(a) && !slipi_oracle_writes(b)) ||
                slipi_byteset_meet(&a->set, &b->set, &meet) != SLIP_OK || !meet) {
                continue;
            }
            slipi_oracle_note(oracle,
                              !slipi_oracle_writes(a) ? "lost write after read between"
                              : slipi_oracle_writes(b) && b->arg->tensor.access != SLIP_ACCESS_INOUT
                                  ? "lost write after write between"
                                  : "lost read after write between",
                              a, b);
            return;
        }
    }
}

/* Compares what is needed with what is ordered, for one task. */
static void judge(slipi_oracle *oracle, block *b, uint32_t task)
{
    find_conflicts(oracle, b, task);
    const uint64_t *row = &b->rows[(size_t)(task - b->first) * b->words];
    bool owes = oracle->index.entries[task].task->manual == 0;
    for (uint32_t w = 0; w < b->words; w++) {
        uint64_t lost = owes ? b->needed[w] & ~row[w] : 0;
        oracle->report->conflicts += (uint64_t)__builtin_popcountll(b->needed[w]);
        oracle->report->lost += (uint64_t)__builtin_popcountll(lost);
        if (lost != 0 && oracle->report->first_problem[0] == '\0') {
            uint32_t bit = w * 64u + (uint32_t)__builtin_ctzll(lost);
            note_lost(oracle, b->first + bit, task);
        }
    }
}

/* Takes the work space; words is chosen so that short records use short rows. */
static slip_status block_init(const slipi_oracle *oracle, block *b)
{
    memset(b, 0, sizeof(*b));
    uint32_t tasks = oracle->index.entry_count;
    uint32_t words = (tasks + 63u) / 64u;
    b->words = words == 0 ? 1u : words < MAX_WORDS ? words : MAX_WORDS;
    size_t row = b->words * sizeof(uint64_t);
    b->rows = calloc((size_t)tasks + 1u, row);
    b->writers = calloc((size_t)oracle->region_count + 1u, row);
    b->touchers = calloc((size_t)oracle->region_count + 1u, row);
    b->complete = calloc(1, row);
    b->needed = calloc(1, row);
    b->by_ring = calloc((size_t)tasks + 1u, sizeof(uint32_t));
    if (b->rows == NULL || b->writers == NULL || b->touchers == NULL || b->complete == NULL ||
        b->needed == NULL || b->by_ring == NULL) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    return SLIP_OK;
}

/* Frees the work space. */
static void block_fini(block *b)
{
    free(b->rows);
    free(b->writers);
    free(b->touchers);
    free(b->complete);
    free(b->needed);
    free(b->by_ring);
}

/* Checks that every conflicting pair is ordered; see the header. */
slip_status slipi_oracle_check_order(slipi_oracle *oracle)
{
    block b;
    uint32_t start[SLIPI_RINGS + 1u];
    uint32_t tasks = oracle->index.entry_count;
    slip_status status = block_init(oracle, &b);
    if (status == SLIP_OK) {
        list_by_ring(oracle, &b, start);
        for (b.first = 0; b.first < tasks; b.first += b.words * 64u) {
            replay(oracle, &b, start);
            mark_regions(oracle, &b);
            for (uint32_t task = b.first; task < tasks; task++) {
                judge(oracle, &b, task);
            }
        }
    }
    block_fini(&b);
    return status;
}

/* Frees what the oracle took. */
static void oracle_fini(slipi_oracle *oracle)
{
    slipi_audit_index_fini(&oracle->index);
    free(oracle->accesses);
    free(oracle->access_first);
    free(oracle->by_place);
    free(oracle->regions);
    free(oracle->meetings);
}

/* Runs the steps one after the other; the first failure ends them. */
static slip_status run_checks(slipi_oracle *oracle)
{
    slip_status status = slipi_oracle_collect(oracle);
    if (status == SLIP_OK) {
        status = slipi_oracle_check_order(oracle);
    }
    if (status == SLIP_OK) {
        status = slipi_oracle_check_lifetimes(oracle);
    }
    if (status == SLIP_OK) {
        status = slipi_oracle_check_edges(oracle);
    }
    return status;
}

/* Checks a record; see the header. */
slip_status slipi_oracle_check(const slipi_audit_header *record, slip_audit_report *out)
{
    if (record == NULL || out == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    uint32_t struct_size = out->struct_size;
    memset(out, 0, sizeof(*out));
    out->struct_size = struct_size;
    slipi_oracle oracle;
    memset(&oracle, 0, sizeof(oracle));
    oracle.report = out;
    slip_status status = slipi_audit_index_init(&oracle.index, record);
    out->tasks = oracle.index.entry_count;
    if (status == SLIP_OK) {
        status = run_checks(&oracle);
    }
    if (status != SLIP_OK && out->first_problem[0] == '\0') {
        (void)snprintf(out->first_problem, sizeof(out->first_problem), "no verdict: %s",
                       oracle.index.problem[0] != '\0' ? oracle.index.problem
                                                       : slip_status_message(status));
    }
    oracle_fini(&oracle);
    if (status == SLIP_OK && (out->lost != 0 || out->false_edges != 0)) {
        status = SLIP_E_AUDIT;
    }
    return status;
}
