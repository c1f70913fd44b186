/*
 * file.h - reads a small file whole.
 *
 * For the host side of the example; no state, any thread.
 */
#ifndef MINILM_FILE_H
#define MINILM_FILE_H

#include <stddef.h>

#include "failure.h"

/*
 * Reads a file of at most 16 MiB into new memory, with a NUL behind it; free it with free. `what`
 * is what was wanted, for the error: SLIP_E_FILE, SLIP_E_LIMIT or SLIP_E_OUT_OF_MEMORY.
 */
SLIP_MUST_USE slip_status minilm_read_file(const char *path, const char *what, char **out,
                                           size_t *out_bytes, minilm_error *error);

#endif
