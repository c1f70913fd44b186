/*
 * lines.h - the text to encode: lines of a file and their token ids.
 *
 * For the host, one thread at a time.
 */
#ifndef MINILM_LINES_H
#define MINILM_LINES_H

#include "wordpiece.h"

/* Lines of one file at most, chosen: similarities are printed for all pairs of few lines only. */
#define LINES_MAX 4096u

/* One line, its ids, and what came out of it. */
typedef struct minilm_line {
    const char *text; /* in minilm_lines.text */
    uint32_t bytes;
    uint32_t tasks; /* of its run */
    wordpiece_ids ids;
    float embedding[MINILM_HIDDEN];  /* by the program */
    float sequential[MINILM_HIDDEN]; /* by bert_ref.c */
} minilm_line;

typedef struct minilm_lines {
    char *text; /* the file, with NUL for every newline */
    minilm_line *line;
    uint32_t count;
} minilm_lines;

/* Reads a UTF-8 text file; empty lines are left out. Errors: SLIP_E_FILE, _LIMIT, _OUT_OF_MEMORY.
 */
SLIP_MUST_USE slip_status minilm_lines_read(const char *path, const wordpiece *vocabulary,
                                            minilm_lines *out, minilm_error *error);

/* Frees the lines; zeroed ones are fine. */
void minilm_lines_free(minilm_lines *lines);

#endif
