/* check.c - the end of a process whose invariants are broken; see check.h. Any thread. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

/* Writes to standard error and not to the log's sink: the sink may be part of what is broken. */
_Noreturn void slipi_assert_failed(const char *cond, const char *file, int line)
{
    (void)fprintf(stderr, "slipway: fatal: %s:%d: assertion failed: %s\n", file, line, cond);
    abort();
}
