/*
 * test_layout.c - sizing to layout: every part inside its region, none over another; the bounds.
 *
 * ctest-labels: unit S8
 */
#include "check.h"
#include "regions.h"

enum { PARTS = 64, RANDOM_SIZINGS = 2000 };

/* A sizing with one value for all rings. */
static slip_sizing even(uint64_t window, uint64_t heap_bytes, uint64_t dep_pool)
{
    slip_sizing sizing;
    for (uint32_t i = 0; i < SLIP_RING_COUNT; i++) {
        sizing.ring[i] = (slip_ring_sizing){window, heap_bytes, dep_pool};
    }
    return sizing;
}

/* Derives a layout that must succeed. */
static slipi_image_layout derive(slip_sizing sizing)
{
    static slipi_image_layout layout;
    char why[256] = "";
    if (!CHECK_STATUS(SLIP_OK, slipi_layout_derive(&sizing, &layout, why, sizeof why))) {
        printf("%s\n", why);
    }
    return layout;
}

/* Bytes of a region: 0 heap, 1 SM, 2 arena. */
static uint64_t region_bytes(const slipi_image_layout *layout, uint32_t region)
{
    return region == 0 ? layout->heap_bytes : region == 1 ? layout->sm_bytes : layout->arena_bytes;
}

/* Every part lies inside its region, on a line, and over no other part. */
static void check_parts(const slipi_image_layout *layout)
{
    static slip_image_part parts[PARTS];
    uint32_t count = slipi_layout_parts(layout, parts, PARTS);
    if (!CHECK(count <= PARTS)) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const slip_image_part *a = &parts[i];
        CHECK(a->bytes == a->count * a->elem_bytes);
        CHECK_EQ(a->offset % SLIPI_LINE, 0);
        CHECK(a->bytes != 0);
        CHECK(a->offset + a->bytes <= region_bytes(layout, a->region));
        uint64_t header = a->region == 1 ? 0 : layout->runtime_offset;
        CHECK_EQ(a->in_image, a->region != 0 && a->offset == header);
        for (uint32_t j = 0; j < i; j++) {
            const slip_image_part *b = &parts[j];
            CHECK(a->region != b->region || a->offset >= b->offset + b->bytes ||
                  b->offset >= a->offset + a->bytes);
        }
    }
}

/* Whatever the sizing, the parts fit, capacities suffice, and a worker can attach. */
static void random_sizings(void)
{
    uint64_t state = 2026;
    printf("seed %llu\n", (unsigned long long)state);
    for (uint32_t i = 0; i < RANDOM_SIZINGS; i++) {
        slip_sizing sizing;
        uint64_t windows = 0;
        for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
            sizing.ring[ring].task_window = UINT64_C(4) << regions_random(&state) % 18;
            sizing.ring[ring].heap_bytes =
                1024 + (regions_random(&state) >> (24 + regions_random(&state) % 30));
            sizing.ring[ring].dep_pool = 4 + (regions_random(&state) >> 44);
            windows += sizing.ring[ring].task_window;
        }
        slipi_image_layout layout = derive(sizing);
        check_parts(&layout);
        CHECK(layout.sm.queue_capacity >= windows);
        CHECK(layout.sm_bytes % SLIPI_PAGE == 0 && layout.arena_bytes % SLIPI_PAGE == 0);
        for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
            CHECK_EQ(layout.sm.ring[ring].window, sizing.ring[ring].task_window);
            CHECK_EQ(layout.sm.ring[ring].edge_count, sizing.ring[ring].dep_pool);
            CHECK_EQ(layout.sm.ring[ring].heap_bytes, sizing.ring[ring].heap_bytes & ~UINT64_C(63));
            CHECK_EQ(layout.sm.ring[ring].slots_off % SLIPI_SLOT_BYTES, 0);
            CHECK_EQ(layout.runtime.ring[ring].head, sizing.ring[ring].task_window);
        }
    }
}

/* A call with one bad value is refused by name. */
static void refused(slip_sizing sizing, const char *part)
{
    static slipi_image_layout layout;
    char why[256] = "";
    CHECK_STATUS(SLIP_E_SIZING, slipi_layout_derive(&sizing, &layout, why, sizeof why));
    CHECK_CONTAINS(why, part);
}

/* The bounds of each value, on both sides. */
static void bounds(void)
{
    static const uint64_t windows[] = {
        0, 1, 2, 3, 5, 6, 100, 16383, UINT64_C(1) << 31, UINT64_C(1) << 63, UINT64_MAX};
    for (uint32_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        slip_sizing sizing = even(64, 65536, 64);
        sizing.ring[i % 4].task_window = windows[i];
        char part[32];
        (void)snprintf(part, sizeof part, "ring %u task window is", i % 4);
        refused(sizing, part);
    }
    refused(even(4, 1023, 4), "ring 0 heap is 1023 bytes");
    refused(even(4, 0, 4), "at least 1024");
    refused(even(4, 1024, 3), "ring 0 dependency pool is 3");
    refused(even(4, 1024, UINT64_C(1) << 31), "at most 2147483647");
    slipi_image_layout least = derive(even(4, 1024, 4));
    check_parts(&least);
    CHECK_EQ(least.heap_bytes, 4 * SLIPI_PAGE);
    check_parts((slipi_image_layout[]){derive(even(16384, UINT64_C(256) << 20, 16384))});
}

/* Sizes that overflow together, or that an edge reference does not reach. */
static void sizes_that_cannot_be(void)
{
    refused(even(64, UINT64_MAX / 2, 64), "overflow 64 bits together");
    refused(even(64, UINT64_MAX, 64), "overflow 64 bits together");
    refused(even(UINT64_C(1) << 30, 1024, 4), "need");
    refused(even(4, 1024, INT32_MAX), "dependency pools need");
    /* The largest that still passes is within the reach of a reference. */
    slipi_image_layout large = derive(even(UINT64_C(1) << 23, 1024, 4));
    CHECK(large.sm_bytes <= SLIPI_SM_MAX_BYTES);
    check_parts(&large);
    refused(even(UINT64_C(1) << 25, 1024, 4), "make them smaller");
}

/* The list of parts counts on when there is no room, and writes no more than that. */
static void parts_respect_their_room(void)
{
    slip_image_part parts[3];
    slipi_image_layout layout = derive(even(64, 65536, 64));
    memset(parts, 0x55, sizeof parts);
    uint32_t count = slipi_layout_parts(&layout, parts, 2);
    CHECK_EQ(count, slipi_layout_parts(&layout, NULL, 0));
    CHECK_STR(parts[0].name, "sm.header");
    CHECK_STR(parts[1].name, "sm.ring0.slots");
    CHECK_EQ(((const uint8_t *)&parts[2])[0], 0x55);
}

/* The image is two header pages; all the rest is zero. */
static void the_image_is_two_pages(void)
{
    slipi_image_layout a = derive(even(64, 65536, 64));
    slipi_image_layout b = derive(even(65536, UINT64_C(1) << 30, 16384));
    CHECK_EQ(SLIPI_IMAGE_BYTES, 2 * SLIPI_PAGE);
    CHECK_EQ(a.sm.magic, SLIPI_SM_MAGIC);
    CHECK_EQ(b.runtime.magic, SLIPI_ARENA_MAGIC);
    CHECK_EQ(a.sm.fingerprint, b.runtime.fingerprint);
    CHECK(memcmp(&a.sm.queue, (slipi_queue[SLIPI_QUEUES]){0}, sizeof a.sm.queue) == 0);
}

int main(void)
{
    CHECK_CASE(random_sizings);
    CHECK_CASE(bounds);
    CHECK_CASE(sizes_that_cannot_be);
    CHECK_CASE(parts_respect_their_room);
    CHECK_CASE(the_image_is_two_pages);
    return check_report();
}
