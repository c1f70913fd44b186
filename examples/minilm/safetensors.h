/*
 * safetensors.h - reads a .safetensors file: a table of named tensors over a memory-mapped file.
 *
 * For the host side of the example; no state, any thread. Nothing in the file is trusted: sizes,
 * offsets, types and shapes are checked before a pointer is handed out.
 *
 *     0        8               8 + header_bytes            end of file
 *     | u64 LE | JSON header   | tensors, row-major LE     |
 *       header   {"name": {"dtype": "F32", "shape": [..], "data_offsets": [first, end]}, ...}
 */
#ifndef MINILM_SAFETENSORS_H
#define MINILM_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

struct cJSON;

/* An open file. The fields belong to safetensors.c. */
typedef struct safetensors {
    char path[512];     /* for messages; cut if longer */
    const uint8_t *map; /* whole file, read-only */
    uint64_t map_bytes;
    const uint8_t *data; /* tensors */
    uint64_t data_bytes;
    struct cJSON *header;
} safetensors;

/* Dimensions that a wanted tensor may have, chosen: the model needs two. */
#define SAFETENSORS_MAX_DIMS 4u

/* A tensor that is looked for: float32, of exactly this name and shape. */
typedef struct safetensors_want {
    const char *name;
    uint32_t ndim; /* 1 .. SAFETENSORS_MAX_DIMS */
    uint32_t shape[SAFETENSORS_MAX_DIMS];
} safetensors_want;

/*
 * Maps a file and reads its header. SLIP_E_FILE if it cannot be read, SLIP_E_FORMAT if it is no
 * .safetensors file, SLIP_E_OUT_OF_MEMORY; error->text then says more. *out is zeroed on failure.
 */
SLIP_MUST_USE slip_status safetensors_open(const char *path, safetensors *out, minilm_error *error);

/*
 * Finds a tensor. *out_data points into the file, which has no particular alignment: copy it out
 * with memcpy. SLIP_E_FORMAT if there is no such tensor, or not of that type, shape or size.
 */
SLIP_MUST_USE slip_status safetensors_find(const safetensors *file, const safetensors_want *want,
                                           const void **out_data, minilm_error *error);

/* Unmaps the file; a zeroed one is fine. */
void safetensors_close(safetensors *file);

#endif
