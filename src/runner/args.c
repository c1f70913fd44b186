/*
 * args.c - checks, groups and copies the arguments of a run; see args.h.
 *
 * For bind.c and run.c, under the runner's lock, written only against the host API table. A hit
 * comes through here at every run: no allocation, no system call.
 */
#include "runner/args.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "runner/args_int.h"
#include "runner/errors.h"

/* How an access is called in messages. */
static const char *access_name(uint32_t access)
{
    switch (access) {
    case SLIP_ACCESS_IN:
        return "IN";
    case SLIP_ACCESS_OUT:
        return "OUT";
    case SLIP_ACCESS_INOUT:
        return "INOUT";
    default:
        return "no direction";
    }
}

/* How a type is called in messages. */
static const char *dtype_name(uint32_t dtype)
{
    switch (dtype) {
#define DTYPE_NAME(symbol, value, bytes, name) \
    case value:                                \
        return name;
        SLIP_DTYPE_TABLE(DTYPE_NAME)
#undef DTYPE_NAME
    default:
        return "no type";
    }
}

/* Describes a failure of one argument: a sentence with what was wanted and what was found. */
static slip_status arg_fail(const slipi_arg_place *at, slip_status status, const char *wanted,
                            const char *found)
{
    slip_error *error = at->api->error;
    const char *name = at->signature->params[at->index].name;
    slipi_error_begin(error, status);
    slipi_error_resource(error, 0, 0, 0, "argument %u", at->index);
    return slipi_error_end(error, "program '%s', argument %u '%s': wanted %s, found %s",
                           at->signature->program, at->index, name != NULL ? name : "?", wanted,
                           found);
}

/* As arg_fail with two numbers. */
static slip_status arg_fail_numbers(const slipi_arg_place *at, slip_status status, const char *what,
                                    uint64_t wanted, uint64_t found)
{
    slip_error *error = at->api->error;
    const char *name = at->signature->params[at->index].name;
    slipi_error_begin(error, status);
    slipi_error_resource(error, wanted, found, 0, "argument %u", at->index);
    return slipi_error_end(
        error, "program '%s', argument %u '%s': %s: wanted %" PRIu64 ", found %" PRIu64,
        at->signature->program, at->index, name != NULL ? name : "?", what, wanted, found);
}

/* Finds why an argument does not match its parameter. Only called when it does not. */
static slip_status explain_mismatch(const slipi_arg_place *at, const slip_run_arg *arg,
                                    const slip_param *param)
{
    if (arg->kind != param->kind) {
        return arg_fail(at, SLIP_E_SIGNATURE,
                        param->kind == SLIP_PARAM_SCALAR ? "a scalar" : "a tensor",
                        arg->kind == SLIP_PARAM_SCALAR   ? "a scalar"
                        : arg->kind == SLIP_PARAM_TENSOR ? "a tensor"
                                                         : "an unknown kind");
    }
    if (arg->access != param->access) {
        return arg_fail(at, SLIP_E_SIGNATURE, access_name(param->access), access_name(arg->access));
    }
    if (param->dtype != 0 && arg->dtype != param->dtype) {
        return arg_fail(at, SLIP_E_SIGNATURE, dtype_name(param->dtype), dtype_name(arg->dtype));
    }
    return arg_fail_numbers(at, SLIP_E_SIGNATURE, "dimensions", param->ndim, arg->ndim);
}

/* True if a tensor argument is what its parameter says. */
static bool matches(const slip_run_arg *arg, const slip_param *param)
{
    return arg->kind == param->kind && arg->access == param->access &&
           (param->dtype == 0 || arg->dtype == param->dtype) &&
           (param->ndim == 0 || arg->ndim == param->ndim);
}

/* Bytes of a tensor argument; describes and returns what is wrong with its type or shape. */
static slip_status tensor_bytes(const slipi_arg_place *at, const slip_run_arg *arg, uint64_t *out)
{
    uint64_t bytes = slip_dtype_bytes(arg->dtype);
    if (bytes == 0) {
        return arg_fail_numbers(at, SLIP_E_BAD_TENSOR, "type (enum slip_dtype)", SLIP_F32,
                                arg->dtype);
    }
    if (arg->ndim < 1 || arg->ndim > SLIP_MAX_DIMS) {
        return arg_fail_numbers(at, SLIP_E_BAD_TENSOR, "dimensions (1 to 5)", SLIP_MAX_DIMS,
                                arg->ndim);
    }
    uint64_t elements = 1; /* of one step of the outermost dimension: its stride */
    for (uint32_t d = arg->ndim - 1; d > 0; d--) {
        if (!slipi_mul_u64(elements, arg->shape[d], &elements) || elements > INT32_MAX) {
            return arg_fail_numbers(at, SLIP_E_BAD_TENSOR,
                                    "elements of one row of dimension 0 (at most)", INT32_MAX,
                                    elements);
        }
    }
    if (elements == 0 || arg->shape[0] == 0) {
        return arg_fail(at, SLIP_E_BAD_TENSOR, "at least one element along every dimension",
                        "a dimension of size 0");
    }
    if (!slipi_mul_u64(bytes, elements, &bytes) || !slipi_mul_u64(bytes, arg->shape[0], &bytes)) {
        return arg_fail(at, SLIP_E_BAD_TENSOR, "a tensor of less than 2^64 bytes", "a larger one");
    }
    *out = bytes;
    return SLIP_OK;
}

/* Checks the memory of a tensor; *out is its address. */
static slip_status tensor_address(const slipi_arg_place *at, const slip_run_arg *arg,
                                  uint64_t bytes, uint64_t *out)
{
    uint64_t end;
    uint64_t address =
        arg->space == SLIP_MEMORY_DEVICE ? arg->device.address : (uint64_t)(uintptr_t)arg->host;
    if (arg->space > SLIP_MEMORY_DEVICE) {
        return arg_fail(at, SLIP_E_BAD_TENSOR, "host or device memory", "an unknown memory space");
    }
    if (address == 0) {
        return arg_fail(at, SLIP_E_BAD_TENSOR, "memory", "a null pointer");
    }
    if (!slipi_add_u64(address, bytes, &end)) {
        return arg_fail(at, SLIP_E_BAD_TENSOR, "memory", "a tensor that wraps around");
    }
    if (address % slip_dtype_bytes(arg->dtype) != 0) {
        return arg_fail_numbers(
            at, SLIP_E_BAD_TENSOR, "alignment of the first element in bytes (remainder found)",
            slip_dtype_bytes(arg->dtype), address % slip_dtype_bytes(arg->dtype));
    }
    if (arg->space == SLIP_MEMORY_DEVICE &&
        !at->api->owns_device_memory(at->api->ctx, address, bytes)) {
        return arg_fail(at, SLIP_E_BAD_TENSOR,
                        "a device tensor inside one allocation of this runner",
                        "one that is outside, freed, or longer than its allocation");
    }
    *out = address;
    return SLIP_OK;
}

/* Puts tensor `index` into a list that is sorted by address; lists are nearly sorted as given. */
static void insert_by_address(slipi_args_plan *plan, uint16_t *order, uint32_t *count,
                              uint32_t index)
{
    uint32_t at = (*count)++;
    while (at > 0 && plan->address[order[at - 1]] > plan->address[index]) {
        order[at] = order[at - 1];
        at--;
    }
    order[at] = (uint16_t)index;
}

/* Checks the flags of a tensor argument. */
static slip_status check_flags(const slipi_arg_place *at, const slip_run_arg *arg)
{
    if ((arg->flags & ~(uint32_t)SLIP_ARG_CONST) != 0) {
        return arg_fail_numbers(at, SLIP_E_INVALID_ARGUMENT, "flags (enum slip_arg_flags, at most)",
                                SLIP_ARG_CONST, arg->flags);
    }
    if (arg->flags != 0 && arg->access != SLIP_ACCESS_IN) {
        return arg_fail(at, SLIP_E_INVALID_ARGUMENT, "SLIP_ARG_CONST on arguments declared IN only",
                        access_name(arg->access));
    }
    return SLIP_OK;
}

/* Checks one argument; see the header. */
slip_status slipi_arg_check(const slipi_arg_place *at, const slip_run_arg *arg, uint64_t *bytes,
                            uint64_t *address)
{
    const slip_param *param = &at->signature->params[at->index];
    *bytes = 0;
    *address = 0;
    if (param->kind == SLIP_PARAM_SCALAR && arg->kind == SLIP_PARAM_SCALAR) {
        return SLIP_OK;
    }
    if (!matches(arg, param)) {
        return explain_mismatch(at, arg, param);
    }
    slip_status status = check_flags(at, arg);
    if (status == SLIP_OK) {
        status = tensor_bytes(at, arg, bytes);
    }
    return status == SLIP_OK ? tensor_address(at, arg, *bytes, address) : status;
}

/* Notes what of a staged tensor is to be copied, and when. */
static void note_copies(slipi_args_plan *plan, uint32_t index)
{
    const slip_run_arg *arg = &plan->args[index];
    if (arg->access != SLIP_ACCESS_IN) {
        plan->out_order[plan->out_count++] = (uint16_t)index;
    }
    if (plan->prepared != 0 && (arg->flags & SLIP_ARG_CONST) != 0) {
        plan->once_order[plan->once_count++] = (uint16_t)index;
    } else if (arg->access != SLIP_ACCESS_OUT) {
        plan->in_order[plan->in_count++] = (uint16_t)index;
    }
}

/* Checks one argument and notes where it lies. */
static slip_status take_arg(const slip_host_api *api, const slipi_signature *signature,
                            slipi_args_plan *plan, uint32_t index)
{
    const slipi_arg_place at = {api, signature, index};
    const slip_run_arg *arg = &plan->args[index];
    slip_status status = slipi_arg_check(&at, arg, &plan->bytes[index], &plan->address[index]);
    if (status != SLIP_OK || arg->kind == SLIP_PARAM_SCALAR) {
        return status;
    }
    if (slipi_arg_staged(api, arg)) {
        insert_by_address(plan, plan->staged_order, &plan->staged_count, index);
        note_copies(plan, index);
    } else {
        insert_by_address(plan, plan->device_order, &plan->device_count, index);
    }
    return SLIP_OK;
}

/* Writes what of a row comes from the argument itself; see the header. */
void slipi_arg_write_row(const slip_run_arg *arg, slipi_launch_arg *row)
{
    row->kind = arg->kind;
    row->access = arg->access;
    row->dtype = arg->dtype;
    row->ndim = (uint8_t)arg->ndim;
    row->scalar = arg->scalar;
    for (uint32_t d = 0; d < SLIP_MAX_DIMS; d++) {
        row->shape[d] = arg->shape[d];
    }
    row->written = arg->kind == SLIP_PARAM_TENSOR && arg->access != SLIP_ACCESS_IN ? 1 : 0;
}

/*
 * Makes one binding of each group of overlapping tensors, walking them by address; a binding's
 * address is what the tensors lie at (host address for those to be staged).
 */
static void group(slipi_args_plan *plan, const uint16_t *order, uint32_t count,
                  slipi_launch_arg *rows, slip_binding *bindings)
{
    slip_binding *open = NULL;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = order[i];
        uint64_t address = plan->address[index];
        uint64_t bytes = plan->bytes[index];
        if (open == NULL || address - open->address >= open->bytes) {
            open = &bindings[plan->binding_count++];
            open->address = address;
            open->bytes = bytes;
        } else if (address - open->address + bytes > open->bytes) {
            open->bytes = address - open->address + bytes;
        }
        rows[index].binding = (uint32_t)(open - bindings);
        rows[index].offset = address - open->address;
    }
}

/* Gives every staged binding its place in the staging buffer, each on lines of its own. */
static slip_status stage(const slip_host_api *api, slipi_args_plan *plan, slip_binding *bindings,
                         uint32_t first)
{
    uint64_t total = 0;
    for (uint32_t b = first; b < plan->binding_count; b++) {
        uint64_t bytes;
        if (!slipi_align_u64(bindings[b].bytes, SLIPI_LINE, &bytes) ||
            !slipi_add_u64(total, bytes, &total)) {
            return slipi_fail(api->error, SLIP_E_BAD_TENSOR,
                              "the host tensors of the run are together larger than 2^64 bytes");
        }
    }
    slip_status status = api->acquire_staging(api->ctx, plan->staging, total);
    if (status != SLIP_OK) {
        return status;
    }
    uint64_t base = plan->staging->base;
    for (uint32_t b = first; b < plan->binding_count; b++) {
        bindings[b].address = base;
        base += slipi_staged_size(bindings[b].bytes);
    }
    plan->staged_bytes = total;
    return SLIP_OK;
}

/*
 * True if everything that was placed last still holds for these arguments: same program, same
 * memory, same tensors. Scalars may differ; their rows are brought up to date.
 */
static bool placed_already(const slip_host_api *api, const slipi_signature *signature,
                           slipi_args_plan *plan, slipi_launch_arg *rows, slip_binding *bindings)
{
    if (plan->placed_id != signature->id || plan->placed_epoch != *api->memory_epoch) {
        return false;
    }
    if (plan->prepared != 0) {
        return plan->pending_count == 0 || slipi_args_move(api, plan, rows, bindings);
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        const slip_run_arg *arg = &plan->args[i];
        slip_run_arg *placed = &plan->placed[i];
        if (memcmp(arg, placed, sizeof(*arg)) == 0) {
            continue;
        }
        if (arg->kind != SLIP_PARAM_SCALAR || placed->kind != SLIP_PARAM_SCALAR) {
            return false;
        }
        placed->scalar = arg->scalar;
        rows[i].scalar = arg->scalar;
    }
    return true;
}

/* Tells every row whether its buffer may be written through any argument. */
static void note_written(const slipi_args_plan *plan, slipi_launch_arg *rows)
{
    uint8_t written[SLIPI_MAX_BINDINGS] = {0};
    for (uint32_t i = 0; i < plan->count; i++) {
        written[rows[i].binding] |= (uint8_t)rows[i].written;
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        rows[i].written = written[rows[i].binding];
    }
}

/* Looks at every argument, groups them, and gives the staged ones their places. */
static slip_status place_anew(const slip_host_api *api, const slipi_signature *signature,
                              slipi_args_plan *plan, slipi_launch_arg *rows, slip_binding *bindings)
{
    plan->device_count = 0;
    plan->staged_count = 0;
    plan->staged_bytes = 0;
    plan->in_count = 0;
    plan->once_count = 0;
    plan->out_count = 0;
    plan->whole = 1;
    plan->pending_count = 0;
    memset(plan->is_pending, 0, sizeof(plan->is_pending));
    plan->binding_count = SLIPI_BIND_ARGS;
    for (uint32_t i = 0; i < plan->count; i++) {
        slip_status status = take_arg(api, signature, plan, i);
        if (status != SLIP_OK) {
            return status;
        }
        slipi_arg_write_row(&plan->args[i], &rows[i]);
        rows[i].binding = SLIPI_BIND_NONE;
        rows[i].offset = 0;
    }
    group(plan, plan->device_order, plan->device_count, rows, bindings);
    uint32_t first = plan->binding_count;
    group(plan, plan->staged_order, plan->staged_count, rows, bindings);
    note_written(plan, rows);
    return plan->staged_count == 0 ? SLIP_OK : stage(api, plan, bindings, first);
}

/* Checks the arguments and writes their rows and bindings. */
slip_status slipi_args_place(const slip_host_api *api, const slipi_signature *signature,
                             slipi_args_plan *plan, slipi_launch_arg *rows, slip_binding *bindings)
{
    if (placed_already(api, signature, plan, rows, bindings)) {
        return SLIP_OK;
    }
    plan->placed_id = 0;
    slip_status status = place_anew(api, signature, plan, rows, bindings);
    if (status == SLIP_OK) {
        for (uint32_t i = 0; i < plan->count && plan->prepared == 0; i++) {
            plan->placed[i] = plan->args[i];
        }
        plan->placed_epoch = *api->memory_epoch;
        plan->placed_id = signature->id;
    }
    return status;
}

/* Device address of a staged tensor. */
static uint64_t staged_address(const slipi_launch_arg *row, const slip_binding *bindings)
{
    return bindings[row->binding].address + row->offset;
}

/* One way of copies: the tensors of a list, and where they lie. */
typedef struct copies {
    const slipi_args_plan *plan;
    const uint16_t *order;
    uint32_t count;
    const slipi_launch_arg *rows;
    const slip_binding *bindings;
} copies;

/* Copies the tensors of a list to their staged places. */
static slip_status copy_in(const slip_host_api *api, const copies *list, uint64_t *out_bytes)
{
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t index = list->order[i];
        uint64_t bytes = list->plan->bytes[index];
        slip_status status =
            api->copy_to(api->ctx, staged_address(&list->rows[index], list->bindings),
                         list->plan->args[index].host, bytes);
        if (status != SLIP_OK) {
            return status;
        }
        *out_bytes += bytes;
    }
    return SLIP_OK;
}

/* Copies IN and INOUT tensors to their staged places. */
slip_status slipi_args_copy_in(const slip_host_api *api, slipi_args_plan *plan,
                               const slipi_launch_arg *rows, const slip_binding *bindings,
                               uint64_t *out_bytes)
{
    const copies always = {plan, plan->in_order, plan->in_count, rows, bindings};
    const copies once = {plan, plan->once_order, plan->once_count, rows, bindings};
    slip_status status = copy_in(api, &once, out_bytes);
    if (status != SLIP_OK) {
        return status; /* all of them again next time */
    }
    plan->once_count = 0;
    return copy_in(api, &always, out_bytes);
}

/* Copies OUT and INOUT tensors back after a good run. */
slip_status slipi_args_copy_out(const slip_host_api *api, const slipi_args_plan *plan,
                                const slipi_launch_arg *rows, const slip_binding *bindings,
                                uint64_t *out_bytes)
{
    for (uint32_t i = 0; i < plan->out_count; i++) {
        uint32_t index = plan->out_order[i];
        slip_status status =
            api->copy_from(api->ctx, plan->args[index].host, staged_address(&rows[index], bindings),
                           plan->bytes[index]);
        if (status != SLIP_OK) {
            return status;
        }
        *out_bytes += plan->bytes[index];
    }
    return SLIP_OK;
}
