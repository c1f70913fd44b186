/* minimal.c - a whole Slipway program in one process: two dependent tasks on one vector. */
#include <slipway/slipway.h>
#include <stdio.h>

/* A kernel: x = 2 x, in place. */
static int32_t twice(const slip_kernel_ctx *ctx)
{
    float *x = slip_kernel_data(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        x[i] *= 2.0F;
    }
    return 0;
}

/* The graph: two tasks; the second follows the first because both write x. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor x = {0};
    slip_orch_tensor(o, 0, &x);
    const slip_arg arg = slip_inout(&x);
    slip_spawn(o, SLIP_TASK_AIV, 0, 1, &arg);
    return slip_spawn(o, SLIP_TASK_AIV, 0, 1, &arg);
}

static const slip_kernel_entry kernel = {"twice", twice, SLIP_AIV, 0};
static const slip_param param = {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1};
SLIP_EXPORT_PROGRAM("minimal", orchestrate, NULL, &kernel, 1, 1, &param);

/* Opens a runner, registers the program, runs it once. What fails says so on standard error. */
int main(void)
{
    const slip_runner_options options = {.struct_size = sizeof(options), .platform = "cpu"};
    slip_runner *runner = NULL;
    slip_callable minimal = {0};
    float x[3] = {1.0F, 2.0F, 3.0F};
    const uint32_t shape[] = {3};
    const slip_run_arg arg = slip_host_tensor(x, SLIP_F32, SLIP_ACCESS_INOUT, 1, shape);
    int failed = slip_runner_open(&options, &runner) != SLIP_OK ||
                 slip_register_program(runner, &slip_program_descriptor, &minimal) != SLIP_OK ||
                 slip_run(runner, minimal, &arg, 1, NULL) != SLIP_OK;
    printf("%s: %g %g %g\n", failed ? "failure" : "success", (double)x[0], (double)x[1],
           (double)x[2]);
    slip_runner_close(runner);
    return failed;
}
