/*
 * kernels.c - the kernels of random programs: every written element depends on everything read.
 *
 * Called on the runner's threads, and by the sequential execution with operands of its own.
 */
#include <sched.h>

#include "base/atomic.h"
#include "model.h"

/* Tensors of one kernel at most; the generator makes fewer. */
#define MAX_OPERANDS RP_MAX_ARGS

/* True if the kernel reads what the operand held before. */
static bool reads(const rp_operand *o)
{
    return o->reads || o->access == SLIP_ACCESS_IN || o->access == SLIP_ACCESS_INOUT;
}

/* True if the kernel writes the operand. */
static bool writes(const rp_operand *o)
{
    return o->access != SLIP_ACCESS_IN && o->access != SLIP_ACCESS_NONE;
}

/* Walks over the elements of an operand in row-major order. */
typedef struct walk {
    const rp_operand *operand;
    uint32_t index[SLIP_MAX_DIMS];
    int64_t at;
} walk;

/* Moves to the next element; false after the last. */
static bool walk_next(walk *w)
{
    const rp_operand *o = w->operand;
    for (uint32_t d = o->ndim; d > 0; d--) {
        w->at += o->stride[d - 1];
        if (++w->index[d - 1] < o->shape[d - 1]) {
            return true;
        }
        w->at -= (int64_t)o->stride[d - 1] * o->shape[d - 1];
        w->index[d - 1] = 0;
    }
    return false;
}

/* Folds the elements of an operand into a hash; position counts. */
static uint64_t fold(const rp_operand *o, uint64_t hash)
{
    walk w = {o, {0}, 0};
    do {
        hash = (hash ^ o->data[w.at]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    } while (walk_next(&w));
    return hash;
}

/* Writes the elements of one lane. */
static void spread(const rp_operand *o, uint64_t hash, uint32_t lane, uint32_t lanes)
{
    walk w = {o, {0}, 0};
    uint32_t k = 0;
    do {
        if (k % lanes == lane) {
            uint64_t old = reads(o) ? o->data[w.at] : 0;
            o->data[w.at] = (uint32_t)rp_mix64(hash + k * UINT64_C(0xD1B54A32D192ED03) + old);
        }
        k++;
    } while (walk_next(&w));
}

/* One lane of a task. Lanes of one task run at once: they do not read what others write. */
void rp_kernel(const rp_operand *operand, uint32_t count, uint64_t seed, uint32_t lane,
               uint32_t lanes)
{
    uint64_t hash = seed;
    for (uint32_t i = 0; i < count; i++) {
        if (reads(&operand[i]) && (lanes == 1 || !writes(&operand[i]))) {
            hash = fold(&operand[i], hash + i);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (writes(&operand[i])) {
            spread(&operand[i], rp_mix64(hash + i), lane, lanes);
        }
    }
}

/* Seed from the scalars. */
uint64_t rp_kernel_seed(const uint64_t *scalar, uint32_t count)
{
    uint64_t seed = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i != RP_SCALAR_SPIN) {
            seed = rp_mix64(seed + scalar[i] + i);
        }
    }
    return seed;
}

/* Spends a little time, so that a task that is not waited for is late. */
static void spin(uint64_t pauses)
{
    if (pauses >= RP_SPIN_YIELD) {
        (void)sched_yield();
    }
    for (uint64_t i = 0; i < pauses % RP_SPIN_YIELD; i++) {
        slipi_cpu_relax();
    }
}

/* Runs a lane on what the runtime gives. */
static int32_t run_lane(const slip_kernel_ctx *ctx, uint32_t lane, uint32_t lanes)
{
    rp_operand operand[MAX_OPERANDS];
    if (ctx->tensor_count > MAX_OPERANDS || ctx->scalar_count < RP_SCALARS) {
        return 1;
    }
    uint64_t mask = slip_kernel_u64(ctx, RP_SCALAR_READS);
    for (uint32_t i = 0; i < ctx->tensor_count; i++) {
        const slip_task_tensor *t = &ctx->tensors[i];
        rp_operand o = {slip_kernel_data(ctx, i), t->ndim, t->access, t->shape, t->stride,
                        (mask >> i & 1u) != 0};
        operand[i] = o;
    }
    spin(slip_kernel_u64(ctx, RP_SCALAR_SPIN));
    rp_kernel(operand, ctx->tensor_count, rp_kernel_seed(ctx->scalars, ctx->scalar_count), lane,
              lanes);
    return 0;
}

/* The only kernel of its task. */
static int32_t single(const slip_kernel_ctx *ctx)
{
    return run_lane(ctx, 0, 1);
}

/* The AIC's part of a mixed task. */
static int32_t mixed_aic(const slip_kernel_ctx *ctx)
{
    return run_lane(ctx, 0, 3);
}

/* The AIVs' parts of a mixed task. */
static int32_t mixed_aiv(const slip_kernel_ctx *ctx)
{
    return run_lane(ctx, 1u + ctx->lane, 3);
}

const slip_kernel_entry rp_kernels[RP_KERNELS] = {{"mix_aic", single, SLIP_AIC, 0},
                                                  {"mix_aiv", single, SLIP_AIV, 0},
                                                  {"mixed_aic", mixed_aic, SLIP_AIC, 0},
                                                  {"mixed_aiv0", mixed_aiv, SLIP_AIV, 0},
                                                  {"mixed_aiv1", mixed_aiv, SLIP_AIV, 0}};
