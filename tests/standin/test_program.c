/*
 * test_program.c - the library's own control program is loaded by the stand-in, finds its arguments
 * and its memory, and answers; here and built for aarch64.
 * ctest-labels: unit standin
 * ctest-run: here
 * ctest-run: aarch64 emulated
 */
#include "abi/boot.h"
#include "abi/layout.h"
#include "lab.h"

#include "support/check.h"

enum { SYNC_MS = 60000, MACHINE_X86_64 = 62, MACHINE_AARCH64 = 183 };

static bool emulated;

/* Asks the control program whether it takes work; its report. */
static slipi_boot_report probe(const lab *l, void *function, void *state, uint64_t fingerprint,
                               int32_t wanted)
{
    slipi_boot_args args = {
        .magic = SLIPI_BOOT_MAGIC,
        .version = SLIPI_BOOT_VERSION,
        .struct_size = sizeof(args),
        .fingerprint = fingerprint,
        .serial = 77,
        .request = SLIPI_BOOT_PROBE,
        .launched = 1,
        .threads = 1,
        .state = (uint64_t)(uintptr_t)state,
    };
    slipi_boot_report report;
    memset(&report, 0, sizeof(report));
    CHECK_EQ(aclrtLaunchKernelWithHostArgs(function, 1, l->control_stream, NULL, &args,
                                           sizeof(args), NULL, 0),
             0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS), wanted);
    CHECK_EQ(aclrtMemcpy(&report, sizeof(report),
                         (const char *)state + offsetof(slipi_boot_state, report), sizeof(report),
                         2),
             0);
    return report;
}

static void the_control_program_answers(void)
{
    char path[512];
    lab l;
    void *state = NULL;
    void *function = NULL;
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    lab_device_path("device/slipway_control.so", path, sizeof(path));
    void *binary = lab_load(path, true);
    CHECK_EQ(aclrtRegisterCpuFunc(binary, "slipway_control", "SlipwayControl", &function), 0);
    CHECK_EQ(aclrtMalloc(&state, sizeof(slipi_boot_state), 0), 0);
    CHECK_EQ(aclrtMemset(state, sizeof(slipi_boot_state), 0, sizeof(slipi_boot_state)), 0);
    /* Arguments of another build: not understood, and nothing is written. */
    slipi_boot_report report = probe(&l, function, state, 1, STANDIN_RT_AICPU_EXCEPTION);
    CHECK_EQ(report.serial, 0);
    report = probe(&l, function, state, slipi_layout_fingerprint(), 0);
    CHECK_EQ(report.serial, 77);
    CHECK_EQ(report.status, SLIP_OK);
#if defined(__x86_64__)
    CHECK_EQ(report.machine, emulated ? MACHINE_AARCH64 : MACHINE_X86_64);
#endif
    lab_device_path("device/slipway_core.so", path, sizeof(path));
    void *core_binary = lab_load(path, false);
    CHECK_EQ(aclrtBinaryGetFunction(core_binary, "slipway_core_main", &function), 0);
    CHECK_EQ(aclrtBinaryUnLoad(core_binary), 0);
    CHECK_EQ(aclrtBinaryUnLoad(binary), 0);
    CHECK_EQ(aclrtFree(state), 0);
    lab_close(&l);
    lab_end();
}

int main(int argc, char **argv)
{
    emulated = argc > 1 && strcmp(argv[1], "emulated") == 0;
    if (emulated && !lab_emulate()) {
        return CHECK_SKIP;
    }
    CHECK_CASE(the_control_program_answers);
    return check_report();
}
