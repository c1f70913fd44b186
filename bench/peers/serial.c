/*
 * serial.c - no runtime: the tasks called one after the other, which is what the harness costs.
 *
 * A program of its own, one thread. The modes `reversed` and `lossy` are wrong on purpose, for the
 * tests of the checked mode: the last task runs first; one task in 1000 is left out.
 */
#include "harness.h"

/* Any number of threads is one. */
static bool serial_open(uint32_t threads)
{
    (void)threads;
    return true;
}

/* Nothing to prepare. */
static bool serial_prepare(uint32_t mode)
{
    (void)mode;
    return true;
}

/* Calls every task in turn; mode 1 begins at the end, mode 2 leaves tasks out. */
static bool serial_run(uint32_t mode)
{
    const peers_plan *p = &peers_now_plan;
    for (uint32_t i = 0; i < p->count; i++) {
        if (mode == 1) {
            peers_task(p->id[p->count - 1 - i]);
        } else if (mode == 0 || i % 1000 != 1) {
            peers_task(p->id[i]);
        }
    }
    return true;
}

/* Nothing to undo. */
static void serial_finish(uint32_t mode)
{
    (void)mode;
}

/* Nothing to close. */
static void serial_close(void)
{
}

static const char *const serial_modes[] = {"calls", "reversed", "lossy", NULL};
static const peers_peer serial_peer = {"serial",
                                       "",
                                       "no runtime: the tasks called in order",
                                       serial_modes,
                                       serial_open,
                                       serial_prepare,
                                       serial_run,
                                       serial_finish,
                                       serial_close};

/* See harness.h. */
int main(int argc, char **argv)
{
    return peers_main(argc, argv, &serial_peer);
}
