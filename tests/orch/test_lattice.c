/*
 * test_lattice.c - how a buffer is cut into tiles: the first partial access, its tables, what
 * happens when they or the cells run out, and cells that are used again.
 *
 * ctest-labels: unit hazard
 */
#include "check.h"
#include "orch/tensormap_int.h"
#include "regions.h"

static regions r;
static slip_tensor t;

/* A run over one argument; nothing runs. */
static void begin(uint32_t dims, const uint32_t *shape)
{
    regions_options options = {.window = 256,
                               .dep_pool = 4096,
                               .dispatch = SLIPI_DISPATCH_NOTHING,
                               .arg_count = 1,
                               .arg_dims = dims};
    memcpy(options.arg_shape, shape, dims * sizeof *shape);
    regions_begin(&r, &options);
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &t));
}

/* Submits an access of a box of as many dimensions as the argument has. */
static slip_task_handle use(const uint32_t *lo, const uint32_t *len, bool writes)
{
    slip_tensor box;
    CHECK_STATUS(SLIP_OK, slip_slice(&r.o.base, &t, lo, len, &box));
    slip_arg arg = writes ? slip_out_existing(&box) : slip_in(&box);
    return regions_submit(&r, 1, &arg);
}

/* The record of the argument's buffer. */
static slipi_buffer *buffer(void)
{
    return slipi_tensormap_buffer(&r.worker.at, &t);
}

/* The lattice of the argument's buffer; null if there is none. */
static const slipi_lattice *lattice(void)
{
    const slipi_map_extent *extent = &r.worker.at.rt->map[SLIPI_RINGS];
    const slipi_cell *cells = (const slipi_cell *)(const void *)(r.arena + extent->cells_off);
    return buffer()->lattice == 0
               ? NULL
               : (const slipi_lattice *)(const void *)&cells[buffer()->lattice - 1];
}

/* The first partial access gives the tile; the last tile of a dimension may be smaller. */
static void the_first_access_cuts(void)
{
    begin(2, (uint32_t[]){10, 7});
    CHECK(lattice() == NULL);
    slip_task_handle whole = use((uint32_t[]){0, 0}, (uint32_t[]){10, 7}, true);
    CHECK(lattice() == NULL); /* all of the buffer is no tile */
    slip_task_handle first = use((uint32_t[]){4, 3}, (uint32_t[]){4, 3}, true);
    const slipi_lattice *l = lattice();
    if (!CHECK(l != NULL)) {
        return;
    }
    CHECK_EQ(l->tile[0], 4);
    CHECK_EQ(l->tile[1], 3);
    CHECK_EQ(l->count[0], 3);
    CHECK_EQ(l->count[1], 3);
    CHECK_EQ(l->table_count, 1);
    CHECK_EQ(regions_fanin(&r, first), 1);
    CHECK(regions_edge(&r, whole, first));
    slip_task_handle rest = use((uint32_t[]){8, 6}, (uint32_t[]){2, 1}, true); /* the last tile */
    CHECK_EQ(buffer()->irregular, 0);
    CHECK(regions_edge(&r, rest, use((uint32_t[]){8, 6}, (uint32_t[]){2, 1}, false)));
    regions_fini(&r);
}

/* A region that starts off the grid of its own size makes no lattice; a later one may. */
static void odd_regions_make_no_lattice(void)
{
    begin(1, (uint32_t[]){64});
    slip_task_handle odd = use((uint32_t[]){3}, (uint32_t[]){8}, true);
    CHECK(lattice() == NULL);
    CHECK(buffer()->irregular != 0);
    slip_task_handle even = use((uint32_t[]){8}, (uint32_t[]){8}, true);
    CHECK(lattice() != NULL);
    CHECK(regions_edge(&r, odd, even));
    CHECK(!regions_edge(&r, odd, use((uint32_t[]){16}, (uint32_t[]){8}, true)));
    regions_fini(&r);
}

/* A table per mask of spanned dimensions, four at most: the fifth kind goes the irregular way. */
static void tables_run_out(void)
{
    begin(3, (uint32_t[]){4, 4, 4});
    slip_task_handle last = use((uint32_t[]){0, 0, 0}, (uint32_t[]){1, 1, 1}, true);
    uint64_t irregular = 0;
    for (uint32_t mask = 1; mask < 7; mask++) {
        uint32_t len[3];
        for (uint32_t d = 0; d < 3; d++) {
            len[d] = (mask >> d & 1u) != 0 ? 4 : 1;
        }
        slip_task_handle task = use((uint32_t[]){0, 0, 0}, len, true);
        CHECK(regions_edge(&r, last, task));
        irregular += mask >= SLIPI_LATTICE_TABLES ? 1 : 0;
        last = task;
    }
    CHECK_EQ(lattice()->table_count, SLIPI_LATTICE_TABLES);
    CHECK_EQ(r.worker.at.rt->node_head, irregular);
    CHECK(regions_edge(&r, last, use((uint32_t[]){0, 0, 0}, (uint32_t[]){4, 4, 4}, true)));
    regions_fini(&r);
}

/* A lattice of too many tiles, and a pool that is used up, leave the accesses irregular. */
static void cells_run_out(void)
{
    begin(2, (uint32_t[]){512, 512});
    uint64_t cells = r.layout.runtime.map[SLIPI_RINGS].cell_count;
    CHECK(512 * 512 > cells / 2);
    slip_task_handle a = use((uint32_t[]){5, 5}, (uint32_t[]){1, 1}, true);
    CHECK(lattice() == NULL);
    CHECK(buffer()->irregular != 0);
    slip_task_handle b = use((uint32_t[]){5, 5}, (uint32_t[]){1, 1}, false);
    CHECK(regions_edge(&r, a, b));
    CHECK(!regions_edge(&r, a, use((uint32_t[]){5, 6}, (uint32_t[]){1, 1}, false)));
    CHECK(lattice() == NULL);
    regions_fini(&r);
}

/* More cells than one access may take: irregular, and still found. */
static void wide_unions_are_irregular(void)
{
    begin(1, (uint32_t[]){256});
    slip_task_handle tiles[32];
    for (uint32_t i = 0; i < 32; i++) {
        tiles[i] = use(&(uint32_t){8 * i}, (uint32_t[]){8}, true);
    }
    slip_task_handle small = use((uint32_t[]){0}, (uint32_t[]){128}, false); /* sixteen tiles */
    CHECK_EQ(buffer()->irregular, 0);
    slip_task_handle wide = use((uint32_t[]){8}, (uint32_t[]){136}, false); /* seventeen */
    CHECK(buffer()->irregular != 0);
    CHECK_EQ(regions_fanin(&r, small), 16);
    CHECK_EQ(regions_fanin(&r, wide), 17);
    slip_task_handle again = use((uint32_t[]){72}, (uint32_t[]){8}, true);
    CHECK(regions_edge(&r, small, again));
    CHECK(regions_edge(&r, wide, again));
    CHECK(!regions_edge(&r, tiles[9], again)); /* `small` came after it */
    CHECK_EQ(regions_fanin(&r, again), 2);
    regions_fini(&r);
}

/* Cells of heap buffers come back with the tasks; what is left in them means nothing. */
static void recycled_cells_are_void(void)
{
    static const uint32_t len = 8;
    regions_options options = {.window = 16, .dispatch = SLIP_DISPATCH_SERIAL};
    regions_begin(&r, &options);
    uint64_t cells = r.layout.runtime.map[1].cell_count;
    for (uint32_t lap = 0; lap < 3 * cells / 67 + 3; lap++) {
        CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
        t = regions_alloc(&r, 512, 0);
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t lo = 8 * ((lap * 7 + i) % 64);
            slip_task_handle w = use(&lo, &len, true);
            slip_task_handle reader = use(&lo, &len, false);
            CHECK_EQ(regions_fanin(&r, w), 0); /* alone in its tile, whatever lay there */
            CHECK(regions_edge(&r, w, reader));
        }
        CHECK(buffer()->lattice != 0);
        CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    }
    CHECK(r.worker.at.rt->ring[1].cells_head > 2 * cells);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    CHECK_EQ(r.worker.at.rt->ring[1].cells_tail, r.worker.at.rt->ring[1].cells_head);
    regions_fini(&r);
}

/* Cells of run arguments start over with each run; the last run's contents mean nothing. */
static void the_next_run_starts_clean(void)
{
    static const uint32_t shape[1] = {64};
    begin(1, shape);
    r.worker.dispatch = SLIP_DISPATCH_SERIAL;
    for (uint32_t run = 0; run < 6; run++) {
        uint32_t tile = 1u << run;
        slip_task_handle last = {0};
        for (uint32_t i = 0; i < 64 / tile && i < 40; i++) {
            slip_task_handle w = use(&(uint32_t){tile * i}, &tile, true);
            CHECK_EQ(regions_fanin(&r, w), 0);
            last = w;
        }
        CHECK(last.task != 0);
        CHECK_EQ(lattice()->tile[0], tile);
        CHECK_STATUS(SLIP_OK, regions_end(&r));
        regions_again(&r);
        CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &t));
        CHECK(lattice() == NULL);
    }
    regions_fini(&r);
}

/* Dimensions near 2^32 are counted without overflow. */
static void huge_dimensions(void)
{
    begin(1, (uint32_t[]){64});
    slipi_access access = {.tensor = &t, .task = 1, .seq = 1, .writes = true};
    slipi_query q = {&r.o, &access, buffer(), r.worker.at.rt, NULL, NULL, 0};
    t.root_shape[0] = UINT32_MAX;
    t.box_lo[0] = 0;
    t.box_len[0] = UINT32_C(1) << 31;
    slipi_lattice *l = slipi_lattice_of(&q);
    if (CHECK(l != NULL)) {
        slipi_tiles tiles;
        CHECK_EQ(l->count[0], 2);
        t.box_lo[0] = t.box_len[0];
        t.box_len[0] -= 1;
        slipi_lattice_tiles(&q, l, &tiles);
        CHECK(tiles.single && tiles.aligned);
        CHECK_EQ(tiles.first[0], 1);
    }
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(the_first_access_cuts);
    CHECK_CASE(odd_regions_make_no_lattice);
    CHECK_CASE(tables_run_out);
    CHECK_CASE(cells_run_out);
    CHECK_CASE(wide_unions_are_irregular);
    CHECK_CASE(recycled_cells_are_void);
    CHECK_CASE(the_next_run_starts_clean);
    CHECK_CASE(huge_dimensions);
    return check_report();
}
