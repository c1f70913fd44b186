/*
 * kernel.h - what a kernel sees: its tensors, its scalars and where it runs.
 *
 * For authors of kernels. A kernel is a C function of type slip_kernel_fn, listed in a program's
 * kernel table; the runtime calls it on one core of the device, on whatever thread plays that core.
 * Kernels of different tasks run at the same time; a kernel may touch only its own arguments.
 */
#ifndef SLIPWAY_KERNEL_H
#define SLIPWAY_KERNEL_H

#include <slipway/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A compiler for compute cores may tell device memory from a core's own by an address space of its
 * pointers, and want functions for cores marked. Define both before this header then; elsewhere
 * they are nothing.
 */
#ifndef SLIP_GM
#define SLIP_GM
#endif
#ifndef SLIP_CORE
#define SLIP_CORE
#endif

/* Dimensions a tensor may have at most. */
#define SLIP_MAX_DIMS 5

/* X(symbol, value, bytes an element, name as in a .npy file's descr or the field's own). */
#define SLIP_DTYPE_TABLE(X) \
    X(F32, 1, 4, "f4")      \
    X(F64, 2, 8, "f8")      \
    X(F16, 3, 2, "f2")      \
    X(BF16, 4, 2, "bf16")   \
    X(I8, 5, 1, "i1")       \
    X(U8, 6, 1, "u1")       \
    X(I16, 7, 2, "i2")      \
    X(U16, 8, 2, "u2")      \
    X(I32, 9, 4, "i4")      \
    X(U32, 10, 4, "u4")     \
    X(I64, 11, 8, "i8")     \
    X(U64, 12, 8, "u8")

enum slip_dtype {
    SLIP_DTYPE_NONE = 0,
#define SLIP_DTYPE_ENUM(symbol, value, bytes, name) SLIP_##symbol = (value),
    SLIP_DTYPE_TABLE(SLIP_DTYPE_ENUM)
#undef SLIP_DTYPE_ENUM
};

/* Bytes of one element of a type; 0 for a value that is no type. */
static inline SLIP_CORE uint32_t slip_dtype_bytes(uint32_t dtype)
{
    switch (dtype) {
#define SLIP_DTYPE_BYTES(symbol, value, bytes, name) \
    case value:                                      \
        return bytes;
        SLIP_DTYPE_TABLE(SLIP_DTYPE_BYTES)
#undef SLIP_DTYPE_BYTES
    default:
        return 0;
    }
}

/* Which core a kernel is for. */
enum slip_core_type {
    SLIP_AIC = 0, /* cube: matrix products */
    SLIP_AIV = 1  /* vector */
};

/*
 * A tensor argument as it is stored with its task: position-independent, 64 bytes. Element
 * (i0, i1, ...) lies at binding base + offset + (i0 * stride[0] + i1 * stride[1] + ...) * element
 * bytes. Read it through the functions below.
 */
typedef struct slip_task_tensor {
    uint64_t offset;               /* bytes from the binding's base */
    uint32_t binding;              /* index into the run's binding table */
    uint8_t dtype;                 /* enum slip_dtype */
    uint8_t ndim;                  /* 1 .. SLIP_MAX_DIMS */
    uint8_t access;                /* enum slip_access of orch.h */
    uint8_t reserved;              /* zero */
    uint32_t shape[SLIP_MAX_DIMS]; /* elements */
    int32_t stride[SLIP_MAX_DIMS]; /* elements */
    uint64_t buffer;               /* the runtime's own name of the buffer (audit, dumps) */
} slip_task_tensor;

/* One row of the binding table: the only place where addresses are stored. */
typedef struct slip_binding {
    uint64_t address; /* in the address space of the device */
    uint64_t bytes;
} slip_binding;

/* What a kernel is given. Valid during the call only; owned by the runtime; read-only. */
typedef struct slip_kernel_ctx {
    SLIP_GM const slip_task_tensor *tensors; /* tensor arguments, in the order of submission */
    SLIP_GM const uint64_t *scalars;         /* scalar arguments, in the order of submission */
    SLIP_GM const slip_binding *bindings;    /* the run's binding table */
    uint32_t tensor_count;
    uint32_t scalar_count;
    uint32_t core;     /* core of the device, 0 .. cores - 1 */
    uint8_t core_type; /* enum slip_core_type: which kernel of the task this is */
    uint8_t lane;      /* 0, or 1 for the second AIV of a mixed cluster */
    uint16_t kernel;   /* index in the callable's kernel table */
    uint64_t task;     /* task id with its ring, for messages */
    SLIP_GM const struct slip_dispatch *dispatch; /* the runtime's own; not for kernels */
} slip_kernel_ctx;

/*
 * A kernel. Returns 0, or any other value to fail the run with SLIP_E_KERNEL_FAILED (the value is
 * reported). It must return, must not call the runtime and must not wait for another kernel.
 */
typedef int32_t (*slip_kernel_fn)(const slip_kernel_ctx *ctx);

/* First element of tensor argument i. The pointer is valid during the call. */
static inline SLIP_CORE SLIP_GM void *slip_kernel_data(const slip_kernel_ctx *ctx, uint32_t i)
{
    SLIP_GM const slip_task_tensor *t = &ctx->tensors[i];
    return (SLIP_GM void *)(uintptr_t)(ctx->bindings[t->binding].address + t->offset);
}

/* Elements of dimension d of tensor argument i. */
static inline SLIP_CORE uint32_t slip_kernel_dim(const slip_kernel_ctx *ctx, uint32_t i, uint32_t d)
{
    return ctx->tensors[i].shape[d];
}

/* Distance in elements between neighbours along dimension d of tensor argument i. */
static inline SLIP_CORE int32_t slip_kernel_stride(const slip_kernel_ctx *ctx, uint32_t i,
                                                   uint32_t d)
{
    return ctx->tensors[i].stride[d];
}

/* Scalar argument i as an integer. */
static inline SLIP_CORE uint64_t slip_kernel_u64(const slip_kernel_ctx *ctx, uint32_t i)
{
    return ctx->scalars[i];
}

/* Scalar argument i as a double (submitted with SLIP_ARG_F64). */
static inline SLIP_CORE double slip_kernel_f64(const slip_kernel_ctx *ctx, uint32_t i)
{
    union {
        uint64_t u;
        double d;
    } bits;
    bits.u = ctx->scalars[i];
    return bits.d;
}

#ifdef __cplusplus
}
#endif
#endif
