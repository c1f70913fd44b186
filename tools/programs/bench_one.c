/*
 * bench_one.c - the program "bench_one" as a file: submits one task that does nothing. For `slipway
 * bench bind` on devices that are not the command's process; the kernel runs on any AIV core.
 */
#include <slipway/orch.h>

/* Does nothing. */
static int32_t empty_kernel(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* Submits one task. */
static slip_status orchestrate(slip_orch *o)
{
    return slip_spawn(o, SLIP_TASK_AIV, 0, 0, NULL);
}

static const slip_kernel_entry kernel = {"empty", empty_kernel, SLIP_AIV, 0};
SLIP_EXPORT_PROGRAM("bench_one", orchestrate, NULL, &kernel, 1, 0, NULL);
