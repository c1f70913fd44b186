/* gated.c - a run that stays on the device until it is let go; see gated.h. */
#include "gated.h"

#include <pthread.h>
#include <time.h>

#include "runner/runner_int.h"
#include "support/check.h"

/* Relaxed, all of them: flags that order nothing. */
static slipi_au32 gate_open;
static slipi_au32 came;
static pthread_t opener;

/* Sleeps a little. */
static void nap(long ns)
{
    const struct timespec duration = {0, ns};
    (void)nanosleep(&duration, NULL);
}

/* Kernel: waits for the gate. */
static int32_t wait_at_gate(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    slipi_add_relaxed(&came, 1u);
    while (slipi_load_relaxed(&gate_open) == 0) {
        nap(50000);
    }
    return 0;
}

/* Orchestration: one task. */
static slip_status orchestrate(slip_orch *o)
{
    return slip_spawn(o, SLIP_TASK_AIV, 0, 0, NULL);
}

static const slip_kernel_entry kernels[] = {{"wait_at_gate", wait_at_gate, SLIP_AIV, 0}};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "gated",
                                     orchestrate,
                                     NULL,
                                     kernels,
                                     1,
                                     0,
                                     NULL};

/* Registers the program. */
slip_callable gated_register(slip_runner *runner)
{
    slip_callable callable = {0};
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    return callable;
}

/* Closes the gate. */
void gated_close(void)
{
    slipi_store_relaxed(&came, 0u);
    slipi_store_relaxed(&gate_open, 0u);
}

/* Opens it. */
void gated_open(void)
{
    slipi_store_relaxed(&gate_open, 1u);
}

/* Opens it after a while. */
static void *open_later(void *argument)
{
    nap(20000000);
    gated_open();
    return argument;
}

/* Opens it from another thread after a while. */
void gated_open_later(void)
{
    CHECK_EQ(0, pthread_create(&opener, NULL, open_later, NULL));
}

/* Ends that thread. */
void gated_join(void)
{
    CHECK_EQ(0, pthread_join(opener, NULL));
}

/* Waits until so many kernels have come. */
void gated_await(uint32_t wanted)
{
    while (slipi_load_relaxed(&came) < wanted) {
        nap(50000);
    }
}

/* Waits until so many threads are at or in the turn of a runner. */
void gated_await_turns(slip_runner *runner, uint32_t threads)
{
    slipi_turns *turns = &runner->turns;
    while (slipi_load_relaxed(&turns->next) - slipi_load_relaxed(&turns->serving) < threads) {
        nap(50000);
    }
}
