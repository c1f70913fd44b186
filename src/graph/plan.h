/*
 * plan.h - what may be asked of a plan before it is trusted, and who makes one.
 *
 * For the host: the recorder and the explicit builder, which make plans, the file functions, and
 * the runner. Any thread; a plan is read-only once it is sealed. abi/plan.h has the layout.
 */
#ifndef SLIPI_GRAPH_PLAN_H
#define SLIPI_GRAPH_PLAN_H

#include "abi/plan.h"

/* Why a block is no plan. */
typedef struct slipi_plan_problem {
    uint64_t at;      /* offset of what is wrong in the block */
    char detail[160]; /* what was found and what it must be; NUL-terminated */
} slipi_plan_problem;

/*
 * Checks a block of `bytes` that came from anywhere, before anything else looks at it. SLIP_OK;
 * SLIP_E_FORMAT, or SLIP_E_OUT_OF_MEMORY for what it needs itself, with *out filled; never reads
 * outside the block. After SLIP_OK every function of src/graph may follow every reference of the
 * plan without a look. It holds:
 *
 *   - block is aligned to 8; bytes >= sizeof(slipi_plan); magic, version, header_bytes;
 *     fingerprint is this build's; plan->bytes == bytes <= SLIPI_PLAN_MAX_BYTES, a multiple of 8;
 *     checksum; heap_bytes % 64 == 0; reserved words, unknown flags and all padding zero
 *   - sections in order, aligned to 8, behind the header, inside the block, not overlapping
 *     (overflow-checked); tasks <= SLIPI_PLAN_MAX_TASKS; params <= SLIP_MAX_RUN_ARGS;
 *     bindings == params; kernels <= SLIP_MAX_KERNELS; 32-bit counts of all sections but names
 *   - task: shape of enum slip_task_shape; edges, args, scalars within their sections and in the
 *     order of the tasks without gaps (first == sum of what came before, last sum == count);
 *     arg_count + scalar_count <= SLIP_MAX_TASK_ARGS; lanes name kernels of the right core type,
 *     unused lanes 0; producers (slipi_plan_producer) ascending, without repetition, below the
 *     task's index; depth < SLIP_MAX_SCOPE_DEPTH; manual 0 or 1
 *   - plan->depth and plan->roots are what the edges say
 *   - arg: geometry in range; access of enum slip_access; binding HEAP with a buffer in range, made
 *     by this task (OUT) or an earlier one (any other access), or a binding with a nonzero row, not
 *     OUT, and not written if its parameters are not; the bytes from the lowest to the highest
 *     element lie inside the buffer (HEAP: of that buffer; with negative strides too), and so does
 *     its root
 *   - geometry: a dtype, 1 <= ndim <= SLIP_MAX_DIMS, root_ndim <= SLIP_MAX_DIMS, shapes at least 1,
 *     unused dimensions 0
 *   - patch: scalars ascending and in range, parameter a scalar with the same value
 *   - param: kind, access, dtype, ndim, shape; what its kind has not is zero; a tensor's binding
 *     names a parameter with a nonzero row not after itself, offset + bytes within that row;
 * written 0 or 1, the same in one buffer, and 1 unless access is IN
 *   - buffer: ascending offsets, not overlapping, end <= heap_bytes, offset % 64 == 0; bytes != 0,
 * a multiple of elem_bytes; elem_bytes 1, 2, 4 or 8; creator in range; has_init 0 or 1
 *   - kernel: core_type of enum slip_core_type, uses what the tasks say, names different
 *   - names end with a NUL (at least one byte); every name offset is inside
 */
slip_status slipi_plan_check(const void *block, uint64_t bytes, slipi_plan_problem *out);

/* XXH3 of a plan with its checksum field taken as zero; never 0. */
uint64_t slipi_plan_checksum(const slipi_plan *plan);

#endif
