/* devices.c - the device processes of the stand-in, as its library sees them; see state.h. */
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "state.h"

/* The device that a thread has set, and the epoch that it had then. */
static _Thread_local struct {
    int32_t number; /* plus 1; 0 = none */
    uint64_t epoch;
} current;

/* A number from the environment; `usual` if it is not there or no number. */
static uint64_t from_environment(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    char *end = NULL;
    if (text == NULL || *text == '\0' || *text == '-') {
        return usual;
    }
    unsigned long long value = strtoull(text, &end, 10);
    return *end == '\0' ? value : usual;
}

const char *standin_soc(char *room, size_t room_bytes)
{
    (void)pthread_mutex_lock(&standin.lock);
    const char *name = standin.soc[0] != '\0' ? standin.soc : getenv("SLIPWAY_STANDIN_SOC");
    if (name == NULL || name[0] == '\0' || strcmp(name, "a2a3") == 0) {
        name = "Ascend910B2";
    } else if (strcmp(name, "a5") == 0) {
        name = "Ascend950PR_9599";
    }
    (void)snprintf(room, room_bytes, "%s", name);
    (void)pthread_mutex_unlock(&standin.lock);
    return room;
}

uint32_t standin_soc_row(const char *soc)
{
    static const char a5[] = "Ascend950";
    return strncmp(soc, a5, sizeof(a5) - 1u) == 0 ? 1u : 0u;
}

bool slipway_standin_set_soc(const char *name)
{
    (void)pthread_mutex_lock(&standin.lock);
    bool idle = true;
    for (uint32_t i = 0; i < STANDIN_MAX_DEVICES; i++) {
        idle = idle && standin.devices[i].client == NULL;
    }
    if (idle) {
        (void)snprintf(standin.soc, sizeof(standin.soc), "%s", name != NULL ? name : "");
    }
    (void)pthread_mutex_unlock(&standin.lock);
    return idle;
}

uint32_t standin_device_count(void)
{
    uint64_t count = from_environment("SLIPWAY_STANDIN_DEVICES", 4);
    return count <= STANDIN_MAX_DEVICES ? (uint32_t)count : (uint32_t)STANDIN_MAX_DEVICES;
}

int32_t standin_current_device(void)
{
    int32_t number = current.number - 1;
    if (number < 0) {
        return -1;
    }
    (void)pthread_mutex_lock(&standin.lock);
    bool same = standin.devices[number].epoch == current.epoch;
    (void)pthread_mutex_unlock(&standin.lock);
    return same ? number : -1;
}

/* Command of the device process: the environment's, else the file beside this library. */
static void device_command(char *out, size_t out_bytes)
{
    const char *wanted = getenv("SLIPWAY_STANDIN_DEVICE");
    if (wanted != NULL && wanted[0] != '\0') {
        (void)snprintf(out, out_bytes, "%s", wanted);
        return;
    }
    const char *path = slipway_standin_path();
    const char *slash = strrchr(path, '/');
    int length = slash != NULL ? (int)(slash - path) : 1;
    (void)snprintf(out, out_bytes, "%.*s/standin_device", length, slash != NULL ? path : ".");
}

const char *slipway_standin_path(void)
{
    static char path[PATH_MAX];
    Dl_info info;
    (void)pthread_mutex_lock(&standin.lock);
    if (path[0] == '\0' && dladdr(&standin, &info) != 0 && info.dli_fname != NULL &&
        realpath(info.dli_fname, path) == NULL) {
        path[0] = '\0';
    }
    (void)pthread_mutex_unlock(&standin.lock);
    return path;
}

/* Tells a new process what it is; under the device's lock. */
static int32_t start_device(standin_device *device, int32_t number, slipi_remote_client *client)
{
    char soc[32];
    device->soc_row = standin_soc_row(standin_soc(soc, sizeof(soc)));
    slipi_remote_request start = {
        .op = STANDIN_START,
        .args = {device->soc_row, (uint64_t)number,
                 from_environment("SLIPWAY_STANDIN_MEMORY", UINT64_C(64) << 30),
                 from_environment("SLIPWAY_STANDIN_PLAYERS", 2)},
    };
    if (slipi_remote_call(client, &start) != SLIP_OK || start.status != 0) {
        return STANDIN_RT_DEVICE_SETUP;
    }
    device->register_first = start.args[0];
    device->register_bytes = start.args[1];
    device->processors = start.args[2];
    device->range_first = start.args[3];
    device->range_end = start.args[4];
    slipi_remote_request timeout = {.op = STANDIN_OP_TIMEOUT, .args = {standin.op_timeout_ns}};
    return slipi_remote_call(client, &timeout) == SLIP_OK ? timeout.status
                                                          : STANDIN_RT_DEVICE_SETUP;
}

/* Starts a device's process if it has none; under its lock. */
static int32_t open_device(standin_call *call, standin_device *device, int32_t number)
{
    if (device->client != NULL) {
        return STANDIN_OK;
    }
    char command[SLIPI_REMOTE_COMMAND_BYTES];
    char why[512] = "";
    device_command(command, sizeof(command));
    const slipi_remote_options options = {
        .command = command,
        .requests = STANDIN_REQUESTS,
        .start_ns = 60u * SLIPI_NS_PER_S,
        .close_ns = 5u * SLIPI_NS_PER_S,
        .call_ns = from_environment("SLIPWAY_STANDIN_CALL_MS", 30000) * 1000000u,
    };
    slipi_remote_client *client = NULL;
    if (slipi_remote_open(&options, &client, why, sizeof(why)) != SLIP_OK) {
        return standin_fail(call, STANDIN_RT_DEVICE_SETUP, "%s", why);
    }
    int32_t code = start_device(device, number, client);
    if (code != STANDIN_OK) {
        (void)slipi_remote_close(client);
        return standin_fail(call, code, "the device process '%s' could not set itself up", command);
    }
    (void)pthread_mutex_lock(&standin.lock);
    device->client = client;
    device->epoch++;
    device->lost = 0;
    (void)pthread_mutex_unlock(&standin.lock);
    return STANDIN_OK;
}

int32_t standin_set_device(standin_call *call, int32_t number)
{
    if (number < 0 || (uint32_t)number >= standin_device_count()) {
        return standin_fail(call, STANDIN_RT_INVALID_DEVICE, "there is no device %d", (int)number);
    }
    standin_device *device = &standin.devices[number];
    (void)pthread_mutex_lock(&device->lock);
    bool started = device->client == NULL;
    int32_t code = device->lost != 0
                       ? standin_fail(call, device->lost, "device %d is lost", (int)number)
                       : open_device(call, device, number);
    device->users += code == STANDIN_OK ? 1u : 0u;
    current.number = code == STANDIN_OK ? number + 1 : current.number;
    current.epoch = code == STANDIN_OK ? device->epoch : current.epoch;
    (void)pthread_mutex_unlock(&device->lock);
    if (code == STANDIN_OK && started) {
        standin_send_faults(device);
    }
    return code;
}

/* Takes the device's own counts into the books and tells it to end, if it still answers and nobody
 * waits for it: it goes by itself then. */
static void let_go(standin_device *device)
{
    if (pthread_mutex_trylock(&device->lock) != 0) {
        return;
    }
    slipi_remote_request ask = {.op = STANDIN_COUNTERS, .call_ns = SLIPI_NS_PER_S};
    if (device->client != NULL && slipi_remote_call(device->client, &ask) == SLIP_OK) {
        slipi_remote_client *client = device->client;
        (void)pthread_mutex_lock(&standin.lock);
        device->client = NULL;
        (void)pthread_mutex_unlock(&standin.lock);
        int32_t how = slipi_remote_close(client);
        (void)pthread_mutex_lock(&standin.lock);
        standin.books.closed_tasks += ask.args[STANDIN_COUNT_CLOSED_TASKS];
        /* One that was only slow was killed. */
        standin.books.device_failures += how != 0 && how != -SIGKILL;
        (void)pthread_mutex_unlock(&standin.lock);
    }
    (void)pthread_mutex_unlock(&device->lock);
}

void standin_reset_device(int32_t number)
{
    standin_device *device = &standin.devices[number];
    let_go(device);
    /* Else by force, first the process: a request that waits for it gives the device's lock back.
     */
    (void)pthread_mutex_lock(&standin.lock);
    if (device->client != NULL) {
        slipi_remote_kill(device->client);
    }
    (void)pthread_mutex_unlock(&standin.lock);
    (void)pthread_mutex_lock(&device->lock);
    (void)pthread_mutex_lock(&standin.lock);
    slipi_remote_client *client = device->client;
    device->client = NULL;
    device->users = 0;
    device->epoch++;
    device->lost = 0;
    (void)pthread_mutex_unlock(&standin.lock);
    (void)slipi_remote_close(client);
    standin_drop_device(number);
    (void)pthread_mutex_unlock(&device->lock);
}

/* Code for what became of a request; a device whose process does not answer is lost. */
static int32_t code_of(standin_device *device, slip_status status, int32_t remote)
{
    if (status == SLIP_OK) {
        return remote;
    }
    int32_t code = status == SLIP_E_HANG ? STANDIN_RT_LOST_HEARTBEAT : STANDIN_RT_SOCKET_CLOSE;
    (void)pthread_mutex_lock(&standin.lock);
    device->lost = device->lost != 0 ? device->lost : code;
    (void)pthread_mutex_unlock(&standin.lock);
    return code;
}

int32_t standin_ask(standin_device *device, slipi_remote_request *request)
{
    (void)pthread_mutex_lock(&device->lock);
    int32_t code = STANDIN_RT_SOCKET_CLOSE;
    if (device->client != NULL) {
        slip_status status = slipi_remote_call(device->client, request);
        code = code_of(device, status, request->status);
    }
    (void)pthread_mutex_unlock(&device->lock);
    return code;
}

int32_t standin_copy(standin_device *device, uint32_t op, uint64_t address, void *out,
                     const void *data, uint64_t bytes)
{
    (void)pthread_mutex_lock(&device->lock);
    int32_t code = STANDIN_RT_SOCKET_CLOSE;
    if (device->client != NULL) {
        int32_t remote = 0;
        slip_status status =
            out != NULL ? slipi_remote_read(device->client, op, out, address, bytes, &remote)
                        : slipi_remote_write(device->client, op, address, data, bytes, &remote);
        code = code_of(device, status, remote);
    }
    (void)pthread_mutex_unlock(&device->lock);
    return code;
}

int32_t slipway_standin_device_pid(int32_t number)
{
    if (number < 0 || number >= STANDIN_MAX_DEVICES) {
        return 0;
    }
    (void)pthread_mutex_lock(&standin.lock);
    const slipi_remote_client *client = standin.devices[number].client;
    int32_t pid = client != NULL ? slipi_remote_pid(client) : 0;
    (void)pthread_mutex_unlock(&standin.lock);
    return pid;
}

bool slipway_standin_peek(int32_t number, uint64_t address, void *out, uint64_t bytes)
{
    return number >= 0 && number < STANDIN_MAX_DEVICES && out != NULL &&
           standin_copy(&standin.devices[number], STANDIN_READ, address, out, NULL, bytes) == 0;
}

bool slipway_standin_poke(int32_t number, uint64_t address, const void *data, uint64_t bytes)
{
    return number >= 0 && number < STANDIN_MAX_DEVICES && data != NULL &&
           standin_copy(&standin.devices[number], STANDIN_WRITE, address, NULL, data, bytes) == 0;
}
