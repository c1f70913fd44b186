/* lattice.c - a buffer cut into tiles, with a directly indexed cell for each; see tensormap.h. */
#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "orch/tensormap_int.h"

/* Where the cells of the query's buffer come from: its ring's pool, or the run arguments'. */
typedef struct cell_pool {
    slipi_cell *cells;
    uint64_t count;
    uint64_t *head;
    uint64_t tail;
    uint32_t ring; /* SLIPI_RINGS for run arguments */
} cell_pool;

/* The pool of a buffer. */
static cell_pool pool_of(const slipi_query *q)
{
    const slipi_attached *at = &q->o->worker->at;
    cell_pool pool;
    pool.ring = q->buffer->creator != 0 ? slipi_task_ring(q->buffer->creator) : SLIPI_RINGS;
    const slipi_map_extent *extent = &q->rt->map[pool.ring];
    pool.cells = (slipi_cell *)(void *)(at->arena_base + extent->cells_off);
    pool.count = extent->cell_count;
    if (pool.ring == SLIPI_RINGS) {
        pool.head = &q->rt->args_cells_head;
        pool.tail = 0; /* run arguments keep their cells for the whole run */
    } else {
        pool.head = &q->rt->ring[pool.ring].cells_head;
        pool.tail = q->rt->ring[pool.ring].cells_tail;
    }
    return pool;
}

/* Takes `count` adjacent cells; false if there is no room (the buffer goes without). */
static bool take_cells(slipi_query *q, const cell_pool *pool, uint64_t count, uint64_t *out_pos)
{
    uint64_t start = *pool->head;
    if (count > pool->count) {
        return false;
    }
    if (start % pool->count + count > pool->count) {
        start += pool->count - start % pool->count;
    }
    if (start + count - pool->tail > pool->count) {
        return false;
    }
    *pool->head = start + count;
    if (pool->ring != SLIPI_RINGS) {
        /* The youngest task of the ring gives the cells back: the buffer's creator is not younger.
         */
        const slipi_attached *at = &q->o->worker->at;
        const slipi_ring_state *s = &q->rt->ring[pool->ring];
        slipi_slot *youngest = &at->slots[pool->ring][(s->head - 1) & at->slot_mask[pool->ring]];
        slipi_slot_keep(youngest);
        youngest->cells_end = *pool->head;
    }
    *out_pos = start;
    return true;
}

/* The cell at a position of the buffer's pool. */
static slipi_cell *cell_at(const cell_pool *pool, uint64_t pos)
{
    return &pool->cells[pos & (pool->count - 1)];
}

/* Cells of the table for a mask. */
static uint64_t table_cells(const slipi_lattice *lattice, uint32_t mask)
{
    uint64_t count = 1;
    for (uint32_t d = 0; d < lattice->ndim; d++) {
        if ((mask >> d & 1u) == 0 && !slipi_mul_u64(count, lattice->count[d], &count)) {
            return UINT64_MAX;
        }
    }
    return count;
}

/* Fills the geometry from a region; false if the region is no tile of a regular lattice. */
static bool cut(const slip_tensor *t, slipi_lattice *out)
{
    memset(out, 0, sizeof *out);
    out->root_offset = t->root_offset;
    out->ndim = t->root_ndim;
    out->elem_bytes = slip_dtype_bytes(t->dtype);
    out->dtype = t->dtype;
    for (uint32_t d = 0; d < t->root_ndim; d++) {
        uint32_t tile = t->box_len[d];
        if (t->box_lo[d] % tile != 0) {
            return false;
        }
        out->root_shape[d] = t->root_shape[d];
        out->tile[d] = tile;
        out->count[d] = (t->root_shape[d] - 1) / tile + 1; /* the sum of both could overflow */
    }
    return true;
}

slipi_lattice *slipi_lattice_of(slipi_query *q)
{
    enum { HEADER_CELLS = sizeof(slipi_lattice) / sizeof(slipi_cell) };
    cell_pool pool = pool_of(q);
    if (q->buffer->lattice != 0) {
        return (slipi_lattice *)(void *)cell_at(&pool, q->buffer->lattice - 1);
    }
    slipi_lattice fresh;
    uint64_t pos;
    if (!cut(q->access->tensor, &fresh)) {
        return NULL;
    }
    uint64_t tiles = table_cells(&fresh, 0);
    /* A lattice may take half of the pool at most, so that one buffer leaves room for others. */
    if (tiles > pool.count / 2 || !take_cells(q, &pool, HEADER_CELLS + tiles, &pos)) {
        return NULL;
    }
    fresh.table_count = 1;
    fresh.table[0] = HEADER_CELLS;
    fresh.birth[0] = q->access->seq;
    slipi_lattice *lattice = (slipi_lattice *)(void *)cell_at(&pool, pos);
    *lattice = fresh;
    q->buffer->lattice = pos + 1;
    return lattice;
}

int slipi_lattice_table(slipi_query *q, slipi_lattice *lattice, uint32_t mask)
{
    for (uint32_t i = 0; i < lattice->table_count; i++) {
        if (lattice->mask[i] == mask) {
            return (int)i;
        }
    }
    cell_pool pool = pool_of(q);
    uint64_t pos;
    uint32_t index = lattice->table_count;
    if (index == SLIPI_LATTICE_TABLES || !take_cells(q, &pool, table_cells(lattice, mask), &pos)) {
        return -1;
    }
    lattice->mask[index] = (uint8_t)mask;
    /* Relative to the header, modulo the pool: both lie in one pool of at most 2^32 cells. */
    lattice->table[index] = (uint32_t)((pos - (q->buffer->lattice - 1)) & (pool.count - 1));
    lattice->birth[index] = q->access->seq;
    lattice->table_count++;
    return (int)index;
}

/* Dimension by dimension, for a region of the lattice's own geometry. */
static void tiles_exact(const slip_tensor *t, const slipi_lattice *lattice, slipi_tiles *out)
{
    out->aligned = true;
    out->single = true;
    for (uint32_t d = 0; d < lattice->ndim; d++) {
        uint32_t tile = lattice->tile[d];
        uint32_t lo = t->box_lo[d];
        uint32_t end = lo + t->box_len[d];
        uint32_t first = lattice->count[d] == 1 ? 0 : lo / tile;
        uint32_t begin = first * tile;
        uint32_t last = end - begin <= tile ? first : (end - 1) / tile;
        bool spans = t->box_len[d] == lattice->root_shape[d];
        out->first[d] = first;
        out->last[d] = last;
        out->single = out->single && (first == last);
        out->aligned = out->aligned && begin == lo &&
                       (end == lattice->root_shape[d] || (last + 1) * tile == end);
        out->span_mask |= spans && lattice->count[d] > 1 ? 1u << d : 0u;
    }
}

/* For a region of another geometry: the rows of tiles (dimension 0) that its bytes touch. */
static void tiles_by_bytes(const slip_tensor *t, const slipi_lattice *lattice, slipi_tiles *out)
{
    uint64_t lo;
    uint64_t hi;
    uint64_t row = lattice->elem_bytes;
    slipi_region_bytes(t, &lo, &hi);
    for (uint32_t d = 1; d < lattice->ndim; d++) {
        row *= lattice->root_shape[d];
        out->first[d] = 0;
        out->last[d] = lattice->count[d] - 1;
    }
    uint64_t tile_row = row * lattice->tile[0];
    uint64_t from = lo > lattice->root_offset ? lo - lattice->root_offset : 0;
    uint64_t to = hi > lattice->root_offset ? hi - lattice->root_offset : 0;
    if (to == 0 || from / tile_row >= lattice->count[0]) {
        out->first[0] = 1; /* touches nothing */
        out->last[0] = 0;
        return;
    }
    uint64_t last = (to - 1) / tile_row;
    out->first[0] = (uint32_t)(from / tile_row);
    out->last[0] = last < lattice->count[0] ? (uint32_t)last : lattice->count[0] - 1;
}

void slipi_lattice_tiles(const slipi_query *q, const slipi_lattice *lattice, slipi_tiles *out)
{
    const slip_tensor *t = q->access->tensor;
    out->span_mask = 0;
    out->single = false;
    out->aligned = false;
    slipi_geometry from = {lattice->root_offset, lattice->root_shape, lattice->ndim,
                           lattice->elem_bytes};
    out->same_geometry = slipi_same_geometry(t, from);
    if (out->same_geometry) {
        tiles_exact(t, lattice, out);
    } else {
        tiles_by_bytes(t, lattice, out);
    }
}

/* True if the bytes of the cell at `at` (spanning the mask's dimensions) meet the query's. */
static bool bytes_meet(const slipi_query *q, const slipi_lattice *lattice, uint32_t mask,
                       const uint32_t *at)
{
    uint64_t lo;
    uint64_t hi;
    uint64_t stride = lattice->elem_bytes;
    uint64_t first = lattice->root_offset;
    uint64_t last = lattice->root_offset; /* of the cell's elements, in bytes */
    for (uint32_t d = lattice->ndim; d-- > 0;) {
        bool spanned = (mask >> d & 1u) != 0;
        uint32_t begin = spanned ? 0 : at[d] * lattice->tile[d];
        uint32_t room = lattice->root_shape[d] - begin;
        uint32_t length = spanned || lattice->tile[d] > room ? room : lattice->tile[d];
        first += stride * begin;
        last += stride * (begin + length - 1u);
        stride *= lattice->root_shape[d];
    }
    slipi_region_bytes(q->access->tensor, &lo, &hi);
    return first < hi && lo < last + lattice->elem_bytes;
}

/* Moves `at` to the next cell in row-major order; false after the last. */
static bool next_cell(uint32_t *at, const uint32_t *first, const uint32_t *last, uint32_t ndim)
{
    for (uint32_t d = ndim; d-- > 0;) {
        if (at[d] < last[d]) {
            at[d]++;
            return true;
        }
        at[d] = first[d];
    }
    return false;
}

/* The cell, emptied if it is left over. */
static slipi_cell *live_cell(const cell_pool *pool, uint64_t pos, uint64_t birth)
{
    slipi_cell *cell = cell_at(pool, pos);
    slipi_cell_refresh(cell, birth);
    return cell;
}

/* Index of a cell in the table of a mask. */
static uint64_t flat_index(const slipi_lattice *lattice, uint32_t mask, const uint32_t *at)
{
    uint64_t flat = 0;
    for (uint32_t d = 0; d < lattice->ndim; d++) {
        flat = (mask >> d & 1u) != 0 ? flat : flat * lattice->count[d] + at[d];
    }
    return flat;
}

bool slipi_lattice_single(slipi_query *q, const slipi_lattice *lattice, const slipi_tiles *tiles,
                          slipi_cell *cells[SLIPI_LATTICE_TABLES])
{
    if (!tiles->single || !tiles->same_geometry) {
        return false;
    }
    cell_pool pool = pool_of(q);
    uint64_t base = q->buffer->lattice - 1;
    for (uint32_t i = 0; i < lattice->table_count; i++) {
        uint64_t pos =
            base + lattice->table[i] + flat_index(lattice, lattice->mask[i], tiles->first);
        cells[i] = live_cell(&pool, pos, lattice->birth[i]);
    }
    return true;
}

void slipi_lattice_each(slipi_query *q, slipi_lattice *lattice, uint32_t index,
                        const slipi_tiles *tiles, slipi_cell_fn fn)
{
    cell_pool pool = pool_of(q);
    uint64_t base = q->buffer->lattice - 1 + lattice->table[index];
    uint32_t mask = lattice->mask[index];
    uint32_t first[SLIP_MAX_DIMS];
    uint32_t last[SLIP_MAX_DIMS];
    uint32_t at[SLIP_MAX_DIMS];
    bool covers = tiles->same_geometry; /* one cell, and the region lies inside it */
    for (uint32_t d = 0; d < lattice->ndim; d++) {
        bool spanned = (mask >> d & 1u) != 0;
        first[d] = at[d] = spanned ? 0 : tiles->first[d];
        last[d] = spanned ? 0 : tiles->last[d];
        covers = covers && first[d] == last[d];
        if (first[d] > last[d]) {
            return;
        }
    }
    do {
        slipi_cell *cell =
            live_cell(&pool, base + flat_index(lattice, mask, at), lattice->birth[index]);
        if (tiles->same_geometry || bytes_meet(q, lattice, mask, at)) {
            fn(q, cell, covers);
        }
    } while (next_cell(at, first, last, lattice->ndim));
}
