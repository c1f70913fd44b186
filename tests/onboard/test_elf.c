/*
 * test_elf.c - reading ELF files: machine, code, functions, relocations; cut and broken files.
 *
 * Objects are compiled here with $CC and, if it is there, with the cross compiler.
 * ctest-labels: unit onboard
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/onboard/elf.h"
#include "support/check.h"

static char folder[] = "/tmp/slipway-elf-XXXXXX";

/* A file that was read. */
typedef struct file {
    uint8_t *bytes;
    uint64_t size;
} file;

/* Compiles a text and reads the object; false if there is no such compiler. */
static bool compile(const char *compiler, const char *flags, const char *text, file *out)
{
    char path[64];
    char command[512];
    (void)snprintf(path, sizeof(path), "%s/a.c", folder);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
    (void)snprintf(command, sizeof(command), "%s %s -O1 -o %s/a.o %s 2>/dev/null", compiler, flags,
                   folder, path);
    if (system(command) != 0) {
        return false;
    }
    (void)snprintf(path, sizeof(path), "%s/a.o", folder);
    f = fopen(path, "r");
    out->bytes = malloc(1u << 20);
    out->size = fread(out->bytes, 1, 1u << 20, f);
    (void)fclose(f);
    return CHECK(out->size > 0);
}

static const char *const plain = "int first(int a) { return a + 1; }\n"
                                 "int second(int a) { return a * 3 - 7; }\n";
static const char *const calling = "extern int elsewhere(int);\n"
                                   "int first(int a) { return elsewhere(a) + 1; }\n";

/* Both functions are found, apart from each other and inside .text. */
static void check_functions(const file *f, uint32_t machine)
{
    slipi_elf elf;
    const char *why = "";
    slipi_elf_range text;
    slipi_elf_range first;
    slipi_elf_range second;
    CHECK(slipi_elf_open(f->bytes, f->size, &elf, &why));
    CHECK(machine == 0 || elf.machine == machine);
    CHECK(slipi_elf_text(&elf, &text));
    CHECK(slipi_elf_function(&elf, "first", &first));
    CHECK(slipi_elf_function(&elf, "second", &second));
    CHECK(first.bytes != 0 && second.bytes != 0 && first.off != second.off);
    CHECK(first.off + first.bytes <= text.bytes && second.off + second.bytes <= text.bytes);
    CHECK(first.off + first.bytes <= second.off || second.off + second.bytes <= first.off);
    CHECK(!slipi_elf_function(&elf, "third", &first));
    CHECK(!slipi_elf_relocates(&elf, &why));
}

/* The compiler of this build. */
static const char *compiler(void)
{
    const char *cc = getenv("CC");
    return cc != NULL ? cc : "cc";
}

/* An object that was not linked. */
static void object(void)
{
    file f;
    if (CHECK(compile(compiler(), "-c -fno-asynchronous-unwind-tables", plain, &f))) {
        check_functions(&f, 0);
        free(f.bytes);
    }
}

/* A linked one: a symbol's value is an address there. */
static void linked(void)
{
    file f;
    if (CHECK(
            compile(compiler(), "-nostdlib -static -Wl,-e,first -Wl,-Ttext=0x410000", plain, &f))) {
        check_functions(&f, 0);
        free(f.bytes);
    }
}

/* One of another machine. */
static void cross(void)
{
    file f;
    if (!compile("aarch64-linux-gnu-gcc", "-c -fno-asynchronous-unwind-tables", plain, &f)) {
        printf("left out: there is no aarch64-linux-gnu-gcc\n");
        return;
    }
    check_functions(&f, EM_AARCH64);
    free(f.bytes);
}

/* Code that must be linked first names what it refers to. */
static void relocations(void)
{
    file f;
    slipi_elf elf;
    const char *why = "";
    if (!CHECK(compile(compiler(), "-c -fno-asynchronous-unwind-tables", calling, &f))) {
        return;
    }
    CHECK(slipi_elf_open(f.bytes, f.size, &elf, &why));
    CHECK(slipi_elf_relocates(&elf, &why));
    CHECK_STR(why, "elsewhere");
    free(f.bytes);
}

/* Cut anywhere, and with any byte of its head and its tables changed, it is read inside its bytes
 * (asan and valgrind tell) and ends. */
static void broken(void)
{
    file f;
    if (!CHECK(compile(compiler(), "-c", calling, &f))) {
        return;
    }
    for (uint64_t size = 0; size < f.size; size++) {
        slipi_elf elf;
        slipi_elf_range range;
        const char *why = "";
        uint8_t *part = malloc(size + 1u);
        memcpy(part, f.bytes, size);
        if (slipi_elf_open(part, size, &elf, &why)) {
            (void)slipi_elf_function(&elf, "first", &range);
            (void)slipi_elf_relocates(&elf, &why);
        } else {
            CHECK(why[0] != '\0');
        }
        free(part);
    }
    for (uint64_t at = 0; at < f.size; at++) {
        slipi_elf elf;
        slipi_elf_range range;
        const char *why = "";
        uint8_t was = f.bytes[at];
        f.bytes[at] = (uint8_t)(was ^ 0xFFu);
        if (slipi_elf_open(f.bytes, f.size, &elf, &why)) {
            (void)slipi_elf_function(&elf, "first", &range);
            (void)slipi_elf_relocates(&elf, &why);
        }
        f.bytes[at] = was;
    }
    free(f.bytes);
}

int main(void)
{
    char command[64];
    if (!CHECK(mkdtemp(folder) != NULL)) {
        return check_report();
    }
    CHECK_CASE(object);
    CHECK_CASE(linked);
    CHECK_CASE(cross);
    CHECK_CASE(relocations);
    CHECK_CASE(broken);
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK_EQ(system(command), 0);
    return check_report();
}
