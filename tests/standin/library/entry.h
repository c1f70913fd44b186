/*
 * entry.h - declarations of the entry points of libslipway_standin.so; see acl_*.c and hal.c.
 *
 * For this folder and for tests that call them by name. The contracts are those of CANN's public
 * documentation, as far as docs/onboard.md tells them; all may be called from any thread.
 */
#ifndef STANDIN_ENTRY_H
#define STANDIN_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "standin/standin.h"

/* An option of a binary, and an attribute of a launch. */
typedef struct standin_option {
    int32_t type;
    union {
        uint8_t byte;
        int32_t number;
        uint32_t room[4];
    } value;
} standin_option;

typedef struct standin_options {
    const standin_option *options;
    size_t count;
} standin_options;

enum {
    STANDIN_OPTION_CPU_KERNEL_MODE = 3, /* of a binary; 2: the bytes of a shared object */
    STANDIN_ATTRIBUTE_SCHEDULE_MODE = 1 /* of a launch; 1: all cores start together */
};

SLIPWAY_STANDIN_API int32_t aclInit(const char *config);
SLIPWAY_STANDIN_API int32_t aclFinalize(void);
SLIPWAY_STANDIN_API const char *aclGetRecentErrMsg(void);
SLIPWAY_STANDIN_API int32_t aclrtGetVersion(int32_t *major, int32_t *minor, int32_t *patch);
SLIPWAY_STANDIN_API const char *aclrtGetSocName(void);
SLIPWAY_STANDIN_API int32_t aclrtGetDeviceCount(uint32_t *count);
SLIPWAY_STANDIN_API int32_t aclrtGetPhyDevIdByLogicDevId(int32_t logic, int32_t *physical);
SLIPWAY_STANDIN_API int32_t aclrtSetDevice(int32_t device);
SLIPWAY_STANDIN_API int32_t aclrtResetDevice(int32_t device);
SLIPWAY_STANDIN_API int32_t aclrtResetDeviceForce(int32_t device);
SLIPWAY_STANDIN_API int32_t aclrtCreateStreamWithConfig(void **stream, uint32_t priority,
                                                        uint32_t flag);
SLIPWAY_STANDIN_API int32_t aclrtDestroyStreamForce(void *stream);
SLIPWAY_STANDIN_API int32_t aclrtMalloc(void **out, size_t bytes, int32_t policy);
SLIPWAY_STANDIN_API int32_t aclrtFree(void *address);
SLIPWAY_STANDIN_API int32_t aclrtGetMemInfo(int32_t kind, size_t *free_bytes, size_t *all_bytes);
SLIPWAY_STANDIN_API int32_t aclrtMemset(void *dst, size_t max, int32_t value, size_t count);
SLIPWAY_STANDIN_API int32_t aclrtMemcpy(void *dst, size_t max, const void *src, size_t count,
                                        int32_t kind);
SLIPWAY_STANDIN_API int32_t aclrtBinaryLoadFromData(const void *data, size_t bytes,
                                                    const standin_options *options, void **binary);
SLIPWAY_STANDIN_API int32_t aclrtBinaryUnLoad(void *binary);
SLIPWAY_STANDIN_API int32_t aclrtBinaryGetFunction(void *binary, const char *name, void **function);
SLIPWAY_STANDIN_API int32_t aclrtRegisterCpuFunc(void *binary, const char *function_name,
                                                 const char *kernel_name, void **function);
/* The interface has eight parameters. */
SLIPWAY_STANDIN_API int32_t aclrtLaunchKernelWithHostArgs(void *function, uint32_t blocks,
                                                          void *stream, const standin_options *cfg,
                                                          void *args, size_t bytes,
                                                          void *placeholders,
                                                          size_t placeholder_count);
SLIPWAY_STANDIN_API int32_t aclrtSynchronizeStreamWithTimeout(void *stream, int32_t timeout_ms);
SLIPWAY_STANDIN_API int32_t aclrtSetOpExecuteTimeOutWithMs(uint32_t timeout_ms);
SLIPWAY_STANDIN_API int32_t aclrtSetOpExecuteTimeOutV2(uint64_t timeout_us, uint64_t *actual_us);

SLIPWAY_STANDIN_API int32_t halMemCtl(int32_t type, void *in, size_t in_bytes, void *out,
                                      size_t *out_bytes);
SLIPWAY_STANDIN_API int32_t halResMap(uint32_t device, const uint32_t *resource, uint64_t *address,
                                      uint32_t *bytes);
SLIPWAY_STANDIN_API int32_t halGetDeviceInfo(uint32_t device, int32_t module, int32_t info,
                                             int64_t *value);
SLIPWAY_STANDIN_API int32_t halGetDeviceInfoByBuff(uint32_t device, int32_t module, int32_t info,
                                                   void *buffer, int32_t *bytes);

#endif
