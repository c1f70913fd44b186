/* acl_launch.c - entry points of the stand-in: binaries, streams, launches; see entry.h. */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "entry.h"
#include "state.h"

/* A wait for a stream is cut into requests of this length, so that others get between. */
static const uint64_t slice_ns = 5000000;

/* Says that a handle is none of this device's. */
static void no_handle(standin_call *call, const char *what, const void *value)
{
    (void)standin_fail(call, STANDIN_RT_INVALID_HANDLE, "%p is no %s of device %d", value, what,
                       (int)call->record.device);
}

int32_t aclrtCreateStreamWithConfig(void **stream, uint32_t priority, uint32_t flag)
{
    standin_call call;
    if (!ENTER(&call, aclrtCreateStreamWithConfig, ARG(stream), priority, flag)) {
        return standin_leave(&call);
    }
    if (stream == NULL) {
        (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID, "null pointer");
        return standin_leave(&call);
    }
    slipi_remote_request create = {.op = STANDIN_STREAM_CREATE};
    int32_t code = standin_ask(call.device, &create);
    const standin_handle handle = {
        .kind = KIND_STREAM, .remote = create.args[0], .device = call.record.device};
    uint64_t value = code == STANDIN_OK ? standin_add_handle(&handle) : 0;
    if (value != 0) {
        *stream = (void *)(uintptr_t)value;
    } else {
        (void)standin_fail(&call, code != STANDIN_OK ? code : STANDIN_RT_NO_STREAM_RESOURCE,
                           "no stream can be had");
    }
    return standin_leave(&call);
}

int32_t aclrtDestroyStreamForce(void *stream)
{
    standin_call call;
    if (!ENTER(&call, aclrtDestroyStreamForce, ARG(stream))) {
        return standin_leave(&call);
    }
    standin_handle handle;
    if (!standin_find_handle(stream, KIND_STREAM, call.record.device, &handle)) {
        no_handle(&call, "stream", stream);
        return standin_leave(&call);
    }
    slipi_remote_request destroy = {.op = STANDIN_STREAM_DESTROY, .args = {handle.remote}};
    int32_t code = standin_ask(call.device, &destroy);
    if (code == STANDIN_OK) {
        standin_remove_handle(handle.value);
    } else {
        (void)standin_fail(&call, code, "the device refused");
    }
    return standin_leave(&call);
}

/* Value of an option or attribute; `usual` if it is not there. */
static int32_t option_value(const standin_options *options, int32_t type, bool byte, int32_t usual)
{
    for (size_t i = 0; options != NULL && options->options != NULL && i < options->count; i++) {
        if (options->options[i].type == type) {
            return byte ? options->options[i].value.byte : options->options[i].value.number;
        }
    }
    return usual;
}

/* Uploads a binary; the device's code. */
static int32_t upload(standin_call *call, const void *data, uint64_t bytes, bool control,
                      uint64_t *out_remote)
{
    slipi_remote_request begin = {.op = STANDIN_LOAD_BEGIN, .args = {bytes}};
    int32_t code = standin_ask(call->device, &begin);
    uint64_t remote = begin.args[0];
    if (code == STANDIN_OK) {
        code = standin_copy(call->device, STANDIN_LOAD_PIECE, remote << STANDIN_LOAD_SHIFT, NULL,
                            data, bytes);
    }
    if (code != STANDIN_OK) {
        return standin_fail(call, code, "the binary cannot be uploaded");
    }
    char why[512] = "";
    slipi_remote_request end = {
        .op = STANDIN_LOAD_END,
        .args = {remote, control},
        .answer = why,
        .answer_room = sizeof(why) - 1u,
    };
    code = standin_ask(call->device, &end);
    *out_remote = remote;
    return code == STANDIN_OK ? code : standin_fail(call, code, "%s", why);
}

int32_t aclrtBinaryLoadFromData(const void *data, size_t bytes, const standin_options *options,
                                void **binary)
{
    standin_call call;
    if (!ENTER(&call, aclrtBinaryLoadFromData, ARG(data), bytes, ARG(options), ARG(binary))) {
        return standin_leave(&call);
    }
    int32_t mode = option_value(options, STANDIN_OPTION_CPU_KERNEL_MODE, false, -1);
    if (data == NULL || bytes == 0 || binary == NULL || (mode != -1 && mode != 2)) {
        (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID,
                           "null pointer, no bytes, or a CPU kernel mode other than 2");
        return standin_leave(&call);
    }
    standin_handle handle = {
        .kind = KIND_BINARY, .device = call.record.device, .core_program = mode == -1};
    if (upload(&call, data, bytes, mode == 2, &handle.remote) != STANDIN_OK) {
        return standin_leave(&call);
    }
    uint64_t value = standin_add_handle(&handle);
    if (value == 0) {
        (void)standin_fail(&call, STANDIN_RT_MEMORY_ALLOCATION, "there are too many handles");
        return standin_leave(&call);
    }
    *binary = (void *)(uintptr_t)value;
    call.record.bytes = bytes;
    (void)pthread_mutex_lock(&standin.lock);
    standin.books.binary_bytes += bytes;
    (void)pthread_mutex_unlock(&standin.lock);
    return standin_leave(&call);
}

int32_t aclrtBinaryUnLoad(void *binary)
{
    standin_call call;
    if (!ENTER(&call, aclrtBinaryUnLoad, ARG(binary))) {
        return standin_leave(&call);
    }
    standin_handle handle;
    if (!standin_find_handle(binary, KIND_BINARY, call.record.device, &handle)) {
        no_handle(&call, "binary", binary);
        return standin_leave(&call);
    }
    slipi_remote_request unload = {.op = STANDIN_UNLOAD, .args = {handle.remote}};
    int32_t code = standin_ask(call.device, &unload);
    if (code == STANDIN_OK) {
        standin_remove_handle(handle.value);
    } else {
        (void)standin_fail(&call, code, "the device refused");
    }
    return standin_leave(&call);
}

/* Looks a function up in a binary of the kind that the entry point is for. */
static void get_function(standin_call *call, const void *binary, const char *name, bool cores,
                         void **function)
{
    standin_handle handle;
    if (name == NULL || function == NULL || strlen(name) >= sizeof(handle.name)) {
        (void)standin_fail(call, STANDIN_RT_PARAM_INVALID, "null pointer or too long a name");
        return;
    }
    (void)snprintf(call->record.text, sizeof(call->record.text), "%s", name);
    if (!standin_find_handle(binary, KIND_BINARY, call->record.device, &handle)) {
        no_handle(call, "binary", binary);
        return;
    }
    if (handle.core_program != cores) {
        (void)standin_fail(call, STANDIN_RT_PARAM_INVALID, "the binary is %s",
                           cores ? "a control program's" : "not a control program's");
        return;
    }
    slipi_remote_request find = {.op = STANDIN_FUNCTION,
                                 .args = {handle.remote},
                                 .payload = name,
                                 .payload_bytes = strlen(name)};
    int32_t code = standin_ask(call->device, &find);
    handle.parent = handle.value;
    handle.kind = KIND_FUNCTION;
    handle.remote = find.args[0];
    (void)snprintf(handle.name, sizeof(handle.name), "%s", name);
    uint64_t value = code == STANDIN_OK ? standin_add_handle(&handle) : 0;
    if (value != 0) {
        *function = (void *)(uintptr_t)value;
    } else {
        (void)standin_fail(call, code != STANDIN_OK ? code : STANDIN_RT_MEMORY_ALLOCATION,
                           "there is no function '%s'", name);
    }
}

int32_t aclrtBinaryGetFunction(void *binary, const char *name, void **function)
{
    standin_call call;
    if (ENTER(&call, aclrtBinaryGetFunction, ARG(binary), ARG(name), ARG(function))) {
        get_function(&call, binary, name, true, function);
    }
    return standin_leave(&call);
}

int32_t aclrtRegisterCpuFunc(void *binary, const char *function_name, const char *kernel_name,
                             void **function)
{
    standin_call call;
    if (ENTER(&call, aclrtRegisterCpuFunc, ARG(binary), ARG(function_name), ARG(kernel_name),
              ARG(function))) {
        if (kernel_name == NULL) {
            (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID, "null kernel name");
        } else {
            get_function(&call, binary, function_name, false, function);
        }
    }
    return standin_leave(&call);
}

/* Sends a launch whose handles were found. */
static void launch(standin_call *call, const standin_handle *function, const standin_handle *stream,
                   uint32_t blocks, const void *args, size_t bytes)
{
    standin_scan(call, args, bytes, 0);
    slipi_remote_request request = {
        .op = STANDIN_LAUNCH,
        .args = {function->remote, blocks, stream->remote},
        .payload = args,
        .payload_bytes = bytes,
    };
    int32_t code = standin_ask(call->device, &request);
    if (code != STANDIN_OK) {
        (void)standin_fail(call, code, "the device refused");
        return;
    }
    call->record.bytes = bytes;
    (void)pthread_mutex_lock(&standin.lock);
    standin.books.launches++;
    standin.books.launch_bytes += bytes;
    (void)pthread_mutex_unlock(&standin.lock);
}

int32_t aclrtLaunchKernelWithHostArgs(void *function, uint32_t blocks, void *stream,
                                      const standin_options *cfg, void *args, size_t bytes,
                                      void *placeholders, size_t placeholder_count)
{
    standin_call call;
    if (!ENTER(&call, aclrtLaunchKernelWithHostArgs, ARG(function), blocks, ARG(stream), ARG(cfg),
               ARG(args), bytes, ARG(placeholders), placeholder_count)) {
        return standin_leave(&call);
    }
    standin_handle f;
    standin_handle s;
    if (args == NULL || bytes == 0 || bytes > SLIPI_REMOTE_PIECE_BYTES || placeholder_count != 0) {
        (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID,
                           "no arguments, more than a MiB of them, or placeholders");
    } else if (!standin_find_handle(function, KIND_FUNCTION, call.record.device, &f)) {
        no_handle(&call, "function", function);
    } else if (!standin_find_handle(stream, KIND_STREAM, call.record.device, &s)) {
        no_handle(&call, "stream", stream);
    } else {
        (void)snprintf(call.record.text, sizeof(call.record.text), "%s", f.name);
        if (f.core_program != 0 &&
            option_value(cfg, STANDIN_ATTRIBUTE_SCHEDULE_MODE, true, 0) != 1) {
            (void)pthread_mutex_lock(&standin.lock);
            standin.books.unbatched_launches++;
            (void)pthread_mutex_unlock(&standin.lock);
        }
        launch(&call, &f, &s, blocks, args, bytes);
    }
    return standin_leave(&call);
}

/* Waits for a stream; forever if timeout_ms is negative, until the device is lost. */
static void wait_stream(standin_call *call, const standin_handle *stream, int32_t timeout_ms)
{
    uint64_t until = slipi_now_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000u;
    for (;;) {
        uint64_t now = slipi_now_ns();
        uint64_t left = timeout_ms < 0 ? slice_ns : until > now ? until - now : 0;
        slipi_remote_request sync = {
            .op = STANDIN_SYNC,
            .args = {stream->remote, left < slice_ns ? left : slice_ns},
        };
        int32_t code = standin_ask(call->device, &sync);
        if (code != STANDIN_OK) {
            (void)standin_fail(call, code, "a launch failed");
            return;
        }
        if (sync.args[0] != 0) {
            return;
        }
        if (left == 0) {
            (void)standin_fail(call, STANDIN_RT_STREAM_SYNC_TIMEOUT,
                               "the stream has not ended after %d ms", (int)timeout_ms);
            return;
        }
        (void)sched_yield(); /* others wait for the device's lock */
    }
}

int32_t aclrtSynchronizeStreamWithTimeout(void *stream, int32_t timeout_ms)
{
    standin_call call;
    if (!ENTER(&call, aclrtSynchronizeStreamWithTimeout, ARG(stream), (uint64_t)timeout_ms)) {
        return standin_leave(&call);
    }
    standin_handle handle;
    if (timeout_ms == 0 || timeout_ms < -1) {
        (void)standin_fail(&call, STANDIN_RT_PARAM_INVALID, "%d ms is no time", (int)timeout_ms);
    } else if (!standin_find_handle(stream, KIND_STREAM, call.record.device, &handle)) {
        no_handle(&call, "stream", stream);
    } else {
        wait_stream(&call, &handle, timeout_ms);
    }
    return standin_leave(&call);
}
