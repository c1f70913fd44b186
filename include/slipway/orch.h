/*
 * orch.h - what an orchestration function sees: tensors, views, tasks, scopes.
 *
 * For authors of programs. An orchestration function runs once per run, on the device's
 * orchestrator thread, and submits tasks; the runtime finds the dependencies from the regions the
 * tasks read and write. All functions here are called from that thread only, through the `o` that
 * the function was given. A program links nothing: every call goes through the table in `o`.
 *
 * Every function that can fail returns a status. A failure also fails the run: later submissions
 * return the first failure again and do nothing, so a program may check at the end only.
 */
#ifndef SLIPWAY_ORCH_H
#define SLIPWAY_ORCH_H

#include <stddef.h>

#include <slipway/kernel.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the descriptor and of the tables in this header; a program of another is refused. */
#define SLIP_PROGRAM_ABI 1u
#define SLIP_PROGRAM_MAGIC UINT64_C(0x31474F5250504C53) /* "SLPPROG1" */

#define SLIP_MAX_TASK_ARGS 256u  /* tensors and scalars of one task */
#define SLIP_MAX_RUN_ARGS 256u   /* arguments of one run */
#define SLIP_MAX_KERNELS 4096u   /* kernels of one callable */
#define SLIP_MAX_SCOPE_DEPTH 64u /* nested scopes, the program's own included */
#define SLIP_RING_COUNT 4u       /* depth d uses ring min(d, 3) */

/* How a task, or a run, uses a tensor. */
enum slip_access {
    SLIP_ACCESS_NONE = 0,        /* nodep: passed to the kernel, not tracked */
    SLIP_ACCESS_IN = 1,          /* read */
    SLIP_ACCESS_OUT = 2,         /* written; for a task: allocated from the ring heap */
    SLIP_ACCESS_INOUT = 3,       /* read and written in place */
    SLIP_ACCESS_OUT_EXISTING = 4 /* written; the memory exists already */
};

/*
 * A tensor handle: a strided view of a buffer. A value; copy it freely. Valid while the scope that
 * made its buffer is open. The fields are the runtime's; programs read dtype, ndim and shape.
 */
typedef struct slip_tensor {
    uint8_t dtype;                      /* enum slip_dtype; 0 marks a handle that holds nothing */
    uint8_t ndim;                       /* 1 .. SLIP_MAX_DIMS */
    uint8_t root_ndim;                  /* dimensions of the geometry the view was cut from */
    uint8_t flags;                      /* SLIP_TENSOR_* of the runtime */
    uint8_t root_dim[SLIP_MAX_DIMS];    /* which root dimension each dimension of the view is */
    uint8_t reserved[3];                /* the runtime's */
    uint32_t depth;                     /* scope depth that the handle belongs to */
    uint32_t shape[SLIP_MAX_DIMS];      /* elements of this view */
    int32_t stride[SLIP_MAX_DIMS];      /* elements */
    uint32_t root_shape[SLIP_MAX_DIMS]; /* elements of the root geometry (row-major) */
    uint32_t box_len[SLIP_MAX_DIMS];    /* the view as a box in it: elements along each dimension */
    uint32_t box_lo[SLIP_MAX_DIMS];     /* ... and its first element */
    uint32_t tile;         /* the view's place in the grid of boxes of its size, if it has one */
    uint64_t root_offset;  /* bytes from the buffer's base to the root's first element */
    uint64_t offset;       /* bytes from the binding's base to the view's first element */
    uint64_t buffer;       /* the buffer's record: ring and position, or run argument */
    uint64_t creator;      /* task that made the buffer; 0 for a run argument */
    uint64_t scope_serial; /* serial of that scope */
    uint64_t run_serial;   /* serial of the run */
    uint32_t binding;      /* index into the run's binding table */
    uint32_t reserved2;    /* zero */
} slip_tensor;

/* A submitted task, for explicit edges. Valid while the scope it was submitted in is open. */
typedef struct slip_task_handle {
    uint64_t task;         /* ring and id; 0 is no task */
    uint32_t depth;        /* scope depth */
    uint32_t reserved;     /* zero */
    uint64_t scope_serial; /* serial of that scope */
    uint64_t run_serial;   /* serial of the run */
} slip_task_handle;

/* Kinds of argument: enum slip_access values, and scalars. */
enum {
    SLIP_ARG_SCALAR = 16,      /* `bits` */
    SLIP_ARG_SCALAR_PARAM = 17 /* the scalar run argument of index `bits` */
};

/* One argument of a task. Build it with the functions below. */
typedef struct slip_arg {
    uint8_t kind;          /* enum slip_access, SLIP_ARG_SCALAR or SLIP_ARG_SCALAR_PARAM */
    uint8_t dtype;         /* SLIP_ACCESS_OUT: type of the new tensor */
    uint8_t ndim;          /* SLIP_ACCESS_OUT: its dimensions */
    uint8_t has_init;      /* SLIP_ACCESS_OUT: fill every element with `bits` first */
    uint32_t reserved;     /* zero */
    slip_tensor *tensor;   /* read for existing tensors; written for SLIP_ACCESS_OUT */
    const uint32_t *shape; /* SLIP_ACCESS_OUT: ndim sizes, in elements */
    uint64_t bits;         /* scalar, or the initial value's bit pattern (low bytes) */
} slip_arg;

/* The task reads `t`. */
static inline slip_arg slip_in(const slip_tensor *t)
{
    slip_arg a = {SLIP_ACCESS_IN, 0, 0, 0, 0, (slip_tensor *)(uintptr_t)t, NULL, 0};
    return a;
}

/* The task reads and writes `t` in place. */
static inline slip_arg slip_inout(const slip_tensor *t)
{
    slip_arg a = {SLIP_ACCESS_INOUT, 0, 0, 0, 0, (slip_tensor *)(uintptr_t)t, NULL, 0};
    return a;
}

/* The task overwrites `t`, which exists already. */
static inline slip_arg slip_out_existing(const slip_tensor *t)
{
    slip_arg a = {SLIP_ACCESS_OUT_EXISTING, 0, 0, 0, 0, (slip_tensor *)(uintptr_t)t, NULL, 0};
    return a;
}

/* The task is given `t`, and promises that no ordering is needed for it. */
static inline slip_arg slip_nodep(const slip_tensor *t)
{
    slip_arg a = {SLIP_ACCESS_NONE, 0, 0, 0, 0, (slip_tensor *)(uintptr_t)t, NULL, 0};
    return a;
}

/* The task makes a new row-major tensor in the heap of the current ring; *out is set at submission.
 */
static inline slip_arg slip_out(slip_tensor *out, uint8_t dtype, uint8_t ndim,
                                const uint32_t *shape)
{
    slip_arg a = {SLIP_ACCESS_OUT, dtype, ndim, 0, 0, out, shape, 0};
    return a;
}

/* As slip_out; every element holds the bit pattern `bits` before the kernel starts. */
static inline slip_arg slip_out_init(slip_tensor *out, uint8_t dtype, uint8_t ndim,
                                     const uint32_t *shape, uint64_t bits)
{
    slip_arg a = {SLIP_ACCESS_OUT, dtype, ndim, 1, 0, out, shape, bits};
    return a;
}

/* An integer scalar. */
static inline slip_arg slip_scalar(uint64_t value)
{
    slip_arg a = {SLIP_ARG_SCALAR, 0, 0, 0, 0, NULL, NULL, value};
    return a;
}

/*
 * Run argument `index`, a scalar, handed on to the kernel. In a recorded graph it can change from
 * replay to replay; a value that was read by slip_orch_scalar and submitted by slip_scalar cannot.
 */
static inline slip_arg slip_scalar_param(uint32_t index)
{
    slip_arg a = {SLIP_ARG_SCALAR_PARAM, 0, 0, 0, 0, NULL, NULL, index};
    return a;
}

/* A floating-point scalar; kernels read it with slip_kernel_f64. */
static inline slip_arg slip_scalar_f64(double value)
{
    union {
        double d;
        uint64_t u;
    } bits;
    bits.d = value;
    return slip_scalar(bits.u);
}

/* What a task runs on. */
enum slip_task_shape {
    SLIP_TASK_AIC = 0, /* kernel[0] on one AIC */
    SLIP_TASK_AIV = 1, /* kernel[0] on one AIV */
    SLIP_TASK_MIXED =
        2, /* kernel[0] on the AIC, kernel[1] and kernel[2] on the AIVs of one cluster */
    SLIP_TASK_DUMMY = 3 /* no kernel: allocation, or a join of its inputs */
};

/* A task to submit. */
typedef struct slip_task {
    uint32_t struct_size; /* sizeof(slip_task) */
    uint16_t shape;       /* enum slip_task_shape */
    uint16_t kernel[3];   /* indices in the kernel table */
    uint32_t arg_count;
    uint32_t dep_count;
    const slip_arg *args;         /* arg_count of them; tensors and scalars in any order */
    const slip_task_handle *deps; /* explicit edges to earlier tasks; may be null */
} slip_task;

enum slip_scope_kind {
    SLIP_SCOPE_AUTO = 0,  /* dependencies are found from the regions */
    SLIP_SCOPE_MANUAL = 1 /* explicit edges only; later automatic tasks still see the accesses */
};

typedef struct slip_orch slip_orch;

/* The runtime's entry points, behind `o`. Append-only. */
typedef struct slip_orch_ops {
    uint32_t struct_size;
    uint32_t abi;
    slip_status (*arg_tensor)(slip_orch *o, uint32_t index, slip_tensor *out);
    slip_status (*arg_scalar)(slip_orch *o, uint32_t index, uint64_t *out_bits);
    slip_status (*slice)(slip_orch *o, const slip_tensor *t, const uint32_t *lo,
                         const uint32_t *len, slip_tensor *out);
    slip_status (*reshape)(slip_orch *o, const slip_tensor *t, uint32_t ndim, const uint32_t *shape,
                           slip_tensor *out);
    slip_status (*transpose)(slip_orch *o, const slip_tensor *t, const uint32_t *perm,
                             slip_tensor *out);
    slip_status (*submit)(slip_orch *o, const slip_task *task, slip_task_handle *out);
    slip_status (*scope_begin)(slip_orch *o, uint32_t kind);
    slip_status (*scope_end)(slip_orch *o);
    slip_status (*get)(slip_orch *o, const slip_tensor *t, const uint32_t *index,
                       uint64_t *out_bits);
    slip_status (*set)(slip_orch *o, const slip_tensor *t, const uint32_t *index, uint64_t bits);
    slip_status (*fail)(slip_orch *o, int32_t code, const char *message);
    slip_status (*failed)(const slip_orch *o);
    void (*log)(slip_orch *o, uint32_t level, const char *message);
} slip_orch_ops;

struct slip_orch {
    const slip_orch_ops *ops;
};

/* Run argument `index` as a tensor. */
static inline slip_status slip_orch_tensor(slip_orch *o, uint32_t index, slip_tensor *out)
{
    return o->ops->arg_tensor(o, index, out);
}

/* Run argument `index` as an integer scalar; 0 and a failed run if it is none. */
static inline uint64_t slip_orch_scalar(slip_orch *o, uint32_t index)
{
    uint64_t bits = 0;
    slip_status status = o->ops->arg_scalar(o, index, &bits);
    return status == SLIP_OK ? bits : 0;
}

/* The box [lo, lo + len) of `t`, in elements of each of its dimensions. */
static inline slip_status slip_slice(slip_orch *o, const slip_tensor *t, const uint32_t *lo,
                                     const uint32_t *len, slip_tensor *out)
{
    return o->ops->slice(o, t, lo, len, out);
}

/* The same elements in row-major order with another shape; `t` must be contiguous. */
static inline slip_status slip_reshape(slip_orch *o, const slip_tensor *t, uint32_t ndim,
                                       const uint32_t *shape, slip_tensor *out)
{
    return o->ops->reshape(o, t, ndim, shape, out);
}

/* Dimension d of the result is dimension perm[d] of `t`. */
static inline slip_status slip_transpose(slip_orch *o, const slip_tensor *t, const uint32_t *perm,
                                         slip_tensor *out)
{
    return o->ops->transpose(o, t, perm, out);
}

/* Submits a task. `out` may be null. Output handles in the arguments are valid afterwards. */
static inline slip_status slip_submit_task(slip_orch *o, const slip_task *task,
                                           slip_task_handle *out)
{
    return o->ops->submit(o, task, out);
}

/* Submits a task with one kernel, or none (SLIP_TASK_DUMMY), and no explicit edges. */
static inline slip_status slip_spawn(slip_orch *o, enum slip_task_shape shape, uint16_t kernel,
                                     uint32_t arg_count, const slip_arg *args)
{
    slip_task task = {
        (uint32_t)sizeof(slip_task), (uint16_t)shape, {kernel, 0, 0}, arg_count, 0, args, NULL};
    return o->ops->submit(o, &task, NULL);
}

/* Allocates a tensor in the heap of the current ring: a task without a kernel. */
static inline slip_status slip_alloc(slip_orch *o, slip_tensor *out, uint8_t dtype, uint8_t ndim,
                                     const uint32_t *shape)
{
    slip_arg arg = slip_out(out, dtype, ndim, shape);
    return slip_spawn(o, SLIP_TASK_DUMMY, 0, 1, &arg);
}

/* Opens a scope: tensors made in it live until its end. */
static inline slip_status slip_scope_begin(slip_orch *o, enum slip_scope_kind kind)
{
    return o->ops->scope_begin(o, (uint32_t)kind);
}

/* Ends the innermost scope. Does not wait for its tasks. */
static inline slip_status slip_scope_end(slip_orch *o)
{
    return o->ops->scope_end(o);
}

/* Waits for the writers of one element and reads its bit pattern into the low bytes of *out_bits.
 */
static inline slip_status slip_get(slip_orch *o, const slip_tensor *t, const uint32_t *index,
                                   uint64_t *out_bits)
{
    return o->ops->get(o, t, index, out_bits);
}

/* Waits for the writers and readers of one element and sets it to the low bytes of `bits`. */
static inline slip_status slip_set(slip_orch *o, const slip_tensor *t, const uint32_t *index,
                                   uint64_t bits)
{
    return o->ops->set(o, t, index, bits);
}

/* Fails the run with the program's own code and message (copied, 120 bytes at most). */
static inline slip_status slip_orch_fail(slip_orch *o, int32_t code, const char *message)
{
    return o->ops->fail(o, code, message);
}

/* SLIP_OK while nothing has failed in this run; a program that makes long loops tests it. */
static inline slip_status slip_orch_failed(const slip_orch *o)
{
    return o->ops->failed(o);
}

/* Logs a line at a level of enum slip_log_level. */
static inline void slip_orch_log(slip_orch *o, uint32_t level, const char *message)
{
    o->ops->log(o, level, message);
}

/* An orchestration function. A status other than SLIP_OK fails the run. */
typedef slip_status (*slip_orch_fn)(slip_orch *o);

/*
 * Host-built mode: the same graph built by hand. The builder runs on the host before every run in
 * that mode; tasks use run arguments and the graph's own buffers, and every edge is explicit. The
 * whole graph lies in ring 0, whose window must hold it. See programming.md.
 */
typedef struct slip_graph slip_graph;

typedef struct slip_graph_ops {
    uint32_t struct_size;
    uint32_t abi;
    slip_status (*arg_tensor)(slip_graph *g, uint32_t index, slip_tensor *out);
    slip_status (*arg_scalar)(slip_graph *g, uint32_t index, uint64_t *out_bits);
    slip_status (*slice)(slip_graph *g, const slip_tensor *t, const uint32_t *lo,
                         const uint32_t *len, slip_tensor *out);
    slip_status (*add)(slip_graph *g, const slip_task *task, slip_task_handle *out);
} slip_graph_ops;

struct slip_graph {
    const slip_graph_ops *ops;
};

/* Builds the graph; a status other than SLIP_OK fails the run that asked for it. */
typedef slip_status (*slip_graph_fn)(slip_graph *g);

/* A kernel of a program's table. */
typedef struct slip_kernel_entry {
    const char *name;   /* for messages and traces */
    slip_kernel_fn fn;  /* null is an error at registration */
    uint32_t core_type; /* enum slip_core_type */
    uint32_t reserved;  /* zero */
} slip_kernel_entry;

/* A run argument of the program's signature. */
enum slip_param_kind { SLIP_PARAM_TENSOR = 0, SLIP_PARAM_SCALAR = 1 };

typedef struct slip_param {
    const char *name; /* for messages */
    uint8_t kind;     /* enum slip_param_kind */
    uint8_t access;   /* tensors: IN, OUT or INOUT of enum slip_access */
    uint8_t dtype;    /* tensors: 0 accepts any */
    uint8_t ndim;     /* tensors: 0 accepts any */
} slip_param;

/* A program: what a shared object exports under SLIP_PROGRAM_SYMBOL, or a process registers. */
typedef struct slip_program {
    uint64_t magic;       /* SLIP_PROGRAM_MAGIC */
    uint32_t abi;         /* SLIP_PROGRAM_ABI */
    uint32_t struct_size; /* sizeof(slip_program) */
    const char *name;
    slip_orch_fn orchestrate; /* may be null if `build` is given */
    slip_graph_fn build;      /* host-built mode; may be null */
    const slip_kernel_entry *kernels;
    uint32_t kernel_count;
    uint32_t param_count;
    const slip_param *params;
} slip_program;

#define SLIP_PROGRAM_SYMBOL "slip_program_descriptor"

/* Defines the exported descriptor of a shared object. */
#define SLIP_EXPORT_PROGRAM(...)                                                        \
    SLIP_API extern const slip_program slip_program_descriptor;                         \
    const slip_program slip_program_descriptor = {SLIP_PROGRAM_MAGIC, SLIP_PROGRAM_ABI, \
                                                  (uint32_t)sizeof(slip_program), __VA_ARGS__}

#ifdef __cplusplus
}
#endif
#endif
