/*
 * test_oracle.c - the oracle finds what is wrong in records made by hand, and accepts what is not.
 *
 * ctest-labels: oracle unit
 */
#include <slipway/slipway.h>

#include "base/check.h"
#include "record.h"
#include "support/check.h"
#include "trace/oracle.h"

enum { NONE = SLIP_ACCESS_NONE, IN = SLIP_ACCESS_IN, INOUT = SLIP_ACCESS_INOUT };
enum { OUT = SLIP_ACCESS_OUT, OUT_EXISTING = SLIP_ACCESS_OUT_EXISTING };

/* Checks a record and what the report counts. */
static void expect(record *r, slip_status status, uint64_t lost, uint64_t false_edges)
{
    slip_audit_report report = {.struct_size = sizeof(report)};
    CHECK_STATUS(status, slipi_oracle_check(&r->header, &report));
    CHECK_EQ(report.lost, lost);
    CHECK_EQ(report.false_edges, false_edges);
    CHECK_EQ(report.tasks, r->submissions);
    CHECK_EQ(report.first_problem[0] != '\0', status != SLIP_OK);
    record_destroy(r);
}

/* Adds a task with one access to an 8 x 8 matrix. */
static uint64_t whole(record *r, uint8_t access)
{
    uint64_t task = record_task(r, 0, 0);
    slipi_audit_arg arg = record_matrix(7, access, 8, 8);
    record_arg(r, &arg);
    return task;
}

/* Adds a task with one access to a box of it. */
static uint64_t box(record *r, uint8_t access, uint32_t row, uint32_t column, uint32_t size)
{
    uint64_t task = record_task(r, 0, 0);
    const uint32_t low[2] = {row, column};
    const uint32_t sizes[2] = {size, size};
    slipi_audit_arg arg = record_box(record_matrix(7, access, 8, 8), low, sizes);
    record_arg(r, &arg);
    return task;
}

/* A record of two accesses without an edge. */
static record *two(uint8_t first, uint8_t second)
{
    record *r = record_create();
    (void)whole(r, first);
    (void)whole(r, second);
    return r;
}

/* No tasks at all. */
static void empty_record_is_right(void)
{
    expect(record_create(), SLIP_OK, 0, 0);
}

/* Read after write, each way to write. */
static void lost_raw_is_caught(void)
{
    expect(two(OUT_EXISTING, IN), SLIP_E_AUDIT, 1, 0);
    expect(two(INOUT, IN), SLIP_E_AUDIT, 1, 0);
    expect(two(OUT_EXISTING, INOUT), SLIP_E_AUDIT, 1, 0);
}

/* Write after write. */
static void lost_waw_is_caught(void)
{
    expect(two(OUT_EXISTING, OUT_EXISTING), SLIP_E_AUDIT, 1, 0);
    expect(two(INOUT, OUT_EXISTING), SLIP_E_AUDIT, 1, 0);
}

/* Write after read. */
static void lost_war_is_caught(void)
{
    expect(two(IN, OUT_EXISTING), SLIP_E_AUDIT, 1, 0);
    expect(two(IN, INOUT), SLIP_E_AUDIT, 1, 0);
}

/* The message says which hazard, which tasks, which buffer. */
static void message_names_both_tasks(void)
{
    record *r = two(IN, OUT_EXISTING);
    slip_audit_report report = {.struct_size = sizeof(report)};
    CHECK_STATUS(SLIP_E_AUDIT, slipi_oracle_check(&r->header, &report));
    CHECK_CONTAINS(report.first_problem, "lost write after read");
    CHECK_CONTAINS(report.first_problem, "task 1 ");
    CHECK_CONTAINS(report.first_problem, "task 2 ");
    CHECK_CONTAINS(report.first_problem, "bytes 0..256");
    record_destroy(r);
}

/* Two readers, and nodep, need no order. */
static void readers_and_nodep_do_not_conflict(void)
{
    expect(two(IN, IN), SLIP_OK, 0, 0);
    expect(two(OUT_EXISTING, NONE), SLIP_OK, 0, 0);
    expect(two(NONE, OUT_EXISTING), SLIP_OK, 0, 0);
}

/* Real, skipped and explicit edges all order. */
static void edges_order(void)
{
    const uint64_t flags[] = {0, SLIPI_AUDIT_EDGE_SKIPPED, SLIPI_AUDIT_EDGE_EXPLICIT};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        record *r = two(OUT_EXISTING, IN);
        record_edge(r, 1, flags[i]);
        expect(r, SLIP_OK, 0, 0);
    }
}

/* Writer, two updates, reader: the reader is ordered after the writer through the updates. */
static void order_is_transitive(void)
{
    record *r = record_create();
    (void)whole(r, OUT_EXISTING);
    for (uint64_t task = 2; task <= 3; task++) {
        (void)whole(r, INOUT);
        record_edge(r, task - 1u, 0);
    }
    (void)whole(r, IN);
    record_edge(r, 3, 0);
    expect(r, SLIP_OK, 0, 0);
}

/* The same with the middle edge missing: everything before is lost for everything after. */
static void broken_chain_loses_all_pairs_across(void)
{
    record *r = record_create();
    (void)whole(r, OUT_EXISTING);
    (void)whole(r, INOUT);
    record_edge(r, 1, 0);
    (void)whole(r, INOUT);
    (void)whole(r, IN);
    record_edge(r, 3, 0);
    expect(r, SLIP_E_AUDIT, 4, 0);
}

/* Tiles that do not meet need no order; tiles that meet do. */
static void boxes_are_exact(void)
{
    record *r = record_create();
    (void)box(r, INOUT, 0, 0, 4);
    (void)box(r, INOUT, 0, 4, 4);
    (void)box(r, INOUT, 4, 0, 4);
    expect(r, SLIP_OK, 0, 0);
    r = record_create();
    (void)box(r, INOUT, 0, 0, 4);
    (void)box(r, INOUT, 3, 3, 4);
    expect(r, SLIP_E_AUDIT, 1, 0);
}

/* An edge between neighbouring tiles of one geometry is false, although their intervals meet. */
static void false_edge_is_caught(void)
{
    record *r = record_create();
    (void)box(r, INOUT, 0, 0, 4);
    (void)box(r, INOUT, 0, 4, 4);
    record_edge(r, 1, 0);
    expect(r, SLIP_E_AUDIT, 0, 1);
    r = record_create();
    (void)box(r, INOUT, 0, 0, 4);
    (void)box(r, INOUT, 0, 4, 4);
    record_edge(r, 1, SLIPI_AUDIT_EDGE_EXPLICIT);
    expect(r, SLIP_OK, 0, 0);
    r = two(IN, IN);
    record_edge(r, 1, SLIPI_AUDIT_EDGE_SKIPPED);
    expect(r, SLIP_E_AUDIT, 0, 1);
}

/* Without a common geometry byte intervals are enough for an edge, and apart is still false. */
static void intervals_justify_edges_of_unlike_geometry(void)
{
    for (uint32_t apart = 0; apart < 2; apart++) {
        record *r = record_create();
        (void)box(r, INOUT, 0, 0, 4);
        (void)record_task(r, 0, 0);
        const uint32_t low[2] = {apart == 0 ? 0 : 4, 4};
        const uint32_t size[2] = {4, 4};
        slipi_audit_arg arg = record_box(record_matrix(7, INOUT, 8, 8), low, size);
        arg.root_ndim = 0;
        record_arg(r, &arg);
        record_edge(r, 1, 0);
        expect(r, apart == 0 ? SLIP_OK : SLIP_E_AUDIT, 0, apart);
    }
}

/* Different run arguments never conflict, whatever their bytes. */
static void buffers_are_apart(void)
{
    record *r = record_create();
    (void)whole(r, INOUT);
    (void)record_task(r, 0, 0);
    slipi_audit_arg arg = record_matrix(8, INOUT, 8, 8);
    record_arg(r, &arg);
    expect(r, SLIP_OK, 0, 0);
}

/* A later manual task owes no order, a later automatic task does, to a manual one as well. */
static void manual_tasks_owe_nothing(void)
{
    record *r = record_create();
    slipi_audit_arg arg = record_matrix(7, INOUT, 8, 8);
    (void)whole(r, INOUT);
    (void)record_task(r, 0, 1);
    record_arg(r, &arg);
    expect(r, SLIP_OK, 0, 0);
    r = record_create();
    (void)record_task(r, 0, 1);
    record_arg(r, &arg);
    (void)whole(r, IN);
    expect(r, SLIP_E_AUDIT, 1, 0);
}

/* A watermark orders what lies below it before everything later; the tasks above stay apart. */
static void watermark_orders(void)
{
    for (uint64_t covered = 0; covered < 2; covered++) {
        record *r = record_create();
        (void)whole(r, INOUT);
        record_watermark(r, 0, record_latest_id(r, 0) + covered);
        (void)whole(r, INOUT);
        expect(r, covered == 1 ? SLIP_OK : SLIP_E_AUDIT, 1u - covered, 0);
    }
}

/* A watermark says nothing about tasks that were submitted before it. */
static void watermark_comes_too_late(void)
{
    record *r = two(INOUT, INOUT);
    record_watermark(r, 0, record_latest_id(r, 0) + 1u);
    expect(r, SLIP_E_AUDIT, 1, 0);
}

/* A wait of the orchestrator orders everything submitted after it. */
static void wait_orders_all_later_tasks(void)
{
    record *r = record_create();
    (void)whole(r, OUT_EXISTING);
    record_wait(r, 1);
    (void)whole(r, IN);
    (void)whole(r, IN);
    expect(r, SLIP_OK, 0, 0);
}

/* Heap bytes with a new owner: watermark behind the maker only, or behind the last user too. */
static void lost_lifetime_is_caught(void)
{
    for (uint64_t late = 0; late < 2; late++) {
        record *r = record_create();
        slipi_audit_arg arg = record_heap(100, OUT, 0, 64);
        (void)record_task(r, 1, 0);
        record_arg(r, &arg);
        arg.tensor.access = NONE; /* a user that asks for no order still keeps the bytes */
        (void)record_task(r, 1, 0);
        record_arg(r, &arg);
        record_watermark(r, 1, record_latest_id(r, 1) + late);
        arg = record_heap(101, OUT, 32, 64);
        (void)record_task(r, 1, 0);
        record_arg(r, &arg);
        expect(r, late == 1 ? SLIP_OK : SLIP_E_AUDIT, 1u - late, 0);
    }
}

/* A buffer that is touched again after its bytes were given away. */
static void use_after_recycling_is_caught(void)
{
    record *r = record_create();
    slipi_audit_arg old = record_heap(100, OUT, 0, 64);
    (void)record_task(r, 1, 0);
    record_arg(r, &old);
    record_watermark(r, 1, record_latest_id(r, 1) + 1u);
    slipi_audit_arg new = record_heap(101, OUT, 0, 64);
    (void)record_task(r, 1, 0);
    record_arg(r, &new);
    old.tensor.access = IN;
    (void)record_task(r, 1, 0);
    record_arg(r, &old);
    expect(r, SLIP_E_AUDIT, 1, 0);
}

/* Neighbours in the heap do not share bytes. */
static void heap_neighbours_are_apart(void)
{
    record *r = record_create();
    for (uint32_t i = 0; i < 4; i++) {
        slipi_audit_arg arg = record_heap(100 + i, OUT, i * 64u, 64);
        (void)record_task(r, 1, 0);
        record_arg(r, &arg);
    }
    expect(r, SLIP_OK, 0, 0);
}

/* A chain longer than one block of rows, right and with one edge missing. */
static void long_chain_crosses_blocks(void)
{
    const uint64_t length = 6000;
    for (uint64_t gap = 0; gap < 2; gap++) {
        record *r = record_create();
        for (uint64_t task = 1; task <= length; task++) {
            (void)record_task(r, 0, 0);
            if (task == 1 || task == length) {
                slipi_audit_arg arg = record_matrix(7, INOUT, 8, 8);
                record_arg(r, &arg);
            }
            if (task > 1 && (gap == 0 || task != length - 1u)) {
                record_edge(r, task - 1u, SLIPI_AUDIT_EDGE_EXPLICIT);
            }
        }
        expect(r, gap == 0 ? SLIP_OK : SLIP_E_AUDIT, gap, 0);
    }
}

/* Records that contradict themselves get no verdict. */
static void broken_records_are_refused(void)
{
    slip_audit_report report = {.struct_size = sizeof(report)};
    record *r = two(INOUT, INOUT);
    r->header.used -= 8;
    CHECK_STATUS(SLIP_E_FORMAT, slipi_oracle_check(&r->header, &report));
    CHECK_CONTAINS(report.first_problem, "no record begins at byte");
    record_destroy(r);
    r = two(INOUT, INOUT);
    record_edge(r, 2, 0); /* to itself */
    CHECK_STATUS(SLIP_E_FORMAT, slipi_oracle_check(&r->header, &report));
    record_destroy(r);
    r = two(INOUT, INOUT);
    r->task->submission = 1;
    CHECK_STATUS(SLIP_E_FORMAT, slipi_oracle_check(&r->header, &report));
    record_destroy(r);
    r = two(INOUT, INOUT);
    r->header.overflow = 1;
    CHECK_STATUS(SLIP_E_LIMIT, slipi_oracle_check(&r->header, &report));
    CHECK_CONTAINS(report.first_problem, "incomplete");
    record_destroy(r);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_oracle_check(NULL, &report));
}

/* Runs all cases. */
int main(void)
{
    CHECK_CASE(empty_record_is_right);
    CHECK_CASE(lost_raw_is_caught);
    CHECK_CASE(lost_waw_is_caught);
    CHECK_CASE(lost_war_is_caught);
    CHECK_CASE(message_names_both_tasks);
    CHECK_CASE(readers_and_nodep_do_not_conflict);
    CHECK_CASE(edges_order);
    CHECK_CASE(order_is_transitive);
    CHECK_CASE(broken_chain_loses_all_pairs_across);
    CHECK_CASE(boxes_are_exact);
    CHECK_CASE(false_edge_is_caught);
    CHECK_CASE(intervals_justify_edges_of_unlike_geometry);
    CHECK_CASE(buffers_are_apart);
    CHECK_CASE(manual_tasks_owe_nothing);
    CHECK_CASE(watermark_orders);
    CHECK_CASE(watermark_comes_too_late);
    CHECK_CASE(wait_orders_all_later_tasks);
    CHECK_CASE(lost_lifetime_is_caught);
    CHECK_CASE(use_after_recycling_is_caught);
    CHECK_CASE(heap_neighbours_are_apart);
    CHECK_CASE(long_chain_crosses_blocks);
    CHECK_CASE(broken_records_are_refused);
    return check_report();
}
