/* tensormap.c - look-up and record of one access; see tensormap.h. Orchestrator thread only. */
#include "orch/tensormap.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "base/hints.h"
#include "orch/tensormap_int.h"

/* Where the records and cells of a tensor's buffer lie. */
static inline const slipi_map_extent *extent_of(const slipi_attached *at, const slip_tensor *t)
{
    return &at->rt->map[t->creator != 0 ? slipi_task_ring(t->creator) : SLIPI_RINGS];
}

/* The record of a tensor's buffer. */
static inline slipi_buffer *buffer_of(const slipi_attached *at, const slipi_map_extent *extent,
                                      const slip_tensor *t)
{
    slipi_buffer *buffers = (slipi_buffer *)(void *)(at->arena_base + extent->buffers_off);
    uint64_t position = t->buffer & (SLIPI_BUFFER_HEAP - 1);
    return &buffers[position & (extent->buffer_count - 1)];
}

slipi_buffer *slipi_tensormap_buffer(const slipi_attached *at, const slip_tensor *t)
{
    return buffer_of(at, extent_of(at, t), t);
}

void slipi_tensormap_insert(slipi_buffer *buffer, uint64_t creator, uint64_t seq)
{
    buffer->creator = creator;
    buffer->birth = seq;
    buffer->lattice = 0;
    buffer->irregular = 0;
    buffer->untracked = 0;
    memset(&buffer->whole, 0, sizeof buffer->whole);
    buffer->whole.writer = creator;
    buffer->whole.write_seq = seq;
}

/* Runs a function over every cell that the region touches, in every table. */
static void each_cell(slipi_query *q, slipi_lattice *lattice, const slipi_tiles *tiles,
                      slipi_cell_fn fn)
{
    for (uint32_t i = 0; i < lattice->table_count; i++) {
        slipi_lattice_each(q, lattice, i, tiles, fn);
    }
}

/* Mask that means "all of the buffer" in a lattice. */
static uint32_t full_mask(const slipi_lattice *lattice)
{
    uint32_t mask = 0;
    for (uint32_t d = 0; d < lattice->ndim; d++) {
        mask |= lattice->count[d] > 1 ? 1u << d : 0u;
    }
    return mask;
}

/* Cells that a region takes in the table of its mask. */
static uint64_t cells_taken(const slipi_lattice *lattice, const slipi_tiles *tiles)
{
    uint64_t count = 1;
    for (uint32_t d = 0; d < lattice->ndim; d++) {
        if ((tiles->span_mask >> d & 1u) == 0) {
            count *= tiles->last[d] - tiles->first[d] + 1u;
            if (count > SLIPI_ACCESS_NODES) {
                break; /* more than an access may take: large factors cannot overflow */
            }
        }
    }
    return count;
}

/* Looks an access up that may touch several cells of a table. */
static void look_up_many(slipi_query *q, slipi_lattice *lattice, const slipi_tiles *tiles)
{
    slipi_cell_cover(q, &q->buffer->whole, true);
    if (lattice != NULL) {
        each_cell(q, lattice, tiles, slipi_cell_cover);
    }
    slipi_cell_report(q, &q->buffer->whole, true);
    if (lattice != NULL) {
        each_cell(q, lattice, tiles, slipi_cell_report);
    }
}

/* Looks an access up that lies in one cell of every table: all of them cover it. */
static void look_up_single(slipi_query *q, const slipi_lattice *lattice, slipi_cell *const *cells)
{
    slipi_cell_cover(q, &q->buffer->whole, true);
    for (uint32_t i = 0; i < lattice->table_count; i++) {
        slipi_cell_cover(q, cells[i], true);
    }
    slipi_cell_report(q, &q->buffer->whole, true);
    for (uint32_t i = 0; i < lattice->table_count; i++) {
        slipi_cell_report(q, cells[i], true);
    }
}

/* Records a partial access in its cells, or as an irregular one. */
static void record_partial(slipi_query *q, slipi_lattice *lattice, const slipi_tiles *tiles)
{
    bool manual = q->access->kind == SLIPI_ACCESS_MANUAL;
    bool regular = lattice != NULL && !manual && tiles->same_geometry && tiles->aligned &&
                   cells_taken(lattice, tiles) <= SLIPI_ACCESS_NODES;
    if (regular && tiles->span_mask == full_mask(lattice) && tiles->span_mask != 0) {
        regular = false; /* the root is all of a part of the buffer */
    }
    int table = regular ? slipi_lattice_table(q, lattice, tiles->span_mask) : -1;
    if (table >= 0) {
        slipi_lattice_each(q, lattice, (uint32_t)table, tiles, slipi_cell_record);
    } else {
        slipi_irregular_record(q);
    }
}

/* An access that may touch several cells, make a lattice, or be irregular. */
static SLIPI_NOINLINE void access_any(slipi_query *q)
{
    const slipi_access *access = q->access;
    bool whole = (access->tensor->flags & SLIPI_TENSOR_WHOLE) != 0;
    bool may_cut = !whole && access->kind == SLIPI_ACCESS_AUTO;
    slipi_lattice *lattice = may_cut || q->buffer->lattice != 0 ? slipi_lattice_of(q) : NULL;
    slipi_cell *cells[SLIPI_LATTICE_TABLES];
    slipi_tiles tiles;
    bool single = false;
    if (lattice != NULL) {
        slipi_lattice_tiles(q, lattice, &tiles);
        single = slipi_lattice_single(q, lattice, &tiles, cells);
    }
    if (access->kind != SLIPI_ACCESS_MANUAL) {
        if (single) {
            look_up_single(q, lattice, cells);
        } else {
            look_up_many(q, lattice, &tiles);
        }
        if (q->buffer->irregular != 0) {
            slipi_irregular_report(q);
        }
    }
    if (access->kind == SLIPI_ACCESS_LOOK) {
        return;
    }
    bool manual = access->kind == SLIPI_ACCESS_MANUAL;
    if (whole && !manual) {
        slipi_cell_record(q, &q->buffer->whole, true);
    } else if (single && tiles.aligned && tiles.span_mask == 0 && !manual) {
        slipi_cell_record(q, cells[0], true); /* exactly one tile */
    } else {
        record_partial(q, lattice, &tiles);
    }
}

/*
 * The cell that knows all about a region beside the whole buffer's, in the two common cases: the
 * buffer is used as a whole only, or the region is one tile and no other table was made. Null
 * otherwise.
 */
static inline slipi_cell *only_cell(const slipi_attached *at, const slipi_map_extent *extent,
                                    slipi_buffer *buffer, const slip_tensor *t)
{
    if (buffer->irregular != 0) {
        return NULL;
    }
    if (buffer->lattice == 0) {
        return (t->flags & SLIPI_TENSOR_WHOLE) != 0 ? &buffer->whole : NULL;
    }
    slipi_cell *cells = (slipi_cell *)(void *)(at->arena_base + extent->cells_off);
    slipi_cell *header = &cells[(buffer->lattice - 1) & (extent->cell_count - 1)];
    return slipi_lattice_tile((slipi_lattice *)(void *)header, t);
}

/*
 * The access where every task that used the region so far is known to be COMPLETED; false if that
 * is not known. Their entries in the cell are stale, so the first reader's place is free.
 */
static inline bool access_quiet(const slipi_access *access, const slipi_buffer *buffer,
                                slipi_cell *cell, uint64_t quiet)
{
    if (cell->write_seq > quiet || cell->read_seq > quiet || buffer->whole.write_seq > quiet ||
        buffer->whole.read_seq > quiet) {
        return false;
    }
    if (access->writes) {
        cell->writer = access->task;
        cell->write_seq = access->seq;
    } else {
        cell->readers[0] = access->task;
        cell->read_seq = access->seq;
    }
    return true;
}

void slipi_tensormap_access(slipi_orchestrator *o, const slipi_access *access,
                            slipi_producer_fn producer, void *user)
{
    const slipi_attached *at = &o->worker->at;
    const slip_tensor *t = access->tensor;
    const slipi_map_extent *extent = extent_of(at, t);
    slipi_buffer *buffer = buffer_of(at, extent, t);
    if (buffer->untracked != 0) {
        return;
    }
    slipi_cell *cell = access->kind == SLIPI_ACCESS_AUTO ? only_cell(at, extent, buffer, t) : NULL;
    if (cell != NULL && access_quiet(access, buffer, cell, o->rings.quiet)) {
        return;
    }
    slipi_query q = {o, access, buffer, at->rt, producer, user, 0};
    if (cell != NULL) {
        slipi_cell_access(&q, cell);
    } else {
        access_any(&q);
    }
}
