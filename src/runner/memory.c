/*
 * memory.c - device memory for callers: allocate, free, copy, with every range checked.
 *
 * Public functions of slipway.h, each under the runner's lock.
 */
#include "base/check.h"
#include "runner/runner_int.h"

/* The end of a sentence about an address that is not known: it may have been, before a reset. */
static const char *reset_words(const slip_runner *runner)
{
    return runner->stats.device_resets != 0
               ? "; the device was reset, and what it held before is lost"
               : "";
}

/* Allocates, under the lock. */
static slip_status allocate(slip_runner *runner, uint64_t bytes, slip_device_ptr *out)
{
    if (out == NULL) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                          "slip_device_malloc: out is null");
    }
    if (bytes == 0) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                          "slip_device_malloc: wanted at least 1 byte, found 0");
    }
    if (!slipi_device_memory_grow(&runner->memory)) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                          "slip_device_malloc: no host memory to note %u allocations",
                          runner->memory.count + 1);
    }
    uint64_t address = 0;
    slip_status status = runner->ops->alloc(runner->device, bytes, &address);
    if (status != SLIP_OK) {
        return slipi_platform_fail(runner, status, "alloc", bytes, "device memory");
    }
    slipi_device_memory_add(&runner->memory, address, bytes);
    out->address = address;
    return SLIP_OK;
}

/* Allocates device memory. */
slip_status slip_device_malloc(slip_runner *runner, uint64_t bytes, slip_device_ptr *out)
{
    if (out != NULL) {
        out->address = 0;
    }
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = slipi_runner_usable(runner);
    if (status == SLIP_OK) {
        status = allocate(runner, bytes, out);
    }
    slipi_runner_leave(runner);
    return status;
}

/* Frees device memory; null is fine. */
slip_status slip_device_free(slip_runner *runner, slip_device_ptr ptr)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (ptr.address == 0) {
        return SLIP_OK;
    }
    slipi_runner_enter(runner);
    uint64_t bytes = 0;
    slip_status status = slipi_runner_usable(runner);
    if (status == SLIP_OK && !slipi_device_memory_take(&runner->memory, ptr.address, &bytes)) {
        status = slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                            "slip_device_free: %#llx is not the start of an allocation of this "
                            "runner%s",
                            (unsigned long long)ptr.address, reset_words(runner));
    } else if (status == SLIP_OK) {
        runner->ops->free(runner->device, ptr.address, bytes);
    }
    slipi_runner_leave(runner);
    return status;
}

/* Checks both sides of a copy. */
static slip_status check_copy(slip_runner *runner, const char *call, uint64_t address,
                              const void *host, uint64_t bytes)
{
    slip_status status = slipi_runner_usable(runner);
    if (status != SLIP_OK) {
        return status;
    }
    if (host == NULL) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT, "%s: the host pointer is null",
                          call);
    }
    if (!slipi_device_memory_owns(&runner->memory, address, bytes)) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                          "%s: %llu bytes at %#llx are not inside one allocation of this runner%s",
                          call, (unsigned long long)bytes, (unsigned long long)address,
                          reset_words(runner));
    }
    return SLIP_OK;
}

/* Copies to the device. */
slip_status slip_copy_to_device(slip_runner *runner, slip_device_ptr dst, const void *src,
                                uint64_t bytes)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (bytes == 0) {
        return SLIP_OK;
    }
    slipi_runner_enter(runner);
    slip_status status = check_copy(runner, "slip_copy_to_device", dst.address, src, bytes);
    if (status == SLIP_OK) {
        status = runner->api.copy_to(runner, dst.address, src, bytes);
    }
    slipi_runner_leave(runner);
    return status;
}

/* Copies from the device. */
slip_status slip_copy_from_device(slip_runner *runner, void *dst, slip_device_ptr src,
                                  uint64_t bytes)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (bytes == 0) {
        return SLIP_OK;
    }
    slipi_runner_enter(runner);
    slip_status status = check_copy(runner, "slip_copy_from_device", src.address, dst, bytes);
    if (status == SLIP_OK) {
        status = runner->api.copy_from(runner, dst, src.address, bytes);
    }
    slipi_runner_leave(runner);
    return status;
}
