/*
 * graph_run.c - a run in host-built mode: the program's builder makes an explicit graph, no runtime
 * arena is committed, and the two cache hooks are not called.
 *
 * For run.c, under the runner's lock.
 */
#include "runner/runner_int.h"

/* A run in host-built mode. */
slip_status slipi_run_host_graph(slipi_run *run)
{
    const slip_program *program = run->callable->program;
    if (program->build == NULL) {
        return slipi_fail(&run->runner->error, SLIP_E_UNSUPPORTED,
                          "program '%s' has no graph builder; run it with mode "
                          "SLIP_MODE_DEVICE_ORCH, or give it one",
                          program->name);
    }
    return slipi_fail(&run->runner->error, SLIP_E_UNSUPPORTED,
                      "program '%s': this build has no host-built graphs", program->name);
}
