/*
 * test_call_threads.c - prepared calls from several threads: each thread's own call, one that all
 * share and change, and slip_run, on one runner. Every result is right and every run is counted.
 *
 * ctest-labels: concurrency
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <pthread.h>
#include <stdlib.h>

#include "affine.h"
#include "support/check.h"

enum { THREADS = 4, ROUNDS = 60 };

static const uint32_t shape[1] = {AFFINE_ELEMENTS};
static const char *platform;
static slip_runner *runner;
static slip_callable callable;
static slip_call *shared;
static float shared_y[AFFINE_ELEMENTS];

/* One thread and what it computes with. */
typedef struct worker {
    pthread_t thread;
    uint32_t index;
    slip_call *call;
    float x[2][AFFINE_ELEMENTS];
    float y[AFFINE_ELEMENTS];
} worker;

/* Prepares a call of a worker's own. */
static void prepare(worker *w)
{
    /* Two sizings, so that their entries are used in turn. */
    slip_run_config config = affine_config(w->index % 2 == 0 ? 64 : 128, 65536, 64);
    const slip_run_arg args[] = {slip_host_tensor(w->x[0], SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                 slip_host_tensor(w->y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape),
                                 slip_scalar_arg(0)};
    for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
        w->x[0][i] = (float)(w->index * 1000u + i);
        w->x[1][i] = -w->x[0][i];
    }
    CHECK_STATUS(SLIP_OK, slip_call_prepare(runner, callable, args, 3, &config, &w->call));
}

/* Own call, shared call, slip_run, and now and then a call that comes and goes. */
static void *work(void *argument)
{
    worker *w = argument;
    for (uint32_t n = 0; n < ROUNDS; n++) {
        const float *x = w->x[n % 2];
        slip_run_arg arg = slip_host_tensor(w->x[n % 2], SLIP_F32, SLIP_ACCESS_IN, 1, shape);
        CHECK_STATUS(SLIP_OK, slip_call_set(w->call, 0, &arg));
        CHECK_STATUS(SLIP_OK, slip_call_run(w->call));
        bool right = true;
        for (uint32_t i = 0; i < AFFINE_ELEMENTS; i++) {
            right = right && w->y[i] == 2.0f * x[i] + 1.0f;
        }
        CHECK(right);
        CHECK_STATUS(SLIP_OK, slip_call_set(shared, 0, &arg));
        CHECK_STATUS(SLIP_OK, slip_call_run(shared));
        CHECK(affine_good(runner, callable, NULL));
        if (n % 10 == 0) {
            slip_call_destroy(w->call);
            prepare(w);
        }
    }
    return NULL;
}

/* All of them at once. */
static void threads(void)
{
    static worker workers[THREADS];
    runner = affine_open(platform, NULL);
    callable = affine_register(runner);
    for (uint32_t t = 0; t < THREADS; t++) {
        workers[t].index = t;
        prepare(&workers[t]);
    }
    const slip_run_arg args[] = {
        slip_host_tensor(workers[0].x[0], SLIP_F32, SLIP_ACCESS_IN, 1, shape),
        slip_host_tensor(shared_y, SLIP_F32, SLIP_ACCESS_OUT, 1, shape), slip_scalar_arg(0)};
    CHECK_STATUS(SLIP_OK, slip_call_prepare(runner, callable, args, 3, NULL, &shared));
    for (uint32_t t = 0; t < THREADS; t++) {
        CHECK_EQ(0, pthread_create(&workers[t].thread, NULL, work, &workers[t]));
    }
    for (uint32_t t = 0; t < THREADS; t++) {
        CHECK_EQ(0, pthread_join(workers[t].thread, NULL));
    }
    slip_stats stats = affine_stats(runner);
    CHECK_EQ(3 * THREADS * ROUNDS, stats.runs);
    CHECK_EQ(3, stats.misses);
    CHECK_EQ(3 * THREADS * ROUNDS - 3, stats.hits);
    CHECK_EQ(0, stats.run_failures);
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(threads);
    return check_report();
}
