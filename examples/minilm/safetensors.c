/*
 * safetensors.c - reads a .safetensors file; see safetensors.h.
 *
 * Called by weights.c and by the tests, from one thread each.
 */
#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

/* A header of the model has 11 KiB; 16 MiB bounds what a hostile length can make us parse. */
#define MAX_HEADER_BYTES (UINT64_C(16) << 20)
/* Numbers of a JSON file are doubles; above this they are not exact. */
#define MAX_EXACT 9007199254740992.0

/* Maps the whole file. */
static slip_status map_file(const char *path, safetensors *out, minilm_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return minilm_fail(error, SLIP_E_FILE, "%s: wanted a model file, cannot open it: %s", path,
                           strerror(errno));
    }
    slip_status status = SLIP_OK;
    struct stat info;
    if (fstat(fd, &info) != 0) {
        status =
            minilm_fail(error, SLIP_E_FILE, "%s: cannot read its size: %s", path, strerror(errno));
    } else if (!S_ISREG(info.st_mode)) {
        status = minilm_fail(error, SLIP_E_FILE, "%s: wanted a regular file, found something else",
                             path);
    } else if (info.st_size < 8) {
        status = minilm_fail(
            error, SLIP_E_FORMAT,
            "%s: wanted a .safetensors file (8 bytes of header length first), found %jd "
            "bytes; fetch the model again",
            path, (intmax_t)info.st_size);
    } else {
        void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            status = minilm_fail(error, SLIP_E_OUT_OF_MEMORY, "%s: cannot map %jd bytes: %s", path,
                                 (intmax_t)info.st_size, strerror(errno));
        } else {
            out->map = map;
            out->map_bytes = (uint64_t)info.st_size;
        }
    }
    (void)close(fd);
    return status;
}

/* Reads the header's length and the header. */
static slip_status read_header(safetensors *file, minilm_error *error)
{
    uint64_t header_bytes = 0;
    for (uint32_t i = 0; i < 8; i++) {
        header_bytes |= (uint64_t)file->map[i] << (8 * i);
    }
    uint64_t room = file->map_bytes - 8;
    if (header_bytes < 2 || header_bytes > room || header_bytes > MAX_HEADER_BYTES) {
        return minilm_fail(
            error, SLIP_E_FORMAT,
            "%s: wanted a .safetensors header of 2 to %" PRIu64
            " bytes, its length field says %" PRIu64
            "; the file is cut short or is no .safetensors file, fetch the model again",
            file->path, room < MAX_HEADER_BYTES ? room : MAX_HEADER_BYTES, header_bytes);
    }
    const char *text = (const char *)file->map + 8;
    file->header = cJSON_ParseWithLength(text, (size_t)header_bytes);
    if (!cJSON_IsObject(file->header)) {
        return minilm_fail(error, SLIP_E_FORMAT,
                           "%s: wanted a JSON object as header, found something else; it is no "
                           ".safetensors file",
                           file->path);
    }
    file->data = file->map + 8 + header_bytes;
    file->data_bytes = room - header_bytes;
    return SLIP_OK;
}

slip_status safetensors_open(const char *path, safetensors *out, minilm_error *error)
{
    memset(out, 0, sizeof(*out));
    (void)snprintf(out->path, sizeof(out->path), "%s", path);
    slip_status status = map_file(path, out, error);
    if (status == SLIP_OK) {
        status = read_header(out, error);
    }
    if (status != SLIP_OK) {
        safetensors_close(out);
    }
    return status;
}

void safetensors_close(safetensors *file)
{
    cJSON_Delete(file->header);
    if (file->map != NULL) {
        (void)munmap((void *)(uintptr_t)file->map, (size_t)file->map_bytes);
    }
    memset(file, 0, sizeof(*file));
}

/* Reads a JSON number as a whole number from 0 on; false if it is none. */
static bool whole_number(const cJSON *item, uint64_t *out)
{
    if (!cJSON_IsNumber(item)) {
        return false;
    }
    double value = item->valuedouble;
    /* Not a number fails the first comparison. */
    if (!(value >= 0.0) || value > MAX_EXACT || value != (double)(uint64_t)value) {
        return false;
    }
    *out = (uint64_t)value;
    return true;
}

/* Reads an array of `count` whole numbers; false if it is anything else. */
static bool whole_numbers(const cJSON *array, uint32_t count, uint64_t *out)
{
    if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) != (int)count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!whole_number(cJSON_GetArrayItem(array, (int)i), &out[i])) {
            return false;
        }
    }
    return true;
}

/* Writes a shape such as "[384, 1536]". */
static void shape_text(char *text, size_t room, const safetensors_want *want)
{
    size_t used = 0;
    for (uint32_t d = 0; d < want->ndim && used < room; d++) {
        int wrote = snprintf(text + used, room - used, "%s%" PRIu32 "%s", d == 0 ? "[" : ", ",
                             want->shape[d], d + 1 == want->ndim ? "]" : "");
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

/* Checks type and shape of one entry of the header. */
static slip_status check_kind(const safetensors *file, const safetensors_want *want,
                              const cJSON *entry, minilm_error *error)
{
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
    const char *type = cJSON_IsString(dtype) ? dtype->valuestring : "none";
    if (strcmp(type, "F32") != 0) {
        return minilm_fail(
            error, SLIP_E_FORMAT,
            "%s: tensor %s: wanted type F32, found %.16s; this is not the float32 model",
            file->path, want->name, type);
    }
    const cJSON *dims = cJSON_GetObjectItemCaseSensitive(entry, "shape");
    uint64_t found[SAFETENSORS_MAX_DIMS] = {0};
    bool same = whole_numbers(dims, want->ndim, found);
    for (uint32_t d = 0; d < want->ndim && same; d++) {
        same = found[d] == want->shape[d];
    }
    if (!same) {
        char wanted_text[96];
        shape_text(wanted_text, sizeof(wanted_text), want);
        char *found_text = cJSON_PrintUnformatted(dims);
        (void)minilm_fail(error, SLIP_E_FORMAT,
                          "%s: tensor %s: wanted shape %s, found %.64s; this is another model",
                          file->path, want->name, wanted_text,
                          found_text != NULL ? found_text : "none");
        cJSON_free(found_text);
        return SLIP_E_FORMAT;
    }
    return SLIP_OK;
}

/* Bytes of a wanted tensor; false if there is no such number. */
static bool wanted_bytes(const safetensors_want *want, uint64_t *out)
{
    uint64_t bytes = sizeof(float);
    for (uint32_t d = 0; d < want->ndim; d++) {
        if (want->shape[d] == 0 || bytes > UINT64_MAX / want->shape[d]) {
            return false;
        }
        bytes *= want->shape[d];
    }
    *out = bytes;
    return true;
}

/* Checks where one entry of the header says that its data lies; *out_first is the offset. */
static slip_status check_place(const safetensors *file, const safetensors_want *want,
                               const cJSON *entry, uint64_t *out_first, minilm_error *error)
{
    uint64_t bytes = 0;
    if (!wanted_bytes(want, &bytes)) {
        return minilm_fail(error, SLIP_E_INVALID_ARGUMENT,
                           "tensor %s: its wanted shape has no size", want->name);
    }
    uint64_t place[2] = {0, 0};
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    if (!whole_numbers(offsets, 2, place)) {
        return minilm_fail(error, SLIP_E_FORMAT,
                           "%s: tensor %s: wanted data_offsets of two whole numbers, found others",
                           file->path, want->name);
    }
    if (place[0] > place[1] || place[1] - place[0] != bytes) {
        return minilm_fail(error, SLIP_E_FORMAT,
                           "%s: tensor %s: its shape needs %" PRIu64 " bytes, data_offsets %" PRIu64
                           " to %" PRIu64 " hold another number",
                           file->path, want->name, bytes, place[0], place[1]);
    }
    if (place[1] > file->data_bytes) {
        return minilm_fail(error, SLIP_E_FORMAT,
                           "%s: tensor %s ends at byte %" PRIu64
                           " of the data, the file has %" PRIu64
                           "; it is cut short, fetch the model again",
                           file->path, want->name, place[1], file->data_bytes);
    }
    *out_first = place[0];
    return SLIP_OK;
}

slip_status safetensors_find(const safetensors *file, const safetensors_want *want,
                             const void **out_data, minilm_error *error)
{
    if (want->ndim == 0 || want->ndim > SAFETENSORS_MAX_DIMS) {
        return minilm_fail(error, SLIP_E_INVALID_ARGUMENT, "wanted 1 to %u dimensions, found %u",
                           SAFETENSORS_MAX_DIMS, want->ndim);
    }
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(file->header, want->name);
    if (!cJSON_IsObject(entry)) {
        return minilm_fail(error, SLIP_E_FORMAT,
                           "%s: wanted tensor %s, found none of that name; this is another model",
                           file->path, want->name);
    }
    uint64_t first = 0;
    slip_status status = check_kind(file, want, entry, error);
    if (status == SLIP_OK) {
        status = check_place(file, want, entry, &first, error);
    }
    if (status == SLIP_OK) {
        *out_data = file->data + first;
    }
    return status;
}
