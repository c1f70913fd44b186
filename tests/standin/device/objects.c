/*
 * objects.c - binaries that the host has uploaded; see device.h. Serving thread only.
 *
 * A binary lies in a memory file of its own and is loaded by its path under /proc/self/fd. The
 * descriptor stays open as long as it is loaded: the loader takes a path that it knows for the
 * library that it has.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"

enum { MAX_BINARIES = 256, MAX_FUNCTIONS = 1024, NAME_BYTES = 256 };
/* Chosen; a program's object has some hundred KiB. */
static const uint64_t max_binary_bytes = UINT64_C(1) << 30;

/* A binary: free if fd is 0 (it is never 0: standard input is open). */
typedef struct binary {
    int fd;
    bool control;
    void *library; /* null until the upload has ended */
    uint64_t bytes;
} binary;

/* A function: free if binary is 0. */
typedef struct function_row {
    uint64_t binary; /* number */
    device_function function;
} function_row;

static binary binaries[MAX_BINARIES];
static function_row functions[MAX_FUNCTIONS];

/* Row of a number; null if there is none. */
static binary *find_binary(uint64_t number)
{
    if (number == 0 || number > MAX_BINARIES || binaries[number - 1u].fd == 0) {
        return NULL;
    }
    return &binaries[number - 1u];
}

int32_t device_object_begin(uint64_t bytes, uint64_t *out_binary)
{
    if (bytes == 0 || bytes > max_binary_bytes) {
        return STANDIN_RT_PARAM_INVALID;
    }
    for (uint64_t i = 0; i < MAX_BINARIES; i++) {
        if (binaries[i].fd == 0) {
            int fd = memfd_create("standin-binary", MFD_CLOEXEC);
            if (fd < 0) {
                return STANDIN_RT_MEMORY_ALLOCATION;
            }
            binaries[i] = (binary){.fd = fd, .bytes = bytes};
            *out_binary = i + 1u;
            return STANDIN_OK;
        }
    }
    return STANDIN_RT_MEMORY_ALLOCATION;
}

int32_t device_object_piece(uint64_t number, uint64_t offset, const void *data, uint64_t bytes)
{
    binary *b = find_binary(number);
    if (b == NULL || b->library != NULL || offset > b->bytes || bytes > b->bytes - offset) {
        return STANDIN_RT_INVALID_HANDLE;
    }
    while (bytes != 0) {
        ssize_t written = pwrite(b->fd, data, bytes, (off_t)offset);
        if (written <= 0) {
            return STANDIN_RT_MEMORY_ALLOCATION;
        }
        data = (const char *)data + written;
        offset += (uint64_t)written;
        bytes -= (uint64_t)written;
    }
    return STANDIN_OK;
}

int32_t device_object_end(uint64_t number, bool control, char *why, uint64_t why_bytes)
{
    binary *b = find_binary(number);
    if (b == NULL || b->library != NULL) {
        return STANDIN_RT_INVALID_HANDLE;
    }
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", b->fd);
    b->control = control;
    b->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (b->library == NULL) {
        const char *error = dlerror();
        (void)snprintf(why, why_bytes, "%s", error != NULL ? error : "it cannot be loaded");
        (void)close(b->fd);
        *b = (binary){0};
        return STANDIN_INVALID_PARAM;
    }
    return STANDIN_OK;
}

int32_t device_object_unload(uint64_t number, bool in_use)
{
    binary *b = find_binary(number);
    if (b == NULL) {
        return STANDIN_RT_INVALID_HANDLE;
    }
    for (uint32_t i = 0; i < MAX_FUNCTIONS; i++) {
        if (functions[i].binary == number) {
            functions[i] = (function_row){0};
        }
    }
    /* Code that may be running stays, with its descriptor. */
    if (!in_use) {
        if (b->library != NULL) {
            (void)dlclose(b->library);
        }
        (void)close(b->fd);
    }
    *b = (binary){0};
    return STANDIN_OK;
}

/* Address of a name, or of the name without "_main": a core program's kernel loops over its step,
 * and here the players do. */
static void *find_symbol(const binary *b, const char *name)
{
    void *address = dlsym(b->library, name);
    size_t length = strlen(name);
    static const char loop[] = "_main";
    const size_t cut = sizeof(loop) - 1u;
    if (address == NULL && !b->control && length > cut && length < NAME_BYTES &&
        strcmp(name + length - cut, loop) == 0) {
        char step[NAME_BYTES];
        memcpy(step, name, length - cut);
        step[length - cut] = '\0';
        address = dlsym(b->library, step);
    }
    return address;
}

int32_t device_object_function(uint64_t number, const char *name, uint64_t *out_function)
{
    const binary *b = find_binary(number);
    if (b == NULL || b->library == NULL) {
        return STANDIN_RT_INVALID_HANDLE;
    }
    void *address = find_symbol(b, name);
    if (address == NULL) {
        return STANDIN_RT_KERNEL_LOOKUP;
    }
    for (uint64_t i = 0; i < MAX_FUNCTIONS; i++) {
        if (functions[i].binary == 0) {
            functions[i].binary = number;
            /* POSIX's way to make a function of what dlsym returns. */
            if (b->control) {
                memcpy(&functions[i].function.control, &address, sizeof(address));
            } else {
                memcpy(&functions[i].function.step, &address, sizeof(address));
            }
            *out_function = i + 1u;
            return STANDIN_OK;
        }
    }
    return STANDIN_RT_MEMORY_ALLOCATION;
}

bool device_object_find(uint64_t number, device_function *out)
{
    if (number == 0 || number > MAX_FUNCTIONS || functions[number - 1u].binary == 0) {
        return false;
    }
    *out = functions[number - 1u].function;
    return true;
}

uint32_t device_object_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MAX_BINARIES; i++) {
        count += binaries[i].library != NULL;
    }
    return count;
}
