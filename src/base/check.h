/*
 * check.h - checked arithmetic on sizes and offsets, and assertions that are always on.
 *
 * For every layer and any thread. A result that does not fit is a bool, which the caller turns
 * into an error that names the size; an assertion is for a broken invariant of Slipway itself.
 */
#ifndef SLIPI_CHECK_H
#define SLIPI_CHECK_H

#include <stdbool.h>
#include <stdint.h>

/* *out = a + b; false, and *out untouched, if that does not fit. */
static inline bool slipi_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

/* *out = a * b; false, and *out untouched, if that does not fit. */
static inline bool slipi_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t product;
    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *out = product;
    return true;
}

/* True iff value is a power of two; 0 is none. */
static inline bool slipi_is_pow2_u64(uint64_t value)
{
    return value != 0 && (value & (value - 1u)) == 0;
}

/*
 * *out = value rounded up to a multiple of alignment; false, and *out untouched, if that does not
 * fit or the alignment is no power of two.
 */
static inline bool slipi_align_u64(uint64_t value, uint64_t alignment, uint64_t *out)
{
    uint64_t sum;
    if (!slipi_is_pow2_u64(alignment) || !slipi_add_u64(value, alignment - 1u, &sum)) {
        return false;
    }
    *out = sum & ~(alignment - 1u);
    return true;
}

/* Prints which assertion failed where and aborts. */
_Noreturn void slipi_assert_failed(const char *cond, const char *file, int line);

/* Aborts if cond is false, in every build. */
#define SLIPI_ASSERT(cond)                                  \
    do {                                                    \
        if (__builtin_expect(!(cond), 0)) {                 \
            slipi_assert_failed(#cond, __FILE__, __LINE__); \
        }                                                   \
    } while (0)

#endif
