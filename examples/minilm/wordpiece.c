/*
 * wordpiece.c - vocabulary and greedy cutting of words; see wordpiece.h.
 *
 * Called by the host and by the tests. wordpiece_open and wordpiece_close by one thread,
 * wordpiece_encode by any.
 */
#include "wordpiece.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "fold.h"

/* Limits, chosen: the vocabulary of the model has 30522 words in 232 KB. */
#define MAX_WORDS (UINT32_C(1) << 20)
#define MAX_TEXT_BYTES (UINT64_C(1) << 20)
/* Longer words are [UNK], as the published tokeniser has it. */
#define MAX_WORD_CHARS 100u

/* One word: its bytes in the file. */
struct vocabulary_word {
    uint32_t offset;
    uint32_t bytes;
};

struct wordpiece {
    char *text; /* the file */
    struct vocabulary_word *words;
    uint32_t *slots; /* hash table: id + 1, 0 is free; open addressing */
    uint32_t slot_mask;
    uint32_t count;
    int32_t unknown; /* ids of the special tokens */
    int32_t begin;
    int32_t end;
};

/* A word being cut: its UTF-8 and where its characters start. */
struct word_buffer {
    char text[4 * MAX_WORD_CHARS];
    uint32_t start[MAX_WORD_CHARS + 1];
    uint32_t chars; /* above MAX_WORD_CHARS: too long */
};

static const char *const special_words[3] = {"[UNK]", "[CLS]", "[SEP]"};

/* FNV-1a over more bytes; start with HASH_START. */
#define HASH_START 2166136261u
static uint32_t hash_bytes(uint32_t hash, const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        hash = (hash ^ (uint8_t)bytes[i]) * 16777619u;
    }
    return hash;
}

/* Id of the word `prefix` + `piece`; -1 if there is none. */
static int32_t find_word(const wordpiece *v, const char *prefix, const char *piece, uint32_t bytes)
{
    uint32_t prefix_bytes = (uint32_t)strlen(prefix);
    uint32_t slot = hash_bytes(hash_bytes(HASH_START, prefix, prefix_bytes), piece, bytes);
    /* The table is never full, so the search ends at a free slot. */
    for (slot &= v->slot_mask; v->slots[slot] != 0; slot = (slot + 1) & v->slot_mask) {
        const struct vocabulary_word *word = &v->words[v->slots[slot] - 1];
        const char *text = v->text + word->offset;
        if (word->bytes == prefix_bytes + bytes && memcmp(text, prefix, prefix_bytes) == 0 &&
            memcmp(text + prefix_bytes, piece, bytes) == 0) {
            return (int32_t)(v->slots[slot] - 1);
        }
    }
    return -1;
}

/* Lists the lines of the file; returns how many there are, and writes the first `room` of them. */
static uint32_t list_words(const char *text, size_t bytes, struct vocabulary_word *words,
                           uint32_t room)
{
    uint32_t count = 0;
    size_t at = 0;
    while (at < bytes) {
        const char *end = memchr(text + at, '\n', bytes - at);
        size_t length = end != NULL ? (size_t)(end - (text + at)) : bytes - at;
        size_t next = at + length + 1;
        if (length > 0 && text[at + length - 1] == '\r') {
            length--;
        }
        if (count < room) {
            words[count].offset = (uint32_t)at;
            words[count].bytes = (uint32_t)length;
        }
        count++;
        at = next;
    }
    return count;
}

/* Builds the hash table, at most half full. Of equal words the last one counts. */
static bool index_words(wordpiece *v)
{
    uint32_t capacity = 8;
    while (capacity < 2 * v->count) {
        capacity *= 2;
    }
    v->slots = calloc(capacity, sizeof(*v->slots));
    if (v->slots == NULL) {
        return false;
    }
    v->slot_mask = capacity - 1;
    for (uint32_t i = 0; i < v->count; i++) {
        const char *word = v->text + v->words[i].offset;
        uint32_t bytes = v->words[i].bytes;
        int32_t same = find_word(v, "", word, bytes);
        uint32_t slot = hash_bytes(HASH_START, word, bytes) & v->slot_mask;
        while (v->slots[slot] != 0 && v->slots[slot] != (uint32_t)(same + 1)) {
            slot = (slot + 1) & v->slot_mask;
        }
        v->slots[slot] = i + 1;
    }
    return true;
}

/* Finds the special tokens. */
static slip_status find_special(wordpiece *v, const char *path, minilm_error *error)
{
    int32_t *const ids[3] = {&v->unknown, &v->begin, &v->end};
    for (uint32_t i = 0; i < 3; i++) {
        *ids[i] = find_word(v, "", special_words[i], (uint32_t)strlen(special_words[i]));
        if (*ids[i] < 0) {
            return minilm_fail(error, SLIP_E_FORMAT,
                               "%s: wanted a line %s, found none in %u lines; this is no BERT "
                               "vocabulary",
                               path, special_words[i], v->count);
        }
    }
    return SLIP_OK;
}

slip_status wordpiece_open(const char *path, wordpiece **out, minilm_error *error)
{
    *out = NULL;
    char *text = NULL;
    size_t bytes = 0;
    slip_status status = minilm_read_file(path, "a vocabulary", &text, &bytes, error);
    if (status != SLIP_OK) {
        return status;
    }
    uint32_t count = list_words(text, bytes, NULL, 0);
    if (count == 0 || count > MAX_WORDS) {
        free(text);
        return minilm_fail(error, SLIP_E_FORMAT,
                           "%s: wanted a vocabulary of 1 to %u lines, found %u", path, MAX_WORDS,
                           count);
    }
    wordpiece *v = calloc(1, sizeof(*v));
    if (v == NULL) {
        free(text);
        return minilm_fail(error, SLIP_E_OUT_OF_MEMORY, "no memory for the vocabulary");
    }
    v->text = text;
    v->count = count;
    v->words = calloc(count, sizeof(*v->words));
    if (v->words == NULL) {
        status = minilm_fail(error, SLIP_E_OUT_OF_MEMORY, "no memory for the vocabulary");
    } else {
        (void)list_words(text, bytes, v->words, count);
        status = index_words(v) ? find_special(v, path, error)
                                : minilm_fail(error, SLIP_E_OUT_OF_MEMORY,
                                              "no memory for the vocabulary's table");
    }
    if (status != SLIP_OK) {
        wordpiece_close(v);
        return status;
    }
    *out = v;
    return SLIP_OK;
}

uint32_t wordpiece_count(const wordpiece *vocabulary)
{
    return vocabulary->count;
}

void wordpiece_close(wordpiece *vocabulary)
{
    if (vocabulary != NULL) {
        free(vocabulary->slots);
        free(vocabulary->words);
        free(vocabulary->text);
        free(vocabulary);
    }
}

/* Appends an id; the last place is kept for [SEP]. */
static void add_id(wordpiece_ids *out, int32_t id)
{
    if (out->count < MINILM_MAX_TOKENS - 1) {
        out->id[out->count++] = id;
    } else {
        out->cut = 1;
    }
}

/* Cuts one word into pieces and appends their ids, or [UNK]. */
static void cut_word(const wordpiece *v, const struct word_buffer *word, wordpiece_ids *out)
{
    int32_t pieces[MAX_WORD_CHARS];
    uint32_t piece_count = 0;
    uint32_t from = 0;
    if (word->chars > MAX_WORD_CHARS) {
        add_id(out, v->unknown);
        return;
    }
    while (from < word->chars) {
        uint32_t to = word->chars;
        int32_t id = -1;
        while (to > from && id < 0) {
            id = find_word(v, from == 0 ? "" : "##", word->text + word->start[from],
                           word->start[to] - word->start[from]);
            to--;
        }
        if (id < 0) {
            add_id(out, v->unknown);
            return;
        }
        pieces[piece_count++] = id;
        from = to + 1;
    }
    for (uint32_t i = 0; i < piece_count; i++) {
        add_id(out, pieces[i]);
    }
}

/* Appends a character to the word. */
static void grow_word(struct word_buffer *word, uint32_t cp)
{
    if (word->chars < MAX_WORD_CHARS) {
        uint32_t at = word->start[word->chars];
        word->start[word->chars + 1] = at + fold_put_utf8(cp, word->text + at);
    }
    if (word->chars <= MAX_WORD_CHARS) {
        word->chars++;
    }
}

/* Ends the word, if there is one, and starts an empty one. */
static void end_word(const wordpiece *v, struct word_buffer *word, wordpiece_ids *out)
{
    if (word->chars > 0) {
        cut_word(v, word, out);
    }
    word->chars = 0;
    word->start[0] = 0;
}

slip_status wordpiece_encode(const wordpiece *vocabulary, const char *text, size_t bytes,
                             wordpiece_ids *out, minilm_error *error)
{
    if (bytes > MAX_TEXT_BYTES) {
        return minilm_fail(error, SLIP_E_LIMIT, "wanted a text of at most %llu bytes, found %zu",
                           (unsigned long long)MAX_TEXT_BYTES, bytes);
    }
    uint32_t *folded = malloc((bytes + 1) * FOLD_GROWTH * sizeof(*folded));
    if (folded == NULL) {
        return minilm_fail(error, SLIP_E_OUT_OF_MEMORY, "no memory for a text of %zu bytes", bytes);
    }
    size_t count = fold_text(text, bytes, folded);
    struct word_buffer word;
    word.chars = 0;
    word.start[0] = 0;
    memset(out, 0, sizeof(*out));
    add_id(out, vocabulary->begin);
    for (size_t i = 0; i < count; i++) {
        enum fold_kind kind = fold_kind_of(folded[i]);
        if (kind != FOLD_LETTER) {
            end_word(vocabulary, &word, out);
        }
        if (kind != FOLD_SPACE) {
            grow_word(&word, folded[i]);
        }
        if (kind == FOLD_ALONE) {
            end_word(vocabulary, &word, out);
        }
    }
    end_word(vocabulary, &word, out);
    out->id[out->count++] = vocabulary->end;
    free(folded);
    return SLIP_OK;
}
