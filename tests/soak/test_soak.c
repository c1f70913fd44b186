/*
 * test_soak.c - no dependency is lost: tasks that check who wrote each input, by the million.
 *
 *     test_soak [--platform P] [--threads N] [--tasks N] [--seed N] [--pause SPINS]
 *
 * Shares the tasks among platforms, threads, windows and programs (soak.h), and prints how many
 * each has checked. Without options a short soak over everything; `make soak` runs a long one. Exit
 * code 1 if a task found a fault. SLIPWAY_TEST_SCALE (percent) scales the number of tasks.
 *
 * ctest-labels: stress concurrency soak
 * ctest-timeout: 300
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soak.h"

#define SHORT_TASKS UINT64_C(1000000)
#define SIM_SHARE 16u /* a case of a simulator has so many times fewer tasks */

/* What the command line says. */
typedef struct choices {
    const char *platform; /* null: all */
    uint64_t tasks;
    uint64_t seed;
    uint32_t threads; /* 0: all */
    uint32_t pause;
} choices;

/* A runner and its window. */
typedef struct place {
    const char *platform;
    uint32_t threads;
    uint32_t window;
} place;

static const place places[] = {
    {"cpu", 1, 4},     {"cpu", 1, 16},      {"cpu", 1, 256},    {"cpu", 1, 16384},
    {"cpu", 2, 4},     {"cpu", 2, 16},      {"cpu", 2, 256},    {"cpu", 2, 16384},
    {"cpu", 4, 4},     {"cpu", 4, 16},      {"cpu", 4, 256},    {"cpu", 4, 16384},
    {"cpu", 8, 4},     {"cpu", 8, 16},      {"cpu", 8, 256},    {"cpu", 8, 16384},
    {"a2a3sim", 1, 4}, {"a2a3sim", 2, 256}, {"a2a3sim", 4, 16}, {"a5sim", 2, 4},
    {"a5sim", 8, 256}, {"a5sim", 1, 16384},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static const slip_kernel_entry kernels[] = {{"check", soak_kernel, SLIP_AIV, 0}};
static const slip_param params[SOAK_PARAMS] = {
    {"cells", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U64, 2},
    {"round", SLIP_PARAM_SCALAR, 0, SLIP_U64, 0},
    {"tasks", SLIP_PARAM_SCALAR, 0, SLIP_U64, 0},
    {"width", SLIP_PARAM_SCALAR, 0, SLIP_U64, 0},
    {"window", SLIP_PARAM_SCALAR, 0, SLIP_U64, 0},
};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "soak",
                                     soak_orchestrate,
                                     NULL,
                                     kernels,
                                     1,
                                     SOAK_PARAMS,
                                     params};

/* True if a place is one of a simulator. */
static bool is_sim(const place *p)
{
    return strcmp(p->platform, "cpu") != 0;
}

/* True if the options want this place. */
static bool wanted(const choices *o, const place *p)
{
    return (o->platform == NULL || strcmp(o->platform, p->platform) == 0) &&
           (o->threads == 0 || o->threads == p->threads);
}

/* Opens the runner of a place. */
static slip_runner *open_runner(const place *p, slip_callable *out)
{
    slip_runner *runner = NULL;
    slip_runner_options options;
    memset(&options, 0, sizeof(options));
    options.struct_size = (uint32_t)sizeof(options);
    options.platform = p->platform;
    options.threads = is_sim(p) ? 0 : p->threads;
    options.sim_threads = is_sim(p) ? p->threads : 0;
    slip_status status = slip_runner_open(&options, &runner);
    if (status == SLIP_OK) {
        status = slip_register_program(runner, &program, out);
    }
    if (status != SLIP_OK) {
        fprintf(stderr, "%s: cannot be opened: %s\n", p->platform, slip_status_name(status));
        slip_runner_close(runner);
        return NULL;
    }
    return runner;
}

/* One program at one place: rounds until it has had its tasks. */
static void run_case(const soak_place *at, uint64_t tasks, uint64_t *rounds)
{
    uint64_t begin = soak.ended_tasks;
    uint64_t faults = soak.faults;
    uint64_t first = *rounds;
    /* Rounds enough that every way has its turn; their number goes on, and with it the modes. */
    uint64_t most = tasks / SOAK_WAYS + 1u;
    soak_reset();
    for (; soak.ended_tasks - begin < tasks && soak.faults == faults; ++*rounds) {
        uint64_t left = tasks - (soak.ended_tasks - begin);
        left = left < most ? left : most;
        soak_round(at, *rounds, left < SOAK_RUN_TASKS ? (uint32_t)left : SOAK_RUN_TASKS);
    }
    uint64_t checked = soak.ended_tasks - begin;
    printf("%-8s threads %u window %5u %-20s tasks %9llu rounds %6llu faults %llu\n", at->platform,
           at->threads, at->window, soak_program_name(soak.program), (unsigned long long)checked,
           (unsigned long long)(*rounds - first), (unsigned long long)(soak.faults - faults));
    fflush(stdout);
}

/* Every program at one place. */
static void run_place(const place *p, uint64_t tasks, uint64_t *rounds)
{
    soak_place at = {NULL, {0}, p->platform, p->threads, p->window};
    at.runner = open_runner(p, &at.callable);
    if (at.runner == NULL) {
        soak.faults++;
        return;
    }
    for (uint32_t i = 0; i < SOAK_PROGRAMS; i++) {
        soak.program = i;
        run_case(&at, is_sim(p) ? tasks / SIM_SHARE + 1 : tasks, rounds);
    }
    slip_runner_close(at.runner);
}

/* Tasks of one case, such that all cases have at least the tasks that are wanted. */
static uint64_t share(const choices *o)
{
    uint64_t parts = 0;
    for (uint32_t i = 0; i < PLACES; i++) {
        if (wanted(o, &places[i])) {
            parts += is_sim(&places[i]) ? 1 : SIM_SHARE;
        }
    }
    return parts == 0 ? 0 : o->tasks * SIM_SHARE / (parts * SOAK_PROGRAMS) + 1;
}

/* Reads the command line; false after it has said what is wrong. */
static bool parse(int argc, char **argv, choices *o)
{
    const char *scale = getenv("SLIPWAY_TEST_SCALE");
    uint64_t percent = scale != NULL ? strtoull(scale, NULL, 10) : 100;
    *o = (choices){NULL, SHORT_TASKS * (percent == 0 ? 100 : percent) / 100, 1, 0, 2000};
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t number = value != NULL ? strtoull(value, NULL, 10) : 0;
        if (value != NULL && strcmp(argv[i], "--platform") == 0) {
            o->platform = value;
        } else if (value != NULL && strcmp(argv[i], "--threads") == 0) {
            o->threads = (uint32_t)number;
        } else if (value != NULL && strcmp(argv[i], "--tasks") == 0) {
            o->tasks = number;
        } else if (value != NULL && strcmp(argv[i], "--seed") == 0) {
            o->seed = number;
        } else if (value != NULL && strcmp(argv[i], "--pause") == 0) {
            o->pause = (uint32_t)number;
        } else {
            fprintf(stderr, "wanted: [--platform P] [--threads N] [--tasks N] [--seed N] "
                            "[--pause SPINS]\n");
            return false;
        }
    }
    return true;
}

/* Prints what was checked, in all and in each way. */
static void print_sums(uint64_t rounds)
{
    static const char *const ways[SOAK_WAYS] = {"runs", "replays", "submitted"};
    for (uint32_t i = 0; i < SOAK_WAYS; i++) {
        printf("%s: tasks %llu\n", ways[i], (unsigned long long)soak.way_tasks[i]);
    }
    printf("all: tasks %llu rounds %llu cells read %llu written %llu faults %llu\n",
           (unsigned long long)soak.ended_tasks, (unsigned long long)rounds,
           (unsigned long long)soak.reads_checked, (unsigned long long)soak.writes_checked,
           (unsigned long long)soak.faults);
}

int main(int argc, char **argv)
{
    choices o;
    uint64_t rounds = 0;
    if (!parse(argc, argv, &o) || share(&o) == 0) {
        return 2;
    }
    soak.data = aligned_alloc(64, SOAK_GRID_BYTES);
    soak.spare = aligned_alloc(64, SOAK_GRID_BYTES);
    if (soak.data == NULL || soak.spare == NULL) {
        return 2;
    }
    soak.rng.state = o.seed;
    soak.pause = o.pause;
    printf("seed %llu\n", (unsigned long long)o.seed);
    for (uint32_t i = 0; i < PLACES; i++) {
        if (wanted(&o, &places[i])) {
            run_place(&places[i], share(&o), &rounds);
        }
    }
    print_sums(rounds);
    free(soak.data);
    free(soak.spare);
    return soak.faults == 0 ? 0 : 1;
}
