/*
 * acl.h - the entry points of CANN's runtime and driver that are used: the project's own
 * declarations of them, and the codes that matter.
 *
 * For this folder; constant data. Facts are from the public interface reference of CANN's runtime
 * ("AscendCL API reference": initialisation, device, stream, memory, execution control, kernel
 * loading) and from the public headers acl_rt.h, acl_base_rt.h and rt_error_codes.h;
 * docs/onboard.md tells each contract in our words and says where it is from.
 */
#ifndef SLIPI_ONBOARD_ACL_H
#define SLIPI_ONBOARD_ACL_H

#include <stddef.h>
#include <stdint.h>

/* An option of a binary or an attribute of a launch: number and, right behind it, 16 bytes. */
typedef struct slipi_acl_option {
    int32_t id;
    union {
        uint8_t byte;
        int32_t number;
        uint32_t room[4];
    } value;
} slipi_acl_option;
_Static_assert(sizeof(slipi_acl_option) == 20, "the value is aligned to 4");

/* A list of them. */
typedef struct slipi_acl_options {
    slipi_acl_option *rows;
    size_t count;
} slipi_acl_options;

enum {
    SLIPI_ACL_HOST_TO_DEVICE = 1,
    SLIPI_ACL_DEVICE_TO_HOST = 2,
    SLIPI_ACL_HUGE_FIRST = 0,            /* policy of an allocation */
    SLIPI_ACL_HBM = 1,                   /* kind of memory: the device's large one, any page size */
    SLIPI_ACL_CPU_KERNEL_MODE = 3,       /* option of a binary; */
    SLIPI_ACL_CPU_FROM_DATA = 2,         /* its value: the bytes of a shared object */
    SLIPI_ACL_MAGIC = 2,                 /* option of a binary; */
    SLIPI_ACL_MAGIC_AICORE = 0x43554245, /* its value: cube and vector code in one object */
    SLIPI_ACL_SCHEDULE_MODE = 1,         /* attribute of a launch; */
    SLIPI_ACL_SCHEDULE_BATCH = 1         /* its value: all blocks start together or none */
};

/* The driver's numbers: its public headers ascend_hal_define.h and dpa_pkg.h. */
enum {
    SLIPI_HAL_MAP = 0,           /* request of halMemCtl */
    SLIPI_HAL_REG_AIC_CTRL = 2,  /* kind of address */
    SLIPI_HAL_PROCESS_CP1 = 0,   /* the control processor's own process */
    SLIPI_HAL_RES_AICORE = 0,    /* kind of resource of halResMap */
    SLIPI_HAL_MODULE_SYSTEM = 0, /* modules of halGetDeviceInfo, */
    SLIPI_HAL_MODULE_AICPU = 1,
    SLIPI_HAL_INFO_OCCUPY = 8, /* and what it tells of them */
    SLIPI_HAL_INFO_PHY_DIE_ID = 19
};

/*
 * X(name, return type, parameters, library, needed). Library: ACL is the runtime's, HAL the
 * driver's. What is not needed is used where it is there.
 */
#define SLIPI_ACL_TABLE(X)                                                                         \
    X(aclInit, int32_t, (const char *config), ACL, 1)                                              \
    X(aclGetRecentErrMsg, const char *, (void), ACL, 1)                                            \
    X(aclrtGetVersion, int32_t, (int32_t * major, int32_t * minor, int32_t * patch), ACL, 1)       \
    X(aclrtGetSocName, const char *, (void), ACL, 1)                                               \
    X(aclrtGetDeviceCount, int32_t, (uint32_t * count), ACL, 1)                                    \
    X(aclrtGetPhyDevIdByLogicDevId, int32_t, (int32_t logic, int32_t * physical), ACL, 0)          \
    X(aclrtSetDevice, int32_t, (int32_t device), ACL, 1)                                           \
    X(aclrtResetDevice, int32_t, (int32_t device), ACL, 0)                                         \
    X(aclrtResetDeviceForce, int32_t, (int32_t device), ACL, 1)                                    \
    X(aclrtCreateStreamWithConfig, int32_t, (void **stream, uint32_t priority, uint32_t flag),     \
      ACL, 1)                                                                                      \
    X(aclrtDestroyStreamForce, int32_t, (void *stream), ACL, 1)                                    \
    X(aclrtMalloc, int32_t, (void **out, size_t bytes, int32_t policy), ACL, 1)                    \
    X(aclrtFree, int32_t, (void *address), ACL, 1)                                                 \
    X(aclrtGetMemInfo, int32_t, (int32_t kind, size_t * free_bytes, size_t * all_bytes), ACL, 0)   \
    X(aclrtMemset, int32_t, (void *dst, size_t max, int32_t value, size_t count), ACL, 1)          \
    X(aclrtMemcpy, int32_t, (void *dst, size_t max, const void *src, size_t count, int32_t kind),  \
      ACL, 1)                                                                                      \
    X(aclrtBinaryLoadFromData, int32_t,                                                            \
      (const void *data, size_t bytes, const slipi_acl_options *options, void **binary), ACL, 1)   \
    X(aclrtBinaryUnLoad, int32_t, (void *binary), ACL, 1)                                          \
    X(aclrtBinaryGetFunction, int32_t, (void *binary, const char *name, void **function), ACL, 1)  \
    X(aclrtRegisterCpuFunc, int32_t,                                                               \
      (void *binary, const char *function_name, const char *kernel_name, void **function), ACL, 1) \
    X(aclrtLaunchKernelWithHostArgs, int32_t,                                                      \
      (void *function, uint32_t blocks, void *stream, slipi_acl_options *cfg, void *args,          \
       size_t bytes, void *placeholders, size_t placeholder_count),                                \
      ACL, 1)                                                                                      \
    X(aclrtSynchronizeStreamWithTimeout, int32_t, (void *stream, int32_t timeout_ms), ACL, 1)      \
    X(aclrtSetOpExecuteTimeOutV2, int32_t, (uint64_t timeout_us, uint64_t * actual_us), ACL, 1)    \
    X(halMemCtl, int32_t, (int32_t type, void *in, size_t in_bytes, void *out, size_t *out_bytes), \
      HAL, 1)                                                                                      \
    X(halResMap, int32_t,                                                                          \
      (uint32_t device, const uint32_t *resource, uint64_t *address, uint32_t *bytes), HAL, 1)     \
    X(halGetDeviceInfo, int32_t, (uint32_t device, int32_t module, int32_t info, int64_t * value), \
      HAL, 0)

/* Number of an entry point. */
enum slipi_acl_entry {
#define ACL_ENTRY(name, type, params, library, needed) SLIPI_ENTRY_##name,
    SLIPI_ACL_TABLE(ACL_ENTRY)
#undef ACL_ENTRY
        SLIPI_ENTRY_COUNT
};

#endif
