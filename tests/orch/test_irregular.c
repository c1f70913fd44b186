/*
 * test_irregular.c - accesses that fit no lattice: overlap, supersession, nodes that come back.
 *
 * ctest-labels: unit hazard
 */
#include "check.h"
#include "orch/tensormap_int.h"
#include "regions.h"

static regions r;
static slip_tensor t;

/* A run over an argument of 64 x 64. */
static void begin(uint32_t dispatch)
{
    regions_options options = {
        .window = 64, .dispatch = dispatch, .arg_count = 1, .arg_dims = 2, .arg_shape = {64, 64}};
    regions_begin(&r, &options);
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &t));
}

/* Submits an access of a box. */
static slip_task_handle use(uint32_t row, uint32_t rows, uint32_t column, uint32_t columns,
                            bool writes)
{
    slip_tensor box = regions_box(&r, &t, row, rows, column, columns);
    slip_arg arg = writes ? slip_inout(&box) : slip_in(&box);
    return regions_submit(&r, 1, &arg);
}

/* Boxes of one geometry overlap exactly, though their bytes interleave. */
static void overlap_is_exact_in_one_geometry(void)
{
    begin(SLIPI_DISPATCH_NOTHING);
    slip_task_handle left = use(1, 10, 1, 5, true);
    slip_task_handle right = use(1, 10, 6, 7, true);
    CHECK(!regions_edge(&r, left, right));
    slip_task_handle both = use(10, 3, 5, 2, false);
    CHECK(regions_edge(&r, left, both) && regions_edge(&r, right, both));
    slip_task_handle reader = use(10, 5, 5, 3, false);
    CHECK(!regions_edge(&r, both, reader)); /* readers are not ordered */
    slip_task_handle writer = use(12, 1, 6, 5, true);
    CHECK(regions_edge(&r, both, writer) && regions_edge(&r, reader, writer));
    CHECK_EQ(regions_fanin(&r, writer), 2);
    regions_fini(&r);
}

/* A write of the whole buffer supersedes irregular accesses before it. */
static void whole_writes_supersede(void)
{
    begin(SLIPI_DISPATCH_NOTHING);
    slip_task_handle a = use(1, 2, 3, 5, true);
    slip_task_handle whole = use(0, 64, 0, 64, true);
    slip_task_handle b = use(1, 2, 3, 5, true);
    CHECK(regions_edge(&r, a, whole));
    CHECK(regions_edge(&r, whole, b));
    CHECK_EQ(regions_fanin(&r, b), 1);
    regions_fini(&r);
}

/* Nodes of completed tasks leave the list when it is looked through. */
static void completed_nodes_leave_the_list(void)
{
    begin(SLIPI_DISPATCH_NOTHING);
    slip_task_handle tasks[5];
    for (uint32_t i = 0; i < 5; i++) {
        tasks[i] = use(1 + 3 * i, 2, 3, 5, true);
    }
    for (uint32_t i = 0; i < 4; i++) {
        regions_complete(&r, tasks[i]);
    }
    slipi_ring_advance(&r.o.rings, 0);
    (void)use(40, 2, 3, 5, true);
    slipi_access access = {.tensor = &t};
    slipi_query q = {.o = &r.o, .access = &access, .rt = r.worker.at.rt};
    const slipi_buffer *buffer = slipi_tensormap_buffer(&r.worker.at, &t);
    const slipi_node *newest = slipi_node_at(&q, buffer->irregular);
    const slipi_node *second = newest != NULL ? slipi_node_at(&q, newest->next) : NULL;
    if (CHECK(second != NULL)) {
        CHECK_EQ(second->task, tasks[4].task);
        CHECK_EQ(second->next, 0);
    }
    regions_fini(&r);
}

/* The pool goes round over many tasks; a full one is waited for by running tasks. */
static void the_pool_wraps(void)
{
    begin(SLIP_DISPATCH_SERIAL);
    uint64_t nodes = r.layout.runtime.node_count;
    for (uint64_t i = 0; i < 2 * nodes + 100; i++) {
        CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
        slip_task_handle task = use((uint32_t)(i % 31) * 2 + 1, 2, 3, 5, true);
        if (!CHECK(task.task != 0)) {
            break;
        }
        CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    }
    CHECK(r.worker.at.rt->node_head >= 2 * nodes);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    CHECK_EQ(regions_log_count, 2 * nodes + 100);
    regions_fini(&r);
}

/* The byte interval of a box runs from its first to its last element. */
static void byte_intervals(void)
{
    uint64_t lo;
    uint64_t hi;
    begin(SLIPI_DISPATCH_NOTHING);
    slip_tensor box = regions_box(&r, &t, 3, 2, 5, 7);
    slipi_region_bytes(&box, &lo, &hi);
    CHECK_EQ(lo, (3 * 64 + 5) * 4);
    CHECK_EQ(hi, (4 * 64 + 12) * 4);
    slipi_region_bytes(&t, &lo, &hi);
    CHECK_EQ(lo, 0);
    CHECK_EQ(hi, 64 * 64 * 4);
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(overlap_is_exact_in_one_geometry);
    CHECK_CASE(whole_writes_supersede);
    CHECK_CASE(completed_nodes_leave_the_list);
    CHECK_CASE(the_pool_wraps);
    CHECK_CASE(byte_intervals);
    return check_report();
}
