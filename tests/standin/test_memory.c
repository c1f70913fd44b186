/*
 * test_memory.c - memory of the stand-in's device: what fresh memory holds, alignment, bounds,
 * copies, and that the host cannot reach it.
 * ctest-labels: unit standin
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab.h"

#include "support/check.h"

enum { TO_DEVICE = 1, FROM_DEVICE = 2 };

/* Sets device 0 before a case, and gives it back after. */
static void begin(void)
{
    lab_begin("a2a3");
    CHECK_EQ(aclrtSetDevice(0), 0);
}

static void end(void)
{
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    lab_end();
}

static void fresh_memory_is_not_zero(void)
{
    begin();
    const size_t bytes = (9 << 20) + 40;
    void *address = NULL;
    unsigned char *back = malloc(bytes);
    CHECK_EQ(aclrtMalloc(&address, bytes, 0), 0);
    CHECK_EQ(aclrtMemcpy(back, bytes, address, bytes, FROM_DEVICE), 0);
    size_t wrong = 0;
    for (size_t i = 0; i < bytes; i++) {
        wrong += back[i] != 0xA5;
    }
    CHECK_EQ(wrong, 0);
    /* And it is so again when it is given out again. */
    CHECK_EQ(aclrtMemset(address, bytes, 0, bytes), 0);
    CHECK_EQ(aclrtFree(address), 0);
    CHECK_EQ(aclrtMalloc(&address, bytes, 0), 0);
    CHECK_EQ(aclrtMemcpy(back, 64, address, 64, FROM_DEVICE), 0);
    CHECK_EQ(back[0], 0xA5);
    CHECK_EQ(aclrtFree(address), 0);
    free(back);
    end();
}

static void addresses_are_aligned_to_64_and_no_more(void)
{
    begin();
    void *address[64];
    for (size_t i = 0; i < 64; i++) {
        CHECK_EQ(aclrtMalloc(&address[i], 1u + i * 997u, (int32_t)(i % 8u)), 0);
        CHECK_EQ((uint64_t)(uintptr_t)address[i] % 64u, 0);
        CHECK((uint64_t)(uintptr_t)address[i] % 128u != 0);
    }
    for (size_t i = 0; i < 64; i++) {
        CHECK_EQ(aclrtFree(address[i]), 0);
    }
    end();
}

/* An address of the device, in this process, is nothing. */
static void the_host_has_no_such_memory(void)
{
    begin();
    void *address = NULL;
    CHECK_EQ(aclrtMalloc(&address, 4096, 0), 0);
    uint64_t page = (uint64_t)(uintptr_t)address & ~UINT64_C(4095);
    unsigned char in_core = 0;
    CHECK_EQ(mincore((void *)(uintptr_t)page, 4096, &in_core), -1);
    CHECK_EQ(aclrtFree(address), 0);
    /* A stream is no pointer either: no processor of ours has such addresses. */
    void *stream = NULL;
    CHECK_EQ(aclrtCreateStreamWithConfig(&stream, 0, 0), 0);
    CHECK((uint64_t)(uintptr_t)stream >> 56 != 0);
    CHECK_EQ(aclrtDestroyStreamForce(stream), 0);
    end();
}

static void sets_and_copies_keep_their_bounds(void)
{
    begin();
    unsigned char out[256];
    unsigned char back[256];
    void *address = NULL;
    const size_t big = 5 << 20;
    CHECK_EQ(aclrtMalloc(&address, big, 0), 0);
    char *at = address;
    for (size_t i = 0; i < sizeof(out); i++) {
        out[i] = (unsigned char)i;
    }
    CHECK_EQ(aclrtMemcpy(at, big, out, sizeof(out), TO_DEVICE), 0);
    CHECK_EQ(aclrtMemset(at + 10, 20, 0x77, 20), 0);
    CHECK_EQ(aclrtMemcpy(back, sizeof(back), at, sizeof(back), FROM_DEVICE), 0);
    for (size_t i = 0; i < sizeof(out); i++) {
        CHECK_EQ(back[i], i >= 10 && i < 30 ? 0x77 : i);
    }
    /* Large zeros are laid in by pages: beside them nothing changes. */
    CHECK_EQ(aclrtMemset(at + 100, big - 200, 0, big - 200), 0);
    CHECK_EQ(aclrtMemcpy(back, sizeof(back), at, sizeof(back), FROM_DEVICE), 0);
    CHECK_EQ(back[99], 99);
    CHECK_EQ(back[100], 0);
    CHECK_EQ(aclrtMemcpy(back, sizeof(back), at + big - 150, 150, FROM_DEVICE), 0);
    CHECK_EQ(back[49], 0);
    CHECK_EQ(back[50], 0xA5);
    CHECK_EQ(aclrtFree(address), 0);
    end();
}

static void what_lies_outside_is_refused(void)
{
    begin();
    char byte = 0;
    void *address = NULL;
    CHECK_EQ(aclrtMalloc(&address, 1000, 0), 0);
    char *at = address;
    CHECK_EQ(aclrtMemcpy(at + 999, 2, &address, 2, TO_DEVICE), STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtMemcpy(at - 1, 2, &address, 2, TO_DEVICE), STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtMemcpy(&byte, 1, at + 1000, 1, FROM_DEVICE), STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtMemcpy(&byte, 1, &byte, 1, TO_DEVICE), STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtMemset(at, 2000, 0, 1001), STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtFree(at + 64), STANDIN_RT_PARAM_INVALID);
    slipway_standin_books b;
    slipway_standin_get_books(&b);
    CHECK_EQ(b.bad_addresses, 5);
    CHECK_CONTAINS(b.first_bad_address, "aclrtMemcpy, call");
    /* Room that is too small, and what the interface does not know. */
    CHECK_EQ(aclrtMemcpy(at, 1, &address, 2, TO_DEVICE), STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtMemcpy(at, 1, &byte, 1, 3), STANDIN_RT_FEATURE_NOT_SUPPORT);
    CHECK_EQ(aclrtMalloc(&address, 0, 0), STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtMalloc(&address, 64, 99), STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtFree(at), 0);
    CHECK_EQ(aclrtFree(at), STANDIN_RT_PARAM_INVALID);
    end();
}

static void memory_ends(void)
{
    CHECK_EQ(setenv("SLIPWAY_STANDIN_MEMORY", "1048576", 1), 0);
    begin();
    void *first = NULL;
    void *second = NULL;
    CHECK_EQ(aclrtMalloc(&first, 1000000, 0), 0);
    CHECK_EQ(aclrtMalloc(&second, 100000, 0), STANDIN_RT_MEMORY_ALLOCATION);
    CHECK(second == NULL);
    CHECK_EQ(aclrtFree(first), 0);
    CHECK_EQ(aclrtMalloc(&second, 100000, 0), 0);
    CHECK_EQ(aclrtFree(second), 0);
    end();
    CHECK_EQ(unsetenv("SLIPWAY_STANDIN_MEMORY"), 0);
}

/* Two devices: an address of one is none of the other's, and a thread speaks to what it has set. */
static void devices_are_apart(void)
{
    lab_begin("a5");
    void *address[2];
    for (int32_t i = 0; i < 2; i++) {
        CHECK_EQ(aclrtSetDevice(i), 0);
        CHECK_EQ(aclrtMalloc(&address[i], 64, 0), 0);
    }
    CHECK(slipway_standin_device_pid(0) != slipway_standin_device_pid(1));
    CHECK_EQ(aclrtFree(address[0]), STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtFree(address[1]), 0);
    CHECK_EQ(aclrtSetDevice(0), 0);
    CHECK_EQ(aclrtFree(address[0]), 0);
    CHECK_EQ(aclrtResetDeviceForce(1), 0);
    CHECK_EQ(aclrtMalloc(&address[0], 64, 0), 0);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    /* The thread's device is gone with it. */
    CHECK_EQ(aclrtFree(address[0]), STANDIN_RT_CONTEXT_NULL);
    slipway_standin_books b;
    slipway_standin_get_books(&b);
    CHECK_EQ(b.dropped_allocations, 1);
    CHECK_EQ(b.live_allocations, 0);
    lab_end();
}

int main(void)
{
    CHECK_CASE(fresh_memory_is_not_zero);
    CHECK_CASE(addresses_are_aligned_to_64_and_no_more);
    CHECK_CASE(the_host_has_no_such_memory);
    CHECK_CASE(sets_and_copies_keep_their_bounds);
    CHECK_CASE(what_lies_outside_is_refused);
    CHECK_CASE(memory_ends);
    CHECK_CASE(devices_are_apart);
    return check_report();
}
