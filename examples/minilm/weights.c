/*
 * weights.c - names, shapes and memory of the model's weights; see weights.h.
 *
 * Called by the host and by the tests, one thread at a time.
 */
#include "weights.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Start of every weight in the block: a cache line. */
#define WEIGHT_ALIGN 64u
/* Longest name is 57 characters. */
#define NAME_BYTES 80u

/* Name and shape of a weight, as the published file has them; columns 0 is a vector. */
struct weight_row {
    const char *name;
    uint32_t rows;
    uint32_t columns;
};

static const struct weight_row global_rows[MINILM_GLOBALS] = {
    [MINILM_WORD] = {"embeddings.word_embeddings.weight", MINILM_VOCAB, MINILM_HIDDEN},
    [MINILM_POSITION] = {"embeddings.position_embeddings.weight", MINILM_POSITIONS, MINILM_HIDDEN},
    [MINILM_TYPE] = {"embeddings.token_type_embeddings.weight", MINILM_TYPES, MINILM_HIDDEN},
    [MINILM_NORM_W] = {"embeddings.LayerNorm.weight", MINILM_HIDDEN, 0},
    [MINILM_NORM_B] = {"embeddings.LayerNorm.bias", MINILM_HIDDEN, 0},
};

static const struct weight_row layer_rows[MINILM_PER_LAYER] = {
    [MINILM_QUERY_W] = {"attention.self.query.weight", MINILM_HIDDEN, MINILM_HIDDEN},
    [MINILM_QUERY_B] = {"attention.self.query.bias", MINILM_HIDDEN, 0},
    [MINILM_KEY_W] = {"attention.self.key.weight", MINILM_HIDDEN, MINILM_HIDDEN},
    [MINILM_KEY_B] = {"attention.self.key.bias", MINILM_HIDDEN, 0},
    [MINILM_VALUE_W] = {"attention.self.value.weight", MINILM_HIDDEN, MINILM_HIDDEN},
    [MINILM_VALUE_B] = {"attention.self.value.bias", MINILM_HIDDEN, 0},
    [MINILM_OUT_W] = {"attention.output.dense.weight", MINILM_HIDDEN, MINILM_HIDDEN},
    [MINILM_OUT_B] = {"attention.output.dense.bias", MINILM_HIDDEN, 0},
    [MINILM_ATTN_NORM_W] = {"attention.output.LayerNorm.weight", MINILM_HIDDEN, 0},
    [MINILM_ATTN_NORM_B] = {"attention.output.LayerNorm.bias", MINILM_HIDDEN, 0},
    [MINILM_UP_W] = {"intermediate.dense.weight", MINILM_INNER, MINILM_HIDDEN},
    [MINILM_UP_B] = {"intermediate.dense.bias", MINILM_INNER, 0},
    [MINILM_DOWN_W] = {"output.dense.weight", MINILM_HIDDEN, MINILM_INNER},
    [MINILM_DOWN_B] = {"output.dense.bias", MINILM_HIDDEN, 0},
    [MINILM_FFN_NORM_W] = {"output.LayerNorm.weight", MINILM_HIDDEN, 0},
    [MINILM_FFN_NORM_B] = {"output.LayerNorm.bias", MINILM_HIDDEN, 0},
};

const char *minilm_model_folder(const char *given, char *text, size_t room)
{
    if (given != NULL && given[0] != '\0') {
        return given;
    }
    const char *folder = getenv("SLIPWAY_MODEL_DIR");
    if (folder != NULL && folder[0] != '\0') {
        return folder;
    }
    const char *home = getenv("HOME");
    if (home == NULL || home[0] == '\0') {
        return NULL;
    }
    return minilm_model_file(home, ".cache/slipway", text, room) == SLIP_OK ? text : NULL;
}

slip_status minilm_model_file(const char *folder, const char *name, char *text, size_t room)
{
    size_t folder_bytes = strlen(folder);
    size_t name_bytes = strlen(name);
    if (folder_bytes >= room || name_bytes + 2 > room - folder_bytes) {
        return SLIP_E_LIMIT;
    }
    memcpy(text, folder, folder_bytes + 1);
    text[folder_bytes] = '/';
    memcpy(text + folder_bytes + 1, name, name_bytes + 1);
    return SLIP_OK;
}

/* Fills in name and shape of weight i; the name is written to `name`, of NAME_BYTES. */
static void describe(uint32_t i, char *name, safetensors_want *out)
{
    const struct weight_row *row;
    if (i < MINILM_GLOBALS) {
        row = &global_rows[i];
        (void)snprintf(name, NAME_BYTES, "%s", row->name);
    } else {
        uint32_t layer = (i - MINILM_GLOBALS) / MINILM_PER_LAYER;
        row = &layer_rows[(i - MINILM_GLOBALS) % MINILM_PER_LAYER];
        (void)snprintf(name, NAME_BYTES, "encoder.layer.%u.%s", layer, row->name);
    }
    memset(out, 0, sizeof(*out));
    out->name = name;
    out->ndim = row->columns == 0 ? 1 : 2;
    out->shape[0] = row->rows;
    out->shape[1] = row->columns;
}

/* Elements of a weight. All shapes are constants above: at most 30522 x 384. */
static uint64_t element_count(const safetensors_want *want)
{
    return (uint64_t)want->shape[0] * (want->ndim == 2 ? want->shape[1] : 1u);
}

/* Sets shapes and offsets of all weights, and with them the size of the block. */
static void lay_out(minilm_weights *weights)
{
    char name[NAME_BYTES];
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < MINILM_WEIGHTS; i++) {
        describe(i, name, &weights->want[i]);
        weights->want[i].name = NULL;
        weights->offset[i] = bytes;
        uint64_t size = element_count(&weights->want[i]) * sizeof(float);
        bytes += (size + WEIGHT_ALIGN - 1) / WEIGHT_ALIGN * WEIGHT_ALIGN;
    }
    weights->block_bytes = bytes;
}

/* Copies every weight from the file to the block. */
static slip_status copy_weights(const safetensors *file, minilm_weights *weights,
                                minilm_error *error)
{
    for (uint32_t i = 0; i < MINILM_WEIGHTS; i++) {
        char name[NAME_BYTES];
        safetensors_want want;
        const void *data = NULL;
        describe(i, name, &want);
        slip_status status = safetensors_find(file, &want, &data, error);
        if (status != SLIP_OK) {
            return status;
        }
        float *to = weights->block + weights->offset[i] / sizeof(float);
        memcpy(to, data, (size_t)(element_count(&want) * sizeof(float)));
        weights->at[i] = to;
    }
    return SLIP_OK;
}

slip_status minilm_weights_load(const char *path, minilm_weights *out, minilm_error *error)
{
    memset(out, 0, sizeof(*out));
    safetensors file;
    slip_status status = safetensors_open(path, &file, error);
    if (status != SLIP_OK) {
        return status;
    }
    lay_out(out);
    out->block = aligned_alloc(WEIGHT_ALIGN, (size_t)out->block_bytes);
    if (out->block == NULL) {
        status =
            minilm_fail(error, SLIP_E_OUT_OF_MEMORY, "no memory for the weights: wanted %llu MiB",
                        (unsigned long long)(out->block_bytes >> 20));
    } else {
        status = copy_weights(&file, out, error);
    }
    safetensors_close(&file);
    if (status != SLIP_OK) {
        minilm_weights_free(out);
    }
    return status;
}

void minilm_weights_free(minilm_weights *weights)
{
    free(weights->block);
    memset(weights, 0, sizeof(*weights));
}
