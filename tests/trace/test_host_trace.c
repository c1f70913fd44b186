/*
 * test_host_trace.c - a traced run writes the whole tree of spans, and they fit into each other.
 *
 * Real runs on cpu and on a simulated platform; the lines are read back as docs/host-trace.md
 * describes them. What a bind found is compared with the runner's own counters.
 * ctest-labels: unit row S9
 */
#include <slipway/slipway.h>

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"

enum { LENGTH = 16, TASKS = 3, LINES_MAX = 256, RUNS = 4 };

/* One parsed line of a span. */
struct span {
    uint64_t run;
    uint64_t callable;
    unsigned depth;
    char name[96];
    uint64_t start_ns;
    uint64_t dur_ns;
    char clock[16];
    char rest[512];
};

/* The tree of docs/host-trace.md. */
static const char *const tree[] = {
    "run",
    "run.bind",
    "run.bind.args",
    "run.bind.prebuilt",
    "run.launch",
    "run.launch.device_wall",
    "run.launch.device_wall.preamble",
    "run.launch.device_wall.so_load",
    "run.launch.device_wall.graph_build",
    "run.launch.device_wall.config_validate",
    "run.launch.device_wall.arena_wire",
    "run.launch.device_wall.sm_reset",
    "run.launch.device_wall.orch",
    "run.launch.device_wall.sched",
    "run.launch.device_wall.post_orch",
    "run.validate",
};
enum { TREE = sizeof(tree) / sizeof(tree[0]) };

static char path[64];
static struct span spans[LINES_MAX];
static unsigned span_count;
static unsigned task_count;

/* x = x + 1. */
static int32_t add_one(const slip_kernel_ctx *ctx)
{
    float *x = slip_kernel_data(ctx, 0);
    for (uint32_t i = 0; i < slip_kernel_dim(ctx, 0, 0); i++) {
        x[i] += 1.0F;
    }
    return (int32_t)slip_kernel_u64(ctx, 0);
}

/* A chain of tasks; the run's second argument is what the kernels return. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor x = {0};
    slip_status status = slip_orch_tensor(o, 0, &x);
    const slip_arg args[] = {slip_inout(&x), slip_scalar(slip_orch_scalar(o, 1))};
    for (int i = 0; i < TASKS && status == SLIP_OK; i++) {
        status = slip_spawn(o, SLIP_TASK_AIV, 0, 2, args);
    }
    return status;
}

static const slip_kernel_entry kernels[] = {{"add one", add_one, SLIP_AIV, 0}};
static const slip_param params[] = {
    {"x", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1},
    {"code", SLIP_PARAM_SCALAR, 0, 0, 0},
};
static const slip_program program = {.magic = SLIP_PROGRAM_MAGIC,
                                     .abi = SLIP_PROGRAM_ABI,
                                     .struct_size = sizeof(slip_program),
                                     .name = "chain",
                                     .orchestrate = orchestrate,
                                     .kernels = kernels,
                                     .kernel_count = 1,
                                     .param_count = 2,
                                     .params = params};

/* Names a fresh file. */
static void fresh_path(void)
{
    (void)snprintf(path, sizeof(path), "/tmp/slipway-trace-XXXXXX");
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
}

/* Reads one line of a span; false if it is not one. */
static bool parse(const char *line, struct span *out)
{
    long pid = 0;
    long tid = 0;
    int end = 0;
    int n = sscanf(line,
                   "slipway-trace 1 pid=%ld tid=%ld run=%" SCNu64 " callable=%16" SCNx64
                   " depth=%u span=%95s start_ns=%" SCNu64 " dur_ns=%" SCNu64 " clock=%15s%n",
                   &pid, &tid, &out->run, &out->callable, &out->depth, out->name, &out->start_ns,
                   &out->dur_ns, out->clock, &end);
    (void)snprintf(out->rest, sizeof(out->rest), "%s", line + end);
    return n == 9 && pid == (long)getpid() && tid == (long)gettid();
}

/* Reads the whole file into `spans` and counts the task records. */
static void read_trace(void)
{
    char line[1100];
    span_count = 0;
    task_count = 0;
    FILE *f = fopen(path, "r");
    while (CHECK(f != NULL) && fgets(line, sizeof(line), f) != NULL && span_count < LINES_MAX) {
        if (strncmp(line, "slipway-task 1 ", 15) == 0) {
            CHECK_CONTAINS(line, " kernel=add_one core=");
            CHECK_CONTAINS(line, " type=aiv start_ns=");
            task_count++;
        } else if (CHECK(parse(line, &spans[span_count]))) {
            span_count++;
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    (void)unlink(path);
}

/* The span of a run by name; null if it is not there or there twice. */
static const struct span *find(uint64_t run, const char *name)
{
    const struct span *found = NULL;
    for (unsigned i = 0; i < span_count; i++) {
        if (spans[i].run == run && strcmp(spans[i].name, name) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = &spans[i];
        }
    }
    return found;
}

/* The span that a name lies in: its own name without the last part. */
static const struct span *parent_of(const struct span *s)
{
    char name[sizeof(s->name)];
    (void)snprintf(name, sizeof(name), "%s", s->name);
    char *dot = strrchr(name, '.');
    if (dot == NULL) {
        return NULL;
    }
    *dot = '\0';
    return find(s->run, name);
}

/* Every span of the tree is there once, at its depth, by its clock, inside its parent. */
static void check_tree(uint64_t run)
{
    for (unsigned i = 0; i < TREE; i++) {
        const struct span *s = find(run, tree[i]);
        if (!CHECK(s != NULL)) {
            printf("  run %" PRIu64 ": no span %s, or more than one\n", run, tree[i]);
            continue;
        }
        unsigned dots = 0;
        for (const char *c = tree[i]; *c != '\0'; c++) {
            dots += *c == '.' ? 1u : 0u;
        }
        CHECK_EQ(s->depth, dots);
        CHECK_STR(s->clock, strstr(tree[i], "device_wall") != NULL ? "device" : "host");
        CHECK(s->callable != 0 && s->callable == spans[0].callable);
        const struct span *parent = parent_of(s);
        CHECK((parent != NULL) == (i != 0));
        if (parent != NULL && strcmp(parent->clock, s->clock) == 0) {
            CHECK(s->start_ns >= parent->start_ns);
            CHECK(s->start_ns + s->dur_ns <= parent->start_ns + parent->dur_ns);
        }
    }
}

/* Runs once; the counters before and after tell what the trace must say. */
static void traced_run(slip_runner *runner, slip_callable callable, uint64_t number,
                       const char **out_found)
{
    static float x[LENGTH];
    const uint32_t shape[] = {LENGTH};
    slip_run_config config = {.struct_size = sizeof(config), .trace_tasks = number == RUNS - 1};
    slip_stats before = {.struct_size = sizeof(before)};
    slip_stats after = {.struct_size = sizeof(after)};
    uint64_t window = number == 3 ? 32 : 64;
    bool fails = number == RUNS;
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        config.sizing.ring[r] = (slip_ring_sizing){window, 65536, 64};
    }
    slip_run_arg args[] = {slip_host_tensor(x, SLIP_F32, SLIP_ACCESS_INOUT, 1, shape),
                           slip_scalar_arg(fails ? 5u : 0u)};
    CHECK_STATUS(SLIP_OK, slip_runner_stats(runner, &before));
    CHECK_STATUS(fails ? SLIP_E_KERNEL_FAILED : SLIP_OK,
                 slip_run(runner, callable, args, 2, &config));
    CHECK_STATUS(SLIP_OK, slip_runner_stats(runner, &after));
    *out_found = after.hits > before.hits     ? " cache=hit "
                 : after.dirty > before.dirty ? " cache=dirty "
                                              : " cache=miss ";
}

/* Several runs of one runner, the last one failing. */
static void runs_on(const char *platform)
{
    const char *found[RUNS + 1] = {NULL};
    slip_runner *runner = NULL;
    slip_callable callable = {0};
    fresh_path();
    slip_runner_options options = {
        .struct_size = sizeof(options), .platform = platform, .threads = 2, .trace_path = path};
    slip_log_set_level(0);
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    for (uint64_t run = 1; run <= RUNS; run++) {
        traced_run(runner, callable, run, &found[run]);
    }
    slip_runner_close(runner);
    slip_log_set_level(SLIP_LOG_WARN);
    read_trace();
    CHECK_EQ(span_count, RUNS * TREE);
    CHECK_EQ(task_count, TASKS);
    for (uint64_t run = 1; run <= RUNS; run++) {
        check_tree(run);
        const struct span *prebuilt = find(run, "run.bind.prebuilt");
        CHECK_CONTAINS(prebuilt != NULL ? prebuilt->rest : "", found[run]);
        const struct span *whole = find(run, "run");
        CHECK_CONTAINS(whole != NULL ? whole->rest : "",
                       run == RUNS ? " status=SLIP_E_KERNEL_FAILED" : " status=SLIP_OK");
    }
}

/* On this machine's processors. */
static void on_cpu(void)
{
    runs_on("cpu");
}

/* On a simulated accelerator. */
static void on_sim(void)
{
    runs_on("a2a3sim");
}

/* Without a path there is no trace; SLIPWAY_TRACE names one for every runner. */
static void environment(void)
{
    const char *found = NULL;
    fresh_path();
    CHECK_EQ(unsetenv("SLIPWAY_TRACE"), 0);
    for (int traced = 0; traced < 2; traced++) {
        slip_runner *runner = NULL;
        slip_callable callable = {0};
        slip_runner_options options = {.struct_size = sizeof(options), .threads = 1};
        CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
        CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
        traced_run(runner, callable, 1, &found);
        slip_runner_close(runner);
        CHECK_EQ(setenv("SLIPWAY_TRACE", path, 1), 0);
    }
    CHECK_EQ(unsetenv("SLIPWAY_TRACE"), 0);
    read_trace();
    CHECK_EQ(span_count, TREE);
}

/* Runs the cases. */
int main(void)
{
    CHECK_CASE(on_cpu);
    CHECK_CASE(on_sim);
    CHECK_CASE(environment);
    return check_report();
}
