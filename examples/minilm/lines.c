/*
 * lines.c - reads and tokenises the lines of a text file; see lines.h.
 *
 * Called by the host, one thread at a time.
 */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"

slip_status minilm_lines_read(const char *path, const wordpiece *vocabulary, minilm_lines *out,
                              minilm_error *error)
{
    memset(out, 0, sizeof(*out));
    size_t bytes = 0;
    slip_status status = minilm_read_file(path, "a text file", &out->text, &bytes, error);
    if (status != SLIP_OK) {
        return status;
    }
    uint32_t room = 1;
    for (size_t i = 0; i < bytes && room <= LINES_MAX; i++) {
        room += out->text[i] == '\n' ? 1u : 0u;
    }
    out->line = calloc(room, sizeof(*out->line));
    if (out->line == NULL) {
        status = minilm_fail(error, SLIP_E_OUT_OF_MEMORY, "no memory for %u lines", room);
    }
    char *next = out->text;
    while (status == SLIP_OK && next < out->text + bytes) {
        char *text = next;
        size_t length = strcspn(text, "\r\n");
        next = text + length + 1;
        text[length] = '\0';
        if (length == 0) {
            continue;
        }
        if (out->count == LINES_MAX) {
            status = minilm_fail(error, SLIP_E_LIMIT, "%s: wanted at most %u lines, found more",
                                 path, LINES_MAX);
            break;
        }
        minilm_line *line = &out->line[out->count++];
        line->text = text;
        line->bytes = (uint32_t)length;
        status = wordpiece_encode(vocabulary, text, length, &line->ids, error);
    }
    if (status == SLIP_OK && out->count == 0) {
        status = minilm_fail(error, SLIP_E_FILE, "%s: wanted lines of text, found none", path);
    }
    if (status != SLIP_OK) {
        minilm_lines_free(out);
    }
    return status;
}

void minilm_lines_free(minilm_lines *lines)
{
    free(lines->line);
    free(lines->text);
    memset(lines, 0, sizeof(*lines));
}
