/* tables.c - handles and device memory that the stand-in has given out; see state.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

/* A handle's upper half: no address of any process has it. */
static const uint64_t handle_mark = UINT64_C(0x5A1D) << 48;

uint64_t standin_add_handle(const standin_handle *handle)
{
    uint64_t value = 0;
    (void)pthread_mutex_lock(&standin.lock);
    for (uint32_t i = 0; i < STANDIN_MAX_HANDLES && value == 0; i++) {
        if (standin.handles[i].kind == KIND_FREE) {
            value = handle_mark | (uint64_t)handle->kind << 40 | ++standin.handle_serial << 4;
            standin.handles[i] = *handle;
            standin.handles[i].value = value;
        }
    }
    (void)pthread_mutex_unlock(&standin.lock);
    return value;
}

bool standin_find_handle(const void *value, uint32_t kind, int32_t device, standin_handle *out)
{
    bool found = false;
    (void)pthread_mutex_lock(&standin.lock);
    for (uint32_t i = 0; i < STANDIN_MAX_HANDLES && !found; i++) {
        const standin_handle *h = &standin.handles[i];
        if (h->kind == kind && h->value == ARG(value) && h->device == device) {
            *out = *h;
            found = true;
        }
    }
    (void)pthread_mutex_unlock(&standin.lock);
    return found;
}

void standin_remove_handle(uint64_t value)
{
    (void)pthread_mutex_lock(&standin.lock);
    for (uint32_t i = 0; i < STANDIN_MAX_HANDLES; i++) {
        standin_handle *h = &standin.handles[i];
        if (h->kind != KIND_FREE && (h->value == value || h->parent == value)) {
            *h = (standin_handle){0};
        }
    }
    (void)pthread_mutex_unlock(&standin.lock);
}

/* Bytes that are live. Under the lock. */
static uint64_t live_bytes(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < standin.block_count; i++) {
        bytes += standin.blocks[i].bytes;
    }
    return bytes;
}

bool standin_add_block(const standin_block *block)
{
    bool ok = true;
    (void)pthread_mutex_lock(&standin.lock);
    if (standin.block_count == standin.block_room) {
        uint32_t room = standin.block_room != 0 ? 2u * standin.block_room : 64u;
        standin_block *blocks = realloc(standin.blocks, room * sizeof(*blocks));
        ok = blocks != NULL;
        standin.blocks = ok ? blocks : standin.blocks;
        standin.block_room = ok ? room : standin.block_room;
    }
    if (ok) {
        standin.blocks[standin.block_count++] = *block;
        uint64_t bytes = live_bytes();
        standin.books.peak_bytes =
            bytes > standin.books.peak_bytes ? bytes : standin.books.peak_bytes;
    }
    (void)pthread_mutex_unlock(&standin.lock);
    return ok;
}

bool standin_remove_block(uint64_t address, int32_t device)
{
    bool found = false;
    (void)pthread_mutex_lock(&standin.lock);
    for (uint32_t i = 0; i < standin.block_count && !found; i++) {
        if (standin.blocks[i].address == address && standin.blocks[i].device == device) {
            standin.blocks[i] = standin.blocks[--standin.block_count];
            found = true;
        }
    }
    (void)pthread_mutex_unlock(&standin.lock);
    return found;
}

bool standin_check_range(standin_call *call, const void *address, uint64_t bytes)
{
    uint64_t at = ARG(address);
    bool found = false;
    (void)pthread_mutex_lock(&standin.lock);
    for (uint32_t i = 0; i < standin.block_count && !found; i++) {
        const standin_block *b = &standin.blocks[i];
        found = b->device == call->record.device && at >= b->address &&
                at - b->address <= b->bytes && bytes <= b->bytes - (at - b->address);
    }
    if (!found && standin.books.bad_addresses++ == 0) {
        (void)snprintf(standin.books.first_bad_address, sizeof(standin.books.first_bad_address),
                       "%s, call %" PRIu64 ": %" PRIu64 " bytes at %#" PRIx64 " of device %d",
                       call->record.entry, call->record.serial, bytes, at,
                       (int)call->record.device);
    }
    (void)pthread_mutex_unlock(&standin.lock);
    if (!found) {
        (void)standin_fail(call, STANDIN_RT_PARAM_INVALID,
                           "%" PRIu64 " bytes at %#" PRIx64 " lie in no allocation of device %d",
                           bytes, at, (int)call->record.device);
    }
    return found;
}

void standin_drop_device(int32_t device)
{
    (void)pthread_mutex_lock(&standin.lock);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < standin.block_count; i++) {
        if (standin.blocks[i].device != device) {
            standin.blocks[kept++] = standin.blocks[i];
        }
    }
    standin.books.dropped_allocations += standin.block_count - kept;
    standin.block_count = kept;
    for (uint32_t i = 0; i < STANDIN_MAX_HANDLES; i++) {
        standin_handle *h = &standin.handles[i];
        if (h->kind != KIND_FREE && h->device == device) {
            standin.books.dropped_streams += h->kind == KIND_STREAM;
            standin.books.dropped_binaries += h->kind == KIND_BINARY;
            *h = (standin_handle){0};
        }
    }
    (void)pthread_mutex_unlock(&standin.lock);
}

void standin_count_live(slipway_standin_books *books)
{
    books->live_allocations = standin.block_count;
    books->live_bytes = live_bytes();
    for (uint32_t i = 0; i < STANDIN_MAX_HANDLES; i++) {
        books->live_streams += standin.handles[i].kind == KIND_STREAM;
        books->live_binaries += standin.handles[i].kind == KIND_BINARY;
        books->live_functions += standin.handles[i].kind == KIND_FUNCTION;
    }
    for (uint32_t i = 0; i < STANDIN_MAX_DEVICES; i++) {
        books->live_devices += standin.devices[i].client != NULL;
    }
}
