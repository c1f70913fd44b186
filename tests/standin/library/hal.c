/*
 * hal.c - entry points of the stand-in: what the driver's library says of a device; see entry.h.
 *
 * Only what the platforms ask: where the registers of the cores are, and which processors there
 * are. Codes are the driver's.
 */
#include "entry.h"
#include "state.h"

enum {
    HAL_INVALID_DEVICE = 2,
    HAL_INVALID_VALUE = 3,
    HAL_POISONED = 62, /* seen after an operation has timed out */
    HAL_NOT_SUPPORTED = 0xFFFE,
    MEM_CTL_MAP = 0,
    ADDRESS_AIC_CTRL = 2,
    PROCESS_CP1 = 0,
    RES_AICORE = 0,
    MODULE_SYSTEM = 0,
    MODULE_AICPU = 1,
    MODULE_AICORE = 4,
    INFO_OCCUPY = 8,
    INFO_PHY_DIE_ID = 19,
    A2A3_USABLE = 0x1FFF7FF, /* all of 25 clusters but number 11: see device/cores.c */
    A5_CLUSTERS = 36,
    A5_CLUSTER_BYTES = 3 << 20
};

/* The device of a number, if it is set and works; null, and the code, if not. */
static const standin_device *find_device(standin_call *call, uint32_t number)
{
    standin_device *device = number < STANDIN_MAX_DEVICES ? &standin.devices[number] : NULL;
    (void)pthread_mutex_lock(&standin.lock);
    bool set = device != NULL && device->client != NULL;
    bool lost = device != NULL && device->lost != 0;
    (void)pthread_mutex_unlock(&standin.lock);
    if (!set || lost) {
        (void)standin_fail(call, lost ? HAL_POISONED : HAL_INVALID_DEVICE,
                           "device %u is not set or lost", number);
        return NULL;
    }
    return device;
}

int32_t halMemCtl(int32_t type, void *in, size_t in_bytes, void *out, size_t *out_bytes)
{
    standin_call call;
    if (!ENTER(&call, halMemCtl, (uint64_t)type, ARG(in), in_bytes, ARG(out), ARG(out_bytes))) {
        return standin_leave(&call);
    }
    const uint32_t *what = in; /* kind of address, device */
    uint64_t *where = out;     /* address, bytes */
    if (type != MEM_CTL_MAP || in == NULL || in_bytes != 8u || out == NULL || out_bytes == NULL ||
        *out_bytes < 16u || what[0] != ADDRESS_AIC_CTRL) {
        (void)standin_fail(&call, HAL_INVALID_VALUE, "not a request for the cores' registers");
        return standin_leave(&call);
    }
    const standin_device *device = find_device(&call, what[1]);
    if (device != NULL && device->soc_row != 0) {
        (void)standin_fail(&call, HAL_NOT_SUPPORTED, "not on this SoC");
    } else if (device != NULL) {
        where[0] = device->register_first;
        where[1] = device->register_bytes;
        *out_bytes = 16u;
    }
    return standin_leave(&call);
}

int32_t halResMap(uint32_t number, const uint32_t *resource, uint64_t *address, uint32_t *bytes)
{
    standin_call call;
    if (!ENTER(&call, halResMap, number, ARG(resource), ARG(address), ARG(bytes))) {
        return standin_leave(&call);
    }
    if (resource == NULL || address == NULL || bytes == NULL || resource[0] != PROCESS_CP1 ||
        resource[1] != RES_AICORE || resource[2] >= A5_CLUSTERS || resource[3] != 0) {
        (void)standin_fail(&call, HAL_INVALID_VALUE, "not a request for a core's registers");
        return standin_leave(&call);
    }
    const standin_device *device = find_device(&call, number);
    if (device != NULL && device->soc_row != 1) {
        (void)standin_fail(&call, HAL_NOT_SUPPORTED, "not on this SoC");
    } else if (device != NULL) {
        *address = device->register_first + (uint64_t)resource[2] * A5_CLUSTER_BYTES;
        *bytes = A5_CLUSTER_BYTES;
    }
    return standin_leave(&call);
}

/* Answers a question about a device. */
static bool device_info(standin_call *call, uint32_t number, int32_t module, int32_t info,
                        uint64_t *out)
{
    const standin_device *device = find_device(call, number);
    if (device == NULL) {
        return false;
    }
    if (module == MODULE_AICPU && info == INFO_OCCUPY) {
        /* Control programs run on this machine's processors. */
        *out = device->processors;
    } else if (module == MODULE_AICORE && info == INFO_OCCUPY) {
        *out = device->soc_row == 0 ? A2A3_USABLE : (UINT64_C(1) << A5_CLUSTERS) - 1u;
    } else if (module == MODULE_SYSTEM && info == INFO_PHY_DIE_ID) {
        *out = 0;
    } else {
        (void)standin_fail(call, HAL_NOT_SUPPORTED, "module %d has no info %d", (int)module,
                           (int)info);
        return false;
    }
    return true;
}

int32_t halGetDeviceInfo(uint32_t device, int32_t module, int32_t info, int64_t *value)
{
    standin_call call;
    uint64_t found = 0;
    if (ENTER(&call, halGetDeviceInfo, device, (uint64_t)module, (uint64_t)info, ARG(value))) {
        if (value == NULL) {
            (void)standin_fail(&call, HAL_INVALID_VALUE, "null pointer");
        } else if (device_info(&call, device, module, info, &found)) {
            *value = (int64_t)found;
        }
    }
    return standin_leave(&call);
}

int32_t halGetDeviceInfoByBuff(uint32_t device, int32_t module, int32_t info, void *buffer,
                               int32_t *bytes)
{
    standin_call call;
    uint64_t found = 0;
    if (ENTER(&call, halGetDeviceInfoByBuff, device, (uint64_t)module, (uint64_t)info, ARG(buffer),
              ARG(bytes))) {
        if (buffer == NULL || bytes == NULL || *bytes < (int32_t)sizeof(found)) {
            (void)standin_fail(&call, HAL_INVALID_VALUE, "null pointer or less than 8 bytes");
        } else if (device_info(&call, device, module, info, &found)) {
            *(uint64_t *)buffer = found;
            *bytes = sizeof(found);
        }
    }
    return standin_leave(&call);
}
