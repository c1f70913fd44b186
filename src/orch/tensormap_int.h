/*
 * tensormap_int.h - shared by tensormap.c, lattice.c and irregular.c only.
 */
#ifndef SLIPI_TENSORMAP_INT_H
#define SLIPI_TENSORMAP_INT_H

#include <stddef.h>
#include <string.h>

#include "orch/tensormap.h"

/* A cell of a lattice or a node that an access looks at. A program that counts them (bench/map.c)
 * says how before it includes the map's sources. */
#ifndef SLIPI_COUNT_PROBE
#define SLIPI_COUNT_PROBE ((void)0)
#endif

/* One access on its way through the map. */
typedef struct slipi_query {
    slipi_orchestrator *o;
    const slipi_access *access;
    slipi_buffer *buffer;
    slipi_runtime *rt;
    slipi_producer_fn producer;
    void *user;
    uint64_t covered; /* sequence of the youngest write that covers the whole region */
} slipi_query;

/* The tiles of a lattice that a region touches, dimension by dimension. */
typedef struct slipi_tiles {
    uint32_t first[SLIP_MAX_DIMS];
    uint32_t last[SLIP_MAX_DIMS];
    uint32_t span_mask; /* dimensions (of more than one tile) that the region spans */
    bool aligned;       /* the region is a union of whole tiles */
    bool single;        /* the region lies in one tile */
    bool same_geometry;
} slipi_tiles;

/* ---- lattice.c ------------------------------------------------------------------------------ */

/* The buffer's lattice, made from this region if there is none; null if there can be none. */
slipi_lattice *slipi_lattice_of(slipi_query *q);

/* Which tiles the query's region touches. */
void slipi_lattice_tiles(const slipi_query *q, const slipi_lattice *lattice, slipi_tiles *out);

/* Index of the table for a mask, made if need be; -1 if there is no room. */
int slipi_lattice_table(slipi_query *q, slipi_lattice *lattice, uint32_t mask);

/*
 * The common case: in every table the region lies in one cell. Puts them into cells[table] and
 * returns true; they all cover the region. False: go through slipi_lattice_each.
 */
bool slipi_lattice_single(slipi_query *q, const slipi_lattice *lattice, const slipi_tiles *tiles,
                          slipi_cell *cells[SLIPI_LATTICE_TABLES]);

/* Calls fn for every cell of table `index` that the tiles touch. */
typedef void (*slipi_cell_fn)(slipi_query *q, slipi_cell *cell, bool covers);
void slipi_lattice_each(slipi_query *q, slipi_lattice *lattice, uint32_t index,
                        const slipi_tiles *tiles, slipi_cell_fn fn);

/* Empties a cell that is left over from an earlier life of the memory. */
static inline void slipi_cell_refresh(slipi_cell *cell, uint64_t birth)
{
    SLIPI_COUNT_PROBE;
    if (cell->write_seq < birth && cell->read_seq < birth) {
        memset(cell, 0, sizeof *cell);
    }
}

/* Bits that differ between the eight bytes at offset `off` here and there. */
static inline uint64_t slipi_differ(const void *a, const void *b, size_t off)
{
    uint64_t x;
    uint64_t y;
    memcpy(&x, (const uint8_t *)a + off, sizeof x);
    memcpy(&y, (const uint8_t *)b + off, sizeof y);
    return x ^ y;
}

/* Root shape and box of a view, root shape and tile of a lattice: 40 bytes each, in one piece. */
_Static_assert(offsetof(slip_tensor, box_len) == offsetof(slip_tensor, root_shape) + 20 &&
                   offsetof(slip_tensor, box_lo) == offsetof(slip_tensor, root_shape) + 40 &&
                   offsetof(slipi_lattice, tile) == offsetof(slipi_lattice, root_shape) + 20,
               "compared as one");

/*
 * The shortest way to a cell: if table 0 is the lattice's only one, and the view was cut from the
 * lattice's geometry, with its tile size, on its grid, the view knows which tile it is. Null if not
 * so. Dimensions that a geometry does not have are zero everywhere, so all five are compared.
 */
static inline slipi_cell *slipi_lattice_tile(slipi_lattice *lattice, const slip_tensor *t)
{
    const void *view = t->root_shape;
    const void *cut = lattice->root_shape;
    uint64_t differ = slipi_differ(view, cut, 0) | slipi_differ(view, cut, 8) |
                      slipi_differ(view, cut, 16) | slipi_differ(view, cut, 24) |
                      slipi_differ(view, cut, 32) | (t->root_offset ^ lattice->root_offset) |
                      (t->dtype ^ lattice->dtype);
    if (differ != 0 || (t->flags & SLIPI_TENSOR_TILE) == 0 || lattice->table_count != 1) {
        return NULL;
    }
    /* The first table lies behind the header in one piece. */
    slipi_cell *cell = (slipi_cell *)(void *)(lattice + 1) + t->tile;
    slipi_cell_refresh(cell, lattice->birth[0]);
    return cell;
}

/* ---- cell.c --------------------------------------------------------------------------------- */

/*
 * Looks an access up and records it, where one cell beside the whole buffer's (or that one alone)
 * knows all about the region.
 */
void slipi_cell_access(slipi_query *q, slipi_cell *cell);

/* Reports the cell's writer, and for a write its readers, unless superseded. */
void slipi_cell_report(slipi_query *q, slipi_cell *cell, bool covers);

/* Raises q->covered if the cell covers the region. */
void slipi_cell_cover(slipi_query *q, slipi_cell *cell, bool covers);

/* Records the query's access in a cell of exactly its region (or one tile of it). */
void slipi_cell_record(slipi_query *q, slipi_cell *cell, bool covers);

/* ---- irregular.c ---------------------------------------------------------------------------- */

/* A fresh node of the pool; the caller has reserved it. *out_pos is its position + 1. */
slipi_node *slipi_node_new(slipi_query *q, uint64_t *out_pos);

/* The node at position + 1, or null if it is void. */
slipi_node *slipi_node_at(const slipi_query *q, uint64_t pos);

/* Reports irregular accesses that overlap the region; drops those of COMPLETED tasks. */
void slipi_irregular_report(slipi_query *q);

/* Records the access as an irregular one. */
void slipi_irregular_record(slipi_query *q);

/* What a view was cut from, in a lattice or a node. */
typedef struct slipi_geometry {
    uint64_t root_offset;
    const uint32_t *root_shape;
    uint32_t ndim;
    uint32_t elem_bytes;
} slipi_geometry;

/* True if the view was cut from this geometry: equal boxes are then equal bytes. */
static inline bool slipi_same_geometry(const slip_tensor *t, slipi_geometry from)
{
    bool same = from.ndim == t->root_ndim && from.root_offset == t->root_offset &&
                from.elem_bytes == slip_dtype_bytes(t->dtype);
    for (uint32_t d = 0; d < t->root_ndim; d++) {
        same = same && from.root_shape[d] == t->root_shape[d];
    }
    return same;
}

/* Byte interval [lo, hi) of a tensor's region in its buffer. */
void slipi_region_bytes(const slip_tensor *t, uint64_t *out_lo, uint64_t *out_hi);

#endif
