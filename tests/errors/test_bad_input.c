/*
 * test_bad_input.c - what an orchestration function can do wrong, through a whole run: each mistake
 * has its own status and a message that says what was wanted and found, nothing of the run goes on,
 * and the next run is good.
 *
 * ctest-labels: errors unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include "lab.h"

static const char *platform;
static const uint32_t whole[1] = {LAB_ELEMENTS};

/* Submits one task with this many arguments. */
static slip_status spawn(slip_orch *o, uint32_t count, const slip_arg *args)
{
    return slip_spawn(o, SLIP_TASK_AIV, LAB_NOTHING, count, args);
}

/* Submits one task with one argument. */
static slip_status spawn_one(slip_orch *o, slip_arg arg)
{
    return spawn(o, 1, &arg);
}

/* A task without anything wrong. */
static slip_task plain_task(void)
{
    slip_task task = {
        (uint32_t)sizeof(slip_task), SLIP_TASK_AIV, {LAB_NOTHING, 0, 0}, 0, 0, NULL, NULL};
    return task;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

/* Bad: no task. */
static slip_status null_task(slip_orch *o)
{
    return slip_submit_task(o, NULL, NULL);
}

/* Bad: a task struct of another size. */
static slip_status small_task(slip_orch *o)
{
    slip_task task = plain_task();
    task.struct_size = 8;
    return slip_submit_task(o, &task, NULL);
}

/* Bad: arguments are announced and absent. */
static slip_status absent_args(slip_orch *o)
{
    return spawn(o, 3, NULL);
}

/* Bad: edges are announced and absent. */
static slip_status absent_deps(slip_orch *o)
{
    slip_task task = plain_task();
    task.dep_count = 2;
    return slip_submit_task(o, &task, NULL);
}

/* Bad: a shape that is none. */
static slip_status unknown_shape(slip_orch *o)
{
    slip_task task = plain_task();
    task.shape = 9;
    return slip_submit_task(o, &task, NULL);
}

/* Bad: a kernel behind the end of the table. */
static slip_status kernel_index(slip_orch *o)
{
    return slip_spawn(o, SLIP_TASK_AIV, LAB_KERNELS, 0, NULL);
}

/* Bad: the last kernel of a mixed task is behind the end of the table. */
static slip_status mixed_kernel_index(slip_orch *o)
{
    slip_task task = plain_task();
    task.shape = SLIP_TASK_MIXED;
    task.kernel[0] = LAB_CUBE;
    task.kernel[1] = LAB_NOTHING;
    task.kernel[2] = 999;
    return slip_submit_task(o, &task, NULL);
}

/* Bad: a kernel for AIC on an AIV. */
static slip_status cube_on_vector(slip_orch *o)
{
    return slip_spawn(o, SLIP_TASK_AIV, LAB_CUBE, 0, NULL);
}

/* Bad: a kernel for AIV on an AIC. */
static slip_status vector_on_cube(slip_orch *o)
{
    return slip_spawn(o, SLIP_TASK_AIC, LAB_NOTHING, 0, NULL);
}

/* Bad: one argument too many. */
static slip_status too_many_args(slip_orch *o)
{
    slip_arg args[SLIP_MAX_TASK_ARGS + 1];
    for (uint32_t i = 0; i <= SLIP_MAX_TASK_ARGS; i++) {
        args[i] = slip_scalar(i);
    }
    return spawn(o, SLIP_MAX_TASK_ARGS + 1, args);
}

/* Bad: a kind of argument that is none. */
static slip_status unknown_kind(slip_orch *o)
{
    slip_tensor t;
    slip_arg arg = slip_out(&t, SLIP_F32, 1, whole);
    arg.kind = 7;
    return spawn_one(o, arg);
}

/* Bad: an argument without its tensor. */
static slip_status null_tensor(slip_orch *o)
{
    return spawn_one(o, slip_in(NULL));
}

static const lab_case tasks[] = {
    {"null task", null_task, SLIP_E_INVALID_ARGUMENT, "struct_size", "submission 1"},
    {"small task", small_task, SLIP_E_INVALID_ARGUMENT, "struct_size", NULL},
    {"absent arguments", absent_args, SLIP_E_INVALID_ARGUMENT, "arrays", NULL},
    {"absent edges", absent_deps, SLIP_E_INVALID_ARGUMENT, "arrays", NULL},
    {"unknown shape", unknown_shape, SLIP_E_INVALID_ARGUMENT, "task shape 9", NULL},
    {"kernel index", kernel_index, SLIP_E_KERNEL_INDEX, "kernel index 7", "has 7 entries"},
    {"kernel index of a mixed task", mixed_kernel_index, SLIP_E_KERNEL_INDEX, "kernel index 999",
     "has 7 entries"},
    {"cube on vector", cube_on_vector, SLIP_E_CORE_TYPE, "kernel 1 is for AIC", "on AIV"},
    {"vector on cube", vector_on_cube, SLIP_E_CORE_TYPE, "kernel 2 is for AIV", "on AIC"},
    {"257 arguments", too_many_args, SLIP_E_TOO_MANY_ARGUMENTS, "257 arguments", "256 at most"},
    {"unknown kind", unknown_kind, SLIP_E_INVALID_ARGUMENT, "argument kind 7", NULL},
    {"null tensor", null_tensor, SLIP_E_INVALID_ARGUMENT, "with a tensor", NULL},
};

/* ---- tensors -------------------------------------------------------------------------------- */

/* Submits a task that makes a tensor of this type and shape. */
static slip_status make_tensor(slip_orch *o, uint8_t dtype, uint8_t ndim, const uint32_t *shape)
{
    slip_tensor t;
    return spawn_one(o, slip_out(&t, dtype, ndim, shape));
}

/* Bad: no dimensions. */
static slip_status zero_dimensions(slip_orch *o)
{
    return make_tensor(o, SLIP_F32, 0, whole);
}

/* Bad: six dimensions. */
static slip_status six_dimensions(slip_orch *o)
{
    static const uint32_t shape[6] = {1, 1, 1, 1, 1, 1};
    return make_tensor(o, SLIP_F32, 6, shape);
}

/* Bad: dimensions without sizes. */
static slip_status null_shape(slip_orch *o)
{
    return make_tensor(o, SLIP_F32, 1, NULL);
}

/* Bad: a dimension of no elements. */
static slip_status empty_dimension(slip_orch *o)
{
    static const uint32_t shape[2] = {4, 0};
    return make_tensor(o, SLIP_F32, 2, shape);
}

/* Bad: no element type. */
static slip_status no_type(slip_orch *o)
{
    return make_tensor(o, SLIP_DTYPE_NONE, 1, whole);
}

/* Bad: an element type that is none. */
static slip_status unknown_type(slip_orch *o)
{
    return make_tensor(o, 99, 1, whole);
}

/* Bad: a stride that does not fit. */
static slip_status wide_stride(slip_orch *o)
{
    static const uint32_t shape[2] = {2, UINT32_MAX};
    return make_tensor(o, SLIP_U8, 2, shape);
}

/* Bad: outputs whose bytes add up to more than 64 bits. */
static slip_status too_many_bytes(slip_orch *o)
{
    static const uint32_t shape[2] = {UINT32_MAX, INT32_MAX};
    static slip_tensor t[8];
    slip_arg args[8];
    for (int i = 0; i < 8; i++) {
        args[i] = slip_out(&t[i], SLIP_F64, 2, shape);
    }
    return spawn(o, 8, args);
}

/* Bad: an alloc of six dimensions. */
static slip_status alloc_six(slip_orch *o)
{
    static const uint32_t shape[6] = {1, 1, 1, 1, 1, 1};
    slip_tensor t;
    return slip_alloc(o, &t, SLIP_F32, 6, shape);
}

static const lab_case tensors[] = {
    {"zero dimensions", zero_dimensions, SLIP_E_BAD_TENSOR, "0 dimensions", "1 to 5"},
    {"six dimensions", six_dimensions, SLIP_E_BAD_TENSOR, "6 dimensions", "1 to 5"},
    {"alloc of six", alloc_six, SLIP_E_BAD_TENSOR, "6 dimensions", "1 to 5"},
    {"null shape", null_shape, SLIP_E_BAD_TENSOR, "a shape", NULL},
    {"empty dimension", empty_dimension, SLIP_E_BAD_TENSOR, "dimension 1 has size 0", NULL},
    {"no type", no_type, SLIP_E_BAD_TENSOR, "element type 0", NULL},
    {"unknown type", unknown_type, SLIP_E_BAD_TENSOR, "element type 99", NULL},
    {"wide stride", wide_stride, SLIP_E_LIMIT, "stride of 4294967295", "at most 2147483647"},
    {"too many bytes", too_many_bytes, SLIP_E_BAD_TENSOR, "overflow 64 bits", NULL},
};

/* ---- views ---------------------------------------------------------------------------------- */

/* Cuts [lo, lo + len) out of x. */
static slip_status cut(slip_orch *o, uint32_t lo, uint32_t len)
{
    slip_tensor x;
    slip_tensor view;
    slip_status status = slip_orch_tensor(o, 0, &x);
    return status == SLIP_OK ? slip_slice(o, &x, &lo, &len, &view) : status;
}

/* Bad: a view that leaves its buffer. */
static slip_status slice_leaves(slip_orch *o)
{
    return cut(o, 60, 8);
}

/* Bad: a view that begins behind its buffer. */
static slip_status slice_behind(slip_orch *o)
{
    return cut(o, 64, 1);
}

/* Bad: a view whose end wraps around. */
static slip_status slice_wraps(slip_orch *o)
{
    return cut(o, 1, UINT32_MAX);
}

/* Bad: a view of nothing. */
static slip_status slice_empty(slip_orch *o)
{
    return cut(o, 3, 0);
}

/* Bad: a view without its sizes. */
static slip_status slice_null(slip_orch *o)
{
    slip_tensor x;
    slip_tensor view;
    const uint32_t len = 1;
    slip_status status = slip_orch_tensor(o, 0, &x);
    return status == SLIP_OK ? slip_slice(o, &x, NULL, &len, &view) : status;
}

/* Reads x as another shape. */
static slip_status shape_x(slip_orch *o, uint32_t ndim, const uint32_t *shape)
{
    slip_tensor x;
    slip_tensor view;
    slip_status status = slip_orch_tensor(o, 0, &x);
    return status == SLIP_OK ? slip_reshape(o, &x, ndim, shape, &view) : status;
}

/* Bad: a reshape to another number of elements. */
static slip_status reshape_count(slip_orch *o)
{
    static const uint32_t shape[2] = {8, 9};
    return shape_x(o, 2, shape);
}

/* Bad: a reshape to no dimensions. */
static slip_status reshape_zero(slip_orch *o)
{
    return shape_x(o, 0, whole);
}

/* Bad: a reshape to six dimensions. */
static slip_status reshape_six(slip_orch *o)
{
    static const uint32_t shape[6] = {2, 2, 2, 2, 2, 2};
    return shape_x(o, 6, shape);
}

/* Makes an 8 x 8 view of x. */
static slip_status square(slip_orch *o, slip_tensor *out)
{
    static const uint32_t shape[2] = {8, 8};
    slip_tensor x;
    slip_status status = slip_orch_tensor(o, 0, &x);
    return status == SLIP_OK ? slip_reshape(o, &x, 2, shape, out) : status;
}

/* Bad: a reshape of columns, which do not lie one after the other. */
static slip_status reshape_columns(slip_orch *o)
{
    static const uint32_t lo[2] = {0, 2};
    static const uint32_t len[2] = {8, 3};
    static const uint32_t shape[1] = {24};
    slip_tensor t;
    slip_tensor columns;
    slip_tensor view;
    slip_status status = square(o, &t);
    status = status == SLIP_OK ? slip_slice(o, &t, lo, len, &columns) : status;
    return status == SLIP_OK ? slip_reshape(o, &columns, 1, shape, &view) : status;
}

/* Bad: a transpose that names a dimension twice. */
static slip_status transpose_twice(slip_orch *o)
{
    static const uint32_t perm[2] = {1, 1};
    slip_tensor t;
    slip_tensor view;
    slip_status status = square(o, &t);
    return status == SLIP_OK ? slip_transpose(o, &t, perm, &view) : status;
}

/* Bad: a transpose that names a dimension that is not there. */
static slip_status transpose_outside(slip_orch *o)
{
    static const uint32_t perm[2] = {0, 2};
    slip_tensor t;
    slip_tensor view;
    slip_status status = square(o, &t);
    return status == SLIP_OK ? slip_transpose(o, &t, perm, &view) : status;
}

/* Bad: a slice of a slice that leaves the slice, though not the buffer. */
static slip_status slice_of_slice(slip_orch *o)
{
    const uint32_t lo[2] = {8, 12};
    const uint32_t len[2] = {16, 8};
    slip_tensor x;
    slip_tensor part;
    slip_status status = slip_orch_tensor(o, 0, &x);
    status = status == SLIP_OK ? slip_slice(o, &x, &lo[0], &len[0], &part) : status;
    return status == SLIP_OK ? slip_slice(o, &part, &lo[1], &len[1], &part) : status;
}

static const lab_case views[] = {
    {"slice leaves", slice_leaves, SLIP_E_BAD_VIEW, "[60, 60 + 8)", "its 64 elements"},
    {"slice behind", slice_behind, SLIP_E_BAD_VIEW, "[64, 64 + 1)", "its 64 elements"},
    {"slice wraps", slice_wraps, SLIP_E_BAD_VIEW, "[1, 1 + 4294967295)", "its 64 elements"},
    {"slice of nothing", slice_empty, SLIP_E_BAD_VIEW, "[3, 3 + 0)", NULL},
    {"slice of a slice", slice_of_slice, SLIP_E_BAD_VIEW, "[12, 12 + 8)", "its 16 elements"},
    {"slice without sizes", slice_null, SLIP_E_INVALID_ARGUMENT, "its sizes", NULL},
    {"reshape count", reshape_count, SLIP_E_BAD_VIEW, "64 elements to 72", NULL},
    {"reshape to none", reshape_zero, SLIP_E_BAD_TENSOR, "0 dimensions", NULL},
    {"reshape to six", reshape_six, SLIP_E_BAD_TENSOR, "6 dimensions", NULL},
    {"reshape columns", reshape_columns, SLIP_E_BAD_VIEW, "not contiguous", "copy it first"},
    {"transpose twice", transpose_twice, SLIP_E_BAD_VIEW, "each of the 2 dimensions once", NULL},
    {"transpose outside", transpose_outside, SLIP_E_BAD_VIEW, "each of the 2 dimensions", NULL},
};

/* ---- scopes --------------------------------------------------------------------------------- */

/* Bad: an automatic scope in a manual one. */
static slip_status auto_in_manual(slip_orch *o)
{
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_MANUAL);
    return status == SLIP_OK ? slip_scope_begin(o, SLIP_SCOPE_AUTO) : status;
}

/* Bad: an end without a begin. */
static slip_status end_without_begin(slip_orch *o)
{
    return slip_scope_end(o);
}

/* Bad: one end too many. */
static slip_status one_end_too_many(slip_orch *o)
{
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    status = status == SLIP_OK ? slip_scope_end(o) : status;
    return status == SLIP_OK ? slip_scope_end(o) : status;
}

/* Bad: a scope that is not ended. */
static slip_status begin_without_end(slip_orch *o)
{
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    return status == SLIP_OK ? slip_scope_begin(o, SLIP_SCOPE_MANUAL) : status;
}

/* Bad: a kind of scope that is none. */
static slip_status unknown_scope(slip_orch *o)
{
    return slip_scope_begin(o, (enum slip_scope_kind)5);
}

/* Bad: more scopes than there are. */
static slip_status deep_scopes(slip_orch *o)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < SLIP_MAX_SCOPE_DEPTH && status == SLIP_OK; i++) {
        status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    }
    return status;
}

static const lab_case scopes[] = {
    {"automatic in manual", auto_in_manual, SLIP_E_SCOPE, "inside a manual one", "end the manual"},
    {"end without begin", end_without_begin, SLIP_E_SCOPE, "without a begin", NULL},
    {"one end too many", one_end_too_many, SLIP_E_SCOPE, "without a begin", NULL},
    {"begin without end", begin_without_end, SLIP_E_SCOPE, "2 scopes are still open", NULL},
    {"unknown kind", unknown_scope, SLIP_E_INVALID_ARGUMENT, "scope kind 5", NULL},
    {"65 scopes", deep_scopes, SLIP_E_SCOPE, "more than 64 nested", NULL},
};

/* ---- elements and accesses ------------------------------------------------------------------ */

/* Gets element `index` of run argument `arg`, or sets it. */
static slip_status element(slip_orch *o, uint32_t arg, uint32_t index, bool set)
{
    slip_tensor t;
    uint64_t bits = 0;
    slip_status status = slip_orch_tensor(o, arg, &t);
    if (status != SLIP_OK) {
        return status;
    }
    return set ? slip_set(o, &t, &index, 1) : slip_get(o, &t, &index, &bits);
}

/* Bad: an element behind the end is read. */
static slip_status get_outside(slip_orch *o)
{
    return element(o, 0, 64, false);
}

/* Bad: an element behind the end is set. */
static slip_status set_outside(slip_orch *o)
{
    return element(o, 1, UINT32_MAX, true);
}

/* Bad: an element of an IN argument is set. */
static slip_status set_in(slip_orch *o)
{
    return element(o, 0, 0, true);
}

/* Bad: an element without an index is read. */
static slip_status get_null_index(slip_orch *o)
{
    slip_tensor x;
    uint64_t bits = 0;
    slip_status status = slip_orch_tensor(o, 0, &x);
    return status == SLIP_OK ? slip_get(o, &x, NULL, &bits) : status;
}

/* Bad: an element is read to nowhere. */
static slip_status get_null_result(slip_orch *o)
{
    slip_tensor x;
    const uint32_t index = 0;
    slip_status status = slip_orch_tensor(o, 0, &x);
    return status == SLIP_OK ? slip_get(o, &x, &index, NULL) : status;
}

/* Bad: an IN argument is updated. */
static slip_status update_in(slip_orch *o)
{
    slip_tensor x;
    slip_status status = slip_orch_tensor(o, 0, &x);
    return status == SLIP_OK ? spawn_one(o, slip_inout(&x)) : status;
}

/* Bad: a part of an IN argument is written. */
static slip_status write_in(slip_orch *o)
{
    const uint32_t lo = 8;
    const uint32_t len = 8;
    slip_tensor x;
    slip_status status = slip_orch_tensor(o, 0, &x);
    status = status == SLIP_OK ? slip_slice(o, &x, &lo, &len, &x) : status;
    return status == SLIP_OK ? spawn_one(o, slip_out_existing(&x)) : status;
}

/* Bad: a run argument that is not there. */
static slip_status absent_argument(slip_orch *o)
{
    slip_tensor t;
    return slip_orch_tensor(o, 9, &t);
}

/* Bad: a scalar as a tensor. */
static slip_status scalar_as_tensor(slip_orch *o)
{
    slip_tensor t;
    return slip_orch_tensor(o, 2, &t);
}

/* Bad: a tensor as a scalar; the function itself goes on. */
static slip_status tensor_as_scalar(slip_orch *o)
{
    return slip_orch_scalar(o, 0) == 0 ? SLIP_OK : SLIP_E_ORCH_FAILED;
}

static const lab_case elements[] = {
    {"get outside", get_outside, SLIP_E_BAD_VIEW, "[64, 64 + 1)", "its 64 elements"},
    {"set outside", set_outside, SLIP_E_BAD_VIEW, "leaves its 64 elements", NULL},
    {"set of IN", set_in, SLIP_E_SIGNATURE, "run argument 0 is set", "declares IN"},
    {"get without index", get_null_index, SLIP_E_INVALID_ARGUMENT, "its sizes", NULL},
    {"get to nowhere", get_null_result, SLIP_E_INVALID_ARGUMENT, "result", NULL},
    {"update of IN", update_in, SLIP_E_SIGNATURE, "run argument 0", "declare it OUT or INOUT"},
    {"write of IN", write_in, SLIP_E_SIGNATURE, "run argument 0", "declare it OUT or INOUT"},
    {"absent argument", absent_argument, SLIP_E_SIGNATURE, "run argument 9", "3 arguments"},
    {"scalar as tensor", scalar_as_tensor, SLIP_E_SIGNATURE, "argument 2", "other kind"},
    {"tensor as scalar", tensor_as_scalar, SLIP_E_SIGNATURE, "argument 0", "other kind"},
};

/* ---- failures that a program reports -------------------------------------------------------- */

/* Fails by its own word. */
static slip_status gives_up(slip_orch *o)
{
    return slip_orch_fail(o, 41, "no such layer");
}

/* Fails by its own word, without words. */
static slip_status gives_up_silently(slip_orch *o)
{
    return slip_orch_fail(o, 42, NULL);
}

/* Fails by what it returns. */
static slip_status returns_five(slip_orch *o)
{
    (void)o;
    return 5;
}

/* A kernel fails; the tasks after it are skipped. */
static slip_status kernel_fails(slip_orch *o)
{
    slip_tensor t;
    const slip_arg first[] = {slip_out(&t, SLIP_F32, 1, whole), slip_scalar(77)};
    slip_status status = slip_spawn(o, SLIP_TASK_AIV, LAB_REFUSE, 2, first);
    const slip_arg next = slip_inout(&t);
    for (uint32_t i = 0; i < 100 && status == SLIP_OK; i++) {
        status = slip_spawn(o, SLIP_TASK_AIV, LAB_COUNT, 1, &next);
    }
    return SLIP_OK; /* a program may leave the check to the runtime */
}

/* Nothing works after a failure, and the first one is what is reported. */
static slip_status goes_on(slip_orch *o)
{
    slip_tensor t;
    uint64_t bits;
    const uint32_t index = 0;
    (void)cut(o, 60, 8);
    slip_status first = slip_orch_failed(o);
    bool same = spawn(o, 0, NULL) == first && slip_orch_tensor(o, 0, &t) == first;
    same = same && slip_scope_begin(o, SLIP_SCOPE_AUTO) == first;
    same = same && make_tensor(o, 99, 1, whole) == first && lab_make(o, &t, 4) == first;
    memset(&t, 0, sizeof t);
    same = same && slip_get(o, &t, &index, &bits) == first;
    return same && first == SLIP_E_BAD_VIEW ? SLIP_OK : slip_orch_fail(o, 1, "another status");
}

static const lab_case reported[] = {
    {"gives up", gives_up, SLIP_E_ORCH_FAILED, "no such layer", "code 41"},
    {"gives up silently", gives_up_silently, SLIP_E_ORCH_FAILED, "no message", "code 42"},
    {"returns 5", returns_five, SLIP_E_ORCH_FAILED, "returned 5", NULL},
    {"kernel fails", kernel_fails, SLIP_E_KERNEL_FAILED, "kernel 'refuse' (index 3) returned 77",
     "submission 1"},
    {"goes on", goes_on, SLIP_E_BAD_VIEW, "[60, 60 + 8)", NULL},
};

/* ---- cases ---------------------------------------------------------------------------------- */

/* Opens a lab, runs a table of mistakes, closes it. */
static void run_table(const lab_case *cases, size_t count)
{
    lab l;
    if (CHECK(lab_open(&l, platform, NULL))) {
        lab_check_all(&l, cases, count);
    }
    lab_close(&l);
}

/* Mistakes in a task. */
static void bad_tasks(void)
{
    run_table(tasks, sizeof(tasks) / sizeof(tasks[0]));
}

/* Mistakes in the type and shape of an output. */
static void bad_tensors(void)
{
    run_table(tensors, sizeof(tensors) / sizeof(tensors[0]));
}

/* Mistakes in a view. */
static void bad_views(void)
{
    run_table(views, sizeof(views) / sizeof(views[0]));
}

/* Mistakes in the nesting of scopes. */
static void bad_scopes(void)
{
    run_table(scopes, sizeof(scopes) / sizeof(scopes[0]));
}

/* Mistakes in reading and writing run arguments. */
static void bad_elements(void)
{
    run_table(elements, sizeof(elements) / sizeof(elements[0]));
}

/* Failures that a program or a kernel reports itself. */
static void reported_failures(void)
{
    lab_counted();
    run_table(reported, sizeof(reported) / sizeof(reported[0]));
    CHECK_EQ(0, lab_counted());
}

/* The record of an error carries its numbers. */
static void numbers_of_an_error(void)
{
    lab l;
    CHECK(lab_open(&l, platform, NULL));
    CHECK_STATUS(SLIP_E_KERNEL_INDEX, lab_run(&l, kernel_index, NULL));
    slip_error error = lab_error(&l);
    CHECK_EQ(LAB_KERNELS, error.kernel);
    CHECK_EQ(LAB_KERNELS, error.wanted);
    CHECK_EQ(LAB_KERNELS, error.capacity);
    CHECK_EQ(1, error.task);
    CHECK_EQ(0, error.scope);
    CHECK_STATUS(SLIP_E_KERNEL_FAILED, lab_run(&l, kernel_fails, NULL));
    error = lab_error(&l);
    CHECK_EQ(LAB_REFUSE, error.kernel);
    CHECK_EQ(77, error.code);
    CHECK_STR("kernel refuse", error.resource);
    CHECK_STATUS(SLIP_E_ORCH_FAILED, lab_run(&l, gives_up, NULL));
    CHECK_EQ(41, lab_error(&l).code);
    lab_close(&l);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = lab_platform(argc, argv);
    CHECK_CASE(bad_tasks);
    CHECK_CASE(bad_tensors);
    CHECK_CASE(bad_views);
    CHECK_CASE(bad_scopes);
    CHECK_CASE(bad_elements);
    CHECK_CASE(reported_failures);
    CHECK_CASE(numbers_of_an_error);
    return check_report();
}
