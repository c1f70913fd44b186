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

/* The first bytes of a file: enough for the header and the program headers of a shared object. */
typedef struct file_head {
    unsigned char bytes[CHUNK_BYTES];
    size_t count;
} file_head;

/* Checks that a file starts as an ELF shared object does. */
static slip_status check_elf(const char *path, const file_head *head, Elf64_Ehdr *out,
                             slip_error *error)
{
    if (head->count < sizeof(*out) || memcmp(head->bytes, ELFMAG, SELFMAG) != 0) {
        char why[64] = "the file is empty";
        if (head->count >= sizeof(*out)) {
            (void)snprintf(why, sizeof(why), "it starts with bytes %02x %02x %02x %02x",
                           head->bytes[0], head->bytes[1], head->bytes[2], head->bytes[3]);
        } else if (head->count > 0) {
            (void)snprintf(why, sizeof(why), "it has %zu bytes only", head->count);
        }
        return file_fail(error, SLIP_E_NOT_A_PROGRAM, path,
                         "wanted an ELF shared object, found another kind of file", why);
    }
    memcpy(out, head->bytes, sizeof(*out));
    if (out->e_type != ET_DYN || out->e_ident[EI_CLASS] != ELFCLASS64) {
        return file_fail(error, SLIP_E_NOT_A_PROGRAM, path,
                         "wanted a 64-bit ELF shared object, found another kind of ELF file",
                         "build it with -shared -fPIC");
    }
    return SLIP_OK;
}

/*
 * Checks that every segment lies inside the file: the dynamic linker maps what the headers say, and
 * touching a page beyond the end of a file that was cut would end the process.
 */
static slip_status check_segments(const char *path, const file_head *head, const Elf64_Ehdr *elf,
                                  uint64_t bytes, slip_error *error)
{
    uint64_t end = elf->e_phoff + (uint64_t)elf->e_phnum * sizeof(Elf64_Phdr);
    bool whole =
        elf->e_phentsize == sizeof(Elf64_Phdr) && elf->e_phoff <= head->count && end <= head->count;
    for (uint32_t i = 0; whole && i < elf->e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, head->bytes + elf->e_phoff + i * sizeof(segment), sizeof(segment));
        whole = segment.p_type != PT_LOAD ||
                (segment.p_offset <= bytes && segment.p_filesz <= bytes - segment.p_offset);
    }
    if (!whole) {
        char why[64];
        (void)snprintf(why, sizeof(why), "it has %llu bytes only", (unsigned long long)bytes);
        return file_fail(error, SLIP_E_NOT_A_PROGRAM, path,
                         "wanted a whole ELF shared object, found one whose segments lie outside "
                         "the file",
                         why);
    }
    return SLIP_OK;
}

/* Reads the first bytes of a file. */
static bool read_head(int fd, file_head *head)
{
    head->count = 0;
    while (head->count < sizeof(head->bytes)) {
        ssize_t got = read_some(fd, head->bytes + head->count, sizeof(head->bytes) - head->count);
        if (got <= 0) {
            return got == 0;
        }
        head->count += (size_t)got;
    }
    return true;
}

/* Hashes a file whose first bytes were read. */
static bool hash_rest(int fd, const file_head *head, slipi_file_content *out)
{
    unsigned char chunk[CHUNK_BYTES];
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    (void)XXH3_128bits_reset(&state);
    (void)XXH3_128bits_update(&state, head->bytes, head->count);
    out->bytes = head->count;
    ssize_t got;
    while ((got = read_some(fd, chunk, sizeof(chunk))) > 0) {
        (void)XXH3_128bits_update(&state, chunk, (size_t)got);
        out->bytes += (uint64_t)got;
    }
    XXH128_hash_t hash = XXH3_128bits_digest(&state);
    out->hash_low = hash.low64;
    out->hash_high = hash.high64;
    return got == 0;
}

/* Checks and hashes a file. */
static slip_status read_content(int fd, const char *path, slipi_file_content *out,
                                slip_error *error)
{
    file_head head;
    Elf64_Ehdr elf = {0};
    if (!read_head(fd, &head)) {
        return file_fail(error, SLIP_E_FILE, path, "cannot read it", strerror(errno));
    }
    slip_status status = check_elf(path, &head, &elf, error);
    if (status != SLIP_OK) {
        return status;
    }
    if (!hash_rest(fd, &head, out)) {
        return file_fail(error, SLIP_E_FILE, path, "cannot read it", strerror(errno));
    }
    return check_segments(path, &head, &elf, out->bytes, error);
}

/* Reads the file and names its content. */
slip_status slipi_program_file_content(const char *path, slipi_file_content *out, slip_error *error)
{
    int fd = open_file(path, error);
    if (fd < 0) {
        return SLIP_E_FILE;
    }
    slip_status status = read_content(fd, path, out, error);
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
