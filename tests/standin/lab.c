/* lab.c - a device of the stand-in with the tests' small programs on it; see lab.h. */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "standin/standin.h"
#include "support/check.h"

enum { MAX_PHYSICAL = 192, LINE = 64 };

void *lab_read_file(const char *path, size_t *out_bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        return NULL;
    }
    long bytes = ftell(file);
    void *data = bytes > 0 ? malloc((size_t)bytes) : NULL;
    rewind(file);
    if (data != NULL && fread(data, 1, (size_t)bytes, file) != (size_t)bytes) {
        free(data);
        data = NULL;
    }
    (void)fclose(file);
    *out_bytes = bytes > 0 ? (size_t)bytes : 0;
    return data;
}

/* Build folder of the device's programs; empty: this build's. */
static char device_build[400];

bool lab_emulate(void)
{
    char command[512];
    const char *source = getenv("SLIPWAY_SOURCE_DIR");
    if (source == NULL || system("qemu-aarch64 --version > /dev/null 2>&1") != 0) {
        printf("there is no emulator (qemu-aarch64)\n");
        return false;
    }
    (void)snprintf(device_build, sizeof(device_build), "%s/build-device", source);
    lab_device_path("tests/standin_device", command, sizeof(command));
    if (access(command, X_OK) != 0) {
        printf("%s is not there: make device builds it\n", command);
        return false;
    }
    (void)snprintf(command, sizeof(command),
                   "qemu-aarch64 -L /usr/aarch64-linux-gnu %s/tests/standin_device", device_build);
    return setenv("SLIPWAY_STANDIN_DEVICE", command, 1) == 0;
}

void lab_device_path(const char *file, char *out, size_t out_bytes)
{
    const char *own = getenv("SLIPWAY_BUILD_DIR");
    const char *build = device_build[0] != '\0' ? device_build : own != NULL ? own : ".";
    (void)snprintf(out, out_bytes, "%s/%s", build, file);
}

void *lab_load(const char *path, bool control)
{
    size_t bytes = 0;
    void *binary = NULL;
    void *data = lab_read_file(path, &bytes);
    CHECK(data != NULL);
    const standin_option mode = {.type = STANDIN_OPTION_CPU_KERNEL_MODE, .value = {.number = 2}};
    const standin_options options = {&mode, 1};
    CHECK_EQ(aclrtBinaryLoadFromData(data, bytes, control ? &options : NULL, &binary), 0);
    free(data);
    return binary;
}

/* Loads one of the programs that were built for the tests. */
static void *load(const char *name, bool control)
{
    char file[64];
    char path[512];
    (void)snprintf(file, sizeof(file), "tests/programs/%s.so", name);
    lab_device_path(file, path, sizeof(path));
    return lab_load(path, control);
}

/* Register base of every physical core, as the driver's answers say. */
static void read_registers(const lab *l, uint64_t *bases)
{
    const uint64_t mebibyte = UINT64_C(1) << 20;
    if (strcmp(l->row->name, "a2a3") == 0) {
        uint32_t in[2] = {2, (uint32_t)l->device};
        uint64_t out[2] = {0, 0};
        size_t out_bytes = sizeof(out);
        CHECK_EQ(halMemCtl(0, in, sizeof(in), out, &out_bytes), 0);
        CHECK_EQ(out[1], 25u * 8u * mebibyte);
        for (uint32_t i = 0; i < 25; i++) {
            bases[i] = out[0] + i * 8u * mebibyte;
            bases[25u + 2u * i] = bases[i] + mebibyte;
            bases[26u + 2u * i] = bases[i] + 2u * mebibyte;
        }
        return;
    }
    for (uint32_t i = 0; i < 36; i++) {
        uint32_t resource[5] = {0, 0, i, 0, 0};
        uint64_t address = 0;
        uint32_t bytes = 0;
        CHECK_EQ(halResMap((uint32_t)l->device, resource, &address, &bytes), 0);
        CHECK_EQ(bytes, 3u * mebibyte);
        uint32_t die = i / 18u * 54u;
        bases[die + i % 18u] = address;
        bases[die + 18u + 2u * (i % 18u)] = address + mebibyte;
        bases[die + 19u + 2u * (i % 18u)] = address + 2u * mebibyte;
    }
}

void lab_begin(const char *arch)
{
    slipway_standin_reset();
    CHECK(slipway_standin_set_soc(arch));
    CHECK_EQ(aclInit(NULL), 0);
}

bool lab_open(lab *l, int32_t device, const char *arch)
{
    *l = (lab){.device = device, .row = slipi_arch_find(arch)};
    if (!CHECK_EQ(aclrtSetDevice(device), 0)) {
        return false;
    }
    uint32_t cores = 3u * l->row->blocks;
    CHECK_EQ(aclrtCreateStreamWithConfig(&l->control_stream, 0, 0), 0);
    CHECK_EQ(aclrtCreateStreamWithConfig(&l->core_stream, 0, 0), 0);
    l->memory_bytes = LINE + cores * sizeof(standin_test_hello) + MAX_PHYSICAL * sizeof(uint64_t);
    CHECK_EQ(aclrtMalloc(&l->memory, l->memory_bytes, 0), 0);
    CHECK_EQ(aclrtMemset(l->memory, l->memory_bytes, 0, l->memory_bytes), 0);
    l->answer = (uint64_t)(uintptr_t)l->memory;
    l->hello = l->answer + LINE;
    l->registers = l->hello + cores * sizeof(standin_test_hello);
    uint64_t bases[MAX_PHYSICAL] = {0};
    read_registers(l, bases);
    CHECK_EQ(aclrtMemcpy((void *)(uintptr_t)l->registers, sizeof(bases), bases, sizeof(bases), 1),
             0);
    l->control_binary = load("standin_control", true);
    l->core_binary = load("standin_core", false);
    CHECK_EQ(aclrtRegisterCpuFunc(l->control_binary, "standin_control", "Control", &l->control), 0);
    CHECK_EQ(aclrtBinaryGetFunction(l->core_binary, "standin_core_main", &l->core), 0);
    return l->control != NULL && l->core != NULL;
}

void lab_close(lab *l)
{
    CHECK_EQ(aclrtBinaryUnLoad(l->core_binary), 0);
    CHECK_EQ(aclrtBinaryUnLoad(l->control_binary), 0);
    CHECK_EQ(aclrtFree(l->memory), 0);
    CHECK_EQ(aclrtDestroyStreamForce(l->core_stream), 0);
    CHECK_EQ(aclrtDestroyStreamForce(l->control_stream), 0);
    CHECK_EQ(aclrtResetDeviceForce(l->device), 0);
}

void lab_end(void)
{
    slipway_standin_books b;
    CHECK_EQ(aclFinalize(), 0);
    slipway_standin_get_books(&b);
    CHECK_EQ(b.live_allocations, 0);
    CHECK_EQ(b.live_bytes, 0);
    CHECK_EQ(b.live_streams, 0);
    CHECK_EQ(b.live_binaries, 0);
    CHECK_EQ(b.live_functions, 0);
    CHECK_EQ(b.live_devices, 0);
    CHECK_EQ(b.device_failures, 0);
}

standin_test_args lab_args(lab *l, uint32_t what, uint32_t blocks)
{
    return (standin_test_args){
        .what = what,
        .blocks = blocks,
        .cores = 3u * l->row->blocks,
        .serial = ++l->serial,
        .answer = l->answer,
        .hello = l->hello,
        .registers = l->registers,
        .reg_dispatch = l->row->reg_dispatch,
        .reg_status = l->row->reg_status,
        .reg_fast_path = l->row->reg_fast_path,
        .fast_path_open = l->row->fast_path_open,
        .fast_path_close = l->row->fast_path_close,
    };
}

int32_t lab_control(lab *l, const standin_test_args *args)
{
    standin_test_args copy = *args;
    return aclrtLaunchKernelWithHostArgs(l->control, args->blocks, l->control_stream, NULL, &copy,
                                         sizeof(copy), NULL, 0);
}

int32_t lab_core(lab *l, const standin_test_args *args)
{
    standin_test_args copy = *args;
    const standin_option batch = {.type = STANDIN_ATTRIBUTE_SCHEDULE_MODE, .value = {.byte = 1}};
    const standin_options cfg = {&batch, 1};
    return aclrtLaunchKernelWithHostArgs(l->core, l->row->blocks, l->core_stream, &cfg, &copy,
                                         sizeof(copy), NULL, 0);
}

standin_test_answer lab_answer(const lab *l)
{
    standin_test_answer answer;
    memset(&answer, 0, sizeof(answer));
    CHECK(slipway_standin_peek(l->device, l->answer, &answer, sizeof(answer)));
    return answer;
}
