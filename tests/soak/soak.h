/*
 * soak.h - tasks that check who wrote each of their inputs, and when.
 *
 * For the programs of tests/soak. Memory is divided into cells of 64 bytes. A cell holds the serial
 * of the task that wrote it last, eight times; serials never repeat, so a serial is writer and
 * generation in one. Beside it, outside the memory that the runtime orders, a count says how many
 * reads of the cell have ended. At submission the orchestrator notes what a task must find in each
 * cell of its arguments, as a sequential program would:
 *
 *     an input holds another serial at the start       its writer was not waited for (RAW)
 *     an input holds another serial at the end         a later writer did not wait (WAR)
 *     a cell to be written has had too few reads       it did not wait for a reader (WAR)
 *     a cell to be written holds another serial        it did not wait for the writer (WAW)
 *
 * The orchestration function is a function of its arguments and of what the run before it left: a
 * recording may call it twice. Between two replays of a graph the notes are moved on, to what the
 * tasks must find next (soak_next_replay). Where several runs are in flight, each of them begins
 * with the check of the one before it.
 *
 * One thread at a time submits and checks the end of a run; kernels run on any thread. What a
 * kernel reads here was written before its task was submitted.
 */
#ifndef SLIPWAY_TESTS_SOAK_H
#define SLIPWAY_TESTS_SOAK_H

#include <stdbool.h>
#include <stdint.h>

#include <slipway/slipway.h>

#include "base/atomic.h"
#include "random/rng.h"

#define SOAK_ROWS 64u
#define SOAK_COLUMNS 32u
#define SOAK_CELLS (SOAK_ROWS * SOAK_COLUMNS)
#define SOAK_WORDS 8u /* of a cell */
#define SOAK_GRID_BYTES (SOAK_CELLS * SOAK_WORDS * sizeof(uint64_t))
#define SOAK_RUN_TASKS 8192u /* of one run, at most */
#define SOAK_REPLAYS 3u      /* of one recording */
#define SOAK_IN_FLIGHT 4u
#define SOAK_RUN_NOTES (1u << 17)
#define SOAK_TEMPS SOAK_RUN_TASKS /* made by tasks of one run: numbered from SOAK_CELLS */
#define SOAK_TASK_CELLS 160u      /* that one task accesses, at most */
#define SOAK_ARGS 72u

/* What a task finds wrong. */
enum { SOAK_RAW, SOAK_WAR_LATE, SOAK_WAR, SOAK_WAW, SOAK_OTHER_ROUND, SOAK_FAULTS };

/* Arguments of the program: the cells, then scalars. The round is handed on to every task. */
enum {
    SOAK_ARG_CELLS,
    SOAK_ARG_ROUND,
    SOAK_ARG_TASKS,
    SOAK_ARG_WIDTH,
    SOAK_ARG_WINDOW,
    SOAK_PARAMS
};

/* What a task must find in a cell. */
typedef struct soak_note {
    uint64_t writer;
    uint32_t cell;
    uint32_t reads; /* that have ended since the count began; wraps */
} soak_note;

/* A task of this run. */
typedef struct soak_task {
    uint64_t serial;
    uint32_t note; /* its first */
    slipi_au32 ran;
} soak_task;

/* An argument: cells [cell ..] of the grid as a box of rows and columns, or one temporary. */
typedef struct soak_access {
    slip_tensor *view;
    uint32_t kind; /* enum slip_access */
    uint32_t cell;
    uint32_t rows;
    uint32_t columns;
} soak_access;

/* An open scope. */
typedef struct soak_scope {
    uint32_t temps;
    slip_tensor temp[8];
    uint32_t number[8];
} soak_scope;

enum { SOAK_DEPTH = 6 };

/* How tasks come to run. */
enum { SOAK_BY_RUN, SOAK_BY_REPLAY, SOAK_BY_SUBMIT, SOAK_WAYS };

/* What a run began with. */
typedef struct soak_before {
    uint64_t serial;
    uint64_t writer[SOAK_CELLS];
    uint32_t reads[SOAK_CELLS];
    uint64_t reads_checked;
    uint64_t writes_checked;
    rp_rng rng;
} soak_before;

/* Everything of one process. */
typedef struct soak_state {
    uint64_t *data;  /* the grid: SOAK_ROWS rows of SOAK_COLUMNS cells */
    uint64_t *spare; /* where it may lie too */
    soak_before before;
    uint64_t round;       /* that runs */
    uint64_t faults;      /* of the runs that were checked */
    uint64_t ended_tasks; /* of them */
    uint64_t way_tasks[SOAK_WAYS];
    bool recording; /* the next runs of the orchestration function are one recording */
    bool unchecked; /* a run has begun and was not checked */
    slipi_au32 ended[SOAK_CELLS + SOAK_TEMPS];
    uint32_t reads[SOAK_CELLS + SOAK_TEMPS];
    uint64_t writer[SOAK_CELLS + SOAK_TEMPS];
    soak_note notes[SOAK_RUN_NOTES];
    soak_task task[SOAK_RUN_TASKS];
    slipi_au64 fault[SOAK_FAULTS];
    uint64_t serial;
    uint64_t reads_checked;  /* cells */
    uint64_t writes_checked; /* cells */
    uint32_t note_count;
    uint32_t task_count;
    uint32_t temp_count;
    uint32_t pause;        /* longest, in spins; 0: none */
    uint32_t pause_one_in; /* tasks of this run */
    rp_rng rng;

    /* the run at hand */
    uint32_t program; /* of the case */
    uint32_t width;
    uint32_t tasks;
    uint32_t window;
    slip_tensor all;
    slip_tensor cell[SOAK_CELLS]; /* views of one cell each */
    uint32_t depth;               /* scopes that are open */
    uint32_t in_ring[SLIP_RING_COUNT];
    soak_scope scope[SOAK_DEPTH];
} soak_state;

extern soak_state soak;

/* The kernel of every task. */
int32_t soak_kernel(const slip_kernel_ctx *ctx);

/* Everything as if nothing had run; serials go on. */
void soak_reset(void);

/* Notes what a run begins with; what is recorded begins with it again. */
void soak_keep(void);

/* A run begins; the one before it is checked first. */
void soak_begin_run(void);

/* After the last run, and between two: each task ran once, and each cell is what the last task
 * left. Adds to soak.faults and soak.ended_tasks. */
void soak_check_run(void);

/* Moves the notes of a graph that was replayed on to its next replay, which is round `round`. */
void soak_next_replay(uint64_t round);

/* True while this run may have another task. */
bool soak_more(slip_orch *o);

/* Notes what a task must find, and submits it. */
void soak_submit(slip_orch *o, const soak_access *access, uint32_t count,
                 const slip_task_handle *deps, uint32_t dep_count, slip_task_handle *out);

/* Opens a scope; closes the newest. */
void soak_open(slip_orch *o, enum slip_scope_kind kind);
void soak_close(slip_orch *o);

/* True if the ring of the newest scope holds another task without ending a scope. */
bool soak_fits(void);

/* The programs: those of bench/peers/pattern.h, then these. */
enum { SOAK_RANDOM = 11, SOAK_SCOPES, SOAK_MANUAL, SOAK_PROGRAMS };

/* Name of a program. */
const char *soak_program_name(uint32_t program);

/* The orchestration function: runs soak.program. */
slip_status soak_orchestrate(slip_orch *o);

/* ---- rounds --------------------------------------------------------------------------------- */

/* Where a case runs. */
typedef struct soak_place {
    slip_runner *runner;
    slip_callable callable;
    const char *platform;
    uint32_t threads;
    uint32_t window;
} soak_place;

/* One round: `tasks` tasks at most in one of the ways, all of them checked. Prints errors of the
 * library, and counts each as a fault. */
void soak_round(const soak_place *place, uint64_t number, uint32_t tasks);

#endif
