/* arch.c - the table of architectures; see arch.h. Constant data, any thread. */
#include "abi/arch.h"

#include <stddef.h>
#include <string.h>

static const struct slipi_arch_row rows[] = {
    {.name = "cpu", .counter_hz = UINT64_C(1000000000), .dies = 1, .device_ids = 1},
    {.name = "a2a3",
     .blocks = 24,
     .control_active_max = 4,
     .control_launch_max = 6,
     .counter_hz = UINT64_C(50000000),
     .reg_dispatch = 0xA0,
     .reg_status = 0x4C8,
     .reg_fast_path = 0x18,
     .fast_path_open = 0xE,
     .fast_path_close = 0xF,
     .dies = 2,
     .device_ids = 2},
    {.name = "a5",
     .blocks = 36,
     .control_active_max = 7,
     .control_launch_max = 14,
     .counter_hz = UINT64_C(1000000000),
     .reg_dispatch = 0xD0,
     .reg_status = 0x5108,
     .dies = 2,
     .device_ids = 1},
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

const struct slipi_arch_row *slipi_arch_find(const char *arch)
{
    for (size_t i = 0; arch != NULL && i < ROW_COUNT; i++) {
        if (strcmp(rows[i].name, arch) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}
