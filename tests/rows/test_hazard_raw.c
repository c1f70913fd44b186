/*
 * test_hazard_raw.c - a task that reads a region runs after the task that wrote it.
 *
 * ctest-labels: row hazard RAW
 */
#include "hazard.h"
#include "support/check.h"

/* One reader after a writer, in every pair of geometries. */
static void read_after_write(void)
{
    CHECK_EQ(0, hazard_run_all(HAZARD_WRITE, HAZARD_READ, 1));
}

/* Many readers after one writer. */
static void many_reads_after_write(void)
{
    CHECK_EQ(0, hazard_run_all(HAZARD_WRITE, HAZARD_READ, HAZARD_MAX_READERS));
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(read_after_write);
    CHECK_CASE(many_reads_after_write);
    return check_report();
}
