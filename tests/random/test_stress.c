/*
 * test_stress.c - chains, stencils and fork-joins on 1 to 32 threads give the bytes of plain loops.
 *
 *     test_stress [--platform P]
 *
 * The windows are small, so that the orchestrator is often blocked and executes tasks itself, and
 * every runner is used many times. Two cases share the machine between runners, and one runner
 * between callers. SLIPWAY_TEST_SCALE (percent) scales the number of runs.
 *
 * ctest-labels: stress concurrency
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <slipway/slipway.h>

#include "rng.h"
#include "support/check.h"

#define TILES 24u
#define TILE 8u /* elements */
#define CELLS (TILES * TILE)
#define RUNS 200u /* of each pattern and dispatch mode, before scaling */
#define CALLERS 4u

enum pattern { CHAINS, STENCIL, FORK_JOIN, PATTERNS };
enum { ARG_PATTERN, ARG_STEPS, ARG_SEED, ARG_A, ARG_B, ARGS };

static const char *platform = "cpu";

/* One step of one element: what was there, what was read, and who asks. */
static uint32_t step_element(uint32_t old, uint32_t read, uint64_t salt)
{
    return (uint32_t)rp_mix64(((uint64_t)old << 32 | read) + salt);
}

/* Writes the first tile from itself and a fold of the others; all are one-dimensional. */
static int32_t step_kernel(const slip_kernel_ctx *ctx)
{
    uint32_t *to = slip_kernel_data(ctx, 0);
    bool keeps = ctx->tensors[0].access == SLIP_ACCESS_INOUT;
    for (uint32_t e = 0; e < slip_kernel_dim(ctx, 0, 0); e++) {
        uint32_t read = 0;
        for (uint32_t i = 1; i < ctx->tensor_count; i++) {
            const uint32_t *from = slip_kernel_data(ctx, i);
            read = read * 31u + from[e];
        }
        to[e] = step_element(keeps ? to[e] : 0, read, slip_kernel_u64(ctx, 0));
    }
    return 0;
}

/* Tile `index` of an array. */
static slip_status tile_of(slip_orch *o, const slip_tensor *array, uint32_t index, slip_tensor *out)
{
    const uint32_t low = index * TILE;
    const uint32_t size = TILE;
    return slip_slice(o, array, &low, &size, out);
}

/* Every tile of A is updated again and again; every chain is one tile. */
static slip_status chains(slip_orch *o, const slip_tensor *a, uint32_t steps, uint64_t seed)
{
    slip_status status = SLIP_OK;
    for (uint32_t s = 0; s < steps && status == SLIP_OK; s++) {
        status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
        for (uint32_t i = 0; i < TILES && status == SLIP_OK; i++) {
            slip_tensor tile;
            status = tile_of(o, a, i, &tile);
            slip_arg args[] = {slip_inout(&tile), slip_scalar(seed + s)};
            status = status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, 0, 2, args) : status;
        }
        status = status == SLIP_OK ? slip_scope_end(o) : status;
    }
    return status;
}

/* The same by a plain loop. */
static void plain_chains(uint32_t *a, uint32_t steps, uint64_t seed)
{
    for (uint32_t s = 0; s < steps; s++) {
        for (uint32_t i = 0; i < CELLS; i++) {
            a[i] = step_element(a[i], 0, seed + s);
        }
    }
}

/* A and B in turn: each tile from its three neighbours, over memory that is still being read. */
static slip_status stencil(slip_orch *o, const slip_tensor *a, const slip_tensor *b, uint32_t steps,
                           uint64_t seed)
{
    slip_status status = SLIP_OK;
    for (uint32_t s = 0; s < steps && status == SLIP_OK; s++) {
        const slip_tensor *from = s % 2u == 0 ? a : b;
        const slip_tensor *to = s % 2u == 0 ? b : a;
        status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
        for (uint32_t i = 0; i < TILES && status == SLIP_OK; i++) {
            slip_tensor tile[4];
            status = tile_of(o, to, i, &tile[0]);
            for (uint32_t k = 0; k < 3 && status == SLIP_OK; k++) {
                status = tile_of(o, from, (i + k + TILES - 1u) % TILES, &tile[k + 1u]);
            }
            slip_arg args[] = {slip_out_existing(&tile[0]), slip_in(&tile[1]), slip_in(&tile[2]),
                               slip_in(&tile[3]), slip_scalar(seed + s)};
            status = status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, 0, 5, args) : status;
        }
        status = status == SLIP_OK ? slip_scope_end(o) : status;
    }
    return status;
}

/* The same by a plain loop. */
static void plain_stencil(uint32_t *a, uint32_t *b, uint32_t steps, uint64_t seed)
{
    for (uint32_t s = 0; s < steps; s++) {
        const uint32_t *from = s % 2u == 0 ? a : b;
        uint32_t *to = s % 2u == 0 ? b : a;
        for (uint32_t i = 0; i < CELLS; i++) {
            uint32_t read = 0;
            for (uint32_t k = 0; k < 3; k++) {
                read = read * 31u + from[(i + (k + TILES - 1u) * TILE) % CELLS];
            }
            to[i] = step_element(0, read, seed + s);
        }
    }
}

/* One tile is read by many tasks with outputs of their own, which one task joins into it. */
static slip_status fork_join(slip_orch *o, const slip_tensor *a, uint32_t steps, uint64_t seed)
{
    slip_tensor root;
    slip_status status = tile_of(o, a, 0, &root);
    for (uint32_t s = 0; s < steps && status == SLIP_OK; s++) {
        const uint32_t size = TILE;
        slip_tensor part[TILES];
        slip_arg join[TILES + 2u];
        status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
        for (uint32_t i = 0; i < TILES && status == SLIP_OK; i++) {
            slip_arg args[] = {slip_out(&part[i], SLIP_U32, 1, &size), slip_in(&root),
                               slip_scalar(seed + s + i)};
            status = slip_spawn(o, SLIP_TASK_AIV, 0, 3, args);
            join[i + 1u] = slip_in(&part[i]);
        }
        join[0] = slip_inout(&root);
        join[TILES + 1u] = slip_scalar(seed + s);
        status = status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIC, 1, TILES + 2u, join) : status;
        status = status == SLIP_OK ? slip_scope_end(o) : status;
    }
    return status;
}

/* The same by a plain loop. */
static void plain_fork_join(uint32_t *a, uint32_t steps, uint64_t seed)
{
    for (uint32_t s = 0; s < steps; s++) {
        for (uint32_t e = 0; e < TILE; e++) {
            uint32_t read = 0;
            for (uint32_t i = 0; i < TILES; i++) {
                read = read * 31u + step_element(0, a[e], seed + s + i);
            }
            a[e] = step_element(a[e], read, seed + s);
        }
    }
}

/* The orchestration function. */
static slip_status orchestrate(slip_orch *o)
{
    slip_tensor a;
    slip_tensor b;
    uint32_t steps = (uint32_t)slip_orch_scalar(o, ARG_STEPS);
    uint64_t seed = slip_orch_scalar(o, ARG_SEED);
    slip_status status = slip_orch_tensor(o, ARG_A, &a);
    status = status == SLIP_OK ? slip_orch_tensor(o, ARG_B, &b) : status;
    if (status != SLIP_OK) {
        return status;
    }
    switch (slip_orch_scalar(o, ARG_PATTERN)) {
    case CHAINS:
        return chains(o, &a, steps, seed);
    case STENCIL:
        return stencil(o, &a, &b, steps, seed);
    default:
        return fork_join(o, &a, steps, seed);
    }
}

static const slip_kernel_entry kernels[] = {{"step", step_kernel, SLIP_AIV, 0},
                                            {"join", step_kernel, SLIP_AIC, 0}};
static const slip_param params[ARGS] = {{"pattern", SLIP_PARAM_SCALAR, 0, 0, 0},
                                        {"steps", SLIP_PARAM_SCALAR, 0, 0, 0},
                                        {"seed", SLIP_PARAM_SCALAR, 0, 0, 0},
                                        {"a", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U32, 1},
                                        {"b", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_U32, 1}};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     sizeof(slip_program),
                                     "stress",
                                     orchestrate,
                                     NULL,
                                     kernels,
                                     2,
                                     ARGS,
                                     params};

/* One open runner. */
typedef struct station {
    slip_runner *runner;
    slip_callable callable;
    uint64_t seed;
    uint32_t runs;
} station;

/* Runs of each kind, scaled. */
static uint32_t scaled_runs(void)
{
    const char *text = getenv("SLIPWAY_TEST_SCALE");
    uint64_t percent = text != NULL ? strtoull(text, NULL, 10) : 100u;
    uint64_t runs = percent <= 10000u ? RUNS * percent / 100u : RUNS;
    return runs == 0 ? 1u : (uint32_t)runs;
}

/* Opens a runner; false and a failed check if that does not work. */
static bool open_station(station *st, uint32_t threads)
{
    slip_runner_options options = {.struct_size = sizeof(options)};
    options.platform = platform;
    options.threads = threads;
    memset(st, 0, sizeof(*st));
    st->runs = scaled_runs();
    st->seed = threads;
    return CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &st->runner)) &&
           CHECK_STATUS(SLIP_OK, slip_register_program(st->runner, &program, &st->callable));
}

/* The same steps by plain loops. */
static void plain(uint32_t pattern, uint32_t *a, uint32_t *b, uint32_t steps, uint64_t seed)
{
    if (pattern == CHAINS) {
        plain_chains(a, steps, seed);
    } else if (pattern == STENCIL) {
        plain_stencil(a, b, steps, seed);
    } else {
        plain_fork_join(a, steps, seed);
    }
}

/* One run of a pattern, compared. */
static bool run_once(station *st, uint32_t pattern, uint32_t dispatch)
{
    uint32_t found[2][CELLS];
    uint32_t wanted[2][CELLS];
    rp_rng rng = {st->seed};
    for (uint32_t i = 0; i < CELLS; i++) {
        found[0][i] = wanted[0][i] = (uint32_t)rp_next(&rng);
        found[1][i] = wanted[1][i] = (uint32_t)rp_next(&rng);
    }
    uint32_t steps = rp_between(&rng, 4, 24);
    const uint32_t cells = CELLS;
    slip_run_arg args[ARGS] = {slip_scalar_arg(pattern), slip_scalar_arg(steps),
                               slip_scalar_arg(st->seed)};
    args[ARG_A] = slip_host_tensor(found[0], SLIP_U32, SLIP_ACCESS_INOUT, 1, &cells);
    args[ARG_B] = slip_host_tensor(found[1], SLIP_U32, SLIP_ACCESS_INOUT, 1, &cells);
    slip_run_config config = {.struct_size = sizeof(config)};
    config.dispatch = dispatch;
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        config.sizing.ring[r].task_window = rp_chance(&rng, 50) ? 32 : 128;
        config.sizing.ring[r].heap_bytes = 4096;
        config.sizing.ring[r].dep_pool = rp_chance(&rng, 50) ? 4 : 64;
    }
    st->seed++;
    bool good = CHECK_STATUS(SLIP_OK, slip_run(st->runner, st->callable, args, ARGS, &config));
    plain(pattern, wanted[0], wanted[1], steps, st->seed - 1u);
    return good && CHECK(memcmp(found, wanted, sizeof(found)) == 0);
}

/* All patterns in all dispatch modes; stops at the first failure. */
static bool run_patterns(station *st)
{
    for (uint32_t run = 0; run < st->runs; run++) {
        for (uint32_t pattern = 0; pattern < PATTERNS; pattern++) {
            for (uint32_t mode = SLIP_DISPATCH_AUTO; mode <= SLIP_DISPATCH_SERIAL; mode++) {
                if (!run_once(st, pattern, mode)) {
                    fprintf(stderr, "pattern %u, dispatch %u, seed %llu\n", pattern, mode,
                            (unsigned long long)(st->seed - 1u));
                    return false;
                }
            }
        }
    }
    return true;
}

/* One runner with a number of threads. */
static void with_threads(uint32_t threads)
{
    station st;
    if (open_station(&st, threads)) {
        (void)run_patterns(&st);
    }
    slip_runner_close(st.runner);
}

/* One thread: everything is done by the caller. */
static void one_thread(void)
{
    with_threads(1);
}

/* As many as there are cores on a small machine. */
static void two_threads(void)
{
    with_threads(2);
}

/* More than there may be cores. */
static void three_to_eight_threads(void)
{
    with_threads(3);
    with_threads(8);
}

/* Far more threads than tasks that are ready. */
static void many_threads(void)
{
    with_threads(16);
    with_threads(32);
}

/* Body of a host thread with a runner of its own. */
static void *own_runner(void *user)
{
    uint32_t threads = *(const uint32_t *)user;
    station st;
    if (open_station(&st, threads)) {
        st.runs = (st.runs + 3u) / 4u;
        (void)run_patterns(&st);
    }
    slip_runner_close(st.runner);
    return NULL;
}

/* Body of a host thread that shares a runner. */
static void *shared_runner(void *user)
{
    station st = *(const station *)user;
    st.runs = (st.runs + 3u) / 4u;
    (void)run_patterns(&st);
    return NULL;
}

/* Starts host threads over one body and waits for them. */
static void with_callers(void *(*body)(void *), void *user)
{
    pthread_t thread[CALLERS];
    uint32_t started = 0;
    while (started < CALLERS && CHECK_EQ(pthread_create(&thread[started], NULL, body, user), 0)) {
        started++;
    }
    for (uint32_t i = 0; i < started; i++) {
        CHECK_EQ(pthread_join(thread[i], NULL), 0);
    }
}

/* Several runners at once. */
static void runners_beside_each_other(void)
{
    uint32_t threads = 3;
    with_callers(own_runner, &threads);
}

/* Several callers of one runner: calls are serialised. */
static void callers_of_one_runner(void)
{
    station st;
    if (open_station(&st, 2)) {
        with_callers(shared_runner, &st);
    }
    slip_runner_close(st.runner);
}

/* Runs all cases. */
int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--platform") == 0) {
        platform = argv[2];
    } else if (argc != 1) {
        fprintf(stderr, "usage: %s [--platform P]\n", argv[0]);
        return 2;
    }
    CHECK_CASE(one_thread);
    if (strcmp(platform, "cpu") == 0) {
        CHECK_CASE(two_threads);
        CHECK_CASE(three_to_eight_threads);
        CHECK_CASE(many_threads);
    }
    CHECK_CASE(runners_beside_each_other);
    CHECK_CASE(callers_of_one_runner);
    return check_report();
}
