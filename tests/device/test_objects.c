/*
 * test_objects.c - control objects on a device: loaded once a content, found by name, refused when
 * they are not what the host has read.
 * ctest-labels: unit
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/objects.h"
#include "support/check.h"

static slipi_boot_state *state;
static slipi_boot_report report;
static uint8_t *image; /* a callable image of build/examples/vector.so */
static uint64_t image_bytes;
static const slip_program *program; /* of the host */

/* The image's header and children. */
static slipi_callable_image *header(void)
{
    return (slipi_callable_image *)(void *)image;
}
static slipi_callable_child *children(void)
{
    return (slipi_callable_child *)(void *)(image + header()->children_off);
}

/* Reads a file behind `room` bytes. */
static uint8_t *read_file(const char *path, uint64_t room, uint64_t *out_bytes)
{
    FILE *file = fopen(path, "rb");
    if (!CHECK(file != NULL)) {
        exit(1);
    }
    CHECK_EQ(fseek(file, 0, SEEK_END), 0);
    *out_bytes = (uint64_t)ftell(file);
    rewind(file);
    uint8_t *bytes = calloc(1, room + *out_bytes + 8u);
    CHECK_EQ(fread(bytes + room, 1, *out_bytes, file), *out_bytes);
    CHECK_EQ(fclose(file), 0);
    return bytes;
}

/* Makes an empty device and an image. */
static void set_up(void)
{
    enum { KERNELS = 64 };
    char path[4096];
    const char *build = getenv("SLIPWAY_BUILD_DIR");
    uint64_t object_bytes;
    (void)snprintf(path, sizeof(path), "%s/examples/vector.so", build != NULL ? build : ".");
    uint64_t room = sizeof(slipi_callable_image) + KERNELS * sizeof(slipi_callable_child);
    image = read_file(path, room, &object_bytes);
    image_bytes = room + object_bytes;
    state = calloc(1, sizeof(*state));
    *header() = (slipi_callable_image){.magic = SLIPI_CALLABLE_MAGIC,
                                       .version = SLIPI_BOOT_VERSION,
                                       .bytes = image_bytes,
                                       .object_off = room,
                                       .object_bytes = object_bytes,
                                       .content = {11, 12},
                                       .children_off = sizeof(slipi_callable_image)};
    header()->kernel_count = program->kernel_count;
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        children()[k].name_hash = slipi_name_hash(program->kernels[k].name);
        children()[k].core_type = program->kernels[k].core_type;
    }
}

/* Loads the image. */
static slip_status load(void)
{
    memset(&report, 0, sizeof(report));
    return slipi_objects_load(state, header(), image_bytes, &report);
}

/* Frees both. */
static void tear_down(void)
{
    free(state);
    free(image);
}

/* One content is loaded once; the last user unloads it. */
static void once_a_content(void)
{
    set_up();
    CHECK_STATUS(SLIP_OK, load());
    uint64_t object = report.object;
    CHECK_EQ(object, 1);
    CHECK_EQ(report.kernel_count, program->kernel_count);
    CHECK_STATUS(SLIP_OK, load());
    CHECK_EQ(report.object, object);
    CHECK_EQ(state->objects[0].refs, 2);
    header()->content[0]++;
    CHECK_STATUS(SLIP_OK, load());
    CHECK_EQ(report.object, 2);
    CHECK(slipi_objects_orchestration(state, 1) != NULL);
    CHECK(slipi_objects_orchestration(state, 1) != slipi_objects_orchestration(state, 2));
    CHECK_STATUS(SLIP_OK, slipi_objects_unload(state, 2, &report));
    CHECK(slipi_objects_orchestration(state, 2) == NULL);
    CHECK_STATUS(SLIP_OK, slipi_objects_unload(state, 1, &report));
    CHECK(slipi_objects_orchestration(state, 1) != NULL);
    CHECK_STATUS(SLIP_OK, slipi_objects_unload(state, 1, &report));
    CHECK(slipi_objects_orchestration(state, 1) == NULL);
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slipi_objects_unload(state, 1, &report));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slipi_objects_unload(state, 0, &report));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE,
                 slipi_objects_unload(state, SLIPI_BOOT_OBJECTS + 1u, &report));
    tear_down();
}

/* A kernel's name leads to its function, or is its address. */
static void names(void)
{
    set_up();
    CHECK_STATUS(SLIP_OK, load());
    uint64_t first = SLIPI_NAME_LINKED | report.object << SLIPI_NAME_OBJECT_SHIFT;
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        CHECK(slipi_objects_kernel(state, first | k) != NULL);
    }
    CHECK(slipi_objects_kernel(state, first) != slipi_objects_kernel(state, first | 1u));
    CHECK(slipi_objects_kernel(state, first | program->kernel_count) == NULL);
    CHECK(slipi_objects_kernel(state, first + (1u << SLIPI_NAME_OBJECT_SHIFT)) == NULL);
    CHECK_EQ((uintptr_t)slipi_objects_kernel(state, 0x1234), 0x1234);
    CHECK_STATUS(SLIP_OK, slipi_objects_unload(state, report.object, &report));
    tear_down();
}

/* Each field of an image, damaged: refused with its name, and nothing stays loaded. */
static void damaged_images(void)
{
    set_up();
    slipi_callable_image good = *header();
    const struct {
        uint64_t *field;
        uint64_t value;
        const char *why;
    } bad[] = {
        {&header()->magic, 1, "magic"},
        {&header()->bytes, image_bytes - 1u, "bytes"},
        {&header()->object_off, image_bytes, "control object"},
        {&header()->object_off, 8, "control object"},
        {&header()->object_bytes, UINT64_MAX, "control object"},
        {&header()->object_bytes, 0, "control object"},
        {&header()->object_bytes, 100, "cannot load"},
        {&header()->children_off, image_bytes - 8u, "children"},
        {&header()->children_off, UINT64_MAX - 7u, "children"},
        {&children()[0].name_hash, 1, "not those of the program"},
        {&children()[1].offset, image_bytes, "kernel code"},
    };
    slipi_callable_child first = children()[0];
    slipi_callable_child second = children()[1];
    children()[1].bytes = 8;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        *bad[i].field = bad[i].value;
        CHECK(load() != SLIP_OK);
        CHECK_CONTAINS(report.why, bad[i].why);
        CHECK_EQ(state->objects[0].refs, 0);
        CHECK_EQ(state->objects[0].handle, 0);
        *header() = good;
        children()[0] = first;
        children()[1] = second;
        children()[1].bytes = 8;
    }
    CHECK_STATUS(SLIP_OK, load());
    CHECK_STATUS(SLIP_OK, slipi_objects_unload(state, 1, &report));
    tear_down();
}

/* Runs every case. */
int main(void)
{
    char path[4096];
    const char *build = getenv("SLIPWAY_BUILD_DIR");
    (void)snprintf(path, sizeof(path), "%s/examples/vector.so", build != NULL ? build : ".");
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!CHECK(object != NULL)) {
        return check_report();
    }
    program = dlsym(object, SLIP_PROGRAM_SYMBOL);
    CHECK_CASE(once_a_content);
    CHECK_CASE(names);
    CHECK_CASE(damaged_images);
    CHECK_EQ(dlclose(object), 0);
    return check_report();
}
