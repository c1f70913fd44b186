/*
 * test_edge.c - edges between tasks: inline, from the pool, in chunks; races with completion.
 *
 * ctest-labels: unit
 */
#include "check.h"
#include "regions.h"
#include "task/edge.h"

enum { WINDOW = 64, MANY = 30 };

/* What the helper of a test does when the orchestrator would wait. */
typedef struct helper {
    regions *r;
    slip_task_handle *producers;
    uint32_t next; /* completed so far */
    uint32_t count;
    uint32_t steps;
} helper;

/* Completes one producer a step; waiting is pointless when none is left. */
static bool complete_one(void *user)
{
    helper *h = user;
    h->steps++;
    if (h->next == h->count) {
        return false;
    }
    regions_complete(h->r, h->producers[h->next++]);
    return true;
}

/* Makes producers that are not run. */
static void make_producers(regions *r, slip_task_handle *out, uint32_t count)
{
    regions_options options = {.window = WINDOW, .dispatch = SLIPI_DISPATCH_NOTHING};
    regions_begin(r, &options);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = regions_submit(r, 0, NULL);
    }
}

/* Edges up to eight lie in the slot; the pool is not touched. */
static void eight_edges_are_inline(void)
{
    static regions r;
    slip_task_handle p[8];
    make_producers(&r, p, 8);
    slip_task_handle c = regions_after(&r, 8, p);
    CHECK_EQ(regions_fanin(&r, c), 8);
    CHECK_EQ(r.worker.at.rt->ring[0].pool_head, 0);
    const slipi_slot *slot = regions_slot(&r, c);
    for (uint32_t i = 0; i < 8; i++) {
        CHECK(regions_edge(&r, p[i], c));
        CHECK_EQ(slot->edges[i].consumer, slipi_slot_ref(&r.worker.at, slot));
    }
    regions_fini(&r);
}

/* More come from the ring's pool, which the task gives back when it is done. */
static void more_edges_come_from_the_pool(void)
{
    static regions r;
    slip_task_handle p[11];
    make_producers(&r, p, 11);
    slip_task_handle c = regions_after(&r, 11, p);
    slipi_ring_state *ring = &r.worker.at.rt->ring[0];
    CHECK_EQ(regions_fanin(&r, c), 11);
    CHECK_EQ(ring->pool_head, 3);
    CHECK_EQ(ring->pool_high, 3);
    CHECK_EQ(regions_slot(&r, c)->pool_end, 3);
    for (uint32_t i = 0; i < 11; i++) {
        CHECK_EQ(regions_fanin(&r, c), 11 - (int32_t)i);
        regions_complete(&r, p[i]);
    }
    CHECK_EQ(regions_fanin(&r, c), 0);
    CHECK_EQ(ring->pool_done, 0);
    regions_complete(&r, c);
    slipi_ring_advance(&r.o.rings, 0);
    CHECK_EQ(ring->pool_done, 3);
    regions_fini(&r);
}

/* A fan-in larger than slot and pool is pushed in chunks: the orchestrator helps in between. */
static void a_large_fan_in_goes_in_chunks(void)
{
    static regions r;
    slip_task_handle p[MANY];
    make_producers(&r, p, MANY);
    helper h = {.r = &r, .producers = p, .count = MANY};
    r.o.rings.help = (slipi_help){complete_one, &h, NULL};
    slip_task_handle c = regions_after(&r, MANY, p);
    /* 8 inline and 4 of the pool, then 8 inline again each time: 12 + 8 + 8, and 2 at the end. */
    CHECK_EQ(h.next, 28);
    CHECK_EQ(regions_fanin(&r, c), 2);
    CHECK_EQ(r.o.edges, MANY);
    CHECK_EQ(r.worker.at.rt->ring[0].pool_head, 4);
    regions_complete(&r, p[28]);
    CHECK_EQ(regions_fanin(&r, c), 1);
    regions_complete(&r, p[29]);
    CHECK_EQ(regions_fanin(&r, c), 0);
    regions_fini(&r);
}

/* All of the last chunk complete before the end: the task is ready at once and starts once. */
static void all_complete_during_the_push(void)
{
    static regions r;
    slip_task_handle p[3];
    make_producers(&r, p, 3);
    slip_task_handle c = regions_submit(&r, 0, NULL); /* a slot to play with */
    slipi_slot *slot = regions_slot(&r, c);
    slipi_fanin in;
    slipi_fanin_begin(&in, &r.worker.at, &r.o.rings.help, slot, 0);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(slipi_fanin_push(&in, regions_slot(&r, p[i])));
        slipi_complete(&r.worker, regions_slot(&r, p[i]));
    }
    CHECK_EQ(r.worker.ready[0].count, 0); /* the guard holds it */
    CHECK(slipi_fanin_end(&in));
    CHECK_EQ(slipi_load_relaxed(&slot->fanin), 0);
    CHECK_EQ(in.total, 3);
    regions_fini(&r);
}

/* Some complete before the end, some after: the last completion makes the task ready. */
static void some_complete_during_the_push(void)
{
    static regions r;
    slip_task_handle p[3];
    make_producers(&r, p, 3);
    slip_task_handle c = regions_submit(&r, 0, NULL);
    slipi_slot *slot = regions_slot(&r, c);
    slipi_fanin in;
    slipi_fanin_begin(&in, &r.worker.at, &r.o.rings.help, slot, 0);
    CHECK(slipi_fanin_push(&in, regions_slot(&r, p[0])));
    CHECK(slipi_fanin_push(&in, regions_slot(&r, p[1])));
    slipi_complete(&r.worker, regions_slot(&r, p[0]));
    slipi_complete(&r.worker, regions_slot(&r, p[2]));
    CHECK(!slipi_fanin_push(&in, regions_slot(&r, p[2]))); /* COMPLETED already */
    CHECK(!slipi_fanin_end(&in));
    CHECK_EQ(slipi_load_relaxed(&slot->fanin), 1);
    CHECK_EQ(r.worker.ready[0].count, 0);
    slipi_complete(&r.worker, regions_slot(&r, p[1]));
    CHECK_EQ(r.worker.ready[0].count, 1);
    CHECK_EQ(r.worker.ready[0].head, slipi_slot_ref(&r.worker.at, slot));
    regions_fini(&r);
}

/* Without a live producer the task is ready at the end. */
static void no_producer_means_ready(void)
{
    static regions r;
    slip_task_handle p[1];
    make_producers(&r, p, 1);
    slipi_slot *slot = regions_slot(&r, p[0]);
    slipi_fanin in;
    slipi_fanin_begin(&in, &r.worker.at, &r.o.rings.help, slot, 0);
    CHECK(slipi_fanin_end(&in));
    CHECK_EQ(slipi_load_relaxed(&slot->fanin), 0);
    regions_fini(&r);
}

/* Edges that run out when waiting is pointless leave the fan-in stuck, and say so. */
static void a_stuck_fan_in_says_so(void)
{
    static regions r;
    slip_task_handle p[MANY];
    make_producers(&r, p, MANY);
    helper h = {.r = &r, .producers = p, .count = 0};
    r.o.rings.help = (slipi_help){complete_one, &h, NULL};
    slip_task_handle c = regions_after(&r, MANY, p);
    CHECK_EQ(c.task, 0);
    CHECK_EQ(h.steps, 1);
    CHECK_STATUS(SLIP_E_HANG, r.o.failed);
    regions_fini(&r);
}

/* A producer named twice, by two edges, counts once. */
static void a_producer_counts_once(void)
{
    static regions r;
    slip_task_handle p[3];
    make_producers(&r, p, 1);
    p[1] = p[2] = p[0];
    slip_task_handle c = regions_after(&r, 3, p);
    CHECK_EQ(regions_fanin(&r, c), 1);
    CHECK_EQ(r.o.edges, 1);
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(eight_edges_are_inline);
    CHECK_CASE(more_edges_come_from_the_pool);
    CHECK_CASE(a_large_fan_in_goes_in_chunks);
    CHECK_CASE(all_complete_during_the_push);
    CHECK_CASE(some_complete_during_the_push);
    CHECK_CASE(no_producer_means_ready);
    CHECK_CASE(a_stuck_fan_in_says_so);
    CHECK_CASE(a_producer_counts_once);
    return check_report();
}
