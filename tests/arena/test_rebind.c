/*
 * test_rebind.c - attach, verify, rebind: each field poisoned in turn is noticed and named; nothing
 * is written on failure; the same regions work at another address.
 *
 * ctest-labels: unit S7
 */
#include <stdlib.h>

#include "check.h"
#include "regions.h"

static regions r;

/* Rebinds the fixture's regions; what was wrong, or "". */
static const char *rebind(void)
{
    const char *why = "";
    slipi_attached at;
    memset(&at, 0x5A, sizeof at);
    slip_status status = slipi_runtime_rebind_device_pointers(&at, &r.launch, &why);
    why = why != NULL ? why : "";
    CHECK_EQ(at.rt == NULL, status != SLIP_OK);
    CHECK_STATUS(why[0] != 0 ? SLIP_E_INIT_FAILED : SLIP_OK, status);
    return why;
}

/* Sets eight bytes of a region to each of several bad values: all are named as wanted. */
static void poison(uint8_t *region, uint64_t offset, const char *wanted)
{
    uint64_t good;
    memcpy(&good, region + offset, sizeof good);
    const uint64_t bad[] = {0,        good ^ 1u,        ~good, UINT64_MAX, UINT64_MAX - 4095,
                            good + 1, INT64_MAX - 4095u};
    slipi_store_relaxed(&r.worker.at.sm->fatal, 2u);
    for (uint32_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (bad[i] == good) {
            continue;
        }
        memcpy(region + offset, &bad[i], sizeof good);
        if (!CHECK_STR(rebind(), wanted)) {
            printf("  offset %#llx, value %#llx\n", (unsigned long long)offset,
                   (unsigned long long)bad[i]);
        }
        CHECK_EQ(slipi_load_relaxed(&r.worker.at.sm->fatal), 2); /* nothing was written */
    }
    memcpy(region + offset, &good, sizeof good);
    CHECK_STR(rebind(), "");
    CHECK_EQ(slipi_load_relaxed(&r.worker.at.sm->fatal), 0); /* the latch is cleared */
}

/* As poison, for a field of four bytes. */
static void poison32(uint8_t *region, uint64_t offset, const char *wanted)
{
    uint32_t good;
    memcpy(&good, region + offset, sizeof good);
    const uint32_t bad[] = {0, good + 1, UINT32_MAX};
    for (uint32_t i = 0; i < 3; i++) {
        memcpy(region + offset, &bad[i], sizeof good);
        CHECK_STR(rebind(), wanted);
    }
    memcpy(region + offset, &good, sizeof good);
}

/* The header of SM. */
static void sm_header(void)
{
    regions_init(&r, &(regions_options){0});
    poison(r.sm, offsetof(slipi_sm, magic), "SM magic");
    poison32(r.sm, offsetof(slipi_sm, version), "SM version");
    poison32(r.sm, offsetof(slipi_sm, ring_count), "SM ring count");
    poison(r.sm, offsetof(slipi_sm, fingerprint), "SM fingerprint");
    poison(r.sm, offsetof(slipi_sm, queue_capacity), "SM ready queue extent");
    for (uint32_t q = 0; q < SLIPI_QUEUES; q++) {
        poison(r.sm, offsetof(slipi_sm, queue_cells_off) + 8 * q, "SM ready queue extent");
    }
    regions_fini(&r);
}

/* Where the parts of each ring lie in SM and in the heap. */
static void sm_extents(void)
{
    regions_init(&r, &(regions_options){0});
    for (uint32_t ring = 0; ring < SLIPI_RINGS; ring++) {
        uint64_t at = offsetof(slipi_sm, ring) + ring * sizeof(slipi_ring_extent);
        poison(r.sm, at + offsetof(slipi_ring_extent, slots_off), "SM ring extent: slots");
        poison(r.sm, at + offsetof(slipi_ring_extent, window), "SM ring extent: slots");
        poison(r.sm, at + offsetof(slipi_ring_extent, edges_off), "SM ring extent: edges");
        poison(r.sm, at + offsetof(slipi_ring_extent, spill_off), "SM ring extent: spill");
        poison(r.sm, at + offsetof(slipi_ring_extent, spill_bytes), "SM ring extent: spill");
        poison(r.sm, at + offsetof(slipi_ring_extent, heap_bytes), "SM ring extent: heap");
    }
    regions_fini(&r);
}

/* The header page of the arena, its last one. */
static uint8_t *runtime_page(void)
{
    return r.arena + r.layout.runtime_offset;
}

/* The header of the arena. */
static void runtime_header(void)
{
    regions_init(&r, &(regions_options){0});
    poison(runtime_page(), offsetof(slipi_runtime, magic), "runtime magic");
    poison32(runtime_page(), offsetof(slipi_runtime, version), "runtime version");
    poison32(runtime_page(), offsetof(slipi_runtime, ring_count), "runtime ring count");
    poison(runtime_page(), offsetof(slipi_runtime, fingerprint), "runtime fingerprint");
    poison(runtime_page(), offsetof(slipi_runtime, sm_bytes), "runtime sizes");
    poison(runtime_page(), offsetof(slipi_runtime, nodes_off), "runtime node extent");
    poison(runtime_page(), offsetof(slipi_runtime, node_count), "runtime node extent");
    for (uint32_t i = 0; i <= SLIPI_RINGS; i++) {
        uint64_t at = offsetof(slipi_runtime, map) + i * sizeof(slipi_map_extent);
        for (uint32_t field = 0; field < 4; field++) {
            poison(runtime_page(), at + 8 * field, "runtime map extent");
        }
    }
    regions_fini(&r);
}

/* The state of each ring: a run starts where the last one ended, with nothing on the way. */
static void ring_states(void)
{
    regions_init(&r, &(regions_options){0});
    for (uint32_t ring = 0; ring < SLIPI_RINGS; ring++) {
        uint64_t at = offsetof(slipi_runtime, ring) + ring * sizeof(slipi_ring_state);
        poison(runtime_page(), at + offsetof(slipi_ring_state, head), "runtime ring state");
        poison(runtime_page(), at + offsetof(slipi_ring_state, done), "runtime ring state");
        poison(runtime_page(), at + offsetof(slipi_ring_state, tail), "runtime ring state");
        poison(runtime_page(), at + offsetof(slipi_ring_state, heap_head), "runtime ring state");
        poison(runtime_page(), at + offsetof(slipi_ring_state, heap_tail), "runtime ring state");
    }
    regions_fini(&r);
}

/* Headers that say more than the regions have. */
static void regions_that_are_too_small(void)
{
    regions_init(&r, &(regions_options){0});
    slip_binding *sm = &r.bindings[SLIPI_BIND_SM];
    slip_binding *arena = &r.bindings[SLIPI_BIND_ARENA];
    slip_binding *heap = &r.bindings[SLIPI_BIND_HEAP];
    sm->bytes -= 1;
    CHECK_STR(rebind(), "SM size");
    sm->bytes += 1;
    arena->bytes -= 1;
    CHECK_STR(rebind(), "runtime pointer");
    arena->bytes += 1;
    heap->bytes -= SLIPI_PAGE;
    CHECK_STR(rebind(), "SM ring extent: heap");
    heap->bytes += SLIPI_PAGE;
    CHECK_STR(rebind(), "");
    regions_fini(&r);
}

/* Null bases, and a runtime that lies nowhere. */
static void null_and_outside(void)
{
    static const struct {
        uint32_t binding;
        const char *why;
    } null[] = {{SLIPI_BIND_ARENA, "runtime pointer"},
                {SLIPI_BIND_HEAP, "GM heap base is null"},
                {SLIPI_BIND_SM, "SM base is null"}};
    regions_init(&r, &(regions_options){0});
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t address = r.bindings[null[i].binding].address;
        r.bindings[null[i].binding].address = 0;
        CHECK_STR(rebind(), null[i].why);
        r.bindings[null[i].binding].address = address;
    }
    const uint64_t bad[] = {1, 64, 4095, r.layout.arena_bytes, UINT64_MAX, UINT64_MAX - 4095};
    for (uint32_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        r.launch.runtime_off = bad[i];
        CHECK_STR(rebind(), "runtime pointer");
    }
    r.launch.runtime_off = r.layout.runtime_offset - SLIPI_PAGE;
    CHECK_STR(rebind(), "runtime magic");
    r.launch.runtime_off = r.layout.runtime_offset;
    CHECK_STR(rebind(), "");
    regions_fini(&r);
}

/* Copies a region elsewhere and gives the old place back, overwritten. */
static void move(uint8_t **region, uint32_t binding, uint64_t bytes)
{
    uint8_t *copy = aligned_alloc(SLIPI_PAGE, (bytes + SLIPI_PAGE) & ~(uint64_t)(SLIPI_PAGE - 1));
    if (!CHECK(copy != NULL)) {
        abort();
    }
    memcpy(copy, *region, bytes);
    memset(*region, 0xEE, bytes);
    free(*region);
    *region = copy;
    r.bindings[binding].address = (uint64_t)(uintptr_t)copy;
}

/* R1: between two runs the regions may move; task ids go on. */
static void regions_may_move(void)
{
    regions_begin(&r, &(regions_options){.window = 4, .dispatch = SLIP_DISPATCH_SERIAL});
    for (uint64_t run = 1; run <= 3; run++) {
        slip_tensor t = regions_alloc(&r, 16, 0);
        slip_arg arg = slip_inout(&t);
        CHECK(regions_submit(&r, 1, &arg).task != 0);
        CHECK(regions_submit(&r, 1, &arg).task != 0);
        CHECK_STATUS(SLIP_OK, regions_end(&r));
        CHECK_EQ(regions_log_count, 2 * run);
        CHECK_EQ(r.worker.at.rt->ring[0].head, 4 + 3 * run);
        move(&r.heap, SLIPI_BIND_HEAP, r.layout.heap_bytes);
        move(&r.sm, SLIPI_BIND_SM, r.layout.sm_bytes);
        move(&r.arena, SLIPI_BIND_ARENA, r.layout.arena_bytes);
        regions_again(&r);
    }
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(sm_header);
    CHECK_CASE(sm_extents);
    CHECK_CASE(runtime_header);
    CHECK_CASE(ring_states);
    CHECK_CASE(regions_that_are_too_small);
    CHECK_CASE(null_and_outside);
    CHECK_CASE(regions_may_move);
    return check_report();
}
