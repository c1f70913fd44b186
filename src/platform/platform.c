/* platform.c - the table of built-in platforms. Constant data, any thread. */
#include <slipway/platform.h>
#include <slipway/slipway.h>

#include <string.h>

#include "platform/cpu/cpu.h"
#include "platform/onboard/onboard.h"
#include "platform/sim/sim.h"

static const slip_platform_ops *const platforms[] = {
    &slipi_platform_cpu,  &slipi_platform_a2a3sim, &slipi_platform_a5sim,
    &slipi_platform_a2a3, &slipi_platform_a5,
};
enum { PLATFORM_COUNT = sizeof(platforms) / sizeof(platforms[0]) };

/* Names as slip_platform_names gives them, in the order of the table above. */
static const char *const names[PLATFORM_COUNT + 1] = {"cpu",  "a2a3sim", "a5sim",
                                                      "a2a3", "a5",      NULL};

const slip_platform_ops *slip_platform_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < PLATFORM_COUNT; i++) {
        if (strcmp(platforms[i]->name, name) == 0) {
            return platforms[i];
        }
    }
    return NULL;
}

const char *const *slip_platform_names(void)
{
    return names;
}
