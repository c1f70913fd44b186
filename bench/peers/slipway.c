/*
 * slipway.c - Slipway on platform cpu, by dispatch mode.
 *
 * A program of its own: the orchestration function and the host run on the initial thread, kernels
 * on any thread. The cells are one run argument; a view of each cell is cut once a run, inside the
 * time that is measured. Modes `relaunch` and `relaunch_shared` record the graph before the clock
 * starts and replay it. A scope is opened for every 256 tasks, as a program of any length does.
 */
#include <slipway/slipway.h>

#include "harness.h"

#define SCOPE_TASKS 256u
#define CELL_WORDS ((uint32_t)(sizeof(peers_cell_data) / sizeof(uint64_t)))

static slip_runner *runner;
static slip_callable callable;
static slip_tensor *views; /* one a cell; made in prepare, filled in the run */
static slip_recording *recorded;

enum { RELAUNCH = 4 /* first of the modes that replay */ };

/* A task: its last tensor is the cell that it writes. Checked: the cell is where it should be. */
static int32_t kernel_task(const slip_kernel_ctx *ctx)
{
    uint32_t id = (uint32_t)slip_kernel_u64(ctx, 0);
    const peers_graph *g = &peers_now.graph;
    if (peers_now.checked && slip_kernel_data(ctx, ctx->tensor_count - 1) !=
                                 &peers_now.cells[peers_cell(g, id / g->width, id % g->width)]) {
        return 1;
    }
    peers_task(id);
    return 0;
}

/* Cuts a view of every cell. */
static void cut_views(slip_orch *o, const slip_tensor *all)
{
    const uint32_t len[2] = {1, CELL_WORDS};
    uint32_t count = peers_cells(&peers_now.graph);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t low[2] = {i, 0};
        slip_slice(o, all, low, len, &views[i]);
    }
}

/* Submits one task. */
static void submit(slip_orch *o, const peers_plan *p, uint32_t i)
{
    slip_arg args[PEERS_MAX_WIDTH + 2];
    uint32_t count = 0;
    for (uint32_t k = p->first[i]; k < p->first[i + 1]; k++) {
        args[count++] = slip_in(&views[p->input[k]]);
    }
    args[count++] =
        p->in_place ? slip_inout(&views[p->cell[i]]) : slip_out_existing(&views[p->cell[i]]);
    args[count++] = slip_scalar(p->id[i]);
    slip_spawn(o, SLIP_TASK_AIV, 0, count, args);
}

/* Submits the plan. */
static slip_status orchestrate(slip_orch *o)
{
    const peers_plan *p = &peers_now_plan;
    slip_tensor all = {0};
    slip_orch_tensor(o, 0, &all);
    cut_views(o, &all);
    for (uint32_t i = 0; i < p->count && slip_orch_failed(o) == SLIP_OK; i += SCOPE_TASKS) {
        uint32_t end = p->count - i < SCOPE_TASKS ? p->count : i + SCOPE_TASKS;
        slip_scope_begin(o, SLIP_SCOPE_AUTO);
        for (uint32_t k = i; k < end; k++) {
            submit(o, p, k);
        }
        slip_scope_end(o);
    }
    return slip_orch_failed(o);
}

static const slip_kernel_entry kernels[] = {{"task", kernel_task, SLIP_AIV, 0}};
static const slip_param params[] = {{"cells", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U64, 2}};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "peers",
                                     orchestrate,
                                     NULL,
                                     kernels,
                                     1,
                                     1,
                                     params};

/* Says what the runner says. */
static bool failed(slip_status status)
{
    slip_error e;
    memset(&e, 0, sizeof(e));
    e.struct_size = (uint32_t)sizeof(e);
    slip_status asked = runner != NULL ? slip_last_error(runner, &e) : slip_open_error(&e);
    if (status != SLIP_OK) {
        fprintf(stderr, "slipway: %s: %s\n", slip_status_name(status),
                asked == SLIP_OK ? e.message : "");
    }
    return status != SLIP_OK;
}

/* Opens a runner and registers the program. */
static bool slipway_open(uint32_t threads)
{
    slip_runner_options options;
    memset(&options, 0, sizeof(options));
    options.struct_size = (uint32_t)sizeof(options);
    options.platform = "cpu";
    options.threads = threads;
    return !failed(slip_runner_open(&options, &runner)) &&
           !failed(slip_register_program(runner, &program, &callable));
}

/* Configuration of a mode. */
static slip_run_config config_of(uint32_t mode)
{
    static const uint32_t dispatch[] = {SLIP_DISPATCH_INLINE, SLIP_DISPATCH_SERIAL,
                                        SLIP_DISPATCH_SHARED, SLIP_DISPATCH_AUTO,
                                        SLIP_DISPATCH_AUTO,   SLIP_DISPATCH_SHARED};
    slip_run_config config;
    memset(&config, 0, sizeof(config));
    config.struct_size = (uint32_t)sizeof(config);
    config.dispatch = dispatch[mode];
    return config;
}

/* The cells as a run argument. */
static slip_run_arg cells_arg(void)
{
    const uint32_t shape[2] = {peers_cells(&peers_now.graph), CELL_WORDS};
    return slip_host_tensor(peers_now.cells, SLIP_U64, SLIP_ACCESS_INOUT, 2, shape);
}

/* Room for the views; the modes that replay record here. */
static bool slipway_prepare(uint32_t mode)
{
    views = calloc(peers_cells(&peers_now.graph), sizeof(views[0]));
    if (views == NULL || mode < RELAUNCH) {
        return views != NULL;
    }
    const slip_run_arg arg = cells_arg();
    const slip_run_config config = config_of(mode);
    return !failed(slip_graph_record(runner, callable, &arg, 1, &config, &recorded));
}

/* One run. */
static bool slipway_run(uint32_t mode)
{
    if (mode >= RELAUNCH) {
        return !failed(slip_graph_replay(recorded));
    }
    const slip_run_arg arg = cells_arg();
    const slip_run_config config = config_of(mode);
    return !failed(slip_run(runner, callable, &arg, 1, &config));
}

/* Frees the views and the recorded graph. */
static void slipway_finish(uint32_t mode)
{
    (void)mode;
    slip_graph_destroy(recorded);
    recorded = NULL;
    free(views);
    views = NULL;
}

/* Closes the runner. */
static void slipway_close(void)
{
    slip_runner_close(runner);
}

static const char *const slipway_modes[] = {"inline",   "deferred",        "shared", "auto",
                                            "relaunch", "relaunch_shared", NULL};

/* See harness.h. */
int main(int argc, char **argv)
{
    const peers_peer slipway_peer = {
        "slipway",     slip_version(), "tensor regions, RAW, WAR and WAW",
        slipway_modes, slipway_open,   slipway_prepare,
        slipway_run,   slipway_finish, slipway_close};
    return peers_main(argc, argv, &slipway_peer);
}
