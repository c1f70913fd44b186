/* minimal.c - a whole Slipway program in one process: two dependent tasks on one vector. */
#include <slipway/slipway.h>
#include <stdio.h>

/* x = 2 x, in place, on one vector core. */
static int32_t twice(const slip_kernel_ctx *ctx)
{
    float *x = slip_kernel_data(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        x[i] *= 2.0F;
    }
    return 0;
}

/* Submits two tasks; the second follows the first because both write x. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor x = {0};
    slip_orch_tensor(o, 0, &x);
    const slip_arg args[] = {slip_inout(&x)};
    slip_spawn(o, SLIP_TASK_AIV, 0, 1, args);
    return slip_spawn(o, SLIP_TASK_AIV, 0, 1, args);
}

/* Opens a runner, registers the program, runs it once. */
int main(void)
{
    const slip_kernel_entry kernel = {"twice", twice, SLIP_AIV, 0};
    const slip_param param = {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1};
    const slip_program program = {SLIP_PROGRAM_MAGIC,
                                  SLIP_PROGRAM_ABI,
                                  sizeof(slip_program),
                                  "minimal",
                                  orchestrate,
                                  NULL,
                                  &kernel,
                                  1,
                                  1,
                                  &param};
    slip_runner_options options = {.struct_size = sizeof(options), .platform = "cpu"};
    slip_runner *runner = NULL;
    slip_callable callable = {0};
    float x[3] = {1.0F, 2.0F, 3.0F};
    const uint32_t shape[] = {3};
    slip_run_arg arg = slip_host_tensor(x, SLIP_F32, SLIP_ACCESS_INOUT, 1, shape);
    slip_status status = slip_runner_open(&options, &runner);
    status = status != SLIP_OK ? status : slip_register_program(runner, &program, &callable);
    status = status != SLIP_OK ? status : slip_run(runner, callable, &arg, 1, NULL);
    printf("%s: %g %g %g\n", slip_status_message(status), (double)x[0], (double)x[1], (double)x[2]);
    slip_runner_close(runner);
    return status == SLIP_OK ? 0 : 1;
}
