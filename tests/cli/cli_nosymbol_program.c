/*
 * cli_nosymbol_program.c - a shared object that is no program: it exports another symbol.
 */
#include <slipway/orch.h>

SLIP_API int32_t slipi_not_a_program(void);

/* The only symbol. */
int32_t slipi_not_a_program(void)
{
    return 0;
}
