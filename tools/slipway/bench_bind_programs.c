/*
 * bench_bind_programs.c - the programs that `slipway bench bind` runs; see bench_programs.h.
 *
 * For bench_bind*.c. Orchestrations run on a runner's orchestrator thread, kernels on any of its
 * threads, all in this process.
 */
#include <pthread.h>
#include <string.h>

#include "bench_programs.h"
#include "cli.h"

/* Tasks of one inner scope, whose slots come back when it has ended. */
#define SCOPE_TASKS 256u

/* Floats of an output: a page. */
#define OUTPUT_FLOATS 1024u

/* When the first kernel of the current run ended; guarded by its mutex. */
static pthread_mutex_t first_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t first_ns;

/* Forgets the time of the first kernel. */
void slipi_bench_first_begin(void)
{
    pthread_mutex_lock(&first_lock);
    first_ns = 0;
    pthread_mutex_unlock(&first_lock);
}

/* Time of the first kernel. */
uint64_t slipi_bench_first_ns(void)
{
    pthread_mutex_lock(&first_lock);
    uint64_t ns = first_ns;
    pthread_mutex_unlock(&first_lock);
    return ns;
}

/* Does nothing. */
static int32_t empty_kernel(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* Writes one line of its output; the first one of a run also notes the time. */
static int32_t touch(const slip_kernel_ctx *ctx)
{
    float *out = slip_kernel_data(ctx, 0);
    memset(out, 0, 64);
    if (slip_kernel_u64(ctx, 0) == 0) {
        pthread_mutex_lock(&first_lock);
        first_ns = slipi_cli_now_ns();
        pthread_mutex_unlock(&first_lock);
    }
    return 0;
}

/* Submits nothing. */
static slip_status empty_orchestrate(slip_orch *o)
{
    (void)o;
    return SLIP_OK;
}

/* Submits one task. */
static slip_status one_orchestrate(slip_orch *o)
{
    return slip_spawn(o, SLIP_TASK_AIV, 0, 0, NULL);
}

/* Submits tasks with an output each, in scopes. */
static slip_status first_orchestrate(slip_orch *o)
{
    const uint32_t shape[1] = {OUTPUT_FLOATS};
    uint64_t tasks = slip_orch_scalar(o, 0);
    slip_status status = SLIP_OK;
    for (uint64_t i = 0; i < tasks && status == SLIP_OK; i++) {
        slip_tensor out = {0};
        if (i % SCOPE_TASKS == 0) {
            status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
        }
        const slip_arg args[] = {slip_out(&out, SLIP_F32, 1, shape), slip_scalar(i)};
        status = status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, 1, 2, args) : status;
        if (status == SLIP_OK && (i % SCOPE_TASKS == SCOPE_TASKS - 1 || i + 1 == tasks)) {
            status = slip_scope_end(o);
        }
    }
    return status;
}

static const slip_kernel_entry kernels[] = {{"empty", empty_kernel, SLIP_AIV, 0},
                                            {"touch", touch, SLIP_AIV, 0}};
static const slip_param first_params[] = {{"tasks", SLIP_PARAM_SCALAR, 0, 0, 0}};

const slip_program slipi_bench_one = {SLIP_PROGRAM_MAGIC,
                                      SLIP_PROGRAM_ABI,
                                      (uint32_t)sizeof(slip_program),
                                      "bench_one",
                                      one_orchestrate,
                                      NULL,
                                      kernels,
                                      1,
                                      0,
                                      first_params};

const slip_program slipi_bench_first = {SLIP_PROGRAM_MAGIC,
                                        SLIP_PROGRAM_ABI,
                                        (uint32_t)sizeof(slip_program),
                                        "bench_first",
                                        first_orchestrate,
                                        NULL,
                                        kernels,
                                        2,
                                        1,
                                        first_params};

/* A program with as many arguments as is asked for. */
const slip_program *slipi_bench_args_program(uint32_t count)
{
    static slip_param params[SLIP_MAX_RUN_ARGS];
    static slip_program program = {SLIP_PROGRAM_MAGIC,
                                   SLIP_PROGRAM_ABI,
                                   (uint32_t)sizeof(slip_program),
                                   "bench_args",
                                   empty_orchestrate,
                                   NULL,
                                   kernels,
                                   1,
                                   0,
                                   params};
    for (uint32_t i = 0; i < count && i < SLIP_MAX_RUN_ARGS; i++) {
        params[i] = (slip_param){"tensor", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 1};
    }
    program.param_count = count;
    return &program;
}
