/*
 * plan_check_tables.c - the tables of a plan that its tasks point into; see plan.h. Any thread.
 *
 * The sections are known to lie inside the block, and names to end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/plan_check_int.h"

/* True if a shape is one; see the header. */
bool slipi_plan_shape(const slipi_plan_checker *c, const uint32_t *shape, uint32_t used,
                      const char *what)
{
    for (uint32_t d = 0; d < SLIP_MAX_DIMS; d++) {
        if ((shape[d] != 0) != (d < used)) {
            return slipi_plan_wrong(c, &shape[d], "%s: dimension %u of %u has size %u", what, d,
                                    used, shape[d]);
        }
    }
    return true;
}

/* Bytes of a tensor; see the header. */
bool slipi_plan_tensor_bytes(const uint32_t *shape, uint32_t ndim, uint32_t dtype, uint64_t *out)
{
    uint64_t bytes = slip_dtype_bytes(dtype);
    for (uint32_t d = 0; d < ndim; d++) {
        if (!slipi_mul_u64(bytes, shape[d], &bytes)) {
            return false;
        }
    }
    *out = bytes;
    return true;
}

/* Checks type and number of dimensions of a geometry or a parameter. */
static bool check_type(const slipi_plan_checker *c, const uint8_t *dtype, const uint8_t *ndim,
                       const char *what)
{
    if (slip_dtype_bytes(*dtype) == 0) {
        return slipi_plan_wrong(c, dtype, "%s has type %u, which is none", what, *dtype);
    }
    return (*ndim >= 1 && *ndim <= SLIP_MAX_DIMS) ||
           slipi_plan_wrong(c, ndim, "%s has %u dimensions, wanted 1 to %d", what, *ndim,
                            SLIP_MAX_DIMS);
}

/* Checks one geometry. */
static bool check_geometry(const slipi_plan_checker *c, const slipi_plan_geometry *g)
{
    if (!check_type(c, &g->dtype, &g->ndim, "a geometry")) {
        return false;
    }
    if (g->root_ndim > SLIP_MAX_DIMS) {
        return slipi_plan_wrong(c, &g->root_ndim, "a geometry's root has %u dimensions, at most %d",
                                g->root_ndim, SLIP_MAX_DIMS);
    }
    const int32_t *unused = &g->stride[g->ndim];
    return slipi_plan_shape(c, g->shape, g->ndim, "a geometry") &&
           slipi_plan_shape(c, g->root_shape, g->root_ndim, "a geometry's root") &&
           slipi_plan_zero(c, unused, (SLIP_MAX_DIMS - g->ndim) * sizeof *unused,
                           "stride of no dimension") &&
           slipi_plan_zero(c, &g->reserved, sizeof g->reserved, "reserved of a geometry");
}

/* Checks one buffer of the graph's heap; `*inout_end` is the end of the one before. */
static bool check_buffer(const slipi_plan_checker *c, const slipi_plan_buffer *b,
                         uint64_t *inout_end)
{
    uint64_t end;
    if (b->offset % SLIPI_LINE != 0 || b->offset < *inout_end || b->bytes == 0 ||
        !slipi_add_u64(b->offset, b->bytes, &end) || end > c->plan->heap_bytes) {
        return slipi_plan_wrong(c, b,
                                "a buffer of %llu bytes at %llu, wanted within %llu to %llu on a "
                                "multiple of %u",
                                (unsigned long long)b->bytes, (unsigned long long)b->offset,
                                (unsigned long long)*inout_end,
                                (unsigned long long)c->plan->heap_bytes, SLIPI_LINE);
    }
    if (!slipi_is_pow2_u64(b->elem_bytes) || b->elem_bytes > 8 || b->bytes % b->elem_bytes != 0) {
        return slipi_plan_wrong(c, &b->elem_bytes,
                                "a buffer of %llu bytes with elements of %u, wanted 1, 2, 4 or 8",
                                (unsigned long long)b->bytes, b->elem_bytes);
    }
    if (b->task >= slipi_plan_count(c->plan, SLIPI_PLAN_TASKS)) {
        return slipi_plan_wrong(c, &b->task, "a buffer made by task %u of %llu", b->task,
                                (unsigned long long)slipi_plan_count(c->plan, SLIPI_PLAN_TASKS));
    }
    if (b->has_init > 1) {
        return slipi_plan_wrong(c, &b->has_init,
                                "a buffer's initial value is marked %u, wanted 0 "
                                "or 1",
                                b->has_init);
    }
    *inout_end = end;
    return slipi_plan_zero(c, b->reserved, sizeof b->reserved, "reserved of a buffer");
}

/* Checks a scalar parameter: everything of tensors is zero. */
static bool check_scalar_param(const slipi_plan_checker *c, const slipi_plan_param *p)
{
    if ((p->flags & ~(uint32_t)SLIPI_PLAN_PARAM_READ) != 0) {
        return slipi_plan_wrong(c, &p->flags, "flags 0x%x of a scalar parameter, known is 0x%x",
                                p->flags, SLIPI_PLAN_PARAM_READ);
    }
    static const char what[] = "what only tensors have, of a scalar parameter";
    uint64_t head = offsetof(slipi_plan_param, scalar) - offsetof(slipi_plan_param, access);
    return slipi_plan_zero(c, &p->access, head, what) &&
           slipi_plan_zero(c, p->shape, sizeof p->shape, what) &&
           slipi_plan_zero(c, &p->written, sizeof p->written, what);
}

/* Checks a tensor parameter's type, shape and flags. */
static bool check_tensor_param(const slipi_plan_checker *c, const slipi_plan_param *p)
{
    if (p->access != SLIP_ACCESS_IN && p->access != SLIP_ACCESS_OUT &&
        p->access != SLIP_ACCESS_INOUT) {
        return slipi_plan_wrong(c, &p->access, "access %u of a parameter, wanted IN, OUT or INOUT",
                                p->access);
    }
    if (p->written > 1 || (p->written == 0 && p->access != SLIP_ACCESS_IN)) {
        return slipi_plan_wrong(c, &p->written, "a parameter of access %u is marked written %u",
                                p->access, p->written);
    }
    return check_type(c, &p->dtype, &p->ndim, "a parameter") &&
           slipi_plan_shape(c, p->shape, p->ndim, "a parameter") &&
           slipi_plan_zero(c, &p->scalar, sizeof p->scalar, "value of a tensor parameter") &&
           slipi_plan_zero(c, &p->flags, sizeof p->flags, "flags of a tensor parameter");
}

/* Checks which buffer a tensor parameter lies in, and where. */
static bool check_place(const slipi_plan_checker *c, uint32_t index)
{
    const slipi_plan_param *params = slipi_plan_params(c->plan);
    const slipi_plan_binding *rows = slipi_plan_bindings(c->plan);
    const slipi_plan_param *p = &params[index];
    uint64_t first = (uint64_t)p->binding - SLIPI_PLAN_BIND_ARGS; /* below: wraps, and is too far */
    if (first > index || params[first].binding != p->binding ||
        params[first].kind != SLIP_PARAM_TENSOR) {
        return slipi_plan_wrong(c, &p->binding,
                                "parameter %u lies in binding %u, wanted that of "
                                "an earlier tensor or its own",
                                index, p->binding);
    }
    if ((rows[index] != 0) != (first == index)) {
        return slipi_plan_wrong(c, &rows[index], "binding of parameter %u has %llu bytes", index,
                                (unsigned long long)rows[index]);
    }
    if (p->written != params[first].written) {
        return slipi_plan_wrong(c, &p->written,
                                "parameters %llu and %u share a buffer and not "
                                "their mark 'written'",
                                (unsigned long long)first, index);
    }
    uint64_t bytes;
    uint64_t end;
    if (!slipi_plan_tensor_bytes(p->shape, p->ndim, p->dtype, &bytes) ||
        !slipi_add_u64(p->offset, bytes, &end) || end > rows[first]) {
        return slipi_plan_wrong(c, &p->offset,
                                "parameter %u at byte %llu leaves its buffer of "
                                "%llu bytes",
                                index, (unsigned long long)p->offset,
                                (unsigned long long)rows[first]);
    }
    return true;
}

/* Checks all parameters and their rows. */
static bool check_params(const slipi_plan_checker *c)
{
    const slipi_plan_param *params = slipi_plan_params(c->plan);
    const slipi_plan_binding *rows = slipi_plan_bindings(c->plan);
    for (uint32_t i = 0; i < slipi_plan_count(c->plan, SLIPI_PLAN_PARAMS); i++) {
        bool tensor = params[i].kind == SLIP_PARAM_TENSOR;
        if (!tensor && params[i].kind != SLIP_PARAM_SCALAR) {
            return slipi_plan_wrong(c, &params[i].kind, "parameter %u is of kind %u", i,
                                    params[i].kind);
        }
        if (!slipi_plan_name(c, &params[i].name, "a parameter's name")) {
            return false;
        }
        if (tensor ? !check_tensor_param(c, &params[i]) || !check_place(c, i)
                   : !check_scalar_param(c, &params[i]) ||
                         !slipi_plan_zero(c, &rows[i], sizeof rows[i], "binding of a scalar")) {
            return false;
        }
    }
    return true;
}

/* Orders names. */
static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Checks the kernels, but for how often they are used. */
static bool check_kernels(const slipi_plan_checker *c)
{
    const slipi_plan_kernel *kernels = slipi_plan_kernels(c->plan);
    uint64_t count = slipi_plan_count(c->plan, SLIPI_PLAN_KERNELS);
    for (uint64_t k = 0; k < count; k++) {
        if (!slipi_plan_name(c, &kernels[k].name, "a kernel's name") ||
            !slipi_plan_zero(c, kernels[k].reserved, sizeof kernels[k].reserved,
                             "reserved of a kernel")) {
            return false;
        }
        if (kernels[k].core_type != SLIP_AIC && kernels[k].core_type != SLIP_AIV) {
            return slipi_plan_wrong(c, &kernels[k].core_type, "a kernel for core type %u",
                                    kernels[k].core_type);
        }
        c->names[k] = slipi_plan_names(c->plan) + kernels[k].name;
    }
    qsort(c->names, count, sizeof *c->names, compare_names);
    for (uint64_t k = 1; k < count; k++) {
        if (strcmp(c->names[k - 1], c->names[k]) == 0) {
            return slipi_plan_wrong(c, kernels, "two kernels are named '%.40s'", c->names[k]);
        }
    }
    return true;
}

/* Checks which scalars follow a parameter. */
static bool check_patches(const slipi_plan_checker *c)
{
    const slipi_plan_patch *patches = slipi_plan_patches(c->plan);
    const slipi_plan_param *params = slipi_plan_params(c->plan);
    uint64_t scalars = slipi_plan_count(c->plan, SLIPI_PLAN_SCALARS);
    uint64_t next = 0; /* least scalar that may follow */
    for (uint64_t i = 0; i < slipi_plan_count(c->plan, SLIPI_PLAN_PATCHES); i++) {
        const slipi_plan_patch *patch = &patches[i];
        if (patch->scalar < next || patch->scalar >= scalars) {
            return slipi_plan_wrong(c, &patch->scalar,
                                    "a patch of scalar %u, wanted %llu to below "
                                    "%llu",
                                    patch->scalar, (unsigned long long)next,
                                    (unsigned long long)scalars);
        }
        if (patch->param >= slipi_plan_count(c->plan, SLIPI_PLAN_PARAMS) ||
            params[patch->param].kind != SLIP_PARAM_SCALAR) {
            return slipi_plan_wrong(c, &patch->param,
                                    "a scalar follows parameter %u, which is no "
                                    "scalar",
                                    patch->param);
        }
        if (slipi_plan_scalars(c->plan)[patch->scalar] != params[patch->param].scalar) {
            return slipi_plan_wrong(c, &patch->scalar,
                                    "scalar %u follows parameter %u and has "
                                    "another value",
                                    patch->scalar, patch->param);
        }
        next = (uint64_t)patch->scalar + 1;
    }
    return true;
}

bool slipi_plan_check_tables(const slipi_plan_checker *c)
{
    for (uint64_t i = 0; i < slipi_plan_count(c->plan, SLIPI_PLAN_GEOMETRIES); i++) {
        if (!check_geometry(c, &slipi_plan_geometries(c->plan)[i])) {
            return false;
        }
    }
    uint64_t end = 0;
    for (uint64_t i = 0; i < slipi_plan_count(c->plan, SLIPI_PLAN_BUFFERS); i++) {
        if (!check_buffer(c, &slipi_plan_buffers(c->plan)[i], &end)) {
            return false;
        }
    }
    return check_params(c) && check_kernels(c) && check_patches(c);
}
