/*
 * test_plan_check.c - no altered plan is followed: every byte, every field, every length.
 *
 * Plans are recorded from a program with one of everything, and from a builder. Each is good as it
 * is; with any byte altered the checksum refuses it; altered and sealed again it is refused by its
 * contents, or harmless: everything that follows a plan works on it and stays inside its memory,
 * which is of the exact size so that the address sanitizer looks on.
 *
 * ctest-labels: unit errors
 */
#include <stdlib.h>

#include "base/check.h"
#include "check.h"
#include "graph/instance.h"
#include "graph/recorder.h"
#include "zoo.h"

enum { PLANS = 4, MOST_SM = 1 << 20 };

static slipi_plan *plans[PLANS]; /* eight rows, one row, none, built by hand */

/* Records the plans. */
static void record_plans(void)
{
    static zoo z;
    static const uint32_t rows[PLANS] = {8, 1, 0, 1};
    zoo_open(&z, "cpu");
    for (uint32_t i = 0; i < PLANS; i++) {
        slip_recording *graph = NULL;
        z.config.mode = i == 3 ? SLIP_MODE_HOST_GRAPH : SLIP_MODE_DEVICE_ORCH;
        CHECK_STATUS(SLIP_OK, zoo_record(&z, rows[i], &graph));
        plans[i] = zoo_plan(graph);
    }
    zoo_close(&z);
}

/* A copy of a block in memory of its own, of exactly `bytes`. */
static void *copy_of(const void *block, uint64_t bytes)
{
    void *copy = malloc(bytes);
    SLIPI_ASSERT(copy != NULL);
    memcpy(copy, block, bytes);
    return copy;
}

/* Seals a plan. */
static void seal(slipi_plan *plan)
{
    plan->checksum = slipi_plan_checksum(plan);
}

/* Follows every reference of a plan that was found good. */
static void follow(const slipi_plan *plan, const slipi_plan *original)
{
    slipi_instance_size size;
    slipi_plan_difference difference;
    uint64_t audit_bytes = slipi_plan_audit_bytes(plan);
    void *audit = calloc(1, audit_bytes);
    SLIPI_ASSERT(audit != NULL);
    slipi_plan_audit(plan, audit);
    free(audit);
    (void)slipi_plan_same(original, plan, &difference);
    (void)slipi_plan_same(plan, original, &difference);
    if (slipi_instance_measure(plan, &size) != SLIP_OK || !CHECK(size.sm_bytes <= MOST_SM)) {
        return;
    }
    uint64_t kernels = slipi_plan_count(plan, SLIPI_PLAN_KERNELS);
    uint16_t *kernel_index = calloc(kernels + 1, sizeof *kernel_index);
    uint64_t *scalar_off = calloc(slipi_plan_count(plan, SLIPI_PLAN_PATCHES) + 1, 8);
    uint8_t *sm = aligned_alloc(SLIPI_PAGE, size.sm_bytes);
    SLIPI_ASSERT(kernel_index != NULL && scalar_off != NULL && sm != NULL);
    memset(sm, 0, size.sm_bytes);
    slipi_instance_write(plan, kernel_index, sm, scalar_off);
    free(sm);
    free(scalar_off);
    free(kernel_index);
}

/* Checks a block; a refusal must name a place in it and a reason. */
static slip_status examine(const void *block, uint64_t bytes)
{
    slipi_plan_problem problem;
    slip_status status = slipi_plan_check(block, bytes, &problem);
    if (status != SLIP_OK) {
        CHECK_STATUS(SLIP_E_FORMAT, status);
        CHECK(problem.at <= bytes);
        CHECK(problem.detail[0] != '\0');
    }
    return status;
}

/* What was recorded is good, and says what the program does. */
static void recorded_plans_are_good(void)
{
    for (uint32_t i = 0; i < PLANS; i++) {
        CHECK_STATUS(SLIP_OK, examine(plans[i], plans[i]->bytes));
        follow(plans[i], plans[i]);
    }
    CHECK_EQ(31, slipi_plan_count(plans[0], SLIPI_PLAN_TASKS));
    CHECK_EQ(17, slipi_plan_count(plans[0], SLIPI_PLAN_PATCHES));
    CHECK_EQ(5, slipi_plan_count(plans[0], SLIPI_PLAN_KERNELS));
    CHECK_EQ(0, slipi_plan_count(plans[2], SLIPI_PLAN_TASKS));
    CHECK_EQ(SLIPI_PLAN_BUILT, plans[3]->flags);
    uint32_t named = 0;
    for (uint64_t e = 0; e < slipi_plan_count(plans[0], SLIPI_PLAN_EDGES); e++) {
        named += (slipi_plan_edges(plans[0])[e] & SLIPI_PLAN_EDGE_EXPLICIT) != 0;
    }
    CHECK_EQ(2, named);
}

/* The checksum sees every byte. */
static void every_byte_counts(void)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xFF};
    for (uint32_t i = 0; i < PLANS; i++) {
        uint8_t *copy = copy_of(plans[i], plans[i]->bytes);
        for (uint64_t at = 0; at < plans[i]->bytes; at++) {
            for (uint32_t f = 0; f < 3; f++) {
                copy[at] ^= flips[f];
                if (!CHECK_STATUS(SLIP_E_FORMAT, examine(copy, plans[i]->bytes))) {
                    fprintf(stderr, "plan %u, byte %u\n", i, (unsigned)at);
                }
                copy[at] ^= flips[f];
            }
        }
        free(copy);
    }
}

/* A block that was cut, or cut and given a header that says so, is refused; so is a longer one. */
static void every_length_counts(void)
{
    for (uint32_t i = 0; i < PLANS; i++) {
        uint64_t bytes = plans[i]->bytes;
        for (uint64_t length = 0; length < bytes; length++) {
            slipi_plan *copy = copy_of(plans[i], length);
            CHECK_STATUS(SLIP_E_FORMAT, examine(copy, length));
            if (length >= sizeof *copy) {
                copy->bytes = length;
                seal(copy);
                CHECK_STATUS(SLIP_E_FORMAT, examine(copy, length));
            }
            free(copy);
        }
        uint8_t *longer = calloc(1, bytes + 8);
        SLIPI_ASSERT(longer != NULL);
        memcpy(longer, plans[i], bytes);
        CHECK_STATUS(SLIP_E_FORMAT, examine(longer, bytes + 8));
        CHECK_STATUS(SLIP_E_FORMAT, examine(longer, bytes + 1));
        CHECK_STATUS(SLIP_E_FORMAT, examine(longer + 1, bytes));
        free(longer);
    }
}

/* Sealed again, an altered plan is refused by what it holds, or it is a plan. */
static void contents_are_judged(void)
{
    for (uint32_t i = 0; i < PLANS; i++) {
        uint64_t bytes = plans[i]->bytes;
        uint8_t *copy = copy_of(plans[i], bytes);
        uint64_t accepted = 0;
        for (uint64_t at = 0; at < bytes; at++) {
            for (uint32_t bit = 0; bit <= 8; bit++) {
                uint8_t flip = (uint8_t)(bit < 8 ? 1u << bit : 0xFFu);
                copy[at] ^= flip;
                ((slipi_plan *)(void *)copy)->bytes = bytes; /* slipi_plan_checksum follows it */
                seal((slipi_plan *)(void *)copy);
                if (examine(copy, bytes) == SLIP_OK) {
                    accepted++;
                    follow((const slipi_plan *)(const void *)copy, plans[i]);
                }
                memcpy(copy, plans[i], bytes);
            }
        }
        printf("  plan %u: %u of %u alterations are plans too\n", i, (unsigned)accepted,
               (unsigned)(9 * bytes));
        CHECK(accepted < 9 * bytes / 4);
        free(copy);
    }
}

/* ---- every rule by its name ----------------------------------------------------------------- */

/* The plan that a rule's breach is made in, and its parts. */
static slipi_plan *now;
#define PART(name, SECTION, type)                                           \
    static type *name(void)                                                 \
    {                                                                       \
        return (type *)(uintptr_t)slipi_plan_at(now, SLIPI_PLAN_##SECTION); \
    }
PART(tasks, TASKS, slipi_plan_task)
PART(edges, EDGES, slipi_plan_edge)
PART(args, ARGS, slipi_plan_arg)
PART(geometries, GEOMETRIES, slipi_plan_geometry)
PART(scalars, SCALARS, uint64_t)
PART(patches, PATCHES, slipi_plan_patch)
PART(params, PARAMS, slipi_plan_param)
PART(bindings, BINDINGS, slipi_plan_binding)
PART(kernels, KERNELS, slipi_plan_kernel)
PART(buffers, BUFFERS, slipi_plan_buffer)

/* The first task of a shape with so many producers at least. */
static slipi_plan_task *find_task(uint32_t shape, uint32_t producers)
{
    slipi_plan_task *task = tasks();
    while (task->shape != shape || task->edge_count < producers) {
        task++;
    }
    return task;
}

/* The first tensor of an access, in the heap or in a parameter. */
static slipi_plan_arg *find_arg(uint32_t access, bool heap)
{
    slipi_plan_arg *arg = args();
    while (arg->access != access || (arg->binding == SLIPI_PLAN_BIND_HEAP) != heap) {
        arg++;
    }
    return arg;
}

/* The first geometry of so many dimensions. */
static slipi_plan_geometry *find_geometry(uint32_t ndim)
{
    slipi_plan_geometry *geometry = geometries();
    while (geometry->ndim != ndim) {
        geometry++;
    }
    return geometry;
}

/* X(rule, how it is broken, what the refusal says). */
#define RULES(X)                                                                                   \
    X(magic, now->magic ^= 1, "no graph")                                                          \
    X(version, now->version++, "version 2")                                                        \
    X(header_bytes, now->header_bytes += 8, "a header of")                                         \
    X(fingerprint, now->fingerprint ^= 1, "another build")                                         \
    X(flags, now->flags = 2, "flags 0x2")                                                          \
    X(heap_of_lines, now->heap_bytes += 8, "a heap of")                                            \
    X(reserved_header, now->reserved[1] = 1, "reserved")                                           \
    X(tasks_at_most, now->section[SLIPI_PLAN_TASKS].count = SLIPI_PLAN_MAX_TASKS + 1, "section 0") \
    X(params_at_most, now->section[SLIPI_PLAN_PARAMS].count = SLIP_MAX_RUN_ARGS + 1, "section 6")  \
    X(kernels_at_most, now->section[SLIPI_PLAN_KERNELS].count = SLIP_MAX_KERNELS + 1, "section 8") \
    X(edges_at_most, now->section[SLIPI_PLAN_EDGES].count = UINT64_C(1) << 32, "section 1 has")    \
    X(bindings_are_params, now->section[SLIPI_PLAN_BINDINGS].count--, "bindings for")              \
    X(section_inside, now->section[SLIPI_PLAN_NAMES].count = now->bytes, "section 10: ")           \
    X(section_overflow, now->section[SLIPI_PLAN_NAMES].offset = UINT64_MAX - 7, "section 10: ")    \
    X(section_order, now->section[SLIPI_PLAN_EDGES].offset -= 8, "section 1: ")                    \
    X(section_aligned, now->section[SLIPI_PLAN_NAMES].offset += 1, "section 10: ")                 \
    X(padding, now->section[SLIPI_PLAN_EDGES].offset += 8, "between two sections")                 \
    X(padding_behind, now->section[SLIPI_PLAN_NAMES].count -= 8, "behind the last")                \
    X(no_names, now->section[SLIPI_PLAN_NAMES].count = 0, "behind the last")                       \
    X(names_end,                                                                                   \
      ((char *)(uintptr_t)slipi_plan_names(now))[slipi_plan_count(now, SLIPI_PLAN_NAMES) - 1] =    \
          'x',                                                                                     \
      "do not end")                                                                                \
    X(program_name, now->program = (uint32_t)slipi_plan_count(now, SLIPI_PLAN_NAMES),              \
      "the program's name")                                                                        \
    X(depth, now->depth++, "longest path")                                                         \
    X(roots, now->roots--, "without a producer")                                                   \
    X(task_shape, tasks()->shape = 4, "has shape 4")                                               \
    X(task_manual, tasks()->manual = 2, "manual scope 2")                                          \
    X(task_depth, tasks()->depth = SLIP_MAX_SCOPE_DEPTH, "depth 64 of 64")                         \
    X(task_arguments, tasks()->scalar_count = 255, "at most 256 together")                         \
    X(task_edges_gap, tasks()[1].first_edge++, "of section 1")                                     \
    X(task_args_gap, tasks()[1].first_arg--, "of section 2")                                       \
    X(task_scalars_gap, tasks()[1].first_scalar++, "of section 4")                                 \
    X(task_edges_beyond, tasks()->edge_count = UINT32_MAX, "of section 1")                         \
    X(edges_left_over, now->section[SLIPI_PLAN_EDGES].count++, "edges: ")                          \
    X(lane_kernel, find_task(SLIP_TASK_AIV, 0)->kernel[0] = 9, "wanted one for AIV")               \
    X(lane_core, find_task(SLIP_TASK_AIC, 0)->kernel[0] = tasks()->kernel[0],                      \
      "wanted one for AIC")                                                                        \
    X(lane_unused, find_task(SLIP_TASK_DUMMY, 0)->kernel[0] = 1, "which a task of shape 3")        \
    X(lane_mixed, find_task(SLIP_TASK_MIXED, 0)->kernel[2] = 1, "lane 2 of a task of shape 2")     \
    X(producer_below, edges()[find_task(SLIP_TASK_AIC, 1)->first_edge] = 500, "waits for")         \
    X(producer_itself, edges()[tasks()[1].first_edge] = 1, "task 1 waits for task 1")              \
    X(producer_twice,                                                                              \
      edges()[find_task(SLIP_TASK_AIV, 2)->first_edge + 1] =                                       \
          edges()[find_task(SLIP_TASK_AIV, 2)->first_edge],                                        \
      "waits for")                                                                                 \
    X(producer_twice_named,                                                                        \
      edges()[find_task(SLIP_TASK_AIV, 2)->first_edge + 1] =                                       \
          edges()[find_task(SLIP_TASK_AIV, 2)->first_edge] ^ SLIPI_PLAN_EDGE_EXPLICIT,             \
      "waits for")                                                                                 \
    X(arg_geometry, args()->geometry = 1000, "geometry 1000")                                      \
    X(arg_access, args()->access = 5, "access 5 of a tensor")                                      \
    X(arg_reserved, args()->reserved[2] = 1, "reserved of a tensor")                               \
    X(arg_binding_low, find_arg(SLIP_ACCESS_IN, false)->binding = 7, "in binding 7")               \
    X(arg_binding_high, find_arg(SLIP_ACCESS_IN, false)->binding = 14, "in binding 14")            \
    X(arg_binding_scalar, find_arg(SLIP_ACCESS_IN, false)->binding = 11, "no bytes")               \
    X(arg_other_buffer, find_arg(SLIP_ACCESS_IN, false)->buffer = 1, "and buffer 1")               \
    X(arg_out_of_param, find_arg(SLIP_ACCESS_INOUT, false)->access = SLIP_ACCESS_OUT,              \
      "which is only read")                                                                        \
    X(arg_writes_input, args()[1].access = SLIP_ACCESS_INOUT, "which is only read")                \
    X(arg_buffer, find_arg(SLIP_ACCESS_IN, true)->buffer = 1000, "in buffer 1000")                 \
    X(arg_later_buffer, find_arg(SLIP_ACCESS_IN, true)->buffer = 5, "uses buffer 5")               \
    X(arg_makes_other, find_arg(SLIP_ACCESS_OUT, true)->buffer = 5, "makes buffer 5")              \
    X(arg_behind, args()->offset += 8 * 12 * 4 - 4, "leaves its buffer")                           \
    X(arg_before, find_arg(SLIP_ACCESS_IN, true)->offset = UINT64_MAX - 3, "leaves its buffer")    \
    X(arg_before_heap, args()[find_task(SLIP_TASK_MIXED, 0)->first_arg + 3].offset -= 8,           \
      "leaves its buffer")                                                                         \
    X(arg_stride, find_geometry(5)->stride[0] = INT32_MAX, "leaves its buffer")                    \
    X(arg_stride_overflow,                                                                         \
      (find_geometry(5)->stride[0] = INT32_MIN, find_geometry(5)->shape[0] = UINT32_MAX,           \
       find_geometry(5)->stride[1] = INT32_MIN, find_geometry(5)->shape[1] = UINT32_MAX,           \
       find_geometry(5)->stride[2] = INT32_MIN, find_geometry(5)->shape[2] = UINT32_MAX),          \
      "leaves its buffer")                                                                         \
    X(arg_stride_back, geometries()->stride[1] = -1, "leaves its buffer")                          \
    X(arg_root, args()->root_offset = 8 * 12 * 4, "root at byte")                                  \
    X(arg_root_shape, geometries()->root_shape[0]++, "root at byte")                               \
    X(geometry_type, geometries()->dtype = 13, "has type 13")                                      \
    X(geometry_no_dims, geometries()->ndim = 0, "has 0 dimensions")                                \
    X(geometry_dims, geometries()->ndim = 6, "has 6 dimensions")                                   \
    X(geometry_root_dims, geometries()->root_ndim = 6, "root has 6 dimensions")                    \
    X(geometry_reserved, geometries()->reserved = 1, "reserved of a geometry")                     \
    X(geometry_shape, geometries()->shape[1] = 0, "a geometry: dimension 1")                       \
    X(geometry_unused, geometries()->shape[4] = 1, "a geometry: dimension 4")                      \
    X(geometry_unused_stride, geometries()->stride[4] = 1, "stride of no dimension")               \
    X(geometry_unused_root, geometries()->root_shape[2] = 1, "a geometry's root: dimension 2")     \
    X(patch_order, patches()[1].scalar = patches()[0].scalar, "a patch of scalar")                 \
    X(patch_range, patches()[16].scalar = 5000, "a patch of scalar 5000")                          \
    X(patch_param, patches()->param = 6, "which is no scalar")                                     \
    X(patch_tensor, patches()->param = 0, "which is no scalar")                                    \
    X(patch_value, scalars()[patches()->scalar]++, "another value")                                \
    X(param_kind, params()->kind = 2, "of kind 2")                                                 \
    X(param_access, params()->access = SLIP_ACCESS_NONE, "access 0 of a parameter")                \
    X(param_type, params()->dtype = 0, "a parameter has type 0")                                   \
    X(param_dims, params()->ndim = 0, "a parameter has 0 dimensions")                              \
    X(param_shape, params()->shape[2] = 1, "a parameter: dimension 2")                             \
    X(param_name, params()->name = 5000, "a parameter's name")                                     \
    X(param_value, params()->scalar = 1, "value of a tensor")                                      \
    X(param_flags, params()->flags = 1, "flags of a tensor")                                       \
    X(param_written, params()[2].written = 0, "is marked written 0")                               \
    X(param_written_much, params()[1].written = 2, "is marked written 2")                          \
    X(param_binding_low, params()->binding = 7, "lies in binding 7")                               \
    X(param_binding_later, params()->binding = 9, "lies in binding 9")                             \
    X(param_binding_scalar, params()[2].binding = 11, "lies in binding 11")                        \
    X(param_no_bytes, bindings()[0] = 0, "has 0 bytes")                                            \
    X(param_two_rows, (params()[1].binding = 8, params()[1].written = 1), "binding of param")      \
    X(param_two_marks, (params()[1].binding = 8, bindings()[1] = 0), "mark 'written'")             \
    X(param_beyond, params()->offset = 4, "leaves its buffer")                                     \
    X(param_overflow, params()->offset = UINT64_MAX - 3, "leaves its buffer")                      \
    X(scalar_flags, params()[3].flags = 2, "flags 0x2 of a scalar")                                \
    X(scalar_access, params()[3].access = 1, "of a scalar parameter")                              \
    X(scalar_offset, params()[3].offset = 1, "of a scalar parameter")                              \
    X(scalar_shape, params()[3].shape[4] = 1, "of a scalar parameter")                             \
    X(scalar_written, params()[3].written = 1, "of a scalar parameter")                            \
    X(scalar_binding, bindings()[3] = 8, "binding of a scalar")                                    \
    X(buffer_aligned, buffers()->offset = 8, "a buffer of")                                        \
    X(buffer_order, buffers()[1].offset = 0, "a buffer of")                                        \
    X(buffer_empty, buffers()->bytes = 0, "a buffer of 0")                                         \
    X(buffer_overlap, buffers()->bytes = 66, "a buffer of")                                        \
    X(buffer_beyond, now->heap_bytes -= 64, "a buffer of")                                         \
    X(buffer_overflow,                                                                             \
      buffers()[slipi_plan_count(now, SLIPI_PLAN_BUFFERS) - 1].bytes = UINT64_MAX - 7,             \
      "a buffer of")                                                                               \
    X(buffer_elements, buffers()->elem_bytes = 3, "elements of 3")                                 \
    X(buffer_large_elements, buffers()->elem_bytes = 16, "elements of 16")                         \
    X(buffer_part_elements, buffers()->bytes--, "elements of 2")                                   \
    X(buffer_task, buffers()->task = 1000, "made by task 1000")                                    \
    X(buffer_init, buffers()->has_init = 2, "is marked 2")                                         \
    X(buffer_reserved, buffers()->reserved[0] = 1, "reserved of a buffer")                         \
    X(kernel_core, kernels()->core_type = 2, "core type 2")                                        \
    X(kernel_uses, kernels()->uses++, "uses of a kernel")                                          \
    X(kernel_name, kernels()->name = 5000, "a kernel's name")                                      \
    X(kernel_names, kernels()[2].name = kernels()[0].name, "two kernels are named")                \
    X(kernel_reserved, kernels()->reserved[4] = 1, "reserved of a kernel")

#define BREACH(rule, how, says)    \
    static void break_##rule(void) \
    {                              \
        how;                       \
    }
RULES(BREACH)
#undef BREACH

/* Each rule is broken alone; the refusal is its own. */
static void every_rule_is_held(void)
{
#define ROW(rule, how, says) {#rule, break_##rule, says},
    static const struct {
        const char *name;
        void (*breach)(void);
        const char *says;
    } rules[] = {RULES(ROW)};
#undef ROW
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        slipi_plan_problem problem;
        now = copy_of(plans[0], plans[0]->bytes);
        rules[i].breach();
        seal(now);
        if (!CHECK_STATUS(SLIP_E_FORMAT, slipi_plan_check(now, now->bytes, &problem)) ||
            !CHECK_CONTAINS(problem.detail, rules[i].says)) {
            fprintf(stderr, "rule %s\n", rules[i].name);
        }
        free(now);
    }
}

/* An unsealed plan, and one whose header says another length. */
static void the_seal_counts(void)
{
    slipi_plan_problem problem;
    now = copy_of(plans[0], plans[0]->bytes);
    now->checksum = 0;
    CHECK_STATUS(SLIP_E_FORMAT, slipi_plan_check(now, now->bytes, &problem));
    CHECK_CONTAINS(problem.detail, "not sealed");
    CHECK_EQ(offsetof(slipi_plan, checksum), problem.at);
    CHECK_EQ(plans[0]->checksum, slipi_plan_checksum(now)); /* it is taken as zero */
    seal(now);
    now->bytes += 8;
    CHECK_STATUS(SLIP_E_FORMAT, slipi_plan_check(now, now->bytes - 8, &problem));
    CHECK_CONTAINS(problem.detail, "truncated");
    now->bytes -= 16;
    CHECK_STATUS(SLIP_E_FORMAT, slipi_plan_check(now, now->bytes + 8, &problem));
    CHECK_CONTAINS(problem.detail, "too long");
    free(now);
}

int main(void)
{
    record_plans();
    CHECK_CASE(recorded_plans_are_good);
    CHECK_CASE(every_byte_counts);
    CHECK_CASE(every_length_counts);
    CHECK_CASE(contents_are_judged);
    CHECK_CASE(every_rule_is_held);
    CHECK_CASE(the_seal_counts);
    for (uint32_t i = 0; i < PLANS; i++) {
        free(plans[i]);
    }
    return check_report();
}
