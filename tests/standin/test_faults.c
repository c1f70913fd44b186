/*
 * test_faults.c - faults of the stand-in: every entry point fails, is late, hangs, loses the device
 * when it is told to; and those that the device plays.
 * ctest-labels: unit standin
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab.h"

#include "support/check.h"

enum { CODE = 207777, SHORT_MS = 50, SYNC_MS = 60000, ENTRIES = 29 };

/* Sleeps for a millisecond. */
static void tick(void)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    (void)nanosleep(&pause, NULL);
}

/* Adds a fault whose text has the entry point's name in it. */
static void add_fault(const char *entry, const char *rest)
{
    char text[160];
    const char *why = NULL;
    (void)snprintf(text, sizeof(text), "%s:%s", entry, rest);
    CHECK(slipway_standin_fault(text, &why));
    CHECK(why == NULL);
}

/* What every call of the sequence returned, by entry point; strings count as 0 and null as -1. */
static int32_t results[ENTRIES];

/* Index of an entry point. */
static uint32_t index_of(const char *entry)
{
    uint32_t i = 0;
    while (slipway_standin_entry_name(i) != NULL &&
           strcmp(slipway_standin_entry_name(i), entry) != 0) {
        i++;
    }
    return i;
}

#define NOTE(entry, value)                       \
    do {                                         \
        if (results[index_of(#entry)] == 0) {    \
            results[index_of(#entry)] = (value); \
        }                                        \
    } while (0)

/* Calls of initialisation and of devices. */
static void call_devices(void)
{
    int32_t version[3];
    uint32_t count = 0;
    int32_t physical = 0;
    uint64_t actual = 0;
    NOTE(aclInit, aclInit(NULL));
    NOTE(aclrtGetVersion, aclrtGetVersion(&version[0], &version[1], &version[2]));
    NOTE(aclrtGetSocName, aclrtGetSocName() == NULL ? -1 : 0);
    NOTE(aclrtGetDeviceCount, aclrtGetDeviceCount(&count));
    NOTE(aclrtGetPhyDevIdByLogicDevId, aclrtGetPhyDevIdByLogicDevId(0, &physical));
    NOTE(aclrtSetOpExecuteTimeOutV2, aclrtSetOpExecuteTimeOutV2(0, &actual));
    NOTE(aclrtSetOpExecuteTimeOutWithMs, aclrtSetOpExecuteTimeOutWithMs(0));
    NOTE(aclrtSetDevice, aclrtSetDevice(0));
    NOTE(aclGetRecentErrMsg, aclGetRecentErrMsg() == NULL ? 0 : 0);
}

/* Calls of the driver. */
static void call_driver(void)
{
    uint32_t in[2] = {2, 0};
    uint64_t out[2];
    size_t out_bytes = sizeof(out);
    uint32_t resource[5] = {0};
    uint64_t address = 0;
    uint32_t bytes = 0;
    int64_t value = 0;
    int32_t buffer_bytes = sizeof(value);
    NOTE(halMemCtl, halMemCtl(0, in, sizeof(in), out, &out_bytes));
    NOTE(halResMap, halResMap(0, resource, &address, &bytes));
    NOTE(halGetDeviceInfo, halGetDeviceInfo(0, 1, 8, &value));
    NOTE(halGetDeviceInfoByBuff, halGetDeviceInfoByBuff(0, 4, 8, &value, &buffer_bytes));
}

/* Calls of memory. */
static void call_memory(void)
{
    void *address = NULL;
    char bytes[64] = {0};
    NOTE(aclrtMalloc, aclrtMalloc(&address, 64, 0));
    size_t room[2] = {0, 0};
    NOTE(aclrtGetMemInfo, aclrtGetMemInfo(1, &room[0], &room[1]));
    NOTE(aclrtMemset, aclrtMemset(address, 64, 1, 64));
    NOTE(aclrtMemcpy, aclrtMemcpy(bytes, 64, address, 64, 2));
    NOTE(aclrtFree, aclrtFree(address));
}

/* Calls of programs. */
static void call_programs(void)
{
    char path[512];
    size_t bytes = 0;
    standin_test_args args = {.what = STANDIN_TEST_SLEEP, .blocks = 1};
    void *stream = NULL;
    void *binary[2] = {NULL, NULL};
    void *step = NULL;
    void *function = NULL;
    const standin_option mode = {.type = STANDIN_OPTION_CPU_KERNEL_MODE, .value = {.number = 2}};
    const standin_options options = {&mode, 1};
    NOTE(aclrtCreateStreamWithConfig, aclrtCreateStreamWithConfig(&stream, 0, 0));
    const char *names[2] = {"standin_core", "standin_control"};
    for (int i = 0; i < 2; i++) {
        const char *build = getenv("SLIPWAY_BUILD_DIR");
        (void)snprintf(path, sizeof(path), "%s/tests/programs/%s.so", build != NULL ? build : ".",
                       names[i]);
        void *data = lab_read_file(path, &bytes);
        NOTE(aclrtBinaryLoadFromData,
             aclrtBinaryLoadFromData(data, bytes, i == 1 ? &options : NULL, &binary[i]));
        free(data);
    }
    NOTE(aclrtBinaryGetFunction, aclrtBinaryGetFunction(binary[0], "standin_core_main", &step));
    NOTE(aclrtRegisterCpuFunc, aclrtRegisterCpuFunc(binary[1], "standin_control", "x", &function));
    /* Its answer is not memory of the device, but a SLEEP touches it only to count. */
    void *answer = NULL;
    if (aclrtMalloc(&answer, 64, 0) == 0) {
        args.answer = (uint64_t)(uintptr_t)answer;
        NOTE(
            aclrtLaunchKernelWithHostArgs,
            aclrtLaunchKernelWithHostArgs(function, 1, stream, NULL, &args, sizeof(args), NULL, 0));
    }
    NOTE(aclrtSynchronizeStreamWithTimeout, aclrtSynchronizeStreamWithTimeout(stream, SYNC_MS));
    for (int i = 0; i < 2; i++) {
        NOTE(aclrtBinaryUnLoad, aclrtBinaryUnLoad(binary[i]));
    }
    NOTE(aclrtDestroyStreamForce, aclrtDestroyStreamForce(stream));
    (void)aclrtFree(answer);
}

/* Calls every entry point. */
static void call_everything(void)
{
    memset(results, 0, sizeof(results));
    call_devices();
    call_driver();
    call_memory();
    call_programs();
    /* Set once more, so that the counted reset leaves the device set. */
    NOTE(aclrtSetDevice, aclrtSetDevice(0));
    NOTE(aclrtResetDevice, aclrtResetDevice(0));
    NOTE(aclrtResetDeviceForce, aclrtResetDeviceForce(0));
    NOTE(aclFinalize, aclFinalize());
}

/* Ends what a case left behind. */
static void clean_up(void)
{
    slipway_standin_reset();
    (void)aclInit(NULL);
    (void)aclFinalize();
    slipway_standin_reset();
}

/* Codes of a sequence without faults: all succeed but those that this SoC does not have. */
static int32_t usual(const char *entry)
{
    if (strcmp(entry, "halResMap") == 0) {
        return 0xFFFE;
    }
    return strcmp(entry, "aclrtSetOpExecuteTimeOutWithMs") == 0 ? STANDIN_RT_FEATURE_NOT_SUPPORT
                                                                : 0;
}

static void without_faults_everything_works(void)
{
    clean_up();
    call_everything();
    for (uint32_t i = 0; slipway_standin_entry_name(i) != NULL; i++) {
        if (!CHECK_EQ(results[i], usual(slipway_standin_entry_name(i)))) {
            fprintf(stderr, "  %s\n", slipway_standin_entry_name(i));
        }
        slipway_standin_entry e = {0};
        CHECK(slipway_standin_get_entry(slipway_standin_entry_name(i), &e));
        CHECK(e.calls != 0);
    }
    CHECK(slipway_standin_entry_name(ENTRIES) == NULL);
    CHECK_EQ(slipway_standin_log_count(NULL), 34);
}

static void every_entry_point_fails_with_the_code(void)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        const char *entry = slipway_standin_entry_name(i);
        clean_up();
        add_fault(entry, "1:fail=207777");
        call_everything();
        bool words = strcmp(entry, "aclGetRecentErrMsg") == 0;
        int32_t wanted = words ? 0 : strcmp(entry, "aclrtGetSocName") == 0 ? -1 : (int32_t)CODE;
        if (!CHECK_EQ(results[i], wanted)) {
            fprintf(stderr, "  %s\n", entry);
        }
        slipway_standin_call call = {0};
        CHECK(slipway_standin_log_at(entry, 0, &call));
        CHECK_EQ(call.code, CODE);
        CHECK_EQ(call.fault, 1);
    }
    clean_up();
}

static void the_nth_call_is_counted(void)
{
    clean_up();
    CHECK_EQ(aclInit(NULL), 0);
    uint32_t count = 0;
    add_fault("aclrtGetDeviceCount", "3:fail=5");
    add_fault("aclrtGetDeviceCount", "5+:fail=6");
    const int32_t wanted[] = {0, 0, 5, 0, 6, 6, 6};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        CHECK_EQ(aclrtGetDeviceCount(&count), wanted[i]);
    }
    slipway_standin_clear_faults();
    CHECK_EQ(aclrtGetDeviceCount(&count), 0);
    add_fault("aclrtGetDeviceCount", "*:fail=9");
    CHECK_EQ(aclrtGetDeviceCount(&count), 9);
    CHECK_EQ(aclrtGetDeviceCount(&count), 9);
    clean_up();
}

static void every_entry_point_is_late(void)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        const char *entry = slipway_standin_entry_name(i);
        clean_up();
        add_fault(entry, "1:delay=20");
        call_everything();
        CHECK_EQ(results[i], usual(entry));
        slipway_standin_call call = {0};
        CHECK(slipway_standin_log_at(entry, 0, &call));
        CHECK(call.end_ns - call.begin_ns >= 20000000u);
    }
    clean_up();
}

/* Calls everything in a thread of its own. */
static void *call_in_thread(void *argument)
{
    (void)argument;
    call_everything();
    return NULL;
}

static void every_entry_point_hangs_until_it_is_released(void)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        const char *entry = slipway_standin_entry_name(i);
        pthread_t thread;
        clean_up();
        add_fault(entry, "1:hang");
        CHECK_EQ(pthread_create(&thread, NULL, call_in_thread, NULL), 0);
        while (slipway_standin_hanging() == 0) {
            tick();
        }
        /* It is this one, and it has not returned. */
        CHECK_EQ(slipway_standin_log_count(entry), 0);
        slipway_standin_clear_faults();
        slipway_standin_release();
        (void)pthread_join(thread, NULL);
        CHECK_EQ(slipway_standin_hanging(), 0);
        CHECK(slipway_standin_log_count(entry) != 0);
    }
    clean_up();
    add_fault("aclInit", "1:hang=20");
    uint64_t begin = slipi_now_ns();
    CHECK_EQ(aclInit(NULL), 0);
    CHECK(slipi_now_ns() - begin >= 20000000u);
    clean_up();
}

/* A device that is lost answers nothing before a reset, and works after it. */
static void every_entry_point_loses_the_device(void)
{
    const uint32_t last = index_of("aclrtSynchronizeStreamWithTimeout");
    for (uint32_t i = index_of("aclrtCreateStreamWithConfig"); i <= last; i++) {
        lab l;
        lab_begin("a2a3");
        CHECK(lab_open(&l, 0, "a2a3"));
        add_fault(slipway_standin_entry_name(i), "1:lost=507010");
        void *address = NULL;
        memset(results, 0, sizeof(results));
        call_memory();
        call_programs();
        CHECK_EQ(results[i], 507010);
        standin_test_args args = lab_args(&l, STANDIN_TEST_SLEEP, 1);
        CHECK_EQ(lab_control(&l, &args), 507010);
        CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, SYNC_MS), 507010);
        CHECK_EQ(aclrtMalloc(&address, 64, 0), 507010);
        CHECK_EQ(aclrtSetDevice(0), 507010);
        int64_t value = 0;
        CHECK_EQ(halGetDeviceInfo(0, 1, 8, &value), 62);
        CHECK_EQ(aclrtResetDeviceForce(0), 0);
        CHECK(lab_open(&l, 0, "a2a3"));
        args = lab_args(&l, STANDIN_TEST_SLEEP, 1);
        CHECK_EQ(lab_control(&l, &args), 0);
        CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, SYNC_MS), 0);
        lab_close(&l);
        lab_end();
    }
}

static void a_reset_that_does_not_help(void)
{
    lab l;
    void *address = NULL;
    lab_begin("a5");
    CHECK(lab_open(&l, 0, "a5"));
    add_fault("aclrtMalloc", "1:lost");
    add_fault("aclrtResetDeviceForce", "1:helpless");
    CHECK_EQ(aclrtMalloc(&address, 64, 0), STANDIN_RT_DRV_INTERNAL);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    CHECK_EQ(aclrtSetDevice(0), STANDIN_RT_DRV_INTERNAL);
    /* The second one does. */
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    CHECK_EQ(aclrtSetDevice(0), 0);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    CHECK_EQ(aclrtResetDeviceForce(0), STANDIN_RT_CONTEXT_RELEASE);
    lab_end();
}

/* Drives the cores; the codes of the two waits. */
static void drive(lab *l, int32_t *control, int32_t *core, int32_t wait_ms)
{
    standin_test_args args = lab_args(l, STANDIN_TEST_DRIVE, 1);
    standin_test_answer zero = {0};
    CHECK(slipway_standin_poke(l->device, l->answer, &zero, sizeof(zero)));
    CHECK_EQ(lab_core(l, &args), 0);
    CHECK_EQ(lab_control(l, &args), 0);
    *control = aclrtSynchronizeStreamWithTimeout(l->control_stream, wait_ms);
    *core = aclrtSynchronizeStreamWithTimeout(l->core_stream, wait_ms);
}

/* A fault that the device plays makes waits end in a time-out; a reset makes it good. */
static void device_fault(const char *text, bool before_set)
{
    lab l;
    int32_t control = 0;
    int32_t core = 0;
    lab_begin("a2a3");
    if (before_set) {
        CHECK(slipway_standin_fault(text, NULL));
    }
    CHECK(lab_open(&l, 0, "a2a3"));
    if (!before_set) {
        drive(&l, &control, &core, SYNC_MS);
        CHECK_EQ(control, 0);
        CHECK_EQ(core, 0);
        CHECK(slipway_standin_fault(text, NULL));
    }
    drive(&l, &control, &core, SHORT_MS);
    CHECK_EQ(control, STANDIN_RT_STREAM_SYNC_TIMEOUT);
    CHECK_EQ(core, STANDIN_RT_STREAM_SYNC_TIMEOUT);
    /* What is in the way is that one program: others run, and all ends by force. */
    slipway_standin_clear_faults();
    void *stream = NULL;
    CHECK_EQ(aclrtCreateStreamWithConfig(&stream, 0, 0), 0);
    standin_test_args args = lab_args(&l, STANDIN_TEST_SLEEP, 2);
    CHECK_EQ(
        aclrtLaunchKernelWithHostArgs(l.control, 2, stream, NULL, &args, sizeof(args), NULL, 0), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(stream, SYNC_MS), 0);
    CHECK_EQ(aclrtDestroyStreamForce(l.control_stream), 0);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    CHECK(lab_open(&l, 0, "a2a3"));
    drive(&l, &control, &core, SYNC_MS);
    CHECK_EQ(control, 0);
    CHECK_EQ(core, 0);
    lab_close(&l);
    lab_end();
}

static void a_control_program_never_comes_back(void)
{
    device_fault("control:1:hang", true);
    device_fault("control:1:hang", false);
}

static void a_core_never_says_hello(void)
{
    device_fault("core:0:silent", true);
    device_fault("core:71:silent", false);
}

static void a_kernel_hangs(void)
{
    device_fault("kernel:1:hang", true);
    device_fault("kernel:50:hang", false);
}

/* A launch that takes longer than an operation may poisons the device. */
static void an_operation_times_out(void)
{
    lab l;
    uint64_t actual = 0;
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    CHECK_EQ(aclrtSetOpExecuteTimeOutV2(30000, &actual), 0);
    CHECK_EQ(actual, 30000);
    standin_test_args args = lab_args(&l, STANDIN_TEST_WAIT, 1);
    CHECK_EQ(lab_control(&l, &args), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, SYNC_MS),
             STANDIN_RT_AICPU_TIMEOUT);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, SYNC_MS), STANDIN_RT_DRV_INTERNAL);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    CHECK(lab_open(&l, 0, "a2a3"));
    args = lab_args(&l, STANDIN_TEST_DRIVE, 1);
    CHECK_EQ(lab_core(&l, &args), 0); /* nobody drives them */
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.core_stream, SYNC_MS), STANDIN_RT_AICORE_TIMEOUT);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    CHECK_EQ(aclrtSetOpExecuteTimeOutV2(0, &actual), 0);
    lab_end();
}

/* A fast path that stays closed: no command reaches a core. */
static void a_closed_fast_path_lets_nothing_through(void)
{
    lab l;
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    standin_test_args args = lab_args(&l, STANDIN_TEST_DRIVE, 1);
    args.keep_closed = 1;
    CHECK_EQ(lab_core(&l, &args), 0);
    CHECK_EQ(lab_control(&l, &args), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, SHORT_MS),
             STANDIN_RT_STREAM_SYNC_TIMEOUT);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    lab_end();
}

static void what_is_no_fault_is_refused(void)
{
    static const char *const bad[] = {"aclrtMalloc",          "aclrtMalloc:1",
                                      "aclrtMalloc:0:hang",   "aclrtMalloc:x:hang",
                                      "aclrtMallocs:1:hang",  "aclrtMalloc:1:fail",
                                      "aclrtMalloc:1:fail=0", "aclrtMalloc:1:burn",
                                      "aclrtMalloc:1:delay",  "aclrtMalloc:1:helpless",
                                      "core:1:hang",          "control:0:hang",
                                      "aclrtMalloc:1:hang:2", "aclInit:1:hang,aclInit"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *why = NULL;
        if (!CHECK(!slipway_standin_fault(bad[i], &why))) {
            fprintf(stderr, "  %s\n", bad[i]);
        }
        CHECK_CONTAINS(why, "ENTRY:WHEN:WHAT");
    }
    CHECK_EQ(aclInit(NULL), 0);
    CHECK(!slipway_standin_latency("aclrtMalloc"));
    CHECK(!slipway_standin_latency("nobody=3"));
    CHECK(!slipway_standin_latency("aclInit=3+"));
    clean_up();
}

int main(void)
{
    CHECK_CASE(without_faults_everything_works);
    CHECK_CASE(every_entry_point_fails_with_the_code);
    CHECK_CASE(the_nth_call_is_counted);
    CHECK_CASE(every_entry_point_is_late);
    CHECK_CASE(every_entry_point_hangs_until_it_is_released);
    CHECK_CASE(every_entry_point_loses_the_device);
    CHECK_CASE(a_reset_that_does_not_help);
    CHECK_CASE(a_control_program_never_comes_back);
    CHECK_CASE(a_core_never_says_hello);
    CHECK_CASE(a_kernel_hangs);
    CHECK_CASE(an_operation_times_out);
    CHECK_CASE(a_closed_fast_path_lets_nothing_through);
    CHECK_CASE(what_is_no_fault_is_refused);
    return check_report();
}
