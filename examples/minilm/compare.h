/*
 * compare.h - time of the program beside the sequential version.
 *
 * For the host, one thread.
 */
#ifndef MINILM_COMPARE_H
#define MINILM_COMPARE_H

#include "bert_ref.h"
#include "encoder.h"

/* What is timed: the sequential version, and the program with 1 and with 2 threads. */
enum { MINILM_VERSIONS = 3 };

/* Nanoseconds to encode all lines once, over the rounds. */
typedef struct minilm_times {
    uint32_t rounds; /* 0: not measured */
    uint64_t median_ns[MINILM_VERSIONS];
    uint64_t best_ns[MINILM_VERSIONS]; /* nearer to the truth on a machine with other work */
} minilm_times;

/*
 * Encodes all lines `rounds` times with the sequential version, with 1 and with 2 threads on the
 * cpu platform, in turn, so that all three see the machine in the same state. Embeddings of the
 * lines are overwritten. On failure prints why and returns false.
 */
bool minilm_compare(const example_options *options, const minilm_weights *weights, bert_ref *ref,
                    minilm_lines *lines, minilm_times *out);

#endif
