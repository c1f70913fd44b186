/*
 * test_view.c - slice, reshape and transpose: what they give, and every way to misuse them.
 *
 * ctest-labels: unit errors
 */
#include "check.h"
#include "orch/tensormap_int.h"
#include "regions.h"

static regions r;
static slip_tensor t; /* 6 x 8 x 4 of F32 */

/* A run with one tensor. */
static void begin(void)
{
    static const uint32_t shape[3] = {6, 8, 4};
    regions_options options = {.dispatch = SLIP_DISPATCH_INLINE};
    regions_begin(&r, &options);
    CHECK_STATUS(SLIP_OK, slip_alloc(&r.o.base, &t, SLIP_F32, 3, shape));
}

/* Takes the failure of a run back, so that one run can show several. */
static void forgive(void)
{
    r.o.failed = SLIP_OK;
    slipi_store_relaxed(&r.worker.at.sm->fatal_status, 0u);
    slipi_store_relaxed(&r.worker.at.sm->fatal, 0u);
}

/* A call failed with this status and this sentence; the run goes on afterwards. */
static void failed(slip_status wanted, slip_status found, const char *part)
{
    CHECK_STATUS(wanted, found);
    CHECK_STATUS(wanted, regions_fault(&r)->status);
    CHECK_CONTAINS(regions_fault(&r)->detail, part);
    CHECK_STATUS(wanted, slipi_orch_state(&r.o));
    forgive();
}

/* A slice is a box: offset, shape and place in the root. */
static void slices_are_boxes(void)
{
    slip_tensor s;
    slip_tensor s2;
    begin();
    CHECK_STATUS(SLIP_OK,
                 slip_slice(&r.o.base, &t, (uint32_t[]){1, 2, 0}, (uint32_t[]){3, 4, 4}, &s));
    CHECK_EQ(s.offset - t.offset, (1 * 32 + 2 * 4) * 4);
    CHECK_EQ(s.flags & SLIPI_TENSOR_WHOLE, 0);
    CHECK_EQ(s.box_lo[0], 1);
    CHECK_EQ(s.box_len[1], 4);
    CHECK_STATUS(SLIP_OK,
                 slip_slice(&r.o.base, &s, (uint32_t[]){2, 1, 3}, (uint32_t[]){1, 2, 1}, &s2));
    CHECK_EQ(s2.offset - t.offset, (3 * 32 + 3 * 4 + 3) * 4);
    CHECK_EQ(s2.box_lo[0], 3);
    CHECK_EQ(s2.box_lo[1], 3);
    CHECK_EQ(s2.box_lo[2], 3);
    uint64_t lo;
    uint64_t hi;
    slipi_region_bytes(&s2, &lo, &hi);
    CHECK_EQ(lo, (3 * 32 + 3 * 4 + 3) * 4);
    CHECK_EQ(hi, (3 * 32 + 4 * 4 + 3 + 1) * 4);
    regions_fini(&r);
}

/* A slice of all elements is still the whole buffer. */
static void a_full_slice_is_whole(void)
{
    slip_tensor s;
    begin();
    CHECK_STATUS(SLIP_OK,
                 slip_slice(&r.o.base, &t, (uint32_t[]){0, 0, 0}, (uint32_t[]){6, 8, 4}, &s));
    CHECK_EQ(memcmp(&s, &t, sizeof s), 0);
    CHECK_STATUS(SLIP_OK, slip_slice(&r.o.base, &t, (uint32_t[]){0, 0, 0}, (uint32_t[]){6, 8, 4},
                                     &t)); /* in place */
    regions_fini(&r);
}

/* A transpose moves dimensions; slices of it land in the right place of the root. */
static void slices_of_transposes(void)
{
    slip_tensor p;
    slip_tensor s;
    slip_tensor back;
    begin();
    CHECK_STATUS(SLIP_OK, slip_transpose(&r.o.base, &t, (uint32_t[]){2, 0, 1}, &p));
    CHECK_EQ(p.shape[0], 4);
    CHECK_EQ(p.shape[1], 6);
    CHECK_EQ(p.shape[2], 8);
    CHECK_EQ(p.stride[0], 1);
    CHECK_EQ(p.stride[1], 32);
    CHECK_EQ(p.stride[2], 4);
    CHECK(p.flags & SLIPI_TENSOR_WHOLE);
    CHECK_STATUS(SLIP_OK,
                 slip_slice(&r.o.base, &p, (uint32_t[]){3, 1, 2}, (uint32_t[]){1, 2, 5}, &s));
    CHECK_EQ(s.box_lo[0], 1);
    CHECK_EQ(s.box_lo[1], 2);
    CHECK_EQ(s.box_lo[2], 3);
    CHECK_EQ(s.box_len[0], 2);
    CHECK_EQ(s.box_len[1], 5);
    CHECK_EQ(s.box_len[2], 1);
    CHECK_EQ(s.offset - t.offset, (1 * 32 + 2 * 4 + 3) * 4);
    CHECK_STATUS(SLIP_OK, slip_transpose(&r.o.base, &p, (uint32_t[]){1, 2, 0}, &back));
    CHECK_EQ(memcmp(&back, &t, sizeof back), 0);
    regions_fini(&r);
}

/* A reshape is a geometry of its own at its place in the buffer. */
static void reshapes_have_their_own_root(void)
{
    slip_tensor rows;
    slip_tensor flat;
    begin();
    CHECK_STATUS(SLIP_OK, slip_reshape(&r.o.base, &t, 1, (uint32_t[]){192}, &flat));
    CHECK(flat.flags & SLIPI_TENSOR_WHOLE);
    CHECK_EQ(flat.root_offset, 0);
    CHECK_STATUS(SLIP_OK,
                 slip_slice(&r.o.base, &t, (uint32_t[]){2, 0, 0}, (uint32_t[]){3, 8, 4}, &rows));
    CHECK_STATUS(SLIP_OK, slip_reshape(&r.o.base, &rows, 2, (uint32_t[]){12, 8}, &flat));
    CHECK_EQ(flat.flags & SLIPI_TENSOR_WHOLE, 0);
    CHECK_EQ(flat.root_offset, 2 * 32 * 4);
    CHECK_EQ(flat.offset, rows.offset);
    CHECK_EQ(flat.root_ndim, 2);
    CHECK_EQ(flat.box_len[0], 12);
    CHECK_EQ(flat.stride[0], 8);
    CHECK_EQ(flat.buffer, t.buffer);
    CHECK_EQ(flat.creator, t.creator);
    CHECK_EQ(flat.scope_serial, t.scope_serial);
    regions_fini(&r);
}

/* Views that leave their parent or do not fit it. */
static void bad_views(void)
{
    slip_tensor s;
    slip_orch *o = &r.o.base;
    begin();
    failed(SLIP_E_BAD_VIEW, slip_slice(o, &t, (uint32_t[]){6, 0, 0}, (uint32_t[]){1, 1, 1}, &s),
           "slice [6, 6 + 1) of dimension 0 leaves its 6");
    failed(SLIP_E_BAD_VIEW, slip_slice(o, &t, (uint32_t[]){0, 1, 0}, (uint32_t[]){1, 8, 1}, &s),
           "dimension 1 leaves its 8");
    failed(SLIP_E_BAD_VIEW, slip_slice(o, &t, (uint32_t[]){0, 0, 0}, (uint32_t[]){1, 1, 0}, &s),
           "dimension 2");
    failed(SLIP_E_BAD_VIEW,
           slip_slice(o, &t, (uint32_t[]){1, 0, 0}, (uint32_t[]){UINT32_MAX, 1, 1}, &s),
           "dimension 0"); /* the sum overflows */
    failed(SLIP_E_BAD_VIEW, slip_reshape(o, &t, 2, (uint32_t[]){12, 17}, &s),
           "a reshape of 192 elements to 204");
    slip_tensor cut;
    CHECK_STATUS(SLIP_OK, slip_slice(o, &t, (uint32_t[]){0, 0, 0}, (uint32_t[]){6, 4, 4}, &cut));
    failed(SLIP_E_BAD_VIEW, slip_reshape(o, &cut, 1, (uint32_t[]){96}, &s), "not contiguous");
    failed(SLIP_E_BAD_VIEW, slip_transpose(o, &t, (uint32_t[]){0, 1, 1}, &s), "each of the 3");
    failed(SLIP_E_BAD_VIEW, slip_transpose(o, &t, (uint32_t[]){0, 1, 3}, &s), "each of the 3");
    regions_fini(&r);
}

/* Shapes that no tensor has. */
static void bad_shapes(void)
{
    slip_tensor s;
    slip_orch *o = &r.o.base;
    static const uint32_t six[6] = {1, 1, 1, 1, 1, 192};
    static const uint32_t huge[5] = {UINT32_MAX, 65536, 32767, 1, 1};
    static const uint32_t wide[2] = {2, UINT32_MAX};
    begin();
    failed(SLIP_E_BAD_TENSOR, slip_reshape(o, &t, 0, six, &s), "0 dimensions");
    failed(SLIP_E_BAD_TENSOR, slip_reshape(o, &t, 6, six, &s), "6 dimensions");
    failed(SLIP_E_BAD_TENSOR, slip_reshape(o, &t, 2, (uint32_t[]){192, 0}, &s),
           "dimension 1 has size 0");
    failed(SLIP_E_BAD_TENSOR, slip_alloc(o, &s, SLIP_F32, 0, six), "0 dimensions");
    failed(SLIP_E_BAD_TENSOR, slip_alloc(o, &s, SLIP_F32, 6, six), "6 dimensions");
    failed(SLIP_E_BAD_TENSOR, slip_alloc(o, &s, 77, 1, six), "element type 77");
    failed(SLIP_E_BAD_TENSOR, slip_alloc(o, &s, SLIP_F32, 1, NULL), "and a shape");
    failed(SLIP_E_BAD_TENSOR, slip_alloc(o, &s, SLIP_F64, 3, huge), "overflow");
    failed(SLIP_E_LIMIT, slip_alloc(o, &s, SLIP_F32, 2, wide), "stride of 4294967295");
    regions_fini(&r);
}

/* Null arguments, handles that hold nothing, of another run, of a scope that has ended. */
static void bad_handles(void)
{
    slip_tensor s;
    slip_tensor inner;
    slip_tensor empty;
    slip_orch *o = &r.o.base;
    static const uint32_t one[3] = {1, 1, 1};
    begin();
    memset(&empty, 0, sizeof empty);
    failed(SLIP_E_BAD_HANDLE, slip_slice(o, &empty, one, one, &s), "never set");
    failed(SLIP_E_BAD_HANDLE, slip_slice(o, NULL, one, one, &s), "never set");
    failed(SLIP_E_INVALID_ARGUMENT, slip_slice(o, &t, NULL, one, &s), "a view needs");
    failed(SLIP_E_INVALID_ARGUMENT, slip_slice(o, &t, one, NULL, &s), "a view needs");
    failed(SLIP_E_INVALID_ARGUMENT, slip_slice(o, &t, one, one, NULL), "a view needs");
    failed(SLIP_E_INVALID_ARGUMENT, slip_reshape(o, &t, 1, NULL, &s), "a view needs");
    failed(SLIP_E_INVALID_ARGUMENT, slip_transpose(o, &t, NULL, &s), "a view needs");
    CHECK_STATUS(SLIP_OK, slip_scope_begin(o, SLIP_SCOPE_AUTO));
    inner = regions_alloc(&r, 8, 0);
    CHECK_STATUS(SLIP_OK, slip_scope_end(o));
    failed(SLIP_E_BAD_HANDLE, slip_slice(o, &inner, one, one, &s), "scope (depth 1) has ended");
    CHECK_STATUS(SLIP_OK, slip_scope_begin(o, SLIP_SCOPE_AUTO)); /* same depth, another scope */
    failed(SLIP_E_BAD_HANDLE, slip_slice(o, &inner, one, one, &s), "has ended");
    CHECK_STATUS(SLIP_OK, slip_scope_end(o));
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_again(&r);
    failed(SLIP_E_BAD_HANDLE, slip_slice(o, &t, one, one, &s), "of run 1 in run 2");
    regions_fini(&r);
}

/* After a failure views return it again and do nothing. */
static void a_failed_run_makes_no_views(void)
{
    slip_tensor s;
    static const uint32_t one[3] = {1, 1, 1};
    begin();
    CHECK_STATUS(SLIP_E_ORCH_FAILED, slip_orch_fail(&r.o.base, 5, "enough"));
    CHECK_STATUS(SLIP_E_ORCH_FAILED, slip_slice(&r.o.base, &t, one, one, &s));
    CHECK_STATUS(SLIP_E_ORCH_FAILED, slip_orch_failed(&r.o.base));
    CHECK_EQ(regions_fault(&r)->code, 5);
    CHECK_STR(regions_fault(&r)->detail, "enough");
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(slices_are_boxes);
    CHECK_CASE(a_full_slice_is_whole);
    CHECK_CASE(slices_of_transposes);
    CHECK_CASE(reshapes_have_their_own_root);
    CHECK_CASE(bad_views);
    CHECK_CASE(bad_shapes);
    CHECK_CASE(bad_handles);
    CHECK_CASE(a_failed_run_makes_no_views);
    return check_report();
}
