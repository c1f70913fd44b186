/*
 * runner_two_program.c - writes 2 into its output: tells which file was loaded.
 */
#include <slipway/orch.h>

/* Kernel: out[0] = 2. */
static int32_t write_number(const slip_kernel_ctx *ctx)
{
    uint32_t *out = slip_kernel_data(ctx, 0);
    *out = 2;
    return 0;
}

/* Orchestration: one task. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor out;
    slip_status status = slip_orch_tensor(o, 0, &out);
    if (status != SLIP_OK) {
        return status;
    }
    slip_arg arg = slip_out_existing(&out);
    return slip_spawn(o, SLIP_TASK_AIV, 0, 1, &arg);
}

static const slip_kernel_entry kernels[] = {{"write_number", write_number, SLIP_AIV, 0}};
static const slip_param params[] = {{"out", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_U32, 1}};

SLIP_EXPORT_PROGRAM("runner_two", orchestrate, NULL, kernels, 1, 1, params);
