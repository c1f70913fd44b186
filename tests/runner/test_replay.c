/*
 * test_replay.c - recorded graphs: a replay does what a run does, with arguments that may change;
 * what a graph depends on may not; mistakes and failed kernels leave the next replay good.
 *
 * ctest-labels: unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include <stdlib.h>

#include "affine.h"
#include "support/check.h"

enum { N = 32, ROWS = 4, WIDE = 7 };

static const char *platform;
static uint32_t steps = 6; /* of the orchestration function */
static uint32_t variant;   /* what it does otherwise: checked mode finds it */
static uint32_t calls;     /* of the orchestration function */
static bool reads_an_element;

/* Kernel: y += factor * x + the sum of the other scalars; the first scalar is what it returns. */
static int32_t axpy(const slip_kernel_ctx *ctx)
{
    const float *x = slip_kernel_data(ctx, 0);
    float *y = slip_kernel_data(ctx, ctx->tensor_count - 1);
    uint64_t more = 0;
    for (uint32_t s = 2; s < ctx->scalar_count; s++) {
        more += slip_kernel_u64(ctx, s);
    }
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        y[i] += (float)slip_kernel_u64(ctx, 1) * x[i] + (float)more;
    }
    return (int32_t)slip_kernel_u64(ctx, 0);
}

/*
 * Each step: a temporary that starts at 1, t += factor x; then row[step] += 1 t. The last task has
 * more tensors and scalars than a slot holds.
 */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor x = {0};
    slip_tensor y = {0};
    slip_tensor t[WIDE] = {{0}};
    slip_tensor row = {0};
    const uint32_t one[2] = {1, N};
    const uint32_t flat[1] = {N};
    calls++;
    slip_orch_tensor(o, 0, &x);
    slip_orch_tensor(o, 1, &y);
    uint32_t count = (uint32_t)slip_orch_scalar(o, 3);
    for (uint32_t i = 0; i < steps; i++) {
        const uint32_t low[2] = {(i + variant * (i == 2)) % ROWS, 0};
        float init = 1.0F;
        uint32_t bits = 0;
        memcpy(&bits, &init, sizeof(bits));
        slip_scope_begin(o, SLIP_SCOPE_AUTO);
        slip_slice(o, &y, low, one, &row);
        slip_reshape(o, &row, 1, flat, &row);
        slip_arg make[] = {slip_in(&x), slip_scalar_param(4), slip_scalar_param(2),
                           slip_out_init(&t[0], SLIP_F32, 1, flat, bits)};
        slip_spawn(o, SLIP_TASK_AIV, 0, 4, make);
        slip_arg add[] = {slip_in(&t[0]), slip_inout(&row), slip_scalar(0), slip_scalar(count)};
        slip_spawn(o, SLIP_TASK_AIV, 0, 4, add);
        slip_scope_end(o);
    }
    const uint32_t first[2] = {0, 0};
    slip_slice(o, &y, first, one, &row);
    slip_reshape(o, &row, 1, flat, &row);
    slip_arg wide[2 * WIDE + 1];
    for (uint32_t i = 0; i < WIDE; i++) {
        slip_alloc(o, &t[i], SLIP_F32, 1, flat);
        wide[i] = i == 0 ? slip_in(&x) : slip_nodep(&t[i]);
        wide[WIDE + 1 + i] = slip_scalar(i < 2 ? i : 1);
    }
    wide[WIDE] = slip_inout(&row);
    slip_spawn(o, SLIP_TASK_AIV, 0, 2 * WIDE + 1, wide);
    uint64_t bits = 0;
    return reads_an_element ? slip_get(o, &y, first, &bits) : slip_orch_failed(o);
}

/* Builder: two tasks, one after the other. */
static slip_status build(slip_graph *g)
{
    slip_tensor x;
    slip_task_handle before = {0};
    slip_status status = g->ops->arg_tensor(g, 0, &x);
    for (uint32_t i = 0; i < 2 && status == SLIP_OK; i++) {
        slip_arg args[] = {slip_nodep(&x), slip_inout(&x), slip_scalar(0), slip_scalar_param(2)};
        slip_task task = {
            (uint32_t)sizeof(slip_task), SLIP_TASK_AIV, {0, 0, 0}, 4, i, args, &before};
        status = g->ops->add(g, &task, &before);
    }
    return status;
}

static const slip_kernel_entry kernels[] = {{"axpy", axpy, SLIP_AIV, 0}};
static const slip_param params[] = {
    {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1},
    {"y", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 2},
    {"factor", SLIP_PARAM_SCALAR, 0, 0, 0},
    {"count", SLIP_PARAM_SCALAR, 0, 0, 0},
    {"code", SLIP_PARAM_SCALAR, 0, 0, 0},
};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "replay",
                                     orchestrate,
                                     build,
                                     kernels,
                                     1,
                                     5,
                                     params};

/* Everything of one case. */
typedef struct scene {
    slip_runner *runner;
    slip_callable callable;
    slip_recording *graph;
    slip_run_config config;
    slip_run_arg args[5];
    float x[N];
    float y[ROWS][N];
} scene;

/* Fills x and y. */
static void contents(scene *s, float value)
{
    for (uint32_t i = 0; i < N; i++) {
        s->x[i] = value + (float)i;
        for (uint32_t r = 0; r < ROWS; r++) {
            s->y[r][i] = (float)r;
        }
    }
}

/* What a run makes of one element. */
static float wanted(float x, uint32_t row, float factor, float count)
{
    float y = (float)row;
    for (uint32_t i = 0; i < steps; i++) {
        y += i % ROWS == row ? count * (1.0F + factor * x) : 0.0F;
    }
    return row == 0 ? y + 1.0F * x + (float)(WIDE - 2) : y;
}

/* True if y is what a run makes of it; says where it is not. */
static bool right(const scene *s, const float *x, const float (*y)[N], float factor, float count)
{
    (void)s;
    for (uint32_t r = 0; r < ROWS; r++) {
        for (uint32_t i = 0; i < N; i++) {
            if (!CHECK_NEAR(wanted(x[i], r, factor, count), y[r][i], 0)) {
                return false;
            }
        }
    }
    return true;
}

/* Opens a runner and makes the arguments. */
static void open_scene(scene *s)
{
    const uint32_t shape[2] = {ROWS, N};
    memset(s, 0, sizeof(*s));
    steps = 6;
    variant = 0;
    reads_an_element = false;
    s->runner = affine_open(platform, NULL);
    s->config.struct_size = sizeof(s->config);
    CHECK_EQ(SLIP_OK, slip_register_program(s->runner, &program, &s->callable));
    s->args[0] = slip_host_tensor(s->x, SLIP_F32, SLIP_ACCESS_INOUT, 1, &shape[1]);
    s->args[1] = slip_host_tensor(s->y, SLIP_F32, SLIP_ACCESS_INOUT, 2, shape);
    s->args[2] = slip_scalar_arg(3);
    s->args[3] = slip_scalar_arg(2);
    s->args[4] = slip_scalar_arg(0);
    contents(s, 1.0F);
}

/* Records. */
static slip_status record(scene *s)
{
    return slip_graph_record(s->runner, s->callable, s->args, 5, &s->config, &s->graph);
}

/* Ends a case. */
static void close_scene(scene *s)
{
    slip_graph_destroy(s->graph);
    slip_runner_close(s->runner);
}

/* Replays from fresh contents; true if the result is right. */
static bool replays_right(scene *s, float value, float factor)
{
    contents(s, value);
    return CHECK_EQ(SLIP_OK, slip_graph_replay(s->graph)) &&
           right(s, s->x, (const float(*)[N])s->y, factor, 2.0F);
}

/* A replay does what a run does, in every dispatch mode, and orchestrates nothing. */
static void replays_are_runs(void)
{
    static const uint32_t modes[] = {SLIP_DISPATCH_AUTO, SLIP_DISPATCH_INLINE, SLIP_DISPATCH_SHARED,
                                     SLIP_DISPATCH_SERIAL};
    for (uint32_t m = 0; m < 4; m++) {
        scene s;
        open_scene(&s);
        s.config.dispatch = modes[m];
        CHECK_EQ(SLIP_OK, slip_run(s.runner, s.callable, s.args, 5, &s.config));
        CHECK(right(&s, s.x, (const float(*)[N])s.y, 3.0F, 2.0F));
        CHECK_EQ(SLIP_OK, record(&s));
        uint32_t before = calls;
        for (uint32_t i = 0; i < 50; i++) {
            CHECK(replays_right(&s, (float)i, 3.0F));
        }
        CHECK_EQ(before, calls);
        slip_graph_info info = {.struct_size = sizeof(info)};
        CHECK_EQ(SLIP_OK, slip_graph_describe(s.graph, &info));
        CHECK_EQ(50, info.replays);
        CHECK_EQ(affine_stats(s.runner).last_tasks, info.tasks);
        CHECK_EQ(affine_stats(s.runner).last_edges, info.edges);
        CHECK_EQ(2 * 6 + WIDE + 1, info.tasks);
        CHECK_EQ((6 + WIDE) * 128, info.heap_bytes);
        close_scene(&s);
    }
}

/* Recording runs nothing and touches nothing. */
static void recording_runs_nothing(void)
{
    scene s;
    open_scene(&s);
    CHECK_EQ(SLIP_OK, record(&s));
    CHECK_EQ(0, affine_stats(s.runner).runs);
    CHECK_NEAR(3.0, s.y[3][5], 0);
    close_scene(&s);
}

/* Scalars that are handed on change; tensors move; both are seen by the next replay. */
static void parameters_change(void)
{
    scene s;
    float x[N];
    float y[ROWS][N];
    open_scene(&s);
    CHECK_EQ(SLIP_OK, record(&s));
    CHECK(replays_right(&s, 1.0F, 3.0F));
    slip_run_arg factor = slip_scalar_arg(11);
    CHECK_EQ(SLIP_OK, slip_graph_set(s.graph, 2, &factor));
    CHECK(replays_right(&s, 2.0F, 11.0F));
    slip_run_arg to_x = s.args[0];
    slip_run_arg to_y = s.args[1];
    to_x.host = x;
    to_y.host = y;
    contents(&s, 5.0F);
    memcpy(x, s.x, sizeof(x));
    memcpy(y, s.y, sizeof(y));
    CHECK_EQ(SLIP_OK, slip_graph_set(s.graph, 0, &to_x));
    CHECK_EQ(SLIP_OK, slip_graph_set(s.graph, 1, &to_y));
    CHECK_EQ(SLIP_OK, slip_graph_replay(s.graph));
    CHECK(right(&s, x, (const float(*)[N])y, 11.0F, 2.0F));
    CHECK_NEAR(3.0, s.y[3][5], 0); /* the old place is left alone */
    CHECK_EQ(SLIP_OK, slip_graph_check(s.graph));
    close_scene(&s);
}

/* What the graph depends on does not change: refused, named, and the graph stays as it was. */
static void dependent_parameters_are_refused(void)
{
    scene s;
    open_scene(&s);
    CHECK_EQ(SLIP_OK, record(&s));
    slip_run_arg count = slip_scalar_arg(9);
    CHECK_EQ(SLIP_E_GRAPH_ARGUMENT, slip_graph_set(s.graph, 3, &count));
    CHECK_CONTAINS(affine_error(s.runner).message, "'count'");
    CHECK_EQ(SLIP_OK, slip_graph_set(s.graph, 3, &s.args[3])); /* the same value */
    const uint32_t shape[2] = {ROWS - 1, N};
    slip_run_arg smaller = slip_host_tensor(s.y, SLIP_F32, SLIP_ACCESS_INOUT, 2, shape);
    CHECK_EQ(SLIP_E_GRAPH_ARGUMENT, slip_graph_set(s.graph, 1, &smaller));
    CHECK_CONTAINS(affine_error(s.runner).message, "'y'");
    CHECK_EQ(SLIP_E_INVALID_ARGUMENT, slip_graph_set(s.graph, 5, &count));
    CHECK(replays_right(&s, 1.0F, 3.0F));
    slip_run_arg over = s.args[0];
    over.host = s.y[1];
    CHECK_EQ(SLIP_OK, slip_graph_set(s.graph, 0, &over));
    CHECK_EQ(SLIP_E_GRAPH_ARGUMENT, slip_graph_replay(s.graph));
    CHECK_CONTAINS(affine_error(s.runner).message, "record again");
    CHECK_EQ(SLIP_OK, slip_graph_set(s.graph, 0, &s.args[0]));
    CHECK(replays_right(&s, 1.0F, 3.0F));
    close_scene(&s);
}

/* What cannot be recorded says so. */
static void elements_are_not_recordable(void)
{
    scene s;
    open_scene(&s);
    reads_an_element = true;
    CHECK_EQ(SLIP_E_NOT_RECORDABLE, record(&s));
    CHECK(s.graph == NULL);
    CHECK_CONTAINS(affine_error(s.runner).message, "reads an element");
    reads_an_element = false;
    CHECK_EQ(SLIP_OK, record(&s));
    close_scene(&s);
}

/* A failing kernel fails its replay; the next one starts clean. */
static void a_failed_replay_leaves_the_next_good(void)
{
    static const uint32_t modes[] = {SLIP_DISPATCH_AUTO, SLIP_DISPATCH_SHARED};
    for (uint32_t m = 0; m < 2; m++) {
        scene s;
        open_scene(&s);
        s.config.dispatch = modes[m];
        CHECK_EQ(SLIP_OK, record(&s));
        for (uint32_t i = 0; i < 5; i++) {
            slip_run_arg code = slip_scalar_arg(7);
            CHECK_EQ(SLIP_OK, slip_graph_set(s.graph, 4, &code));
            CHECK_EQ(SLIP_E_KERNEL_FAILED, slip_graph_replay(s.graph));
            CHECK_EQ(7, affine_error(s.runner).code);
            CHECK_CONTAINS(affine_error(s.runner).message, "axpy");
            CHECK_EQ(SLIP_OK, slip_graph_set(s.graph, 4, &s.args[4]));
            CHECK(replays_right(&s, 1.0F, 3.0F));
        }
        close_scene(&s);
    }
}

/* Checked mode names the first task and field that differ. */
static void checked_mode_names_the_difference(void)
{
    scene s;
    open_scene(&s);
    CHECK_EQ(SLIP_OK, record(&s));
    CHECK_EQ(SLIP_OK, slip_graph_check(s.graph));
    variant = 1;
    CHECK_EQ(SLIP_E_MISMATCH, slip_graph_check(s.graph));
    CHECK_EQ(6, affine_error(s.runner).task);
    CHECK_CONTAINS(affine_error(s.runner).message, "offset of tensor 1");
    variant = 0;
    steps = 7;
    CHECK_EQ(SLIP_E_MISMATCH, slip_graph_check(s.graph));
    CHECK_EQ(13, affine_error(s.runner).task);
    steps = 6;
    CHECK_EQ(SLIP_OK, slip_graph_check(s.graph));
    close_scene(&s);
}

/* The oracle judges a replay by the edges of its graph. */
static void replays_are_audited(void)
{
    scene s;
    slip_audit_report report = {.struct_size = sizeof(report)};
    slip_graph_info info = {.struct_size = sizeof(info)};
    open_scene(&s);
    s.config.audit = 1;
    CHECK_EQ(SLIP_OK, record(&s));
    CHECK(replays_right(&s, 1.0F, 3.0F));
    CHECK_EQ(SLIP_OK, slip_audit(s.runner, &report));
    CHECK_EQ(SLIP_OK, slip_graph_describe(s.graph, &info));
    CHECK_EQ(info.edges, report.edges);
    CHECK_EQ(info.tasks, report.tasks);
    CHECK(report.conflicts > 6);
    close_scene(&s);
}

/* A graph built by hand is recorded and replayed as well. */
static void built_graphs_are_recorded(void)
{
    scene s;
    slip_graph_info info = {.struct_size = sizeof(info)};
    open_scene(&s);
    s.config.mode = SLIP_MODE_HOST_GRAPH;
    CHECK_EQ(SLIP_OK, record(&s));
    CHECK_EQ(SLIP_OK, slip_graph_describe(s.graph, &info));
    CHECK_EQ(1, info.built);
    CHECK_EQ(2, info.tasks);
    CHECK_EQ(1, info.edges);
    CHECK_EQ(2, info.depth);
    for (uint32_t i = 0; i < 3; i++) {
        contents(&s, 1.0F);
        CHECK_EQ(SLIP_OK, slip_graph_replay(s.graph));
        CHECK_NEAR(16.0, s.x[0], 0); /* x += 3 x, twice */
    }
    close_scene(&s);
}

/* A recording takes the room it needs, whatever the sizing. */
static void recordings_grow(void)
{
    scene s;
    slip_graph_info info = {.struct_size = sizeof(info)};
    open_scene(&s);
    steps = 9000;
    s.config.sizing.ring[0].task_window = 4;
    s.config.sizing.ring[1].task_window = 4;
    CHECK_EQ(SLIP_OK, record(&s));
    CHECK_EQ(SLIP_OK, slip_graph_describe(s.graph, &info));
    CHECK_EQ(2 * 9000 + WIDE + 1, info.tasks);
    contents(&s, 0.0F);
    memset(s.x, 0, sizeof(s.x));
    CHECK_EQ(SLIP_OK, slip_graph_replay(s.graph));
    CHECK_NEAR(3.0 + 2.0 * 9000 / ROWS, s.y[3][0], 0);
    close_scene(&s);
}

/* Handles: a program that is gone, runs in between, a runner that is closed first. */
static void lives_and_dies_with_its_runner(void)
{
    scene s;
    bool good = false;
    open_scene(&s);
    CHECK_EQ(SLIP_E_SIGNATURE, slip_graph_record(s.runner, s.callable, s.args, 4, NULL, &s.graph));
    CHECK_EQ(SLIP_E_INVALID_ARGUMENT,
             slip_graph_record(NULL, s.callable, s.args, 5, NULL, &s.graph));
    CHECK_EQ(SLIP_E_INVALID_ARGUMENT, slip_graph_replay(NULL));
    CHECK_EQ(SLIP_E_INVALID_ARGUMENT, slip_graph_set(NULL, 0, s.args));
    CHECK_EQ(SLIP_E_INVALID_ARGUMENT, slip_graph_check(NULL));
    CHECK_EQ(SLIP_E_INVALID_ARGUMENT, slip_graph_describe(NULL, NULL));
    CHECK_EQ(SLIP_OK, record(&s));
    slip_callable affine = affine_register(s.runner);
    slip_run_config config = affine_config(64, 65536, 64);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(replays_right(&s, 1.0F, 3.0F));
        CHECK_EQ(SLIP_OK, affine_run(s.runner, affine, &config, 0, &good));
        CHECK(good);
    }
    slip_residency bytes = {.struct_size = sizeof(bytes)};
    CHECK_EQ(SLIP_OK, slip_runner_residency(s.runner, &bytes));
    CHECK(bytes.graph_bytes > 0);
    CHECK_EQ(SLIP_OK, slip_unregister(s.runner, s.callable));
    CHECK_EQ(SLIP_E_BAD_CALLABLE, slip_graph_replay(s.graph));
    CHECK_EQ(SLIP_E_BAD_CALLABLE, slip_graph_check(s.graph));
    slip_runner_close(s.runner); /* which destroys the graph */
}

/* Log sink: the failures are meant. */
static void drop_lines(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* Runs the cases. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    if (getenv("REPLAY_LOUD") == NULL) {
        slip_log_set_sink(drop_lines, NULL);
    }
    CHECK_CASE(replays_are_runs);
    CHECK_CASE(recording_runs_nothing);
    CHECK_CASE(parameters_change);
    CHECK_CASE(dependent_parameters_are_refused);
    CHECK_CASE(elements_are_not_recordable);
    CHECK_CASE(a_failed_replay_leaves_the_next_good);
    CHECK_CASE(checked_mode_names_the_difference);
    CHECK_CASE(replays_are_audited);
    CHECK_CASE(built_graphs_are_recorded);
    CHECK_CASE(recordings_grow);
    CHECK_CASE(lives_and_dies_with_its_runner);
    return check_report();
}
