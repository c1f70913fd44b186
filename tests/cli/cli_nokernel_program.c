/*
 * cli_nokernel_program.c - a program whose kernel table has an entry without a function.
 */
#include <slipway/orch.h>

/* Submits nothing. */
static slip_status orchestrate(slip_orch *o)
{
    (void)o;
    return SLIP_OK;
}

static const slip_kernel_entry kernels[] = {{"absent", NULL, SLIP_AIV, 0}};

SLIP_EXPORT_PROGRAM("cli_nokernel", orchestrate, NULL, kernels, 1, 0, NULL);
