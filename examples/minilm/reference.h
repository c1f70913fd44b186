/*
 * reference.h - embeddings that another framework made, from reference.json.
 *
 * For the host, one thread at a time. scripts/make_minilm_reference.py writes the file.
 */
#ifndef MINILM_REFERENCE_H
#define MINILM_REFERENCE_H

#include "lines.h"

struct cJSON;

/* How far lines are from the reference. */
typedef struct minilm_agreement {
    uint32_t lines;  /* that the reference has */
    uint32_t tokens; /* lines of these whose token ids differ */
    double largest;  /* largest difference of one element; 2 if it is not a number */
} minilm_agreement;

/* Reads the file. SLIP_E_FILE or SLIP_E_FORMAT; *out is null then. Free it with cJSON_Delete. */
SLIP_MUST_USE slip_status minilm_reference_read(const char *path, struct cJSON **out,
                                                minilm_error *error);

/* What the reference was made with: "transformers 4.46.3, jax 0.4.35". */
void minilm_reference_origin(const struct cJSON *reference, char *text, size_t room);

/*
 * Compares all lines whose text the reference has. SLIP_E_FORMAT if an entry for one of them is not
 * ids and MINILM_HIDDEN numbers.
 */
SLIP_MUST_USE slip_status minilm_reference_compare(const struct cJSON *reference,
                                                   const minilm_lines *lines, minilm_agreement *out,
                                                   minilm_error *error);

/* Largest difference of two embeddings; 2 if one has an element that is not a number. */
double minilm_difference(const float *a, const float *b);

#endif
