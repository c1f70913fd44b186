/*
 * timeouts.h - the named time-outs of an onboard device and their order.
 *
 * For this folder and tests. The order is what makes the most informative one fire first: the
 * device's own program names the core or thread that is late, then the runtime names the operation,
 * then the host only knows that nothing came back.
 */
#ifndef SLIPI_ONBOARD_TIMEOUTS_H
#define SLIPI_ONBOARD_TIMEOUTS_H

#include <slipway/platform.h>

/* In milliseconds: scheduler < operation < synchronise. */
typedef struct slipi_timeouts {
    uint32_t scheduler;   /* the device's program waits so long for threads and cores */
    uint32_t operation;   /* the runtime ends a program on the device that takes longer */
    uint32_t synchronise; /* the host waits so long for the device, and for any one call */
} slipi_timeouts;

/*
 * Defaults, or SLIPWAY_ONBOARD_{SCHEDULER,OPERATION,SYNCHRONISE}_TIMEOUT_MS. A value that is no
 * number from 1 to 1000000, or a wrong order, is SLIP_E_INVALID_ARGUMENT and named in `why`.
 */
slip_status slipi_timeouts_from_environment(slipi_timeouts *out, char *why, size_t why_bytes);

#endif
