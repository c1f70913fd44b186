/*
 * programs.c - registers and unregisters programs: descriptor, kernels on the device, handle.
 *
 * Public functions of slipway.h, each under the runner's lock. Loading happens here and nowhere
 * else; a run only looks a handle up.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "runner/runner_int.h"

/* FNV-1a over a string: names a program of this process in traces. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    }
    return hash;
}

/* A name for a program that came from no file: its own and its kernels' names. */
static uint64_t program_hash(const slip_program *program)
{
    uint64_t hash = hash_text(UINT64_C(0xCBF29CE484222325), program->name);
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        hash = hash_text(hash, program->kernels[k].name);
    }
    return hash;
}

/* Fills the rows of a kernel table; a failure names the kernel that the platform refused. */
static slip_status load_kernels(slip_runner *runner, const slip_program *program,
                                slipi_kernel_row *rows)
{
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        const slip_kernel_entry *kernel = &program->kernels[k];
        slip_status status = runner->ops->load_kernel(runner->device, kernel->fn, &rows[k].entry);
        if (status != SLIP_OK) {
            slipi_error_begin(&runner->error, status);
            slipi_error_resource(&runner->error, 0, 0, 0, "kernel %s", kernel->name);
            runner->error.kernel = (int32_t)k;
            runner->error.code = status;
            return slipi_error_end(
                &runner->error, "program '%s', kernel %u '%s': platform '%s' cannot load it: %s",
                program->name, k, kernel->name, runner->ops->name, slip_status_message(status));
        }
        rows[k].core_type = kernel->core_type;
    }
    return SLIP_OK;
}

/* Puts the kernel table of a callable on the device, once. */
static slip_status upload_kernels(slip_runner *runner, slipi_callable *callable)
{
    const slip_program *program = callable->program;
    if (program->kernel_count == 0) {
        return SLIP_OK;
    }
    uint64_t bytes = program->kernel_count * sizeof(slipi_kernel_row);
    slipi_kernel_row *rows = calloc(program->kernel_count, sizeof(*rows));
    if (rows == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                          "program '%s': no memory for %u kernel rows", program->name,
                          program->kernel_count);
    }
    slip_status status = load_kernels(runner, program, rows);
    if (status == SLIP_OK) {
        status = runner->ops->alloc(runner->device, bytes, &callable->kernel_rows);
        if (status != SLIP_OK) {
            callable->kernel_rows = 0;
            status = slipi_platform_fail(runner, status, "alloc", bytes, "kernel table");
        }
    }
    if (status == SLIP_OK) {
        callable->kernel_bytes = bytes;
        status = runner->api.copy_to(runner, callable->kernel_rows, rows, bytes);
    }
    free(rows);
    return status;
}

/* Copies the signature. */
static slip_status copy_signature(slip_runner *runner, slipi_callable *callable)
{
    const slip_program *program = callable->program;
    callable->signature.program = program->name;
    callable->signature.count = program->param_count;
    if (program->param_count == 0) {
        return SLIP_OK;
    }
    callable->params = calloc(program->param_count, sizeof(slip_param));
    if (callable->params == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                          "program '%s': no memory for its signature", program->name);
    }
    memcpy(callable->params, program->params, program->param_count * sizeof(slip_param));
    callable->signature.params = callable->params;
    return SLIP_OK;
}

/* Gives the device memory of a callable back. */
static void free_device(slip_runner *runner, slipi_callable *callable)
{
    if (callable->kernel_rows != 0) {
        runner->ops->free(runner->device, callable->kernel_rows, callable->kernel_bytes);
        callable->kernel_rows = 0;
    }
}

/* Gives the host memory of a callable back; unloads its file if asked to. */
static void free_host(slipi_callable *callable, bool unload)
{
    if (callable->loaded != 0 && unload) {
        slipi_program_file_unload(&callable->file);
    }
    free(callable->params);
    free(callable);
}

/* Registers a descriptor that was found: takes `file` over, which may be null. */
static slip_status add_program(slip_runner *runner, const slip_program *program,
                               slipi_program_file *file, const char *where, slip_callable *out)
{
    slip_status status = slipi_program_check(program, where, &runner->error);
    if (status == SLIP_OK) {
        status = slipi_callables_grow(&runner->callables, &runner->error);
    }
    slipi_callable *callable = NULL;
    if (status == SLIP_OK) {
        callable = calloc(1, sizeof(*callable));
        status = callable != NULL ? SLIP_OK
                                  : slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                                               "%s: no memory for a callable", where);
    }
    if (status != SLIP_OK) {
        if (file != NULL) {
            slipi_program_file_unload(file);
        }
        return status;
    }
    callable->program = program;
    callable->refs = 1;
    if (file != NULL) {
        callable->loaded = 1;
        callable->file = *file;
    }
    callable->hash = file != NULL ? file->content.hash_low : program_hash(program);
    status = copy_signature(runner, callable);
    if (status == SLIP_OK) {
        status = upload_kernels(runner, callable);
    }
    if (status != SLIP_OK) {
        free_device(runner, callable);
        free_host(callable, true);
        return status;
    }
    slipi_callables_add(&runner->callables, callable);
    out->id = callable->id;
    return SLIP_OK;
}

/* One more registration of a program that is there. */
static slip_status share(slipi_callable *callable, slip_callable *out)
{
    SLIPI_ASSERT(callable->refs < UINT32_MAX);
    callable->refs++;
    out->id = callable->id;
    return SLIP_OK;
}

/* Registers a file, under the lock. */
static slip_status register_file(slip_runner *runner, const char *path, slip_callable *out)
{
    slipi_file_content content;
    slip_status status = slipi_program_file_content(path, &content, &runner->error);
    if (status != SLIP_OK) {
        return status;
    }
    slipi_callable *known = slipi_callables_find_content(&runner->callables, &content);
    if (known != NULL) {
        return share(known, out);
    }
    slipi_program_file file;
    status = slipi_program_file_load(path, &content, &file, &runner->error);
    if (status != SLIP_OK) {
        return status;
    }
    runner->stats.program_loads++;
    return add_program(runner, file.program, &file, path, out);
}

/* Loads a shared object and registers its program. */
slip_status slip_register_file(slip_runner *runner, const char *path, slip_callable *out)
{
    if (out != NULL) {
        out->id = 0;
    }
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&runner->lock);
    slip_status status = slipi_runner_usable(runner);
    if (status == SLIP_OK && (path == NULL || out == NULL)) {
        status = slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                            "slip_register_file: %s is null", out == NULL ? "out" : "the path");
    }
    if (status == SLIP_OK) {
        status = register_file(runner, path, out);
    }
    pthread_mutex_unlock(&runner->lock);
    return status;
}

/* Registers a program of this process. */
slip_status slip_register_program(slip_runner *runner, const slip_program *program,
                                  slip_callable *out)
{
    if (out != NULL) {
        out->id = 0;
    }
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&runner->lock);
    slip_status status = slipi_runner_usable(runner);
    if (status == SLIP_OK && (program == NULL || out == NULL)) {
        status =
            slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT, "slip_register_program: %s is null",
                       out == NULL ? "out" : "the program");
    }
    if (status == SLIP_OK) {
        slipi_callable *known = slipi_callables_find_program(&runner->callables, program);
        status = known != NULL
                     ? share(known, out)
                     : add_program(runner, program, NULL, "a program of this process", out);
    }
    pthread_mutex_unlock(&runner->lock);
    return status;
}

/* Undoes one registration; the last one releases the program. */
slip_status slip_unregister(slip_runner *runner, slip_callable callable)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&runner->lock);
    slip_status status = slipi_runner_usable(runner);
    slipi_callable *row = slipi_callables_find(&runner->callables, callable);
    if (status == SLIP_OK && row == NULL) {
        status = slipi_fail(&runner->error, SLIP_E_BAD_CALLABLE,
                            "slip_unregister: handle %#llx is not registered on this runner",
                            (unsigned long long)callable.id);
    }
    if (status == SLIP_OK && --row->refs == 0) {
        slipi_callables_remove(&runner->callables, row);
        free_device(runner, row);
        free_host(row, true);
    }
    pthread_mutex_unlock(&runner->lock);
    return status;
}

/* The program behind a handle; null for a bad handle. */
const slip_program *slip_callable_program(slip_runner *runner, slip_callable callable)
{
    if (runner == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&runner->lock);
    const slipi_callable *row = slipi_callables_find(&runner->callables, callable);
    const slip_program *program = row != NULL ? row->program : NULL;
    pthread_mutex_unlock(&runner->lock);
    return program;
}

/* Gives the device memory of every program back; before the device is closed. */
void slipi_programs_free_device(slip_runner *runner)
{
    for (uint32_t i = 0; i < runner->callables.room; i++) {
        if (runner->callables.rows[i] != NULL) {
            free_device(runner, runner->callables.rows[i]);
        }
    }
}

/* Unloads every program; after the device was closed. */
void slipi_programs_fini(slip_runner *runner, bool unload)
{
    for (uint32_t i = 0; i < runner->callables.room; i++) {
        if (runner->callables.rows[i] != NULL) {
            free_host(runner->callables.rows[i], unload);
        }
    }
    free(runner->callables.rows);
    runner->callables = (slipi_callables){0};
}
