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
    slip_platform_device *lost_inner; /* from before the last reset; null if there was none */
    slip_platform_open options;
    const char *failed; /* call that was made to fail last; null if another one failed since */
    bool lost;          /* every call fails before recover */
    uint64_t things;    /* reservations, allocations and programs that are there */
    bool hung;          /* wait said so: the device is to be left alone before recover */
};

/* State of the one wrapped platform of the process. */
static struct {
    const slip_platform_ops *inner;
    slip_platform_ops ops;
    uint64_t fail_at;
    uint64_t calls;
    uint64_t live;
    uint64_t copied_to;
    uint64_t late;
    uint64_t recoveries;
    uint64_t available; /* what the device is said to have; 0: what it has */
    const char *always;
    const char *nth; /* name of the call whose `countdown`-th fails; null = none */
    uint64_t countdown;
    const char *failed;
    enum failing_effect effect;
    enum failing_recovery recovery;
    bool hide_hooks;
} state;

/* True if this is the call that is to fail. */
static bool chosen(const char *call)
{
    if (state.calls == state.fail_at || (state.always != NULL && strcmp(state.always, call) == 0)) {
        return true;
    }
    if (state.nth != NULL && strcmp(state.nth, call) == 0 && --state.countdown == 0) {
        state.nth = NULL;
        return true;
    }
    return false;
}

/* Counts a call that may fail; true if it is to fail. The device is null for open. */
static bool fails(slip_platform_device *device, const char *call)
{
    state.calls++;
    bool fail = chosen(call);
    if (fail) {
        state.failed = call;
    }
    if (device != NULL) {
        /* The report of the run that hangs is read, to name the kernel. */
        state.late += device->hung && strcmp(call, "copy_from") != 0 ? 1 : 0;
        device->lost |= fail && state.effect == FAILING_LOSES;
        fail |= device->lost;
        device->failed = fail ? call : NULL;
    }
    return fail;
}

/* What a call returns that was made to fail: a device that is lost has not just run out of memory.
 */
static slip_status failure_of(const slip_platform_device *device, slip_status status)
{
    return device->lost ? SLIP_E_DEVICE : status;
}

/* Notes a thing that is there from now on, if the call was good. */
static void gained(slip_platform_device *device, slip_status status)
{
    state.live += status == SLIP_OK ? 1 : 0;
    device->things += status == SLIP_OK ? 1 : 0;
}

/* open */
static slip_status open_device(const slip_platform_open *options, slip_platform_device **out,
                               char *why, size_t why_bytes)
{
    *out = NULL;
    if (fails(NULL, "open")) {
        (void)snprintf(why, why_bytes, "made to fail");
        return SLIP_E_PLATFORM_UNAVAILABLE;
    }
    slip_platform_device *device = malloc(sizeof(*device));
    if (device == NULL) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    *device = (slip_platform_device){.options = *options};
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
    if (device->lost_inner != NULL) {
        state.inner->close(device->lost_inner);
    }
    state.live -= device->hung || device->lost ? device->things : 0; /* they are left alone */
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
    if (fails(device, "reserve")) {
        return failure_of(device, SLIP_E_OUT_OF_MEMORY);
    }
    slip_status status = state.inner->reserve(device->inner, bytes, out_address);
    gained(device, status);
    return status;
}

/* commit */
static slip_status commit(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                          uint64_t bytes)
{
    return fails(device, "commit") ? failure_of(device, SLIP_E_OUT_OF_MEMORY)
                                   : state.inner->commit(device->inner, address, old_bytes, bytes);
}

/* zero */
static slip_status zero(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    return fails(device, "zero") ? SLIP_E_DEVICE : state.inner->zero(device->inner, address, bytes);
}

/* release */
static void release(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    state.late += device->hung ? 1 : 0;
    state.inner->release(device->inner, address, bytes);
    state.live--;
    device->things--;
}

/* alloc */
static slip_status alloc_memory(slip_platform_device *device, uint64_t bytes, uint64_t *out_address)
{
    if (fails(device, "alloc")) {
        return failure_of(device, SLIP_E_OUT_OF_MEMORY);
    }
    slip_status status = state.inner->alloc(device->inner, bytes, out_address);
    gained(device, status);
    return status;
}

/* free */
static void free_memory(slip_platform_device *device, uint64_t address, uint64_t bytes)
{
    state.late += device->hung ? 1 : 0;
    state.inner->free(device->inner, address, bytes);
    state.live--;
    device->things--;
}

/* copy_to */
static slip_status copy_to(slip_platform_device *device, uint64_t dst, const void *src,
                           uint64_t bytes)
{
    if (fails(device, "copy_to")) {
        return SLIP_E_DEVICE;
    }
    state.copied_to += bytes;
    return state.inner->copy_to(device->inner, dst, src, bytes);
}

/* copy_from */
static slip_status copy_from(slip_platform_device *device, void *dst, uint64_t src, uint64_t bytes)
{
    return fails(device, "copy_from") ? SLIP_E_DEVICE
                                      : state.inner->copy_from(device->inner, dst, src, bytes);
}

/* load_program */
static slip_status load_program(slip_platform_device *device, const slip_program_source *source,
                                slip_loaded_program *out)
{
    if (fails(device, "load_program")) {
        return SLIP_E_DEVICE;
    }
    slip_status status = state.inner->load_program(device->inner, source, out);
    gained(device, status);
    return status;
}

/* unload_program */
static void unload_program(slip_platform_device *device, const slip_loaded_program *program)
{
    state.late += device->hung ? 1 : 0;
    state.inner->unload_program(device->inner, program);
    state.live--;
    device->things--;
}

/* launch */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *launch)
{
    if (fails(device, "launch")) {
        return SLIP_E_DEVICE;
    }
    state.copied_to += launch->block_bytes;
    return state.inner->launch(device->inner, launch);
}

/* wait */
static slip_status wait_device(slip_platform_device *device, uint64_t timeout_ns)
{
    bool fail = fails(device, "wait");
    slip_status status = state.inner->wait(device->inner, timeout_ns);
    if (fail && state.effect == FAILING_HANGS) {
        device->hung = true;
        return SLIP_E_HANG;
    }
    return fail ? SLIP_E_DEVICE : status;
}

/* resident */
static slip_status resident(slip_platform_device *device, uint64_t address, uint64_t bytes,
                            uint64_t *out_bytes)
{
    return fails(device, "resident")
               ? SLIP_E_DEVICE
               : state.inner->resident(device->inner, address, bytes, out_bytes);
}

/* failure */
static void failure(slip_platform_device *device, slip_platform_failure *out)
{
    if (device->failed != NULL) {
        out->lost = device->lost ? 1 : 0;
        out->code = FAILING_CODE;
        (void)snprintf(out->call, sizeof(out->call), "%s", device->failed);
        (void)snprintf(out->text, sizeof(out->text), "made to fail");
    }
}

/* recover: a device that was closed and opened again is empty. What was on it is gone. */
static slip_status recover(slip_platform_device *device, char *why, size_t why_bytes)
{
    if (state.recovery == FAILING_RECOVERY_FAILS) {
        (void)snprintf(why, why_bytes, "the reset was made to fail");
        return SLIP_E_DEVICE;
    }
    /* The lost one stays until the next reset, so that nothing lies where it lay before. */
    if (device->lost_inner != NULL) {
        state.inner->close(device->lost_inner);
    }
    device->lost_inner = device->inner;
    slip_status status = state.inner->open(&device->options, &device->inner, why, why_bytes);
    if (status != SLIP_OK) {
        abort(); /* an open that worked before: the test has no way on */
    }
    device->lost = false;
    device->hung = false;
    state.live -= device->things;
    device->things = 0;
    state.recoveries++;
    return SLIP_OK;
}

/* decommit */
static slip_status decommit(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                            uint64_t bytes)
{
    return fails(device, "decommit")
               ? SLIP_E_DEVICE
               : state.inner->decommit(device->inner, address, old_bytes, bytes);
}

/* relay */
static slip_status relay(slip_platform_device *device, uint64_t address, uint64_t bytes,
                         uint64_t *out_bytes)
{
    return fails(device, "relay") ? SLIP_E_DEVICE
                                  : state.inner->relay(device->inner, address, bytes, out_bytes);
}

/* populate; comes from any thread, so it is not among the calls that are counted */
static slip_status populate(slip_platform_device *device, uint64_t address, uint64_t bytes,
                            uint32_t flags, slip_platform_populated *out)
{
    bool fail = state.always != NULL && strcmp(state.always, "populate") == 0;
    return fail ? SLIP_E_DEVICE : state.inner->populate(device->inner, address, bytes, flags, out);
}

/* available */
static slip_status available(slip_platform_device *device, uint64_t *out_bytes)
{
    if (fails(device, "available")) {
        return SLIP_E_DEVICE;
    }
    if (state.available != 0) {
        *out_bytes = state.available;
        return SLIP_OK;
    }
    return state.inner->available(device->inner, out_bytes);
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
        .resident = inner->resident != NULL ? resident : NULL,
        .failure = failure,
        .decommit = inner->decommit != NULL ? decommit : NULL,
        .relay = inner->relay != NULL ? relay : NULL,
        .populate = inner->populate != NULL ? populate : NULL,
        .available = inner->available != NULL ? available : NULL,
    };
    return &state.ops;
}

/* Sets what recover does; see the header. */
void failing_platform_set_recovery(enum failing_recovery recovery)
{
    state.recovery = recovery;
    state.ops.recover = recovery == FAILING_NO_RECOVERY ? NULL : recover;
}

/* Sets what a failure does; see the header. */
void failing_platform_set_effect(enum failing_effect effect)
{
    state.effect = effect;
}

/* Lets the n-th call of a name fail; see the header. */
void failing_platform_fail_nth(const char *call, uint64_t n)
{
    state.nth = call;
    state.countdown = n;
}

/* Calls on a device that hangs; see the header. */
uint64_t failing_platform_late(void)
{
    return state.late;
}

/* Recoveries that were good; see the header. */
uint64_t failing_platform_recoveries(void)
{
    return state.recoveries;
}

/* Sets what the device is said to have; see the header. */
void failing_platform_set_available(uint64_t bytes)
{
    state.available = bytes;
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
