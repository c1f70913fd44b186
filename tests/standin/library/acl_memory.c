/* acl_memory.c - entry points of the stand-in: device memory and copies; see entry.h. Any thread.
 */
#include <inttypes.h>

#include "entry.h"
#include "state.h"

enum { TO_DEVICE = 1, FROM_DEVICE = 2, UPLOAD_ALIGNMENT = 64, HBM = 1 };

/* Highest policy without its flags, and the flags. */
enum { POLICY_MAX = 7, POLICY_FLAGS = 0x101100 };

/* A code that the device process returned, with words. */
static void take_code(standin_call *call, int32_t code)
{
    if (code != STANDIN_OK) {
        (void)standin_fail(call, code, "the device refused");
    }
}

int32_t aclrtMalloc(void **out, size_t bytes, int32_t policy)
{
    standin_call call;
    if (!ENTER(&call, aclrtMalloc, ARG(out), bytes, (uint64_t)policy)) {
        return standin_leave(&call);
    }
    if (out == NULL || bytes == 0 || (policy & ~POLICY_FLAGS) < 0 ||
        (policy & ~POLICY_FLAGS) > POLICY_MAX) {
        (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID,
                           "null pointer, no bytes or no such policy");
        return standin_leave(&call);
    }
    slipi_remote_request alloc = {.op = STANDIN_ALLOC, .args = {bytes}};
    int32_t code = standin_ask(call.device, &alloc);
    const standin_block block = {alloc.args[0], bytes, call.record.device};
    if (code == STANDIN_OK && standin_add_block(&block)) {
        *out = (void *)(uintptr_t)block.address;
        call.record.bytes = bytes;
    } else {
        (void)standin_fail(&call, code != STANDIN_OK ? code : STANDIN_RT_MEMORY_ALLOCATION,
                           "%zu bytes cannot be had", bytes);
    }
    return standin_leave(&call);
}

int32_t aclrtFree(void *address)
{
    standin_call call;
    if (!ENTER(&call, aclrtFree, ARG(address))) {
        return standin_leave(&call);
    }
    if (!standin_check_range(&call, address, 1)) {
        return standin_leave(&call);
    }
    slipi_remote_request release = {.op = STANDIN_FREE, .args = {ARG(address)}};
    int32_t code = standin_ask(call.device, &release);
    take_code(&call, code);
    if (code == STANDIN_OK) {
        (void)standin_remove_block(ARG(address), call.record.device);
    }
    return standin_leave(&call);
}

int32_t aclrtGetMemInfo(int32_t kind, size_t *free_bytes, size_t *all_bytes)
{
    standin_call call;
    if (!ENTER(&call, aclrtGetMemInfo, (uint64_t)kind, ARG(free_bytes), ARG(all_bytes))) {
        return standin_leave(&call);
    }
    if (kind != HBM || free_bytes == NULL || all_bytes == NULL) {
        (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID, "null pointer or no such memory");
        return standin_leave(&call);
    }
    slipi_remote_request ask = {.op = STANDIN_COUNTERS};
    int32_t code = standin_ask(call.device, &ask);
    take_code(&call, code);
    if (code == STANDIN_OK) {
        *free_bytes = ask.args[STANDIN_COUNT_FREE_BYTES];
        *all_bytes = ask.args[STANDIN_COUNT_FREE_BYTES] + ask.args[STANDIN_COUNT_BYTES];
    }
    return standin_leave(&call);
}

int32_t aclrtMemset(void *dst, size_t max, int32_t value, size_t count)
{
    standin_call call;
    if (!ENTER(&call, aclrtMemset, ARG(dst), max, (uint64_t)value, count)) {
        return standin_leave(&call);
    }
    if (count == 0 || count > max) {
        (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID, "%zu bytes in room for %zu", count,
                           max);
    } else if (standin_check_range(&call, dst, count)) {
        slipi_remote_request fill = {.op = STANDIN_FILL,
                                     .args = {ARG(dst), count, (uint64_t)(uint8_t)value}};
        take_code(&call, standin_ask(call.device, &fill));
        call.record.bytes = count;
    }
    if (call.record.code == STANDIN_OK && call.record.bytes != 0) {
        (void)pthread_mutex_lock(&standin.lock);
        standin.books.memsets++;
        standin.books.memset_bytes += count;
        (void)pthread_mutex_unlock(&standin.lock);
    }
    return standin_leave(&call);
}

/* Copies to the device, after a look at the bytes. */
static void copy_to(standin_call *call, void *dst, const void *src, size_t count)
{
    if (!standin_check_range(call, dst, count)) {
        return;
    }
    standin_scan(call, src, count, ARG(dst));
    take_code(call, standin_copy(call->device, STANDIN_WRITE, ARG(dst), NULL, src, count));
    if (call->record.code != STANDIN_OK) {
        return;
    }
    call->record.bytes = count;
    (void)pthread_mutex_lock(&standin.lock);
    standin.books.to_device_copies++;
    standin.books.to_device_bytes += count;
    standin.books.misaligned_uploads += ARG(dst) % UPLOAD_ALIGNMENT != 0;
    (void)pthread_mutex_unlock(&standin.lock);
}

/* Copies from the device. */
static void copy_from(standin_call *call, void *dst, const void *src, size_t count)
{
    if (!standin_check_range(call, src, count)) {
        return;
    }
    take_code(call, standin_copy(call->device, STANDIN_READ, ARG(src), dst, NULL, count));
    if (call->record.code != STANDIN_OK) {
        return;
    }
    call->record.bytes = count;
    (void)pthread_mutex_lock(&standin.lock);
    standin.books.from_device_copies++;
    standin.books.from_device_bytes += count;
    (void)pthread_mutex_unlock(&standin.lock);
}

int32_t aclrtMemcpy(void *dst, size_t max, const void *src, size_t count, int32_t kind)
{
    standin_call call;
    if (!ENTER(&call, aclrtMemcpy, ARG(dst), max, ARG(src), count, (uint64_t)kind)) {
        return standin_leave(&call);
    }
    if (dst == NULL || src == NULL || count == 0 || count > max) {
        (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID,
                           "null pointer, or %zu bytes into room for %zu", count, max);
    } else if (kind == TO_DEVICE) {
        copy_to(&call, dst, src, count);
    } else if (kind == FROM_DEVICE) {
        copy_from(&call, dst, src, count);
    } else {
        (void)standin_fail(&call, STANDIN_RT_FEATURE_NOT_SUPPORT,
                           "kind %d is neither 1 (to the device) nor 2 (from it)", (int)kind);
    }
    return standin_leave(&call);
}
