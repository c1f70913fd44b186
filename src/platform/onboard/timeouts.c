/* timeouts.c - the time-outs of an onboard device; see timeouts.h. Any thread; no state. */
#include "platform/onboard/timeouts.h"

#include <stdio.h>
#include <stdlib.h>

/* Chosen, not measured: the runner's progress deadline of 60 s comes first. The runtime's longest
 * for core programs is 1091 s by its documentation. */
enum { SCHEDULER_MS = 60000, OPERATION_MS = 75000, SYNCHRONISE_MS = 90000, MOST_MS = 1000000 };

/* Reads one of them. */
static slip_status read_one(const char *name, uint32_t *value, char *why, size_t why_bytes)
{
    const char *text = getenv(name);
    if (text == NULL || text[0] == '\0') {
        return SLIP_OK;
    }
    char *end = NULL;
    long number = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : 0;
    if (number < 1 || number > MOST_MS || *end != '\0') {
        (void)snprintf(why, why_bytes, "%s is '%.40s'; wanted milliseconds from 1 to %d", name,
                       text, (int)MOST_MS);
        return SLIP_E_INVALID_ARGUMENT;
    }
    *value = (uint32_t)number;
    return SLIP_OK;
}

slip_status slipi_timeouts_from_environment(slipi_timeouts *out, char *why, size_t why_bytes)
{
    *out = (slipi_timeouts){SCHEDULER_MS, OPERATION_MS, SYNCHRONISE_MS};
    slip_status status =
        read_one("SLIPWAY_ONBOARD_SCHEDULER_TIMEOUT_MS", &out->scheduler, why, why_bytes);
    if (status == SLIP_OK) {
        status = read_one("SLIPWAY_ONBOARD_OPERATION_TIMEOUT_MS", &out->operation, why, why_bytes);
    }
    if (status == SLIP_OK) {
        status =
            read_one("SLIPWAY_ONBOARD_SYNCHRONISE_TIMEOUT_MS", &out->synchronise, why, why_bytes);
    }
    if (status == SLIP_OK &&
        (out->scheduler >= out->operation || out->operation >= out->synchronise)) {
        (void)snprintf(
            why, why_bytes,
            "SLIPWAY_ONBOARD_{SCHEDULER,OPERATION,SYNCHRONISE}_TIMEOUT_MS are %u, %u and "
            "%u ms; each must be less than the next",
            out->scheduler, out->operation, out->synchronise);
        status = SLIP_E_INVALID_ARGUMENT;
    }
    return status;
}
