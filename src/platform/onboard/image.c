/*
 * image.c - builds a callable image: what a program is on the device; see abi/boot.h.
 *
 * For program P.so on architecture A the control object is P.A.so, or P.so itself if it is for the
 * control processor's instruction set. The cores' code is all of .text of P.A.o, linked without
 * relocations; without that file the kernels are those of the control object, which only cores that
 * run the control processor's instructions can call: the stand-in's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"
#include "platform/onboard/elf.h"
#include "platform/onboard/onboard_int.h"

enum { PATH_BYTES = 4096, SECTION_ALIGN = 64 };

/* What an image is made of. */
typedef struct image_parts {
    const slip_program *program;
    void *object; /* control object */
    uint64_t object_bytes;
    void *core; /* file of the cores' code; null: there is none */
    uint64_t core_bytes;
    slipi_elf core_elf;
    slipi_elf_range text; /* in that file */
    char core_path[PATH_BYTES];
} image_parts;

/* Path of a file beside the program's: its ending replaced. False: it does not fit. */
static bool beside(const char *path, const char *arch, const char *ending, char out[PATH_BYTES])
{
    size_t length = strlen(path);
    size_t stem = length > 3u && strcmp(path + length - 3u, ".so") == 0 ? length - 3u : length;
    int used = snprintf(out, PATH_BYTES, "%.*s.%s.%s", (int)stem, path, arch, ending);
    return used > 0 && used < PATH_BYTES;
}

/* Reads the control object. */
static slip_status read_object(slip_platform_device *device, const char *path, uint32_t machine,
                               image_parts *parts)
{
    char file[PATH_BYTES];
    slipi_elf elf;
    const char *why = "";
    if (!beside(path, device->arch->name, "so", file)) {
        return slipi_onboard_fail(device, SLIP_E_LIMIT, "the path of the program is too long");
    }
    slip_status status = slipi_onboard_read_file(file, &parts->object, &parts->object_bytes);
    if (status == SLIP_E_FILE) {
        (void)snprintf(file, sizeof(file), "%s", path);
        status = slipi_onboard_read_file(file, &parts->object, &parts->object_bytes);
    }
    if (status != SLIP_OK || !slipi_elf_open(parts->object, parts->object_bytes, &elf, &why)) {
        return slipi_onboard_fail(device, status != SLIP_OK ? status : SLIP_E_FORMAT, "%.160s: %s",
                                  file, status != SLIP_OK ? slip_status_message(status) : why);
    }
    if (elf.machine != machine) {
        const char *slash = strrchr(path, '/');
        return slipi_onboard_fail(
            device, SLIP_E_UNSUPPORTED,
            "%.60s is for machine %u, the device's control processors are %u: build its .%s.so "
            "beside it (make device)",
            slash != NULL ? slash + 1 : path, elf.machine, machine, device->arch->name);
    }
    return SLIP_OK;
}

/* Reads the cores' code, if there is any. */
static slip_status read_core(slip_platform_device *device, const char *path, image_parts *parts)
{
    const char *why = "it has no code";
    const char *symbol;
    if (!beside(path, device->arch->name, "o", parts->core_path)) {
        return slipi_onboard_fail(device, SLIP_E_LIMIT, "the path of the program is too long");
    }
    slip_status status =
        slipi_onboard_read_file(parts->core_path, &parts->core, &parts->core_bytes);
    if (status == SLIP_E_FILE && (parts->program->kernel_count == 0 || device->runtime.standin)) {
        return SLIP_OK; /* the kernels are linked into the control object */
    }
    if (status != SLIP_OK) {
        return slipi_onboard_fail(device, SLIP_E_UNSUPPORTED,
                                  "%.140s is missing: compile the kernels for the cores with the "
                                  "vendor's compiler, see docs/onboard.md",
                                  parts->core_path);
    }
    if (!slipi_elf_open(parts->core, parts->core_bytes, &parts->core_elf, &why) ||
        !slipi_elf_text(&parts->core_elf, &parts->text)) {
        return slipi_onboard_fail(device, SLIP_E_FORMAT, "%.160s: %s", parts->core_path, why);
    }
    if (slipi_elf_relocates(&parts->core_elf, &symbol)) {
        return slipi_onboard_fail(device, SLIP_E_FORMAT,
                                  "%.120s: its code refers to '%.60s' and must be linked first",
                                  parts->core_path, symbol);
    }
    return SLIP_OK;
}

/* Fills the rows of the kernels; `code_off` is where the cores' code is in the image. */
static slip_status fill_children(slip_platform_device *device, const image_parts *parts,
                                 uint64_t code_off, slipi_callable_child *children)
{
    for (uint32_t k = 0; k < parts->program->kernel_count; k++) {
        const slip_kernel_entry *kernel = &parts->program->kernels[k];
        slipi_elf_range code = {0, 0};
        if (parts->core != NULL && !slipi_elf_function(&parts->core_elf, kernel->name, &code)) {
            return slipi_onboard_fail(device, SLIP_E_MISSING_KERNEL,
                                      "%.120s has no function '%.60s' in .text", parts->core_path,
                                      kernel->name);
        }
        children[k] = (slipi_callable_child){
            .offset = parts->core != NULL ? code_off + code.off : 0,
            .bytes = code.bytes,
            .name_hash = slipi_name_hash(kernel->name),
            .core_type = kernel->core_type,
        };
    }
    return SLIP_OK;
}

/* Puts the parts together. */
static slip_status assemble(slip_platform_device *device, const image_parts *parts,
                            slipi_callable_image **out)
{
    uint64_t object_off = sizeof(slipi_callable_image) +
                          (uint64_t)parts->program->kernel_count * sizeof(slipi_callable_child);
    object_off = (object_off + SECTION_ALIGN - 1u) & ~(uint64_t)(SECTION_ALIGN - 1u);
    /* Files are at most 1 GiB each: no sum overflows. */
    uint64_t code_off =
        (object_off + parts->object_bytes + SECTION_ALIGN - 1u) & ~(uint64_t)(SECTION_ALIGN - 1u);
    uint64_t bytes = code_off + parts->text.bytes;
    uint8_t *image = calloc(1, (size_t)bytes);
    if (image == NULL) {
        return slipi_onboard_fail(device, SLIP_E_OUT_OF_MEMORY,
                                  "no memory for a callable image of %llu bytes",
                                  (unsigned long long)bytes);
    }
    XXH128_hash_t hash = XXH3_128bits(parts->object, (size_t)parts->object_bytes);
    slipi_callable_image *head = (slipi_callable_image *)(void *)image;
    *head = (slipi_callable_image){
        .magic = SLIPI_CALLABLE_MAGIC,
        .version = SLIPI_BOOT_VERSION,
        .kernel_count = parts->program->kernel_count,
        .bytes = bytes,
        .object_off = object_off,
        .object_bytes = parts->object_bytes,
        .content = {hash.low64, hash.high64},
        .children_off = sizeof(*head),
    };
    memcpy(image + object_off, parts->object, (size_t)parts->object_bytes);
    if (parts->core != NULL) {
        memcpy(image + code_off, (const uint8_t *)parts->core + parts->text.off,
               (size_t)parts->text.bytes);
    }
    slip_status status = fill_children(device, parts, code_off, (slipi_callable_child *)(head + 1));
    if (status != SLIP_OK) {
        free(image);
        return status;
    }
    *out = head;
    return SLIP_OK;
}

slip_status slipi_onboard_image(slip_platform_device *device, const slip_program_source *source,
                                slipi_callable_image **out)
{
    image_parts parts = {.program = source->program};
    onboard_binary *binary;
    *out = NULL;
    if (source->path == NULL) {
        return slipi_onboard_fail(device, SLIP_E_UNSUPPORTED,
                                  "the device cannot have a program of this process; register the "
                                  "program from a file");
    }
    slip_status status = slipi_onboard_binary(device, "slipway", &binary);
    if (status == SLIP_OK) {
        status = read_object(device, source->path, binary->machine, &parts);
    }
    if (status == SLIP_OK) {
        status = read_core(device, source->path, &parts);
    }
    if (status == SLIP_OK) {
        status = assemble(device, &parts, out);
    }
    free(parts.object);
    free(parts.core);
    return status;
}
