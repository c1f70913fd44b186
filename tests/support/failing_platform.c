/*
 * failing_platform.c - see failing_platform.h. A failed call does nothing, except wait, which waits
 * first: the device's program must have ended before the caller goes on.
 */
#include "support/failing_platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slip_platform_device {
    slip_platform_device *inner;
};

/* State of the one wrapped platform of the process. */
static struct {
    const slip_platform_ops *inner;
    slip_platform_ops ops;
    uint64_t fail_at;
    uint64_t calls;
    uint64_t live;
    uint64_t copied_to;
    const char *always;
    const char *failed;
    bool hide_hooks;
} state;

/* Counts a call that may fail; true if it is to fail. */
static bool fails(const char *call)
{
    state.calls++;
    if (state.calls == state.fail_at || (state.always != NULL && strcmp(state.always, call) == 0)) {
        state.failed = call;
        return true;
    }
    return false;
}

/* open */
static slip_status open_device(const slip_platform_open *options, slip_platform_device **out,
                               char *why, size_t why_bytes)
{
    *out = NULL;
    if (fails("open")) {
        (void)snprintf(why, why_bytes, "made to fail");
        return SLIP_E_PLATFORM_UNAVAILABLE;
    }
    slip_platform_device *device = malloc(sizeof(*device));
    if (device == NULL) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    slip_status status = state.inner->open(options, &device->inner, why, why_bytes);
    if (status != SLIP_OK) {
        free(device);
        return status;
    }
    state.live++;
    *out = device;
    return SLIP_OK;
}

/* close */
static void close_device(slip_platform_device *device)
{
    state.inner->close(device->inner);
    free(device);
    state.live--;
}

/* describe */
static void describe(slip_platform_device *device, slip_platform_info *out)
{
    state.inner->describe(device->inner, out);
    if (state.hide_hooks) {
        out->prebuilt_hooks = 0;
    }
}

/* reserve */
static slip_status reserve(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    if (fails("reserve")) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    slip_status status = state.inner->reserve(device->inner, bytes, out_address);
    state.live += status == SLIP_OK ? 1 : 0;
    return status;
}

/* commit */
static slip_status commit(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                          uint64_t bytes)
{
    return fails("commit") ? SLIP_E_OUT_OF_MEMORY
                           : state.inner->commit(device->inner, address, old_bytes, bytes);
}

/* zero */
static slip_status zero(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    return fails("zero") ? SLIP_E_DEVICE : state.inner->zero(device->inner, address, bytes);
}

/* release */
static void release(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    state.inner->release(device->inner, address, bytes);
    state.live--;
}

/* alloc */
static slip_status alloc_memory(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    if (fails("alloc")) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    slip_status status = state.inner->alloc(device->inner, bytes, out_address);
    state.live += status == SLIP_OK ? 1 : 0;
    return status;
}

/* free */
static void free_memory(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    state.inner->free(device->inner, address, bytes);
    state.live--;
}

/* copy_to */
static slip_status copy_to(slip_platform_device *device, uint64_t dst, const void *src,
                           uint64_t bytes)
{
    if (fails("copy_to")) {
        return SLIP_E_DEVICE;
    }
    state.copied_to += bytes;
    return state.inner->copy_to(device->inner, dst, src, bytes);
}

/* copy_from */
static slip_status copy_from(slip_platform_device *device, void *dst, uint64_t src, uint64_t bytes)
{
    return fails("copy_from") ? SLIP_E_DEVICE
                              : state.inner->copy_from(device->inner, dst, src, bytes);
}

/* load_program */
static slip_status load_program(slip_platform_device *device, const slip_program_source *source,
                                slip_loaded_program *out)
{
    if (fails("load_program")) {
        return SLIP_E_DEVICE;
    }
    slip_status status = state.inner->load_program(device->inner, source, out);
    state.live += status == SLIP_OK ? 1 : 0;
    return status;
}

/* unload_program */
static void unload_program(slip_platform_device *device, const slip_loaded_program *program)
{
    state.inner->unload_program(device->inner, program);
    state.live--;
}

/* launch */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *launch)
{
    if (fails("launch")) {
        return SLIP_E_DEVICE;
    }
    state.copied_to += launch->block_bytes;
    return state.inner->launch(device->inner, launch);
}

/* wait */
static slip_status wait_device(slip_platform_device *device, uint64_t timeout_ns)
{
    bool fail = fails("wait");
    slip_status status = state.inner->wait(device->inner, timeout_ns);
    return fail ? SLIP_E_DEVICE : status;
}

/* Wraps a platform; see the header. */
const slip_platform_ops *failing_platform_wrap(const slip_platform_ops *inner)
{
    memset(&state, 0, sizeof(state));
    state.inner = inner;
    state.ops = (slip_platform_ops){
        .struct_size = (uint32_t)sizeof(slip_platform_ops),
        .abi = SLIP_PLATFORM_ABI,
        .name = "failing",
        .open = open_device,
        .close = close_device,
        .describe = describe,
        .reserve = reserve,
        .commit = commit,
        .zero = zero,
        .release = release,
        .alloc = alloc_memory,
        .free = free_memory,
        .copy_to = copy_to,
        .copy_from = copy_from,
        .load_program = load_program,
        .unload_program = unload_program,
        .launch = launch,
        .wait = wait_device,
    };
    return &state.ops;
}

/* Lets the n-th call fail; see the header. */
void failing_platform_fail_at(uint64_t n)
{
    state.fail_at = n;
    state.calls = 0;
    state.failed = NULL;
}

/* Lets every call of a name fail; see the header. */
void failing_platform_fail_always(const char *call)
{
    state.always = call;
}

/* Calls that might have failed; see the header. */
uint64_t failing_platform_calls(void)
{
    return state.calls;
}

/* Name of the call that failed last; see the header. */
const char *failing_platform_failed(void)
{
    return state.failed;
}

/* What was not given back; see the header. */
uint64_t failing_platform_live(void)
{
    return state.live;
}

/* Describes the device without cache hooks; see the header. */
void failing_platform_hide_hooks(bool hide)
{
    state.hide_hooks = hide;
}

/* Bytes written by copy_to; see the header. */
uint64_t failing_platform_copied_to(void)
{
    return state.copied_to;
}
