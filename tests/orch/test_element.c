/*
 * test_element.c - get and set of one element: whom they wait for, and how they are misused.
 *
 * ctest-labels: unit hazard errors
 */
#include "check.h"
#include "regions.h"

static regions r;
static slip_tensor t; /* run argument of 16 */

/* A run whose tasks run when somebody waits. */
static void begin(uint32_t access)
{
    regions_options options = {.window = 128,
                               .dispatch = SLIP_DISPATCH_SERIAL,
                               .arg_count = 1,
                               .arg_access = access,
                               .arg_shape = {16}};
    regions_begin(&r, &options);
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &t));
}

/* Element i of the run argument. */
static slip_tensor at(uint32_t i)
{
    static const uint32_t one = 1;
    slip_tensor out;
    CHECK_STATUS(SLIP_OK, slip_slice(&r.o.base, &t, &i, &one, &out));
    return out;
}

/* Submits a task that adds to an element, or only reads it. */
static slip_task_handle touch(uint32_t element, bool writes, uint64_t value)
{
    slip_tensor v = at(element);
    slip_arg args[2] = {writes ? slip_inout(&v) : slip_in(&v), slip_scalar(value)};
    slip_task task = {.struct_size = sizeof task,
                      .shape = SLIP_TASK_AIV,
                      .kernel = {writes ? REGIONS_ADD : REGIONS_NOTE},
                      .arg_count = 2,
                      .args = args};
    slip_task_handle handle = {0};
    CHECK_STATUS(SLIP_OK, slipi_submit(&r.o.base, &task, &handle));
    return handle;
}

/* True if a task has completed. */
static bool completed(slip_task_handle task)
{
    return slipi_load_acquire(&regions_slot(&r, task)->fanout) == SLIPI_FANOUT_CLOSED;
}

/* get waits for the writers of its element and for nobody else. */
static void get_waits_for_writers(void)
{
    begin(0);
    slip_task_handle mine = touch(3, true, 41);
    slip_task_handle again = touch(3, true, 1);
    slip_task_handle reader = touch(5, false, 0);
    uint64_t bits = 99;
    uint32_t index = 5;
    CHECK_STATUS(SLIP_OK, slip_get(&r.o.base, &t, &index, &bits));
    CHECK_EQ(bits, 0);
    CHECK(!completed(mine)); /* a reader of 5 is no reason to wait */
    index = 3;
    CHECK_STATUS(SLIP_OK, slip_get(&r.o.base, &t, &index, &bits));
    CHECK_EQ(bits, 42);
    CHECK(completed(mine) && completed(again));
    CHECK(reader.task != 0);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* set waits for readers too, more of them than one look collects. */
static void set_waits_for_readers(void)
{
    enum { READERS = 70 };
    slip_task_handle readers[READERS];
    begin(0);
    uint32_t index = 7;
    slip_tensor t7 = at(7);
    for (uint32_t i = 0; i < READERS; i++) {
        readers[i] = touch(7, false, 0);
    }
    CHECK_EQ(regions_log_count, 0);
    static const uint32_t zero;
    CHECK_STATUS(SLIP_OK, slip_set(&r.o.base, &t7, &zero, 0x12345678));
    for (uint32_t i = 0; i < READERS; i++) {
        CHECK(completed(readers[i]));
    }
    uint64_t bits;
    CHECK_STATUS(SLIP_OK, slip_get(&r.o.base, &t, &index, &bits));
    CHECK_EQ(bits, 0x12345678);
    CHECK_EQ(((const uint32_t *)(const void *)r.arg[0])[7], 0x12345678);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* A writer of the whole buffer, and one of a manual scope, are waited for as well. */
static void wide_and_manual_writers(void)
{
    begin(0);
    slip_arg arg = slip_inout(&t);
    slip_task_handle whole = regions_submit(&r, 1, &arg);
    uint64_t bits;
    uint32_t index = 0;
    CHECK_STATUS(SLIP_OK, slip_get(&r.o.base, &t, &index, &bits));
    CHECK(completed(whole));
    CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_MANUAL));
    slip_task_handle manual = touch(0, true, 5);
    CHECK_STATUS(SLIP_OK, slip_get(&r.o.base, &t, &index, &bits));
    CHECK_EQ(bits, 5);
    CHECK(completed(manual));
    CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* Waiting for a task whose kernel fails returns that failure. */
static void a_failed_writer_fails_the_get(void)
{
    begin(0);
    slip_tensor v = at(2);
    slip_arg arg = slip_inout(&v);
    slip_task task = {.struct_size = sizeof task,
                      .shape = SLIP_TASK_AIV,
                      .kernel = {REGIONS_FAIL},
                      .arg_count = 1,
                      .args = &arg};
    CHECK_STATUS(SLIP_OK, slipi_submit(&r.o.base, &task, NULL));
    uint64_t bits = 1;
    uint32_t index = 2;
    CHECK_STATUS(SLIP_E_KERNEL_FAILED, slip_get(&r.o.base, &t, &index, &bits));
    CHECK_STATUS(SLIP_E_KERNEL_FAILED, regions_end(&r));
    regions_fini(&r);
}

/* An index outside, no index, no place for the value, an argument that is only read. */
static void bad_elements(void)
{
    uint64_t bits;
    uint32_t index = 16;
    begin(0);
    CHECK_STATUS(SLIP_E_BAD_VIEW, slip_get(&r.o.base, &t, &index, &bits));
    regions_fini(&r);
    begin(0);
    CHECK_STATUS(SLIP_E_BAD_VIEW, slip_set(&r.o.base, &t, &index, 0));
    regions_fini(&r);
    begin(0);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_get(&r.o.base, &t, NULL, &bits));
    regions_fini(&r);
    index = 0;
    begin(0);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_get(&r.o.base, &t, &index, NULL));
    regions_fini(&r);
    begin(SLIP_ACCESS_IN);
    CHECK_STATUS(SLIP_OK, slip_get(&r.o.base, &t, &index, &bits));
    CHECK_STATUS(SLIP_E_SIGNATURE, slip_set(&r.o.base, &t, &index, 0));
    CHECK_CONTAINS(regions_fault(&r)->detail, "run argument 0 is set");
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(get_waits_for_writers);
    CHECK_CASE(set_waits_for_readers);
    CHECK_CASE(wide_and_manual_writers);
    CHECK_CASE(a_failed_writer_fails_the_get);
    CHECK_CASE(bad_elements);
    return check_report();
}
