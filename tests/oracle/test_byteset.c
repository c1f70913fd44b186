/*
 * test_byteset.c - overlap of strided views, against a map of every byte, for random views.
 *
 * ctest-labels: oracle unit
 */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "trace/byteset.h"

#define SPACE 8192u /* 64 + 6 * 6 * 6 * 6 elements of 4 bytes fit */
#define PAIRS 20000u

/* State of the generator; the seed is fixed, so that the cases are always the same. */
static uint64_t random_state = 20240611;

/* A number below `bound`. */
static uint32_t below(uint32_t bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % bound;
}

/* A random box of a random row-major tensor, its dimensions in random order. */
static slip_task_tensor random_view(void)
{
    static const uint8_t dtypes[] = {SLIP_U8, SLIP_F16, SLIP_U32};
    slip_task_tensor t;
    memset(&t, 0, sizeof(t));
    t.dtype = dtypes[below(3)];
    t.ndim = (uint8_t)(1u + below(4));
    uint32_t pitch = 1;
    t.offset = below(64);
    for (uint32_t d = t.ndim; d > 0; d--) {
        uint32_t size = 1u + below(6);
        uint32_t length = 1u + below(size);
        t.offset += (uint64_t)below(size - length + 1u) * pitch * slip_dtype_bytes(t.dtype);
        t.shape[d - 1] = length;
        t.stride[d - 1] = (int32_t)pitch;
        pitch *= size;
    }
    for (uint32_t d = t.ndim; d > 1; d--) {
        uint32_t other = below(d);
        uint32_t shape = t.shape[d - 1];
        int32_t stride = t.stride[d - 1];
        t.shape[d - 1] = t.shape[other];
        t.stride[d - 1] = t.stride[other];
        t.shape[other] = shape;
        t.stride[other] = stride;
    }
    return t;
}

/* Marks every byte of a view. */
static void paint(const slip_task_tensor *t, unsigned char *map)
{
    uint32_t bytes = slip_dtype_bytes(t->dtype);
    uint32_t count = 1;
    for (uint32_t d = 0; d < t->ndim; d++) {
        count *= t->shape[d];
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t rest = i;
        int64_t at = 0;
        for (uint32_t d = 0; d < t->ndim; d++) {
            at += (int64_t)(rest % t->shape[d]) * t->stride[d];
            rest /= t->shape[d];
        }
        memset(&map[t->offset + (uint64_t)at * bytes], 1, bytes);
    }
}

/* Compares the answer for one pair of views with the map. */
static bool pair_agrees(void)
{
    static unsigned char left[SPACE];
    static unsigned char right[SPACE];
    slip_task_tensor a = random_view();
    slip_task_tensor b = random_view();
    memset(left, 0, sizeof(left));
    memset(right, 0, sizeof(right));
    paint(&a, left);
    paint(&b, right);
    bool wanted = false;
    uint64_t first = sizeof(left);
    uint64_t last = 0;
    for (uint64_t i = 0; i < sizeof(left); i++) {
        wanted = wanted || (left[i] != 0 && right[i] != 0);
        first = left[i] != 0 && i < first ? i : first;
        last = left[i] != 0 ? i : last;
    }
    slipi_byteset x;
    slipi_byteset y;
    bool found = false;
    return CHECK(slipi_byteset_make(&a, &x)) && CHECK(slipi_byteset_make(&b, &y)) &&
           CHECK_EQ(x.base, first) && CHECK_EQ(x.base + x.extent, last + 1u) &&
           CHECK_STATUS(SLIP_OK, slipi_byteset_meet(&x, &y, &found)) && CHECK_EQ(found, wanted);
}

/* Random pairs. */
static void random_pairs_agree_with_a_map(void)
{
    for (uint32_t i = 0; i < PAIRS; i++) {
        if (!pair_agrees()) {
            fprintf(stderr, "pair %u\n", i);
            return;
        }
    }
}

/* A negative stride walks down from the offset. */
static void negative_strides_count_down(void)
{
    slip_task_tensor t = {.offset = 40, .dtype = SLIP_U32, .ndim = 1, .shape = {5}, .stride = {-2}};
    slipi_byteset set;
    CHECK(slipi_byteset_make(&t, &set));
    CHECK_EQ(set.base, 8);
    CHECK_EQ(set.extent, 36);
    t.offset = 8;
    CHECK(!slipi_byteset_make(&t, &set));
}

/* Tensors that have no set. */
static void bad_tensors_are_refused(void)
{
    const slip_task_tensor good = {.dtype = SLIP_U32, .ndim = 2, .shape = {4, 4}, .stride = {4, 1}};
    slipi_byteset set;
    CHECK(slipi_byteset_make(&good, &set));
    slip_task_tensor bad = good;
    bad.dtype = 0;
    CHECK(!slipi_byteset_make(&bad, &set));
    bad = good;
    bad.ndim = 6;
    CHECK(!slipi_byteset_make(&bad, &set));
    bad = good;
    bad.shape[1] = 0;
    CHECK(!slipi_byteset_make(&bad, &set));
    bad = good;
    bad.stride[0] = 3; /* rows fold onto each other */
    CHECK(!slipi_byteset_make(&bad, &set));
    bad = good;
    bad.offset = UINT64_MAX - 8u;
    CHECK(!slipi_byteset_make(&bad, &set));
}

/* Runs all cases. */
int main(void)
{
    CHECK_CASE(random_pairs_agree_with_a_map);
    CHECK_CASE(negative_strides_count_down);
    CHECK_CASE(bad_tensors_are_refused);
    return check_report();
}
