/*
 * job.h - a hand-made run: shared memory with tasks, a launch block, and a control program that
 * only dispatches. Nothing orchestrates and no task depends on another.
 *
 * For the tests of this folder. A job is made and read by the test; during a launch its control
 * program runs on the device's control threads.
 */
#ifndef SLIPWAY_TESTS_SIM_JOB_H
#define SLIPWAY_TESTS_SIM_JOB_H

#include "device/dispatch.h"

#define JOB_TASKS 1024u
#define JOB_CORES (3u * SLIPI_MAX_BLOCKS)

/* Kernels of a job's table. */
enum {
    JOB_KERNEL_COUNT_UP = 0, /* counts itself in the job; see job.ran */
    JOB_KERNEL_FAIL = 1,     /* returns its first scalar */
    JOB_KERNEL_COPY = 2,     /* writes tensor 0 + scalar 0 to tensor 1, one u32 */
    JOB_KERNEL_HOLD = 3,     /* returns when job.hold is 0 */
    JOB_KERNELS = 4
};

/* What a kernel saw when it ran. Written by one core at a time. */
typedef struct job_core {
    slipi_au32 ran;
    uint32_t core_type;
    uint32_t lane;
    uint32_t kernel;
} job_core;

typedef struct job {
    slipi_launch launch; /* first: its address is the launch address */
    slip_binding bindings[SLIPI_MAX_BINDINGS];
    slipi_kernel_row kernels[JOB_KERNELS];
    uint8_t *sm; /* header page and JOB_TASKS slots */

    uint32_t task_count;
    uint32_t threads;     /* control threads that take part */
    uint32_t fill_first;  /* 1: a thread starts all it can before it polls */
    slipi_au32 next;      /* next task to start; any control thread takes it */
    slipi_au32 completed; /* tasks that were reported finished */
    slipi_au32 errors;    /* of these, with a code */
    slipi_ai32 last_code; /* of the last of these */
    slipi_au32 dropped;   /* control threads beyond `threads` that were launched */
    slipi_au32 hold;      /* JOB_KERNEL_HOLD waits for 0 */
    slipi_au32 held;      /* kernels that wait there */
    job_core core[JOB_CORES];
    slipi_au32 finished[JOB_TASKS]; /* how often each task was reported finished */
} job;

/* Makes an empty job; aborts if there is no memory. */
job *job_create(void);
void job_destroy(job *j);

/* Adds a task; returns it. Its slot reference is job_ref(index). */
slipi_slot *job_add(job *j, uint32_t shape, uint32_t k0, uint32_t k1, uint32_t k2);

/* Slot reference of task `index`, and back. */
uint32_t job_ref(uint32_t index);
uint32_t job_index(uint32_t slot_ref);
slipi_slot *job_slot(job *j, uint32_t index);

/* Before each launch: nothing started, nothing finished; the tasks stay. */
void job_rewind(job *j, uint32_t threads);

/* Control and core program of a job. */
extern const slip_device_entry job_entry;

/* Opens a simulated platform with so many player threads, or aborts. */
slip_platform_device *job_open(const slip_platform_ops *ops, uint32_t device_id, uint32_t players);

#endif
