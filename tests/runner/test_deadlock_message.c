/*
 * test_deadlock_message.c - a ring that is too small: the error names ring, scope and numbers, and
 * the sizing that it asks for is one that passes.
 *
 * ctest-labels: unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include "affine.h"
#include "support/check.h"

enum { TENSORS = 20, ELEMENTS = 256 };

static const char *platform;

/* Orchestration: keeps twenty tensors of 1 KiB alive in an inner scope. */
static slip_status keep_many(slip_orch *o)
{
    const uint32_t shape[1] = {ELEMENTS};
    slip_tensor t;
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    for (uint32_t i = 0; i < TENSORS && status == SLIP_OK; i++) {
        status = slip_alloc(o, &t, SLIP_F32, 1, shape);
    }
    return status == SLIP_OK ? slip_scope_end(o) : status;
}

static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "keep_many",
                                     keep_many,
                                     NULL,
                                     NULL,
                                     0,
                                     0,
                                     NULL};

/* The value after "at least " in a message; 0 if there is none. */
static uint64_t remedy_of(const char *message)
{
    const char *at = strstr(message, "at least ");
    unsigned long long value = 0;
    return at != NULL && sscanf(at, "at least %llu", &value) == 1 ? value : 0;
}

/* Fails by name; the sizing that the message asks for passes, and the runner stays clean. */
static void check_deadlock(slip_run_config config, slip_status wanted, const char *resource,
                           bool heap)
{
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable;
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    uint64_t remedy = 0;
    uint64_t task = 0;
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(wanted, slip_run(runner, callable, NULL, 0, &config));
        slip_error error = affine_error(runner);
        CHECK_EQ(wanted, error.status);
        CHECK_EQ(1, error.ring);
        CHECK_EQ(1, error.scope);
        CHECK_STR(resource, error.resource);
        CHECK(error.wanted > 0 && error.wanted > error.available);
        CHECK(error.capacity > 0);
        CHECK_CONTAINS(error.message, "keep_many");
        CHECK_CONTAINS(error.message, resource);
        CHECK(i == 0 || error.task == task); /* the same submission each time */
        task = error.task;
        remedy = remedy_of(error.message);
    }
    CHECK(remedy > 0);
    config.sizing.ring[1].task_window = heap ? config.sizing.ring[1].task_window : remedy;
    config.sizing.ring[1].heap_bytes = heap ? remedy : config.sizing.ring[1].heap_bytes;
    slip_status status = slip_run(runner, callable, NULL, 0, &config);
    /* The remedy is for this submission: a later one may ask for more, but never for less. */
    for (int i = 0; i < 2 * TENSORS && status == wanted; i++) {
        uint64_t more = remedy_of(affine_error(runner).message);
        CHECK(affine_error(runner).task > task);
        CHECK(more > remedy);
        task = affine_error(runner).task;
        remedy = more;
        config.sizing.ring[1].task_window = heap ? config.sizing.ring[1].task_window : remedy;
        config.sizing.ring[1].heap_bytes = heap ? remedy : config.sizing.ring[1].heap_bytes;
        status = slip_run(runner, callable, NULL, 0, &config);
    }
    CHECK_STATUS(SLIP_OK, status);
    CHECK_EQ(0, affine_stats(runner).dirty);
    slip_runner_close(runner);
}

/* Too few slots. */
static void window_is_too_small(void)
{
    slip_run_config config = affine_config(4, 1 << 20, 64);
    check_deadlock(config, SLIP_E_RING_DEADLOCK, "ring 1 task window", false);
}

/* Too few bytes. */
static void heap_is_too_small(void)
{
    slip_run_config config = affine_config(256, 4096, 64);
    check_deadlock(config, SLIP_E_HEAP_DEADLOCK, "ring 1 heap", true);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(window_is_too_small);
    CHECK_CASE(heap_is_too_small);
    return check_report();
}
