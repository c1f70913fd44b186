/*
 * reference.c - reads reference.json and compares embeddings with it; see reference.h.
 *
 * Called by the host, one thread at a time.
 */
#include "reference.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "file.h"

/* What a difference counts that is not a number: more than any two embeddings can differ. */
#define WORST 2.0

slip_status minilm_reference_read(const char *path, cJSON **out, minilm_error *error)
{
    *out = NULL;
    char *text = NULL;
    size_t bytes = 0;
    slip_status status = minilm_read_file(path, "reference embeddings", &text, &bytes, error);
    if (status != SLIP_OK) {
        return status;
    }
    cJSON *reference = cJSON_ParseWithLength(text, bytes);
    free(text);
    if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(reference, "lines"))) {
        cJSON_Delete(reference);
        return minilm_fail(error, SLIP_E_FORMAT,
                           "%s: wanted a JSON object with an array \"lines\", found something else",
                           path);
    }
    *out = reference;
    return SLIP_OK;
}

void minilm_reference_origin(const cJSON *reference, char *text, size_t room)
{
    const cJSON *versions = cJSON_GetObjectItemCaseSensitive(reference, "versions");
    const cJSON *network = cJSON_GetObjectItemCaseSensitive(versions, "transformers");
    const cJSON *framework = cJSON_GetObjectItemCaseSensitive(versions, "jax");
    (void)snprintf(text, room, "transformers %s on JAX %s",
                   cJSON_IsString(network) ? network->valuestring : "?",
                   cJSON_IsString(framework) ? framework->valuestring : "?");
}

double minilm_difference(const float *a, const float *b)
{
    double largest = 0.0;
    for (uint32_t i = 0; i < MINILM_HIDDEN; i++) {
        double difference = fabs((double)a[i] - (double)b[i]);
        /* Not a number fails the comparison. */
        if (!(difference <= largest)) {
            largest = isnan(difference) ? WORST : difference;
        }
    }
    return largest;
}

/* The reference's entry for a text; null if there is none. */
static const cJSON *find_line(const cJSON *reference, const char *text)
{
    const cJSON *entry = NULL;
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(reference, "lines"))
    {
        const cJSON *found = cJSON_GetObjectItemCaseSensitive(entry, "text");
        if (cJSON_IsString(found) && strcmp(found->valuestring, text) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* Whether an array of numbers is exactly these token ids. */
static bool same_ids(const cJSON *array, const wordpiece_ids *ids)
{
    uint32_t count = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, array)
    {
        if (count >= ids->count || !cJSON_IsNumber(item) || item->valueint != ids->id[count]) {
            return false;
        }
        count++;
    }
    return count == ids->count;
}

/* Reads an embedding; false if it is none. */
static bool read_embedding(const cJSON *array, float *out)
{
    uint32_t count = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, array)
    {
        if (count == MINILM_HIDDEN || !cJSON_IsNumber(item)) {
            return false;
        }
        out[count++] = (float)item->valuedouble;
    }
    return count == MINILM_HIDDEN;
}

slip_status minilm_reference_compare(const cJSON *reference, const minilm_lines *lines,
                                     minilm_agreement *out, minilm_error *error)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < lines->count; i++) {
        const minilm_line *line = &lines->line[i];
        const cJSON *entry = find_line(reference, line->text);
        float wanted[MINILM_HIDDEN];
        if (entry == NULL) {
            continue;
        }
        if (!read_embedding(cJSON_GetObjectItemCaseSensitive(entry, "embedding"), wanted)) {
            return minilm_fail(error, SLIP_E_FORMAT,
                               "reference of \"%.40s\": wanted an embedding of %d numbers, found "
                               "something else",
                               line->text, MINILM_HIDDEN);
        }
        double difference = minilm_difference(line->embedding, wanted);
        out->lines++;
        out->tokens += same_ids(cJSON_GetObjectItemCaseSensitive(entry, "ids"), &line->ids) ? 0 : 1;
        out->largest = difference > out->largest ? difference : out->largest;
    }
    return SLIP_OK;
}
