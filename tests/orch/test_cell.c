/*
 * test_cell.c - one access cell: what it reports and records, and when its contents are void.
 *
 * ctest-labels: unit hazard
 */
#include "check.h"
#include "orch/tensormap_int.h"
#include "regions.h"

static regions r;
static slip_task_handle live[12]; /* tasks that have not completed */
static uint64_t reported[32];
static uint32_t reported_count;

/* Collects what a cell reports. */
static void collect(void *user, uint64_t task)
{
    (void)user;
    reported[reported_count++ % 32] = task;
}

/* A run with tasks to name. */
static void begin(void)
{
    regions_options options = {.window = 64, .dispatch = SLIPI_DISPATCH_NOTHING};
    regions_begin(&r, &options);
    for (uint32_t i = 0; i < 12; i++) {
        live[i] = regions_submit(&r, 0, NULL);
    }
}

/* Passes an access of task `index` with sequence `seq` over a cell; covered so far: `covered`. */
static void pass(slipi_cell *cell, uint32_t index, uint64_t seq, bool writes, uint64_t covered)
{
    static slipi_buffer buffer;
    slipi_access access = {.task = live[index].task, .seq = seq, .writes = writes};
    slipi_query q = {&r.o, &access, &buffer, r.worker.at.rt, collect, NULL, covered};
    reported_count = 0;
    slipi_cell_cover(&q, cell, true);
    slipi_cell_report(&q, cell, true);
    slipi_cell_record(&q, cell, true);
}

/* An empty cell reports nothing. */
static void zero_is_empty(void)
{
    slipi_cell cell = {0};
    begin();
    pass(&cell, 0, 10, true, 0);
    CHECK_EQ(reported_count, 0);
    CHECK_EQ(cell.writer, live[0].task);
    CHECK_EQ(cell.write_seq, 10);
    regions_fini(&r);
}

/* Readers meet the writer; the next writer meets the readers, which came after the first writer;
 * then the readers are void. */
static void writers_and_readers(void)
{
    slipi_cell cell = {0};
    begin();
    pass(&cell, 0, 10, true, 0);
    pass(&cell, 1, 11, false, 0);
    CHECK_EQ(reported_count, 1);
    CHECK_EQ(reported[0], live[0].task);
    pass(&cell, 2, 12, false, 0);
    CHECK_EQ(reported_count, 1);
    pass(&cell, 3, 13, true, 0);
    CHECK_EQ(reported_count, 2);
    CHECK(reported[0] != live[0].task && reported[1] != live[0].task);
    pass(&cell, 4, 14, true, 0);
    CHECK_EQ(reported_count, 1);
    CHECK_EQ(reported[0], live[3].task);
    pass(&cell, 5, 15, false, 0);
    CHECK_EQ(cell.readers[0], live[5].task);
    CHECK_EQ(cell.readers[1], 0);
    regions_fini(&r);
}

/* What is older than a write that covers the region is superseded. */
static void covered_contents_are_void(void)
{
    slipi_cell cell = {0};
    begin();
    pass(&cell, 0, 10, true, 0);
    pass(&cell, 1, 11, false, 0);
    pass(&cell, 2, 30, true, 20); /* a wider write of sequence 20 came in between */
    CHECK_EQ(reported_count, 0);
    pass(&cell, 3, 31, false, 20);
    pass(&cell, 4, 41, false, 40); /* and one of 40: the reader of 31 is forgotten */
    CHECK_EQ(reported_count, 0);
    CHECK_EQ(cell.readers[0], live[4].task);
    CHECK_EQ(cell.readers[1], 0);
    regions_fini(&r);
}

/* A task is not ordered after itself; completed tasks are not reported. */
static void own_and_completed_tasks(void)
{
    slipi_cell cell = {0};
    begin();
    pass(&cell, 0, 10, false, 0);
    pass(&cell, 0, 10, true, 0);
    CHECK_EQ(reported_count, 0);
    regions_complete(&r, live[0]);
    slipi_ring_advance(&r.o.rings, 0);
    pass(&cell, 1, 11, true, 0);
    CHECK_EQ(reported_count, 0);
    regions_fini(&r);
}

/* Beyond four, readers go to nodes; a reader that has completed gives its place. */
static void readers_overflow(void)
{
    slipi_cell cell = {0};
    begin();
    for (uint32_t i = 0; i < 7; i++) {
        pass(&cell, i, 10 + i, false, 0);
    }
    CHECK_EQ(r.worker.at.rt->node_head, 3);
    regions_complete(&r, live[0]);
    slipi_ring_advance(&r.o.rings, 0);
    pass(&cell, 7, 20, false, 0);
    CHECK_EQ(cell.readers[0], live[7].task);
    CHECK_EQ(r.worker.at.rt->node_head, 3);
    pass(&cell, 8, 21, true, 0);
    CHECK_EQ(reported_count, 7);
    for (uint32_t i = 1; i < 8; i++) {
        bool found = false;
        for (uint32_t j = 0; j < reported_count; j++) {
            found = found || reported[j] == live[i].task;
        }
        CHECK(found);
    }
    regions_fini(&r);
}

/* Nodes below the pool's tail end a list. */
static void void_nodes_end_a_list(void)
{
    slipi_cell cell = {0};
    begin();
    for (uint32_t i = 0; i < 8; i++) {
        pass(&cell, i, 10 + i, false, 0);
    }
    r.worker.at.rt->node_tail = 2;
    pass(&cell, 8, 20, true, 0);
    CHECK_EQ(reported_count, 6);
    r.worker.at.rt->node_tail = 4;
    cell.write_seq = 0;
    pass(&cell, 9, 21, true, 0);
    CHECK_EQ(reported_count, 4);
    regions_fini(&r);
}

/* A lattice header that is read as a cell has neither writer sequence nor reader sequence. */
static void headers_read_as_void_cells(void)
{
    slipi_lattice header;
    slipi_cell cells[3];
    begin();
    memset(&header, 0xFF, sizeof header);
    memset(header.void0, 0, sizeof header.void0);
    memset(header.void1, 0, sizeof header.void1);
    memset(header.void2, 0, sizeof header.void2);
    memcpy(cells, &header, sizeof cells);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(cells[i].write_seq, 0);
        CHECK_EQ(cells[i].read_seq, 0);
    }
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(zero_is_empty);
    CHECK_CASE(writers_and_readers);
    CHECK_CASE(covered_contents_are_void);
    CHECK_CASE(own_and_completed_tasks);
    CHECK_CASE(readers_overflow);
    CHECK_CASE(void_nodes_end_a_list);
    CHECK_CASE(headers_read_as_void_cells);
    return check_report();
}
