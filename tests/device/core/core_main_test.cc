// core_main_test.cc - runs the core program for the vendor's compiler over played intrinsics:
// hello, one task, a task whose mailbox is another run's, stop. Built by test_core_main.sh, once
// for each kind of core.
#include "../../../src/device/program/core_main.cce"

#include <stdio.h>
#include <string.h>

core_mock mock;

static int failures;

// Notes a comparison that does not hold.
static void check(const char *what, uint64_t found, uint64_t wanted)
{
    if (found != wanted) {
        printf("FAILED %s: found %llu, wanted %llu\n", what, (unsigned long long)found,
               (unsigned long long)wanted);
        failures++;
    }
}

static const slip_kernel_ctx *seen;
static slip_kernel_ctx copy;

// A kernel: x = 3 x; returns its scalar.
static int32_t triple(const slip_kernel_ctx *ctx)
{
    copy = *ctx;
    seen = ctx;
    float *x = (float *)slip_kernel_data(ctx, 0);
    x[0] *= 3.0F;
    return (int32_t)slip_kernel_u64(ctx, 0);
}

alignas(64) static slipi_core_page pages[108];
alignas(64) static slipi_core_hello hellos[108];
alignas(4096) static uint8_t sm[16384];
alignas(64) static slip_binding bindings[SLIPI_BIND_ARGS + 1];
alignas(64) static slipi_kernel_row rows[2];
alignas(64) static slipi_launch launch;
alignas(64) static slipi_core_args args;
static float x[16] = {2.0F};

// Fills a run of one task and the mailbox of a core.
static void prepare(uint32_t core)
{
    slipi_slot *slot = (slipi_slot *)(sm + 8192);
    memset(&mock, 0, sizeof(mock));
    rows[1].entry = (uint64_t)(uintptr_t)triple;
    bindings[SLIPI_BIND_SM] = slip_binding{(uint64_t)(uintptr_t)sm, sizeof(sm)};
    bindings[SLIPI_BIND_ARGS] = slip_binding{(uint64_t)(uintptr_t)x, sizeof(x)};
    launch.run_serial = 77;
    launch.binding_count = SLIPI_BIND_ARGS + 1;
    launch.kernel_count = 2;
    launch.bindings = (uint64_t)(uintptr_t)bindings;
    launch.kernels = (uint64_t)(uintptr_t)rows;
    slot->task = 5;
    slot->tensor_count = 1;
    slot->scalar_count = 1;
    slot->tensors_ref = (8192 + 256) / SLIPI_SM_UNIT;
    slot->scalars_ref = (8192 + 192) / SLIPI_SM_UNIT;
    slip_task_tensor *tensor =
        (slip_task_tensor *)(sm + (uint64_t)slot->tensors_ref * SLIPI_SM_UNIT);
    tensor->binding = SLIPI_BIND_ARGS;
    tensor->dtype = SLIP_F32;
    tensor->ndim = 1;
    tensor->access = SLIP_ACCESS_INOUT;
    tensor->shape[0] = 16;
    tensor->stride[0] = 1;
    *(uint64_t *)(sm + (uint64_t)slot->scalars_ref * SLIPI_SM_UNIT) = 42;
    slip_dispatch *box = &pages[core].mailbox;
    box->command = SLIPI_COMMAND_RUN | 1u;
    box->slot = 8192 / SLIPI_SLOT_BYTES;
    box->kernel = 1;
    box->run_serial = 77;
    box->flags = SLIPI_DISPATCH_STAMP;
    args.magic = SLIPI_BOOT_MAGIC;
    args.version = SLIPI_BOOT_VERSION;
    args.struct_size = sizeof(args);
    args.serial = 9;
    args.block = (uint64_t)(uintptr_t)&launch;
    args.hello = (uint64_t)(uintptr_t)hellos;
    args.dispatch = (uint64_t)(uintptr_t)pages;
    args.info.blocks = 36;
}

int main()
{
    uint32_t core = CORE_IS_VECTOR ? 36 + 2 * 7 + 1 : 7;
    prepare(core);
    mock.block = 7;
    mock.sub = 1;
    mock.physical = 19;
    const uint32_t old = SLIPI_COMMAND_STOP | 9u; /* of another runner */
    const uint32_t commands[] = {old,
                                 old,
                                 0,
                                 0,
                                 SLIPI_COMMAND_RUN | 1u,
                                 SLIPI_COMMAND_RUN | 1u,
                                 SLIPI_COMMAND_RUN | 2u,
                                 SLIPI_COMMAND_STOP | 3u};
    memcpy(mock.commands, commands, sizeof(commands));
    mock.command_count = 8;
    core_main(&args);
    check("hello", hellos[core].serial, 9);
    check("physical core", hellos[core].physical, 19);
    check("its register's value", hellos[core].command, old);
    check("kind of core", hellos[core].core_type, CORE_IS_VECTOR ? SLIP_AIV : SLIP_AIC);
    check("kernel ran", seen != nullptr, 1);
    check("core of the kernel", copy.core, core);
    check("result", (uint64_t)x[0], 6);
    check("answers", mock.cond_count, 5);
    check("ACK", mock.cond[0], SLIPI_COND_ACK | 1u);
    check("FIN with the kernel's error", mock.cond[1], SLIPI_COND_FIN | SLIPI_COND_ERROR | 1u);
    check("ACK of a foreign mailbox", mock.cond[2], SLIPI_COND_ACK | 2u);
    check("its FIN", mock.cond[3], SLIPI_COND_FIN | SLIPI_COND_ERROR | 2u);
    check("its code", (uint64_t)(int64_t)pages[core].line.code, (uint64_t)(int64_t)SLIP_E_DEVICE);
    check("stopped", mock.cond[4], SLIPI_COND_STOPPED | 3u);
    check("answers before the lines have moved", mock.late, 0);
    check("lines published", mock.lines_out >= 4, 1);
    args.magic = 1;
    mock.cond_count = 0;
    core_main(&args);
    check("foreign arguments are not answered", mock.cond_count, 0);
    printf("%s core: %s\n", CORE_IS_VECTOR ? "vector" : "cube", failures == 0 ? "ok" : "FAILED");
    return failures != 0;
}
