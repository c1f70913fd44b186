/*
 * test_minilm_vocabulary.c - token ids with the model's own vocabulary.
 *
 * ctest-labels: model
 *
 * Wanted ids are those of BertTokenizerFast of transformers 4.46.3. Skipped without the model. One
 * thread.
 */
#include "../../examples/minilm/file.c"
#include "../../examples/minilm/fold.c"
#include "../../examples/minilm/wordpiece.c"
#include "minilm_temporary.h"

/* A text and its ids. */
struct example {
    const char *text;
    uint32_t count;
    int32_t ids[20];
};

static const struct example examples[] = {
    {"", 2, {101, 102}},
    {"Hello, world!", 6, {101, 7592, 1010, 2088, 999, 102}},
    {"unaffable", 5, {101, 14477, 20961, 3468, 102}},
    {"It's 3.14% of $1,000...",
     17,
     {101, 2009, 1005, 1055, 1017, 1012, 2403, 1003, 1997, 1002, 1015, 1010, 2199, 1012, 1012, 1012,
      102}},
    {"Cr\303\250me br\303\273l\303\251e \303\240 la fa\303\247on de No\303\253l",
     13,
     {101, 13675, 21382, 7987, 9307, 2063, 1037, 2474, 6904, 8663, 2139, 10716, 102}},
    {"\303\205NGSTR\303\226M \304\260stanbul Stra\303\237e",
     7,
     {101, 17076, 15687, 9960, 2358, 27807, 102}},
    {"\346\227\245\346\234\254\350\252\236\343\201\256\343\203\206\343\202\255\343\202\271\343\203"
     "\210",
     10,
     {101, 1864, 1876, 1950, 1671, 30239, 30227, 30233, 30240, 102}},
    {"\355\225\234\352\265\255\354\226\264 \353\254\270\354\236\245",
     16,
     {101, 1469, 30006, 30021, 29991, 30014, 30020, 29999, 30008, 1459, 30014, 30021, 30000, 30006,
      30025, 102}},
    {"\320\237\321\200\320\270\320\262\320\265\321\202, \320\274\320\270\321\200! "
     "\320\201\320\273\320\272\320\260",
     16,
     {101, 1194, 16856, 10325, 25529, 15290, 22919, 1010, 1191, 10325, 16856, 999, 1185, 29436,
      28598, 102}},
    {"tab\011here\302\240nbsp\342\200\203em", 8, {101, 21628, 2182, 1050, 5910, 2361, 7861, 102}},
    {"zero\342\200\213width\007bell", 7, {101, 5717, 9148, 11927, 2232, 17327, 102}},
    {"e\314\201tude A\314\212ngstro\314\210m", 6, {101, 3802, 12672, 17076, 15687, 102}},
    {"emoji \360\237\231\202 here", 7, {101, 7861, 29147, 2072, 100, 2182, 102}},
    {"internationalization antidisestablishmentarianism",
     12,
     {101, 2248, 3989, 3424, 10521, 4355, 7875, 13602, 3672, 12199, 2964, 102}},
    {"\342\200\234quotes\342\200\235 \342\200\224 and \342\200\246 dashes",
     10,
     {101, 1523, 16614, 1524, 1517, 1998, 1529, 11454, 2229, 102}},
    {"don't can't we'll", 11, {101, 2123, 1005, 1056, 2064, 1005, 1056, 2057, 1005, 2222, 102}},
    {"C++ && x<=y#z @user_name",
     17,
     {101, 1039, 1009, 1009, 1004, 1004, 1060, 1026, 1027, 1061, 1001, 1062, 1030, 5310, 1035, 2171,
      102}},
    {"\357\254\201ne \302\275 \302\262 \342\205\247", 7, {101, 1984, 2638, 1092, 1082, 100, 102}},
};

static const wordpiece *vocabulary;

/* All examples give the wanted ids. */
static void ids_are_the_published_ones(void)
{
    for (uint32_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example *e = &examples[i];
        minilm_error error;
        wordpiece_ids ids;
        ids.count = 0;
        CHECK_STATUS(SLIP_OK, wordpiece_encode(vocabulary, e->text, strlen(e->text), &ids, &error));
        bool same =
            ids.count == e->count && memcmp(ids.id, e->ids, e->count * sizeof(ids.id[0])) == 0;
        if (!CHECK(same)) {
            fprintf(stderr, "text: %s\n", e->text);
        }
    }
}

/* Runs the case, or says why not. */
int main(void)
{
    const char *folder = getenv("SLIPWAY_MODEL_DIR");
    const char *home = getenv("HOME");
    char path[4096];
    if (folder != NULL && folder[0] != '\0') {
        (void)snprintf(path, sizeof(path), "%s/vocab.txt", folder);
    } else {
        (void)snprintf(path, sizeof(path), "%s/.cache/slipway/vocab.txt", home != NULL ? home : "");
    }
    if (access(path, R_OK) != 0) {
        printf("skipped: %s is not there; fetch it with scripts/fetch-model.sh\n", path);
        return CHECK_SKIP;
    }
    minilm_error error;
    wordpiece *opened = NULL;
    if (!CHECK_STATUS(SLIP_OK, wordpiece_open(path, &opened, &error))) {
        fprintf(stderr, "%s\n", error.text);
        return check_report();
    }
    vocabulary = opened;
    CHECK_EQ(MINILM_VOCAB, wordpiece_count(vocabulary));
    CHECK_CASE(ids_are_the_published_ones);
    wordpiece_close(opened);
    return check_report();
}
