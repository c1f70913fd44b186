/*
 * standin_core_program.c - a core program for the tests of the stand-in: says hello, does one task,
 * stops.
 *
 * Loaded by standin_device; its players call the step.
 */
#include <stdint.h>

#include "standin/test_wire.h"

/* One step of a core. */
__attribute__((visibility("default"))) int32_t standin_core(const void *arguments, uint32_t core,
                                                            uint32_t physical);

int32_t standin_core(const void *arguments, uint32_t core, uint32_t physical)
{
    const standin_test_args *args = arguments;
    standin_test_hello *hello = (standin_test_hello *)(uintptr_t)args->hello + core;
    if (slipi_load_acquire(&hello->serial) != args->serial) {
        hello->physical = physical;
        slipi_store_release(&hello->serial, args->serial);
        return 0;
    }
    const uint64_t *bases = (const uint64_t *)(uintptr_t)args->registers;
    slipi_au32 *dispatch = (slipi_au32 *)(uintptr_t)(bases[physical] + args->reg_dispatch);
    slipi_au32 *status = (slipi_au32 *)(uintptr_t)(bases[physical] + args->reg_status);
    uint32_t command = slipi_load_acquire(dispatch);
    if (command == hello->seen || (command & 0xFFFFu) != (uint32_t)args->serial) {
        return 0;
    }
    hello->seen = command;
    if ((command & STANDIN_TEST_STOP) != 0) {
        return -1;
    }
    hello->result = core + 1u;
    slipi_store_release(status, STANDIN_TEST_FIN | (command & 0xFFFFu));
    return 1;
}
