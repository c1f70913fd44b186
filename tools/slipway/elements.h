/*
 * elements.h - elements of arrays as numbers: generated inputs and comparison of outputs.
 *
 * For the subcommands; one thread.
 */
#ifndef SLIPI_ELEMENTS_H
#define SLIPI_ELEMENTS_H

#include "npy.h"

/* How far an array is from what was expected. */
typedef struct slipi_difference {
    double max_abs;   /* largest difference; infinite if one side is not a number */
    double max_rel;   /* largest difference over max(1, |expected|) */
    uint64_t index;   /* row-major position of the largest relative difference */
    double found;     /* the element there */
    double expected;  /* what it should be */
    uint64_t outside; /* elements whose relative difference is above the tolerance */
} slipi_difference;

/* Element `index` of an array as a double. */
double slipi_element_load(const slipi_array *array, uint64_t index);

/*
 * Fills an array: "zeros", "ones", "range" (0, 1, 2, ...), "rand" (seed 1) or a seed. Random
 * floats lie in [-1, 1), random integers in 0 .. 99. False if `how` is none of these.
 */
bool slipi_array_fill(slipi_array *array, const char *how);

/* Compares two arrays of the same type and shape. */
void slipi_array_compare(const slipi_array *found, const slipi_array *expected, double tolerance,
                         slipi_difference *out);

#endif
