/*
 * fold.h - reads UTF-8 and cleans it the way an uncased BERT tokeniser does.
 *
 * For wordpiece.c; no state, any thread.
 */
#ifndef MINILM_FOLD_H
#define MINILM_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a code point is for the tokeniser. */
enum fold_kind {
    FOLD_LETTER, /* part of a word */
    FOLD_SPACE,  /* between words */
    FOLD_ALONE   /* punctuation or a CJK ideograph: a word of its own */
};

/* Most code points that one byte of text can become: a 2-byte code point becomes at most 3. */
enum { FOLD_GROWTH = 2 };

/* Appends the UTF-8 of a code point to `to`; returns the bytes written, at most 4. */
uint32_t fold_put_utf8(uint32_t cp, char *to);

/*
 * Cleans, decomposes, strips and lower-cases text. Writes at most FOLD_GROWTH * bytes code points
 * to `out` and returns how many. White space becomes U+0020.
 */
size_t fold_text(const char *text, size_t bytes, uint32_t *out);

/* What a folded code point is. */
enum fold_kind fold_kind_of(uint32_t cp);

#endif
