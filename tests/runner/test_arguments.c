/*
 * test_arguments.c - the arguments of a run: checked against the signature, device pointers against
 * their allocations, overlapping ones seen as one buffer, copied as their access says.
 *
 * ctest-labels: unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include "affine.h"
#include "support/check.h"

static const char *platform;

/* Good arguments, one of which a case spoils. */
typedef struct job {
    float x[AFFINE_ELEMENTS];
    float y[AFFINE_ELEMENTS];
    slip_run_arg args[4];
    uint32_t count;
} job;

/* Makes good arguments. */
static void make_job(job *j)
{
    const uint32_t shape[1] = {AFFINE_ELEMENTS};
    memset(j, 0, sizeof(*j));
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        j->x[i] = (float)i;
    }
    j->args[0] = slip_host_tensor(j->x, SLIP_F32, SLIP_ACCESS_IN, 1, shape);
    j->args[1] = slip_host_tensor(j->y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape);
    j->args[2] = slip_scalar_arg(0);
    j->count = 3;
}

/* Spoils: too few. */
static void too_few(job *j)
{
    j->count = 2;
}

/* Spoils: too many. */
static void too_many(job *j)
{
    j->args[3] = slip_scalar_arg(0);
    j->count = 4;
}

/* Spoils: wrong direction. */
static void wrong_direction(job *j)
{
    j->args[0].access = SLIP_ACCESS_INOUT;
}

/* Spoils: wrong type. */
static void wrong_type(job *j)
{
    j->args[1].dtype = SLIP_F64;
}

/* Spoils: no type. */
static void no_type(job *j)
{
    j->args[0].dtype = 200;
}

/* Spoils: wrong dimensions. */
static void wrong_dimensions(job *j)
{
    j->args[1].ndim = 2;
    j->args[1].shape[1] = 1;
}

/* Spoils: no dimensions. */
static void no_dimensions(job *j)
{
    j->args[0].ndim = 0;
}

/* Spoils: six dimensions. */
static void six_dimensions(job *j)
{
    j->args[0].ndim = 6;
}

/* Spoils: scalar for tensor. */
static void scalar_for_tensor(job *j)
{
    j->args[0] = slip_scalar_arg(0);
}

/* Spoils: tensor for scalar. */
static void tensor_for_scalar(job *j)
{
    j->args[2] = j->args[0];
}

/* Spoils: unknown kind. */
static void unknown_kind(job *j)
{
    j->args[0].kind = 9;
}

/* Spoils: empty tensor. */
static void empty_tensor(job *j)
{
    j->args[0].shape[0] = 0;
}

/* Spoils: null memory. */
static void null_memory(job *j)
{
    j->args[1].host = NULL;
}

/* Spoils: unknown space. */
static void unknown_space(job *j)
{
    j->args[1].space = 7;
}

/* Spoils: unaligned memory. */
static void unaligned_memory(job *j)
{
    j->args[0].host = (char *)j->x + 1;
    j->args[0].shape[0] = 1;
}

/* Spoils: wrapping memory. */
static void wrapping_memory(job *j)
{
    j->args[0].host = (void *)(UINTPTR_MAX - 15);
}

/* Spoils: foreign device memory. */
static void foreign_device_memory(job *j)
{
    j->args[0].space = SLIP_MEMORY_DEVICE;
    j->args[0].device.address = 4096;
}

/* Each gives its own error and a sentence that names the argument; a good run follows. */
static void bad_arguments(void)
{
    const struct {
        void (*spoil)(job *);
        slip_status status;
        const char *said;
    } cases[] = {
        {too_few, SLIP_E_SIGNATURE, "takes 3 arguments; the run gives 2"},
        {too_many, SLIP_E_SIGNATURE, "takes 3 arguments; the run gives 4"},
        {wrong_direction, SLIP_E_SIGNATURE, "'x': wanted IN, found INOUT"},
        {wrong_type, SLIP_E_SIGNATURE, "'y': wanted f4, found f8"},
        {no_type, SLIP_E_SIGNATURE, "'x': wanted f4, found no type"},
        {wrong_dimensions, SLIP_E_SIGNATURE, "'y': dimensions: wanted 1, found 2"},
        {no_dimensions, SLIP_E_SIGNATURE, "'x': dimensions: wanted 1, found 0"},
        {six_dimensions, SLIP_E_SIGNATURE, "'x': dimensions: wanted 1, found 6"},
        {scalar_for_tensor, SLIP_E_SIGNATURE, "'x': wanted a tensor, found a scalar"},
        {tensor_for_scalar, SLIP_E_SIGNATURE, "'code': wanted a scalar, found a tensor"},
        {unknown_kind, SLIP_E_SIGNATURE, "'x': wanted a tensor, found an unknown kind"},
        {empty_tensor, SLIP_E_BAD_TENSOR, "dimension of size 0"},
        {null_memory, SLIP_E_BAD_TENSOR, "null pointer"},
        {unknown_space, SLIP_E_BAD_TENSOR, "unknown memory space"},
        {unaligned_memory, SLIP_E_BAD_TENSOR, "alignment"},
        {wrapping_memory, SLIP_E_BAD_TENSOR, "wraps around"},
        {foreign_device_memory, SLIP_E_BAD_TENSOR, "one allocation of this runner"},
    };
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        job j;
        make_job(&j);
        cases[i].spoil(&j);
        CHECK_STATUS(cases[i].status, slip_run(runner, callable, j.args, j.count, NULL));
        slip_error error = affine_error(runner);
        CHECK_EQ(cases[i].status, error.status);
        CHECK_CONTAINS(error.message, cases[i].said);
    }
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_run(runner, callable, NULL, 3, NULL));
    CHECK_EQ(0, affine_stats(runner).runs);
    CHECK(affine_good(runner, callable, NULL));
    slip_runner_close(runner);
}

/* A program of any types and dimensions: takes what the signature leaves open. */
static slip_status open_signature(slip_orch *o)
{
    slip_tensor t;
    return slip_orch_tensor(o, 0, &t);
}

/* Shapes that no memory holds are refused by arithmetic, not by a crash. */
static void impossible_shapes(void)
{
    static const slip_param any[] = {{"any", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, 0, 0}};
    static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                         SLIP_PROGRAM_ABI,
                                         (uint32_t)sizeof(slip_program),
                                         "open_signature",
                                         open_signature,
                                         NULL,
                                         NULL,
                                         0,
                                         1,
                                         any};
    const struct {
        uint32_t ndim;
        uint32_t dtype;
        uint32_t shape[SLIP_MAX_DIMS];
    } cases[] = {
        {5, SLIP_F64, {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}},
        {2, SLIP_F32, {1, 1u << 31, 0, 0, 0}},
        {3, SLIP_U8, {2, 65536, 32768, 0, 0}},
        {3, SLIP_F32, {4, 0, 4, 0, 0}},
        {6, SLIP_F32, {1, 1, 1, 1, 1}},
        {0, SLIP_F32, {1, 1, 1, 1, 1}},
        {1, 99, {1, 0, 0, 0, 0}},
    };
    static double cell;
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable;
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        slip_run_arg arg = slip_host_tensor(&cell, (uint8_t)cases[i].dtype, SLIP_ACCESS_IN,
                                            cases[i].ndim, cases[i].shape);
        CHECK_STATUS(SLIP_E_BAD_TENSOR, slip_run(runner, callable, &arg, 1, NULL));
    }
    const uint32_t one[SLIP_MAX_DIMS] = {1, 1, 1, 1, 1};
    slip_run_arg good = slip_host_tensor(&cell, SLIP_F64, SLIP_ACCESS_IN, 5, one);
    CHECK_STATUS(SLIP_OK, slip_run(runner, callable, &good, 1, NULL));
    slip_runner_close(runner);
}

/* Device memory: used where it is, may start inside an allocation, must end inside it. */
static void device_memory(void)
{
    const uint64_t bytes = AFFINE_ELEMENTS * sizeof(float);
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_device_ptr memory;
    slip_device_ptr gone;
    job j;
    make_job(&j);
    CHECK_STATUS(SLIP_OK, slip_device_malloc(runner, 2 * bytes, &memory));
    CHECK_STATUS(SLIP_OK, slip_copy_to_device(runner, memory, j.x, bytes));
    slip_device_ptr second = {memory.address + bytes};
    j.args[0] = slip_device_tensor(memory, SLIP_F32, SLIP_ACCESS_IN, 1, j.args[0].shape);
    j.args[1] = slip_device_tensor(second, SLIP_F32, SLIP_ACCESS_OUT, 1, j.args[1].shape);
    slip_stats before = affine_stats(runner);
    CHECK_STATUS(SLIP_OK, slip_run(runner, callable, j.args, 3, NULL));
    slip_stats after = affine_stats(runner);
    CHECK_EQ(before.copy_in_bytes, after.copy_in_bytes);
    CHECK_EQ(before.copy_out_bytes, after.copy_out_bytes);
    CHECK_STATUS(SLIP_OK, slip_copy_from_device(runner, j.y, second, bytes));
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        CHECK_NEAR(2.0f * (float)i + 1.0f, j.y[i], 0);
    }
    j.args[1].device.address += 4;
    CHECK_STATUS(SLIP_E_BAD_TENSOR, slip_run(runner, callable, j.args, 3, NULL));
    j.args[1].device.address -= 4;
    CHECK_STATUS(SLIP_OK, slip_device_malloc(runner, bytes, &gone));
    j.args[0].device = gone;
    CHECK_STATUS(SLIP_OK, slip_device_free(runner, gone));
    CHECK_STATUS(SLIP_E_BAD_TENSOR, slip_run(runner, callable, j.args, 3, NULL));
    slip_runner_close(runner);
}

/* Calls on device memory check their ranges. */
static void device_memory_calls(void)
{
    char data[64] = "";
    slip_runner *runner = affine_open(platform, NULL);
    slip_device_ptr memory;
    slip_device_ptr inside;
    slip_device_ptr past;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_device_malloc(runner, 0, &memory));
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slip_device_malloc(runner, UINT64_MAX - 8192, &memory));
    CHECK_STATUS(SLIP_OK, slip_device_malloc(runner, 64, &memory));
    inside.address = memory.address + 8;
    past.address = memory.address + 64;
    CHECK_STATUS(SLIP_OK, slip_copy_to_device(runner, inside, data, 56));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_copy_to_device(runner, inside, data, 57));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_copy_from_device(runner, data, past, 1));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_copy_from_device(runner, data, inside, UINT64_MAX));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_copy_to_device(runner, memory, NULL, 8));
    CHECK_STATUS(SLIP_OK, slip_copy_to_device(runner, past, data, 0));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_device_free(runner, inside));
    CHECK_STATUS(SLIP_OK, slip_device_free(runner, memory));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_device_free(runner, memory));
    CHECK_STATUS(SLIP_OK, slip_device_free(runner, (slip_device_ptr){0}));
    slip_runner_close(runner);
}

/* Kernel: adds one to every element, in place. */
static int32_t add_one(const slip_kernel_ctx *ctx)
{
    uint32_t *data = slip_kernel_data(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        data[i]++;
    }
    return 0;
}

/* Orchestration: adds one to each of two arguments, `rounds` times in turn. */
static slip_status add_in_turn(slip_orch *o)
{
    slip_tensor t[2];
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < 2 && status == SLIP_OK; i++) {
        status = slip_orch_tensor(o, i, &t[i]);
    }
    uint64_t rounds = slip_orch_scalar(o, 2);
    for (uint64_t i = 0; i < 2 * rounds && status == SLIP_OK; i++) {
        slip_arg arg = slip_inout(&t[i % 2]);
        status = slip_spawn(o, SLIP_TASK_AIV, 0, 1, &arg);
    }
    return status;
}

/* Arguments that overlap are one buffer: their tasks are ordered, and every byte comes back. */
static void overlapping_arguments(void)
{
    enum { COUNT = 24, ROUNDS = 20 };
    static const slip_kernel_entry kernels[] = {{"add_one", add_one, SLIP_AIV, 0}};
    static const slip_param params[] = {
        {"a", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U32, 1},
        {"b", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U32, 1},
        {"rounds", SLIP_PARAM_SCALAR, 0, 0, 0},
    };
    static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                         SLIP_PROGRAM_ABI,
                                         (uint32_t)sizeof(slip_program),
                                         "add_in_turn",
                                         add_in_turn,
                                         NULL,
                                         kernels,
                                         1,
                                         3,
                                         params};
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable;
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    slip_run_config config = affine_config(64, 65536, 64);
    config.audit = 1;
    config.dispatch = SLIP_DISPATCH_SHARED;
    for (uint32_t second = 0; second <= 16; second += 4) {
        uint32_t data[COUNT] = {0};
        const uint32_t shape[1] = {8};
        slip_run_arg args[] = {
            slip_host_tensor(data + second, SLIP_U32, SLIP_ACCESS_INOUT, 1, shape),
            slip_host_tensor(data + 4, SLIP_U32, SLIP_ACCESS_INOUT, 1, shape),
            slip_scalar_arg(ROUNDS)};
        CHECK_STATUS(SLIP_OK, slip_run(runner, callable, args, 3, &config));
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t wanted =
                (i >= second && i < second + 8 ? ROUNDS : 0u) + (i >= 4 && i < 12 ? ROUNDS : 0u);
            CHECK_EQ(wanted, data[i]);
        }
        slip_audit_report report = {.struct_size = (uint32_t)sizeof(report)};
        CHECK_STATUS(SLIP_OK, slip_audit(runner, &report));
        /* Apart, they are two chains; together, every task is ordered after the one before. */
        uint64_t edges = report.edges + report.edges_skipped;
        CHECK(second < 12 ? edges >= 2 * ROUNDS - 1 : edges == 2 * (ROUNDS - 1));
    }
    slip_runner_close(runner);
}

/* Kernel: does nothing. */
static int32_t nothing(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* Orchestration: one task on the last argument. */
static slip_status touch_last(slip_orch *o)
{
    slip_tensor t;
    slip_status status = slip_orch_tensor(o, SLIP_MAX_RUN_ARGS - 1, &t);
    if (status != SLIP_OK) {
        return status;
    }
    slip_arg arg = slip_in(&t);
    return slip_spawn(o, SLIP_TASK_AIV, 0, 1, &arg);
}

/* As many arguments as are possible, in any order in memory. */
static void most_arguments(void)
{
    static const slip_kernel_entry kernels[] = {{"nothing", nothing, SLIP_AIV, 0}};
    static slip_param params[SLIP_MAX_RUN_ARGS];
    static slip_run_arg args[SLIP_MAX_RUN_ARGS];
    static uint32_t data[SLIP_MAX_RUN_ARGS][32];
    const uint32_t shape[1] = {16};
    for (uint32_t i = 0; i < SLIP_MAX_RUN_ARGS; i++) {
        params[i] = (slip_param){"p", SLIP_PARAM_TENSOR, SLIP_ACCESS_IN, 0, 0};
        args[i] = slip_host_tensor(data[(i * 37) % SLIP_MAX_RUN_ARGS], SLIP_U32, SLIP_ACCESS_IN, 1,
                                   shape);
    }
    const slip_program program = {SLIP_PROGRAM_MAGIC,
                                  SLIP_PROGRAM_ABI,
                                  (uint32_t)sizeof(slip_program),
                                  "touch_last",
                                  touch_last,
                                  NULL,
                                  kernels,
                                  1,
                                  SLIP_MAX_RUN_ARGS,
                                  params};
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable;
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(SLIP_OK, slip_run(runner, callable, args, SLIP_MAX_RUN_ARGS, NULL));
    }
    slip_runner_close(runner);
}

/* Runs affine once over this memory; true if y is right. */
static bool run_over(slip_runner *runner, slip_callable callable, job *j, slip_status wanted)
{
    memset(j->y, 0, sizeof(j->y));
    CHECK_STATUS(wanted, slip_run(runner, callable, j->args, 3, NULL));
    bool right = true;
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        right = right && j->y[i] == 2.0f * j->x[i] + 1.0f;
    }
    return right;
}

/* The same arguments again are taken as they were placed, but for what has changed since. */
static void same_arguments_again(void)
{
    slip_program twin = affine_program;
    twin.name = "twin";
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_callable other;
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &twin, &other));
    job j;
    job k;
    make_job(&j);
    make_job(&k);
    CHECK(run_over(runner, callable, &j, SLIP_OK));
    j.x[5] = 1000.0f; /* other contents */
    CHECK(run_over(runner, callable, &j, SLIP_OK));
    CHECK(run_over(runner, other, &j, SLIP_OK));    /* another program */
    CHECK(run_over(runner, callable, &k, SLIP_OK)); /* other memory */
    CHECK(run_over(runner, callable, &j, SLIP_OK));
    j.args[2] = slip_scalar_arg(9); /* another scalar */
    (void)run_over(runner, callable, &j, SLIP_E_KERNEL_FAILED);
    CHECK_EQ(9, affine_error(runner).code);
    j.args[2] = slip_scalar_arg(0);
    CHECK(run_over(runner, callable, &j, SLIP_OK));
    j.args[0].dtype = SLIP_I32; /* another type */
    (void)run_over(runner, callable, &j, SLIP_E_SIGNATURE);
    j.args[0].dtype = SLIP_F32;
    CHECK(run_over(runner, callable, &j, SLIP_OK));
    slip_runner_close(runner);
}

/* Memory that is freed between two runs with the same arguments is noticed. */
static void freed_between_runs(void)
{
    const uint64_t bytes = AFFINE_ELEMENTS * sizeof(float);
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_device_ptr memory;
    job j;
    make_job(&j);
    CHECK_STATUS(SLIP_OK, slip_device_malloc(runner, bytes, &memory));
    CHECK_STATUS(SLIP_OK, slip_copy_to_device(runner, memory, j.x, bytes));
    j.args[0] = slip_device_tensor(memory, SLIP_F32, SLIP_ACCESS_IN, 1, j.args[0].shape);
    CHECK(run_over(runner, callable, &j, SLIP_OK));
    CHECK(run_over(runner, callable, &j, SLIP_OK));
    CHECK_STATUS(SLIP_OK, slip_device_free(runner, memory));
    (void)run_over(runner, callable, &j, SLIP_E_BAD_TENSOR);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(bad_arguments);
    CHECK_CASE(impossible_shapes);
    CHECK_CASE(device_memory);
    CHECK_CASE(device_memory_calls);
    CHECK_CASE(overlapping_arguments);
    CHECK_CASE(most_arguments);
    CHECK_CASE(same_arguments_again);
    CHECK_CASE(freed_between_runs);
    return check_report();
}
