/*
 * tensormap.h - which tasks used which region of which buffer last.
 *
 * For the orchestrator only; no atomics. A later task is ordered after an earlier one if their
 * regions overlap and one of them writes. The map answers "who must come before this access" and
 * records the access, at a cost that does not grow with the number of live regions:
 *
 *   - a buffer's record is reached from the handle, without hashing;
 *   - the record has one cell for accesses to all of the buffer;
 *   - the first partial access cuts the buffer into a lattice of its tile size; a tile's cell is
 *     found by index. Regions that span whole dimensions (panels) have a table of their own per
 *     mask of spanned dimensions;
 *   - other regions (irregular) are a list of their own buffer.
 *
 * Nothing is deleted: a cell says when it was written (global sequence), and a reference to a task
 * below `done` is stale. Supersession: an access W that covers region A and writes makes
 * everything older irrelevant to later accesses of A, for W was ordered after it.
 */
#ifndef SLIPI_TENSORMAP_H
#define SLIPI_TENSORMAP_H

#include "orch/orchestrator.h"

/* Nodes that one access may take at most: one, or one reader for each cell of a region. */
#define SLIPI_ACCESS_NODES 16u

/* Receives every live task that must come before the access (in an audited run COMPLETED ones too,
 * as far as they are still known). May be called twice for one task. */
typedef void (*slipi_producer_fn)(void *user, uint64_t task);

/* What the map does with an access. */
enum slipi_access_kind {
    SLIPI_ACCESS_AUTO = 0,  /* reports producers and remembers it */
    SLIPI_ACCESS_LOOK = 1,  /* reports producers only */
    SLIPI_ACCESS_MANUAL = 2 /* remembers it, without superseding anything */
};

/* One access. */
typedef struct slipi_access {
    const slip_tensor *tensor;
    uint64_t task; /* who accesses; never reported as its own producer */
    uint64_t seq;  /* sequence of the access */
    uint32_t kind; /* enum slipi_access_kind */
    bool writes;
} slipi_access;

/* The record of a handle's buffer. */
slipi_buffer *slipi_tensormap_buffer(const slipi_attached *at, const slip_tensor *t);

/* Looks an access up and records it. The caller has reserved SLIPI_ACCESS_NODES nodes. */
void slipi_tensormap_access(slipi_orchestrator *o, const slipi_access *access,
                            slipi_producer_fn producer, void *user);

/* Starts a buffer's life: written by task `creator` as a whole (0: by nobody yet). */
void slipi_tensormap_insert(slipi_buffer *buffer, uint64_t creator, uint64_t seq);

#endif
