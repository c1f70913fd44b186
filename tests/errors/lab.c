/* lab.c - a program whose orchestration function each test chooses; see lab.h. */
#include "lab.h"

#include <time.h>

static slipi_au64 chosen;   /* a slip_orch_fn [relaxed: a launch orders it] */
static slipi_au32 released; /* lets stuck kernels go [relaxed: a flag, orders nothing] */
static slipi_au64 counted;  /* kernels of LAB_COUNT [relaxed: a counter] */

/* Kernel: tensor 1 = tensor 0 + 1. */
static int32_t plus_one(const slip_kernel_ctx *ctx)
{
    const float *in = slip_kernel_data(ctx, 0);
    float *out = slip_kernel_data(ctx, 1);
    for (uint32_t i = 0; i < LAB_ELEMENTS; i++) {
        out[i] = in[i] + 1.0f;
    }
    return 0;
}

/* Kernel: nothing. */
static int32_t nothing(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* Kernel: returns its first scalar. */
static int32_t refuse(const slip_kernel_ctx *ctx)
{
    return (int32_t)slip_kernel_u64(ctx, 0);
}

/* Kernel: waits until it is released; on core 0, which may be the caller's thread, it does not. */
static int32_t stuck(const slip_kernel_ctx *ctx)
{
    const struct timespec duration = {0, 200000};
    do {
        (void)nanosleep(&duration, NULL);
    } while (ctx->core != 0 && slipi_load_relaxed(&released) == 0);
    return 0;
}

/* Kernel: counts itself. */
static int32_t count(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    slipi_add_relaxed(&counted, 1u);
    return 0;
}

/* Kernel: whether enough others came before it. */
static int32_t after(const slip_kernel_ctx *ctx)
{
    return slipi_load_relaxed(&counted) == slip_kernel_u64(ctx, 0) ? 0 : 1;
}

/* The program's orchestration function: the chosen one. */
static slip_status orchestrate(slip_orch *o)
{
    slip_orch_fn fn = (slip_orch_fn)(uintptr_t)slipi_load_relaxed(&chosen);
    return fn(o);
}

static const slip_kernel_entry kernels[LAB_KERNELS] = {
    {"plus_one", plus_one, SLIP_AIV, 0}, {"cube", nothing, SLIP_AIC, 0},
    {"nothing", nothing, SLIP_AIV, 0},   {"refuse", refuse, SLIP_AIV, 0},
    {"stuck", stuck, SLIP_AIV, 0},       {"count", count, SLIP_AIV, 0},
    {"after", after, SLIP_AIV, 0},
};

static const slip_param params[] = {
    {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 1},
    {"y", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1},
    {"n", SLIP_PARAM_SCALAR, 0, 0, 0},
};

static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "lab",
                                     orchestrate,
                                     NULL,
                                     kernels,
                                     LAB_KERNELS,
                                     3,
                                     params};

/* Opens a lab; see the header. */
bool lab_open(lab *l, const char *platform, const slip_runner_options *options)
{
    slip_runner_options own = {.struct_size = (uint32_t)sizeof(own)};
    if (options != NULL) {
        own = *options;
    }
    own.platform = platform;
    memset(l, 0, sizeof(*l));
    slip_status status = slip_runner_open(&own, &l->runner);
    if (status == SLIP_OK) {
        status = slip_register_program(l->runner, &program, &l->callable);
    }
    if (status != SLIP_OK) {
        fprintf(stderr, "lab_open on %s: %s\n", platform, slip_status_name(status));
    }
    return status == SLIP_OK;
}

/* Closes a lab. */
void lab_close(lab *l)
{
    slip_runner_close(l->runner);
    l->runner = NULL;
}

/* Runs an orchestration function; see the header. */
slip_status lab_run_n(lab *l, slip_orch_fn fn, uint64_t n, const slip_run_config *config)
{
    const uint32_t shape[1] = {LAB_ELEMENTS};
    for (uint32_t i = 0; i < LAB_ELEMENTS; i++) {
        l->x[i] = (float)i;
        l->y[i] = -1.0f;
    }
    const slip_run_arg args[] = {slip_host_tensor(l->x, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                 slip_host_tensor(l->y, SLIP_F32, SLIP_ACCESS_INOUT, 1, shape),
                                 slip_scalar_arg(n)};
    slipi_store_relaxed(&chosen, (uint64_t)(uintptr_t)fn);
    return slip_run(l->runner, l->callable, args, 3, config);
}

/* Runs an orchestration function with n = 0. */
slip_status lab_run(lab *l, slip_orch_fn fn, const slip_run_config *config)
{
    return lab_run_n(l, fn, 0, config);
}

/* Orchestration: y = x + 2 in two tasks. */
static slip_status good(slip_orch *o)
{
    slip_tensor x;
    slip_tensor y;
    slip_tensor between;
    slip_status status = slip_orch_tensor(o, 0, &x);
    status = status == SLIP_OK ? slip_orch_tensor(o, 1, &y) : status;
    if (status != SLIP_OK) {
        return status;
    }
    const slip_arg first[] = {slip_in(&x), slip_out(&between, SLIP_F32, 1, x.shape)};
    status = slip_spawn(o, SLIP_TASK_AIV, LAB_PLUS_ONE, 2, first);
    const slip_arg second[] = {slip_in(&between), slip_inout(&y)};
    return status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, LAB_PLUS_ONE, 2, second) : status;
}

/* A run that must be good. */
bool lab_good(lab *l)
{
    slip_status status = lab_run(l, good, NULL);
    bool right = status == SLIP_OK;
    for (uint32_t i = 0; i < LAB_ELEMENTS; i++) {
        right = right && l->y[i] == (float)i + 2.0f;
    }
    return right;
}

/* The last error of the runner. */
slip_error lab_error(lab *l)
{
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    if (slip_last_error(l->runner, &error) != SLIP_OK) {
        memset(&error, 0, sizeof(error));
    }
    return error;
}

/* A configuration with one sizing for all rings. */
slip_run_config lab_config(uint64_t window, uint64_t heap, uint64_t pool)
{
    slip_run_config config = {.struct_size = (uint32_t)sizeof(config)};
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        config.sizing.ring[ring] = (slip_ring_sizing){window, heap, pool};
    }
    return config;
}

/* Value of `--platform P` among the arguments. */
const char *lab_platform(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--platform") == 0) {
            return argv[i + 1];
        }
    }
    return "cpu";
}

/* Lets stuck kernels go, or holds them again. */
void lab_release(bool go)
{
    slipi_store_relaxed(&released, go ? 1u : 0u);
}

/* How often LAB_COUNT ran since the last call. */
uint64_t lab_counted(void)
{
    uint64_t count_now = slipi_load_relaxed(&counted);
    slipi_store_relaxed(&counted, 0u);
    return count_now;
}

/* Submits a task that makes one tensor. */
slip_status lab_make(slip_orch *o, slip_tensor *out, uint32_t elements)
{
    const uint32_t shape[1] = {elements};
    const slip_arg arg = slip_out(out, SLIP_F32, 1, shape);
    return slip_spawn(o, SLIP_TASK_AIV, LAB_NOTHING, 1, &arg);
}
