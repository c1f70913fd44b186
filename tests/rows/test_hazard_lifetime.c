/*
 * test_hazard_lifetime.c - a buffer of the ring heap outlives its last user, whatever kind of
 * argument that is, when the heap is wanted for something else.
 *
 * An outer scope makes a buffer as large as the ring's heap; a task of an inner scope uses it and
 * waits for a later task besides. Both scopes end, and the next allocation on that ring, with an
 * initial value, needs the same bytes. One thread orchestrates first; it runs tasks only while it
 * waits for the heap, so the user has not run when its buffer's creator has. All edges of the user
 * are explicit.
 * ctest-labels: row hazard lifetime
 */
#include "row.h"
#include "support/check.h"

enum { ELEMENTS = 256, HEAP_BYTES = ELEMENTS * 4 };
enum { KERNEL_NOTHING = 0, KERNEL_FILL, KERNEL_SUM, KERNEL_UPDATE_AND_SUM };

/* How the inner task uses the buffer. */
enum use { USE_READ, USE_IN_PLACE, USE_NODEP, USE_NODEP_VIEW, USE_MANUAL, USES };
static const char *const use_names[USES] = {"read", "in place", "nodep", "view nodep", "manual"};

/* The run under way; the orchestration function reads it. */
static struct {
    enum use use;
    uint32_t depth; /* of the outer scope; at 3 the inner one is on the same ring */
} now;

/* Kernel: nothing. */
static int32_t nothing(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* Kernel: every element = 7. */
static int32_t fill(const slip_kernel_ctx *ctx)
{
    float *out = slip_kernel_data(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        out[i] = 7.0f;
    }
    return 0;
}

/* Kernel: result = sum of the buffer. */
static int32_t sum(const slip_kernel_ctx *ctx)
{
    const float *in = slip_kernel_data(ctx, 0);
    float total = 0;
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        total += in[i];
    }
    *(float *)slip_kernel_data(ctx, 1) = total;
    return 0;
}

/* Kernel: every element = 2 element + 1, then as sum. */
static int32_t update_and_sum(const slip_kernel_ctx *ctx)
{
    float *v = slip_kernel_data(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        v[i] = 2.0f * v[i] + 1.0f;
    }
    return sum(ctx);
}

/* Submits one task. */
static slip_status submit(slip_orch *o, uint16_t kernel, uint32_t arg_count, const slip_arg *args,
                          uint32_t dep_count, const slip_task_handle *deps, slip_task_handle *out)
{
    slip_task task = {.struct_size = (uint32_t)sizeof(task),
                      .shape = SLIP_TASK_AIV,
                      .kernel = {kernel, 0, 0},
                      .arg_count = arg_count,
                      .dep_count = dep_count,
                      .args = args,
                      .deps = deps};
    return slip_submit_task(o, &task, out);
}

/* The inner scope: one task that uses the buffer after `deps`. */
static slip_status use_buffer(slip_orch *o, const slip_tensor *buffer, const slip_tensor *result,
                              const slip_task_handle *deps)
{
    const uint32_t lo[1] = {ELEMENTS / 2};
    const uint32_t len[1] = {ELEMENTS / 2};
    slip_tensor half;
    slip_status status =
        slip_scope_begin(o, now.use == USE_MANUAL ? SLIP_SCOPE_MANUAL : SLIP_SCOPE_AUTO);
    if (status == SLIP_OK) {
        status = slip_slice(o, buffer, lo, len, &half);
    }
    if (status != SLIP_OK) {
        return status;
    }
    slip_arg args[] = {now.use == USE_NODEP        ? slip_nodep(buffer)
                       : now.use == USE_NODEP_VIEW ? slip_nodep(&half)
                       : now.use == USE_IN_PLACE   ? slip_inout(buffer)
                                                   : slip_in(buffer),
                       slip_out_existing(result)};
    uint16_t kernel = now.use == USE_IN_PLACE ? KERNEL_UPDATE_AND_SUM : KERNEL_SUM;
    status = submit(o, kernel, 2, args, 2, deps, NULL);
    return status == SLIP_OK ? slip_scope_end(o) : status;
}

/* The outer scope: makes the buffer, has it used, ends. */
static slip_status outer_scope(slip_orch *o, const slip_tensor *result)
{
    const uint32_t shape[1] = {ELEMENTS};
    slip_tensor buffer;
    slip_task_handle deps[2];
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    if (status == SLIP_OK) {
        slip_arg args[] = {slip_out(&buffer, SLIP_F32, 1, shape)};
        status = submit(o, KERNEL_FILL, 1, args, 0, NULL, &deps[0]);
    }
    if (status == SLIP_OK) {
        status = submit(o, KERNEL_NOTHING, 0, NULL, 0, NULL, &deps[1]);
    }
    if (status == SLIP_OK) {
        status = use_buffer(o, &buffer, result, deps);
    }
    return status == SLIP_OK ? slip_scope_end(o) : status;
}

/* The next scope: wants all of the ring's heap, and writes to it at once. */
static slip_status next_scope(slip_orch *o)
{
    const uint32_t shape[1] = {ELEMENTS};
    slip_tensor other;
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    if (status == SLIP_OK) {
        const uint32_t nine = 0x41100000u; /* 9.0f */
        slip_arg args[] = {slip_out_init(&other, SLIP_F32, 1, shape, nine)};
        status = submit(o, KERNEL_NOTHING, 1, args, 0, NULL, NULL);
    }
    return status == SLIP_OK ? slip_scope_end(o) : status;
}

/* Orchestration; see the head of the file. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor result;
    slip_status status = slip_orch_tensor(o, 0, &result);
    for (uint32_t d = 1; d < now.depth && status == SLIP_OK; d++) {
        status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    }
    if (status == SLIP_OK) {
        status = outer_scope(o, &result);
    }
    if (status == SLIP_OK) {
        status = next_scope(o);
    }
    for (uint32_t d = 1; d < now.depth && status == SLIP_OK; d++) {
        status = slip_scope_end(o);
    }
    return status;
}

static const slip_kernel_entry kernels[] = {
    {"nothing", nothing, SLIP_AIV, 0},
    {"fill", fill, SLIP_AIV, 0},
    {"sum", sum, SLIP_AIV, 0},
    {"update_and_sum", update_and_sum, SLIP_AIV, 0},
};

static const slip_param params[] = {
    {"result", SLIP_PARAM_TENSOR, SLIP_ACCESS_OUT, SLIP_F32, 1},
};

static const slip_program program = {
    .magic = SLIP_PROGRAM_MAGIC,
    .abi = SLIP_PROGRAM_ABI,
    .struct_size = (uint32_t)sizeof(slip_program),
    .name = "lifetime",
    .orchestrate = orchestrate,
    .kernels = kernels,
    .kernel_count = 4,
    .param_count = 1,
    .params = params,
};

/* What the user of the buffer must have summed up. */
static float expected(enum use use)
{
    uint32_t elements = use == USE_NODEP_VIEW ? ELEMENTS / 2 : ELEMENTS;
    return (float)elements * (use == USE_IN_PLACE ? 15.0f : 7.0f);
}

/* Every kind of use, with outer and inner scope on two rings and on one, several times each. */
static void buffer_outlives_its_user(void)
{
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .platform = "cpu", .threads = 1};
    slip_run_config config = row_config(64, HEAP_BYTES, 64);
    slip_runner *runner = NULL;
    slip_callable callable = {0};
    const uint32_t shape[1] = {1};
    config.dispatch = SLIP_DISPATCH_SERIAL;
    config.audit = 1;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    for (uint32_t i = 0; i < 3u * 3u * USES; i++) {
        now.use = (enum use)(i % USES);
        now.depth = 1 + i / USES % 3;
        float result = 0;
        slip_audit_report report = {.struct_size = (uint32_t)sizeof(report)};
        slip_run_arg args[] = {slip_host_tensor(&result, SLIP_F32, SLIP_ACCESS_OUT, 1, shape)};
        bool good = CHECK_STATUS(SLIP_OK, slip_run(runner, callable, args, 1, &config));
        good = CHECK_STATUS(SLIP_OK, slip_audit(runner, &report)) && good;
        good = CHECK_EQ((int)expected(now.use), (int)result) && good;
        if (!good) {
            fprintf(stderr, "%s, outer scope at depth %u: %s\n", use_names[now.use], now.depth,
                    report.first_problem);
        }
    }
    slip_runner_close(runner);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(buffer_outlives_its_user);
    return check_report();
}
