/*
 * tensormap_int.h - shared by tensormap.c, lattice.c and irregular.c only.
 */
#ifndef SLIPI_TENSORMAP_INT_H
#define SLIPI_TENSORMAP_INT_H

#include "orch/tensormap.h"

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

/* ---- cell.c --------------------------------------------------------------------------------- */

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
