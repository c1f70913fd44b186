/*
 * weights.h - the weights of the model in memory, and the folder they come from.
 *
 * For the host side of the example, one thread at a time.
 */
#ifndef MINILM_WEIGHTS_H
#define MINILM_WEIGHTS_H

#include <stddef.h>

#include "model.h"
#include "safetensors.h"

/* All weights in one block, each at a multiple of 64 bytes. */
typedef struct minilm_weights {
    float *block;
    uint64_t block_bytes;
    const float *at[MINILM_WEIGHTS];       /* in the order of model.h */
    uint64_t offset[MINILM_WEIGHTS];       /* of at[i], bytes from block */
    safetensors_want want[MINILM_WEIGHTS]; /* shapes; the names are not kept */
} minilm_weights;

/*
 * Finds the model's folder: `given`, else SLIPWAY_MODEL_DIR, else $HOME/.cache/slipway. Null if
 * none of the three is set. The text lies in `text`, of `room` bytes, or is one of the first two.
 */
const char *minilm_model_folder(const char *given, char *text, size_t room);

/* Writes FOLDER/NAME to `text`; an error if it is longer than `room`. */
SLIP_MUST_USE slip_status minilm_model_file(const char *folder, const char *name, char *text,
                                            size_t room);

/*
 * Reads the weights from a .safetensors file. SLIP_E_FILE, SLIP_E_FORMAT or SLIP_E_OUT_OF_MEMORY,
 * and error->text, if it is not the model. *out is zeroed then.
 */
SLIP_MUST_USE slip_status minilm_weights_load(const char *path, minilm_weights *out,
                                              minilm_error *error);

/* Frees the block; zeroed weights are fine. */
void minilm_weights_free(minilm_weights *weights);

#endif
