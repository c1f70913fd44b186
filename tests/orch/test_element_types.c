/*
 * test_element_types.c - run arguments of different element types over the same memory: boxes of
 * equal numbers are not boxes of equal bytes.
 *
 * ctest-labels: unit hazard
 */
#include "check.h"
#include "regions.h"

enum { ELEMENTS = 16 };

static regions r;
static slip_tensor words; /* 16 elements of 4 bytes */
static slip_tensor bytes; /* 16 elements of 1 byte, at the first four words */

/* A run in which no task runs: two arguments of 16 elements that begin at one address. */
static void begin(void)
{
    regions_options options = {.window = 256,
                               .dep_pool = 4096,
                               .dispatch = SLIPI_DISPATCH_NOTHING,
                               .arg_count = 2,
                               .arg_shape = {ELEMENTS}};
    regions_init(&r, &options);
    r.args[1].dtype = SLIP_U8;
    r.args[1].binding = r.args[0].binding;
    slipi_orchestrator_begin(&r.o, &r.worker);
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &words));
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 1, &bytes));
}

/* Submits a task that reads or writes elements [lo, lo + len). */
static slip_task_handle access(const slip_tensor *t, bool writes, uint32_t lo, uint32_t len)
{
    slip_tensor view;
    CHECK_STATUS(SLIP_OK, slip_slice(&r.o.base, t, &lo, &len, &view));
    slip_arg arg = writes ? slip_out_existing(&view) : slip_in(&view);
    return regions_submit(&r, 1, &arg);
}

/* Tiles of the wider type meet the bytes under them, and no others. */
static void bytes_after_words(void)
{
    begin();
    slip_task_handle first = access(&words, true, 0, 4);  /* bytes 0 to 15 */
    slip_task_handle second = access(&words, true, 4, 4); /* bytes 16 to 31 */
    slip_task_handle reader = access(&bytes, false, 4, 4);
    CHECK(regions_edge(&r, first, reader));
    CHECK(!regions_edge(&r, second, reader));
    slip_task_handle writer = access(&bytes, true, 12, 4);
    CHECK(regions_edge(&r, first, writer));
    CHECK(!regions_edge(&r, second, writer));
    CHECK(!regions_edge(&r, reader, writer));
    slip_task_handle again = access(&words, true, 0, 4);
    CHECK(regions_edge(&r, first, again));
    CHECK(regions_edge(&r, reader, again));
    CHECK(regions_edge(&r, writer, again));
    regions_fini(&r);
}

/* The other way round: the lattice is one of bytes. */
static void words_after_bytes(void)
{
    begin();
    slip_task_handle low = access(&bytes, true, 0, 8);
    slip_task_handle high = access(&bytes, true, 8, 8);
    slip_task_handle reader = access(&words, false, 2, 1); /* bytes 8 to 11 */
    CHECK(!regions_edge(&r, low, reader));
    CHECK(regions_edge(&r, high, reader));
    slip_task_handle writer = access(&words, true, 8, 8); /* bytes 32 to 63 */
    CHECK_EQ(regions_fanin(&r, writer), 0);
    slip_task_handle again = access(&bytes, true, 8, 8);
    CHECK(regions_edge(&r, reader, again));
    CHECK(!regions_edge(&r, writer, again));
    regions_fini(&r);
}

/* Boxes that are no tiles are compared by their bytes too. */
static void irregular_boxes(void)
{
    begin();
    slip_task_handle odd = access(&words, true, 1, 3); /* bytes 4 to 15 */
    CHECK(regions_edge(&r, odd, access(&bytes, false, 5, 3)));
    CHECK(regions_edge(&r, odd, access(&bytes, false, 9, 5)));
    CHECK_EQ(regions_fanin(&r, access(&bytes, false, 1, 3)), 0);
    regions_fini(&r);
}

/* All bytes of the smaller tensor are not all bytes of the buffer. */
static void all_of_the_smaller(void)
{
    begin();
    slip_task_handle tail = access(&words, true, 8, 8);
    slip_task_handle head = access(&bytes, true, 0, ELEMENTS);
    CHECK(!regions_edge(&r, tail, head));
    CHECK(regions_edge(&r, tail, access(&words, false, 8, 8)));
    CHECK(regions_edge(&r, head, access(&words, false, 0, 8)));
    CHECK(regions_edge(&r, tail, access(&words, false, 0, ELEMENTS)));
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(bytes_after_words);
    CHECK_CASE(words_after_bytes);
    CHECK_CASE(irregular_boxes);
    CHECK_CASE(all_of_the_smaller);
    return check_report();
}
