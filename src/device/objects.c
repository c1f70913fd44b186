/*
 * objects.c - the table of loaded control objects; see objects.h.
 *
 * The image lies in device memory; the loader wants a file, so the object's bytes go through an
 * anonymous one. Its descriptor stays open: the name of the file is how the loader tells objects
 * apart.
 */
#include "device/objects.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"

/* Writes the reason of a failure. */
static slip_status fail(slipi_boot_report *report, slip_status status, const char *what,
                        const char *why)
{
    (void)snprintf(report->why, sizeof(report->why), "%s%s%s", what, why[0] != '\0' ? ": " : "",
                   why);
    return status;
}

/* True if [off, off + count * elem) lies inside the image, behind its header. */
static bool inside(const slipi_callable_image *image, uint64_t off, uint64_t count, uint64_t elem)
{
    uint64_t length;
    uint64_t end;
    return off >= sizeof(*image) && off % 8u == 0 && slipi_mul_u64(count, elem, &length) &&
           slipi_add_u64(off, length, &end) && end <= image->bytes;
}

/* Checks the header of an image; what is wrong, or null. */
static const char *check_image(const slipi_callable_image *image, uint64_t bytes)
{
    if (image->magic != SLIPI_CALLABLE_MAGIC || image->version != SLIPI_BOOT_VERSION) {
        return "callable image: magic or version";
    }
    if (image->bytes != bytes) {
        return "callable image: bytes";
    }
    if (image->object_bytes == 0 || !inside(image, image->object_off, image->object_bytes, 1)) {
        return "callable image: control object";
    }
    if (image->kernel_count > SLIP_MAX_KERNELS ||
        !inside(image, image->children_off, image->kernel_count, sizeof(slipi_callable_child))) {
        return "callable image: children";
    }
    return NULL;
}

/* Compares the descriptor of the object with what the host has read of the program. */
static const char *check_program(const slipi_callable_image *image, const slip_program *program)
{
    if (program->magic != SLIP_PROGRAM_MAGIC || program->abi != SLIP_PROGRAM_ABI ||
        program->struct_size < sizeof(*program)) {
        return "the control object's program is of another version";
    }
    if (program->kernel_count != image->kernel_count) {
        return "the control object has another number of kernels than the program on the host";
    }
    const slipi_callable_child *children =
        (const slipi_callable_child *)(const void *)((const uint8_t *)image + image->children_off);
    for (uint32_t k = 0; k < image->kernel_count; k++) {
        const slip_kernel_entry *kernel = &program->kernels[k];
        uint64_t end;
        if (children[k].name_hash != slipi_name_hash(kernel->name) ||
            children[k].core_type != kernel->core_type) {
            return "the control object's kernels are not those of the program on the host";
        }
        if (children[k].offset != 0 &&
            (!slipi_add_u64(children[k].offset, children[k].bytes, &end) || end > image->bytes)) {
            return "callable image: kernel code";
        }
    }
    return NULL;
}

/* Copies the object's bytes to an anonymous file; its descriptor, or -1. */
static int object_file(const slipi_callable_image *image)
{
    int fd = memfd_create("slipway-object", MFD_CLOEXEC);
    const uint8_t *from = (const uint8_t *)image + image->object_off;
    for (uint64_t done = 0; fd >= 0 && done < image->object_bytes;) {
        ssize_t written = write(fd, from + done, (size_t)(image->object_bytes - done));
        if (written <= 0) {
            (void)close(fd);
            return -1;
        }
        done += (uint64_t)written;
    }
    return fd;
}

/* Gives what a row holds back. */
static void release(slipi_boot_object *row)
{
    if (row->handle != 0) {
        (void)dlclose((void *)(uintptr_t)row->handle);
    }
    if (row->file != 0) {
        (void)close((int)row->file - 1);
    }
    memset(row, 0, sizeof(*row));
}

/* Loads the object into a free row. */
static slip_status load_row(slipi_boot_object *row, const slipi_callable_image *image,
                            slipi_boot_report *report)
{
    char name[64];
    int fd = object_file(image);
    if (fd < 0) {
        return fail(report, SLIP_E_OUT_OF_MEMORY, "no memory for the control object", "");
    }
    row->file = (uint32_t)fd + 1u;
    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    (void)dlerror();
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    row->handle = (uint64_t)(uintptr_t)handle;
    const slip_program *program = handle != NULL ? dlsym(handle, SLIP_PROGRAM_SYMBOL) : NULL;
    row->program = (uint64_t)(uintptr_t)program;
    if (program == NULL) {
        const char *why = dlerror();
        return fail(report, SLIP_E_NOT_A_PROGRAM, "the device cannot load the control object",
                    why != NULL ? why : "");
    }
    const char *wrong = check_program(image, program);
    if (wrong != NULL) {
        return fail(report, SLIP_E_PROGRAM_VERSION, wrong, "");
    }
    row->content[0] = image->content[0];
    row->content[1] = image->content[1];
    return SLIP_OK;
}

/* The row that holds this content, or a free one; null if there is neither. */
static slipi_boot_object *find_row(slipi_boot_state *state, const slipi_callable_image *image)
{
    slipi_boot_object *empty = NULL;
    for (uint32_t i = 0; i < SLIPI_BOOT_OBJECTS; i++) {
        slipi_boot_object *row = &state->objects[i];
        if (row->refs != 0 && row->content[0] == image->content[0] &&
            row->content[1] == image->content[1]) {
            return row;
        }
        empty = empty == NULL && row->refs == 0 ? row : empty;
    }
    return empty;
}

slip_status slipi_objects_load(slipi_boot_state *state, const slipi_callable_image *image,
                               uint64_t bytes, slipi_boot_report *report)
{
    const char *wrong = check_image(image, bytes);
    if (wrong != NULL) {
        return fail(report, SLIP_E_FORMAT, wrong, "");
    }
    slipi_boot_object *row = find_row(state, image);
    if (row == NULL) {
        return fail(report, SLIP_E_TOO_MANY_CALLABLES, "the device's table of objects is full", "");
    }
    slip_status status = SLIP_OK;
    if (row->refs == 0) {
        status = load_row(row, image, report);
    } else {
        /* The same object under other children is checked again. */
        wrong = check_program(image, (const slip_program *)(uintptr_t)row->program);
        status = wrong == NULL ? SLIP_OK : fail(report, SLIP_E_PROGRAM_VERSION, wrong, "");
    }
    if (status != SLIP_OK) {
        if (row->refs == 0) {
            release(row);
        }
        return status;
    }
    row->refs++;
    report->object = (uint64_t)(row - state->objects) + 1u;
    report->kernel_count = image->kernel_count;
    return SLIP_OK;
}

/* The program of a loaded object, by row plus 1; null if there is none. */
static const slip_program *find_program(const slipi_boot_state *state, uint64_t object)
{
    if (object == 0 || object > SLIPI_BOOT_OBJECTS || state->objects[object - 1u].refs == 0) {
        return NULL;
    }
    return (const slip_program *)(uintptr_t)state->objects[object - 1u].program;
}

slip_status slipi_objects_unload(slipi_boot_state *state, uint64_t object,
                                 slipi_boot_report *report)
{
    if (find_program(state, object) == NULL) {
        return fail(report, SLIP_E_BAD_CALLABLE, "no such object is loaded on the device", "");
    }
    slipi_boot_object *row = &state->objects[object - 1u];
    if (--row->refs == 0) {
        release(row);
    }
    return SLIP_OK;
}

slip_orch_fn slipi_objects_orchestration(const slipi_boot_state *state, uint64_t name)
{
    const slip_program *program = find_program(state, name);
    return program != NULL ? program->orchestrate : NULL;
}

slip_kernel_fn slipi_objects_kernel(const slipi_boot_state *state, uint64_t name)
{
    if ((name & SLIPI_NAME_LINKED) == 0) {
        return (slip_kernel_fn)(uintptr_t)name;
    }
    uint64_t object = (name & ~SLIPI_NAME_LINKED) >> SLIPI_NAME_OBJECT_SHIFT;
    uint64_t index = name & ((UINT64_C(1) << SLIPI_NAME_OBJECT_SHIFT) - 1u);
    const slip_program *program = find_program(state, object);
    return program != NULL && index < program->kernel_count ? program->kernels[index].fn : NULL;
}
