/*
 * test_paged_bad_arguments.c - wrong run arguments of the paged attention program, on the platform
 * that follows --platform: each fails its run with a message of its own, and the run after it is
 * right.
 *
 * ctest-labels: example
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include <stdlib.h>

#include <slipway/slipway.h>

#include "../../examples/paged_attention/paged_attention_program.h"
#include "support/check.h"

/* Two sequences, two heads of four elements on one key/value head, blocks of two, four blocks. */
enum { SEQUENCES = 2, HEADS = 2, GROUPS = 1, SIZE = 4, BLOCK = 2, BLOCKS = 4, TABLE = 2 };

static slip_runner *runner;
static slip_callable callable;
static float query[SEQUENCES * HEADS * SIZE];
static float key[SEQUENCES * GROUPS * SIZE];
static float out[SEQUENCES * HEADS * SIZE];
static float key_cache[BLOCKS * GROUPS * BLOCK * SIZE];
static float value_cache[BLOCKS * GROUPS * BLOCK * SIZE];
static int32_t table[SEQUENCES * TABLE];
static int32_t lengths[SEQUENCES];

/* Fills good arguments: each sequence has one token, whose value is 3 everywhere. */
static void good_arguments(slip_run_arg *args)
{
    const uint32_t query_shape[3] = {SEQUENCES, HEADS, SIZE};
    const uint32_t key_shape[3] = {SEQUENCES, GROUPS, SIZE};
    const uint32_t cache[4] = {BLOCKS, GROUPS, BLOCK, SIZE};
    const uint32_t table_shape[2] = {SEQUENCES, TABLE};
    for (uint32_t i = 0; i < SEQUENCES * GROUPS * SIZE; i++) {
        key[i] = 3.0F;
    }
    memset(out, 0, sizeof(out));
    for (int32_t s = 0; s < SEQUENCES; s++) {
        table[s * TABLE] = BLOCKS - 1 - s;
        table[s * TABLE + 1] = s;
        lengths[s] = 1;
    }
    args[PAGED_ARG_QUERY] = slip_host_tensor(query, SLIP_F32, SLIP_ACCESS_IN, 3, query_shape);
    args[PAGED_ARG_KEY] = slip_host_tensor(key, SLIP_F32, SLIP_ACCESS_IN, 3, key_shape);
    args[PAGED_ARG_VALUE] = slip_host_tensor(key, SLIP_F32, SLIP_ACCESS_IN, 3, key_shape);
    args[PAGED_ARG_KEY_CACHE] = slip_host_tensor(key_cache, SLIP_F32, SLIP_ACCESS_INOUT, 4, cache);
    args[PAGED_ARG_VALUE_CACHE] =
        slip_host_tensor(value_cache, SLIP_F32, SLIP_ACCESS_INOUT, 4, cache);
    args[PAGED_ARG_TABLE] = slip_host_tensor(table, SLIP_I32, SLIP_ACCESS_IN, 2, table_shape);
    args[PAGED_ARG_LENGTHS] = slip_host_tensor(lengths, SLIP_I32, SLIP_ACCESS_IN, 1, table_shape);
    args[PAGED_ARG_OUT] = slip_host_tensor(out, SLIP_F32, SLIP_ACCESS_OUT, 3, query_shape);
}

/* A run with good arguments: attention to one token is that token's value. */
static void expect_good_run(void)
{
    slip_run_arg args[PAGED_ARG_COUNT];
    good_arguments(args);
    CHECK_STATUS(SLIP_OK, slip_run(runner, callable, args, PAGED_ARG_COUNT, NULL));
    for (uint32_t i = 0; i < SEQUENCES * HEADS * SIZE; i++) {
        CHECK_NEAR(out[i], 3.0, 0.0);
    }
    CHECK_NEAR(key_cache[(BLOCKS - 1) * BLOCK * SIZE], 3.0, 0.0);
}

/* A run that the program itself fails with its code and a message that contains `part`. */
static void expect_failure(const slip_run_arg *args, int32_t code, const char *part)
{
    CHECK_STATUS(SLIP_E_ORCH_FAILED, slip_run(runner, callable, args, PAGED_ARG_COUNT, NULL));
    slip_error error = {.struct_size = sizeof(error)};
    CHECK_STATUS(SLIP_OK, slip_last_error(runner, &error));
    CHECK_STATUS(SLIP_E_ORCH_FAILED, error.status);
    CHECK_EQ(code, error.code);
    CHECK_CONTAINS(error.message, part);
    expect_good_run();
}

/* A table entry behind the cache, and a negative one. */
static void block_outside_the_cache(void)
{
    slip_run_arg args[PAGED_ARG_COUNT];
    good_arguments(args);
    table[TABLE] = BLOCKS;
    expect_failure(args, 3, "block table");
    good_arguments(args);
    table[0] = -1;
    expect_failure(args, 3, "block table");
}

/* A sequence without a token, and one longer than its row of the table. */
static void length_outside_the_table(void)
{
    slip_run_arg args[PAGED_ARG_COUNT];
    good_arguments(args);
    lengths[1] = 0;
    expect_failure(args, 4, "context length");
    good_arguments(args);
    lengths[0] = TABLE * BLOCK + 1;
    expect_failure(args, 4, "context length");
}

/* Keys for another number of sequences. */
static void shapes_do_not_fit(void)
{
    slip_run_arg args[PAGED_ARG_COUNT];
    good_arguments(args);
    args[PAGED_ARG_KEY].shape[0] = 1;
    expect_failure(args, 2, "shapes");
}

/* Blocks of one token cannot be split between two vector cores. */
static void blocks_too_small(void)
{
    slip_run_arg args[PAGED_ARG_COUNT];
    good_arguments(args);
    args[PAGED_ARG_KEY_CACHE].shape[2] = 1;
    expect_failure(args, 1, "2 tokens or more");
}

/* An access, a type and a count that the signature does not have. */
static void signature_is_checked(void)
{
    slip_run_arg args[PAGED_ARG_COUNT];
    good_arguments(args);
    args[PAGED_ARG_KEY_CACHE].access = SLIP_ACCESS_IN;
    CHECK_STATUS(SLIP_E_SIGNATURE, slip_run(runner, callable, args, PAGED_ARG_COUNT, NULL));
    good_arguments(args);
    args[PAGED_ARG_TABLE].dtype = SLIP_F32;
    CHECK_STATUS(SLIP_E_SIGNATURE, slip_run(runner, callable, args, PAGED_ARG_COUNT, NULL));
    good_arguments(args);
    CHECK_STATUS(SLIP_E_SIGNATURE, slip_run(runner, callable, args, PAGED_ARG_COUNT - 1, NULL));
    expect_good_run();
}

/* Opens the platform, registers the program, runs the cases. */
int main(int argc, char **argv)
{
    const char *build = getenv("SLIPWAY_BUILD_DIR");
    char path[4096];
    snprintf(path, sizeof(path), "%s/examples/paged_attention.so", build != NULL ? build : ".");
    slip_runner_options options = {.struct_size = sizeof(options),
                                   .platform = argc > 2 ? argv[2] : "cpu"};
    if (!CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner)) ||
        !CHECK_STATUS(SLIP_OK, slip_register_file(runner, path, &callable))) {
        return check_report();
    }
    CHECK_CASE(expect_good_run);
    CHECK_CASE(block_outside_the_cache);
    CHECK_CASE(length_outside_the_table);
    CHECK_CASE(shapes_do_not_fit);
    CHECK_CASE(blocks_too_small);
    CHECK_CASE(signature_is_checked);
    slip_runner_close(runner);
    return check_report();
}
