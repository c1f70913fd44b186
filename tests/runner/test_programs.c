/*
 * test_programs.c - registration: sharing, counting, stale handles, limits, and every kind of file
 * that is not a program.
 *
 * ctest-labels: unit
 */
#include <stdlib.h>
#include <unistd.h>

#include "affine.h"
#include "support/check.h"

#define PROGRAMS "tests/programs/"

/* Reads a file whole; bytes read. */
static size_t read_file(const char *path, char *out, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t got = file != NULL ? fread(out, 1, room, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    return got;
}

/* Writes a file anew: another file under the same name. */
static void write_file(const char *path, const char *data, size_t bytes)
{
    (void)unlink(path);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(data, 1, bytes, file) == bytes);
    if (file != NULL) {
        fclose(file);
    }
}

/* Copies a file under another name. */
static void copy_file(const char *from, const char *to)
{
    static char data[4 << 20];
    size_t bytes = read_file(from, data, sizeof(data));
    CHECK(bytes > 0 && bytes < sizeof(data));
    write_file(to, data, bytes);
}

/* Runs a program that writes its number. */
static uint32_t number_of(slip_runner *runner, slip_callable callable)
{
    const uint32_t shape[1] = {1};
    uint32_t out = 0;
    slip_run_arg arg = slip_host_tensor(&out, SLIP_U32, SLIP_ACCESS_OUT, 1, shape);
    CHECK_STATUS(SLIP_OK, slip_run(runner, callable, &arg, 1, NULL));
    return out;
}

/* The same content twice is one program, loaded once; it goes with its last registration. */
static void same_content_is_shared(void)
{
    char copy[] = "/tmp/slipway-copy-XXXXXX";
    int fd = mkstemp(copy);
    CHECK(fd >= 0);
    (void)close(fd);
    copy_file(PROGRAMS "runner_one.so", copy);
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable a;
    slip_callable b;
    CHECK_STATUS(SLIP_OK, slip_register_file(runner, PROGRAMS "runner_one.so", &a));
    CHECK_STATUS(SLIP_OK, slip_register_file(runner, copy, &b));
    CHECK_EQ(a.id, b.id);
    CHECK_EQ(1, affine_stats(runner).program_loads);
    CHECK_EQ(1, number_of(runner, a));
    CHECK_EQ(1, number_of(runner, a));
    CHECK_EQ(1, affine_stats(runner).program_loads);
    CHECK_STATUS(SLIP_OK, slip_unregister(runner, a));
    CHECK_EQ(1, number_of(runner, b));
    CHECK_STATUS(SLIP_OK, slip_unregister(runner, b));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, slip_unregister(runner, b));
    CHECK(slip_callable_program(runner, b) == NULL);
    slip_runner_close(runner);
    (void)unlink(copy);
}

/* Another content under a known name is another program; the first stays what it was. */
static void changed_file_is_another_program(void)
{
    char path[] = "/tmp/slipway-change-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
    slip_runner *runner = affine_open("cpu", NULL);
    slip_callable first;
    slip_callable second;
    copy_file(PROGRAMS "runner_one.so", path);
    CHECK_STATUS(SLIP_OK, slip_register_file(runner, path, &first));
    copy_file(PROGRAMS "runner_two.so", path);
    CHECK_STATUS(SLIP_OK, slip_register_file(runner, path, &second));
    CHECK(first.id != second.id);
    CHECK_EQ(1, number_of(runner, first));
    CHECK_EQ(2, number_of(runner, second));
    CHECK_EQ(1, number_of(runner, first));
    CHECK_EQ(2, affine_stats(runner).program_loads);
    slip_runner_close(runner);
    (void)unlink(path);
}

/* A file that is no program is told what was wanted and what was found. */
static void files_that_are_no_programs(void)
{
    char text[] = "/tmp/slipway-text-XXXXXX";
    char cut[] = "/tmp/slipway-cut-XXXXXX";
    static char data[4096];
    int fds[2] = {mkstemp(text), mkstemp(cut)};
    CHECK(fds[0] >= 0 && fds[1] >= 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
    write_file(text, "this is a text file that is longer than the header of a program\n", 64);
    CHECK_EQ(1000, read_file(PROGRAMS "runner_one.so", data, 1000));
    write_file(cut, data, 1000);
    const struct {
        const char *path;
        slip_status status;
        const char *said;
    } cases[] = {
        {"/nowhere/at/all.so", SLIP_E_FILE, "No such file"},
        {"/tmp", SLIP_E_FILE, "no regular file"},
        {"/dev/null", SLIP_E_FILE, "no regular file"},
        {text, SLIP_E_NOT_A_PROGRAM, "ELF"},
        {cut, SLIP_E_NOT_A_PROGRAM, "outside the file"},
        {PROGRAMS "cli_nosymbol.so", SLIP_E_NOT_A_PROGRAM, "slip_program_descriptor"},
        {PROGRAMS "cli_version.so", SLIP_E_PROGRAM_VERSION, "version 42"},
        {PROGRAMS "cli_nokernel.so", SLIP_E_MISSING_KERNEL, "absent"},
    };
    slip_runner *runner = affine_open("cpu", NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        slip_callable callable = {77};
        CHECK_STATUS(cases[i].status, slip_register_file(runner, cases[i].path, &callable));
        CHECK_EQ(0, callable.id);
        CHECK_EQ(cases[i].status, affine_error(runner).status);
        CHECK_CONTAINS(affine_error(runner).message, cases[i].said);
    }
    slip_callable good;
    CHECK_STATUS(SLIP_OK, slip_register_file(runner, PROGRAMS "runner_two.so", &good));
    CHECK_EQ(2, number_of(runner, good));
    slip_runner_close(runner);
    (void)unlink(text);
    (void)unlink(cut);
}

/* Descriptors of this process with one thing wrong each. */
static void bad_descriptors(void)
{
    static const slip_kernel_entry no_name[] = {{NULL, NULL, 0, 0}};
    static const slip_param bad_param[] = {{"p", SLIP_PARAM_TENSOR, SLIP_ACCESS_NONE, 0, 0}};
    slip_kernel_entry bad_core = affine_program.kernels[0];
    bad_core.core_type = 2;
    slip_program p[10];
    for (size_t i = 0; i < 10; i++) {
        p[i] = affine_program;
    }
    p[0].magic = 1;
    p[1].abi = SLIP_PROGRAM_ABI + 1;
    p[2].struct_size = 16;
    p[3].name = NULL;
    p[4].orchestrate = NULL;
    p[5].kernels = no_name;
    p[6].kernel_count = SLIP_MAX_KERNELS + 1;
    p[7].param_count = SLIP_MAX_RUN_ARGS + 1;
    p[8].params = bad_param;
    p[8].param_count = 1;
    p[9].kernels = &bad_core;
    p[9].kernel_count = 1;
    const slip_status wanted[10] = {SLIP_E_NOT_A_PROGRAM,
                                    SLIP_E_PROGRAM_VERSION,
                                    SLIP_E_PROGRAM_VERSION,
                                    SLIP_E_INVALID_ARGUMENT,
                                    SLIP_E_INVALID_ARGUMENT,
                                    SLIP_E_MISSING_KERNEL,
                                    SLIP_E_LIMIT,
                                    SLIP_E_LIMIT,
                                    SLIP_E_INVALID_ARGUMENT,
                                    SLIP_E_CORE_TYPE};
    slip_runner *runner = affine_open("cpu", NULL);
    for (size_t i = 0; i < 10; i++) {
        slip_callable callable;
        CHECK_STATUS(wanted[i], slip_register_program(runner, &p[i], &callable));
        CHECK(affine_error(runner).message[0] != '\0');
    }
    slip_callable callable;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_register_program(runner, NULL, &callable));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_register_program(runner, &affine_program, NULL));
    CHECK(strstr(affine_error(runner).message, "out is null") != NULL);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_device_malloc(runner, 64, NULL));
    CHECK(strstr(affine_error(runner).message, "slip_device_malloc: out is null") != NULL);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_register_file(runner, "program.so", NULL));
    CHECK(strstr(affine_error(runner).message, "slip_register_file: out is null") != NULL);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_register_file(runner, NULL, &callable));
    callable = affine_register(runner);
    CHECK(affine_good(runner, callable, NULL));
    slip_runner_close(runner);
}

/* As many callables as are promised, with as many kernels; one more is refused. */
static void limits_are_reached(void)
{
    static slip_kernel_entry kernels[SLIP_MAX_KERNELS];
    static slip_program programs[SLIP_MAX_CALLABLES + 1];
    static slip_callable handles[SLIP_MAX_CALLABLES + 1];
    for (uint32_t k = 0; k < SLIP_MAX_KERNELS; k++) {
        kernels[k] = affine_program.kernels[0];
    }
    kernels[1] = affine_program.kernels[1];
    slip_runner *runner = affine_open("cpu", NULL);
    for (uint32_t i = 0; i <= SLIP_MAX_CALLABLES; i++) {
        programs[i] = affine_program;
        programs[i].kernels = kernels;
        programs[i].kernel_count = i < 4 ? SLIP_MAX_KERNELS : 2;
        slip_status status = slip_register_program(runner, &programs[i], &handles[i]);
        CHECK_STATUS(i < SLIP_MAX_CALLABLES ? SLIP_OK : SLIP_E_TOO_MANY_CALLABLES, status);
    }
    CHECK(affine_good(runner, handles[0], NULL));
    CHECK(affine_good(runner, handles[SLIP_MAX_CALLABLES - 1], NULL));
    /* A place that is taken again does not answer to the old handle. */
    slip_callable stale = handles[5];
    CHECK_STATUS(SLIP_OK, slip_unregister(runner, stale));
    CHECK_STATUS(SLIP_OK,
                 slip_register_program(runner, &programs[SLIP_MAX_CALLABLES], &handles[5]));
    bool right = false;
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, affine_run(runner, stale, NULL, 0, &right));
    CHECK(affine_good(runner, handles[5], NULL));
    CHECK_EQ(0, affine_stats(runner).program_loads);
    slip_runner_close(runner);
}

/* A handle of one runner means nothing to another, whatever it is. */
static void handles_belong_to_a_runner(void)
{
    slip_runner *a = affine_open("cpu", NULL);
    slip_runner *b = affine_open("cpu", NULL);
    slip_callable callable = affine_register(a);
    bool right = false;
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, affine_run(b, callable, NULL, 0, &right));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, affine_run(a, (slip_callable){0}, NULL, 0, &right));
    CHECK_STATUS(SLIP_E_BAD_CALLABLE, affine_run(a, (slip_callable){UINT64_MAX}, NULL, 0, &right));
    CHECK(slip_callable_program(a, callable) == &affine_program);
    slip_runner_close(a);
    slip_runner_close(b);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(same_content_is_shared);
    CHECK_CASE(changed_file_is_another_program);
    CHECK_CASE(files_that_are_no_programs);
    CHECK_CASE(bad_descriptors);
    CHECK_CASE(limits_are_reached);
    CHECK_CASE(handles_belong_to_a_runner);
    return check_report();
}
