/*
 * npy.c - reading and writing .npy files.
 *
 * For the subcommands; one thread. Layout of a file: six bytes of magic, two of version, two
 * (version 1) or four (version 2) of header length, the header's text, the elements.
 */
#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "npy_header.h"

static const unsigned char npy_magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* Names of the types as the command line says them. */
static const char *const dtype_names[] = {
    [SLIP_F32 - 1] = "f32",   [SLIP_F64 - 1] = "f64", [SLIP_F16 - 1] = "f16",
    [SLIP_BF16 - 1] = "bf16", [SLIP_I8 - 1] = "i8",   [SLIP_U8 - 1] = "u8",
    [SLIP_I16 - 1] = "i16",   [SLIP_U16 - 1] = "u16", [SLIP_I32 - 1] = "i32",
    [SLIP_U32 - 1] = "u32",   [SLIP_I64 - 1] = "i64", [SLIP_U64 - 1] = "u64",
    [SLIP_U64] = NULL};

/* All names, terminated by null. */
const char *const *slipi_dtype_names(void)
{
    return dtype_names;
}

/* Name of a type as the command line says it ("f32"); "?" for a value that is no type. */
const char *slipi_dtype_name(uint8_t dtype)
{
    return slip_dtype_bytes(dtype) != 0 ? dtype_names[dtype - 1] : "?";
}

/* Type of a name as above; SLIP_DTYPE_NONE if there is none. */
uint8_t slipi_dtype_find(const char *name)
{
    for (uint8_t dtype = 1; slip_dtype_bytes(dtype) != 0; dtype++) {
        if (strcmp(slipi_dtype_name(dtype), name) == 0) {
            return dtype;
        }
    }
    return SLIP_DTYPE_NONE;
}

/* Writes "2x3x4" for a shape. */
void slipi_shape_text(uint32_t ndim, const uint32_t *shape, char *out, size_t out_bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t d = 0; d < ndim && d < SLIP_MAX_DIMS && used < out_bytes; d++) {
        int count = snprintf(out + used, out_bytes - used, "%s%u", d == 0 ? "" : "x", shape[d]);
        used += count > 0 ? (size_t)count : 0;
    }
}

/* Bytes of an array; false if they cannot be counted in 63 bits. */
static bool array_bytes(uint8_t dtype, uint32_t ndim, const uint32_t *shape, uint64_t *out)
{
    uint64_t bytes = slip_dtype_bytes(dtype);
    for (uint32_t d = 0; d < ndim; d++) {
        if (shape[d] != 0 && bytes > (UINT64_MAX >> 1) / shape[d]) {
            return false;
        }
        bytes *= shape[d];
    }
    *out = bytes;
    return true;
}

/* Makes an array of zeros. False, with a sentence in `why`, if it is too large. */
bool slipi_array_init(slipi_array *array, uint8_t dtype, uint32_t ndim, const uint32_t *shape,
                      char *why, size_t why_bytes)
{
    memset(array, 0, sizeof(*array));
    uint64_t bytes = 0;
    void *data = NULL;
    if (!array_bytes(dtype, ndim, shape, &bytes)) {
        snprintf(why, why_bytes, "the shape has more bytes than can be addressed");
        return false;
    }
    data = calloc(bytes != 0 ? bytes : 1, 1);
    if (data == NULL) {
        snprintf(why, why_bytes, "%llu bytes of memory are not to be had",
                 (unsigned long long)bytes);
        return false;
    }
    array->dtype = dtype;
    array->ndim = ndim;
    memcpy(array->shape, shape, ndim * sizeof(shape[0]));
    array->bytes = bytes;
    array->data = data;
    return true;
}

/* Frees an array; one of all zeros is fine. */
void slipi_array_fini(slipi_array *array)
{
    free(array->data);
    memset(array, 0, sizeof(*array));
}

/* Reads `bytes` at the file's position; false at an early end. */
static bool read_exactly(int file, void *out, uint64_t bytes)
{
    unsigned char *to = out;
    while (bytes > 0) {
        size_t part = bytes > (UINT64_C(1) << 30) ? (size_t)1 << 30 : (size_t)bytes;
        ssize_t got = read(file, to, part);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        bytes -= (uint64_t)got;
    }
    return true;
}

/* Reads magic, version and header length. On success *out_header is where the text starts. */
static bool read_preamble(int file, uint64_t file_bytes, uint64_t *out_start, uint64_t *out_length,
                          char *why, size_t why_bytes)
{
    unsigned char head[12] = {0};
    if (file_bytes < 10 || !read_exactly(file, head, 10)) {
        snprintf(why, why_bytes, "wanted at least 10 bytes of preamble, the file has %llu",
                 (unsigned long long)file_bytes);
        return false;
    }
    for (size_t i = 0; i < sizeof(npy_magic); i++) {
        if (head[i] != npy_magic[i]) {
            snprintf(why, why_bytes, "byte %zu: wanted 0x%02x of the .npy magic, found 0x%02x", i,
                     npy_magic[i], head[i]);
            return false;
        }
    }
    if ((head[6] != 1 && head[6] != 2) || head[7] != 0) {
        snprintf(why, why_bytes, "byte 6: wanted version 1.0 or 2.0, found %u.%u", head[6],
                 head[7]);
        return false;
    }
    uint64_t length = (uint64_t)head[8] | (uint64_t)head[9] << 8;
    uint64_t start = 10;
    if (head[6] == 2) {
        if (!read_exactly(file, head + 10, 2)) {
            snprintf(why, why_bytes, "byte 8: the file ends in the header length");
            return false;
        }
        length |= (uint64_t)head[10] << 16 | (uint64_t)head[11] << 24;
        start = 12;
    }
    if (length > SLIPI_NPY_MAX_HEADER || start + length > file_bytes) {
        snprintf(why, why_bytes,
                 "byte 8: header length is %llu; %llu bytes of the file are left and %u are the "
                 "most that is accepted",
                 (unsigned long long)length, (unsigned long long)(file_bytes - start),
                 SLIPI_NPY_MAX_HEADER);
        return false;
    }
    *out_start = start;
    *out_length = length;
    return true;
}

/* Reads the header into dtype, ndim and shape; *out_data is where the elements start. */
static bool read_header(int file, uint64_t file_bytes, slipi_array *out, uint64_t *out_data,
                        char *why, size_t why_bytes)
{
    uint64_t start = 0;
    uint64_t length = 0;
    if (!read_preamble(file, file_bytes, &start, &length, why, why_bytes)) {
        return false;
    }
    char *text = malloc(length + 1);
    if (text == NULL) {
        snprintf(why, why_bytes, "memory for the header is not to be had");
        return false;
    }
    bool good = read_exactly(file, text, length);
    if (!good) {
        snprintf(why, why_bytes, "byte %llu: the header cannot be read", (unsigned long long)start);
    } else {
        good = slipi_npy_parse_header(text, length, start, out, why, why_bytes);
    }
    free(text);
    *out_data = start + length;
    return good;
}

/* Reads header and elements of an open file. */
static bool read_array(int file, slipi_array *out, char *why, size_t why_bytes)
{
    struct stat info;
    slipi_array head;
    uint64_t start = 0;
    uint64_t bytes = 0;
    memset(&head, 0, sizeof(head));
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        snprintf(why, why_bytes, "wanted a regular file");
        return false;
    }
    uint64_t file_bytes = (uint64_t)info.st_size;
    if (!read_header(file, file_bytes, &head, &start, why, why_bytes)) {
        return false;
    }
    uint64_t left = file_bytes - start;
    if (!array_bytes(head.dtype, head.ndim, head.shape, &bytes) || bytes != left) {
        char shape[64];
        slipi_shape_text(head.ndim, head.shape, shape, sizeof(shape));
        snprintf(why, why_bytes,
                 "byte %llu: shape %s of %s wants %llu bytes of elements, the file has %llu",
                 (unsigned long long)start, shape, slipi_dtype_name(head.dtype),
                 (unsigned long long)bytes, (unsigned long long)left);
        return false;
    }
    if (!slipi_array_init(out, head.dtype, head.ndim, head.shape, why, why_bytes)) {
        return false;
    }
    if (!read_exactly(file, out->data, bytes)) {
        snprintf(why, why_bytes, "byte %llu: the elements cannot be read",
                 (unsigned long long)start);
        slipi_array_fini(out);
        return false;
    }
    return true;
}

/* Reads a file. On failure the array is all zeros and `why` says what was wanted and found. */
bool slipi_npy_read(const char *path, slipi_array *out, char *why, size_t why_bytes)
{
    memset(out, 0, sizeof(*out));
    char reason[384];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        snprintf(why, why_bytes, "%s: %s", path, strerror(errno));
        return false;
    }
    bool good = read_array(file, out, reason, sizeof(reason));
    close(file);
    if (!good) {
        snprintf(why, why_bytes, "%s: %s", path, reason);
    }
    return good;
}

/* Writes the preamble and the header, padded so that the elements start at a multiple of 64. */
static bool write_header(FILE *file, const slipi_array *array)
{
    static const char *const names[] = {"",
#define NPY_NAME(symbol, value, bytes, name) name,
                                        SLIP_DTYPE_TABLE(NPY_NAME)
#undef NPY_NAME
    };
    char text[192];
    char order = slip_dtype_bytes(array->dtype) == 1 || array->dtype == SLIP_BF16 ? '|' : '<';
    const char *name = array->dtype == SLIP_BF16 ? "V2" : names[array->dtype];
    int used = snprintf(text, sizeof(text), "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                        order, name);
    for (uint32_t d = 0; d < array->ndim; d++) {
        used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%u", d == 0 ? "" : ", ",
                         array->shape[d]);
    }
    used +=
        snprintf(text + used, sizeof(text) - (size_t)used, "%s), }", array->ndim == 1 ? "," : "");
    while ((used + 1 + 10) % 64 != 0) {
        text[used++] = ' ';
    }
    text[used++] = '\n';
    unsigned char head[10] = {0};
    memcpy(head, npy_magic, sizeof(npy_magic));
    head[6] = 1;
    head[8] = (unsigned char)(used & 0xff);
    head[9] = (unsigned char)(used >> 8);
    return fwrite(head, 1, sizeof(head), file) == sizeof(head) &&
           fwrite(text, 1, (size_t)used, file) == (size_t)used;
}

/* Writes a file (version 1.0) under a temporary name and renames it. */
bool slipi_npy_write(const char *path, const slipi_array *array, char *why, size_t why_bytes)
{
    char temporary[4096];
    int count = snprintf(temporary, sizeof(temporary), "%s.%ld.tmp", path, (long)getpid());
    if (count < 0 || (size_t)count >= sizeof(temporary)) {
        snprintf(why, why_bytes, "the path is longer than %zu characters", sizeof(temporary) - 32);
        return false;
    }
    FILE *file = fopen(temporary, "wbe");
    if (file == NULL) {
        snprintf(why, why_bytes, "%s: %s", temporary, strerror(errno));
        return false;
    }
    bool good = write_header(file, array) &&
                fwrite(array->data, 1, array->bytes, file) == array->bytes && fflush(file) == 0;
    good = fclose(file) == 0 && good;
    good = good && rename(temporary, path) == 0;
    if (!good) {
        snprintf(why, why_bytes, "%s: %s", path, strerror(errno));
        remove(temporary);
    }
    return good;
}
