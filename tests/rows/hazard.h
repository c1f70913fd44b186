/*
 * hazard.h - two accesses of one matrix whose order matters, for the tests of RAW, WAR and WAW.
 *
 * A task `early` and a task `late` are submitted first, then the first access with an explicit edge
 * from `late`, then the second access with one from `early`. With one thread that orchestrates
 * first and then runs ready tasks in order, the second access runs before the first one unless the
 * hazard between them has made an edge: a lost edge always shows in the result. The audit says the
 * same of the recorded graph. For the main thread of one test program.
 */
#ifndef SLIPWAY_TESTS_ROWS_HAZARD_H
#define SLIPWAY_TESTS_ROWS_HAZARD_H

#include <stdint.h>

/* What a task does with its region of the matrix. */
enum hazard_access {
    HAZARD_READ,  /* sums it up; as many tasks as the test wants, each into its own result */
    HAZARD_WRITE, /* sets every element */
    HAZARD_UPDATE /* v = 2 v + 1, in place */
};

/* More readers than one cell of the map holds in line. */
enum { HAZARD_MAX_READERS = 12 };

/*
 * Runs the two accesses in every pair of geometries (whole, tile, panels, a corner that fits no
 * tiling, a reshaped row), each with and without a lattice that another tile has cut before.
 * Returns how many runs had a wrong result, a lost edge or a false one; prints them.
 */
uint32_t hazard_run_all(enum hazard_access first, enum hazard_access second, uint32_t readers);

#endif
