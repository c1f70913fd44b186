/*
 * test_runs.c - the stand-in runs programs: blocks of a control launch at once, two streams at
 * once, launches of one stream in order, and every core of the row through hello, task and stop.
 * ctest-labels: unit standin
 * ctest-run: a2a3 a2a3
 * ctest-run: a5 a5
 * ctest-run: a2a3_aarch64 a2a3 emulated
 * ctest-run: a5_aarch64 a5 emulated
 */
#include "lab.h"

#include "support/check.h"

enum { SYNC_MS = 60000, TICK_MS = 50 };

static const char *arch;

/* Opens, runs `inside`, closes; nothing is left and nothing was wrong. */
static void with_lab(void (*inside)(lab *))
{
    char why[512] = "";
    lab l;
    lab_begin(arch);
    if (lab_open(&l, 1, arch)) {
        inside(&l);
    }
    lab_close(&l);
    lab_end();
    CHECK(slipway_standin_clean(why, sizeof(why)));
    CHECK_STR(why, "");
}

/* Every block is a call, and all are inside at once. */
static void blocks(lab *l)
{
    for (uint32_t n = 1; n <= l->row->control_launch_max; n++) {
        standin_test_args args = lab_args(l, STANDIN_TEST_COUNT, n);
        /* The program waits for a multiple of the blocks. */
        uint32_t zero = 0;
        CHECK(slipway_standin_poke(l->device, l->answer, &zero, sizeof(zero)));
        CHECK_EQ(lab_control(l, &args), 0);
        CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS), 0);
        standin_test_answer answer = lab_answer(l);
        CHECK_EQ(slipi_load_relaxed(&answer.threads), n);
        CHECK_EQ(slipi_load_relaxed(&answer.misaligned), 0);
    }
}

static void blocks_are_calls_at_once(void)
{
    with_lab(blocks);
}

/* A wait on one stream is ended by a launch on the other. */
static void two_streams(lab *l)
{
    standin_test_args wait = lab_args(l, STANDIN_TEST_WAIT, 1);
    standin_test_args raise = lab_args(l, STANDIN_TEST_RAISE, 1);
    CHECK_EQ(lab_control(l, &wait), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, TICK_MS),
             STANDIN_RT_STREAM_SYNC_TIMEOUT);
    CHECK_EQ(aclrtLaunchKernelWithHostArgs(l->control, 1, l->core_stream, NULL, &raise,
                                           sizeof(raise), NULL, 0),
             0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->core_stream, SYNC_MS), 0);
}

static void two_streams_run_at_once(void)
{
    with_lab(two_streams);
}

/* Launches of one stream wait for each other. */
static void in_order(lab *l)
{
    standin_test_args sleep = lab_args(l, STANDIN_TEST_SLEEP, 1);
    sleep.sleep_ms = TICK_MS;
    standin_test_args wait = lab_args(l, STANDIN_TEST_WAIT, 1);
    standin_test_args raise = lab_args(l, STANDIN_TEST_RAISE, 1);
    CHECK_EQ(lab_control(l, &sleep), 0);
    CHECK_EQ(lab_control(l, &raise), 0);
    CHECK_EQ(lab_control(l, &wait), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS), 0);
    standin_test_answer answer = lab_answer(l);
    CHECK_EQ(slipi_load_relaxed(&answer.flag), 1);
    /* The other way round the first one never ends, and the second never begins. */
    uint32_t zero = 0;
    CHECK(slipway_standin_poke(l->device, l->answer + 4u, &zero, sizeof(zero)));
    CHECK_EQ(lab_control(l, &wait), 0);
    CHECK_EQ(lab_control(l, &raise), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, 4 * TICK_MS),
             STANDIN_RT_STREAM_SYNC_TIMEOUT);
    uint32_t one = 1;
    CHECK(slipway_standin_poke(l->device, l->answer + 4u, &one, sizeof(one)));
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS), 0);
}

static void a_stream_keeps_its_order(void)
{
    with_lab(in_order);
}

/* A value other than 0 is an exception, told once. */
static void failing_program(lab *l)
{
    standin_test_args args = lab_args(l, STANDIN_TEST_FAIL, 2);
    CHECK_EQ(lab_control(l, &args), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS),
             STANDIN_RT_AICPU_EXCEPTION);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS), 0);
}

static void a_failing_control_program_is_told(void)
{
    with_lab(failing_program);
}

/* All cores, several launches, and where they say they are. */
static void cores(lab *l)
{
    const uint32_t count = 3u * l->row->blocks;
    static standin_test_hello hello[192];
    for (uint32_t launch = 0; launch < 5; launch++) {
        standin_test_args args = lab_args(l, STANDIN_TEST_DRIVE, 1);
        standin_test_answer zero = {0};
        CHECK(slipway_standin_poke(l->device, l->answer, &zero, sizeof(zero)));
        CHECK_EQ(lab_core(l, &args), 0);
        CHECK_EQ(lab_control(l, &args), 0);
        CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS), 0);
        CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->core_stream, SYNC_MS), 0);
        standin_test_answer answer = lab_answer(l);
        CHECK_EQ(answer.sum, (uint64_t)count * (count + 1u) / 2u);
    }
    CHECK_EQ(
        aclrtMemcpy(hello, sizeof(hello), (void *)(uintptr_t)l->hello, count * sizeof(hello[0]), 2),
        0);
    uint32_t same = 0;
    bool taken[192] = {false};
    for (uint32_t i = 0; i < count; i++) {
        same += hello[i].physical == i;
        if (CHECK(hello[i].physical < 192)) {
            CHECK(!taken[hello[i].physical]);
            taken[hello[i].physical] = true;
        }
    }
    /* A permutation that a test cannot do without. */
    CHECK(same < count / 4u);
}

static void every_core_is_played(void)
{
    with_lab(cores);
}

/* A launch on more blocks than there are is refused, and so are other mistakes. */
static void refusals(lab *l)
{
    standin_test_args args = lab_args(l, STANDIN_TEST_FAIL, 1);
    CHECK_EQ(aclrtLaunchKernelWithHostArgs(l->core, l->row->blocks + 1u, l->core_stream, NULL,
                                           &args, sizeof(args), NULL, 0),
             STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtLaunchKernelWithHostArgs(l->control, 0, l->core_stream, NULL, &args, sizeof(args),
                                           NULL, 0),
             STANDIN_RT_PARAM_INVALID);
    CHECK_EQ(aclrtLaunchKernelWithHostArgs(l->control_stream, 1, l->core_stream, NULL, &args,
                                           sizeof(args), NULL, 0),
             STANDIN_RT_INVALID_HANDLE);
    CHECK_EQ(aclrtLaunchKernelWithHostArgs(l->control, 1, l->control, NULL, &args, sizeof(args),
                                           NULL, 0),
             STANDIN_RT_INVALID_HANDLE);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, 0), STANDIN_RT_PARAM_INVALID);
    void *function = NULL;
    CHECK_EQ(aclrtRegisterCpuFunc(l->control_binary, "no_such", "x", &function),
             STANDIN_RT_KERNEL_LOOKUP);
    CHECK_CONTAINS(aclGetRecentErrMsg(), "no_such");
    CHECK(aclGetRecentErrMsg() == NULL);
    CHECK_EQ(aclrtBinaryGetFunction(l->control_binary, "standin_control", &function),
             STANDIN_RT_PARAM_INVALID);
    void *binary = NULL;
    const char text[] = "this is no shared object";
    CHECK_EQ(aclrtBinaryLoadFromData(text, sizeof(text), NULL, &binary), STANDIN_INVALID_PARAM);
    CHECK(binary == NULL);
    slipway_standin_books b;
    slipway_standin_get_books(&b);
    /* The core launch above went without its schedule mode. */
    CHECK_EQ(b.unbatched_launches, 1);
    slipway_standin_reset();
}

static void mistakes_are_refused(void)
{
    with_lab(refusals);
}

int main(int argc, char **argv)
{
    arch = argc > 1 ? argv[1] : "a2a3";
    if (argc > 2 && !lab_emulate()) {
        return CHECK_SKIP;
    }
    CHECK_CASE(blocks_are_calls_at_once);
    CHECK_CASE(two_streams_run_at_once);
    CHECK_CASE(a_stream_keeps_its_order);
    CHECK_CASE(a_failing_control_program_is_told);
    CHECK_CASE(every_core_is_played);
    CHECK_CASE(mistakes_are_refused);
    return check_report();
}
