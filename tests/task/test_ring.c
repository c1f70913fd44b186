/*
 * test_ring.c - watermarks, room, laps, the proof of deadlock, and what a remedy names.
 *
 * ctest-labels: unit lifetime
 */
#include "check.h"
#include "regions.h"
#include "task/ring.h"

/* The state of a ring. */
static slipi_ring_state *ring_of(regions *r, uint32_t ring)
{
    return &r->worker.at.rt->ring[ring];
}

/* Opens an automatic scope. */
static void open_scope(regions *r)
{
    CHECK_STATUS(SLIP_OK, slip_scope_begin(&r->o.base, SLIP_SCOPE_AUTO));
}

/* Ends it. */
static void end_scope(regions *r)
{
    CHECK_STATUS(SLIP_OK, slip_scope_end(&r->o.base));
}

/* done passes a task when it and all before it are COMPLETED. */
static void done_passes_in_order(void)
{
    static regions r;
    regions_options options = {.window = 4, .dispatch = SLIPI_DISPATCH_NOTHING};
    regions_begin(&r, &options);
    slip_task_handle t[3];
    for (uint32_t i = 0; i < 3; i++) {
        t[i] = regions_submit(&r, 0, NULL);
        CHECK_EQ(slipi_task_id(t[i].task), 4 + i); /* the first id is one window */
    }
    regions_complete(&r, t[1]);
    slipi_ring_advance(&r.o.rings, 0);
    CHECK_EQ(ring_of(&r, 0)->done, 4);
    CHECK(slipi_task_live(r.worker.at.rt, t[1].task));
    regions_complete(&r, t[0]);
    slipi_ring_advance(&r.o.rings, 0);
    CHECK_EQ(ring_of(&r, 0)->done, 6);
    CHECK(!slipi_task_live(r.worker.at.rt, t[1].task));
    CHECK(slipi_task_live(r.worker.at.rt, t[2].task));
    CHECK_EQ(ring_of(&r, 0)->tail, 4); /* the program's scope is open */
    regions_fini(&r);
}

/* tail passes a task when no scope that is open began before it, and not earlier. */
static void open_scopes_keep_tasks(void)
{
    static regions r;
    regions_options options = {.dispatch = SLIP_DISPATCH_INLINE};
    regions_begin(&r, &options);
    open_scope(&r);
    (void)regions_submit(&r, 0, NULL);
    slipi_ring_advance(&r.o.rings, 1);
    CHECK_EQ(ring_of(&r, 1)->done, 17);
    CHECK_EQ(ring_of(&r, 1)->tail, 16);
    end_scope(&r);
    slipi_ring_advance(&r.o.rings, 1);
    CHECK_EQ(ring_of(&r, 1)->tail, 17);
    regions_fini(&r);
}

/* Scopes of depth 3 and more share ring 3: the outermost of them keeps what is younger. */
static void deep_scopes_share_a_ring(void)
{
    static regions r;
    regions_options options = {.dispatch = SLIP_DISPATCH_INLINE};
    regions_begin(&r, &options);
    for (uint32_t depth = 1; depth <= 5; depth++) {
        open_scope(&r);
        slip_task_handle t = regions_submit(&r, 0, NULL);
        CHECK_EQ(slipi_task_ring(t.task), depth < 3 ? depth : 3);
    }
    end_scope(&r); /* depth 5 */
    end_scope(&r); /* depth 4 */
    slipi_ring_advance(&r.o.rings, 3);
    CHECK_EQ(ring_of(&r, 3)->done, 19);
    CHECK_EQ(ring_of(&r, 3)->tail, 16);
    end_scope(&r); /* depth 3 */
    slipi_ring_advance(&r.o.rings, 3);
    CHECK_EQ(ring_of(&r, 3)->tail, 19);
    regions_fini(&r);
}

/* A buffer outlives its last user, whatever ring that runs on and whatever argument it is. */
static void last_use_on_another_ring_keeps(void)
{
    static regions r;
    regions_options options = {.dispatch = SLIP_DISPATCH_SERIAL};
    regions_begin(&r, &options);
    open_scope(&r);
    slip_tensor t = regions_alloc(&r, 4, 0); /* ring 1, COMPLETED at once */
    open_scope(&r);
    slip_arg arg = slip_nodep(&t);
    slip_task_handle user = regions_submit(&r, 1, &arg); /* ring 2, waits */
    CHECK_EQ(regions_slot(&r, (slip_task_handle){.task = t.creator})->last_use[2],
             slipi_task_id(user.task));
    end_scope(&r);
    end_scope(&r);
    slipi_ring_advance(&r.o.rings, 1);
    slipi_ring_advance(&r.o.rings, 2);
    CHECK_EQ(ring_of(&r, 1)->done, 17);
    CHECK_EQ(ring_of(&r, 1)->tail, 16);
    regions_run(&r);
    slipi_ring_advance(&r.o.rings, 1); /* done of ring 2 has not moved yet */
    CHECK_EQ(ring_of(&r, 1)->tail, 16);
    slipi_ring_advance(&r.o.rings, 2);
    slipi_ring_advance(&r.o.rings, 1);
    CHECK_EQ(ring_of(&r, 1)->tail, 17);
    CHECK_EQ(ring_of(&r, 1)->heap_tail, 64);
    regions_fini(&r);
}

/* Windows of 4: hundreds of laps, within scopes and over several runs, with the same ids on. */
static void windows_of_four_for_many_laps(void)
{
    static regions r;
    regions_options options = {.window = 4, .heap_bytes = 1024, .dispatch = SLIP_DISPATCH_SERIAL};
    regions_begin(&r, &options);
    for (uint32_t run = 0; run < 3; run++) {
        for (uint32_t i = 0; i < 300; i++) {
            open_scope(&r);
            slip_tensor t = regions_alloc(&r, 64, 0);
            slip_arg args[2] = {slip_inout(&t), slip_in(&t)};
            CHECK(regions_submit(&r, 2, args).task != 0);
            CHECK(regions_submit(&r, 1, args).task != 0);
            end_scope(&r);
        }
        CHECK_STATUS(SLIP_OK, regions_end(&r));
        CHECK_EQ(regions_log_count, (run + 1u) * 600u);
        CHECK_EQ(ring_of(&r, 1)->head, 4 + (run + 1u) * 900u);
        CHECK_EQ(ring_of(&r, 1)->tail, ring_of(&r, 1)->head);
        CHECK_EQ(ring_of(&r, 1)->heap_tail, ring_of(&r, 1)->heap_head);
        regions_again(&r);
    }
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* What fits does not depend on history: a run starts with its heaps at a lap boundary. */
static void a_run_starts_at_a_lap_boundary(void)
{
    static regions r;
    regions_options options = {.heap_bytes = 1024, .dispatch = SLIP_DISPATCH_INLINE};
    regions_begin(&r, &options);
    for (uint32_t run = 0; run < 4; run++) {
        CHECK_EQ(ring_of(&r, 0)->heap_head % 1024, 0);
        slip_tensor small = regions_alloc(&r, 16, 0);
        slip_tensor large = regions_alloc(&r, 240, 0);
        CHECK(small.dtype != 0 && large.dtype != 0);
        CHECK_EQ(small.offset, 0);
        CHECK_EQ(large.offset, 64);
        CHECK_STATUS(SLIP_OK, regions_end(&r));
        regions_again(&r);
    }
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* An empty heap starts again at a lap boundary when the request does not fit where it stands. */
static void an_empty_heap_starts_again(void)
{
    static regions r;
    regions_options options = {.heap_bytes = 1024, .dispatch = SLIP_DISPATCH_INLINE};
    regions_begin(&r, &options);
    open_scope(&r);
    (void)regions_alloc(&r, 100, 0); /* 448 bytes with padding */
    end_scope(&r);
    open_scope(&r);
    slip_tensor all = regions_alloc(&r, 256, 0); /* the whole heap */
    CHECK(all.dtype != 0);
    CHECK_EQ(all.offset, r.layout.sm.ring[1].heap_off);
    CHECK_EQ(ring_of(&r, 1)->heap_head, 2048);
    CHECK_EQ(ring_of(&r, 1)->heap_tail, 1024);
    end_scope(&r);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* An output that would run over the end of its ring's heap starts the next lap. */
static void outputs_lie_in_one_piece(void)
{
    static regions r;
    regions_options options = {.heap_bytes = 1024, .dispatch = SLIP_DISPATCH_INLINE};
    regions_begin(&r, &options);
    uint64_t base = r.layout.sm.ring[1].heap_off;
    for (uint32_t i = 0; i < 50; i++) {
        open_scope(&r);
        slip_tensor t = regions_alloc(&r, 96, 0); /* 384: two to a lap */
        CHECK(t.offset >= base && t.offset + 384 <= base + 1024);
        end_scope(&r);
    }
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    CHECK(ring_of(&r, 1)->heap_high <= 1024);
    regions_fini(&r);
}

/* A full window that only this orchestrator could empty fails at once, with the numbers. */
static void window_deadlock_is_proved(void)
{
    static regions r;
    regions_options options = {.window = 4, .dispatch = SLIP_DISPATCH_SERIAL};
    regions_begin(&r, &options);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(regions_submit(&r, 0, NULL).task != 0);
    }
    CHECK_EQ(regions_submit(&r, 0, NULL).task, 0);
    const slipi_fault *fault = regions_fault(&r);
    CHECK_STATUS(SLIP_E_RING_DEADLOCK, fault->status);
    CHECK_EQ(fault->resource, SLIPI_RESOURCE_TASK_WINDOW);
    CHECK_EQ(fault->ring, 0);
    CHECK_EQ(fault->scope, 0);
    CHECK_EQ(fault->submission, 5);
    CHECK_EQ(fault->wanted, 1);
    CHECK_EQ(fault->available, 0);
    CHECK_EQ(fault->capacity, 4);
    CHECK_EQ(fault->remedy, 8);
    CHECK_EQ(regions_log_count, 0); /* proved, not waited for */
    CHECK_EQ(r.idles, 0);
    CHECK_STATUS(SLIP_E_RING_DEADLOCK, regions_end(&r));
    CHECK_EQ(ring_of(&r, 0)->tail, ring_of(&r, 0)->head); /* the state stays clean */
    regions_fini(&r);
}

/* Allocates in a fresh run with a heap of `heap_bytes`; the number of the first that failed, 0 if
 * none did. */
static uint32_t allocate(uint64_t heap_bytes, uint32_t count, const uint32_t *floats,
                         slipi_fault *fault)
{
    static regions r;
    uint32_t failed = 0;
    regions_options options = {.heap_bytes = heap_bytes, .dispatch = SLIP_DISPATCH_INLINE};
    regions_begin(&r, &options);
    for (uint32_t i = 0; i < count && failed == 0; i++) {
        failed = regions_alloc(&r, floats[i], 0).dtype == 0 || r.o.failed != SLIP_OK ? i + 1 : 0;
    }
    *fault = *regions_fault(&r);
    (void)regions_end(&r);
    regions_fini(&r);
    return failed;
}

/* A heap that what the scopes keep fills fails at once; the remedy is the smallest that passes. */
static void heap_deadlock_is_proved(void)
{
    static const uint32_t plans[][3] = {{256, 16, 0}, {96, 96, 96}, {128, 128, 16},
                                        {300, 0, 0},  {16, 250, 0}, {16, 16, 4000}};
    for (uint32_t p = 0; p < sizeof plans / sizeof plans[0]; p++) {
        slipi_fault fault;
        uint32_t count = plans[p][1] == 0 ? 1 : plans[p][2] == 0 ? 2 : 3;
        uint32_t failed = allocate(1024, count, plans[p], &fault);
        uint64_t kept = 0;
        CHECK_EQ(failed, count);
        for (uint32_t i = 0; i + 1 < count; i++) {
            kept += (plans[p][i] * 4u + 63u) & ~63u;
        }
        uint64_t wanted = (plans[p][count - 1] * 4u + 63u) & ~63u;
        CHECK_STATUS(SLIP_E_HEAP_DEADLOCK, fault.status);
        CHECK_EQ(fault.resource, SLIPI_RESOURCE_HEAP);
        CHECK_EQ(fault.ring, 0);
        CHECK_EQ(fault.wanted, wanted);
        CHECK_EQ(fault.available, 1024 - kept);
        CHECK_EQ(fault.capacity, 1024);
        CHECK_EQ(fault.remedy, kept + wanted);
        slipi_fault again;
        CHECK_EQ(allocate(fault.remedy, count, plans[p], &again), 0);
        CHECK_EQ(allocate(fault.remedy - 64, count, plans[p], &again), count);
    }
}

/* Submits tasks that make `buffers` outputs each, in one scope; the number of the first failure. */
static uint32_t make_buffers(uint64_t window, uint32_t tasks, slipi_fault *fault)
{
    enum { OUTPUTS = 250 };
    static regions r;
    static slip_tensor t[OUTPUTS];
    slip_arg args[OUTPUTS];
    uint32_t failed = 0;
    static const uint32_t one = 1;
    regions_options options = {
        .window = window, .heap_bytes = 1 << 20, .dispatch = SLIP_DISPATCH_INLINE};
    regions_begin(&r, &options);
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        args[i] = slip_out(&t[i], SLIP_F32, 1, &one);
    }
    for (uint32_t i = 0; i < tasks && failed == 0; i++) {
        failed = regions_submit(&r, OUTPUTS, args).task == 0 ? i + 1 : 0;
    }
    *fault = *regions_fault(&r);
    (void)regions_end(&r);
    regions_fini(&r);
    return failed;
}

/* Buffer records follow the window; the remedy is a window whose records are enough. */
static void buffer_deadlock_is_proved(void)
{
    slipi_fault fault;
    CHECK_EQ(make_buffers(4, 3, &fault), 3);
    CHECK_STATUS(SLIP_E_RING_DEADLOCK, fault.status);
    CHECK_EQ(fault.resource, SLIPI_RESOURCE_BUFFERS);
    CHECK_EQ(fault.wanted, 250);
    CHECK_EQ(fault.available, 12);
    CHECK_EQ(fault.capacity, 512);
    CHECK_EQ(fault.remedy, 256);
    slipi_fault again;
    CHECK_EQ(make_buffers(fault.remedy, 3, &again), 0);
    CHECK_EQ(make_buffers(fault.remedy / 2, 3, &again), 3);
}

/* A full ring whose tasks can complete is waited for, by running them. */
static void a_full_ring_is_helped(void)
{
    static regions r;
    regions_options options = {.window = 4, .dispatch = SLIP_DISPATCH_SERIAL};
    regions_begin(&r, &options);
    slipi_store_relaxed(&r.kernels[REGIONS_NOTE].typical, 1000000u); /* long: one at a time */
    for (uint32_t i = 0; i < 4; i++) {
        open_scope(&r);
        CHECK(regions_submit(&r, 0, NULL).task != 0);
        end_scope(&r);
    }
    CHECK_EQ(regions_log_count, 0);
    open_scope(&r);
    CHECK(regions_submit(&r, 0, NULL).task != 0);
    CHECK_EQ(regions_log_count, 1); /* one place was enough */
    end_scope(&r);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    CHECK_EQ(ring_of(&r, 1)->window_high, 4);
    regions_fini(&r);
}

/* Where a piece starts: at the head, or at the next lap if it would run over the end. */
static void place_keeps_pieces_whole(void)
{
    CHECK_EQ(slipi_place(0, 64, 1024), 0);
    CHECK_EQ(slipi_place(960, 64, 1024), 960);
    CHECK_EQ(slipi_place(960, 128, 1024), 1024);
    CHECK_EQ(slipi_place(1024 * 7 + 512, 512, 1024), 1024 * 7 + 512);
    CHECK_EQ(slipi_place(1024 * 7 + 513, 512, 1024), 1024 * 8);
}

int main(void)
{
    CHECK_CASE(done_passes_in_order);
    CHECK_CASE(open_scopes_keep_tasks);
    CHECK_CASE(deep_scopes_share_a_ring);
    CHECK_CASE(last_use_on_another_ring_keeps);
    CHECK_CASE(windows_of_four_for_many_laps);
    CHECK_CASE(a_run_starts_at_a_lap_boundary);
    CHECK_CASE(an_empty_heap_starts_again);
    CHECK_CASE(outputs_lie_in_one_piece);
    CHECK_CASE(window_deadlock_is_proved);
    CHECK_CASE(heap_deadlock_is_proved);
    CHECK_CASE(buffer_deadlock_is_proved);
    CHECK_CASE(a_full_ring_is_helped);
    CHECK_CASE(place_keeps_pieces_whole);
    return check_report();
}
