/*
 * consumer.c - a program outside the tree: opens a runner, runs one task, checks its result.
 *
 * Built by tests/install/test_install.sh against an installed Slipway. One thread.
 */
#include <stdio.h>
#include <string.h>

#include <slipway/slipway.h>

/* Doubles every element of its argument. */
static int32_t twice(const slip_kernel_ctx *ctx)
{
    float *x = slip_kernel_data(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        x[i] *= 2.0f;
    }
    return 0;
}

/* Submits one task over the run's argument. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor x;
    slip_status status = slip_orch_tensor(o, 0, &x);
    if (status != SLIP_OK) {
        return status;
    }
    slip_arg arg = slip_inout(&x);
    return slip_spawn(o, SLIP_TASK_AIV, 0, 1, &arg);
}

static const slip_kernel_entry kernels[] = {{"twice", twice, SLIP_AIV, 0}};
static const slip_param params[] = {{"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1}};
static const slip_program program = {
    SLIP_PROGRAM_MAGIC,
    SLIP_PROGRAM_ABI,
    (uint32_t)sizeof(slip_program),
    "consumer",
    orchestrate,
    NULL,
    kernels,
    1,
    1,
    params,
};

/* Runs the program over x on an open runner. */
static slip_status run(slip_runner *runner, float *x, uint32_t count)
{
    slip_callable callable;
    slip_status status = slip_register_program(runner, &program, &callable);
    if (status != SLIP_OK) {
        return status;
    }
    slip_run_arg arg = slip_host_tensor(x, SLIP_F32, SLIP_ACCESS_INOUT, 1, &count);
    return slip_run(runner, callable, &arg, 1, NULL);
}

/* Returns 0 if the installed library is the wanted one and computes. */
int main(int argc, char **argv)
{
    float x[3] = {1.0f, 2.0f, 3.0f};
    slip_runner *runner = NULL;
    slip_runner_options options = {.struct_size = (uint32_t)sizeof(options), .platform = "cpu"};
    slip_status status = slip_runner_open(&options, &runner);
    if (status == SLIP_OK) {
        status = run(runner, x, 3);
    }
    slip_runner_close(runner);
    printf("slipway %s: %s, %g %g %g\n", slip_version(), slip_status_name(status), (double)x[0],
           (double)x[1], (double)x[2]);
    if (argc > 1 && strcmp(argv[1], slip_version()) != 0) {
        printf("wanted version %s\n", argv[1]);
        return 1;
    }
    return status == SLIP_OK && x[0] == 2.0f && x[1] == 4.0f && x[2] == 6.0f ? 0 : 1;
}
