/*
 * bench_empty.c - the program "bench_empty" as a file: submits nothing. For `slipway bench bind` on
 * devices that are not the command's process; its orchestration runs on the device's control thread
 * 0.
 */
#include <slipway/orch.h>

/* Submits nothing. */
static slip_status orchestrate(slip_orch *o)
{
    (void)o;
    return SLIP_OK;
}

SLIP_EXPORT_PROGRAM("bench_empty", orchestrate, NULL, NULL, 0, 0, NULL);
