/*
 * file.c - reads a small file whole; see file.h.
 *
 * Called by wordpiece.c, lines.c and reference.c, from any thread.
 */
#include "file.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Chosen: the vocabulary has 232 KB, the reference of a dozen lines 64 KB. */
#define MAX_FILE_BYTES ((size_t)16 << 20)
/* Read at a time. */
#define STEP_BYTES ((size_t)1 << 20)

/* Reads an open file into *out, which grows; the memory is the caller's in any case. */
static slip_status read_all(FILE *file, const char *path, char **out, size_t *out_bytes,
                            minilm_error *error)
{
    size_t room = 0;
    while (*out_bytes == room) {
        if (room > MAX_FILE_BYTES) {
            return minilm_fail(error, SLIP_E_LIMIT, "%s: wanted at most %zu bytes, found more",
                               path, MAX_FILE_BYTES);
        }
        room += STEP_BYTES;
        char *larger = realloc(*out, room + 1);
        if (larger == NULL) {
            return minilm_fail(error, SLIP_E_OUT_OF_MEMORY, "no memory to read %s", path);
        }
        *out = larger;
        *out_bytes += fread(*out + *out_bytes, 1, room - *out_bytes, file);
    }
    if (ferror(file) != 0) {
        return minilm_fail(error, SLIP_E_FILE, "%s: cannot read it: %s", path, strerror(errno));
    }
    (*out)[*out_bytes] = '\0';
    return SLIP_OK;
}

slip_status minilm_read_file(const char *path, const char *what, char **out, size_t *out_bytes,
                             minilm_error *error)
{
    *out = NULL;
    *out_bytes = 0;
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return minilm_fail(error, SLIP_E_FILE, "%s: wanted %s, cannot open it: %s", path, what,
                           strerror(errno));
    }
    slip_status status = read_all(file, path, out, out_bytes, error);
    (void)fclose(file);
    if (status != SLIP_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}
