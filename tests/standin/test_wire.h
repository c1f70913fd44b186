/*
 * test_wire.h - what the stand-in's tests and their small device programs tell each other.
 *
 * For tests/standin/test_*.c, standin_control_program.c and standin_core_program.c. Addresses are
 * the device's.
 */
#ifndef STANDIN_TEST_WIRE_H
#define STANDIN_TEST_WIRE_H

#include <stdint.h>

#include "base/atomic.h"

/* What a control program does. */
enum {
    STANDIN_TEST_COUNT = 1, /* waits until all threads of the launch are inside */
    STANDIN_TEST_FAIL = 2,  /* returns 7 */
    STANDIN_TEST_SLEEP = 3,
    STANDIN_TEST_WAIT = 4,  /* until the answer's flag is raised */
    STANDIN_TEST_RAISE = 5, /* raises it */
    STANDIN_TEST_CRASH = 6, /* ends the process */
    STANDIN_TEST_DRIVE = 7  /* gives every core a task, then stops all */
};

/* Values of the registers, as of the register protocol; the sequence is the launch's serial. */
#define STANDIN_TEST_RUN 0x10000u
#define STANDIN_TEST_STOP 0x20000u
#define STANDIN_TEST_FIN 0x20000u

/* Arguments of both programs. */
typedef struct standin_test_args {
    uint32_t what;
    uint32_t blocks; /* of the control launch */
    uint32_t cores;
    uint32_t sleep_ms;
    uint64_t serial; /* 1 .. 65535 */
    uint64_t answer;
    uint64_t hello;     /* one for each core */
    uint64_t registers; /* bases, by physical number */
    uint32_t reg_dispatch;
    uint32_t reg_status;
    uint32_t reg_fast_path;
    uint32_t fast_path_open;
    uint32_t fast_path_close;
    uint32_t keep_closed; /* 1: the fast path is not opened */
} standin_test_args;

/* What a core says. */
typedef struct standin_test_hello {
    slipi_au64 serial;
    uint32_t physical;
    uint32_t seen;
    uint32_t result;
    uint32_t reserved[11];
} standin_test_hello;
_Static_assert(sizeof(standin_test_hello) == 64, "one line");

/* What the control program leaves. */
typedef struct standin_test_answer {
    slipi_au32 threads; /* that were in it, of all launches */
    slipi_au32 flag;
    slipi_au32 misaligned;
    uint32_t reserved;
    uint64_t sum;
} standin_test_answer;

#endif
