/*
 * arguments.c - run arguments from NAME=VALUE texts: files, generated tensors, scalars.
 *
 * For session.h's users; one thread. Whether an argument fits the program's signature is the
 * library's business: it is checked at every run, and its message is printed.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "elements.h"
#include "session.h"

/* A SHAPE[:TYPE[:FILL]] text, taken apart. */
typedef struct tensor_spec {
    uint32_t ndim;
    uint32_t shape[SLIP_MAX_DIMS];
    uint8_t dtype;
    const char *fill; /* null: the default */
    char text[128];   /* the copy that `fill` points into */
} tensor_spec;

/* The signature's row of an argument. */
static const slip_param *param_of(const slipi_session *session, uint32_t index)
{
    return &session->program->params[index];
}

/* Whether a text is SHAPE or SHAPE:..., and not the name of a file. */
static bool looks_like_spec(const char *text)
{
    size_t digits = strspn(text, "0123456789x");
    return digits > 0 && (text[digits] == '\0' || text[digits] == ':');
}

/* Parses "2x3x4" up to the end of the text. */
static bool parse_shape(const char *text, tensor_spec *out)
{
    bool more = true;
    out->ndim = 0;
    while (more) {
        char *end = NULL;
        if (!isdigit((unsigned char)*text) || out->ndim == SLIP_MAX_DIMS) {
            return false;
        }
        errno = 0;
        unsigned long long value = strtoull(text, &end, 10);
        if (errno != 0 || value == 0 || value > UINT32_MAX) {
            return false;
        }
        out->shape[out->ndim++] = (uint32_t)value;
        more = *end == 'x';
        text = more ? end + 1 : end;
    }
    return *text == '\0';
}

/* Parses a tensor's text; prints what is wrong. */
static int parse_spec(const slipi_session *session, uint32_t index, const char *value,
                      tensor_spec *out)
{
    const slip_param *param = param_of(session, index);
    size_t length = strlen(value);
    if (length >= sizeof(out->text)) {
        return slipi_cli_usage(session->command, "--arg %s: the value is too long", param->name);
    }
    memcpy(out->text, value, length + 1);
    char *type = strchr(out->text, ':');
    char *fill = NULL;
    if (type != NULL) {
        *type++ = '\0';
        fill = strchr(type, ':');
    }
    if (fill != NULL) {
        *fill++ = '\0';
    }
    if (!parse_shape(out->text, out)) {
        return slipi_cli_usage(session->command,
                               "--arg %s: wanted a shape of 1 to %u sizes of at least 1 such as "
                               "64x64, found '%s'",
                               param->name, SLIP_MAX_DIMS, out->text);
    }
    out->dtype = param->dtype != 0 ? param->dtype : (uint8_t)SLIP_F32;
    if (type != NULL) {
        out->dtype = slipi_dtype_find(type);
    }
    if (out->dtype == SLIP_DTYPE_NONE) {
        const char *near = slipi_cli_nearest(type, slipi_dtype_names());
        return slipi_cli_usage(session->command, "--arg %s: unknown type '%s'; %s", param->name,
                               type, near != NULL ? near : "wanted f32, f64, i32 and so on");
    }
    out->fill = fill;
    return SLIPI_EXIT_OK;
}

/* Fills argument `index` from a file. */
static int take_file(slipi_session *session, uint32_t index, const char *path)
{
    char why[512];
    if (!slipi_npy_read(path, &session->args[index].data, why, sizeof(why))) {
        return slipi_cli_fail(session->command, "--arg %s: %s", param_of(session, index)->name,
                              why);
    }
    return SLIPI_EXIT_OK;
}

/* Fills argument `index` with generated elements. */
static int take_generated(slipi_session *session, uint32_t index, const char *value)
{
    const slip_param *param = param_of(session, index);
    tensor_spec spec = {0};
    char why[256];
    int code = parse_spec(session, index, value, &spec);
    if (code != 0) {
        return code;
    }
    slipi_array *data = &session->args[index].data;
    if (!slipi_array_init(data, spec.dtype, spec.ndim, spec.shape, why, sizeof(why))) {
        return slipi_cli_fail(session->command, "--arg %s: %s", param->name, why);
    }
    const char *fallback = param->access == SLIP_ACCESS_OUT ? "zeros" : "rand";
    if (!slipi_array_fill(data, spec.fill != NULL ? spec.fill : fallback)) {
        return slipi_cli_usage(session->command,
                               "--arg %s: unknown fill '%s'; wanted rand, zeros, ones, range or a "
                               "seed",
                               param->name, spec.fill);
    }
    return SLIPI_EXIT_OK;
}

/* Bits of a floating-point scalar; false if the text is none. */
static bool parse_double(const char *text, uint64_t *out_bits)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || isspace((unsigned char)text[0]) || isnan(value)) {
        return false;
    }
    if (*end == 'f') {
        end++;
    }
    memcpy(out_bits, &value, sizeof(value));
    return *end == '\0';
}

/* Sets argument `index` to a scalar. */
static int take_scalar(slipi_session *session, uint32_t index, const char *value)
{
    slip_run_arg *arg = &session->run_args[index];
    uint64_t bits = 0;
    bool negative = value[0] == '-';
    if (slipi_cli_u64(value + (negative ? 1 : 0), &bits) &&
        (!negative || bits <= UINT64_C(1) << 63)) {
        *arg = slip_scalar_arg(negative ? 0 - bits : bits);
        return SLIPI_EXIT_OK;
    }
    if (!parse_double(value, &bits)) {
        return slipi_cli_usage(session->command,
                               "--arg %s: wanted an integer, or a number such as 1.5f, found '%s'",
                               param_of(session, index)->name, value);
    }
    *arg = slip_scalar_arg(bits);
    return SLIPI_EXIT_OK;
}

/* Makes the run argument of a tensor whose memory is there, and keeps an INOUT's contents. */
static int finish_tensor(slipi_session *session, uint32_t index)
{
    slipi_session_arg *arg = &session->args[index];
    const slip_param *param = param_of(session, index);
    const slipi_array *data = &arg->data;
    char why[256];
    session->run_args[index] =
        slip_host_tensor(data->data, data->dtype, param->access, data->ndim, data->shape);
    if (param->access != SLIP_ACCESS_INOUT) {
        return SLIPI_EXIT_OK;
    }
    if (!slipi_array_init(&arg->before, data->dtype, data->ndim, data->shape, why, sizeof(why))) {
        return slipi_cli_fail(session->command, "--arg %s: %s", param->name, why);
    }
    memcpy(arg->before.data, data->data, data->bytes);
    return SLIPI_EXIT_OK;
}

/* Takes one NAME=VALUE. */
static int take_argument(slipi_session *session, const char *text)
{
    uint32_t index = 0;
    const char *value = NULL;
    int code = slipi_session_param(session, "arg", text, &index, &value);
    if (code != 0) {
        return code;
    }
    const slip_param *param = param_of(session, index);
    if (session->args[index].given) {
        return slipi_cli_usage(session->command, "--arg %s is given twice", param->name);
    }
    session->args[index].given = true;
    if (param->kind == SLIP_PARAM_SCALAR) {
        return take_scalar(session, index, value);
    }
    code = looks_like_spec(value) ? take_generated(session, index, value)
                                  : take_file(session, index, value);
    return code != 0 ? code : finish_tensor(session, index);
}

/* Gives the program its arguments: NAME=VALUE texts. */
int slipi_session_bind(slipi_session *session, const slipi_cli_list *args)
{
    for (uint32_t i = 0; i < args->count; i++) {
        int code = take_argument(session, args->value[i]);
        if (code != 0) {
            return code;
        }
    }
    return SLIPI_EXIT_OK;
}

/* Gives an OUT argument that has no --arg the shape of an array. */
int slipi_session_bind_output(slipi_session *session, uint32_t index, const slipi_array *like)
{
    const slip_param *param = param_of(session, index);
    char why[256];
    if (session->args[index].given || param->access != SLIP_ACCESS_OUT) {
        return SLIPI_EXIT_OK;
    }
    if (!slipi_array_init(&session->args[index].data, like->dtype, like->ndim, like->shape, why,
                          sizeof(why))) {
        return slipi_cli_fail(session->command, "--golden %s: %s", param->name, why);
    }
    session->args[index].given = true;
    return finish_tensor(session, index);
}

/* Fails if an argument is still missing. */
int slipi_session_check(slipi_session *session)
{
    for (uint32_t i = 0; i < session->program->param_count; i++) {
        const slip_param *param = param_of(session, i);
        if (!session->args[i].given) {
            const char *form = param->kind == SLIP_PARAM_SCALAR ? "NUMBER" : "SHAPE:TYPE or FILE";
            return slipi_cli_usage(session->command,
                                   "argument '%s' of program '%s' is missing: --arg %s=%s",
                                   param->name, session->program->name, param->name, form);
        }
    }
    return SLIPI_EXIT_OK;
}
