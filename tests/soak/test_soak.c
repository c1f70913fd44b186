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

/* Sums of the cases. */
typedef struct sums {
    uint64_t tasks;
    uint64_t runs;
    uint64_t faults;
    uint64_t cases;
} sums;

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
static const slip_param params[] = {{"cells", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U64, 2}};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "soak",
                                     soak_orchestrate,
                                     NULL,
                                     kernels,
                                     1,
                                     1,
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

/* Says what the runner says. */
static void complain(slip_runner *runner, slip_status status)
{
    slip_error e;
    memset(&e, 0, sizeof(e));
    e.struct_size = (uint32_t)sizeof(e);
    slip_status asked = runner != NULL ? slip_last_error(runner, &e) : slip_open_error(&e);
    fprintf(stderr, "%s: %s\n", slip_status_name(status), asked == SLIP_OK ? e.message : "");
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
        complain(runner, status);
        slip_runner_close(runner);
        return NULL;
    }
    return runner;
}

/* How a run is dispatched: every mode in turn. */
static slip_run_config config_of(const place *p, uint64_t run)
{
    static const uint32_t dispatch[] = {SLIP_DISPATCH_SHARED, SLIP_DISPATCH_SERIAL,
                                        SLIP_DISPATCH_INLINE, SLIP_DISPATCH_AUTO};
    slip_run_config config;
    memset(&config, 0, sizeof(config));
    config.struct_size = (uint32_t)sizeof(config);
    config.dispatch = dispatch[run % 4u];
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        config.sizing.ring[r].task_window = p->window;
        config.sizing.ring[r].heap_bytes = p->window < 8 ? 1024 : p->window * UINT64_C(128);
        config.sizing.ring[r].dep_pool = p->window < 256 ? 4 : p->window;
    }
    return config;
}

/* One run; returns its faults. */
static uint64_t run_once(slip_runner *runner, slip_callable callable, const place *p, uint64_t run)
{
    const uint32_t shape[2] = {SOAK_ROWS, SOAK_COLUMNS * SOAK_WORDS};
    const slip_run_arg arg = slip_host_tensor(soak.data, SLIP_U64, SLIP_ACCESS_INOUT, 2, shape);
    slip_run_config config = config_of(p, run);
    soak.width = 1u << (1u + run / 4u % 6u);
    soak_begin_run();
    slip_status status = slip_run(runner, callable, &arg, 1, &config);
    if (status != SLIP_OK) {
        complain(runner, status);
        return soak_end_run() + 1;
    }
    return soak_end_run();
}

/* One program at one place: runs until it has had its tasks. */
static void run_case(slip_runner *runner, slip_callable callable, const place *p, uint64_t tasks,
                     sums *s)
{
    uint64_t checked = 0;
    uint64_t faults = 0;
    uint64_t run = 0;
    soak_reset();
    soak.window = p->window;
    for (; checked < tasks && faults == 0; run++) {
        soak.tasks =
            tasks - checked < SOAK_RUN_TASKS ? (uint32_t)(tasks - checked) : SOAK_RUN_TASKS;
        /* Four runs at least, that every dispatch mode has its turn. */
        soak.tasks = soak.tasks > tasks / 4u + 1u ? (uint32_t)(tasks / 4u + 1u) : soak.tasks;
        faults = run_once(runner, callable, p, run + s->cases);
        checked += soak.task_count;
    }
    printf("%-8s threads %u window %5u %-20s tasks %9llu runs %6llu faults %llu\n", p->platform,
           p->threads, p->window, soak_program_name(soak.program), (unsigned long long)checked,
           (unsigned long long)run, (unsigned long long)faults);
    fflush(stdout);
    s->tasks += checked;
    s->runs += run;
    s->faults += faults;
    s->cases++;
}

/* Every program at one place. */
static void run_place(const place *p, uint64_t tasks, sums *s)
{
    slip_callable callable = {0};
    slip_runner *runner = open_runner(p, &callable);
    if (runner == NULL) {
        s->faults++;
        return;
    }
    for (uint32_t i = 0; i < SOAK_PROGRAMS; i++) {
        soak.program = i;
        run_case(runner, callable, p, is_sim(p) ? tasks / SIM_SHARE + 1 : tasks, s);
    }
    slip_runner_close(runner);
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

int main(int argc, char **argv)
{
    choices o;
    sums s = {0, 0, 0, 0};
    if (!parse(argc, argv, &o) || share(&o) == 0) {
        return 2;
    }
    soak.data = aligned_alloc(64, SOAK_CELLS * SOAK_WORDS * sizeof(uint64_t));
    if (soak.data == NULL) {
        return 2;
    }
    soak.rng.state = o.seed;
    soak.pause = o.pause;
    printf("seed %llu\n", (unsigned long long)o.seed);
    for (uint32_t i = 0; i < PLACES; i++) {
        if (wanted(&o, &places[i])) {
            run_place(&places[i], share(&o), &s);
        }
    }
    printf("all: tasks %llu runs %llu cells read %llu written %llu faults %llu\n",
           (unsigned long long)s.tasks, (unsigned long long)s.runs,
           (unsigned long long)soak.reads_checked, (unsigned long long)soak.writes_checked,
           (unsigned long long)s.faults);
    free(soak.data);
    return s.faults == 0 ? 0 : 1;
}
