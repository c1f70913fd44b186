/*
 * test_hazard_waw.c - of two tasks that write a region, the one submitted later writes last.
 *
 * ctest-labels: row hazard WAW
 */
#include "hazard.h"
#include "support/check.h"

/* Two writers, in every pair of geometries. */
static void write_after_write(void)
{
    CHECK_EQ(0, hazard_run_all(HAZARD_WRITE, HAZARD_WRITE, 0));
}

/* An update in place after a write. */
static void update_after_write(void)
{
    CHECK_EQ(0, hazard_run_all(HAZARD_WRITE, HAZARD_UPDATE, 0));
}

/* A write after an update in place. */
static void write_after_update(void)
{
    CHECK_EQ(0, hazard_run_all(HAZARD_UPDATE, HAZARD_WRITE, 0));
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(write_after_write);
    CHECK_CASE(update_after_write);
    CHECK_CASE(write_after_update);
    return check_report();
}
