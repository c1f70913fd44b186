/*
 * dispatch.h - the register protocol: two registers and three memory lines for each compute core.
 *
 * For the device's dispatcher (control threads, device/dispatch.c) and core loop (compute cores,
 * device/core_loop.c). docs/register-protocol.md tells the whole protocol; in short:
 *
 *     control side                              compute core
 *     write mailbox, publish it
 *     DATA_MAIN_BASE = RUN | sequence   ----->  new value: acquire the mailbox and the slot
 *                                       <-----  COND = ACK | sequence
 *                                               run the kernel, publish results and core line
 *     acquire core line                 <-----  COND = FIN | error flag | sequence
 *     ...
 *     DATA_MAIN_BASE = STOP | sequence  ----->  COND = STOPPED | sequence; leave the core loop
 *
 * Invariants:
 *   - A core has at most one command that it has not finished, except that STOP may overwrite RUN
 *     when a run is given up.
 *   - The control side alone writes mailbox, control line and DATA_MAIN_BASE; the core alone writes
 *     its line and COND.
 *   - Sequences go up by one for each command to a core, 1 .. 65535, then 1 again, across runs.
 *     A device that is shared by runners, or outlives its process, keeps its registers: there both
 *     sides take the register's value at the start of a launch for the last command (boot_core.c).
 *     A reader only compares for equality with the one sequence that it knows. A core can be two
 *     commands behind (RUN overwritten by STOP), so three values would do; there are 65535.
 */
#ifndef SLIPI_DISPATCH_ABI_H
#define SLIPI_DISPATCH_ABI_H

#include <stddef.h>
#include <stdint.h>

/* Both registers: sequence in the low half, what it is about in the high half. 0 = never written.
 */
#define SLIPI_SEQUENCE_MASK 0xFFFFu

/* Values of DATA_MAIN_BASE without the sequence. */
#define SLIPI_COMMAND_MASK 0xFFFF0000u
#define SLIPI_COMMAND_RUN 0x00010000u
#define SLIPI_COMMAND_STOP 0x00020000u

/* Values of COND without the sequence. */
#define SLIPI_COND_ACK 0x00010000u
#define SLIPI_COND_FIN 0x00020000u
#define SLIPI_COND_STOPPED 0x00040000u
#define SLIPI_COND_ERROR 0x80000000u /* beside FIN: the code is in the core line */

/* Flags of a dispatch. */
enum {
    SLIPI_DISPATCH_STAMP = 1u /* the core notes begin and end of the kernel, in ticks */
};

/* Mailbox of one core. Written by the control side before DATA_MAIN_BASE, read by the core after.
 */
struct slip_dispatch {
    uint32_t command;  /* the RUN command that it belongs to */
    uint32_t slot;     /* slot's offset in SM, in units of 512 bytes; never 0 */
    uint16_t kernel;   /* index in the kernel table */
    uint8_t core_type; /* enum slip_core_type */
    uint8_t lane;      /* 0, or 1 for the second AIV of a mixed cluster */
    uint32_t flags;    /* SLIPI_DISPATCH_* */
    uint64_t run_serial;
    uint64_t reserved[5]; /* zero */
};
_Static_assert(sizeof(struct slip_dispatch) == 64, "one line");
_Static_assert(offsetof(struct slip_dispatch, run_serial) == 16, "dispatch.run_serial");

/* What one core reports. Written by the core before COND, read by the control side after. */
typedef struct slipi_core_line {
    uint32_t seen;        /* last value of DATA_MAIN_BASE that the core took; its own memory */
    int32_t code;         /* of the last kernel; 0 = success */
    uint64_t begin_ticks; /* of the last kernel, with SLIPI_DISPATCH_STAMP */
    uint64_t end_ticks;
    uint64_t run_serial;  /* of the run whose launch block the core has acquired; its own memory */
    uint64_t reserved[4]; /* zero */
} slipi_core_line;
_Static_assert(sizeof(slipi_core_line) == 64, "one line");

/* The control side's memory of one core, across runs; cores do not look at it. */
typedef struct slipi_control_line {
    uint32_t command; /* last value written to DATA_MAIN_BASE */
    uint32_t reserved[15];
} slipi_control_line;
_Static_assert(sizeof(slipi_control_line) == 64, "one line");

/* Lines of one core in the dispatch page (slip_device_services.dispatch_page). */
typedef struct slipi_core_page {
    struct slip_dispatch mailbox;
    slipi_core_line line;
    slipi_control_line control;
} slipi_core_page;
_Static_assert(sizeof(slipi_core_page) == 192, "three lines");
_Static_assert(offsetof(slipi_core_page, control) == 128, "no line has writers on both sides");
_Static_assert(offsetof(slipi_core_page, line) == 64, "no line has writers on both sides");

/* The sequence after `value`'s: 1 .. 65535, and 1 again. */
static inline uint32_t slipi_next_sequence(uint32_t value)
{
    uint32_t sequence = (value & SLIPI_SEQUENCE_MASK) + 1u;
    return sequence > SLIPI_SEQUENCE_MASK ? 1u : sequence;
}

/* Bytes of the dispatch page of a device with `blocks` blocks of 1 AIC + 2 AIV. */
static inline uint64_t slipi_dispatch_page_bytes(uint32_t blocks)
{
    return (uint64_t)blocks * 3u * sizeof(slipi_core_page);
}

#endif
