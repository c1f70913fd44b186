/*
 * programs.c - callables on an onboard device: uploaded once for each content, counted; see
 * onboard_int.h.
 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "platform/onboard/onboard_int.h"

/* The row with this content; null if there is none. */
static onboard_callable *find_content(slip_platform_device *device, const uint64_t content[2])
{
    for (uint32_t i = 0; i < device->callable_room; i++) {
        onboard_callable *row = &device->callables[i];
        if (row->refs != 0 && row->content[0] == content[0] && row->content[1] == content[1]) {
            return row;
        }
    }
    return NULL;
}

/* A free row; null if there is no memory for one. */
static onboard_callable *free_row(slip_platform_device *device)
{
    for (uint32_t i = 0; i < device->callable_room; i++) {
        if (device->callables[i].refs == 0) {
            return &device->callables[i];
        }
    }
    uint32_t room = device->callable_room + 16u;
    onboard_callable *rows =
        room <= SLIPI_BOOT_OBJECTS + 16u ? realloc(device->callables, room * sizeof(*rows)) : NULL;
    if (rows == NULL) {
        return NULL;
    }
    memset(rows + device->callable_room, 0, 16u * sizeof(*rows));
    for (uint32_t i = device->callable_room; i < room; i++) {
        rows[i].id = i + 1u;
    }
    device->callables = rows;
    device->callable_room = room;
    return &rows[room - 16u];
}

/* Puts an image, which is handed over, on the device and loads its control object. */
static slip_status put(slip_platform_device *device, slipi_callable_image *image,
                       onboard_callable *row)
{
    uint64_t bytes = image->bytes;
    slip_status status = slipi_onboard_alloc(device, bytes, &row->image);
    if (status != SLIP_OK) {
        free(image);
        return status;
    }
    status = slipi_onboard_upload(device, row->image, image, bytes);
    if (status == SLIP_OK) {
        slipi_boot_args args = {
            .request = SLIPI_BOOT_LOAD,
            .image = row->image,
            .image_bytes = bytes,
        };
        status = slipi_onboard_request(device, &args);
    }
    if (status != SLIP_OK) {
        slip_platform_failure first = device->failure;
        slipi_onboard_free(device, row->image, bytes);
        first.lost |= device->failure.lost;
        device->failure = first;
        return status;
    }
    row->image_bytes = bytes;
    row->object = device->report.object;
    row->refs = 1;
    return SLIP_OK;
}

/* Fills the names: by the offsets of the image's children, or linked. */
static void fill_names(const onboard_callable *row, const uint64_t *offsets,
                       slip_loaded_program *out)
{
    out->id = row->id;
    out->orchestrate = row->object;
    for (uint32_t k = 0; k < out->kernel_count; k++) {
        out->kernels[k] = offsets[k] != 0
                              ? row->image + offsets[k]
                              : SLIPI_NAME_LINKED | row->object << SLIPI_NAME_OBJECT_SHIFT | k;
    }
}

slip_status slipi_onboard_load_program(slip_platform_device *device,
                                       const slip_program_source *source, slip_loaded_program *out)
{
    slipi_callable_image *image;
    uint32_t count = source->program != NULL ? source->program->kernel_count : 0;
    if (source->program == NULL || out->kernel_count < count) {
        return slipi_onboard_fail(device, SLIP_E_INVALID_ARGUMENT,
                                  "no program, or no room for its kernels");
    }
    slip_status status = slipi_onboard_image(device, source, &image);
    if (status != SLIP_OK) {
        return status;
    }
    uint64_t *offsets = calloc(count + 1u, sizeof(*offsets));
    XXH128_hash_t hash = XXH3_128bits(image, (size_t)image->bytes);
    const uint64_t content[2] = {hash.low64, hash.high64};
    const slipi_callable_child *children = (const slipi_callable_child *)(image + 1);
    for (uint32_t k = 0; offsets != NULL && k < count; k++) {
        offsets[k] = children[k].offset;
    }
    onboard_callable *row = find_content(device, content);
    if (row != NULL && offsets != NULL) {
        row->refs++;
        free(image);
    } else {
        row = offsets != NULL ? free_row(device) : NULL;
        if (row == NULL) {
            free(image);
            free(offsets);
            return slipi_onboard_fail(device, SLIP_E_OUT_OF_MEMORY, "no memory for a callable");
        }
        row->content[0] = content[0];
        row->content[1] = content[1];
        status = put(device, image, row);
    }
    if (status == SLIP_OK) {
        out->kernel_count = count;
        fill_names(row, offsets, out);
    }
    free(offsets);
    return status;
}

void slipi_onboard_unload_program(slip_platform_device *device, const slip_loaded_program *program)
{
    if (program->id == 0 || program->id > device->callable_room) {
        return;
    }
    onboard_callable *row = &device->callables[program->id - 1u];
    if (row->refs == 0 || --row->refs != 0) {
        return; /* after a recovery nothing is there any more */
    }
    slipi_boot_args args = {.request = SLIPI_BOOT_UNLOAD, .object = row->object};
    /* Failures are kept for whoever asks; the row is free either way. */
    if (device->failure.lost == 0) {
        (void)slipi_onboard_request(device, &args);
    }
    slipi_onboard_free(device, row->image, row->image_bytes);
}
