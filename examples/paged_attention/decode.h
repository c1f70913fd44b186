/*
 * decode.h - the host's side of a paged decode: requests, block table, resident cache, reference.
 *
 * For paged_attention.c, from its main thread. A decode is deterministic in its seed.
 */
#ifndef DECODE_H
#define DECODE_H

#include "common/example.h"

/* Sizes of the model and of the work, from the command line. */
typedef struct decode_sizes {
    uint64_t sequences;
    uint64_t heads;    /* query heads */
    uint64_t kv_heads; /* key/value heads; divides heads */
    uint64_t head_size;
    uint64_t block;   /* tokens of a block */
    uint64_t context; /* most tokens that a sequence starts with */
    uint64_t steps;
} decode_sizes;

/* A decode in progress. */
typedef struct decode {
    decode_sizes size;
    uint64_t table_blocks; /* blocks a sequence can have */
    uint64_t cache_blocks;
    uint64_t max_tokens;   /* of a sequence */
    uint64_t random;       /* state of the generator */
    float *query;          /* sequences x heads x head_size, of the current step */
    float *key;            /* sequences x kv_heads x head_size */
    float *value;          /* as key */
    float *out;            /* as query; written by the run */
    float *key_history;    /* sequences x max_tokens x kv_heads x head_size, as the reference has */
    float *value_history;  /* as key_history */
    float *image;          /* a copy of one cache */
    int32_t *table;        /* sequences x table_blocks */
    int32_t *lengths;      /* sequences */
    uint32_t *free_blocks; /* of the cache, shuffled; taken from the front */
    uint64_t free_taken;
    slip_device_ptr key_cache; /* cache_blocks x kv_heads x block x head_size */
    slip_device_ptr value_cache;
    double *scores; /* max_tokens: the reference's scratch */
} decode;

/*
 * Draws the requests of a seed, with ragged contexts, and puts their keys and values into caches on
 * the device. What of a cache belongs to no token is filled with NaN, so that reading it shows.
 * Prints why and returns false on failure; end the decode all the same.
 */
bool decode_begin(decode *d, const decode_sizes *size, uint64_t seed, slip_runner *runner);

/* Draws the next token of every sequence: query, key, value, and a new block where one is full. */
void decode_next_token(decode *d);

/* Fills the arguments of the program for the current step; `args` has PAGED_ARG_COUNT. */
void decode_arguments(const decode *d, slip_run_arg *args);

/* Largest difference of the current output from attention computed plainly in double precision. */
double decode_compare(decode *d);

/* True if both caches on the device hold exactly what was appended; prints what differs. */
bool decode_check_cache(decode *d, slip_runner *runner);

/* Frees everything; a zeroed decode is fine. The runner must still be open. */
void decode_end(decode *d, slip_runner *runner);

#endif
