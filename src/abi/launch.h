/*
 * launch.h - the launch block: what a run delivers to the device, and what comes back.
 *
 * For the runner, which writes it, and the device's executor. It is the only structure with
 * addresses, all in the device's address space.
 */
#ifndef SLIPI_LAUNCH_H
#define SLIPI_LAUNCH_H

#include <slipway/slipway.h>

#include "abi/layout.h"

#define SLIPI_LAUNCH_MAGIC UINT64_C(0x3148434E554C5331) /* "1SLUNCH1" */

/* Rows of the binding table that are always there; run arguments follow. */
enum slipi_binding_index {
    SLIPI_BIND_NONE = 0,
    SLIPI_BIND_HEAP = 1,
    SLIPI_BIND_SM = 2,
    SLIPI_BIND_ARENA = 3,
    SLIPI_BIND_AUDIT = 4,      /* audit record; address 0 = off */
    SLIPI_BIND_TASK_TRACE = 5, /* per-core task records; address 0 = off */
    SLIPI_BIND_ARGS = 8        /* first buffer of the run arguments */
};
#define SLIPI_MAX_BINDINGS (SLIPI_BIND_ARGS + SLIP_MAX_RUN_ARGS)

/* A kernel as the device calls it. Lives in device memory, one per kernel of a callable. */
typedef struct slipi_kernel_row {
    uint64_t entry;     /* what load_program named it */
    uint32_t core_type; /* enum slip_core_type */
    slipi_au32 typical; /* smoothed run time in ns, 0 = not measured. Any worker writes [relaxed:
                           a hint for dispatch, orders nothing] */
} slipi_kernel_row;
_Static_assert(sizeof(slipi_kernel_row) == 16, "kernel row size");

/* One run argument. */
typedef struct slipi_launch_arg {
    uint8_t kind; /* enum slip_param_kind */
    uint8_t access;
    uint8_t dtype;
    uint8_t ndim;
    uint32_t binding; /* buffer: overlapping arguments share one */
    uint64_t offset;  /* bytes from the binding's base */
    uint64_t scalar;
    uint32_t shape[SLIP_MAX_DIMS];
    uint32_t written; /* 1: this argument, or one that shares its buffer, may be written */
} slipi_launch_arg;
_Static_assert(sizeof(slipi_launch_arg) == 48, "launch arg size");

/* Device-clock phases of a run, in ticks; begin and end. */
enum slipi_phase_span {
    SLIPI_SPAN_PREAMBLE,
    SLIPI_SPAN_SO_LOAD,
    SLIPI_SPAN_GRAPH_BUILD,
    SLIPI_SPAN_CONFIG_VALIDATE,
    SLIPI_SPAN_ARENA_WIRE,
    SLIPI_SPAN_SM_RESET,
    SLIPI_SPAN_ORCH,
    SLIPI_SPAN_SCHED,
    SLIPI_SPAN_POST_ORCH,
    SLIPI_SPAN_COUNT
};

/* What the device reports. Written by control thread 0 (fault: by who claims the latch). */
typedef struct slipi_result {
    int32_t status;
    uint32_t run; /* low bits of the run's serial, delivered with the block: whose result this is */
    uint64_t tasks;
    uint64_t edges;
    uint64_t edges_skipped;
    slipi_ring_state ring[SLIPI_RINGS];
    uint64_t span_begin[SLIPI_SPAN_COUNT];
    uint64_t span_end[SLIPI_SPAN_COUNT];
    slipi_fault fault;
} slipi_result;
_Static_assert(offsetof(slipi_result, fault) == 688, "result.fault");

/*
 * A run's serial: the runner's own mark in the high bits, the number of the run on that runner,
 * from 1, in the low ones. The mark tells handles of another runner from this one's.
 */
#define SLIPI_RUN_NUMBER_BITS 40u
static inline uint64_t slipi_run_number(uint64_t run_serial)
{
    return run_serial & ((UINT64_C(1) << SLIPI_RUN_NUMBER_BITS) - 1u);
}

/* Flags of a launch. */
enum { SLIPI_LAUNCH_SPANS = 1u /* take the phase time stamps */ };

typedef struct slipi_launch {
    uint64_t magic;
    uint32_t version;
    uint32_t struct_size;
    uint64_t fingerprint;
    uint64_t run_serial;
    uint32_t mode;     /* enum slip_run_mode */
    uint32_t dispatch; /* enum slip_dispatch_mode */
    uint32_t control_threads;
    uint32_t blocks;
    uint32_t flags;
    uint32_t binding_count;
    uint32_t arg_count;
    uint32_t kernel_count;
    uint64_t bindings;    /* address of slip_binding[binding_count] */
    uint64_t args;        /* address of slipi_launch_arg[arg_count] */
    uint64_t kernels;     /* address of slipi_kernel_row[kernel_count] */
    uint64_t orchestrate; /* what load_program named the orchestration function */
    uint64_t runtime_off; /* of the runtime in the arena */
    uint64_t progress_deadline_ns;
    uint64_t graph_tasks; /* host-built mode: tasks in ring 0 of SM */
    slipi_au64 phase;     /* enum slipi_phase; thread 0 writes, others read [release/acquire] */
    slipi_result result;
} slipi_launch;
_Static_assert(offsetof(slipi_launch, result) == 128, "launch.result");

#endif
