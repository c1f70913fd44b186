/*
 * cli_nameless_program.c - a program whose signature has an argument without a name.
 */
#include <slipway/orch.h>

/* Submits nothing. */
static slip_status orchestrate(slip_orch *o)
{
    (void)o;
    return SLIP_OK;
}

static const slip_param params[] = {{"n", SLIP_PARAM_SCALAR, 0, 0, 0},
                                    {NULL, SLIP_PARAM_SCALAR, 0, 0, 0}};

SLIP_EXPORT_PROGRAM("cli_nameless", orchestrate, NULL, NULL, 0, 2, params);
