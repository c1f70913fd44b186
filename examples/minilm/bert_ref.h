/*
 * bert_ref.h - the network as sequential C and OpenBLAS, without Slipway.
 *
 * For the host: what the program's results are checked against and its time is compared with.
 * One thread at a time a workspace.
 */
#ifndef MINILM_BERT_REF_H
#define MINILM_BERT_REF_H

#include "weights.h"

/* Intermediate results for up to MINILM_MAX_TOKENS tokens. */
typedef struct bert_ref bert_ref;

/* Makes a workspace; null if there is no memory. The weights must outlive it. */
bert_ref *bert_ref_open(const minilm_weights *weights);

/* Encodes 1 .. MINILM_MAX_TOKENS ids of the vocabulary into MINILM_HIDDEN numbers. */
void bert_ref_encode(bert_ref *ref, const int32_t *ids, uint32_t count, float *out);

/* Frees a workspace; null is fine. */
void bert_ref_close(bert_ref *ref);

#endif
