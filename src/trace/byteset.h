/*
 * byteset.h - the exact set of bytes of a strided view, and whether two such sets meet.
 *
 * For the oracle, on the host, from any thread; pure functions. A set is a run of adjacent bytes
 * repeated along up to SLIP_MAX_DIMS dimensions, outermost first:
 *
 *     { base + i0 * stride[0] + i1 * stride[1] + ... + r  |  0 <= i_d < count[d], 0 <= r < run }
 *
 * Dimensions are nested: the extent of the inner ones is at most the stride of the outer one. Every
 * view that is cut from a row-major tensor by slicing, reshaping and transposing is of this form.
 */
#ifndef SLIPI_TRACE_BYTESET_H
#define SLIPI_TRACE_BYTESET_H

#include <stdbool.h>

#include <slipway/kernel.h>

typedef struct slipi_byteset {
    uint64_t base;   /* first byte */
    uint64_t extent; /* bytes from the first to one past the last; 0 = empty */
    uint64_t run;    /* adjacent bytes */
    uint64_t runs;   /* product of the counts: how many runs there are */
    uint32_t dims;   /* used entries below */
    uint32_t reserved;
    uint64_t count[SLIP_MAX_DIMS];
    uint64_t stride[SLIP_MAX_DIMS]; /* bytes */
} slipi_byteset;

/* Runs that one comparison may enumerate; beyond it the answer is SLIP_E_LIMIT. */
#define SLIPI_BYTESET_MAX_RUNS (UINT64_C(1) << 26)

/*
 * Makes the set of a stored tensor. False if the tensor has no such set: a bad type, a bad number
 * of dimensions, a negative first byte, sums that overflow, or dimensions that fold onto each
 * other.
 */
bool slipi_byteset_make(const slip_task_tensor *tensor, slipi_byteset *out);

/* True if both describe the same bytes in the same form. */
bool slipi_byteset_equal(const slipi_byteset *a, const slipi_byteset *b);

/* True if the intervals [base, base + extent) meet. */
bool slipi_byteset_intervals_meet(const slipi_byteset *a, const slipi_byteset *b);

/* Sets *out_meet if the two sets share a byte. SLIP_E_LIMIT if that cannot be told in bounds. */
slip_status slipi_byteset_meet(const slipi_byteset *a, const slipi_byteset *b, bool *out_meet);

#endif
