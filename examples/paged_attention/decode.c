/*
 * decode.c - requests, block table, resident cache and reference of the paged attention example.
 *
 * Called by paged_attention.c from its main thread.
 */
#include "decode.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paged_attention_program.h"

/* Elements of one cache. */
static uint64_t cache_elements(const decode *d)
{
    return d->cache_blocks * d->size.kv_heads * d->size.block * d->size.head_size;
}

/* Elements of all keys, or values, of one token. */
static uint64_t token_elements(const decode *d)
{
    return d->size.kv_heads * d->size.head_size;
}

/* Fills `count` floats. */
static void fill_random(decode *d, float *to, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        to[i] = example_random_float(&d->random);
    }
}

/* Where a history keeps a token of a sequence. */
static float *history_token(const decode *d, float *history, uint64_t sequence, uint64_t token)
{
    return history + (sequence * d->max_tokens + token) * token_elements(d);
}

/* Takes a block of the cache for the next tokens of a sequence. */
static void take_block(decode *d, uint64_t sequence, uint64_t j)
{
    d->table[sequence * d->table_blocks + j] = (int32_t)d->free_blocks[d->free_taken++];
}

/* Lists all blocks of the cache in random order. */
static void shuffle_blocks(decode *d)
{
    for (uint64_t i = 0; i < d->cache_blocks; i++) {
        uint64_t other = example_random(&d->random) % (i + 1);
        d->free_blocks[i] = d->free_blocks[other];
        d->free_blocks[other] = (uint32_t)i;
    }
}

/* Draws the contexts that the sequences start with: lengths, keys, values, blocks. */
static void draw_contexts(decode *d)
{
    for (uint64_t s = 0; s < d->size.sequences; s++) {
        uint64_t length = 1 + example_random(&d->random) % d->size.context;
        d->lengths[s] = (int32_t)length;
        fill_random(d, history_token(d, d->key_history, s, 0), length * token_elements(d));
        fill_random(d, history_token(d, d->value_history, s, 0), length * token_elements(d));
        for (uint64_t j = 0; j * d->size.block < length; j++) {
            take_block(d, s, j);
        }
    }
}

/* Lays a history out as a cache should be, in d->image. */
static void make_image(decode *d, float *history)
{
    uint64_t row = d->size.head_size;
    for (uint64_t i = 0; i < cache_elements(d); i++) {
        d->image[i] = NAN;
    }
    for (uint64_t s = 0; s < d->size.sequences; s++) {
        for (uint64_t token = 0; token < (uint64_t)d->lengths[s]; token++) {
            const float *from = history_token(d, history, s, token);
            uint64_t block = (uint64_t)d->table[s * d->table_blocks + token / d->size.block];
            for (uint64_t k = 0; k < d->size.kv_heads; k++) {
                uint64_t to = (block * d->size.kv_heads + k) * d->size.block;
                to = (to + token % d->size.block) * row;
                memcpy(d->image + to, from + k * row, row * sizeof(float));
            }
        }
    }
}

/* Allocates one cache on the device and fills it from a history. */
static bool upload_cache(decode *d, slip_runner *runner, float *history, slip_device_ptr *out)
{
    uint64_t bytes = cache_elements(d) * sizeof(float);
    slip_status status = slip_device_malloc(runner, bytes, out);
    if (status == SLIP_OK) {
        make_image(d, history);
        status = slip_copy_to_device(runner, *out, d->image, bytes);
    }
    return status == SLIP_OK || example_failed(runner, "filling the cache", status);
}

bool decode_begin(decode *d, const decode_sizes *size, uint64_t seed, slip_runner *runner)
{
    *d = (decode){.size = *size, .random = seed};
    d->max_tokens = size->context + size->steps;
    d->table_blocks = (d->max_tokens - 1) / size->block + 1;
    d->cache_blocks = size->sequences * d->table_blocks;
    uint64_t queries = size->sequences * size->heads * size->head_size;
    uint64_t keys = size->sequences * token_elements(d);
    d->query = example_alloc(queries, sizeof(float));
    d->key = example_alloc(keys, sizeof(float));
    d->value = example_alloc(keys, sizeof(float));
    d->out = example_alloc(queries, sizeof(float));
    d->key_history = example_alloc(keys * d->max_tokens, sizeof(float));
    d->value_history = example_alloc(keys * d->max_tokens, sizeof(float));
    d->image = example_alloc(cache_elements(d), sizeof(float));
    d->table = example_alloc(d->cache_blocks, sizeof(int32_t));
    d->lengths = example_alloc(size->sequences, sizeof(int32_t));
    d->free_blocks = example_alloc(d->cache_blocks, sizeof(uint32_t));
    d->scores = example_alloc(d->max_tokens, sizeof(double));
    shuffle_blocks(d);
    draw_contexts(d);
    return upload_cache(d, runner, d->key_history, &d->key_cache) &&
           upload_cache(d, runner, d->value_history, &d->value_cache);
}

void decode_next_token(decode *d)
{
    const decode_sizes *size = &d->size;
    uint64_t queries = size->sequences * size->heads * size->head_size;
    for (uint64_t i = 0; i < queries; i++) {
        /* As in a model, the next query depends on the last output. */
        d->query[i] = example_random_float(&d->random) + 0.5F * d->out[i];
        d->out[i] = NAN;
    }
    fill_random(d, d->key, size->sequences * token_elements(d));
    fill_random(d, d->value, size->sequences * token_elements(d));
    for (uint64_t s = 0; s < size->sequences; s++) {
        uint64_t token = (uint64_t)d->lengths[s]++;
        uint64_t bytes = token_elements(d) * sizeof(float);
        memcpy(history_token(d, d->key_history, s, token), d->key + s * token_elements(d), bytes);
        memcpy(history_token(d, d->value_history, s, token), d->value + s * token_elements(d),
               bytes);
        if (token % size->block == 0) {
            take_block(d, s, token / size->block);
        }
    }
}

void decode_arguments(const decode *d, slip_run_arg *args)
{
    const decode_sizes *size = &d->size;
    uint32_t sequences = (uint32_t)size->sequences;
    uint32_t row = (uint32_t)size->head_size;
    const uint32_t query[3] = {sequences, (uint32_t)size->heads, row};
    const uint32_t key[3] = {sequences, (uint32_t)size->kv_heads, row};
    const uint32_t cache[4] = {(uint32_t)d->cache_blocks, (uint32_t)size->kv_heads,
                               (uint32_t)size->block, row};
    const uint32_t table[2] = {sequences, (uint32_t)d->table_blocks};
    args[PAGED_ARG_QUERY] = slip_host_tensor(d->query, SLIP_F32, SLIP_ACCESS_IN, 3, query);
    args[PAGED_ARG_KEY] = slip_host_tensor(d->key, SLIP_F32, SLIP_ACCESS_IN, 3, key);
    args[PAGED_ARG_VALUE] = slip_host_tensor(d->value, SLIP_F32, SLIP_ACCESS_IN, 3, key);
    args[PAGED_ARG_KEY_CACHE] =
        slip_device_tensor(d->key_cache, SLIP_F32, SLIP_ACCESS_INOUT, 4, cache);
    args[PAGED_ARG_VALUE_CACHE] =
        slip_device_tensor(d->value_cache, SLIP_F32, SLIP_ACCESS_INOUT, 4, cache);
    args[PAGED_ARG_TABLE] = slip_host_tensor(d->table, SLIP_I32, SLIP_ACCESS_IN, 2, table);
    args[PAGED_ARG_LENGTHS] = slip_host_tensor(d->lengths, SLIP_I32, SLIP_ACCESS_IN, 1, table);
    args[PAGED_ARG_OUT] = slip_host_tensor(d->out, SLIP_F32, SLIP_ACCESS_OUT, 3, query);
}

/* Computes the weights of all tokens for one query head in d->scores; returns their sum. */
static double reference_weights(decode *d, uint64_t sequence, uint64_t head)
{
    const decode_sizes *size = &d->size;
    uint64_t length = (uint64_t)d->lengths[sequence];
    uint64_t k = head / (size->heads / size->kv_heads);
    const float *query = d->query + (sequence * size->heads + head) * size->head_size;
    double slope = exp2(-8.0 * (double)(head + 1) / (double)size->heads);
    double largest = -INFINITY;
    for (uint64_t token = 0; token < length; token++) {
        const float *key = history_token(d, d->key_history, sequence, token) + k * size->head_size;
        double dot = 0.0;
        for (uint64_t i = 0; i < size->head_size; i++) {
            dot += (double)query[i] * (double)key[i];
        }
        d->scores[token] =
            dot / sqrt((double)size->head_size) - slope * (double)(length - 1 - token);
        largest = fmax(largest, d->scores[token]);
    }
    double sum = 0.0;
    for (uint64_t token = 0; token < length; token++) {
        d->scores[token] = exp(d->scores[token] - largest);
        sum += d->scores[token];
    }
    return sum;
}

/* Largest difference of one query head's output from the reference. */
static double compare_head(decode *d, uint64_t sequence, uint64_t head)
{
    const decode_sizes *size = &d->size;
    uint64_t k = head / (size->heads / size->kv_heads);
    const float *out = d->out + (sequence * size->heads + head) * size->head_size;
    double sum = reference_weights(d, sequence, head);
    double worst = 0.0;
    for (uint64_t i = 0; i < size->head_size; i++) {
        double want = 0.0;
        for (uint64_t token = 0; token < (uint64_t)d->lengths[sequence]; token++) {
            const float *value = history_token(d, d->value_history, sequence, token);
            want += d->scores[token] * (double)value[k * size->head_size + i];
        }
        double difference = fabs(want / sum - (double)out[i]);
        /* Written so that a result that is not a number counts as wrong. */
        if (!(difference <= worst)) {
            worst = isnan(difference) ? INFINITY : difference;
        }
    }
    return worst;
}

double decode_compare(decode *d)
{
    double worst = 0.0;
    for (uint64_t s = 0; s < d->size.sequences; s++) {
        for (uint64_t head = 0; head < d->size.heads; head++) {
            worst = fmax(worst, compare_head(d, s, head));
        }
    }
    return worst;
}

/* True if one cache holds what its history says, byte by byte, NaN where nothing was written. */
static bool check_one_cache(decode *d, slip_runner *runner, slip_device_ptr cache, float *history,
                            const char *name)
{
    uint64_t count = cache_elements(d);
    float *found = example_alloc(count, sizeof(float));
    slip_status status = slip_copy_from_device(runner, found, cache, count * sizeof(float));
    bool same = status == SLIP_OK;
    if (!same) {
        example_failed(runner, "reading the cache back", status);
    } else {
        make_image(d, history);
        same = memcmp(found, d->image, count * sizeof(float)) == 0;
        if (!same) {
            (void)fprintf(stderr, "the %s cache does not hold exactly what was appended\n", name);
        }
    }
    free(found);
    return same;
}

bool decode_check_cache(decode *d, slip_runner *runner)
{
    return check_one_cache(d, runner, d->key_cache, d->key_history, "key") &&
           check_one_cache(d, runner, d->value_cache, d->value_history, "value");
}

void decode_end(decode *d, slip_runner *runner)
{
    const slip_device_ptr caches[2] = {d->key_cache, d->value_cache};
    for (uint32_t i = 0; i < 2; i++) {
        slip_status status = caches[i].address != 0 ? slip_device_free(runner, caches[i]) : SLIP_OK;
        if (status != SLIP_OK) {
            example_failed(runner, "freeing a cache", status);
        }
    }
    free(d->query);
    free(d->key);
    free(d->value);
    free(d->out);
    free(d->key_history);
    free(d->value_history);
    free(d->image);
    free(d->table);
    free(d->lengths);
    free(d->free_blocks);
    free(d->scores);
    *d = (decode){0};
}
