/* rebind.c - attach, verify, rebind; see rebind.h. One call per run and control thread. */
#include "arena/rebind.h"

#include <stddef.h>

#include "base/check.h"

/*
 * True if [off, off + count * elem) lies inside the first `bytes` of a region, behind its first
 * page. Written so that nothing can overflow: a run comes through here 26 times. `elem` is a
 * constant power of two where it is inlined.
 */
static inline bool inside(uint64_t off, uint64_t count, uint64_t elem, uint64_t bytes)
{
    return off >= SLIPI_PAGE && off % SLIPI_LINE == 0 && off <= bytes &&
           count <= (bytes - off) / elem;
}

/* Checks the extents of SM against the region; returns what is wrong, or null. */
static const char *check_sm_extents(const slipi_sm *sm, uint64_t heap_bytes)
{
    uint64_t windows = 0;
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        const slipi_ring_extent *e = &sm->ring[r];
        uint64_t heap_end;
        if (!slipi_is_pow2_u64(e->window) || e->window > INT32_MAX ||
            !inside(e->slots_off, e->window, SLIPI_SLOT_BYTES, sm->sm_bytes) ||
            e->slots_off % SLIPI_SLOT_BYTES != 0) {
            return "SM ring extent: slots";
        }
        if (!inside(e->edges_off, e->edge_count, sizeof(slipi_edge), sm->sm_bytes)) {
            return "SM ring extent: edges";
        }
        if (!slipi_is_pow2_u64(e->spill_bytes) ||
            !inside(e->spill_off, e->spill_bytes, 1, sm->sm_bytes)) {
            return "SM ring extent: spill";
        }
        if (e->heap_bytes == 0 || (e->heap_off | e->heap_bytes) % SLIPI_LINE != 0 ||
            !slipi_add_u64(e->heap_off, e->heap_bytes, &heap_end) || heap_end > heap_bytes) {
            return "SM ring extent: heap";
        }
        windows += e->window;
    }
    for (uint32_t q = 0; q < SLIPI_QUEUES; q++) {
        /* A queue is never full: whoever pushes does not look. */
        if (!slipi_is_pow2_u64(sm->queue_capacity) || sm->queue_capacity < windows ||
            !inside(sm->queue_cells_off[q], sm->queue_capacity, sizeof(slipi_queue_cell),
                    sm->sm_bytes)) {
            return "SM ready queue extent";
        }
    }
    return NULL;
}

/* Checks the SM header; returns what is wrong, or null. */
static const char *check_sm(const slipi_sm *sm, const slip_binding *bindings)
{
    if (sm->magic != SLIPI_SM_MAGIC) {
        return "SM magic";
    }
    if (sm->version != SLIPI_LAYOUT_VERSION) {
        return "SM version";
    }
    if (sm->fingerprint != slipi_layout_fingerprint()) {
        return "SM fingerprint";
    }
    if (sm->ring_count != SLIPI_RINGS) {
        return "SM ring count";
    }
    if (sm->sm_bytes > bindings[SLIPI_BIND_SM].bytes) {
        return "SM size";
    }
    return check_sm_extents(sm, bindings[SLIPI_BIND_HEAP].bytes);
}

/*
 * Checks the runtime, the last page of an arena of `bytes`, against SM and heap; returns what is
 * wrong, or null.
 */
static const char *check_runtime(const slipi_runtime *rt, const slipi_sm *sm, uint64_t bytes,
                                 uint64_t heap_bytes)
{
    uint64_t parts_bytes = bytes - SLIPI_PAGE;
    if (rt->magic != SLIPI_ARENA_MAGIC) {
        return "runtime magic";
    }
    if (rt->version != SLIPI_LAYOUT_VERSION) {
        return "runtime version";
    }
    if (rt->fingerprint != sm->fingerprint) {
        return "runtime fingerprint";
    }
    if (rt->ring_count != SLIPI_RINGS) {
        return "runtime ring count";
    }
    if (rt->arena_bytes != bytes || rt->sm_bytes != sm->sm_bytes || rt->heap_bytes > heap_bytes) {
        return "runtime sizes";
    }
    for (uint32_t r = 0; r <= SLIPI_RINGS; r++) {
        const slipi_map_extent *e = &rt->map[r];
        if (!slipi_is_pow2_u64(e->buffer_count) || !slipi_is_pow2_u64(e->cell_count) ||
            !inside(e->buffers_off, e->buffer_count, sizeof(slipi_buffer), parts_bytes) ||
            !inside(e->cells_off, e->cell_count, sizeof(slipi_cell), parts_bytes)) {
            return "runtime map extent";
        }
    }
    if (!slipi_is_pow2_u64(rt->node_count) ||
        !inside(rt->nodes_off, rt->node_count, sizeof(slipi_node), parts_bytes)) {
        return "runtime node extent";
    }
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        const slipi_ring_state *s = &rt->ring[r];
        /* Between runs everything is quiescent. */
        if (s->tail != s->done || s->done != s->head || s->tail < sm->ring[r].window ||
            s->heap_tail != s->heap_head) {
            return "runtime ring state";
        }
    }
    return NULL;
}

slip_status slipi_attach_sm(slipi_attached *at, const slipi_launch *launch, const char **why)
{
    const slip_binding *bindings = (const slip_binding *)(uintptr_t)launch->bindings;
    at->launch = launch;
    at->bindings = bindings;
    at->kernels = (slipi_kernel_row *)(uintptr_t)launch->kernels;
    at->rt = NULL;
    at->arena_base = NULL;
    at->sm_base = (uint8_t *)(uintptr_t)bindings[SLIPI_BIND_SM].address;
    at->heap_base = (uint8_t *)(uintptr_t)bindings[SLIPI_BIND_HEAP].address;
    at->sm = (slipi_sm *)(void *)at->sm_base;
    if (at->sm == NULL) {
        *why = "SM base is null";
        return SLIP_E_INIT_FAILED;
    }
    *why = check_sm(at->sm, bindings);
    if (*why != NULL) {
        return SLIP_E_INIT_FAILED;
    }
    for (uint32_t r = 0; r < SLIPI_RINGS; r++) {
        at->slots[r] = (slipi_slot *)(void *)(at->sm_base + at->sm->ring[r].slots_off);
        at->slot_mask[r] = at->sm->ring[r].window - 1;
    }
    for (uint32_t q = 0; q < SLIPI_QUEUES; q++) {
        at->queue_cells[q] = (slipi_queue_cell *)(void *)(at->sm_base + at->sm->queue_cells_off[q]);
    }
    at->queue_mask = at->sm->queue_capacity - 1;
    return SLIP_OK;
}

slip_status slipi_runtime_rebind_device_pointers(slipi_attached *at, const slipi_launch *launch,
                                                 const char **why)
{
    const slip_binding *bindings = (const slip_binding *)(uintptr_t)launch->bindings;
    uint8_t *arena = (uint8_t *)(uintptr_t)bindings[SLIPI_BIND_ARENA].address;
    uint64_t arena_bytes = bindings[SLIPI_BIND_ARENA].bytes;
    at->rt = NULL;
    if (arena == NULL || launch->runtime_off % SLIPI_PAGE != 0 ||
        launch->runtime_off > arena_bytes || arena_bytes - launch->runtime_off < SLIPI_PAGE) {
        *why = "runtime pointer";
        return SLIP_E_INIT_FAILED;
    }
    if (bindings[SLIPI_BIND_HEAP].address == 0) {
        *why = "GM heap base is null";
        return SLIP_E_INIT_FAILED;
    }
    slip_status status = slipi_attach_sm(at, launch, why);
    if (status != SLIP_OK) {
        return status;
    }
    slipi_runtime *rt = (slipi_runtime *)(void *)(arena + launch->runtime_off);
    *why = check_runtime(rt, at->sm, launch->runtime_off + SLIPI_PAGE,
                         bindings[SLIPI_BIND_HEAP].bytes);
    if (*why != NULL) {
        return SLIP_E_INIT_FAILED;
    }
    at->rt = rt;
    at->arena_base = arena;
    slipi_store_relaxed(&at->sm->fatal_status, 0); /* published with the phase */
    slipi_store_relaxed(&at->sm->fatal, 0u);
    return SLIP_OK;
}
