/* cell.c - one access cell: last writer and readers since; see tensormap.h. */
#include "orch/tensormap_int.h"

/* Reports a task that is not the accessing one, if it is live or the run is audited. */
static inline bool report(slipi_query *q, uint64_t task)
{
    bool wanted = task != 0 && task != q->access->task &&
                  (slipi_task_live(q->rt, task) || q->o->audit != NULL);
    if (wanted) {
        q->producer(q->user, task);
    }
    return wanted;
}

void slipi_cell_cover(slipi_query *q, slipi_cell *cell, bool covers)
{
    if (covers && cell->write_seq > q->covered) {
        q->covered = cell->write_seq;
    }
}

/* Reports the readers of a cell to a write; false if none of them matters any more. */
static bool report_readers(slipi_query *q, slipi_cell *cell)
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

void slipi_cell_report(slipi_query *q, slipi_cell *cell, bool covers)
{
    (void)covers;
    /* Each reader was ordered after the writer: who comes after a reader needs no edge to it. */
    bool ordered = q->access->writes && report_readers(q, cell);
    if (!ordered && cell->write_seq >= q->covered) {
        report(q, cell->writer);
    }
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

void slipi_cell_record(slipi_query *q, slipi_cell *cell, bool covers)
{
    (void)covers;
    if (!q->access->writes) {
        add_reader(q, cell);
        return;
    }
    cell->writer = q->access->task;
    cell->write_seq = q->access->seq;
}
