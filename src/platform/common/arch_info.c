/* arch_info.c - from a row of data to a description; see arch_info.h. */
#include "platform/common/arch_info.h"

#include <stdio.h>

slip_platform_info slipi_arch_info(const struct slipi_arch_row *arch)
{
    slip_platform_info info = {
        .struct_size = sizeof(info),
        .blocks = arch->blocks,
        .aic_count = arch->blocks,
        .aiv_count = 2u * arch->blocks,
        .control_active_max = arch->control_active_max,
        .control_launch_max = arch->control_launch_max,
        .counter_hz = arch->counter_hz,
        .reg_dispatch = arch->reg_dispatch,
        .reg_status = arch->reg_status,
        .reg_fast_path = arch->reg_fast_path,
        .fast_path_open = arch->fast_path_open,
        .fast_path_close = arch->fast_path_close,
        .prebuilt_hooks = 1,
    };
    (void)snprintf(info.arch, sizeof(info.arch), "%s", arch->name);
    return info;
}
