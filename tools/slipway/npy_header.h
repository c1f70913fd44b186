/*
 * npy_header.h - the text header of a .npy file, parsed; for npy.c only.
 */
#ifndef SLIPI_NPY_HEADER_H
#define SLIPI_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npy.h"

/*
 * Parses `length` characters of a header dictionary into dtype, ndim and shape of `out`. `base` is
 * the file offset of the first character, for messages.
 */
bool slipi_npy_parse_header(const char *text, size_t length, size_t base, slipi_array *out,
                            char *why, size_t why_bytes);

#endif
