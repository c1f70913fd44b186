/* rounds.c - the ways in which the soak's tasks come to run: runs, replays, runs in flight. */
#include <stdio.h>
#include <string.h>

#include "soak.h"

/* Counts an error of the library, and says what it says. */
static void complain(const soak_place *place, const char *what, slip_status status)
{
    slip_error e;
    memset(&e, 0, sizeof(e));
    e.struct_size = (uint32_t)sizeof(e);
    slip_status asked = slip_last_error(place->runner, &e);
    fprintf(stderr, "%s: %s: %s\n", what, slip_status_name(status),
            asked == SLIP_OK ? e.message : "");
    soak.faults++;
}

/* The sizing of a window. */
static void size(slip_run_config *config, uint32_t window)
{
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        config->sizing.ring[r].task_window = window;
        config->sizing.ring[r].heap_bytes = window < 8 ? 1024 : window * UINT64_C(128);
        config->sizing.ring[r].dep_pool = window < 256 ? 4 : window;
    }
}

/* How a round is dispatched: every mode in turn. */
static slip_run_config config_of(uint64_t number, uint32_t window)
{
    static const uint32_t dispatch[] = {SLIP_DISPATCH_SHARED, SLIP_DISPATCH_SERIAL,
                                        SLIP_DISPATCH_HALVES, SLIP_DISPATCH_INLINE,
                                        SLIP_DISPATCH_AUTO};
    slip_run_config config;
    memset(&config, 0, sizeof(config));
    config.struct_size = (uint32_t)sizeof(config);
    config.dispatch = dispatch[number % (sizeof(dispatch) / sizeof(dispatch[0]))];
    size(&config, window);
    return config;
}

/* What tasks are told is their round: another value in every run and replay of every round. */
static uint64_t round_value(uint64_t number, uint64_t i)
{
    return number * (SOAK_REPLAYS + SOAK_IN_FLIGHT) + i;
}

/* The arguments of a run. */
static void arguments(slip_run_arg *args, uint64_t round, uint32_t tasks, uint32_t window)
{
    const uint32_t shape[2] = {SOAK_ROWS, SOAK_COLUMNS * SOAK_WORDS};
    args[SOAK_ARG_CELLS] = slip_host_tensor(soak.data, SLIP_U64, SLIP_ACCESS_INOUT, 2, shape);
    args[SOAK_ARG_ROUND] = slip_scalar_arg(round);
    args[SOAK_ARG_TASKS] = slip_scalar_arg(tasks);
    args[SOAK_ARG_WIDTH] = slip_scalar_arg(UINT64_C(1) << (1u + rp_mix64(round) % 6u));
    args[SOAK_ARG_WINDOW] = slip_scalar_arg(window);
}

/* Runs the program once. */
static void run(const soak_place *place, uint64_t number, uint32_t tasks)
{
    slip_run_arg args[SOAK_PARAMS];
    slip_run_config config = config_of(number, place->window);
    arguments(args, round_value(number, 0), tasks, place->window);
    slip_status status = slip_run(place->runner, place->callable, args, SOAK_PARAMS, &config);
    if (status != SLIP_OK) {
        complain(place, "run", status);
    }
}

/* The cells lie elsewhere in the next replay. */
static slip_status move_cells(slip_recording *graph)
{
    const uint32_t shape[2] = {SOAK_ROWS, SOAK_COLUMNS * SOAK_WORDS};
    uint64_t *other = soak.spare;
    memcpy(other, soak.data, SOAK_GRID_BYTES);
    soak.spare = soak.data;
    soak.data = other;
    slip_run_arg cells = slip_host_tensor(other, SLIP_U64, SLIP_ACCESS_INOUT, 2, shape);
    return slip_graph_set(graph, SOAK_ARG_CELLS, &cells);
}

/* Replays a graph, each time with another round, and every other time elsewhere in memory. */
static slip_status replay_all(slip_recording *graph, uint64_t number)
{
    slip_status status = SLIP_OK;
    soak.round = round_value(number, 0);
    for (uint64_t i = 0; i < SOAK_REPLAYS && status == SLIP_OK; i++) {
        if (i > 0) {
            soak_check_run();
            soak_next_replay(round_value(number, i));
            const slip_run_arg round = slip_scalar_arg(soak.round);
            status = slip_graph_set(graph, SOAK_ARG_ROUND, &round);
        }
        if (i % 2 != 0 && status == SLIP_OK) {
            status = move_cells(graph);
        }
        status = status != SLIP_OK ? status : slip_graph_replay(graph);
    }
    return status;
}

/* Records the program and replays it. */
static void replay(const soak_place *place, uint64_t number, uint32_t tasks)
{
    slip_run_arg args[SOAK_PARAMS];
    slip_recording *graph = NULL;
    slip_run_config config = config_of(number, place->window);
    arguments(args, round_value(number, 0), tasks / SOAK_REPLAYS + 1, place->window);
    soak_check_run();
    soak_keep();
    soak.recording = true;
    slip_status status =
        slip_graph_record(place->runner, place->callable, args, SOAK_PARAMS, &config, &graph);
    soak.recording = false;
    status = status != SLIP_OK ? status : replay_all(graph, number);
    if (status != SLIP_OK) {
        complain(place, "replay", status);
    }
    soak_check_run();
    slip_graph_destroy(graph);
}

/* Submits several runs of two sizings at once, takes one of them back if it has not begun, and
 * waits for all. */
static void submit(const soak_place *place, uint64_t number, uint32_t tasks)
{
    slip_run_arg args[SOAK_PARAMS];
    slip_submission *flight[SOAK_IN_FLIGHT] = {NULL};
    soak_check_run();
    for (uint32_t i = 0; i < SOAK_IN_FLIGHT; i++) {
        uint32_t window = i % 2 != 0 ? place->window * 2u : place->window;
        slip_run_config config = config_of(number + i, window);
        arguments(args, round_value(number, i), tasks / SOAK_IN_FLIGHT + 1, window);
        slip_status status =
            slip_submit(place->runner, place->callable, args, SOAK_PARAMS, &config, &flight[i]);
        if (status != SLIP_OK) {
            complain(place, "submit", status);
        }
    }
    slip_status taken =
        number % 3u == 0 && flight[2] != NULL ? slip_submission_cancel(flight[2]) : SLIP_E_BUSY;
    for (uint32_t i = SOAK_IN_FLIGHT; i-- > 0;) {
        slip_status wanted = i == 2 && taken == SLIP_OK ? SLIP_E_CANCELLED : SLIP_OK;
        slip_status status = flight[i] != NULL ? slip_submission_wait(flight[i], 0) : wanted;
        if (status != wanted) {
            complain(place, "submitted run", status);
        }
        slip_submission_release(flight[i]);
    }
}

void soak_round(const soak_place *place, uint64_t number, uint32_t tasks)
{
    static void (*const ways[SOAK_WAYS])(const soak_place *, uint64_t, uint32_t) = {run, replay,
                                                                                    submit};
    uint64_t before = soak.ended_tasks;
    ways[number % SOAK_WAYS](place, number, tasks);
    soak_check_run();
    soak.way_tasks[number % SOAK_WAYS] += soak.ended_tasks - before;
}
