/* wide.c - a program with many tensors; see wide.h. */
#include "wide.h"

#include "affine.h"
#include "support/check.h"

/* Kernel: out[i] = first element of tensor i. */
static int32_t gather(const slip_kernel_ctx *ctx)
{
    uint32_t count = ctx->tensor_count - 1;
    float *out = slip_kernel_data(ctx, count);
    for (uint32_t i = 0; i < count; i++) {
        const float *in = slip_kernel_data(ctx, i);
        out[i] = in[0];
    }
    return 0;
}

/* Orchestration: one task with all tensors; the scalar says how many. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor tensors[WIDE_MOST + 1];
    slip_arg args[WIDE_MOST + 1];
    uint32_t count = (uint32_t)slip_orch_scalar(o, 0);
    for (uint32_t i = 0; i <= count && count <= WIDE_MOST; i++) {
        slip_status status = slip_orch_tensor(o, 1 + i, &tensors[i]);
        if (status != SLIP_OK) {
            return status;
        }
        args[i] = i < count ? slip_in(&tensors[i]) : slip_out_existing(&tensors[i]);
    }
    return slip_spawn(o, SLIP_TASK_AIV, 0, count + 1, args);
}

static const slip_kernel_entry kernels[] = {{"gather", gather, SLIP_AIV, 0}};
static slip_param params[WIDE_MOST + 2];
static slip_program program = {SLIP_PROGRAM_MAGIC,
                               SLIP_PROGRAM_ABI,
                               (uint32_t)sizeof(slip_program),
                               "wide",
                               orchestrate,
                               NULL,
                               kernels,
                               1,
                               0,
                               params};

/* Makes the signature: count, tensors, out. */
static void make_signature(uint32_t count)
{
    params[0] = (slip_param){"count", SLIP_PARAM_SCALAR, 0, 0, 0};
    for (uint32_t i = 1; i <= count; i++) {
        params[i] = (slip_param){"t", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, SLIP_F32, 1};
    }
    params[count + 1] = (slip_param){"out", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 1};
    program.param_count = count + 2;
}

/* Opens a runner and prepares a call; see the header. */
void wide_open(wide *w, const char *platform, const struct slip_platform_ops *ops, uint32_t count)
{
    const uint32_t shape[1] = {WIDE_ELEMENTS};
    const uint32_t out_shape[1] = {count};
    static slip_run_arg args[WIDE_MOST + 2];
    slip_callable callable = {0};
    slip_device_ptr base = {0};
    slip_run_config config = affine_config(64, 65536, 64);
    make_signature(count);
    w->count = count;
    w->call = NULL;
    w->runner = affine_open(platform, ops);
    CHECK_STATUS(SLIP_OK, slip_register_program(w->runner, &program, &callable));
    CHECK_STATUS(SLIP_OK, slip_device_malloc(w->runner, count * 128u, &base));
    CHECK_STATUS(SLIP_OK, slip_device_malloc(w->runner, count * sizeof(float), &w->out));
    args[0] = slip_scalar_arg(count);
    for (uint32_t i = 0; i < count; i++) {
        float value[WIDE_ELEMENTS] = {(float)(i + 1)};
        w->memory[i].address = base.address + i * 128u;
        w->holds[i] = i;
        CHECK_STATUS(SLIP_OK, slip_copy_to_device(w->runner, w->memory[i], value, sizeof(value)));
        args[1 + i] = slip_device_tensor(w->memory[i], SLIP_F32, SLIP_ACCESS_IN, 1, shape);
    }
    args[count + 1] = slip_device_tensor(w->out, SLIP_F32, SLIP_ACCESS_OUT, 1, out_shape);
    CHECK_STATUS(SLIP_OK,
                 slip_call_prepare(w->runner, callable, args, count + 2, &config, &w->call));
}

/* Sets tensor `index` to the memory that it holds. */
static void set(wide *w, uint32_t index)
{
    const uint32_t shape[1] = {WIDE_ELEMENTS};
    slip_run_arg arg =
        slip_device_tensor(w->memory[w->holds[index]], SLIP_F32, SLIP_ACCESS_IN, 1, shape);
    CHECK_STATUS(SLIP_OK, slip_call_set(w->call, 1 + index, &arg));
}

/* Lets two tensors change places; see the header. */
void wide_exchange(wide *w, uint32_t first, uint32_t second)
{
    uint32_t held = w->holds[first];
    w->holds[first] = w->holds[second];
    w->holds[second] = held;
    set(w, first);
    set(w, second);
}

/* Runs the call; see the header. */
bool wide_right(wide *w)
{
    float out[WIDE_MOST] = {0};
    bool good = CHECK_STATUS(SLIP_OK, slip_call_run(w->call)) &&
                CHECK_STATUS(SLIP_OK, slip_copy_from_device(w->runner, out, w->out,
                                                            w->count * sizeof(float)));
    for (uint32_t i = 0; i < w->count && good; i++) {
        good = CHECK_NEAR(w->holds[i] + 1, out[i], 0);
    }
    return good;
}

/* Closes the runner. */
void wide_close(wide *w)
{
    slip_runner_close(w->runner);
}
