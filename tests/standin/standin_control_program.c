/*
 * standin_control_program.c - a control program for the tests of the stand-in: does what the first
 * word of its arguments says.
 *
 * Loaded by standin_device; called by as many threads as a launch has blocks.
 */
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "standin/test_wire.h"

/* Sleeps for some milliseconds. */
static void sleep_ms(uint64_t ms)
{
    const struct timespec pause = {(time_t)(ms / 1000u), (long)(ms % 1000u) * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* Writes a register of a core that said hello. */
static void write_register(const standin_test_args *args, const standin_test_hello *hello,
                           uint32_t offset, uint32_t value)
{
    const uint64_t *bases = (const uint64_t *)(uintptr_t)args->registers;
    uint64_t address = bases[hello->physical] + offset;
    slipi_store_release((slipi_au32 *)(uintptr_t)address, value);
}

/* Reads a register of a core that said hello. */
static uint32_t read_register(const standin_test_args *args, const standin_test_hello *hello,
                              uint32_t offset)
{
    const uint64_t *bases = (const uint64_t *)(uintptr_t)args->registers;
    uint64_t address = bases[hello->physical] + offset;
    return slipi_load_acquire((slipi_au32 *)(uintptr_t)address);
}

/* Waits until every core has said hello for this launch; false if one is silent too long. */
static int all_said_hello(const standin_test_args *args, standin_test_hello *hello)
{
    for (uint32_t i = 0; i < args->cores; i++) {
        for (uint32_t round = 0; slipi_load_acquire(&hello[i].serial) != args->serial; round++) {
            if (round == 5000) {
                return 0;
            }
            sleep_ms(1);
        }
    }
    return 1;
}

/* Gives every core one task, waits for it, and stops all; the sum of what the cores did is left in
 * the answer. */
static uint32_t drive_cores(const standin_test_args *args, standin_test_answer *answer)
{
    standin_test_hello *hello = (standin_test_hello *)(uintptr_t)args->hello;
    if (!all_said_hello(args, hello)) {
        return 1;
    }
    for (uint32_t i = 0; i < args->cores; i++) {
        if (args->reg_fast_path != 0 && args->keep_closed == 0) {
            write_register(args, &hello[i], args->reg_fast_path, args->fast_path_open);
        }
        write_register(args, &hello[i], args->reg_dispatch,
                       STANDIN_TEST_RUN | (uint32_t)args->serial);
    }
    for (uint32_t i = 0; i < args->cores; i++) {
        while (read_register(args, &hello[i], args->reg_status) !=
               (STANDIN_TEST_FIN | (uint32_t)args->serial)) {
            sleep_ms(1);
        }
        answer->sum += hello[i].result;
    }
    for (uint32_t i = 0; i < args->cores; i++) {
        write_register(args, &hello[i], args->reg_dispatch,
                       STANDIN_TEST_STOP | (uint32_t)args->serial);
        if (args->reg_fast_path != 0) {
            write_register(args, &hello[i], args->reg_fast_path, args->fast_path_close);
        }
    }
    return 0;
}

/* Entry. */
__attribute__((visibility("default"))) uint32_t standin_control(void *arguments);

uint32_t standin_control(void *arguments)
{
    const standin_test_args *args = arguments;
    standin_test_answer *answer = (standin_test_answer *)(uintptr_t)args->answer;
    uint32_t ticket = slipi_add_acq_rel(&answer->threads, 1u);
    if ((uintptr_t)arguments % 8u != 0) {
        slipi_store_release(&answer->misaligned, 1u);
    }
    switch (args->what) {
    case STANDIN_TEST_COUNT:
        /* All threads are there at once, or this does not end. */
        while (slipi_load_acquire(&answer->threads) % args->blocks != 0) {
            sleep_ms(1);
        }
        return 0;
    case STANDIN_TEST_FAIL:
        return 7;
    case STANDIN_TEST_SLEEP:
        sleep_ms(args->sleep_ms);
        return 0;
    case STANDIN_TEST_WAIT:
        while (slipi_load_acquire(&answer->flag) == 0) {
            sleep_ms(1);
        }
        return 0;
    case STANDIN_TEST_RAISE:
        slipi_store_release(&answer->flag, 1u);
        return 0;
    case STANDIN_TEST_CRASH:
        _exit(3);
    case STANDIN_TEST_DRIVE:
        return ticket == 0 ? drive_cores(args, answer) : 0;
    default:
        return 9;
    }
}
