/*
 * conformance_entry.h - the device's program of the conformance suite, and its launch block.
 *
 * The suite runs it wherever the platform's device is: in this process, or as
 * conformance_control.so and conformance_core.so in the device's own. So host and device meet in
 * the launch block only.
 */
#ifndef SLIPWAY_TESTS_CONFORMANCE_ENTRY_H
#define SLIPWAY_TESTS_CONFORMANCE_ENTRY_H

#include <slipway/platform.h>

#include "base/atomic.h"

enum { CONF_THREADS = 64, CONF_CORES = 192 };

/* What a launch is about. */
enum conf_kind {
    CONF_MEET = 0,     /* every control thread comes; thread 0 waits until all were there */
    CONF_HOLD = 1,     /* thread 1 stays until let_go; thread 0 leaves once it is inside */
    CONF_SERVICES = 2, /* thread 0 uses every service */
    CONF_SPEAK = 3     /* thread 0 speaks to every core */
};

/* Commands of CONF_SPEAK to a core, before the stop; the value of a stop is this and the sequence.
 */
#define CONF_COMMANDS 3u
#define CONF_STOP 0x80000000u

/* The launch block, in device memory. */
typedef struct conf_launch {
    uint32_t kind;
    uint32_t threads;
    uint32_t sequence;                /* of the launch, 1 .. 65535: no two in a row are equal */
    int32_t status;                   /* what thread 0 returns */
    slipi_au32 entered[CONF_THREADS]; /* calls of each control thread */
    slipi_au32 inside;
    slipi_au32 ended;                  /* thread 0 has seen everybody */
    slipi_au32 wrong;                  /* things that must not happen */
    slipi_au32 clock_moved;            /* CONF_SERVICES */
    slipi_au32 core_value[CONF_CORES]; /* last command that a core took */
    _Alignas(64) slipi_au32 let_go;    /* CONF_HOLD: 1 lets the held thread leave. Host writes */
    uint32_t reserved[15];
} conf_launch;

/* The program, under the name "conformance". */
extern const slip_device_entry conf_entry;

#endif
