/*
 * npy.h - arrays of .npy files (format versions 1 and 2, row-major, little-endian).
 *
 * For the subcommands and tests; one thread. A file is input from outside: every length in it is
 * checked against the file's size before it is used, and an error names the byte or the field.
 */
#ifndef SLIPI_NPY_H
#define SLIPI_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slipway/slipway.h>

/* Bytes of a header that are accepted; a header of five dimensions needs about a hundred. */
#define SLIPI_NPY_MAX_HEADER 65536u

/* A row-major array in memory of its own. */
typedef struct slipi_array {
    uint8_t dtype; /* enum slip_dtype */
    uint8_t reserved[3];
    uint32_t ndim;
    uint32_t shape[SLIP_MAX_DIMS];
    uint64_t bytes; /* of data */
    void *data;     /* freed by slipi_array_fini */
} slipi_array;

/* Makes an array of zeros. False, with a sentence in `why`, if it is too large. */
bool slipi_array_init(slipi_array *array, uint8_t dtype, uint32_t ndim, const uint32_t *shape,
                      char *why, size_t why_bytes);

/* Frees an array; one of all zeros is fine. */
void slipi_array_fini(slipi_array *array);

/* Reads a file. On failure the array is all zeros and `why` says what was wanted and found. */
bool slipi_npy_read(const char *path, slipi_array *out, char *why, size_t why_bytes);

/* Writes a file (version 1.0) under a temporary name and renames it. */
bool slipi_npy_write(const char *path, const slipi_array *array, char *why, size_t why_bytes);

/* Name of a type as the command line says it ("f32"); "?" for a value that is no type. */
const char *slipi_dtype_name(uint8_t dtype);

/* All names, in the order of enum slip_dtype, terminated by null. Static. */
const char *const *slipi_dtype_names(void);

/* Type of a name as above; SLIP_DTYPE_NONE if there is none. */
uint8_t slipi_dtype_find(const char *name);

/* Writes "2x3x4" for a shape. */
void slipi_shape_text(uint32_t ndim, const uint32_t *shape, char *out, size_t out_bytes);

#endif
