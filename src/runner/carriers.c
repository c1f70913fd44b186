/*
 * carriers.c - launch block and arguments for each run that is in flight at once.
 *
 * For submit.c, trim.c, recovery.c and residency.c, under the queue's lock; what uses the platform
 * also with the turn.
 */
#include <stdlib.h>

#include "runner/runner_int.h"

/* Made besides the first one. Chosen, not measured: a run on the device and some behind it. */
enum { MIN_SPARE = 3 };

/* Gives a carrier its launch block on the device. */
static slip_status obtain_block(slip_runner *runner, slipi_carrier *carrier)
{
    slipi_launch_place *place = &carrier->launch;
    slip_status status = runner->ops->alloc(runner->device, SLIPI_LAUNCH_BYTES, &place->address);
    if (status != SLIP_OK) {
        place->address = 0;
        return slipi_platform_fail(runner, status, "alloc", SLIPI_LAUNCH_BYTES,
                                   "launch block of a queued run");
    }
    if (runner->info.host_in_place != 0) {
        place->block = (slipi_launch *)(uintptr_t)place->address;
    }
    slipi_bind_init_block(place->block);
    return SLIP_OK;
}

/* Frees a carrier that is in no list. */
static void free_carrier(slip_runner *runner, slipi_carrier *carrier, bool device)
{
    if (device && carrier->launch.address != 0) {
        runner->ops->free(runner->device, carrier->launch.address, SLIPI_LAUNCH_BYTES);
    }
    if (runner->info.host_in_place == 0) {
        free(carrier->launch.block);
    }
    free(carrier);
}

/* Makes one more carrier, without what it has on the device. */
static slip_status make(slip_runner *runner, slipi_carrier **out)
{
    slipi_carrier *carrier = calloc(1, sizeof(*carrier));
    if (carrier != NULL && runner->info.host_in_place == 0) {
        carrier->launch.block = calloc(1, SLIPI_LAUNCH_BYTES);
        if (carrier->launch.block == NULL) {
            free(carrier);
            carrier = NULL;
        }
    }
    if (carrier == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                          "slip_submit: no memory for a queued run of %zu bytes",
                          sizeof(*carrier) + SLIPI_LAUNCH_BYTES);
    }
    carrier->plan.staging = &runner->staging; /* one run at a time uses it */
    carrier->next = runner->queue->carriers;
    runner->queue->carriers = carrier;
    *out = carrier;
    return SLIP_OK;
}

/* Makes as many more as there are, and a few at least, so that who submits seldom waits for a turn
 * to have one. None of them is needed now. */
static void make_spare(slip_runner *runner)
{
    uint32_t there = 0;
    for (const slipi_carrier *c = runner->queue->carriers; c != NULL; c = c->next) {
        there++;
    }
    slip_error first = runner->error;
    for (uint32_t i = 0; i < (there < MIN_SPARE ? MIN_SPARE : there); i++) {
        slipi_carrier *spare;
        if (there + i >= SLIP_MAX_QUEUED || make(runner, &spare) != SLIP_OK ||
            obtain_block(runner, spare) != SLIP_OK) {
            break;
        }
    }
    runner->error = first;
}

/* A carrier that is free; see the header. */
slip_status slipi_carrier_take(slip_runner *runner, bool may_make, slipi_carrier **out)
{
    slipi_carrier *carrier = runner->queue->carriers;
    while (carrier != NULL && (carrier->busy != 0 || (!may_make && carrier->launch.address == 0))) {
        carrier = carrier->next; /* as many steps as runs were in flight at once */
    }
    slip_status status = SLIP_OK;
    if (carrier == NULL && !may_make) {
        runner->wants_turn = 1;
        return SLIP_E_BUSY;
    }
    if (carrier == NULL) {
        status = make(runner, &carrier);
        if (status == SLIP_OK) {
            make_spare(runner);
        }
    }
    if (status == SLIP_OK && carrier->launch.address == 0) {
        status = obtain_block(runner, carrier);
    }
    if (status == SLIP_OK) {
        carrier->busy = 1;
        *out = carrier;
    }
    return status;
}

/* Forgets what carriers had on a device that has lost it. Their arguments are placed again because
 * the device's memory has changed. */
void slipi_carriers_forget(slip_runner *runner)
{
    slipi_carrier *carrier = runner->queue != NULL ? runner->queue->carriers : NULL;
    for (; carrier != NULL; carrier = carrier->next) {
        carrier->launch.address = 0;
    }
}

/* Adds what carriers have on the device. */
void slipi_carriers_count(const slip_runner *runner, slip_residency *out)
{
    const slipi_carrier *carrier = runner->queue != NULL ? runner->queue->carriers : NULL;
    for (; carrier != NULL; carrier = carrier->next) {
        out->launch_bytes += carrier->launch.address != 0 ? SLIPI_LAUNCH_BYTES : 0;
    }
}

/* Frees carriers that no run lies in. */
void slipi_carriers_trim(slip_runner *runner)
{
    slipi_carrier **at = runner->queue != NULL ? &runner->queue->carriers : NULL;
    while (at != NULL && *at != NULL) {
        slipi_carrier *carrier = *at;
        if (carrier->busy != 0) {
            at = &carrier->next;
            continue;
        }
        *at = carrier->next;
        free_carrier(runner, carrier, true);
    }
}

/* Frees all carriers. */
void slipi_carriers_fini(slip_runner *runner, bool device)
{
    while (runner->queue->carriers != NULL) {
        slipi_carrier *carrier = runner->queue->carriers;
        runner->queue->carriers = carrier->next;
        free_carrier(runner, carrier, device);
    }
}
