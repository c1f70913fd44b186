/*
 * test_submit.c - from a task description to a slot: arguments inline and spilled, outputs, initial
 * values, explicit edges, and every way to misuse it.
 *
 * ctest-labels: unit errors
 */
#include "check.h"
#include "regions.h"

static regions r;
static slip_tensor t; /* run argument of 16 */

/* A run in which tasks stay where they are, or are run at once. */
static void begin(uint32_t dispatch, uint32_t access)
{
    regions_options options = {
        .dispatch = dispatch, .arg_count = 1, .arg_access = access, .arg_shape = {16}};
    regions_begin(&r, &options);
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &t));
}

/* Submits a task that must fail with this status and sentence; starts the next run. */
static void refused(slip_task *task, slip_status wanted, const char *part)
{
    task->struct_size = sizeof *task;
    CHECK_STATUS(wanted, slipi_submit(&r.o.base, task, NULL));
    CHECK_STATUS(wanted, regions_fault(&r)->status);
    CHECK_CONTAINS(regions_fault(&r)->detail, part);
    CHECK_EQ(regions_fault(&r)->submission, 1);
    CHECK_STATUS(wanted, slipi_submit(&r.o.base, task, NULL)); /* and again, doing nothing */
    CHECK_EQ(r.o.submissions, 1);
    CHECK_EQ(regions_log_count, 0);
    CHECK_STATUS(wanted, regions_end(&r));
    regions_again(&r);
    CHECK_STATUS(SLIP_OK, slip_orch_tensor(&r.o.base, 0, &t));
}

/* Tensors of a slot, wherever they lie. */
static const slip_task_tensor *tensors_of(const slipi_slot *slot)
{
    return (const slip_task_tensor *)(const void *)(r.sm +
                                                    (uint64_t)slot->tensors_ref * SLIPI_SM_UNIT);
}

/* Scalars of a slot. */
static const uint64_t *scalars_of(const slipi_slot *slot)
{
    return (const uint64_t *)(const void *)(r.sm + (uint64_t)slot->scalars_ref * SLIPI_SM_UNIT);
}

/* Four tensors and four scalars lie in the slot, in the order of submission. */
static void arguments_lie_inline(void)
{
    begin(SLIPI_DISPATCH_NOTHING, 0);
    slip_tensor part[4];
    slip_arg args[8];
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t lo = 4 * i;
        uint32_t len = 4;
        CHECK_STATUS(SLIP_OK, slip_slice(&r.o.base, &t, &lo, &len, &part[i]));
        args[2 * i] = slip_scalar(100 + i);
        args[2 * i + 1] = slip_in(&part[i]);
    }
    slip_task_handle task = regions_submit(&r, 8, args);
    const slipi_slot *slot = regions_slot(&r, task);
    CHECK(tensors_of(slot) == slot->tensors);
    CHECK(scalars_of(slot) == slot->scalars);
    CHECK_EQ(slot->tensor_count, 4);
    CHECK_EQ(slot->scalar_count, 4);
    CHECK_EQ(slot->spill_end, 0);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ(slot->tensors[i].offset, 16 * i);
        CHECK_EQ(slot->tensors[i].binding, SLIPI_BIND_ARGS);
        CHECK_EQ(slot->tensors[i].access, SLIP_ACCESS_IN);
        CHECK_EQ(slot->tensors[i].shape[0], 4);
        CHECK_EQ(slot->scalars[i], 100 + i);
    }
    regions_fini(&r);
}

/* More lie in the ring's spill, in whole lines, apart for tensors and scalars. */
static void arguments_are_spilled(void)
{
    static const struct {
        uint32_t tensors;
        uint32_t scalars;
        uint64_t bytes;
    } plans[] = {{5, 4, 320}, {4, 5, 64}, {5, 5, 384}, {0, 256, 2048}, {200, 56, 13248}};
    slip_arg args[256];
    begin(SLIPI_DISPATCH_NOTHING, 0);
    uint64_t end = 0;
    for (uint32_t p = 0; p < sizeof plans / sizeof plans[0]; p++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < plans[p].tensors; i++) {
            args[count++] = slip_nodep(&t);
        }
        for (uint32_t i = 0; i < plans[p].scalars; i++) {
            args[count++] = slip_scalar(1000 * p + i);
        }
        const slipi_slot *slot = regions_slot(&r, regions_submit(&r, count, args));
        end += plans[p].bytes;
        CHECK_EQ(slot->spill_end, end);
        CHECK_EQ(tensors_of(slot) == slot->tensors, plans[p].tensors <= 4);
        CHECK_EQ(scalars_of(slot) == slot->scalars, plans[p].scalars <= 4);
        for (uint32_t i = 0; i < plans[p].tensors; i++) {
            CHECK_EQ(tensors_of(slot)[i].binding, SLIPI_BIND_ARGS);
            CHECK_EQ(tensors_of(slot)[i].dtype, SLIP_F32);
        }
        for (uint32_t i = 0; i < plans[p].scalars; i++) {
            CHECK_EQ(scalars_of(slot)[i], 1000 * p + i);
        }
    }
    regions_fini(&r);
}

/* The spill goes round: a task waits for the arguments of earlier ones. */
static void the_spill_wraps(void)
{
    slip_arg args[256];
    begin(SLIP_DISPATCH_SERIAL, 0);
    for (uint32_t i = 0; i < 256; i++) {
        args[i] = slip_scalar(i);
    }
    uint64_t spill = r.layout.sm.ring[1].spill_bytes;
    for (uint32_t i = 0; i < 3 * spill / 2048; i++) {
        CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
        CHECK(regions_submit(&r, 256, args).task != 0);
        CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    }
    CHECK(r.worker.at.rt->ring[1].spill_head >= 3 * spill);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* Outputs lie in the heap, line by line, and hold their initial value. */
static void outputs_are_allocated(void)
{
    slip_tensor out[3];
    static const uint32_t shape[2] = {3, 5};
    begin(SLIPI_DISPATCH_NOTHING, 0);
    memset(r.heap, 0xAA, 1024);
    slip_arg args[4] = {slip_out_init(&out[0], SLIP_U16, 2, shape, 0xBEEF), slip_scalar(1),
                        slip_out(&out[1], SLIP_F64, 1, shape),
                        slip_out_init(&out[2], SLIP_F64, 2, shape, 77)};
    slip_task_handle task = regions_submit(&r, 4, args);
    const slipi_slot *slot = regions_slot(&r, task);
    CHECK_EQ(out[0].offset, 0);
    CHECK_EQ(out[1].offset, 64);
    CHECK_EQ(out[2].offset, 128);
    CHECK_EQ(slot->heap_end, 256);
    CHECK_EQ(slot->buffers_end, 3);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(out[i].creator, task.task);
        CHECK_EQ(out[i].binding, SLIPI_BIND_HEAP);
        CHECK_EQ(slot->tensors[i].buffer, out[i].buffer);
        CHECK_EQ(slot->tensors[i].stride[0], out[i].stride[0]);
        CHECK_EQ(slipi_tensormap_buffer(&r.worker.at, &out[i])->offset, out[i].offset);
    }
    for (uint32_t i = 0; i < 15; i++) {
        CHECK_EQ(((const uint16_t *)(const void *)r.heap)[i], 0xBEEF);
        CHECK_EQ(((const uint64_t *)(const void *)(r.heap + 128))[i], 77);
    }
    CHECK_EQ(r.heap[30], 0xAA);
    CHECK_EQ(r.heap[64], 0xAA);
    CHECK_EQ(r.heap[128 + 120], 0xAA);
    regions_fini(&r);
}

/* Tasks of the wrong kind: kernels, shapes, arrays. */
static void bad_tasks(void)
{
    slip_arg arg = slip_in(&t);
    slip_arg odd = slip_in(&t);
    slip_arg null = slip_in(NULL);
    begin(SLIP_DISPATCH_INLINE, 0);
    odd.kind = 9;
    slip_task task = {.shape = SLIP_TASK_AIV, .kernel = {REGIONS_KERNELS}};
    refused(&task, SLIP_E_KERNEL_INDEX, "kernel index 4: the kernel table has 4");
    task.kernel[0] = REGIONS_NOTE_AIC;
    refused(&task, SLIP_E_CORE_TYPE, "is for AIC, the task runs it on AIV");
    task = (slip_task){.shape = SLIP_TASK_MIXED, .kernel = {REGIONS_NOTE_AIC, 0, REGIONS_NOTE_AIC}};
    refused(&task, SLIP_E_CORE_TYPE, "kernel 2");
    task = (slip_task){.shape = 4};
    refused(&task, SLIP_E_INVALID_ARGUMENT, "task shape 4");
    task = (slip_task){.shape = SLIP_TASK_AIV, .arg_count = 257, .args = &arg};
    refused(&task, SLIP_E_TOO_MANY_ARGUMENTS, "257 arguments");
    task.arg_count = 1;
    task.args = &odd;
    refused(&task, SLIP_E_INVALID_ARGUMENT, "argument kind 9");
    task.args = &null;
    refused(&task, SLIP_E_INVALID_ARGUMENT, "argument kind 1");
    task.args = NULL;
    refused(&task, SLIP_E_INVALID_ARGUMENT, "arrays for its arguments");
    task = (slip_task){.shape = SLIP_TASK_AIV, .dep_count = 1};
    refused(&task, SLIP_E_INVALID_ARGUMENT, "arrays for its arguments");
    r.o.core_count[SLIP_AIV] = 0; /* as the run found the device at its start */
    task = (slip_task){.shape = SLIP_TASK_AIV};
    refused(&task, SLIP_E_CORE_TYPE, "needs an AIV, and the device has none");
    regions_fini(&r);
}

/* Descriptions that are no task at all. */
static void no_task(void)
{
    begin(SLIP_DISPATCH_INLINE, 0);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_submit(&r.o.base, NULL, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, regions_end(&r));
    regions_again(&r);
    slip_task task = {.struct_size = 8};
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_submit(&r.o.base, &task, NULL));
    regions_fini(&r);
}

/* Outputs that no heap holds, and whose sizes overflow together. */
static void bad_outputs(void)
{
    slip_tensor out[2];
    static const uint32_t shape[2] = {0x80000001u, 0x7FFFFFFFu}; /* 2^62 - 1 elements */
    slip_arg args[2] = {slip_out(&out[0], SLIP_U16, 2, shape),
                        slip_out(&out[1], SLIP_U16, 2, shape)};
    begin(SLIP_DISPATCH_INLINE, 0);
    slip_task task = {.shape = SLIP_TASK_AIV, .arg_count = 2, .args = args};
    refused(&task, SLIP_E_BAD_TENSOR, "overflow 64 bits");
    args[0].dtype = args[1].dtype = SLIP_U8;
    refused(&task, SLIP_E_BAD_TENSOR, "overflow 64 bits");
    regions_fini(&r);
}

/* A run argument that the signature declares IN is not written. */
static void read_only_arguments(void)
{
    begin(SLIP_DISPATCH_INLINE, SLIP_ACCESS_IN);
    slip_arg arg = slip_inout(&t);
    slip_task task = {.shape = SLIP_TASK_AIV, .arg_count = 1, .args = &arg};
    refused(&task, SLIP_E_SIGNATURE, "a task writes run argument 0");
    arg = slip_out_existing(&t);
    refused(&task, SLIP_E_SIGNATURE, "a task writes run argument 0");
    arg = slip_in(&t);
    CHECK(regions_submit(&r, 1, &arg).task != 0);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* Explicit edges to tasks of another run, of a scope that has ended, to nothing. */
static void bad_edges(void)
{
    slip_task_handle dep = {0};
    begin(SLIP_DISPATCH_INLINE, 0);
    slip_task task = {.shape = SLIP_TASK_AIV, .dep_count = 1, .deps = &dep};
    refused(&task, SLIP_E_BAD_HANDLE, "explicit edge 0 names no task");
    dep = regions_submit(&r, 0, NULL);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_again(&r);
    regions_log_count = 0;
    refused(&task, SLIP_E_BAD_HANDLE, "explicit edge 0");
    CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_MANUAL));
    dep = regions_submit(&r, 0, NULL);
    CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    task.struct_size = sizeof task;
    CHECK_STATUS(SLIP_E_BAD_HANDLE, slipi_submit(&r.o.base, &task, NULL));
    regions_fini(&r);
}

/* Run arguments asked for by the wrong index or kind. */
static void bad_run_arguments(void)
{
    slip_tensor out;
    begin(SLIP_DISPATCH_INLINE, 0);
    CHECK_STATUS(SLIP_E_SIGNATURE, slip_orch_tensor(&r.o.base, 1, &out));
    CHECK_CONTAINS(regions_fault(&r)->detail, "run argument 1 is asked for as a tensor");
    CHECK_STATUS(SLIP_E_SIGNATURE, regions_end(&r));
    regions_again(&r);
    CHECK_EQ(slip_orch_scalar(&r.o.base, 0), 0);
    CHECK_STATUS(SLIP_E_SIGNATURE, slip_orch_failed(&r.o.base));
    CHECK_CONTAINS(regions_fault(&r)->detail, "this one of the other kind");
    regions_fini(&r);
}

/* A mixed task runs three kernels and completes once; a dummy task runs none. */
static void mixed_and_dummy_tasks(void)
{
    begin(SLIP_DISPATCH_INLINE, 0);
    slip_task task = {.struct_size = sizeof task,
                      .shape = SLIP_TASK_MIXED,
                      .kernel = {REGIONS_NOTE_AIC, REGIONS_NOTE, REGIONS_NOTE}};
    CHECK_STATUS(SLIP_OK, slipi_submit(&r.o.base, &task, NULL));
    CHECK_EQ(regions_log_count, 3);
    task.shape = SLIP_TASK_DUMMY;
    CHECK_STATUS(SLIP_OK, slipi_submit(&r.o.base, &task, NULL));
    CHECK_EQ(regions_log_count, 3);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(arguments_lie_inline);
    CHECK_CASE(arguments_are_spilled);
    CHECK_CASE(the_spill_wraps);
    CHECK_CASE(outputs_are_allocated);
    CHECK_CASE(bad_tasks);
    CHECK_CASE(no_task);
    CHECK_CASE(bad_outputs);
    CHECK_CASE(read_only_arguments);
    CHECK_CASE(bad_edges);
    CHECK_CASE(bad_run_arguments);
    CHECK_CASE(mixed_and_dummy_tasks);
    return check_report();
}
