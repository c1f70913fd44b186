/* programs.c - programs that are called where they lie in this process; see programs.h. */
#include "platform/common/programs.h"

#include <stddef.h>

slip_status slipi_load_in_process(slip_platform_device *device, const slip_program_source *source,
                                  slip_loaded_program *out)
{
    (void)device;
    const slip_program *program = source->program;
    if (program == NULL || out->kernel_count < program->kernel_count) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    out->id = 0;
    out->orchestrate = (uint64_t)(uintptr_t)program->orchestrate;
    for (uint32_t k = 0; k < program->kernel_count; k++) {
        if (program->kernels[k].fn == NULL) {
            return SLIP_E_INVALID_ARGUMENT;
        }
        out->kernels[k] = (uint64_t)(uintptr_t)program->kernels[k].fn;
    }
    return SLIP_OK;
}

void slipi_unload_in_process(slip_platform_device *device, const slip_loaded_program *program)
{
    (void)device;
    (void)program;
}
