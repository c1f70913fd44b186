/*
 * state.h - the parts of libslipway_standin.so.
 *
 * Every entry point (acl_*.c, hal.c) is begun by standin_enter and ended by standin_leave, which
 * keep books and log and play faults and latencies. Two kinds of locks: `standin.lock` for
 * everything in `standin`, taken last and briefly; one for each device, held during one request.
 * Any thread may be in any entry point.
 */
#ifndef STANDIN_STATE_H
#define STANDIN_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/remote/client.h"
#include "standin/codes.h"
#include "standin/standin.h"
#include "standin/wire.h"

/* What must be there before an entry point does anything. */
enum standin_need { NEED_NOTHING = 0, NEED_INIT = 1, NEED_DEVICE = 2 };

/* Entry points: X(name, need). */
#define STANDIN_ENTRIES(X)                            \
    X(aclInit, NEED_NOTHING)                          \
    X(aclFinalize, NEED_INIT)                         \
    X(aclGetRecentErrMsg, NEED_NOTHING)               \
    X(aclrtGetVersion, NEED_INIT)                     \
    X(aclrtGetSocName, NEED_INIT)                     \
    X(aclrtGetDeviceCount, NEED_INIT)                 \
    X(aclrtGetPhyDevIdByLogicDevId, NEED_INIT)        \
    X(aclrtSetDevice, NEED_INIT)                      \
    X(aclrtResetDevice, NEED_INIT)                    \
    X(aclrtResetDeviceForce, NEED_INIT)               \
    X(aclrtCreateStreamWithConfig, NEED_DEVICE)       \
    X(aclrtDestroyStreamForce, NEED_DEVICE)           \
    X(aclrtMalloc, NEED_DEVICE)                       \
    X(aclrtFree, NEED_DEVICE)                         \
    X(aclrtGetMemInfo, NEED_DEVICE)                   \
    X(aclrtMemset, NEED_DEVICE)                       \
    X(aclrtMemcpy, NEED_DEVICE)                       \
    X(aclrtBinaryLoadFromData, NEED_DEVICE)           \
    X(aclrtBinaryUnLoad, NEED_DEVICE)                 \
    X(aclrtBinaryGetFunction, NEED_DEVICE)            \
    X(aclrtRegisterCpuFunc, NEED_DEVICE)              \
    X(aclrtLaunchKernelWithHostArgs, NEED_DEVICE)     \
    X(aclrtSynchronizeStreamWithTimeout, NEED_DEVICE) \
    X(aclrtSetOpExecuteTimeOutWithMs, NEED_INIT)      \
    X(aclrtSetOpExecuteTimeOutV2, NEED_INIT)          \
    X(halMemCtl, NEED_NOTHING)                        \
    X(halResMap, NEED_NOTHING)                        \
    X(halGetDeviceInfo, NEED_NOTHING)                 \
    X(halGetDeviceInfoByBuff, NEED_NOTHING)

enum standin_entry {
#define STANDIN_ENTRY(name, need) ENTRY_##name,
    STANDIN_ENTRIES(STANDIN_ENTRY)
#undef STANDIN_ENTRY
        ENTRY_COUNT
};

enum { STANDIN_MAX_DEVICES = 8, STANDIN_MAX_HANDLES = 4096, STANDIN_MAX_FAULTS = 64 };

/* ---- what is live ------------------------------------------------------------------------------
 */

enum standin_kind { KIND_FREE = 0, KIND_STREAM = 1, KIND_BINARY = 2, KIND_FUNCTION = 3 };

/* A handle that was given out; its value is no address of any process. */
typedef struct standin_handle {
    uint64_t value;
    uint64_t remote; /* the device process' number */
    uint64_t parent; /* handle of a function's binary */
    uint32_t kind;
    int32_t device;
    uint32_t core_program; /* 1: of a binary or function for cores */
    char name[48];
} standin_handle;

/* Device memory that was given out. */
typedef struct standin_block {
    uint64_t address;
    uint64_t bytes;
    int32_t device;
} standin_block;

/* A device. */
typedef struct standin_device {
    pthread_mutex_t lock;        /* one request at a time; and for `client`, with standin.lock */
    slipi_remote_client *client; /* null: not set */
    uint64_t epoch;              /* counts sets and resets: a thread's device may be gone */
    int32_t lost;                /* code of every call until a reset; 0 = works */
    uint32_t soc_row;            /* 0 a2a3, 1 a5 */
    uint32_t users;              /* sets that were not reset; with `lock` */
    uint64_t register_first;
    uint64_t register_bytes;
    uint64_t processors;
    uint64_t range_first; /* of its memory's addresses */
    uint64_t range_end;
} standin_device;

/* ---- faults ------------------------------------------------------------------------------------
 */

enum standin_what {
    WHAT_FAIL,
    WHAT_DELAY,
    WHAT_HANG,
    WHAT_LOST,
    WHAT_HELPLESS,
    WHAT_CONTROL, /* these three are the device's */
    WHAT_CORE,
    WHAT_KERNEL
};

typedef struct standin_fault {
    uint32_t entry; /* ENTRY_COUNT for the device's */
    uint32_t what;
    uint64_t first; /* call from which it holds */
    uint64_t last;
    uint64_t seen;  /* calls */
    uint64_t value; /* code, or milliseconds */
} standin_fault;

typedef struct standin_latency {
    double call_ns;
    double byte_ns;
} standin_latency;

/* ---- everything --------------------------------------------------------------------------------
 */

typedef struct standin_state {
    pthread_mutex_t lock;
    pthread_cond_t released;
    uint32_t inits; /* aclInit without aclFinalize: 0 or 1 */
    char soc[32];   /* of slipway_standin_set_soc; empty: the environment's */
    standin_device devices[STANDIN_MAX_DEVICES];
    uint64_t op_timeout_ns;

    slipway_standin_books books; /* live counts are not kept here */
    slipway_standin_entry entries[ENTRY_COUNT];
    slipway_standin_call *log; /* ring of SLIPWAY_STANDIN_LOG_CALLS */
    uint64_t logged;
    uint64_t serial;
    uint32_t threads;

    standin_handle handles[STANDIN_MAX_HANDLES];
    uint64_t handle_serial;
    standin_block *blocks;
    uint32_t block_count;
    uint32_t block_room;

    standin_fault faults[STANDIN_MAX_FAULTS];
    uint32_t fault_count;
    standin_latency latencies[ENTRY_COUNT];
    uint64_t releases; /* counts slipway_standin_release */
    uint32_t hanging;
    char bad_environment[256]; /* why the environment was not understood; aclInit says it */
} standin_state;

extern standin_state standin;

/* ---- enter and leave: calls.c ------------------------------------------------------------------
 */

/* A call in progress. */
typedef struct standin_call {
    slipway_standin_call record;
    enum standin_entry entry;
    standin_device *device; /* of the thread; null without NEED_DEVICE */
    bool hung;              /* a fault: return success, do nothing */
    bool helpless;          /* a fault of a reset */
} standin_call;

/*
 * Begins a call: log, faults, and what the entry point needs. False: do nothing, standin_leave has
 * the code. `count` arguments are recorded.
 */
bool standin_enter(standin_call *call, enum standin_entry entry, const uint64_t *args,
                   uint32_t count);
#define ENTER(call, name, ...)                                           \
    standin_enter((call), ENTRY_##name, (const uint64_t[]){__VA_ARGS__}, \
                  sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* An argument as a number. */
#define ARG(x) ((uint64_t)(uintptr_t)(x))

/* Sets the code and the words of a failure; returns the code. */
int32_t standin_fail(standin_call *call, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Ends a call: latency, books, log. Returns the code. */
int32_t standin_leave(standin_call *call);

/* The thread's words of its last failure, which are then gone; null if there are none. */
const char *standin_take_words(void);

/* Name of an entry point, and by name; ENTRY_COUNT if there is none. */
const char *standin_entry_name(uint32_t entry);
uint32_t standin_find_entry(const char *name);

/* ---- faults.c ----------------------------------------------------------------------------------
 */

/* Plays what is set for this call; may wait. Sets record.code, `hung` and so on; false: go no
 * further. */
bool standin_play_faults(standin_call *call);

/* Sends a device its own faults. */
void standin_send_faults(standin_device *device);

/* Waits as long as the entry point's latency says. */
void standin_wait_latency(const standin_call *call);

/* ---- devices.c ---------------------------------------------------------------------------------
 */

/* SoC name that holds now, and its row: 0 a2a3, 1 a5. */
const char *standin_soc(char *room, size_t room_bytes);
uint32_t standin_soc_row(const char *soc);

/* Devices that there are. */
uint32_t standin_device_count(void);

/* The calling thread's device; -1 if it has none or that was reset. */
int32_t standin_current_device(void);

/* Sets a device, and starts its process if it has none. */
int32_t standin_set_device(standin_call *call, int32_t number);

/* Ends a device's process and forgets what was on it. */
void standin_reset_device(int32_t number);

/* Sends a request; the device's code, or that of a device that is lost. */
int32_t standin_ask(standin_device *device, slipi_remote_request *request);

/* Copies in pieces; the same. */
int32_t standin_copy(standin_device *device, uint32_t op, uint64_t address, void *out,
                     const void *data, uint64_t bytes);

/* ---- tables.c, under no lock of the caller's ---------------------------------------------------
 */

/* Adds a handle; 0 if there is no room. */
uint64_t standin_add_handle(const standin_handle *handle);

/* Finds one of a kind on a device; false if there is none. */
bool standin_find_handle(const void *value, uint32_t kind, int32_t device, standin_handle *out);

/* Takes a handle back, and a binary's functions. */
void standin_remove_handle(uint64_t value);

bool standin_add_block(const standin_block *block);
bool standin_remove_block(uint64_t address, int32_t device);

/* Whether a range lies in one block of the device; if not, it is counted and noted. */
bool standin_check_range(standin_call *call, const void *address, uint64_t bytes);

/* Forgets everything on a device. */
void standin_drop_device(int32_t device);

/* Counts what is live into the books. Under the lock. */
void standin_count_live(slipway_standin_books *books);

/* ---- scan.c ------------------------------------------------------------------------------------
 */

/* Counts 8-byte words of bytes on their way to `address` that point into this process. */
void standin_scan(const standin_call *call, const void *data, uint64_t bytes, uint64_t address);

#endif
