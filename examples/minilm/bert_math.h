/*
 * bert_math.h - the element-wise mathematics of the network: GELU, softmax, layer normalisation.
 *
 * Shared by the kernels of the program and by the sequential version, so that a comparison of the
 * two compares how the work is ordered and not how a function is computed. No state, any thread.
 *
 * Every loop over BERT_LANES elements has a constant length and no branch, and writes to memory of
 * its own where it reads two rows, so that a compiler turns it into vector code at -O2.
 */
#ifndef MINILM_BERT_MATH_H
#define MINILM_BERT_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "model.h"

/* Elements handled together; the widths of the network are multiples of it. */
#define BERT_LANES 16
/* Bits of 87.0f. */
#define BERT_BITS_87 0x42AE0000

/* A group of lanes, as numbers or as their bits. */
union bert_lanes {
    float f[BERT_LANES];
    int32_t i[BERT_LANES];
};

/*
 * x[i] = exp(x[i]) for x[i] <= 0; what is below -87 counts as -87. Relative error below 2e-7.
 * exp(x) = 2^n * exp(r), n = round(x / ln 2); r is small enough for a short polynomial. The bound
 * is applied to the bits of |x|, which order as the numbers do: a comparison of numbers may trap,
 * and is therefore not turned into vector code.
 */
static inline void bert_exp(float *x)
{
    const float shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    union bert_lanes v;
    union bert_lanes t;
    float r[BERT_LANES];
    for (int i = 0; i < BERT_LANES; i++) {
        v.f[i] = x[i];
    }
    for (int i = 0; i < BERT_LANES; i++) {
        int32_t size = v.i[i] & INT32_MAX;
        v.i[i] = size < BERT_BITS_87 ? size : BERT_BITS_87;
    }
    for (int i = 0; i < BERT_LANES; i++) {
        t.f[i] = shift - v.f[i] * 1.44269504f;
        float n = t.f[i] - shift;
        r[i] = (-v.f[i] - n * 0.693359375f) + n * 2.12194440e-4f; /* ln 2 in two parts */
    }
    for (int i = 0; i < BERT_LANES; i++) {
        /* Bits of shift + n are those of shift plus n; n + 127 is the exponent of 2^n. */
        t.i[i] = (int32_t)((uint32_t)(t.i[i] - 0x4B400000 + 127) << 23);
    }
    for (int i = 0; i < BERT_LANES; i++) {
        float p = 1.9875691500e-4f; /* minimax polynomial of exp on [-ln 2 / 2, ln 2 / 2] */
        p = p * r[i] + 1.3981999507e-3f;
        p = p * r[i] + 8.3334519073e-3f;
        p = p * r[i] + 4.1665795894e-2f;
        p = p * r[i] + 1.6666665459e-1f;
        p = p * r[i] + 5.0000001201e-1f;
        x[i] = (p * r[i] * r[i] + r[i] + 1.0f) * t.f[i];
    }
}

/*
 * x[i] = GELU(x[i] + bias[i]) over BERT_LANES elements, GELU(v) = v / 2 * (1 + erf(v / sqrt 2)).
 * erf is Abramowitz and Stegun's 7.1.26: absolute error below 2e-7.
 */
static inline void bert_gelu_lanes(float *x, const float *bias)
{
    float v[BERT_LANES];
    float e[BERT_LANES];
    float t[BERT_LANES];
    memcpy(v, x, sizeof(v));
    memcpy(t, bias, sizeof(t));
    for (int i = 0; i < BERT_LANES; i++) {
        v[i] += t[i];
        float z = fabsf(v[i]) * 0.70710678f;
        e[i] = -(z * z);
        t[i] = 1.0f / (1.0f + 0.3275911f * z);
    }
    bert_exp(e);
    for (int i = 0; i < BERT_LANES; i++) {
        float p = 1.061405429f;
        p = p * t[i] - 1.453152027f;
        p = p * t[i] + 1.421413741f;
        p = p * t[i] - 0.284496736f;
        p = p * t[i] + 0.254829592f;
        float half = 0.5f - 0.5f * (p * t[i] * e[i]); /* erf(|z|) / 2 */
        v[i] = 0.5f * v[i] + fabsf(v[i]) * half;
    }
    memcpy(x, v, sizeof(v));
}

/* x = GELU(x + bias) for a row of `count` elements, a multiple of BERT_LANES. */
static inline void bert_gelu_row(float *restrict x, const float *restrict bias, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += BERT_LANES) {
        bert_gelu_lanes(x + i, bias + i);
    }
}

/* x += bias for a row of `count` elements, a multiple of BERT_LANES. */
static inline void bert_bias_row(float *restrict x, const float *restrict bias, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += BERT_LANES) {
        float v[BERT_LANES];
        memcpy(v, x + i, sizeof(v));
        for (int l = 0; l < BERT_LANES; l++) {
            v[l] += bias[i + (uint32_t)l];
        }
        memcpy(x + i, v, sizeof(v));
    }
}

/* Sum of all lanes. */
static inline float bert_sum_lanes(const float *lanes)
{
    float sum = 0.0f;
    for (int i = 0; i < BERT_LANES; i++) {
        sum += lanes[i];
    }
    return sum;
}

/* Largest element of a row. */
static inline float bert_row_max(const float *x, uint32_t count)
{
    float lanes[BERT_LANES];
    for (int l = 0; l < BERT_LANES; l++) {
        lanes[l] = -INFINITY;
    }
    uint32_t i = 0;
    for (; i + BERT_LANES <= count; i += BERT_LANES) {
        for (int l = 0; l < BERT_LANES; l++) {
            float v = x[i + (uint32_t)l];
            lanes[l] = lanes[l] < v ? v : lanes[l];
        }
    }
    float largest = i < count ? x[i] : lanes[0];
    for (; i < count; i++) {
        largest = x[i] > largest ? x[i] : largest;
    }
    for (int l = 0; l < BERT_LANES; l++) {
        largest = lanes[l] > largest ? lanes[l] : largest;
    }
    return largest;
}

/* x = softmax(x) for a row of any length. */
static inline void bert_softmax_row(float *x, uint32_t count)
{
    float largest = bert_row_max(x, count);
    float sums[BERT_LANES] = {0};
    uint32_t whole = count / BERT_LANES * BERT_LANES;
    for (uint32_t i = 0; i < whole; i += BERT_LANES) {
        for (int l = 0; l < BERT_LANES; l++) {
            x[i + (uint32_t)l] -= largest;
        }
        bert_exp(x + i);
        for (int l = 0; l < BERT_LANES; l++) {
            sums[l] += x[i + (uint32_t)l];
        }
    }
    float rest[BERT_LANES] = {0};
    for (uint32_t i = whole; i < count; i++) {
        rest[i - whole] = x[i] - largest;
    }
    bert_exp(rest);
    float sum = bert_sum_lanes(sums);
    for (uint32_t i = whole; i < count; i++) {
        x[i] = rest[i - whole];
        sum += x[i];
    }
    float scale = 1.0f / sum;
    for (uint32_t i = 0; i < whole; i += BERT_LANES) {
        for (int l = 0; l < BERT_LANES; l++) {
            x[i + (uint32_t)l] *= scale;
        }
    }
    for (uint32_t i = whole; i < count; i++) {
        x[i] *= scale;
    }
}

/* x = normalised x * weight + bias for one row of MINILM_HIDDEN elements. */
static inline void bert_norm_row(float *restrict x, const float *restrict weight,
                                 const float *restrict bias)
{
    float lanes[BERT_LANES] = {0};
    for (int i = 0; i < MINILM_HIDDEN; i += BERT_LANES) {
        for (int l = 0; l < BERT_LANES; l++) {
            lanes[l] += x[i + l];
        }
    }
    float mean = bert_sum_lanes(lanes) * (1.0f / MINILM_HIDDEN);
    float squares[BERT_LANES] = {0};
    for (int i = 0; i < MINILM_HIDDEN; i += BERT_LANES) {
        for (int l = 0; l < BERT_LANES; l++) {
            x[i + l] -= mean;
            squares[l] += x[i + l] * x[i + l];
        }
    }
    float variance = bert_sum_lanes(squares) * (1.0f / MINILM_HIDDEN);
    float scale = 1.0f / sqrtf(variance + MINILM_NORM_EPS);
    for (int i = 0; i < MINILM_HIDDEN; i += BERT_LANES) {
        for (int l = 0; l < BERT_LANES; l++) {
            x[i + l] = x[i + l] * scale * weight[i + l] + bias[i + l];
        }
    }
}

/* x = normalised (x + add) * weight + bias for one row of MINILM_HIDDEN elements. */
static inline void bert_add_norm_row(float *restrict x, const float *restrict add,
                                     const float *restrict weight, const float *restrict bias)
{
    for (int i = 0; i < MINILM_HIDDEN; i += BERT_LANES) {
        for (int l = 0; l < BERT_LANES; l++) {
            x[i + l] += add[i + l];
        }
    }
    bert_norm_row(x, weight, bias);
}

/* out = mean of `rows` rows of MINILM_HIDDEN elements, each `stride` after the one before. */
static inline void bert_mean_rows(const float *restrict x, uint32_t rows, uint32_t stride,
                                  float *restrict out)
{
    for (int i = 0; i < MINILM_HIDDEN; i++) {
        out[i] = 0.0f;
    }
    for (uint32_t r = 0; r < rows; r++) {
        for (int i = 0; i < MINILM_HIDDEN; i++) {
            out[i] += x[(uint64_t)r * stride + (uint32_t)i];
        }
    }
    for (int i = 0; i < MINILM_HIDDEN; i++) {
        out[i] *= 1.0f / (float)rows;
    }
}

/* out = x scaled to length 1; a length below 1e-12 counts as that. */
static inline void bert_unit_row(const float *restrict x, float *restrict out)
{
    double sum = 0.0;
    for (int i = 0; i < MINILM_HIDDEN; i++) {
        sum += (double)x[i] * (double)x[i];
    }
    double length = sqrt(sum);
    float scale = (float)(1.0 / (length < 1e-12 ? 1e-12 : length));
    for (int i = 0; i < MINILM_HIDDEN; i++) {
        out[i] = x[i] * scale;
    }
}

#endif
