/*
 * paged_attention_program.c - one decode step of attention over a paged key/value cache.
 *
 * Called by the runtime on its orchestrator thread, once a run. For each sequence and each group
 * of query heads that share a key/value head:
 *
 *   append                      the new token's key and value go into the cache (inout)
 *   for each block of the sequence, found through the block table:
 *     qk + bias, bias           one mixed task: scores on the AIC, both halves of the bias on the
 *                               AIVs of the same cluster
 *     softmax                   weights of the block, its maximum and sum (AIV)
 *     pv                        weighted values of the block (AIC)
 *     update                    merged into the running softmax (AIV, inout)
 *   finish                      out = accumulator / sum (AIV)
 *
 * The blocks' tasks run in parallel up to `update`; appends are ordered before the reads of the
 * block that they write, and of no other. No order is given by hand.
 */
#include "paged_attention_program.h"

#include <math.h>
#include <stdbool.h>

enum { MAX_GROUPS = 32 }; /* key/value heads: as many as the largest models commonly have */

/* The running softmax of one sequence and group. */
typedef struct running {
    slip_tensor maximum;     /* G */
    slip_tensor sum;         /* G */
    slip_tensor accumulator; /* G x D */
} running;

/* What the orchestration hands from function to function. */
typedef struct step {
    slip_orch *o;
    slip_tensor arg[PAGED_ARG_COUNT];
    uint32_t sequences;
    uint32_t heads;
    uint32_t groups;
    uint32_t group_heads; /* query heads of a group */
    uint32_t head_size;
    uint32_t block_tokens;
    uint32_t cache_blocks;
    uint32_t table_blocks; /* blocks a sequence can have */
    running running[MAX_GROUPS];
} step;

/* One block of one sequence. */
typedef struct block {
    uint32_t sequence;
    uint32_t length;      /* tokens of the sequence */
    uint32_t first;       /* the block's first token */
    uint32_t cache_index; /* where the table says that it is */
} block;

/* Bit pattern of a float. */
static uint64_t float_bits(float value)
{
    union {
        float f;
        uint32_t u;
    } bits = {.f = value};
    return bits.u;
}

/* Element (i, j) of a one- or two-dimensional i32 tensor; -1 if the run has failed. */
static int32_t get_i32(slip_orch *o, const slip_tensor *t, uint32_t i, uint32_t j)
{
    const uint32_t index[2] = {i, j};
    uint64_t bits = 0;
    return slip_get(o, t, index, &bits) == SLIP_OK ? (int32_t)(uint32_t)bits : -1;
}

/* The rows of group k of one sequence in a tensor S x (groups * rows) x D: 1 x rows x D. */
static slip_tensor head_rows(const step *s, enum paged_arg arg, uint32_t sequence, uint32_t k,
                             uint32_t rows)
{
    const uint32_t lo[3] = {sequence, k * rows, 0};
    const uint32_t len[3] = {1, rows, s->head_size};
    slip_tensor view = {0};
    slip_slice(s->o, &s->arg[arg], lo, len, &view);
    return view;
}

/* One block of one key/value head in the cache: 1 x 1 x B x D. */
static slip_tensor cache_block(const step *s, enum paged_arg arg, uint32_t index, uint32_t k)
{
    const uint32_t lo[4] = {index, k, 0, 0};
    const uint32_t len[4] = {1, 1, s->block_tokens, s->head_size};
    slip_tensor view = {0};
    slip_slice(s->o, &s->arg[arg], lo, len, &view);
    return view;
}

/* Takes the arguments and checks that their shapes fit each other. */
static slip_status read_arguments(step *s)
{
    for (uint32_t i = 0; i < PAGED_ARG_COUNT; i++) {
        slip_orch_tensor(s->o, i, &s->arg[i]);
    }
    if (slip_orch_failed(s->o) != SLIP_OK) {
        return slip_orch_failed(s->o);
    }
    const uint32_t *query = s->arg[PAGED_ARG_QUERY].shape;
    const uint32_t *cache = s->arg[PAGED_ARG_KEY_CACHE].shape;
    s->sequences = query[0];
    s->heads = query[1];
    s->head_size = query[2];
    s->cache_blocks = cache[0];
    s->groups = cache[1];
    s->block_tokens = cache[2];
    s->table_blocks = s->arg[PAGED_ARG_TABLE].shape[1];
    if (s->groups > MAX_GROUPS || s->heads % s->groups != 0 || s->block_tokens < 2) {
        return slip_orch_fail(s->o, 1,
                              "wanted at most 32 key/value heads, a multiple of them as "
                              "query heads, and blocks of 2 tokens or more");
    }
    s->group_heads = s->heads / s->groups;
    bool fits = true;
    for (uint32_t i = PAGED_ARG_KEY; i <= PAGED_ARG_VALUE; i++) {
        const uint32_t *shape = s->arg[i].shape;
        fits =
            fits && shape[0] == s->sequences && shape[1] == s->groups && shape[2] == s->head_size;
    }
    for (uint32_t d = 0; d < 4; d++) {
        fits = fits && s->arg[PAGED_ARG_VALUE_CACHE].shape[d] == cache[d];
    }
    for (uint32_t d = 0; d < 3; d++) {
        fits = fits && s->arg[PAGED_ARG_OUT].shape[d] == query[d];
    }
    fits = fits && cache[3] == s->head_size && s->arg[PAGED_ARG_TABLE].shape[0] == s->sequences &&
           s->arg[PAGED_ARG_LENGTHS].shape[0] == s->sequences;
    return fits ? SLIP_OK : slip_orch_fail(s->o, 2, "the shapes of the arguments do not fit");
}

/* Finds block j of a sequence through the table; false if the table or the run is bad. */
static bool find_block(const step *s, uint32_t j, block *b)
{
    int32_t index = get_i32(s->o, &s->arg[PAGED_ARG_TABLE], b->sequence, j);
    if (index < 0 || (uint32_t)index >= s->cache_blocks) {
        slip_orch_fail(s->o, 3, "an entry of the block table is not a block of the cache");
        return false;
    }
    b->first = j * s->block_tokens;
    b->cache_index = (uint32_t)index;
    return true;
}

/* Submits the write of the new token's key and value into the last block of a sequence. */
static void submit_append(const step *s, const block *last, uint32_t k)
{
    slip_tensor key = head_rows(s, PAGED_ARG_KEY, last->sequence, k, 1);
    slip_tensor value = head_rows(s, PAGED_ARG_VALUE, last->sequence, k, 1);
    slip_tensor key_block = cache_block(s, PAGED_ARG_KEY_CACHE, last->cache_index, k);
    slip_tensor value_block = cache_block(s, PAGED_ARG_VALUE_CACHE, last->cache_index, k);
    const slip_arg args[] = {slip_in(&key), slip_in(&value), slip_inout(&key_block),
                             slip_inout(&value_block), slip_scalar(last->length - 1 - last->first)};
    slip_spawn(s->o, SLIP_TASK_AIV, PAGED_APPEND, 5, args);
}

/* Allocates the running softmax of a group in the sequence's scope: a task without a kernel. */
static void submit_start(step *s, uint32_t k)
{
    running *r = &s->running[k];
    const uint32_t shape[2] = {s->group_heads, s->head_size};
    const slip_arg args[] = {slip_out_init(&r->maximum, SLIP_F32, 1, shape, float_bits(-INFINITY)),
                             slip_out_init(&r->sum, SLIP_F32, 1, shape, float_bits(0.0F)),
                             slip_out_init(&r->accumulator, SLIP_F32, 2, shape, float_bits(0.0F))};
    slip_spawn(s->o, SLIP_TASK_DUMMY, 0, 3, args);
}

/* Submits the mixed task of a block: scores on the AIC, the bias' halves on the two AIVs. */
static void submit_scores(const step *s, const block *b, uint32_t k, slip_tensor out[3])
{
    slip_tensor query = head_rows(s, PAGED_ARG_QUERY, b->sequence, k, s->group_heads);
    slip_tensor key = cache_block(s, PAGED_ARG_KEY_CACHE, b->cache_index, k);
    const uint32_t scores[2] = {s->group_heads, s->block_tokens};
    const uint32_t low[2] = {s->group_heads, s->block_tokens / 2};
    const uint32_t high[2] = {s->group_heads, s->block_tokens - s->block_tokens / 2};
    const slip_arg args[] = {slip_in(&query),
                             slip_in(&key),
                             slip_out(&out[0], SLIP_F32, 2, scores),
                             slip_out(&out[1], SLIP_F32, 2, low),
                             slip_out(&out[2], SLIP_F32, 2, high),
                             slip_scalar(b->length),
                             slip_scalar(b->first),
                             slip_scalar(k * s->group_heads),
                             slip_scalar(s->heads)};
    const slip_task task = {.struct_size = sizeof(task),
                            .shape = SLIP_TASK_MIXED,
                            .kernel = {PAGED_SCORES, PAGED_BIAS, PAGED_BIAS},
                            .arg_count = 9,
                            .args = args};
    slip_submit_task(s->o, &task, NULL);
}

/* Submits the tasks of one block and group. What they make lives in a scope of its own. */
static void submit_block(const step *s, const block *b, uint32_t k)
{
    const running *r = &s->running[k];
    uint32_t left = b->length - b->first;
    uint32_t tokens = left < s->block_tokens ? left : s->block_tokens;
    const uint32_t shape[2] = {s->group_heads, s->head_size};
    slip_tensor scores[3] = {{0}};
    slip_tensor maximum = {0};
    slip_tensor sum = {0};
    slip_tensor values = {0};
    slip_scope_begin(s->o, SLIP_SCOPE_AUTO);
    submit_scores(s, b, k, scores);

    const slip_arg softmax[] = {slip_inout(&scores[0]),
                                slip_in(&scores[1]),
                                slip_in(&scores[2]),
                                slip_out(&maximum, SLIP_F32, 1, shape),
                                slip_out(&sum, SLIP_F32, 1, shape),
                                slip_scalar_f64(1.0 / sqrt((double)s->head_size))};
    slip_spawn(s->o, SLIP_TASK_AIV, PAGED_SOFTMAX, 6, softmax);

    slip_tensor value = cache_block(s, PAGED_ARG_VALUE_CACHE, b->cache_index, k);
    const slip_arg pv[] = {slip_in(&scores[0]), slip_in(&value),
                           slip_out(&values, SLIP_F32, 2, shape), slip_scalar(tokens)};
    slip_spawn(s->o, SLIP_TASK_AIC, PAGED_WEIGHTED_SUM, 4, pv);

    const slip_arg update[] = {
        slip_inout(&r->maximum), slip_inout(&r->sum), slip_inout(&r->accumulator),
        slip_in(&maximum),       slip_in(&sum),       slip_in(&values)};
    slip_spawn(s->o, SLIP_TASK_AIV, PAGED_UPDATE, 6, update);
    slip_scope_end(s->o);
}

/* Submits the division that gives a group's part of the output. */
static void submit_finish(const step *s, uint32_t sequence, uint32_t k)
{
    const running *r = &s->running[k];
    slip_tensor out = head_rows(s, PAGED_ARG_OUT, sequence, k, s->group_heads);
    const slip_arg args[] = {slip_in(&r->sum), slip_in(&r->accumulator), slip_out_existing(&out)};
    slip_spawn(s->o, SLIP_TASK_AIV, PAGED_FINISH, 3, args);
}

/* Submits everything for one sequence. */
static slip_status submit_sequence(step *s, uint32_t sequence)
{
    int32_t length = get_i32(s->o, &s->arg[PAGED_ARG_LENGTHS], sequence, 0);
    if (length < 1 || (uint64_t)length > (uint64_t)s->table_blocks * s->block_tokens) {
        return slip_orch_fail(s->o, 4, "a context length is not within its row of the table");
    }
    block b = {.sequence = sequence, .length = (uint32_t)length};
    uint32_t blocks = (b.length - 1) / s->block_tokens + 1;
    if (!find_block(s, blocks - 1, &b)) {
        return slip_orch_failed(s->o);
    }
    slip_scope_begin(s->o, SLIP_SCOPE_AUTO);
    for (uint32_t k = 0; k < s->groups; k++) {
        submit_append(s, &b, k);
        submit_start(s, k);
    }
    for (uint32_t j = 0; j < blocks && find_block(s, j, &b); j++) {
        for (uint32_t k = 0; k < s->groups; k++) {
            submit_block(s, &b, k);
        }
    }
    for (uint32_t k = 0; k < s->groups; k++) {
        submit_finish(s, sequence, k);
    }
    slip_scope_end(s->o);
    return slip_orch_failed(s->o);
}

/* The graph of one step. */
static slip_status orchestrate(slip_orch *o)
{
    step s = {.o = o};
    slip_status status = read_arguments(&s);
    for (uint32_t i = 0; status == SLIP_OK && i < s.sequences; i++) {
        status = submit_sequence(&s, i);
    }
    return status;
}

static const slip_param params[PAGED_ARG_COUNT] = {
    [PAGED_ARG_QUERY] = {"query", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 3},
    [PAGED_ARG_KEY] = {"key", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 3},
    [PAGED_ARG_VALUE] = {"value", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 3},
    [PAGED_ARG_KEY_CACHE] = {"key_cache", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 4},
    [PAGED_ARG_VALUE_CACHE] = {"value_cache", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 4},
    [PAGED_ARG_TABLE] = {"block_table", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_I32, 2},
    [PAGED_ARG_LENGTHS] = {"context_lengths", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_I32, 1},
    [PAGED_ARG_OUT] = {"out", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 3}};

SLIP_EXPORT_PROGRAM("paged_attention", orchestrate, NULL, paged_kernels, PAGED_KERNEL_COUNT,
                    PAGED_ARG_COUNT, params);
