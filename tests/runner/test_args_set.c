/*
 * test_args_set.c - changing one argument of a prepared call leaves what placing all of them anew
 * would: the same addresses, the same groups, the same copies. Random steps against that.
 *
 * ctest-labels: unit S3
 * ctest-run: in_place in_place
 * ctest-run: staged staged
 */
#include <stdlib.h>

#include "runner/args.h"
#include "support/check.h"

/* Tensors of the call, and the places that they may start at: crowded, so that some overlap in most
 * of the steps. */
enum { COUNT = 24, SPOTS = 600, MOST_LINES = 3, STEPS = 20000 };

/* Everything a plan needs. */
typedef struct bench {
    slipi_args_plan plan;
    slipi_staging staging;
    slipi_launch_arg rows[COUNT];
    slip_binding bindings[SLIPI_BIND_ARGS + COUNT];
} bench;

static uint8_t memory[SPOTS * 16 + MOST_LINES * 64];
static uint8_t staged_memory[2][COUNT * MOST_LINES * 64];
static slip_error error;
static uint64_t epoch = 1;
static uint64_t copied; /* bytes, by the member below */
static bool in_place;
static slip_param params[COUNT];
static const slipi_signature signature = {"args", params, 7, COUNT, 0};
static bench changed; /* by slipi_args_set */
static bench fresh;   /* placed anew in every step */

/* All device memory is everybody's. */
static bool owns(void *ctx, uint64_t address, uint64_t bytes)
{
    (void)ctx;
    (void)address;
    return bytes != 0;
}

/* Staging: an area for each of the two plans. */
static slip_status acquire_staging(void *ctx, slipi_staging *staging, uint64_t bytes)
{
    (void)ctx;
    staging->base = (uint64_t)(uintptr_t)staged_memory[staging == &changed.staging ? 0 : 1];
    staging->bytes = bytes;
    return bytes <= sizeof(staged_memory[0]) ? SLIP_OK : SLIP_E_OUT_OF_MEMORY;
}

/* Counts bytes. */
static slip_status copy_to(void *ctx, uint64_t dst, const void *src, uint64_t bytes)
{
    (void)ctx;
    memcpy((void *)(uintptr_t)dst, src, bytes);
    copied += bytes;
    return SLIP_OK;
}

/* The table of a device that shares memory with the host, or not. */
static slip_host_api table(void)
{
    slip_host_api api = {.struct_size = (uint32_t)sizeof(api),
                         .host_in_place = in_place ? 1 : 0,
                         .error = &error,
                         .memory_epoch = &epoch,
                         .copy_to = copy_to,
                         .owns_device_memory = owns,
                         .acquire_staging = acquire_staging};
    return api;
}

/* Argument `index` somewhere at random. */
static slip_run_arg random_arg(uint32_t index)
{
    const uint32_t shape[1] = {4u + (uint32_t)(rand() % (MOST_LINES * 16 - 4))};
    void *at = memory + (size_t)(rand() % SPOTS) * 16;
    if (params[index].kind == SLIP_PARAM_SCALAR) {
        return slip_scalar_arg((uint64_t)rand());
    }
    slip_run_arg arg = slip_host_tensor(at, SLIP_F32, params[index].access, 1, shape);
    arg.flags = params[index].access == SLIP_ACCESS_IN && rand() % 4 == 0 ? SLIP_ARG_CONST : 0;
    if (!in_place && rand() % 3 == 0) {
        arg.space = SLIP_MEMORY_DEVICE;
        arg.device.address = (uint64_t)(uintptr_t)arg.host;
        arg.host = NULL;
    }
    return arg;
}

/* Address of a tensor as the device sees it, relative to the plan's staging. */
static uint64_t address_of(const bench *b, uint32_t index)
{
    const slipi_launch_arg *row = &b->rows[index];
    return b->bindings[row->binding].address + row->offset;
}

/* Compares what two plans say of two arguments. */
static bool same_pair(uint32_t i, uint32_t j)
{
    bool together = changed.rows[i].binding == changed.rows[j].binding;
    return CHECK_EQ(fresh.rows[i].binding == fresh.rows[j].binding, together);
}

/* Compares what both plans say of one argument. */
static bool same(uint32_t i)
{
    const slipi_launch_arg *a = &changed.rows[i];
    const slipi_launch_arg *b = &fresh.rows[i];
    const slip_run_arg *arg = &changed.plan.placed[i];
    bool good = CHECK_EQ(b->kind, a->kind) && CHECK_EQ(b->scalar, a->scalar) &&
                CHECK_EQ(b->shape[0], a->shape[0]) && CHECK_EQ(b->ndim, a->ndim);
    if (arg->kind == SLIP_PARAM_SCALAR) {
        return good && CHECK_EQ(SLIPI_BIND_NONE, a->binding);
    }
    good = good && CHECK_EQ(b->offset, a->offset) && CHECK_EQ(b->written, a->written) &&
           CHECK_EQ(fresh.bindings[b->binding].bytes, changed.bindings[a->binding].bytes);
    if (in_place || arg->space == SLIP_MEMORY_DEVICE) {
        good = good && CHECK_EQ(address_of(&fresh, i), address_of(&changed, i));
    } else {
        uint64_t from = address_of(&changed, i) - changed.staging.base;
        good = good && CHECK(from + changed.plan.bytes[i] <= changed.staging.bytes);
    }
    return good;
}

/* Staged tensors of different groups must not lie over each other. */
static bool staged_apart(void)
{
    for (uint32_t n = 0; n < changed.plan.staged_count; n++) {
        for (uint32_t m = 0; m < n; m++) {
            uint32_t i = changed.plan.staged_order[n];
            uint32_t j = changed.plan.staged_order[m];
            uint64_t a = address_of(&changed, i);
            uint64_t b = address_of(&changed, j);
            bool apart = a + changed.plan.bytes[i] <= b || b + changed.plan.bytes[j] <= a;
            if (!apart && !CHECK_EQ(changed.rows[i].binding, changed.rows[j].binding)) {
                return false;
            }
        }
    }
    return true;
}

/* Both plans after a step. */
static bool agree(const slip_host_api *api, uint32_t step)
{
    static slip_run_arg args[COUNT];
    memcpy(args, changed.plan.placed, sizeof(args));
    fresh.plan.placed_id = 0;
    fresh.plan.args = args;
    bool good = CHECK_STATUS(SLIP_OK, slipi_args_place(api, &signature, &changed.plan, changed.rows,
                                                       changed.bindings)) &&
                CHECK_STATUS(SLIP_OK, slipi_args_place(api, &signature, &fresh.plan, fresh.rows,
                                                       fresh.bindings));
    good = good && CHECK_EQ(fresh.plan.binding_count, changed.plan.binding_count) && staged_apart();
    for (uint32_t i = 0; i < COUNT && good; i++) {
        good = same(i);
        for (uint32_t j = 0; j < i && good; j++) {
            good = args[i].kind != SLIP_PARAM_TENSOR || args[j].kind != SLIP_PARAM_TENSOR ||
                   same_pair(i, j);
        }
    }
    if (!good) {
        fprintf(stderr, "step %u\n", step);
    }
    return good;
}

/* Contents of staged tensors after copying in are those of the host's. */
static bool contents_there(const slip_host_api *api)
{
    uint64_t bytes = 0;
    slip_status status =
        slipi_args_copy_in(api, &changed.plan, changed.rows, changed.bindings, &bytes);
    bool good = CHECK_STATUS(SLIP_OK, status) && CHECK_EQ(0, changed.plan.once_count);
    for (uint32_t n = 0; n < changed.plan.staged_count && good; n++) {
        uint32_t i = changed.plan.staged_order[n];
        const slip_run_arg *arg = &changed.plan.placed[i];
        const void *there = (const void *)(uintptr_t)address_of(&changed, i);
        good = arg->access == SLIP_ACCESS_OUT ||
               CHECK(memcmp(there, arg->host, changed.plan.bytes[i]) == 0);
    }
    return good;
}

/* Makes the signature: every seventh a scalar, the others IN, OUT and INOUT in turn. */
static void make_signature(void)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t access = (uint8_t)(SLIP_ACCESS_IN + i % 3);
        params[i] = i % 7 == 3 ? (slip_param){"s", SLIP_PARAM_SCALAR, 0, 0, 0}
                               : (slip_param){"t", SLIP_PARAM_TENSOR, access, SLIP_F32, 1};
    }
}

/* Random changes, one at a time and several between two runs. */
static void random_changes(void)
{
    slip_host_api api = table();
    make_signature();
    for (uint32_t i = 0; i < sizeof(memory); i++) {
        memory[i] = (uint8_t)rand();
    }
    changed.plan.prepared = 1;
    changed.plan.staging = &changed.staging;
    changed.plan.args = changed.plan.placed;
    changed.plan.count = COUNT;
    fresh.plan.staging = &fresh.staging;
    fresh.plan.count = COUNT;
    for (uint32_t i = 0; i < COUNT; i++) {
        changed.plan.placed[i] = random_arg(i);
    }
    uint32_t patched = 0;
    bool good = agree(&api, 0);
    for (uint32_t step = 1; step <= STEPS && good; step++) {
        changed.plan.whole = 0;
        for (int k = rand() % 3; k >= 0; k--) {
            uint32_t index = (uint32_t)(rand() % COUNT);
            slip_run_arg arg = random_arg(index);
            const slipi_args_change change = {index, &arg};
            good = CHECK_STATUS(SLIP_OK, slipi_args_set(&api, &signature, &changed.plan,
                                                        changed.rows, &change)) &&
                   good;
        }
        good = good && agree(&api, step) && contents_there(&api);
        patched += changed.plan.whole == 0 ? 1u : 0u;
        changed.plan.changed_count = 0;
    }
    printf("%u of %u steps without placing anew\n", patched, STEPS);
    CHECK(patched > STEPS / 100); /* otherwise this test tests nothing */
}

/* Tensors far apart that pass each other never make the others be placed again. */
static void apart_is_never_placed_again(void)
{
    static uint8_t wide[COUNT * 64 * 4];
    slip_host_api api = table();
    const uint32_t shape[1] = {8};
    memset(&changed, 0, sizeof(changed));
    changed.plan.prepared = 1;
    changed.plan.staging = &changed.staging;
    changed.plan.args = changed.plan.placed;
    changed.plan.count = COUNT;
    for (uint32_t i = 0; i < COUNT; i++) {
        changed.plan.placed[i] =
            params[i].kind == SLIP_PARAM_SCALAR
                ? slip_scalar_arg(i)
                : slip_host_tensor(wide + (size_t)i * 256, SLIP_F32, params[i].access, 1, shape);
    }
    CHECK_STATUS(SLIP_OK,
                 slipi_args_place(&api, &signature, &changed.plan, changed.rows, changed.bindings));
    for (uint32_t step = 0; step < 2000; step++) {
        uint32_t index = step % COUNT;
        uint32_t to = (step * 7u) % (COUNT * 4u); /* lines in use belong to another one */
        slip_run_arg arg = changed.plan.placed[index];
        uint8_t *at = wide + (size_t)to * 64;
        bool taken = false;
        for (uint32_t i = 0; i < COUNT; i++) {
            taken = taken || (i != index && changed.plan.placed[i].host == at);
        }
        if (params[index].kind == SLIP_PARAM_SCALAR || taken) {
            continue;
        }
        arg.host = at;
        changed.plan.whole = 0;
        changed.plan.changed_count = 0;
        const slipi_args_change change = {index, &arg};
        CHECK_STATUS(SLIP_OK,
                     slipi_args_set(&api, &signature, &changed.plan, changed.rows, &change));
        CHECK(agree(&api, step));
        CHECK_EQ(0, changed.plan.whole);
        CHECK(changed.plan.changed_count <= 1);
    }
}

/* Two tensors that change places, as buffers written in turn do, meet only on the way. */
static void exchange_is_never_placed_again(void)
{
    slip_host_api api = table();
    for (uint32_t step = 0; step < 500; step++) {
        uint32_t first = step % COUNT;
        uint32_t second = (step + 1 + step / COUNT) % COUNT;
        if (first == second || params[first].kind == SLIP_PARAM_SCALAR ||
            params[second].kind == SLIP_PARAM_SCALAR) {
            continue;
        }
        changed.plan.whole = 0;
        changed.plan.changed_count = 0;
        slip_run_arg a = changed.plan.placed[first];
        slip_run_arg b = changed.plan.placed[second];
        void *host = a.host;
        a.host = b.host;
        b.host = host;
        const slipi_args_change changes[] = {{first, &a}, {second, &b}};
        for (uint32_t i = 0; i < 2; i++) {
            CHECK_STATUS(SLIP_OK, slipi_args_set(&api, &signature, &changed.plan, changed.rows,
                                                 &changes[i]));
        }
        CHECK(agree(&api, step));
        CHECK_EQ(0, changed.plan.whole);
        CHECK_EQ(in_place ? 2 : 0, changed.plan.changed_count); /* staged: only contents move */
    }
}

/* Runs every case. */
int main(int argc, char **argv)
{
    in_place = argc > 1 && strcmp(argv[1], "in_place") == 0;
    srand(20);
    printf("seed 20\n");
    CHECK_CASE(random_changes);
    CHECK_CASE(apart_is_never_placed_again);
    CHECK_CASE(exchange_is_never_placed_again);
    return check_report();
}
