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

/* Describes that the platform refused a program. */
static slip_status load_fail(slip_runner *runner, const slip_program *program, slip_status status)
{
    char words[384];
    slipi_error_begin(&runner->error, status);
    slipi_error_resource(&runner->error, 0, 0, 0, "program %s", program->name);
    (void)slipi_platform_words(runner, status, words);
    return slipi_error_end(&runner->error, "program '%s': platform '%s' cannot load it: %s%s",
                           program->name, runner->ops->name, slip_status_message(status), words);
}

/* Lets the platform load a program; `names` has room for its kernels. */
static slip_status load(slip_runner *runner, slipi_callable *callable, uint64_t *names)
{
    const slip_program *program = callable->program;
    slip_program_source source = {
        .struct_size = (uint32_t)sizeof(source),
        .program = program,
        .path = callable->path,
        .content = {callable->file.content.hash_low, callable->file.content.hash_high},
    };
    callable->device = (slip_loaded_program){
        .struct_size = (uint32_t)sizeof(slip_loaded_program),
        .kernel_count = program->kernel_count,
        .kernels = names,
    };
    slip_status status = runner->ops->load_program(runner->device, &source, &callable->device);
    callable->device.kernels = NULL;
    if (status != SLIP_OK) {
        return load_fail(runner, program, status);
    }
    callable->on_device = 1;
    return SLIP_OK;
}

/* Puts the kernel table of a callable on the device: what the device calls each kernel by. */
static slip_status upload_rows(slip_runner *runner, slipi_callable *callable, const uint64_t *names,
                               slipi_kernel_row *rows)
{
    const slip_program *program = callable->program;
    uint64_t bytes = program->kernel_count * sizeof(slipi_kernel_row);
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        rows[k].entry = names[k];
        rows[k].core_type = program->kernels[k].core_type;
    }
    slip_status status = runner->ops->alloc(runner->device, bytes, &callable->kernel_rows);
    if (status != SLIP_OK) {
        callable->kernel_rows = 0;
        return slipi_platform_fail(runner, status, "alloc", bytes, "kernel table");
    }
    callable->kernel_bytes = bytes;
    return runner->api.copy_to(runner, callable->kernel_rows, rows, bytes);
}

/* Puts a callable on the device: program, then kernel table. What was done stays on failure. */
static slip_status put_on_device(slip_runner *runner, slipi_callable *callable)
{
    uint32_t count = callable->program->kernel_count;
    uint64_t *names = calloc(count + 1u, sizeof(*names));
    slipi_kernel_row *rows = calloc(count + 1u, sizeof(*rows));
    slip_status status = SLIP_OK;
    if (names == NULL || rows == NULL) {
        status = slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                            "program '%s': no memory for %u kernel rows", callable->program->name,
                            count);
    }
    if (status == SLIP_OK) {
        status = load(runner, callable, names);
    }
    if (status == SLIP_OK && count != 0) {
        status = upload_rows(runner, callable, names, rows);
    }
    free(names);
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

/* Takes a callable off the device. */
static void free_device(slip_runner *runner, slipi_callable *callable)
{
    if (callable->kernel_rows != 0) {
        runner->ops->free(runner->device, callable->kernel_rows, callable->kernel_bytes);
        callable->kernel_rows = 0;
    }
    if (callable->on_device != 0) {
        runner->ops->unload_program(runner->device, &callable->device);
        callable->on_device = 0;
    }
}

/* Gives the host memory of a callable back; unloads its file if asked to. */
static void free_host(slipi_callable *callable, bool unload)
{
    if (callable->loaded != 0 && unload) {
        slipi_program_file_unload(&callable->file);
    }
    free(callable->params);
    free(callable->path);
    free(callable);
}

/* Keeps the path of a callable's file, for a device that must be given it again. */
static slip_status copy_path(slip_runner *runner, slipi_callable *callable, const char *path)
{
    if (callable->loaded == 0) {
        return SLIP_OK;
    }
    callable->path = realpath(path, NULL);
    if (callable->path == NULL) {
        return slipi_fail(&runner->error, SLIP_E_FILE, "'%s': its real path cannot be found", path);
    }
    return SLIP_OK;
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
    status = copy_path(runner, callable, where);
    if (status == SLIP_OK) {
        status = copy_signature(runner, callable);
    }
    if (status == SLIP_OK) {
        status = put_on_device(runner, callable);
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
    slipi_runner_enter(runner);
    slip_status status = slipi_runner_usable(runner);
    if (status == SLIP_OK && (path == NULL || out == NULL)) {
        status = slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                            "slip_register_file: %s is null", out == NULL ? "out" : "the path");
    }
    if (status == SLIP_OK) {
        status = register_file(runner, path, out);
    }
    slipi_runner_leave(runner);
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
    slipi_runner_enter(runner);
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
    slipi_runner_leave(runner);
    return status;
}

/* Undoes one registration; the last one releases the program. */
slip_status slip_unregister(slip_runner *runner, slip_callable callable)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = slipi_runner_usable(runner);
    slipi_callable *row = slipi_callables_find(&runner->callables, callable);
    if (status == SLIP_OK && row != NULL && row->refs == 1 && row->queued != 0) {
        slipi_runner_idle(runner); /* runs of it are queued */
        status = slipi_runner_usable(runner);
        row = slipi_callables_find(&runner->callables, callable);
    }
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
    slipi_runner_leave(runner);
    return status;
}

/* The program behind a handle; null for a bad handle. */
const slip_program *slip_callable_program(slip_runner *runner, slip_callable callable)
{
    if (runner == NULL) {
        return NULL;
    }
    slipi_runner_enter(runner);
    const slipi_callable *row = slipi_callables_find(&runner->callables, callable);
    const slip_program *program = row != NULL ? row->program : NULL;
    slipi_runner_leave(runner);
    return program;
}

/* Takes every program off the device; see the header. */
void slipi_programs_free_device(slip_runner *runner)
{
    for (uint32_t i = 0; i < runner->callables.room; i++) {
        if (runner->callables.rows[i] != NULL) {
            free_device(runner, runner->callables.rows[i]);
        }
    }
}

/* Forgets what of every program was on the device; see the header. */
void slipi_programs_forget(slip_runner *runner)
{
    for (uint32_t i = 0; i < runner->callables.room; i++) {
        slipi_callable *callable = runner->callables.rows[i];
        if (callable != NULL) {
            callable->kernel_rows = 0;
            callable->on_device = 0;
        }
    }
}

/* Puts every program on the device again; see the header. */
slip_status slipi_programs_reload(slip_runner *runner)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < runner->callables.room && status == SLIP_OK; i++) {
        if (runner->callables.rows[i] != NULL) {
            status = put_on_device(runner, runner->callables.rows[i]);
        }
    }
    return status;
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
