/* errors.c - the table of the runtime's codes; see errors.h. Constant data, any thread. */
#include "platform/onboard/errors.h"

#include <stddef.h>

static const slipi_acl_error rows[] = {
    {100000, SLIP_E_INVALID_ARGUMENT, 0, "the runtime refuses an argument"},
    {100001, SLIP_E_DEVICE, 0, "the runtime is not initialised"},
    {100003, SLIP_E_FILE, 0, "the runtime cannot use a file"},
    {100029, SLIP_E_DEVICE, 0, "the runtime does not find a kernel"},
    {100037, SLIP_E_DEVICE, 0, "the runtime was finalised before"},
    {100039, SLIP_E_PLATFORM_UNAVAILABLE, 0,
     "this is the stub library for linking, not the runtime"},
    {107000, SLIP_E_INVALID_ARGUMENT, 0, "the runtime refuses a parameter"},
    {107001, SLIP_E_PLATFORM_UNAVAILABLE, 0, "there is no such device"},
    {107002, SLIP_E_DEVICE, 1, "the thread has no device: it was reset behind the platform's back"},
    {107003, SLIP_E_DEVICE, 1, "the stream is of another context: the device was reset"},
    {107008, SLIP_E_INVALID_ARGUMENT, 0, "an address is not aligned"},
    {107017, SLIP_E_DEVICE, 1, "a handle is not valid: the device was reset"},
    {107019, SLIP_E_HANG, 0, "a wait timed out"},
    {107020, SLIP_E_HANG, 1, "a task timed out"},
    {107022, SLIP_E_DEVICE, 1, "the device's tasks were aborted"},
    {107023, SLIP_E_DEVICE, 1, "the stream was aborted"},
    {200000, SLIP_E_OUT_OF_MEMORY, 0, "the runtime has no memory"},
    {200001, SLIP_E_UNSUPPORTED, 0, "this runtime does not support the call"},
    {200002, SLIP_E_PLATFORM_UNAVAILABLE, 0, "there is no such device"},
    {200003, SLIP_E_INVALID_ARGUMENT, 0, "an address is not aligned"},
    {200006, SLIP_E_UNSUPPORTED, 0, "this runtime does not support the feature"},
    {207000, SLIP_E_UNSUPPORTED, 0, "this device does not support the feature"},
    {207001, SLIP_E_OUT_OF_MEMORY, 0, "no device memory, or a program cannot be put on the device"},
    {207004, SLIP_E_PLATFORM_UNAVAILABLE, 0, "there is no device"},
    {207005, SLIP_E_OUT_OF_MEMORY, 0, "a resource of the device is used up"},
    {207006, SLIP_E_PLATFORM_UNAVAILABLE, 0, "no permission to use the device"},
    {207008, SLIP_E_OUT_OF_MEMORY, 0, "the device has no more streams"},
    {207012, SLIP_E_LIMIT, 0, "a limit of the runtime is reached"},
    {207018, SLIP_E_OUT_OF_MEMORY, 0, "the device has no more memory"},
    {207020, SLIP_E_DEVICE, 1, "the driver timed out"},
    {500000, SLIP_E_DEVICE, 0, "an error inside the runtime"},
    {SLIPI_ACL_FAILURE, SLIP_E_DEVICE, 0, "the runtime failed and does not say why"},
    {507000, SLIP_E_DEVICE, 1, "an error inside the runtime"},
    {507002, SLIP_E_BUSY, 0, "the stream holds no more tasks"},
    {507008, SLIP_E_PLATFORM_UNAVAILABLE, 0, "the runtime is for another SoC"},
    {507010, SLIP_E_DEVICE, 1, "the device's heartbeat was lost"},
    {507014, SLIP_E_DEVICE, 1, "a core program took longer than the operation time-out"},
    {507015, SLIP_E_DEVICE, 1, "a core program failed: an exception on a core"},
    {507016, SLIP_E_DEVICE, 1, "a core program failed: a trap on a core"},
    {507017, SLIP_E_DEVICE, 1, "the control program took longer than the operation time-out"},
    {507018, SLIP_E_DEVICE, 1, "the control program failed: an exception on a control processor"},
    {507027, SLIP_E_DEVICE, 1, "the device does not find a kernel"},
    {507033, SLIP_E_PLATFORM_UNAVAILABLE, 1, "the device cannot be set up"},
    {507034, SLIP_E_DEVICE, 1, "a vector core program took longer than the operation time-out"},
    {507035, SLIP_E_DEVICE, 1, "a vector core program failed"},
    {SLIPI_ACL_SYNC_TIMEOUT, SLIP_E_HANG, 0, "the stream did not end within the time-out"},
    {507053, SLIP_E_DEVICE, 1, "the device's memory is faulty"},
    {507054, SLIP_E_DEVICE, 1, "the device's memory has an error that cannot be corrected"},
    {507899, SLIP_E_DEVICE, 1, "an error inside the driver: the device is lost"},
    {507900, SLIP_E_DEVICE, 1, "an error inside the control processor's system"},
    {507901, SLIP_E_DEVICE, 1, "the connection to the device's process is closed"},
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

/* By range: the caller's, a resource's, the device's; anything else, as the driver's own codes. */
static const slipi_acl_error callers = {0, SLIP_E_DEVICE, 0, "the runtime refuses the call"};
static const slipi_acl_error devices = {0, SLIP_E_DEVICE, 1, "an error of the device"};
static const slipi_acl_error others = {0, SLIP_E_DEVICE, 0, "a code that is not documented"};

const slipi_acl_error *slipi_acl_error_of(int32_t code)
{
    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    switch (code / 1000) {
    case 100:
    case 107:
    case 200:
    case 207:
        return &callers;
    case 507:
        return &devices;
    default:
        return &others;
    }
}

const slipi_acl_error *slipi_acl_error_at(uint32_t i)
{
    return i < ROW_COUNT ? &rows[i] : NULL;
}
