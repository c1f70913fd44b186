/*
 * memory.c - device memory of an onboard device: a book of the runtime's allocations; see
 * onboard_int.h.
 *
 * The runtime aligns to 64 bytes by its documentation; an allocation here is aligned to 4096,
 * inside one of the runtime's that is larger by so much. Every range is checked against the book
 * before it goes to the runtime.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "platform/onboard/onboard_int.h"

#define ALIGN_BYTES UINT64_C(4096)
#define UPLOAD_ALIGN 64u /* a line of the device's memory */

/* Largest allocation: the user half of a 48-bit space. */
#define BLOCK_MAX_BYTES (UINT64_C(1) << 47)

/* First row whose address is above `address`. */
static uint32_t upper_row(const onboard_book *book, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = book->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2u;
        if (book->rows[middle].address <= address) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The allocation that holds `address`; null if none does. */
static onboard_block *find_block(const onboard_book *book, uint64_t address)
{
    uint32_t row = upper_row(book, address);
    if (row == 0 || address - book->rows[row - 1u].address >= book->rows[row - 1u].bytes) {
        return NULL;
    }
    return &book->rows[row - 1u];
}

/* Keeps that a range is none of an allocation's usable bytes, if it is not. */
static slip_status check_range(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    const onboard_block *block = find_block(&device->book, address);
    if (block != NULL && address - block->address <= block->usable &&
        bytes <= block->usable - (address - block->address)) {
        return SLIP_OK;
    }
    return slipi_onboard_fail(device, SLIP_E_INVALID_ARGUMENT,
                              "%llu bytes at %#llx are not inside usable device memory",
                              (unsigned long long)bytes, (unsigned long long)address);
}

/* Makes room for one more row. */
static bool grow(onboard_book *book)
{
    if (book->count < book->room) {
        return true;
    }
    uint32_t room = book->room == 0 ? 32u : book->room * 2u;
    onboard_block *rows =
        book->room <= UINT32_MAX / 4u ? realloc(book->rows, (size_t)room * sizeof(*rows)) : NULL;
    if (rows == NULL) {
        return false;
    }
    book->rows = rows;
    book->room = room;
    return true;
}

/* Allocates and writes it into the book. */
static slip_status allocate(slip_platform_device *device, uint64_t bytes, bool usable,
                            uint64_t *out_address)
{
    onboard_book *book = &device->book;
    *out_address = 0;
    if (bytes == 0) {
        return slipi_onboard_fail(device, SLIP_E_INVALID_ARGUMENT, "no bytes were asked for");
    }
    if (bytes > BLOCK_MAX_BYTES || !grow(book)) {
        return slipi_onboard_fail(device, SLIP_E_OUT_OF_MEMORY, "more than any device has");
    }
    slipi_call call = {.in = {bytes + ALIGN_BYTES}};
    slip_status status = slipi_onboard_call(device, SLIPI_ENTRY_aclrtMalloc, &call);
    if (status != SLIP_OK) {
        return status;
    }
    uint64_t address = (call.out[0] + ALIGN_BYTES - 1u) & ~(ALIGN_BYTES - 1u);
    uint32_t row = upper_row(book, address);
    memmove(&book->rows[row + 1u], &book->rows[row],
            (size_t)(book->count - row) * sizeof(*book->rows));
    book->rows[row] = (onboard_block){address, bytes, usable ? bytes : 0, call.out[0]};
    book->count++;
    *out_address = address;
    return SLIP_OK;
}

slip_status slipi_onboard_alloc(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    return allocate(device, bytes, true, out_address);
}

slip_status slipi_onboard_reserve(slip_platform_device *device, uint64_t bytes,
                                  uint64_t *out_address)
{
    return allocate(device, bytes, false, out_address);
}

slip_status slipi_onboard_commit(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                                 uint64_t bytes)
{
    onboard_block *block = find_block(&device->book, address);
    if (block == NULL || block->address != address || bytes > block->bytes || old_bytes > bytes) {
        return slipi_onboard_fail(device, SLIP_E_INVALID_ARGUMENT,
                                  "%llu bytes at %#llx are no beginning of a reservation",
                                  (unsigned long long)bytes, (unsigned long long)address);
    }
    block->usable = bytes > block->usable ? bytes : block->usable;
    return SLIP_OK;
}

void slipi_onboard_free(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    onboard_book *book = &device->book;
    onboard_block *block = find_block(book, address);
    (void)bytes;
    if (block == NULL || block->address != address) {
        return;
    }
    slipi_call call = {.in = {block->raw}};
    /* A failure is kept for the caller that asks; the memory is gone for the runner either way. */
    (void)slipi_onboard_call(device, SLIPI_ENTRY_aclrtFree, &call);
    uint32_t row = (uint32_t)(block - book->rows);
    book->count--;
    memmove(block, block + 1, (size_t)(book->count - row) * sizeof(*block));
}

void slipi_onboard_book_fini(slip_platform_device *device, bool gone)
{
    onboard_book *book = &device->book;
    while (!gone && book->count != 0) {
        slipi_onboard_free(device, book->rows[book->count - 1u].address, 0);
    }
    free(book->rows);
    *book = (onboard_book){0};
}

slip_status slipi_onboard_available(slip_platform_device *device, uint64_t *out_bytes)
{
    *out_bytes = 0;
    if (device->runtime.aclrtGetMemInfo == NULL) {
        return slipi_onboard_fail(device, SLIP_E_UNSUPPORTED,
                                  "this runtime has no aclrtGetMemInfo");
    }
    slipi_call call = {.in = {0}};
    slip_status status = slipi_onboard_call(device, SLIPI_ENTRY_aclrtGetMemInfo, &call);
    *out_bytes = call.out[0];
    return status;
}

slip_status slipi_onboard_zero(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    slip_status status = check_range(device, address, bytes);
    if (status != SLIP_OK || bytes == 0) {
        return status;
    }
    slipi_call call = {.in = {address, bytes}};
    device->counters.memsets++;
    device->counters.memset_bytes += bytes;
    return slipi_onboard_call(device, SLIPI_ENTRY_aclrtMemset, &call);
}

/* Copies to the device; `owned` is freed afterwards. */
static slip_status upload(slip_platform_device *device, uint64_t dst, const void *src, void *owned,
                          uint64_t bytes)
{
    slipi_call call = {
        .in = {dst, (uint64_t)(uintptr_t)src, bytes, SLIPI_ACL_HOST_TO_DEVICE},
        .owned = owned,
    };
    device->counters.uploads++;
    device->counters.upload_bytes += bytes;
    device->counters.unaligned_uploads += dst % UPLOAD_ALIGN != 0 ? 1u : 0u;
    return slipi_onboard_call(device, SLIPI_ENTRY_aclrtMemcpy, &call);
}

slip_status slipi_onboard_upload(slip_platform_device *device, uint64_t dst, void *owned,
                                 uint64_t bytes)
{
    slip_status status = check_range(device, dst, bytes);
    if (status != SLIP_OK || bytes == 0) {
        free(owned);
        return status;
    }
    SLIPI_ASSERT(dst % UPLOAD_ALIGN == 0); /* the platform's own uploads are aligned */
    return upload(device, dst, owned, owned, bytes);
}

slip_status slipi_onboard_copy_to(slip_platform_device *device, uint64_t dst, const void *src,
                                  uint64_t bytes)
{
    if (bytes == 0) {
        return SLIP_OK;
    }
    slip_status status = check_range(device, dst, bytes);
    return status != SLIP_OK ? status : upload(device, dst, src, NULL, bytes);
}

slip_status slipi_onboard_copy_from(slip_platform_device *device, void *dst, uint64_t src,
                                    uint64_t bytes)
{
    if (bytes == 0) {
        return SLIP_OK;
    }
    slip_status status = check_range(device, src, bytes);
    if (status != SLIP_OK) {
        return status;
    }
    slipi_call call = {.in = {(uint64_t)(uintptr_t)dst, src, bytes, SLIPI_ACL_DEVICE_TO_HOST}};
    device->counters.downloads++;
    device->counters.download_bytes += bytes;
    return slipi_onboard_call(device, SLIPI_ENTRY_aclrtMemcpy, &call);
}
