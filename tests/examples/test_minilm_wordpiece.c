/*
 * test_minilm_wordpiece.c - the tokeniser cleans, folds, splits and cuts as it should.
 *
 * ctest-labels: unit
 *
 * Needs no model: the vocabulary is a small one, written here. One thread.
 */
#include "../../examples/minilm/file.c"
#include "../../examples/minilm/fold.c"
#include "../../examples/minilm/wordpiece.c"
#include "minilm_temporary.h"

/* Ids of the small vocabulary: the number of the line. */
enum { UNK, CLS, SEP, UN, AFF, ABLE, A, AA, COMMA, CAFE, CJK, STRASSE, LONG };
static const char small[] = "[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\na\n##a\n,\ncafe\n"
                            "\xE6\x97\xA5\nstra\xC3\x9F"
                            "e\nlong\n";

static wordpiece *vocabulary;
static minilm_error error;

/* Encodes text and checks the ids between [CLS] and [SEP]; the list ends with -1. */
static void gives(const char *text, const int32_t *wanted)
{
    wordpiece_ids ids;
    uint32_t count = 0;
    CHECK_STATUS(SLIP_OK, wordpiece_encode(vocabulary, text, strlen(text), &ids, &error));
    CHECK_EQ(CLS, ids.id[0]);
    while (wanted[count] >= 0) {
        CHECK_EQ(wanted[count], ids.id[count + 1]);
        count++;
    }
    if (!CHECK_EQ(count + 2, ids.count)) {
        fprintf(stderr, "text: %s\n", text);
    }
    CHECK_EQ(SEP, ids.id[ids.count - 1]);
}

#define GIVES(text, ...) gives((text), (const int32_t[]){__VA_ARGS__, -1})

/* Longest pieces first; a word that cannot be cut is unknown as a whole. */
static void words_are_cut_greedily(void)
{
    GIVES("unaffable", UN, AFF, ABLE);
    GIVES("aa a aaa", A, AA, A, A, AA, AA);
    GIVES("unx", UNK);
    GIVES("xun un", UNK, UN);
    gives("", (const int32_t[]){-1});
    gives(" \t\r\n ", (const int32_t[]){-1});
}

/* Punctuation and ideographs are words of their own. */
static void text_is_split(void)
{
    GIVES("a,a", A, COMMA, A);
    GIVES("un!able", UN, UNK, UNK);
    GIVES("a\xE6\x97\xA5"
          "a\xE6\x97\xA5",
          A, CJK, A, CJK);
    GIVES("a\xC2\xA0"
          "a\xE2\x80\x83"
          "a\xE3\x80\x80"
          "a",
          A, A, A, A);
    GIVES("a\xE2\x80\x94"
          "a",
          A, UNK, A);
}

/* Accents go in both forms, letters become small, sharp s stays. */
static void letters_are_folded(void)
{
    GIVES("CAFE", CAFE);
    GIVES("Caf\xC3\xA9", CAFE);
    GIVES("cafe\xCC\x81", CAFE);
    GIVES("C\xC3\x80"
          "F\xC3\x8A",
          CAFE);
    GIVES("STRA\xE1\xBA\x9E"
          "E Stra\xC3\x9F"
          "e",
          STRASSE, STRASSE);
}

/* Control characters and what is no UTF-8 are dropped. */
static void text_is_cleaned(void)
{
    static const char zero[] = "u\0n";
    wordpiece_ids ids;
    GIVES("u\x01n", UN);
    GIVES("u\xE2\x80\x8Bn", UN);
    GIVES("u\xEF\xBF\xBDn", UN);
    GIVES("u\xFFn u\xC3 n", UN, UNK, UNK);
    GIVES("u\xED\xA0\x80n u\xC0\x80n u\xF4\x90\x80\x80n", UN, UN, UN);
    CHECK_STATUS(SLIP_OK, wordpiece_encode(vocabulary, zero, 3, &ids, &error));
    CHECK_EQ(UN, ids.id[1]);
    for (uint32_t bytes = 1; bytes < 4; bytes++) {
        CHECK_STATUS(SLIP_OK,
                     wordpiece_encode(vocabulary, "\xF0\x9F\x99\x82", bytes, &ids, &error));
        CHECK_EQ(2, ids.count);
    }
}

/* A word of 100 characters is cut, one of 101 is unknown. */
static void long_words_are_unknown(void)
{
    char text[128];
    wordpiece_ids ids;
    memset(text, 'a', sizeof(text));
    CHECK_STATUS(SLIP_OK, wordpiece_encode(vocabulary, text, 100, &ids, &error));
    CHECK_EQ(102, ids.count);
    CHECK_STATUS(SLIP_OK, wordpiece_encode(vocabulary, text, 101, &ids, &error));
    CHECK_EQ(3, ids.count);
    CHECK_EQ(UNK, ids.id[1]);
}

/* 256 tokens at most; the last one is [SEP]; a text above the limit is an error. */
static void long_texts_are_cut(void)
{
    size_t bytes = ((size_t)1 << 20) + 1;
    char *text = malloc(bytes);
    wordpiece_ids ids;
    if (!CHECK(text != NULL)) {
        return;
    }
    for (size_t i = 0; i < bytes; i++) {
        text[i] = i % 2 == 0 ? 'a' : ' ';
    }
    CHECK_STATUS(SLIP_OK, wordpiece_encode(vocabulary, text, 2 * 254, &ids, &error));
    CHECK_EQ(256, ids.count);
    CHECK_EQ(0, ids.cut);
    CHECK_STATUS(SLIP_OK, wordpiece_encode(vocabulary, text, 2 * 255, &ids, &error));
    CHECK_EQ(256, ids.count);
    CHECK_EQ(1, ids.cut);
    CHECK_EQ(SEP, ids.id[255]);
    CHECK_STATUS(SLIP_OK, wordpiece_encode(vocabulary, text, bytes - 1, &ids, &error));
    CHECK_STATUS(SLIP_E_LIMIT, wordpiece_encode(vocabulary, text, bytes, &ids, &error));
    free(text);
}

/* Any bytes at all are encoded within bounds. */
static void random_bytes_are_encoded(void)
{
    uint64_t state = 20240607;
    printf("seed %" PRIu64 "\n", state);
    for (uint32_t round = 0; round < 3000; round++) {
        char text[300];
        wordpiece_ids ids;
        size_t bytes = 0;
        for (; bytes < sizeof(text); bytes++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[bytes] = (char)(state >> 56);
        }
        bytes = (size_t)(state >> 40) % sizeof(text);
        CHECK_STATUS(SLIP_OK, wordpiece_encode(vocabulary, text, bytes, &ids, &error));
        CHECK(ids.count >= 2 && ids.count <= MINILM_MAX_TOKENS);
        for (uint32_t i = 0; i < ids.count && i < MINILM_MAX_TOKENS; i++) {
            CHECK(ids.id[i] >= 0 && ids.id[i] <= LONG);
        }
    }
}

/* Every code point survives UTF-8 and folding, and folding twice changes nothing. */
static void folding_is_stable(void)
{
    for (uint32_t cp = 1; cp < 0x110000; cp++) {
        char text[16];
        uint32_t once[3 * FOLD_GROWTH * 4];
        uint32_t twice[3 * FOLD_GROWTH * 4];
        if (cp >= 0xD800 && cp <= 0xDFFF) {
            continue;
        }
        size_t count = fold_text(text, fold_put_utf8(cp, text), once);
        CHECK(count <= 3);
        size_t bytes = 0;
        for (size_t i = 0; i < count; i++) {
            bytes += fold_put_utf8(once[i], text + bytes);
        }
        size_t again = fold_text(text, bytes, twice);
        CHECK(again == count && memcmp(once, twice, count * sizeof(once[0])) == 0);
    }
}

/* Files that are no vocabulary. */
static void wrong_vocabularies_are_refused(void)
{
    static const char *const texts[] = {"", "one\ntwo\n", "[UNK]\n[CLS]\n", "[UNK] [CLS] [SEP]\n"};
    wordpiece *other = NULL;
    for (uint32_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        temporary file = temporary_write(texts[i], strlen(texts[i]));
        CHECK_STATUS(SLIP_E_FORMAT, wordpiece_open(file.path, &other, &error));
        CHECK_CONTAINS(error.text, "wanted");
        CHECK(other == NULL);
        temporary_remove(&file);
    }
    CHECK_STATUS(SLIP_E_FILE, wordpiece_open("/tmp/slipway-no-such-file", &other, &error));
    CHECK_STATUS(SLIP_E_FILE, wordpiece_open("/tmp", &other, &error));
    CHECK_CONTAINS(error.text, "/tmp");
}

/* Windows line ends and a last line without one. */
static void line_ends_do_not_matter(void)
{
    static const char text[] = "[UNK]\r\n[CLS]\r\n[SEP]\r\nun";
    temporary file = temporary_write(text, sizeof(text) - 1);
    wordpiece *other = NULL;
    wordpiece_ids ids;
    CHECK_STATUS(SLIP_OK, wordpiece_open(file.path, &other, &error));
    if (other != NULL) {
        CHECK_EQ(4, wordpiece_count(other));
        CHECK_STATUS(SLIP_OK, wordpiece_encode(other, "UN", 2, &ids, &error));
        CHECK_EQ(UN, ids.id[1]);
    }
    wordpiece_close(other);
    temporary_remove(&file);
}

/* Runs all cases. */
int main(void)
{
    temporary file = temporary_write(small, sizeof(small) - 1);
    CHECK_STATUS(SLIP_OK, wordpiece_open(file.path, &vocabulary, &error));
    temporary_remove(&file);
    if (vocabulary == NULL) {
        return check_report();
    }
    CHECK_CASE(words_are_cut_greedily);
    CHECK_CASE(text_is_split);
    CHECK_CASE(letters_are_folded);
    CHECK_CASE(text_is_cleaned);
    CHECK_CASE(long_words_are_unknown);
    CHECK_CASE(long_texts_are_cut);
    CHECK_CASE(random_bytes_are_encoded);
    CHECK_CASE(folding_is_stable);
    CHECK_CASE(wrong_vocabularies_are_refused);
    CHECK_CASE(line_ends_do_not_matter);
    wordpiece_close(vocabulary);
    wordpiece_close(NULL);
    return check_report();
}
