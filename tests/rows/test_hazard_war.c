/*
 * test_hazard_war.c - a task that writes a region runs after the tasks that read it before.
 *
 * ctest-labels: row hazard WAR
 */
#include "hazard.h"
#include "support/check.h"

/* A writer after one reader, in every pair of geometries. */
static void write_after_read(void)
{
    CHECK_EQ(0, hazard_run_all(HAZARD_READ, HAZARD_WRITE, 1));
}

/* A writer after more readers than a cell of the map holds in line. */
static void write_after_many_reads(void)
{
    CHECK_EQ(0, hazard_run_all(HAZARD_READ, HAZARD_WRITE, HAZARD_MAX_READERS));
}

/* An update in place after readers. */
static void update_after_reads(void)
{
    CHECK_EQ(0, hazard_run_all(HAZARD_READ, HAZARD_UPDATE, 5));
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(write_after_read);
    CHECK_CASE(write_after_many_reads);
    CHECK_CASE(update_after_reads);
    return check_report();
}
