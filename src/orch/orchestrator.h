/*
 * orchestrator.h - the state of one orchestrated run, shared by the files of this folder.
 *
 * For src/orch and the executor. It lives with control thread 0 for one run; only that thread
 * touches it. What must survive the run lies in the arena (slipi_runtime).
 */
#ifndef SLIPI_ORCHESTRATOR_H
#define SLIPI_ORCHESTRATOR_H

#include <stddef.h>

#include <slipway/orch.h>

#include "abi/audit.h"
#include "base/hints.h"
#include "sched/worker.h"
#include "task/edge.h"
#include "task/ring.h"

/* Flags of a slip_tensor. */
enum {
    SLIPI_TENSOR_WHOLE = 1u,     /* the view is its whole buffer */
    SLIPI_TENSOR_READ_ONLY = 2u, /* a run argument that the signature only reads */
    SLIPI_TENSOR_TILE = 4u       /* box_lo is a multiple of box_len, and `tile` counts the boxes */
};

/* True for an argument that is a scalar. */
static inline bool slipi_is_scalar(const slip_arg *arg)
{
    return arg->kind >= SLIP_ARG_SCALAR;
}

/* A buffer's name: a run argument's index, or bit 61, ring and position of a heap buffer. */
#define SLIPI_BUFFER_HEAP (UINT64_C(1) << 61)

/*
 * Who records a graph is told what slots do not hold. A recorded run starts no task: nothing is
 * ever COMPLETED, so every dependency is an edge, and nothing can be waited for.
 */
typedef struct slipi_recorder {
    void *user;
    /* Run argument `index`, a scalar, was read by the program itself. */
    void (*read)(void *user, uint32_t index);
    /* Scalar `index` of the submission's task is run argument `param`. */
    void (*follow)(void *user, uint64_t submission, uint32_t index, uint32_t param);
    /* Every element of the buffer is to hold `bits` before the submission's task starts. */
    void (*fill)(void *user, uint64_t buffer, uint64_t bits);
} slipi_recorder;

typedef struct slipi_orchestrator {
    slip_orch base; /* first: what the program is given */
    slipi_worker *worker;
    slipi_rings rings;
    bool explicit_only;   /* host-built graph: no look-up, nothing runs, waiting is pointless */
    slip_status failed;   /* first failure seen by the orchestrator */
    uint32_t depth;       /* open scopes; the program's own is the first */
    uint64_t submissions; /* of this run */
    uint64_t edges;
    uint64_t edges_skipped;
    uint64_t run_serial;
    uint32_t kernel_count;            /* of the callable */
    uint32_t core_count[2];           /* of the device: AIC, AIV */
    uint64_t args_seq;                /* at which the run arguments' buffers are born */
    slipi_audit_header *audit;        /* null = off */
    const slipi_recorder *recorder;   /* null = this is a run */
    uint64_t first_task[SLIPI_RINGS]; /* head of each ring when the run began */
    slipi_scope scopes[SLIP_MAX_SCOPE_DEPTH];
} slipi_orchestrator;

/* The orchestrator behind what a program was given. */
static inline slipi_orchestrator *slipi_orchestrator_of(slip_orch *o)
{
    return (slipi_orchestrator *)(void *)o;
}

/* The innermost scope. */
static inline slipi_scope *slipi_scope_now(slipi_orchestrator *o)
{
    return &o->scopes[o->depth - 1];
}

/* ---- orchestrator.c ------------------------------------------------------------------------- */

/* Prepares a run: opens the program's scope and resets the run arguments' records. */
void slipi_orchestrator_begin(slipi_orchestrator *o, slipi_worker *w);

/* Ends it after the program returned `status`: waits for all tasks; first failure of the run. */
slip_status slipi_orchestrator_end(slipi_orchestrator *o, slip_status status);

/*
 * Fails the run with a fault whose sentence is the format (what was wanted, what was found, what to
 * change); completes fault->{ring,scope,submission} where unset. Returns fault->status.
 */
SLIPI_COLD slip_status slipi_orch_fault(slipi_orchestrator *o, slipi_fault *fault,
                                        const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As above for a plain status. */
SLIPI_COLD slip_status slipi_orch_error(slipi_orchestrator *o, slip_status status,
                                        const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* SLIP_OK while the run may go on; the first failure otherwise. */
static inline slip_status slipi_orch_state(slipi_orchestrator *o)
{
    if (o->failed == SLIP_OK) {
        o->failed = slipi_failed(&o->worker->at);
    }
    return o->failed;
}

/* ---- view.c --------------------------------------------------------------------------------- */

/* Makes a row-major tensor over a buffer at byte `offset` of `binding`. */
void slipi_tensor_init(slip_tensor *t, uint8_t dtype, uint32_t ndim, const uint32_t *shape);

/* Fails the run because of a handle that may not be used now, with the reason. */
SLIPI_COLD slip_status slipi_refuse_tensor(slipi_orchestrator *o, const slip_tensor *t);

/* SLIP_OK if the handle may be used now; fails the run otherwise. */
static inline slip_status slipi_check_tensor(slipi_orchestrator *o, const slip_tensor *t)
{
    bool usable = t != NULL && t->dtype != SLIP_DTYPE_NONE && t->run_serial == o->run_serial &&
                  t->depth < o->depth && o->scopes[t->depth].serial == t->scope_serial;
    return usable ? SLIP_OK : slipi_refuse_tensor(o, t);
}

/* Views: see slip_orch_ops. */
slip_status slipi_view_slice(slip_orch *base, const slip_tensor *t, const uint32_t *lo,
                             const uint32_t *len, slip_tensor *out);
slip_status slipi_view_reshape(slip_orch *base, const slip_tensor *t, uint32_t ndim,
                               const uint32_t *shape, slip_tensor *out);
slip_status slipi_view_transpose(slip_orch *base, const slip_tensor *t, const uint32_t *perm,
                                 slip_tensor *out);

/* Checks a shape: dimensions, sizes, and the bytes of a row-major tensor of it. */
slip_status slipi_check_shape(slipi_orchestrator *o, uint32_t dtype, uint32_t ndim,
                              const uint32_t *shape, uint64_t *out_bytes);

/* ---- submit.c, scope.c, element.c, record.c -------------------------------------------------- */

slip_status slipi_submit(slip_orch *base, const slip_task *task, slip_task_handle *out);
slip_status slipi_scope_begin(slip_orch *base, uint32_t kind);
slip_status slipi_scope_end(slip_orch *base);
slip_status slipi_element_get(slip_orch *base, const slip_tensor *t, const uint32_t *index,
                              uint64_t *out_bits);
slip_status slipi_element_set(slip_orch *base, const slip_tensor *t, const uint32_t *index,
                              uint64_t bits);

/* Audit record; each is a no-op unless the run is audited. */
SLIPI_COLD void slipi_record_task(slipi_orchestrator *o, const slipi_slot *slot,
                                  const slip_task *task);
SLIPI_COLD void slipi_record_edge(slipi_orchestrator *o, uint32_t kind, uint64_t producer,
                                  uint64_t consumer, uint64_t flags);
SLIPI_COLD void slipi_record_watermark(slipi_orchestrator *o);

#endif
