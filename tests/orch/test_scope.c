/*
 * test_scope.c - nesting of scopes, their rings, kinds, and every way to misuse them.
 *
 * ctest-labels: unit errors
 */
#include "check.h"
#include "regions.h"

static regions r;

/* An inline run. */
static void begin(void)
{
    regions_options options = {.dispatch = SLIP_DISPATCH_INLINE};
    regions_begin(&r, &options);
}

/* Depth d uses ring min(d, 3); the outermost scope of a ring is the one that keeps. */
static void depth_chooses_the_ring(void)
{
    begin();
    CHECK_EQ(r.o.depth, 1); /* the program's own */
    CHECK(r.o.rings.outermost[0] == &r.o.scopes[0]);
    for (uint32_t depth = 1; depth < 6; depth++) {
        CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
        CHECK_EQ(r.o.scopes[depth].ring, depth < 3 ? depth : 3);
        CHECK(r.o.scopes[depth].serial > r.o.scopes[depth - 1].serial);
    }
    CHECK(r.o.rings.outermost[3] == &r.o.scopes[3]);
    for (uint32_t depth = 5; depth >= 4; depth--) {
        CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
        CHECK(r.o.rings.outermost[3] == &r.o.scopes[3]);
    }
    CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    CHECK(r.o.rings.outermost[3] == NULL);
    CHECK(r.o.rings.outermost[2] == &r.o.scopes[2]);
    regions_fini(&r);
}

/* Serials never come again, not in the next run either. */
static void serials_do_not_repeat(void)
{
    begin();
    CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
    uint64_t serial = r.o.scopes[1].serial;
    CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
    CHECK(r.o.scopes[1].serial > serial);
    serial = r.o.scopes[1].serial;
    CHECK_STATUS(SLIP_OK, slip_scope_end(&r.o.base));
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_again(&r);
    CHECK(r.o.scopes[0].serial > serial);
    regions_fini(&r);
}

/* Sixty-four scopes nest, the program's own included; one more is an error. */
static void nesting_is_limited(void)
{
    begin();
    for (uint32_t i = 1; i < SLIP_MAX_SCOPE_DEPTH; i++) {
        CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
    }
    CHECK_STATUS(SLIP_E_SCOPE, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
    CHECK_CONTAINS(regions_fault(&r)->detail, "more than 64");
    CHECK_EQ(r.o.depth, SLIP_MAX_SCOPE_DEPTH);
    CHECK_STATUS(SLIP_E_SCOPE, regions_end(&r));
    regions_fini(&r);
}

/* The program cannot end its own scope. */
static void an_end_needs_a_begin(void)
{
    begin();
    CHECK_STATUS(SLIP_E_SCOPE, slip_scope_end(&r.o.base));
    CHECK_CONTAINS(regions_fault(&r)->detail, "without a begin");
    CHECK_EQ(r.o.depth, 1);
    CHECK_STATUS(SLIP_E_SCOPE, regions_end(&r));
    regions_fini(&r);
}

/* A program that returns with scopes open has failed. */
static void open_scopes_at_the_end(void)
{
    begin();
    CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
    CHECK_STATUS(SLIP_E_SCOPE, regions_end(&r));
    CHECK_CONTAINS(regions_fault(&r)->detail, "1 scopes are still open");
    regions_again(&r); /* and the next run starts at depth 1 again */
    CHECK_EQ(r.o.depth, 1);
    CHECK_STATUS(SLIP_OK, regions_end(&r));
    regions_fini(&r);
}

/* Automatic in manual is refused, manual in manual and in automatic are not. */
static void kinds_nest_one_way(void)
{
    begin();
    CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_MANUAL));
    CHECK_STATUS(SLIP_OK, slip_scope_begin(&r.o.base, SLIP_SCOPE_MANUAL));
    CHECK_STATUS(SLIP_E_SCOPE, slip_scope_begin(&r.o.base, SLIP_SCOPE_AUTO));
    CHECK_CONTAINS(regions_fault(&r)->detail, "automatic scope inside a manual");
    CHECK_STATUS(SLIP_E_SCOPE, slip_scope_begin(&r.o.base, SLIP_SCOPE_MANUAL)); /* failed */
    regions_fini(&r);
}

/* A kind that is none. */
static void unknown_kinds_are_refused(void)
{
    begin();
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_scope_begin(&r.o.base, 2));
    CHECK_CONTAINS(regions_fault(&r)->detail, "scope kind 2");
    regions_fini(&r);
}

int main(void)
{
    CHECK_CASE(depth_chooses_the_ring);
    CHECK_CASE(serials_do_not_repeat);
    CHECK_CASE(nesting_is_limited);
    CHECK_CASE(an_end_needs_a_begin);
    CHECK_CASE(open_scopes_at_the_end);
    CHECK_CASE(kinds_nest_one_way);
    CHECK_CASE(unknown_kinds_are_refused);
    return check_report();
}
