/*
 * regions.h - the regions of one small runtime in plain memory, with a worker attached to them.
 *
 * For unit tests of the core, which need slots, rings and a tensor map but no device runner. One
 * thread per fixture, unless a test says otherwise. Nothing here waits by the clock: the fake
 * device's time goes on by one millisecond at each look.
 */
#ifndef SLIPWAY_TESTS_REGIONS_H
#define SLIPWAY_TESTS_REGIONS_H

#include "image/layout.h"
#include "orch/orchestrator.h"
#include "orch/tensormap.h"

#define REGIONS_KERNELS 4u
#define REGIONS_LOG 4096u
#define REGIONS_ARGS 4u

/* Kernels of the fixture. */
enum {
    REGIONS_NOTE = 0,     /* AIV: appends its task to the log */
    REGIONS_FAIL = 1,     /* AIV: returns 7 */
    REGIONS_NOTE_AIC = 2, /* AIC: as NOTE */
    REGIONS_ADD = 3       /* AIV: first element of its first tensor += scalar 0, an integer */
};

/* What a fixture is made with; zero means the value in brackets. */
typedef struct regions_options {
    uint64_t window;     /* of every ring [16] */
    uint64_t heap_bytes; /* of every ring [65536] */
    uint64_t dep_pool;   /* of every ring [4] */
    uint32_t threads;    /* control threads [1] */
    uint32_t dispatch;   /* enum slip_dispatch_mode or SLIPI_DISPATCH_NOTHING */
    uint32_t arg_count;  /* run arguments of one shape, at most REGIONS_ARGS */
    uint32_t arg_access; /* [SLIP_ACCESS_INOUT] */
    uint32_t arg_dims;   /* [1] */
    uint32_t arg_shape[SLIP_MAX_DIMS];
} regions_options;

typedef struct regions {
    slipi_image_layout layout;
    uint8_t *heap;
    uint8_t *sm;
    uint8_t *arena;
    uint8_t *arg[REGIONS_ARGS];
    slipi_launch launch;
    slip_binding bindings[SLIPI_MAX_BINDINGS];
    slipi_launch_arg args[REGIONS_ARGS];
    slipi_kernel_row kernels[REGIONS_KERNELS];
    slip_device_services services;
    slipi_worker worker;
    slipi_orchestrator o;
    slipi_au64 ticks;
    slipi_au64 idles; /* how often the fake device was idle */
    slipi_au64 calls; /* how often threads were called */
} regions;

/* Tasks in the order in which their kernels ran; written by one thread at a time. */
extern uint64_t regions_log[REGIONS_LOG];
extern uint64_t regions_log_count;

/* Builds regions and attaches the worker; the run is not begun. Aborts if that fails. */
void regions_init(regions *r, const regions_options *options);

/* As regions_init, and begins a run. */
void regions_begin(regions *r, const regions_options *options);

/* Ends the run: its first failure, or SLIP_OK. */
slip_status regions_end(regions *r);

/* Begins the next run over the same regions, as they are. */
void regions_again(regions *r);

/* Frees the regions. */
void regions_fini(regions *r);

/* Submits kernel NOTE on an AIV. The handle is zero if that fails. */
slip_task_handle regions_submit(regions *r, uint32_t arg_count, const slip_arg *args);

/* As above with explicit edges and no arguments. */
slip_task_handle regions_after(regions *r, uint32_t dep_count, const slip_task_handle *deps);

/* Allocates a tensor of F32 in the current scope; dimensions of size 0 are absent. */
slip_tensor regions_alloc(regions *r, uint32_t rows, uint32_t columns);

/* The slot of a task. */
slipi_slot *regions_slot(regions *r, slip_task_handle task);

/* True if the producer's fan-out list holds an edge to the consumer. */
bool regions_edge(regions *r, slip_task_handle producer, slip_task_handle consumer);

/* Fan-in of a task: its producers that have not completed. */
int32_t regions_fanin(regions *r, slip_task_handle task);

/* Completes a task whose kernel never ran, and the chain that this made ready is forgotten. */
void regions_complete(regions *r, slip_task_handle task);

/* Runs ready tasks until there are none. */
void regions_run(regions *r);

/* The fault of the run. */
const slipi_fault *regions_fault(const regions *r);

/* A box of a tensor of at most two dimensions; aborts if that fails. */
slip_tensor regions_box(regions *r, const slip_tensor *t, uint32_t row, uint32_t rows,
                        uint32_t column, uint32_t columns);

/* The next number of a sequence (splitmix64). */
uint64_t regions_random(uint64_t *state);

#endif
