/*
 * bert_ref.c - the network as sequential C and OpenBLAS; see bert_ref.h.
 *
 * One product a weight matrix over all tokens, as one would write it for one thread. The products
 * of attention are one a head, because a head's rows are apart in memory.
 */
#include "bert_ref.h"

#include <math.h>
#include <stdlib.h>

#include <cblas.h>

#include "bert_math.h"

enum {
    ROWS_BYTES = MINILM_MAX_TOKENS * MINILM_HIDDEN * (int)sizeof(float),
    INNER_BYTES = MINILM_MAX_TOKENS * MINILM_INNER * (int)sizeof(float),
    SCORES_BYTES = MINILM_MAX_TOKENS * MINILM_MAX_TOKENS * (int)sizeof(float),
    ALIGN = 64
};

struct bert_ref {
    const minilm_weights *weights;
    uint32_t tokens;
    float *x; /* state of every token */
    float *query;
    float *key;
    float *value;
    float *context;
    float *add; /* what is added to the state */
    float *inner;
    float *scores; /* of one head */
};

/* Weight `which` of a layer. */
static const float *layer_weight(const bert_ref *ref, uint32_t layer, uint32_t which)
{
    return ref->weights->at[MINILM_GLOBALS + layer * MINILM_PER_LAYER + which];
}

bert_ref *bert_ref_open(const minilm_weights *weights)
{
    bert_ref *ref = calloc(1, sizeof(*ref));
    if (ref == NULL) {
        return NULL;
    }
    ref->weights = weights;
    ref->x = aligned_alloc(ALIGN, ROWS_BYTES);
    ref->query = aligned_alloc(ALIGN, ROWS_BYTES);
    ref->key = aligned_alloc(ALIGN, ROWS_BYTES);
    ref->value = aligned_alloc(ALIGN, ROWS_BYTES);
    ref->context = aligned_alloc(ALIGN, ROWS_BYTES);
    ref->add = aligned_alloc(ALIGN, ROWS_BYTES);
    ref->inner = aligned_alloc(ALIGN, INNER_BYTES);
    ref->scores = aligned_alloc(ALIGN, SCORES_BYTES);
    if (ref->x == NULL || ref->query == NULL || ref->key == NULL || ref->value == NULL ||
        ref->context == NULL || ref->add == NULL || ref->inner == NULL || ref->scores == NULL) {
        bert_ref_close(ref);
        return NULL;
    }
    return ref;
}

void bert_ref_close(bert_ref *ref)
{
    if (ref != NULL) {
        free(ref->x);
        free(ref->query);
        free(ref->key);
        free(ref->value);
        free(ref->context);
        free(ref->add);
        free(ref->inner);
        free(ref->scores);
        free(ref);
    }
}

/* y = x * transpose(weight), for all tokens; the weight has `out` rows and `in` columns. */
static void product(const bert_ref *ref, const float *x, uint32_t in, const float *weight,
                    uint32_t out, float *y)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)ref->tokens, (blasint)out,
                (blasint)in, 1.0f, x, (blasint)in, weight, (blasint)in, 0.0f, y, (blasint)out);
}

/* y = x * transpose(weight) + bias over hidden columns, from layer weights `which` and the next. */
static void project(const bert_ref *ref, uint32_t layer, uint32_t which, const float *x, float *y)
{
    const float *bias = layer_weight(ref, layer, which + 1);
    product(ref, x, MINILM_HIDDEN, layer_weight(ref, layer, which), MINILM_HIDDEN, y);
    for (uint32_t r = 0; r < ref->tokens; r++) {
        bert_bias_row(y + (uint64_t)r * MINILM_HIDDEN, bias, MINILM_HIDDEN);
    }
}

/* State before the first layer. */
static void embed(bert_ref *ref, const int32_t *ids)
{
    const float *const *w = ref->weights->at;
    for (uint32_t r = 0; r < ref->tokens; r++) {
        const float *word = w[MINILM_WORD] + (uint64_t)(uint32_t)ids[r] * MINILM_HIDDEN;
        const float *place = w[MINILM_POSITION] + (uint64_t)r * MINILM_HIDDEN;
        float *row = ref->x + (uint64_t)r * MINILM_HIDDEN;
        for (uint32_t i = 0; i < MINILM_HIDDEN; i++) {
            row[i] = word[i] + place[i] + w[MINILM_TYPE][i];
        }
        bert_norm_row(row, w[MINILM_NORM_W], w[MINILM_NORM_B]);
    }
}

/* context = softmax(query * transpose(key) / sqrt(head)) * value, head by head. */
static void attend(bert_ref *ref)
{
    blasint n = (blasint)ref->tokens;
    float scale = 1.0f / sqrtf((float)MINILM_HEAD);
    for (uint32_t h = 0; h < MINILM_HEADS; h++) {
        uint32_t column = h * MINILM_HEAD;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, MINILM_HEAD, scale,
                    ref->query + column, MINILM_HIDDEN, ref->key + column, MINILM_HIDDEN, 0.0f,
                    ref->scores, n);
        for (uint32_t r = 0; r < ref->tokens; r++) {
            bert_softmax_row(ref->scores + (uint64_t)r * ref->tokens, ref->tokens);
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, MINILM_HEAD, n, 1.0f, ref->scores,
                    n, ref->value + column, MINILM_HIDDEN, 0.0f, ref->context + column,
                    MINILM_HIDDEN);
    }
}

/* x = norm(x + add) with layer weights `which` and the next. */
static void add_norm(bert_ref *ref, uint32_t layer, uint32_t which)
{
    const float *weight = layer_weight(ref, layer, which);
    const float *bias = layer_weight(ref, layer, which + 1);
    for (uint32_t r = 0; r < ref->tokens; r++) {
        uint64_t at = (uint64_t)r * MINILM_HIDDEN;
        bert_add_norm_row(ref->x + at, ref->add + at, weight, bias);
    }
}

/* The feed-forward part of a layer: add = down(GELU(up(x))). */
static void feed_forward(bert_ref *ref, uint32_t layer)
{
    const float *up_bias = layer_weight(ref, layer, MINILM_UP_B);
    const float *down_bias = layer_weight(ref, layer, MINILM_DOWN_B);
    product(ref, ref->x, MINILM_HIDDEN, layer_weight(ref, layer, MINILM_UP_W), MINILM_INNER,
            ref->inner);
    for (uint32_t r = 0; r < ref->tokens; r++) {
        bert_gelu_row(ref->inner + (uint64_t)r * MINILM_INNER, up_bias, MINILM_INNER);
    }
    product(ref, ref->inner, MINILM_INNER, layer_weight(ref, layer, MINILM_DOWN_W), MINILM_HIDDEN,
            ref->add);
    for (uint32_t r = 0; r < ref->tokens; r++) {
        bert_bias_row(ref->add + (uint64_t)r * MINILM_HIDDEN, down_bias, MINILM_HIDDEN);
    }
}

void bert_ref_encode(bert_ref *ref, const int32_t *ids, uint32_t count, float *out)
{
    float mean[MINILM_HIDDEN];
    ref->tokens = count;
    embed(ref, ids);
    for (uint32_t layer = 0; layer < MINILM_LAYERS; layer++) {
        project(ref, layer, MINILM_QUERY_W, ref->x, ref->query);
        project(ref, layer, MINILM_KEY_W, ref->x, ref->key);
        project(ref, layer, MINILM_VALUE_W, ref->x, ref->value);
        attend(ref);
        project(ref, layer, MINILM_OUT_W, ref->context, ref->add);
        add_norm(ref, layer, MINILM_ATTN_NORM_W);
        feed_forward(ref, layer);
        add_norm(ref, layer, MINILM_FFN_NORM_W);
    }
    bert_mean_rows(ref->x, count, MINILM_HIDDEN, mean);
    bert_unit_row(mean, out);
}
