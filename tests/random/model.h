/*
 * model.h - random programs: what one is, how it is made, run and judged.
 *
 * For tests/random. A program is a list of operations over tensors of u32 elements. It is made from
 * a seed (generate*.c), executed one operation after the other on plain arrays (execute.c), and
 * submitted to a runner as an orchestration function (submit.c); both must give the same bytes.
 * One thread makes and judges a program; kernels run on the runner's threads.
 */
#ifndef SLIPWAY_TESTS_RANDOM_MODEL_H
#define SLIPWAY_TESTS_RANDOM_MODEL_H

#include <stdio.h>

#include <slipway/slipway.h>

#include "rng.h"

#define RP_MAX_OPS 256u
#define RP_MAX_POOL 2048u   /* arguments of all operations */
#define RP_MAX_TENSORS 160u /* run arguments and heap outputs */
#define RP_MAX_ARGS 24u     /* of one task */
#define RP_MAX_DEPS 24u     /* explicit edges of one task */
#define RP_MAX_STEPS 4u     /* views of views */
#define RP_MAX_RUN_TENSORS 4u
#define RP_ELEMENTS 1024u /* of one memory */
#define RP_MASK_WORDS (RP_ELEMENTS / 64u)
#define RP_NONE UINT32_MAX

enum rp_step_kind { RP_SLICE, RP_RESHAPE, RP_TRANSPOSE };

/* One step from a view to the next. */
typedef struct rp_step {
    uint32_t kind;
    uint32_t ndim;             /* of the result */
    uint32_t a[SLIP_MAX_DIMS]; /* lo, shape, or perm */
    uint32_t b[SLIP_MAX_DIMS]; /* len */
} rp_step;

/* A view of a tensor: the steps that make it, and where its elements are by this test's own sums.
 */
typedef struct rp_view {
    uint32_t tensor;
    uint32_t steps;
    rp_step step[RP_MAX_STEPS];
    uint32_t ndim;
    uint32_t count;  /* elements */
    uint32_t offset; /* first element, in the tensor's memory */
    uint32_t shape[SLIP_MAX_DIMS];
    int32_t stride[SLIP_MAX_DIMS];
} rp_view;

/* Elements of one memory. */
typedef struct rp_mask {
    uint64_t word[RP_MASK_WORDS];
} rp_mask;

/* Memory that tensors lie in: one heap output's, or one or more run arguments'. */
typedef struct rp_memory {
    uint32_t elements;
    uint32_t cells[RP_ELEMENTS]; /* as the sequential execution leaves them */
    uint32_t start[RP_ELEMENTS]; /* run arguments: before the run */
    uint32_t host[RP_ELEMENTS];  /* run arguments: given to the runner */
    rp_mask defined;             /* elements with a known value */
} rp_memory;

typedef struct rp_tensor {
    uint32_t memory;
    uint32_t offset; /* first element in its memory */
    uint32_t ndim;
    uint32_t count;
    uint32_t shape[SLIP_MAX_DIMS];
    uint32_t tile[SLIP_MAX_DIMS]; /* of its lattice */
    uint32_t creator;             /* operation; RP_NONE for run arguments */
    uint32_t writers;             /* operations that wrote it */
    uint32_t writer;              /* the latest of them */
    bool read_only;               /* run argument that is only read */
    bool frozen;                  /* heap output that stays as its creator left it */
    bool alive;                   /* its scope is open */
    bool used;                    /* somebody read it */
} rp_tensor;

enum rp_op_kind { RP_TASK, RP_SCOPE_BEGIN, RP_SCOPE_END, RP_GET, RP_SET };

typedef struct rp_arg {
    uint8_t access; /* enum slip_access */
    bool has_init;
    bool reads; /* the kernel reads what was there, beyond what the access says */
    uint32_t init;
    rp_view view;
} rp_arg;

typedef struct rp_op {
    uint32_t kind;
    uint32_t shape; /* enum slip_task_shape */
    uint32_t scope; /* RP_SCOPE_BEGIN: enum slip_scope_kind; else serial of the scope it is in */
    uint32_t depth;
    uint32_t seed;
    uint32_t spin;       /* pauses of the kernel, and above RP_SPIN_YIELD a yield */
    uint32_t fillers;    /* further scalars */
    uint32_t value_from; /* RP_GET whose value is a scalar here; RP_NONE */
    uint32_t first_arg;
    uint32_t arg_count;
    uint32_t dep_count;
    uint32_t dep[RP_MAX_DEPS];
    uint32_t index[SLIP_MAX_DIMS]; /* RP_GET, RP_SET */
    uint32_t bits;                 /* RP_SET: value; RP_GET: value in sequential execution */
    bool manual;
    bool off; /* left out, while a failure is narrowed down */
} rp_op;

#define RP_SPIN_YIELD 0x10000u

typedef struct rp_program {
    uint64_t seed;
    uint32_t op_count;
    uint32_t task_count;
    uint32_t pool_count;
    uint32_t tensor_count;
    uint32_t memory_count;
    uint32_t run_tensors; /* the first tensors are run arguments */
    uint32_t last_access; /* enum slip_access of the last one; the others are INOUT */
    uint32_t dispatch;
    uint32_t threads;
    slip_sizing sizing;
    rp_op op[RP_MAX_OPS];
    rp_arg pool[RP_MAX_POOL];
    rp_tensor tensor[RP_MAX_TENSORS];
    rp_memory memory[RP_MAX_TENSORS];
} rp_program;

/* ---- views.c -------------------------------------------------------------------------------- */

/* The whole of a tensor. */
rp_view rp_view_whole(const rp_program *p, uint32_t tensor);

/* One more step; the arguments are as for slip_slice, slip_reshape and slip_transpose. */
void rp_view_slice(rp_view *v, const uint32_t *lo, const uint32_t *len);
void rp_view_reshape(rp_view *v, uint32_t ndim, const uint32_t *shape);
void rp_view_transpose(rp_view *v, const uint32_t *perm);

/* True if the elements are adjacent, in row-major order. */
bool rp_view_contiguous(const rp_view *v);

/* Adds the elements of a view to a mask. */
void rp_mask_add(rp_mask *mask, const rp_view *v);

/* True if a mask holds all, or any, elements of a view. */
bool rp_mask_all(const rp_mask *mask, const rp_view *v);
bool rp_mask_any(const rp_mask *mask, const rp_view *v);

/* Place of element `index` of a view in its memory. */
uint32_t rp_view_at(const rp_view *v, const uint32_t *index);

/* ---- kernels.c ------------------------------------------------------------------------------ */

/* A tensor as a kernel sees it. */
typedef struct rp_operand {
    uint32_t *data;
    uint32_t ndim;
    uint32_t access;
    const uint32_t *shape;
    const int32_t *stride;
    bool reads;
} rp_operand;

/* Lane `lane` of `lanes` kernels of one task: reads everything, then writes its elements. */
void rp_kernel(const rp_operand *operand, uint32_t count, uint64_t seed, uint32_t lane,
               uint32_t lanes);

/* Seed of a task from its scalars, without the spin count. */
uint64_t rp_kernel_seed(const uint64_t *scalar, uint32_t count);

enum { RP_SCALAR_SEED, RP_SCALAR_SPIN, RP_SCALAR_READS, RP_SCALAR_VALUE, RP_SCALARS };

/* The kernel table: AIC, AIV, and the three of a mixed task. */
enum { RP_KERNEL_AIC, RP_KERNEL_AIV, RP_KERNEL_MIXED, RP_KERNELS = RP_KERNEL_MIXED + 3 };
extern const slip_kernel_entry rp_kernels[RP_KERNELS];

/* ---- generate.c ----------------------------------------------------------------------------- */

/* Makes the program of a seed. Windows and heaps are large enough for every scope. */
void rp_generate(rp_program *p, uint64_t seed, uint32_t max_threads);

/* ---- execute.c ------------------------------------------------------------------------------ */

/* Scalars of a task; returns how many. `value` is what its RP_GET read. */
uint32_t rp_task_scalars(const rp_program *p, const rp_op *op, uint64_t value, uint64_t *scalar);

/* Runs the program one operation after the other: fills memory[].cells and the values of gets. */
void rp_execute(rp_program *p);

/* Prints the program. */
void rp_print(const rp_program *p, FILE *file);

/* ---- submit.c ------------------------------------------------------------------------------- */

#define RP_VARIANTS (RP_MAX_RUN_TENSORS * 3u)

/* Program for a number of run tensors and the access of the last: see rp_variant. */
const slip_program *rp_variant_program(uint32_t variant);

/* Index of the variant of a program. */
uint32_t rp_variant(const rp_program *p);

/*
 * Runs it once and compares with rp_execute. Empty text and true if all is well; otherwise `why`
 * says what is not. `audit` also asks the oracle.
 */
bool rp_run(rp_program *p, slip_runner *runner, slip_callable callable, bool audit, char *why,
            size_t why_bytes);

/*
 * Records it and replays it with other contents of its run arguments, elsewhere in memory too;
 * every replay must be as rp_execute says, and checked mode must find no difference. A program that
 * gets or sets elements must be refused. `audit` also asks the oracle about the graph.
 */
bool rp_replay(rp_program *p, slip_runner *runner, slip_callable callable, bool audit, char *why,
               size_t why_bytes);

#endif
