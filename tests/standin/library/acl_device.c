/* acl_device.c - entry points of the stand-in: initialisation, devices; see entry.h. Any thread. */
#include <stdio.h>

#include "entry.h"
#include "state.h"

int32_t aclInit(const char *config)
{
    standin_call call;
    if (ENTER(&call, aclInit, ARG(config))) {
        (void)pthread_mutex_lock(&standin.lock);
        uint32_t before = standin.inits;
        standin.inits = 1;
        (void)pthread_mutex_unlock(&standin.lock);
        if (standin.bad_environment[0] != '\0') {
            (void)standin_fail(&call, STANDIN_INVALID_PARAM, "%s", standin.bad_environment);
        } else if (before != 0) {
            (void)standin_fail(&call, STANDIN_REPEAT_INITIALIZE, "it was called before");
        }
    }
    return standin_leave(&call);
}

int32_t aclFinalize(void)
{
    standin_call call;
    if (ENTER(&call, aclFinalize, 0)) {
        for (int32_t i = 0; i < STANDIN_MAX_DEVICES; i++) {
            standin_reset_device(i);
        }
        (void)pthread_mutex_lock(&standin.lock);
        standin.inits = 0;
        (void)pthread_mutex_unlock(&standin.lock);
    } else if (call.record.code == STANDIN_UNINITIALIZED) {
        call.record.code = STANDIN_REPEAT_FINALIZE;
    }
    return standin_leave(&call);
}

const char *aclGetRecentErrMsg(void)
{
    standin_call call;
    const char *words = ENTER(&call, aclGetRecentErrMsg, 0) ? standin_take_words() : NULL;
    (void)standin_leave(&call);
    return words;
}

int32_t aclrtGetVersion(int32_t *major, int32_t *minor, int32_t *patch)
{
    standin_call call;
    if (ENTER(&call, aclrtGetVersion, ARG(major), ARG(minor), ARG(patch))) {
        if (major == NULL || minor == NULL || patch == NULL) {
            (void)standin_fail(&call, STANDIN_INVALID_PARAM, "null pointer");
        } else {
            /* Of the interface whose documentation was read. */
            *major = 1;
            *minor = 17;
            *patch = 0;
        }
    }
    return standin_leave(&call);
}

const char *aclrtGetSocName(void)
{
    static _Thread_local char name[32];
    standin_call call;
    const char *found = NULL;
    if (ENTER(&call, aclrtGetSocName, 0)) {
        found = standin_soc(name, sizeof(name));
        (void)snprintf(call.record.text, sizeof(call.record.text), "%s", name);
    }
    (void)standin_leave(&call);
    return found;
}

int32_t aclrtGetDeviceCount(uint32_t *count)
{
    standin_call call;
    if (ENTER(&call, aclrtGetDeviceCount, ARG(count))) {
        if (count == NULL) {
            (void)standin_fail(&call, STANDIN_INVALID_PARAM, "null pointer");
        } else {
            *count = standin_device_count();
        }
    }
    return standin_leave(&call);
}

int32_t aclrtGetPhyDevIdByLogicDevId(int32_t logic, int32_t *physical)
{
    standin_call call;
    if (ENTER(&call, aclrtGetPhyDevIdByLogicDevId, (uint64_t)logic, ARG(physical))) {
        if (physical == NULL || logic < 0 || (uint32_t)logic >= standin_device_count()) {
            (void)standin_fail(&call, STANDIN_RT_INVALID_DEVICE, "null pointer or no such device");
        } else {
            *physical = logic;
        }
    }
    return standin_leave(&call);
}

int32_t aclrtSetDevice(int32_t device)
{
    standin_call call;
    if (ENTER(&call, aclrtSetDevice, (uint64_t)device)) {
        call.record.code = standin_set_device(&call, device);
        call.record.device = call.record.code == 0 ? device : call.record.device;
    }
    return standin_leave(&call);
}

int32_t aclrtResetDevice(int32_t number)
{
    standin_call call;
    if (!ENTER(&call, aclrtResetDevice, (uint64_t)number)) {
        return standin_leave(&call);
    }
    bool known = number >= 0 && (uint32_t)number < standin_device_count();
    uint32_t users = 0;
    if (known) {
        standin_device *device = &standin.devices[number];
        (void)pthread_mutex_lock(&device->lock);
        users = device->users;
        device->users -= users > 1u ? 1u : 0u;
        (void)pthread_mutex_unlock(&device->lock);
    }
    if (users == 0) {
        (void)standin_fail(&call, known ? STANDIN_RT_CONTEXT_RELEASE : STANDIN_RT_INVALID_DEVICE,
                           "device %d is not set", (int)number);
    } else if (users == 1u) {
        standin_reset_device(number);
    }
    return standin_leave(&call);
}

int32_t aclrtResetDeviceForce(int32_t number)
{
    standin_call call;
    if (!ENTER(&call, aclrtResetDeviceForce, (uint64_t)number)) {
        return standin_leave(&call);
    }
    if (number < 0 || (uint32_t)number >= standin_device_count()) {
        (void)standin_fail(&call, STANDIN_RT_INVALID_DEVICE, "there is no device %d", (int)number);
        return standin_leave(&call);
    }
    standin_device *device = &standin.devices[number];
    (void)pthread_mutex_lock(&standin.lock);
    bool set = device->client != NULL || device->lost != 0;
    int32_t lost = device->lost;
    (void)pthread_mutex_unlock(&standin.lock);
    if (!set) {
        (void)standin_fail(&call, STANDIN_RT_CONTEXT_RELEASE, "device %d is not set", (int)number);
        return standin_leave(&call);
    }
    standin_reset_device(number);
    if (call.helpless) {
        (void)pthread_mutex_lock(&standin.lock);
        device->lost = lost != 0 ? lost : STANDIN_RT_DRV_INTERNAL;
        (void)pthread_mutex_unlock(&standin.lock);
    }
    return standin_leave(&call);
}

int32_t aclrtSetOpExecuteTimeOutWithMs(uint32_t timeout_ms)
{
    standin_call call;
    if (ENTER(&call, aclrtSetOpExecuteTimeOutWithMs, timeout_ms)) {
        (void)standin_fail(&call, STANDIN_RT_FEATURE_NOT_SUPPORT,
                           "these devices do not support it; use aclrtSetOpExecuteTimeOutV2");
    }
    return standin_leave(&call);
}

int32_t aclrtSetOpExecuteTimeOutV2(uint64_t timeout_us, uint64_t *actual_us)
{
    standin_call call;
    if (!ENTER(&call, aclrtSetOpExecuteTimeOutV2, timeout_us, ARG(actual_us))) {
        return standin_leave(&call);
    }
    if (actual_us == NULL || timeout_us > UINT64_C(1) << 40) {
        (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID, "null pointer or no such time");
        return standin_leave(&call);
    }
    *actual_us = timeout_us;
    (void)pthread_mutex_lock(&standin.lock);
    standin.op_timeout_ns = timeout_us * 1000u;
    (void)pthread_mutex_unlock(&standin.lock);
    for (uint32_t i = 0; i < STANDIN_MAX_DEVICES; i++) {
        standin_device *device = &standin.devices[i];
        (void)pthread_mutex_lock(&standin.lock);
        bool works = device->client != NULL && device->lost == 0;
        (void)pthread_mutex_unlock(&standin.lock);
        slipi_remote_request set = {.op = STANDIN_OP_TIMEOUT, .args = {timeout_us * 1000u}};
        int32_t code = works ? standin_ask(device, &set) : STANDIN_OK;
        if (code != STANDIN_OK) {
            (void)standin_fail(&call, code, "device %u does not take it", i);
        }
    }
    return standin_leave(&call);
}
