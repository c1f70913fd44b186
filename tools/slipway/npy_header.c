/*
 * npy_header.c - parser of the dictionary in a .npy file's header.
 *
 * For npy.c; one thread. The dictionary has exactly the keys descr, fortran_order and shape. The
 * text is not terminated and not trusted: every step looks whether there is a character left.
 */
#include "npy_header.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Where the parser is, and where its complaint goes. */
typedef struct cursor {
    const char *text;
    size_t length;
    size_t at;
    size_t base; /* file offset of text[0] */
    char *why;
    size_t why_bytes;
} cursor;

/* Which keys have been seen. */
enum { SEEN_DESCR = 1, SEEN_ORDER = 2, SEEN_SHAPE = 4 };

/* Says what was wanted at this place of the file; always false. */
static bool wanted(cursor *c, const char *what)
{
    if (c->at < c->length) {
        unsigned char found = (unsigned char)c->text[c->at];
        snprintf(c->why, c->why_bytes, "header byte %zu: wanted %s, found %s%c%s (0x%02x)",
                 c->base + c->at, what, isprint(found) ? "'" : "", isprint(found) ? found : '?',
                 isprint(found) ? "'" : "", found);
    } else {
        snprintf(c->why, c->why_bytes, "header byte %zu: wanted %s, found the end of the header",
                 c->base + c->at, what);
    }
    return false;
}

/* Moves over white space. */
static void skip_space(cursor *c)
{
    while (c->at < c->length && strchr(" \t\r\n", c->text[c->at]) != NULL &&
           c->text[c->at] != '\0') {
        c->at++;
    }
}

/* Moves over one character if it is the next after white space. */
static bool take(cursor *c, char wanted_char)
{
    skip_space(c);
    if (c->at < c->length && c->text[c->at] == wanted_char) {
        c->at++;
        return true;
    }
    return false;
}

/* Reads a quoted string without escapes into `out`. */
static bool take_string(cursor *c, char *out, size_t out_bytes)
{
    skip_space(c);
    char quote = c->at < c->length ? c->text[c->at] : '\0';
    if (quote != '\'' && quote != '"') {
        return wanted(c, "a quoted string");
    }
    c->at++;
    size_t count = 0;
    while (c->at < c->length && c->text[c->at] != quote) {
        if (count + 1 >= out_bytes || !isprint((unsigned char)c->text[c->at])) {
            return wanted(c, "a short string of printable characters");
        }
        out[count++] = c->text[c->at++];
    }
    out[count] = '\0';
    if (c->at >= c->length) {
        return wanted(c, "the end of a string");
    }
    c->at++;
    return true;
}

/* Type of a descr of one byte order and kind; SLIP_DTYPE_NONE if it is none of ours. */
static uint8_t descr_dtype(const char *descr)
{
    static const struct {
        const char *name;
        uint8_t dtype;
    } names[] = {
#define NPY_DTYPE(symbol, value, bytes, name) {name, (value)},
        SLIP_DTYPE_TABLE(NPY_DTYPE)
#undef NPY_DTYPE
            {"V2", SLIP_BF16}};
    bool one_byte = descr[0] != '\0' && strcmp(descr + 1, "i1") == 0;
    one_byte = one_byte || (descr[0] != '\0' && strcmp(descr + 1, "u1") == 0);
    bool any_order = one_byte || (descr[0] != '\0' && strcmp(descr + 1, "V2") == 0);
    if (descr[0] != '<' && !(any_order && descr[0] == '|')) {
        return SLIP_DTYPE_NONE;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(descr + 1, names[i].name) == 0) {
            return names[i].dtype;
        }
    }
    return SLIP_DTYPE_NONE;
}

/* Value of the key descr. */
static bool take_descr(cursor *c, slipi_array *out)
{
    char descr[32];
    size_t start = c->at;
    if (!take_string(c, descr, sizeof(descr))) {
        return false;
    }
    out->dtype = descr_dtype(descr);
    if (out->dtype == SLIP_DTYPE_NONE) {
        snprintf(c->why, c->why_bytes,
                 "header byte %zu: field descr is '%s'; wanted a little-endian type of '<f4' '<f8' "
                 "'<f2' '|V2' (bf16) '|i1' '|u1' '<i2' '<u2' '<i4' '<u4' '<i8' '<u8'",
                 c->base + start, descr);
        return false;
    }
    return true;
}

/* Value of the key fortran_order, which must be False. */
static bool take_order(cursor *c)
{
    skip_space(c);
    size_t left = c->length - c->at;
    if (left >= 5 && memcmp(c->text + c->at, "False", 5) == 0) {
        c->at += 5;
        return true;
    }
    if (left >= 4 && memcmp(c->text + c->at, "True", 4) == 0) {
        snprintf(c->why, c->why_bytes,
                 "header byte %zu: field fortran_order is True; wanted False: save the array in "
                 "row-major (C) order",
                 c->base + c->at);
        return false;
    }
    return wanted(c, "True or False as fortran_order");
}

/* One size of the shape. */
static bool take_dimension(cursor *c, slipi_array *out)
{
    size_t start = c->at;
    uint64_t value = 0;
    while (c->at < c->length && isdigit((unsigned char)c->text[c->at])) {
        value = value * 10 + (uint64_t)(c->text[c->at] - '0');
        if (value > UINT32_MAX) {
            c->at = start;
            return wanted(c, "a size of at most 4294967295 in field shape");
        }
        c->at++;
    }
    if (c->at == start) {
        return wanted(c, "a size in field shape");
    }
    if (value == 0) {
        c->at = start;
        return wanted(c, "a size of at least 1 in field shape");
    }
    if (out->ndim == SLIP_MAX_DIMS) {
        c->at = start;
        return wanted(c, "at most 5 dimensions in field shape");
    }
    out->shape[out->ndim++] = (uint32_t)value;
    return true;
}

/* Value of the key shape: a tuple of one to five sizes. */
static bool take_shape(cursor *c, slipi_array *out)
{
    if (!take(c, '(')) {
        return wanted(c, "'(' of field shape");
    }
    bool closed = take(c, ')');
    while (!closed) {
        skip_space(c);
        if (!take_dimension(c, out)) {
            return false;
        }
        bool comma = take(c, ',');
        closed = take(c, ')');
        if (!comma && !closed) {
            return wanted(c, "',' or ')' in field shape");
        }
        if (!comma && out->ndim == 1) {
            c->at--;
            return wanted(c, "',' after the only size in field shape");
        }
    }
    if (out->ndim == 0) {
        c->at--;
        return wanted(c, "1 to 5 dimensions in field shape");
    }
    return true;
}

/* One key and its value. */
static bool take_entry(cursor *c, slipi_array *out, unsigned *seen)
{
    char key[32];
    skip_space(c);
    size_t start = c->at;
    if (!take_string(c, key, sizeof(key))) {
        return false;
    }
    unsigned bit = strcmp(key, "descr") == 0           ? SEEN_DESCR
                   : strcmp(key, "fortran_order") == 0 ? SEEN_ORDER
                   : strcmp(key, "shape") == 0         ? SEEN_SHAPE
                                                       : 0;
    if (bit == 0 || (*seen & bit) != 0) {
        c->at = start;
        return wanted(c, "each of the keys descr, fortran_order and shape once");
    }
    *seen |= bit;
    if (!take(c, ':')) {
        return wanted(c, "':' after a key");
    }
    skip_space(c);
    return bit == SEEN_DESCR   ? take_descr(c, out)
           : bit == SEEN_ORDER ? take_order(c)
                               : take_shape(c, out);
}

/* Parses the dictionary of a header. */
bool slipi_npy_parse_header(const char *text, size_t length, size_t base, slipi_array *out,
                            char *why, size_t why_bytes)
{
    cursor c = {text, length, 0, base, why, why_bytes};
    unsigned seen = 0;
    if (!take(&c, '{')) {
        return wanted(&c, "'{'");
    }
    bool closed = take(&c, '}');
    while (!closed) {
        if (!take_entry(&c, out, &seen)) {
            return false;
        }
        bool comma = take(&c, ',');
        closed = take(&c, '}');
        if (!comma && !closed) {
            return wanted(&c, "',' or '}'");
        }
    }
    skip_space(&c);
    if (c.at != c.length) {
        return wanted(&c, "nothing after '}'");
    }
    if (seen != (SEEN_DESCR | SEEN_ORDER | SEEN_SHAPE)) {
        snprintf(why, why_bytes, "header: field %s is missing",
                 (seen & SEEN_DESCR) == 0   ? "descr"
                 : (seen & SEEN_ORDER) == 0 ? "fortran_order"
                                            : "shape");
        return false;
    }
    return true;
}
