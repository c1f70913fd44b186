/*
 * status.h - every status code of Slipway, in one table.
 *
 * For everyone: hosts, orchestration functions, kernels and platforms include this header through
 * theirs. It holds no state; any thread may call what it declares.
 */
#ifndef SLIPWAY_STATUS_H
#define SLIPWAY_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Marks functions of the library that are visible outside it. */
#if defined(__GNUC__)
#define SLIP_API __attribute__((visibility("default")))
#define SLIP_MUST_USE __attribute__((warn_unused_result))
#else
#define SLIP_API
#define SLIP_MUST_USE
#endif

/* 0 (SLIP_OK) or one of the negative codes below. */
typedef int32_t slip_status;

/*
 * X(symbol, value, message): the message says what went wrong in general; the runner's last error
 * adds the resource, the numbers and the remedy. Values are append-only.
 */
#define SLIP_STATUS_TABLE(X)                                                                       \
    X(OK, 0, "success")                                                                            \
    X(E_INVALID_ARGUMENT, -1, "an argument is null, undersized or out of its range")               \
    X(E_UNKNOWN_PLATFORM, -2, "no platform of that name")                                          \
    X(E_PLATFORM_UNAVAILABLE, -3, "the platform cannot be opened on this machine")                 \
    X(E_SIZING, -4, "a ring's sizing is out of range")                                             \
    X(E_OUT_OF_MEMORY, -5, "a region or an allocation could not be had")                           \
    X(E_FILE, -6, "a file is missing or cannot be read")                                           \
    X(E_NOT_A_PROGRAM, -7, "the shared object exports no Slipway program")                         \
    X(E_PROGRAM_VERSION, -8, "the program was built for another version of the interface")         \
    X(E_MISSING_KERNEL, -9, "the program's kernel table has an entry without a kernel")            \
    X(E_TOO_MANY_CALLABLES, -10, "the runner's callable table is full")                            \
    X(E_BAD_CALLABLE, -11, "the callable handle is not registered on this runner")                 \
    X(E_SIGNATURE, -12, "the run's arguments do not match the program's signature")                \
    X(E_BAD_TENSOR, -13, "a tensor has a bad type, shape, stride or memory")                       \
    X(E_BAD_VIEW, -14, "a view leaves its buffer or does not fit its parent")                      \
    X(E_BAD_HANDLE, -15, "a tensor or task handle is used outside its scope or run")               \
    X(E_TOO_MANY_ARGUMENTS, -16, "a task has too many arguments")                                  \
    X(E_KERNEL_INDEX, -17, "a kernel index is outside the callable's kernel table")                \
    X(E_CORE_TYPE, -18, "a kernel cannot run on the core that the task names")                     \
    X(E_SCOPE, -19, "scopes are not nested properly")                                              \
    X(E_RING_DEADLOCK, -20, "a ring can never hold what the open scopes keep and this submission") \
    X(E_HEAP_DEADLOCK, -21,                                                                        \
      "a ring's heap can never hold what the open scopes keep and this task")                      \
    X(E_KERNEL_FAILED, -22, "a kernel returned an error")                                          \
    X(E_ORCH_FAILED, -23, "the orchestration function reported a failure")                         \
    X(E_HANG, -24, "no task completed before the progress deadline")                               \
    X(E_DEVICE, -25, "the device or its platform reported a failure")                              \
    X(E_INIT_FAILED, -26, "the device could not attach the prebuilt runtime state")                \
    X(E_REFUSED, -27, "the runner refuses further work after an earlier failure")                  \
    X(E_LIMIT, -28, "a documented limit was exceeded")                                             \
    X(E_UNSUPPORTED, -29, "the platform or mode cannot do this")                                   \
    X(E_FORMAT, -30, "a file or an image does not have the expected format")                       \
    X(E_MISMATCH, -31, "a result differs from what was expected")                                  \
    X(E_AUDIT, -32, "the dependency audit found a lost or a false edge")                           \
    X(E_BUSY, -33, "the object is in use")                                                         \
    X(E_NOT_RECORDABLE, -34, "the program does what a recorded graph cannot do again")             \
    X(E_GRAPH_ARGUMENT, -35,                                                                       \
      "an argument of a replay differs where the recorded graph depends on it")                    \
    X(E_TIMEOUT, -36, "the time that was given has passed")                                        \
    X(E_CANCELLED, -37, "the run was cancelled before it started")                                 \
    X(E_ABANDONED, -38, "the run was not started: what it needs was broken before")

enum slip_status_code {
#define SLIP_STATUS_ENUM(symbol, value, message) SLIP_##symbol = (value),
    SLIP_STATUS_TABLE(SLIP_STATUS_ENUM)
#undef SLIP_STATUS_ENUM
};

/* Symbol of a code, such as "SLIP_E_SIZING"; "SLIP_E_?" for a value that is no code. Static. */
SLIP_API const char *slip_status_name(slip_status status);

/* General message of a code; never null. Static. */
SLIP_API const char *slip_status_message(slip_status status);

#ifdef __cplusplus
}
#endif
#endif
