/*
 * invoke.c - makes the runtime's calls on a device's thread and translates their outcome.
 *
 * `in` of a call holds the entry point's arguments in order, without those that the call gives a
 * place for itself: they come back in `out`.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/onboard/errors.h"
#include "platform/onboard/onboard_int.h"

/* Beyond the time-out of a synchronise, until it has come back; and for what sets a device up. */
#define GRACE_NS UINT64_C(1000000000)
#define SET_UP_NS UINT64_C(20000000000)

/* The driver's answer on a device whose operation has timed out; seen by public projects. */
enum { HAL_POISONED = 62 };

/* A number that is an address here. */
static void *pointer(uint64_t value)
{
    return (void *)(uintptr_t)value;
}

/* Calls about devices and streams. False: it is none of them. */
static bool invoke_device(const slipi_acl *r, slipi_call *c)
{
    int32_t version[3] = {0, 0, 0};
    uint32_t count = 0;
    int32_t physical = 0;
    void *out = NULL;
    const char *name;
    switch (c->entry) {
    case SLIPI_ENTRY_aclInit:
        c->code = r->aclInit(NULL);
        c->code = c->code == SLIPI_ACL_REPEAT_INITIALIZE ? 0 : c->code;
        return true;
    case SLIPI_ENTRY_aclrtGetVersion:
        c->code = r->aclrtGetVersion(&version[0], &version[1], &version[2]);
        for (int i = 0; i < 3; i++) {
            c->out[i] = (uint64_t)(uint32_t)version[i];
        }
        return true;
    case SLIPI_ENTRY_aclrtGetSocName:
        name = r->aclrtGetSocName();
        c->code = name != NULL ? 0 : SLIPI_ACL_FAILURE;
        (void)snprintf(c->name, sizeof(c->name), "%s", name != NULL ? name : "");
        return true;
    case SLIPI_ENTRY_aclrtGetDeviceCount:
        c->code = r->aclrtGetDeviceCount(&count);
        c->out[0] = count;
        return true;
    case SLIPI_ENTRY_aclrtGetPhyDevIdByLogicDevId:
        c->code = r->aclrtGetPhyDevIdByLogicDevId((int32_t)c->in[0], &physical);
        c->out[0] = (uint64_t)(uint32_t)physical;
        return true;
    case SLIPI_ENTRY_aclrtSetDevice:
        c->code = r->aclrtSetDevice((int32_t)c->in[0]);
        return true;
    case SLIPI_ENTRY_aclrtResetDevice:
        c->code = r->aclrtResetDevice((int32_t)c->in[0]);
        return true;
    case SLIPI_ENTRY_aclrtResetDeviceForce:
        c->code = r->aclrtResetDeviceForce((int32_t)c->in[0]);
        return true;
    case SLIPI_ENTRY_aclrtSetOpExecuteTimeOutV2:
        c->code = r->aclrtSetOpExecuteTimeOutV2(c->in[0], &c->out[0]);
        return true;
    case SLIPI_ENTRY_aclrtCreateStreamWithConfig:
        c->code = r->aclrtCreateStreamWithConfig(&out, (uint32_t)c->in[0], (uint32_t)c->in[1]);
        c->out[0] = (uint64_t)(uintptr_t)out;
        return true;
    case SLIPI_ENTRY_aclrtDestroyStreamForce:
        c->code = r->aclrtDestroyStreamForce(pointer(c->in[0]));
        return true;
    case SLIPI_ENTRY_aclrtSynchronizeStreamWithTimeout:
        c->code = r->aclrtSynchronizeStreamWithTimeout(pointer(c->in[0]), (int32_t)c->in[1]);
        return true;
    default:
        return false;
    }
}

/* Calls about memory and the driver's. False: it is none of them. */
static bool invoke_memory(const slipi_acl *r, slipi_call *c)
{
    void *out = NULL;
    uint32_t request[5] = {SLIPI_HAL_PROCESS_CP1, SLIPI_HAL_RES_AICORE, (uint32_t)c->in[1], 0, 0};
    uint32_t map_in[2] = {SLIPI_HAL_REG_AIC_CTRL, (uint32_t)c->in[0]}; /* kind, device */
    size_t map_bytes = 2u * sizeof(uint64_t);
    uint32_t length = 0;
    int64_t value = 0;
    size_t free_bytes = 0;
    size_t all_bytes = 0;
    switch (c->entry) {
    case SLIPI_ENTRY_aclrtMalloc:
        c->code = r->aclrtMalloc(&out, (size_t)c->in[0], SLIPI_ACL_HUGE_FIRST);
        c->out[0] = (uint64_t)(uintptr_t)out;
        return true;
    case SLIPI_ENTRY_aclrtFree:
        c->code = r->aclrtFree(pointer(c->in[0]));
        return true;
    case SLIPI_ENTRY_aclrtGetMemInfo:
        c->code = r->aclrtGetMemInfo(SLIPI_ACL_HBM, &free_bytes, &all_bytes);
        c->out[0] = free_bytes;
        return true;
    case SLIPI_ENTRY_aclrtMemset:
        c->code = r->aclrtMemset(pointer(c->in[0]), (size_t)c->in[1], 0, (size_t)c->in[1]);
        return true;
    case SLIPI_ENTRY_aclrtMemcpy:
        c->code = r->aclrtMemcpy(pointer(c->in[0]), (size_t)c->in[2], pointer(c->in[1]),
                                 (size_t)c->in[2], (int32_t)c->in[3]);
        return true;
    case SLIPI_ENTRY_halMemCtl:
        c->code = r->halMemCtl(SLIPI_HAL_MAP, map_in, sizeof(map_in), c->out, &map_bytes);
        return true;
    case SLIPI_ENTRY_halResMap:
        c->code = r->halResMap((uint32_t)c->in[0], request, &c->out[0], &length);
        c->out[1] = length;
        return true;
    case SLIPI_ENTRY_halGetDeviceInfo:
        c->code =
            r->halGetDeviceInfo((uint32_t)c->in[0], (int32_t)c->in[1], (int32_t)c->in[2], &value);
        c->out[0] = (uint64_t)value;
        return true;
    default:
        return false;
    }
}

/* Calls about programs. */
static void invoke_program(const slipi_acl *r, slipi_call *c)
{
    void *out = NULL;
    slipi_acl_option option = {0};
    slipi_acl_options options = {&option, 1};
    switch (c->entry) {
    case SLIPI_ENTRY_aclrtBinaryLoadFromData: /* data, bytes, 1: of the control processor */
        option.id = c->in[2] != 0 ? SLIPI_ACL_CPU_KERNEL_MODE : SLIPI_ACL_MAGIC;
        option.value.number = c->in[2] != 0 ? SLIPI_ACL_CPU_FROM_DATA : SLIPI_ACL_MAGIC_AICORE;
        c->code = r->aclrtBinaryLoadFromData(pointer(c->in[0]), (size_t)c->in[1], &options, &out);
        break;
    case SLIPI_ENTRY_aclrtBinaryUnLoad:
        c->code = r->aclrtBinaryUnLoad(pointer(c->in[0]));
        break;
    case SLIPI_ENTRY_aclrtBinaryGetFunction:
        c->code = r->aclrtBinaryGetFunction(pointer(c->in[0]), c->name, &out);
        break;
    case SLIPI_ENTRY_aclrtRegisterCpuFunc:
        c->code = r->aclrtRegisterCpuFunc(pointer(c->in[0]), c->name, c->name, &out);
        break;
    case SLIPI_ENTRY_aclrtLaunchKernelWithHostArgs: /* function, blocks, stream, args, bytes, cores
                                                     */
        option.id = SLIPI_ACL_SCHEDULE_MODE;
        option.value.byte = SLIPI_ACL_SCHEDULE_BATCH;
        c->code = r->aclrtLaunchKernelWithHostArgs(
            pointer(c->in[0]), (uint32_t)c->in[1], pointer(c->in[2]),
            c->in[5] != 0 ? &options : NULL, pointer(c->in[3]), (size_t)c->in[4], NULL, 0);
        break;
    default:
        c->code = -1;
        break;
    }
    c->out[0] = (uint64_t)(uintptr_t)out;
}

/* On the device's thread: one call and, if it failed, the runtime's words for it. */
static void invoke(slipi_call *call)
{
    const slipi_acl *r = call->library;
    if (!invoke_device(r, call) && !invoke_memory(r, call)) {
        invoke_program(r, call);
    }
    const char *text = call->code != 0 ? r->aclGetRecentErrMsg() : NULL;
    (void)snprintf(call->text, sizeof(call->text), "%s", text != NULL ? text : "");
    call->text[strcspn(call->text, "\n")] = '\0'; /* the newest is first */
}

/* Keeps that a call did not come back. */
static slip_status lost_call(slip_platform_device *device, const slipi_call *call)
{
    device->kept = 1;
    device->failure.lost = 1;
    (void)snprintf(device->failure.text, sizeof(device->failure.text),
                   "the call did not come back within %llu ms",
                   (unsigned long long)(call->bound_ns / 1000000u));
    return call->entry == SLIPI_ENTRY_aclrtSynchronizeStreamWithTimeout ? SLIP_E_HANG
                                                                        : SLIP_E_DEVICE;
}

/* What the driver's codes mean; its public headers number them apart from the runtime's. */
static const slipi_acl_error *error_of(uint32_t entry, int32_t code)
{
    static const slipi_acl_error driver = {0, SLIP_E_DEVICE, 0, "the driver refuses the call"};
    static const slipi_acl_error poisoned = {HAL_POISONED, SLIP_E_DEVICE, 1,
                                             "the device was left unusable by an earlier time-out"};
    if (entry < SLIPI_ENTRY_halMemCtl) {
        return slipi_acl_error_of(code);
    }
    return code == HAL_POISONED ? &poisoned : &driver;
}

/* Makes a call with its bound. A success leaves what is kept of the last failure alone. */
static slip_status make(slip_platform_device *device, uint32_t entry, slipi_call *call)
{
    slip_platform_failure *failure = &device->failure;
    call->run = invoke;
    call->entry = entry;
    if (device->calls == NULL) {
        free(call->owned);
        call->owned = NULL;
        return SLIP_E_DEVICE; /* the call that never came back stays the failure */
    }
    if (slipi_calls_make(&device->calls, call) && call->code == 0) {
        return SLIP_OK;
    }
    *failure = (slip_platform_failure){.struct_size = sizeof(*failure), .lost = failure->lost};
    (void)snprintf(failure->call, sizeof(failure->call), "%s", slipi_acl_entry_name(entry));
    if (device->calls == NULL) {
        return lost_call(device, call);
    }
    const slipi_acl_error *error = error_of(entry, call->code);
    failure->code = call->code;
    failure->lost |= error->lost;
    (void)snprintf(failure->text, sizeof(failure->text), "code %d, %.120s%s%.100s", (int)call->code,
                   error->meaning, call->text[0] != '\0' ? ": " : "", call->text);
    return error->status;
}

slip_status slipi_onboard_call(slip_platform_device *device, uint32_t entry, slipi_call *call)
{
    uint64_t ms = device->timeouts.synchronise;
    uint64_t grace = 0;
    if (device->failure.lost != 0 && device->mending == 0) {
        free(call->owned);
        call->owned = NULL;
        return SLIP_E_DEVICE; /* nothing works before recover: what was lost stays the failure */
    }
    if (entry == SLIPI_ENTRY_aclrtSynchronizeStreamWithTimeout) {
        ms = call->in[1]; /* its own time-out */
        grace = GRACE_NS;
    }
    call->bound_ns = ms * 1000000u + grace;
    return make(device, entry, call);
}

slip_status slipi_onboard_set_up_call(slip_platform_device *device, uint32_t entry,
                                      slipi_call *call)
{
    call->bound_ns = device->timeouts.synchronise * UINT64_C(1000000) + SET_UP_NS;
    return make(device, entry, call);
}

slip_status slipi_onboard_fail(slip_platform_device *device, slip_status status, const char *fmt,
                               ...)
{
    va_list args;
    device->failure.code = 0;
    device->failure.call[0] = '\0';
    va_start(args, fmt);
    (void)vsnprintf(device->failure.text, sizeof(device->failure.text), fmt, args);
    va_end(args);
    return status;
}
