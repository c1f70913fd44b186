/*
 * minilm_program.c - the all-MiniLM-L6-v2 sentence encoder as a Slipway program.
 *
 * Loaded by device runners as minilm.so. Run arguments: model.h. The orchestration function submits
 * one task a tile and names no edge: what a task waits for follows from the regions that it reads
 * and writes.
 *
 *     x = embed(ids)                                       row blocks
 *     six times
 *         scope: query, key, value = linear(x)             column blocks
 *                scope: context = softmax(query * key') * value           one a head
 *                x = norm(x + linear(context))             column blocks, then row blocks
 *         scope: x = norm(x + linear(gelu(linear(x))))     column blocks, then row blocks
 *     embedding = unit(mean(x))
 *
 * x is updated in place: its row blocks are written again only after everything that read it. The
 * scopes let the rings reuse memory early, so that intermediate tensors stay in the caches.
 */
#include "minilm_kernels.h"
#include "model.h"

enum {
    MAX_COLUMN_BLOCK = 96, /* columns of a product's block, at most */
    MAX_ROW_BLOCKS = 6     /* row blocks of a long line */
};

/* What the parts of the orchestration pass on to each other. */
struct encoder {
    slip_orch *o;
    uint32_t tokens;
    uint32_t row_block;
    slip_tensor x;                        /* [tokens, hidden] */
    slip_tensor weight[MINILM_PER_LAYER]; /* of the layer at hand */
};

/*
 * Columns of a block of x * transpose(w), x [rows, inner]. Narrow blocks share the work between
 * threads; a product of at most 1200 results and 10^6 multiplications also takes a path without
 * packing in OpenBLAS 0.3, up to 1.4 times as fast (measured on 8 to 32 rows). Otherwise blocks of
 * 96 columns cost at most 2 % against one product over all columns.
 */
static uint32_t column_block(uint32_t rows, uint32_t inner)
{
    for (uint32_t columns = 64; columns >= 32; columns /= 2) {
        if (rows * columns <= 1200 && rows * columns * inner <= 1000000) {
            return columns;
        }
    }
    return MAX_COLUMN_BLOCK;
}

/* `count` rows of t from row `first` on. */
static slip_tensor rows_of(slip_orch *o, const slip_tensor *t, uint32_t first, uint32_t count)
{
    slip_tensor view = {0};
    uint32_t lo[SLIP_MAX_DIMS] = {first, 0};
    uint32_t len[SLIP_MAX_DIMS] = {count, t->shape[1]};
    (void)slip_slice(o, t, lo, len, &view);
    return view;
}

/* `count` columns of the matrix t from column `first` on. */
static slip_tensor columns_of(slip_orch *o, const slip_tensor *t, uint32_t first, uint32_t count)
{
    slip_tensor view = {0};
    uint32_t lo[2] = {0, first};
    uint32_t len[2] = {t->shape[0], count};
    (void)slip_slice(o, t, lo, len, &view);
    return view;
}

/* A new matrix with a row for every token. */
static slip_tensor token_matrix(const struct encoder *e, uint32_t columns)
{
    slip_tensor t = {0};
    uint32_t shape[2] = {e->tokens, columns};
    (void)slip_alloc(e->o, &t, SLIP_F32, 2, shape);
    return t;
}

/* Run argument `index`. */
static slip_tensor argument(const struct encoder *e, uint32_t index)
{
    slip_tensor t = {0};
    (void)slip_orch_tensor(e->o, index, &t);
    return t;
}

/* y = x * transpose(w) + b, one task a column block; w is layer weight `which`, b the next. */
static void submit_linear(const struct encoder *e, enum minilm_kernel kernel, const slip_tensor *x,
                          uint32_t which, const slip_tensor *y)
{
    uint32_t block = column_block(e->tokens, x->shape[1]);
    for (uint32_t first = 0; first < y->shape[1]; first += block) {
        slip_tensor w = rows_of(e->o, &e->weight[which], first, block);
        slip_tensor b = rows_of(e->o, &e->weight[which + 1], first, block);
        slip_tensor part = columns_of(e->o, y, first, block);
        slip_arg args[] = {slip_in(x), slip_in(&w), slip_in(&b), slip_out_existing(&part)};
        (void)slip_spawn(e->o, SLIP_TASK_AIC, (uint16_t)kernel, 4, args);
    }
}

/* x = norm(x + add), one task a row block; layer weights `which` and the next. */
static void submit_add_norm(const struct encoder *e, const slip_tensor *add, uint32_t which)
{
    for (uint32_t first = 0; first < e->tokens; first += e->row_block) {
        uint32_t left = e->tokens - first;
        slip_tensor x = rows_of(e->o, &e->x, first, left < e->row_block ? left : e->row_block);
        slip_arg args[] = {slip_in(add), slip_in(&e->weight[which]), slip_in(&e->weight[which + 1]),
                           slip_inout(&x), slip_scalar(first)};
        (void)slip_spawn(e->o, SLIP_TASK_AIV, MINILM_ADD_NORM, 5, args);
    }
}

/* Embedding of all tokens into x, one task a row block. */
static void submit_embed(const struct encoder *e)
{
    slip_tensor ids = argument(e, MINILM_ARG_IDS);
    slip_tensor global[MINILM_GLOBALS];
    for (uint32_t i = 0; i < MINILM_GLOBALS; i++) {
        global[i] = argument(e, MINILM_ARG_WEIGHTS + i);
    }
    for (uint32_t first = 0; first < e->tokens; first += e->row_block) {
        uint32_t left = e->tokens - first;
        uint32_t count = left < e->row_block ? left : e->row_block;
        slip_tensor part = rows_of(e->o, &ids, first, count);
        slip_tensor position = rows_of(e->o, &global[MINILM_POSITION], first, count);
        slip_tensor x = rows_of(e->o, &e->x, first, count);
        slip_arg args[] = {slip_in(&part),
                           slip_in(&global[MINILM_WORD]),
                           slip_in(&position),
                           slip_in(&global[MINILM_TYPE]),
                           slip_in(&global[MINILM_NORM_W]),
                           slip_in(&global[MINILM_NORM_B]),
                           slip_out_existing(&x)};
        (void)slip_spawn(e->o, SLIP_TASK_AIV, MINILM_EMBED, 7, args);
    }
}

/*
 * Attention of one head, in a scope that frees its scores. The head's columns lie in one column
 * block of query, key and value, and the task reads that block whole: its region is then exactly
 * what one task wrote.
 */
static void submit_head(const struct encoder *e, uint32_t head, const slip_tensor qkv[3],
                        const slip_tensor *context)
{
    uint32_t block = column_block(e->tokens, MINILM_HIDDEN);
    uint32_t first = head * MINILM_HEAD / block * block;
    uint64_t column = head * MINILM_HEAD - first;
    slip_tensor query = columns_of(e->o, &qkv[0], first, block);
    slip_tensor key = columns_of(e->o, &qkv[1], first, block);
    slip_tensor value = columns_of(e->o, &qkv[2], first, block);
    slip_tensor part = columns_of(e->o, context, head * MINILM_HEAD, MINILM_HEAD);
    (void)slip_scope_begin(e->o, SLIP_SCOPE_AUTO);
    slip_tensor s = {0};
    uint32_t shape[2] = {e->tokens, e->tokens};
    slip_arg score_args[] = {slip_in(&query), slip_in(&key), slip_out(&s, SLIP_F32, 2, shape),
                             slip_scalar(column)};
    (void)slip_spawn(e->o, SLIP_TASK_AIC, MINILM_SCORES, 4, score_args);
    slip_arg softmax_args[] = {slip_inout(&s)};
    (void)slip_spawn(e->o, SLIP_TASK_AIV, MINILM_SOFTMAX, 1, softmax_args);
    slip_arg context_args[] = {slip_in(&s), slip_in(&value), slip_out_existing(&part),
                               slip_scalar(column)};
    (void)slip_spawn(e->o, SLIP_TASK_AIC, MINILM_CONTEXT, 4, context_args);
    (void)slip_scope_end(e->o);
}

/* x = norm(x + linear(attention(x))), in a scope that frees everything but x. */
static void submit_attention(const struct encoder *e)
{
    static const uint32_t projections[3] = {MINILM_QUERY_W, MINILM_KEY_W, MINILM_VALUE_W};
    slip_tensor qkv[3];
    (void)slip_scope_begin(e->o, SLIP_SCOPE_AUTO);
    for (uint32_t i = 0; i < 3; i++) {
        qkv[i] = token_matrix(e, MINILM_HIDDEN);
        submit_linear(e, MINILM_LINEAR, &e->x, projections[i], &qkv[i]);
    }
    slip_tensor context = token_matrix(e, MINILM_HIDDEN);
    for (uint32_t head = 0; head < MINILM_HEADS; head++) {
        submit_head(e, head, qkv, &context);
    }
    slip_tensor add = token_matrix(e, MINILM_HIDDEN);
    submit_linear(e, MINILM_LINEAR, &context, MINILM_OUT_W, &add);
    submit_add_norm(e, &add, MINILM_ATTN_NORM_W);
    (void)slip_scope_end(e->o);
}

/* x = norm(x + linear(gelu(linear(x)))), in a scope that frees everything but x. */
static void submit_feed_forward(const struct encoder *e)
{
    (void)slip_scope_begin(e->o, SLIP_SCOPE_AUTO);
    slip_tensor inner = token_matrix(e, MINILM_INNER);
    submit_linear(e, MINILM_LINEAR_GELU, &e->x, MINILM_UP_W, &inner);
    slip_tensor add = token_matrix(e, MINILM_HIDDEN);
    submit_linear(e, MINILM_LINEAR, &inner, MINILM_DOWN_W, &add);
    submit_add_norm(e, &add, MINILM_FFN_NORM_W);
    (void)slip_scope_end(e->o);
}

/* One layer. */
static void submit_layer(struct encoder *e, uint32_t layer)
{
    uint32_t first = MINILM_ARG_WEIGHTS + MINILM_GLOBALS + layer * MINILM_PER_LAYER;
    for (uint32_t i = 0; i < MINILM_PER_LAYER; i++) {
        e->weight[i] = argument(e, first + i);
    }
    submit_attention(e);
    submit_feed_forward(e);
}

/*
 * Rows of a block. Where column blocks are narrow there are tasks enough, and two row blocks keep
 * the number of edges low: every column block waits for every row block.
 */
static uint32_t row_block(uint32_t tokens)
{
    uint32_t blocks = column_block(tokens, MINILM_HIDDEN) < MAX_COLUMN_BLOCK ? 2 : MAX_ROW_BLOCKS;
    return (tokens + blocks - 1) / blocks;
}

/* Submits the tasks of one line. A failed submission makes the later ones do nothing. */
static slip_status orchestrate(slip_orch *o)
{
    struct encoder e = {.o = o};
    slip_tensor ids = {0};
    slip_status status = slip_orch_tensor(o, MINILM_ARG_IDS, &ids);
    if (status != SLIP_OK) {
        return status;
    }
    e.tokens = ids.shape[0];
    if (e.tokens > MINILM_MAX_TOKENS) {
        return slip_orch_fail(o, (int32_t)e.tokens, "wanted at most 256 token ids, found more");
    }
    e.row_block = row_block(e.tokens);
    e.x = token_matrix(&e, MINILM_HIDDEN);
    submit_embed(&e);
    for (uint32_t layer = 0; layer < MINILM_LAYERS && slip_orch_failed(o) == SLIP_OK; layer++) {
        submit_layer(&e, layer);
    }
    slip_tensor mean = {0};
    uint32_t shape[1] = {MINILM_HIDDEN};
    slip_arg pool_args[] = {slip_in(&e.x), slip_out(&mean, SLIP_F32, 1, shape)};
    (void)slip_spawn(o, SLIP_TASK_AIV, MINILM_POOL, 2, pool_args);
    slip_tensor embedding = argument(&e, MINILM_ARG_EMBEDDING);
    slip_arg unit_args[] = {slip_in(&mean), slip_out_existing(&embedding)};
    (void)slip_spawn(o, SLIP_TASK_AIV, MINILM_UNIT, 2, unit_args);
    return slip_orch_failed(o);
}

/* Signature: a weight matrix, a vector, and a matrix followed by its bias. */
#define MATRIX(name)                                         \
    {                                                        \
        name, SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 2 \
    }
#define VECTOR(name)                                         \
    {                                                        \
        name, SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 1 \
    }
#define PAIR(name) MATRIX(name " weight"), VECTOR(name " bias")
#define NORM(name) VECTOR(name " weight"), VECTOR(name " bias")
#define LAYER(n)                                                                                \
    PAIR("layer " n " query"), PAIR("layer " n " key"), PAIR("layer " n " value"),              \
        PAIR("layer " n " output"), NORM("layer " n " attention norm"), PAIR("layer " n " up"), \
        PAIR("layer " n " down"), NORM("layer " n " feed-forward norm")

static const slip_param params[] = {
    {"token ids", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_I32, 1},
    {"embedding", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 1},
    MATRIX("word embeddings"),
    MATRIX("position embeddings"),
    MATRIX("type embeddings"),
    NORM("embedding norm"),
    LAYER("0"),
    LAYER("1"),
    LAYER("2"),
    LAYER("3"),
    LAYER("4"),
    LAYER("5"),
};
_Static_assert(sizeof(params) / sizeof(params[0]) == MINILM_ARGS, "a parameter for every argument");

SLIP_EXPORT_PROGRAM(.name = "minilm", .orchestrate = orchestrate, .kernels = minilm_kernels,
                    .kernel_count = MINILM_KERNELS, .param_count = MINILM_ARGS, .params = params);
