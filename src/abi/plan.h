/*
 * plan.h - a recorded graph: one block of bytes without an address in it.
 *
 * For src/graph, which records, builds, checks, saves and loads plans, and for the host's runner.
 * The device never reads a plan: it runs an instance that is made from one (graph/instance.h). A
 * plan is written once and read-only afterwards; any number of threads may read it.
 *
 *   | header | tasks | edges | args | geometries | scalars | patches | params | bindings |
 *   | kernels | buffers | names |
 *
 * The sections lie in this order, each on a multiple of 8 bytes, without overlap; bytes between
 * and behind them are zero. A reference is an index into a section; a place in memory is (binding,
 * offset); a name is an offset into the names.
 */
#ifndef SLIPI_PLAN_ABI_H
#define SLIPI_PLAN_ABI_H

#include <slipway/orch.h>

#define SLIPI_PLAN_MAGIC UINT64_C(0x314E414C50504C53) /* "SLPPLAN1" */
#define SLIPI_PLAN_VERSION 1u

/* Largest plan: tasks are named by 31 bits of an instance's window, bytes are far below 2^40. */
#define SLIPI_PLAN_MAX_TASKS (UINT32_C(1) << 22)
#define SLIPI_PLAN_MAX_BYTES (UINT64_C(1) << 36)

/* Bindings of a plan: the heap of the graph, and the buffers of the run arguments. */
#define SLIPI_PLAN_BIND_HEAP 1u /* = SLIPI_BIND_HEAP */
#define SLIPI_PLAN_BIND_ARGS                                               \
    8u /* = SLIPI_BIND_ARGS; + i: buffer of which parameter i is the first \
          tensor */

/* Where a section lies and how many elements it has. */
typedef struct slipi_plan_section {
    uint64_t offset; /* from the start of the block */
    uint64_t count;
} slipi_plan_section;
_Static_assert(sizeof(slipi_plan_section) == 16, "plan section size");

enum slipi_plan_sections {
    SLIPI_PLAN_TASKS,
    SLIPI_PLAN_EDGES,
    SLIPI_PLAN_ARGS,
    SLIPI_PLAN_GEOMETRIES,
    SLIPI_PLAN_SCALARS,
    SLIPI_PLAN_PATCHES,
    SLIPI_PLAN_PARAMS,
    SLIPI_PLAN_BINDINGS,
    SLIPI_PLAN_KERNELS,
    SLIPI_PLAN_BUFFERS,
    SLIPI_PLAN_NAMES,
    SLIPI_PLAN_SECTIONS
};

enum slipi_plan_flags {
    SLIPI_PLAN_BUILT = 1u /* made by a graph builder, not by an orchestration function */
};

/* First bytes of the block. */
typedef struct slipi_plan {
    uint64_t magic; /* SLIPI_PLAN_MAGIC */
    uint32_t version;
    uint32_t header_bytes; /* sizeof(slipi_plan) */
    uint64_t fingerprint;  /* slipi_layout_fingerprint() of the build that wrote it */
    uint64_t bytes;        /* of the whole block; a multiple of 8 */
    uint64_t checksum;     /* XXH3, 64 bits, of the block with this field zero; 0: not sealed */
    uint64_t heap_bytes;   /* of the graph's own buffers; a multiple of 64 */
    uint32_t program;      /* name of the program */
    uint32_t flags;        /* enum slipi_plan_flags */
    uint64_t depth;        /* tasks on the longest path */
    uint64_t roots;        /* tasks without an in-edge */
    uint64_t reserved[2];  /* zero */
    slipi_plan_section section[SLIPI_PLAN_SECTIONS];
} slipi_plan;
_Static_assert(offsetof(slipi_plan, checksum) == 32, "plan.checksum");
_Static_assert(offsetof(slipi_plan, section) == 88, "plan.section");
_Static_assert(sizeof(slipi_plan) == 264, "plan header size");

/*
 * A task, in order of submission: its index + 1 is its submission. In-edges are
 * edges[first_edge, first_edge + edge_count): indices of producers, ascending, each below the
 * task's own index, so that the order of the tasks is an order in which they may run.
 */
typedef struct slipi_plan_task {
    uint32_t first_edge;
    uint32_t edge_count;
    uint32_t first_arg;    /* its tensors */
    uint32_t first_scalar; /* its scalars */
    uint16_t arg_count;
    uint16_t scalar_count;
    uint16_t kernel[3]; /* indices of this plan's kernels; 0 where the shape has none */
    uint8_t shape;      /* enum slip_task_shape */
    uint8_t manual;     /* 1: submitted in a manual scope */
    uint32_t depth;     /* of the scope it was submitted in */
} slipi_plan_task;
_Static_assert(sizeof(slipi_plan_task) == 32, "plan task size");

/* A producer: index of a task, and whether the program named the edge itself; then it need not be a
 * conflict of two regions. Sorted by index. */
typedef uint32_t slipi_plan_edge;
#define SLIPI_PLAN_EDGE_EXPLICIT 0x80000000u
static inline uint32_t slipi_plan_producer(slipi_plan_edge edge)
{
    return edge & ~SLIPI_PLAN_EDGE_EXPLICIT;
}

/* A tensor argument of a task. */
typedef struct slipi_plan_arg {
    uint64_t offset;      /* of its first element: bytes from the binding's base */
    uint64_t root_offset; /* of its root geometry: bytes in the buffer */
    uint32_t binding;     /* HEAP, or a row of the parameters' buffers */
    uint32_t geometry;
    uint32_t buffer; /* HEAP: index of the buffer; else binding - SLIPI_PLAN_BIND_ARGS */
    uint8_t access;  /* enum slip_access */
    uint8_t reserved[3];
} slipi_plan_arg;
_Static_assert(sizeof(slipi_plan_arg) == 32, "plan arg size");

/* Shape and strides of a tensor, and the geometry that it was cut from. No two are equal. */
typedef struct slipi_plan_geometry {
    uint8_t dtype;
    uint8_t ndim;
    uint8_t root_ndim; /* 0: no common geometry, byte intervals count */
    uint8_t reserved;
    uint32_t shape[SLIP_MAX_DIMS];
    int32_t stride[SLIP_MAX_DIMS];
    uint32_t root_shape[SLIP_MAX_DIMS];
} slipi_plan_geometry;
_Static_assert(sizeof(slipi_plan_geometry) == 64, "plan geometry size");

/* A scalar of a task is an uint64_t. A patch makes it follow a scalar parameter. */
typedef struct slipi_plan_patch {
    uint32_t scalar; /* index; ascending */
    uint32_t param;
} slipi_plan_patch;
_Static_assert(sizeof(slipi_plan_patch) == 8, "plan patch size");

enum slipi_plan_param_flags {
    SLIPI_PLAN_PARAM_READ = 1u /* a scalar that the orchestration itself read: it cannot change */
};

/* A run argument, as it was when the graph was recorded. */
typedef struct slipi_plan_param {
    uint8_t kind; /* enum slip_param_kind */
    uint8_t access;
    uint8_t dtype;
    uint8_t ndim;
    uint32_t binding; /* tensors: SLIPI_PLAN_BIND_ARGS + the first parameter of its buffer */
    uint64_t offset;  /* tensors: bytes from the buffer's base */
    uint64_t scalar;  /* recorded value */
    uint32_t shape[SLIP_MAX_DIMS];
    uint32_t written; /* as in slipi_launch_arg */
    uint32_t flags;   /* enum slipi_plan_param_flags */
    uint32_t name;
} slipi_plan_param;
_Static_assert(sizeof(slipi_plan_param) == 56, "plan param size");

/* Row i: bytes of the buffer behind binding SLIPI_PLAN_BIND_ARGS + i; 0 if parameter i is a scalar
 * or lies in an earlier parameter's buffer. As many rows as parameters. */
typedef uint64_t slipi_plan_binding;

/* A kernel that the graph uses; no two name the same one. */
typedef struct slipi_plan_kernel {
    uint32_t name;
    uint32_t uses;  /* task lanes that run it */
    uint16_t index; /* in the program's kernel table when it was recorded */
    uint8_t core_type;
    uint8_t reserved[5];
} slipi_plan_kernel;
_Static_assert(sizeof(slipi_plan_kernel) == 16, "plan kernel size");

/* A buffer of the graph's own heap: an output of a task. No two overlap. */
typedef struct slipi_plan_buffer {
    uint64_t offset; /* in the graph's heap; a multiple of 64 */
    uint64_t bytes;
    uint64_t bits;    /* initial value of every element */
    uint32_t task;    /* index of its creator */
    uint8_t has_init; /* 1: filled before every replay */
    uint8_t elem_bytes;
    uint8_t reserved[2];
} slipi_plan_buffer;
_Static_assert(sizeof(slipi_plan_buffer) == 32, "plan buffer size");

/* Size of one element of each section. */
#define SLIPI_PLAN_ELEMENT_BYTES                                                             \
    {                                                                                        \
        sizeof(slipi_plan_task), sizeof(slipi_plan_edge), sizeof(slipi_plan_arg),            \
            sizeof(slipi_plan_geometry), sizeof(uint64_t), sizeof(slipi_plan_patch),         \
            sizeof(slipi_plan_param), sizeof(slipi_plan_binding), sizeof(slipi_plan_kernel), \
            sizeof(slipi_plan_buffer), 1                                                     \
    }

/* Start of a section of a checked plan. */
static inline const void *slipi_plan_at(const slipi_plan *plan, uint32_t section)
{
    return (const uint8_t *)plan + plan->section[section].offset;
}

#define SLIPI_PLAN_ACCESSOR(name, SECTION, type)                        \
    static inline const type *slipi_plan_##name(const slipi_plan *plan) \
    {                                                                   \
        return (const type *)slipi_plan_at(plan, SLIPI_PLAN_##SECTION); \
    }
SLIPI_PLAN_ACCESSOR(tasks, TASKS, slipi_plan_task)
SLIPI_PLAN_ACCESSOR(edges, EDGES, slipi_plan_edge)
SLIPI_PLAN_ACCESSOR(args, ARGS, slipi_plan_arg)
SLIPI_PLAN_ACCESSOR(geometries, GEOMETRIES, slipi_plan_geometry)
SLIPI_PLAN_ACCESSOR(scalars, SCALARS, uint64_t)
SLIPI_PLAN_ACCESSOR(patches, PATCHES, slipi_plan_patch)
SLIPI_PLAN_ACCESSOR(params, PARAMS, slipi_plan_param)
SLIPI_PLAN_ACCESSOR(bindings, BINDINGS, slipi_plan_binding)
SLIPI_PLAN_ACCESSOR(kernels, KERNELS, slipi_plan_kernel)
SLIPI_PLAN_ACCESSOR(buffers, BUFFERS, slipi_plan_buffer)
SLIPI_PLAN_ACCESSOR(names, NAMES, char)

/* How many elements a section has. */
static inline uint64_t slipi_plan_count(const slipi_plan *plan, uint32_t section)
{
    return plan->section[section].count;
}

#endif
