/*
 * test_budgets.c - what a task costs in lines written and in read-modify-writes, counted.
 *
 * The hook: edges, completion and ready queues are compiled into this program with atomic
 * operations that count themselves, in place of the library's own; lines are found by comparing
 * the regions before and after. The budgets are those of docs/performance.md.
 *
 * ctest-labels: unit
 */
#include <stdlib.h>
#include <string.h>

#include <stdint.h>

static uint64_t rmw_count; /* read-modify-writes since the last look */

#define SLIPI_COUNT_RMW (rmw_count++)

#include "../../src/sched/complete.c"
#include "../../src/sched/ready.c"
#include "../../src/task/edge.c"

#include "check.h"
#include "regions.h"

enum { COLUMNS = 8 };

static regions r;
static slip_tensor data;   /* two rows of cells */
static uint8_t *before_sm; /* copies of the regions */
static uint8_t *before_arena;

/* What one submission wrote, and how many read-modify-writes it made. */
typedef struct cost {
    uint32_t own;   /* lines of its own slot */
    uint32_t other; /* lines of other slots */
    uint32_t map;   /* lines of the arena but the header page: cells */
    uint64_t rmw;
} cost;

/* A run whose tasks wait to be completed by hand. */
static void begin(uint32_t threads)
{
    regions_options options = {.window = 64,
                               .threads = threads,
                               .dispatch = SLIPI_DISPATCH_NOTHING,
                               .arg_count = 1,
                               .arg_dims = 2,
                               .arg_shape = {2, COLUMNS}};
    regions_begin(&r, &options);
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &data));
    before_sm = malloc(r.layout.sm.sm_bytes);
    before_arena = malloc(r.layout.runtime.arena_bytes);
    SLIPI_ASSERT(before_sm != NULL && before_arena != NULL);
}

/* Frees what begin made. */
static void end(void)
{
    free(before_sm);
    free(before_arena);
    regions_fini(&r);
}

/* One cell. */
static slip_tensor cell(uint32_t row, uint32_t column)
{
    return regions_box(&r, &data, row, 1, column, 1);
}

/* Lines that differ in [from, from + bytes). */
static uint32_t lines(const uint8_t *now, const uint8_t *then, uint64_t from, uint64_t bytes)
{
    uint32_t count = 0;
    for (uint64_t at = from; at < from + bytes; at += SLIPI_LINE) {
        count += memcmp(now + at, then + at, SLIPI_LINE) != 0 ? 1u : 0u;
    }
    return count;
}

/* Submits a task and tells what that cost. The free slot holds a pattern before, so that every line
 * that is written differs. */
static cost submit(uint32_t count, const slip_arg *args, slip_task_handle *out)
{
    slipi_ring_state *s = &r.worker.at.rt->ring[0];
    uint64_t slots = r.layout.sm.ring[0].slots_off;
    uint64_t own = slots + (s->head & r.worker.at.slot_mask[0]) * SLIPI_SLOT_BYTES;
    memset(r.sm + own, 0x5A, SLIPI_SLOT_BYTES);
    memcpy(before_sm, r.sm, r.layout.sm.sm_bytes);
    memcpy(before_arena, r.arena, r.layout.runtime.arena_bytes);
    rmw_count = 0;
    *out = regions_submit(&r, count, args);
    cost c = {.rmw = rmw_count};
    c.own = lines(r.sm, before_sm, own, SLIPI_SLOT_BYTES);
    c.other = lines(r.sm, before_sm, slots, 64 * SLIPI_SLOT_BYTES) - c.own;
    c.map = lines(r.arena, before_arena, 0, r.layout.runtime.arena_bytes - SLIPI_PAGE);
    return c;
}

/* Read-modify-writes of completing a task on a thread. */
static uint64_t complete(uint32_t thread, slip_task_handle task)
{
    slipi_worker w = r.worker;
    w.thread = thread;
    rmw_count = 0;
    slipi_complete(&w, regions_slot(&r, task));
    return rmw_count;
}

/* No tensors: one line. With a tile that nobody uses: its tensor and its cell besides. */
static void independent(void)
{
    slip_task_handle t;
    begin(2);
    cost c = submit(0, NULL, &t);
    CHECK_EQ(c.own, 1);
    CHECK_EQ(c.other + c.map, 0);
    CHECK_EQ(c.rmw, 0);
    CHECK_EQ(complete(1, t), 1); /* the exchange */
    slip_tensor first = cell(0, 0);
    slip_arg arg = slip_out_existing(&first);
    (void)submit(1, &arg, &t); /* cuts the buffer */
    slip_tensor second = cell(0, 1);
    arg = slip_out_existing(&second);
    c = submit(1, &arg, &t);
    CHECK_EQ(c.own, 2);
    CHECK_EQ(c.other, 0);
    CHECK_EQ(c.map, 1);
    CHECK_EQ(c.rmw, 0);
    CHECK_EQ(complete(0, t), 0); /* thread 0 alone pushes edges: it needs no exchange */
    end();
}

/* A chain: the edge's line and the producer's besides; one push, one exchange. */
static void chain(void)
{
    slip_task_handle t[2];
    begin(2);
    slip_tensor tile = cell(0, 0);
    slip_arg arg = slip_inout(&tile);
    (void)submit(1, &arg, &t[0]);
    cost c = submit(1, &arg, &t[1]);
    CHECK_EQ(c.own, 3);
    CHECK_EQ(c.other, 1);
    CHECK_EQ(c.map, 1);
    CHECK_EQ(c.rmw, 1);
    CHECK_EQ(complete(1, t[0]), 1); /* and an acquire load for the last producer */
    CHECK_EQ(r.worker.ready[0].count, 0);
    CHECK_EQ(regions_fanin(&r, t[1]), 0);
    end();
}

/* Submits the stencil's task of a column that writes a row from the other one. */
static cost stencil_task(uint32_t row, uint32_t column, slip_task_handle *out)
{
    slip_tensor cells[4] = {cell(row, column), cell(1 - row, column - 1), cell(1 - row, column),
                            cell(1 - row, column + 1)};
    slip_arg args[4] = {slip_out_existing(&cells[0]), slip_in(&cells[1]), slip_in(&cells[2]),
                        slip_in(&cells[3])};
    return submit(4, args, out);
}

/* A three-point stencil over reused cells: three edges for what RAW and WAR ask for. */
static void stencil(void)
{
    slip_task_handle p[3];
    slip_task_handle t;
    begin(2);
    for (uint32_t i = 0; i < 3; i++) {
        (void)stencil_task(1, i + 2, &p[i]);
    }
    cost c = stencil_task(0, 3, &t);
    CHECK_EQ(regions_fanin(&r, t), 3);
    CHECK_EQ(c.own, 2 + 4);
    CHECK_EQ(c.other, 3);
    CHECK_EQ(c.map, 4);
    CHECK_EQ(c.rmw, 4); /* three pushes, one guard */
    uint64_t completions = 0;
    for (uint32_t i = 0; i < 3; i++) {
        completions += complete(1, p[i]);
    }
    CHECK_EQ(completions, 3 + 2); /* three exchanges; the last of three decrements is a load */
    CHECK_EQ(regions_fanin(&r, t), 0);
    CHECK_EQ(c.rmw + 2 + complete(1, t), 7);
    end();
}

/* With one control thread nothing is shared. */
static void one_thread(void)
{
    slip_task_handle p[3];
    slip_task_handle t;
    begin(1);
    for (uint32_t i = 0; i < 3; i++) {
        (void)stencil_task(1, i + 2, &p[i]);
    }
    CHECK_EQ(stencil_task(0, 3, &t).rmw, 0);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(regions_fanin(&r, t), 3 - (int32_t)i);
        CHECK_EQ(complete(0, p[i]), 0);
    }
    CHECK_EQ(regions_fanin(&r, t), 0);
    end();
}

/* Sharing costs one read-modify-write a batch, taking it another. */
static void sharing(void)
{
    enum { BATCH = 16 };
    slip_task_handle t;
    begin(2);
    for (uint32_t i = 0; i < BATCH; i++) {
        (void)submit(0, NULL, &t);
        slipi_ready_back(&r.worker, regions_slot(&r, t));
    }
    rmw_count = 0;
    slipi_ready_share_rest(&r.worker, 0, 0);
    CHECK_EQ(rmw_count, 1);
    for (uint32_t i = 0; i < BATCH; i++) {
        CHECK(slipi_ready_take(&r.worker, 0) != NULL);
    }
    CHECK_EQ(rmw_count, 2);
    end();
}

int main(void)
{
    CHECK_CASE(independent);
    CHECK_CASE(chain);
    CHECK_CASE(stencil);
    CHECK_CASE(one_thread);
    CHECK_CASE(sharing);
    return check_report();
}
