/*
 * callables.c - the table of registered programs, and the check of a descriptor.
 *
 * For device_runner.c, programs.c and run.c, under the runner's lock; see callables.h.
 */
#include "runner/callables.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "runner/errors.h"

/* A handle's value: generation above, index below. */
enum { INDEX_BITS = 16 };
_Static_assert(SLIP_MAX_CALLABLES <= 1u << INDEX_BITS, "an index fits into a handle");

/* The registered program of a handle; null if it is not registered. */
slipi_callable *slipi_callables_find(const slipi_callables *table, slip_callable handle)
{
    uint64_t index = handle.id & ((1u << INDEX_BITS) - 1u);
    if (index >= table->room || table->rows[index] == NULL || table->rows[index]->id != handle.id) {
        return NULL;
    }
    return table->rows[index];
}

/* The registration of this very descriptor; null if there is none. */
slipi_callable *slipi_callables_find_program(const slipi_callables *table,
                                             const slip_program *program)
{
    for (uint32_t i = 0; i < table->room; i++) {
        slipi_callable *row = table->rows[i];
        if (row != NULL && row->loaded == 0 && row->program == program) {
            return row;
        }
    }
    return NULL;
}

/* The registration of this file content; null if there is none. */
slipi_callable *slipi_callables_find_content(const slipi_callables *table,
                                             const slipi_file_content *content)
{
    for (uint32_t i = 0; i < table->room; i++) {
        slipi_callable *row = table->rows[i];
        if (row != NULL && row->loaded != 0 && row->file.content.bytes == content->bytes &&
            row->file.content.hash_low == content->hash_low &&
            row->file.content.hash_high == content->hash_high) {
            return row;
        }
    }
    return NULL;
}

/* Makes room for one more. */
slip_status slipi_callables_grow(slipi_callables *table, slip_error *error)
{
    if (table->count < table->room) {
        return SLIP_OK;
    }
    if (table->room == SLIP_MAX_CALLABLES) {
        slipi_error_begin(error, SLIP_E_TOO_MANY_CALLABLES);
        slipi_error_resource(error, SLIP_MAX_CALLABLES + 1u, 0, SLIP_MAX_CALLABLES, "callables");
        return slipi_error_end(error,
                               "%u programs are registered on this runner, which is the limit; "
                               "unregister one first",
                               SLIP_MAX_CALLABLES);
    }
    uint32_t room = table->room == 0 ? 16 : table->room * 2;
    slipi_callable **rows = realloc(table->rows, room * sizeof(slipi_callable *));
    if (rows == NULL) {
        return slipi_fail(error, SLIP_E_OUT_OF_MEMORY, "no memory for a callable table of %u rows",
                          room);
    }
    for (uint32_t i = table->room; i < room; i++) {
        rows[i] = NULL;
    }
    table->rows = rows;
    table->room = room;
    return SLIP_OK;
}

/* Puts a callable into the table and gives it its id; room was made before. */
void slipi_callables_add(slipi_callables *table, slipi_callable *callable)
{
    uint32_t index = 0;
    while (index < table->room && table->rows[index] != NULL) {
        index++;
    }
    SLIPI_ASSERT(index < table->room);
    table->generation++;
    callable->id = table->generation << INDEX_BITS | index;
    callable->signature.id = callable->id;
    table->rows[index] = callable;
    table->count++;
}

/* Takes it out. */
void slipi_callables_remove(slipi_callables *table, const slipi_callable *callable)
{
    uint64_t index = callable->id & ((1u << INDEX_BITS) - 1u);
    SLIPI_ASSERT(index < table->room && table->rows[index] == callable);
    table->rows[index] = NULL;
    table->count--;
}

/* Checks what says that a descriptor is one, and of this version. */
static slip_status check_version(const slip_program *program, const char *where, slip_error *error)
{
    if (program->magic != SLIP_PROGRAM_MAGIC) {
        return slipi_fail(error, SLIP_E_NOT_A_PROGRAM,
                          "%s: wanted a descriptor with magic %016llx, found %016llx; define the "
                          "program with SLIP_EXPORT_PROGRAM",
                          where, (unsigned long long)SLIP_PROGRAM_MAGIC,
                          (unsigned long long)program->magic);
    }
    if (program->abi != SLIP_PROGRAM_ABI || program->struct_size < sizeof(*program)) {
        return slipi_fail(error, SLIP_E_PROGRAM_VERSION,
                          "%s: wanted interface version %u with a descriptor of %zu bytes, found "
                          "version %u with %u bytes; build the program with this version's headers",
                          where, SLIP_PROGRAM_ABI, sizeof(*program), program->abi,
                          program->struct_size);
    }
    return SLIP_OK;
}

/* Checks the kernel table. */
static slip_status check_kernels(const slip_program *program, slip_error *error)
{
    if (program->kernel_count > SLIP_MAX_KERNELS) {
        slipi_error_begin(error, SLIP_E_LIMIT);
        slipi_error_resource(error, program->kernel_count, SLIP_MAX_KERNELS, SLIP_MAX_KERNELS,
                             "kernels of a program");
        return slipi_error_end(error, "program '%s' has %u kernels; at most %u are possible",
                               program->name, program->kernel_count, SLIP_MAX_KERNELS);
    }
    if (program->kernel_count != 0 && program->kernels == NULL) {
        return slipi_fail(error, SLIP_E_MISSING_KERNEL,
                          "program '%s' announces %u kernels, its table is null", program->name,
                          program->kernel_count);
    }
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        const slip_kernel_entry *kernel = &program->kernels[k];
        const char *name = kernel->name != NULL ? kernel->name : "?";
        if (kernel->fn == NULL || kernel->name == NULL) {
            slipi_error_begin(error, SLIP_E_MISSING_KERNEL);
            slipi_error_resource(error, 0, 0, 0, "kernel %s", name);
            error->kernel = (int32_t)k;
            return slipi_error_end(error, "program '%s', kernel %u '%s': its %s is null",
                                   program->name, k, name,
                                   kernel->fn == NULL ? "function" : "name");
        }
        if (kernel->core_type > SLIP_AIV || kernel->reserved != 0) {
            slipi_error_begin(error, SLIP_E_CORE_TYPE);
            error->kernel = (int32_t)k;
            return slipi_error_end(error,
                                   "program '%s', kernel %u '%s': wanted core type 0 (AIC) or 1 "
                                   "(AIV) and reserved 0, found %u and %u",
                                   program->name, k, name, kernel->core_type, kernel->reserved);
        }
    }
    return SLIP_OK;
}

/* True if a parameter of a signature makes sense. */
static bool param_is_good(const slip_param *param)
{
    if (param->kind == SLIP_PARAM_SCALAR) {
        return true;
    }
    return param->kind == SLIP_PARAM_TENSOR && param->access >= SLIP_ACCESS_IN &&
           param->access <= SLIP_ACCESS_INOUT && param->ndim <= SLIP_MAX_DIMS &&
           (param->dtype == 0 || slip_dtype_bytes(param->dtype) != 0);
}

/* Checks the signature. */
static slip_status check_params(const slip_program *program, slip_error *error)
{
    if (program->param_count > SLIP_MAX_RUN_ARGS) {
        slipi_error_begin(error, SLIP_E_LIMIT);
        slipi_error_resource(error, program->param_count, SLIP_MAX_RUN_ARGS, SLIP_MAX_RUN_ARGS,
                             "arguments of a run");
        return slipi_error_end(error, "program '%s' takes %u arguments; at most %u are possible",
                               program->name, program->param_count, SLIP_MAX_RUN_ARGS);
    }
    if (program->param_count != 0 && program->params == NULL) {
        return slipi_fail(error, SLIP_E_INVALID_ARGUMENT,
                          "program '%s' announces %u arguments, its signature is null",
                          program->name, program->param_count);
    }
    for (uint32_t i = 0; i < program->param_count; i++) {
        const slip_param *param = &program->params[i];
        if (!param_is_good(param)) {
            return slipi_fail(error, SLIP_E_INVALID_ARGUMENT,
                              "program '%s', argument %u '%s' of the signature: wanted a scalar, "
                              "or a tensor with access IN, OUT or INOUT, a known type or 0, and at "
                              "most 5 dimensions; found kind %u, access %u, type %u, %u dimensions",
                              program->name, i, param->name != NULL ? param->name : "?",
                              param->kind, param->access, param->dtype, param->ndim);
        }
    }
    return SLIP_OK;
}

/* Checks a descriptor; see the header. */
slip_status slipi_program_check(const slip_program *program, const char *where, slip_error *error)
{
    slip_status status = check_version(program, where, error);
    if (status != SLIP_OK) {
        return status;
    }
    if (program->name == NULL || program->name[0] == '\0') {
        return slipi_fail(error, SLIP_E_INVALID_ARGUMENT, "%s: the program has no name", where);
    }
    if (program->orchestrate == NULL && program->build == NULL) {
        return slipi_fail(error, SLIP_E_INVALID_ARGUMENT,
                          "program '%s' has neither an orchestration function nor a graph builder",
                          program->name);
    }
    status = check_kernels(program, error);
    return status != SLIP_OK ? status : check_params(program, error);
}
