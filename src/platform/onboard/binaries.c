/*
 * binaries.c - the device's programs: found as files, given to the runtime, kept until close; see
 * onboard_int.h. docs/onboard.md has the folders that are searched.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/self_path.h"
#include "platform/onboard/elf.h"
#include "platform/onboard/onboard_int.h"

/* Longest device program or object: chosen, far above any. */
#define FILE_MAX_BYTES (INT64_C(1) << 30)

enum { PATH_BYTES = 1024 };

slip_status slipi_onboard_read_file(const char *path, void **out, uint64_t *out_bytes)
{
    struct stat st;
    *out = NULL;
    *out_bytes = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return SLIP_E_FILE;
    }
    slip_status status = SLIP_E_FILE;
    char *bytes = NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
        st.st_size <= FILE_MAX_BYTES) {
        bytes = malloc((size_t)st.st_size);
        status = bytes != NULL ? SLIP_OK : SLIP_E_OUT_OF_MEMORY;
    }
    for (off_t done = 0; status == SLIP_OK && done < st.st_size;) {
        ssize_t got = read(fd, bytes + done, (size_t)(st.st_size - done));
        status = got > 0 ? SLIP_OK : SLIP_E_FILE;
        done += got > 0 ? got : 0;
    }
    (void)close(fd);
    if (status != SLIP_OK) {
        free(bytes);
        return status;
    }
    *out = bytes;
    *out_bytes = (uint64_t)st.st_size;
    return SLIP_OK;
}

/* A file that is looked for. */
typedef struct wanted_file {
    char with_arch[80];
    char plain[80];
    char found[PATH_BYTES];
} wanted_file;

/* Looks in one folder of `length` characters, with a tail behind it. */
static bool look_in(wanted_file *file, const char *folder, int length, const char *tail)
{
    const char *names[2] = {file->with_arch, file->plain};
    for (int i = 0; i < 2; i++) {
        int used = snprintf(file->found, PATH_BYTES, "%.*s%s/%s", length, folder, tail, names[i]);
        if (used > 0 && used < PATH_BYTES && access(file->found, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* Looks in the folders of the environment variable. */
static bool look_in_path(wanted_file *file, const char *path)
{
    while (path != NULL && path[0] != '\0') {
        size_t length = strcspn(path, ":");
        if (length != 0 && look_in(file, path, (int)length, "")) {
            return true;
        }
        path += length + (path[length] == ':' ? 1u : 0u);
    }
    return false;
}

/* Finds a file of a device program. */
static bool find_file(const slip_platform_device *device, const char *name, const char *side,
                      wanted_file *file)
{
    char self[SLIPI_SELF_PATH_BYTES];
    (void)snprintf(file->with_arch, sizeof(file->with_arch), "%.31s_%s.%s.so", name, side,
                   device->arch->name);
    (void)snprintf(file->plain, sizeof(file->plain), "%.31s_%s.so", name, side);
    if (look_in_path(file, getenv("SLIPWAY_DEVICE_PATH"))) {
        return true;
    }
    /* The folder of what this code is linked into: the library or the executable. */
    if (!slipi_self_folder(self)) {
        return false;
    }
    int folder = (int)strlen(self);
    /* The build folder is up to two above its examples and tests. */
    return look_in(file, self, folder, "/device") || look_in(file, self, folder, "/../device") ||
           look_in(file, self, folder, "/../../device") ||
           look_in(file, self, folder, "/slipway") ||
           look_in(file, self, folder, "/../lib/slipway");
}

/* Loads one file into the runtime and finds its function. `control`: for the control processor. */
static slip_status load_side(slip_platform_device *device, onboard_binary *binary, bool control)
{
    const char *side = control ? "control" : "core";
    wanted_file file;
    void *bytes;
    uint64_t size;
    slipi_elf elf;
    const char *why = "";
    if (!find_file(device, binary->name, side, &file)) {
        return slipi_onboard_fail(device, SLIP_E_UNSUPPORTED,
                                  "the device's program %s is not in SLIPWAY_DEVICE_PATH, nor in "
                                  "device/ or slipway/ beside the library or the executable; build "
                                  "it with 'make device'",
                                  file.plain);
    }
    slip_status status = slipi_onboard_read_file(file.found, &bytes, &size);
    if (status != SLIP_OK || !slipi_elf_open(bytes, size, &elf, &why)) {
        free(bytes);
        return slipi_onboard_fail(device, status != SLIP_OK ? status : SLIP_E_FORMAT,
                                  "%.150s cannot be used: %s", file.found,
                                  status != SLIP_OK ? slip_status_message(status) : why);
    }
    if (control) {
        binary->machine = elf.machine;
    }
    slipi_call load = {.in = {(uint64_t)(uintptr_t)bytes, size, control}, .owned = bytes};
    status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtBinaryLoadFromData, &load);
    if (status != SLIP_OK) {
        return status;
    }
    *(control ? &binary->control : &binary->core) = load.out[0];
    /* Where cores run the control processor's code there is one step to call, not a kernel. */
    slipi_call find = {.in = {load.out[0]}};
    (void)snprintf(find.name, sizeof(find.name), "%s_%s%s", binary->name, side,
                   control || device->runtime.standin != NULL ? "" : "_main");
    status = slipi_onboard_set_up_call(
        device, control ? SLIPI_ENTRY_aclrtRegisterCpuFunc : SLIPI_ENTRY_aclrtBinaryGetFunction,
        &find);
    if (status == SLIP_OK) {
        *(control ? &binary->control_function : &binary->core_function) = find.out[0];
    }
    return status;
}

/* Takes a device program out of the runtime. */
static void unload(slip_platform_device *device, onboard_binary *binary)
{
    uint64_t sides[2] = {binary->core, binary->control};
    for (int i = 0; i < 2; i++) {
        slipi_call call = {.in = {sides[i]}};
        if (sides[i] != 0) {
            (void)slipi_onboard_call(device, SLIPI_ENTRY_aclrtBinaryUnLoad, &call);
        }
    }
}

slip_status slipi_onboard_binary(slip_platform_device *device, const char *name,
                                 onboard_binary **out)
{
    *out = NULL;
    if (name == NULL || name[0] == '\0' || strlen(name) >= sizeof(device->binaries[0].name)) {
        return slipi_onboard_fail(device, SLIP_E_UNSUPPORTED,
                                  "the entry has no name of a program built for the device");
    }
    onboard_binary *free_row = NULL;
    for (int i = 0; i < ONBOARD_MAX_BINARIES; i++) {
        onboard_binary *binary = &device->binaries[i];
        if (strcmp(binary->name, name) == 0) {
            *out = binary;
            return SLIP_OK;
        }
        free_row = free_row == NULL && binary->name[0] == '\0' ? binary : free_row;
    }
    if (free_row == NULL) {
        return slipi_onboard_fail(device, SLIP_E_LIMIT, "a device has at most %d programs",
                                  (int)ONBOARD_MAX_BINARIES);
    }
    (void)snprintf(free_row->name, sizeof(free_row->name), "%s", name);
    slip_status status = load_side(device, free_row, true);
    if (status == SLIP_OK) {
        status = load_side(device, free_row, false);
    }
    if (status != SLIP_OK) {
        slip_platform_failure first = device->failure;
        unload(device, free_row);
        first.lost |= device->failure.lost;
        device->failure = first;
        *free_row = (onboard_binary){.name = ""};
        return status;
    }
    *out = free_row;
    return SLIP_OK;
}

void slipi_onboard_binaries_fini(slip_platform_device *device, bool gone)
{
    for (int i = 0; i < ONBOARD_MAX_BINARIES; i++) {
        if (!gone) {
            unload(device, &device->binaries[i]);
        }
        device->binaries[i] = (onboard_binary){.name = ""};
    }
}
