/*
 * plan_check_int.h - what the parts of the check of a plan share; for plan_check*.c only.
 *
 * One check belongs to one thread. Every function that returns a bool has described the problem
 * when it returns false.
 */
#ifndef SLIPI_GRAPH_PLAN_CHECK_INT_H
#define SLIPI_GRAPH_PLAN_CHECK_INT_H

#include <stdbool.h>

#include "abi/layout.h"
#include "graph/plan.h"

/* A check under way. */
typedef struct slipi_plan_checker {
    const slipi_plan *plan;
    slipi_plan_problem *out;
    uint32_t *longest;  /* of each task: tasks on the longest path that ends there */
    uint32_t *uses;     /* of each kernel: task lanes that run it */
    const char **names; /* of the kernels, to be sorted */
} slipi_plan_checker;

/* Describes a problem at `at`, a place in the block; false. */
__attribute__((format(printf, 3, 4))) bool
slipi_plan_wrong(const slipi_plan_checker *c, const void *at, const char *format, ...);

/* True if `bytes` from `at` on are zero; describes what is not. */
bool slipi_plan_zero(const slipi_plan_checker *c, const void *at, uint64_t bytes, const char *what);

/* True if a name's offset is inside the names. */
bool slipi_plan_name(const slipi_plan_checker *c, const uint32_t *name, const char *what);

/* True if `used` dimensions have elements and the others are zero; `what` has them. */
bool slipi_plan_shape(const slipi_plan_checker *c, const uint32_t *shape, uint32_t used,
                      const char *what);

/* *out = bytes of a row-major tensor; false if that does not fit 64 bits. */
bool slipi_plan_tensor_bytes(const uint32_t *shape, uint32_t ndim, uint32_t dtype, uint64_t *out);

/* Checks geometries, parameters, buffers, kernels, and patches; plan_check_tables.c. */
bool slipi_plan_check_tables(const slipi_plan_checker *c);

/* Checks tasks, edges and arguments, and what the header says of them; plan_check_tasks.c, after
 * the tables. */
bool slipi_plan_check_tasks(const slipi_plan_checker *c);

#endif
