/*
 * costs.c - what single steps of the engine cost: micro-benchmarks of the scaling model.
 *
 * A program of its own (build/bench/model/costs), on platform cpu. It runs the graphs of graphs.h
 * and times three phases of a run apart: cutting views, submission, and what comes after it. The
 * second thread takes part only where a gate, a long kernel, keeps it; then the orchestrator stands
 * still. Prints one line of JSON a measurement (measure.h): inline.KIND           whole task, run
 * at its submission, 1 thread submit.KIND           submission with the window filled first
 *   exec.alone.KIND       taking, running, completing, retiring; 1 thread
 *   exec.KIND             the same with two threads, by the thread that submitted
 *   remote.KIND           the same by the other thread
 *   view, handover.*, call.*, submit.offered   see below
 */
#include <slipway/slipway.h>
#include <stdbool.h>

#include "base/atomic.h"
#include "graphs.h"
#include "measure.h"

#define CELL_WORDS 8u
#define SCOPE_TASKS 256u
#define LONG_NS 6000u /* a kernel that every rule takes for long */
#define REPEAT 5u
#define HANDS 48u
#define WALL_CELLS 250u /* a task has 256 arguments at most */

enum kernel { KERNEL_TASK, KERNEL_GATE, KERNEL_LAST, KERNEL_TIMED };
enum part { PART_GRAPH, PART_GATED, PART_HANDS };

/* The run under way. */
static struct {
    enum part part;
    const graph *g;
    slip_tensor *views;
    uint64_t pause_ns; /* PART_HANDS: between the end of a kernel and the next submission */
    uint64_t begin_ns, cut_ns, submitted_ns;
    slipi_au64 open, last_ns, started_ns, ended_ns, core;
    double first[HANDS], submit[HANDS];
} now;

static slip_runner *runner;
static slip_callable callable;

/* Spins for a while. */
static void spin(uint64_t ns)
{
    uint64_t end = slipi_now_ns() + ns;
    while (slipi_now_ns() < end) {
        slipi_cpu_relax();
    }
}

/* An empty task, which looks at its number as those of bench/peers do. */
static int32_t kernel_task(const slip_kernel_ctx *ctx)
{
    return slip_kernel_u64(ctx, 0) == UINT64_MAX ? 1 : 0;
}

/* Takes long; if its number is not 0, it holds its thread until the gate is opened. */
static int32_t kernel_gate(const slip_kernel_ctx *ctx)
{
    spin(LONG_NS);
    while (slip_kernel_u64(ctx, 0) != 0 && slipi_load_acquire(&now.open) == 0) {
        slipi_cpu_relax();
    }
    return 0;
}

/* Comes after all tasks, and says when. */
static int32_t kernel_last(const slip_kernel_ctx *ctx)
{
    slipi_store_relaxed(&now.core, ctx->core);
    slipi_store_release(&now.last_ns, slipi_now_ns());
    return 0;
}

/* A long task that says when it began and ended. */
static int32_t kernel_timed(const slip_kernel_ctx *ctx)
{
    slipi_store_relaxed(&now.core, ctx->core);
    slipi_store_release(&now.started_ns, slipi_now_ns());
    spin(LONG_NS);
    slipi_store_release(&now.ended_ns, slipi_now_ns());
    return 0;
}

/* Submits task i of the graph. */
static void submit(slip_orch *o, const graph *g, uint32_t i)
{
    slip_arg args[GRAPH_MAX_ARGS + 1];
    for (uint32_t k = 0; k < g->args; k++) {
        args[k] = slip_nodep(&now.views[g->cell[i * g->args + k]]);
        args[k].kind = g->access[i * g->args + k];
    }
    args[g->args] = slip_scalar(i);
    slip_spawn(o, SLIP_TASK_AIV, KERNEL_TASK, g->args + 1, args);
}

/* Submits a task that touches every cell that edges go through. */
static void submit_wall(slip_orch *o, uint16_t kernel, uint64_t number)
{
    slip_arg args[WALL_CELLS + 1];
    uint32_t count = now.g->cells < WALL_CELLS ? now.g->cells : WALL_CELLS;
    for (uint32_t i = 0; i < count; i++) {
        args[i] = slip_inout(&now.views[i]);
    }
    args[count] = slip_scalar(number);
    slip_spawn(o, SLIP_TASK_AIV, kernel, count + 1, args);
}

/* Submits the graph; a scope for some tasks each. */
static void submit_graph(slip_orch *o, const graph *g)
{
    for (uint32_t i = 0; i < g->tasks; i += SCOPE_TASKS) {
        slip_scope_begin(o, SLIP_SCOPE_AUTO);
        for (uint32_t k = i; k < g->tasks && k < i + SCOPE_TASKS; k++) {
            submit(o, g, k);
        }
        slip_scope_end(o);
    }
}

/* One task after the other, each while the other thread looks for work or has stopped looking. */
static void hand_over(slip_orch *o)
{
    for (uint32_t i = 0; i < HANDS; i++) {
        slipi_store_relaxed(&now.ended_ns, 0);
        slip_arg number = slip_scalar(i);
        spin(now.pause_ns);
        uint64_t begin = slipi_now_ns();
        slip_spawn(o, SLIP_TASK_AIV, KERNEL_TIMED, 1, &number);
        uint64_t end = slipi_now_ns();
        while (slipi_load_acquire(&now.ended_ns) == 0) {
            slipi_cpu_relax();
        }
        now.submit[i] = slipi_load_relaxed(&now.core) != 0 ? (double)(end - begin) : -1.0;
        now.first[i] = (double)(slipi_load_relaxed(&now.started_ns) - begin);
    }
}

/* The orchestration function of all measurements. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor all = {0};
    const uint32_t len[2] = {1, CELL_WORDS};
    slip_orch_tensor(o, 0, &all);
    now.begin_ns = slipi_now_ns();
    for (uint32_t i = 0; i < now.g->cells; i++) {
        const uint32_t low[2] = {i, 0};
        slip_slice(o, &all, low, len, &now.views[i]);
    }
    now.cut_ns = slipi_now_ns();
    if (now.part == PART_HANDS) {
        hand_over(o);
        return slip_orch_failed(o);
    }
    if (now.part == PART_GATED) {
        submit_wall(o, KERNEL_GATE,
                    0); /* so that it is known to be long: the next one is offered */
        submit_wall(o, KERNEL_GATE, 1);
    }
    submit_graph(o, now.g);
    if (now.part == PART_GATED) {
        submit_wall(o, KERNEL_LAST, 0);
        spin(2 * LONG_NS); /* the gate is entered by now */
        now.submitted_ns = slipi_now_ns();
        slipi_store_release(&now.open, 1u);
        while (slipi_load_acquire(&now.last_ns) == 0 && slip_orch_failed(o) == SLIP_OK) {
            slipi_cpu_relax();
        }
    } else {
        now.submitted_ns = slipi_now_ns();
    }
    return slip_orch_failed(o);
}

static const slip_kernel_entry kernels[] = {{"task", kernel_task, SLIP_AIV, 0},
                                            {"gate", kernel_gate, SLIP_AIV, 0},
                                            {"last", kernel_last, SLIP_AIV, 0},
                                            {"timed", kernel_timed, SLIP_AIV, 0}};
static const slip_param params[] = {{"cells", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U64, 2}};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "costs",
                                     orchestrate,
                                     NULL,
                                     kernels,
                                     sizeof(kernels) / sizeof(kernels[0]),
                                     1,
                                     params};

/* One run; returns when it ended, or 0 after saying why it failed. */
static uint64_t run(uint32_t dispatch, uint32_t threads)
{
    static uint64_t *cells;
    static uint32_t room;
    if (room < now.g->cells) {
        free(cells);
        free(now.views);
        room = now.g->cells;
        cells = calloc(room, CELL_WORDS * sizeof(cells[0]));
        now.views = calloc(room, sizeof(now.views[0]));
    }
    if (cells == NULL || now.views == NULL) {
        fprintf(stderr, "costs: no memory\n");
        return 0;
    }
    const uint32_t shape[2] = {now.g->cells, CELL_WORDS};
    const slip_run_arg arg = slip_host_tensor(cells, SLIP_U64, SLIP_ACCESS_INOUT, 2, shape);
    slip_run_config config;
    memset(&config, 0, sizeof(config));
    config.struct_size = (uint32_t)sizeof(config);
    config.dispatch = dispatch;
    config.control_threads = threads;
    config.untimed = 1;
    slipi_store_relaxed(&now.open, 0);
    slipi_store_relaxed(&now.last_ns, 0);
    slip_status status = slip_run(runner, callable, &arg, 1, &config);
    if (status != SLIP_OK) {
        fprintf(stderr, "costs: %s\n", slip_status_name(status));
        return 0;
    }
    return slipi_now_ns();
}

/* A measurement of a graph, with the phase in front of its name. */
static measure named(const char *phase, enum graph_kind kind, uint32_t count, char *room)
{
    (void)snprintf(room, 64, "%s.%s", phase, graph_names[kind]);
    return (measure){.name = room, .count = count};
}

/* Submission and execution, one after the other. */
static bool measure_phases(const graph *g, enum graph_kind kind, uint32_t count, uint32_t threads)
{
    char names[2][64];
    measure submitted = named("submit", kind, count, names[0]);
    measure done = named(threads == 1 ? "exec.alone" : "exec", kind, count, names[1]);
    now.part = PART_GRAPH;
    uint32_t warm = 1 + 20000u / g->tasks;
    for (uint32_t r = 0; r < warm + REPEAT; r++) {
        uint64_t end = run(SLIP_DISPATCH_SERIAL, threads);
        if (end == 0) {
            return false;
        }
        if (r >= warm) {
            measure_add(&submitted, (double)(now.submitted_ns - now.cut_ns) / g->tasks);
            measure_add(&done, (double)(end - now.submitted_ns) / g->tasks);
        }
    }
    if (threads == 2) {
        measure_print(&submitted);
    }
    measure_print(&done);
    return true;
}

/* A task that is run at its submission. */
static bool measure_inline(const graph *g, enum graph_kind kind, uint32_t count)
{
    char room[64];
    measure whole = named("inline", kind, count, room);
    now.part = PART_GRAPH;
    for (uint32_t r = 0; r < 2 + REPEAT; r++) {
        if (run(SLIP_DISPATCH_INLINE, 1) == 0) {
            return false;
        }
        if (r >= 2) {
            measure_add(&whole, (double)(now.submitted_ns - now.cut_ns) / g->tasks);
        }
    }
    measure_print(&whole);
    return true;
}

/* Execution by the thread that did not submit. */
static bool measure_remote(const graph *g, enum graph_kind kind, uint32_t count)
{
    char room[64];
    measure done = named("remote", kind, count, room);
    now.part = PART_GATED;
    for (uint32_t r = 0; r < 3 + REPEAT; r++) {
        if (run(SLIP_DISPATCH_AUTO, 2) == 0) {
            return false;
        }
        bool elsewhere = slipi_load_relaxed(&now.core) != 0;
        if (r >= 3 && elsewhere) {
            measure_add(&done,
                        (double)(slipi_load_relaxed(&now.last_ns) - now.submitted_ns) / g->tasks);
        }
    }
    measure_print(&done);
    return true;
}

/* All measurements of one graph. */
static bool measure_graph(enum graph_kind kind, uint32_t count)
{
    graph g;
    bool good = graph_init(&g, kind, count);
    now.g = &g;
    good = good && measure_phases(&g, kind, count, 2);
    if (good && (g.has_edges || kind == GRAPH_none)) {
        good = measure_phases(&g, kind, count, 1);
    }
    if (good && (kind == GRAPH_lane || kind == GRAPH_none)) {
        good = measure_inline(&g, kind, count);
    }
    if (good && g.has_edges && g.cells <= WALL_CELLS && g.args <= 8) {
        /* More arguments fill the ring: its submitter would help, and be kept by the gate. */
        good = measure_remote(&g, kind, count);
    }
    graph_fini(&g);
    return good;
}

/* A task that is offered, by how long the other thread has looked for work. */
static bool measure_hands(const char *name, uint64_t pause_ns, bool print_submit)
{
    graph g;
    measure latency = {.name = name};
    measure paid = {.name = "submit.offered"};
    bool good = graph_init(&g, GRAPH_none, 1);
    now.g = &g;
    now.part = PART_HANDS;
    now.pause_ns = pause_ns;
    for (uint32_t r = 0; good && r < 2; r++) {
        good = run(SLIP_DISPATCH_AUTO, 2) != 0;
    }
    for (uint32_t i = 8; i < HANDS && good; i++) {
        if (now.submit[i] >= 0) {
            measure_add(&paid, now.submit[i]);
            measure_add(&latency, now.first[i]);
        }
    }
    measure_print(&latency);
    if (print_submit) {
        measure_print(&paid);
    }
    graph_fini(&g);
    return good;
}

/* Cutting a view. */
static bool measure_views(void)
{
    graph g;
    measure view = {.name = "view"};
    bool good = graph_init(&g, GRAPH_own, 8);
    now.g = &g;
    now.part = PART_GRAPH;
    for (uint32_t r = 0; good && r < 2 + REPEAT; r++) {
        good = run(SLIP_DISPATCH_SERIAL, 1) != 0;
        if (r >= 2) {
            measure_add(&view, (double)(now.cut_ns - now.begin_ns) / g.cells);
        }
    }
    measure_print(&view);
    graph_fini(&g);
    return good;
}

/* Opens the runner. */
static bool open_runner(void)
{
    slip_runner_options options;
    memset(&options, 0, sizeof(options));
    options.struct_size = (uint32_t)sizeof(options);
    options.platform = "cpu";
    options.threads = 2;
    return slip_runner_open(&options, &runner) == SLIP_OK &&
           slip_register_program(runner, &program, &callable) == SLIP_OK;
}

/* See the head of this file. */
int main(void)
{
    static const uint32_t args[] = {1, 2, 3, 4, 5, 6, 8, 17, 33};
    bool good = open_runner() && measure_views();
    for (uint32_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
        good = good && measure_graph(GRAPH_none, args[i]);
    }
    for (uint32_t kind = GRAPH_own; kind < GRAPH_KINDS; kind++) {
        for (uint32_t count = 1; count <= 8 && good; count += count < 4 ? 1 : 2) {
            good = kind == GRAPH_own_read && count == 1 ? good : measure_graph(kind, count);
        }
    }
    good = good && measure_hands("handover", 1000, true);
    good = good && measure_hands("call.asleep", 1000000, false);
    slip_runner_close(runner);
    return good ? 0 : 1;
}
