/* cell.c - one access cell: last writer and readers since; see tensormap.h. */
#include "base/hints.h"
#include "orch/tensormap_int.h"

/* Reports a task, if there is one and it is not the accessing one. */
static SLIPI_NOINLINE bool report_known(slipi_query *q, uint64_t task)
{
    bool wanted = task != 0 && task != q->access->task;
    if (wanted) {
        q->producer(q->user, task);
    }
    return wanted;
}

/* The same for a task that is live; in an audited run for every one. */
static inline bool report(slipi_query *q, uint64_t task)
{
    return (slipi_task_live(q->rt, task) || q->o->audit != NULL) && report_known(q, task);
}

/* Raises q->covered to the cell's write. */
static inline void cover(slipi_query *q, const slipi_cell *cell)
{
    q->covered = cell->write_seq > q->covered ? cell->write_seq : q->covered;
}

void slipi_cell_cover(slipi_query *q, slipi_cell *cell, bool covers)
{
    if (covers) {
        cover(q, cell);
    }
}

/* Reports the readers of a cell to a write; false if none of them matters any more. */
static SLIPI_NOINLINE bool report_readers(slipi_query *q, const slipi_cell *cell)
{
    if (cell->read_seq <= q->covered || cell->read_seq <= cell->write_seq) {
        return false; /* every reader in the list is older than a write that covers this region */
    }
    bool any = false;
    for (uint32_t i = 0; i < SLIPI_CELL_READERS; i++) {
        any = report(q, cell->readers[i]) || any;
    }
    uint64_t pos = cell->overflow;
    for (const slipi_node *node = slipi_node_at(q, pos); node != NULL;
         node = slipi_node_at(q, pos)) {
        any = report(q, node->task) || any;
        pos = node->next;
    }
    return any;
}

/* Reports the cell's writer, and for a write its readers, unless superseded. */
static inline void report_cell(slipi_query *q, const slipi_cell *cell)
{
    /* Each reader was ordered after the writer: who comes after a reader needs no edge to it. */
    bool ordered = q->access->writes && report_readers(q, cell);
    if (!ordered && cell->write_seq >= q->covered) {
        report(q, cell->writer);
    }
}

void slipi_cell_report(slipi_query *q, slipi_cell *cell, bool covers)
{
    (void)covers;
    report_cell(q, cell);
}

/* Empties a reader list. */
static void clear_readers(slipi_cell *cell)
{
    for (uint32_t i = 0; i < SLIPI_CELL_READERS; i++) {
        cell->readers[i] = 0;
    }
    cell->overflow = 0;
}

/* Adds the accessing task to the cell's readers. */
static void add_reader(slipi_query *q, slipi_cell *cell)
{
    uint64_t covered = cell->write_seq > q->covered ? cell->write_seq : q->covered;
    if (cell->read_seq <= covered) {
        clear_readers(cell);
    }
    cell->read_seq = q->access->seq;
    for (uint32_t i = 0; i < SLIPI_CELL_READERS; i++) {
        uint64_t reader = cell->readers[i];
        if (reader == 0 || reader == q->access->task || !slipi_task_live(q->rt, reader)) {
            cell->readers[i] = q->access->task;
            return;
        }
    }
    uint64_t pos;
    slipi_node *node = slipi_node_new(q, &pos);
    node->next = cell->overflow;
    cell->overflow = pos;
}

/* Records the access in a cell of exactly its region, or one tile of it. */
static inline void record(slipi_query *q, slipi_cell *cell)
{
    if (!q->access->writes) {
        add_reader(q, cell);
        return;
    }
    cell->writer = q->access->task;
    cell->write_seq = q->access->seq;
}

void slipi_cell_record(slipi_query *q, slipi_cell *cell, bool covers)
{
    (void)covers;
    record(q, cell);
}

void slipi_cell_access(slipi_query *q, slipi_cell *cell)
{
    const slipi_cell *whole = &q->buffer->whole;
    cover(q, whole);
    cover(q, cell);
    if (cell != whole && (whole->write_seq == q->covered || whole->read_seq > q->covered)) {
        slipi_cell_report(q, &q->buffer->whole, true); /* used as a whole since the cell's write */
    }
    report_cell(q, cell);
    record(q, cell);
}
