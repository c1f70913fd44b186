/* layout.c - sizing -> layout -> image; see layout.h. Pure functions, any thread. */
#include "image/layout.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* Capacities that do not come from the sizing: chosen, not measured, except where it says why. */
enum {
    MIN_BUFFERS = 512,        /* a task may make 256 tensors at once, whatever the window */
    MIN_CELLS = 4096,         /* a lattice of 64 x 64 tiles */
    MIN_ARG_CELLS = 65536,    /* run arguments live for the whole run and are tiled finest */
    MIN_NODES = 8192,         /* 256 arguments x 16 cells, twice */
    MIN_SPILL_BYTES = 1 << 16 /* 256 tensors, four times */
};

/* The smallest power of two >= value (value <= 2^62). */
static uint64_t round_up_pow2(uint64_t value)
{
    uint64_t power = 1;
    while (power < value) {
        power <<= 1;
    }
    return power;
}

/* The larger of two sizes, as a power of two. */
static uint64_t capacity(uint64_t wanted, uint64_t least)
{
    return round_up_pow2(wanted > least ? wanted : least);
}

/* Takes count * elem_bytes bytes at *cursor, page-aligned; false on overflow. */
static bool take(uint64_t *cursor, uint64_t count, uint64_t elem_bytes, uint64_t *out_off)
{
    uint64_t bytes;
    uint64_t start;
    return slipi_mul_u64(count, elem_bytes, &bytes) &&
           slipi_align_u64(*cursor, SLIPI_PAGE, &start) && slipi_add_u64(start, bytes, cursor) &&
           (*out_off = start, true);
}

/* Checks the three values of one ring against their bounds. */
static slip_status check_ring(const slip_ring_sizing *ring, uint32_t index, char *why, size_t bytes)
{
    uint64_t window = ring->task_window;
    if (window < 4 || window > INT32_MAX || !slipi_is_pow2_u64(window)) {
        (void)snprintf(why, bytes,
                       "ring %u task window is %llu: it must be a power of two, at least 4 and at "
                       "most 1073741824",
                       index, (unsigned long long)window);
        return SLIP_E_SIZING;
    }
    if (ring->heap_bytes < 1024) {
        (void)snprintf(why, bytes, "ring %u heap is %llu bytes: it must be at least 1024", index,
                       (unsigned long long)ring->heap_bytes);
        return SLIP_E_SIZING;
    }
    if (ring->dep_pool < 4 || ring->dep_pool > INT32_MAX) {
        (void)snprintf(why, bytes,
                       "ring %u dependency pool is %llu: it must be at least 4 and at most "
                       "2147483647",
                       index, (unsigned long long)ring->dep_pool);
        return SLIP_E_SIZING;
    }
    return SLIP_OK;
}

/* Lays out SM; false on overflow. */
static bool lay_sm(const slip_sizing *sizing, slipi_image_layout *out)
{
    uint64_t cursor = sizeof(slipi_sm);
    uint64_t windows = 0;
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        const slip_ring_sizing *from = &sizing->ring[r];
        slipi_ring_extent *ring = &out->sm.ring[r];
        ring->window = from->task_window;
        ring->edge_count = from->dep_pool;
        ring->spill_bytes = capacity(128 * from->task_window, MIN_SPILL_BYTES);
        ring->heap_off = out->heap_bytes;
        ring->heap_bytes = from->heap_bytes & ~(uint64_t)(SLIPI_LINE - 1);
        windows += ring->window;
        if (!slipi_add_u64(out->heap_bytes, ring->heap_bytes, &out->heap_bytes) ||
            !slipi_align_u64(out->heap_bytes, SLIPI_PAGE, &out->heap_bytes) ||
            !take(&cursor, ring->window, SLIPI_SLOT_BYTES, &ring->slots_off) ||
            !take(&cursor, ring->edge_count, sizeof(slipi_edge), &ring->edges_off) ||
            !take(&cursor, ring->spill_bytes, 1, &ring->spill_off)) {
            return false;
        }
    }
    out->sm.queue_capacity = round_up_pow2(windows);
    for (uint32_t q = 0; q < SLIPI_QUEUES; q++) {
        if (!take(&cursor, out->sm.queue_capacity, sizeof(slipi_queue_cell),
                  &out->sm.queue_cells_off[q])) {
            return false;
        }
    }
    return slipi_align_u64(cursor, SLIPI_PAGE, &out->sm_bytes);
}

/* Lays out the arena, its header page last; false on overflow. Its first page is never touched: an
 * offset of 0 names no part, here as in SM. */
static bool lay_arena(const slip_sizing *sizing, slipi_image_layout *out)
{
    uint64_t cursor = SLIPI_PAGE;
    uint64_t pools = 0;
    for (uint32_t r = 0; r <= SLIPI_RINGS; r++) {
        slipi_map_extent *map = &out->runtime.map[r];
        uint64_t window = sizing->ring[r % SLIPI_RINGS].task_window;
        bool args = r == SLIPI_RINGS; /* the last row: run arguments, sized after ring 0 */
        map->buffer_count =
            args ? SLIP_MAX_RUN_ARGS : capacity(SLIPI_BUFFERS_PER_SLOT * window, MIN_BUFFERS);
        map->cell_count =
            args ? capacity(16 * window, MIN_ARG_CELLS) : capacity(2 * window, MIN_CELLS);
        pools += args ? 0 : sizing->ring[r].dep_pool;
        if (!take(&cursor, map->buffer_count, sizeof(slipi_buffer), &map->buffers_off) ||
            !take(&cursor, map->cell_count, sizeof(slipi_cell), &map->cells_off)) {
            return false;
        }
    }
    out->runtime.node_count = capacity(pools, MIN_NODES);
    return take(&cursor, out->runtime.node_count, sizeof(slipi_node), &out->runtime.nodes_off) &&
           take(&cursor, 1, sizeof(slipi_runtime), &out->runtime_offset) &&
           slipi_align_u64(cursor, SLIPI_PAGE, &out->arena_bytes);
}

/* Fills the parts of the headers that say what they are. */
static void seal_headers(slipi_image_layout *out)
{
    uint64_t fingerprint = slipi_layout_fingerprint();
    out->sm.magic = SLIPI_SM_MAGIC;
    out->sm.version = SLIPI_LAYOUT_VERSION;
    out->sm.ring_count = SLIPI_RINGS;
    out->sm.fingerprint = fingerprint;
    out->sm.sm_bytes = out->sm_bytes;
    out->runtime.magic = SLIPI_ARENA_MAGIC;
    out->runtime.version = SLIPI_LAYOUT_VERSION;
    out->runtime.ring_count = SLIPI_RINGS;
    out->runtime.fingerprint = fingerprint;
    out->runtime.arena_bytes = out->arena_bytes;
    out->runtime.sm_bytes = out->sm_bytes;
    out->runtime.heap_bytes = out->heap_bytes;
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        slipi_ring_state *ring = &out->runtime.ring[r];
        /* R2: the first task id is one window, so that id 0 is "never". */
        ring->head = ring->done = ring->tail = out->sm.ring[r].window;
    }
}

slip_status slipi_layout_derive(const slip_sizing *sizing, slipi_image_layout *out, char *why,
                                size_t why_bytes)
{
    memset(out, 0, sizeof *out);
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        slip_status status = check_ring(&sizing->ring[r], r, why, why_bytes);
        if (status != SLIP_OK) {
            return status;
        }
    }
    if (!lay_sm(sizing, out) || !lay_arena(sizing, out)) {
        (void)snprintf(why, why_bytes, "the sizes of the rings overflow 64 bits together");
        return SLIP_E_SIZING;
    }
    if (out->sm_bytes > SLIPI_SM_MAX_BYTES) {
        (void)snprintf(why, why_bytes,
                       "the task windows and dependency pools need %llu bytes of shared memory; an "
                       "edge reference reaches %llu: make them smaller",
                       (unsigned long long)out->sm_bytes, (unsigned long long)SLIPI_SM_MAX_BYTES);
        return SLIP_E_SIZING;
    }
    seal_headers(out);
    return SLIP_OK;
}

/* A list of parts that counts even when there is no room. */
struct part_list {
    slip_image_part *parts;
    uint32_t room;
    uint32_t count;
};

/* Appends one part that is zeros until used; `ring` < 0 leaves the ring out of the name. */
static void add_part(struct part_list *list, uint32_t region, const char *what, int ring,
                     const uint64_t extent[3])
{
    uint32_t at = list->count++;
    if (at >= list->room) {
        return;
    }
    static const char *const region_name[] = {"heap", "sm", "arena"};
    slip_image_part *part = &list->parts[at];
    memset(part, 0, sizeof *part);
    if (ring < 0) {
        (void)snprintf(part->name, sizeof part->name, "%s.%s", region_name[region], what);
    } else if (ring == (int)SLIPI_RINGS) {
        (void)snprintf(part->name, sizeof part->name, "%s.args.%s", region_name[region], what);
    } else {
        (void)snprintf(part->name, sizeof part->name, "%s.ring%d.%s", region_name[region], ring,
                       what);
    }
    part->region = region;
    part->offset = extent[0];
    part->count = extent[1];
    part->elem_bytes = (uint32_t)extent[2];
    part->bytes = extent[1] * extent[2];
}

/* Appends the header page of a region: what a build writes. */
static void add_header(struct part_list *list, uint32_t region, const char *what, uint64_t offset)
{
    add_part(list, region, what, -1, (uint64_t[]){offset, 1, SLIPI_PAGE});
    if (list->count <= list->room) {
        list->parts[list->count - 1].in_image = 1;
    }
}

uint32_t slipi_layout_parts(const slipi_image_layout *layout, slip_image_part *parts, uint32_t room)
{
    struct part_list list = {parts, room, 0};
    const slipi_sm *sm = &layout->sm;
    const slipi_runtime *rt = &layout->runtime;
    add_header(&list, 1, "header", 0);
    for (int r = 0; r < (int)SLIPI_RINGS; r++) {
        const slipi_ring_extent *e = &sm->ring[r];
        add_part(&list, 1, "slots", r, (uint64_t[]){e->slots_off, e->window, SLIPI_SLOT_BYTES});
        add_part(&list, 1, "edges", r,
                 (uint64_t[]){e->edges_off, e->edge_count, sizeof(slipi_edge)});
        add_part(&list, 1, "spill", r, (uint64_t[]){e->spill_off, e->spill_bytes, 1});
    }
    static const char *const queue_name[SLIPI_QUEUES] = {"ready.aic", "ready.aiv", "ready.mixed"};
    for (uint32_t q = 0; q < SLIPI_QUEUES; q++) {
        add_part(
            &list, 1, queue_name[q], -1,
            (uint64_t[]){sm->queue_cells_off[q], sm->queue_capacity, sizeof(slipi_queue_cell)});
    }
    for (int r = 0; r <= (int)SLIPI_RINGS; r++) {
        const slipi_map_extent *e = &rt->map[r];
        add_part(&list, 2, "buffers", r,
                 (uint64_t[]){e->buffers_off, e->buffer_count, sizeof(slipi_buffer)});
        add_part(&list, 2, "cells", r,
                 (uint64_t[]){e->cells_off, e->cell_count, sizeof(slipi_cell)});
    }
    add_part(&list, 2, "nodes", -1,
             (uint64_t[]){rt->nodes_off, rt->node_count, sizeof(slipi_node)});
    add_header(&list, 2, "runtime", layout->runtime_offset);
    for (int r = 0; r < (int)SLIPI_RINGS; r++) {
        add_part(&list, 0, "bytes", r,
                 (uint64_t[]){sm->ring[r].heap_off, sm->ring[r].heap_bytes, 1});
    }
    return list.count;
}
