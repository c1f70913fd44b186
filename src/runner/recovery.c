/*
 * recovery.c - a runner after its device hung or was lost.
 *
 * For the runner's public functions, under its lock. A platform that can recover gives the device
 * back empty; then everything of the runner's own is put there again, and what callers had there is
 * lost. If it cannot, the runner refuses all further work and says why.
 */
#include <stdio.h>
#include <string.h>

#include "runner/runner_int.h"

/* Takes nothing further, for this reason. */
static void refuse(slip_runner *runner, const char *why)
{
    runner->refuses = 1;
    (void)snprintf(runner->refusal, sizeof(runner->refusal), "%.*s",
                   (int)sizeof(runner->refusal) - 1, why);
}

/* Forgets what the device has lost. Callers' allocations go too: their addresses name nothing. */
static void forget_device(slip_runner *runner)
{
    slipi_prebuilt_cache_forget(&runner->cache);
    slipi_regions_forget(runner);
    slipi_programs_forget(runner);
    runner->staging = (slipi_staging){0, 0};
    slipi_calls_forget(runner);
    slipi_recordings_forget(runner);
    slipi_carriers_forget(runner);
    runner->launch.address = 0;
    runner->audit.region = (slipi_region){0, 0, 0};
    runner->audited = 0;
    runner->task_trace.region = (slipi_region){0, 0, 0};
    runner->memory.count = 0;
    runner->memory.epoch++;
    runner->stats.device_resets++;
}

/* Empties the device and forgets what was on it; false if it cannot be done. No page is given to
 * memory in the middle of it. */
static bool reset(slip_runner *runner, char *why, size_t why_bytes)
{
    if (runner->ops->recover == NULL) {
        return false;
    }
    slipi_memory_close(runner);
    bool good = runner->ops->recover(runner->device, why, why_bytes) == SLIP_OK;
    if (good) {
        forget_device(runner);
    }
    slipi_memory_open(runner);
    return good;
}

/* Puts the runner's own things on the device again, or leaves it empty. */
static slip_status put_back(slip_runner *runner)
{
    slipi_launch_place *place = &runner->launch;
    slip_status status = slipi_launch_place_alloc(runner);
    if (status == SLIP_OK) {
        status = slipi_programs_reload(runner);
    }
    if (status != SLIP_OK) {
        slipi_programs_free_device(runner);
        if (place->address != 0) {
            runner->ops->free(runner->device, place->address, SLIPI_LAUNCH_BYTES);
            place->address = 0;
        }
    }
    return status;
}

/* Recovers a broken device; see the header. */
void slipi_runner_recover(slip_runner *runner, const char *program)
{
    char why[256] = "a run ended by its deadline with threads still inside a kernel, and their "
                    "memory must not be touched";
    runner->broken = 0;
    if (runner->refuses != 0) {
        return;
    }
    slipi_run_queue_abandon(runner, NULL, program);
    if (!reset(runner, why, sizeof(why))) {
        refuse(runner, why);
        return;
    }
    slip_error first = runner->error;
    if (put_back(runner) != SLIP_OK) {
        (void)snprintf(why, sizeof(why), "the device was reset, then: %.200s",
                       runner->error.message);
        refuse(runner, why);
    }
    runner->broken = 0;
    runner->error = first;
}
