/*
 * report.c - prints what the host found; see report.h.
 *
 * Called by the host, one thread.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

/* All pairs are printed for so many lines at most; then only the nearest line of each. */
#define MAX_MATRIX 16u
/* Characters of a line that are printed. */
#define SHOWN 56

/* Cosine of the angle between two embeddings, which have length 1. */
static double similarity(const minilm_line *a, const minilm_line *b)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < MINILM_HIDDEN; i++) {
        sum += (double)a->embedding[i] * (double)b->embedding[i];
    }
    return sum;
}

/* The other line that is most similar to line i; i itself if there is no other. */
static uint32_t nearest(const minilm_lines *lines, uint32_t i)
{
    uint32_t best = i;
    for (uint32_t j = 0; j < lines->count; j++) {
        if (j != i && (best == i || similarity(&lines->line[i], &lines->line[j]) >
                                        similarity(&lines->line[i], &lines->line[best]))) {
            best = j;
        }
    }
    return best;
}

/* Bytes of a line that are shown: whole characters. */
static int shown_bytes(const minilm_line *line)
{
    uint32_t bytes = line->bytes < SHOWN ? line->bytes : SHOWN;
    while (bytes > 0 && bytes < line->bytes && ((uint8_t)line->text[bytes] & 0xC0u) == 0x80u) {
        bytes--;
    }
    return (int)bytes;
}

/* Prints the lines with their tokens, and their similarities. */
static void print_lines(const minilm_lines *lines)
{
    printf("\nline  tokens  tasks  nearest  cosine  text\n");
    for (uint32_t i = 0; i < lines->count; i++) {
        const minilm_line *line = &lines->line[i];
        uint32_t other = nearest(lines, i);
        printf("%4u  %5u%c  %5u  %7u  %6.3f  %.*s%s\n", i + 1, line->ids.count,
               line->ids.cut != 0 ? '+' : ' ', line->tasks, other + 1,
               similarity(line, &lines->line[other]), shown_bytes(line), line->text,
               (uint32_t)shown_bytes(line) < line->bytes ? "..." : "");
    }
    if (lines->count > MAX_MATRIX) {
        return;
    }
    printf("\ncosine similarities\n    ");
    for (uint32_t i = 0; i < lines->count; i++) {
        printf("%7u", i + 1);
    }
    for (uint32_t i = 0; i < lines->count; i++) {
        printf("\n%4u", i + 1);
        for (uint32_t j = 0; j <= i; j++) {
            printf("%7.3f", similarity(&lines->line[i], &lines->line[j]));
        }
    }
    printf("\n");
}

/* Prints how far the embeddings are from those of others. */
static void print_agreement(const minilm_report *report)
{
    if (report->has_reference) {
        printf("\nlargest difference from %s: %.2e, wanted at most 1e-4 (%u lines; token ids %s)\n",
               report->origin, report->agreement.largest, report->agreement.lines,
               report->agreement.tokens == 0 ? "equal" : "differ");
    } else {
        printf("\nno line of this file is in the reference of another framework\n");
    }
    printf("largest difference from sequential C + OpenBLAS: %.2e\n", report->sequential);
}

/* Prints the times beside the sequential version. */
static void print_times(const minilm_times *times)
{
    static const char *const names[MINILM_VERSIONS] = {"sequential C + OpenBLAS",
                                                       "Slipway, 1 thread", "Slipway, 2 threads"};
    printf("\nall lines once, %u rounds      median      ratio        best      ratio\n",
           times->rounds);
    for (uint32_t v = 0; v < MINILM_VERSIONS; v++) {
        printf(
            "  %-24s %9.3f ms %8.3f %9.3f ms %8.3f\n", names[v], (double)times->median_ns[v] / 1e6,
            (double)times->median_ns[v] / (double)times->median_ns[0],
            (double)times->best_ns[v] / 1e6, (double)times->best_ns[v] / (double)times->best_ns[0]);
    }
}

void minilm_report_text(const minilm_report *report)
{
    print_lines(report->lines);
    print_agreement(report);
    printf("\n");
    if (report->on != NULL) {
        example_print_times(&report->on->session,
                            report->off != NULL ? &report->off->session : NULL);
    } else {
        printf("cache off\n");
        example_print_times(&report->off->session, NULL);
    }
    if (report->times.rounds > 0) {
        print_times(&report->times);
    }
}

/* {"p50": .., "p99": ..} of some times; null if there are none. */
static cJSON *percentiles(uint64_t *ns, uint64_t count)
{
    if (count == 0) {
        return cJSON_CreateNull();
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "p50", (double)example_percentile(ns, count, 50));
    cJSON_AddNumberToObject(object, "p99", (double)example_percentile(ns, count, 99));
    return object;
}

/* Times and counters of one encoder. */
static cJSON *encoder_json(const encoder *e)
{
    const example_session *s = &e->session;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "runs", (double)s->run_count);
    cJSON_AddNumberToObject(object, "hits", (double)s->stats.hits);
    cJSON_AddNumberToObject(object, "misses", (double)s->stats.misses);
    cJSON_AddItemToObject(object, "miss_ns", percentiles(s->miss_ns, s->miss_count));
    cJSON_AddItemToObject(object, "hit_ns", percentiles(s->hit_ns, s->hit_count));
    cJSON_AddItemToObject(object, "run_ns", percentiles(s->run_ns, s->run_count));
    return object;
}

/* One line with its similarities to all lines up to itself. */
static cJSON *line_json(const minilm_lines *lines, uint32_t i)
{
    const minilm_line *line = &lines->line[i];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "text", line->text);
    cJSON_AddNumberToObject(object, "tokens", line->ids.count);
    cJSON_AddBoolToObject(object, "cut", line->ids.cut != 0);
    cJSON_AddNumberToObject(object, "tasks", line->tasks);
    cJSON_AddNumberToObject(object, "nearest", nearest(lines, i) + 1);
    cJSON *row = cJSON_AddArrayToObject(object, "similarity");
    for (uint32_t j = 0; j <= i && lines->count <= MAX_MATRIX; j++) {
        cJSON_AddItemToArray(row, cJSON_CreateNumber(similarity(line, &lines->line[j])));
    }
    return object;
}

/* Times of one version beside the sequential one. */
static cJSON *version_json(const minilm_times *times, uint32_t v)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "median_ns", (double)times->median_ns[v]);
    cJSON_AddNumberToObject(object, "best_ns", (double)times->best_ns[v]);
    cJSON_AddNumberToObject(object, "median_ratio",
                            (double)times->median_ns[v] / (double)times->median_ns[0]);
    cJSON_AddNumberToObject(object, "best_ratio",
                            (double)times->best_ns[v] / (double)times->best_ns[0]);
    return object;
}

/* Times of all versions. */
static cJSON *times_json(const minilm_times *times)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "rounds", times->rounds);
    cJSON_AddItemToObject(object, "sequential", version_json(times, 0));
    cJSON_AddItemToObject(object, "threads_1", version_json(times, 1));
    cJSON_AddItemToObject(object, "threads_2", version_json(times, 2));
    return object;
}

void minilm_report_json(const minilm_report *report)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "platform", report->platform);
    if (report->has_reference) {
        cJSON *reference = cJSON_AddObjectToObject(root, "reference");
        cJSON_AddStringToObject(reference, "origin", report->origin);
        cJSON_AddNumberToObject(reference, "lines", report->agreement.lines);
        cJSON_AddNumberToObject(reference, "token_mismatches", report->agreement.tokens);
        cJSON_AddNumberToObject(reference, "largest_difference", report->agreement.largest);
    }
    cJSON_AddNumberToObject(root, "largest_difference_sequential", report->sequential);
    if (report->on != NULL) {
        cJSON_AddItemToObject(root, "cache_on", encoder_json(report->on));
    }
    if (report->off != NULL) {
        cJSON_AddItemToObject(root, "cache_off", encoder_json(report->off));
    }
    if (report->times.rounds > 0) {
        cJSON_AddItemToObject(root, "compare", times_json(&report->times));
    }
    cJSON *array = cJSON_AddArrayToObject(root, "lines");
    for (uint32_t i = 0; i < report->lines->count; i++) {
        cJSON_AddItemToArray(array, line_json(report->lines, i));
    }
    char *text = cJSON_Print(root);
    printf("%s\n", text != NULL ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
}
