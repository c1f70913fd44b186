/*
 * wordpiece.h - turns text into the token ids of an uncased BERT vocabulary.
 *
 * For the host side of the example. An open vocabulary is constant: any threads may encode with it
 * at the same time.
 *
 * Text is cleaned (control characters go, white space becomes a space), decomposed, freed of
 * accents and lower-cased, split at white space, punctuation and CJK ideographs, and every word is
 * cut greedily into the longest pieces that the vocabulary has; pieces inside a word are written
 * "##piece" there. A word that cannot be cut, or is longer than 100 characters, is [UNK].
 * Text that looks like a special token ("[SEP]") is text here.
 */
#ifndef MINILM_WORDPIECE_H
#define MINILM_WORDPIECE_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "model.h"

typedef struct wordpiece wordpiece;

/* Ids of one text, [CLS] and [SEP] included. */
typedef struct wordpiece_ids {
    uint32_t count;
    uint32_t cut; /* 1: the text had more tokens than there is room for */
    int32_t id[MINILM_MAX_TOKENS];
} wordpiece_ids;

/*
 * Reads a vocabulary: one word a line, ids from 0. SLIP_E_FILE, SLIP_E_FORMAT if it lacks [UNK],
 * [CLS] or [SEP] or has too many words, SLIP_E_OUT_OF_MEMORY; *out is null then.
 */
SLIP_MUST_USE slip_status wordpiece_open(const char *path, wordpiece **out, minilm_error *error);

/* Words of the vocabulary. */
uint32_t wordpiece_count(const wordpiece *vocabulary);

/* Encodes UTF-8 text; bytes that are no UTF-8 are dropped. SLIP_E_LIMIT for more than 1 MiB. */
SLIP_MUST_USE slip_status wordpiece_encode(const wordpiece *vocabulary, const char *text,
                                           size_t bytes, wordpiece_ids *out, minilm_error *error);

/* Frees a vocabulary; null is fine. */
void wordpiece_close(wordpiece *vocabulary);

#endif
