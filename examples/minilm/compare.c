/*
 * compare.c - times the program beside the sequential version; see compare.h.
 *
 * Called by the host, one thread.
 */
#include "compare.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Chosen: enough rounds for a median, few enough for a demonstration. */
enum { MAX_ROUNDS = 64 };

/* Times of every round, and the two runners. */
struct comparison {
    encoder encoders[2];
    uint64_t ns[MINILM_VERSIONS][MAX_ROUNDS];
};

/* Nanoseconds since some point in the past. */
static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* Encodes all lines with one of the versions: 0 sequential, else with so many threads. */
static bool encode_all(struct comparison *c, uint32_t version, bert_ref *ref, minilm_lines *lines)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        minilm_line *line = &lines->line[i];
        if (version == 0) {
            bert_ref_encode(ref, line->ids.id, line->ids.count, line->sequential);
        } else if (!encoder_run(&c->encoders[version - 1], line)) {
            return false;
        }
    }
    return true;
}

/* Opens both runners, and times all rounds after one that is not counted. */
static bool measure(struct comparison *c, const example_options *options,
                    const minilm_weights *weights, bert_ref *ref, minilm_lines *lines)
{
    example_options own = *options;
    uint32_t rounds = (uint32_t)options->runs;
    own.platform = "cpu";
    own.audit = 0;
    own.runs = (options->runs + 1) * lines->count;
    for (uint32_t t = 0; t < 2; t++) {
        own.threads = t + 1;
        if (!encoder_open(&own, false, weights, &c->encoders[t])) {
            return false;
        }
    }
    for (uint32_t round = 0; round < rounds + 1; round++) {
        for (uint32_t version = 0; version < MINILM_VERSIONS; version++) {
            uint64_t start = now_ns();
            if (!encode_all(c, version, ref, lines)) {
                return false;
            }
            if (round > 0) {
                c->ns[version][round - 1] = now_ns() - start;
            }
        }
    }
    return true;
}

bool minilm_compare(const example_options *options, const minilm_weights *weights, bert_ref *ref,
                    minilm_lines *lines, minilm_times *out)
{
    example_options bounded = *options;
    memset(out, 0, sizeof(*out));
    bounded.runs = options->runs < MAX_ROUNDS ? options->runs : MAX_ROUNDS;
    struct comparison *c = example_alloc(1, sizeof(*c));
    bool ok = measure(c, &bounded, weights, ref, lines);
    if (ok) {
        out->rounds = (uint32_t)bounded.runs;
        for (uint32_t v = 0; v < MINILM_VERSIONS; v++) {
            out->median_ns[v] = example_percentile(c->ns[v], out->rounds, 50);
            out->best_ns[v] = example_percentile(c->ns[v], out->rounds, 0);
        }
    }
    encoder_close(&c->encoders[0]);
    encoder_close(&c->encoders[1]);
    free(c);
    return ok;
}
