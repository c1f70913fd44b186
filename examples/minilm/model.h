/*
 * model.h - shape of the all-MiniLM-L6-v2 sentence encoder, and the order of its weights.
 *
 * For every part of the example: the program, the host and the sequential version agree on it.
 * Constants only.
 *
 * A matrix "[out, in]" maps a row x of `in` numbers to x * transpose(matrix) + bias, as it is
 * stored in the published file. Eps and the tanh-free GELU are those of the model's config.json.
 */
#ifndef MINILM_MODEL_H
#define MINILM_MODEL_H

enum {
    MINILM_LAYERS = 6,
    MINILM_HIDDEN = 384,
    MINILM_HEADS = 12,
    MINILM_HEAD = 32,     /* MINILM_HIDDEN / MINILM_HEADS */
    MINILM_INNER = 1536,  /* width of the feed-forward part */
    MINILM_VOCAB = 30522, /* words of the vocabulary */
    MINILM_POSITIONS = 512,
    MINILM_TYPES = 2,
    MINILM_MAX_TOKENS = 256 /* as the published model is configured; longer lines are cut */
};

/* Added to a variance before its root is taken (config.json, layer_norm_eps). */
#define MINILM_NORM_EPS 1e-12f

/* Weights before the first layer. */
enum {
    MINILM_WORD = 0,     /* [vocabulary, hidden] */
    MINILM_POSITION = 1, /* [positions, hidden] */
    MINILM_TYPE = 2,     /* [2, hidden]; only row 0 is used: one sentence a run */
    MINILM_NORM_W = 3,   /* [hidden] */
    MINILM_NORM_B = 4,   /* [hidden] */
    MINILM_GLOBALS = 5
};

/* Weights of one layer. */
enum {
    MINILM_QUERY_W = 0, /* [hidden, hidden] */
    MINILM_QUERY_B = 1, /* [hidden] */
    MINILM_KEY_W = 2,
    MINILM_KEY_B = 3,
    MINILM_VALUE_W = 4,
    MINILM_VALUE_B = 5,
    MINILM_OUT_W = 6, /* [hidden, hidden]: after attention */
    MINILM_OUT_B = 7,
    MINILM_ATTN_NORM_W = 8, /* [hidden] */
    MINILM_ATTN_NORM_B = 9,
    MINILM_UP_W = 10,   /* [inner, hidden] */
    MINILM_UP_B = 11,   /* [inner] */
    MINILM_DOWN_W = 12, /* [hidden, inner] */
    MINILM_DOWN_B = 13,
    MINILM_FFN_NORM_W = 14,
    MINILM_FFN_NORM_B = 15,
    MINILM_PER_LAYER = 16
};

enum { MINILM_WEIGHTS = MINILM_GLOBALS + MINILM_LAYERS * MINILM_PER_LAYER };

/* Run arguments of the program: token ids, the embedding, then the weights in their order. */
enum {
    MINILM_ARG_IDS = 0,       /* int32 [tokens] */
    MINILM_ARG_EMBEDDING = 1, /* float [hidden] */
    MINILM_ARG_WEIGHTS = 2,
    MINILM_ARGS = MINILM_ARG_WEIGHTS + MINILM_WEIGHTS
};

#endif
