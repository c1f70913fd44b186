/*
 * fold.c - UTF-8, cleaning, decomposition, accents, case; see fold.h.
 *
 * Called by wordpiece.c from any thread; constant tables only.
 */
#include "fold.h"

#include "unicode_tables.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

enum {
    BAD_UTF8 = 0xFFFD, /* the replacement character; the tokeniser drops it */
    /* Hangul syllables decompose by arithmetic (Unicode, section 3.12). */
    HANGUL_FIRST = 0xAC00,
    HANGUL_LAST = 0xD7A3,
    HANGUL_LEAD = 0x1100,
    HANGUL_VOWEL = 0x1161,
    HANGUL_TAIL = 0x11A7,
    HANGUL_VOWELS = 21,
    HANGUL_TAILS = 28
};

/* Bytes that follow a first byte of UTF-8, and its own bits; false if it cannot be a first byte. */
static bool utf8_start(uint8_t byte, uint32_t *out_more, uint32_t *out_bits)
{
    if (byte >= 0xC2 && byte <= 0xDF) {
        *out_more = 1;
        *out_bits = byte & 0x1Fu;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
        *out_more = 2;
        *out_bits = byte & 0x0Fu;
    } else if (byte >= 0xF0 && byte <= 0xF4) {
        *out_more = 3;
        *out_bits = byte & 0x07u;
    } else {
        return false;
    }
    return true;
}

/* Reads one code point at *at and moves *at past it. What is no UTF-8 is BAD_UTF8, a byte long. */
static uint32_t get_utf8(const char *text, size_t bytes, size_t *at)
{
    uint8_t first = (uint8_t)text[(*at)++];
    uint32_t more = 0;
    uint32_t cp = 0;
    if (first < 0x80) {
        return first;
    }
    if (!utf8_start(first, &more, &cp) || bytes - *at < more) {
        return BAD_UTF8;
    }
    for (uint32_t i = 0; i < more; i++) {
        uint8_t byte = (uint8_t)text[*at + i];
        if ((byte & 0xC0u) != 0x80u) {
            return BAD_UTF8;
        }
        cp = cp << 6 | (byte & 0x3Fu);
    }
    /* Forms longer than needed, surrogates, and what is above the last code point. */
    if ((more == 2 && cp < 0x800) || (more == 3 && cp < 0x10000) || cp > 0x10FFFF ||
        (cp >= 0xD800 && cp <= 0xDFFF)) {
        return BAD_UTF8;
    }
    *at += more;
    return cp;
}

uint32_t fold_put_utf8(uint32_t cp, char *to)
{
    if (cp < 0x80) {
        to[0] = (char)cp;
        return 1;
    }
    uint32_t more = cp < 0x800 ? 1 : cp < 0x10000 ? 2 : 3;
    static const uint8_t lead[4] = {0, 0xC0, 0xE0, 0xF0};
    to[0] = (char)(lead[more] | cp >> (6 * more));
    for (uint32_t i = 1; i <= more; i++) {
        to[i] = (char)(0x80u | (cp >> (6 * (more - i)) & 0x3Fu));
    }
    return more + 1;
}

/* Whether a sorted table of ranges has a code point. */
static bool in_ranges(const struct unicode_range *ranges, size_t count, uint32_t cp)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cp > ranges[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && cp >= ranges[low].first;
}

/* Whether a code point is white space for the tokeniser (Unicode's White_Space). */
static bool is_space(uint32_t cp)
{
    return cp == ' ' || cp == '\t' || cp == '\n' || cp == '\r' || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
           cp == 0x205F || cp == 0x3000;
}

/* Whether a code point is an ideograph of the blocks that BERT splits at. */
static bool is_ideograph(uint32_t cp)
{
    return (cp >= 0x4E00 && cp <= 0x9FFF) || (cp >= 0x3400 && cp <= 0x4DBF) ||
           (cp >= 0x20000 && cp <= 0x2A6DF) || (cp >= 0x2A700 && cp <= 0x2B73F) ||
           (cp >= 0x2B740 && cp <= 0x2B81F) || (cp >= 0x2B920 && cp <= 0x2CEAF) ||
           (cp >= 0xF900 && cp <= 0xFAFF) || (cp >= 0x2F800 && cp <= 0x2FA1F);
}

enum fold_kind fold_kind_of(uint32_t cp)
{
    if (cp < 128) {
        bool word = (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') ||
                    (cp >= 'A' && cp <= 'Z') || cp < ' ' || cp == 127;
        return cp == ' ' ? FOLD_SPACE : word ? FOLD_LETTER : FOLD_ALONE;
    }
    if (is_ideograph(cp) || in_ranges(unicode_punctuation, COUNT_OF(unicode_punctuation), cp)) {
        return FOLD_ALONE;
    }
    return FOLD_LETTER;
}

/* Decomposes a Hangul syllable. */
static size_t fold_hangul(uint32_t cp, uint32_t *out)
{
    uint32_t index = cp - HANGUL_FIRST;
    uint32_t tail = index % HANGUL_TAILS;
    out[0] = HANGUL_LEAD + index / (HANGUL_VOWELS * HANGUL_TAILS);
    out[1] = HANGUL_VOWEL + index / HANGUL_TAILS % HANGUL_VOWELS;
    out[2] = HANGUL_TAIL + tail;
    return tail == 0 ? 2 : 3;
}

/* The ideograph that a compatibility ideograph stands for; other code points stay. */
static uint32_t fold_ideograph(uint32_t cp)
{
    if (cp >= 0xF900 && cp - 0xF900 < COUNT_OF(unicode_ideographs_f900)) {
        return unicode_ideographs_f900[cp - 0xF900];
    }
    if (cp >= 0x2F800 && cp - 0x2F800 < COUNT_OF(unicode_ideographs_2f800)) {
        return unicode_ideographs_2f800[cp - 0x2F800];
    }
    return cp;
}

/* Looks a code point up among those that become one other; those that are not there stay. */
static uint32_t fold_single(uint32_t cp)
{
    size_t low = 0;
    size_t high = COUNT_OF(unicode_folds);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cp > unicode_folds[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < COUNT_OF(unicode_folds) && cp >= unicode_folds[low].first &&
        (cp - unicode_folds[low].first) % unicode_folds[low].step == 0) {
        return (uint32_t)((int32_t)cp + unicode_folds[low].delta);
    }
    return fold_ideograph(cp);
}

/* Folds one code point to at most three. */
static size_t fold_one(uint32_t cp, uint32_t *out)
{
    if (cp < 128) {
        out[0] = cp >= 'A' && cp <= 'Z' ? cp + ('a' - 'A') : cp;
        return 1;
    }
    if (cp >= HANGUL_FIRST && cp <= HANGUL_LAST) {
        return fold_hangul(cp, out);
    }
    if (in_ranges(unicode_marks, COUNT_OF(unicode_marks), cp)) {
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(unicode_expansions); i++) {
        if (unicode_expansions[i].from == cp) {
            size_t count = 0;
            while (count < 3 && unicode_expansions[i].to[count] != 0) {
                out[count] = unicode_expansions[i].to[count];
                count++;
            }
            return count;
        }
    }
    out[0] = fold_single(cp);
    return 1;
}

size_t fold_text(const char *text, size_t bytes, uint32_t *out)
{
    size_t count = 0;
    size_t at = 0;
    while (at < bytes) {
        uint32_t cp = get_utf8(text, bytes, &at);
        if (is_space(cp)) {
            out[count++] = ' ';
        } else if (cp != BAD_UTF8 && cp != 0 &&
                   !in_ranges(unicode_controls, COUNT_OF(unicode_controls), cp)) {
            count += fold_one(cp, out + count);
        }
    }
    return count;
}
