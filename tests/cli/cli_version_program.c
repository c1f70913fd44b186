/*
 * cli_version_program.c - a program that says it was built for another version of the interface.
 */
#include <slipway/orch.h>

SLIP_API extern const slip_program slip_program_descriptor;
const slip_program slip_program_descriptor = {SLIP_PROGRAM_MAGIC,
                                              SLIP_PROGRAM_ABI + 41u,
                                              (uint32_t)sizeof(slip_program),
                                              "cli_version",
                                              NULL,
                                              NULL,
                                              NULL,
                                              0,
                                              0,
                                              NULL};
