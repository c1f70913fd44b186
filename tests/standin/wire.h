/*
 * wire.h - what the stand-in's library asks its device process; arguments and answers by number.
 *
 * For tests/standin/library and tests/standin/device only. Every answer's status is a code of the
 * runtime's interface (codes.h), 0 for success.
 */
#ifndef STANDIN_WIRE_H
#define STANDIN_WIRE_H

#include "platform/remote/wire.h"

/* Changes with anything below. */
#define STANDIN_REQUESTS UINT64_C(0x5354414E44494E01)

enum standin_op {
    /* row (0 a2a3, 1 a5), device, bytes of memory, players -> register base, register bytes,
     * processors, first address of memory, end of its range */
    STANDIN_START = SLIPI_REMOTE_FIRST,
    STANDIN_ALLOC,          /* bytes -> address */
    STANDIN_FREE,           /* address */
    STANDIN_FILL,           /* address, bytes, value */
    STANDIN_WRITE,          /* address, bytes; payload */
    STANDIN_READ,           /* address, bytes -> payload */
    STANDIN_LOAD_BEGIN,     /* bytes -> binary */
    STANDIN_LOAD_PIECE,     /* binary << STANDIN_LOAD_SHIFT | offset, bytes; payload */
    STANDIN_LOAD_END,       /* binary, 1 for the control processor's -> payload: why not */
    STANDIN_UNLOAD,         /* binary */
    STANDIN_FUNCTION,       /* binary; payload: name -> function */
    STANDIN_STREAM_CREATE,  /* -> stream */
    STANDIN_STREAM_DESTROY, /* stream */
    STANDIN_LAUNCH,         /* function, blocks, stream; payload: arguments */
    STANDIN_SYNC,           /* stream, nanoseconds to wait at most -> 1 if all is done */
    STANDIN_OP_TIMEOUT,     /* nanoseconds of one launch; 0 = none */
    STANDIN_FAULT,          /* enum standin_device_fault, n */
    STANDIN_COUNTERS,       /* -> enum standin_counter */
    STANDIN_OP_END
};

/* Offset in a binary below this bit of LOAD_PIECE's first argument. */
#define STANDIN_LOAD_SHIFT 40u

/* Faults that the device process plays. */
enum standin_device_fault {
    STANDIN_FAULT_NONE = 0,    /* takes all of them back, for launches that begin later */
    STANDIN_FAULT_CONTROL = 1, /* the n-th launch of a control program never comes back */
    STANDIN_FAULT_CORE = 2,    /* core n takes no step */
    STANDIN_FAULT_KERNEL = 3   /* the core that takes the n-th task never finishes it */
};

/* Answer of STANDIN_COUNTERS, by position. */
enum standin_counter {
    STANDIN_COUNT_CONTROL_LAUNCHES = 0,
    STANDIN_COUNT_CORE_LAUNCHES,
    STANDIN_COUNT_STEPS, /* of cores, that did something */
    STANDIN_COUNT_TASKS,
    STANDIN_COUNT_CLOSED_TASKS, /* taken while the fast path was closed */
    STANDIN_COUNT_BYTES,        /* of device memory, now */
    STANDIN_COUNT_STREAMS,
    STANDIN_COUNT_BINARIES,
    STANDIN_COUNT_FREE_BYTES, /* that may be asked for */
    STANDIN_COUNTERS_USED
};
_Static_assert((unsigned)STANDIN_COUNTERS_USED <= SLIPI_REMOTE_ARGS, "they fit an answer");

#endif
