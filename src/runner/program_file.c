/*
 * program_file.c - loads a program from a shared object; see program_file.h.
 *
 * For programs.c, under the runner's lock. The content is hashed in pieces, so a file of any size
 * needs no memory. The dynamic linker keeps one object a name, whatever the file holds by now;
 * when it knows the name already, a private copy of the file is loaded in its place.
 */
#include "runner/program_file.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runner/errors.h"

/* Bytes read at a time. */
enum { CHUNK_BYTES = 16384 };

/* Describes a failure about a file, with the file as its resource. */
static slip_status file_fail(slip_error *error, slip_status status, const char *path,
                             const char *what, const char *why)
{
    const char *base = strrchr(path, '/');
    slipi_error_begin(error, status);
    slipi_error_resource(error, 0, 0, 0, "%s", base != NULL ? base + 1 : path);
    return slipi_error_end(error, "'%s': %s%s%s", path, what, why[0] != '\0' ? ": " : "", why);
}

/* Opens a regular file for reading; the descriptor, or -1 and a description. */
static int open_file(const char *path, slip_error *error)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        (void)file_fail(error, SLIP_E_FILE, path, "wanted a program file, cannot open it",
                        strerror(errno));
        return -1;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void)file_fail(error, SLIP_E_FILE, path,
                        "wanted a program file, found something that is no regular file", "");
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Reads up to `room` bytes; -1 on failure, with errno. */
static ssize_t read_some(int fd, void *data, size_t room)
{
    ssize_t got;
    do {
        got = read(fd, data, room);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Checks that the first bytes of a file are those of an ELF shared object. */
static slip_status check_elf(const char *path, const unsigned char *head, size_t bytes,
                             slip_error *error)
{
    Elf64_Ehdr header;
    if (bytes < sizeof(header) || memcmp(head, ELFMAG, SELFMAG) != 0) {
        char why[64] = "the file is empty";
        if (bytes >= sizeof(header)) {
            (void)snprintf(why, sizeof(why), "it starts with bytes %02x %02x %02x %02x", head[0],
                           head[1], head[2], head[3]);
        } else if (bytes > 0) {
            (void)snprintf(why, sizeof(why), "it has %zu bytes only", bytes);
        }
        return file_fail(error, SLIP_E_NOT_A_PROGRAM, path,
                         "wanted an ELF shared object, found another kind of file", why);
    }
    memcpy(&header, head, sizeof(header));
    if (header.e_type != ET_DYN) {
        return file_fail(error, SLIP_E_NOT_A_PROGRAM, path,
                         "wanted an ELF shared object, found another kind of ELF file",
                         "build it with -shared -fPIC");
    }
    return SLIP_OK;
}

/* Hashes the rest of a file. */
static slip_status hash_file(int fd, const char *path, slipi_file_content *out, slip_error *error)
{
    unsigned char chunk[CHUNK_BYTES];
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    (void)XXH3_128bits_reset(&state);
    out->bytes = 0;
    for (;;) {
        ssize_t got = read_some(fd, chunk, sizeof(chunk));
        if (got < 0) {
            return file_fail(error, SLIP_E_FILE, path, "cannot read it", strerror(errno));
        }
        if (out->bytes == 0) {
            slip_status status = check_elf(path, chunk, (size_t)got, error);
            if (status != SLIP_OK) {
                return status;
            }
        }
        if (got == 0) {
            break;
        }
        (void)XXH3_128bits_update(&state, chunk, (size_t)got);
        out->bytes += (uint64_t)got;
    }
    XXH128_hash_t hash = XXH3_128bits_digest(&state);
    out->hash_low = hash.low64;
    out->hash_high = hash.high64;
    return SLIP_OK;
}

/* Reads the file and names its content. */
slip_status slipi_program_file_content(const char *path, slipi_file_content *out, slip_error *error)
{
    int fd = open_file(path, error);
    if (fd < 0) {
        return SLIP_E_FILE;
    }
    slip_status status = hash_file(fd, path, out, error);
    (void)close(fd);
    return status;
}

/* Copies a file into anonymous memory; its descriptor, or -1 with errno. */
static int copy_file(const char *path)
{
    char chunk[CHUNK_BYTES];
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = from < 0 ? -1 : memfd_create("slipway-program", MFD_CLOEXEC);
    bool good = to >= 0;
    while (good) {
        ssize_t got = read_some(from, chunk, sizeof(chunk));
        if (got <= 0) {
            good = got == 0;
            break;
        }
        good = write(to, chunk, (size_t)got) == got;
    }
    if (from >= 0) {
        (void)close(from);
    }
    if (!good && to >= 0) {
        (void)close(to);
        to = -1;
    }
    return to;
}

/*
 * Loads a private copy of a file. The copy's name holds the process-wide number of its descriptor,
 * which stays open as long as the object, so that the name is never used twice.
 */
static void *load_copy(const char *path, int *out_fd)
{
    int fd = copy_file(path);
    if (fd < 0) {
        return NULL;
    }
    char name[64];
    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    void *object = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
        (void)close(fd);
        return NULL;
    }
    *out_fd = fd;
    return object;
}

/* Loads an object by its real path, or a copy if the linker knows the name already. */
static void *load_object(const char *path, int *out_fd)
{
    char real[PATH_MAX];
    *out_fd = -1;
    if (realpath(path, real) == NULL) {
        return NULL;
    }
    void *known = dlopen(real, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (known != NULL) {
        (void)dlclose(known);
        return load_copy(real, out_fd);
    }
    return dlopen(real, RTLD_NOW | RTLD_LOCAL);
}

/* Loads it and finds the descriptor. */
slip_status slipi_program_file_load(const char *path, const slipi_file_content *content,
                                    slipi_program_file *out, slip_error *error)
{
    (void)dlerror();
    out->content = *content;
    out->object = load_object(path, &out->copy_fd);
    if (out->object == NULL) {
        const char *why = dlerror();
        return file_fail(error, SLIP_E_NOT_A_PROGRAM, path,
                         "wanted a shared object that can be loaded",
                         why != NULL ? why : strerror(errno));
    }
    out->program = dlsym(out->object, SLIP_PROGRAM_SYMBOL);
    if (out->program == NULL) {
        slipi_program_file_unload(out);
        return file_fail(error, SLIP_E_NOT_A_PROGRAM, path,
                         "wanted the symbol '" SLIP_PROGRAM_SYMBOL
                         "', found a shared object without it",
                         "define the program with SLIP_EXPORT_PROGRAM");
    }
    return SLIP_OK;
}

/* Unloads it. */
void slipi_program_file_unload(slipi_program_file *file)
{
    if (file->object != NULL) {
        (void)dlclose(file->object);
        if (file->copy_fd >= 0) {
            (void)close(file->copy_fd);
        }
    }
    file->object = NULL;
    file->program = NULL;
    file->copy_fd = -1;
}
