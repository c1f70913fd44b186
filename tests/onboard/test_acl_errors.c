/*
 * test_acl_errors.c - the table of the runtime's codes: one row a code, known ones, and by range.
 * ctest-labels: unit onboard errors
 */
#include "platform/onboard/errors.h"
#include "support/check.h"

/* Every row is found by its code, rises, says something and is no success. */
static void rows(void)
{
    int32_t before = 0;
    uint32_t i = 0;
    for (const slipi_acl_error *row; (row = slipi_acl_error_at(i)) != NULL; i++) {
        CHECK(row->code > before);
        CHECK(slipi_acl_error_of(row->code) == row);
        CHECK(row->status < 0 && row->meaning[0] != '\0');
        before = row->code;
    }
    CHECK(i > 40);
}

/* What recovery turns on. */
static void lost_or_not(void)
{
    CHECK_STATUS(SLIP_E_HANG, slipi_acl_error_of(SLIPI_ACL_SYNC_TIMEOUT)->status);
    CHECK_EQ(slipi_acl_error_of(SLIPI_ACL_SYNC_TIMEOUT)->lost, 0);
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slipi_acl_error_of(207001)->status);
    CHECK_EQ(slipi_acl_error_of(207001)->lost, 0);
    CHECK_EQ(slipi_acl_error_of(507014)->lost, 1);
    CHECK_EQ(slipi_acl_error_of(507018)->lost, 1);
    CHECK_EQ(slipi_acl_error_of(507899)->lost, 1);
}

/* Codes that are not in the table: the device's own lose it, a caller's do not. */
static void ranges(void)
{
    CHECK_EQ(slipi_acl_error_of(507099)->lost, 1);
    CHECK_EQ(slipi_acl_error_of(107099)->lost, 0);
    CHECK_EQ(slipi_acl_error_of(207099)->lost, 0);
    CHECK_EQ(slipi_acl_error_of(-5)->lost, 0);
    CHECK_STATUS(SLIP_E_DEVICE, slipi_acl_error_of(507099)->status);
    CHECK_STATUS(SLIP_E_DEVICE, slipi_acl_error_of(123)->status);
}

int main(void)
{
    CHECK_CASE(rows);
    CHECK_CASE(lost_or_not);
    CHECK_CASE(ranges);
    return check_report();
}
