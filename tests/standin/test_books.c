/*
 * test_books.c - books and call log of the stand-in, and what hardware would punish: pointers of
 * this process on their way to the device, alignment, missing batch mode; latencies.
 * ctest-labels: unit standin
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lab.h"

#include "support/check.h"

enum { SYNC_MS = 60000, TO_DEVICE = 1, FROM_DEVICE = 2 };

/* The books now. */
static slipway_standin_books books(void)
{
    slipway_standin_books b;
    slipway_standin_get_books(&b);
    return b;
}

static void traffic_is_counted_by_direction(void)
{
    lab l;
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    slipway_standin_books before = books();
    CHECK_EQ(before.live_allocations, 1);
    CHECK_EQ(before.live_bytes, l.memory_bytes);
    CHECK_EQ(before.live_streams, 2);
    CHECK_EQ(before.live_binaries, 2);
    CHECK_EQ(before.live_functions, 2);
    CHECK_EQ(before.live_devices, 1);
    CHECK(before.binary_bytes > 1000);
    char bytes[300] = {0};
    void *address = NULL;
    CHECK_EQ(aclrtMalloc(&address, 300, 0), 0);
    CHECK_EQ(aclrtMemcpy(address, 300, bytes, 300, TO_DEVICE), 0);
    CHECK_EQ(aclrtMemcpy(address, 300, bytes, 100, TO_DEVICE), 0);
    CHECK_EQ(aclrtMemcpy(bytes, 300, address, 7, FROM_DEVICE), 0);
    CHECK_EQ(aclrtMemset(address, 300, 0, 33), 0);
    standin_test_args args = lab_args(&l, STANDIN_TEST_SLEEP, 1);
    CHECK_EQ(lab_control(&l, &args), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, SYNC_MS), 0);
    CHECK_EQ(aclrtMemcpy(address, 300, bytes, 301, TO_DEVICE), STANDIN_RT_PARAM_INVALID);
    slipway_standin_books after = books();
    CHECK_EQ(after.to_device_copies - before.to_device_copies, 2);
    CHECK_EQ(after.to_device_bytes - before.to_device_bytes, 400);
    CHECK_EQ(after.from_device_copies - before.from_device_copies, 1);
    CHECK_EQ(after.from_device_bytes - before.from_device_bytes, 7);
    CHECK_EQ(after.memsets - before.memsets, 1);
    CHECK_EQ(after.memset_bytes - before.memset_bytes, 33);
    CHECK_EQ(after.launches - before.launches, 1);
    CHECK_EQ(after.launch_bytes - before.launch_bytes, sizeof(args));
    CHECK_EQ(after.calls - before.calls, 8);
    CHECK_EQ(after.failures - before.failures, 1);
    CHECK_EQ(after.peak_bytes, l.memory_bytes + 300);
    slipway_standin_entry entry;
    CHECK(slipway_standin_get_entry("aclrtMemcpy", &entry));
    CHECK_EQ(entry.calls, 5);
    CHECK_EQ(entry.failures, 1);
    CHECK(!slipway_standin_get_entry("aclrtMemcpyAsync", &entry));
    CHECK_EQ(aclrtFree(address), 0);
    lab_close(&l);
    lab_end();
}

static void what_is_left_is_found(void)
{
    char why[512] = "";
    void *address = NULL;
    lab_begin("a2a3");
    CHECK_EQ(aclrtSetDevice(0), 0);
    CHECK_EQ(aclrtMalloc(&address, 64, 0), 0);
    CHECK(!slipway_standin_clean(why, sizeof(why)));
    CHECK_CONTAINS(why, "1 allocations are live");
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    CHECK(!slipway_standin_clean(why, sizeof(why)));
    CHECK_CONTAINS(why, "left to a reset");
    lab_end();
    slipway_standin_reset();
    CHECK(slipway_standin_clean(why, sizeof(why)));
}

static void the_log_has_every_call(void)
{
    slipway_standin_call call;
    void *address = NULL;
    lab_begin("a5");
    CHECK_EQ(aclrtSetDevice(2), 0);
    CHECK_EQ(aclrtMalloc(&address, 640, 2), 0);
    CHECK_EQ(aclrtMemset(address, 640, 5, 64), 0);
    CHECK_EQ(aclrtMemset(address, 640, 6, 32), 0);
    CHECK_EQ(aclrtFree(address), 0);
    CHECK_EQ(slipway_standin_log_count("aclrtMemset"), 2);
    CHECK(slipway_standin_log_at("aclrtMemset", 1, &call));
    CHECK_STR(call.entry, "aclrtMemset");
    CHECK_EQ(call.args[0], (uint64_t)(uintptr_t)address);
    CHECK_EQ(call.args[1], 640);
    CHECK_EQ(call.args[2], 6);
    CHECK_EQ(call.args[3], 32);
    CHECK_EQ(call.bytes, 32);
    CHECK_EQ(call.code, 0);
    CHECK_EQ(call.device, 2);
    CHECK_EQ(call.fault, 0);
    CHECK(call.end_ns >= call.begin_ns);
    CHECK(!slipway_standin_log_at("aclrtMemset", 2, &call));
    uint64_t count = slipway_standin_log_count(NULL);
    uint64_t serial = 0;
    for (uint64_t i = 0; i < count; i++) {
        CHECK(slipway_standin_log_at(NULL, i, &call));
        CHECK(call.serial > serial);
        serial = call.serial;
    }
    CHECK_EQ(aclrtResetDeviceForce(2), 0);
    lab_end();
    slipway_standin_reset();
    CHECK_EQ(slipway_standin_log_count(NULL), 0);
    CHECK(!slipway_standin_log_at(NULL, 0, &call));
}

/* Uploads words and returns how many of them were taken for pointers of this process. */
static uint64_t upload(const uint64_t *words, size_t count)
{
    void *address = NULL;
    uint64_t before = books().host_pointers;
    CHECK_EQ(aclrtMalloc(&address, 4096, 0), 0);
    CHECK_EQ(aclrtMemcpy(address, 4096, words, count * sizeof(words[0]), TO_DEVICE), 0);
    CHECK_EQ(aclrtFree(address), 0);
    return books().host_pointers - before;
}

static void pointers_of_this_process_are_found(void)
{
    static int in_data;
    char on_stack = 0;
    lab l;
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    CHECK_EQ(books().host_pointers, 0);
    char *on_heap = malloc(100000);
    const uint64_t pointers[] = {1, (uint64_t)(uintptr_t)&in_data, (uint64_t)(uintptr_t)&on_stack,
                                 (uint64_t)(uintptr_t)(on_heap + 5000),
                                 (uint64_t)(uintptr_t)pointers_of_this_process_are_found};
    CHECK_EQ(upload(pointers, 5), 4);
    CHECK_CONTAINS(books().first_host_pointer, "aclrtMemcpy, call");
    CHECK_CONTAINS(books().first_host_pointer, "at byte 8");
    /* None of these is one. */
    const uint64_t numbers[] = {
        0, 42, UINT64_MAX, l.answer, l.registers, 0x3FF0000000000000u, UINT64_C(0x5A1D) << 48};
    CHECK_EQ(upload(numbers, 7), 0);
    /* A mapping that is new, and one that is gone. */
    void *fresh = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t word = (uint64_t)(uintptr_t)fresh + 12345u;
    CHECK_EQ(upload(&word, 1), 1);
    CHECK_EQ(munmap(fresh, 1 << 20), 0);
    CHECK_EQ(upload(&word, 1), 0);
    /* In the arguments of a launch too. */
    uint64_t before = books().host_pointers;
    standin_test_args args = lab_args(&l, STANDIN_TEST_SLEEP, 1);
    CHECK_EQ(lab_control(&l, &args), 0);
    CHECK_EQ(books().host_pointers, before);
    args.hello = (uint64_t)(uintptr_t)on_heap;
    CHECK_EQ(lab_control(&l, &args), 0);
    CHECK_EQ(books().host_pointers, before + 1u);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, SYNC_MS), 0);
    char why[512] = "";
    CHECK(!slipway_standin_clean(why, sizeof(why)));
    free(on_heap);
    lab_close(&l);
    lab_end();
}

/* A pointer is found wherever its eight bytes begin a word of the device. */
static void words_are_those_of_the_device(void)
{
    struct {
        char pad[4];
        char word[12];
    } bytes = {{0}, {0}};
    lab_begin("a2a3");
    CHECK_EQ(aclrtSetDevice(0), 0);
    void *address = NULL;
    CHECK_EQ(aclrtMalloc(&address, 64, 0), 0);
    uint64_t pointer = (uint64_t)(uintptr_t)&bytes;
    memcpy(bytes.word, &pointer, sizeof(pointer));
    /* Copied to 4 behind a word's start, the pointer lies on a word. */
    CHECK_EQ(aclrtMemcpy((char *)address + 4, 60, &bytes, sizeof(bytes), TO_DEVICE), 0);
    CHECK_EQ(books().host_pointers, 1);
    CHECK_EQ(books().misaligned_uploads, 1);
    CHECK_EQ(aclrtMemcpy(address, 64, &bytes, sizeof(bytes), TO_DEVICE), 0);
    CHECK_EQ(books().host_pointers, 1);
    CHECK_EQ(books().misaligned_uploads, 1);
    CHECK_EQ(aclrtFree(address), 0);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    lab_end();
}

static void latencies_are_added(void)
{
    slipway_standin_call call;
    void *address = NULL;
    char bytes[1000] = {0};
    lab_begin("a2a3");
    CHECK_EQ(aclrtSetDevice(0), 0);
    CHECK(slipway_standin_latency("aclrtMalloc=3000000,aclrtMemcpy=1000+5000.5"));
    CHECK_EQ(aclrtMalloc(&address, 1000, 0), 0);
    CHECK_EQ(aclrtMemcpy(address, 1000, bytes, 1000, TO_DEVICE), 0);
    CHECK(slipway_standin_log_at("aclrtMalloc", 0, &call));
    CHECK(call.end_ns - call.begin_ns >= 3000000u);
    CHECK(slipway_standin_log_at("aclrtMemcpy", 0, &call));
    CHECK(call.end_ns - call.begin_ns >= 5001500u);
    CHECK_EQ(aclrtFree(address), 0);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    lab_end();
}

/* What every thread does in the next case. */
static void *work(void *argument)
{
    const lab *l = argument;
    char bytes[200] = {0};
    void *address = NULL;
    /* A thread of its own has no device. */
    CHECK_EQ(aclrtMalloc(&address, 100, 0), STANDIN_RT_CONTEXT_NULL);
    CHECK_CONTAINS(aclGetRecentErrMsg(), "set no device");
    CHECK_EQ(aclrtSetDevice(l->device), 0);
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(aclrtMalloc(&address, 200, 0), 0);
        memset(bytes, i, sizeof(bytes));
        CHECK_EQ(aclrtMemcpy(address, 200, bytes, 200, TO_DEVICE), 0);
        memset(bytes, 0, sizeof(bytes));
        CHECK_EQ(aclrtMemcpy(bytes, 200, address, 200, FROM_DEVICE), 0);
        CHECK_EQ(bytes[199], (char)i);
        CHECK_EQ(aclrtFree(address), 0);
    }
    return NULL;
}

/* Several threads, one of which waits for a stream meanwhile. */
static void threads_do_not_disturb_each_other(void)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    lab l;
    lab_begin("a2a3");
    CHECK(lab_open(&l, 3, "a2a3"));
    standin_test_args args = lab_args(&l, STANDIN_TEST_WAIT, 1);
    CHECK_EQ(lab_control(&l, &args), 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, work, &l), 0);
    }
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, 30),
             STANDIN_RT_STREAM_SYNC_TIMEOUT);
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    uint32_t one = 1;
    CHECK(slipway_standin_poke(l.device, l.answer + 4u, &one, sizeof(one)));
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, SYNC_MS), 0);
    lab_close(&l);
    lab_end();
}

static void it_says_what_it_is(void)
{
    CHECK_CONTAINS(slipway_standin_description(), "stand-in runtime for tests");
    CHECK_CONTAINS(slipway_standin_path(), "/libslipway_standin.so");
    lab_begin("a5");
    CHECK_STR(aclrtGetSocName(), "Ascend950PR_9599");
    CHECK_EQ(aclrtSetDevice(0), 0);
    CHECK(!slipway_standin_set_soc("a2a3"));
    CHECK_EQ(aclrtSetDevice(4), STANDIN_RT_INVALID_DEVICE);
    CHECK_EQ(aclrtSetDevice(-1), STANDIN_RT_INVALID_DEVICE);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    CHECK(slipway_standin_set_soc(NULL));
    CHECK_EQ(setenv("SLIPWAY_STANDIN_SOC", "Ascend310P3", 1), 0);
    CHECK_STR(aclrtGetSocName(), "Ascend310P3");
    CHECK_EQ(unsetenv("SLIPWAY_STANDIN_SOC"), 0);
    CHECK_STR(aclrtGetSocName(), "Ascend910B2");
    CHECK_EQ(aclInit(NULL), STANDIN_REPEAT_INITIALIZE);
    lab_end();
    CHECK_EQ(aclFinalize(), STANDIN_REPEAT_FINALIZE);
    CHECK(aclrtGetSocName() == NULL);
    CHECK_EQ(aclrtSetDevice(0), STANDIN_UNINITIALIZED);
}

int main(void)
{
    CHECK_CASE(traffic_is_counted_by_direction);
    CHECK_CASE(what_is_left_is_found);
    CHECK_CASE(the_log_has_every_call);
    CHECK_CASE(pointers_of_this_process_are_found);
    CHECK_CASE(words_are_those_of_the_device);
    CHECK_CASE(latencies_are_added);
    CHECK_CASE(threads_do_not_disturb_each_other);
    CHECK_CASE(it_says_what_it_is);
    return check_report();
}
