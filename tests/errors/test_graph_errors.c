/*
 * test_graph_errors.c - what a builder of a graph on the host can do wrong: as in an orchestration,
 * each mistake has its status and message, and the next run is good. Larger graphs than ring 0
 * holds are refused with what would do.
 *
 * ctest-labels: errors unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include <stdlib.h>

#include "lab.h"

enum { CHAIN = 40 };

static const char *platform;
static slip_graph_fn chosen;
static slip_task_handle kept; /* of an earlier graph */

/* Kernel: adds one to every element. */
static int32_t add_one(const slip_kernel_ctx *ctx)
{
    float *y = slip_kernel_data(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        y[i] += 1.0f;
    }
    return 0;
}

/* Kernel: fails. */
static int32_t fail_kernel(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 12;
}

/* The program's builder: the chosen one. */
static slip_status build(slip_graph *g)
{
    return chosen(g);
}

/* Adds one task over the run argument, after `dep` if there is one. */
static slip_status add(slip_graph *g, uint16_t kernel, const slip_task_handle *dep,
                       slip_task_handle *out)
{
    slip_tensor y;
    slip_status status = g->ops->arg_tensor(g, 0, &y);
    const slip_arg arg = slip_inout(&y);
    slip_task task = {(uint32_t)sizeof(slip_task), SLIP_TASK_AIV, {kernel, 0, 0}, 1, 0, &arg, dep};
    task.dep_count = dep != NULL ? 1 : 0;
    return status == SLIP_OK ? g->ops->add(g, &task, out) : status;
}

/* Good: a chain of tasks. */
static slip_status chain(slip_graph *g)
{
    slip_status status = add(g, 0, NULL, &kept);
    for (uint32_t i = 1; i < CHAIN && status == SLIP_OK; i++) {
        status = add(g, 0, &kept, &kept);
    }
    return status;
}

/* Good if the pool is large enough: a task with many edges. */
static slip_status fan_in(slip_graph *g)
{
    slip_task_handle deps[CHAIN];
    slip_task task = {(uint32_t)sizeof(slip_task), SLIP_TASK_DUMMY, {0, 0, 0}, 0, 0, NULL, NULL};
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < CHAIN && status == SLIP_OK; i++) {
        status = g->ops->add(g, &task, &deps[i]);
    }
    task.dep_count = CHAIN;
    task.deps = deps;
    return status == SLIP_OK ? g->ops->add(g, &task, NULL) : status;
}

/* Bad: no task. */
static slip_status null_task(slip_graph *g)
{
    return g->ops->add(g, NULL, NULL);
}

/* Bad: a kernel behind the end of the table. */
static slip_status kernel_index(slip_graph *g)
{
    return add(g, 5, NULL, NULL);
}

/* Bad: an edge to a task of an earlier graph. */
static slip_status stale_edge(slip_graph *g)
{
    return add(g, 0, &kept, NULL);
}

/* Bad: an initial value, which would be device memory written by the host. */
static slip_status initial_value(slip_graph *g)
{
    static const uint32_t shape[1] = {16};
    slip_tensor t;
    const slip_arg arg = slip_out_init(&t, SLIP_F32, 1, shape, 0);
    const slip_task task = {
        (uint32_t)sizeof(slip_task), SLIP_TASK_DUMMY, {0, 0, 0}, 1, 0, &arg, NULL};
    return g->ops->add(g, &task, NULL);
}

/* Bad: a view that leaves its buffer. */
static slip_status bad_slice(slip_graph *g)
{
    const uint32_t lo = LAB_ELEMENTS;
    const uint32_t len = 1;
    slip_tensor y;
    slip_status status = g->ops->arg_tensor(g, 0, &y);
    return status == SLIP_OK ? g->ops->slice(g, &y, &lo, &len, &y) : status;
}

/* Bad: a run argument that is not there. */
static slip_status absent_argument(slip_graph *g)
{
    uint64_t bits;
    return g->ops->arg_scalar(g, 3, &bits);
}

/* Bad: gives up. */
static slip_status gives_up(slip_graph *g)
{
    (void)g;
    return 9;
}

/* Bad: a kernel that fails, in the middle. */
static slip_status kernel_fails(slip_graph *g)
{
    slip_task_handle task;
    slip_status status = add(g, 0, NULL, &task);
    status = status == SLIP_OK ? add(g, 1, &task, &task) : status;
    return status == SLIP_OK ? add(g, 0, &task, &task) : status;
}

static const slip_kernel_entry kernels[] = {{"add_one", add_one, SLIP_AIV, 0},
                                            {"fail_kernel", fail_kernel, SLIP_AIV, 0}};
static const slip_param params[] = {{"y", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1}};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "built",
                                     NULL,
                                     build,
                                     kernels,
                                     2,
                                     1,
                                     params};

/* Runs a builder; y begins as zeros. */
static slip_status run(lab *l, slip_callable callable, slip_graph_fn fn, slip_run_config *config)
{
    const uint32_t shape[1] = {LAB_ELEMENTS};
    memset(l->y, 0, sizeof(l->y));
    const slip_run_arg arg = slip_host_tensor(l->y, SLIP_F32, SLIP_ACCESS_INOUT, 1, shape);
    chosen = fn;
    config->mode = SLIP_MODE_HOST_GRAPH;
    return slip_run(l->runner, callable, &arg, 1, config);
}

/* A good graph. */
static bool good(lab *l, slip_callable callable)
{
    slip_run_config config = lab_config(64, 65536, 64);
    return run(l, callable, chain, &config) == SLIP_OK && l->y[0] == (float)CHAIN &&
           l->y[LAB_ELEMENTS - 1] == (float)CHAIN;
}

/* One mistake of a builder. */
typedef struct mistake {
    slip_graph_fn fn;
    slip_status status;
    const char *said;
} mistake;

static const mistake mistakes[] = {
    {null_task, SLIP_E_INVALID_ARGUMENT, "struct_size"},
    {kernel_index, SLIP_E_KERNEL_INDEX, "kernel index 5"},
    {stale_edge, SLIP_E_BAD_HANDLE, "explicit edge 0"},
    {initial_value, SLIP_E_UNSUPPORTED, "add a task that does"},
    {bad_slice, SLIP_E_BAD_VIEW, "its 64 elements"},
    {absent_argument, SLIP_E_SIGNATURE, "run argument 3"},
    {gives_up, SLIP_E_ORCH_FAILED, "returned 9"},
    {kernel_fails, SLIP_E_KERNEL_FAILED, "'fail_kernel' (index 1) returned 12"},
};

/* Every mistake, and a good run after each. */
static void bad_builders(void)
{
    lab l;
    slip_callable callable;
    CHECK(lab_open(&l, platform, NULL));
    CHECK_STATUS(SLIP_OK, slip_register_program(l.runner, &program, &callable));
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        slip_run_config config = lab_config(64, 65536, 64);
        CHECK(good(&l, callable));
        CHECK_STATUS(mistakes[i].status, run(&l, callable, mistakes[i].fn, &config));
        CHECK_CONTAINS(lab_error(&l).message, mistakes[i].said);
        CHECK(good(&l, callable));
        CHECK(lab_good(&l));
    }
    lab_close(&l);
}

/* More tasks than the window; the window that is named does. */
static void larger_than_the_window(void)
{
    lab l;
    slip_callable callable;
    CHECK(lab_open(&l, platform, NULL));
    CHECK_STATUS(SLIP_OK, slip_register_program(l.runner, &program, &callable));
    slip_run_config config = lab_config(32, 65536, 64);
    CHECK_STATUS(SLIP_E_RING_DEADLOCK, run(&l, callable, chain, &config));
    slip_error error = lab_error(&l);
    CHECK_EQ(33, error.task);
    CHECK_EQ(32, error.capacity);
    const char *remedy = strstr(error.message, "to at least ");
    if (CHECK(remedy != NULL)) {
        config.sizing.ring[0].task_window = strtoull(remedy + strlen("to at least "), NULL, 10);
    }
    CHECK_STATUS(SLIP_OK, run(&l, callable, chain, &config));
    CHECK(l.y[0] == (float)CHAIN);
    lab_close(&l);
}

/* More edges than the pool holds: nothing runs while a graph is built, so they cannot be reused. */
static void larger_than_the_pool(void)
{
    lab l;
    slip_callable callable;
    CHECK(lab_open(&l, platform, NULL));
    CHECK_STATUS(SLIP_OK, slip_register_program(l.runner, &program, &callable));
    slip_run_config config = lab_config(64, 65536, 16);
    CHECK_STATUS(SLIP_E_RING_DEADLOCK, run(&l, callable, fan_in, &config));
    CHECK_CONTAINS(lab_error(&l).message, "more edges than ring 0 holds");
    CHECK_CONTAINS(lab_error(&l).message, "dep_pool");
    CHECK_EQ(CHAIN + 1, lab_error(&l).task);
    config.sizing.ring[0].dep_pool = CHAIN;
    CHECK_STATUS(SLIP_OK, run(&l, callable, fan_in, &config));
    CHECK(good(&l, callable));
    lab_close(&l);
}

/* A program without an orchestration function, and one without a builder, in the other mode. */
static void other_mode(void)
{
    lab l;
    slip_callable callable;
    const uint32_t shape[1] = {LAB_ELEMENTS};
    CHECK(lab_open(&l, platform, NULL));
    CHECK_STATUS(SLIP_OK, slip_register_program(l.runner, &program, &callable));
    const slip_run_arg arg = slip_host_tensor(l.y, SLIP_F32, SLIP_ACCESS_INOUT, 1, shape);
    CHECK_STATUS(SLIP_E_UNSUPPORTED, slip_run(l.runner, callable, &arg, 1, NULL));
    CHECK_CONTAINS(lab_error(&l).message, "no orchestration function");
    CHECK(good(&l, callable));
    lab_close(&l);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = lab_platform(argc, argv);
    CHECK_CASE(bad_builders);
    CHECK_CASE(larger_than_the_window);
    CHECK_CASE(larger_than_the_pool);
    CHECK_CASE(other_mode);
    return check_report();
}
