/*
 * test_tensormap.c - who is ordered after whom: tiles, panels, halos, whole buffers, irregular
 * regions, other geometries, manual accesses; and random accesses against all pairs.
 *
 * ctest-labels: unit hazard
 */
#include "check.h"
#include "regions.h"

enum { ROWS = 8, COLUMNS = 8, RANDOM_TASKS = 48, SEEDS = 400 };

static regions r;
static slip_tensor t; /* run argument of 8 x 8 */

/* A run in which no task runs, so that every edge can be seen. */
static void begin(void)
{
    regions_options options = {.window = 256,
                               .dep_pool = 4096,
                               .dispatch = SLIPI_DISPATCH_NOTHING,
                               .arg_count = 1,
                               .arg_dims = 2,
                               .arg_shape = {ROWS, COLUMNS}};
    regions_begin(&r, &options);
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &t));
}

/* Submits a task that reads a tensor. */
static slip_task_handle reads(slip_tensor v)
{
    slip_arg arg = slip_in(&v);
    return regions_submit(&r, 1, &arg);
}

/* Submits a task that writes a tensor. */
static slip_task_handle writes(slip_tensor v)
{
    slip_arg arg = slip_out_existing(&v);
    return regions_submit(&r, 1, &arg);
}

/* The tile (i, j) of 2 x 2 elements. */
static slip_tensor tile(uint32_t i, uint32_t j)
{
    return regions_box(&r, &t, 2 * i, 2, 2 * j, 2);
}

/* RAW, WAR and WAW on one tile; readers are not ordered among themselves. */
static void one_tile(void)
{
    begin();
    slip_task_handle w1 = writes(tile(1, 1));
    slip_task_handle r1 = reads(tile(1, 1));
    slip_task_handle r2 = reads(tile(1, 1));
    slip_task_handle w2 = writes(tile(1, 1));
    CHECK(regions_edge(&r, w1, r1));
    CHECK(regions_edge(&r, w1, r2));
    CHECK(!regions_edge(&r, r1, r2));
    CHECK(regions_edge(&r, r1, w2));
    CHECK(regions_edge(&r, r2, w2));
    slip_task_handle w3 = writes(tile(1, 1));
    CHECK(regions_edge(&r, w2, w3));
    CHECK_EQ(regions_fanin(&r, w3), 1); /* what w2 was ordered after is superseded */
    CHECK_EQ(regions_fanin(&r, writes(tile(1, 2))), 0);
    regions_fini(&r);
}

/* More readers than a cell holds are all found by the next write. */
static void many_readers(void)
{
    enum { READERS = 11 };
    slip_task_handle readers[READERS];
    begin();
    slip_task_handle w1 = writes(tile(0, 0));
    for (uint32_t i = 0; i < READERS; i++) {
        readers[i] = reads(tile(0, 0));
    }
    CHECK_EQ(r.worker.at.rt->node_head, READERS - SLIPI_CELL_READERS);
    slip_task_handle w2 = writes(tile(0, 0));
    for (uint32_t i = 0; i < READERS; i++) {
        CHECK(regions_edge(&r, readers[i], w2));
    }
    CHECK(regions_fanin(&r, w2) >= READERS);
    CHECK_EQ(regions_fanin(&r, reads(tile(0, 0))), 1);
    CHECK(w1.task != 0);
    regions_fini(&r);
}

/* Readers that have completed give their places to new ones. */
static void places_of_completed_readers_are_reused(void)
{
    begin();
    slip_task_handle w = writes(tile(0, 0));
    regions_complete(&r, w);
    for (uint32_t i = 0; i < 60; i++) {
        slip_task_handle reader = reads(tile(0, 0));
        regions_complete(&r, reader);
        slipi_ring_advance(&r.o.rings, 0);
    }
    CHECK_EQ(r.worker.at.rt->node_head, 0);
    CHECK_EQ(regions_fanin(&r, writes(tile(0, 0))), 0);
    regions_fini(&r);
}

/* Rows and columns of tiles meet the tiles in them, and each other. */
static void panels(void)
{
    begin();
    slip_task_handle tiles[4];
    for (uint32_t i = 0; i < 4; i++) {
        tiles[i] = writes(tile(i, i));
    }
    slip_task_handle row = writes(regions_box(&r, &t, 2, 2, 0, 8));
    CHECK(regions_edge(&r, tiles[1], row));
    CHECK_EQ(regions_fanin(&r, row), 1);
    slip_task_handle column = reads(regions_box(&r, &t, 0, 8, 4, 2));
    CHECK(regions_edge(&r, tiles[2], column));
    CHECK(regions_edge(&r, row, column));
    CHECK_EQ(regions_fanin(&r, column), 2);
    slip_task_handle in_row = writes(tile(1, 0));
    CHECK(regions_edge(&r, row, in_row));
    CHECK_EQ(regions_fanin(&r, in_row), 1);
    slip_task_handle in_column = writes(tile(3, 2));
    CHECK(regions_edge(&r, column, in_column));
    CHECK_EQ(regions_fanin(&r, in_column), 1);
    slip_task_handle row_again = writes(regions_box(&r, &t, 2, 2, 0, 8));
    CHECK(regions_edge(&r, in_row, row_again));
    CHECK(regions_edge(&r, column, row_again));
    regions_fini(&r);
}

/* The whole buffer is ordered with everything in it, by one cell. */
static void whole_buffers(void)
{
    begin();
    slip_task_handle a = writes(tile(0, 3));
    slip_task_handle b = reads(regions_box(&r, &t, 6, 2, 0, 8));
    slip_task_handle all = writes(t);
    CHECK(regions_edge(&r, a, all));
    CHECK(regions_edge(&r, b, all));
    slip_task_handle c = reads(tile(0, 3));
    CHECK(regions_edge(&r, all, c));
    CHECK_EQ(regions_fanin(&r, c), 1);
    slip_task_handle all_again = writes(t);
    CHECK(regions_edge(&r, c, all_again));
    CHECK(regions_edge(&r, all, all_again));
    CHECK_EQ(regions_fanin(&r, all_again), 2);
    regions_fini(&r);
}

/* A halo of several tiles, that is no union of tiles, meets exactly the tiles it overlaps. */
static void halos(void)
{
    slip_task_handle tiles[4][4];
    begin();
    for (uint32_t i = 0; i < 16; i++) {
        tiles[i / 4][i % 4] = writes(tile(i / 4, i % 4));
    }
    slip_task_handle halo =
        reads(regions_box(&r, &t, 1, 4, 3, 3)); /* rows 0 to 2, columns 1 to 2 */
    for (uint32_t i = 0; i < 16; i++) {
        bool touched = i / 4 <= 2 && i % 4 >= 1 && i % 4 <= 2;
        CHECK_EQ(regions_edge(&r, tiles[i / 4][i % 4], halo), touched);
    }
    CHECK_EQ(regions_fanin(&r, halo), 6);
    CHECK(regions_edge(&r, halo, writes(tile(2, 1))));
    CHECK_EQ(regions_edge(&r, halo, writes(tile(3, 1))), 0);
    /* Disjoint boxes of one tile are not ordered. */
    slip_task_handle corner = writes(regions_box(&r, &t, 7, 1, 7, 1));
    slip_task_handle beside = writes(regions_box(&r, &t, 7, 1, 6, 1));
    CHECK(regions_edge(&r, tiles[3][3], corner));
    CHECK(!regions_edge(&r, corner, beside));
    regions_fini(&r);
}

/* Views of another geometry meet by bytes: nothing is lost. */
static void other_geometries(void)
{
    slip_tensor flat;
    slip_tensor part;
    begin();
    slip_task_handle a = writes(tile(0, 0)); /* bytes of rows 0 and 1 */
    slip_task_handle b = writes(tile(3, 3));
    CHECK_STATUS(SLIP_OK, slip_reshape(&r.o.base, &t, 1, (uint32_t[]){64}, &flat));
    uint32_t lo = 8;
    uint32_t len = 4;
    CHECK_STATUS(SLIP_OK, slip_slice(&r.o.base, &flat, &lo, &len, &part)); /* row 1, first half */
    slip_task_handle c = writes(part);
    CHECK(regions_edge(&r, a, c));
    CHECK(!regions_edge(&r, b, c));
    slip_task_handle d = reads(regions_box(&r, &t, 1, 1, 2, 1)); /* element 10 */
    CHECK(regions_edge(&r, c, d));
    CHECK_EQ(regions_fanin(&r, reads(regions_box(&r, &t, 2, 1, 0, 8))), 0);
    regions_fini(&r);
}

/* A manual scope is not ordered by regions, but what it did is seen, and supersedes nothing. */
static void manual_accesses(void)
{
    begin();
    slip_task_handle w1 = writes(tile(2, 2));
    CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_MANUAL));
    slip_task_handle m = writes(tile(2, 2));
    slip_task_handle whole = writes(t);
    CHECK_EQ(regions_fanin(&r, m), 0);
    CHECK_EQ(regions_fanin(&r, whole), 0);
    CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    slip_task_handle after = reads(tile(2, 2));
    CHECK(regions_edge(&r, w1, after)); /* m was not ordered after it */
    CHECK(regions_edge(&r, m, after));
    CHECK(regions_edge(&r, whole, after));
    slip_task_handle w2 = writes(tile(2, 2));
    CHECK(regions_edge(&r, m, w2) && regions_edge(&r, after, w2));
    CHECK_EQ(regions_fanin(&r, writes(tile(2, 2))), 1); /* w2 was ordered after all of them */
    regions_fini(&r);
}

/* An argument that is not tracked, a scalar, a task's second argument over the same region. */
static void arguments_of_one_task(void)
{
    begin();
    slip_task_handle w = writes(tile(0, 0));
    slip_tensor a = tile(0, 0);
    slip_arg untracked = slip_nodep(&a);
    CHECK_EQ(regions_fanin(&r, regions_submit(&r, 1, &untracked)), 0);
    slip_arg both[4] = {slip_in(&a), slip_scalar(3), slip_inout(&a), slip_in(&t)};
    slip_task_handle x = regions_submit(&r, 4, both);
    CHECK(regions_edge(&r, w, x));
    CHECK_EQ(regions_fanin(&r, x), 1); /* ordered once, and not after itself */
    slip_task_handle y = writes(t);
    CHECK(regions_edge(&r, x, y));
    CHECK_EQ(regions_fanin(&r, y), 1); /* x wrote all that w wrote */
    regions_fini(&r);
}

/* The handle that receives an output may be the one that an input is read from. */
static void an_output_may_replace_an_input(void)
{
    static const uint32_t shape[2] = {4, 4};
    begin();
    slip_tensor x;
    slip_arg make = slip_out(&x, SLIP_F32, 2, shape);
    slip_task_handle first = regions_submit(&r, 1, &make);
    slip_arg step[2] = {slip_in(&x), slip_out(&x, SLIP_F32, 2, shape)};
    slip_task_handle second = regions_submit(&r, 2, step);
    CHECK(regions_edge(&r, first, second));
    slip_arg other[2] = {slip_out(&x, SLIP_F32, 2, shape), slip_in(&x)};
    slip_task_handle third = regions_submit(&r, 2, other);
    CHECK(regions_edge(&r, second, third));
    CHECK_EQ(regions_slot(&r, second)->last_use[0], slipi_task_id(third.task));
    regions_fini(&r);
}

/* One random access of a test. */
typedef struct access {
    uint8_t row, rows, column, columns;
    bool write;
    bool manual;
    slip_task_handle task;
} access;

/* A random access: mostly tiles and panels, sometimes any box. */
static access random_access(uint64_t *state)
{
    uint64_t bits = regions_random(state);
    access a = {0};
    uint32_t kind = bits & 7u;
    a.row = (uint8_t)(bits >> 8 & 3u) * 2u;
    a.column = (uint8_t)(bits >> 10 & 3u) * 2u;
    a.rows = a.columns = 2;
    if (kind == 0 || kind == 7) {
        a.row = 0;
        a.rows = ROWS;
    }
    if (kind == 1 || kind == 7) {
        a.column = 0;
        a.columns = COLUMNS;
    }
    if (kind == 2 || kind == 3) {
        a.row = (uint8_t)(bits >> 12 & 7u);
        a.column = (uint8_t)(bits >> 15 & 7u);
        a.rows = (uint8_t)(1u + (bits >> 20) % (ROWS - a.row));
        a.columns = (uint8_t)(1u + (bits >> 30) % (COLUMNS - a.column));
    }
    a.write = (bits >> 40 & 1u) != 0;
    a.manual = (bits >> 41 & 15u) == 0;
    return a;
}

/* True if two accesses overlap and one of them writes. */
static bool conflict(const access *a, const access *b)
{
    return (a->write || b->write) && a->row < b->row + b->rows && b->row < a->row + a->rows &&
           a->column < b->column + b->columns && b->column < a->column + a->columns;
}

/* Submits an access. */
static void submit(access *a)
{
    slip_tensor box = regions_box(&r, &t, a->row, a->rows, a->column, a->columns);
    if (a->manual) {
        CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_MANUAL));
    }
    a->task = a->write ? writes(box) : reads(box);
    if (a->manual) {
        CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    }
}

/* Every conflicting pair of random accesses is ordered, if only by way of others; every edge is a
 * conflict. */
static void random_accesses(void)
{
    static access a[RANDOM_TASKS];
    static bool reach[RANDOM_TASKS][RANDOM_TASKS];
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t state = seed;
        uint64_t before = slipi_load_relaxed(&check_counts.failures);
        begin();
        for (uint32_t i = 0; i < RANDOM_TASKS; i++) {
            a[i] = random_access(&state);
            submit(&a[i]);
            for (uint32_t j = 0; j < i; j++) {
                bool edge = regions_edge(&r, a[j].task, a[i].task);
                CHECK(!edge || conflict(&a[j], &a[i]));
                reach[i][j] = edge;
            }
            for (uint32_t j = i; j-- > 0;) {
                for (uint32_t k = j + 1; k < i && !reach[i][j]; k++) {
                    reach[i][j] = reach[i][k] && reach[k][j];
                }
                CHECK(reach[i][j] || !conflict(&a[j], &a[i]) || a[i].manual);
            }
        }
        regions_fini(&r);
        if (slipi_load_relaxed(&check_counts.failures) != before) {
            printf("seed %llu\n", (unsigned long long)seed);
            return;
        }
    }
}

int main(void)
{
    CHECK_CASE(one_tile);
    CHECK_CASE(many_readers);
    CHECK_CASE(places_of_completed_readers_are_reused);
    CHECK_CASE(panels);
    CHECK_CASE(whole_buffers);
    CHECK_CASE(halos);
    CHECK_CASE(other_geometries);
    CHECK_CASE(manual_accesses);
    CHECK_CASE(arguments_of_one_task);
    CHECK_CASE(an_output_may_replace_an_input);
    CHECK_CASE(random_accesses);
    return check_report();
}
