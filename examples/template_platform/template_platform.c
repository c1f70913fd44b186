/*
 * template_platform.c - runs one kernel on a platform of the caller's own.
 *
 * The platform (template_ops.c) leaves both cache hooks null: every bind is a miss, and every
 * result is right. Prints what it did; exits with 0 if all is as expected, 1 if not, 2 on usage.
 */
#include <slipway/slipway.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "template_ops.h"

enum { LENGTH = 1000, RUNS_MAX = 1000000 };

/* y = a x + y, on one vector core. */
static int32_t axpy(const slip_kernel_ctx *ctx)
{
    const double *x = slip_kernel_data(ctx, 0);
    double *y = slip_kernel_data(ctx, 1);
    double a = slip_kernel_f64(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        y[i] += a * x[i];
    }
    return 0;
}

/* Submits the one task. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor x = {0};
    slip_tensor y = {0};
    slip_status status = slip_orch_tensor(o, 0, &x);
    if (status == SLIP_OK) {
        status = slip_orch_tensor(o, 1, &y);
    }
    const slip_arg args[] = {slip_in(&x), slip_inout(&y), slip_scalar_f64(0.5)};
    return status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, 0, 3, args) : status;
}

static const slip_kernel_entry kernels[] = {{"axpy", axpy, SLIP_AIV, 0}};
static const slip_param params[] = {
    {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F64, 1},
    {"y", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F64, 1},
};
static const slip_program program = {
    .magic = SLIP_PROGRAM_MAGIC,
    .abi = SLIP_PROGRAM_ABI,
    .struct_size = (uint32_t)sizeof(slip_program),
    .name = "axpy",
    .orchestrate = orchestrate,
    .kernels = kernels,
    .kernel_count = 1,
    .param_count = 2,
    .params = params,
};

/* Runs `runs` times; *out_error is the largest difference from the reference. */
static slip_status run_all(slip_runner *runner, long runs, double *out_error)
{
    static double x[LENGTH];
    static double y[LENGTH];
    const uint32_t shape[] = {LENGTH};
    slip_callable callable = {0};
    slip_run_config config = {.struct_size = sizeof(config)};
    for (int r = 0; r < (int)SLIP_RING_COUNT; r++) {
        config.sizing.ring[r] = (slip_ring_sizing){64, 65536, 64};
    }
    for (int i = 0; i < LENGTH; i++) {
        x[i] = i;
        y[i] = 1.0;
    }
    slip_status status = slip_register_program(runner, &program, &callable);
    for (long run = 0; run < runs && status == SLIP_OK; run++) {
        slip_run_arg args[] = {slip_host_tensor(x, SLIP_F64, SLIP_ACCESS_IN, 1, shape),
                               slip_host_tensor(y, SLIP_F64, SLIP_ACCESS_INOUT, 1, shape)};
        status = slip_run(runner, callable, args, 2, &config);
    }
    *out_error = 0.0;
    for (int i = 0; i < LENGTH; i++) {
        double difference = y[i] - (1.0 + 0.5 * (double)runs * x[i]);
        difference = difference < 0.0 ? -difference : difference;
        *out_error = difference > *out_error ? difference : *out_error;
    }
    return status;
}

/* Prints what happened; 0 if it is what a platform without cache hooks should show. */
static int report(slip_runner *runner, long runs, double error)
{
    slip_stats stats = {.struct_size = sizeof(stats)};
    if (slip_runner_stats(runner, &stats) != SLIP_OK) {
        return 1;
    }
    printf("platform template: %ld runs, %llu misses, %llu hits, largest error %g\n", runs,
           (unsigned long long)stats.misses, (unsigned long long)stats.hits, error);
    bool good = stats.misses == (uint64_t)runs && stats.hits == 0 && error < 1e-9;
    printf("%s\n", good ? "as expected" : "wanted a miss for every run, no hit, and no error");
    return good ? 0 : 1;
}

/* Prints the runner's last error, or what opening said. */
static int fail(slip_runner *runner)
{
    slip_error error = {.struct_size = sizeof(error)};
    slip_status status = runner != NULL ? slip_last_error(runner, &error) : slip_open_error(&error);
    (void)fprintf(stderr, "template_platform: %s\n",
                  status == SLIP_OK ? error.message : slip_status_message(status));
    slip_runner_close(runner);
    return 1;
}

/* Opens a runner over the template platform and runs. */
int main(int argc, char **argv)
{
    long runs = 3;
    if (argc == 3 && strcmp(argv[1], "--runs") == 0) {
        runs = strtol(argv[2], NULL, 10);
    } else if (argc != 1) {
        runs = 0;
    }
    if (runs < 1 || runs > RUNS_MAX) {
        printf("usage: template_platform [--runs N]   1 <= N <= %d\n", RUNS_MAX);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    slip_runner_options options = {.struct_size = sizeof(options), .ops = &template_platform};
    slip_runner *runner = NULL;
    double error = 0.0;
    if (slip_runner_open(&options, &runner) != SLIP_OK) {
        return fail(NULL);
    }
    if (run_all(runner, runs, &error) != SLIP_OK) {
        return fail(runner);
    }
    int code = report(runner, runs, error);
    slip_runner_close(runner);
    return code;
}
