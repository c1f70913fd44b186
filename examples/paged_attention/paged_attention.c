/*
 * paged_attention.c - host of the paged attention example: decodes token by token, one run each,
 * with the prebuilt-arena cache on and then off, and compares every output with double precision.
 *
 * A command line program of one thread; `paged_attention --help` lists its options.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "decode.h"
#include "paged_attention_program.h"

static const char intro[] =
    "Decodes several sequences token by token over a paged key/value cache that stays on the\n"
    "device: one run a token, online softmax, ragged contexts. Compares every output with a plain\n"
    "double-precision reference and the caches with what was appended. Then decodes the same\n"
    "tokens again with the cache of prebuilt runtime state off.";

/* What one decode has shown. */
typedef struct outcome {
    double worst;    /* largest difference from the reference */
    uint64_t digest; /* of all outputs */
    uint64_t tasks;  /* of all runs */
    uint64_t fewest; /* tasks of the smallest run */
} outcome;

/* Continues an FNV-1a hash over the bytes of one step's output. */
static uint64_t digest_output(const decode *d, uint64_t digest)
{
    const unsigned char *bytes = (const unsigned char *)d->out;
    uint64_t count = d->size.sequences * d->size.heads * d->size.head_size * sizeof(float);
    for (uint64_t i = 0; i < count; i++) {
        digest = (digest ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    return digest;
}

/* Runs all steps of a decode that has begun. */
static bool run_steps(example_session *session, decode *d, outcome *out)
{
    slip_run_arg args[PAGED_ARG_COUNT];
    *out = (outcome){.digest = UINT64_C(0xCBF29CE484222325), .fewest = UINT64_MAX};
    for (uint64_t step = 0; step < d->size.steps; step++) {
        decode_next_token(d);
        decode_arguments(d, args);
        if (!example_run(session, args, PAGED_ARG_COUNT)) {
            return false;
        }
        uint64_t tasks = session->stats.last_tasks;
        out->worst = fmax(out->worst, decode_compare(d));
        out->digest = digest_output(d, out->digest);
        out->tasks += tasks;
        out->fewest = tasks < out->fewest ? tasks : out->fewest;
    }
    return decode_check_cache(d, session->runner) && example_audit(session);
}

/* Opens a runner with the cache on or off, decodes everything on it and closes it. */
static bool decode_all(const example_options *options, const decode_sizes *size, bool cache_off,
                       example_session *session, outcome *out)
{
    decode d = {0};
    bool good = example_open("paged_attention", options, cache_off, session) &&
                decode_begin(&d, size, options->seed, session->runner) &&
                run_steps(session, &d, out);
    decode_end(&d, session->runner);
    slip_runner_close(session->runner); /* the timings stay with the session */
    session->runner = NULL;
    return good;
}

/* Judges the two decodes and prints the report; returns the exit code. */
static int report(const example_session *on, const outcome *with, const example_session *off,
                  const outcome *without)
{
    /* The outputs are averages of values in [-1, 1); measured: below 1e-6. */
    const double tolerance = 1.0e-5;
    printf("%" PRIu64 " tasks in %" PRIu64 " runs, %" PRIu64 " in the smallest\n", with->tasks,
           on->run_count, with->fewest);
    example_print_times(on, off);
    bool right = with->worst <= tolerance && without->worst <= tolerance;
    printf("largest difference from the reference: %.3g, cache off %.3g (allowed %.3g): %s\n",
           with->worst, without->worst, tolerance, right ? "right" : "WRONG");
    bool same = with->digest == without->digest;
    printf("outputs with the cache on and off are %s\n", same ? "the same bytes" : "DIFFERENT");
    return right && same ? EXAMPLE_OK : EXAMPLE_FAILURE;
}

/* Checks what the ranges of the single options cannot. */
static bool sizes_fit(const decode_sizes *size)
{
    if (size->heads % size->kv_heads != 0) {
        (void)fprintf(stderr,
                      "--heads: wanted a multiple of --kv-heads, which is %" PRIu64
                      ", found %" PRIu64 "\n",
                      size->kv_heads, size->heads);
        return false;
    }
    return true;
}

/* Parses the options, decodes twice, reports. */
int main(int argc, char **argv)
{
    example_options options = {.platform = "cpu", .runs = 64, .seed = 1};
    decode_sizes size = {
        .sequences = 6, .heads = 8, .kv_heads = 2, .head_size = 64, .block = 16, .context = 100};
    const example_number numbers[] = {
        {"--sequences", &size.sequences, 1, 256, "sequences decoded together"},
        {"--heads", &size.heads, 1, 128, "query heads"},
        {"--kv-heads", &size.kv_heads, 1, 32, "key/value heads"},
        {"--head-size", &size.head_size, 1, 1024, "elements of a head"},
        {"--block", &size.block, 2, 1024, "tokens of a block of the cache"},
        {"--context", &size.context, 1, 65536, "most tokens that a sequence starts with"}};
    int exit_code = EXAMPLE_FAILURE;
    uint32_t count = sizeof(numbers) / sizeof(numbers[0]);
    if (!example_parse(argc, argv, intro, &options, numbers, count, &exit_code)) {
        return exit_code;
    }
    if (!sizes_fit(&size)) {
        return EXAMPLE_USAGE;
    }
    size.steps = options.runs;
    printf("paged_attention on %s: %" PRIu64 " tokens for %" PRIu64 " sequences, %" PRIu64
           " heads on %" PRIu64 " key/value heads of %" PRIu64 ", blocks of %" PRIu64
           " tokens, seed %" PRIu64 "\n",
           options.platform, size.steps, size.sequences, size.heads, size.kv_heads, size.head_size,
           size.block, options.seed);
    example_session on = {0};
    example_session off = {0};
    outcome with;
    outcome without;
    if (decode_all(&options, &size, false, &on, &with) &&
        decode_all(&options, &size, true, &off, &without)) {
        exit_code = report(&on, &with, &off, &without);
    }
    example_close(&on);
    example_close(&off);
    return exit_code;
}
